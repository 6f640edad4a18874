"""Typed facts of a network, read from the ``facts.toml`` beside its adapter.

A fact is data with its source: every entry is a table ``{value, mark, source}``, where mark is H
(seen in an official page or a verbatim message), M (secondary source), L (general knowledge) or A
(assumed until the partner states it). An unknown, missing or wrongly typed fact refuses the start
with the file and key named. Durations carry their unit in the name.
"""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from switch.model import Finality
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKS: Final = ("H", "M", "L", "A")

PAYS_IN: Final = (Finality.TWO_LEG.value, Finality.ADVICE.value)
"""How a network may pay in: nobody asks us for a word and carries it out only then."""


class FactsError(ValueError):
    """A facts file that cannot be used; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is declared about one network. All times count from the moment named.

    ``send_within_ms``: from the commit to ``send_by``, the last moment a first byte may leave.
    ``answer_within_ms``: how long an exchange waits for its answer (T_answer).
    ``lookup_within_ms``: the same for lookups.
    ``deadline_ms``: the total deadline D that the network gives us when it pays in, counted from
    the acceptance time; an outbound payment's D is the same number seen from our side.
    ``hop_needs_ms``: least time left before D for starting the irrevocable hop.
    ``answer_margin_ms``: how long before D the waiting side is answered.
    ``enquiry_delays_s``: ladder e1..en counted from the moment the outcome became unknown;
    ``enquiry_repeat_s``: the pause after the last rung; ``enquiries_max``: budget per payment.
    ``never_seen_is_promise``: the network commits a tombstone when it says "never seen".
    ``flight_max_s``: longest time a sent request may still execute (T_far), after ``send_by``.
    ``duplicate_window_s``: longest time after a request in which the network may repeat it.
    ``clock_skew_max_s``: how far its clock may be from ours.
    ``acceptance_age_max_s``: oldest acceptance time taken from it.
    ``poll_fast_ms`` and ``poll_slow_ms``: bounds of the adaptive pause between polls; zero where
    the network is not polled.

    Optional: ``reference_sequence_digits``: digits of a number counted per day that our references
    there carry; zero where they are made of time and slot. ``reference_day_ahead_min``: how long
    before UTC's its day begins. ``enquiries_per_s``: most enquiries, polls and cancels within a
    second, of all payments and processes together. ``repeatable``: the same body under the same
    key may be sent again before ``send_by``. ``cancel_after_rungs``: after so many enquiries we ask
    for a cancel; zero where we never do on our own. ``cancel_every_s``: pause between cancels.
    ``cancel_until_min``: minutes after the next midnight in the zone ``cancel_zone_min`` (minutes
    east of UTC) until which a payment can be cancelled. ``refund_window_days``: how long it can be
    refunded. ``inbound_finality``: how a payment that it makes to us becomes final on its wire: it
    instructs and waits (two legs), or tells of a payer whom it has debited (advice); absent: it
    pays nobody. ``answers_named``: each of its answers, refusals included, names what it answers
    under its signature; without that every request has a connection of its own, because nothing
    else would tell a late answer to another one.
    """

    network: str
    schemes: tuple[str, ...]
    operations: tuple[Operation, ...]
    clearing_system: str
    currency: str
    send_within_ms: int
    answer_within_ms: int
    lookup_within_ms: int
    deadline_ms: int
    hop_needs_ms: int
    answer_margin_ms: int
    enquiry_delays_s: tuple[int, ...]
    enquiry_repeat_s: int
    enquiries_max: int
    never_seen_is_promise: bool
    flight_max_s: int
    duplicate_window_s: int
    clock_skew_max_s: int
    acceptance_age_max_s: int
    poll_fast_ms: int
    poll_slow_ms: int
    answer_bytes_max: int
    reference_sequence_digits: int = 0
    reference_day_ahead_min: int = 0
    enquiries_per_s: int = 50
    repeatable: bool = False
    cancel_after_rungs: int = 0
    cancel_every_s: int = 5
    cancel_until_min: int = 0
    cancel_zone_min: int = 0
    refund_window_days: int = 365
    inbound_finality: Finality | None = None
    answers_named: bool = False


_OPTIONAL: Final = frozenset(f.name for f in fields(Facts) if f.default is not MISSING)
_INTEGERS: Final = frozenset(f.name for f in fields(Facts) if f.type == "int")


def load_facts(text: str, file: str) -> Facts:
    """Read a facts file. Raises :class:`FactsError` naming ``file`` and the key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FactsError(f"{file}: not TOML: {error}") from None
    known = {f.name for f in fields(Facts)}
    for key in sorted(table.keys() - known):
        raise FactsError(f"{file}: {key}: no such fact")
    values: dict[str, object] = {}
    for key in (f.name for f in fields(Facts) if f.name not in _OPTIONAL or f.name in table):
        values[key] = _checked(table, key, file)
    return Facts(**values)  # type: ignore[arg-type]


def _checked(table: Mapping[str, object], key: str, file: str) -> object:
    entry = table.get(key)
    if not isinstance(entry, dict) or entry.keys() != {"value", "mark", "source"}:
        raise FactsError(f"{file}: {key}: needs value, mark and source")
    if entry["mark"] not in MARKS:
        raise FactsError(f"{file}: {key}: mark is one of {', '.join(MARKS)}")
    if not isinstance(entry["source"], str) or not entry["source"].strip():
        raise FactsError(f"{file}: {key}: the source is empty")
    value = entry["value"]
    if key in _INTEGERS and (type(value) is not int or value < 0):
        raise FactsError(f"{file}: {key}: needs a whole number that is not negative")
    if key == "enquiries_per_s" and value == 0:
        raise FactsError(f"{file}: {key}: needs at least 1, or nobody is ever asked")
    if key in ("never_seen_is_promise", "repeatable", "answers_named") and type(value) is not bool:
        raise FactsError(f"{file}: {key}: needs true or false")
    if key in ("network", "clearing_system", "currency") and not isinstance(value, str):
        raise FactsError(f"{file}: {key}: needs text")
    if key in ("schemes", "operations", "enquiry_delays_s"):
        return _listed(value, key, file)
    if key == "inbound_finality":
        if value not in PAYS_IN:
            raise FactsError(f"{file}: {key}: is one of {', '.join(PAYS_IN)}")
        return Finality(value)
    return value


def _listed(value: object, key: str, file: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise FactsError(f"{file}: {key}: needs a list")
    if key == "operations":
        try:
            return tuple(Operation(item) for item in value)
        except ValueError:
            raise FactsError(f"{file}: {key}: an operation is not known") from None
    wanted = int if key == "enquiry_delays_s" else str
    if any(type(item) is not wanted for item in value):
        raise FactsError(f"{file}: {key}: an entry has the wrong type")
    rising = all(a < b for a, b in pairwise([0, *value])) if wanted is int else True
    if key == "enquiry_delays_s" and (not value or not rising):
        raise FactsError(f"{file}: {key}: needs rising delays")
    return tuple(value)
