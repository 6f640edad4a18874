"""acmt.023 asks who is behind an account, alias or code; acmt.024 answers.

The raw code text and the merchant's particulars travel in supplementary data, which these messages
admit only at the end of the body. ``Acct/Nm`` of the answer is the display name that may be shown
to the payer; ``Pty/Nm`` is the verified name. Version 02 has neither alias nor display name: they
travel in supplementary data of ours there.
"""

from __future__ import annotations

from iso20022 import elements as e
from iso20022 import rules
from iso20022.declare import Group, Leaf, Node, Supplement, family, since, until
from iso20022.messages import blocks as b
from iso20022.messages import references as r
from iso20022.messages.supplementary import ALIAS, ALIASES, ENQUIRY, MERCHANT
from iso20022.scalars import DEBTOR_BIC, FLAG, ID

_ENVELOPE_RULES = (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES)


def _assignment() -> Group:
    return Group(
        e.ASSIGNMENT,
        (
            r.message_id(),
            r.created_at(),
            b.party_named(e.CREATOR, "creator_name"),
            b.agent(e.FIRST_AGENT, "first_agent", DEBTOR_BIC, old=3),
            r.assigner(DEBTOR_BIC, old=3),
            r.assignee("assignee_country", old=3),
        ),
        required=True,
    )


def _subject(prefix: str, *more: Node) -> tuple[Node, ...]:
    account = f"{prefix}account"
    holder = (
        b.other_account(account, required=False),
        *more,
        b.proxy(f"{account}_proxy_type", f"{account}_proxy"),
    )
    return (
        b.holder(f"{prefix}party_name"),
        until(3, Group(e.ACCOUNT, (b.bare_account(account),))),
        since(4, Group(e.ACCOUNT, holder)),
        b.agent(e.AGENT, f"{prefix}agent", old=3),
    )


def _request() -> Group:
    verification = Group(
        e.VERIFICATION,
        (
            Leaf(e.IDENTIFICATION, "verification_id", ID, required=True),
            Group(e.PARTY_AND_ACCOUNT_IDENTIFICATION, _subject(""), required=True),
        ),
        required=True,
    )
    extra = Supplement((ENQUIRY, until(3, ALIAS)))
    return Group(
        e.IDENTIFICATION_VERIFICATION_REQUEST, (_assignment(), verification, extra), required=True
    )


def _report() -> Group:
    original = Group(
        e.ORIGINAL_ASSIGNMENT,
        (
            r.message_id("original_assignment_id"),
            r.created_at("original_assignment_created_at", required=False),
        ),
    )
    found = _subject("", b.account_name("account_name"))
    report = Group(
        e.REPORT,
        (
            Leaf(e.ORIGINAL_IDENTIFICATION, "original_id", ID, required=True),
            Leaf(e.VERIFICATION, "verified", FLAG, required=True),
            b.reason(),
            Group(e.ORIGINAL_PARTY_AND_ACCOUNT_IDENTIFICATION, _subject("original_")),
            Group(e.UPDATED_PARTY_AND_ACCOUNT_IDENTIFICATION, found),
        ),
        required=True,
    )
    extra = Supplement((MERCHANT, until(3, ALIASES)))
    return Group(
        e.IDENTIFICATION_VERIFICATION_REPORT,
        (_assignment(), original, report, extra),
        required=True,
    )


ACMT = (
    *family("acmt.023.001", (2, 4), b.document(_request()), *_ENVELOPE_RULES),
    *family(
        "acmt.024.001", (2, 4), b.document(_report()), *_ENVELOPE_RULES, rules.DENIAL_EXPLAINED
    ),
)
