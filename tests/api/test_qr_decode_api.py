"""A member reads a code without asking any network: the content, or all that is wrong with it.

What is shown goes only into the answer: nothing of a code is logged, and none is too odd to answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from switch.api.shapes import DecodeAnswer
from switch.client import JSON
from tests.api.api_rig import thai_code

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

PATH = "/v1/qr/decode"


async def decoded(rig: Rig, payload: object) -> ClientAnswer:
    """What the call answers; whatever it is, it fits its shape if it is a 200."""
    answer = await rig.client().call("POST", PATH, orjson.dumps({"payload": payload}))
    if answer.status == 200:
        DecodeAnswer.model_validate(answer.json())
    return answer


async def test_content_of_a_code_is_answered(rig: Rig) -> None:
    told = (await decoded(rig, thai_code("345.00"))).json()

    assert told["valid"] is True
    assert (told["network"], told["networks"], told["faults"]) == ("thaiqr", ["thaiqr"], [])
    assert (told["layer"], told["reason"], told["path"], told["position"]) == (None,) * 4
    assert told["fields"]["amount"] == "345.00"
    assert told["fields"]["merchant_name"] == "DOI KHAO SOI"


async def test_every_fault_of_a_code_is_answered_as_data(rig: Rig) -> None:
    good = thai_code()
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    answer = await decoded(rig, wrong)
    told = answer.json()

    assert answer.status == 200
    assert (told["valid"], told["layer"]) == (False, "crc")
    assert told["fields"] == {}
    first = told["faults"][0]
    assert (first["layer"], first["reason"]) == (told["layer"], told["reason"])
    assert (first["path"], first["position"]) == (told["path"], told["position"])
    assert first["code"] == "TK01"


async def test_moment_is_the_switchs_own(rig: Rig) -> None:
    soon = "00020101021229170013sok_dara@devb52045999530311654031005802KH5908Sok Dara6010Phnom Penh"
    past = soon + "9934001317952300000000113179523060000063043F95"
    told = (await decoded(rig, past)).json()

    assert (told["reason"] == "expired") == (rig.clock.now().timestamp() > 1_795_230_600)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
async def test_one_line_end_of_a_scanner_is_cut(rig: Rig, end: str) -> None:
    code = thai_code()
    plain = (await decoded(rig, code)).json()
    scanned = await rig.client().scan(code + end)

    assert (await decoded(rig, code + end)).json() == plain
    assert scanned.status == 200


@pytest.mark.parametrize("more", [" ", "\n\n", "\r\n\n", "\n ", "\t", "\u2028"])
async def test_nothing_else_is_cut(rig: Rig, more: str) -> None:
    told = (await decoded(rig, thai_code() + more)).json()
    scanned = await rig.client().scan(thai_code() + more)

    assert (told["valid"], told["layer"]) == (False, "tlv")
    assert (scanned.status, scanned.json()["reason"]) == (422, "TK01")


@pytest.mark.parametrize(
    ("payload", "status"), [("", 400), (7, 400), (None, 400), ("\n", 200), ("x" * 10_000, 200)]
)
async def test_what_is_no_code_is_answered(rig: Rig, payload: object, status: int) -> None:
    answer = await decoded(rig, payload)

    assert answer.status == status
    if status == 200:
        assert answer.json()["valid"] is False


async def test_half_a_character_is_refused_as_no_text(rig: Rig) -> None:
    answer = await rig.client().call("POST", PATH, b'{"payload": "\\ud800"}')

    assert (answer.status, answer.json()["path"]) == (400, "$")


async def test_body_is_bounded(rig: Rig) -> None:
    size = rig.config.http.body_bytes_max
    answer = await decoded(rig, "x" * size)

    assert answer.status == 413


async def test_unsigned_request_is_not_answered(rig: Rig) -> None:
    body = orjson.dumps({"payload": thai_code()})
    answer = await rig.send("POST", PATH, body, {"Content-Type": JSON})

    assert answer.status == 401


async def test_nothing_of_a_code_is_logged_and_no_network_is_asked(rig: Rig) -> None:
    before = len(rig.log.events)
    for payload in (thai_code(), thai_code()[:-1], "DOI KHAO SOI"):
        await decoded(rig, payload)

    assert rig.log.events[before:] == []
    assert (await rig.sandbox("GET", "/state"))["book"] == []


async def test_description_says_what_is_cut(rig: Rig) -> None:
    schemas = (await rig.send("GET", "/openapi.json")).json()["components"]["schemas"]

    for name in ("ScanRequest", "DecodeRequest"):
        assert "One line end" in schemas[name]["properties"]["payload"]["description"]
