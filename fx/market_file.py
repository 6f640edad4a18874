"""Reads ``providers.toml``: who quotes, at which standing rates, to whom, for which fees.

The file is read whole or not at all, and each problem names its key. A rate row that names a
corridor also lets its provider quote there, to everybody, unless relationship rows of that corridor
say who may; the surprise for a reader of several rows: the fee belongs to the corridor, so the
first row that states it holds for the other providers too, and another one is refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.board import Board
from fx.fees import Fee
from fx.market import CorridorFees, Market
from fx.money import Money, MoneyError, currency
from fx.refusals import RateRefused
from fx.sheets import (
    ANY,
    BASIS,
    HOME_NETWORK,
    SPREAD_BP_MAX,
    Hours,
    Provider,
    ProviderRole,
    RateSheet,
    Reference,
    Relationship,
    Rules,
    Tier,
)
from fx.tables import ProviderConfigError, Table, document_of, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from fx.money import Currency

VALIDITY_S_MAX: Final = 86_400
"""Longest validity that can be configured: a rate does not hold for more than a day."""

PAYEE_FEE_BP_MAX: Final = 5_000
"""Largest share of a fee deducted from the payee."""

DAY_MINUTES: Final = 24 * 60

BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a configured sheet takes effect that does not say it: before anything that is posted."""

_HEADINGS: Final = ("provider", "rate", "relationship", "fee", "reference", "rules")
_NAME: Final = re.compile(r"\A[a-z][a-z0-9_]{0,31}\Z", re.ASCII)
_CORRIDOR: Final = re.compile(r"\A[a-z][a-z0-9_]{0,31}-[a-z][a-z0-9_]{0,31}\Z", re.ASCII)
_VERSION: Final = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,34}\Z", re.ASCII)
_BIC: Final = re.compile(r"\A[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z", re.ASCII)
_SIDE: Final = re.compile(rf"{_BIC.pattern}|\A\*\Z", re.ASCII)
_ROLE: Final = re.compile(r"\A(?:" + "|".join(ProviderRole) + r")\Z", re.ASCII)
_PARTY: Final = re.compile(r"\A(?:payer|payee)\Z", re.ASCII)
_OFFSET: Final = re.compile(r"\A[+-](?:0[0-9]|1[0-4]):[0-5][0-9]\Z", re.ASCII)
_TIME: Final = re.compile(r"\A(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z", re.ASCII)
_PROVIDER_KEYS: Final = (
    "id", "liquidity_holder", "liquidity_holders", "validity_s", "roles", "stale_after_s", "hours",
    "liquidity",
)  # fmt: skip
_FEE_KEYS: Final = ("fee_fixed", "fee_basis_points", "fee_minimum", "fee_maximum")
_RATE_KEYS: Final = (
    "provider", "source_network", "destination_network", "payer_currency", "merchant_currency",
    "unit_currency", "rate", "rate_version", "effective_at", "spread_bp", "tiers", *_FEE_KEYS,
)  # fmt: skip
_HOLDERS: Final = "liquidity_holders"
_WEEK: Final = range(1, 8)
_FeeKey = tuple[str, str, str]


def read_market(path: Path) -> Market:
    """Read the file; raises :class:`ProviderConfigError`, or OSError if unreadable."""
    return parse_market(path.read_bytes(), path.name)


