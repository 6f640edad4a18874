"""The ``Authorization`` header is the public construction's, byte for byte, and good once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from adapters.japan.sandbox_guard import EPOCH_S_MAX, Guard
from adapters.japan.signing import CONTENT_TYPE, Credentials, authorization
from tests.adapters.japan.japan_parts import KEY, NOW, SECRET, new_adapter, particulars, payment
from tests.adapters.japan.japan_parts import planning as plan

if TYPE_CHECKING:
    from pathlib import Path

    from switch.port import Exchange

# A genuine example's inputs (PayPay OPA guide) with a throw-away secret.
BODY: Final = b'{"merchantPaymentId":"m1","amount":{"amount":1,"currency":"JPY"}}'
HEADER: Final = (
    "hmac OPA-Auth:APIKEY:vFzzg5oC02g1/yHWGPgOUSJY20DHU8/ZwbI2MTlp+Gc=:acd028:1579843452:"
    "uVrUDYet+PyB70Qa2aaLjQ=="
)


def test_the_header_is_reproduced() -> None:
    made = authorization(
        Credentials("APIKEY", "APISECRET"),
        "POST",
        "/v2/codes",
        BODY,
        nonce="acd028",
        epoch=1579843452,
    )

    assert made == HEADER


def test_the_header_is_that_of_the_reference_data(shared: Path) -> None:
    file = shared / "samples" / "networks" / "signature_vectors_computed.json"
    vector = json.loads(file.read_text())["paypay_opa"]

    made = authorization(
        Credentials(vector["api_key"], vector["api_secret"]),
        vector["method"],
        vector["path"],
        vector["body"].encode(),
        nonce=vector["nonce"],
        epoch=int(vector["epoch"]),
    )

    assert vector["content_type"] == CONTENT_TYPE
    assert made == vector["authorization"]


def admitted(guard: Guard, exchange: Exchange, **changes: object) -> bool:
    given: dict[str, object] = {
        "method": exchange.method,
        "path": exchange.path,
        "headers": dict(exchange.headers),
        "body": exchange.body,
        "now": NOW,
    }
    return guard.admits(**{**given, **changes})  # type: ignore[arg-type]


def exchanges() -> tuple[Exchange, ...]:
    adapter = new_adapter()
    known = payment(), particulars()
    return (
        adapter.plan_lookup("000201", None, plan(counter=1)),
        adapter.plan_pay(*known, plan(counter=2)),
        adapter.plan_enquire(*known, plan(counter=3)),
        adapter.plan_cancel(*known, plan(counter=4)),
    )


def test_each_request_of_ours_is_admitted_once() -> None:
    guard = Guard(KEY, SECRET)

    for exchange in exchanges():
        assert admitted(guard, exchange)
        assert not admitted(guard, exchange)


def test_two_requests_never_share_a_nonce() -> None:
    headers = [dict(exchange.headers)["Authorization"] for exchange in exchanges()]

    assert len({header.split(":")[3] for header in headers}) == len(headers)


@pytest.mark.parametrize("seconds", [-EPOCH_S_MAX - 1, EPOCH_S_MAX + 1])
def test_an_epoch_is_good_for_two_minutes(seconds: int) -> None:
    exchange = exchanges()[1]

    assert not admitted(Guard(KEY, SECRET), exchange, now=NOW + timedelta(seconds=seconds))
    nearly = NOW + timedelta(seconds=seconds - (1 if seconds > 0 else -1))
    assert admitted(Guard(KEY, SECRET), exchange, now=nearly)


def test_every_single_byte_that_is_changed_is_refused_and_uses_up_no_nonce() -> None:
    guard = Guard(KEY, SECRET)
    for exchange in exchanges():
        headers = dict(exchange.headers)
        for place in range(len(exchange.body)):
            body = bytearray(exchange.body)
            body[place] ^= 1
            assert not admitted(guard, exchange, body=bytes(body))
        for place in range(len(headers["Authorization"])):
            text = headers["Authorization"]
            altered = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
            changed = {**headers, "Authorization": altered}
            assert not admitted(guard, exchange, headers=changed), place
        assert not admitted(guard, exchange, path=exchange.path + "x")
        assert not admitted(guard, exchange, method="PUT")
        assert not admitted(guard, exchange, body=exchange.body + b" ")
        assert admitted(guard, exchange)


def test_another_secret_or_key_is_refused() -> None:
    exchange = exchanges()[1]

    assert not admitted(Guard(KEY, SECRET + "x"), exchange)
    assert not admitted(Guard(KEY + "x", SECRET), exchange)
    assert not admitted(Guard(KEY, SECRET), exchange, headers={})
    typed = {**dict(exchange.headers), "Content-Type": "application/json"}
    assert not admitted(Guard(KEY, SECRET), exchange, headers=typed)


def test_a_secret_is_shown_nowhere() -> None:
    assert SECRET not in repr(Credentials(KEY, SECRET))
