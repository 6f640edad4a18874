"""What leaves the switch is, byte for byte, what is sealed in a row that was committed before.

The planned exchange is sent, not one that was read back. So here, at the moment at which it is
handed to the transport, the row is read back and opened, and compared with what then stands on the
simulated wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.port import Operation
from switch.simulation.faults import DELIVER
from tests.simulation.sweep_story import SWITCH, Kill, Scene, tell

if TYPE_CHECKING:
    from switch.port import Exchange
    from switch.records import Records
    from switch.simulation.faults import Verdict
    from switch.simulation.town import Running
    from switch.simulation.world import Machine
    from switch.store.sqlite import SqliteEngine
    from switch.wire.transport import Request

UNANSWERED: Final = Scene("unanswered", fault=("drop_answer", ""))
INBOUND: Final = Scene("inbound", inbound=True)
AFTER_EXECUTION: Final = Kill(30)
"""The network has executed and nobody knows: the next life of the switch asks."""

LAST: Final = "SELECT max(exchange_id) FROM exchange"


@dataclass
class Wire:
    """Compares what leaves with what is committed; ``seen`` says what was compared."""

    changed: bytes = b""
    """Added to a body on its way: what a fault of the switch would do."""
    seen: list[tuple[str, Operation]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _written: bytearray = field(default_factory=bytearray)

    def watch(self, running: Running, machine: Machine) -> None:
        """Stand between dispatch and the transport, for one life of the switch."""
        dispatch: Any = running.switch.dispatch
        transport, records, wire = dispatch._transport, dispatch._records, self
        net: Any = machine.net
        net._network.judge = self._judge

        class Watched:
            async def send(self, network: str, request: Request, **bounds: Any) -> Any:
                committed = await opened(running.engine, records)
                wire._compare(committed, request)
                del wire._written[:]
                if wire.changed:
                    request = type(request)(
                        request.method, request.path, request.headers, request.body + wire.changed
                    )
                try:
                    return await transport.send(network, request, **bounds)
                finally:
                    wire._compare_written(committed)

        dispatch._transport = Watched()

    def _judge(self, source: str, _: str, data: bytes) -> Verdict:
        if source == SWITCH:
            self._written += data
        return DELIVER

    def _compare(self, committed: Exchange, request: Request) -> None:
        planned = (committed.method, committed.path, committed.headers, committed.body)
        if planned != (request.method, request.path, request.headers, request.body):
            self.wrong.append(f"{committed.operation}: not what is committed")
        self.seen.append((committed.network, committed.operation))

    def _compare_written(self, committed: Exchange) -> None:
        written = bytes(self._written)
        head = f"{committed.method} {committed.path} HTTP/1.1\r\n".encode()
        lines = [f"{name}: {value}\r\n".encode() for name, value in committed.headers]
        length = f"Content-Length: {len(committed.body)}\r\n".encode()
        wanted = [head, *lines, *([length, committed.body] if committed.body else [])]
        if any(part not in written for part in wanted):
            self.wrong.append(f"{committed.operation}: not on the wire")


async def opened(engine: SqliteEngine, records: Records) -> Exchange:
    """The newest committed exchange, opened from its row."""
    stored = engine.exchange(engine.connection.execute(LAST).get)
    assert stored is not None
    key = await records.key(stored.uetr)
    assert key is not None
    return records.exchange(stored, key)


@pytest.mark.parametrize(
    ("scene", "kill", "network"),
    [
        (UNANSWERED, None, "thailand"),
        (UNANSWERED, AFTER_EXECUTION, "thailand"),
        (INBOUND, None, "bakong"),
    ],
    ids=["outbound", "outbound and killed", "inbound"],
)
def test_what_leaves_is_what_was_committed(scene: Scene, kill: Kill | None, network: str) -> None:
    wire = Wire()
    told = tell(scene, kill, wire.watch)

    assert (told.wrong, wire.wrong) == ([], [])
    assert set(wire.seen) == {(network, Operation.PAY), (network, Operation.ENQUIRE)}


def test_a_byte_more_on_the_wire_is_found() -> None:
    wire = Wire(changed=b" ")
    tell(UNANSWERED, found=wire.watch)

    assert "pay: not on the wire" in wire.wrong
