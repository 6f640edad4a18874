"""The statement that the sandbox gives of its book: a signed camt.053 of one page.

``GET /control/statement?from=&to=`` has what was booked in between, as the network would send it
after a day: what the switch paid is a debit of its account there, what it is paid a credit. What
goes back stands under its own reference with the UETR that it belongs to. The surprise: what is
asked for through ``without`` (a reference) is left out, and ``extra`` names one that never was.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web

from adapters.iso_profile.sandbox_messages import amount, element, moment
from adapters.sandbox_kit import ControlError, EntryStatus, refused_control
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.iso_profile.sandbox_messages import Desk
    from adapters.iso_profile.sandbox_returns import Returns
    from adapters.sandbox_kit import Book, Entry, SandboxContext

ENTRIES_MAX: Final = 200
"""Entries of a page, as the guideline has it; one that is full says that it is not the last."""

ACCOUNT: Final = "KHXB0001"


class Statements:
    """Writes statements of a book."""

    def __init__(
        self, context: SandboxContext, desk: Desk, book: Book, returns: Returns, currency: str
    ) -> None:
        self._clock = context.clock
        self._desk = desk
        self._book = book
        self._returns = returns
        self._currency = currency

    async def give(self, request: web.Request) -> web.Response:
        """``GET /control/statement``: the statement, ready to be handed in."""
        try:
            start, end = (_asked(request, name) for name in ("from", "to"))
            without = request.query.get("without", "")
            extra = _extra(request.query.get("extra", ""), self._currency)
        except ControlError as error:
            return refused_control(error)
        entries = [
            self._entry(each.reference, each.uetr, each.direction, each.amount, back=back)
            for each, back in self._booked(start, end or self._clock.now())
            if each.reference != without
        ]
        last, entries = len(entries) <= ENTRIES_MAX, entries[:ENTRIES_MAX]
        if extra is not None:
            entries.append(self._entry(extra[0], "", "inbound", extra[1], back=False))
        body = self._statement(entries, start, end or self._clock.now(), last=last)
        return web.Response(body=body, content_type="application/xml")

    def _booked(self, start: datetime | None, end: datetime) -> Iterator[tuple[Entry, bool]]:
        for entry in self._book.entries():
            after = start is None or entry.at >= start
            if entry.status is EntryStatus.BOOKED and after and entry.at < end:
                yield entry, self._returns.gave(entry.reference)

    def _entry(self, reference: str, uetr: str, direction: str, money: Money, *, back: bool) -> str:
        family = "RRTN" if back else "ESCT"
        code = (
            "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IRCT</Cd>"
            f"<SubFmlyCd>{family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        )
        side = "DBIT" if direction == "outbound" else "CRDT"
        return (
            f"<Ntry>{amount('Amt', money)}<CdtDbtInd>{side}</CdtDbtInd>"
            f"<Sts><Cd>BOOK</Cd></Sts>{element('AcctSvcrRef', reference)}{code}"
            f"<NtryDtls><TxDtls><Refs>{element('UETR', uetr)}{element('TxId', reference)}"
            "</Refs></TxDtls></NtryDtls></Ntry>"
        )

    def _statement(
        self, entries: list[str], start: datetime | None, end: datetime, *, last: bool
    ) -> bytes:
        first = start or datetime(2026, 1, 1, tzinfo=UTC)
        nothing = Money.parse("0", self._currency)
        body = (
            f"<BkToCstmrStmt><GrpHdr><MsgId>{self._desk.identification()}</MsgId>"
            f"<CreDtTm>{moment(self._clock.now())}</CreDtTm></GrpHdr>"
            f"<Stmt><Id>{self._desk.identification()}</Id>"
            f"<StmtPgntn><PgNb>1</PgNb><LastPgInd>{str(last).lower()}</LastPgInd></StmtPgntn>"
            f"<FrToDt><FrDtTm>{moment(first)}</FrDtTm><ToDtTm>{moment(end)}</ToDtTm></FrToDt>"
            f"<Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id></Acct>"
            f"<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>{amount('Amt', nothing)}"
            f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{end:%Y-%m-%d}</Dt></Dt></Bal>"
            f"{''.join(entries)}</Stmt></BkToCstmrStmt>"
        )
        return self._desk.statement(body).body


def _asked(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ControlError(f"{name}: a time with its offset") from None
    if at.tzinfo is None:
        raise ControlError(f"{name}: a time with its offset")
    return at


def _extra(text: str, currency: str) -> tuple[str, Money] | None:
    reference, _, value = text.partition(":")
    if not reference:
        return None
    try:
        return reference, Money.parse(value, currency)
    except MoneyError:
        raise ControlError("extra: a reference, a colon and an amount") from None
