"""The JSON interface of members: read, scan, price, pay, look.

Scanning and pricing store nothing. A payment is opened in the store before anybody waits for it,
and the caller waits up to a bound: a client that hangs up takes nothing with it, because the hop
runs in a task of its own. The surprise: what a final payment answers is the stored bytes, so the
same key gets the same bytes for ever, while ``GET`` shows the payment as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aiohttp import web

from switch.answers import amount, payment_view, problem
from switch.api.body import read_json
from switch.api.intake import JSON_MEDIA, idempotency_key, take_in
from switch.api.problems import respond
from switch.api.quote_view import displayed, offered
from switch.api.shapes import DecodeRequest, PaymentRequest, QuoteRequest, ScanRequest
from switch.api.shown import UETR, json_response, standing_response
from switch.commands import Conflict
from switch.model import Channel, Particulars, Party
from switch.outbox import receiver_of
from switch.payments import Instruction
from switch.qr.view import view, without_line_end
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.runtime.turns import abreast
from switch.standings import Door

if TYPE_CHECKING:
    from datetime import datetime

    from switch.admissions import Admissions
    from switch.api.intake import Signed
    from switch.config import Config
    from switch.model import Payment
    from switch.payments import Payments, Standing
    from switch.quoting import Quoting
    from switch.runtime.clock import Clock
    from switch.scans import Scans
    from switch.sealing import Priced
    from switch.wire.authenticate import MemberAuthenticator

CUSTOMER_WAITS_S: Final = 30
"""How long a member's customer is taken to wait in all: the payment's own deadline (assumption).

