"""The table of stages: what each part of a payment costs, by the product's own functions.

Everything is fed with one payment of the run that was just measured, read back from its database:
its particulars, the pacs.008 that was sent, the pacs.002 that came. Wall time is the median of
single calls, CPU time the mean of all of them, so a stage that waits for the disk shows both. The
surprise: the same call costs two to ten times as much when the processor's caches are cold, and in
the running switch they often are, so each is also timed after they were swept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from fx.token import QuoteSeal
from iso20022.jws import JwsSigner
from iso20022.signing_keys import sign
from switch.answers import json_answer
from switch.api.body import read_json
from switch.api.shapes import PaymentRequest
from switch.bench.commits import BATCHES, CONTENT, Commands, commit_costs, decisions
from switch.bench.exchange import exchange_cost
from switch.bench.load import PATH
from switch.bench.machine import MICROS, own_cpu_us
from switch.client import sign_request
from switch.keys import KeyFolder
from switch.model import State
from switch.port import AdapterContext, Merchant, Planning, WireAnswer
from switch.quoting import Quoting
from switch.records import EVIDENCE, Records
from switch.registry import make_adapter
from switch.runtime.entropy import Ids, SystemEntropy
from switch.store.packing import Packing
from switch.store.vault import Vault
from switch.wire.authenticate import MemberAuthenticator
from switch.wrapping_keys import wrapping_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from switch.bench.ground import Ground
    from switch.config import Config
    from switch.model import Particulars, Payment
    from switch.port import Adapter, Exchange
    from switch.runtime.clock import Clock
    from switch.store.contract import Reads
    from switch.store.vault import DataKey

HTTP_OK: Final = 200

COLD_MAX: Final = 50
"""Calls of a stage that are timed with swept caches."""

SWEEP_BYTES: Final = 8 << 20
"""Copied to sweep the caches of one core: more than its second level holds."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage costs one payment. ``counts`` is false for what another line holds already.

    ``cold_us`` is the median wall time with swept caches, where it was measured.
    """

    stage: str
    wall_us: int
    cpu_us: int
    repeats: int
    counts: bool = True
    cold_us: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One payment of the run, opened, and what works on it."""

    config: Config
    keys: KeyFolder
    clock: Clock
    ids: Ids
    records: Records
    adapter: Adapter
    payment: Payment
    key: DataKey = field(repr=False)
    particulars: Particulars = field(repr=False)
    exchange: Exchange = field(repr=False)
    answer: WireAnswer = field(repr=False)

    def planning(self) -> Planning:
        """What the adapter may use now."""
        return Planning(
            now=self.clock.now(),
            message_number=self.ids.ordered(),
            slot=self.config.switch.slot,
            send_by=self.payment.send_by,
            uetr=self.payment.uetr,
        )


