"""A copy of the product whose networks are asked after sooner, so that minutes stand for days.

Only times are changed: how long an answer is waited for, when an unknown outcome is asked after,
how long a request may be on its way and a guest's order is held. Processes that run in the copy
read it; the test itself does not.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).resolve().parents[2]
COPIED: Final = ("adapters", "config", "fx", "iso20022", "switch")

FAST: Final[Mapping[str, str]] = {
    "answer_within_ms": "1500",
    "lookup_within_ms": "1500",
    "enquiry_delays_s": "[1, 2, 3, 4, 6, 8, 10, 12]",
    "enquiry_repeat_s": "3",
    "enquiries_max": "400",
    "flight_max_s": "4",
    "clock_skew_max_s": "5",
}
"""Values that every network gets."""

CANCELS: Final[Mapping[str, str]] = {"cancel_after_rungs": "6", "cancel_every_s": "1"}
"""Values of networks that are asked to cancel when nothing is heard."""


ORDER_VALID_S: Final = 15
"""How long a guest's order is held that nobody pays."""

INBOUND: Final = re.compile(
    r'(destination_network = "bakong"\n(?:(?!\[\[).*\n)*?quote_valid_s = )\d+'
)


def hurried(folder: Path) -> Path:
    """The copy, below a folder."""
    tree = folder / "hurried"
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name)
    corridors = tree / "config" / "corridors.toml"
    text, places = INBOUND.subn(rf"\g<1>{ORDER_VALID_S}", corridors.read_text("utf-8"))
    assert places, "no guest comes from anywhere"
    corridors.write_text(text, "utf-8")
    for path in sorted((tree / "adapters").glob("*/facts.toml")):
        text = path.read_text("utf-8")
        for fact, value in FAST.items():
            text = _set(text, fact, value, path)
        for fact, value in CANCELS.items():
            if re.search(rf"(?m)^\[{fact}\]\nvalue = [1-9]", text):
                text = _set(text, fact, value, path)
        path.write_text(text, "utf-8")
    return tree


def _set(text: str, fact: str, value: str, path: Path) -> str:
    changed, places = re.subn(rf"(?m)^(\[{fact}\]\nvalue = )[^\n]*", rf"\g<1>{value}", text)
    assert places == 1, f"{path.parent.name}: {fact} stands there {places} times"
    return changed
