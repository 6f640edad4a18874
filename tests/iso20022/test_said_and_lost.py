"""What bytes and values of others may be, and what a conversion must not leave unsaid."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from fx.money import MINOR_UNITS_MAX, Money, currency
from iso20022 import DOCUMENTS, IsoError, JwsError, build, read, verify_detached
from iso20022.convert import convert
from iso20022.jws import named_key
from tests.iso20022.iso_examples import PAYMENT
from tests.iso20022.test_convert import NEWEST

KEY = ed25519.Ed25519PrivateKey.generate().public_key()
RAW = build("pacs.008.001.13", PAYMENT)
END = b"</CdtTrfTxInf>"


def nested_token(levels: int) -> str:
    """A token that nobody signed, canonical JSON (sorted members, no space) nested so deep."""
    raw = b'{"a":' + b"[" * levels + b"]" * levels + b',"alg":"EdDSA","kid":"x"}'
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode() + "..AAAA"


@pytest.mark.parametrize("levels", [253, 254, 300, 1000, 1400])
def test_a_deeply_nested_header_is_refused_as_documented(levels: int) -> None:
    with pytest.raises(JwsError):
        verify_detached(nested_token(levels), b"", {"x": KEY})


@pytest.mark.parametrize("levels", [254, 1000])
def test_the_name_in_a_deeply_nested_header_crashes_nobody(levels: int) -> None:
    with suppress(JwsError):
        named_key(nested_token(levels))


def test_convert_takes_an_empty_element_that_is_called_envelope() -> None:
    foreign = b'<SplmtryData><Envlp><x:A xmlns:x="urn:x"><x:Envlp/></x:A></Envlp></SplmtryData>'
    raw = RAW.replace(END, foreign + END)
    read(raw, names=DOCUMENTS)

    with suppress(IsoError):
        convert(raw, "pacs.008.001.08")


def test_convert_names_the_loss_of_what_our_own_namespace_says_where_nobody_reads_it() -> None:
    old = build("pacs.008.001.12", NEWEST)
    start = old.index(b"<SplmtryData><Envlp><KptQt")
    kept = old[start : old.index(b"</SplmtryData>", start) + len(b"</SplmtryData>")]
    raw = RAW.replace(END, kept + END)
    read(raw, names=DOCUMENTS)

    written, losses = convert(raw, "pacs.008.001.12")

    assert b"KptQt" in written or losses


def test_convert_names_the_loss_of_place_and_name() -> None:
    place = b"<SplmtryData><PlcAndNm>/Document/FIToFICstmrCdtTrf</PlcAndNm><Envlp>"
    raw = RAW.replace(b"<SplmtryData><Envlp>", place)

    written, losses = convert(raw, "pacs.008.001.08")

    assert b"PlcAndNm" in written or losses


def test_convert_names_the_loss_of_digits_of_a_moment() -> None:
    raw = RAW.replace(b"02.120Z</AccptncDtTm>", b"02.123456789Z</AccptncDtTm>")

    written, losses = convert(raw, "pacs.008.001.12")

    assert b"02.123456789" in written or losses


@pytest.mark.parametrize("code", ["VND", "JPY", "KRW", "THB", "USD"])
def test_the_largest_amount_that_is_built_is_read(code: str) -> None:
    largest = Money(MINOR_UNITS_MAX, currency(code))
    try:
        raw = build("pacs.008.001.13", PAYMENT | {"settlement_amount": largest})
    except IsoError:
        return

    assert read(raw, names=DOCUMENTS).values["settlement_amount"] == largest
