"""acmt.023 asks who is behind an account, alias or code; acmt.024 answers.

The raw code text and the merchant's particulars travel in supplementary data, which these messages
admit only at the end of the body. ``Acct/Nm`` of the answer is the display name that may be shown
to the payer; ``Pty/Nm`` is the verified name.
"""

from __future__ import annotations

from iso20022 import rules
from iso20022.declare import Declaration, Group, Leaf, Node
from iso20022.messages.blocks import agent, code_or_proprietary, named, other_account, proxy
from iso20022.messages.supplementary import ENQUIRY, MERCHANT
from iso20022.scalars import BIC, DEBTOR_BIC, FLAG, ID, MOMENT, TEXT_70, TEXT_140, Scalar

_ENVELOPE_RULES = (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES)


def _side(tag: str, field: str, kind: Scalar, country: str = "") -> Group:
    inner = agent("Agt", field, kind, required=True, country=country)
    return Group(tag, (inner,), required=True)


def _assignment() -> Group:
    return Group(
        "Assgnmt",
        (
            Leaf("MsgId", "message_id", ID, required=True),
            Leaf("CreDtTm", "created_at", MOMENT, required=True),
            Group("Cretr", (named("Pty", "creator_name", required=True),)),
            agent("FrstAgt", "first_agent", DEBTOR_BIC),
            _side("Assgnr", "assigner_agent", DEBTOR_BIC),
            _side("Assgne", "assignee_agent", BIC, "assignee_country"),
        ),
        required=True,
    )


def _subject(prefix: str, *more: Node) -> tuple[Node, ...]:
    holder = Group(
        "Acct",
        (
            other_account(f"{prefix}account", required=False),
            *more,
            proxy(f"{prefix}account_proxy_type", f"{prefix}account_proxy"),
        ),
    )
    return (
        Group("Pty", (Leaf("Nm", f"{prefix}party_name", TEXT_140, required=True),)),
        holder,
        agent("Agt", f"{prefix}agent"),
    )


REQUEST = Declaration(
    "acmt.023.001.04",
    Group(
        "Document",
        (
            Group(
                "IdVrfctnReq",
                (
                    _assignment(),
                    Group(
                        "Vrfctn",
                        (
                            Leaf("Id", "verification_id", ID, required=True),
                            Group("PtyAndAcctId", _subject(""), required=True),
                        ),
                        required=True,
                    ),
                    ENQUIRY,
                ),
                required=True,
            ),
        ),
        required=True,
    ),
    _ENVELOPE_RULES,
)

REPORT = Declaration(
    "acmt.024.001.04",
    Group(
        "Document",
        (
            Group(
                "IdVrfctnRpt",
                (
                    _assignment(),
                    Group(
                        "OrgnlAssgnmt",
                        (
                            Leaf("MsgId", "original_assignment_id", ID, required=True),
                            Leaf("CreDtTm", "original_assignment_created_at", MOMENT),
                        ),
                    ),
                    Group(
                        "Rpt",
                        (
                            Leaf("OrgnlId", "original_id", ID, required=True),
                            Leaf("Vrfctn", "verified", FLAG, required=True),
                            code_or_proprietary("Rsn", "reason", "reason_proprietary"),
                            Group("OrgnlPtyAndAcctId", _subject("original_")),
                            Group(
                                "UpdtdPtyAndAcctId",
                                _subject("", Leaf("Nm", "account_name", TEXT_70)),
                            ),
                        ),
                        required=True,
                    ),
                    MERCHANT,
                ),
                required=True,
            ),
        ),
        required=True,
    ),
    (*_ENVELOPE_RULES, rules.DENIAL_EXPLAINED),
)

ACMT = (REQUEST, REPORT)
