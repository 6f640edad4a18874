"""ISO 20022 messages: read safely, build fast, sign, and say why one was refused.

Each message is declared once in ``iso20022.messages``; reading, building and the guideline schemas
all follow from that. Fields are flat and typed: text, ``fx.money.Money``, aware UTC times. The
surprise: what is built is checked by the same rules as what is received.
"""

from __future__ import annotations

from iso20022.builder import build
from iso20022.errors import IsoError
from iso20022.jws import JwsError, JwsSigner, verify_detached
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.reader import SIZE_BYTES_MAX, Message, read, read_document
from iso20022.xmldsig import XmlSigner, XmlVerifier, read_verified

__all__ = [
    "DOCUMENTS",
    "HEADERS",
    "SIZE_BYTES_MAX",
    "IsoError",
    "JwsError",
    "JwsSigner",
    "Message",
    "XmlSigner",
    "XmlVerifier",
    "build",
    "read",
    "read_document",
    "read_verified",
    "verify_detached",
]