def parse_market(content: bytes, file: str) -> Market:
    """Read the tables from their bytes; ``file`` is the name that errors carry."""
    document = document_of(content, file, _HEADINGS)
    rows = {name: rows_of(file, name, document.get(name, [])) for name in _HEADINGS[:-1]}
    for name in ("provider", "rate"):
        if name not in document:
            raise ProviderConfigError(file, name, f"must be tables, written [[{name}]]")
    providers: dict[str, Provider] = {}
    for table in rows["provider"]:
        provider = _provider(table)
        if provider.name in providers:
            raise table.problem("id", "is there twice")
        providers[provider.name] = provider
    known = MappingProxyType(providers)
    sheets, fees, implied = _rates(rows["rate"], known)
    for table in rows["fee"]:
        _fee_row(table, fees)
    stated = [_relationship(table, known) for table in rows["relationship"]]
    named = dict.fromkeys(row.corridor for row in stated)
    stated += [
        Relationship(ANY, ANY, corridor, tuple(names))
        for corridor, names in implied.items()
        if corridor not in named
    ]
    rules = document.get("rules", {})
    if not isinstance(rules, dict):
        raise ProviderConfigError(file, "rules", "must be one table")
    market = Market(
        providers=known,
        relationships=tuple(stated),
        fees=MappingProxyType(fees),
        references=tuple(_reference(table) for table in rows["reference"]),
        rules=_rules(Table(file, "rules", rules)),
    )
    _judge(market, sheets, file)
    return replace(market, sheets=sheets)


def _judge(market: Market, sheets: tuple[RateSheet, ...], file: str) -> None:
    """Refuse a configured sheet that would not be taken if it were posted."""
    board = Board.open(market, BEFORE_ALL)
    for sheet in sheets:
        try:
            board = board.publish(sheet, BEFORE_ALL).board
        except RateRefused as refused:
            key = f"rate.{sheet.provider}.{'-'.join(sheet.pair)}"
            raise ProviderConfigError(file, key, refused.detail) from None


def _provider(table: Table) -> Provider:
    table.only(*_PROVIDER_KEYS)
    roles: tuple[ProviderRole, ...] = (ProviderRole.QUOTER, ProviderRole.HOLDER)
    if table.has("roles"):
        roles = tuple(ProviderRole(role) for role in table.texts("roles", _ROLE, "known roles"))
    return Provider(
        name=table.text("id", _NAME, "a name in lower case"),
        liquidity_holder=table.text("liquidity_holder", _BIC, "a BIC of 8 or 11 characters"),
        validity_s=table.whole("validity_s", 1, VALIDITY_S_MAX),
        roles=roles,
        stale_after_s=table.optional_whole("stale_after_s", 1, 7 * VALIDITY_S_MAX),
        hours=_hours(table.inner("hours")) if table.has("hours") else None,
        liquidity=_liquidity(table.inner("liquidity")) if table.has("liquidity") else (),
        liquidity_holders=_holders(table.inner(_HOLDERS)) if table.has(_HOLDERS) else (),
    )


def _hours(table: Table) -> Hours:
    table.only("offset", "opens", "closes", "days", "holidays")
    sign = table.text("offset", _OFFSET, "an offset such as +07:00")
    minutes = _minutes(sign[1:])
    opens, closes = (
        _minutes(table.text(key, _TIME, "a time such as 08:00")) for key in ("opens", "closes")
    )
    if opens == DAY_MINUTES:
        raise table.problem("opens", "must be before 24:00")
    if closes == opens:
        raise table.problem("closes", "must not be opens: all day is 00:00 to 24:00")
    days = table.values.get("days")
    if not isinstance(days, list) or not all(type(day) is int and day in _WEEK for day in days):
        raise table.problem("days", "must be a list of weekdays, Monday 1 to Sunday 7")
    holidays = table.values.get("holidays", [])
    if not isinstance(holidays, list) or not all(type(day) is date for day in holidays):
        raise table.problem("holidays", "must be a list of dates")
    return Hours(
        -minutes if sign[0] == "-" else minutes, opens, closes, tuple(days), tuple(holidays)
    )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _liquidity(table: Table) -> tuple[Money, ...]:
    return tuple(table.money(code, _unit(table, code)) for code in table.values)


def _holders(table: Table) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_unit(table, code).code, table.text(code, _BIC, "a BIC of 8 or 11 characters"))
        for code in table.values
    )


