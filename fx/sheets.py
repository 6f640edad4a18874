"""What providers post and what binds them: sheets, tiers, opening hours, relationships, references.

A sheet prices one directed pair, payer's currency to payee's. Its base rate is kept in the
direction with the bigger number, so "worse for the payer" means a larger number in one direction
and a smaller one in the other; :attr:`RateSheet.payer_per_payee` says which. All times are aware;
a naive one is refused. Nothing here knows what time it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from fx.money import Currency, Money, MoneyError, Rate, currency
from fx.refusals import LeftOut, RateRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

BASIS: Final = 10_000
"""Basis points in the whole."""

SPREAD_BP_MAX: Final = 2_000
"""Widest spread of a sheet: a fifth of the price."""

RATE_MAX: Final = 10**10
"""Largest base rate: worsened by the widest spread it still has eleven digits."""

TIERS_MAX: Final = 16
"""Most tiers of one sheet."""

TIER_STEPS_MAX: Final = 5 * 10**9
"""Highest threshold, in cash steps: a rate of ten decimals still meets it to the step."""

ANY: Final = "*"
"""Stands for every member or every sponsor in a relationship."""

HOME_NETWORK: Final = "bakong"
"""The domestic side; a corridor has it at exactly one end."""

Pair: TypeAlias = tuple[str, str]
"""Payer's and payee's currency codes: ``("KHR", "THB")``."""

_VERSION: Final = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,34}\Z", re.ASCII)
_SHEET_KEYS: Final = (
    "provider", "payer_currency", "payee_currency", "unit_currency", "rate", "version",
    "effective_at", "spread_bp", "tiers",
)  # fmt: skip
_TIER_KEYS: Final = ("from", "improvement_bp")
_Term = TypeVar("_Term", str, int)


class Direction(StrEnum):
    """Which way a corridor runs, seen from Bakong."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class ProviderRole(StrEnum):
    """What an institution does in a corridor (money rules, section 1)."""

    QUOTER = "quoter"
    HOLDER = "holder"
    SPONSOR = "sponsor"
    SCHEME = "scheme"
    """The network itself, where it prices: Alipay+, UnionPay."""


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC.

    Raises :class:`RateRefused`: ``time_naive`` without an offset, ``sheet_malformed`` for one that
    the offset moves out of the calendar.
    """
    if moment.utcoffset() is None:
        raise RateRefused("time_naive", "a time needs its offset from UTC")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise RateRefused("sheet_malformed", "a time beyond the calendar") from None


@dataclass(frozen=True, slots=True)
class Hours:
    """When a provider quotes, in a fixed offset from UTC (none of these zones has summer time).

    ``opens`` and ``closes`` are minutes of the local day, ``closes`` exclusive; one before
    ``opens`` is of the next day. ``days`` are ISO weekdays, Monday 1, and ``holidays`` local dates
    of the day that it opens on: what is left of a night belongs to the evening before it.
    """

    offset_minutes: int
    opens: int
    closes: int
    days: tuple[int, ...]
    holidays: tuple[date, ...] = ()

    def shut(self, at: datetime) -> LeftOut | None:
        """Return why the provider does not quote at this moment, or nothing."""
        local = at.astimezone(timezone(timedelta(minutes=self.offset_minutes)))
        minute = local.hour * 60 + local.minute
        if self.closes > self.opens:
            return self._shut_on(local) or (
                None if self.opens <= minute < self.closes else LeftOut.CLOSED
            )
        if minute < self.closes:
            return self._shut_on(local - timedelta(days=1))
        return self._shut_on(local) or (None if self.opens <= minute else LeftOut.CLOSED)

    def _shut_on(self, local: datetime) -> LeftOut | None:
        """Why it does not open on this day at all."""
        if local.date() in self.holidays:
            return LeftOut.HOLIDAY
        return None if local.isoweekday() in self.days else LeftOut.CLOSED


@dataclass(frozen=True, slots=True)
class Provider:
    """An institution that quotes, or holds liquidity for one that does.

    ``liquidity_holder`` is the BIC whose money is paid out, ``liquidity_holders`` are those of
    single currencies (code, BIC) that another institution pays out; ``validity_s`` seconds is how
    long its quotes hold at most; a sheet not posted or confirmed for more than ``stale_after_s``
    seconds is not quoted (absent: a rate holds until replaced); ``liquidity`` is the most that one
    quote may pay out, per currency (a currency not named has no such bound).
    """

    name: str
    liquidity_holder: str
    validity_s: int
    roles: tuple[ProviderRole, ...] = (ProviderRole.QUOTER, ProviderRole.HOLDER)
    stale_after_s: int | None = None
    hours: Hours | None = None
    liquidity: tuple[Money, ...] = ()
    liquidity_holders: tuple[tuple[str, str], ...] = ()

    @property
    def quotes(self) -> bool:
        """Whether it may post sheets."""
        return ProviderRole.QUOTER in self.roles or ProviderRole.SCHEME in self.roles

    @property
    def holders(self) -> tuple[str, ...]:
        """Every institution that pays out for it, each once."""
        others = (bic for _, bic in self.liquidity_holders)
        return tuple(dict.fromkeys([self.liquidity_holder, *others]))

    def holder(self, code: str) -> str:
        """The institution (BIC) that pays out this currency."""
        for unit, bic in self.liquidity_holders:
            if unit == code:
                return bic
        return self.liquidity_holder

    def most(self, code: str) -> int | None:
        """Most that one quote may pay out of this currency, in minor units; None is no bound."""
        bounds = (each.minor for each in self.liquidity if each.currency.code == code)
        return next(bounds, None)


@dataclass(frozen=True, slots=True)
class Tier:
    """From this source amount on (payer's currency), this much of the spread is given back."""

    at_least: Money
    improvement_bp: int


@dataclass(frozen=True, slots=True)
class RateSheet:
    """One provider's standing price of one directed pair.

    ``rate`` is the base; it is worsened by ``spread_bp`` and bettered by the tier and by what a
    relationship grants, never beyond the base. ``version`` is unique per provider and pair.
    Raises :class:`RateRefused` for a sheet that cannot stand by itself.
    """

    provider: str
    payer: Currency
    payee: Currency
    rate: Rate
    version: str
    effective_at: datetime
    spread_bp: int = 0
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        if self.payer == self.payee:
            raise RateRefused("same_currency", "a sheet converts between two currencies")
        if {self.rate.unit.code, self.rate.quoted.code} != {self.payer.code, self.payee.code}:
            raise RateRefused("sheet_malformed", "the rate is not between these currencies")
        if self.rate.value < 1:
            raise RateRefused("rate_direction", "state the rate in the larger-number direction")
        if self.rate.value > RATE_MAX:
            raise RateRefused("sheet_malformed", f"a rate is {RATE_MAX} at most")
        if _VERSION.match(self.version) is None:
            raise RateRefused("sheet_malformed", "a version is 1 to 35 letters, digits, . _ or -")
        if not 0 <= self.spread_bp <= SPREAD_BP_MAX:
            raise RateRefused("sheet_malformed", f"the spread is 0 to {SPREAD_BP_MAX} bp")
        object.__setattr__(self, "effective_at", utc(self.effective_at))
        self._check_tiers()

    def _check_tiers(self) -> None:
        if len(self.tiers) > TIERS_MAX:
            raise RateRefused("sheet_malformed", f"a sheet has {TIERS_MAX} tiers at most")
        before: Tier | None = None
        for tier in self.tiers:
            step = self.payer.cash_step
            if tier.at_least.currency != self.payer or tier.at_least.minor % step:
                raise RateRefused("sheet_malformed", "a tier starts at an amount of the payer's")
            if tier.at_least.minor > TIER_STEPS_MAX * step:
                raise RateRefused("sheet_malformed", "a tier starts beyond what a rate can meet")
            if tier.improvement_bp < 0:
                raise RateRefused("sheet_malformed", "an improvement is not negative")
            if tier.improvement_bp > self.spread_bp:
                raise RateRefused("improvement_above_spread", "a tier gives back more than it has")
            if before is not None and tier.at_least.minor <= before.at_least.minor:
                raise RateRefused("tiers_disordered", "tiers stand by their amounts, each once")
            if before is not None and tier.improvement_bp < before.improvement_bp:
                raise RateRefused("tiers_not_monotone", "a larger amount would get less out")
            before = tier

    @property
    def pair(self) -> Pair:
        """The two codes, payer's first."""
        return (self.payer.code, self.payee.code)

    @property
    def payer_per_payee(self) -> bool:
        """Whether the rate counts the payer's currency, so that a larger number is worse."""
        return self.rate.quoted == self.payer

    def to_terms(self) -> dict[str, object]:
        """Return the sheet as JSON values: text, and whole numbers of basis points."""
        return {
            "provider": self.provider,
            "payer_currency": self.payer.code,
            "payee_currency": self.payee.code,
            "unit_currency": self.rate.unit.code,
            "rate": str(self.rate),
            "version": self.version,
            "effective_at": self.effective_at.isoformat(),
            "spread_bp": self.spread_bp,
            "tiers": [
                {"from": str(tier.at_least), "improvement_bp": tier.improvement_bp}
                for tier in self.tiers
            ],
        }

    @classmethod
    def from_terms(cls, terms: Mapping[str, object]) -> RateSheet:
        """Read what :meth:`to_terms` writes; ``spread_bp`` and ``tiers`` may be left out.

        Raises :class:`RateRefused` with the code that fits, ``sheet_malformed`` for the shape.
        """
        for key in terms:
            if key not in _SHEET_KEYS:
                raise RateRefused("sheet_malformed", "a key is not one of a sheet")
        full: Mapping[str, object] = {"spread_bp": 0, "tiers": [], **terms}
        text = {key: _term(full, key, str) for key in _SHEET_KEYS[:-2]}
        rows = full["tiers"]
        if not isinstance(rows, list):
            raise RateRefused("sheet_malformed", "tiers is a list")
        try:
            payer, payee = currency(text["payer_currency"]), currency(text["payee_currency"])
            unit = currency(text["unit_currency"])
            return cls(
                provider=text["provider"],
                payer=payer,
                payee=payee,
                rate=Rate.parse(text["rate"], unit.code, (payee if unit == payer else payer).code),
                version=text["version"],
                effective_at=datetime.fromisoformat(text["effective_at"]),
                spread_bp=_term(full, "spread_bp", int),
                tiers=tuple(_tier(row, payer) for row in rows),
            )
        except RateRefused:
            raise
        except MoneyError as error:
            raise RateRefused("sheet_malformed", error.detail) from None
        except ValueError:
            # Of fromisoformat; its text quotes the value.
            raise RateRefused("sheet_malformed", "effective_at is a time of ISO 8601") from None


def _tier(row: object, payer: Currency) -> Tier:
    if not isinstance(row, dict) or sorted(row) != sorted(_TIER_KEYS):
        raise RateRefused("sheet_malformed", "a tier has from and improvement_bp")
    return Tier(Money.parse(_term(row, "from", str), payer.code), _term(row, "improvement_bp", int))


def _term(terms: Mapping[str, object], name: str, kind: type[_Term]) -> _Term:
    value = terms.get(name)
    if type(value) is not kind:
        raise RateRefused("sheet_malformed", f"{name} is missing or of another type")
    return value


@dataclass(frozen=True, slots=True)
class Relationship:
    """Who may quote to whom: best-of runs inside this table only.

    ``member`` and ``sponsor`` are a BIC or ``*``; ``improvement_bp`` of the spread is given back to
    this member by each of ``providers``, on top of the tier. A row that names the member stands
    before one for all.
    """

    member: str
    sponsor: str
    corridor: str
    providers: tuple[str, ...]
    improvement_bp: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """An official rate (NBC) that sheets of both directions of the pair are judged by.

    A sheet may be ``bounds_bp`` away from it, and a new version ``jump_bp`` away from the one
    before; either absent means no such limit.
    """

    rate: Rate
    at: datetime
    bounds_bp: int | None
    jump_bp: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", utc(self.at))


@dataclass(frozen=True, slots=True)
class Posted:
    """A sheet as the board holds it; ``seen_at`` is when it was last posted or confirmed."""

    sheet: RateSheet
    seen_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the whole board.

    ``bridge`` is the currency that two sheets may meet in; a bridged quote that beats the best
    direct one by more than ``triangular_alarm_bp`` raises an alarm; ``jump_bp`` limits a new
    version where the reference of its pair states no limit. With ``reference_required`` a pair
    that no reference can judge is not quoted.
    """

    bridge: Currency | None = None
    triangular_alarm_bp: int = 100
    jump_bp: int | None = None
    reference_required: bool = False
