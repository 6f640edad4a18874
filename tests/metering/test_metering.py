"""Figures say what happened, hold nobody's name, and cannot grow without bound."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from prometheus_client.parser import text_string_to_metric_families

from iso20022.jws import JwsSigner
from switch.api.routes import ROUTES
from switch.client import SigningClient
from switch.hop_times import LEAST
from switch.lifecycle import STATES
from switch.metering.meters import BOUNDS, Meters, Timing
from switch.metering.page import TYPE
from switch.metering.readings import OLDER, Reader, Unended, age_of, unended
from switch.metering.store import MeteredStore
from switch.model import State
from switch.store.contract import StoreBusy
from tests.api.api_rig import DEBTOR
from tests.switch_core.core_values import opened, payment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.client import ClientAnswer
    from switch.model import Payment
    from tests.api.api_rig import Rig

PATH: Final = "/v1/oversight/metrics"
UETR: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4")
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(page: bytes) -> Samples:
    """Every figure by name and labels, read by the library's own parser."""
    found: Samples = {}
    for family in text_string_to_metric_families(page.decode()):
        for each in family.samples:
            found[each.name, tuple(sorted(each.labels.items()))] = each.value
    return found


def figure(samples: Samples, name: str, **labels: str) -> float:
    """One figure."""
    return samples[f"bakong_switch_{name}", tuple(sorted(labels.items()))]


async def asked(rig: Rig, key: str = "overseer") -> ClientAnswer:
    """The page as somebody with this key gets it."""
    signer = JwsSigner(rig.keys.ec_private(key), key.removeprefix("member-"))
    session, url = rig.net.session("switch"), rig.urls["switch"]
    return await SigningClient(session, url, signer, rig.clock, rig.ids).call("GET", PATH)


async def paid(rig: Rig, key: str) -> ClientAnswer:
    """A payment."""
    return await rig.client().pay(key, {"quote": await rig.quote(), "debtor": DEBTOR})


async def test_what_hops_take_and_what_they_need_is_shown(rig: Rig) -> None:
    assert (await paid(rig, "k1")).status == 200
    for _ in range(LEAST):
        rig.switch.dispatch.hops.took("thailand", "pay", 6)
    assert (await paid(rig, "k2")).status == 200
    now = read((await asked(rig)).body)
    place = {"deadline_of": "thailand", "network": "thailand"}

    assert 6 <= figure(now, "hop_p999_seconds", network="thailand", operation="pay") <= 6.6
    assert figure(now, "hop_needs_seconds", **place, which="stated") == 5
    assert figure(now, "hop_needs_seconds", **place, which="used") == 7.5


async def test_a_payment_is_counted_at_each_of_its_steps(rig: Rig) -> None:
    for key in ("k1", "k2"):
        assert (await paid(rig, key)).status == 200
    answer = await asked(rig)
    now = read(answer.body)
    corridor = {"corridor": "bakong-thailand"}

    assert (answer.status, answer.headers["content-type"]) == (200, TYPE)
    opening = {"command": "open", "state": "sending"}
    ending = {"command": "conclude", "state": "accepted"}
    assert figure(now, "payment_steps_total", **corridor, **opening) == 2
    assert figure(now, "payment_steps_total", **corridor, **ending) == 2
    assert figure(now, "request_seconds_count", operation="pay", status="200") == 2
    assert figure(now, "exchange_seconds_count", network="thailand", operation="pay") == 2
    assert figure(now, "commit_seconds_count", command="open", result="done") == 2
    head = rig.store.head
    assert head is not None
    assert figure(now, "journal_blocks_total", slot="1") == head.number
    assert figure(now, "ready") == figure(now, "store_readable") == 1
    assert figure(now, "leads") in (0, 1)
    assert figure(now, "tasks") > 0
    assert figure(now, "breaker_open", network="thailand", operation="pay") == 0
    assert figure(now, "commits_waiting", queue="intents") == 0
    assert figure(now, "requests_under_way", operation="metrics") == 1


async def test_what_is_open_is_shown_by_state_and_age_until_it_ends(hasty: Rig) -> None:
    await hasty.fault("pay", "hold")
    assert (await paid(hasty, "k1")).status == 202
    now = read((await asked(hasty)).body)

    assert figure(now, "payments_open", state="sending", age="under_1m") == 1
    assert figure(now, "payments_open_oldest_seconds", state="sending") >= 0
    assert figure(now, "payments_open_more") == 0
    assert figure(now, "request_seconds_count", operation="pay", status="202") == 1


async def test_an_exchange_without_an_answer_is_counted_with_why(rig: Rig) -> None:
    await rig.fault("pay", "drop_answer")
    await paid(rig, "k1")
    now = read((await asked(rig)).body)

    where = {"network": "thailand", "operation": "pay", "why": "connection_lost"}
    assert figure(now, "exchanges_unanswered_total", **where) == 1


