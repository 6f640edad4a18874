"""Incoming items that nobody can read, or that failed: they are no money and block no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from switch.abilities import Page
from switch.collector import SIZE, Collector
from switch.wire.transport import Answer, MaybeSent
from tests.adapters.bakong.bakong_cases import ADAPTER, TIME, TRANSFER, item, planning, response
from tests.shell.shell_rig import SPONSOR, Shell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switch.wire.transport import Transport

BANKS = {"payer_participant_code": "BKRTKHPPXXX", "payee_participant_code": "ACLBKHPPXXX"}
FAILED = ("Failed At FAST", "Failed At FI", "Cannot Settled", "Cannot Settle")

BULK = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.05"><CstmrCdtTrfInitn>'
    "<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>2026-01-29T10:00:00.000+07:00</CreDtTm></GrpHdr>"
    "<PmtInf><PmtInfId>BKRTKHPPXXX/ACLBKHPPXXX/R{number}</PmtInfId>{transfers}</PmtInf>"
    "</CstmrCdtTrfInitn></Document>"
)
ONE = (
    '<CdtTrfTxInf><Amt><InstdAmt Ccy="KHR">100</InstdAmt></Amt>'
    "<RmtInf><Ustrd>{note}</Ustrd></RmtInf></CdtTrfTxInf>"
)
TWO = 2 * ONE
"""Two transfers in one instruction, which is no item of ours."""


@pytest.mark.parametrize("stage", FAILED)
def test_an_item_that_failed_is_not_taken_in(stage: str) -> None:
    exchange = ADAPTER.plan_collect(planning(), SIZE)
    shown = item(TRANSFER.format(time=TIME, amount="41250"), status=stage, ext_ref="R1", **BANKS)
    page = ADAPTER.read_collect(exchange, response("getIncomingTransaction", shown))

    assert page == Page((), 1)


class Waiting:
    """Bakong: whatever is not acknowledged waits, and a page is the oldest of it."""

    def __init__(self, documents: list[str]) -> None:
        self.waiting = {f"{number:064x}": text for number, text in enumerate(documents)}
        self.acknowledged: list[str] = []
        self.sizes: list[int] = []

    async def send(
        self, network: str, request: Any, *, answer_bytes_max: int, **more: Any
    ) -> Answer | MaybeSent:
        del network, more
        body = request.body.decode()
        if "makeAcknowledgement" in body:
            (named,) = re.findall("<OrgnlMsgId>(M[0-9]+)<", body)
            for place, text in list(self.waiting.items()):
                if f">{named}<" in text:
                    del self.waiting[place]
            self.acknowledged.append(named)
            found = response("makeAcknowledgement")
        else:
            self.sizes += map(int, re.findall("<web:size>([0-9]+)<", body))
            page = list(self.waiting.items())[: self.sizes[-1]]
            shown = [
                item(text, hash=key, status="Received At FI", ext_ref="R1", **BANKS)
                for key, text in page
            ]
            found = response("getIncomingTransaction", *shown)
        if len(found.body) > answer_bytes_max:
            return MaybeSent("answer_too_large")
        return Answer(found.status, found.headers, found.body)


@pytest.fixture
async def shell() -> AsyncIterator[Shell]:
    made = Shell()
    yield made
    await made.close()


async def collected(shell: Shell, bakong: Waiting, polls: int = 3) -> list[str]:
    collector = Collector(
        adapter=ADAPTER,
        sponsor=SPONSOR,
        store=shell.store,
        transport=cast("Transport", bakong),
        clock=shell.clock,
        ids=shell.ids,
        slot=1,
        leads=lambda: True,
        log=shell.log,
    )
    for _ in range(polls):
        await collector.drain()
    return bakong.acknowledged


def instructions(transfers: str, count: int, first: int = 0, note: str = "") -> list[str]:
    return [
        BULK.format(number=number, transfers=transfers.format(note=note))
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize("unreadable", [1, SIZE - 1, SIZE, 2 * SIZE + 1])
async def test_items_that_cannot_be_read_do_not_block_the_others(
    shell: Shell, unreadable: int
) -> None:
    bakong = Waiting([*instructions(TWO, unreadable), *instructions(ONE, 3, unreadable)])
    taken = await collected(shell, bakong)

    assert taken == [f"M{unreadable + number}" for number in range(3)]
    assert len(bakong.waiting) == unreadable
    assert "items_left_out" in shell.log.events


async def test_pages_are_as_ever_once_nothing_unreadable_waits(shell: Shell) -> None:
    bakong = Waiting(instructions(TWO, SIZE))
    await collected(shell, bakong)
    assert bakong.sizes[-1] > SIZE
    bakong.waiting.clear()
    await collected(shell, bakong)

    assert bakong.sizes[-1] == SIZE


async def test_a_page_that_is_too_large_is_asked_for_in_parts(shell: Shell) -> None:
    large = instructions(ONE, 12, note="x" * 600_000)
    bakong = Waiting([*large, *instructions(ONE, 2, 12)])
    taken = await collected(shell, bakong, polls=25)

    assert taken == [f"M{number}" for number in range(14)]
    assert shell.log.events.count("page_too_large") >= 1
