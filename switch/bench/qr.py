"""What a scanned code costs, side by side with other people's software.

One code, a merchant's dynamic KHQR of 183 characters, is read and written by everybody on one core
in turns: a round of each, then the next round, so that a machine that slows down slows all of them.
Before that every answer is held against ours; one that differs is shown and not compared. Reading
is everything up to the fields a payment needs: check, recognition, account, names, amount, expiry.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from fx.money import Money
from switch.bench.machine import pinned, split_cores
from switch.bench.peers import Peer, Wanted, bakong, central_bank, konthaina, unlike
from switch.bench.race import Job, NotThere, Race, RacePlan, Speed, race, repeated, stages
from switch.qr import Khqr, describe, recognise, write_khqr
from switch.qr.emv import crc, parse, seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.runtime.clock import Clock

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
AT: Final = datetime(2026, 11, 21, 3, tzinfo=UTC)
LASTS: Final = timedelta(minutes=10)
MILLISECOND: Final = timedelta(milliseconds=1)

OURS: Final = "bakong-switch"
AMOUNT: Final = "9.99"
CURRENCY: Final = "USD"
NUMERIC: Final = "840"


@dataclass(frozen=True, slots=True)
class QrMeasured:
    """Both jobs, what our own reading and writing is made of, and who was not there."""

    characters: int
    rounds: int
    read: Race
    write: Race
    stages: tuple[Speed, ...]
    absent: tuple[str, ...]


def _code(created: datetime, amount: Money) -> Khqr:
    return Khqr(
        account="angkor_cafe@devb",
        merchant_name="Angkor Cafe",
        merchant_city="Siem Reap",
        currency=CURRENCY,
        merchant_id="1234567",
        acquiring_bank="Dev Bank",
        amount=amount,
        created_at=created,
        expires_at=created + LASTS,
        bill_number="B-77",
        terminal_label="POS 3",
    )


def _ms(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


def _wanted() -> Wanted:
    """The code, and its input in the words of the peers' script."""
    code = _code(AT, Money.parse(AMOUNT, CURRENCY))
    names = ("account", "merchant_name", "merchant_city", "merchant_id", "acquiring_bank")
    said = {name: getattr(code, name) for name in (*names, "bill_number", "terminal_label")}
    stamps = {"created_ms": _ms(AT), "expires_ms": _ms(AT + LASTS)}
    return Wanted(
        payload=write_khqr(code),
        said={**said, **stamps, "currency": CURRENCY, "amount": AMOUNT},
        at_ms=_ms(AT),
        lasts_ms=LASTS // MILLISECOND,
    )


def _ours(clock: Clock, wanted: Wanted) -> Peer:
    payload = wanted.payload
    # The others are given a number; a switch holds the amount as money when it writes a code.
    paid = Money.parse(AMOUNT, CURRENCY)

    def read() -> tuple[object, ...]:
        content = recognise(payload, at=AT).candidates[0].content
        return (
            content.bakong_account,
            content.merchant_name,
            content.merchant_city,
            content.merchant_category,
            content.currency,
            content.amount,
            content.expires_at,
        )

    def write() -> str:
        return write_khqr(_code(clock.now(), paid))

    account, name, city, category, _, amount, _ = (str(value) for value in read())
    fields = {
        "account": account,
        "merchant_name": name,
        "merchant_city": city,
        "category": category,
        "currency": NUMERIC,
        "amount": amount,
        "expires_ms": str(_ms(AT + LASTS)),
    }
    return Peer(
        OURS,
        Job(
            repeated(clock, read),
            "CRC, nesting, every rule; recognition",
            checked=True,
            answer=fields,
        ),
        Job(repeated(clock, write), "what the reader checks", checked=True, answer=payload),
    )


def _fault(ours: Job, theirs: Job) -> str | None:
    """Why an answer is not comparable."""
    if isinstance(ours.answer, str) or isinstance(theirs.answer, str):
        tags = unlike(str(ours.answer), str(theirs.answer))
        return f"writes otherwise: {', '.join(tags)}" if tags else None
    wrong = [name for name, value in theirs.answer.items() if ours.answer[name] != value]
    return f"reads otherwise: {', '.join(wrong)}" if wrong else None


async def run_qr(clock: Clock, plan: RacePlan) -> QrMeasured:
    """Measure on one core. Raises ``ChildFailed``."""
    wanted = _wanted()
    peers, absent = [_ours(clock, wanted)], []
    with pinned(split_cores().switch):
        async with AsyncExitStack() as opened:
            for open_local in (konthaina, bakong):
                try:
                    peers.append(open_local(clock, wanted))
                except NotThere as missing:
                    absent.append(str(missing))
            try:
                peers.append(await opened.enter_async_context(central_bank(clock, wanted)))
            except NotThere as missing:
                absent.append(str(missing))
            read = await race([(peer.name, peer.read) for peer in peers], plan, _fault)
            write = await race([(peer.name, peer.write) for peer in peers], plan, _fault)
        parts = await stages(clock, _stages(wanted), plan)
    return QrMeasured(len(wanted.payload), plan.rounds, read, write, parts, tuple(absent))


def _stages(wanted: Wanted) -> dict[str, Callable[[], object]]:
    """What reading and writing are made of. No stage is the sum of others to the letter."""
    payload = wanted.payload
    first, second = "5911Angkor Cafe", "6009Siem Reap"
    # Order is free, so this is as good a code; the straight road takes the usual order only.
    turned = seal(payload[:-8].replace(first + second, second + first))
    assert turned[:-4] != payload[:-4], "both objects stand side by side"
    code = _code(AT, Money.parse(AMOUNT, CURRENCY))
    return {
        "parse into a tree, no rules": lambda: parse(payload),
        "CRC": lambda: crc(payload[:-4]),
        "recognise, straight road": lambda: recognise(payload, at=AT),
        "recognise, full reader (objects in another order)": lambda: recognise(turned, at=AT),
        "recognise and every field": lambda: describe(
            recognise(payload, at=AT).candidates[0].content
        ),
        "write, input made before": lambda: write_khqr(code),
    }
