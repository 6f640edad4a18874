"""Typed configuration: read once, frozen, every problem named by file and key.

Files are TOML in one folder: ``switch``, ``corridors``, ``members``, ``limits``, ``providers``;
``merchants`` and ``screening`` where there are any. No value has a hidden default where money or
time depends on it. Unknown keys refuse the start, because a misspelt limit is no limit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from fx.market import Market
from fx.market_file import read_market
from fx.money import Money, MoneyError
from fx.tables import ProviderConfigError
from switch.config_across import guarded, holds_no_role, wrong_market
from switch.config_files import (
    AmountRow,
    CallsSection,
    CapRow,
    CoordinationSection,
    CorridorFile,
    CorridorRow,
    EventsSection,
    HttpSection,
    JournalSection,
    LimitFile,
    MemberFile,
    MemberRow,
    MembersSection,
    MerchantFile,
    NetworkSection,
    PaymentsSection,
    QuotesSection,
    RetentionSection,
    StoreSection,
    SwitchFile,
    SwitchSection,
    VaultSection,
    VelocitySection,
)
from switch.coordination.ports import MOST
from switch.corridor_roles import exposure_max_of, uncapped, wrong_roles
from switch.doors import MEMBER_FIRST, Member, Window, windows_of
from switch.feed import Feed
from switch.fx_side import SideError, scheme_of
from switch.ledger import Account, Role, account_key
from switch.merchants import NO_MERCHANTS, Merchants, MerchantsDiffer, Registration
from switch.model import Direction, Finality, Funding, UseCase
from switch.screening import SCREENING, ScreeningFile
from switch.standings import PartyState

HOME: Final = "bakong"
File = TypeVar("File", bound=BaseModel)


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Corridor:
    """One corridor; amounts bound what the merchant gets, ``quote_valid_s`` how long it is held.

    ``scheme`` is the provider that stands for the network where the network makes the price itself
    (``fx_side``), and ``scheme_currency`` what it is paid in; empty where our providers quote.
    ``fund_within_s`` is how long the payer's money is waited for where it is pushed in advance.
    """

    source_network: str
    destination_network: str
    use_case: UseCase
    payer_currency: str
    merchant_currency: str
    amount_min: Money
    amount_max: Money
    quote_valid_s: int
    fee_taker: str
    sponsor: str
    enabled: bool
    scheme: str = ""
    scheme_currency: str = ""
    funding: Funding = Funding.CAPPED
    finality: Finality = Finality.TWO_LEG
    fund_within_s: int = 0
    windows: tuple[Window, ...] = ()
    exposure_max: Money | None = None

    @property
    def name(self) -> str:
        """Name as in quotes and payments: ``bakong-thailand``."""
        return f"{self.source_network}-{self.destination_network}"

    @property
    def direction(self) -> Direction:
        """Outbound when the payer is on Bakong."""
        return Direction.OUTBOUND if self.source_network == HOME else Direction.INBOUND


@dataclass(frozen=True, slots=True)
class Velocity:
    """How fast one payer's side may open payments: their number, and sums in minor units."""

    window_s: int
    payments_max: int
    sums_max: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    switch: SwitchSection
    store: StoreSection
    http: HttpSection
    member_rules: MembersSection
    payments: PaymentsSection
    coordination: CoordinationSection
    vault: VaultSection
    journal: JournalSection
    retention: RetentionSection
    events: EventsSection
    networks: dict[str, NetworkSection]
    corridors: dict[tuple[str, str], Corridor]
    members: dict[str, Member]
    caps: tuple[Account, ...]
    quotes: QuotesSection
    calls: CallsSection
    velocity: Velocity
    market: Market
    feeds: tuple[Feed, ...]
    merchants: Merchants = NO_MERCHANTS
    screening: ScreeningFile | None = None


def default_folder() -> Path:
    """The configuration that travels with the program."""
    installed = Path(__file__).parent / "_config"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "config"


