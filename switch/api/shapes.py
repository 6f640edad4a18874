"""The JSON that members send and get, as strict shapes; the interface description follows them.

Text that goes on into ISO 20022 messages is held to the very types of those messages, so a payment
that is taken can be written. The answer shapes describe what ``answers`` and the handlers write and
are checked against it by tests. The surprise: amounts are loose text here, because why an amount
cannot be used is money's word (AM01, AM03, AM12), not that of a schema.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from fx.money import Money, MoneyError
from iso20022.errors import Breach, Misfit
from iso20022.scalars import ID, TEXT_34, TEXT_140, Scalar
from switch.api.body import iso_kind
from switch.reasons import Reason
from switch.refusals import Refusal, of_money


def _as(kind: Scalar) -> AfterValidator:
    """Hold text to an ISO 20022 type; the error carries the code and nothing of the text."""

    def check(text: str) -> str:
        try:
            kind.write(text)
        except Breach as breach:
            raise PydanticCustomError(iso_kind(breach.rule.code), "not allowed") from None
        except Misfit:
            raise PydanticCustomError(iso_kind("FF01"), "not allowed") from None
        return text

    return AfterValidator(check)


Text140 = Annotated[str, Field(min_length=1, max_length=140), _as(TEXT_140)]
Text34 = Annotated[str, Field(min_length=1, max_length=34), _as(TEXT_34)]
Identifier = Annotated[str, Field(min_length=1, max_length=35), _as(ID)]
Token = Annotated[str, Field(min_length=1, description="Sealed by the switch; at most 2048.")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Amount(_Request):
    """An amount: text of major units such as ``"345.00"``, and an ISO 4217 currency."""

    currency: Annotated[str, Field(min_length=3, max_length=3)]
    value: Annotated[str, Field(min_length=1, max_length=64)]

    def money(self) -> Money:
        """The amount. Raises Refusal: AM01 zero, AM03 currency, AM12 spelling and decimals."""
        try:
            if self.currency.isdigit():
                # The numeric codes of QR content are not part of this interface.
                raise Refusal(Reason.CURRENCY_UNSUPPORTED, place="$.amount.currency")
            return Money.parse(self.value, self.currency).positive()
        except MoneyError as error:
            raise Refusal(of_money(error), place="$.amount") from None


Payload = Annotated[
    str,
    Field(
        min_length=1,
        description="The text of the code as it was scanned. One line end (CR, LF or both) that a "
        "scanner puts behind it is cut; nothing else is changed.",
    ),
]


class ScanRequest(_Request):
    """A code that was scanned; the amount only where the code fixes none."""

    payload: Payload
    amount: Amount | None = None


class DecodeRequest(_Request):
    """A code of which only the content is wanted."""

    payload: Payload


class QuoteRequest(_Request):
    """An amount in the payer's or the payee's currency, to be priced.

    With `scan` a merchant looked up before is priced, and the quotes can be paid. With `corridor`
    instead nothing can be paid: it shows prices, and nothing is counted or kept.
    """

    scan: Token | None = None
    corridor: Annotated[
        str | None, Field(max_length=65, description="As in `bakong-thailand`.")
    ] = None
    amount: Amount
    provider: Annotated[
        str | None, Field(max_length=32, description="Only this provider is asked.")
    ] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> QuoteRequest:
        if (self.scan is None) == (self.corridor is None):
            raise PydanticCustomError(iso_kind("CH21"), "a scan or a corridor")
        return self


class Debtor(_Request):
    """The member's customer who pays."""

    name: Text140
    account: Text34


class PaymentRequest(_Request):
    """A payment: the quote says to whom and how much."""

    quote: Token
    debtor: Debtor
    end_to_end_id: Identifier | None = None
    remittance: Text140 | None = None
    requote_tolerance_bp: Annotated[
        int | None,
        Field(
            ge=0,
            le=1_000,
            description="The payer's consent: should the quote have expired, the same credit may "
            "be quoted anew if the debit is at most so many hundredths of a percent higher.",
        ),
    ] = None


class Merchant(_Answer):
    """The merchant as its own network names it."""

    name: str
    city: str
    category: Annotated[str, Field(description="ISO 18245 merchant category.")]


class QuoteHop(_Answer):
    """One conversion: 1 `unit_currency` is `rate` of the other currency."""

    provider: str
    source: Amount
    destination: Amount
    rate: str
    unit_currency: str
    rate_version: Annotated[str, Field(description="Empty where the network prices itself.")]
    spread_bp: Annotated[int, Field(description="How far the rate is from the provider's base.")]
    residue: Annotated[Amount, Field(description="What rounding leaves with the provider.")]
    scheme_quote: Annotated[
        str | None, Field(description="The network's own quote id, where it prices itself.")
    ]


class QuoteFee(_Answer):
    """One fee: who bears it; `invoiced` is paid on top, `deducted` is kept of what is paid out."""

    party: Annotated[str, Field(pattern="^(payer|payee)$")]
    mode: Annotated[str, Field(pattern="^(invoiced|deducted)$")]
    amount: Amount


class Quote(_Answer):
    """Frozen terms. ``debit`` includes ``fee``; ``credit`` is what the merchant gets."""

    quote: Annotated[Token | None, Field(description="Absent where nothing can be paid.")] = None
    quote_id: str
    debit: Amount
    fee: Amount
    credit: Amount
    rate: str
    effective_rate: Annotated[str, Field(description="Fees included, for display.")]
    expires_at: str
    provider: str
    hops: Annotated[list[QuoteHop], Field(description="One, or two through a third currency.")]
    fees: list[QuoteFee]


