"""The ISO 20022 interface of members: one address, messages in ``BizMsg``, answers signed.

A payment goes the same way as a JSON one; only the words differ. HTTP says what was bound: 200 and
202 are about a payment that exists, 4xx bound nothing. The surprise: a check that fails although
the quote could be opened is committed as a refusal, so the same MsgId gets the same RJCT for ever.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from switch import lifecycle
from switch.api.intake import XML_MEDIA, take_in
from switch.api.members import CUSTOMER_WAITS_S, NOTHING, particulars_of
from switch.api.messages import MemberEnquiry, Refused
from switch.api.problems import respond
from switch.api.recall_messages import MemberRecall
from switch.asking_back import Unended
from switch.commands import Conflict
from switch.linked_payments import Asked, apart
from switch.model import Channel, Payment
from switch.payments import Instruction, Standing
from switch.port import Planning
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.wire.authenticate import HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aiohttp import web

    from iso20022.jws import JwsSigner
    from switch.api.messages import MemberMessages, MemberPayment
    from switch.asking_back import AskingBack
    from switch.commands import Answer
    from switch.config import Config
    from switch.logs import Log
    from switch.model import Particulars
    from switch.payments import Payments
    from switch.quoting import Priced, Quoting
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.wire.authenticate import MemberAuthenticator

SCOPE_SUFFIX = "/iso20022"
"""MsgIds and idempotency keys of one member are different names: they never meet."""


class IsoApi:
    """Serves ``/v1/messages``."""

    def __init__(
        self,
        *,
        config: Config,
        authenticator: MemberAuthenticator,
        payments: Payments,
        quoting: Quoting,
        messages: MemberMessages,
        asking_back: AskingBack,
        signer: JwsSigner | None,
        clock: Clock,
        ids: Ids,
        log: Log,
    ) -> None:
        self._config = config
        self._authenticator = authenticator
        self._payments = payments
        self._quoting = quoting
        self._messages = messages
        self._asking_back = asking_back
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._log = log

    async def message(self, request: web.Request) -> web.Response:
        """``POST /v1/messages``: answer a payment or an enquiry."""
        signed = await take_in(request, self._authenticator, XML_MEDIA)
        member = signed.member
        try:
            asked = self._messages.read(signed.body, member, self._planning())
        except Refused as refused:
            self._log.info("message_refused", reason=refused.reason.iso)
            return self._signed(await self._final(refused, member))
        if isinstance(asked, MemberRecall):
            return self._signed(await self._recalled(asked, member))
        if isinstance(asked, MemberEnquiry):
            return self._signed(await self._enquired(asked, member))
        answer = await self._paid(asked, member)
        # Where an open payment can be asked for, as in the JSON interface.
        where = (
            {"Location": f"/v1/payments/{asked.uetr}"}
            if answer.status == HTTPStatus.ACCEPTED
            else {}
        )
        return self._signed(answer, where)

    async def _final(self, refused: Refused, member: str) -> Answer:
        """The refusal of a payment is final before it leaves; others bind nothing."""
        if refused.otherwise is not None and (
            await self._payments.bury(member, refused.uetr) is not None
        ):
            return refused.otherwise
        return refused.answer

    def _planning(self) -> Planning:
        now = self._clock.now()
        return Planning(now, self._ids.ordered(), self._config.switch.slot, now)

    async def _enquired(self, asked: MemberEnquiry, member: str) -> Answer:
        standing = await self._payments.find(asked.uetr)
        payment = None if standing is None else standing.payment
        if payment is not None and payment.origin != member:
            payment = None
        if payment is None:
            # Whoever says "never received" must never execute it later.
            payment = await self._payments.bury(member, asked.uetr)
        return self._messages.render_enquiry(asked, payment, member, self._planning())

    async def _recalled(self, asked: MemberRecall, member: str) -> Answer:
        """Ask for a payment of this member back; the same message again is the same recall."""
        found = await self._payments.find(asked.uetr)
        original = None if found is None or found.payment.origin != member else found.payment
        if original is None:
            # Whoever says "never received" must never execute it later; one that came meanwhile is
            # asked back like any other.
            original = await self._payments.bury(member, asked.uetr)
        if original is None:
            return self._resolution(asked, None, Reason.ORIGINAL_UNKNOWN, member)
        content = {"original": original.uetr, "reason": asked.why}
        key = Asked(member + SCOPE_SUFFIX, apart("recall", asked.key), content)
        try:
            made = await self._asking_back.recall(original, asked.why, member, key)
        except Unended:
            return self._resolution(asked, original, None, member)
        if isinstance(made, Conflict):
            return self._resolution(asked, None, Reason.DUPLICATE, member)
        until = self._clock.now() + timedelta(milliseconds=self._config.payments.answer_within_ms)
        recall = (await self._payments.ended(Standing(made, None), until)).payment
        return self._resolution(asked, recall, recall.reason, member)

    def _resolution(
        self, asked: MemberRecall, recall: Payment | None, reason: Reason | None, member: str
    ) -> Answer:
        status = None if recall is None else lifecycle.status(recall)
        planning = self._planning()
        return self._messages.render_resolution(asked, status, reason, member, planning)

    async def _paid(self, asked: MemberPayment, member: str) -> Answer:
        now = self._clock.now()
        scope = member + SCOPE_SUFFIX
        standing = await self._payments.repeated(scope, asked.key, asked.content)
        if standing is None:
            try:
                priced = self._quoting.open_quote(asked.quote_token, member)
            except Refusal as refusal:
                return await self._unbound(asked, refusal, member)
            standing = await self._opened(asked, priced, scope, now)
        if isinstance(standing, Conflict):
            self._log.info("duplicate_differs", field=standing.field_name)
            return await self._unbound(asked, Refusal(Reason.DUPLICATE, 409), member)
        until = now + timedelta(milliseconds=self._config.payments.answer_within_ms)
        standing = await self._payments.ended(standing, until)
        if standing.answer is not None:
            return standing.answer
        return self._messages.render_interim(asked, standing.payment, self._planning())

    async def _unbound(self, asked: MemberPayment, refusal: Refusal, member: str) -> Answer:
        """Refuse an instruction that cannot be bound; the refusal is final by a tombstone.

        Where a payment of that UETR exists, its answer is another one: only the message is refused.
        """
        self._log.info("message_refused", reason=refusal.reason.iso)
        if await self._payments.bury(member, asked.uetr) is not None:
            planning = self._planning()
            return self._messages.render_rejection(asked, Reason.DUPLICATE, member, planning)
        return self._refusal(asked, refusal.reason, member, refusal.status)

    async def _opened(
        self, asked: MemberPayment, priced: Priced, scope: str, now: datetime
    ) -> Standing | Conflict:
        particulars = _particulars(asked, priced)
        instruction = Instruction(
            uetr=asked.uetr,
            channel=Channel.ISO20022,
            priced=priced,
            particulars=particulars,
            scope=scope,
            key=asked.key,
            content=asked.content,
            accepted_at=now,
            deadline=now + timedelta(seconds=CUSTOMER_WAITS_S),
        )
        return await self._payments.open(instruction, _refused(asked, priced))

    def _refusal(self, asked: MemberPayment, reason: Reason, member: str, status: int) -> Answer:
        planning = self._planning()
        return self._messages.render_refusal(
            asked.originals, reason, member, planning, status=status
        )

    def _signed(self, answer: Answer, headers: Mapping[str, str] = NOTHING) -> web.Response:
        if self._signer is None:
            return respond(answer, headers)
        return respond(answer, {**headers, HEADER: self._signer.sign_detached(answer.body)})


def _refused(asked: MemberPayment, priced: Priced) -> Reason | None:
    """Checks before commit 1, in order: the quote named, the amount as quoted, the creditor."""
    quote = priced.quote
    if asked.quote_id and asked.quote_id != quote.quote_id:
        return Reason.QUOTE_INVALID
    if asked.settlement_amount != quote.debit:
        return Reason.AMOUNT_DIFFERS
    account = priced.destination.merchant.party.account
    if asked.creditor_account and asked.creditor_account != account:
        return Reason.ACCOUNT_UNKNOWN
    return None


def _particulars(asked: MemberPayment, priced: Priced) -> Particulars:
    return particulars_of(
        priced,
        asked.debtor,
        end_to_end_id=asked.end_to_end_id,
        remittance=asked.remittance,
        more=asked.originals,
    )
