"""What a simulated run is: payments and mishaps, as data that a seed draws and a file keeps.

A plan and nothing else decides a run, so a failing one is replayed from its seed, kept as a file,
and made smaller by leaving payments and mishaps out. A mishap belongs to a payment: it is armed
when that payment begins and strikes at the so-many-th place after it. The surprise: a mishap need
not strike at all, since what it waits for may never come; only what struck is counted.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from switch.runtime.entropy import SeededEntropy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAYMENTS_MAX: Final = 1_000
"""Payments of one run; more are dealt out over several runs."""

GAP_MS: Final = 400
"""Greatest time between two payments."""

MISHAPS_PERCENT: Final = 50
"""Mishaps for every hundred payments."""


INBOUND: Final = ("guest", "debited", "fickle", "refunded", "asked")
"""First words of ways whose payment comes to the switch from its network."""


class Store(StrEnum):
    """Where the switch keeps its rows."""

    DISK = "disk"
    """One switch with SQLite on a disk that forgets what was not synced."""
    SERVER = "server"
    """Two switches in slots of one store server, which never loses a commit."""


class Kind(StrEnum):
    """What can go wrong; the words of the report."""

    LOST = "network_lost"
    DELAYED = "network_delayed"
    RESET = "network_reset"
    CORRUPTED = "network_corrupted"
    DUPLICATED = "network_duplicated"
    REORDERED = "network_reordered"
    PARTNER = "partner_fault"
    SETTLEMENT = "partner_settlement"
    PARTNER_STALLED = "partner_stalled"
    CRASH = "process_crashed"
    POWER = "power_lost"
    STALL = "process_stalled"
    CLOCK = "clock_stepped"
    REDIS = "redis_lost"
    STORE_AWAY = "store_away"
    OPERATOR = "operator_acted"


class Place(StrEnum):
    """Where in its work a switch can die; each is a kind of step of the loop, or of the disk."""

    STARTING = "starting"
    SERVING = "serving a request"
    RECEIVING = "receiving bytes"
    BEFORE_COMMIT = "before a commit"
    COMMITTING = "at a commit"
    AFTER_COMMIT = "after a commit"
    SENDING = "sending a request"
    HOP = "in a hop"
    SWEEPING = "looking after a payment"
    TIMERS = "looking for due timers"
    LEASES = "renewing its lease"
    COLLECTING = "collecting"
    DISK_WRITE = "writing to the disk"
    DISK_SYNC = "syncing the disk"


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment that somebody wants to make. ``minor`` is in the merchant's currency.

    ``way`` is a key of ``cast.WAYS``; ``copies`` is how often the payer's side says it at once.
    ``to`` names the payee's account where its condition matters.
    """

    number: int
    at_ms: int
    way: str
    minor: int
    copies: int = 1
    to: str = ""


