"""The simulator's own controls, beside those of the kit: outcomes to come, items that arrive.

``POST /control/settlement`` says how the next transfers end; ``POST /control/incoming`` makes
another participant pay, or reverse to, the one named, which then has to collect and acknowledge;
``note`` says there what it is for.
``GET /ledger`` shows pools, transit and sums. The surprise: incoming items are in the ledger but
not in the book of ``GET /state``, which is about cross-border payments only.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.bakong.sandbox import messages
from adapters.bakong.sandbox.ledger import (
    ASSETS,
    PARTICIPANTS,
    Ledger,
    LedgerFullError,
    Stage,
    Transfer,
)
from adapters.bakong.sandbox.outcome import Outcomes, Script
from adapters.sandbox_kit import (
    ControlError,
    SandboxContext,
    as_json,
    read_control,
    refused_control,
    wanted,
)
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

SCRIPTS_MAX: Final = 1_000
"""Outcomes that wait for the next transfers; one more is refused."""

_SCRIPTS: Final[Mapping[str, Stage]] = MappingProxyType(
    {
        "settled": Stage.SETTLED,
        "failed_at_fast": Stage.FAILED_AT_FAST,
        "failed_at_fi": Stage.FAILED_AT_BANK,
        "cannot_settle": Stage.CANNOT_SETTLE,
        "stall": Stage.AT_BANK,
    }
)


class Control:
    """Endpoints that tell the simulator what to do next."""

    def __init__(self, ledger: Ledger, outcomes: Outcomes, context: SandboxContext) -> None:
        self._ledger = ledger
        self._outcomes = outcomes
        self._clock = context.clock
        self._ids = context.ids
        self._scripts: deque[Script] = deque()

    def add_to(self, app: web.Application) -> None:
        """Add the endpoints."""
        app.router.add_post("/control/settlement", self._add_scripts)
        app.router.add_post("/control/incoming", self._add_incoming)
        app.router.add_get("/ledger", self._show)

    def next_script(self) -> Script:
        """How the transfer accepted now goes on."""
        return self._scripts.popleft() if self._scripts else Script()

    async def _show(self, _: web.Request) -> web.Response:
        self._outcomes.follow_the_clock()
        return as_json(self._ledger.shown())

    async def _add_scripts(self, request: web.Request) -> web.Response:
        try:
            given = await read_control(request)
            stage = _SCRIPTS.get(wanted(given, "outcome", str))
            if stage is None:
                raise ControlError(f"outcome: one of {', '.join(_SCRIPTS)}")  # noqa: TRY301
            times = wanted(given, "times", int, 1)
            if not 1 <= times <= SCRIPTS_MAX - len(self._scripts):
                raise ControlError(f"times: at most {SCRIPTS_MAX} outcomes wait")  # noqa: TRY301
            reason = wanted(given, "reason", str, "")
        except ControlError as error:
            return refused_control(error)
        self._scripts.extend([Script(stage, reason)] * times)
        return as_json({"waiting": len(self._scripts)})

    async def _add_incoming(self, request: web.Request) -> web.Response:
        try:
            transfer = self._incoming(await read_control(request))
            self._ledger.check_room()
        except ControlError as error:
            return refused_control(error)
        except LedgerFullError:
            return as_json({"error": "the ledger is full"}, 503)
        self._ledger.enter(transfer)
        return as_json({"hash": transfer.ledger_hash, "reference": transfer.ext_ref})

    def _reversed(
        self, given: Mapping[str, object], payer: str, payee: str
    ) -> tuple[str, str] | None:
        """The transfer of the sponsor that its payee gives back, where one is named."""
        named = wanted(given, "reverses", str, "")
        if not named:
            return None
        original = self._ledger.find(payee, named)
        if original is None or original.payee != payer:
            raise ControlError("reverses: no transfer that this participant was paid")
        return named, original.information_id

    def _incoming(self, given: Mapping[str, object]) -> Transfer:
        payer, payee = wanted(given, "payer", str, "BKRTKHPPXXX"), wanted(given, "payee", str)
        if payer not in PARTICIPANTS or payee not in PARTICIPANTS:
            raise ControlError("payer, payee: BIC of a participant")
        try:
            amount = Money.parse(wanted(given, "amount", str), wanted(given, "currency", str))
        except MoneyError as error:
            raise ControlError(f"amount: {error.code}") from None
        if amount.currency.code not in ASSETS or not amount.minor:
            raise ControlError("amount: more than nothing, in KHR or USD")
        if not self._ledger.covers(payer, amount):
            raise ControlError("amount: more than the payer has")
        reversal = given.get("reversal", False)
        reference = f"FT{self._ids.ordered() % 10**9:09d}"
        said = (payer, payee, reference, amount, self._clock.now())
        own = "/".join((payee, payer) if reversal is True else (payer, payee)) + f"/{reference}"
        original = None
        if reversal is True:
            original = self._reversed(given, payer, payee)
            document = messages.reversal_document(*said, original)
        else:
            document = messages.incoming_document(*said, wanted(given, "note", str, ""))
        return Transfer(
            payer=payer,
            payee=payee,
            ext_ref=reference,
            content="",
            amount=amount,
            ledger_hash=sha256(f"{payer} {document}".encode()).hexdigest(),
            stage=Stage.AT_BANK,
            document=document,
            information_id=original[1] if original is not None else own,
            pulled=True,
        )
