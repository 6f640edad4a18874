"""Hostile messages cost little: each is refused in bounded time and memory, nothing is fetched.

The bounds are loose, an order above what is measured, so that a busy machine keeps them; what
they catch is work that grows with the square of the message, or faster.
"""

from __future__ import annotations

import resource
import socket
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iso20022 import DOCUMENTS, SIZE_BYTES_MAX, IsoError, build, read, read_verified
from iso20022.signature_profile import ONE, PIX, Profile
from iso20022.validate import Judgement, validate
from tests.iso20022.iso_examples import HEADER, PAYMENT
from tests.iso20022.signature_parts import NAMES, SIGNED, verifier

SECONDS_MAX = 2.0
PYTHON_BYTES_MAX = 24 * 1024 * 1024
RESIDENT_KIB_MAX = 192 * 1024
BASE = Path(__file__).resolve().parents[2].parent / "shared" / "xsd"
needs_base = pytest.mark.skipif(
    not BASE.is_dir(), reason="the ISO base schemas are not beside the project"
)
LENGTH = 60_000
"""Characters of the long values: with the rest of the message just below the largest size."""

VALID = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEADER)
BARE = build("pacs.008.001.08", PAYMENT)


def inside(raw: bytes, before: bytes, after: bytes) -> bytes:
    assert before in raw
    return raw.replace(before, after, 1)


def numbered(pattern: str, count: int) -> bytes:
    return " ".join(pattern.format(at=at) for at in range(count)).encode()


def within(name: bytes, content: bytes) -> bytes:
    """The message with this content first in the element."""
    start = b"<" + name + b">"
    return inside(BARE, start, start + content)


def shapes() -> dict[str, bytes]:
    """Too many of something, or too deep."""
    spaces = numbered('xmlns:a{at}="urn:{at}"', 1800)
    foreign = b"<x:a xmlns:x='urn:x'>"
    return {
        "unknown_elements": within(b"GrpHdr", b"<a/>" * 14_000),
        "one_element_again": within(b"GrpHdr", b"<MsgId>a</MsgId>" * 3600),
        "transactions": within(b"FIToFICstmrCdtTrf", b"<CdtTrfTxInf/>" * 4000),
        "attributes": inside(BARE, b"<GrpHdr>", b"<GrpHdr " + numbered('a{at}="1"', 5000) + b">"),
        "attributes_of_many": within(b"GrpHdr", b'<a b="" c="" d="" e="" f=""/>' * 2000),
        "foreign_attributes": inside(
            BARE,
            b"<GrpHdr>",
            b"<GrpHdr " + spaces + b" " + numbered('a{at}:b="1"', 1500) + b">",
        ),
        "namespaces": inside(BARE, b"<Document ", b"<Document " + spaces + b" "),
        "namespaces_over_elements": inside(
            BARE, b"<GrpHdr>", b"<GrpHdr " + spaces + b">" + b"<a/>" * 4000
        ),
        "namespaces_outside": inside(
            inside(VALID, b"<BizMsg>", b"<BizMsg " + spaces + b">"),
            b"<GrpHdr>",
            b"<GrpHdr>" + b"<a/>" * 4000,
        ),
        "default_namespaces": within(
            b"Envlp", b"".join(b'<a xmlns="urn:%d"/>' % at for at in range(2500))
        ),
        "foreign_elements": within(b"Envlp", foreign + b"<x:a/>" * 9000 + b"</x:a>"),
        "foreign_depth": within(b"Envlp", foreign + b"<x:a>" * 240 + b"</x:a>" * 241),
        "depth": b"<a>" * 20_000,
        "closed_depth": b"<a>" * 9000 + b"</a>" * 9000,
        "depth_in_a_field": within(b"GrpHdr", b"<a>" * 9000),
    }


