"""How the measurement of ISO 20022 messages is shown: as plain values, and as lines of a table.

Each row of a race says its time in times of ours: ``0.55`` is a limit that takes 55 hundredths of
our time, ``10.20`` somebody who takes ten times as long. That is the median of what the rounds gave
each, so it may differ from the quotient of two medians. A row whose answer is not comparable with
ours says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switch.bench.iso import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.bench.iso import IsoMeasured, VersionCost
    from switch.bench.race import Race, Speed

WIDTH: Final = 54


def view(measured: IsoMeasured) -> dict[str, Any]:
    """Everything that was measured, times in nanoseconds."""
    return {
        "rounds": measured.rounds,
        "absent": list(measured.absent),
        "versions": [_version_view(version) for version in measured.versions],
        "stages": [{"stage": stage.name, **stage.times()} for stage in measured.stages],
        "signatures": [{"stage": stage.name, **stage.times()} for stage in measured.signatures],
        "messages": [
            {
                "name": message.name,
                "bytes": message.size_bytes,
                "read": message.read.times(),
                "write": message.write.times(),
            }
            for message in measured.messages
        ],
    }


def _version_view(version: VersionCost) -> dict[str, Any]:
    return {
        "document": version.document,
        "header": version.header,
        "bytes": version.size_bytes,
        "fields": version.fields,
        "read": _race_view(version.read),
        "write": _race_view(version.write),
    }


def _race_view(race: Race) -> dict[str, Any]:
    return {
        "contenders": [
            {**speed.view(), "of_ours_permille": speed.share_permille} for speed in race.speeds
        ],
        "times_the_limit_percent": times_the_limit(race),
    }


def times_the_limit(race: Race) -> int:
    """Our time in percent of that of whoever does the least, rounded up."""
    return -(-100 * 1_000 // max(1, race.speeds[LIMIT].share_permille))


def lines(measured: IsoMeasured) -> Iterator[str]:
    """The tables, microseconds."""
    for version in measured.versions:
        yield (
            f"{version.document} with {version.header}: {version.size_bytes} bytes, "
            f"{version.fields} fields, one core, {measured.rounds} rounds in turns"
        )
        yield from _race_lines("Read", version.read)
        yield from _race_lines("Write", version.write)
        yield ""
    for title, speeds in (
        ("Stage of reading, version inside", measured.stages),
        ("Signature, version inside", measured.signatures),
    ):
        yield f"{title:{WIDTH + 2}}  median us    least     most"
        for speed in speeds:
            yield f"  {speed.name:{WIDTH}}{_cells(speed)}"
        yield ""
    yield f"{'Message without a header':{WIDTH + 2}}  bytes  read us  write us"
    for message in measured.messages:
        read, write = (speed.median_ns / 1000 for speed in (message.read, message.write))
        yield f"  {message.name:{WIDTH}}{message.size_bytes:7}{read:9.1f}{write:10.1f}"
    for missing in measured.absent:
        yield f"Left out: {missing}"


def _race_lines(title: str, race: Race) -> Iterator[str]:
    yield f"  {title:{WIDTH}}  median us    least     most  of ours  checks"
    for speed in race.speeds:
        why = "" if speed.fault is None else f" (not comparable: {speed.fault})"
        share = f"{speed.share_permille / 1_000:9.2f}"
        yield f"  {speed.name:{WIDTH}}{_cells(speed)}{share}  {speed.checks}{why}"
    yield f"  {times_the_limit(race) / 100:.2f} times the limit"


def _cells(speed: Speed) -> str:
    first, *others = (ns / 1000 for ns in (speed.median_ns, speed.least_ns, speed.most_ns))
    return f"{first:11.2f}" + "".join(f"{micros:9.2f}" for micros in others)
