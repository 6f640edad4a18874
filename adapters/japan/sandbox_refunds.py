"""Refunds of the sandbox: one for each payment, in full or in part, at any time after it.

They stand in the book beside the payments, under their ``merchantRefundId`` and with direction
``inbound``: money that comes back to Cambodia. The surprise: a payment is named by its partner's
own identification, where the public model has the network's.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.sandbox_kit import Entry, EntryStatus
from fx.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sandbox_kit import Fault, SandboxKit
    from switch.runtime.clock import Clock

_STATUS: Final = MappingProxyType({
    EntryStatus.BOOKED: "COMPLETED",
    EntryStatus.PENDING: "CREATED",
    EntryStatus.REFUSED: "FAILED",
})  # fmt: skip


class Refunds:
    """What went back, by ``merchantRefundId``."""

    def __init__(
        self, kit: SandboxKit, clock: Clock, payments: Mapping[str, Mapping[str, object]]
    ) -> None:
        self._kit = kit
        self._clock = clock
        self._payments = payments
        self._contents: dict[str, Mapping[str, object]] = {}
        self._of: dict[str, str] = {}

    def taken(
        self, given: Mapping[str, object], fault: Fault | None, refused: str
    ) -> tuple[str, Mapping[str, object] | None]:
        """Take a refund, once; returns the code and the data of the answer."""
        named = str(given["merchantRefundId"])
        known = self._contents.get(named)
        if known is not None and known != given:
            return "DUPLICATE_DYNAMIC_QR_REQUEST", None
        if known is None:
            self._execute(given, fault, refused or self._refusal(given))
        entry = self._kit.book.find(named)
        assert entry is not None, "what is known is in the book"
        if entry.status is EntryStatus.REFUSED and entry.reason is not None:
            return entry.reason, None
        return "SUCCESS", self.told(named)

    def _execute(self, given: Mapping[str, object], fault: Fault | None, code: str) -> None:
        named, of = str(given["merchantRefundId"]), str(given["paymentId"])
        amount = given["amount"]
        assert isinstance(amount, dict), "the body was read"
        status = EntryStatus.REFUSED if code else EntryStatus.BOOKED
        if fault is not None and not code:
            status = EntryStatus.PENDING
        yen, now = Money.parse(str(amount["amount"]), "JPY"), self._clock.now()
        self._kit.book.add(Entry(named, named, "inbound", yen, status, now, code or None))
        self._contents[named] = given
        if not code:
            self._of[of] = named
        if fault is not None and status is EntryStatus.PENDING:
            self._kit.end_later(named, fault.delay_ms)

    def _refusal(self, given: Mapping[str, object]) -> str:
        """The code why nothing can be given back, or not so much, or nothing."""
        of, amount = str(given["paymentId"]), given["amount"]
        assert isinstance(amount, dict), "the body was read"
        paid = self._kit.book.find(of) if of in self._payments else None
        if paid is None or paid.status is not EntryStatus.BOOKED:
            return "DYNAMIC_QR_PAYMENT_NOT_FOUND"
        beyond = Money.parse(str(amount["amount"]), "JPY") > paid.amount
        return "OP_OUT_OF_SCOPE" if beyond or of in self._of else ""

    def told(self, named: str) -> dict[str, object] | None:
        """What is shown of a refund; None where there is none."""
        entry, given = self._kit.book.find(named), self._contents.get(named)
        if entry is None or given is None:
            return None
        return {
            "status": _STATUS[entry.status],
            "acceptedAt": int(entry.at.timestamp()),
            "merchantRefundId": named,
            "paymentId": given["paymentId"],
            "amount": given["amount"],
            "requestedAt": given["requestedAt"],
            "reason": given["reason"],
        }