def values() -> dict[str, bytes]:
    """Too long, or written so that a number or a pattern could take long."""
    long = {
        "name": (b"Sok Dara", b"a" * LENGTH),
        "spaces": (b"Sok Dara", b" " * LENGTH),
        "khmer": (b"Sok Dara", "ក".encode() * (LENGTH // 3)),
        "combining": (b"Sok Dara", "\u0301".encode() * (LENGTH // 2)),
        "slashes": (b">KHXB0001<", b">" + b"/" * LENGTH + b"<"),
        "digits": (b">345.00<", b">" + b"9" * LENGTH + b"<"),
        "decimals": (b">345.00<", b">1." + b"9" * LENGTH + b"<"),
        "zeros": (b">345.00<", b">" + b"0" * LENGTH + b"1<"),
        "exponent": (b">345.00<", b">1e999999999<"),
        "rate": (b">118.84<", b">" + b"1" * LENGTH + b"<"),
        "year": (b"2026-11-21T", b"2" * LENGTH + b"-11-21T"),
        "second": (b":02.120Z", b":02." + b"1" * LENGTH + b"Z"),
        "uuid": (b">5f8c1a52", b">" + b"a" * LENGTH + b"5f8c1a52"),
        "currency": (b'Ccy="THB"', b'Ccy="' + b"A" * LENGTH + b'"'),
        "agent": (b">KASITHBK<", b">" + b"A" * LENGTH + b"<"),
        "sections": (b"Sok Dara", b"<![CDATA[x]]>" * 4500),
        "references": (b"Sok Dara", b"&#65;" * 12_000),
        "tag": (b"<GrpHdr>", b"<GrpHdr><" + b"a" * LENGTH + b"/>"),
        "namespace": (b"<GrpHdr>", b"<GrpHdr><a xmlns='" + b"a" * LENGTH + b"'/>"),
    }
    return {name: inside(BARE, *change) for name, change in long.items()}


def noise() -> dict[str, bytes]:
    """Not XML, or nothing but marks that a parser starts something at."""
    marks = (
        b"<",
        b">",
        b"&",
        b"<!",
        b"<?",
        b"<?xml ",
        b"]]>",
        b"<![CDATA[",
        b"\xef\xbb\xbf",
        b"&#",
    )
    return {repr(mark): mark * (SIZE_BYTES_MAX // len(mark)) for mark in marks} | {
        "far_too_large": BARE + b" " * 50_000_000
    }


def bombs() -> dict[str, bytes]:
    """Entities that would grow to gigabytes, also where a declaration is not seen in the bytes."""
    levels = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 12))
    laughs = f'<!DOCTYPE a [<!ENTITY a0 "ha">{levels}]><Document>&a11;</Document>'
    quadratic = f'<!DOCTYPE a [<!ENTITY a "{"a" * 30_000}">]><a>{"&a;" * 10_000}</a>'
    parameter = '<!DOCTYPE a [<!ENTITY % a "&#37;b;"><!ENTITY % b "&#37;a;">%a;]><a/>'
    recursive = '<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><a>&a;</a>'
    default = f'<!DOCTYPE a [<!ATTLIST b c CDATA "{"x" * 30_000}">]><a>{"<b/>" * 7000}</a>'
    found = {}
    for name, text in {
        "laughs": laughs,
        "quadratic": quadratic,
        "parameter": parameter,
        "recursive": recursive,
        "default": default,
    }.items():
        found[name] = text.encode()
        for encoding, label in (("cp037", "IBM037"), ("utf-7", "UTF-7"), ("utf-16-le", "UTF-16")):
            head = f'<?xml version="1.0" encoding="{label}"?>'
            found[f"{name}_{label}"] = (head + text).encode(encoding)
    return found


HOSTILE = {
    f"{group.__name__}-{name}": raw
    for group in (shapes, values, noise, bombs)
    for name, raw in group().items()
}
HARMLESS = {"shapes-namespaces", "shapes-foreign_elements"}
"""Strange, and no more: nothing reads what is there."""


@pytest.fixture(autouse=True, scope="module")
def explained() -> None:
    """A refusal loads its schema once; that is not what is measured here."""
    with pytest.raises(IsoError):
        read(BARE.replace(b"SHAR", b"OURS"), names=DOCUMENTS)


def accepted(raw: bytes) -> bool:
    try:
        read(raw, names=DOCUMENTS)
    except IsoError:
        return False
    return True


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_refused_in_bounded_time(name: str) -> None:
    start = time.perf_counter()

    taken = accepted(HOSTILE[name])

    assert time.perf_counter() - start < SECONDS_MAX
    assert not taken or name in HARMLESS


@needs_base
def test_hostile_messages_are_judged_by_base_schemas_in_bounded_time() -> None:
    """The base schemas are wider, and so is what has to be explained of a refusal."""
    judgement = Judgement(now=datetime(2026, 11, 21, tzinfo=UTC), base=BASE, rules=True)
    validate(BARE.replace(b"SHAR", b"OURS"), judgement)

    for name, raw in HOSTILE.items():
        start = time.perf_counter()
        validate(raw, judgement)
        assert time.perf_counter() - start < SECONDS_MAX, name


def test_hostile_messages_take_bounded_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peaks = {}
    for name, raw in HOSTILE.items():
        tracemalloc.start()
        accepted(raw)
        peaks[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert [name for name, peak in peaks.items() if peak > PYTHON_BYTES_MAX] == []
    assert grown < RESIDENT_KIB_MAX


@pytest.fixture(name="door")
def door_() -> Iterator[socket.socket]:
    """A port of this machine that nobody must knock at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        yield listening


def test_nothing_outside_is_read_or_fetched(tmp_path: Path, door: socket.socket) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY0536000315")
    url = f"http://127.0.0.1:{door.getsockname()[1]}/x"
    xi = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    prologues = [
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{target}">]>' for target in (secret.as_uri(), url)
    ]
    prologues += [
        f'<!DOCTYPE a SYSTEM "{url}">',
        f'<!DOCTYPE a PUBLIC "-//x//y" "{url}">',
        f'<!DOCTYPE a [<!ENTITY % p SYSTEM "{url}">%p;]>',
        f'<?xml-stylesheet href="{url}" type="text/xsl"?>',
        f'<?xml-model href="{url}"?>',
    ]
    included = f'<xi:include {xi} parse="text" href="{secret.as_uri()}"/>'.encode()
    tried = [
        prologue.encode() + inside(BARE, b"Sok Dara", b"&x;" if "x SYSTEM" in prologue else b"x")
        for prologue in prologues
    ]
    tried += [
        f'<?xml version="1.0" encoding="IBM037"?>{prologues[0]}<a>&x;</a>'.encode("cp037"),
        inside(BARE, b"Sok Dara", included),
        inside(BARE, b"<QrPaymt", included + b"<QrPaymt"),
        inside(BARE, b"<Document ", f'<Document {xsi} xsi:schemaLocation="a {url}" '.encode()),
        inside(BARE, b"<Document ", f'<Document {xsi} xsi:type="x" '.encode()),
    ]

    for raw in tried:
        try:
            said = str(read(raw, names=DOCUMENTS).values)
        except IsoError as error:
            said = f"{error} {error.path} {error.detail}"
        assert "CANARY" not in said
    with pytest.raises(TimeoutError):
        door.accept()


def signed_shapes(raw: bytes) -> dict[str, bytes]:
    spaces = numbered('xmlns:a{at}="urn:{at}"', 1500)
    used = b"".join(b"<a%d:x/>" % at for at in range(1500))
    return {
        "namespaces": inside(raw, b"<GrpHdr>", b"<GrpHdr " + spaces + b">" + used),
        "attributes": inside(raw, b"<GrpHdr>", b"<GrpHdr " + numbered('a{at}="1"', 5000) + b">"),
        "sorted_attributes": inside(
            raw,
            b"<GrpHdr>",
            b"<GrpHdr " + spaces + b" " + numbered('a{at}:b="1"', 1400) + b">",
        ),
        "elements": inside(raw, b"<GrpHdr>", b"<GrpHdr>" + b"<a/>" * 14_000),
        "depth": inside(raw, b"<GrpHdr>", b"<GrpHdr>" + b"<a>" * 220 + b"</a>" * 220),
        "identifiers": inside(
            raw, b"<GrpHdr>", b"<GrpHdr>" + b"".join(b'<a Id="%d"/>' % at for at in range(3500))
        ),
        "signatures": inside(raw, b"</Sgntr>", b"<Signature/>" * 4000 + b"</Sgntr>"),
        "references": inside(raw, b"</SignedInfo>", b"<Reference/>" * 4000 + b"</SignedInfo>"),
        "value": inside(raw, b"<SignatureValue>", b"<SignatureValue>" + b"A" * LENGTH),
        "digest": inside(raw, b"<DigestValue>", b"<DigestValue>" + b"A" * LENGTH),
        "spaces_in_a_digest": inside(raw, b"</DigestValue>", b" " * LENGTH + b"</DigestValue>"),
    }


@pytest.mark.parametrize("profile", [ONE, PIX], ids=["one", "pix"])
def test_a_hostile_signed_message_is_refused_in_bounded_time(profile: Profile) -> None:
    pinned = verifier(profile, "rsa")
    for raw in signed_shapes(SIGNED[profile.name, "rsa"]).values():
        start = time.perf_counter()
        with pytest.raises(IsoError) as caught:
            read_verified(raw, pinned, names=NAMES)
        assert time.perf_counter() - start < SECONDS_MAX
        assert caught.value.layer == "security"
