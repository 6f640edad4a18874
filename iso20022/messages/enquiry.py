"""camt.005 asks what became of a payment, camt.006 answers, as Malaysia's code 630 needs them.

No base schema of these versions is at hand, so the guideline is all there is: the structure is
taken from the public catalogue, the choice of elements is ours and awaits the partner's word. The
surprise: version 08 can search by the identifications of a payment and not yet by its UETR.
"""

from __future__ import annotations

from iso20022 import elements as e
from iso20022 import rules
from iso20022.declare import Group, Leaf, Node, family
from iso20022.messages import blocks as b
from iso20022.messages import references as r
from iso20022.scalars import AMOUNT, ID, MOMENT, TEXT_35, TEXT_140, codes

_ENVELOPE_RULES = (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES)
_PENDING = codes("PendingStatus", "ACPD", "VALD", "MATD", "AUTD", "INVD", "UMAC", "STLE", "STLM")
_FINAL = codes("FinalStatus", "STLD", "RJTD", "CAND", "FNLD")


def _header(*more: Node) -> Group:
    kind = Group(
        e.REQUEST_TYPE,
        (Group(e.PROPRIETARY, (Leaf(e.IDENTIFICATION, "request_type", TEXT_35, required=True),)),),
    )
    parts = (r.message_id(), r.created_at(required=False), kind, *more)
    return Group(e.MESSAGE_HEADER, parts, required=True)


def _identification(*, required: bool) -> Group:
    inner = r.transaction_id("original_transaction_id", required=True)
    return Group(e.PAYMENT_IDENTIFICATION, (inner,), required=required)


def _question() -> Group:
    search = Group(
        e.PAYMENT_SEARCH,
        (
            r.message_id("original_message_id", required=False),
            _identification(required=False),
            Leaf(e.END_TO_END_IDENTIFICATION, "original_end_to_end_id", ID),
        ),
        required=True,
    )
    criteria = Group(
        e.NEW_CRITERIA, (Group(e.SEARCH_CRITERIA, (search,), required=True),), required=True
    )
    definition = Group(
        e.TRANSACTION_QUERY_DEFINITION, (Group(e.TRANSACTION_CRITERIA, (criteria,), required=True),)
    )
    return Group(e.GET_TRANSACTION, (_header(), definition), required=True)


def _error(tag: str, prefix: str) -> Group:
    code = b.code_or_proprietary(
        e.ERROR, f"{prefix}_error", f"{prefix}_error_proprietary", required=True
    )
    return Group(
        tag, (code, Leaf(e.DESCRIPTION, f"{prefix}_error_description", TEXT_140)), required=True
    )


def _payment() -> Group:
    code = Group(
        e.CODE,
        (
            Leaf(e.PENDING, "pending_status", _PENDING, required=True),
            Leaf(e.FINAL, "final_status", _FINAL, required=True),
            Leaf(e.PROPRIETARY, "status_proprietary", TEXT_35, required=True),
        ),
        required=True,
        choice=True,
    )
    why = Group(e.REASON, (Leaf(e.PROPRIETARY, "reason_proprietary", TEXT_35, required=True),))
    when = Group(e.DATE_TIME, (Leaf(e.DATE_TIME, "status_at", MOMENT, required=True),))
    amount = Leaf(e.AMOUNT_WITH_CURRENCY, "instructed_amount", AMOUNT, required=True)
    return Group(
        e.PAYMENT,
        (
            r.message_id("original_message_id", required=False),
            Group(e.STATUS, (code, when, why), required=True),
            Group(e.INSTRUCTED_AMOUNT, (amount,)),
            r.settlement_date(),
            r.end_to_end_id(),
        ),
        required=True,
    )


def _answer() -> Group:
    query = Group(
        e.ORIGINAL_BUSINESS_QUERY,
        (
            r.message_id("query_id"),
            r.message_name("query_name"),
            r.created_at("query_created_at", required=False),
        ),
    )
    outcome = Group(
        e.TRANSACTION_OR_ERROR,
        (Group(e.TRANSACTION, (_payment(),), required=True), _error(e.BUSINESS_ERROR, "business")),
        required=True,
        choice=True,
    )
    found = Group(e.TRANSACTION_REPORT, (_identification(required=True), outcome), required=True)
    result = Group(
        e.REPORT_OR_ERROR,
        (
            Group(e.BUSINESS_REPORT, (found,), required=True),
            _error(e.OPERATIONAL_ERROR, "operational"),
        ),
        required=True,
        choice=True,
    )
    return Group(e.RETURN_TRANSACTION, (_header(query), result), required=True)


ENQUIRY = (
    *family("camt.005.001", (8,), b.document(_question()), *_ENVELOPE_RULES),
    *family("camt.006.001", (8,), b.document(_answer()), *_ENVELOPE_RULES),
)
