"""A running sandbox, and a small stand-in of the switch that answers with the real adapter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from switch.model import State, Status
from switch.port import (
    Exchange,
    InboundEnquiry,
    InboundLookup,
    InboundPay,
    Merchant,
    Outcome,
    OutcomeKind,
    Planning,
    Unavailable,
    WireAnswer,
    WireRefusal,
)
from switch.wire.transport import Answer, MaybeSent, Request, Transport
from tests.adapters.thailand.test_thailand_inbound import found
from tests.adapters.thailand.thailand_parts import (
    enquired,
    inbound_payment,
    outbound_particulars,
    outbound_payment,
    planning,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.thailand import ThailandAdapter
    from switch.model import Payment
    from switch.reasons import Reason
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.wire.net import Net

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)
SWITCH_PATH: Final = "/networks/thailand/iso20022/v1/messages"


@dataclass
class SwitchStandIn:
    """Answers the network with the real adapter and a memory instead of a ledger."""

    adapter: ThailandAdapter
    clock: Clock
    ids: Ids
    credited: dict[str, InboundPay] = field(default_factory=dict)
    silent: bool = False
    reason: Reason | None = None

    def plan(self) -> Planning:
        now = self.clock.now()
        return Planning(now, self.ids.ordered(), slot=1, send_by=now)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            got = self.adapter.translate(headers, await request.read(), self.plan())
        except WireRefusal as refusal:
            return web.Response(status=refusal.status, body=refusal.body)
        if isinstance(got, InboundLookup):
            rendered = self.adapter.render_lookup(got, self.reason or found(), self.plan())
        elif isinstance(got, InboundPay):
            self.credited[got.uetr] = got
            if self.silent:
                self.silent = False
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            done = replace(inbound_payment(State.CREDITED), uetr=got.uetr)
            rendered = self.adapter.render_status(done, got.particulars, Status.ACCC, self.plan())
        else:
            assert isinstance(got, InboundEnquiry)
            known = got.uetr in self.credited
            done = replace(inbound_payment(State.CREDITED), uetr=got.uetr)
            rendered = self.adapter.render_enquiry(
                got, done if known else None, Status.ACCC if known else None, self.plan()
            )
        return web.Response(
            status=rendered.status,
            body=rendered.body,
            headers={"Content-Type": rendered.content_type},
        )


@dataclass
class Link:
    """A running sandbox and a running stand-in of the switch."""

    adapter: ThailandAdapter
    net: Net
    clock: Clock
    switch: SwitchStandIn

    def open_payment(self, **changes: object) -> Payment:
        now = self.clock.now()
        plan = replace(planning(), now=now, message_number=self.switch.ids.ordered())
        payment = outbound_payment(self.adapter.reference(plan), now)
        uetr = self.switch.ids.uetr()
        return replace(payment, uetr=uetr, **changes)  # type: ignore[arg-type]

    async def send(self, exchange: Exchange, within_s: float = 5.0) -> WireAnswer | None:
        request = Request(exchange.method, exchange.path, exchange.headers, exchange.body)
        result = await Transport(self.net, self.clock).send(
            "thailand", request, may_send=lambda: True, answer_within_s=within_s
        )
        if isinstance(result, Answer):
            return WireAnswer(result.status, result.headers, result.body)
        assert isinstance(result, MaybeSent)
        return None

    async def pay(self, payment: Payment, within_s: float = 5.0) -> Outcome:
        exchange = self.adapter.plan_pay(payment, outbound_particulars(), self.switch.plan())
        answer = await self.send(exchange, within_s)
        return UNKNOWN if answer is None else self.adapter.read(exchange, payment, answer)

    async def enquire(self, payment: Payment) -> Outcome:
        later = enquired(payment)
        exchange = self.adapter.plan_enquire(later, outbound_particulars(), self.switch.plan())
        answer = await self.send(exchange)
        return UNKNOWN if answer is None else self.adapter.read(exchange, later, answer)

    async def lookup(self, payload: str) -> Merchant | Unavailable:
        exchange = self.adapter.plan_lookup(payload, None, self.switch.plan())
        answer = await self.send(exchange)
        assert answer is not None
        return self.adapter.read_lookup(exchange, answer)

    async def control(self, path: str, **body: object) -> Mapping[str, object]:
        async with self.net.session("thailand").post(
            self.net.url("thailand") + path, json=body
        ) as response:
            given = await response.json()
            assert isinstance(given, dict)
            return given

    async def fault(self, operation: str, kind: str, **more: object) -> None:
        waiting = await self.control("/control/faults", operation=operation, kind=kind, **more)
        assert waiting == {"waiting": more.get("times", 1)}

    async def shown(self, path: str, key: str) -> Any:
        async with self.net.session("thailand").get(self.net.url("thailand") + path) as response:
            return (await response.json())[key]

    async def entry(self, uetr: str) -> dict[str, str] | None:
        lines = [line for line in await self.shown("/state", "book") if line["uetr"] == uetr]
        assert len(lines) <= 1
        return lines[0] if lines else None


def switch_application(switch: SwitchStandIn) -> web.Application:
    """What the network calls."""
    app = web.Application(client_max_size=100_000)
    app.router.add_post(SWITCH_PATH, switch.receive)
    return app
