"""A running sandbox and the adapter that speaks to it over real HTTP, for one test at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from fx.money import Money
from switch.model import Kind
from switch.port import Outcome, OutcomeKind, Planning, WireAnswer
from switch.wire.transport import Answer, MaybeSent, Request, Transport
from tests.adapters.japan.japan_parts import particulars, payment

if TYPE_CHECKING:
    from adapters.japan import JapanAdapter
    from switch.model import Payment
    from switch.port import Exchange
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.wire.net import Net

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)


@dataclass
class Link:
    """What a test does with the network."""

    adapter: JapanAdapter
    net: Net
    clock: Clock
    ids: Ids
    sent: list[Exchange] = field(default_factory=list)

    def plan(self) -> Planning:
        now = self.clock.now()
        return Planning(now, self.ids.ordered(), slot=1, send_by=now)

    def open_payment(self) -> Payment:
        uetr = self.ids.uetr()
        return payment(self.clock.now(), uetr=uetr, reference=uetr)

    async def send(self, exchange: Exchange) -> WireAnswer | None:
        self.sent.append(exchange)
        request = Request(exchange.method, exchange.path, exchange.headers, exchange.body)
        result = await Transport(self.net, self.clock).send(
            "japan", request, may_send=lambda: True, answer_within_s=5
        )
        if isinstance(result, Answer):
            return WireAnswer(result.status, result.headers, result.body)
        assert isinstance(result, MaybeSent)
        return None

    async def said(self, exchange: Exchange, of: Payment) -> Outcome:
        answer = await self.send(exchange)
        return UNKNOWN if answer is None else self.adapter.read(exchange, of, answer)

    async def pay(self, of: Payment) -> Outcome:
        return await self.said(self.adapter.plan_pay(of, particulars(), self.plan()), of)

    async def paid(self) -> Payment:
        of = self.open_payment()
        assert (await self.pay(of)).kind is OutcomeKind.ACCEPTED
        return of

    async def enquire(self, of: Payment) -> Outcome:
        later = replace(of, rung=1)
        exchange = self.adapter.plan_enquire(later, particulars(), self.plan())
        return await self.said(exchange, later)

    async def cancel(self, of: Payment) -> Outcome:
        later = replace(of, rung=1)
        return await self.said(self.adapter.plan_cancel(later, particulars(), self.plan()), later)

    def refund_of(self, of: Payment, yen: str) -> Payment:
        uetr = self.ids.uetr()
        terms = replace(of.terms, destination=Money.parse(yen, "JPY"))
        return replace(
            of, uetr=uetr, reference=uetr, kind=Kind.REFUND, original=of.uetr, terms=terms
        )

    async def send_refund(self, back: Payment) -> Outcome:
        return await self.said(self.adapter.plan_refund(back, particulars(), self.plan()), back)

    async def give_back(self, of: Payment, yen: str) -> Outcome:
        return await self.send_refund(self.refund_of(of, yen))

    async def control(self, path: str, **body: object) -> Mapping[str, Any]:
        url = self.net.url("japan") + path
        async with self.net.session("japan").post(url, json=body) as response:
            given = await response.json()
            assert isinstance(given, dict)
            return given

    async def fault(self, operation: str, kind: str, **more: object) -> None:
        told = await self.control("/control/faults", operation=operation, kind=kind, **more)
        assert told == {"waiting": 1}

    async def book(self) -> list[dict[str, Any]]:
        url = self.net.url("japan") + "/state"
        async with self.net.session("japan").get(url) as response:
            shown: list[dict[str, Any]] = (await response.json())["book"]
            return shown
