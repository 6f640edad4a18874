"""The double-entry ledger: accounts, posting templates as data, caps. Pure.

A payment reserves all its lines at once and posts or voids them at once. A reservation counts
against caps as if it were posted; credits that are only reserved give no room. Every line set sums
to zero in each currency, checked where lines are made. Balances are four running sums per account,
so a statement can always tell pending from posted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from switch.model import Direction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fx.money import Money
    from switch.model import Payment, Residue, Terms


class Side(StrEnum):
    """Side of a line."""

    DEBIT = "debit"
    CREDIT = "credit"


class Phase(StrEnum):
    """What an entry row records; rows are never changed, later ones point at earlier ones."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


class Role(StrEnum):
    """Role of the institution that an account belongs to."""

    MEMBER = "member"
    HOLDER = "holder"
    NETWORK = "network"
    POOL = "pool"
    FEE = "fee"
    SUSPENSE = "suspense"
    RESIDUE = "residue"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a posting: ``minor`` units of ``currency`` on one side of one account."""

    account: str
    side: Side
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Account:
    """Running sums of an account in minor units, and what bounds it.

    ``net_debit_max`` bounds posted and pending debits less posted credits; ``net_credit_max`` the
    mirror image. None means unbounded.
    """

    key: str
    currency: str
    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0
    net_debit_max: int | None = None
    net_credit_max: int | None = None

    def within_caps(self) -> bool:
        """True when neither cap is exceeded, pending amounts on the capped side included."""
        net_debit = self.debits_posted + self.debits_pending - self.credits_posted
        net_credit = self.credits_posted + self.credits_pending - self.debits_posted
        return (self.net_debit_max is None or net_debit <= self.net_debit_max) and (
            self.net_credit_max is None or net_credit <= self.net_credit_max
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable ledger row. ``pending_entry`` is the reservation row it resolves."""

    entry_id: int
    uetr: str
    line: Line
    phase: Phase
    pending_entry: int | None


def account_key(institution: str, role: Role, currency: str, asset: str) -> str:
    """Name of an account: institution, role, currency, settlement asset.

    The asset is ``bakong`` (a mirror of a pool, settled gross) or ``deferred`` (a bilateral claim,
    netted in a window).
    """
    return f"{institution}/{role}/{currency}/{asset}"


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """One line of a posting template: role, settlement asset, side, and which amount of terms."""

    holder: str
    role: Role
    asset: str
    side: Side
    amount: str


OUTBOUND_CAPPED: Final = (
    TemplateLine("payer_side", Role.MEMBER, "deferred", Side.DEBIT, "debit"),
    TemplateLine("holder", Role.HOLDER, "deferred", Side.CREDIT, "source"),
    TemplateLine("fee_taker", Role.FEE, "deferred", Side.CREDIT, "fee"),
    TemplateLine("paying_holder", Role.HOLDER, "deferred", Side.DEBIT, "destination"),
    TemplateLine("payee_side", Role.NETWORK, "deferred", Side.CREDIT, "destination"),
)
"""A member's position pays the liquidity holder and the fee; the holder pays the network."""

INBOUND_TWO_LEG: Final = (
    TemplateLine("payer_side", Role.NETWORK, "deferred", Side.DEBIT, "debit"),
    TemplateLine("holder", Role.HOLDER, "deferred", Side.CREDIT, "source"),
    TemplateLine("fee_taker", Role.FEE, "deferred", Side.CREDIT, "fee"),
    TemplateLine("paying_holder", Role.HOLDER, "deferred", Side.DEBIT, "destination"),
    TemplateLine("payee_side", Role.POOL, "bakong", Side.CREDIT, "destination"),
)
"""The network owes the holder; the holder pays out of the sponsor's Bakong pool, gross."""

INBOUND_ON_US: Final = (
    *INBOUND_TWO_LEG[:-1],
    TemplateLine("payee_side", Role.MEMBER, "deferred", Side.CREDIT, "destination"),
)
"""The payee banks with the sponsor: Bakong moves nothing between a pool and itself, so the sponsor
is owed the amount as a member, and the mirror of its pool stays what the pool is."""

BETWEEN: Final = (
    TemplateLine("holder", Role.HOLDER, "deferred", Side.DEBIT, "between"),
    TemplateLine("second_holder", Role.HOLDER, "deferred", Side.CREDIT, "between"),
)
"""Two conversions by two holders: the first owes the second the currency between."""

PAYEE_FEE: Final = (
    TemplateLine("paying_holder", Role.HOLDER, "deferred", Side.DEBIT, "payee_fee"),
    TemplateLine("fee_taker", Role.FEE, "deferred", Side.CREDIT, "payee_fee"),
)
"""A fee that the payee bears is taken off what the holder pays out."""

