"""One end of a simulated connection: an asyncio transport without a socket.

What is written here becomes, after the network's delay, a callback in the context of the other
end's owner; so a living peer hears of a dead process, and a dead process hears of nothing. Writing
by the dead is refused; closing by the dead does nothing, because Python's clean-up of dead
coroutines closes transports and must have no effect.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from switch.simulation.faults import Fate
from switch.simulation.process import Owner, context_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from switch.simulation.net import SimNetwork


class SimTransport(asyncio.Transport):
    """One end; ``owner`` is the process that holds it."""

    peer: SimTransport

    def __init__(
        self, network: SimNetwork, owner: Owner, other: str, protocol: asyncio.Protocol | None
    ) -> None:
        super().__init__({"peername": (other, 0), "sockname": (owner.name, 0)})
        self.owner = owner
        self._network = network
        self._other = other
        self._protocol = protocol
        self._context = context_of(owner)
        self._closing = False
        self._lost = False
        self._silent = False
        self._arrives_s: float = 0
        self._reading = True
        self._unread: list[Callable[[], None]] = []

    def accept(self, make: Callable[[], asyncio.Protocol]) -> None:
        """Make the server's protocol for this end, in the server's own context."""

        def begin() -> None:
            self._protocol = make()
            self._protocol.connection_made(self)

        self._mine(begin)

    def established(self, connected: asyncio.Future[None]) -> None:
        """Tell the client that its connection stands."""

        def begin() -> None:
            if connected.done():  # the caller gave up while the answer was on its way
                self._protocol = None
                self.close()
                return
            assert self._protocol is not None, "a client's end is made with its protocol"
            self._protocol.connection_made(self)
            connected.set_result(None)

        self._mine(begin)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Hand bytes to the network; dropped when closed, refused when the owner is dead."""
        self.owner.refuse_dead()
        if self._closing or not data:
            return
        content = bytes(data)
        verdict = self._network.verdict(self.owner.name, self._other, content)
        if verdict.fate is Fate.SILENCE:
            self._silent = True
        if verdict.fate is Fate.RESET:
            self._send(self, self.lose, ConnectionResetError("reset by the network"))
            self.reset_peer()
            self._silent = True
        arrives = content if verdict.instead is None else verdict.instead
        self._send_to_peer(self.peer.receive, arrives, delay_s=verdict.delay_s)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Write the pieces as one."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Close both directions; the other end sees an orderly end after what was written."""
        if self._closing or not self.owner.alive:
            return
        self._closing = True
        self._send_to_peer(self.peer.receive_end)
        self._mine(self.lose, None)

    def abort(self) -> None:
        """Close at once; the other end sees a reset."""
        if self._closing or not self.owner.alive:
            return
        self._closing = True
        self.reset_peer()
        self._mine(self.lose, None)

    def reset_peer(self) -> None:
        """Reset the other end after what is already on its way."""
        self._send_to_peer(self.peer.lose, ConnectionResetError("the connection was reset"))

    def is_closing(self) -> bool:
        """Return whether this end is closed or about to be."""
        return self._closing

    def pause_reading(self) -> None:
        """Keep what arrives until reading resumes."""
        self._reading = False

    def resume_reading(self) -> None:
        """Hand over what was kept, in order."""
        self._reading = True
        kept, self._unread = self._unread, []
        for arrival in kept:
            self._mine(arrival)

    def is_reading(self) -> bool:
        """Return whether arrivals are handed over."""
        return self._reading and not self._closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol of this end."""
        assert self._protocol is not None
        return self._protocol

    def get_write_buffer_size(self) -> int:
        """Return 0: the network takes everything at once."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: there is no buffer."""

    def can_write_eof(self) -> bool:
        """Return that half-closing is not offered."""
        return False

    def receive(self, data: bytes) -> None:
        """Bytes reached this end: a step of its owner, as are the two that follow."""
        if not self._reading:
            self._unread.append(lambda: self.receive(data))
        elif not self._closing and self._protocol is not None:
            self._protocol.data_received(data)

    def receive_end(self) -> None:
        """The other end closed in order."""
        if not self._reading:
            self._unread.append(self.receive_end)
            return
        if self._closing or self._protocol is None:
            return
        if not self._protocol.eof_received():
            self.close()

    def lose(self, reason: Exception | None) -> None:
        """The connection broke or is closed."""
        if self._lost:
            return
        self._closing = self._lost = True
        self._network.forget(self)
        if self._protocol is not None:
            self._protocol.connection_lost(reason)

    def _mine(self, callback: Callable[..., None], *args: object) -> None:
        """Run a callback as the owner of this end."""
        self._network.loop.call_soon(callback, *args, context=self._context)

    def _send_to_peer(
        self, callback: Callable[..., None], *args: object, delay_s: float = 0
    ) -> None:
        if not self._silent:
            self._send(self.peer, callback, *args, delay_s=delay_s)

    def _send(
        self, to: SimTransport, callback: Callable[..., None], *args: object, delay_s: float = 0
    ) -> None:
        """Let something arrive after the network's delay and never before what was sent earlier.

        It is a step of whoever owns the end ``to``, so it waits for the paused, and the dead never
        hear of it.
        """
        network = self._network
        now = network.loop.time()
        self._arrives_s = max(self._arrives_s, now + network.latency_s() + delay_s)
        network.loop.call_at(self._arrives_s, callback, *args, context=to._context)
