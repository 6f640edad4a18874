"""Past balances held against the entries: what each block booked, and the sums behind it.

Blocks of one slot follow each other, so their running sums are worked out and compared. Between
slots no order is written: there every row takes its account from one sum to another by what its
block booked, and all of them together must lead from nothing to the sum of today.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from switch.store.journal import Faults
    from switch.store.tables import Row

Sums = tuple[Any, ...]
ZERO: Sums = (0, 0, 0, 0)


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

    def take(
        self,
        place: str,
        booked: Sequence[Row],
        checks: Iterable[Row],
        after: Iterable[Row],
        known: Callable[[Any], Sums | None],
    ) -> None:
        """Check a block's rows; ``known`` tells the running sums of an account behind it.

        It gives None for an account of which the block may say nothing.
        """
        expected: dict[tuple[Any, Any], list[int]] = {}
        changes: dict[Any, list[int]] = {}
        for row in booked:
            _add(row, expected, changes)
        held = {row[2:4]: list(row[4:6]) for row in checks}
        self._checked = self._checked or bool(held)
        # The first blocks of a store may be from before there were checks.
        if held != expected and self._checked:
            self._faults.add(place, "the check of its sums is not what it booked")
        for row in after:
            account, behind = row[2], tuple(row[3:7])
            change, running = changes.pop(account, ZERO), known(account)
            if running is None:
                self._faults.add(place, "has the balance of an account that it did not touch")
            elif self._ordered:
                if behind != running:
                    self._faults.add(place, f"the balance of {account} behind it is another")
            elif any(change):
                self._path(account, behind, 1)
                self._path(account, tuple(a - b for a, b in zip(behind, change, strict=True)), -1)
        for account in changes:
            self._faults.add(place, f"the balance of {account} behind it is missing")

    def end(self, sums: Mapping[str, Sequence[int]]) -> None:
        """Check that the rows of several slots lead from nothing to the sums of today."""
        if self._ordered:
            return
        for account in sorted(self._paths, key=str):
            self._path(account, tuple(sums.get(account, ZERO)), -1)
            self._path(account, ZERO, 1)
            if self._paths[account]:
                self._faults.add(f"account {account}", "its past balances are not what was booked")

    def _path(self, account: Any, sums: Sums, sign: int) -> None:
        state = self._hash.copy()
        state.update(repr((account, sums)).encode("utf-8", "replace"))
        number = sign * int.from_bytes(state.digest(), "big")
        self._paths[account] = self._paths.get(account, 0) + number
