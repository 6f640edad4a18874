"""Networks that are wrong in one way each: real sandboxes, and a kit under them that misbehaves.

Each wrong is bound to what one case does and no other (a kind of fault, an amount, the first
request of its kind), so that it shows there alone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pytest

import adapters.iso_profile.sandbox as iso
import adapters.japan.sandbox as japan
import adapters.japan.sandbox_guard as guard
from adapters.japan.sandbox_shops import STORES, CodeRefused, read_code
from adapters.sandbox_kit import EntryStatus, Execute, Fault, FaultKind, Reply
from fx.money import Money
from switch.port import Operation, Outcome, OutcomeKind
from tests.adapters.conformance.wrong_kit import (
    CANCEL,
    ENQUIRE,
    LOOKUP,
    PAY,
    Call,
    Misdeed,
    WrongKit,
    rightly,
)

if TYPE_CHECKING:
    from switch.port import Exchange, WireAnswer


SANDBOXES: Final = MappingProxyType({"japan": japan, "thailand": iso})
"""Modules whose kit can be wrong."""


@dataclass(frozen=True)
class Wrong:
    """One wrong: the case that must fail, the network, and what is done wrongly."""

    case: str
    network: str = "japan"
    misdeed: Misdeed = rightly
    before: Callable[[Call], FaultKind | None] | None = None
    patch: Callable[[pytest.MonkeyPatch], None] | None = None
    adapter: Callable[[Any], Any] | None = None
    home: Callable[[Any], Any] | None = None

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        """Put the wrong kit under the network's sandbox."""
        members: dict[str, Any] = {"misdeed": staticmethod(self.misdeed)}
        if self.before is not None:
            members["before"] = staticmethod(self.before)
        kit = type("TheWrongKit", (WrongKit,), members)
        if self.network in SANDBOXES:
            patch.setattr(SANDBOXES[self.network], "SandboxKit", kit)
        if self.patch is not None:
            self.patch(patch)


def altered(
    operation: Operation, kind: FaultKind | None, number: int, old: bytes, new: bytes
) -> Misdeed:
    """Another word than the right one, in one answer."""

    def misdeed(call: Call, do: Execute, fault: Fault | None) -> Reply:
        reply = do(fault)
        if call.is_(operation, kind, number):
            return replace(reply, body=reply.body.replace(old, new))
        return reply

    return misdeed


def forgotten(kind: FaultKind, number: int = 0) -> Misdeed:
    """A payment whose answer was spoilt is taken back."""

    def misdeed(call: Call, do: Execute, fault: Fault | None) -> Reply:
        reply = do(fault)
        if call.is_(PAY, kind, number):
            call.forget()
        return reply

    return misdeed


def doubled(kind: FaultKind | None, number: int) -> Misdeed:
    """A payment is booked two times."""

    def misdeed(call: Call, do: Execute, fault: Fault | None) -> Reply:
        reply = do(fault)
        if call.is_(PAY, kind, number) and f"again/{call.reference}" not in call.book:
            call.double()
        return reply

    return misdeed


def instead(
    operation: Operation, kind: FaultKind, other: FaultKind
) -> Callable[[Call], FaultKind | None]:
    """Another fault than was asked for."""

    def before(call: Call) -> FaultKind | None:
        return other if call.is_(operation, kind) else None

    return before


def other_code(call: Call, do: Execute, fault: Fault | None) -> Reply:
    if fault is not None and fault.kind is FaultKind.REFUSE and fault.reason == "OP_OUT_OF_SCOPE":
        return do(replace(fault, reason="INVALID_REQUEST_PARAMS"))
    return do(fault)


def other_amount(call: Call, do: Execute, fault: Fault | None) -> Reply:
    reply = do(fault)
    entry = call.book.get(call.reference)
    if entry is not None and entry.amount == Money.parse("10000", "JPY"):
        call.book[call.reference] = replace(entry, amount=Money.parse("1000", "JPY"))
    return reply


def third_answer_pends(call: Call, do: Execute, fault: Fault | None) -> Reply:
    reply = do(fault)
    if call.is_(ENQUIRE, None) and call.of_reference == 3:
        return replace(reply, body=reply.body.replace(b"COMPLETED", b"CREATED"))
    return reply


def cancelled_pends_once(call: Call, do: Execute, fault: Fault | None) -> Reply:
    reply = do(fault)
    if call.is_(ENQUIRE, None) and b"CANCELED" in reply.body and not call.kit.counts["cancelled"]:
        call.kit.counts["cancelled"] += 1
        return replace(reply, body=reply.body.replace(b"CANCELED", b"CREATED"))
    return reply