def _unit(table: Table, code: str) -> Currency:
    """The currency that a key names."""
    try:
        return currency(code)
    except MoneyError:
        raise table.problem(code, "is not a supported currency") from None


def _rates(
    rows: list[Table], providers: MappingProxyType[str, Provider]
) -> tuple[tuple[RateSheet, ...], dict[_FeeKey, CorridorFees], dict[str, list[str]]]:
    """The sheets, the fees that their rows state, and who is thereby let into which corridor."""
    sheets: dict[tuple[str, str, str], RateSheet] = {}
    fees: dict[_FeeKey, CorridorFees] = {}
    corridors: dict[str, list[str]] = {}
    for table in rows:
        table.only(*_RATE_KEYS)
        name = table.text("provider", _NAME, "a name in lower case")
        if name not in providers:
            raise table.problem("provider", "is not the id of a [[provider]]")
        corridor = _ends(table) if table.has("source_network") or _has_fee(table) else None
        sheet = _sheet(table, name)
        key = (name, *sheet.pair)
        before = sheets.get(key)
        if before is not None and (before != sheet or corridor is None):
            raise table.problem("payer_currency", "this provider and pair are there twice")
        sheets[key] = sheet
        if corridor is None:
            continue
        named = corridors.setdefault(corridor, [])
        if before is not None and name in named:
            raise table.problem("source_network", "this corridor and currencies are there twice")
        if name not in named:
            named.append(name)
        _row_fee(table, (corridor, *sheet.pair), sheet.payer, fees)
    return tuple(sheets.values()), fees, corridors


def _has_fee(table: Table) -> bool:
    return any(table.has(key) for key in _FEE_KEYS)


def _ends(table: Table) -> str:
    source = table.text("source_network", _NAME, "a network's name")
    destination = table.text("destination_network", _NAME, "a network's name")
    if (source == HOME_NETWORK) == (destination == HOME_NETWORK):
        raise table.problem("destination_network", f"exactly one end must be {HOME_NETWORK}")
    return f"{source}-{destination}"


def _pair(table: Table) -> tuple[Currency, Currency]:
    payer, merchant = table.unit("payer_currency"), table.unit("merchant_currency")
    if payer == merchant:
        raise table.problem("merchant_currency", "is the payer's currency: nothing to convert")
    return payer, merchant


def _sheet(table: Table, provider: str) -> RateSheet:
    payer, merchant = _pair(table)
    unit = table.unit("unit_currency")
    if unit not in (payer, merchant):
        raise table.problem("unit_currency", "must be the payer's or the merchant's currency")
    rate = table.rate("rate", unit, merchant if unit == payer else payer)
    if rate.value < 1:
        raise table.problem("rate", "must be stated in the direction with the bigger number")
    tiers = table.rows("tiers") if table.has("tiers") else []
    try:
        return RateSheet(
            provider=provider,
            payer=payer,
            payee=merchant,
            rate=rate,
            version=table.text("rate_version", _VERSION, "1 to 35 letters, digits, . _ or -"),
            effective_at=table.moment("effective_at") if table.has("effective_at") else BEFORE_ALL,
            spread_bp=table.optional_whole("spread_bp", 0, SPREAD_BP_MAX) or 0,
            tiers=tuple(_tier(tier, payer) for tier in tiers),
        )
    except RateRefused as refused:
        raise table.problem("tiers", refused.detail) from None


def _tier(table: Table, payer: Currency) -> Tier:
    table.only("from", "improvement_bp")
    return Tier(table.money("from", payer), table.whole("improvement_bp", 0, SPREAD_BP_MAX))


def _row_fee(
    table: Table, key: _FeeKey, payer: Currency, fees: dict[_FeeKey, CorridorFees]
) -> None:
    """The payer's fee of a rate row; the corridor's other rows may leave it out or repeat it."""
    before = fees.get(key)
    if before is not None and not _has_fee(table):
        return
    fee = _fee(table, payer, "fee_")
    if before is not None and before.payer != fee:
        raise table.problem("fee_fixed", "another row states another fee for this corridor")
    fees[key] = CorridorFees(payer=fee)


