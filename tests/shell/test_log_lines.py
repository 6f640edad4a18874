"""What a payment writes into the log: a few short lines, and no work for those that nobody reads.

How long a line takes depends on the machine; how many there are, how long they are and whether one
below the level is made at all does not.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import orjson
import pytest

from switch.logs import json_log
from tests.shell.hand_parts import HandClock

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

LINE_BYTES_MAX: Final = 300
LEVELS: Final = ("info", "warning")


class Costly:
    """What must not be put into words for nobody."""

    def __str__(self) -> str:
        raise AssertionError("a line that nobody reads was made")


async def test_a_payment_that_goes_well_writes_two_lines_however_many_there_are(
    shell: Shell,
) -> None:
    """Lesson 24: the log's part of a payment is bounded, whatever else goes on."""
    for number in range(20):
        assert (await shell.opened(f"key-{number}")).state.value == "accepted"

    assert Counter(shell.log.events) == dict.fromkeys(("payment_opened", "payment_concluded"), 20)


async def test_its_lines_are_short(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Lesson 24: a line holds identifiers and codes, and no body."""
    log = json_log(HandClock())
    for level in LEVELS:
        monkeypatch.setattr(shell.log, level, getattr(log, level))
    await shell.opened()
    lines = capfdbinary.readouterr().err.splitlines()

    assert [orjson.loads(line)["event"] for line in lines] == [
        "payment_opened",
        "payment_concluded",
    ]
    assert max(map(len, lines)) <= LINE_BYTES_MAX


def test_a_line_below_the_level_is_not_made(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Lesson 24: who does not follow each request does not pay for following it."""
    json_log(HandClock(), "info").debug("exchanged", what=Costly())
    json_log(HandClock(), "warning").info("answer_read", what=Costly())

    assert capfdbinary.readouterr().err == b""
    with pytest.raises(TypeError, match="Costly"):
        json_log(HandClock(), "debug").debug("exchanged", what=Costly())
