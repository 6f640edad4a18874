"""Bad input at every entry gets its reason, leaves nothing behind and learns nothing (M5)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from switch.client import ClientAnswer, sign_request
from switch.config import HOME
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, SECRETS, thai_code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.api_rig import Rig

SCANS, QUOTES, PAYMENTS, MESSAGES = "/v1/scans", "/v1/quotes", "/v1/payments", "/v1/messages"
PARTNER = "/networks/thailand/iso20022/v1/messages"
PAYLOAD = thai_code()
CANARY = "canary-7f3a"
"""Stands in every bad input that has room for it, and must not come back."""

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "canary-7f3a">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
    + b"]><BizMsg>&a8;</BizMsg>"
)
XXE = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<BizMsg>canary-7f3a&x;</BizMsg>"
)


@pytest.fixture(autouse=True)
async def untouched(rig: Rig) -> AsyncIterator[None]:
    """After every test here: no sums, no fact in the journal, no payment at the network."""
    before = rig.leaves()
    yield
    assert rig.sums() == []
    assert rig.leaves() == before
    assert await rig.book() == []


def clean(answer: ClientAnswer, *secrets: str) -> None:
    """The answer repeats nothing of the input and shows nothing of the program."""
    text = answer.body.decode("utf-8", "replace") + repr(dict(answer.headers))
    for secret in (CANARY, "root:", *SECRETS, *secrets):
        assert secret not in text


def reason(answer: ClientAnswer) -> tuple[int, str | None]:
    """Status and reason of a problem detail."""
    clean(answer)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status
    return answer.status, body.get("reason")


async def post(rig: Rig, path: str, body: bytes, **headers: str) -> ClientAnswer:
    """A signed JSON request of any bytes."""
    return await rig.client().call("POST", path, body, headers=headers, idempotency_key="k")


@dataclass(frozen=True)
class Bad:
    """A code that must not be paid, and why."""

    name: str
    payload: str
    iso: str


def crc(text: str) -> str:
    """A payload with a right checksum."""
    import binascii

    return f"{text}6304{binascii.crc_hqx((text + '6304').encode(), 0xFFFF):04X}"


CODES = (
    Bad("broken", PAYLOAD[:40], "TK01"),
    Bad("not a code", "https://example.org/canary-7f3a", "AG03"),
    Bad("wrong crc", PAYLOAD[:-4] + ("0000" if PAYLOAD[-4:] != "0000" else "1111"), "TK01"),
    Bad("altered", PAYLOAD.replace("345.00", "1.00"), "TK01"),
    Bad("beyond length", "0" * 5000, "TK01"),
    Bad("control characters", "\x01\x02\n", "TK01"),
    Bad("no text", "\U0001f600" * 50, "TK01"),
    Bad("unsupported currency", crc(PAYLOAD[:-8].replace("5303764", "5303999")), "AM03"),
    Bad("zero amount", crc(PAYLOAD[:-8].replace("5406345.00", "54040.00")), "AM01"),
    Bad("negative amount", crc(PAYLOAD[:-8].replace("5406345.00", "5405-1.00")), "AM12"),
    Bad("too many decimals", crc(PAYLOAD[:-8].replace("5406345.00", "54051.001")), "AM12"),
)


@pytest.mark.parametrize("bad", CODES, ids=lambda bad: bad.name)
async def test_bad_code_is_refused(rig: Rig, bad: Bad) -> None:
    status, iso = reason(await rig.client().scan(bad.payload))

    assert status == 422
    assert iso in (bad.iso, "TK01", "AG03") if bad.iso in ("TK01", "AG03") else iso == bad.iso


@pytest.mark.parametrize(
    ("amount", "status", "iso"),
    [
        ({"currency": "THB", "value": "0"}, 422, "AM01"),
        ({"currency": "THB", "value": "0.00"}, 422, "AM01"),
        ({"currency": "THB", "value": "-1.00"}, 422, "AM12"),
        ({"currency": "THB", "value": "1.001"}, 422, "AM12"),
        ({"currency": "KHR", "value": "100.50"}, 422, "AM12"),
        ({"currency": "THB", "value": "1e3"}, 422, "AM12"),
        ({"currency": "THB", "value": "canary-7f3a"}, 422, "AM12"),
        ({"currency": "THB", "value": "\u0661\u0662"}, 422, "AM12"),
        ({"currency": "THB", "value": "9" * 60}, 422, "AM12"),
        ({"currency": "THB", "value": "50000.01"}, 422, "AM02"),
        ({"currency": "THB", "value": "0.99"}, 422, "AM06"),
        ({"currency": "XXX", "value": "1"}, 422, "AM03"),
        ({"currency": "USD", "value": "1"}, 422, "AM03"),
        ({"currency": "764", "value": "1"}, 422, "AM03"),
        ({"currency": "canary-7f3a", "value": "1"}, 400, "FF01"),
        ({"currency": "THB", "value": 1}, 400, "FF01"),
        ({"currency": "THB", "value": None}, 400, "FF01"),
        ({"currency": "THB"}, 400, "CH21"),
        ("canary-7f3a", 400, "FF01"),
    ],
)
async def test_bad_amount_is_refused(rig: Rig, amount: Any, status: int, iso: str) -> None:
    scan = (await rig.client().scan(thai_code(None))).json()["scan"]

    priced = await post(rig, QUOTES, orjson.dumps({"scan": scan, "amount": amount}))
    scanned = await post(rig, SCANS, orjson.dumps({"payload": thai_code(None), "amount": amount}))

    assert (status, iso) == reason(priced)
    assert (status, iso) == reason(scanned)


async def test_token_that_is_not_ours_is_refused(rig: Rig) -> None:
    token = await rig.quote()
    scan = (await rig.client().scan(thai_code(None))).json()["scan"]
    middle = len(token) // 2
    altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    other_key = token.replace("bs1.1.", "bs1.2.")
    bad = (altered, token[:-4], token + "A", other_key, scan, CANARY, "\u00e9", "x" * 9000)

    for forged in bad:
        answer = await rig.client().pay("k", {"quote": forged, "debtor": DEBTOR})
        assert reason(answer) == (422, "TK01")
    for forged in (altered, token, CANARY):
        answer = await rig.client().quote(forged, {"currency": "THB", "value": "1.00"})
        assert reason(answer) == (422, "TK01")


async def test_token_of_another_member_is_refused(rig: Rig) -> None:
    token = await rig.quote()
    answer = await rig.client(OTHER_MEMBER).pay("k", {"quote": token, "debtor": DEBTOR})

    assert reason(answer) == (422, "TK01")


async def test_scan_that_is_too_old_is_refused(rig: Rig) -> None:
    scan = (await rig.client().scan(thai_code(None))).json()["scan"]
    rig.clock.ahead = timedelta(seconds=1801)
    answer = await rig.client().quote(scan, {"currency": "THB", "value": "1.00"})

    assert reason(answer) == (422, "TM01")


GOOD_QUOTE = "bs1.1.AAAA"
JSON_BODIES = (
    ("empty", b"", "$"),
    ("not json", b"canary-7f3a", "$"),
    ("cut", b'{"quote": "canary-7f3a"', "$"),
    ("not utf-8", b'{"quote": "\xff\xfe"}', "$"),
    ("utf-16", '{"quote": "a"}'.encode("utf-16"), "$"),
    ("byte order mark", b'\xef\xbb\xbf{"quote": "a"}', "$"),
    ("nan", b'{"quote": NaN}', "$"),
    ("infinity", b'{"quote": -Infinity}', "$"),
    ("key twice", b'{"quote": "a", "quote": "b"}', "$"),
    ("inner key twice", b'{"quote":"a","debtor":{"name":"x","name":"y","account":"z"}}', "$"),
    ("deep", b'{"quote":' + b"[" * 9 + b"]" * 9 + b"}", "$"),
    ("very deep", b"[" * 30_000, "$"),
    ("huge number", b'{"quote": ' + b"9" * 9000 + b"}", "$"),
    ("list", b"[]", "$"),
    ("null", b"null", "$"),
    ("missing quote", b'{"debtor":{"name":"x","account":"z"}}', "$.quote"),
    ("missing name", b'{"quote":"a","debtor":{"account":"z"}}', "$.debtor.name"),
    ("number for text", b'{"quote":"a","debtor":{"name":1,"account":"z"}}', "$.debtor.name"),
    ("list for text", b'{"quote":["a"],"debtor":{"name":"x","account":"z"}}', "$.quote"),
    (
        "unknown member",
        b'{"quote":"a","debtor":{"name":"x","account":"z","canary-7f3a":1}}',
        "$.debtor",
    ),
    ("unknown member at the top", b'{"quote":"a","canary-7f3a":"a"}', None),
    ("blank name", b'{"quote":"a","debtor":{"name":"  ","account":"z"}}', "$.debtor.name"),
    ("line break", b'{"quote":"a","debtor":{"name":"x\\ny","account":"z"}}', "$.debtor.name"),
    ("nul", b'{"quote":"a","debtor":{"name":"x\\u0000","account":"z"}}', "$"),
    ("surrogate", b'{"quote":"a","debtor":{"name":"\\ud800","account":"z"}}', "$"),
    (
        "long account",
        b'{"quote":"a","debtor":{"name":"x","account":"' + b"1" * 35 + b'"}}',
        "$.debtor.account",
    ),
    (
        "slashes in the reference",
        b'{"quote":"a","debtor":{"name":"x","account":"z"},"end_to_end_id":"a//b"}',
        "$.end_to_end_id",
    ),
)


@pytest.mark.parametrize(
    ("body", "place"),
    [(body, place) for _, body, place in JSON_BODIES],
    ids=[name for name, _, _ in JSON_BODIES],
)
async def test_bad_json_is_refused_with_its_place(rig: Rig, body: bytes, place: str | None) -> None:
    answer = await post(rig, PAYMENTS, body)
    status, iso = reason(answer)

    assert status == 400
    assert iso in ("FF01", "CH21", "CH16")
    if place is not None:
        assert answer.json()["path"] == place


@pytest.mark.parametrize(
    "key", ["", "a b", "\u00e9", "k" * 256], ids=["empty", "blank", "not ascii", "long"]
)
async def test_bad_idempotency_key_is_refused(rig: Rig, key: str) -> None:
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}

    assert reason(await rig.client().pay(key, payment)) == (400, "FF01")


async def test_missing_idempotency_key_is_refused(rig: Rig) -> None:
    body = orjson.dumps({"quote": await rig.quote(), "debtor": DEBTOR})
    answer = await rig.client().call("POST", PAYMENTS, body)

    assert reason(answer) == (400, "CH21")


@pytest.mark.parametrize("path", [SCANS, QUOTES, PAYMENTS, MESSAGES, PARTNER])
async def test_body_of_twenty_megabytes_is_refused(rig: Rig, path: str) -> None:
    kind = "application/xml" if path in (MESSAGES, PARTNER) else "application/json"
    host, port = rig.urls["switch"].removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 20971520\r\n"
    )
    writer.write(head.encode() + b"\r\n" + b"a" * 65_536)
    answered = await asyncio.wait_for(reader.readuntil(b"}"), 5)
    writer.transport.abort()

    assert answered.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answered


@pytest.mark.parametrize("path", [SCANS, PAYMENTS, MESSAGES, PARTNER])
async def test_chunked_body_is_bounded_too(rig: Rig, path: str) -> None:
    kind = "application/xml" if path in (MESSAGES, PARTNER) else "application/json"
    host, port = rig.urls["switch"].removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
    writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
    writer.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n" + b"10\r\n" + b"a" * 16 + b"\r\n")
    answered = await asyncio.wait_for(reader.readuntil(b"}"), 5)
    writer.transport.abort()

    assert answered.startswith(b"HTTP/1.1 413 ")


async def test_other_media_types_are_refused(rig: Rig) -> None:
    for path, kind in ((SCANS, "text/plain"), (PAYMENTS, "application/xml"), (MESSAGES, "a/b")):
        answer = await rig.client().call("POST", path, b"{}", content_type=kind)
        assert reason(answer) == (415, "FF01")
    packed = await post(rig, SCANS, b"{}", **{"Content-Encoding": "gzip"})
    assert reason(packed) == (415, "FF01")


async def test_unknown_address_and_wrong_method_are_problems(rig: Rig) -> None:
    unknown = await rig.send("GET", f"/v1/{CANARY}")
    wrong = await rig.send("DELETE", PAYMENTS)
    outside = await rig.send("POST", f"/networks/{HOME}/x", b"a")

    assert reason(unknown) == (404, None)
    assert reason(wrong) == (405, None)
    assert wrong.headers["allow"] == "POST"
    assert reason(outside) == (404, None)


async def test_expectation_that_is_not_met_is_not_echoed(rig: Rig) -> None:
    refused = await rig.send("GET", "/health/live", headers={"Expect": CANARY})
    met = await rig.send("GET", "/health/live", headers={"Expect": "100-Continue"})

    assert reason(refused) == (417, None)
    assert met.status == 200


@pytest.mark.parametrize("path", [SCANS, QUOTES, PAYMENTS])
async def test_nobody_gets_in(rig: Rig, path: str) -> None:
    body = orjson.dumps({"payload": CANARY})
    typed = {"Content-Type": "application/json"}
    stranger = rig.client(MEMBER, kid="WIGCKHPPXXX")
    forger = rig.client(OTHER_MEMBER, kid=MEMBER)
    signed = (
        sign_request(rig.signer(), "POST", path, body, now=rig.clock.now(), jti=rig.ids.uuid())
        | typed
    )
    old_at = rig.clock.now() - timedelta(seconds=301)
    old = sign_request(rig.signer(), "POST", path, body, now=old_at, jti=rig.ids.uuid()) | typed

    unsigned = await rig.send("POST", path, body, typed)
    unknown = await stranger.call("POST", path, body)
    wrong = await forger.call("POST", path, body)
    changed = await rig.send("POST", path, body + b" ", signed)
    await rig.send("POST", path, body, signed)
    replayed = await rig.send("POST", path, body, signed)
    too_old = await rig.send("POST", path, body, old)

    assert reason(unsigned) == (401, "DS0A")
    assert (401, "DS0B") == reason(unknown) == reason(wrong) == reason(changed)
    assert unknown.body == wrong.body
    assert reason(replayed) == (401, "DUPL")
    assert reason(too_old) == (401, "TM01")
    assert rig.log.why() == ["missing", "key", "signature", "signature", "replay", "age"]


async def test_unsigned_look_at_a_payment_is_refused(rig: Rig) -> None:
    assert reason(await rig.send("GET", f"{PAYMENTS}/{rig.ids.uetr()}")) == (401, "DS0A")


@pytest.mark.parametrize("body", [BOMB, XXE, b"", b"canary-7f3a", b"\x00" * 10, b"<a/>"])
async def test_hostile_xml_is_answered_in_iso_20022(rig: Rig, body: bytes) -> None:
    member = await rig.client().call("POST", MESSAGES, body, content_type="application/xml")
    partner = await rig.send("POST", PARTNER, body, {"Content-Type": "application/xml"})

    assert member.status == 400
    assert b"admi.002.001.01" in member.body
    code = b"CH21" if body == b"<a/>" else b"FF01"
    assert b"<RjctgPtyRsn>" + code + b"</RjctgPtyRsn>" in member.body
    assert partner.status in (400, 401)
    assert b"admi.002.001.01" in partner.body
    clean(member)
    clean(partner)


@pytest.mark.parametrize(
    "raw",
    [
        b"canary-7f3a\r\n\r\n",
        b"GET /v1/canary-7f3a HTTP/9.9\r\n\r\n",
        b"POST /v1/scans HTTP/1.1\r\nHost: x\r\ncanary-7f3a\x01: a\r\n\r\n",
        b"POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: canary-7f3a\r\n\r\n",
        b"GET /" + b"canary-7f3a" * 2000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["no http", "version", "header name", "length", "long target"],
)
async def test_broken_http_is_not_echoed(
    rig: Rig, raw: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    host, port = rig.urls["switch"].removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    answered = await asyncio.wait_for(reader.read(), 5)
    writer.transport.abort()

    assert answered.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert CANARY.encode() not in answered
    assert CANARY not in caplog.text + "".join(capfd.readouterr())


async def test_bug_is_a_bare_500_and_its_text_is_not_logged(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lesson 18: our own failure is told apart, and without its text."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr("switch.api.members.read_json", broken)
    answer = await post(rig, SCANS, b"{}")

    assert reason(answer) == (500, None)
    assert ("request_failed", {"error": "ValueError"}) in rig.log.events
    assert CANARY not in repr(rig.log.events)
