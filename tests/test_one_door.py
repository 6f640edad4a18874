"""One path sends to a network and reads its answer: no adapter, and no part beside it, does so.

What a time-out means is decided where requests leave, so a second place would decide it again. The
rules read the source, as those of the seams do; each is shown to catch what it is for.
"""

from __future__ import annotations

import ast
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("fx", "iso20022", "switch", "adapters")

SENDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "switch/sending.py": "every exchange with a network",
        "switch/feeds.py": "a page of rates, which moves nothing",
        "switch/webhooks.py": "an event to a receiver, which is no network",
        "switch/bench/exchange.py": "what a request alone costs",
        "adapters/conformance/bench.py": "a network is checked without a switch",
    }
)
"""Who may call the transport, and for what."""

READS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "switch/dispatch.py": "what an answer means for a payment",
        "switch/bench/stages.py": "what reading alone costs",
        "adapters/conformance/bench.py": "a network is checked without a switch",
    }
)
"""Who may have an adapter read the answer about a payment."""

ASKS: Final = ("switch/collector.py", "switch/dispatch.py", "switch/scans.py",
               "switch/scheme_quotes.py")  # fmt: skip
"""Who has exchanges sent: payments and their enquiries are one of them, dispatch."""

READ_TAKES: Final = 3
"""Exchange, payment and answer."""


def calls(source: str) -> Iterator[str]:
    """Name what a module does of this: ``sends``, ``reads`` or ``asks``."""
    tree = ast.parse(source)
    typed = {
        node.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.arg)
        and node.annotation is not None
        and ast.unparse(node.annotation).strip("'\"") == "Transport"
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "send_exchange":
            yield "asks"
        if not isinstance(node.func, ast.Attribute):
            continue
        owner = ast.unparse(node.func.value)
        if node.func.attr == "send" and (owner.endswith("transport") or owner in typed):
            yield "sends"
        if node.func.attr == "read" and len(node.args) == READ_TAKES and "adapter" in owner:
            yield "reads"


def who(does: str) -> list[str]:
    """The product's files that do it."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in files
        if does in set(calls(path.read_text("utf-8")))
    )


def test_one_place_sends_to_networks() -> None:
    """Lesson 21: what a time-out is, is decided once for every network."""
    assert who("sends") == sorted(SENDS)


def test_one_place_reads_what_became_of_a_payment() -> None:
    """Lesson 21: an answer, no answer and half of one are told apart in one place."""
    assert who("reads") == sorted(READS)


def test_payments_have_their_exchanges_sent_by_dispatch_alone() -> None:
    """Lesson 21: look-ups, prices and polls move no money; all else goes one way."""
    assert who("asks") == sorted(ASKS)


@pytest.mark.parametrize(
    ("does", "source"),
    [
        ("sends", "await self._transport.send(network, request)"),
        ("sends", "async def f(wire: Transport):\n    await wire.send(x)"),
        ("reads", "outcome = self._adapters[name].read(exchange, payment, answer)"),
        ("asks", "await send_exchange(self._transport, exchange, facts)"),
    ],
)
def test_a_second_place_is_found(does: str, source: str) -> None:
    assert list(calls(source)) == [does]


@pytest.mark.parametrize(
    "source", ["self._payments.send(payment)", "file.read(4)", "await r.read()"]
)
def test_what_only_looks_like_it_is_left_alone(source: str) -> None:
    assert list(calls(source)) == []
