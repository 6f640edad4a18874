"""No name, account, code or reference of a person is anywhere but in sealed records.

Real processes pay with names made for this run; afterwards neither the database files nor the logs
hold them, raw, in base64, in UTF-16, JSON-escaped or URL-encoded.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote as url_quote

import pytest

from switch.config import default_folder, load_config
from switch.demo.scenes import MEMBER, THAI, khqr_code, quoted, thai_code
from switch.demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("privacy")]

KHMER = "សុខ ដារ៉ាវណ្ណ"
SECRETS = (
    KHMER,
    "Vannak Qwzyxson",
    "qwzyx7741@abaa",
    "QWZYX-INVOICE-8842",
    "Rent for Qwzyx street",
    "Somsak Zzyqwton",
    "99887766554433",
    "Doi Khao Soi",
    "Noodle Shop",
    "noodleshop@aclb",
)


def disguises(secret: str) -> Iterator[bytes]:
    """The ways in which a text may lie in a file."""
    raw = secret.encode()
    yield raw
    yield secret.encode("utf-16-le")
    yield json.dumps(secret)[1:-1].encode()
    yield url_quote(secret).encode()
    for cut in range(3):
        # Base64 of a longer text holds that of a part at one of three offsets.
        encoded = base64.b64encode(raw[cut : cut + (len(raw) - cut) // 3 * 3])
        yield encoded
        yield encoded.replace(b"+", b"-").replace(b"/", b"_")


async def _pay(stage: Stage) -> None:
    for name, ended in (("Vannak Qwzyxson", True), (KHMER, True), ("Vannak Qwzyxson", False)):
        if not ended:
            await stage.fault(THAI, "pay", "refuse", reason="AC06")
        token = await quoted(stage, thai_code("345.00"))
        body = {
            "quote": token,
            "debtor": {"name": name, "account": "qwzyx7741@abaa"},
            "end_to_end_id": "QWZYX-INVOICE-8842",
            "remittance": "Rent for Qwzyx street",
        }
        answer = await stage.member(MEMBER).pay(stage.ids.uuid(), body)
        assert answer.status == 200
        assert answer.json()["status"] == ("ACCC" if ended else "RJCT")
    told = await stage.sandbox(
        THAI,
        "POST",
        "/control/pay-khqr",
        {
            "payload": khqr_code(stage, "noodleshop@aclb"),
            "amount": "41000",
            "debtor_name": "Somsak Zzyqwton",
            "debtor_account": "99887766554433",
        },
    )
    assert told["status"] == "ACSC"
    # Broken input with names in it must not be logged either.
    broken = await stage.member(MEMBER).call(
        "POST", "/v1/payments", b'{"quote": "Vannak Qwzyxson"', idempotency_key="x"
    )
    assert broken.status == 400
    assert b"Qwzyx" not in broken.body


def test_names_of_a_run_are_in_no_database_file_and_no_log() -> None:
    async def run() -> dict[str, bytes]:
        stage = Stage(load_config(default_folder()), None, log_level="info")
        async with stage:
            await _pay(stage)
            files = [*stage.data.glob("switch.db*"), stage.data / "switch.log"]
            return {file.name: file.read_bytes() for file in files}

    found = asyncio.run(run())
    leaks = [
        (secret, name)
        for name, content in found.items()
        for secret in SECRETS
        if any(disguise in content for disguise in disguises(secret))
    ]

    assert {"switch.db", "switch.log"} <= found.keys()
    assert b"payment_opened" in found["switch.log"]
    assert leaks == []


def test_a_planted_name_is_found_in_every_disguise() -> None:
    for secret in SECRETS:
        for disguise in disguises(secret):
            content = b"\x00" * 7 + disguise + b"\x00"

            assert any(each in content for each in disguises(secret))
    wrapped = base64.b64encode(b"xy" + b"Vannak Qwzyxson" + b"z")

    assert any(each in wrapped for each in disguises("Vannak Qwzyxson"))
