"""A scheme file is read completely: a misspelt, missing or wrong key is named with its file."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from switch.qr import SCHEMES, SchemeError, Schemes, examine, read_scheme, recognise, scheme_file
from switch.qr.emv import compose, seal

YAMA = """
scheme = "yamaqr"
countries = ["XJ"]
currencies = ["392"]
tolerates = ["missing_52", "missing_59", "missing_60"]

[[account]]
tag = "41"
kind = "merchant"
ids = ["xj.yama"]

[[account.field]]
sub = "02"
name = "service"
pattern = "GO|STOP"
format = "service_format"
"""
LINK = """
scheme = "yamalink"
kind = "link"
countries = ["XJ"]
currencies = ["392"]

[[link]]
kind = "shop"
claims = "yama:"
reads = "yama:(?P<held>.*)"
holds = "query"
says = { "53" = "392" }

[[link.field]]
key = "to"
name = "shop"
required = true
"""
AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
CODE = seal(
    "000201010211" + compose("41", compose("00", "xj.yama") + compose("02", "GO")) + "53033925802XJ"
)


def test_another_networks_file_is_read_by_the_same_reader() -> None:
    """What an adapter package of another country brings."""
    schemes = SCHEMES.joined([read_scheme(YAMA, "yamaqr.toml"), read_scheme(LINK, "link.toml")])
    (candidate,) = recognise(CODE, at=AT, schemes=schemes).candidates

    assert (candidate.scheme, candidate.content.account["service"]) == ("yamaqr", "GO")
    assert examine(CODE, at=AT, schemes=schemes).networks == ("yamaqr",)
    assert examine("yama:to=A%201", at=AT, schemes=schemes).fields == {"to": "A 1"}


def test_a_scheme_file_with_the_straight_road_reads_the_same() -> None:
    fast = read_scheme(YAMA.replace("[[account.field]]", "straight = true\n[[account.field]]"), "y")
    code = seal(CODE[:-8] + "5903PHO6005HANOI").replace("5303", "520458125303", 1)
    code = seal(code[:-8])
    schemes = Schemes.of(SCHEMES.base, [fast])
    fully = recognise(code, at=AT, schemes=replace(schemes, roads={}))

    assert schemes.roads["41"]
    assert recognise(code, at=AT, schemes=schemes).candidates == fully.candidates


@pytest.mark.parametrize(
    ("amount", "minor", "deviations"),
    [("1980", 1980, ()), ("1980.00", 1980, ("amount_decimals",)), ("1980.", 1980, ())],
)
def test_zeros_of_a_currency_without_decimals_are_reported(
    amount: str, minor: int, deviations: tuple[str, ...]
) -> None:
    text = YAMA.replace('tolerates = ["missing_52", "missing_59", "missing_60"]', "")
    schemes = Schemes.of(SCHEMES.base, [read_scheme(text, "yamaqr.toml")])
    payload = seal(
        "000201010212"
        + compose("41", compose("00", "xj.yama"))
        + "52045812"
        + "5303392"
        + compose("54", amount)
        + "5802XJ5903PHO6005HANOI"
    )
    (candidate,) = recognise(payload, at=AT, schemes=schemes).candidates

    assert candidate.content.amount is not None
    assert (candidate.content.amount.minor, candidate.deviations) == (minor, deviations)


FIRST = 'scheme = "yamaqr"'


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (FIRST, "", "scheme must be text"),
        (FIRST, "scheme = 7", "scheme must be text"),
        (FIRST, FIRST + '\nkind = "bar"', "kind must be emv, link or digits"),
        (FIRST, FIRST + '\nkind = "link"', "link or payer_code is missing"),
        ('countries = ["XJ"]', "countries = [1]", "countries must be a list of texts"),
        ('countries = ["XJ"]', "", "must state its currency and country"),
        ('currencies = ["392"]', "", "must state its currency and country"),
        ('"missing_52"', '"missing_53"', "must state its currency and country"),
        ('currencies = ["392"]', 'currencies = ["000"]', "ISO 4217"),
        (FIRST, FIRST + "\ntolerate = []", "unknown key tolerate"),
        (FIRST, FIRST + "\none_account = 1", "true or false"),
        (FIRST, FIRST + "\nvalidity = 1", "validity must be a table"),
        (FIRST, FIRST + '\naccepts = { "00" = "02" }', "accepts: 00 must be a list of texts"),
        ('ids = ["xj.yama"]', "", "account 1: give ids, id_patterns or any_id, or say opaque"),
        ('ids = ["xj.yama"]', 'id_patterns = ["("]', "id_patterns must be a regular expression"),
        ('ids = ["xj.yama"]', "opaque = true", "tags up to 25 are opaque"),
        ('tag = "41"', 'tag = "15"', "tags up to 25 are opaque"),
        ('tag = "41"', 'tag = "4"', "account 1: tag must be two digits"),
        ('tag = "41"', 'tag = "45-41"', "account 1: tag must be two digits"),
        ('kind = "merchant"', 'kind = "m"\nlast_day = { sub = "04" }', "last_day: format must be"),
        ('name = "service"', 'name = "service"\nlongest = "9"', "field 1: longest must be"),
        ('pattern = "GO|STOP"', 'pattern = "["', "a regular expression"),
        ("[[account]]", '[[unpayable]]\nwhy = "x"\n[[account]]', "unpayable 1: give either path"),
        ('format = "service_format"', 'formt = "x"', "field 1: unknown key formt"),
        ("[[account.field]]", "[[account.field", "yamaqr.toml"),
    ],
)
def test_faulty_file_is_refused_with_its_name_and_key(old: str, new: str, part: str) -> None:
    with pytest.raises(SchemeError) as refusal:
        read_scheme(YAMA.replace(old, new, 1), "yamaqr.toml")

    assert str(refusal.value).startswith("yamaqr.toml")
    assert part in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('holds = "query"', 'holds = "all"', "link 1: holds must be query, objects or path"),
        ('claims = "yama:"', "", "link 1: claims must be text"),
        ('key = "to"', "", "link 1: field 1: key must be text"),
        ('"53" = "392"', '"53" = 392', "link 1: says: 53 must be text"),
    ],
)
def test_faulty_link_is_refused_with_its_file_and_key(old: str, new: str, part: str) -> None:
    with pytest.raises(SchemeError) as refusal:
        read_scheme(LINK.replace(old, new, 1), "link.toml")

    assert str(refusal.value).startswith("link.toml: ")
    assert part in str(refusal.value)


def test_file_without_an_account_is_refused() -> None:
    with pytest.raises(SchemeError, match="account is missing"):
        read_scheme(YAMA.partition("[[account]]")[0], "yamaqr.toml")


@pytest.mark.parametrize("wrong", ["account = 1", "account = [1]"])
def test_accounts_must_be_tables(wrong: str) -> None:
    with pytest.raises(SchemeError, match="a list of tables"):
        read_scheme(YAMA.partition("[[account]]")[0] + wrong, "yamaqr.toml")


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('scheme = "yamaqr"', 'scheme = "khqr"', "khqr: scheme is there twice"),
        (
            'tag = "41"\nkind = "merchant"\nids = ["xj.yama"]',
            'tag = "38"\nkind = "merchant"\nids = ["A000000727"]',
            "yamaqr: ids: tag 38 with this identifier belongs to vietqr",
        ),
        (
            'tag = "41"\nkind = "merchant"\nids = ["xj.yama"]\n\n[[account.field]]\nsub = "02"',
            'tag = "16"\nkind = "merchant"\nopaque = true\n\n[[account.field]]\nsub = ""',
            "yamaqr: ids: tag 16 with this identifier belongs to unionpay",
        ),
    ],
)
def test_two_schemes_never_own_one_code(old: str, new: str, part: str) -> None:
    text = YAMA.replace(old, new)
    assert text != YAMA

    with pytest.raises(SchemeError) as refusal:
        SCHEMES.joined([read_scheme(text, "yamaqr.toml")])

    assert part in str(refusal.value)


def test_schemes_that_come_with_the_switch_stand_in_order_of_preference() -> None:
    assert [scheme.scheme for scheme in SCHEMES.schemes] == [
        "khqr",
        "thaiqr",
        "vietqr",
        "laoqr",
        "duitnow",
        "mmqr",
        "jpqr",
        "sgqr",
        "qris",
        "qrph",
        "bharatqr",
        "upi",
        "alipayplus",
        "unionpay",
    ]


def page() -> str:
    root = Path(__file__).resolve().parents[2]
    text = (root / "docs" / "network-engineer" / "qr.md").read_text("utf-8")
    return text.partition("## A network as a file")[2]


def test_the_example_of_the_page_is_a_scheme_and_reads_its_codes() -> None:
    block = re.search(r"^```toml\n(.*?)^```$", page(), re.DOTALL | re.MULTILINE)
    assert block is not None
    schemes = SCHEMES.joined([read_scheme(block[1], "tarus.toml")])
    account = compose("31", compose("00", "bn.tarus") + compose("01", "00001234"))
    head, tail = "000201010211" + account, "53030965802BN5904SHOP"

    assert examine(seal(f"{head}52045812{tail}"), at=AT, schemes=schemes).networks == ("tarus",)
    cash = examine(seal(f"{head}52046010{tail}"), at=AT, schemes=schemes)
    assert (cash.valid, cash.networks, cash.notes) == (True, (), ("cash_withdrawal",))


def test_the_page_names_every_key_that_the_reader_takes() -> None:
    source = Path(scheme_file.__file__).read_text("utf-8")
    keys = set(re.findall(r'\.(?:\w+)\(\s*"(\w+)"', source))

    assert len(keys) > 40
    assert {key for key in keys if f"`{key}`" not in page()} == set()
