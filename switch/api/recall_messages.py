"""A member's camt.056, and the camt.029 that answers it. Pure.

A recall is known by its message's identification, as a payment is; what it speaks of is named by
its UETR. The surprise: the answer "not yet" is given as soon as nobody has decided within the time
that a payment would wait, and the same camt.056 again is answered as it stands then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switch.model import Status
from switch.reasons import Reason, recall_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iso20022 import Message

RECALL: Final = "camt.056.001.11"
RESOLUTION: Final = "camt.029.001.13"

_NAMED: Final = (
    *("case_id", "case_creator", "cancellation_id", "original_message_id"),
    *("original_message_name", "original_transaction_id", "original_uetr"),
)
_AGREED, _DENIED, _OPEN = "CNCL", "RJCR", "PDCR"
_EACH: Final = ((_AGREED, "ACCR"), (_DENIED, "RJCR"), (_OPEN, "PDCR"))
_INFORMATION_MAX: Final = 105
_CUSTOMER_ASKED: Final = "CUST"


@dataclass(frozen=True, slots=True)
class MemberRecall:
    """A member asks for a payment back; ``why`` is a code of ExternalCancellationReason1."""

    uetr: str
    key: str = field(repr=False)
    why: str
    named: Mapping[str, str] = field(repr=False)


def recall_of(message: Message) -> MemberRecall:
    """What a member's camt.056 asks."""
    values = message.values

    def text(name: str) -> str:
        value = values.get(name)
        return value if isinstance(value, str) else ""

    named = {name: text(name) for name in _NAMED if text(name)}
    why = text("reason") or _CUSTOMER_ASKED
    return MemberRecall(text("original_uetr"), text("message_id"), why, named)


def resolution_values(
    asked: MemberRecall, status: Status | None, reason: Reason | None, message_id: str, member: str
) -> dict[str, object]:
    """The fields of the camt.029: yes, no with a reason, or not yet; dates are the writer's."""
    whole = _OPEN
    if reason is not None or status in (None, Status.RJCT):
        whole, reason = _DENIED, reason or Reason.ORIGINAL_UNKNOWN
    elif status is Status.ACCC:
        whole = _AGREED
    named = asked.named
    values: dict[str, object] = {
        "message_id": message_id,
        "assignee_agent": member,
        "case_id": named.get("case_id") or named.get("cancellation_id") or asked.key,
        "case_creator": named.get("case_creator") or member,
        "status": whole,
        "cancellation_status_id": message_id,
        "cancellation_status": dict(_EACH)[whole],
    }
    values |= {name: held for name, held in named.items() if name.startswith("original_")}
    if "original_message_id" not in values:
        values.pop("original_message_name", None)
    if reason is not None:
        values["reason"] = recall_code(reason)
        values["additional_information"] = (reason.sentence[:_INFORMATION_MAX],)
    return values
