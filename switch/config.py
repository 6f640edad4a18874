"""Typed configuration: read once, frozen, every problem named by file and key.

Files are TOML in one folder: ``switch``, ``corridors``, ``members``, ``limits``, ``providers``. No
value has a hidden default where money or time depends on it. Unknown keys refuse the start, because
a misspelt limit is no limit.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fx.market import Market
from fx.market_file import read_market
from fx.money import Money, MoneyError
from fx.tables import ProviderConfigError
from switch.feed import Feed
from switch.fx_side import SideError, scheme_of
from switch.ledger import Account, Role, account_key
from switch.model import Direction, UseCase

HOME: Final = "bakong"
File = TypeVar("File", bound=BaseModel)
Bic = Annotated[str, Field(pattern=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")]
NetworkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names file and key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Amount(_Strict):
    currency: str
    value: str

    def money(self) -> Money:
        return Money.parse(self.value, self.currency)


class SwitchSection(_Strict):
    """Section ``switch``."""

    bic: Bic
    slot: Annotated[int, Field(ge=1, le=99)]
    profile: Literal["development", "production"]
    config_version: Annotated[str, Field(min_length=1, max_length=35)]


class HttpSection(_Strict):
    """Section ``http``."""

    host: str
    body_bytes_max: Annotated[int, Field(ge=1024, le=1_048_576)]


class MembersSection(_Strict):
    """Section ``members`` of ``switch.toml``."""

    signature_age_s_max: Annotated[int, Field(ge=1, le=3600)]
    signatures_kept_max: Annotated[int, Field(ge=1, le=10_000_000)]


class PaymentsSection(_Strict):
    """Section ``payments``."""

    in_flight_max: Annotated[int, Field(ge=1, le=2_000)]
    answer_within_ms: Annotated[int, Field(ge=1, le=120_000)]
    lookup_valid_s: Annotated[int, Field(ge=1, le=3600)]


class NetworkSection(_Strict):
    """Section ``networks.<name>``."""

    url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$")]
    own_bic: Bic
    partner_bic: Bic
    options: dict[str, str] = Field(default_factory=dict)


class _SwitchFile(_Strict):
    switch: SwitchSection
    http: HttpSection
    members: MembersSection
    payments: PaymentsSection
    networks: dict[NetworkName, NetworkSection]
    feeds: list[Feed] = Field(default_factory=list)


class _CorridorRow(_Strict):
    source_network: NetworkName
    destination_network: NetworkName
    use_case: Literal["merchant", "transfer"]
    payer_currency: str
    merchant_currency: str
    funding: Literal["capped"]
    finality: Literal["two_leg"]
    amount_min: str
    amount_max: str
    quote_valid_s: Annotated[int, Field(ge=1, le=86_400)]
    fee_taker: Bic
    sponsor: Bic | None = None
    fx_side: Literal["source", "scheme"] = "source"
    scheme: NetworkName | None = None
    scheme_currency: str | None = None
    enabled: bool


class _CorridorFile(_Strict):
    corridor: list[_CorridorRow]


class _MemberRow(_Strict):
    bic: Bic
    name: Annotated[str, Field(min_length=1, max_length=140)]
    net_debit_max: _Amount


class _MemberFile(_Strict):
    member: list[_MemberRow]


class _CapRow(_Strict):
    institution: str
    role: Literal["member", "holder", "network", "pool", "fee", "suspense", "residue"]
    asset: Literal["bakong", "deferred"]
    net_debit_max: _Amount | None = None
    net_credit_max: _Amount | None = None


class QuotesSection(_Strict):
    """Section ``quotes`` of ``limits.toml``."""

    outstanding_max: Annotated[int, Field(ge=1, le=1_000_000)]
    stop_percent: Annotated[int, Field(ge=1, le=100)]


class _LimitFile(_Strict):
    quotes: QuotesSection
    cap: list[_CapRow]


@dataclass(frozen=True, slots=True)
class Corridor:
    """One corridor; amounts bound what the merchant gets, ``quote_valid_s`` how long it is held.

    ``scheme`` is the provider that stands for the network where the network makes the price itself
    (``fx_side``), and ``scheme_currency`` what it is paid in; empty where our providers quote.
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

    @property
    def name(self) -> str:
        """Name as in quotes and payments: ``bakong-thailand``."""
        return f"{self.source_network}-{self.destination_network}"

    @property
    def direction(self) -> Direction:
        """Outbound when the payer is on Bakong."""
        return Direction.OUTBOUND if self.source_network == HOME else Direction.INBOUND