def timed(
    clock: Clock, stage: str, calls: Sequence[Callable[[], object]], *, counts: bool = True
) -> Cost:
    """Time calls that were made ready before, each of them once: most warm, the rest cold."""
    cold_count = min(COLD_MAX, len(calls) // 2)
    warm, cold = calls[cold_count:], calls[:cold_count]
    before = own_cpu_us()
    walls = [_wall(clock, call) for call in warm]
    used = own_cpu_us() - before
    sweep, swept = bytes(SWEEP_BYTES), []
    for call in cold:
        bytearray(sweep)
        swept.append(_wall(clock, call))
    return Cost(stage, _median_us(walls), used // len(warm), len(warm), counts, _median_us(swept))


def _wall(clock: Clock, call: Callable[[], object]) -> float:
    started = clock.monotonic()
    call()
    return clock.monotonic() - started


def _median_us(seconds: Sequence[float]) -> int:
    return round(sorted(seconds)[len(seconds) // 2] * MICROS)


async def measure(stage: Ground, uetr: str, repeats: int, batch: int) -> tuple[Cost, ...]:
    """The whole table, in the order in which a payment meets the stages.

    ``batch`` is how many commands shared a commit in the run; the size nearest to it counts.
    """
    config, data, clock = stage.config, stage.data, stage.clock
    async with stage.reading() as read:
        sample = await read_sample(config, data, clock, read, uetr)
    nearest = min(BATCHES, key=lambda size: abs(size - batch))
    commands = commands_like(sample)
    name, url = ("SQLite", None) if stage.server is None else ("PostgreSQL", stage.server.url)
    return (
        *_intake(sample, repeats),
        *_planning(sample, repeats),
        timed(clock, "decide commit 1 and 2", decisions(config, commands, repeats), counts=False),
        *[
            Cost(
                stage=f"commit 1 and 2 to {name}, {cost.batch} at a time",
                wall_us=cost.wall_us,
                cpu_us=cost.cpu_us,
                repeats=cost.payments,
                counts=cost.batch == nearest,
            )
            for cost in await commit_costs(config, data, clock, commands, repeats, url)
        ],
        await _exchange(sample, repeats),
        *_conclusion(sample, repeats),
    )


def commands_like(sample: Sample) -> Commands:
    """Commits of payments like the sample."""
    return Commands(
        records=sample.records,
        ids=sample.ids,
        adapter=sample.adapter,
        payment=sample.payment,
        slot=sample.config.switch.slot,
        particulars=sample.particulars,
        exchange=sample.exchange,
        evidence=sample.answer.body,
    )


async def read_sample(config: Config, data: Path, clock: Clock, read: Reads, uetr: str) -> Sample:
    """Open one finished payment from the database of a run."""
    keys = KeyFolder(data / "keys")
    entropy = SystemEntropy()
    ids = Ids(clock, entropy)
    wrapper = wrapping_keys(config.vault.wrapping_keys, keys)
    vault = Vault(wrapper, keys.index(), entropy, Packing())
    records = Records(read, vault, ids)
    payment = await read.payment(uetr)
    opened = await records.open(uetr)
    evidence = await read.sealed(uetr, EVIDENCE)
    assert payment is not None, "the payment was answered"
    assert opened is not None, "a finished payment has particulars"
    assert evidence is not None, "a finished payment has evidence"
    answer = vault.unseal(opened.key, evidence[0], EVIDENCE, evidence[1])
    section = config.networks[payment.network]
    context = AdapterContext(section.own_bic, section.partner_bic, section.options, keys)
    adapter = make_adapter(payment.network, context)
    sample = Sample(
        config=config,
        keys=keys,
        clock=clock,
        ids=ids,
        records=records,
        adapter=adapter,
        # As it was when it was opened: what the stages work on has not ended yet.
        payment=replace(
            payment, state=State.SENDING, version=1, far_reference=None, reservation=None
        ),
        key=opened.key,
        particulars=opened.particulars,
        exchange=_planned_like(adapter, payment, opened.particulars),
        answer=WireAnswer(HTTP_OK, {}, answer),
    )
    assert len(sample.exchange.body) > 0, "an exchange has a body"
    return sample


def _planned_like(adapter: Adapter, payment: Payment, particulars: Particulars) -> Exchange:
    """The exchange of a payment, planned again: pure, so it is the one that was sent."""
    planning = Planning(
        now=payment.opened_at,
        message_number=payment.payment_id,
        slot=1,
        send_by=payment.send_by,
        uetr=payment.uetr,
    )
    return adapter.plan_pay(payment, particulars, planning)


def _intake(sample: Sample, repeats: int) -> list[Cost]:
    """From the raw request to an opened quote."""
    config, clock, ids, origin = sample.config, sample.clock, sample.ids, sample.payment.origin
    quoting = Quoting(
        config,
        QuoteSeal({"1": sample.keys.symmetric("seal")}, "1"),
        clock,
        ids,
        SystemEntropy(),
    )
    source, _, destination = sample.payment.corridor.partition("-")
    corridor = quoting.corridor(source, destination)
    assert corridor is not None, "the corridor was just paid through"
    held = sample.particulars
    merchant = Merchant(
        party=held.creditor,
        city=held.creditor.town,
        category=held.merchant_category,
        currency=corridor.merchant_currency,
        amount=None,
    )
    found = quoting.destination(corridor, origin, merchant, held.qr_payload)
    token = quoting.offer(found, sample.payment.terms.destination).token
    body = orjson.dumps(
        {"quote": token, "debtor": {"name": held.debtor.name, "account": held.debtor.account}}
    )
    signer = JwsSigner(sample.keys.ec_private(f"member-{origin}"), origin)
    authenticator = MemberAuthenticator(
        {origin: sample.keys.member_public(origin)}, clock, age_s_max=300, kept_max=10 * repeats
    )
    signed = [
        sign_request(signer, "POST", PATH, body, now=clock.now(), jti=ids.uuid())
        for _ in range(repeats)
    ]
    checks = [
        partial(authenticator.verify, "POST", PATH, list(headers.values()), body)
        for headers in signed
    ]
    return [
        timed(clock, "verify the member's JWS (ES256)", checks),
        timed(clock, "read the JSON strictly", [lambda: read_json(body, PaymentRequest)] * repeats),
        timed(clock, "open the quote token", [lambda: quoting.open_quote(token, origin)] * repeats),
    ]


def _planning(sample: Sample, repeats: int) -> list[Cost]:
    """Message, signature, vault."""
    records, payment = sample.records, sample.payment
    content = dict.fromkeys(CONTENT, "0" * 16)
    signer: Any = sample.keys.message_private("switch-thailand")
    body = sample.exchange.body
    key = sample.key

    def bind() -> None:
        records.binding(key, payment.origin, payment.uetr, content)

    def seal() -> None:
        made, _ = records.new_key(payment.uetr)
        records.opening(sample.exchange, sample.particulars, made)

    def plan() -> object:
        return sample.adapter.plan_pay(payment, sample.particulars, sample.planning())

    return [
        timed(sample.clock, "commit to key and content (HMAC)", [bind] * repeats),
        timed(sample.clock, "build and sign pacs.008", [plan] * repeats),
        timed(
            sample.clock,
            f"of it the signature alone ({_kind(signer)})",
            [lambda: sign(signer, body)] * repeats,
            counts=False,
        ),
        timed(sample.clock, "data key, compress and seal", [seal] * repeats),
    ]


def _kind(key: object) -> str:
    return "ECDSA P-256" if isinstance(key, EllipticCurvePrivateKey) else "RSA"


async def _exchange(sample: Sample, repeats: int) -> Cost:
    wall, used = await exchange_cost(
        sample.clock, sample.exchange.path, sample.exchange.body, sample.answer.body, repeats
    )
    return Cost("HTTP: one request served, one sent (aiohttp)", wall, used, repeats)


def _conclusion(sample: Sample, repeats: int) -> list[Cost]:
    """From the raw answer to the stored one."""
    payment = replace(sample.payment, state=State.ACCEPTED, version=2)

    def read() -> object:
        return sample.adapter.read(sample.exchange, sample.payment, sample.answer)

    def seal() -> object:
        return sample.records.evidence(sample.key, sample.answer.body)

    return [
        timed(sample.clock, "verify and read pacs.002", [read] * repeats),
        timed(sample.clock, "compress and seal the evidence", [seal] * repeats),
        timed(sample.clock, "write the JSON answer", [lambda: json_answer(payment)] * repeats),
    ]
