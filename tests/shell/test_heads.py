"""Heads leave the house in time and at the end; a file of them says for itself what is in it."""

from __future__ import annotations

import errno
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from switch import heads
from switch.heads import HeadPublisher, line, read_heads, short
from switch.logs import SilentLog
from switch.runtime.append_file import append_lines
from tests.contract.contract_engines import KEY, SteppingClock
from tests.contract.journal_chain import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from switch.store.journal import Block

PUBLIC = [KEY.public_key()]


class Log(SilentLog):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))

    warning = info


class InLine:
    """A writer that writes at once."""

    def __init__(self, execute: Callable[[list[Block]], None]) -> None:
        self._execute = execute

    def submit(self, item: Block, *, urgent: bool) -> None:
        assert not urgent
        self._execute([item])

    def together(self) -> AbstractContextManager[object]:
        return nullcontext()

    def close(self) -> None:
        """Nothing is open."""


class Rig:
    """A publisher whose newest block, clock and file a test moves."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(heads, "post_to_loop", lambda: lambda call, *given: call(*given))
        self.blocks = [block for block, _ in told().chain]
        self.path, self.log, self.clock = path, Log(), Stopped()
        self.reached = 0
        self.publisher = HeadPublisher(
            path,
            head=lambda: self.blocks[self.reached - 1] if self.reached else None,
            make_writer=InLine,
            clock=self.clock,
            log=self.log,
            every_blocks=3,
            every_s=60,
        )

    def look(self, reached: int) -> list[int]:
        """Numbers in the file after a look when the chain is so long."""
        self.reached = reached
        self.publisher.publish()
        return self.numbers()

    def numbers(self) -> list[int]:
        if not self.path.exists():
            return []
        return [number for _, number in read_heads(self.path, PUBLIC).hashes]


class Stopped(SteppingClock):
    """A clock that moves when it is told to."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A publisher on an empty folder."""
    return Rig(tmp_path / "heads.jsonl", monkeypatch)


def test_a_head_is_published_at_first_then_by_blocks_then_by_time_and_at_the_end(rig: Rig) -> None:
    assert rig.look(0) == []
    assert rig.look(1) == [1]
    assert rig.look(3) == [1]
    assert rig.look(4) == [1, 4]
    assert rig.look(5) == [1, 4]
    rig.clock.at = 60
    assert rig.look(5) == [1, 4, 5]
    assert rig.look(5) == [1, 4, 5]
    rig.reached = 6
    rig.publisher.close()
    assert rig.numbers() == [1, 4, 5, 6]


def test_what_was_published_is_known_for_receipts_and_said_in_the_log(rig: Rig) -> None:
    rig.look(1)

    assert dict(rig.publisher.published) == {(1, 1): rig.blocks[0].hash()}
    assert rig.log.events == [
        ("journal_head_published", {"slot": 1, "number": 1, "hash": rig.blocks[0].hash().hex()})
    ]


def test_the_next_life_knows_what_the_last_one_published(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.look(4)

    assert dict(Rig(rig.path, monkeypatch).publisher.published) == dict(rig.publisher.published)


def test_a_full_disk_stops_no_payment_and_is_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(heads, "append_lines", full)
    assert rig.look(4) == []
    assert rig.log.events[-1][0] == "journal_head_not_published"
    monkeypatch.undo()
    monkeypatch.setattr(heads, "post_to_loop", lambda: lambda call, *given: call(*given))
    rig.clock.at = 61

    assert rig.look(4) == [4]


def test_a_torn_line_costs_itself_alone(rig: Rig) -> None:
    rig.look(1)
    with rig.path.open("ab") as file:
        file.write(b'{"at":17')
    rig.look(4)
    found = read_heads(rig.path, PUBLIC)

    assert ([*found.hashes], found.unreadable) == ([(1, 1), (1, 4)], 1)


def test_the_file_is_for_its_owner_alone(rig: Rig) -> None:
    rig.look(1)

    assert rig.path.stat().st_mode & 0o777 == 0o600


def test_lines_are_whole(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        append_lines(tmp_path / "file", b"half")


def test_a_head_of_an_answer_is_read_like_one_of_the_file(tmp_path: Path) -> None:
    block = told().chain[-1][0]
    (tmp_path / "kept").write_bytes(short(block).encode() + b"\n\n" + line(block))
    found = read_heads(tmp_path / "kept", PUBLIC)

    assert (found.hashes, found.unreadable) == ({(1, 6): block.hash()}, 0)


def test_what_anybody_could_have_written_is_no_head(tmp_path: Path) -> None:
    block = told().chain[-1][0]
    whole = line(block)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    lines = [
        *(b"null\n", b"[]\n", b"{}\n", b"1;2;3\n", b"\xff\n", b"x" * 9_000 + b"\n"),
        *(whole.replace(b'"number":6', b'"number":7'), whole.replace(b'"leaves":', b'"Leaves":')),
        whole.replace(b'"slot":1', b'"slot":"1"'),
    ]
    (tmp_path / "lines").write_bytes(b"".join(lines))
    (tmp_path / "whole").write_bytes(whole)

    assert read_heads(tmp_path / "lines", PUBLIC).hashes == {}
    assert read_heads(tmp_path / "whole", [other]).unreadable == 1
    assert read_heads(tmp_path / "whole", [other, *PUBLIC]).unreadable == 0


def test_two_heads_of_one_place_are_a_contradiction(tmp_path: Path) -> None:
    block = told().chain[-1][0]
    (tmp_path / "lines").write_bytes(line(block) + f"1;6;{'0' * 64}\n".encode())

    assert read_heads(tmp_path / "lines", PUBLIC).contradictions == [(1, 6)]
