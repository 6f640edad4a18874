"""Makes the files of ``golden/``: ``python -m tests.qr.make_golden``.

The inputs are drawn from a fixed seed; payload, MD5 and verdicts are the answers of the central
bank's own software (tests/peers). Only the first draw of the generator is used, which Python
promises to keep the same in every version.
"""

from __future__ import annotations

import json
import random
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.peers.khqr_peer import asked
from tests.qr.broken_khqr import broken, odd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.qr.broken_khqr import Broken

GOLDEN: Final = Path(__file__).resolve().parent / "golden"
SEED: Final = 20261121
DRAWN: Final = 380
NOW_MS: Final = 1_795_230_000_000
TEMPLATE_MAX: Final = 99

KHMER: Final = ("ហាងកាហ្វេអង្គរ", "ភោជនីយដ្ឋាន ទន្លេ", "សុខ ដារ៉ា", "ផ្សារថ្មី ៥៥")
CHINESE: Final = ("金边茶馆", "吴哥咖啡", "湄公河商店一号")
THAI: Final = ("ร้านกาแฟ", "ร้านอาหารริมน้ำ")
NAMES: Final = (
    *("Sok Dara", "Angkor Cafe", "A", "Chan & Sons (No. 7)", "O'Neary Flowers", "Rice/Noodle #1"),
    *("TWENTY-FIVE CHARACTERS XY", "Café Mékong", "Phở Sông", *KHMER, *CHINESE),
)
CITIES: Final = (
    "Phnom Penh",
    "Siem Reap",
    "Kep",
    "A",
    "Battambang City",
    "ភ្នំពេញ",
    "សៀមរាប",
    "金边",
)
ACCOUNTS: Final = (
    *("sok_dara@devb", "a@b", "angkor.cafe-7@bank", "012345678@devb", "m" * 15 + "@" + "b" * 16),
    *("UPPER_Case@BANK", "chan.rith+till@wing"),
)
BANKS: Final = (
    "Dev Bank",
    "B",
    "Rice Bank (Cambodia) Plc",
    "ធនាគារអភិវឌ្ឍន៍",
    "BANK OF THIRTY-TWO CHARACTERS XY",
)
NUMBERS: Final = ("1234567", "1", "0", "M-0001/7", "Z" * 32, "855 12 345 678", "៧៧៧")
CATEGORIES: Final = ("5999", "0000", "9999", "5812", "0742", "4111")
LABELS: Final = {
    "bill_number": ("B-77", "0", "INV/2026/000123", "#៥", "X" * 25),
    "mobile_number": ("85512345678", "0", "+855 12 345 678", "1" * 25),
    "store_label": ("Store 1", "S", "ហាងទី១", "一号店", "S" * 25),
    "terminal_label": ("POS 3", "T", "0001", "T" * 25),
    "purpose": ("Coffee", "P", "ថ្លៃកាហ្វេ", "Rent, November", "P" * 25),
}
AMOUNTS: Final = {
    "KHR": (
        *("1", "2", "9", "50", "100", "999", "1000", "4100", "41000", "5000000", "123456789"),
        *("9999999999", "9999999999999"),
    ),
    "USD": (
        *(
            "0.01",
            "0.1",
            "0.10",
            "0.99",
            "1",
            "1.00",
            "1.5",
            "1.50",
            "1.05",
            "9.99",
            "10",
            "100.00",
        ),
        *(
            "12345.67",
            "1000000",
            "999999.90",
            "2.675",
            "4.35",
            "1.15",
            "9999999999",
            "9999999999.99",
        ),
    ),
}
LANGUAGES: Final = (
    *(("km", name, city) for name in KHMER for city in (None, "ភ្នំពេញ")),
    *(("zh", name, city) for name in CHINESE for city in (None, "金边", "暹粒")),
    *(("th", name, city) for name in THAI for city in (None, "พนมเปญ")),
    *(
        ("en", "N" * 25, "C" * 15),
        ("vi", "Quán Phở", None),
        ("ja", "アンコールカフェ", "プノンペン"),
    ),
)
UNIONPAY: Final = (
    "5" * 31,
    "26660116" + "0" * 8 + "KH12345ABCDEFGH",
    "1" * 16,
    "U" * 99,
    "KH-7",
    "9",
)
LASTS_MS: Final = (600_000, 60_000, 1, 86_400_000, 31_536_000_000, 999)
CREATED_MS: Final = (NOW_MS, 1_000_000_000_000, 1_735_689_599_999, 9_000_000_000_000, NOW_MS + 7)


