"""What the central bank's own software answers is what we write, read and, broken, refuse.

Its answers stand in ``golden/`` (made by make_golden.py); where Node and the package are installed
it is asked again, about our texts. It is weaker than our reader, so every fault on which it says
true, or never ends, is named here, and so is the one thing that it refuses and we take.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any, Final

import pytest

from fx.money import Money
from switch.qr import Khqr, Language, QrError, recognise, write_khqr
from tests.peers.khqr_peer import asked, why_absent
from tests.qr.broken_khqr import ODDITIES, TEXTS, TREES, broken, odd
from tests.qr.make_golden import GOLDEN, inputs
from tests.qr.qr_codes import read_back

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
VECTORS: Final = Path(__file__).resolve().parents[2] / ".." / "shared" / "vectors" / "qr.jsonl"

TRUE_THERE: Final = """
00 is 02
00 not first
amount with letters
amount with comma
amount with exponent
amount with space
amount with plus
amount zero
amount zero with decimals
amount a point
amount of three decimals
amount with two points
amount hexadecimal
amount not a number
amount in Khmer digits
half a riel
amount twice
name twice
account twice
merchant account twice
two accounts of two kinds
currency twice
account with two banks
account without name
account ends at the sign
merchant number absent
length inside the account beyond its end
length of a label beyond its end
label of no length
label twice
language cut short
country of Thailand
country of three letters
country in small letters
category of two digits
name with a control character
name that turns direction
static with amount, expired
unknown object with a letter in its tag
more than a symbol holds
CRC not last
length with a leading space
length with a trailing space
"""
"""Faults with which the central bank's software takes at least one code."""

ENDLESS_THERE: Final = """
character behind the last label
labels are plain text
time stamps are plain text
character behind the time stamps
"""
"""Faults with which it never ends: a template in which a length is no number."""

STRICTER_THERE: Final = ("astral character in the name",)
"""What we take, noted, and it refuses, because it counts such a character as two."""

needs_peer = pytest.mark.skipif(why_absent() is not None, reason=why_absent() or "it is here")