RESIDUE: Final = (
    TemplateLine("holder", Role.HOLDER, "deferred", Side.DEBIT, "amount"),
    TemplateLine("fee_taker", Role.RESIDUE, "deferred", Side.CREDIT, "amount"),
)
"""What rounding to a step left with a holder is not its own: it is owed to the residue account."""


def lines_of(payment: Payment) -> tuple[Line, ...]:
    """The lines of a payment, from its templates and frozen terms; lines of zero are left out.

    The template of its direction comes first; what passes between two holders, and what rounding
    left, are pairs of their own behind it.
    """
    terms, institutions = payment.terms, payment.institutions
    places = {
        part.holder: getattr(institutions, part.holder)
        for part in (*_template(payment), *BETWEEN, *PAYEE_FEE, *RESIDUE)
    }
    lines = _lines(_template(payment), terms, places)
    if terms.between is not None and places["second_holder"] not in ("", places["holder"]):
        lines += _lines(BETWEEN, terms, places)
    if terms.payee_fee is not None:
        lines += _lines(PAYEE_FEE, terms, places)
    for residue in terms.residues:
        lines += _lines(RESIDUE, residue, places | {"holder": residue.holder})
    balanced(lines)
    return tuple(lines)


def _lines(
    template: Sequence[TemplateLine], amounts: Terms | Residue, places: Mapping[str, str]
) -> list[Line]:
    lines = []
    for part in template:
        amount: Money = getattr(amounts, part.amount)
        if amount.minor == 0:
            continue
        code = amount.currency.code
        key = account_key(places[part.holder], part.role, code, part.asset)
        lines.append(Line(key, part.side, code, amount.minor))
    return lines


def _template(payment: Payment) -> tuple[TemplateLine, ...]:
    if payment.direction is Direction.OUTBOUND:
        return OUTBOUND_CAPPED
    return INBOUND_ON_US if payment.institutions.on_us else INBOUND_TWO_LEG


def incoming_lines(sponsor: str, currency: str, minor: int) -> tuple[Line, ...]:
    """Money that arrived in a Bakong pool and is not matched yet: pool to suspense, posted."""
    lines = (
        Line(account_key(sponsor, Role.POOL, currency, "bakong"), Side.DEBIT, currency, minor),
        Line(account_key(sponsor, Role.SUSPENSE, currency, "bakong"), Side.CREDIT, currency, minor),
    )
    balanced(lines)
    return lines


def balanced(lines: Sequence[Line]) -> None:
    """Assert that lines sum to zero in each currency; anything else is a bug."""
    sums: dict[str, int] = {}
    for line in lines:
        signed = line.minor if line.side is Side.DEBIT else -line.minor
        sums[line.currency] = sums.get(line.currency, 0) + signed
    assert not any(sums.values()), "a posting does not sum to zero"


def applied(
    accounts: Mapping[str, Account], lines: Sequence[Line], phase: Phase, *, reserved: bool
) -> dict[str, Account]:
    """The accounts touched, after the lines were reserved, posted or voided.

    ``reserved`` says that the lines were reserved before (so posting and voiding release that).
    """
    touched: dict[str, Account] = {}
    for line in lines:
        account = touched.get(line.account) or accounts.get(line.account)
        if account is None:
            account = Account(line.account, line.currency)
        assert account.currency == line.currency, "an account has one currency"
        pending = {Phase.PENDING: line.minor}.get(phase, -line.minor if reserved else 0)
        posted = line.minor if phase is Phase.POSTED else 0
        if line.side is Side.DEBIT:
            account = replace(
                account,
                debits_pending=account.debits_pending + pending,
                debits_posted=account.debits_posted + posted,
            )
        else:
            account = replace(
                account,
                credits_pending=account.credits_pending + pending,
                credits_posted=account.credits_posted + posted,
            )
        assert account.debits_pending >= 0, "more was released than reserved"
        assert account.credits_pending >= 0, "more was released than reserved"
        touched[line.account] = account
    return touched


def within_caps(accounts: Mapping[str, Account], lines: Sequence[Line]) -> bool:
    """Whether no cap is exceeded by what these lines, already reserved, add to each account.

    The lines of one payment post or void together, so an account is judged by their sum on it: one
    that is given more than it gives back (a residue) needs no room under its debit cap.
    """
    given: dict[str, tuple[int, int]] = {}
    for line in lines:
        debit, credit = given.get(line.account, (0, 0))
        if line.side is Side.DEBIT:
            given[line.account] = (debit + line.minor, credit)
        else:
            given[line.account] = (debit, credit + line.minor)
    for key, (debit, credit) in given.items():
        account, both = accounts[key], min(debit, credit)
        judged = replace(
            account,
            debits_pending=account.debits_pending - both,
            credits_pending=account.credits_pending - both,
            net_debit_max=None if both and debit <= credit else account.net_debit_max,
            net_credit_max=None if both and credit <= debit else account.net_credit_max,
        )
        if not judged.within_caps():
            return False
    return True
