"""Signing and verifying without parsing gives what the parsing road gives, and never takes more."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from iso20022 import DOCUMENTS, HEADERS, IsoError, build
from iso20022.signature_profile import ONE, Profile
from tests.iso20022.iso_strategies import WITHOUT_BASE, documents, headers
from tests.iso20022.signature_parts import ENVELOPE, SIGNED, changed, forms, signer, verifier

EXAMPLES = 8
PLAIN = SIGNED["one", "ec"]
BLANK = b" \t\n"


def tree(raw: bytes, profile: Profile = ONE, kind: str = "ec") -> bytes:
    """The canonical form of what a verified message reads as."""
    return etree.tostring(verifier(profile, kind).verify(raw), method="c14n", exclusive=True)


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(data=st.data())
def test_what_is_built_is_canonical(name: str, data: st.DataObject) -> None:
    values = data.draw(documents(name))
    header_name = data.draw(st.sampled_from(list(HEADERS)))
    identification = values.get("message_id", "M1")
    header = data.draw(headers(header_name, name, identification))
    try:
        raw = build(name, values, header_name=header_name, header=header)
    except IsoError:
        assert name in WITHOUT_BASE or "message_id" not in values
        return

    assert raw == etree.tostring(etree.fromstring(raw), method="c14n", exclusive=True)


@forms
def test_signing_what_was_built_needs_no_parser(profile: Profile, kind: str) -> None:
    assert signer(profile, kind).sign_canonical(ENVELOPE) == SIGNED[profile.name, kind]


def test_a_plain_message_is_read_from_the_covered_bytes_alone() -> None:
    assert verifier(ONE, "ec")._plain(PLAIN) is not None
    assert tree(PLAIN) == etree.tostring(etree.fromstring(ENVELOPE), method="c14n", exclusive=True)


def test_both_roads_read_the_same() -> None:
    """White space in the signature changes nothing that is signed but leaves the plain form."""
    spaced = changed(PLAIN, b"<SignatureValue>", b"<SignatureValue>\n")

    assert verifier(ONE, "ec")._plain(spaced) is None
    assert tree(spaced) == tree(PLAIN)


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_can_be_changed(seed: int) -> None:
    """A changed byte is refused, or it is white space where the profile admits it."""
    rng = random.Random(seed)
    for _ in range(400):
        at = rng.randrange(len(PLAIN))
        other = bytes([rng.choice(b' \n<>&"/=AZaz09!?')])
        raw = PLAIN[:at] + other + PLAIN[at + rng.randint(0, 1) :]
        if raw == PLAIN:
            continue
        assert verifier(ONE, "ec")._plain(raw) is None
        try:
            read = tree(raw)
        except IsoError:
            continue
        assert other in BLANK or raw.count(b" ") != PLAIN.count(b" ")
        assert read == tree(PLAIN)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<Document", b"<Document/><Document"),
        (b"</BizMsg>", b"<AppHdr/></BizMsg>"),
        (b"<AppHdr", b"<Document/><AppHdr"),
        (b"</Sgntr></AppHdr>", b"</Sgntr></AppHdr><AppHdr/>"),
        (b"<BizMsg>", b"<!-- x --><BizMsg>"),
        (b"<BizMsg>", b"<?x y?><BizMsg>"),
        (b"<Document", b'<Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'),
    ],
)
def test_what_two_readers_could_take_differently_is_never_plain(
    before: bytes, after: bytes
) -> None:
    """Even where the signer signed just these bytes."""
    envelope = changed(ENVELOPE, before, after) if before in ENVELOPE else ENVELOPE
    if envelope == ENVELOPE:
        raw = changed(PLAIN, before, after)
    else:
        try:
            raw = signer(ONE, "ec").sign_canonical(envelope)
        except AssertionError:
            raw = changed(PLAIN, before, after)

    assert verifier(ONE, "ec")._plain(raw) is None
    with pytest.raises(IsoError):
        verifier(ONE, "ec").verify(raw)