@cache
def lines(name: str) -> tuple[dict[str, Any], ...]:
    """One file of golden data."""
    text = (GOLDEN / f"{name}.jsonl").read_text("utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


def named(text: str) -> list[str]:
    return sorted(text.strip().splitlines())


def moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def code_of(said: dict[str, Any]) -> Khqr:
    """The input as our writer takes it."""
    fields = dict(said)
    currency, amount, language = (fields.pop(k, None) for k in ("currency", "amount", "language"))
    created, expires = fields.pop("created_ms", None), fields.pop("expires_ms", None)
    return Khqr(
        **fields,
        currency=currency,
        amount=None if amount is None else Money.parse(amount, currency),
        created_at=None if created is None else moment(created),
        expires_at=None if expires is None else moment(expires),
        language=None
        if language is None
        else Language(language["code"], language["name"], language.get("city")),
    )


def taken(payload: str, at_ms: int) -> bool:
    """Whether a code can be paid as KHQR; by object 15 another network may still take it."""
    try:
        recognition = recognise(payload, at=moment(at_ms))
    except QrError:
        return False
    return any(candidate.scheme == "khqr" for candidate in recognition.candidates)


def test_the_golden_data_is_what_its_generator_makes() -> None:
    made = [(c.fault, c.payload, c.at_ms) for c in (*broken(lines("khqr")), *odd(lines("khqr")))]
    kept = [(c["fault"], c["payload"], c["at_ms"]) for c in (*lines("broken"), *lines("odd"))]

    assert inputs() == [line["input"] for line in lines("khqr")]
    assert made == kept


def test_the_golden_data_is_varied() -> None:
    said = [line["input"] for line in lines("khqr")]
    fields = Counter(name for one in said for name in one)

    assert len({json.dumps(one, sort_keys=True) for one in said}) >= 500
    assert {name: fields[name] for name in fields if fields[name] < 50} == {}
    assert len(fields) == len(signature(Khqr).parameters)
    assert {"km", "zh", "th"} <= {one["language"]["code"] for one in said if "language" in one}


def test_we_write_what_the_central_banks_software_writes() -> None:
    differing = [
        number
        for number, line in enumerate(lines("khqr"), 1)
        if write_khqr(code_of(line["input"])) != line["payload"]
    ]

    assert differing == []


def test_we_read_back_every_input_without_a_deviation() -> None:
    differing = []
    for number, line in enumerate(lines("khqr"), 1):
        at = moment(line["input"].get("created_ms", 0))
        md5 = recognise(line["payload"], at=at).candidates[0].content.md5
        if (code_of(line["input"]), line["md5"]) != (read_back(line["payload"], at), md5):
            differing.append(number)

    assert differing == []


def test_every_broken_code_is_refused() -> None:
    assert [c["fault"] for c in lines("broken") if taken(c["payload"], c["at_ms"])] == []
    assert {c["fault"] for c in lines("broken")} == {*TREES, *TEXTS}
    assert len(lines("broken")) > 92


def test_where_the_central_banks_software_is_weaker_is_named() -> None:
    true_there = {c["fault"] for c in lines("broken") if c["verify"] is True}
    endless_there = {c["fault"] for c in lines("broken") if c["verify"] == "hangs"}

    assert named(TRUE_THERE) == sorted(true_there)
    assert named(ENDLESS_THERE) == sorted(endless_there)


def test_every_oddity_that_breaks_no_rule_is_taken() -> None:
    assert [c["fault"] for c in lines("odd") if not taken(c["payload"], c["at_ms"])] == []
    assert {c["fault"] for c in lines("odd")} == set(ODDITIES)


def test_we_take_nothing_that_the_central_banks_software_refuses_but_what_is_named() -> None:
    refused_there = {
        c["fault"]
        for c in (*lines("broken"), *lines("odd"))
        if c["verify"] is not True and taken(c["payload"], c["at_ms"])
    }

    assert refused_there == set(STRICTER_THERE)


@pytest.mark.parametrize("field", ["merchant_name", "merchant_city", "bill_number"])
def test_a_character_that_the_central_banks_software_counts_twice_is_not_written(
    field: str,
) -> None:
    said = {"account": "sok_dara@devb", "merchant_name": "Sok Dara", "currency": "KHR"}

    with pytest.raises(QrError) as refusal:
        write_khqr(code_of({**said, field: "Tea \U0001f375"}))

    assert refusal.value.reason == "astral_character"


@needs_peer
@pytest.mark.xdist_group("peer")
def test_the_installed_software_writes_the_golden_data_again() -> None:
    answers = asked([{"do": "write", "input": line["input"]} for line in lines("khqr")])

    assert [{k: line[k] for k in ("payload", "md5")} for line in lines("khqr")] == answers


@needs_peer
@pytest.mark.xdist_group("peer")
def test_the_installed_software_verifies_and_reads_every_code_of_ours() -> None:
    wanted, requests = [], []
    for line in lines("khqr"):
        said = line["input"]
        payload = write_khqr(code_of(said))
        requests.append({"do": "read", "payload": payload, "at_ms": said.get("created_ms", 0)})
        wanted.append((True, as_decoded(said, payload)))

    found = [(answer["valid"], answer["content"]) for answer in asked(requests)]
    pairs = enumerate(zip(wanted, found, strict=True), 1)
    assert [number for number, (ours, theirs) in pairs if ours != theirs] == []


def as_decoded(said: dict[str, Any], payload: str) -> dict[str, Any]:
    """The input under the names of the central bank's software, absent fields as null."""
    language = said.get("language", {})
    merchant, amount = "merchant_id" in said, said.get("amount")
    if amount is not None:
        whole, _, decimals = amount.partition(".")
        amount = f"{whole}.{decimals:0<2}" if decimals.strip("0") else whole
    stamps = (said.get("created_ms"), said.get("expires_ms"))
    created, expires = (None if stamp is None else str(stamp) for stamp in stamps)
    return {
        "merchantType": "30" if merchant else "29",
        "bakongAccountID": said["account"],
        "accountInformation": said.get("account_information"),
        "merchantID": said.get("merchant_id"),
        "acquiringBank": said.get("acquiring_bank"),
        "billNumber": said.get("bill_number"),
        "mobileNumber": said.get("mobile_number"),
        "storeLabel": said.get("store_label"),
        "terminalLabel": said.get("terminal_label"),
        "purposeOfTransaction": said.get("purpose"),
        "languagePreference": language.get("code"),
        "merchantNameAlternateLanguage": language.get("name"),
        "merchantCityAlternateLanguage": language.get("city"),
        "creationTimestamp": created,
        "expirationTimestamp": expires,
        "payloadFormatIndicator": "01",
        "pointofInitiationMethod": "11" if amount is None else "12",
        "unionPayMerchant": said.get("unionpay"),
        "merchantCategoryCode": said.get("category", "5999"),
        "transactionCurrency": "116" if said["currency"] == "KHR" else "840",
        "transactionAmount": amount,
        "countryCode": "KH",
        "merchantName": said["merchant_name"],
        "merchantCity": said["merchant_city"],
        "crc": payload[-4:],
    }


@needs_peer
@pytest.mark.xdist_group("peer")
def test_the_installed_software_says_again_what_it_said_of_broken_and_odd_codes() -> None:
    kept = (*lines("broken"), *lines("odd"))

    answers = asked([{"do": "verify", **{k: c[k] for k in ("payload", "at_ms")}} for c in kept])

    assert [c["verify"] for c in kept] == [answer["valid"] for answer in answers]


@needs_peer
@pytest.mark.xdist_group("peer")
@pytest.mark.skipif(not VECTORS.is_file(), reason="the shared vectors are not beside the project")
def test_the_installed_software_is_the_one_behind_the_shared_vectors() -> None:
    vectors = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]
    judged = [v for v in vectors if "nbc_sdk_verify" in v]

    answers = asked(
        [
            {"do": "verify", "payload": v["payload"], "at_ms": v.get("at_ms", 1_795_230_000_000)}
            for v in judged
        ]
    )

    differing = [
        v["id"]
        for v, answer in zip(judged, answers, strict=True)
        if v["nbc_sdk_verify"] != answer["valid"]
    ]
    assert differing == []
