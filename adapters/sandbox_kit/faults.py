"""What can go wrong, and the plan of it: faults that wait for a request, and faults by rate.

A planned fault happens to the next request of its operation, in the order of planning; then the
rates are asked, each drawing once for each request. The surprise: a rate draws from a seed of its
own, so the same plan and the same order of requests give the same faults.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from adapters.sandbox_kit.control import ControlError, wanted
from switch.runtime.entropy import SeededEntropy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switch.port import Operation

FAULTS_MAX: Final = 1_000
"""Faults of an operation that wait to happen, and its rates; one more is refused."""

DELAY_MS_MAX: Final = 600_000
"""Longest delay of a fault, and the greatest error of a wrong clock."""

BYTES_MAX: Final = 4 * 1024 * 1024
"""Most white space behind an answer."""

_MILLION: Final = 1_000_000
_ERRORS: Final = range(500, 600)


class FaultKind(StrEnum):
    """What can go wrong. "Booked" says that the payment is executed all the same."""

    REFUSE = "refuse"
    """Refused with ``reason``; not booked."""
    PENDING = "pending"
    """An interim answer; booked on release, or ``delay_ms`` later."""
    SLOW = "slow"
    """Waits ``delay_ms``, then does all as usual."""
    LATE = "late"
    """Booked at once, answered ``delay_ms`` later."""
    HOLD = "hold"
    """Booked at once, answered on release."""
    DROP_REQUEST = "drop_request"
    """The connection is cut; nothing is booked."""
    DROP_ANSWER = "drop_answer"
    """Booked, then the connection is cut."""
    RESET = "reset"
    """Booked; the connection is reset after ``bytes`` bytes of the answer."""
    TWICE = "twice"
    """The request is executed twice, as a network does that repeats inside; booked once."""
    ANSWER_TWICE = "answer_twice"
    """Booked; the answer is written two times, one after the other."""
    CONTRADICT = "contradict"
    """Booked; the answer says the opposite, a refusal with ``reason``."""
    PRETEND = "pretend"
    """Refused with ``reason``; the answer says that it is booked."""
    GARBAGE = "garbage"
    """Booked; the answer cannot be read."""
    WRONG_SIGNATURE = "wrong_signature"
    """Booked; the answer was altered after it was signed."""
    WRONG_CLOCK = "wrong_clock"
    """Booked; the answer's times and its signature are ``delay_ms`` old."""
    ERROR_500 = "error_500"
    """Booked; the answer is HTTP ``status`` without a message."""
    UNAVAILABLE = "unavailable"
    """Nothing is booked; the answer is HTTP ``status`` without a message."""
    REDIRECT = "redirect"
    """Booked; the answer sends the caller elsewhere."""
    OVERSIZE = "oversize"
    """Booked; the answer has ``bytes`` of white space behind it."""
    SLOW_BODY = "slow_body"
    """Booked; half of the answer comes, and the rest ``delay_ms`` later."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that waits for the next request of its operation."""

    kind: FaultKind
    reason: str = ""
    delay_ms: int = 0
    status: int = 500
    bytes: int = 0


class Rate:
    """One fault that hits a part of all requests of its operation."""

    def __init__(self, fault: Fault, millionths: int, seed: int | str) -> None:
        self.fault = fault
        self._millionths = millionths
        self._entropy = SeededEntropy(f"{seed} {fault.kind}")

    def hits(self) -> bool:
        """Draw for the next request."""
        return self._entropy.below(_MILLION) < self._millionths

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {"kind": self.fault.kind.value, "millionths": self._millionths}


class FaultPlan:
    """The faults of one sandbox, by operation."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._waiting: dict[str, deque[Fault]] = {each.value: deque() for each in operations}
        self._rates: dict[str, list[Rate]] = {name: [] for name in self._waiting}
        self._happened: Counter[str] = Counter()

    def next(self, operation: Operation) -> Fault | None:
        """The fault of the request that has just arrived, if it gets one."""
        waiting = self._waiting.get(operation.value)
        if waiting:
            found: Fault | None = waiting.popleft()
        else:
            # Each rate draws for each request, so one rate's hits do not shift another's.
            drawn = [rate for rate in self._rates.get(operation.value, ()) if rate.hits()]
            found = drawn[0].fault if drawn else None
        if found is not None:
            self._happened[f"{operation.value} {found.kind.value}"] += 1
        return found

    def add(self, given: Mapping[str, object]) -> int:
        """Take a plan; return how many faults of its operation wait. Raises ControlError."""
        operation = wanted(given, "operation", str)
        waiting = self._waiting.get(operation)
        if waiting is None:
            raise ControlError("operation: not one of this network")
        fault = read_fault(given)
        if "rate" in given:
            rates = self._rates[operation]
            if len(rates) >= FAULTS_MAX:
                raise ControlError(f"rate: at most {FAULTS_MAX} rates")
            rates.append(Rate(fault, _millionths(given["rate"]), wanted(given, "seed", int, 0)))
            return len(waiting)
        times = wanted(given, "times", int, 1)
        if not 1 <= times <= FAULTS_MAX - len(waiting):
            raise ControlError(f"times: at most {FAULTS_MAX} faults wait")
        waiting.extend([fault] * times)
        return len(waiting)

    def clear(self) -> None:
        """No more faults; what has happened stays counted."""
        for operation, waiting in self._waiting.items():
            waiting.clear()
            self._rates[operation].clear()

    def shown(self) -> dict[str, object]:
        """As JSON: what waits, the rates, and what has happened."""
        return {
            "waiting": {name: [each.kind.value for each in waiting]
                        for name, waiting in self._waiting.items()},
            "rates": {name: [rate.shown() for rate in rates]
                      for name, rates in self._rates.items()},
            "happened": dict(sorted(self._happened.items())),
        }  # fmt: skip


def read_fault(given: Mapping[str, object]) -> Fault:
    """Read one fault of a control request; raises :class:`ControlError`."""
    name = wanted(given, "kind", str)
    if name not in FaultKind.__members__.values():
        raise ControlError("kind: no such fault")
    delay_ms = wanted(given, "delay_ms", int, 0)
    if not 0 <= delay_ms <= DELAY_MS_MAX:
        raise ControlError(f"delay_ms: 0 to {DELAY_MS_MAX}")
    status = wanted(given, "status", int, 500)
    if status not in _ERRORS:
        raise ControlError("status: 500 to 599")
    size = wanted(given, "bytes", int, 0)
    if not 0 <= size <= BYTES_MAX:
        raise ControlError(f"bytes: 0 to {BYTES_MAX}")
    return Fault(FaultKind(name), wanted(given, "reason", str, ""), delay_ms, status, size)


def _millionths(rate: object) -> int:
    """A share from 0 to 1 in millionths, which is what can be drawn."""
    if type(rate) is not int and not isinstance(rate, Decimal):
        raise ControlError("rate: missing or not a number")
    millionths = rate * _MILLION
    if not 0 <= millionths <= _MILLION or millionths != int(millionths):
        raise ControlError("rate: 0 to 1, in millionths")
    return int(millionths)