class LeftOut(_Answer):
    """A provider that does not quote, and why, in one word."""

    provider: str
    reason: str


class ScanAnswer(_Answer):
    """The merchant, a price where the amount is known, a token to price other amounts."""

    network: str
    merchant: Merchant
    amount: Annotated[Amount | None, Field(description="Present when the code fixes it.")] = None
    quotes: Annotated[list[Quote], Field(description="The best one first.")]
    left_out: list[LeftOut]
    alarms: Annotated[list[str], Field(description="`triangular`: a bridged price is odd.")]
    scan: Token


class CodeFault(_Answer):
    """One thing wrong with a code."""

    layer: Annotated[str, Field(pattern="^(tlv|crc|schema|field|network|time)$")]
    reason: str
    path: Annotated[str, Field(description="Tags joined by a slash; empty for the whole text.")]
    position: Annotated[int, Field(description="In characters from the start of the text.")]
    code: Annotated[str, Field(description="ISO 20022 reason of a refused payment.")]


class DecodeAnswer(_Answer):
    """What a code says. One that cannot be paid is an answer too: `valid` is false."""

    valid: bool
    network: Annotated[
        str | None, Field(description="The scheme that takes or claims it, such as khqr.")
    ]
    networks: Annotated[list[str], Field(description="Every scheme that it can be paid through.")]
    layer: Annotated[str | None, Field(description="Of the fault that decides.")]
    reason: str | None
    path: str | None
    position: int | None
    nbc: Annotated[
        int | None, Field(description="Error number of the central bank's own software.")
    ]
    deviations: Annotated[
        list[str], Field(description="Rules of EMVCo that it breaks and its scheme tolerates.")
    ]
    notes: list[str]
    fields: Annotated[
        dict[str, Any], Field(description="The content; empty where the code is not valid.")
    ]
    faults: Annotated[list[CodeFault], Field(description="All of them, the deciding one first.")]


class QuoteAnswer(_Answer):
    """Prices, the best one first, and why other providers give none."""

    quotes: list[Quote]
    left_out: list[LeftOut]
    alarms: list[str]


class FundView(_Answer):
    """What the payer's bank pushes over Bakong before a payment is carried out.

    The transfer to ``participant`` carries ``note`` among its remittance information.
    """

    participant: str
    amount: Amount
    note: str
    until: str


class PaymentView(_Answer):
    """A payment as its member sees it; ``final`` says that ``status`` can no longer change."""

    uetr: str
    status: Annotated[str, Field(pattern="^(RCVD|PDNG|ACSP|ACWP|ACCC|RJCT)$")]
    reason: str | None
    reason_text: str | None
    direction: str
    corridor: str
    debit: Amount
    fee: Amount
    credit: Amount
    rate: str
    quote_id: str
    accepted_at: str
    updated_at: str
    final: bool
    disputed: bool
    fund: Annotated[FundView | None, Field(description="While its money is waited for.")] = None


class Problem(_Answer):
    """RFC 9457 problem details; ``reason`` is a code of ISO 20022."""

    type: str
    title: str
    status: int
    reason: str | None = None
    detail: str | None = None
    path: Annotated[str | None, Field(description="Where the fault is; never a value.")] = None
    field: Annotated[str | None, Field(description="409: the first field that differs.")] = None
    payment: PaymentView | None = None


class OverseenPayment(PaymentView):
    """A payment as the overseer sees it."""

    use_case: str
    state: str
    origin: str
    network: str
    counterparty: str
    reference: str
    kind: Annotated[str, Field(description="payment, refund or return")]
    original: Annotated[str | None, Field(description="What is given back, by its UETR.")]


class OverseenPayments(_Answer):
    """A page of payments."""

    payments: list[OverseenPayment]
    after: str | None


class OverseenAccount(_Answer):
    """An account; amounts are text of major units."""

    account: str
    currency: str
    debits_posted: str
    credits_posted: str
    debits_pending: str
    credits_pending: str
    net_debit_max: str | None
    net_credit_max: str | None


class OverseenAccounts(_Answer):
    """Every account."""

    accounts: list[OverseenAccount]


class Sums(_Answer):
    """The four sums of an account, as text of major units."""

    debits_posted: str
    credits_posted: str
    debits_pending: str
    credits_pending: str


class StatedLine(_Answer):
    """One entry of an account, of a payment (`uetr`) or of money in suspense (`item`).

    `resolves` is the reservation that it posts or releases.
    """

    entry: str
    at: str
    uetr: str | None
    item: str | None
    side: str
    amount: str
    phase: str
    resolves: str | None


class Statement(_Answer):
    """A page of an account's statement; the balances are those of the whole statement."""

    account: str
    institution: str
    role: str
    currency: str
    asset: str
    kind: str
    since: Annotated[str, Field(alias="from")]
    to: str
    opening: Sums
    closing: Sums
    lines: list[StatedLine]
    after: str | None


class Liveness(_Answer):
    """The process answers."""

    alive: bool


class Readiness(BaseModel):
    """Whether recovery is done, and how durable a commit is."""

    model_config = ConfigDict(extra="allow")

    ready: bool


def schema_of(shapes: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    """The JSON schemas of shapes by name, references as OpenAPI wants them."""
    from pydantic.json_schema import models_json_schema

    _, schema = models_json_schema(
        [(shape, "validation") for shape in shapes], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = schema["$defs"]
    return found
