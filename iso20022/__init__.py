"""ISO 20022 messages: read safely, build fast, sign, and say why one was refused.

Each message is declared once in ``iso20022.messages``; reading, building and the guideline schemas
all follow from that. Fields are flat and typed: text, ``fx.money.Money``, aware UTC times. The
surprise: what is built is checked by the same rules as what is received.
"""

from __future__ import annotations

from iso20022.builder import build
from iso20022.errors import IsoError
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.reader import SIZE_BYTES_MAX, Message, read, read_document

__all__ = [
    "DOCUMENTS",
    "HEADERS",
    "SIZE_BYTES_MAX",
    "IsoError",
    "Message",
    "build",
    "read",
    "read_document",
]
