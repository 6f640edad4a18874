"""Addresses of servers as configuration writes them, judged before anybody connects.

A pattern says which characters an address may have; whether they are an address is said here, so
that a port that cannot be or half an IPv6 address is refused with its key, not deep in a client.
The surprise: nothing is looked up, so a name that nobody has is still an address.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address, ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

PORT_MAX: Final = 65_535

_NAME: Final = re.compile(r"[A-Za-z0-9\-]{1,63}(\.[A-Za-z0-9\-]{1,63})*\.?")
_PLACE: Final = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<name>[^\[\]:]+))(?::(?P<port>[0-9]+))?")


def address(text: str) -> str:
    """The same text, if it has a host and a port that can be. Raises :class:`ValueError`."""
    try:
        netloc = urlsplit(text).netloc
    except ValueError:
        raise ValueError("is no address of a server") from None
    place = _PLACE.fullmatch(netloc.rpartition("@")[2])
    if place is None or not _host(place["six"], place["name"]):
        raise ValueError("is no address of a server")
    if place["port"] is not None and not 0 < int(place["port"][:9]) <= PORT_MAX:
        raise ValueError(f"has no port from 1 to {PORT_MAX}")
    return text


def _host(six: str | None, name: str | None) -> bool:
    if six is None:
        return name is not None and _NAME.fullmatch(name) is not None
    try:
        IPv6Address(six)
    except AddressValueError:
        return False
    return True


Peer = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$"), AfterValidator(address)]
"""Address of a server that speaks HTTP, without path or user."""


def page(text: str) -> str:
    """The same text, if it is the address of a page: a server's with a path, and nothing beside."""
    if urlsplit(address(text)).username is not None:
        raise ValueError("names a user")
    return text


Page = Annotated[
    str,
    Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+/[!\"$-~]*$", max_length=500),
    AfterValidator(page),
]
"""Address of a page of somebody else's server; it may have a query."""


def is_inside(text: str) -> bool:
    """Whether an address is by its number this machine's own or its neighbours' on the cable.

    A name is not looked up: who may write configuration may also write a resolver's.
    """
    host = urlsplit(text).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        number = ip_address(host)
    except ValueError:
        return False
    return (
        number.is_loopback or number.is_link_local or number.is_unspecified or number.is_multicast
    )
