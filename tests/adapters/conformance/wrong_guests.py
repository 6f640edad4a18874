"""Networks whose customers' side is wrong in one way each, and switches that are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import adapters.iso_profile.sandbox_payer as payer
import adapters.iso_profile.sandbox_returns as returns
import adapters.malaysia.sandbox_payer as paynet
from adapters.conformance import Refused
from adapters.sandbox_kit import Entry, EntryStatus, Execute, Fault, FaultKind, Reply
from switch.model import State
from switch.port import Operation
from tests.adapters.conformance.wrong_kit import Call
from tests.adapters.conformance.wrong_networks import Wrong

if TYPE_CHECKING:
    import pytest

    from adapters.conformance.door import Heard
    from switch.model import Payment


def _other_amount(patch: pytest.MonkeyPatch) -> None:
    """The first customer is debited twice as much."""
    counts: Counter[str] = Counter()

    def entry(*parts: Any) -> Entry:
        made = Entry(*parts)
        counts[made.direction] += 1
        first = made.direction == "inbound" and counts["inbound"] == 1
        return replace(made, amount=made.amount + made.amount) if first else made

    patch.setattr(payer, "Entry", entry)


def _learns(patch: pytest.MonkeyPatch, wrong: Any) -> None:
    """What is learned of a payment; ``wrong`` says what is booked instead, if anything is."""
    right, asks = payer.Payer._learn, payer.Payer.enquire

    async def enquire(self: Any, request: Any) -> Any:
        self.asking = True
        try:
            return await asks(self, request)
        finally:
            self.asking = False

    def learn(self: Any, sent: Any, answered: Any) -> None:
        other = wrong(answered, asking=getattr(self, "asking", False))
        if other is None:
            right(self, sent, answered)
        elif other is not EntryStatus.PENDING:
            self._book.end(sent.credit.transaction_id, other)

    patch.setattr(payer.Payer, "enquire", enquire)
    patch.setattr(payer.Payer, "_learn", learn)


def _books_refusals(patch: pytest.MonkeyPatch) -> None:
    def wrong(answered: Any, *, asking: bool) -> EntryStatus | None:
        return EntryStatus.BOOKED if answered.status == "RJCT" and not asking else None

    _learns(patch, wrong)


def _never_learns(patch: pytest.MonkeyPatch) -> None:
    def wrong(answered: Any, *, asking: bool) -> EntryStatus | None:
        return EntryStatus.PENDING if asking and answered.status != "RJCT" else None

    _learns(patch, wrong)


def _books_the_unseen(patch: pytest.MonkeyPatch) -> None:
    def wrong(answered: Any, *, asking: bool) -> EntryStatus | None:
        return EntryStatus.BOOKED if asking and answered.status == "RJCT" else None

    _learns(patch, wrong)


def _books_repeats(patch: pytest.MonkeyPatch) -> None:
    right = payer.Payer._instruct

    async def instruct(self: Any, credit: Any, repeat: int, within_ms: int) -> Any:
        told = await right(self, credit, repeat, within_ms)
        if repeat > 1:
            entry = self._book.find(credit.transaction_id)
            self._book.add(replace(entry, reference=f"again/{entry.reference}"))
        return told

    patch.setattr(payer.Payer, "_instruct", instruct)


def _returns(patch: pytest.MonkeyPatch, refuses: Any) -> None:
    """Returns that the network refuses besides those that it should."""
    right = returns.Returns._refusal

    def refusal(self: Any, values: Any, money: Any) -> str:
        uetr = str(values["original_uetr"])
        lines = [each for each in self._book._entries.values() if each.uetr == uetr]
        return "AC04" if refuses(lines, money) else right(self, values, money)

    patch.setattr(returns.Returns, "_refusal", refusal)


def _not_in_full(patch: pytest.MonkeyPatch) -> None:
    _returns(patch, lambda lines, money: any(each.amount == money for each in lines))


def _two_parts(patch: pytest.MonkeyPatch) -> None:
    _returns(patch, lambda lines, _: len(lines) > 2)


def _counts_doubles(patch: pytest.MonkeyPatch) -> None:
    _returns(patch, lambda lines, _: any("again/" in each.reference for each in lines))


def doubled_return(call: Call, do: Execute, fault: Fault | None) -> Reply:
    reply = do(fault)
    if call.is_(Operation.REFUND, FaultKind.DROP_ANSWER):
        call.double()
    return reply


def _tampered(number: int, how: Any, shops: Any = returns.Returns) -> Any:
    """After a shop's return of that number its line in the book is not as it was."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        right = shops.give_back
        counts: Counter[str] = Counter()

        async def give_back(self: Any, request: Any) -> Any:
            told = await right(self, request)
            counts["returns"] += 1
            if counts["returns"] == number:
                book = self._book._entries
                how(book, list(book)[-1])
            return told

        patch.setattr(shops, "give_back", give_back)

    return apply