def second_cancel_fails(call: Call, do: Execute, fault: Fault | None) -> Reply:
    if call.operation is CANCEL and call.kit.counts[CANCEL, FaultKind.DROP_ANSWER, call.reference]:
        return replace(do(fault), body=b'{"resultInfo":{"code":"ODD","message":"","codeId":"1"}}')
    return do(fault)


def revived(call: Call, do: Execute, fault: Fault | None) -> Reply:
    entry = call.book.get(call.reference)
    if call.operation is PAY and entry is not None and entry.status is EntryStatus.CANCELLED:
        call.book[call.reference] = replace(entry, status=EntryStatus.BOOKED)
    return do(fault)


def stranger(call: Call, do: Execute, fault: Fault | None) -> Reply:
    reply = do(fault)
    if call.is_(PAY, None, 1):
        call.book["stranger"] = replace(call.book[call.reference], reference="stranger")
    return reply


def repeat_is_refused(call: Call, do: Execute, fault: Fault | None) -> Reply:
    if call.is_(PAY, None) and call.of_reference == 2 and not call.kit.counts["repeat"]:
        call.kit.counts["repeat"] += 1
        with call.kit.book.lying("AC01"):
            return do(fault)
    return do(fault)


def _anybody(patch: pytest.MonkeyPatch) -> None:
    """Codes of nobody belong to the first shop."""
    right, first = read_code, STORES["310001000012", "S-0012"]

    def read(payload: str) -> Any:
        try:
            return right(payload)
        except CodeRefused:
            return first, None

    patch.setattr(japan, "read_code", read)


def _no_nonces(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guard.Guard, "_first", lambda *_: True)


def _any_age(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guard, "EPOCH_S_MAX", 10**9)


