"""The shapes of the configuration files: each key with its type and bounds.

What a file says is checked here key by key; what keys mean together is checked where they are read.
An unknown key refuses the start, because a misspelt limit is no limit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fx.money import Money
from switch.addresses import Page, Peer, address
from switch.doors import WindowRow
from switch.feed import Feed

Bic = Annotated[str, Field(pattern=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")]
KeyFile = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,99}$")]
NetworkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Strict(BaseModel):
    """Whatever is not known is refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AmountRow(Strict):
    """An amount as configuration writes it."""

    currency: str
    value: str

    def money(self) -> Money:
        """The amount. Raises :class:`~fx.money.MoneyError`."""
        return Money.parse(self.value, self.currency)


class SwitchSection(Strict):
    """Section ``switch``."""

    bic: Bic
    slot: Annotated[int, Field(ge=0, le=99)]
    profile: Literal["development", "production"]
    config_version: Annotated[str, Field(min_length=1, max_length=35)]
    lease_s: Annotated[int, Field(ge=1, le=300)]


class StoreSection(Strict):
    """Section ``store``: which engine, and where its server is.

    ``url`` names no password: that is a secret in the key folder. Where an address has more in it,
    it stands whole in the environment, see :mod:`switch.stores`.
    """

    engine: Literal["sqlite", "postgresql"]
    url: (
        Annotated[
            str,
            Field(
                pattern=r"^postgresql://([A-Za-z0-9._\-]+@)?[A-Za-z0-9.\-\[\]:]+"
                r"/[A-Za-z0-9._\-]+(\?[A-Za-z0-9_=&.,/\-]+)?$"
            ),
            AfterValidator(address),
        ]
        | None
    ) = None


class HttpSection(Strict):
    """Section ``http``."""

    host: str
    body_bytes_max: Annotated[int, Field(ge=1024, le=1_048_576)]


class MembersSection(Strict):
    """Section ``members`` of ``switch.toml``."""

    signature_age_s_max: Annotated[int, Field(ge=1, le=3600)]
    signatures_kept_max: Annotated[int, Field(ge=1, le=10_000_000)]


class PaymentsSection(Strict):
    """Section ``payments``."""

    in_flight_max: Annotated[int, Field(ge=1, le=2_000)]
    answer_within_ms: Annotated[int, Field(ge=1, le=120_000)]
    lookup_valid_s: Annotated[int, Field(ge=1, le=3600)]


class CoordinationSection(Strict):
    """Section ``coordination``: what several processes share; alone, nothing need be shared.

    ``url`` of a Redis names no password: that is a secret in the key folder.
    """

    processes_max: Annotated[int, Field(ge=1, le=99)]
    url: (
        Annotated[
            str,
            Field(pattern=r"^rediss?://[A-Za-z0-9.\-\[\]:]+(/\d{1,5})?$"),
            AfterValidator(address),
        ]
        | None
    ) = None


class VaultSection(Strict):
    """Section ``vault``: wrapping keys are files of the key folder, or in the environment."""

    wrapping_keys: Literal["files", "environment"]


class JournalSection(Strict):
    """Section ``journal``: the file of published heads, in the data folder or anywhere.

    A head is added after so many blocks or seconds, whichever comes first, and at a stop.
    """

    heads_file: Annotated[str, Field(max_length=4096, pattern=r"^[^\x00-\x1f]+$")]
    heads_every_blocks: Annotated[int, Field(ge=1, le=4_000)]
    heads_every_s: Annotated[int, Field(ge=1, le=86_400)]


class PersonalDays(Strict):
    """How long names are kept after a payment ended, in days, by use case."""

    merchant: Annotated[int, Field(ge=1, le=36_525)]
    transfer: Annotated[int, Field(ge=1, le=36_525)]


class RetentionSection(Strict):
    """Section ``retention``: how long what is kept, in days.

    ``bindings_days``: idempotency keys and stored answers, from the end of their payment.
    ``tombstone_days``: what was said to be never seen, from that answer.
    """

    bindings_days: Annotated[int, Field(ge=1, le=36_525)]
    tombstone_days: Annotated[int, Field(ge=1, le=36_525)]
    personal_days: PersonalDays


class TlsSection(Strict):
    """Section ``networks.<name>.tls``: PEM files of the key folder, by name.

    ``authority`` is all that is believed for this network; the certificate and the key are ours.
    """

    authority: KeyFile
    certificate: KeyFile
    key: KeyFile


