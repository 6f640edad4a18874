"""Adapter and sandbox over real HTTP: every fault leaves the truth in the book, found by enquiry.

The switch's side here is the real transport; in the other direction a small stand-in of the switch
answers with the real adapter, so both writers of messages meet both readers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from aiohttp import web

from adapters.sandbox_kit import SandboxContext
from adapters.thailand.sandbox import create
from fx.money import Money
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
from switch.reasons import Reason
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, MaybeSent, Request, Transport
from tests.adapters.thailand.test_thailand_inbound import found
from tests.adapters.thailand.thailand_parts import (
    SANDBOX_OPTIONS,
    enquired,
    inbound_payment,
    outbound_particulars,
    outbound_payment,
    planning,
    thai_code,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from adapters.thailand import ThailandAdapter
    from switch.model import Payment
    from tests.adapters.thailand.thailand_parts import Keys

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)


@dataclass
class SwitchStandIn:
    """Answers the network with the real adapter and a memory instead of a ledger."""

    adapter: ThailandAdapter
    clock: SystemClock
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
    net: TcpNet
    clock: SystemClock
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


@pytest.fixture
async def link(thailand: ThailandAdapter, keys: Keys) -> AsyncIterator[Link]:
    clock = SystemClock()
    ids = Ids(clock, SystemEntropy())
    crashes: list[str] = []
    tasks = Tasks(lambda name, _: crashes.append(name))
    switch = SwitchStandIn(thailand, clock, ids)
    app = web.Application(client_max_size=100_000)
    app.router.add_post("/networks/thailand/iso20022/v1/messages", switch.receive)
    binds = {"thailand": ("127.0.0.1", 0), "switch": ("127.0.0.1", 0)}
    served_switch = await TcpNet(clock, binds, {}).serve(app, "switch")
    theirs = TcpNet(clock, binds, {"switch": served_switch.url})
    context = SandboxContext(clock, ids, tasks, theirs, keys, SANDBOX_OPTIONS)
    served = await theirs.serve(create(context), "thailand")
    ours = TcpNet(clock, binds, {"thailand": served.url})

    yield Link(thailand, ours, clock, switch)

    for net in (ours, theirs):
        await net.close()
    await served.close()
    await served_switch.close()
    await tasks.close()
    assert crashes == []


async def test_scan_pay_and_both_books_agree(link: Link) -> None:
    merchant = await link.lookup(thai_code(amount="345.00"))
    payment = link.open_payment()
    outcome = await link.pay(payment)
    entry = await link.entry(payment.uetr)
    arrived = await link.shown("/control/requests", "requests")

    assert isinstance(merchant, Merchant)
    assert (merchant.party.name, merchant.city, merchant.category) == (
        "Somchai Coffee",
        "Bangkok",
        "5814",
    )
    assert (merchant.amount, merchant.terminal_label) == (Money.parse("345.00", "THB"), "T01")
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.far_reference
    assert entry is not None
    assert (entry["reference"], entry["direction"], entry["amount"], entry["status"]) == (
        payment.reference,
        "outbound",
        "345.00",
        "booked",
    )
    assert await link.shown("/state", "totals") == {"THB": "345.00"}
    assert [request["operation"] for request in arrived] == ["lookup", "pay"]
    assert arrived[1]["uetr"] == payment.uetr


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (thai_code("099999999999999"), Reason.ACCOUNT_UNKNOWN),
        (thai_code("099400015832200"), Reason.ACCOUNT_CLOSED),
        (thai_code("010753700015501"), Reason.ACCOUNT_BLOCKED),
        (thai_code()[:-1] + "X", Reason.QR_INVALID),
        (thai_code()[:40], Reason.QR_INVALID),
    ],
)
async def test_codes_that_cannot_be_paid(link: Link, payload: str, reason: Reason) -> None:
    assert await link.lookup(payload) == Unavailable(reason)


async def test_a_promptpay_transfer_code_is_found(link: Link) -> None:
    """The payload is a published example of a static phone code (without name and city)."""
    payload = "00020101021129370016A000000677010111011300668123456785802TH530376463045D82"
    merchant = await link.lookup(payload)

    assert isinstance(merchant, Merchant)
    assert merchant.party.name == "Nok Fruit Cart"
    assert merchant.amount is None


@pytest.mark.parametrize("kind", ["drop_answer", "garbage", "wrong_signature", "error_500"])
async def test_a_booked_payment_with_a_bad_answer_is_unknown_until_the_enquiry(
    link: Link, kind: str
) -> None:
    await link.fault("pay", kind)
    payment = link.open_payment()
    outcome = await link.pay(payment)
    entry = await link.entry(payment.uetr)

    assert outcome == UNKNOWN
    assert entry is not None
    assert entry["status"] == "booked"
    assert (await link.enquire(payment)).kind is OutcomeKind.ACCEPTED


async def test_a_dropped_request_is_never_seen_and_can_never_be_executed(link: Link) -> None:
    await link.fault("pay", "drop_request")
    payment = link.open_payment()

    assert await link.pay(payment) == UNKNOWN
    assert await link.entry(payment.uetr) is None
    assert await link.enquire(payment) == Outcome(OutcomeKind.NEVER_SEEN)
    assert (await link.pay(enquired(payment))).reason is Reason.TOO_OLD
    assert await link.entry(payment.uetr) is None


async def test_a_held_answer_is_given_on_release(link: Link) -> None:
    await link.fault("pay", "hold")
    payment = link.open_payment()

    assert await link.pay(payment, within_s=0.2) == UNKNOWN
    assert (await link.enquire(payment)).kind is OutcomeKind.ACCEPTED
    await link.fault("pay", "late", delay_ms=5)
    assert (await link.pay(payment)).kind is OutcomeKind.ACCEPTED
    assert await link.control("/control/release") == {"released": 1}


async def test_pending_ends_on_release_or_after_its_delay(link: Link) -> None:
    await link.fault("pay", "pending")
    await link.fault("enquire", "pending")
    payment = link.open_payment()
    first = await link.pay(payment)
    asked = await link.enquire(payment)
    still = await link.enquire(payment)
    await link.control("/control/release")

    assert [first.kind, asked.kind, still.kind] == [OutcomeKind.PENDING] * 3
    assert (await link.enquire(payment)).kind is OutcomeKind.ACCEPTED
    await link.fault("pay", "pending", delay_ms=5)
    other = link.open_payment()
    assert (await link.pay(other)).kind is OutcomeKind.PENDING
    await link.clock.sleep(0.05)
    assert (await link.enquire(other)).kind is OutcomeKind.ACCEPTED


async def test_refusals_are_final_and_repeat_themselves(link: Link) -> None:
    await link.fault("pay", "refuse", reason="AM04")
    payment = link.open_payment()
    expected = await link.pay(payment)
    entry = await link.entry(payment.uetr)

    assert (expected.kind, expected.reason) == (OutcomeKind.REFUSED, Reason.FUNDS_INSUFFICIENT)
    assert entry is not None
    assert (entry["status"], entry["reason"]) == ("refused", "AM04")
    assert (await link.pay(payment)).reason is Reason.FUNDS_INSUFFICIENT
    assert (await link.enquire(payment)).reason is Reason.FUNDS_INSUFFICIENT


async def test_the_same_content_books_once_and_other_content_is_a_duplicate(link: Link) -> None:
    await link.fault("pay", "twice")
    payment = link.open_payment()
    outcomes = [await link.pay(payment) for _ in range(3)]
    other = replace(payment, terms=replace(payment.terms, destination=Money.parse("1", "THB")))

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * 3
    assert await link.pay(other) == UNKNOWN
    assert await link.shown("/state", "totals") == {"THB": "345.00"}


@pytest.mark.parametrize(
    ("destination", "reason"),
    [("345.50", Reason.UNSPECIFIED), ("200000.00", Reason.AMOUNT_ABOVE_SCHEME)],
)
async def test_the_network_recomputes_the_rate_and_keeps_its_limit(
    link: Link, destination: str, reason: Reason
) -> None:
    """AB04 (rate) has no reason of ours; what counts is that it is refused."""
    payment = link.open_payment()
    thb = Money.parse(destination, "THB")
    wrong = replace(payment, terms=replace(payment.terms, destination=thb))

    assert (await link.pay(wrong)).reason is reason


async def test_lookup_faults(link: Link) -> None:
    unavailable = Unavailable(Reason.COUNTERPARTY_ERROR)
    for kind in ("garbage", "wrong_signature", "error_500"):
        await link.fault("lookup", kind)
        assert await link.lookup(thai_code()) == unavailable
    await link.fault("lookup", "refuse", reason="AC06")
    assert await link.lookup(thai_code()) == Unavailable(Reason.ACCOUNT_BLOCKED)
    await link.fault("enquire", "refuse", reason="AG03")
    assert await link.enquire(link.open_payment()) == UNKNOWN


async def test_a_message_signed_by_a_stranger_is_refused_and_not_booked(link: Link) -> None:
    payment = link.open_payment()
    exchange = link.adapter.plan_pay(payment, outbound_particulars(), link.switch.plan())
    altered = exchange.body.replace(b">345.00<", b">445.00<")
    answer = await link.send(replace(exchange, body=altered))

    assert answer is not None
    assert answer.status == 401
    assert link.adapter.read(exchange, payment, answer) == UNKNOWN
    assert await link.entry(payment.uetr) is None


async def test_a_guest_pays_a_khqr_merchant(link: Link) -> None:
    told = await link.control("/control/pay-khqr", payload="KHQR", amount="41000", repeat=3)
    uetr = str(told["uetr"])
    entry = await link.entry(uetr)

    assert (told["status"], told["reason"]) == ("ACSC", None)
    assert (told["amount"], told["currency"]) == ("346.87", "THB")
    assert told["answers"] == [{"http": 200, "status": "ACSC", "reason": None}] * 3
    assert entry is not None
    assert (entry["direction"], entry["amount"], entry["status"]) == ("inbound", "346.87", "booked")
    assert link.switch.credited[uetr].quote_token == "token"


async def test_a_guest_whose_answer_is_lost_enquires(link: Link) -> None:
    link.switch.silent = True
    told = await link.control("/control/pay-khqr", payload="KHQR")
    pending = await link.entry(str(told["uetr"]))
    await link.control("/control/release")
    still = await link.entry(str(told["uetr"]))
    asked = await link.control("/control/enquire", uetr=told["uetr"])
    booked = await link.entry(str(told["uetr"]))

    assert told["status"] is None
    assert pending is not None
    assert still is not None
    assert booked is not None
    assert [pending["status"], still["status"], booked["status"]] == [
        "pending",
        "pending",
        "booked",
    ]
    assert asked["status"] == "ACSC"


async def test_a_guest_is_refused_and_a_payment_never_seen_ends_refused(link: Link) -> None:
    link.switch.reason = Reason.QR_EXPIRED
    refused = await link.control("/control/pay-khqr", payload="KHQR")
    link.switch.reason = None
    link.switch.silent = True
    told = await link.control("/control/pay-khqr", payload="KHQR")
    link.switch.credited.clear()
    asked = await link.control("/control/enquire", uetr=told["uetr"])
    entry = await link.entry(str(told["uetr"]))

    assert (refused["status"], refused["reason"], refused["uetr"]) == ("RJCT", "DS24", None)
    assert (asked["status"], asked["reason"]) == ("RJCT", "NSEEN")
    assert entry is not None
    assert (entry["status"], entry["reason"]) == ("refused", "NSEEN")


async def test_an_old_acceptance_reaches_the_switch_as_such(link: Link) -> None:
    told = await link.control("/control/pay-khqr", payload="KHQR", age_ms=400_000)
    got = link.switch.credited[str(told["uetr"])]

    assert (link.clock.now() - got.accepted_at).total_seconds() > 399


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/control/pay-khqr", {}),
        ("/control/pay-khqr", {"payload": "KHQR", "repeat": 0}),
        ("/control/pay-khqr", {"payload": "KHQR", "amount": "1.5"}),
        ("/control/enquire", {"uetr": "nobody's"}),
        ("/control/enquire", {}),
    ],
)
async def test_bad_control_requests_are_refused(
    link: Link, path: str, body: dict[str, object]
) -> None:
    assert "error" in await link.control(path, **body)
