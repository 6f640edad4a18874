"""A UnionPay to test against: its switch on its own wire, with its own book and mistakes.

It reads its codes, prices them, takes payments, tells their results, and takes refunds of what its
cardholders paid in Cambodia (``sandbox_payer``). One msgID is executed once: the same content is
answered the same, other content is refused. The surprise: code 25 promises nothing; a payment that
arrives after it was "not located" is executed, as long as its token is fresh.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from adapters.sandbox_kit import Entry, EntryStatus, FaultKind, Reply, SandboxKit, answer
from adapters.unionpay.sandbox_back import Back
from adapters.unionpay.sandbox_payer import Payer
from adapters.unionpay.sandbox_shops import RATES, billed, converted, read_code
from adapters.unionpay.sandbox_wire import Desk, Incoming, Refused
from fx.money import Money, MoneyError
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.sandbox_kit import Fault, SandboxContext

GATEWAY: Final = "/umpsqrgw"
AMOUNT_MAX: Final = Money.parse("50000.00", "CNY")
"""Largest payment; one above it is refused with 61."""

BILLED_IN: Final = "840"
"""Currency of the card behind our token."""

PATHS: Final[Mapping[str, tuple[str, Operation]]] = MappingProxyType({
    "/scis/switch/qrcinfoinquiry": ("QRC_INFO_INQUIRY", Operation.LOOKUP),
    "/scis/switch/exchangerateinquiry": ("EXCHANGE_RATE_INQUIRY", Operation.QUOTE),
    "/scis/switch/qremvpayment": ("MPQRC_PAYMENT_EMV", Operation.PAY),
    "/scis/switch/qrurlpayment": ("MPQRC_PAYMENT_URL", Operation.PAY),
    "/scis/switch/trxresultinquiry": ("TRX_RESULT_INQUIRY", Operation.ENQUIRE),
    "/scis/switch/cancellation": ("CANCELLATION", Operation.REFUND),
    "/scis/switch/refund": ("REFUND", Operation.REFUND),
})  # fmt: skip

_OPERATIONS: Final = (
    *(Operation.LOOKUP, Operation.QUOTE, Operation.PAY, Operation.ENQUIRE, Operation.REFUND),
)
_PAYER: Final = frozenset({"deviceID", "userID", "token"})


def create(context: SandboxContext) -> web.Application:
    """Return the application of this sandbox.

    Options as the adapter's; keys: private ``unionpay`` with its certificate, and the pinned
    certificate ``switch-unionpay``.
    """
    network = Network(context)
    app = network.kit.application()
    for path in (*PATHS, GATEWAY):
        app.router.add_post(path, network.receive)
    network.payer.add_to(app)
    Back(context, network.desk, network.kit.book, network.payer).add_to(app)
    return app


def _spoil(reply: Reply) -> Reply:
    """Alter one signed character."""
    body = reply.body.replace(b'"responseCode":"', b'"responseCode": "', 1)
    return Reply(body, reply.content_type, reply.status, reply.headers)


class Network:
    """The scheme's switch: the merchant's side of payments that come from Cambodia."""

    def __init__(self, context: SandboxContext) -> None:
        self.desk = Desk(context)
        self.kit = SandboxKit(context, "unionpay", _OPERATIONS, _spoil)
        self.payer = Payer(context, self.desk, self.kit.book)
        self._clock = context.clock
        self._token = context.options["token"]
        self._contents: dict[str, Mapping[str, Any]] = {}
        self._devices: dict[str, str] = {}
        self._do: Mapping[str, Callable[[Incoming, Fault | None], Reply]] = MappingProxyType({
            "QRC_INFO_INQUIRY": self._found,
            "EXCHANGE_RATE_INQUIRY": self._priced,
            "MPQRC_PAYMENT_EMV": self._paid,
            "MPQRC_PAYMENT_URL": self._paid,
            "TRX_RESULT_INQUIRY": self._told,
            "CANCELLATION": self._refunded,
            "REFUND": self._refunded,
        })  # fmt: skip

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take one message of the switch."""
        raw = await request.read()
        try:
            incoming = self.desk.open(request.headers, raw, request.path)
        except Refused as refused:
            return answer(self.desk.reply(None, refused.code))
        kinds = dict(PATHS.values())
        kind = incoming.info["msgType"]
        here = PATHS.get(request.path, (kind,))[0]
        if kind not in kinds or kind != here:
            return answer(self.desk.reply(incoming, "30"))
        asked = incoming.text("origMsgID") if kind == "TRX_RESULT_INQUIRY" else ""
        named = asked or incoming.message_id
        return await self.kit.serve(
            request, kinds[kind], named, "", lambda fault: self._executed(incoming, kind, fault)
        )

    def _executed(self, incoming: Incoming, kind: str, fault: Fault | None) -> Reply:
        try:
            return self._do[kind](incoming, fault)
        except Refused as refused:
            return self.desk.reply(incoming, refused.code)

    def _found(self, incoming: Incoming, fault: Fault | None) -> Reply:
        _refused_by(fault, "03")
        _needs(incoming, {"deviceID", "userID", "mpqrcPayload"})
        code = read_code(incoming.text("mpqrcPayload"))
        values = {
            "trxCurrency": "156",
            "qrcUseCase": "10",
            "merchantName": code.shop.name,
            "mcc": code.shop.category,
            "merchantCountry": "CN",
            "merchantCity": code.shop.city,
        }
        told = {} if code.amount is None else {"trxAmt": str(code.amount)}
        return self.desk.reply(incoming, "00", {**values, **told})

    def _priced(self, incoming: Incoming, fault: Fault | None) -> Reply:
        _refused_by(fault, "12")
        _needs(incoming, {"origCurrency", "origAmt", "exchangeCurrency"})
        given = _money(incoming.text("origAmt"), incoming.text("origCurrency"))
        found = converted(given, incoming.text("exchangeCurrency"))
        return self.desk.reply(incoming, "00", {"exchangeAmt": str(found)})

    def _paid(self, incoming: Incoming, fault: Fault | None) -> Reply:
        reference = incoming.message_id
        content = {**incoming.values, "msgType": incoming.info["msgType"]}
        known = self._contents.get(reference)
        if known is not None and known != content:
            raise Refused("94")
        if known is None:
            self._execute(incoming, fault)
            self._contents[reference] = content
            self._devices[incoming.text("deviceID")] = reference
        entry = self.kit.book.find(reference)
        assert entry is not None, "what is known is in the book"
        if entry.status is EntryStatus.PENDING:
            return self.desk.reply(incoming, "04")
        if entry.status is EntryStatus.REFUSED:
            return self.desk.reply(incoming, entry.reason or "99")
        return self.desk.reply(incoming, "00", self._receipt(entry, incoming.text("deviceID")))

    def _receipt(self, entry: Entry, device: str) -> dict[str, Any]:
        bill = billed(entry.amount, BILLED_IN)
        return {
            "deviceID": device,
            "trxAmt": str(entry.amount),
            "trxCurrency": entry.amount.currency.numeric,
            "qrcVoucherNo": voucher(entry.reference),
            "retrievalReferenceNumber": entry.reference[-12:],
            "cdhldrBillAmt": str(bill),
            "cdhldrBillCurrency": BILLED_IN,
            "cdhldrBillConvRate": str(RATES[BILLED_IN]),
            "settlementKey": {
                "acquirerIIN": "25000156",
                "forwardingIIN": "00020156",
                "systemTraceAuditNumber": entry.reference[-6:],
                "TransmissionDateTime": entry.at.strftime("%m%d%H%M%S"),
            },
        }

    def _execute(self, incoming: Incoming, fault: Fault | None) -> None:
        """Book a payment seen for the first time."""
        amount = _money(incoming.text("trxAmt"), incoming.text("trxCurrency"))
        code = self._refusal(incoming, amount)
        status = EntryStatus.REFUSED if code else EntryStatus.BOOKED
        if fault is not None and fault.kind is FaultKind.REFUSE:
            status, code = EntryStatus.REFUSED, fault.reason or "05"
        elif fault is not None and not code:
            status = EntryStatus.PENDING
        reference, now = incoming.message_id, self._clock.now()
        self.kit.book.add(Entry("", reference, "outbound", amount, status, now, code or None))
        if fault is not None and status is EntryStatus.PENDING:
            self.kit.end_later(reference, fault.delay_ms)

    def _refusal(self, incoming: Incoming, amount: Money) -> str:
        """Return the code why this payment cannot be taken, or nothing."""
        url = incoming.info["msgType"] == "MPQRC_PAYMENT_URL"
        wanted = {"trxAmt", "trxCurrency", "mpqrcPayload", "merchantInfo"} | _PAYER
        _needs(incoming, wanted | ({"origTrxMsgID"} if url else set()), {"additionalData"})
        if incoming.text("token") != self._token:
            return "14"
        if amount.currency.numeric != "156":
            return "12"
        if amount > AMOUNT_MAX:
            return "61"
        try:
            code = read_code(incoming.text("mpqrcPayload"))
        except Refused as refused:
            return refused.code
        shop = incoming.values["merchantInfo"]
        if not url and (shop.get("mid"), shop.get("mcc")) != (code.key, code.shop.category):
            return "03"
        return "13" if code.amount is not None and code.amount != amount else ""

    def _told(self, incoming: Incoming, fault: Fault | None) -> Reply:
        _refused_by(fault, "96")
        _needs(incoming, {"origMsgType", "trxAmt", "trxCurrency"} | _PAYER, {"origMsgID"})
        device = incoming.text("deviceID")
        # Whoever lost its own msgID is known by the device that it paid with.
        reference = incoming.text("origMsgID") or self._devices.get(device, "")
        entry = self.kit.book.find(reference)
        if entry is None:
            raise Refused("25")
        values = {
            "deviceID": device,
            "origMsgType": incoming.text("origMsgType"),
            "trxAmt": str(entry.amount),
            "trxCurrency": entry.amount.currency.numeric,
        }
        if fault is not None or entry.status is EntryStatus.PENDING:
            return self.desk.reply(incoming, "04", values)
        if entry.status is EntryStatus.REFUSED:
            told = {"paymentStatus": "REJECTED", "rejectionReason": entry.reason or "99"}
            return self.desk.reply(incoming, "00", {**values, **told})
        told = {"paymentStatus": "APPROVED", "qrcVoucherNo": voucher(reference)}
        return self.desk.reply(incoming, "00", {**values, **told})

    def _refunded(self, incoming: Incoming, fault: Fault | None) -> Reply:
        return self.payer.refund(incoming, fault)


def voucher(reference: str) -> str:
    """Return the network's own number of a payment: 20 digits."""
    digits = "".join(each for each in reference if each.isdigit())
    return f"{int(digits) % 10**20:020d}"


def _money(text: str, currency: str) -> Money:
    try:
        return Money.parse(text, currency).positive()
    except MoneyError:
        raise Refused("13") from None


def _refused_by(fault: Fault | None, default: str) -> None:
    if fault is not None and fault.kind is FaultKind.REFUSE:
        raise Refused(fault.reason or default)


def _needs(
    incoming: Incoming, wanted: set[str], allowed: set[str] | frozenset[str] = frozenset()
) -> None:
    """Raise :class:`Refused` for a member that is missing, or that nobody knows."""
    given = set(incoming.values)
    if wanted - given or given - wanted - allowed:
        raise Refused("30")