def _of_twice_the_amount(book: dict[str, Entry], name: str) -> None:
    book[name] = replace(book[name], amount=book[name].amount + book[name].amount)


def _refused(book: dict[str, Entry], name: str) -> None:
    book[name] = replace(book[name], status=EntryStatus.REFUSED)


def _booked(book: dict[str, Entry], name: str) -> None:
    book[name] = replace(book[name], status=EntryStatus.BOOKED)


def _twice(book: dict[str, Entry], name: str) -> None:
    book[f"again/{name}"] = replace(book[name], reference=f"again/{name}")


def _never_tells_again(patch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> None:
        """Nothing is told again."""

    patch.setattr(returns, "until_heard", silent)


class WrongHome:
    """A switch that credits what it should not, or gives back what it should not."""

    def __init__(self, home: Any) -> None:
        self._home = home
        self.extra: list[dict[str, Any]] = []
        self.known: list[Heard] = []
        self.right = home.door.send
        home.door.send = self.send

    def __getattr__(self, name: str) -> Any:
        return getattr(self._home, name)

    async def credits(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._home.credits()
        return found + self.extra

    def credited(self, heard: Heard) -> bool:
        """Whether this switch credits a request once more."""
        del heard
        return False

    async def send(self, heard: Heard) -> Any:
        if self.credited(heard):
            self.extra.append({"status": "booked"})
        self.known.append(heard)
        return await self.right(heard)


class CreditsReplays(WrongHome):
    """What comes again is credited again."""

    def credited(self, heard: Heard) -> bool:
        return any(each is heard for each in self.known)


class CreditsAltered(WrongHome):
    """What was altered is credited."""

    def credited(self, heard: Heard) -> bool:
        return heard not in self._home.door.heard


class GivesTooMuch(WrongHome):
    """What is not left is given back."""

    async def refund(self, *parts: Any) -> Any:
        made = await self._home.refund(*parts)
        if not isinstance(made, Refused):
            self.last = made
            return made
        return self.last


class WrongNews:
    """A switch that takes the news of one payment wrongly: that which a member made as ``case``."""

    case = 0

    def __init__(self, home: Any) -> None:
        self._home = home
        self.paid = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._home, name)

    async def pay(self, *parts: Any) -> str:
        self.paid += 1
        uetr: str = await self._home.pay(*parts)
        return uetr

    async def now(self, uetr: str) -> Any:
        payment = await self._home.now(uetr)
        ended = payment.state is State.ACCEPTED and self.paid == self.case
        return self.taken(payment) if ended else payment

    def taken(self, payment: Payment) -> Payment:
        """The payment as this switch has it after the news."""
        return payment


class PassesNewsOver(WrongNews):
    """What ended is unknown still."""

    case = 1

    def taken(self, payment: Payment) -> Payment:
        return replace(payment, state=State.UNKNOWN)


class DisputesRepeats(WrongNews):
    """The same news is disputed."""

    case = 2

    def taken(self, payment: Payment) -> Payment:
        return replace(payment, disputed=True)


class DisputesNothing(WrongNews):
    """Other news is passed over."""

    case = 3

    def taken(self, payment: Payment) -> Payment:
        return replace(payment, disputed=False)


GUESTS: Final[tuple[Wrong, ...]] = (
    Wrong("AC-25", "thailand", patch=_other_amount),
    Wrong("AC-26", "thailand", patch=_books_refusals),
    Wrong("AC-27", "thailand", patch=_books_repeats),
    Wrong("AC-28", "thailand", patch=_never_learns),
    Wrong("AC-29", "thailand", patch=_books_the_unseen),
    Wrong("AC-30", "thailand", home=CreditsReplays),
    Wrong("AC-31", "thailand", home=CreditsAltered),
    Wrong("AC-32", "thailand", patch=_not_in_full),
    Wrong("AC-33", "thailand", patch=_two_parts),
    Wrong("AC-34", "thailand", home=GivesTooMuch),
    Wrong("AC-35", "thailand", patch=_counts_doubles, misdeed=doubled_return),
    Wrong("AC-55", "vietnam", home=PassesNewsOver),
    Wrong("AC-56", "vietnam", home=DisputesRepeats),
    Wrong("AC-57", "vietnam", home=DisputesNothing),
    Wrong("AC-58", "thailand", patch=_tampered(1, _of_twice_the_amount)),
    Wrong("AC-59", "thailand", patch=_tampered(3, _refused)),
    Wrong("AC-60", "malaysia", patch=_tampered(6, _booked, paynet.Payer)),
    Wrong("AC-61", "thailand", patch=_tampered(7, _twice)),
    Wrong("AC-62", "thailand", patch=_never_tells_again),
)
"""One for each case of what comes in."""
