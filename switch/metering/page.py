"""The page of figures in the text format of Prometheus.

Every name starts with ``bakong_switch_``; times are seconds. The library writes the format and adds
what the machine says of the process (memory, CPU, open files). The surprise: nothing is registered
anywhere; each page is made of plain numbers when it is asked for and then forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from switch.metering.meters import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prometheus_client.metrics_core import Metric

    from switch.metering.meters import Counts, Meters, Timing
    from switch.metering.readings import Readings

PREFIX: Final = "bakong_switch_"
TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_UNBOUNDED: Final = "+Inf"


def page(meters: Meters, readings: Readings) -> bytes:
    """The page."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(meters, readings))
    ProcessCollector(namespace="bakong_switch", registry=registry)
    return generate_latest(registry)


class _Families:
    """What the library asks for families of figures."""

    def __init__(self, meters: Meters, readings: Readings) -> None:
        self._meters = meters
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """Every family, in the order of the page."""
        yield from self._counted()
        yield from self._hops()
        yield from self._standing()

    def _counted(self) -> Iterator[Metric]:
        meters = self._meters
        yield _counter(
            "payment_steps",
            "Commits that took a payment into, or left it in, a state.",
            ("corridor", "command", "state"),
            meters.steps,
        )
        yield _timings(
            "request_seconds",
            "Requests served, from the head to the answer.",
            ("operation", "status"),
            meters.requests.each,
        )
        yield _gauge(
            "requests_under_way",
            "Requests being served.",
            ("operation",),
            meters.under_way.each.items(),
        )
        yield _timings(
            "commit_seconds",
            "Commands committed, their wait in the queue included.",
            ("command", "result"),
            meters.commits.each,
        )
        yield _gauge(
            "commits_waiting",
            "Commands in a queue of the committer, or in the batch being committed.",
            ("queue",),
            meters.waiting.each.items(),
        )
        yield _counter(
            "commits_refused",
            "Commands for which there was no room, or no server; nothing was stored.",
            ("queue",),
            meters.refused,
        )
        yield _timings(
            "exchange_seconds",
            "Requests to networks that were answered.",
            ("network", "operation"),
            meters.exchanges.each,
        )
        yield _counter(
            "exchanges_unanswered",
            "Requests to networks that were not answered, or did not leave, and why.",
            ("network", "operation", "why"),
            meters.unanswered,
        )
        yield from self._asked()

    def _asked(self) -> Iterator[Metric]:
        meters = self._meters
        yield _counter(
            "enquiries",
            "Enquiries, polls and cancels: asked, or put off because their network's are used up.",
            ("network", "result"),
            meters.enquiries,
        )
        yield _timings(
            "loop_lag_seconds",
            "How late a task wakes that sleeps on the event loop.",
            (),
            {(): meters.lag},
        )

    def _hops(self) -> Iterator[Metric]:
        percentiles, needs = self._meters.hop_percentiles(), self._meters.hop_needs()
        yield _gauge(
            "hop_p999_seconds",
            "99.9th percentile of a hop, first send to final word, of the last minutes.",
            ("network", "operation"),
            [(place, ms / 1000) for place, ms in percentiles.items()],
        )
        yield _gauge(
            "hop_needs_seconds",
            "Least time before a deadline at which a hop begins: as facts state, and as used.",
            ("deadline_of", "network", "which"),
            [
                ((*place, which), ms / 1000)
                for place, both in needs.items()
                for which, ms in zip(("stated", "used"), both, strict=True)
            ],
        )

    def _standing(self) -> Iterator[Metric]:
        now = self._readings
        health, slot = now.health, str(now.slot)
        yield _gauge(
            "info",
            "Which store and which slot this process has; always 1.",
            ("store", "slot", "coordination"),
            [((str(health["store"]), slot, str(health["coordination"])), 1)],
        )
        yield _gauge("ready", "Recovery is done.", (), [((), int(health["ready"] is True))])
        yield _gauge(
            "restoring",
            "Held back after a possible loss.",
            (),
            [((), int(health["restoring"] is True))],
        )
        readable = [((), int(now.readable))]
        yield _gauge("store_readable", "The store answered when it was last read.", (), readable)
        blocks = CounterMetricFamily(
            f"{PREFIX}journal_blocks",
            "Number of the newest block of this slot: one for each durable batch.",
            labels=("slot",),
        )
        blocks.add_metric((slot,), now.head)
        yield blocks
        yield _gauge(
            "leads", "This slot does what one must do for all.", (), [((), int(now.leads))]
        )
        yield _gauge(
            "lease_renewed_seconds_ago",
            "Since this process last renewed its slot.",
            (),
            [((), now.renewed_s_ago)],
        )
        yield _gauge("tasks", "Tasks alive.", (), [((), now.tasks)])
        yield _gauge(
            "breaker_open",
            "Nothing is begun with this network just now.",
            ("network", "operation"),
            [(place, int(is_open)) for place, is_open in now.breakers.items()],
        )
        yield from self._open()
        yield from self._exposed()

    def _exposed(self) -> Iterator[Metric]:
        exposed = self._readings.exposed
        yield _gauge(
            "exposure_minor_units",
            "What a corridor's bearer is exposed by, and the most before it closes.",
            ("corridor", "currency", "which"),
            [
                ((each.corridor, each.currency, which), minor)
                for each in exposed
                for which, minor in (("now", each.minor), ("most", each.most.minor))
            ],
        )
        yield _gauge(
            "corridor_exposed",
            "A corridor takes nothing new, because its bearer is exposed by all that it may be.",
            ("corridor",),
            [((each.corridor,), int(each.closed)) for each in exposed],
        )

    def _open(self) -> Iterator[Metric]:
        unended = self._readings.unended
        yield _gauge(
            "payments_open",
            "Payments that have not ended, by how long ago they were opened.",
            ("state", "age"),
            unended.counts.items(),
        )
        yield _gauge(
            "payments_open_oldest_seconds",
            "Age of the oldest payment in a state.",
            ("state",),
            [((state,), age) for state, age in unended.oldest_s.items()],
        )
        yield _gauge(
            "payments_open_more",
            "There are younger open payments that were not looked at.",
            (),
            [((), int(unended.more))],
        )


def _gauge(
    name: str,
    means: str,
    labels: Sequence[str],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, means, labels=labels)
    for place, value in sorted(values):
        family.add_metric(place, value)
    return family


def _counter(name: str, means: str, labels: Sequence[str], counts: Counts) -> Metric:
    family = CounterMetricFamily(PREFIX + name, means, labels=labels)
    for place, count in sorted(counts.each.items()):
        family.add_metric(place, count)
    return family


def _timings(
    name: str, means: str, labels: Sequence[str], timings: Mapping[tuple[str, ...], Timing]
) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, means, labels=labels)
    for place, timing in sorted(timings.items()):
        total, buckets = 0, []
        for bound, count in zip((*map(str, BOUNDS), _UNBOUNDED), timing.counts, strict=True):
            total += count
            buckets.append((bound, total))
        family.add_metric(place, buckets, timing.total_s)
    return family
