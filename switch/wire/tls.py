"""TLS towards one network: its own certificate authority, and a certificate of ours for it.

Only the authority that is named is believed, so no other of the machine's can speak for a network.
The surprise: a key that has a password would be asked for on the terminal, so it is refused.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class TlsUnusable(ValueError):  # noqa: N818  the name says what happened
    """Files that make no TLS; the text says which kind of file, and nothing of its content."""


def client_context(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """Return TLS of 1.2 or above that shows our certificate and believes one authority.

    All files are PEM. Raises :class:`TlsUnusable`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _settle(context, authority, certificate, key)
    return context


def server_context(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the other side's: who calls must show a certificate of this authority.

    Raises :class:`TlsUnusable`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    _settle(context, authority, certificate, key)
    return context


def _settle(context: ssl.SSLContext, authority: Path, certificate: Path, key: Path) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=authority)
    except (OSError, ssl.SSLError):
        raise TlsUnusable("the authority is no certificate that can be read") from None
    try:
        # Without this OpenSSL would ask on the terminal for the password of a key that has one.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError, ValueError):
        raise TlsUnusable("the certificate and the key do not belong together") from None