class Draw:
    """Picks from sequences by a seed."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed).random

    def of(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return values[int(self._draw() * len(values))]

    def sometimes(self, percent: int) -> bool:
        """True that often."""
        return self._draw() * 100 < percent


def inputs() -> list[dict[str, Any]]:
    """Every input, the systematic ones first."""
    found = [*_amounts(), *_labels(), *_languages(), *_lengths()]
    draw = Draw(SEED)
    found += [_drawn(draw) for _ in range(DRAWN)]
    return [one for one in found if _fits(one)]


def _base(**fields: Any) -> dict[str, Any]:
    return {
        "account": "sok_dara@devb",
        "merchant_name": "Sok Dara",
        "merchant_city": "Phnom Penh",
        "currency": "KHR",
        **fields,
    }


MERCHANT: Final = {"merchant_id": "1234567", "acquiring_bank": "Dev Bank"}
TIMES: Final = {"created_ms": NOW_MS, "expires_ms": NOW_MS + 600_000}


def _amounts() -> list[dict[str, Any]]:
    return [
        _base(**kind, currency=currency, amount=amount, **TIMES)
        for currency, amounts in AMOUNTS.items()
        for amount in amounts
        for kind in ({}, MERCHANT)
        if amount != "2.675"
    ]


def _labels() -> list[dict[str, Any]]:
    """Every set of labels, short ones and the longest that fit."""
    found = []
    for count in range(1, len(LABELS) + 1):
        room = min(25, (TEMPLATE_MAX - 4 * count) // count)
        for names in combinations(LABELS, count):
            found.append(_base(**{name: LABELS[name][0] for name in names}))
            found.append(_base(**MERCHANT, **{name: name[0] * room for name in names}))
    return found


def _languages() -> list[dict[str, Any]]:
    return [
        _base(currency="USD", language=_language(*language), **kind)
        for language in LANGUAGES
        for kind in ({}, MERCHANT)
    ]


def _lengths() -> list[dict[str, Any]]:
    """Each field alone at one character and at its longest."""
    longest = {
        "merchant_name": 25,
        "merchant_city": 15,
        "account_information": 32,
        "acquiring_bank": 32,
    }
    found = [_base(**{name: "x" * size}) for name, most in longest.items() for size in (1, most)]
    found += [_base(**{**MERCHANT, "merchant_id": "7" * size}) for size in (1, 32)]
    found += [_base(unionpay=value) for value in UNIONPAY]
    found += [_base(category=value) for value in CATEGORIES]
    found.append(_base(amount="100", created_ms=NOW_MS, expires_ms=NOW_MS))
    return found


def _language(code: str, name: str, city: str | None) -> dict[str, str]:
    return {"code": code, "name": name, **({} if city is None else {"city": city})}


def _drawn(draw: Draw) -> dict[str, Any]:
    one = _base(
        account=draw.of(ACCOUNTS),
        merchant_name=draw.of(NAMES),
        merchant_city=draw.of(CITIES),
        currency=draw.of(("KHR", "USD")),
    )
    if draw.sometimes(50):
        one |= {"merchant_id": draw.of(NUMBERS), "acquiring_bank": draw.of(BANKS)}
    else:
        if draw.sometimes(50):
            one["account_information"] = draw.of(NUMBERS)
        if draw.sometimes(50):
            one["acquiring_bank"] = draw.of(BANKS)
    if draw.sometimes(60):
        created = draw.of(CREATED_MS)
        one |= {"amount": draw.of(AMOUNTS[one["currency"]]), "created_ms": created}
        one["expires_ms"] = created + draw.of(LASTS_MS)
    for name, values in LABELS.items():
        if draw.sometimes(40):
            one[name] = draw.of(values)
    if draw.sometimes(40):
        one["language"] = _language(*draw.of(LANGUAGES))
    if draw.sometimes(30) and one["currency"] == "KHR":
        one["unionpay"] = draw.of(UNIONPAY)
    if draw.sometimes(40):
        one["category"] = draw.of(CATEGORIES)
    return one


def _fits(one: dict[str, Any]) -> bool:
    """Whether a template stays within 99 characters and the amount within its currency.

    Beyond 99 the central bank's software writes a length of three digits: a code nobody can read.
    """
    account = [one.get(k) for k in ("account", "merchant_id", "account_information")]
    groups = ([*account, one.get("acquiring_bank")], [one.get(name) for name in LABELS])
    sizes = [sum(4 + len(value) for value in group if value is not None) for group in groups]
    decimals = one.get("amount", "").partition(".")[2]
    return max(sizes) <= TEMPLATE_MAX and len(decimals) <= 2


def main() -> None:
    """Ask for every answer and write both files."""
    wanted = inputs()
    answers = asked([{"do": "write", "input": one} for one in wanted])
    golden = [{"input": one, **answer} for one, answer in zip(wanted, answers, strict=True)]
    refused = [line for line in golden if "payload" not in line]
    assert not refused, f"{len(refused)} inputs were refused: {refused[:3]}"
    rows = {"khqr": golden, "broken": _judged(broken(golden)), "odd": _judged(odd(golden))}
    for name, lines in rows.items():
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (GOLDEN / f"{name}.jsonl").write_text(text, encoding="utf-8")


def _judged(cases: Iterable[Broken]) -> list[dict[str, Any]]:
    """Each code with what the central bank's software says of it: true, false or ``hangs``."""
    asking = list(cases)
    verdicts = asked([{"do": "verify", "payload": c.payload, "at_ms": c.at_ms} for c in asking])
    return [
        {"fault": c.fault, "payload": c.payload, "at_ms": c.at_ms, "verify": verdict["valid"]}
        for c, verdict in zip(asking, verdicts, strict=True)
    ]


if __name__ == "__main__":
    main()
