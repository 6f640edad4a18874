"""The JSON that members send and get, as strict shapes; the interface description follows them.

Text that goes on into ISO 20022 messages is held to the very types of those messages, so a payment
that is taken can be written. The answer shapes describe what ``answers`` and the handlers write and
are checked against it by tests. The surprise: amounts are loose text here, because why an amount
cannot be used is money's word (AM01, AM03, AM12), not that of a schema.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
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
    """A merchant looked up before, and the amount in the payer's or the merchant's currency."""

    scan: Token
    amount: Amount


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


class Merchant(_Answer):
    """The merchant as its own network names it."""

    name: str
    city: str
    category: Annotated[str, Field(description="ISO 18245 merchant category.")]


class Quote(_Answer):
    """Frozen terms. ``debit`` includes ``fee``; ``credit`` is what the merchant gets."""

    quote: Token
    quote_id: str
    debit: Amount
    fee: Amount
    credit: Amount
    rate: str
    effective_rate: Annotated[str, Field(description="Fee included, for display.")]
    expires_at: str
    provider: str


class ScanAnswer(_Answer):
    """The merchant, a price where the amount is known, a token to price other amounts."""

    network: str
    merchant: Merchant
    amount: Annotated[Amount | None, Field(description="Present when the code fixes it.")] = None
    quotes: list[Quote]
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
    """Prices."""

    quotes: list[Quote]


class PaymentView(_Answer):
    """A payment as its member sees it; ``final`` says that ``status`` can no longer change."""

    uetr: str
    status: Annotated[str, Field(pattern="^(RCVD|PDNG|ACCC|RJCT)$")]
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
