"""Lucky's own side: merchants, prices with ids of its own, and payments against these prices only.

Its rate is 1 USD = 7.1199 CNY and 1 CNY = 566.30 KHR; the side it is to tell is rounded half up,
as a network does that rounds for itself. ``POST /control`` makes its next prices wrong in one way.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from fx.money import currency

if TYPE_CHECKING:
    from switch.wire.simulator import SandboxContext

RATES = {"USD": (Decimal("7.1199"), "USD", "CNY"), "KHR": (Decimal("566.30"), "CNY", "KHR")}
CLOSED = 422


class Lucky:
    """The network's state."""

    def __init__(self, context: SandboxContext) -> None:
        self._clock = context.clock
        self.quotes: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.control: dict[str, Any] = {}

    async def lookup(self, request: web.Request) -> web.Response:
        return _said({"name": "Kunming Noodles", "account": "LKY001", "fixed": self.fixed})

    @property
    def fixed(self) -> str | None:
        """The amount that the merchant's code fixes."""
        found: str | None = self.control.get("fixed")
        return found

    async def quote(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        if "cut" in self.control:
            assert request.transport is not None
            request.transport.abort()
        if "closed" in self.control:
            return web.Response(status=CLOSED)
        value, code = asked["amount"]
        other = asked["other"]
        paid_in = other if code == "CNY" else code
        rate, unit, quoted = RATES[paid_in]
        times = code == unit
        told = Decimal(value) * rate if times else Decimal(value) / rate
        step = Decimal(1).scaleb(-currency(other).exponent) if other != "KHR" else Decimal(1)
        told = told.quantize(step, ROUND_HALF_UP) + Decimal(self.control.get("off", "0"))
        sides = [[value, code], [str(told), other]]
        source, destination = sides if code == paid_in else sides[::-1]
        name = f"LKY-{len(self.quotes) + 1:06d}"
        expires = self._clock.now() + timedelta(seconds=self.control.get("expires_s", 300))
        quote = {
            "quoteId": name,
            "source": source,
            "destination": destination,
            "rate": [str(rate), unit, quoted],
            "expires": expires.isoformat(),
            **self.control.get("say", {}),
        }
        self.quotes[name] = quote
        return _said(quote)

    async def pay(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        quote = self.quotes.get(asked["quoteId"], {"destination": None})
        # An amount may be written with fewer decimals than it has.
        paid = quote["destination"] is not None and (
            Decimal(quote["destination"][0]) == Decimal(asked["amount"][0])
        )
        self.payments[asked["reference"]] = {**asked, "paid": paid}
        return _said({"paid": paid})

    async def enquire(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        return _said({"paid": self.payments[asked["reference"]]["paid"]})

    async def tell(self, request: web.Request) -> web.Response:
        return _said({"quotes": self.quotes, "payments": list(self.payments.values())})

    async def change(self, request: web.Request) -> web.Response:
        self.control = orjson.loads(await request.read())
        return _said({})


def create(context: SandboxContext) -> web.Application:
    """The factory that the entry point names."""
    lucky = Lucky(context)
    app = web.Application()
    app.router.add_post("/lookup", lucky.lookup)
    app.router.add_post("/quote", lucky.quote)
    app.router.add_post("/pay", lucky.pay)
    app.router.add_post("/enquire", lucky.enquire)
    app.router.add_post("/control", lucky.change)
    app.router.add_get("/state", lucky.tell)
    return app


def _said(body: object) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")