def load_config(folder: Path) -> Config:
    """Read a configuration folder. Raises :class:`ConfigError` naming file and key."""
    top = _read(folder / "switch.toml", SwitchFile)
    corridors = _read(folder / "corridors.toml", CorridorFile).corridor
    members = _read(folder / "members.toml", MemberFile).member
    limits = _read(folder / "limits.toml", LimitFile)
    try:
        market = read_market(folder / "providers.toml")
    except ProviderConfigError as error:
        raise ConfigError(str(error)) from None
    except OSError:
        raise ConfigError(f"{folder / 'providers.toml'}: cannot be read") from None
    for name, section in top.networks.items():
        if section.tls is not None and not section.url.startswith("https:"):
            raise ConfigError(f"switch.toml: networks.{name}.url: has tls and is not https")
    table = _corridors(corridors, top.networks, market)
    by_bic = _members(members, table)
    if wrong := guarded(by_bic.values(), production=top.switch.profile == "production"):
        raise ConfigError(f"members.toml: {wrong}")
    if wrong := wrong_market(market, [each.name for each in table.values()]):
        raise ConfigError(f"providers.toml: {wrong}")
    holding = {
        "member": set(by_bic),
        "network": set(top.networks),
        "fee": {each.fee_taker for each in table.values()},
        "holder": {bic for each in market.providers.values() for bic in each.holders},
    }
    caps = _every_cap(_member_caps(by_bic), _caps(limits.cap, top.networks, holding))
    if unbounded := uncapped(table.values(), by_bic, caps):
        raise ConfigError(f"corridors.toml: {unbounded}")
    return Config(
        switch=top.switch,
        store=top.store,
        http=top.http,
        member_rules=top.members,
        payments=top.payments,
        coordination=top.coordination,
        vault=top.vault,
        journal=top.journal,
        retention=top.retention,
        events=top.events,
        networks=top.networks,
        corridors=table,
        members=by_bic,
        caps=caps,
        quotes=limits.quotes,
        calls=limits.calls,
        velocity=_velocity(limits.velocity),
        market=market,
        feeds=_feeds(top, market),
        merchants=_merchants(folder / "merchants.toml", top.networks),
        screening=_read(path, ScreeningFile) if (path := folder / SCREENING).exists() else None,
    )


def _merchants(path: Path, networks: dict[str, NetworkSection]) -> Merchants:
    """The registry, empty where there is no file: only some networks name merchants by ids."""
    rows = _read(path, MerchantFile).merchant if path.exists() else []
    banks = networks[HOME].options.get("banks", "").replace(" ", "").split(",")
    for place, row in enumerate(rows):
        where = f"merchants.toml: merchant[{place}]"
        if row.network not in networks:
            raise ConfigError(f"{where}.network: is not a network of switch.toml")
        if f"{row.account.rpartition('@')[2]}={row.bank}" not in banks:
            raise ConfigError(f"{where}.bank: is not the bank of the account")
    listed = (
        Registration(
            row.network, row.id, row.account, row.bank, row.currency, PartyState(row.status)
        )
        for row in rows
    )
    try:
        return Merchants(listed)
    except MerchantsDiffer as error:
        raise ConfigError(f"merchants.toml: merchant[{error.place}].{error}") from None


def _feeds(top: SwitchFile, market: Market) -> tuple[Feed, ...]:
    for place, feed in enumerate(top.feeds):
        where = f"switch.toml: feeds[{place}]"
        if feed.provider not in market.providers:
            raise ConfigError(f"{where}.provider: is not a provider of providers.toml")
        if feed.provider in [other.provider for other in top.feeds[:place]]:
            raise ConfigError(f"{where}.provider: has two feeds")
        if top.switch.profile == "production" and not feed.url.startswith("https:"):
            raise ConfigError(f"{where}.url: a rate that anybody could change on its way")
    return tuple(top.feeds)


def _read(path: Path, shape: type[File]) -> File:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path.name}: cannot be read") from None
    try:
        return shape.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        told = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path.name}: {key}: {told}") from None


def _corridors(
    rows: list[CorridorRow], networks: dict[str, NetworkSection], market: Market
) -> dict[tuple[str, str], Corridor]:
    table: dict[tuple[str, str], Corridor] = {}
    for place, row in enumerate(rows):
        where = f"corridors.toml: corridor[{place}]"
        corridor = _corridor(row, where, networks, market)
        ends = (corridor.source_network, corridor.destination_network)
        if ends in table:
            raise ConfigError(f"{where}: these two ends are there twice")
        table[ends] = corridor
    return table


def _members(
    rows: list[MemberRow], corridors: dict[tuple[str, str], Corridor]
) -> dict[str, Member]:
    payer_currencies = {
        each.payer_currency for each in corridors.values() if each.source_network == HOME
    }
    members: dict[str, Member] = {}
    for place, row in enumerate(rows):
        where = f"members.toml: member[{place}]"
        if row.bic in members:
            raise ConfigError(f"{where}.bic: is there twice")
        if payer_currencies - {row.net_debit_max.currency}:
            # A corridor in another currency would have no cap at all.
            raise ConfigError(
                f"{where}.net_debit_max.currency: "
                "is not the payer's currency of every outbound corridor"
            )
        cap = _money(row.net_debit_max, f"{where}.net_debit_max")
        webhook = None if row.events is None else row.events.webhook
        told = (row.events is not None, webhook)
        members[row.bic] = Member(row.bic, row.name, cap, *told, first=MEMBER_FIRST[row.status])
    return members


