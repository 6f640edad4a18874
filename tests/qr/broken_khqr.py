"""Breaks good KHQR codes in every way that is known from the field, each under a name.

Every mutant has a right CRC, unless the CRC is what is broken. The text is taken apart and put
together here and not by the product, so that a slip of the product cannot hide itself.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

EACH: Final = 4
"""Codes that every fault is planted in."""

STRIDE: Final = 7
"""How far apart they stand among the good ones, so that they differ."""

Objects = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken code and the moment at which it is judged."""

    fault: str
    payload: str
    at_ms: int


def split(text: str) -> Objects:
    """Take apart one level of a good code."""
    found, at = [], 0
    while at < len(text):
        size = int(text[at + 2 : at + 4])
        found.append((text[at : at + 2], text[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def joined(objects: Objects) -> str:
    """Put one level together."""
    return "".join(f"{tag}{len(value):02}{value}" for tag, value in objects)


def sealed(text: str) -> str:
    """Append the CRC."""
    text += "6304"
    return f"{text}{crc_hqx(text.encode(), 0xFFFF):04X}"


def set_to(tag: str, value: str) -> Callable[[Objects], Objects]:
    """Give an object that is there another value."""
    return lambda objects: [(t, value if t == tag else v) for t, v in objects]


def without(*tags: str) -> Callable[[Objects], Objects]:
    """Leave objects out."""
    return lambda objects: [(t, v) for t, v in objects if t not in tags]


def with_last(tag: str, value: str) -> Callable[[Objects], Objects]:
    """Add an object at the end."""
    return lambda objects: [*objects, (tag, value)]


def inside(
    tag: str, change: Callable[[Objects], Objects], *also: str
) -> Callable[[Objects], Objects]:
    """Change the objects of a template, and of others under ``also``."""
    return lambda objects: [
        (t, joined(change(split(v))) if t in {tag, *also} else v) for t, v in objects
    ]


def raw(tag: str, change: Callable[[str], str]) -> Callable[[Objects], Objects]:
    """Change the text of a value, whatever its form."""
    return lambda objects: [(t, change(v) if t == tag else v) for t, v in objects]


def account(change: Callable[[str], str]) -> Callable[[Objects], Objects]:
    """Change the account identifier, under 29 and 30."""
    return inside("29", raw("00", change), "30")


def nothing(objects: Objects) -> Objects:
    """Change nothing: the fault lies in the text or in the moment."""
    return objects


STATIC: Final = frozenset({"01=11"})
DYNAMIC: Final = frozenset({"01=12", "54", "99"})
NEVER: Final[frozenset[str]] = frozenset()

TREES: Final[dict[str, tuple[frozenset[str], Callable[[Objects], Objects]]]] = {
    "00 is 02": (NEVER, set_to("00", "02")),
    "00 absent": (NEVER, without("00")),
    "00 not first": (NEVER, lambda o: [o[1], o[0], *o[2:]]),
    "01 is 13": (NEVER, set_to("01", "13")),
    "01 is one digit": (NEVER, set_to("01", "1")),
    "dynamic without amount": (DYNAMIC, without("54")),
    "dynamic without time stamps": (DYNAMIC, without("99")),
    "static with amount, without time stamps": (STATIC, with_last("54", "5")),
    "amount with letters": (DYNAMIC, set_to("54", "12abc")),
    "amount with comma": (DYNAMIC, set_to("54", "1,000")),
    "amount with exponent": (DYNAMIC, set_to("54", "1e3")),
    "amount with space": (DYNAMIC, set_to("54", " 5")),
    "amount with plus": (DYNAMIC, set_to("54", "+5")),
    "amount with minus": (DYNAMIC, set_to("54", "-5")),
    "amount zero": (DYNAMIC, set_to("54", "0")),
    "amount zero with decimals": (DYNAMIC, set_to("54", "0.00")),
    "amount a point": (DYNAMIC, set_to("54", ".")),
    "amount of three decimals": (DYNAMIC, set_to("54", "1.234")),
    "amount with two points": (DYNAMIC, set_to("54", "1.2.3")),
    "amount hexadecimal": (DYNAMIC, set_to("54", "0x10")),
    "amount not a number": (DYNAMIC, set_to("54", "NaN")),
    "amount in Khmer digits": (DYNAMIC, set_to("54", "៥០០")),
    "amount of 14 characters": (DYNAMIC, set_to("54", "1" * 14)),
    "half a riel": (DYNAMIC | {"53=116"}, set_to("54", "5000.5")),
    "amount twice": (DYNAMIC, with_last("54", "999")),
    "name twice": (NEVER, with_last("59", "Somebody Else")),
    "account twice": (frozenset({"29"}), with_last("29", "0009thief@xyz")),
    "merchant account twice": (
        frozenset({"30"}),
        with_last("30", "0009thief@xyz010170202XY"),
    ),
    "two accounts of two kinds": (frozenset({"30"}), with_last("29", "0009thief@xyz")),
    "currency twice": (NEVER, with_last("53", "840")),
    "neighbours twice": (NEVER, lambda o: [*o[:-1], o[-1], o[-1]]),
    "account without bank": (NEVER, account(lambda v: v.replace("@", "."))),
    "account with two banks": (NEVER, account(lambda v: v[:20] + "@x")),
    "account without name": (NEVER, account(lambda v: "@" + v.partition("@")[2])),
    "account ends at the sign": (NEVER, account(lambda v: v.partition("@")[0] + "@")),
    "account of 33 characters": (frozenset({"29"}), account(lambda _: "a" * 16 + "@" + "b" * 16)),
    "account absent": (NEVER, inside("29", without("00"), "30")),
    "account template absent": (NEVER, without("29", "30")),
    "merchant number absent": (frozenset({"30"}), inside("30", without("01"))),
    "merchant number of 33 characters": (
        frozenset({"30"}),
        inside("30", lambda o: [*without("01", "02")(o), ("01", "7" * 33)]),
    ),
    "length inside the account beyond its end": (
        frozenset({"29"}),
        raw("29", lambda v: "00" + "90" + v[4:]),
    ),
    "character behind the last label": (frozenset({"62"}), raw("62", lambda v: v + "9")),
    "length of a label beyond its end": (
        frozenset({"62"}),
        raw("62", lambda v: v[:2] + "95" + v[4:]),
    ),
    "label of no length": (
        frozenset({"62"}),
        raw("62", lambda v: joined(split(v)[:1]) + "0900"),
    ),
    "label twice": (frozenset({"62"}), inside("62", lambda o: [*o[:1], ("09", "A"), *o[:1]])),
    "label of 26 characters": (frozenset({"62"}), set_to("62", "0126" + "B" * 26)),
    "purpose of 26 characters": (frozenset({"62"}), set_to("62", "0826" + "B" * 26)),
    "labels are plain text": (frozenset({"62"}), set_to("62", "thank you")),
    "language without name": (frozenset({"64"}), inside("64", lambda o: o[:1])),
    "language of three letters": (frozenset({"64"}), inside("64", set_to("00", "khm"))),
    "language name of 26 characters": (frozenset({"64"}), inside("64", set_to("01", "N" * 26))),
    "language cut short": (frozenset({"64"}), raw("64", lambda v: v[:-1])),
    "currency of Thailand": (NEVER, set_to("53", "764")),
    "currency in letters": (NEVER, set_to("53", "USD")),
    "currency absent": (NEVER, without("53")),
    "country of Thailand": (NEVER, set_to("58", "TH")),
    "country of three letters": (NEVER, set_to("58", "KHM")),
    "country in small letters": (NEVER, set_to("58", "kh")),
    "country absent": (NEVER, without("58")),
    "category of two digits": (NEVER, set_to("52", "12")),
    "category of five digits": (NEVER, set_to("52", "59990")),
    "category in letters": (NEVER, set_to("52", "ABCD")),
    "category absent": (NEVER, without("52")),
    "name absent": (NEVER, without("59")),
    "name of 26 characters": (NEVER, set_to("59", "N" * 26)),
    "name of no length": (NEVER, set_to("59", "")),
    "name with a control character": (NEVER, set_to("59", "Sok\nDara")),
    "name that turns direction": (NEVER, set_to("59", "Sok\u202earaD")),
    "city absent": (NEVER, without("60")),
    "city of 16 characters": (NEVER, set_to("60", "C" * 16)),
    "expiry before creation": (
        DYNAMIC,
        inside("99", lambda o: [(o[0][0], str(int(o[1][1]) + 1)), o[1]]),
    ),
    "expiry absent": (DYNAMIC, inside("99", without("01"))),
    "expiry of 12 digits": (DYNAMIC, inside("99", raw("01", lambda v: v[:12]))),
    "expiry with a letter": (DYNAMIC, inside("99", raw("01", lambda v: v[:12] + "x"))),
    "expiry as a fraction": (DYNAMIC, inside("99", raw("01", lambda v: v[:11] + ".5"))),
    "time stamps are plain text": (DYNAMIC, set_to("99", "tomorrow")),
    "character behind the time stamps": (DYNAMIC, raw("99", lambda v: v + "7")),
    "static with amount, expired": (DYNAMIC, set_to("01", "11")),
    "unknown object with a letter in its tag": (NEVER, with_last("6A", "x")),
    "more than a symbol holds": (
        NEVER,
        lambda o: [*o, *((str(tag), "x" * 99) for tag in range(65, 73))],
    ),
    "expired": (DYNAMIC, nothing),
}
"""By fault: what the code must have, and how its objects are changed."""

ODDITIES: Final[dict[str, tuple[frozenset[str], Callable[[Objects], Objects]]]] = {
    "01 absent": (STATIC, without("01")),
    "amount with a point at its end": (DYNAMIC | {"53=840"}, set_to("54", "5.")),
    "amount with leading zeros": (DYNAMIC, set_to("54", "0005")),
    "riel with empty decimals": (DYNAMIC | {"53=116"}, set_to("54", "5000.00")),
    "dollars with one decimal": (DYNAMIC | {"53=840"}, set_to("54", "1.5")),
    "static with amount": (DYNAMIC, set_to("01", "11")),
    "static with creation only": (STATIC, with_last("99", "00131795230000000")),
    "creation absent": (DYNAMIC, inside("99", without("00"))),
    "expiry at the very moment": (DYNAMIC, nothing),
    "acquiring bank absent": (frozenset({"30"}), inside("30", without("02"))),
    "one account in both templates": (
        frozenset({"29"}),
        lambda o: [*o, ("30", joined([*split(dict(o)["29"])[:1], ("01", "1"), ("02", "B")]))],
    ),
    "UnionPay with dollars": (frozenset({"53=840"}), with_last("15", "5" * 31)),
    "identifier inside the labels": (frozenset({"62"}), inside("62", with_last("00", "X"))),
    "label of another scheme": (frozenset({"62"}), inside("62", with_last("50", "0002XY"))),
    "object for later use": (NEVER, with_last("65", "x")),
    "object of another scheme": (NEVER, with_last("88", "0003ABC")),
    "objects in another order": (NEVER, lambda o: [o[0], *reversed(o[1:])]),
    "astral character in the name": (NEVER, set_to("59", "Caf\U0001f375")),
    "postal code": (NEVER, with_last("61", "12000")),
}
"""Objects that are unusual and break no rule of KHQR: both readers' answers are on record."""

LATE: Final = frozenset({"expired", "static with amount, expired"})
AT_EXPIRY: Final = "expiry at the very moment"

TEXTS: Final[dict[str, Callable[[str], str]]] = {
    "wrong CRC": lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"),
    "no CRC": lambda t: t[:-8],
    "CRC cut short": lambda t: t[:-1],
    "CRC over the text without its own head": lambda t: (
        t[:-4] + f"{crc_hqx(t[:-8].encode(), 0xFFFF):04X}"
    ),
    "newline behind the CRC": lambda t: t + "\n",
    "object behind the CRC": lambda t: t + "6501x",
    "CRC not last": lambda t: sealed(t[:-8] + "63041234" + "6501x"),
    "space before the code": lambda t: sealed(" " + t[:-8]),
    "length with a leading space": lambda t: sealed(t[:-8].replace("5802KH", "58 2KH")),
    "length with a trailing space": lambda t: sealed(t[:-8].replace("5802KH", "582 KH", 1)),
    "length with a letter": lambda t: sealed(t[:-8] + "650xy"),
    "length in Khmer digits": lambda t: sealed(t[:-8].replace("5802KH", "58០២KH")),
    "last object cut short": lambda t: sealed(t[:-9]),
    "one character lost": lambda t: t[:30] + t[31:],
    "two characters swapped": lambda t: t[:21] + t[22] + t[21] + t[23:],
    "in small letters": str.lower,
}


def _has(objects: Objects, wanted: frozenset[str]) -> bool:
    there = {tag for tag, _ in objects} | {f"{tag}={value}" for tag, value in objects}
    return wanted <= there


def broken(golden: Sequence[dict[str, Any]]) -> Iterator[Broken]:
    """Plant every fault in the next good codes that can have it."""
    yield from _planted(golden, TREES)
    for turn, (fault, rewrite) in enumerate(TEXTS.items()):
        for payload, _, said in _next(_taken_apart(golden), turn, NEVER):
            text = rewrite(payload)
            if text != payload:
                yield Broken(fault, text, said.get("created_ms", 0))


def odd(golden: Sequence[dict[str, Any]]) -> Iterator[Broken]:
    """Plant every oddity likewise."""
    yield from _planted(golden, ODDITIES)


Taken = tuple[str, Objects, dict[str, Any]]
"""A good code: its text, its objects without the CRC, its input."""


def _taken_apart(golden: Sequence[dict[str, Any]]) -> list[Taken]:
    return [(line["payload"], split(line["payload"])[:-1], line["input"]) for line in golden]


def _planted(
    golden: Sequence[dict[str, Any]],
    table: dict[str, tuple[frozenset[str], Callable[[Objects], Objects]]],
) -> Iterator[Broken]:
    good = _taken_apart(golden)
    for turn, (fault, (wanted, change)) in enumerate(table.items()):
        for payload, objects, said in _next(good, turn, wanted):
            text = sealed(joined(change(objects)))
            at_ms = said.get("created_ms", 0)
            if fault in LATE:
                at_ms = said["expires_ms"] + 1
            elif fault == AT_EXPIRY:
                at_ms = said["expires_ms"]
            if text != payload or change is nothing:
                yield Broken(fault, text, at_ms)


def _next(good: Sequence[Taken], turn: int, wanted: frozenset[str]) -> Iterator[Taken]:
    fitting = [one for one in good if _has(one[1], wanted)]
    for step in range(EACH):
        yield fitting[(turn * EACH + step) * STRIDE % len(fitting)]
