"""What every sandbox shares: a book, faults on demand or by rate, and controls over them."""

from __future__ import annotations

from adapters.sandbox_kit.book import BOOK_ENTRIES_MAX, Book, BookFullError, Entry, EntryStatus
from adapters.sandbox_kit.control import (
    ControlError,
    as_json,
    read_control,
    refused_control,
    wanted,
)
from adapters.sandbox_kit.faults import DELAY_MS_MAX, FAULTS_MAX, Fault, FaultKind
from adapters.sandbox_kit.kit import (
    BODY_BYTES_MAX,
    HELD_MAX,
    REQUESTS_MAX,
    Execute,
    SandboxKit,
    Spoil,
)
from adapters.sandbox_kit.replies import Reply, answer
from adapters.sandbox_kit.telling import AGAIN_S, Answered, Heard, posted, shown, until_heard
from switch.wire.simulator import SandboxContext

__all__ = [
    "AGAIN_S",
    "BODY_BYTES_MAX",
    "BOOK_ENTRIES_MAX",
    "DELAY_MS_MAX",
    "FAULTS_MAX",
    "HELD_MAX",
    "REQUESTS_MAX",
    "Answered",
    "Book",
    "BookFullError",
    "ControlError",
    "Entry",
    "EntryStatus",
    "Execute",
    "Fault",
    "FaultKind",
    "Heard",
    "Reply",
    "SandboxContext",
    "SandboxKit",
    "Spoil",
    "answer",
    "as_json",
    "posted",
    "read_control",
    "refused_control",
    "shown",
    "until_heard",
    "wanted",
]
