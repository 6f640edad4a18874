"""How many large bodies are taken at once: one of each name, and a few in all.

A body cannot be verified before it is there, so whoever sends one that is larger than a message
names itself in the head of its request first. A name is no proof: whoever knows one can keep that
name's place busy, and no more than that. What comes beyond is answered before any of it is read
(503 with Retry-After). The surprise: a body that is no larger than a message passes by all of this.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from switch.refusals import Busy
from switch.wire.authenticate import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    from switch.wire.authenticate import MemberAuthenticator

AT_ONCE_MAX: Final = 4
"""Large bodies that are read or worked on at once; one is up to 6 MB, and read some times that."""


class Uploads:
    """The places for large bodies of one address."""

    def __init__(self, authenticator: MemberAuthenticator) -> None:
        self._authenticator = authenticator
        self._busy: set[str] = set()

    @contextmanager
    def place(self, request: web.Request) -> Iterator[None]:
        """Hold a place for a request's body until the end of the block.

        Raises :class:`~switch.refusals.Busy` where none is free, and
        :class:`~switch.wire.authenticate.NotAuthenticated` where the head names nobody known here.
        """
        length = request.content_length
        if length is not None and length <= request.client_max_size:
            yield
            return
        name = self._authenticator.claimed(request.headers.getall(HEADER, []))
        if name in self._busy or len(self._busy) >= AT_ONCE_MAX:
            raise Busy
        self._busy.add(name)
        try:
            yield
        finally:
            self._busy.discard(name)