def _any_window(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(japan, "CANCEL_UNTIL", japan.CANCEL_UNTIL * 1000)


def _unsigned(patch: pytest.MonkeyPatch) -> None:
    right = guard.Guard.admits

    def admits(*parts: Any) -> bool:
        return "Authorization" not in parts[3] or right(*parts)

    patch.setattr(guard.Guard, "admits", admits)


def _any_body(patch: pytest.MonkeyPatch) -> None:
    """The hash of the body is believed as it stands in the header."""
    right = guard.Guard.admits

    def admits(*parts: Any) -> bool:
        self, method, path, headers, *_ = parts
        claimed = re.search(r":([A-Za-z0-9+/=]{24})\Z", headers.get("Authorization", ""))
        if claimed is None or method != "POST" or path != "/v2/payments":
            return right(*parts)
        encode = base64.b64encode
        said = claimed[1].encode()
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(base64, "b64encode", lambda raw: said if len(raw) == 16 else encode(raw))
            inner.setattr(self, "_first", lambda _: True, raising=False)
            return right(*parts)

    patch.setattr(guard.Guard, "admits", admits)


def _no_tombstones(patch: pytest.MonkeyPatch) -> None:
    right = iso.Network.__init__

    class Sieve(dict[str, None]):
        def __contains__(self, _: object) -> bool:
            return False

    def made(self: Any, *parts: Any) -> None:
        right(self, *parts)
        self._tombstones = Sieve()

    patch.setattr(iso.Network, "__init__", made)


def _other_content(patch: pytest.MonkeyPatch) -> None:
    right = iso.Network._status

    def status(self: Any, values: Any, word: str, reason: str = "") -> Reply:
        return right(self, values, *(("ACSC", "") if reason == "DUPL" else (word, reason)))

    patch.setattr(iso.Network, "_status", status)


def _no_ampersand(patch: pytest.MonkeyPatch) -> None:
    right = iso.Network._refusal

    def refusal(self: Any, values: Any, settled: Any) -> str:
        return "CH16" if "&" in values["debtor_name"] else right(self, values, settled)

    patch.setattr(iso.Network, "_refusal", refusal)


class Credulous:
    """An adapter that takes any answer with some payment's id for the answer to its own."""

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def read(self, exchange: Exchange, payment: Any, answer: WireAnswer) -> Outcome:
        if exchange.operation is PAY and re.search(
            rb'COMPLETED.*"merchantPaymentId":"[0-9a-f-]{36}"|'
            rb'"merchantPaymentId":"[0-9a-f-]{36}".*COMPLETED',
            answer.body,
        ):
            return Outcome(OutcomeKind.ACCEPTED)
        outcome: Outcome = self._adapter.read(exchange, payment, answer)
        return outcome


def _spoilt() -> Iterable[Wrong]:
    for case, kind in (
        ("AC-10", FaultKind.LATE),
        ("AC-39", FaultKind.WRONG_SIGNATURE),
        ("AC-40", FaultKind.GARBAGE),
        ("AC-41", FaultKind.ERROR_500),
        ("AC-43", FaultKind.RESET),
        ("AC-44", FaultKind.SLOW_BODY),
        ("AC-45", FaultKind.OVERSIZE),
        ("AC-46", FaultKind.REDIRECT),
        ("AC-51", FaultKind.WRONG_CLOCK),
    ):
        yield Wrong(case, misdeed=forgotten(kind))


class Belated:
    """An adapter of a network whose prices have expired when they come."""

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def read_quote(self, exchange: Exchange, answer: WireAnswer) -> Any:
        quote = self._adapter.read_quote(exchange, answer)
        return replace(quote, expires_at=quote.expires_at - timedelta(days=1))


def _refund(number: int, kind: FaultKind | None, how: Callable[[Call], object]) -> Misdeed:
    """What was asked back is not in the book as it was answered."""

    def misdeed(call: Call, do: Execute, fault: Fault | None) -> Reply:
        reply = do(fault)
        if call.is_(Operation.REFUND, kind, number):
            how(call)
        return reply

    return misdeed


def _booked_all_the_same(call: Call) -> None:
    call.book[call.reference] = replace(call.book[call.reference], status=EntryStatus.BOOKED)


DONE, MADE = b"COMPLETED", b"CREATED"

WRONGS: Final[tuple[Wrong, ...]] = (
    Wrong("AC-01", misdeed=altered(LOOKUP, None, 1, b"storeName", b"storeNone")),
    Wrong("AC-02", patch=_anybody),
    Wrong("AC-03", misdeed=doubled(None, 1)),
    Wrong("AC-04", misdeed=altered(ENQUIRE, None, 1, DONE, MADE)),
    Wrong("AC-05", misdeed=other_code),
    Wrong("AC-06", misdeed=altered(PAY, None, 3, b"OP_OUT_OF_SCOPE", b"INVALID_PARAMS")),
    Wrong("AC-07", "thailand", misdeed=repeat_is_refused),
    Wrong("AC-08", "thailand", patch=_other_content),
    Wrong("AC-09", misdeed=doubled(FaultKind.TWICE, 1)),
    Wrong("AC-11", before=instead(PAY, FaultKind.DROP_REQUEST, FaultKind.DROP_ANSWER)),
    Wrong("AC-12", misdeed=forgotten(FaultKind.DROP_ANSWER, 1)),
    Wrong("AC-13", before=instead(PAY, FaultKind.PENDING, FaultKind.TWICE)),
    Wrong("AC-14", "thailand", patch=_no_tombstones),
    Wrong("AC-15", misdeed=doubled(FaultKind.SLOW, 1)),
    Wrong("AC-16", misdeed=forgotten(FaultKind.DROP_ANSWER, 2)),
    Wrong(
        "AC-17",
        misdeed=altered(ENQUIRE, FaultKind.ERROR_500, 1, DONE, MADE),
        before=instead(ENQUIRE, FaultKind.ERROR_500, FaultKind.SLOW),
    ),
    Wrong("AC-18", misdeed=third_answer_pends),
    Wrong("AC-20", misdeed=cancelled_pends_once),
    Wrong("AC-21", patch=_any_window),
    Wrong("AC-22", misdeed=second_cancel_fails),
    Wrong("AC-23", misdeed=forgotten(FaultKind.DROP_ANSWER, 3)),
    Wrong("AC-24", misdeed=revived, patch=_no_nonces),
    Wrong("AC-36", misdeed=other_amount),
    Wrong("AC-37", "thailand", patch=_no_ampersand),
    Wrong("AC-38", "alipayplus", adapter=Belated),
    *_spoilt(),
    Wrong("AC-42", before=instead(PAY, FaultKind.UNAVAILABLE, FaultKind.ERROR_500)),
    Wrong("AC-47", misdeed=doubled(FaultKind.ANSWER_TWICE, 1)),
    Wrong("AC-48", patch=_any_body),
    Wrong("AC-49", patch=_unsigned),
    Wrong("AC-50", adapter=Credulous),
    Wrong("AC-52", patch=_any_age),
    Wrong(
        "AC-53",
        misdeed=altered(ENQUIRE, FaultKind.WRONG_SIGNATURE, 1, DONE, MADE),
        before=instead(ENQUIRE, FaultKind.WRONG_SIGNATURE, FaultKind.SLOW),
    ),
    Wrong("AC-54", misdeed=stranger),
    Wrong("AC-63", misdeed=_refund(1, None, Call.forget)),
    Wrong("AC-64", misdeed=_refund(2, None, _booked_all_the_same)),
    Wrong("AC-65", misdeed=_refund(1, FaultKind.DROP_ANSWER, Call.double)),
)
"""One for each case that a network can fail."""

__all__ = ["WRONGS", "Wrong"]
