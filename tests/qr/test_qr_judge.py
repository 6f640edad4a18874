"""A scheme file can describe a country's codes and cannot switch off what protects every code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import switch.qr
from switch.qr import SCHEMES, SchemeError, read_scheme
from switch.qr.judge import NEVER, TOLERABLE
from switch.qr.scheme import read_base
from tests.qr.test_qr_scheme import LINK, YAMA

ROOT = 'countries = ["XJ"]'
TAG = 'tag = "41"'
IDS = 'ids = ["xj.yama"]'
SUB = 'sub = "02"'
TOLERATES = 'tolerates = ["missing_52", "missing_59", "missing_60"]'
BASE = """
required = ["52"]
tolerates = ["crc_lower_case"]
[[field]]
path = "59"
longest = 25
"""
PAYER = """
scheme = "yamadigits"
kind = "digits"
[payer_code]
kind = "payer"
claims = "[0-9]{8}"
[[payer_code.form]]
length = 8
parts = { issuer = 4, user = 4 }
"""
STAMPS = 'validity = { template = "99", created = "00", expires = "01" }'


def refused(text: str) -> str:
    with pytest.raises(SchemeError) as refusal:
        read_scheme(text, "yama.toml")
    assert str(refusal.value).startswith("yama.toml: ")
    return str(refusal.value)


def changed(old: str, new: str, text: str = YAMA) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize("word", [*sorted(NEVER - {"missing_53", "missing_58"}), "mising_52", ""])
def test_no_file_tolerates_what_protects_every_code_or_a_typing_error(word: str) -> None:
    assert f"tolerates: {word} is no word" in refused(
        changed(TOLERATES, f'tolerates = ["missing_52", "{word}"]')
    )


def test_calling_a_field_s_fault_like_a_fault_of_every_code_changes_nothing() -> None:
    text = changed("service_format", "bad_crc")

    assert "bad_crc is no word" in refused(changed(TOLERATES, 'tolerates = ["bad_crc"]', text))


def test_words_of_its_own_fields_may_be_tolerated() -> None:
    text = changed(TOLERATES, 'tolerates = ["service_format"]')

    assert read_scheme(text, "yama.toml").tolerates == {"service_format"}


def test_every_reason_word_of_the_readers_is_tolerable_or_never_is() -> None:
    folder = Path(switch.qr.__file__).parent
    sources = {
        path.name: path.read_text("utf-8")
        for path in folder.glob("*.py")
        if path.name != "write.py"
    }
    words = {
        word
        for text in sources.values()
        for word in re.findall(r'fault\(\s*"\w+",\s*"(\w+)"', text)
    }
    words |= set(re.findall(r'return "(\w+)"', sources["emv.py"]))
    base = SCHEMES.base
    fields = [
        *base.fields.values(),
        *(one for subs in base.nested.values() for one in subs.values()),
    ]
    words |= {field.length for field in fields if (field.shortest, field.longest) != (1, 99)}
    words |= {field.format for field in fields if field.pattern is not None}

    assert len(words) > 50
    assert words - TOLERABLE - NEVER == set()
    assert TOLERABLE.isdisjoint(NEVER)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (ROOT, 'countries = ["xj"]', "countries must be two capital letters"),
        (ROOT, 'countries = ["XJ", ".."]', "countries must be two capital letters"),
        ('"392"', '"٣٩٢"', "currencies must be ISO 4217"),
        ('"392"', '"39"', "currencies must be ISO 4217"),
        (TAG, 'tag = "00"', "account 1: tag must be two digits from 02 to 51"),
        (TAG, 'tag = "52"', "account 1: tag must be two digits from 02 to 51"),
        (TAG, 'tag = "24-27"', "tags up to 25 are opaque, others are not"),
        (TAG, 'tag = "٤١"', "account 1: tag must be two digits from 02 to 51"),
        (TAG, 'tags = ["41", "40-42"]', "account 1: tags must be tags, each once"),
        (TAG, "tags = []", "account 1: tags must be tags, each once"),
        (TAG, 'tag = "41"\ntags = ["42"]', "account 1: unknown key tag"),
        (IDS, 'ids = [""]', "account 1: ids must be 1 to 32 printable characters"),
        (IDS, 'ids = ["x\u202e"]', "account 1: ids must be 1 to 32 printable characters"),
        (IDS, f'ids = ["{"x" * 33}"]', "account 1: ids must be 1 to 32 printable characters"),
        (SUB, 'sub = "٠٢"', "field: sub must be two digits, or two and two"),
        (SUB, 'sub = "2"', "field: sub must be two digits, or two and two"),
        (SUB, 'sub = "02"\nshortest = 0', "field 02: shortest and longest must be in order"),
        (SUB, 'sub = "02"\nlongest = 100', "field 02: shortest and longest must be in order"),
        (SUB, 'sub = "02"\nshortest = 9\nlongest = 8', "field 02: shortest and longest"),
        (SUB, 'sub = "02"\nname = "a"\n[[account.field]]\nsub = "02"', "sub is there twice"),
        (IDS, IDS + '\none_of = ["03"]', "one_of must be sub-tags of fields"),
        (IDS, IDS + '\nnever = [{ country = "XJ", currency = "1" }]', "never: currency"),
        (IDS, IDS + '\ngroups = ["proxy"]', "groups must be names of groups of this file"),
        ("[[account]]", '[[group]]\nname = "a"\n[[account]]', "group: no account names a"),
        (TOLERATES, 'accepts = { "54" = ["abc"] }', "accepts: 54 must be one of 00, 01,"),
        (TOLERATES, 'accepts = { "62/01" = ["x"] }', "accepts: 62/01 must be one of 00, 01,"),
        (TOLERATES, 'accepts = { "59" = ["\u202e"] }', "accepts: 59 must be of the object's form"),
        (TOLERATES, 'accepts = { "58" = ["kh"] }', "accepts: 58 must be one of countries"),
        (TOLERATES, 'plain = ["62"]', "plain must be tags from 65 on"),
        (TOLERATES, STAMPS, "validity: template must be one of templates"),
        (TOLERATES, 'plain = ["99"]\ntemplates = ["99"]', "plain must not be among templates"),
        (
            TOLERATES,
            'unpayable = [{ kinds = ["x"], why = "y" }]',
            "kinds must be kinds of this file",
        ),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused_by_name_and_key(
    old: str, new: str, part: str
) -> None:
    assert part in refused(changed(old, new))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('name = "shop"', 'name = "shop"\nlongest = 513', "link 1: field to: shortest and longest"),
        ('holds = "query"', 'holds = "query"\nlongest = 9999', "link 1: longest must be from 1"),
        ('holds = "query"', 'holds = "objects"', "link 1: reads must have the group held and size"),
        ('"yama:(?P<held>.*)"', '"yama:.*"', "link 1: reads must have the group held"),
        ('key = "to"', 'key = "to"\nname = "a"\n[[link.field]]\nkey = "to"', "key is there twice"),
    ],
)
def test_a_link_has_limits_within_its_own(old: str, new: str, part: str) -> None:
    assert part in refused(changed(old, new, LINK))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("length = 8", "length = 7", "form 7: parts must fit"),
        ("user = 4", "user = 0", "form 8: parts must fit"),
        (
            "user = 4 }",
            'user = 4 }\nvalues = { shop = "1" }',
            "form 8: values must be of its parts",
        ),
        ("[[payer", "[[payer_code.form]]\nlength = 8\n[[payer", "form must be one of each length"),
    ],
)
def test_digits_have_parts_within_their_length(old: str, new: str, part: str) -> None:
    assert read_scheme(PAYER, "yama.toml").payer_code
    assert part in refused(changed(old, new, PAYER))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("crc_lower_case", "bad_crc", "tolerates: bad_crc is no word"),
        ("longest = 25", "longest = 100", "field 59: shortest and longest"),
        ('path = "59"', 'path = "٥٩"', "path must be two digits"),
        ('path = "59"', 'path = "62/1"', "path must be two digits"),
    ],
)
def test_the_file_about_every_code_is_judged_too(old: str, new: str, part: str) -> None:
    with pytest.raises(SchemeError, match=re.escape(part)):
        read_base(changed(old, new, BASE), "base.toml")


def test_accounts_share_the_fields_of_a_group_and_have_their_own() -> None:
    group = """
[[group]]
name = "shop"
[[group.field]]
sub = "01"
name = "shop"
[[account]]
tags = ["42-43", "45"]
kind = "branch"
ids = ["xj.yama.branch"]
groups = ["shop"]
[[account]]"""
    text = changed("[[account]]", group, changed(IDS, f'{IDS}\ngroups = ["shop"]'))
    accounts = {one.tag: one for one in read_scheme(text, "yama.toml").accounts}

    assert list(accounts) == ["42", "43", "45", "41"]
    assert [list(one.fields) for one in accounts.values()] == [["01"]] * 3 + [["01", "02"]]
