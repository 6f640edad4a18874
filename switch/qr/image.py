"""A code's text as a symbol that cameras read: PNG and SVG.

The text that a reader gets back is exactly the text given, because the code's CRC and Bakong's
transaction key are over its UTF-8 bytes. Error correction is level M or, where the same symbol has
room for it, better; the quiet zone is the four modules of ISO 18004. The surprise: text beyond
ASCII is preceded by an ECI mark, since without it a reader has to guess the character set.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import segno

QUIET_ZONE_MODULES: Final = 4
SCALE: Final = 8
"""Side of a module in pixels, where nobody says otherwise."""


class SymbolError(ValueError):
    """A text that no symbol holds."""


def png(payload: str, scale: int = SCALE) -> bytes:
    """Return a PNG in black on white; ``scale`` is the side of a module in pixels.

    Raises :class:`SymbolError` for no text, and for more than a symbol holds (2331 bytes).
    """
    file = BytesIO()
    _symbol(payload).save(file, kind="png", scale=scale, border=QUIET_ZONE_MODULES)
    return file.getvalue()


def svg(payload: str, scale: int = SCALE) -> str:
    """Return the same as SVG, black on white. Raises :class:`SymbolError`."""
    file = BytesIO()
    _symbol(payload).save(file, kind="svg", scale=scale, border=QUIET_ZONE_MODULES, light="#fff")
    return file.getvalue().decode()


def _symbol(payload: str) -> segno.QRCode:
    # Loaded when something is drawn: it takes as long as the rest of a command together.
    import segno

    if not payload:
        raise SymbolError("there is no text to draw")
    try:
        if payload.isascii():
            return segno.make_qr(payload, error="m")
        return segno.make_qr(payload, error="m", mode="byte", encoding="utf-8", eci=True)
    except segno.DataOverflowError:
        raise SymbolError("no symbol holds so much text") from None
