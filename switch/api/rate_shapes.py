"""The JSON of rate providers and of their positions, as strict shapes.

A sheet's texts are loose here, because what is wrong with a rate, a tier or a time is the engine's
word: a sheet that cannot be taken is answered with a code of its own, beside those that were taken.
The surprise: a sheet names no provider, for whoever signs it is the provider.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

SHEETS_MAX: Final = 64
"""Most sheets of one request."""

Code = Annotated[str, Field(min_length=3, max_length=3)]
Text = Annotated[str, Field(min_length=1, max_length=64)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SheetTier(_Request):
    """From this amount of the payer's currency on, so much of the spread is given back."""

    at_least: Annotated[Text, Field(alias="from")]
    improvement_bp: int


class Sheet(_Request):
    """A standing price from one currency to another: 1 `unit_currency` is `rate` of the other."""

    payer_currency: Code
    payee_currency: Code
    unit_currency: Code
    rate: Annotated[Text, Field(description="Never below 1: state it the other way round.")]
    version: Annotated[Text, Field(description="Never used before for these currencies.")]
    effective_at: Annotated[Text, Field(description="ISO 8601 with its offset from UTC.")]
    spread_bp: int = 0
    tiers: list[SheetTier] = Field(default_factory=list)

    def terms(self, provider: str) -> dict[str, object]:
        """The sheet as the engine reads it."""
        return {"provider": provider, **self.model_dump(by_alias=True)}


class RatesRequest(_Request):
    """Sheets of the provider that signs; each is taken or refused by itself, in their order."""

    sheets: Annotated[list[Sheet], Field(min_length=1, max_length=SHEETS_MAX)]


class StatedReference(_Request):
    """An official rate: 1 `unit_currency` is `rate` of `quoted_currency`."""

    unit_currency: Code
    quoted_currency: Code
    rate: Text
    at: Text


class ReferencePage(_Request):
    """What the page of a reference feed holds."""

    references: Annotated[list[StatedReference], Field(min_length=1, max_length=SHEETS_MAX)]


class WithdrawRequest(_Request):
    """A version that is not to be quoted any more; no payment is opened at it."""

    provider: Annotated[Text | None, Field(description="Only the overseer names one.")] = None
    payer_currency: Code
    payee_currency: Code
    version: Text


class SheetOutcome(_Answer):
    """What became of a sheet: `taken`, `confirmed` (known already) or `refused` with a code."""

    sheet: Annotated[int, Field(description="Its place in the request, from 0.")]
    outcome: Annotated[str, Field(pattern="^(taken|confirmed|withdrawn|refused)$")]
    code: str | None
    detail: str | None
    alarms: Annotated[
        list[str], Field(description="`no_reference`: nothing to judge it by; `arbitrage`.")
    ]


class RatesAnswer(_Answer):
    """Every sheet's outcome in the order of the request."""

    sheets: list[SheetOutcome]


class RateView(_Answer):
    """A sheet as it stands."""

    provider: str
    payer_currency: str
    payee_currency: str
    unit_currency: str
    rate: str
    version: str
    effective_at: str
    spread_bp: int
    tiers: list[dict[str, Any]]
    seen_at: Annotated[str, Field(description="When it was last posted or confirmed.")]
    withdrawn_at: str | None


class RatesView(_Answer):
    """Sheets in the order of providers and currencies, of a history the newest first."""

    rates: list[RateView]


class Loop(_Answer):
    """Rates that, used one after the other, give back more than went in."""

    gain_bp: int
    rates: Annotated[list[str], Field(description="Provider, currencies and version of each.")]


class CurrentRates(RatesView):
    """Every sheet in force; the overseer sees too where they contradict each other."""

    loops: list[Loop]


class Position(_Answer):
    """What a liquidity holder is owed, owes and has reserved in one currency."""

    holder: str
    providers: list[str]
    currency: str
    holds: str
    owes: str
    reserved: Annotated[str, Field(description="Held back for open payments that it pays out.")]
    incoming: Annotated[str, Field(description="What open payments will bring it.")]
    cap: Annotated[str | None, Field(description="The most that it may owe; null is no bound.")]
    room: str | None
    quoting_stopped: bool


class OpenQuotes(_Answer):
    """How many quotes of a provider a member can still use; a network that asks counts as one."""

    member: str
    provider: str
    quotes: int


class Positions(_Answer):
    """Every position, and the quotes that are out."""

    positions: list[Position]
    outstanding: list[OpenQuotes]
