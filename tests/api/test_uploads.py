"""Large bodies are bounded over all connections, before anybody is known to have signed them.

Raw connections beside operators' own uploads: whoever names nobody is answered before a byte of the
body is read, and whoever borrows a name keeps that name's place and no other.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest

from iso20022.jws import JwsSigner
from switch.api.intake import BODY_WITHIN_S
from switch.app import SERVED_AS
from tests.api.test_settlements import PATH, handed_in, statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.api_rig import Rig

BEGUN: Final = 100_000
"""Bytes of a large body that are sent: more than a message has."""

WITHIN_S: Final = BODY_WITHIN_S / 2
"""Long before a body is given up that does not arrive."""


class Sending:
    """A connection that is in the middle of a large body."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def answered(self) -> tuple[int, dict[str, str]]:
        """The status and headers that are answered although the body is not there."""
        async with asyncio.timeout(WITHIN_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), headers


@asynccontextmanager
async def sending(rig: Rig, *headers: str, length: str = "5500000") -> AsyncIterator[Sending]:
    """Begin to send a large body and stop in its middle; ``length`` none: in chunks."""
    parts = urlsplit(rig.net.url(SERVED_AS))
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    sized = f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
    lines = (
        f"POST {PATH}thailand HTTP/1.1",
        *("Host: x", "Content-Type: application/json", sized, *headers),
    )
    body = b"x" * BEGUN
    writer.write("\r\n".join((*lines, "", "")).encode())
    writer.write(body if length else b"%x\r\n%b\r\n" % (len(body), body))
    try:
        yield Sending(reader, writer)
    finally:
        writer.close()


def named(rig: Rig, name: str) -> str:
    """A head that names an operator, over another body than is sent."""
    token = JwsSigner(rig.keys.ec_private("operator-1"), name).sign_detached(b"another")
    return f"x-jws-signature: {token}"


async def large(rig: Rig, name: str) -> int:
    """The status of an operator's own large file."""
    return (await handed_in(rig, b" " * 2 * BEGUN, kid=name)).status


async def busy(rig: Rig, name: str) -> None:
    """Wait until there is no place for a name."""
    async with asyncio.timeout(WITHIN_S):
        while await large(rig, name) != 503:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.05)


async def free(rig: Rig, name: str) -> None:
    """Wait until there is one again."""
    async with asyncio.timeout(WITHIN_S):
        while await large(rig, name) == 503:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("length", ["5500000", ""])
@pytest.mark.parametrize("name", ["", "nobody"])
async def test_whoever_names_no_operator_is_answered_before_the_body_is_read(
    rig: Rig, name: str, length: str
) -> None:
    headers = [named(rig, name)] if name else []
    async with sending(rig, *headers, length=length) as begun:
        status, said = await begun.answered()

    assert (status, said["www-authenticate"]) == (401, "jws")


async def test_a_name_has_one_large_body_at_a_time_and_nobody_elses_place(rig: Rig) -> None:
    file = await statement(rig)
    async with sending(rig, named(rig, "operator-1")):
        await busy(rig, "operator-1")
        async with sending(rig, named(rig, "operator-1")) as more:
            status, said = await more.answered()
        assert (status, said["retry-after"]) == (503, "1")
        # What is no larger than a message, and whoever else, are as ever.
        assert (await handed_in(rig, b"<x/>")).status == 422
        assert (await handed_in(rig, file + b" " * BEGUN, kid="operator-2")).status == 200
    await free(rig, "operator-1")


async def test_all_names_together_have_a_bound(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switch.api.uploads.AT_ONCE_MAX", 1)
    async with sending(rig, named(rig, "operator-1")):
        await busy(rig, "operator-2")
    await free(rig, "operator-2")