async def test_the_page_is_the_overseers_alone(rig: Rig) -> None:
    assert (await asked(rig, "member-ABAAKHPPXXX")).status == 401
    assert (await rig.send("GET", PATH)).status == 401
    assert (await rig.send("GET", "/metrics")).status == 404


async def test_a_collectors_door_serves_the_page_unsigned_and_nothing_else(rig: Rig) -> None:
    resources = [route.resource for route in rig.switch.collector.router.routes()]
    paths = [resource.canonical for resource in resources if resource is not None]

    assert paths == ["/metrics"]
    assert len(rig.switch.collector.router.routes()) == 1


async def test_nothing_on_the_page_names_anybody(rig: Rig) -> None:
    answer = await paid(rig, "key-of-a-member")
    page = (await asked(rig)).body
    words = page.decode()

    assert answer.json()["uetr"] not in words
    assert UETR.search(words) is None
    for secret in ("Sok", "sokdara", "key-of-a-member", "ABAAKHPPXXX", "41250", "345.00"):
        assert secret not in words, secret


async def test_label_values_come_from_tables(rig: Rig) -> None:
    await paid(rig, "k1")
    for path in ("/nowhere", "/v1/payments/x/y/z", "/networks/thailand/else", "/v1/%00"):
        await rig.send("GET", path)
    await rig.send("POST", "/networks/thailand/iso20022/v1/messages", b"<x/>")
    allowed: dict[str, set[str]] = {
        "operation": {"other", *(route.operation for route in ROUTES)}
        | {f"from_{name}" for name in rig.config.networks}
        | {"lookup", "quote", "pay", "enquire", "refund"},
        "network": set(rig.config.networks),
        "corridor": {f"{a}-{b}" for a, b in rig.config.corridors},
        "state": {state.value for state in STATES},
        "queue": {"intents", "conclusions"},
    }
    samples = read((await asked(rig)).body)

    assert len(samples) < 2_000
    for _, labels in samples:
        for name, value in labels:
            assert value in allowed.get(name, {value}), (name, value)
    assert figure(samples, "request_seconds_count", operation="other", status="404") == 4


class Given:
    """A store and its reads, by hand."""

    def __init__(self, payments: Sequence[Payment] = ()) -> None:
        self.payments = payments
        self.asked = 0

    async def commit(self, _: object) -> object:
        """Refuse."""
        raise StoreBusy

    async def unended(self, after: int, limit: int) -> list[Payment]:
        """A page."""
        self.asked += 1
        return [each for each in self.payments if each.payment_id > after][:limit]


async def test_what_the_store_has_no_room_for_is_counted_and_waits_no_more(rig: Rig) -> None:
    meters = Meters()
    store = MeteredStore(Given(), meters, rig.clock)  # type: ignore[arg-type]
    try:
        await store.commit(opened(payment()))
    except StoreBusy:
        refused = True

    assert refused
    assert meters.refused.each == {("intents",): 1}
    assert meters.waiting.each == {("intents",): 0}
    assert meters.commits.each == {}


async def test_while_the_store_is_away_the_page_shows_what_was_last_seen(hasty: Rig) -> None:
    class Away(Given):
        async def unended(self, after: int, limit: int) -> list[Payment]:
            raise StoreBusy

    given = Given([payment()])
    switch = hasty.switch
    exposures = switch.payments.exposures
    reader = Reader(switch._seams, switch._leases, Meters(), switch.health, exposures)
    reader._store = SimpleNamespace(read=given, head=None, slot=1)
    before = await reader.read()
    reader._store.read = Away()
    reader._read_at = -(10.0**9)
    after = await reader.read()

    assert (before.readable, after.readable) == (True, False)
    assert after.unended == before.unended != Unended()


async def test_only_so_many_open_payments_are_looked_at(rig: Rig) -> None:
    many = Given([payment(number) for number in range(1, 700)])
    found: Unended = await unended(many, rig.clock)  # type: ignore[arg-type]
    counts: Mapping[tuple[str, str], int] = found.counts

    assert (sum(counts.values()), found.more, many.asked) == (500, True, 5)
    assert {state for state, _ in counts} == {State.SENDING.value}


def test_ages_are_classes() -> None:
    assert [age_of(seconds) for seconds in (0, 59.9, 60, 3_599, 3_600, 86_400, 10**9)] == [
        "under_1m",
        "under_1m",
        "under_10m",
        "under_1h",
        "under_1d",
        OLDER,
        OLDER,
    ]


def test_a_time_on_a_bound_belongs_below_it_and_one_beyond_all_has_a_class() -> None:
    timing = Timing()
    for seconds in (0.0, BOUNDS[0], BOUNDS[-1], 10**6):
        timing.took(seconds)

    assert (timing.counts[0], timing.counts[-2], timing.counts[-1]) == (2, 1, 1)
    assert timing.count == 4
