"""A proxy before PostgreSQL that cuts connections where it is told to.

It reads what the client sends as far as it must to know a COMMIT when it sees one (a simple query,
message ``Q``). Cut *before*: the COMMIT is not forwarded. Cut *after*: it is forwarded, and the
answer is not. Cut *within*: the connection ends in the middle of a batch. Both sides are closed, as
when a machine between them is gone.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

COMMIT: Final = b"COMMIT\0"
HEAD_BYTES: Final = 5
ENCRYPTED: Final = (80_877_103).to_bytes(4, "big")
"""What a client sends before its startup message, to ask for TLS."""


class CuttingProxy:
    """Forwards connections to ``port``; ``cut`` says for the next COMMITs what happens to them."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.cut: Callable[[], str] = lambda: ""
        self.message: Callable[[], bool] = lambda: False
        self.cuts: dict[str, int] = {"before": 0, "after": 0, "within": 0}
        self.refusing = False

    async def start(self) -> int:
        """Listen on a free loopback port and return it."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        assert self._server is not None
        self._server.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Cut every connection now."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.append(task)
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += [writer, to_writer]
        back = asyncio.create_task(self._back(to_reader, writer))
        self._tasks.append(back)
        try:
            await self._forth(reader, to_writer, back)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            back.cancel()
            writer.transport.abort()
            to_writer.transport.abort()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            while data := await reader.read(65_536):
                writer.write(data)
            writer.transport.abort()

    async def _forth(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.Task[None]
    ) -> None:
        asked = b""
        while asked[:4] in (b"", ENCRYPTED):
            size = await reader.readexactly(4)
            asked = await reader.readexactly(int.from_bytes(size, "big") - 4)
            writer.write(size + asked)
        while True:
            head = await reader.readexactly(HEAD_BYTES)
            body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            how = self.cut() if head[:1] == b"Q" and body == COMMIT else ""
            if not how and head[:1] == b"E" and self.message():
                how = "within"
            if how:
                self.cuts[how] += 1
            if how == "after":
                back.cancel()
                writer.write(head + body)
                await writer.drain()
                # It has arrived: the server answers, and nobody hears it.
                await asyncio.sleep(0.05)
            if how:
                return
            writer.write(head + body)
