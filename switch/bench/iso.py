"""What an ISO 20022 message costs, side by side with libxml2 alone and with other software.

One payment of about 3 kB in its envelope is read and written by everybody on one core in turns, in
the version spoken inside and in the one spoken outward. Reading is everything up to typed values:
safe parse, both schemas, rules, all fields. Every answer is held against ours. Then come what our
reading is made of, signatures, and one message of each family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from typing import TYPE_CHECKING, Final

from iso20022 import build, read, read_document
from iso20022.reader import parse
from iso20022.schema import compiled
from iso20022.shapes import SHAPES_MAX
from switch.bench import iso_signing
from switch.bench.iso_messages import header, payment, samples
from switch.bench.iso_peers import Sample, explainer, limits, models, peers_on_path, template
from switch.bench.machine import pinned, split_cores
from switch.bench.race import Job, NotThere, Race, RacePlan, Speed, race, repeated, stages

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.runtime.clock import Clock

OURS: Final = "bakong-switch"
LIMIT: Final = 1
"""Place in each race of whoever does the least that must be done."""

END: Final = b"</CdtTrfTxInf>"
FOREIGN: Final = (
    b'<SplmtryData><Envlp><x:Any xmlns:x="urn:example:1"><x:Nm>Another</x:Nm>'
    b"<x:Ref>12</x:Ref></x:Any></Envlp></SplmtryData>"
)
LAYOUTS: Final = 2 * SHAPES_MAX

INSIDE: Final = ("pacs.008.001.13", "head.001.001.04")
OUTWARD: Final = ("pacs.008.001.08", "head.001.001.02")


@dataclass(frozen=True, slots=True)
class VersionCost:
    """Reading and writing one version of the payment; ``fields`` counts those with text."""

    document: str
    header: str
    size_bytes: int
    fields: int
    read: Race
    write: Race


@dataclass(frozen=True, slots=True)
class MessageCost:
    """Our reading and writing of one message without a header."""

    name: str
    size_bytes: int
    read: Speed
    write: Speed


@dataclass(frozen=True, slots=True)
class IsoMeasured:
    """Everything, and who was not there."""

    rounds: int
    versions: tuple[VersionCost, ...]
    stages: tuple[Speed, ...]
    signatures: tuple[Speed, ...]
    messages: tuple[MessageCost, ...]
    absent: tuple[str, ...]


async def run_iso(clock: Clock, plan: RacePlan) -> IsoMeasured:
    """Measure on one core."""
    absent: list[str] = []
    with pinned(split_cores().switch), peers_on_path():
        versions = [await _version(clock, plan, names, absent) for names in (INSIDE, OUTWARD)]
        sample = _sample(*INSIDE)
        signing = iso_signing.calls(sample.raw, sample.document)
        try:
            signing |= iso_signing.peer(sample.raw)
        except NotThere as missing:
            absent.append(str(missing))
        return IsoMeasured(
            rounds=plan.rounds,
            versions=tuple(versions),
            stages=await stages(clock, _reading(sample), plan),
            signatures=await stages(clock, signing, plan),
            messages=await _messages(clock, plan),
            absent=tuple(dict.fromkeys(absent)),
        )


def _sample(document: str, head: str) -> Sample:
    raw = build(document, payment(), header_name=head, header=header())
    message = read(raw, names=(document,), header=True)
    assert message.header is not None, "it was asked for"
    top = {f"header:{name}": value for name, value in message.header.items()}
    return Sample(document, head, raw, dict(_texts({**top, **message.values})))


def _texts(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Every value as text; of what repeats the first, by the name of its place."""
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        one = value[0] if isinstance(value, tuple) else value
        if isinstance(one, Mapping):
            found += [(f"{name}.{inner}", text) for inner, text in _texts(one)]
        elif isinstance(one, datetime):
            text = one.isoformat(timespec="milliseconds")
            found.append((name, text.replace("+00:00", "Z")))
        else:
            found.append((name, str(one).lower() if isinstance(one, bool) else str(one)))
    return found


async def _version(
    clock: Clock, plan: RacePlan, names: tuple[str, str], absent: list[str]
) -> VersionCost:
    sample = _sample(*names)
    ours_read, ours_write = _ours(clock, sample)
    reading = [(OURS, ours_read), *limits(clock, sample).items(), explainer(clock, sample)]
    writing = [(OURS, ours_write), template(clock, sample)]
    try:
        name, theirs_read, theirs_write = models(clock, sample)
    except NotThere as missing:
        absent.append(str(missing))
    else:
        reading.append((f"{name}: parse", theirs_read))
        writing.append((f"{name}: write", theirs_write))
    return VersionCost(
        document=sample.document,
        header=sample.header,
        size_bytes=len(sample.raw),
        fields=len(sample.fields),
        read=await race(reading, plan, fault),
        write=await race(writing, plan, fault),
    )


def _ours(clock: Clock, sample: Sample) -> tuple[Job, Job]:
    raw, document, head = sample.raw, sample.document, sample.header
    names, values, top = (document,), payment(), header()

    def receive() -> Mapping[str, object]:
        return read(raw, names=names, header=True).values

    def write() -> bytes:
        return build(document, values, header_name=head, header=top)

    checks = "size, markup, both schemas, every rule, all fields typed"
    return (
        Job(repeated(clock, receive), checks, checked=True, answer=sample.fields),
        Job(repeated(clock, write), "what the reader checks", checked=True, answer=raw.decode()),
    )


def fault(ours: Job, theirs: Job) -> str | None:
    """Why an answer is not comparable. Who gives none is not asked for one."""
    if not theirs.answer or isinstance(ours.answer, str) or isinstance(theirs.answer, str):
        return "writes otherwise" if theirs.answer and ours.answer != theirs.answer else None
    wrong = [name for name, value in theirs.answer.items() if ours.answer.get(name) != value]
    return f"reads otherwise: {', '.join(wrong)}" if wrong else None


def _reading(sample: Sample) -> dict[str, Callable[[], object]]:
    """What reading is made of. No stage is the sum of others to the letter."""
    raw, names = sample.raw, (sample.document,)
    root = parse(raw)
    head, body = compiled(sample.header), compiled(sample.document)
    foreign = raw.replace(END, FOREIGN + END)
    # More of them than are remembered, so that each is forgotten when its turn comes again.
    unseen = cycle([raw.replace(END, END[:-1] + b" " * count + b">") for count in range(LAYOUTS)])
    return {
        "parse: size, markup, libxml2": lambda: parse(raw),
        "schema of the header": lambda: head.validate(root[0]),
        "schema of the document": lambda: body.validate(root[1]),
        "from a parsed tree: schemas, fields, rules": lambda: read_document(root, names=names),
        "read, all of it": lambda: read(raw, names=names, header=True),
        "read, supplementary data of others inside": lambda: read(foreign, names=names),
        "read, in a layout never seen": lambda: read(next(unseen), names=names),
    }


async def _messages(clock: Clock, plan: RacePlan) -> tuple[MessageCost, ...]:
    found = []
    for name, values in samples().items():
        raw = build(name, values)
        names = (name,)
        assert dict(read(raw, names=names).values) == dict(values), "what is written is read"
        reading, writing = await stages(
            clock,
            {
                "read": lambda raw=raw, names=names: read(raw, names=names),  # type: ignore[misc]
                "write": lambda name=name, values=values: build(name, values),  # type: ignore[misc]
            },
            RacePlan(plan.rounds, plan.warming_us // 10, plan.span_us // 5),
        )
        found.append(MessageCost(name, len(raw), reading, writing))
    return tuple(found)
