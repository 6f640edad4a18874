"""How much was drawn of one bound lately, in slices of its window. Pure.

A slice counts as long as any part of it lies in the window, so that no window of that length, at
whichever moment it begins, ever holds more than the bound; for that, up to a tenth of it is freed
late.
"""

from __future__ import annotations

from typing import Final

SLICES: Final = 10
"""Slices of a window; one more is counted, because the oldest is partly outside."""


class Window:
    """What one who draws has drawn of one bound."""

    __slots__ = ("_slice_ms", "_slices", "_sum")

    def __init__(self, window_ms: int) -> None:
        self._slice_ms = max(1, window_ms // SLICES)
        self._slices: dict[int, int] = {}
        self._sum = 0

    def wait_ms(self, amount: int, most: int, at_ms: int) -> int:
        """0 when this amount still fits; else after how many ms enough has been freed."""
        self._forget(at_ms)
        beyond = self._sum + amount - most
        if beyond <= 0:
            return 0
        for index in sorted(self._slices):
            beyond -= self._slices[index]
            if beyond <= 0:
                return (index + SLICES + 1) * self._slice_ms - at_ms
        return SLICES * self._slice_ms

    def add(self, amount: int, at_ms: int) -> None:
        """Count an amount as drawn now."""
        index = at_ms // self._slice_ms
        self._slices[index] = self._slices.get(index, 0) + amount
        self._sum += amount

    def _forget(self, at_ms: int) -> None:
        oldest = at_ms // self._slice_ms - SLICES
        while self._slices:
            index = next(iter(self._slices))
            if index >= oldest:
                return
            self._sum -= self._slices.pop(index)