class EventsSection(Strict):
    """Section ``events``: how members are told of what happened to their payments.

    An event is tried again for ``retry_for_h`` hours and can be fetched for ``keep_days``.
    """

    attempt_within_ms: Annotated[int, Field(ge=100, le=60_000)]
    at_once_max: Annotated[int, Field(ge=1, le=64)]
    retry_for_h: Annotated[int, Field(ge=1, le=168)]
    keep_days: Annotated[int, Field(ge=8, le=3_660)]
    streams_max: Annotated[int, Field(ge=1, le=100)]


class NetworkSection(Strict):
    """Section ``networks.<name>``.

    ``at_once_max`` bounds the requests that are on their way to the network at a time.
    """

    url: Peer
    own_bic: Bic
    partner_bic: Bic
    options: dict[str, str] = Field(default_factory=dict)
    at_once_max: Annotated[int, Field(ge=1, le=256)] = 256
    tls: TlsSection | None = None


class SwitchFile(Strict):
    """``switch.toml``."""

    switch: SwitchSection
    store: StoreSection
    http: HttpSection
    members: MembersSection
    payments: PaymentsSection
    coordination: CoordinationSection
    vault: VaultSection
    journal: JournalSection
    retention: RetentionSection
    events: EventsSection
    networks: dict[NetworkName, NetworkSection]
    feeds: list[Feed] = Field(default_factory=list)


class CorridorRow(Strict):
    """One corridor of ``corridors.toml``."""

    source_network: NetworkName
    destination_network: NetworkName
    use_case: Literal["merchant", "transfer"]
    payer_currency: str
    merchant_currency: str
    funding: Literal["capped", "prefunded", "gross"]
    finality: Literal["two_leg", "three_leg", "advice"]
    amount_min: str
    amount_max: str
    quote_valid_s: Annotated[int, Field(ge=1, le=86_400)]
    fee_taker: Bic
    sponsor: Bic | None = None
    windows: Annotated[list[WindowRow], Field(default_factory=list)]
    fund_within_s: Annotated[int, Field(ge=1, le=86_400)] | None = None
    fx_side: Literal["source", "scheme"] = "source"
    scheme: NetworkName | None = None
    scheme_currency: str | None = None
    exposure_max: str | None = None
    enabled: bool


class CorridorFile(Strict):
    """``corridors.toml``."""

    corridor: list[CorridorRow]


class EventsRow(Strict):
    """Events of one member; without a webhook it fetches them."""

    webhook: Page | None = None


class MemberRow(Strict):
    """One member of ``members.toml``."""

    bic: Bic
    name: Annotated[str, Field(min_length=1, max_length=140)]
    net_debit_max: AmountRow
    status: Literal["applied", "certified", "active", "suspended"] = "active"
    events: EventsRow | None = None


class MemberFile(Strict):
    """``members.toml``."""

    member: list[MemberRow]


class CapRow(Strict):
    """One cap of ``limits.toml``."""

    institution: str
    role: Literal["member", "holder", "network", "pool", "fee", "suspense", "residue"]
    asset: Literal["bakong", "deferred"]
    net_debit_max: AmountRow | None = None
    net_credit_max: AmountRow | None = None


class MerchantRow(Strict):
    """One ``[[merchant]]``: a KHQR merchant under a network's own id."""

    network: NetworkName
    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,32}$")]
    account: Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[a-z0-9]{2,16}$")]
    bank: Bic
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    status: Literal["registered", "active", "suspended"]


class MerchantFile(Strict):
    """``merchants.toml``."""

    merchant: list[MerchantRow] = Field(default_factory=list)


class QuotesSection(Strict):
    """Section ``quotes`` of ``limits.toml``."""

    outstanding_max: Annotated[int, Field(ge=1, le=1_000_000)]
    stop_percent: Annotated[int, Field(ge=1, le=100)]


class CallsSection(Strict):
    """Section ``calls`` of ``limits.toml``: requests of one caller, over all processes."""

    window_s: Annotated[int, Field(ge=1, le=3600)]
    requests_max: Annotated[int, Field(ge=1, le=100_000_000)]


class VelocitySection(Strict):
    """Section ``velocity`` of ``limits.toml``: payments of one payer's side, over all processes.

    ``sums_max`` bounds what is debited, by currency; one that is not named is not bounded.
    """

    window_s: Annotated[int, Field(ge=1, le=86_400)]
    payments_max: Annotated[int, Field(ge=1, le=100_000_000)]
    sums_max: list[AmountRow] = Field(default_factory=list)


class LimitFile(Strict):
    """``limits.toml``."""

    quotes: QuotesSection
    calls: CallsSection
    velocity: VelocitySection
    cap: list[CapRow]
