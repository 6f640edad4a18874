"""Recalls as this network plays them: camt.056 of the switch answered, and its own sent.

A shop that agrees gives all that is left back by a pacs.004 of its own, after the answer. One
``CxlId`` is decided once and answered the same for ever; what waits for its shop is "pending" until
``/control/decide-recall``. The surprise: nothing of a recall stands in the book, because it moves
nothing; what the shop gives back does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from adapters.iso_profile import sandbox_messages as wire
from adapters.iso_profile.sandbox_messages import agent, element
from adapters.sandbox_kit import (
    BOOK_ENTRIES_MAX,
    BookFullError,
    ControlError,
    EntryStatus,
    FaultKind,
    as_json,
    read_control,
    refused_control,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.iso_profile.sandbox_messages import Desk, Outgoing
    from adapters.iso_profile.sandbox_payer import Payer
    from adapters.iso_profile.sandbox_returns import Returns
    from adapters.sandbox_kit import Book, Fault, SandboxContext, SandboxKit

WITHIN_MS_DEFAULT: Final = 15_000
AGREED, DENIED, OPEN = "CNCL", "RJCR", "PDCR"
_EACH: Final = ((AGREED, "ACCR"), (DENIED, "RJCR"), (OPEN, "PDCR"))


@dataclass(frozen=True, slots=True)
class _Case:
    """One recall of the switch, and how it stands here."""

    case_id: str
    creator: str
    cancellation_id: str
    reference: str
    uetr: str
    answer: str
    reason: str = ""


class Recalls:
    """What is asked back, by either side."""

    def __init__(
        self, context: SandboxContext, desk: Desk, kit: SandboxKit, payer: Payer, returns: Returns
    ) -> None:
        self._context = context
        self._desk = desk
        self._kit = kit
        self._payer = payer
        self._returns = returns
        self._cases: dict[str, _Case] = {}
        self._ours: dict[str, str] = {}

    @property
    def _book(self) -> Book:
        return self._kit.book

    def taken(self, values: Mapping[str, object], fault: Fault | None) -> Outgoing:
        """Answer a camt.056 of the switch; the same one again is answered as it stands."""
        key = str(values.get("cancellation_id", ""))
        case = self._cases.get(key)
        if case is None:
            if len(self._cases) >= BOOK_ENTRIES_MAX:
                raise BookFullError("recalls")
            case = self._judged(key, values, fault)
            self._cases[key] = case
            if case.answer == AGREED:
                self._give_back(case)
        elif case.reference != str(values.get("original_transaction_id", "")):
            case = replace(case, answer=DENIED, reason="NARR")
        return self._resolution(case)

    def _judged(self, key: str, values: Mapping[str, object], fault: Fault | None) -> _Case:
        reference = str(values.get("original_transaction_id", ""))
        paid = self._book.find(reference)
        answer, reason = AGREED, ""
        booked = paid is not None and paid.status is EntryStatus.BOOKED
        if paid is None or not booked or paid.uetr != values["original_uetr"]:
            answer, reason = DENIED, "NOOR"
        elif fault is not None and fault.kind is FaultKind.REFUSE:
            answer, reason = DENIED, fault.reason or "CUST"
        elif fault is not None:
            answer = OPEN
        elif self._returns.left(reference).minor == 0:
            answer, reason = DENIED, "ARDT"
        return _Case(
            case_id=str(values.get("case_id", "")),
            creator=str(values.get("case_creator", "")),
            cancellation_id=key,
            reference=reference,
            uetr=str(values["original_uetr"]),
            answer=answer,
            reason=reason,
        )

    def _give_back(self, case: _Case) -> None:
        left = self._returns.left(case.reference)
        if left.minor:
            work = self._returns.give(case.reference, left, 1, WITHIN_MS_DEFAULT)
            self._context.tasks.start("recalled", work)

    async def decide(self, request: web.Request) -> web.Response:
        """``POST /control/decide-recall``: the shop says yes or no; the switch is told unasked."""
        try:
            given = await read_control(request)
            key = wanted(given, "cancellation_id", str)
            agreed = wanted(given, "agreed", bool)
            reason = wanted(given, "reason", str, "CUST")
            tell = wanted(given, "tell", bool, default=True)
        except ControlError as error:
            return refused_control(error)
        case = self._cases.get(key)
        if case is None or case.answer != OPEN:
            return refused_control(ControlError("cancellation_id: nothing waits under it"))
        answer = AGREED if agreed else DENIED
        case = self._cases[key] = replace(case, answer=answer, reason="" if agreed else reason)
        told = {}
        if tell:
            sent = self._resolution(case)
            answered = await self._payer.told_of(sent, case.case_id, case.uetr, WITHIN_MS_DEFAULT)
            told = answered.shown()
        if agreed:
            self._give_back(case)
        return as_json({"cancellation_id": key, "told": told})

    async def ask_back(self, request: web.Request) -> web.Response:
        """``POST /control/ask-back``: our payer wants a payment back; again is the same."""
        try:
            given = await read_control(request)
            uetr = wanted(given, "uetr", str)
            reason = wanted(given, "reason", str, "CUST")
            within_ms = wanted(given, "within_ms", int, WITHIN_MS_DEFAULT)
        except ControlError as error:
            return refused_control(error)
        sent = self._payer.sent(uetr)
        if sent is None:
            return refused_control(ControlError("uetr: not a payment of ours"))
        key = self._ours.setdefault(uetr, self._desk.identification())
        outgoing = self._request(key, sent.transaction_id, uetr, reason)
        http, message = await self._payer.post(outgoing, within_ms)
        shown: dict[str, object] = {"cancellation_id": key, "http": http, "answer": None}
        if message is not None and message.name == wire.RESOLUTION:
            values = message.values
            if (values.get("case_id"), values.get("original_uetr")) == (key, uetr):
                shown |= {"answer": values["status"], "reason": values.get("reason")}
        return as_json(shown)

    def _assignment(self, message_id: str) -> str:
        """``Assgnmt``, whose time stands behind its parties."""
        moment = wire.moment(self._context.clock.now())
        return (
            f"<Assgnmt><Id>{message_id}</Id><Assgnr>{agent('Agt', self._desk.own)}</Assgnr>"
            f"<Assgne>{agent('Agt', self._desk.partner)}</Assgne><CreDtTm>{moment}</CreDtTm>"
            "</Assgnmt>"
        )

    def _request(self, key: str, reference: str, uetr: str, reason: str) -> Outgoing:
        """camt.056: a payment of ours is asked back."""
        message_id = self._desk.identification()
        creator = f"<Cretr>{agent('Agt', self._desk.own)}</Cretr>"
        body = (
            f"<FIToFIPmtCxlReq>{self._assignment(message_id)}"
            f"<Case><Id>{key}</Id>{creator}</Case><Undrlyg><TxInf><CxlId>{key}</CxlId>"
            f"<OrgnlTxId>{reference}</OrgnlTxId><OrgnlUETR>{uetr}</OrgnlUETR>"
            f"<CxlRsnInf><Rsn><Cd>{reason}</Cd></Rsn></CxlRsnInf>"
            "</TxInf></Undrlyg></FIToFIPmtCxlReq>"
        )
        return self._desk.write(wire.RECALL, body, message_id)

    def _resolution(self, case: _Case) -> Outgoing:
        """camt.029: how a recall of the switch stands."""
        message_id = self._desk.identification()
        why = element("Cd", case.reason)
        creator = f"<Cretr>{agent('Agt', case.creator)}</Cretr>"
        body = (
            f"<RsltnOfInvstgtn>{self._assignment(message_id)}"
            f"<RslvdCase><Id>{case.case_id}</Id>{creator}</RslvdCase>"
            f"<Sts><Conf>{case.answer}</Conf></Sts><CxlDtls><TxInfAndSts>"
            f"<CxlStsId>{message_id}</CxlStsId>"
            f"<OrgnlTxId>{case.reference}</OrgnlTxId><OrgnlUETR>{case.uetr}</OrgnlUETR>"
            f"<TxCxlSts>{dict(_EACH)[case.answer]}</TxCxlSts>"
            + (f"<CxlStsRsnInf><Rsn>{why}</Rsn></CxlStsRsnInf>" if why else "")
            + "</TxInfAndSts></CxlDtls></RsltnOfInvstgtn>"
        )
        return self._desk.write(wire.RESOLUTION, body, message_id)
