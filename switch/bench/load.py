"""The load: outbound payments by one member, quoted and signed before the clock starts.

A closed loop: so many in flight, and the next one leaves when an answer is there. Latency is
therefore that of the switch at its own pace, not at a fixed rate. The surprise: what is sent is
bytes made beforehand, so the load process spends its time on HTTP alone; signing and pricing cost
it as much again.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from iso20022.jws import JwsSigner
from switch.client import JSON, sign_request
from switch.demo.scenes import DEBTOR, MEMBER, thai_code
from switch.keys import KeyFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from switch.bench.ground import Ground
    from switch.client import ClientAnswer, SigningClient

PATH: Final = "/v1/payments"
AMOUNT: Final = MappingProxyType({"currency": "THB", "value": "1.00"})
"""The smallest that the corridor takes, so that no cap stops a run."""

QUOTED_AT_ONCE: Final = 16
"""Quotes asked for at a time while a span is prepared."""

OK: Final = 200


class LoadFailed(Exception):  # noqa: N818  the name says what happened
    """The load could not be prepared; the sentence says where."""


@dataclass(frozen=True, slots=True)
class Ready:
    """One payment request, signed, for the switch whose quote it pays (counted from zero)."""

    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    at: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back for one request, and how long it took; status 0: nothing came."""

    status: int
    body: bytes = field(repr=False)
    took_us: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is paid: a shop's code, and the amount that its customer keys in."""

    code: str = field(repr=False)
    amount: Mapping[str, str]


async def prepare(stage: Ground, count: int, wanted: Wanted | None = None) -> list[Ready]:
    """Quote and sign ``count`` payments, at every switch in turn. Raises :class:`LoadFailed`.

    Without anything else ``wanted`` they pay a Thai shop.
    """
    paid = wanted or Wanted(thai_code(), AMOUNT)
    members = stage.members(MEMBER)
    scans = []
    for member in members:
        scanned = await member.scan(paid.code)
        if scanned.status != OK:
            raise LoadFailed(f"the scan was answered {scanned.status}")
        scans.append(scanned.json()["scan"])
    tokens: list[tuple[int, str]] = []
    left = iter(range(count))

    async def quote() -> None:
        for number in left:
            at = number % len(members)
            answer = await members[at].quote(scans[at], paid.amount)
            if answer.status == OK:
                tokens.append((at, answer.json()["quotes"][0]["quote"]))

    tasks = [stage.tasks.start("quote", quote()) for _ in range(QUOTED_AT_ONCE)]
    for task in tasks:
        await task
    if len(tokens) != count:
        raise LoadFailed(f"{count - len(tokens)} of {count} quotes were not given")
    signer = JwsSigner(KeyFolder(stage.data / "keys").ec_private(f"member-{MEMBER}"), MEMBER)
    return [_signed(stage, signer, at, token) for at, token in tokens]


def _signed(stage: Ground, signer: JwsSigner, at: int, token: str) -> Ready:
    body = orjson.dumps({"quote": token, "debtor": dict(DEBTOR)})
    headers = sign_request(
        signer,
        "POST",
        PATH,
        body,
        now=stage.clock.now(),
        jti=stage.ids.uuid(),
        idempotency_key=stage.ids.uuid(),
    )
    return Ready({**headers, "Content-Type": JSON}, body, at)


async def drive(stage: Ground, requests: Sequence[Ready], in_flight: int) -> list[Answered]:
    """Send every request, ``in_flight`` at a time, and return what came back."""
    members = stage.members(MEMBER)
    answered: list[Answered] = []
    waiting = iter(requests)
    # What was prepared lives until the end: the collector need not walk it while the clock runs.
    gc.collect()
    gc.freeze()
    tasks = [
        stage.tasks.start("load", _one_by_one(stage, members, waiting, answered))
        for _ in range(in_flight)
    ]
    for task in tasks:
        await task
    return answered


async def drive_at(
    stage: Ground, requests: Sequence[Ready], per_second: int, in_flight_max: int
) -> list[Answered]:
    """Send a request every so often, whether or not those before it are answered.

    Latency counts from when a request was due, so a late sender hides nothing. Raises
    :class:`LoadFailed` where more than ``in_flight_max`` wait: the rate is beyond the switch.
    """
    members, clock = stage.members(MEMBER), stage.clock
    answered: list[Answered] = []
    gc.collect()
    gc.freeze()
    started = clock.monotonic()
    tasks = []
    for number, request in enumerate(requests):
        due = started + number / per_second
        left = due - clock.monotonic()
        if left > 0:
            await clock.sleep(left)
        if number - len(answered) > in_flight_max:
            raise LoadFailed(f"{per_second} payments a second is more than the switch can do")
        tasks.append(stage.tasks.start("load", _due(stage, members, request, due, answered)))
    for task in tasks:
        await task
    return answered


async def _due(
    stage: Ground,
    members: Sequence[SigningClient],
    request: Ready,
    due: float,
    answered: list[Answered],
) -> None:
    got = await _sent(members[request.at], request)
    took_us = round((stage.clock.monotonic() - due) * 1_000_000)
    answered.append(_answered(got, took_us))


async def _sent(member: SigningClient, request: Ready) -> ClientAnswer | None:
    try:
        return await member.send("POST", PATH, request.body, request.headers)
    except (aiohttp.ClientError, OSError):
        return None


def _answered(got: ClientAnswer | None, took_us: int) -> Answered:
    status, body = (0, b"") if got is None else (got.status, got.body)
    return Answered(status, body, took_us)


async def _one_by_one(
    stage: Ground,
    members: Sequence[SigningClient],
    waiting: Iterator[Ready],
    answered: list[Answered],
) -> None:
    clock = stage.clock
    for request in waiting:
        started = clock.monotonic()
        got = await _sent(members[request.at], request)
        answered.append(_answered(got, round((clock.monotonic() - started) * 1_000_000)))