It bounds only when the hop may still start; how long the member's call waits is configured.
"""

HOME_COUNTRY: Final = "KH"

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class MemberApi:
    """Serves ``/v1/scans``, ``/v1/qr/decode``, ``/v1/quotes`` and ``/v1/payments``."""

    def __init__(
        self,
        *,
        config: Config,
        authenticator: MemberAuthenticator,
        payments: Payments,
        scans: Scans,
        quoting: Quoting,
        admissions: Admissions,
        clock: Clock,
    ) -> None:
        self._config = config
        self._authenticator = authenticator
        self._payments = payments
        self._scans = scans
        self._quoting = quoting
        self._admissions = admissions
        self._clock = clock

    async def scan(self, request: web.Request) -> web.Response:
        """``POST /v1/scans``: the merchant behind a code, and its price where it is known."""
        signed = await self._priced(request)
        asked = read_json(signed.body, ScanRequest)
        known = None if asked.amount is None else asked.amount.money()
        payload = without_line_end(asked.payload)
        await self._payments.exposures.look()
        scanned = await self._scans.scan(signed.member, payload, known)
        merchant = scanned.destination.merchant
        view: dict[str, object] = {
            "network": scanned.network,
            "merchant": {
                "name": merchant.party.name,
                "city": merchant.city,
                "category": merchant.category,
            },
            **offered(scanned.offers, scanned.left_out, scanned.alarms),
            "scan": scanned.scan_token,
        }
        if merchant.amount is not None:
            view["amount"] = amount(merchant.amount)
        return json_response(200, view)

    async def decode(self, request: web.Request) -> web.Response:
        """``POST /v1/qr/decode``: what a code says, or all that is wrong with it."""
        signed = await take_in(request, self._authenticator, JSON_MEDIA)
        asked = read_json(signed.body, DecodeRequest)
        return json_response(200, view(self._scans.examine(without_line_end(asked.payload))))

    async def quote(self, request: web.Request) -> web.Response:
        """``POST /v1/quotes``: prices in either currency, to be paid or only shown."""
        signed = await self._priced(request)
        asked = read_json(signed.body, QuoteRequest)
        priced = asked.amount.money()
        await self._payments.exposures.look()
        if asked.scan is None:
            corridor = asked.corridor or ""
            shown = self._scans.display(signed.member, corridor, priced, asked.provider)
            return json_response(200, displayed(shown))
        given = await self._scans.price(signed.member, asked.scan, priced, asked.provider)
        return json_response(200, offered(given.offers, given.left_out, given.alarms))

    async def _priced(self, request: web.Request) -> Signed:
        """Take in what asks for a price: only of a member that may pay. Raises Refusal."""
        signed = await take_in(request, self._authenticator, JSON_MEDIA)
        shut = await self._admissions.shut(signed.member, Door.PAY)
        if shut is not None:
            raise Refusal(shut)
        return signed

    async def pay(self, request: web.Request) -> web.Response:
        """``POST /v1/payments``: the final answer as stored, or 202 while it is open."""
        signed = await take_in(request, self._authenticator, JSON_MEDIA, keyed=True)
        await abreast(self._clock)
        key = idempotency_key(request)
        asked = read_json(signed.body, PaymentRequest)
        now = self._clock.now()
        content = _content(asked)
        standing = await self._payments.repeated(signed.member, key, content)
        if standing is None:
            await abreast(self._clock)
            priced = self._quoting.open_quote(asked.quote, signed.member)
            tolerance = asked.requote_tolerance_bp
            if tolerance is not None and not self._payments.perhaps_lost(priced):
                priced = self._quoting.open_quote(asked.quote, signed.member, tolerance)
            await abreast(self._clock)
            standing = await self._opened(signed.member, key, asked, priced, now)
        if isinstance(standing, Conflict):
            title = "The idempotency key was used before with other content."
            more = {"field": standing.field_name}
            return respond(problem(409, title, Reason.DUPLICATE, **more))
        return standing_response(await self._payments.ended(standing, self._until(now)))

    async def _opened(
        self, member: str, key: str, asked: PaymentRequest, priced: Priced, now: datetime
    ) -> Standing | Conflict:
        instruction = Instruction(
            uetr=self._payments.uetr(member, key, asked.quote),
            channel=Channel.JSON,
            priced=priced,
            particulars=_particulars(member, asked, priced),
            scope=member,
            key=key,
            content=_content(asked),
            accepted_at=now,
            deadline=now + timedelta(seconds=CUSTOMER_WAITS_S),
        )
        return await self._payments.open(instruction)

    async def payment(self, request: web.Request) -> web.Response:
        """``GET /v1/payments/{uetr}``: a payment of this member, or to its customer, as it is."""
        signed = await take_in(request, self._authenticator, ())
        uetr = request.match_info["uetr"]
        standing = await self._payments.find(uetr) if UETR.match(uetr) else None
        if standing is None or not _may_look(signed.member, standing.payment):
            self._payments.refuse_while_restoring()
            raise web.HTTPNotFound
        return json_response(200, payment_view(standing.payment))

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(milliseconds=self._config.payments.answer_within_ms)


def _may_look(member: str, payment: Payment) -> bool:
    """Who asked for a payment may look at it, and whose customer pays by it or is paid."""
    return member in (payment.origin, receiver_of(payment))


def _content(asked: PaymentRequest) -> dict[str, str]:
    """What must be equal in a true repeat; absent and empty are the same."""
    tolerance = asked.requote_tolerance_bp
    return {
        "quote": asked.quote,
        "debtor.name": asked.debtor.name,
        "debtor.account": asked.debtor.account,
        "end_to_end_id": asked.end_to_end_id or "",
        "remittance": asked.remittance or "",
        # Only where it is given, so that a payment from before it existed still has its repeat.
        **({} if tolerance is None else {"requote_tolerance_bp": str(tolerance)}),
    }


def _particulars(member: str, asked: PaymentRequest, priced: Priced) -> Particulars:
    debtor = Party(
        name=asked.debtor.name,
        account=asked.debtor.account,
        agent=member,
        country=HOME_COUNTRY,
    )
    return particulars_of(
        priced, debtor, end_to_end_id=asked.end_to_end_id or "", remittance=asked.remittance or ""
    )


def particulars_of(
    priced: Priced,
    debtor: Party,
    *,
    end_to_end_id: str,
    remittance: str,
    more: Mapping[str, str] = NOTHING,
) -> Particulars:
    """Everything personal of a payment: the debtor as given, the merchant as quoted.

    ``more`` is what the answer to the member needs back.
    """
    merchant = priced.destination.merchant
    return Particulars(
        debtor=debtor,
        creditor=merchant.party,
        end_to_end_id=end_to_end_id,
        qr_payload=priced.destination.payload,
        merchant_category=merchant.category,
        store_label=merchant.store_label,
        terminal_label=merchant.terminal_label,
        bill_number=merchant.bill_number,
        remittance=remittance,
        extra={**merchant.extra, **more},
    )
