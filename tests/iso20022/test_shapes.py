"""A message read by its shape says what its tree says, value for value, or is left to its tree.

Both roads are taken with the same bytes: written by us, laid out otherwise, damaged in structure
and in values. Shapes are kept between messages, so a shape that one message leaves behind is what
the next one is read by.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from iso20022 import DOCUMENTS, IsoError, Message, build, read, read_document, reader, shapes
from iso20022.declare import ISO
from tests.iso20022.iso_examples import HEADER, PAYMENT, STATUS
from tests.iso20022.iso_strategies import documents
from tests.iso20022.mutations import mutated
from tests.iso20022.signature_parts import FORMS, NAMES, SIGNED, verifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from iso20022.signature_profile import Profile

NAME = "pacs.008.001.08"
VALID = build(NAME, PAYMENT, header_name="head.001.001.02", header=HEADER)
BARE = build(NAME, PAYMENT)
END = b"</CdtTrfTxInf>"
FOREIGN = (
    b'<SplmtryData><Envlp><x:Any xmlns:x="urn:example:1"><x:Nm>Another</x:Nm><x:Empty/>'
    b'<Purp xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><Cd>GDDS</Cd></Purp>'
    b"</x:Any></Envlp></SplmtryData></CdtTrfTxInf>"
)


class Roads:
    """Reads on both roads; ``taken`` counts messages that were read by their shape."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken = 0
        self.seen: list[str] = []
        self.by_shape = shapes.collect_by_shape
        self.patch = monkeypatch

    def count(self, text: str, header: str | None, name: str) -> Any:
        found = self.by_shape(text, header, name)
        self.taken += found is not None
        return found

    def outcome(self, reading: Callable[[], Message]) -> object:
        try:
            found = reading()
        except IsoError as error:
            return str(error)
        header = None if found.header is None else list(found.header.items())
        return found.name, found.header_name, header, list(found.values.items())

    def same(self, raw: bytes) -> object:
        """Return what was read, which is the same on both roads, to the order of the fields."""

        def reading() -> Message:
            return read(raw, names=DOCUMENTS)

        return self.same_of(reading)

    def same_of(self, reading: Callable[[], Message]) -> object:
        self.patch.setattr(reader, "collect_by_shape", self.count)
        quick = self.outcome(reading)
        self.patch.setattr(reader, "collect_by_shape", lambda *_: None)
        slow = self.outcome(reading)
        assert slow == quick
        return quick