@dataclass(frozen=True, slots=True)
class Mishap:
    """One thing that goes wrong, armed when payment ``payment`` begins.

    ``where`` names a link (``switch>thailand``), a network, a place of a switch or a slot; ``nth``
    counts the matching events; ``ms`` says how long or how much; ``word`` which of a kind.
    """

    kind: Kind
    payment: int
    where: str = ""
    nth: int = 1
    ms: int = 0
    word: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides a run. ``networks`` are the partners that there are."""

    seed: int
    store: Store
    networks: tuple[str, ...]
    payments: tuple[Payment, ...]
    mishaps: tuple[Mishap, ...]

    def without(self, payments: Sequence[int], mishaps: Sequence[int]) -> Plan:
        """The plan without some payments (and what belongs to them) and mishaps, by place."""
        gone = {self.payments[place].number for place in payments}
        return Plan(
            self.seed,
            self.store,
            self.networks,
            tuple(each for each in self.payments if each.number not in gone),
            tuple(
                each
                for place, each in enumerate(self.mishaps)
                if place not in mishaps and each.payment not in gone
            ),
        )

    def carried(self, payments: Sequence[int]) -> Plan:
        """The plan without some payments, by place; others carry what belonged to them.

        A mishap goes to the nearest payment before, or to the first.
        """
        kept = [each for place, each in enumerate(self.payments) if place not in payments]
        mishaps = [replace(each, payment=_carrier(kept, each.payment)) for each in self.mishaps]
        return replace(self, payments=tuple(kept), mishaps=tuple(mishaps))

    def text(self) -> str:
        """The plan as a file keeps it: JSON, a line for each payment and mishap."""
        head = {"seed": self.seed, "store": self.store, "networks": self.networks}
        lines = [json.dumps(head)]
        lines += [json.dumps({"payment": asdict(each)}) for each in self.payments]
        lines += [json.dumps({"mishap": asdict(each)}) for each in self.mishaps]
        return "\n".join(lines) + "\n"


def _carrier(payments: Sequence[Payment], number: int) -> int:
    earlier = [each.number for each in payments if each.number <= number]
    return max(earlier) if earlier else min(each.number for each in payments)


def read_plan(text: str) -> Plan:
    """Read what :meth:`Plan.text` wrote. Raises :class:`ValueError` for anything else."""
    try:
        head, *lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        payments = [Payment(**line["payment"]) for line in lines if "payment" in line]
        mishaps = [_mishap(line["mishap"]) for line in lines if "mishap" in line]
        networks = tuple(map(str, head["networks"]))
        return Plan(
            int(head["seed"]), Store(head["store"]), networks, tuple(payments), tuple(mishaps)
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("not a plan of a simulation") from error


def _mishap(given: Mapping[str, Any]) -> Mishap:
    return Mishap(**{**given, "kind": Kind(given["kind"])})


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay: how often it is drawn, through which network, to which payees."""

    weight: int
    network: str
    payees: Sequence[str] = ("",)


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to draw from: ways by name, and what partners can do wrong, by network."""

    ways: Mapping[str, Way]
    faults: Mapping[str, Sequence[tuple[str, str, str]]]
    """(operation, fault, reason)."""
    settlements: Sequence[str]
    operators: Sequence[str]
    """What operators do in the middle."""
    always: Sequence[str]
    """Networks of every run; of the others there is one in each."""


_WEIGHTS: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.LOST: 8,
        Kind.DELAYED: 8,
        Kind.RESET: 8,
        Kind.CORRUPTED: 6,
        Kind.DUPLICATED: 6,
        Kind.REORDERED: 6,
        Kind.PARTNER: 30,
        Kind.SETTLEMENT: 6,
        Kind.PARTNER_STALLED: 6,
        Kind.CRASH: 10,
        Kind.POWER: 12,
        Kind.STALL: 6,
        Kind.CLOCK: 3,
        Kind.REDIS: 2,
        Kind.STORE_AWAY: 3,
        Kind.OPERATOR: 4,
    }
)
_ONLY: Final = MappingProxyType(
    {
        Kind.POWER: Store.DISK,
        Kind.REDIS: Store.SERVER,
        Kind.STORE_AWAY: Store.SERVER,
    }
)
_PLACES: Final = tuple(Place)
_ON_DISK: Final = (Place.DISK_WRITE, Place.DISK_SYNC)
AT_A_REQUEST: Final = "at a request"
"""Word of a partner that stops as a request reaches it, which it will yet carry out."""

A_PAYMENT: Final = "a payment"
"""Word of a mishap of the network that strikes what carries a payment, and no look-up or answer."""

_AWAY_MS: Final = (90_000, 300_000)
"""A partner that is away for longer than most ladders have rungs: cancels are tried."""

_STALL_MS: Final = (3_100, 20_000)
"""A little longer than anybody may wait with a first byte; twice a lease."""

_OVERTAKEN_MS: Final = (3_100, 9_000)
"""Longer than an impatient network waits before it asks, less than a payment may be under way."""

_STEP_MS: Final = 240_000
_STEP_LONG_MS: Final = 86_400_000
"""How far a clock steps: minutes, and now and then up to a day."""

_STALL_LONG_MS: Final = 1_800_000
"""Longer than a network may have anything on its way: another has ended what this one began."""


class _Draw:
    """Draws a plan."""

    def __init__(self, seed: int, store: Store, choices: Choices) -> None:
        self._entropy = SeededEntropy(seed).fork("plan")
        self._store = store
        self._choices = choices
        others = sorted(name for name in choices.faults if name not in choices.always)
        other = [others[seed // len(Store) % len(others)]] if others else []
        self.networks = (*sorted(choices.always), *other)
        self._ways = {
            name: way.weight for name, way in choices.ways.items() if way.network in self.networks
        }

    def below(self, bound: int) -> int:
        return self._entropy.below(bound)

    def between(self, least: int, most: int) -> int:
        return least + self.below(most - least + 1)

    def one(self, choices: Sequence[Any]) -> Any:
        return choices[self.below(len(choices))]

    def weighed(self, weights: Mapping[Any, int]) -> Any:
        left = self.below(sum(weights.values()))
        for choice, weight in weights.items():
            left -= weight
            if left < 0:
                return choice
        raise AssertionError("weights are positive")

    def payment(self, number: int, at_ms: int) -> Payment:
        way = self.weighed(self._ways)
        copies = self.one((1, 1, 1, 1, 2, 3))
        to = self.one(self._choices.ways[way].payees)
        return Payment(number, at_ms, way, self.between(1_00, 999_99), copies, to)

    def mishap(self, struck: Payment) -> Mishap:
        payment = struck.number
        weights = {
            kind: weight
            for kind, weight in _WEIGHTS.items()
            if _ONLY.get(kind, self._store) is self._store
        }
        kind = self.weighed(weights)
        match kind:
            case Kind.PARTNER:
                network = self.one(self.networks)
                operation, word, reason = self.one(self._choices.faults[network])
                words = f"{operation} {word} {reason}".strip()
                return Mishap(kind, payment, network, ms=self.between(50, 20_000), word=words)
            case Kind.SETTLEMENT:
                return Mishap(kind, payment, "bakong", word=self.one(self._choices.settlements))
            case Kind.PARTNER_STALLED:
                network = self.one(self.networks)
                if self.below(3):
                    return Mishap(kind, payment, network, ms=self.between(500, 20_000))
                away, nth = self.between(*_AWAY_MS), self.between(1, 6)
                return Mishap(kind, payment, network, nth, away, AT_A_REQUEST)
            case Kind.CRASH | Kind.POWER | Kind.STALL:
                return self._process(kind, payment)
            case Kind.CLOCK:
                who = self.one(("switch", *self.networks))
                # A partner that is a day behind refuses what is from its future: people's affair.
                steps = (_STEP_MS, _STEP_MS, _STEP_LONG_MS if who == "switch" else _STEP_MS)
                most = self.one(steps)
                return Mishap(kind, payment, who, ms=self.between(-most, most))
            case Kind.REDIS | Kind.STORE_AWAY:
                return Mishap(kind, payment, ms=self.between(200, 8_000))
            case Kind.OPERATOR:
                return Mishap(kind, payment, word=self.one(self._choices.operators))
        return self._network(kind, struck)

    def _process(self, kind: Kind, payment: int) -> Mishap:
        on_disk = self._store is Store.DISK and kind is not Kind.STALL
        places = [place for place in _PLACES if on_disk or place not in _ON_DISK]
        stalls = _STALL_MS if self._store is Store.DISK else (*_STALL_MS, _STALL_LONG_MS)
        ms = self.one(stalls) if kind is Kind.STALL else self.between(10, 3_000)
        where, nth = self.one(places), self.between(1, 4)
        if ms == _STALL_LONG_MS and nth % 2:
            # Most of all before a first byte: what is sent then is sent far too late.
            where, nth = Place.HOP, 1
        return Mishap(kind, payment, where, nth, ms)

    def _network(self, kind: Kind, payment: Payment) -> Mishap:
        number, own = payment.number, self._choices.ways[payment.way].network
        if self.below(2) and own in self._choices.faults and own != "bakong":
            # Half strike where the payment itself passes: what happens to it matters most.
            inbound = payment.way.split(" ", 1)[0] in INBOUND
            if kind is Kind.DELAYED and payment.way.startswith("guest "):
                # So late that it was asked about, and not yet too late to be taken.
                ms, nth = self.between(*_OVERTAKEN_MS), self.between(1, 2)
                return Mishap(kind, number, f"{own}>switch", nth, ms, A_PAYMENT)
            return self._on([f"{own}>switch" if inbound else f"switch>{own}"], kind, number)
        links = [f"switch>{name}" for name in self.networks]
        links += [f"{name}>switch" for name in self.networks]
        if kind is Kind.CORRUPTED:
            # Where no signature is over the bytes, TLS makes a reset of it.
            links = [link for link in links if "bakong" not in link]
        else:
            links += ["outside>switch"]
            if kind is not Kind.DUPLICATED:
                links += ["switch>outside"]
        return self._on(links, kind, number)

    def _on(self, links: Sequence[str], kind: Kind, payment: int) -> Mishap:
        if kind is Kind.DUPLICATED:
            return Mishap(kind, payment, self.one(links), ms=self.between(1, 30_000))
        ms = self.between(20, 3_000) if kind is Kind.REORDERED else self.between(500, 25_000)
        return Mishap(kind, payment, self.one(links), self.between(1, 3), ms)


def plan_of(seed: int, payments: int, choices: Choices) -> Plan:
    """The plan of a seed."""
    store = Store.DISK if seed % 2 else Store.SERVER
    draw = _Draw(seed, store, choices)
    wanted, at_ms = [], 0
    for number in range(payments):
        wanted.append(draw.payment(number, at_ms))
        at_ms += draw.below(GAP_MS + 1)
    count = max(1, payments * MISHAPS_PERCENT // 100)
    mishaps = [draw.mishap(draw.one(wanted)) for _ in range(count)]
    mishaps.sort(key=lambda each: each.payment)
    return Plan(seed, store, draw.networks, tuple(wanted), tuple(mishaps))
