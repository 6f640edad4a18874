"""The committed guideline schemas are what the declarations say, and narrower than the base."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from lxml import etree

import iso20022
from iso20022 import DOCUMENTS, HEADERS, build, read
from iso20022.declare import Group, Leaf, Node, Repeated, Signature, Supplement
from iso20022.schema import GUIDELINE, compiled, compiled_together, generate
from tests.iso20022.iso_examples import HEADER, PAYMENT
from tests.iso20022.iso_strategies import WITHOUT_BASE
from tests.iso20022.mutations import mutated

BASE = Path(__file__).resolve().parents[2].parent / "shared" / "xsd"
XS = "{http://www.w3.org/2001/XMLSchema}"
WITH_BASE = sorted({*DOCUMENTS, *HEADERS} - WITHOUT_BASE)


def test_every_committed_schema_is_current() -> None:
    on_disk = {path.name: path.read_text("utf-8") for path in GUIDELINE.glob("*.xsd")}

    assert generate() == on_disk, "run `python -m iso20022.guideline` and commit the result"


@pytest.mark.parametrize("name", [*DOCUMENTS, *HEADERS])
def test_every_schema_compiles(name: str) -> None:
    assert isinstance(compiled(name), etree.XMLSchema)


class Base:
    """The element tree of a base schema, by type name."""

    def __init__(self, name: str) -> None:
        root = etree.parse(BASE / f"{name}.xsd").getroot()
        self.types = {e.get("name"): e for e in root.iter(f"{XS}complexType")}
        self.root = next(e for e in root if e.tag == f"{XS}element")

    def children(self, kind: str | None) -> list[etree._Element]:
        found = self.types.get(kind)
        return [] if found is None else list(found.iter(f"{XS}element"))


def walk(base: Base, node: Node, element: etree._Element, place: str) -> None:
    here = f"{place}/{node.tag}"
    assert node.tag == element.get("name"), here
    occurs = element.get("maxOccurs", "1")
    times = node.times if isinstance(node, Leaf | Repeated) else 1
    assert occurs == "unbounded" or times <= int(occurs), here
    if isinstance(node, Signature | Supplement | Leaf):
        return
    inner = {e.get("name"): e for e in base.children(element.get("type"))}
    order = list(inner)
    tags = [child.tag for child in node.children]
    assert set(tags) <= set(order), f"{here}: {set(tags) - set(order)}"
    assert sorted(tags, key=order.index) == tags, f"{here}: not in ISO order"
    for child in node.children:
        walk(base, child, inner[child.tag], here)
    if not (isinstance(node, Group) and node.choice):
        declared = {
            c.tag for c in node.children if isinstance(c, Leaf | Group | Repeated) and c.required
        }
        parent = base.types[element.get("type")]
        if next(iter(parent)).tag == f"{XS}sequence":
            needed = {n for n, e in inner.items() if e.get("minOccurs", "1") == "1"}
            assert needed <= declared, f"{here}: base requires {needed - declared}"


@pytest.mark.skipif(not BASE.is_dir(), reason="the ISO base schemas are not beside the project")
@pytest.mark.parametrize("name", WITH_BASE)
def test_elements_order_and_presence_stay_inside_the_base_schema(name: str) -> None:
    base = Base(name)
    declaration = DOCUMENTS.get(name) or HEADERS[name]

    walk(base, declaration.root, base.root, "")


def test_the_list_of_public_names_is_complete() -> None:
    assert sorted(iso20022.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n)) == list(
        iso20022.__all__
    )
    assert all(hasattr(iso20022, name) for name in iso20022.__all__)


def test_what_both_guidelines_admit_as_one_each_of_them_admits() -> None:
    header, name = "head.001.001.02", "pacs.008.001.08"
    raw = build(name, PAYMENT, header_name=header, header=HEADER)
    source = Random(20_261_122)
    outcomes: set[tuple[bool, bool]] = set()

    for _ in range(1500):
        try:
            root = etree.fromstring(mutated(raw, source))
        except etree.XMLSyntaxError:
            continue
        together = compiled_together(header, name).validate(root)
        apart = len(root) == 2 and all(
            compiled(each).validate(part) for each, part in zip((header, name), root, strict=True)
        )
        outcomes.add((together, apart))
        assert apart or not together

    assert {(True, True), (False, False)} <= outcomes


def test_foreign_data_in_the_namespace_of_the_header_is_none_of_the_headers_business() -> None:
    header, name = "head.001.001.02", "pacs.008.001.08"
    inside = f'<Envlp><AppHdr xmlns="{HEADERS[header].namespace}"><Odd/></AppHdr></Envlp>'
    raw = build(name, PAYMENT, header_name=header, header=HEADER).replace(
        b"</CdtTrfTxInf>", f"<SplmtryData>{inside}</SplmtryData></CdtTrfTxInf>".encode()
    )

    assert not compiled_together(header, name).validate(etree.fromstring(raw))
    assert read(raw, names={name}).values == PAYMENT
