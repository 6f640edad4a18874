"""The accounts of a batch while it is decided: sets of lines are booked one after the other. Pure.

A set is reserved whole or not at all: first no running sum may leave its bound, then no cap may be
exceeded. The surprise: rows are mutable here, because a frozen account per line was a quarter of
what a decision cost; what leaves is frozen again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.ledger import Account, Asset, Phase, Role, Side
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from switch.ledger import Line, Part

SUM_MAX: Final = 2**63 - 1
"""Largest running sum of an account in minor units: what a database column holds."""


_DEPOSIT: Final = (f"/{Role.MEMBER}/", f"/{Asset.BAKONG}")
"""In the names of deposits, which never go below zero whatever is configured."""


def _is_deposit(key: str) -> bool:
    role, asset = _DEPOSIT
    return key.endswith(asset) and role in key


class _Row:
    """The running sums of one account; ``debit`` and ``credit`` are what one set gives it."""

    __slots__ = (
        "caps",
        "credit",
        "credits_pending",
        "credits_posted",
        "currency",
        "debit",
        "debit_bound",
        "debits_pending",
        "debits_posted",
        "key",
        "net_credit_max",
        "net_debit_max",
    )

    def __init__(self, held: Account) -> None:
        self.key, self.currency = held.key, held.currency
        self.debits_posted, self.credits_posted = held.debits_posted, held.credits_posted
        self.debits_pending, self.credits_pending = held.debits_pending, held.credits_pending
        self.debit = self.credit = 0
        self.bounded_by(held.net_debit_max, held.net_credit_max)

    def bounded_by(self, net_debit_max: int | None, net_credit_max: int | None) -> None:
        self.net_debit_max, self.net_credit_max = net_debit_max, net_credit_max
        self.debit_bound = 0 if _is_deposit(self.key) else net_debit_max
        self.caps = self.debit_bound is not None or net_credit_max is not None

    def account(self) -> Account:
        return Account(
            self.key,
            self.currency,
            self.debits_posted,
            self.credits_posted,
            self.debits_pending,
            self.credits_pending,
            self.net_debit_max,
            self.net_credit_max,
        )

    def fits(self) -> bool:
        """Whether every sum can still be posted in full without leaving its bound."""
        return (
            self.debits_posted + self.debits_pending <= SUM_MAX
            and self.credits_posted + self.credits_pending <= SUM_MAX
        )

    def can_pay(self) -> bool:
        """Whether what is in the sums is within the debit cap."""
        cap = self.debit_bound
        return cap is None or self.debits_posted + self.debits_pending - self.credits_posted <= cap

    def has_room(self) -> bool:
        """Whether no cap is exceeded by what the set gives; the set is in the sums already.

        The lines of a set resolve together, so it is judged by their sum: an account that is given
        more than it gives (a residue) needs no room under its debit cap.
        """
        both = min(self.debit, self.credit)
        cap = self.debit_bound
        if cap is not None and not (both and self.debit <= self.credit):
            net = self.debits_posted + self.debits_pending - both - self.credits_posted
            if net > cap:
                return False
        cap = self.net_credit_max
        if cap is not None and not (both and self.credit <= self.debit):
            net = self.credits_posted + self.credits_pending - both - self.debits_posted
            if net > cap:
                return False
        return True


class Books:
    """The accounts that a batch works on; sets of lines are booked one after the other."""

    def __init__(self, held: Mapping[str, Account]) -> None:
        self._held = held
        self._rows: dict[str, _Row] = {}
        self._touched: dict[str, _Row] = {}

    def reserve(self, lines: Sequence[Line]) -> Reason | None:
        """Reserve a set, or say why not; then nothing has changed."""
        rows = self._given(lines)
        refusal = _refusal(rows)
        if refusal is not None:
            for line in lines:
                row = self._rows[line.account]
                if line.side is Side.DEBIT:
                    row.debits_pending -= line.minor
                else:
                    row.credits_pending -= line.minor
            return refusal
        self._touched.update(rows)
        return None

    def _given(self, lines: Sequence[Line]) -> dict[str, _Row]:
        rows: dict[str, _Row] = {}
        for line in lines:
            row = rows.get(line.account)
            if row is None:
                row = rows[line.account] = self._at(line)
                row.debit = row.credit = 0
            if line.side is Side.DEBIT:
                row.debits_pending += line.minor
                row.debit += line.minor
            else:
                row.credits_pending += line.minor
                row.credit += line.minor
        return rows

    def resolve(self, parts: Iterable[Part]) -> None:
        """Post or release what was reserved."""
        for _, line, phase in parts:
            row = self._touched[line.account] = self._at(line)
            posted = line.minor if phase is Phase.POSTED else 0
            if line.side is Side.DEBIT:
                row.debits_pending -= line.minor
                row.debits_posted += posted
                assert row.debits_pending >= 0, "more was released than reserved"
            else:
                row.credits_pending -= line.minor
                row.credits_posted += posted
                assert row.credits_pending >= 0, "more was released than reserved"

    def overdraws(self, lines: Sequence[Line]) -> bool:
        """Whether a set takes more out of a deposit than is in it and not reserved.

        A deposit binds what people decide as well: there is nobody who would lend it the rest.
        """
        taken: dict[str, int] = {}
        for line in lines:
            if _is_deposit(line.account):
                signed = line.minor if line.side is Side.DEBIT else -line.minor
                taken[line.account] = taken.get(line.account, 0) + signed
        rows = [(self._row(key, key.split("/")[2]), minor) for key, minor in taken.items()]
        return any(
            minor > 0 and row.debits_posted + row.debits_pending + minor > row.credits_posted
            for row, minor in rows
        )

    def post(self, lines: Sequence[Line], payer: str = "") -> Reason | None:
        """Post a set that was not reserved, or say why not.

        Caps do not bind what has happened; ``payer`` is an account that is made to pay by the set,
        and whose debit cap binds it.
        """
        rows = {line.account: self._at(line) for line in lines}
        for line in lines:
            _add(rows[line.account], line, line.minor)
        refusal = None
        if not all(row.fits() for row in rows.values()):
            refusal = Reason.ACCOUNT_FULL
        elif payer and not rows[payer].can_pay():
            refusal = Reason.FUNDS_INSUFFICIENT
        if refusal is not None:
            for line in lines:
                _add(rows[line.account], line, -line.minor)
            return refusal
        self._touched.update(rows)
        return None

    def fits(self, lines: Sequence[Line]) -> bool:
        """Whether :meth:`post` would take a set; nothing changes."""
        rows = {line.account: self._at(line) for line in lines}
        for line in lines:
            _add(rows[line.account], line, line.minor)
        fit = all(row.fits() for row in rows.values())
        for line in lines:
            _add(rows[line.account], line, -line.minor)
        return fit

    def is_square(self, key: str) -> bool:
        """Whether an account owes nothing, is owed nothing, and nothing of it is reserved."""
        held = self._rows.get(key) or self._held.get(key)
        return held is None or (
            held.debits_posted == held.credits_posted
            and not held.debits_pending
            and not held.credits_pending
        )

    def configure(self, wished: Account) -> None:
        """Set an account's caps; its sums stay."""
        row = self._row(wished.key, wished.currency)
        row.bounded_by(wished.net_debit_max, wished.net_credit_max)
        self._touched[wished.key] = row

    def touched(self) -> Iterator[Account]:
        """The accounts that are not as they were given, in the order of their first change."""
        for row in self._touched.values():
            yield row.account()

    def _at(self, line: Line) -> _Row:
        return self._rows.get(line.account) or self._row(line.account, line.currency)

    def _row(self, key: str, code: str) -> _Row:
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = _Row(self._held.get(key) or Account(key, code))
        assert row.currency == code, "an account has one currency"
        return row


def _refusal(rows: Mapping[str, _Row]) -> Reason | None:
    """Why what was given to the rows cannot stay; the bound of the sums comes first."""
    room = True
    for row in rows.values():
        if not row.fits():
            return Reason.ACCOUNT_FULL
        if row.caps and room:
            room = row.has_room()
    return None if room else Reason.FUNDS_INSUFFICIENT


def _add(row: _Row, line: Line, minor: int) -> None:
    if line.side is Side.DEBIT:
        row.debits_posted += minor
    else:
        row.credits_posted += minor
