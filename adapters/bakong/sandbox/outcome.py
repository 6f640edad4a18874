"""What becomes of an accepted transfer: the payee's bank, played by the simulator.

A transfer ends ``settle_ms`` after it was accepted, in the ledger and in the book together. Nothing
runs in between: whoever looks first after the moment makes it happen. The surprise: the book that
the kit shows and ends is watched here, so a release by the kit moves the money too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from adapters.bakong.sandbox.ledger import ENDS, FAILURES, Ledger, LedgerFullError, Stage, Transfer
from adapters.sandbox_kit import Book, BookFullError, Entry, EntryStatus, SandboxKit

if TYPE_CHECKING:
    from adapters.sandbox_kit import SandboxContext

SETTLE_MS: Final = "100"
"""How long the payee's bank takes, unless the option ``settle_ms`` says otherwise."""

OnEnd = Callable[[str, Entry], None]


@dataclass(frozen=True, slots=True)
class Script:
    """How a transfer goes on: an end by the clock, or a stage where it waits for a release.

    ``delay_ms`` ends the wait by itself; without it only a release does.
    """

    stage: Stage = Stage.SETTLED
    reason: str = ""
    delay_ms: int = 0


class WatchedBook(Book):
    """The kit's book; tells when an entry ends, and lets due transfers end before it is shown."""

    def __init__(self, before: Callable[[], None], on_end: OnEnd) -> None:
        super().__init__()
        self._before = before
        self._on_end = on_end

    def end(self, reference: str, status: EntryStatus, reason: str | None = None) -> Entry:
        """End an entry, and tell."""
        entry = super().end(reference, status, reason)
        self._on_end(reference, entry)
        return entry

    def state(self, network: str) -> dict[str, object]:
        """Return the book as of now."""
        self._before()
        return super().state(network)


class Outcomes:
    """Transfers on their way, in ledger and book."""

    def __init__(self, kit: SandboxKit, ledger: Ledger, context: SandboxContext) -> None:
        self._kit = kit
        self._ledger = ledger
        self._clock = context.clock
        self._settle_ms = int(context.options.get("settle_ms", SETTLE_MS))
        self._due: deque[tuple[float, str, Script]] = deque()
        self._booked: dict[str, tuple[str, str]] = {}
        kit.book = WatchedBook(self.follow_the_clock, self._on_end)

    def begin(self, asked: Transfer, answer: str, entry: Entry, script: Script) -> None:
        """Enter a new transfer in both; raises the kit's ``BookFullError`` with nothing changed."""
        try:
            self._ledger.check_room()
        except LedgerFullError:
            raise BookFullError(entry.direction) from None
        if entry.reference in self._booked:
            # Two payers chose one reference, each for itself; the book has one line for each.
            entry = replace(entry, reference=f"{asked.payer}/{entry.reference}")
        self._kit.book.add(entry)
        self._booked[entry.reference] = asked.payer, asked.ext_ref
        refused = entry.status is EntryStatus.REFUSED
        stage = Stage.AUTHORIZED if script.stage in ENDS and not refused else script.stage
        self._ledger.enter(replace(asked, answer=answer, stage=stage, reason=entry.reason or ""))
        if refused:
            return
        if script.stage in ENDS:
            due = self._clock.monotonic() + self._settle_ms / 1000
            self._due.append((due, entry.reference, script))
        else:
            self._kit.end_later(entry.reference, script.delay_ms)

    def follow_the_clock(self) -> None:
        """End every transfer whose moment has come."""
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now:
            _, reference, script = self._due.popleft()
            failed = script.stage in FAILURES
            if failed:
                self._advance(reference, script.stage, script.reason)
            status = EntryStatus.REFUSED if failed else EntryStatus.BOOKED
            self._kit.book.end(reference, status, script.reason or None)

    def _on_end(self, reference: str, entry: Entry) -> None:
        if entry.status is EntryStatus.BOOKED:
            self._advance(reference, Stage.SETTLED, "")

    def _advance(self, reference: str, stage: Stage, reason: str) -> None:
        found = self._ledger.find(*self._booked[reference])
        assert found is not None, "what is booked is in the ledger"
        self._ledger.advance(found, stage, reason)
