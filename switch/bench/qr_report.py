"""How the measurement of scanned codes is shown: as plain values, and as lines of a table.

A row that is not comparable keeps its figure and says why; ours is never measured against it. The
ratio is ours to the fastest of the others that check, and absent where no such one was there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.bench.qr import QrMeasured
    from switch.bench.race import Race, Speed


def view(measured: QrMeasured) -> dict[str, Any]:
    """Everything that was measured, times in nanoseconds."""
    return {
        "characters": measured.characters,
        "rounds": measured.rounds,
        "absent": list(measured.absent),
        "decode": _race_view(measured.read),
        "encode": _race_view(measured.write),
        "stages": [{"stage": stage.name, **stage.times()} for stage in measured.stages],
    }


def _race_view(race: Race) -> dict[str, Any]:
    fastest = race.fastest
    return {
        "contenders": [{**speed.view(), "per_second": speed.per_second} for speed in race.speeds],
        "fastest_checked": None if fastest is None else fastest.name,
        "ratio_percent": race.ratio_percent,
    }


def lines(measured: QrMeasured) -> Iterator[str]:
    """The tables, microseconds."""
    yield (
        f"Scanned code: dynamic merchant KHQR of {measured.characters} characters, one core, "
        f"{measured.rounds} rounds in turns"
    )
    for title, race in (("Decode", measured.read), ("Encode", measured.write)):
        yield ""
        yield f"  {title:40}  median us    least     most  per sec.  checks"
        for speed in race.speeds:
            mark = " " if speed.counts else "-"
            why = "" if speed.fault is None else f" (not comparable: {speed.fault})"
            yield f"{mark} {speed.name:40}{_cells(speed)}{speed.per_second:10}  {speed.checks}{why}"
        yield _ratio(race)
    yield ""
    yield f"  {'Stage, one code':48}  median us    least     most"
    for stage in measured.stages:
        yield f"  {stage.name:48}{_cells(stage)}"
    for missing in measured.absent:
        yield f"Left out: {missing}"


def _cells(speed: Speed) -> str:
    first, *others = (ns / 1000 for ns in (speed.median_ns, speed.least_ns, speed.most_ns))
    return f"{first:11.2f}" + "".join(f"{micros:9.2f}" for micros in others)


def _ratio(race: Race) -> str:
    fastest, percent = race.fastest, race.ratio_percent
    if fastest is None or percent is None:
        return "  nobody else whose checked answer is comparable was there"
    return f"  {percent // 100}.{percent % 100:02} times as fast as {fastest.name}"