@pytest.fixture(name="roads")
def _roads(monkeypatch: pytest.MonkeyPatch) -> Roads:
    return Roads(monkeypatch)


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(
    max_examples=5,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(data=st.data(), seed=st.integers(min_value=0, max_value=2**32))
def test_both_roads_say_the_same_of_any_message_and_of_its_damaged_copies(
    roads: Roads, name: str, data: st.DataObject, seed: int
) -> None:
    raw = build(name, data.draw(documents(name)))
    source = Random(seed)
    before = roads.taken

    roads.same(raw)

    assert roads.taken == before + (len(raw.decode()) <= shapes.CHARACTERS_MAX)
    for _ in range(10):
        roads.same(mutated(raw, source))


def _with_values_of_another(raw: bytes, source: Random) -> bytes:
    """Change texts and no tag, so that the shape stays."""
    root = etree.fromstring(raw)
    leaves = [each for each in root.iter() if len(each) == 0 and each.text]
    for _ in range(source.randint(1, 4)):
        leaf = source.choice(leaves)
        leaf.text = source.choice(
            [
                source.choice(leaves).text or "",
                leaf.text or "",
                *(
                    "/a",
                    "a//b",
                    "a/",
                    " a",
                    "a ",
                    " ",
                    "| ",
                    "a\tb",
                    "\u200b",
                    "ស\u200bខ",
                    "<&>\"'",
                ),
                *("0", "0.00", "1.5", " 7 ", "007", "1e3", "XX", "KH", "9" * 14, "Z", "\u0085"),
                *("2026-02-30", "2026-11-21T24:00:00Z", " 2026-11-21T03:15:02Z\n", "true", " 1 "),
            ]
        )
    return etree.tostring(root, encoding=source.choice(["utf-8", "us-ascii"]))


def test_values_of_every_kind_are_read_alike_in_a_shape_that_is_known(roads: Roads) -> None:
    source = Random(20_261_122)
    outcomes = {
        isinstance(roads.same(_with_values_of_another(VALID, source)), str) for _ in range(1500)
    }

    assert outcomes == {True, False}
    assert roads.taken > 100


LAYOUTS = (
    VALID,
    BARE,
    b'<?xml version="1.0" encoding="UTF-8"?>\n' + VALID,
    b"<?xml version='1.0' encoding='utf-8' standalone='yes'?>" + VALID,
    b"\xef\xbb\xbf" + VALID,
    VALID.replace(b"><", b">\n  <"),
    VALID.replace(b"><", b">\n\t<") + b"\n",
    VALID.replace(b"><", b">\r\n  <"),
    VALID.replace(b"</Nm>", b"</Nm\n >"),
    VALID.replace(b"<Nm>", b"<Nm  >"),
    VALID.replace(b'Ccy="KHR"', b"Ccy  =  'KHR'"),
    VALID.replace(b'Ccy="KHR"', b'Ccy="&#75;HR"'),
    VALID.replace(b"Sok Dara", b"&lt;Sok&gt; &amp;amp; &quot;Dara&quot; &apos;&amp;lt;"),
    VALID.replace(b"Sok Dara", "សុខ\u200bដារ៉ា".encode()),
    BARE.replace(END, FOREIGN),
    BARE.replace(
        b"<Document ",
        b'<Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:schemaLocation="urn:x a.xsd" ',
    ),
    BARE.replace(b"<", b"<p:").replace(b"<p:/", b"</p:").replace(b"xmlns=", b"xmlns:p="),
    build("pacs.002.001.10", STATUS),
)
"""Messages whose shape can be learnt."""

ODD = (
    VALID.replace(b"Sok Dara", b"&#83;ok Dara"),
    VALID.replace(b"Sok Dara", b"Sok <![CDATA[Dara]]>"),
    VALID.replace(b"Sok Dara", b"Sok > Dara"),
    VALID.replace(b"Sok Dara", b">"),
    VALID.replace(b"><", b">\r<"),
    VALID.replace(b"><", b">\r\r\n<"),
    BARE.replace(END, FOREIGN.replace(b"<x:Empty/>", b"some <x:b>mixed</x:b> content")),
    BARE.replace(END, FOREIGN.replace(b"<x:Empty/>", b'<x:E a=">x"/>')),
    BARE.replace(END, FOREIGN.replace(b"<x:Empty/>", b'<x:E name="Sok Dara"/>')),
    BARE.replace(b"<RmtInf>", b" " * shapes.CHARACTERS_MAX + b"<RmtInf>"),
)
"""Sound messages that are left to the tree."""


@pytest.mark.parametrize("raw", LAYOUTS, ids=range(len(LAYOUTS)))
def test_a_message_laid_out_in_any_usual_way_is_read_by_its_shape(roads: Roads, raw: bytes) -> None:
    found = [roads.same(raw), roads.same(raw)]

    assert not any(isinstance(each, str) for each in found)
    assert found[0] == found[1]
    assert roads.taken == len(found)


@pytest.mark.parametrize("raw", ODD, ids=range(len(ODD)))
def test_a_message_written_in_an_odd_way_is_left_to_its_tree(roads: Roads, raw: bytes) -> None:
    assert not isinstance(roads.same(raw), str)
    assert roads.taken == 0


@pytest.mark.parametrize("raw", [*LAYOUTS, *ODD], ids=range(len(LAYOUTS) + len(ODD)))
def test_damage_to_any_layout_is_read_alike(roads: Roads, raw: bytes) -> None:
    source = Random(20_261_122)

    for _ in range(60):
        roads.same(mutated(raw, source))


def test_a_text_with_a_value_inside_a_tag_is_not_cut_there(roads: Roads) -> None:
    for attribute in (b'a="x>y"', b"a='>1</Nm'", b'a="&gt;"', b'xmlns:a=">"'):
        roads.same(BARE.replace(b"<Nm>", b"<Nm " + attribute + b">"))
        roads.same(BARE.replace(END, FOREIGN.replace(b"<x:Nm>", b"<x:Nm " + attribute + b">")))


@pytest.mark.parametrize(
    ("profile", "kind"), FORMS, ids=[f"{profile.name}-{kind}" for profile, kind in FORMS]
)
def test_a_signed_message_is_read_by_the_shape_of_what_was_verified(
    roads: Roads, profile: Profile, kind: str
) -> None:
    verified = verifier(profile, kind).verify(SIGNED[profile.name, kind])

    roads.same_of(lambda: read_document(verified, names=NAMES, header=True))

    assert roads.taken == 1


def test_a_shape_holds_nothing_that_a_message_says(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []

    learn = shapes._learnt.__wrapped__

    def learnt(shape: str, header: str | None, name: str) -> Any:
        found = learn(shape, header, name)
        kept.append(shape)
        return found

    monkeypatch.setattr(shapes, "_learnt", learnt)
    for raw in (*LAYOUTS, *ODD):
        read(raw, names=DOCUMENTS)

    said = [str(text) for text in etree.fromstring(VALID).itertext() if text.strip()]
    said += ["Dara", "Another", "mixed", "some", "INV"]
    assert kept
    # What the tags, the currencies and the name of the message hold as well.
    for word in said:
        if word not in {NAME, "1", "CLRG", "THN"} and not NAME.startswith(word):
            assert not [shape for shape in kept if word in shape.replace(ISO, "")]


def test_an_odd_shape_is_not_kept() -> None:
    before = shapes._learnt.cache_info().currsize
    read(ODD[7], names=DOCUMENTS)

    assert shapes._learnt.cache_info().currsize == before


def test_shapes_that_are_kept_have_a_bound() -> None:
    for width in range(shapes.SHAPES_MAX + 20):
        read(BARE.replace(b"<Nm>", b"<Nm" + b" " * width + b">"), names=DOCUMENTS)

    assert shapes._learnt.cache_info().currsize == shapes.SHAPES_MAX


@pytest.mark.parametrize("filling", [b">", b">x", b"&gt;", b"<x:a>>", b"<x:a/>>", b"> "])
def test_text_that_invites_a_second_look_at_each_character_gets_none(filling: bytes) -> None:
    """Squared, a message of this size would take minutes."""
    ends = b"</x:a>" * filling.count(b"<x:a>")
    many = 30_000 // (len(filling) + len(ends))
    inside = b"".join([b"<x:b>", filling * many, b"<x:c/>", ends * many, b"</x:b>"])
    raw = BARE.replace(END, FOREIGN.replace(b"<x:Empty/>", inside))
    text = raw.decode()

    for _ in range(50):
        shapes.collect_by_shape(text, None, NAME)
        shapes.collect_by_shape(text[: shapes.CHARACTERS_MAX], None, NAME)
