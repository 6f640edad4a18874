"""No record of the readers and writers shows the text of a code, or a part of it, in its ``repr``.

Every class that ``switch.qr`` defines is made once and looked at; one that is added must be added
here. What a scheme file says is public, so its records are left out.
"""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import is_dataclass
from importlib import import_module
from typing import Any

import pytest

import switch.qr
from switch.qr import SCHEMES, Khqr, Language, QrError, ThaiBillPayment, examine, recognise
from switch.qr.check import root_of
from switch.qr.claim import Claim, Claimed
from switch.qr.emv import Node, parse
from switch.qr.off_emv import Said, read_off_emv
from switch.qr.reading import Taken, read_code
from tests.qr.qr_codes import AT, code, template

CANARY = "canary7f3a"
TEXT = code(
    "khqr",
    {
        "29": template(f"{CANARY}@abc", CANARY),
        "59": CANARY,
        "62": template("", CANARY),
        "64": template("km", CANARY),
    },
)
LINK = f"upi://pay?pa={CANARY}@b&pn={CANARY}"
FILE_RECORDS = "switch.qr.rules"
# Rules compiled, or rules and words alone.
WITHOUT_TEXT = frozenset({"Road", "Schemes", "_Place", "_Judged", "Fault"})


def made() -> dict[str, Any]:
    recognition = recognise(TEXT, at=AT)
    reading = read_code(TEXT, AT, SCHEMES)
    parsed = parse(TEXT)
    account = recognition.candidates[0].content.rule
    node = root_of(parsed)["29"]
    assert isinstance(node, Node)
    claim = Claim(account, node, exact=True)
    off = read_code(LINK, AT, SCHEMES).taken[0]
    assert off.fields
    return {
        "Node": node,
        "Parsed": parsed,
        "Claim": claim,
        "Claimed": Claimed(SCHEMES.schemes[0], (claim,)),
        "QrContent": recognition.candidates[0].content,
        "Candidate": recognition.candidates[0],
        "Recognition": recognition,
        "Examined": examine(TEXT, at=AT),
        "Reading": reading,
        "Taken": off,
        "Said": Said(CANARY, 4),
        "OffEmv": read_off_emv(LINK, SCHEMES.schemes),
        "Language": Language("km", CANARY, CANARY),
        "Khqr": Khqr(CANARY, CANARY, CANARY, language=Language("km", CANARY)),
        "ThaiBillPayment": ThaiBillPayment(CANARY, CANARY, CANARY, CANARY, CANARY),
    }


def records() -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(switch.qr.__path__, "switch.qr."):
        for name, one in inspect.getmembers(import_module(module.name), inspect.isclass):
            here = one.__module__ == module.name != FILE_RECORDS
            if here and (is_dataclass(one) or hasattr(one, "_fields")):
                found.add(name)
    return found


def test_every_record_of_the_package_is_looked_at() -> None:
    assert records() - WITHOUT_TEXT <= made().keys()


@pytest.mark.parametrize("name", sorted(made()))
def test_a_record_shows_nothing_of_a_code(name: str) -> None:
    shown = repr(made()[name])

    assert CANARY not in shown
    assert CANARY not in f"{made()[name]}"


def test_a_refusal_shows_nothing_of_a_code() -> None:
    for text in (TEXT[:-4] + "0000", LINK + "&cu=USD", LINK + f"&{CANARY}=1&{CANARY}=2"):
        with pytest.raises(QrError) as refusal:
            recognise(text, at=AT)
        taken = read_code(text, AT, SCHEMES)
        assert CANARY not in f"{refusal.value!r} {refusal.value} {refusal.value.faults} {taken!r}"
    assert isinstance(made()["Taken"], Taken)
