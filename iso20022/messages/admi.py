"""admi.002: a message could not be used at all; admi.004 and 011: an event, and that it was read.

admi.002 answers what has no trusted reference (unreadable, unknown version, wrong signature); a
payment that was read and refused is answered by pacs.002 instead. ``ErrLctn`` is an XPath. The
surprise: the first versions of these messages are named by their own number inside ``Document``.
"""

from __future__ import annotations

from iso20022 import elements as e
from iso20022 import rules
from iso20022.declare import Group, Leaf, Node, family, since, until
from iso20022.messages import blocks as b
from iso20022.messages import references as r
from iso20022.scalars import CODE, MOMENT, TEXT_35, TEXT_350


def _reject() -> Group:
    why = Group(
        e.REASON,
        (
            Leaf(e.REJECTING_PARTY_REASON, "reason_code", TEXT_35, required=True),
            Leaf(e.REJECTION_DATE_TIME, "rejected_at", MOMENT),
            Leaf(e.ERROR_LOCATION, "error_location", TEXT_350),
            Leaf(e.REASON_DESCRIPTION, "reason_description", TEXT_350),
        ),
        required=True,
    )
    related = Group(
        e.RELATED_REFERENCE,
        (Leaf(e.REFERENCE, "related_reference", TEXT_35, required=True),),
        required=True,
    )
    return Group(e.MESSAGE_REJECT, (related, why), required=True)


def _event() -> tuple[Node, ...]:
    return (
        Leaf(e.EVENT_CODE, "event_code", CODE, required=True),
        Leaf(e.EVENT_PARAMETER, "event_parameters", TEXT_35, times=10),
        Leaf(e.EVENT_DESCRIPTION, "event_description", TEXT_350),
        Leaf(e.EVENT_TIME, "event_at", MOMENT),
    )


def _events() -> Group:
    event = (Group(e.EVENT_INFORMATION, _event(), required=True),)
    parts = (
        until(1, Group(e.SYSTEM_EVENT_FIRST, event, required=True)),
        since(2, Group(e.SYSTEM_EVENT_NOTIFICATION, event, required=True)),
    )
    return Group(e.DOCUMENT, parts, required=True)


def _acknowledgement() -> Group:
    reference = Leaf(e.ORIGINATOR_REFERENCE, "originator_reference", TEXT_35)
    details = Group(e.ACKNOWLEDGEMENT_DETAILS, _event())
    return Group(
        e.SYSTEM_EVENT_ACKNOWLEDGEMENT, (r.message_id(), reference, details), required=True
    )


ADMI = (
    *family("admi.002.001", (1,), b.document(_reject()), rules.DEFINITION_MATCHES),
    *family("admi.004.001", (1, 2), _events(), rules.DEFINITION_MATCHES),
    *family("admi.011.001", (1,), b.document(_acknowledgement()), rules.DEFINITION_MATCHES),
)
