"""Published heads: block headers that left the house, so that no tail can be cut unnoticed.

A head is a signed block header, so a line says for itself whose it is. The file is only ever added
to. Whoever keeps it, or the ``Journal-Head`` of an answer, elsewhere than the database can show
later which blocks there were. The surprise: publishing may fail without stopping payments; then it
is said in the log and tried again, and only the journal's end is unwitnessed meanwhile.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from os import SEEK_END
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.exceptions import InvalidSignature

from switch.model import from_micros
from switch.runtime.append_file import append_lines
from switch.runtime.threads import QueueFull, WriterClosed, post_to_loop
from switch.store.journal import Block, canonical
from switch.store.proof import block_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.runtime.threads import Writer

HEADER: Final = "Journal-Head"
"""Header of a final answer: slot, number and hash of the newest block, parted by semicolons."""

POLL_S: Final = 1
"""How often it is looked whether a head is due."""

LINE_BYTES_MAX: Final = 2_048
LINES_MAX: Final = 4_000_000
KEPT_MAX: Final = 10_000
"""Heads that are remembered, for receipts."""

RECENT_BYTES: Final = 4 << 20
"""What is read back of the file at a start."""

_SHORT: Final = re.compile(rb"\A(\d{1,3});(\d{1,11});([0-9a-f]{64})\Z")
_HEX: Final = ("previous", "root", "signature")


def short(block: Block) -> str:
    """A head as an answer carries it."""
    return f"{block.slot};{block.number};{block.hash().hex()}"


def line(block: Block) -> bytes:
    """A head as the file holds it: the signed header and its hash, as one line of JSON."""
    return canonical({**block_json(block), "hash": block.hash().hex()}) + b"\n"


@dataclass(slots=True)
class Heads:
    """Heads that were read: hashes by slot and number, and lines that are none."""

    hashes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    unreadable: int = 0
    contradictions: list[tuple[int, int]] = field(default_factory=list)

    def take(self, text: bytes, keys: Iterable[Ed25519PublicKey]) -> None:
        """Take one line: a signed header, or the short form that an answer carried."""
        found = _short(text) or _signed(text, keys)
        if found is None:
            self.unreadable += 1
            return
        place, hashed = found
        if self.hashes.setdefault(place, hashed) != hashed:
            self.contradictions.append(place)


def read_heads(path: Path, keys: Iterable[Ed25519PublicKey]) -> Heads:
    """The heads of a file. Raises :class:`OSError`; what is no head is counted and passed over."""
    heads, trusted = Heads(), list(keys)
    with path.open("rb") as file:
        for number, text in enumerate(iter(lambda: file.readline(LINE_BYTES_MAX), b"")):
            if number >= LINES_MAX:
                heads.unreadable += 1
                break
            if text.strip():
                heads.take(text.strip(), trusted)
    return heads


def _short(text: bytes) -> tuple[tuple[int, int], bytes] | None:
    match = _SHORT.match(text)
    if match is None:
        return None
    return (int(match[1]), int(match[2])), bytes.fromhex(match[3].decode())


def _signed(text: bytes, keys: Iterable[Ed25519PublicKey]) -> tuple[tuple[int, int], bytes] | None:
    """A head under one of the keys; None for what is none: anybody can write a line."""
    block = _block(text)
    if block is None:
        return None
    for key in keys:
        try:
            key.verify(block.signature, block.header())
        except InvalidSignature:
            continue
        return (block.slot, block.number), block.hash()
    return None


def _block(text: bytes) -> Block | None:
    try:
        held = orjson.loads(text)
        said = held.pop("hash")
        raw: dict[str, Any] = {name: bytes.fromhex(held.pop(name)) for name in _HEX}
        block = Block(**held, **raw)
        whole = all(type(value) is int for value in held.values())
        return block if whole and block.hash().hex() == said else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _tail(path: Path) -> Iterator[Block]:
    """The last heads of a file of our own; a file that is not there yet has none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, SEEK_END)
            file.seek(max(0, size - RECENT_BYTES))
            texts = file.read(RECENT_BYTES).split(b"\n")
    except OSError:
        return
    for text in texts[-KEPT_MAX:]:
        block = _block(text)
        if block is not None:
            yield block


def published_at(path: Path) -> datetime | None:
    """When the newest block was written whose head was published in a file of our own."""
    newest = max((block.at for block in _tail(path)), default=None)
    return None if newest is None else from_micros(newest)


def _recent(path: Path) -> OrderedDict[tuple[int, int], bytes]:
    kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
    for block in _tail(path):
        # After a loss a number is published again; what was published last stands last.
        kept.pop((block.slot, block.number), None)
        kept[block.slot, block.number] = block.hash()
    return kept


class HeadPublisher:
    """Adds the newest head to a file every so many blocks or seconds, and at the end.

    ``make_writer`` gives the thread that writes: a sync must hold up nobody.
    """

    def __init__(  # the parts it uses
        self,
        path: Path,
        *,
        head: Callable[[], Block | None],
        make_writer: Callable[[Callable[[list[Block]], None]], Writer[Block]],
        clock: Clock,
        log: Log,
        every_blocks: int,
        every_s: int,
    ) -> None:
        self._path = path
        self._head = head
        self._clock = clock
        self._log = log
        self._every_blocks = every_blocks
        self._every_s = every_s
        self._post = post_to_loop()
        self._writer = make_writer(self._write)
        self._due_at = clock.monotonic()
        self._last = 0
        self._kept = _recent(path)

    @property
    def published(self) -> Mapping[tuple[int, int], bytes]:
        """Hashes of the newest heads that were published here, in their order."""
        return self._kept

    async def run(self) -> None:
        """Publish what is due, for ever."""
        while True:
            self.publish()
            await self._clock.sleep(POLL_S)

    def publish(self, *, now: bool = False) -> None:
        """Hand the newest head to the writer, if it is due or has to be ``now``."""
        head = self._head()
        if head is None or head.number == self._last:
            return
        late = self._clock.monotonic() >= self._due_at
        if now or late or head.number - self._last >= self._every_blocks:
            self._last = head.number
            self._due_at = self._clock.monotonic() + self._every_s
            try:
                self._writer.submit(head, urgent=False)
            except (QueueFull, WriterClosed):
                self._failed("the writer takes nothing")

    def close(self) -> None:
        """Publish the last head and let go of the file."""
        self.publish(now=True)
        self._writer.close()

    def _write(self, heads: list[Block]) -> None:
        """In the writer's thread."""
        newest = heads[-1:]
        try:
            append_lines(self._path, b"".join(line(head) for head in newest))
        except OSError as error:
            self._post(self._failed, error.strerror)
        else:
            self._post(self._done, newest[0])

    def _done(self, head: Block) -> None:
        self._kept.pop((head.slot, head.number), None)
        self._kept[head.slot, head.number] = head.hash()
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        fields = {"slot": head.slot, "number": head.number, "hash": head.hash().hex()}
        self._log.info("journal_head_published", **fields)

    def _failed(self, why: str) -> None:
        # Tried again at the next look.
        self._last = 0
        self._log.warning("journal_head_not_published", why=why)
