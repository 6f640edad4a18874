"""Recalls, both ways: camt.056 asks for a payment's money, camt.029 says yes, no, or not yet. Pure.

The case and the cancellation bear one identification, ours being ``payment.reference``: an answer
is held against it and against the UETR of the payment that is asked back. A repeat is the same
camt.056 under a new message id, which a network answers as it did before (A), so there is no
enquiry of another kind. The surprise: "yes" moves nothing; the money comes by its own pacs.004.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.mapping import PAYMENT, given, same_agent, text
from adapters.iso_profile.mapping_inbound import Unusable
from switch.abilities import RECALL_REASON, RECALLED_REFERENCE
from switch.inbound_port import InboundNotice, InboundRecall
from switch.model import Status
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason, from_recall_code, recall_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.iso_profile.mapping import Sides
    from iso20022 import Message
    from switch.model import Particulars, Payment

RECALL: Final = "camt.056.001.08"
RESOLUTION: Final = "camt.029.001.09"

KEPT: Final = "recall_"
"""Begins the names in ``extra`` under which what a recall said is kept for its answer."""

_NAMED: Final = (
    *("case_id", "case_creator", "cancellation_id", "original_message_id"),
    *("original_message_name", "original_transaction_id", "original_uetr"),
)

_AGREED, _DENIED, _OPEN = "CNCL", "RJCR", "PDCR"
_EACH: Final = MappingProxyType({_AGREED: "ACCR", _DENIED: "RJCR", _OPEN: "PDCR"})
"""The answer as a whole, and what it says of the one transaction in it."""

_INFORMATION_MAX: Final = 105


def recall_values(
    payment: Payment, particulars: Particulars, message_id: str, sides: Sides, now: datetime
) -> dict[str, object]:
    """Return our camt.056: a payment of ours is asked back, whole."""
    extra = particulars.extra
    reference = extra[RECALLED_REFERENCE]
    return given({
        "message_id": message_id,
        "created_at": now,
        "assigner_agent": sides.own,
        "assignee_agent": sides.partner,
        "case_id": payment.reference,
        "case_creator": sides.own,
        "cancellation_id": payment.reference,
        "original_message_id": reference,
        "original_message_name": PAYMENT,
        "original_instruction_id": reference,
        "original_end_to_end_id": particulars.end_to_end_id or "NOTPROVIDED",
        "original_transaction_id": reference,
        "original_uetr": payment.original,
        "original_settlement_amount": payment.terms.destination,
        "reason": extra[RECALL_REASON],
    })  # fmt: skip


def outcome(message: Message, payment: Payment) -> Outcome:
    """Return what a verified camt.029 says of our recall."""
    values = message.values
    named = (
        message.name == RESOLUTION
        and values.get("case_id") == payment.reference
        and values.get("original_uetr", payment.original) == payment.original
    )
    return _said(values) if named else Outcome(OutcomeKind.UNKNOWN)


def _said(values: Mapping[str, object]) -> Outcome:
    whole = text(values, "status")
    each = text(values, "cancellation_status")
    if whole not in _EACH or each not in ("", _EACH[whole]):
        # The two disagree, or it is an answer to something else than a recall.
        return Outcome(OutcomeKind.UNKNOWN)
    far = text(values, "cancellation_status_id") or None
    if whole == _AGREED:
        return Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    if whole == _OPEN:
        return Outcome(OutcomeKind.PENDING, far_reference=far)
    code = text(values, "reason")
    return Outcome(OutcomeKind.REFUSED, from_recall_code(code), far)


def told(message: Message) -> InboundNotice:
    """Return what a camt.029 tells unasked; raises :class:`Unusable`."""
    values = message.values
    reference = text(values, "case_id")
    if not reference:
        raise Unusable(Reason.ELEMENT_MISSING)
    request = {"message_id": text(values, "message_id"), **_kept(values)}
    original = text(values, "original_uetr")
    return InboundNotice(reference, _said(values), request, recall=True, original=original)


def asked(message: Message, sides: Sides) -> InboundRecall:
    """Return what a camt.056 of the network asks back; raises :class:`Unusable`."""
    values = message.values
    request = {"message_id": text(values, "message_id"), **_kept(values)}
    key = request.get("cancellation_id") or request.get("case_id", "")
    if not key or "original_transaction_id" not in request:
        raise Unusable(Reason.ELEMENT_MISSING)
    if not same_agent(values.get("assigner_agent"), sides.partner):
        raise Unusable(Reason.AGENT_INCORRECT)
    return InboundRecall(
        key=key,
        uetr=request["original_uetr"],
        reference=request["original_transaction_id"],
        request=request,
    )


def _kept(values: Mapping[str, object]) -> dict[str, str]:
    return {name: text(values, name) for name in _NAMED if text(values, name)}


def kept_request(particulars: Particulars) -> dict[str, str]:
    """Return what a recall said, from what was kept of it."""
    extra = particulars.extra
    return {
        name.removeprefix(KEPT): value for name, value in extra.items() if name.startswith(KEPT)
    }


def resolution_values(
    request: Mapping[str, str],
    status: Status | None,
    reason: Reason | None,
    message_id: str,
    sides: Sides,
    now: datetime,
) -> dict[str, object]:
    """Return our camt.029: yes once the money has gone back, no with a reason, else not yet."""
    whole = _OPEN
    if reason is not None or status in (None, Status.RJCT):
        whole, reason = _DENIED, reason or Reason.ORIGINAL_UNKNOWN
    elif status is Status.ACCC:
        whole = _AGREED
    values: dict[str, object] = {
        "message_id": message_id,
        "created_at": now,
        "assigner_agent": sides.own,
        "assignee_agent": sides.partner,
        "case_id": request.get("case_id") or request.get("cancellation_id"),
        "case_creator": request.get("case_creator") or sides.partner,
        "status": whole,
        "cancellation_status_id": message_id,
        "cancellation_status": _EACH[whole],
    }
    values |= {name: request.get(name) for name in _NAMED if name.startswith("original_")}
    if "original_message_name" in values and not values.get("original_message_id"):
        values.pop("original_message_name")
    if reason is not None:
        values["reason"] = recall_code(reason)
        values["additional_information"] = (reason.sentence[:_INFORMATION_MAX],)
    return given(values)