def _fee(table: Table, unit: Currency, prefix: str) -> Fee:
    fixed = table.money(f"{prefix}fixed", unit)
    points = table.whole(f"{prefix}basis_points", 0, BASIS)
    minimum, maximum = Money(0, unit), None
    if table.has(f"{prefix}minimum"):
        minimum = table.money(f"{prefix}minimum", unit)
    if table.has(f"{prefix}maximum"):
        maximum = table.money(f"{prefix}maximum", unit)
        if maximum < minimum or maximum < fixed:
            raise table.problem(f"{prefix}maximum", "is below the fixed fee or the minimum")
    return Fee(fixed=fixed, basis_points=points, minimum=minimum, maximum=maximum)


def _fee_row(table: Table, fees: dict[_FeeKey, CorridorFees]) -> None:
    """A fee of its own table: of the payer, on top, or of the payee, deducted."""
    table.only("source_network", "destination_network", "payer_currency", "merchant_currency",
               "party", "fixed", "basis_points", "minimum", "maximum")  # fmt: skip
    payer, merchant = _pair(table)
    key = (_ends(table), payer.code, merchant.code)
    before = fees.get(key, CorridorFees())
    if table.text("party", _PARTY, "payer or payee") == "payer":
        if before.payer is not None:
            raise table.problem("party", "the payer's fee of this corridor is there twice")
        fees[key] = CorridorFees(_fee(table, payer, ""), before.payee)
        return
    if before.payee is not None:
        raise table.problem("party", "the payee's fee of this corridor is there twice")
    table.whole("basis_points", 0, PAYEE_FEE_BP_MAX)
    fees[key] = CorridorFees(before.payer, _fee(table, merchant, ""))


def _relationship(table: Table, providers: MappingProxyType[str, Provider]) -> Relationship:
    table.only("member", "sponsor", "corridor", "providers", "improvement_bp")
    names = table.texts("providers", _NAME, "provider ids")
    if not all(name in providers for name in names):
        raise table.problem("providers", "names one that is not the id of a [[provider]]")
    return Relationship(
        member=table.text("member", _SIDE, "a BIC or *"),
        sponsor=table.text("sponsor", _SIDE, "a BIC or *") if table.has("sponsor") else ANY,
        corridor=table.text("corridor", _CORRIDOR, "two networks, such as bakong-thailand"),
        providers=names,
        improvement_bp=table.optional_whole("improvement_bp", 0, SPREAD_BP_MAX) or 0,
    )


def _reference(table: Table) -> Reference:
    table.only("unit_currency", "quoted_currency", "rate", "at", "bounds_bp", "jump_bp")
    unit, quoted = table.unit("unit_currency"), table.unit("quoted_currency")
    if unit == quoted:
        raise table.problem("quoted_currency", "is the unit: nothing to convert")
    return Reference(
        rate=table.rate("rate", unit, quoted),
        at=table.moment("at"),
        bounds_bp=table.optional_whole("bounds_bp", 0, BASIS),
        jump_bp=table.optional_whole("jump_bp", 0, BASIS),
    )


def _rules(table: Table) -> Rules:
    table.only("bridge", "triangular_alarm_bp", "jump_bp", "reference_required")
    margin = Rules().triangular_alarm_bp
    if table.has("triangular_alarm_bp"):
        margin = table.whole("triangular_alarm_bp", 0, BASIS)
    required = table.values.get("reference_required", False)
    if not isinstance(required, bool):
        raise table.problem("reference_required", "must be true or false")
    return Rules(
        bridge=table.unit("bridge") if table.has("bridge") else None,
        triangular_alarm_bp=margin,
        jump_bp=table.optional_whole("jump_bp", 0, BASIS),
        reference_required=required,
    )