def _every_cap(members: list[Account], others: list[Account]) -> tuple[Account, ...]:
    """All caps; two for one account would silently be one, and the other would cap nothing."""
    caps: dict[str, Account] = {}
    for cap in (*members, *others):
        if cap.key in caps:
            raise ConfigError(f"limits.toml: cap: {cap.key} has two caps")
        caps[cap.key] = cap
    return tuple(caps.values())


def _corridor(
    row: CorridorRow, where: str, networks: dict[str, NetworkSection], market: Market
) -> Corridor:
    for network in (row.source_network, row.destination_network):
        if network not in networks:
            raise ConfigError(f"{where}: {network} is not a network of switch.toml")
    wrong = wrong_roles(row, HOME, networks[HOME].own_bic)
    if wrong is not None:
        raise ConfigError(f"{where}{wrong}")
    _money(AmountRow(currency=row.payer_currency, value="0"), f"{where}.payer_currency")
    bounds = [
        _money(AmountRow(currency=row.merchant_currency, value=text), f"{where}.{key}")
        for key, text in (("amount_min", row.amount_min), ("amount_max", row.amount_max))
    ]
    if bounds[1] < bounds[0]:
        raise ConfigError(f"{where}.amount_max: is below amount_min")
    try:
        scheme, paid_in = scheme_of(row, market, inbound=row.destination_network == HOME)
    except SideError as error:
        raise ConfigError(f"{where}.{error}") from None
    try:
        windows, exposure_max = windows_of(row.windows), exposure_max_of(row, HOME)
    except ValueError as error:
        raise ConfigError(f"{where}.{error}") from None
    return Corridor(
        source_network=row.source_network,
        destination_network=row.destination_network,
        use_case=UseCase(row.use_case),
        payer_currency=row.payer_currency,
        merchant_currency=row.merchant_currency,
        amount_min=bounds[0],
        amount_max=bounds[1],
        quote_valid_s=row.quote_valid_s,
        fee_taker=row.fee_taker,
        sponsor=row.sponsor or "",
        enabled=row.enabled,
        scheme=scheme,
        scheme_currency=paid_in,
        funding=Funding(row.funding),
        finality=Finality(row.finality),
        fund_within_s=row.fund_within_s or 0,
        windows=windows,
        exposure_max=exposure_max,
    )


def _money(amount: AmountRow, where: str) -> Money:
    try:
        return amount.money()
    except MoneyError as error:
        raise ConfigError(f"{where}: {error.detail}") from None


def _member_caps(members: dict[str, Member]) -> list[Account]:
    caps = []
    for member in members.values():
        code = member.net_debit_max.currency.code
        key = account_key(member.bic, Role.MEMBER, code, "deferred")
        caps.append(Account(key, code, net_debit_max=member.net_debit_max.minor))
    return caps


def _caps(
    rows: list[CapRow], networks: dict[str, NetworkSection], holding: dict[str, set[str]]
) -> list[Account]:
    known = {each.own_bic for each in networks.values()}.union(*holding.values())
    caps = []
    for place, row in enumerate(rows):
        where = f"limits.toml: cap[{place}]"
        if row.institution not in known:
            # A misspelt name would cap an account that nothing is ever booked on.
            raise ConfigError(f"{where}.institution: holds no role in this configuration")
        if holds_no_role(row, holding):
            raise ConfigError(f"{where}.role: {row.institution} holds another one")
        given = [amount for amount in (row.net_debit_max, row.net_credit_max) if amount]
        if not given or len({amount.currency for amount in given}) != 1:
            raise ConfigError(f"{where}: needs caps in one currency")
        debit = _cap(row.net_debit_max, f"{where}.net_debit_max")
        credit = _cap(row.net_credit_max, f"{where}.net_credit_max")
        code = given[0].currency
        key = account_key(row.institution, Role(row.role), code, row.asset)
        caps.append(Account(key, code, net_debit_max=debit, net_credit_max=credit))
    return caps


def _velocity(row: VelocitySection) -> Velocity:
    sums: dict[str, int] = {}
    for place, amount in enumerate(row.sums_max):
        where = f"limits.toml: velocity.sums_max[{place}]"
        money = _money(amount, where)
        if not 0 < money.minor <= MOST:
            raise ConfigError(f"{where}: is no bound")
        if amount.currency in sums:
            raise ConfigError(f"{where}.currency: is there twice")
        sums[amount.currency] = money.minor
    return Velocity(row.window_s, row.payments_max, sums)


def _cap(amount: AmountRow | None, where: str) -> int | None:
    return None if amount is None else _money(amount, where).minor
