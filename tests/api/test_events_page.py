"""The page on events is true: its verifier takes what a switch sends, and nothing changed."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.api.api_rig import MEMBER, OTHER_MEMBER
from tests.api.event_rig import PATH, EventRig, started, until
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from switch.keys import KeyFolder

PAGE: Final = ROOT / "docs" / "network-engineer" / "events.md"


@pytest.fixture
async def program(keys: KeyFolder, tmp_path: Path) -> Path:
    """The verifier of the page as a file, beside the public key that a member has."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "verifier.py"
    path.write_text(code, "utf-8")
    public = keys.ec_private("switch-answers").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "switch.pub.pem").write_bytes(pem)
    return path


async def ran(program: Path, body: bytes, *more: str) -> tuple[int, str]:
    """Status and output of the verifier."""
    file = program.with_name("body.json")
    file.write_bytes(body)
    signature, bic, target = more
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), str(file), signature),
        *(str(program.with_name("switch.pub.pem")), bic, target),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def sent(events: EventRig) -> tuple[bytes, str, str]:
    """The body, the signature and the identifier of an event as they came."""
    bank = events.receivers[MEMBER]
    await events.pay("k1")
    await until(lambda: bool(bank.requests))
    return bank.requests[0].body, bank.requests[0].token, bank.requests[0].event_id


async def test_the_verifier_of_the_page_takes_what_is_sent_and_nothing_else(
    keys: KeyFolder, tmp_path: Path, program: Path
) -> None:
    events = await started(keys, tmp_path)
    body, token, event_id = await sent(events)
    await events.close()

    status, said = await ran(program, body, token, MEMBER, PATH)
    assert (status, said.split()[0], said.split()[2]) == (0, event_id, "ACCC")
    changed = body.replace(b'"ACCC"', b'"RJCT"')
    assert changed != body
    others = [(changed, token, MEMBER, PATH), (body, token, OTHER_MEMBER, PATH)]
    others += [(body, token, MEMBER, "/switch"), (body, token[:-4] + "AAAA", MEMBER, PATH)]
    assert [(await ran(program, *other))[0] for other in others] == [1] * len(others)
