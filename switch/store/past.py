"""Past balances held against the entries: what each block booked, and the sums behind it.

Blocks of one slot follow each other, so their running sums are worked out and compared. Processes
that write at once are ordered as far as their clocks agree only: there every row takes its account
from one sum to another by what its block booked, all of them together must lead from nothing to the
sum of today, and a row of an account that its block did not touch must be a sum that the account
had about that time. Every so many blocks no account may be missing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from switch.store.journal import Faults
    from switch.store.tables import Row

Sums = tuple[Any, ...]
ZERO: Final[Sums] = (0, 0, 0, 0)
APART_US: Final = 2_000_000
"""How far clocks of processes that write to one database may be from each other."""

STEPS_MIN: Final = 4
"""Sums that are kept of each account, however old."""


@dataclass(frozen=True, slots=True)
class Dated:
    """What the audit knows of a block when its balances are looked at.

    ``named`` are accounts that it booked on or configured; ``whole`` says that it keeps all.
    """

    place: str
    slot: int
    at: int
    named: frozenset[Any]
    whole: bool


def _add(
    row: Row, expected: dict[tuple[Any, Any], list[int]], changes: dict[Any, list[int]]
) -> None:
    """Add a ledger row to the sums of its block, and to what the block does to its account."""
    _, _, account, side, currency, minor, phase, pending = row
    column = side == "credit"
    total = expected.get((currency, phase))
    if total is None:
        total = expected[currency, phase] = [0, 0]
    total[column] += minor
    change = changes.get(account)
    if change is None:
        change = changes[account] = [0, 0, 0, 0]
    if phase == "posted":
        change[column] += minor
    if phase == "pending":
        change[column + 2] += minor
    elif pending is not None:
        change[column + 2] -= minor


class Past:
    """What is known of past balances so far. ``key`` is random bytes of this run."""

    def __init__(self, key: bytes, faults: Faults, *, ordered: bool) -> None:
        self._hash = blake2b(key=key, digest_size=16)
        self._faults = faults
        self._ordered = ordered
        self._checked = False
        self._paths: dict[Any, int] = {}
        self._steps: dict[Any, deque[tuple[int, Sums]]] = {}
        self._doubts: dict[Any, list[tuple[Dated, Sums]]] = {}
        self._first_at: dict[Any, int] = {}
        self._named: set[tuple[int, Any]] = set()

    def take(
        self,
        block: Dated,
        booked: Sequence[Row],
        checks: Iterable[Row],
        after: Iterable[Row],
        known: Callable[[Any], Sums],
    ) -> None:
        """Check a block's rows; ``known`` tells the running sums of an account behind it."""
        expected: dict[tuple[Any, Any], list[int]] = {}
        changes: dict[Any, list[int]] = {}
        for row in booked:
            _add(row, expected, changes)
        held = {row[2:4]: list(row[4:6]) for row in checks}
        self._checked = self._checked or bool(held)
        # The first blocks of a store may be from before there were checks.
        if held != expected and self._checked:
            self._faults.add(block.place, "the check of its sums is not what it booked")
        for account in block.named:
            self._first_at.setdefault(account, block.at)
            self._named.add((block.slot, account))
        kept = set()
        for row in after:
            account, behind = row[2], tuple(row[3:7])
            kept.add(account)
            self._row(block, account, behind, changes.pop(account, ZERO), known)
        for account in changes.keys() | (self._whole(block) - kept):
            self._faults.add(block.place, f"the balance of {account} behind it is missing")

    def _row(
        self,
        block: Dated,
        account: Any,
        behind: Sums,
        change: Sequence[int],
        known: Callable[[Any], Sums],
    ) -> None:
        if not block.whole and account not in block.named:
            self._faults.add(block.place, "has the balance of an account that it did not touch")
        elif self._ordered:
            if behind != known(account):
                self._another(block, account)
        elif any(change):
            before = tuple(a - b for a, b in zip(behind, change, strict=True))
            self._path(account, behind, 1)
            self._path(account, before, -1)
            self._step(block, account, before, behind)
        elif behind not in self._sums_at(account, block.at):
            # A process whose clock is late may have brought it there before this block.
            self._doubts.setdefault(account, []).append((block, behind))

    def end(self, sums: Mapping[str, Sequence[int]]) -> None:
        """Check that the rows of several slots lead from nothing to the sums of today."""
        if self._ordered:
            return
        for account in sorted(self._paths, key=str):
            self._path(account, tuple(sums.get(account, ZERO)), -1)
            self._path(account, ZERO, 1)
            if self._paths[account]:
                self._faults.add(f"account {account}", "its past balances are not what was booked")
        for account, doubts in self._doubts.items():
            for block, _ in doubts:
                self._another(block, account)

    def _another(self, block: Dated, account: Any) -> None:
        self._faults.add(block.place, f"the balance of {account} behind it is another")

    def _whole(self, block: Dated) -> set[Any]:
        """The accounts that a block must keep the balance of because they were there."""
        if not block.whole:
            return set()
        apart = 0 if self._ordered else APART_US
        return {
            account
            for account, first_at in self._first_at.items()
            if first_at + apart < block.at or (block.slot, account) in self._named
        }

    def _step(self, block: Dated, account: Any, before: Sums, behind: Sums) -> None:
        """Note where a block took an account, and look again at what was in doubt."""
        steps = self._steps.setdefault(account, deque())
        steps.append((block.at, behind))
        while len(steps) > STEPS_MIN and steps[0][0] < block.at - 2 * APART_US:
            steps.popleft()
        doubts = self._doubts.pop(account, [])
        for earlier, sums in doubts:
            if block.at > earlier.at + APART_US:
                self._another(earlier, account)
            elif sums not in (before, behind):
                self._doubts.setdefault(account, []).append((earlier, sums))

    def _sums_at(self, account: Any, at: int) -> list[Sums]:
        """What an account may have held at a time: since a bit before, and where it stood then."""
        steps = self._steps.get(account)
        if steps is None:
            return [ZERO]
        old = max((then for then, _ in steps if then < at - APART_US), default=at)
        since = min(at, old) - APART_US
        found = [sums for then, sums in steps if then >= since]
        return found if old < at else [*found, ZERO]

    def _path(self, account: Any, sums: Sums, sign: int) -> None:
        state = self._hash.copy()
        state.update(repr((account, sums)).encode("utf-8", "replace"))
        number = sign * int.from_bytes(state.digest(), "big")
        self._paths[account] = self._paths.get(account, 0) + number
