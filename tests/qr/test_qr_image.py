"""What a camera reads off our symbols is the text that was drawn, to the character.

The PNG is unpacked here, by the format's own rules, and given to an independent reader; the SVG is
compared with the PNG module by module.
"""

from __future__ import annotations

import binascii
import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
import zxingcpp

from fx.money import Money
from switch.qr import Khqr, Language, ThaiBillPayment, write_khqr, write_thai_bill_payment
from switch.qr.image import QUIET_ZONE_MODULES, SymbolError, png, svg

AT: Final = datetime(2026, 11, 21, 3, tzinfo=UTC)
PLAIN: Final = write_khqr(
    Khqr(
        account="angkor_cafe@devb",
        merchant_id="1234567",
        acquiring_bank="Dev Bank",
        merchant_name="Angkor Cafe",
        merchant_city="Siem Reap",
        currency="USD",
        amount=Money.parse("9.99", "USD"),
        created_at=AT,
        expires_at=AT + timedelta(minutes=10),
        bill_number="B-77",
        terminal_label="POS 3",
    )
)
KHMER: Final = write_khqr(
    Khqr(
        account="sok_dara@devb",
        merchant_name="ហាងកាហ្វេ អង្គរ",
        merchant_city="សៀមរាប",
        language=Language("km", "ហាងកាហ្វេ អង្គរ", "សៀមរាប"),
    )
)
THAI: Final = write_thai_bill_payment(
    ThaiBillPayment(
        biller_id="010555900011101",
        reference_1="TABLE7",
        merchant_name="ร้านข้าวซอยดอย",
        merchant_city="เชียงใหม่",
        category="5812",
    )
)


def longest() -> str:
    """A text of 512 characters whose checksum is right."""
    text = "000201" + "".join(f"{tag}55{'Ab1.' * 13}xyz" for tag in range(26, 34)) + "00" * 15
    text = f"{text[:504]}6304"
    return f"{text}{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def pixels(content: bytes) -> list[list[bool]]:
    """Unpack a PNG of one bit per pixel; true is white."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place, packed, width, height = 8, b"", 0, 0
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", data)
            assert (depth, colour) == (1, 0)
        if kind == b"IDAT":
            packed += data
        place += length + 12
    raw, stride = zlib.decompress(packed), 1 + (width + 7) // 8
    above, rows = bytes(stride - 1), []
    for start in range(0, height * stride, stride):
        method, line = raw[start], raw[start + 1 : start + stride]
        assert method in (0, 2)
        if method == 2:
            line = bytes((new + old) & 255 for new, old in zip(line, above, strict=True))
        above = line
        rows.append([bool(line[x // 8] >> (7 - x % 8) & 1) for x in range(width)])
    return rows


def camera(content: bytes, mode: zxingcpp.TextMode = zxingcpp.TextMode.HRI) -> zxingcpp.Barcode:
    """The one symbol in a PNG, as an independent reader sees it."""
    rows = pixels(content)
    image = memoryview(bytes(255 * white for row in rows for white in row))
    (found,) = zxingcpp.read_barcodes(image.cast("B", (len(rows), len(rows[0]))), text_mode=mode)
    return found


def squares(drawing: str) -> list[list[bool]]:
    """The modules that an SVG of scale 1 draws; true is white."""
    side = re.search(r'width="(\d+)" height="(\d+)"', drawing)
    assert side
    rows = [[True] * int(side[1]) for _ in range(int(side[2]))]
    path = re.search(r'stroke="#000" d="M([\d.]+) ([\d.]+)([^"]*)"', drawing)
    assert path
    x, y = int(path[1]), int(path[2].removesuffix(".5"))
    for verb, across, down in re.findall(r"([hm])(-?\d+)(?: (-?\d+))?", path[3]):
        if verb == "h":
            rows[y][x : x + int(across)] = [False] * int(across)
        x, y = x + int(across), y + int(down or 0)
    return rows


@pytest.mark.parametrize("scale", [2, 8])
@pytest.mark.parametrize(
    "payload",
    [PLAIN, KHMER, THAI, longest(), "281666040123456789012345"],
    ids=["ascii", "khmer", "thai", "longest", "digits"],
)
def test_a_camera_reads_the_text_that_was_drawn(payload: str, scale: int) -> None:
    seen = camera(png(payload, scale))

    assert seen.text == payload
    assert seen.bytes == payload.encode()
    assert seen.ec_level in ("M", "Q", "H")
    if not payload.isdigit():
        assert f"{binascii.crc_hqx(seen.bytes[:-4], 0xFFFF):04X}" == seen.text[-4:]


@pytest.mark.parametrize(
    ("payload", "mark"),
    [(PLAIN, b"]Q1"), (KHMER, b"]Q2\\000026"), ("é", b"]Q2\\000026")],
    ids=["ascii", "khmer", "accent"],
)
def test_text_beyond_ascii_is_marked_as_utf_8(payload: str, mark: bytes) -> None:
    """Modifier 2 and assignment 26 of ISO 15424: nobody has to guess the character set."""
    seen = bytes.fromhex(camera(png(payload), zxingcpp.TextMode.HexECI).text)

    assert seen == mark + payload.encode()


def test_the_longest_code_of_khmer_letters_is_readable() -> None:
    payload = "ក" * 512

    assert camera(png(payload)).text == payload


@pytest.mark.parametrize("payload", [PLAIN, KHMER], ids=["ascii", "khmer"])
def test_svg_draws_the_same_modules(payload: str) -> None:
    assert squares(svg(payload, 1)) == pixels(png(payload, 1))


def test_svg_is_drawn_on_white_and_scales() -> None:
    side = len(pixels(png(PLAIN, 1)))

    assert f'fill="#fff" d="M0 0h{side}v{side}h-{side}z"' in svg(PLAIN, 1)
    assert f'width="{8 * side}" height="{8 * side}"' in svg(PLAIN)


def test_quiet_zone_is_four_modules_on_every_side() -> None:
    rows = pixels(png(PLAIN, 1))
    dark = [(x, y) for y, row in enumerate(rows) for x, white in enumerate(row) if not white]

    assert QUIET_ZONE_MODULES == 4
    for axis in (0, 1):
        seen = [place[axis] for place in dark]
        assert (min(seen), max(seen)) == (4, len(rows) - 5)


@pytest.mark.parametrize("payload", ["", "x" * 2332, "ក" * 777], ids=["none", "long", "wide"])
def test_text_that_no_symbol_holds_is_refused(payload: str) -> None:
    for draw in (png, svg):
        with pytest.raises(SymbolError):
            draw(payload)
