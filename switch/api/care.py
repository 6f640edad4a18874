"""Refunds and recalls that a bank asks for, what it says to one, and the operators' queue.

Each is a payment of its own, answered like one. Operators have keys of their own and see every
payment without names; whoever proposes an end of one cannot approve it. The surprise: an operator's
key opens nothing of a member's, and no member's key opens the queue.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiohttp import web

from fx.money import CURRENCIES
from switch import lifecycle
from switch.answers import payment_view, problem
from switch.api.body import read_json
from switch.api.care_shapes import (
    ApprovalRequest,
    ProposalRequest,
    RecallAnswer,
    RecallRequest,
    RefundRequest,
)
from switch.api.intake import JSON_MEDIA, idempotency_key, take_in
from switch.api.problems import Absent, respond
from switch.api.shown import UETR, committed_response, json_response, queried, standing_response
from switch.casework import PAGE_MAX, Proposal
from switch.commands import Conflict
from switch.linked_payments import Asked, apart
from switch.operators import Action
from switch.payments import Standing
from switch.reasons import Reason, from_iso, known_code
from switch.refusals import Refusal
from switch.store.contract import StoreBusy
from switch.worklist import Wanted

if TYPE_CHECKING:
    from datetime import datetime

    from switch.admissions import Admissions
    from switch.aftercare import Aftercare
    from switch.config import Config
    from switch.model import Payment
    from switch.payments import Payments
    from switch.runtime.clock import Clock
    from switch.wire.authenticate import MemberAuthenticator

NUMBER_MAX: Final = 2**63 - 1
DIGITS_MAX: Final = 19
BANK_CODE: Final = 8
BY_AGE: Final = "age"
BY_AMOUNT: Final = "amount"
ABSENT: Final = "There is no such payment."
NO_CODE: Final = "There is no such reason code; write it as AC04."
NOT_PROPOSED: Final = "There is no such payment, or nothing is proposed for it as it stands."


@dataclass(frozen=True, slots=True)
class Care:
    """What aftercare needs."""

    config: Config
    members: MemberAuthenticator
    operators: MemberAuthenticator
    payments: Payments
    aftercare: Aftercare
    clock: Clock
    admissions: Admissions


class CareApi:
    """Serves refunds, recalls and ``/v1/operations/…``."""

    def __init__(self, care: Care) -> None:
        self._care = care

    async def refund(self, request: web.Request) -> web.Response:
        """``POST /v1/payments/{uetr}/refunds``: a refund of its own, final or open."""
        care = self._care
        signed = await take_in(request, care.members, JSON_MEDIA, keyed=True)
        key = idempotency_key(request)
        amount = read_json(signed.body, RefundRequest).amount.money()
        until = care.clock.now() + timedelta(milliseconds=care.config.payments.answer_within_ms)
        original = await self._paid_to(signed.member, request.match_info["uetr"])
        content = {"original": original.uetr, "amount": str(amount.minor)}
        content["currency"] = amount.currency.code
        asked = Asked(signed.member, apart("refund", key), content)
        made = await care.aftercare.asking_back.refund(original, amount, asked)
        return await self._linked(made, until)

    async def _paid_to(self, member: str, uetr: str) -> Payment:
        """A payment to a customer of this member. Raises HTTPNotFound."""
        found = await self._care.payments.find(uetr) if UETR.match(uetr) else None
        if found is None:
            raise web.HTTPNotFound
        bank = found.payment.institutions.payee_bank
        if not bank or bank[:BANK_CODE] != member[:BANK_CODE]:
            raise web.HTTPNotFound
        return found.payment

    async def recall(self, request: web.Request) -> web.Response:
        """``POST /v1/payments/{uetr}/recall``: ask for the money of a payment of this member."""
        care = self._care
        signed = await take_in(request, care.members, JSON_MEDIA, keyed=True)
        key = idempotency_key(request)
        why = read_json(signed.body, RecallRequest).reason
        until = care.clock.now() + timedelta(milliseconds=care.config.payments.answer_within_ms)
        original = await self._paid_by(signed.member, request.match_info["uetr"])
        content = {"original": original.uetr, "reason": why}
        asked = Asked(signed.member, apart("recall", key), content)
        made = await care.aftercare.asking_back.recall(original, why, signed.member, asked)
        return await self._linked(made, until)

    async def answer_recall(self, request: web.Request) -> web.Response:
        """``POST /v1/payments/{uetr}/recall-answer``: what the payee's bank says to a recall."""
        care = self._care
        signed = await take_in(request, care.members, JSON_MEDIA)
        asked = read_json(signed.body, RecallAnswer)
        recall = await self._paid_to(signed.member, request.match_info["uetr"])
        reason = None if asked.agreed else from_iso(asked.reason or Reason.RECALL_DENIED.iso)
        made = await care.aftercare.recalls.decide(recall, reason)
        if made is Reason.ORIGINAL_UNKNOWN:
            raise web.HTTPNotFound
        if isinstance(made, Reason):
            return respond(problem(409, "The recall is decided already.", made))
        return json_response(200 if lifecycle.is_final(made) else 202, payment_view(made))

    async def _linked(self, made: Payment | Conflict, until: datetime) -> web.Response:
        """How a linked payment stands that a member asked for, when it has ended or at a time."""
        if isinstance(made, Conflict):
            title = "The idempotency key was used before with other content."
            more = {"field": made.field_name}
            return respond(problem(409, title, Reason.DUPLICATE, **more))
        # One that had ended before is answered as it was then, whatever was said of it since.
        standing = Standing(made, None)
        with suppress(StoreBusy):
            # It is committed: while the store is away it is answered from what is at hand.
            standing = await self._care.payments.find(made.uetr) or standing
        return standing_response(await self._care.payments.ended(standing, until))

    async def _paid_by(self, member: str, uetr: str) -> Payment:
        """A payment that this member asked for. Raises HTTPNotFound."""
        found = await self._care.payments.find(uetr) if UETR.match(uetr) else None
        if found is None or found.payment.origin != member:
            raise web.HTTPNotFound
        return found.payment

    async def queue(self, request: web.Request) -> web.Response:
        """``GET /v1/operations/payments?order=&network=&currency=&after=&limit=``."""
        await take_in(request, self._care.operators, ())
        after = queried(request, "after", 0)
        limit = min(queried(request, "limit", PAGE_MAX), PAGE_MAX)
        order = request.query.get("order", BY_AGE)
        if order not in (BY_AGE, BY_AMOUNT):
            raise Refusal(Reason.FORMAT_INVALID, 400, "query order")
        wanted = self._wanted(request.query.get("network", ""), request.query.get("currency", ""))
        casework = self._care.aftercare.casework
        page = await casework.queue(after, limit, wanted, largest=order == BY_AMOUNT)
        return json_response(200, page)

    def _wanted(self, network: str, currency: str) -> Wanted:
        """Of what the queue is asked for: a name that is mistyped would show an empty one."""
        config = self._care.config
        if network and network not in config.networks and network not in config.members:
            raise Refusal(Reason.FORMAT_INVALID, 400, "query network")
        if currency and currency not in CURRENCIES:
            raise Refusal(Reason.FORMAT_INVALID, 400, "query currency")
        return Wanted(network, currency)

    async def case(self, request: web.Request) -> web.Response:
        """``GET /v1/operations/payments/{uetr}``."""
        signed = await take_in(request, self._care.operators, ())
        shown = await self._care.aftercare.casework.case(_named(request), signed.member)
        if shown is None:
            raise Absent(ABSENT)
        return json_response(200, shown)

    async def evidence(self, request: web.Request) -> web.Response:
        """``GET /v1/operations/payments/{uetr}/evidence?after=``."""
        signed = await take_in(request, self._care.operators, ())
        after = queried(request, "after", 0)
        shown = await self._care.aftercare.evidence.of(_named(request), signed.member, after)
        if shown is None:
            raise Absent(ABSENT)
        return json_response(200, shown)

    async def propose(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/payments/{uetr}/proposals``."""
        signed = await take_in(request, self._care.operators, JSON_MEDIA)
        asked = read_json(signed.body, ProposalRequest)
        reason = None if asked.reason is None else known_code(asked.reason)
        if asked.reason is not None and reason is None:
            return respond(problem(422, NO_CODE, Reason.CHARACTER_INVALID))
        proposal = Proposal(Action(asked.action), reason, asked.evidence, asked.instead_of or "")
        uetr = _named(request)
        made = await self._care.aftercare.casework.propose(uetr, signed.member, proposal)
        return await self._answered(201, uetr, made, signed.member)

    async def approve(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/payments/{uetr}/approvals``."""
        signed = await take_in(request, self._care.operators, JSON_MEDIA)
        named = read_json(signed.body, ApprovalRequest).proposal
        uetr = _named(request)
        made = await self._care.aftercare.casework.approve(uetr, signed.member, named)
        return await self._answered(200, uetr, made, signed.member)

    async def _answered(
        self, status: int, uetr: str, made: Payment | Reason, operator: str
    ) -> web.Response:
        if made is Reason.ORIGINAL_UNKNOWN:
            raise Absent(NOT_PROPOSED)
        if made is Reason.DUPLICATE:
            return respond(problem(409, "The payment does not stand so any more.", made))
        if made is Reason.PROPOSAL_CHANGED:
            return respond(problem(409, made.sentence, made))
        if isinstance(made, Reason):
            raise Refusal(made)
        casework = self._care.aftercare.casework
        return await committed_response(status, casework.case(uetr, operator), casework.line(made))


def _named(request: web.Request) -> str:
    uetr = request.match_info["uetr"]
    if not UETR.match(uetr):
        raise Absent(ABSENT)
    return uetr