@dataclass(frozen=True, slots=True)
class Member:
    """One Cambodian member."""

    bic: str
    name: str
    net_debit_max: Money


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    switch: SwitchSection
    http: HttpSection
    member_rules: MembersSection
    payments: PaymentsSection
    networks: dict[str, NetworkSection]
    corridors: dict[tuple[str, str], Corridor]
    members: dict[str, Member]
    caps: tuple[Account, ...]
    quotes: QuotesSection
    market: Market
    feeds: tuple[Feed, ...]


def default_folder() -> Path:
    """The configuration that travels with the program."""
    installed = Path(__file__).parent / "_config"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "config"


def load_config(folder: Path) -> Config:
    """Read a configuration folder. Raises :class:`ConfigError` naming file and key."""
    top = _read(folder / "switch.toml", _SwitchFile)
    corridors = _read(folder / "corridors.toml", _CorridorFile).corridor
    members = _read(folder / "members.toml", _MemberFile).member
    limits = _read(folder / "limits.toml", _LimitFile)
    try:
        market = read_market(folder / "providers.toml")
    except ProviderConfigError as error:
        raise ConfigError(str(error)) from None
    except OSError:
        raise ConfigError(f"{folder / 'providers.toml'}: cannot be read") from None
    table = _corridors(corridors, top.networks, market)
    by_bic = _members(members, table)
    known = {*by_bic, *top.networks, *(each.own_bic for each in top.networks.values())}
    known |= {each.fee_taker for each in table.values()}
    known |= {bic for provider in market.providers.values() for bic in provider.holders}
    return Config(
        switch=top.switch,
        http=top.http,
        member_rules=top.members,
        payments=top.payments,
        networks=top.networks,
        corridors=table,
        members=by_bic,
        caps=_every_cap(_member_caps(by_bic), _caps(limits.cap, known)),
        quotes=limits.quotes,
        market=market,
        feeds=_feeds(top, market),
    )


def _feeds(top: _SwitchFile, market: Market) -> tuple[Feed, ...]:
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
        raise ConfigError(f"{path.name}: {key}: {first['msg']}") from None


def _corridors(
    rows: list[_CorridorRow], networks: dict[str, NetworkSection], market: Market
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
    rows: list[_MemberRow], corridors: dict[tuple[str, str], Corridor]
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
        members[row.bic] = Member(row.bic, row.name, cap)
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
    row: _CorridorRow, where: str, networks: dict[str, NetworkSection], market: Market
) -> Corridor:
    for network in (row.source_network, row.destination_network):
        if network not in networks:
            raise ConfigError(f"{where}: {network} is not a network of switch.toml")
    if (row.source_network == HOME) == (row.destination_network == HOME):
        raise ConfigError(f"{where}: exactly one end must be {HOME}")
    if row.destination_network == HOME and row.sponsor is None:
        raise ConfigError(f"{where}.sponsor: an inbound corridor names its sponsor")
    if row.sponsor is not None and row.sponsor != networks[HOME].own_bic:
        raise ConfigError(f"{where}.sponsor: is not own_bic of networks.{HOME}")
    _money(_Amount(currency=row.payer_currency, value="0"), f"{where}.payer_currency")
    bounds = [
        _money(_Amount(currency=row.merchant_currency, value=text), f"{where}.{key}")
        for key, text in (("amount_min", row.amount_min), ("amount_max", row.amount_max))
    ]
    if bounds[1] < bounds[0]:
        raise ConfigError(f"{where}.amount_max: is below amount_min")
    try:
        scheme, paid_in = scheme_of(row, market, inbound=row.destination_network == HOME)
    except SideError as error:
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
    )


def _money(amount: _Amount, where: str) -> Money:
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


def _caps(rows: list[_CapRow], known: set[str]) -> list[Account]:
    caps = []
    for place, row in enumerate(rows):
        where = f"limits.toml: cap[{place}]"
        if row.institution not in known:
            # A misspelt name would cap an account that nothing is ever booked on.
            raise ConfigError(f"{where}.institution: holds no role in this configuration")
        given = [amount for amount in (row.net_debit_max, row.net_credit_max) if amount]
        if not given or len({amount.currency for amount in given}) != 1:
            raise ConfigError(f"{where}: needs caps in one currency")
        debit = _cap(row.net_debit_max, f"{where}.net_debit_max")
        credit = _cap(row.net_credit_max, f"{where}.net_credit_max")
        code = given[0].currency
        key = account_key(row.institution, Role(row.role), code, row.asset)
        caps.append(Account(key, code, net_debit_max=debit, net_credit_max=credit))
    return caps


def _cap(amount: _Amount | None, where: str) -> int | None:
    return None if amount is None else _money(amount, where).minor
