"""Guideline schemas: written from the declarations, committed, and loaded from the files.

``python -m iso20022.guideline`` writes them again; a test fails when a file is not what its
declaration says. They keep the namespaces and the order of ISO 20022 and admit less than the base
schemas, so whatever is valid here is valid there.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from lxml import etree

from iso20022 import elements as e
from iso20022.declare import (
    ISO,
    XMLDSIG,
    Declaration,
    Group,
    Leaf,
    Node,
    Repeated,
    Signature,
    Supplement,
)
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.messages.supplementary import NAMESPACES
from iso20022.places import ENVELOPE
from iso20022.scalars import CURRENCY_CODE, AmountType, Scalar

GUIDELINE: Final = Path(__file__).parent / "guideline"
"""Folder of the generated schemas, one per message and one per supplementary namespace."""

SUPPLEMENTS_MAX: Final = 4
"""Most ``SplmtryData`` elements in one place; ISO leaves it open."""

PAIRS_MAX: Final = 64
"""Most pairs of header and document that are kept as one schema, a millisecond each."""

_AMOUNT: Final = "Amount"
_AMOUNT_FACETS: Final = (
    '<xs:totalDigits value="18"/><xs:fractionDigits value="5"/>'
    r'<xs:pattern value="[0-9]{1,15}(\.[0-9]{1,5})?"/>'
)


class _Writer:
    """Collects the lines of one schema and the types that it needs."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.types: dict[str, str] = {}
        self.imports: dict[str, str] = {}

    def node(self, node: Node, indent: int) -> None:
        if isinstance(node, Leaf):
            self._leaf(node, indent)
        elif isinstance(node, Group):
            self.element(node.tag, node.children, indent, node.required, 1, choice=node.choice)
        elif isinstance(node, Repeated):
            self.element(node.tag, node.children, indent, node.required, node.times)
        elif isinstance(node, Supplement):
            self._supplement(node, indent)
        else:
            self._signature(node, indent)

    def element(
        self,
        tag: str,
        children: tuple[Node, ...],
        indent: int,
        required: bool,
        times: int,
        *,
        choice: bool = False,
    ) -> None:
        pad = "  " * indent
        kind = "choice" if choice else "sequence"
        self.lines.append(f'{pad}<xs:element name="{tag}"{_occurs(required, times)}>')
        self.lines.append(f"{pad}  <xs:complexType><xs:{kind}>")
        for child in children:
            self.node(child, indent + 2)
        self.lines.append(f"{pad}  </xs:{kind}></xs:complexType>")
        self.lines.append(f"{pad}</xs:element>")

    def _leaf(self, leaf: Leaf, indent: int) -> None:
        kind = leaf.type
        name = kind.name
        if isinstance(kind, AmountType):
            name = _AMOUNT
            self.types[CURRENCY_CODE.name] = _simple(CURRENCY_CODE)
        self.types[name] = _amount() if isinstance(kind, AmountType) else _simple(kind)
        self.lines.append(
            f'{"  " * indent}<xs:element name="{leaf.tag}" type="{name}"'
            f"{_occurs(leaf.required, leaf.times)}/>"
        )

    def _supplement(self, node: Supplement, indent: int) -> None:
        own = {part.namespace for part in node.parts}
        self.imports |= {ns: f"{stem}.xsd" for stem, (ns, _) in NAMESPACES.items() if ns in own}
        pad = "  " * indent
        self.types["Max350Any"] = (
            '<xs:simpleType name="Max350Any"><xs:restriction base="xs:string">'
            '<xs:minLength value="1"/><xs:maxLength value="350"/>'
            "</xs:restriction></xs:simpleType>"
        )
        self.lines += [
            f'{pad}<xs:element name="{node.tag}" minOccurs="0" maxOccurs="{SUPPLEMENTS_MAX}">',
            f"{pad}  <xs:complexType><xs:sequence>",
            f'{pad}    <xs:element name="{e.PLACE_AND_NAME}" type="Max350Any" minOccurs="0"/>',
            f'{pad}    <xs:element name="{e.ENVELOPE}"><xs:complexType><xs:sequence>',
            f'{pad}      <xs:any namespace="##other" processContents="lax"/>',
            f"{pad}    </xs:sequence></xs:complexType></xs:element>",
            f"{pad}  </xs:sequence></xs:complexType>",
            f"{pad}</xs:element>",
        ]

    def _signature(self, node: Signature, indent: int) -> None:
        pad = "  " * indent
        self.lines += [
            f'{pad}<xs:element name="{node.tag}" minOccurs="0"><xs:complexType><xs:sequence>',
            f'{pad}  <xs:any namespace="{XMLDSIG}" processContents="skip"/>',
            f"{pad}</xs:sequence></xs:complexType></xs:element>",
        ]


def _occurs(required: bool, times: int) -> str:
    text = "" if required else ' minOccurs="0"'
    return text if times == 1 else f'{text} maxOccurs="{times}"'


def _simple(kind: Scalar) -> str:
    return (
        f'<xs:simpleType name="{kind.name}"><xs:restriction base="{kind.base}">'
        f"{kind.facets}</xs:restriction></xs:simpleType>"
    )


def _amount() -> str:
    return (
        '<xs:simpleType name="AmountNumber"><xs:restriction base="xs:decimal">'
        f"{_AMOUNT_FACETS}</xs:restriction></xs:simpleType>\n"
        f'  <xs:complexType name="{_AMOUNT}"><xs:simpleContent><xs:extension base="AmountNumber">'
        f'<xs:attribute name="{e.CURRENCY}" type="{CURRENCY_CODE.name}" use="required"/>'
        "</xs:extension></xs:simpleContent></xs:complexType>"
    )


def _render(namespace: str, roots: tuple[Group, ...]) -> str:
    writer = _Writer()
    for root in roots:
        writer.element(root.tag, root.children, 1, required=True, times=1)
    imports = [
        f'  <xs:import namespace="{name}" schemaLocation="{place}"/>'
        for name, place in writer.imports.items()
    ]
    types = [f"  {text}" for _, text in sorted(writer.types.items())]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<!-- Generated from the declarations in iso20022/messages; do not edit. -->\n"
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"\n'
        f'    xmlns="{namespace}" targetNamespace="{namespace}">\n'
    )
    return head + "\n".join([*imports, *writer.lines, *types]) + "\n</xs:schema>\n"


def generate() -> dict[str, str]:
    """Return file name → text of every guideline schema."""
    every: list[Declaration] = [*HEADERS.values(), *DOCUMENTS.values()]
    found = {f"{d.name}.xsd": _render(d.namespace, (d.root,)) for d in every}
    for stem, (namespace, roots) in NAMESPACES.items():
        found[f"{stem}.xsd"] = _render(namespace, roots)
    return found


@cache
def compiled(name: str) -> etree.XMLSchema:
    """Return the guideline schema of a message, ready to validate; compiled once per process."""
    return etree.XMLSchema(etree.parse(GUIDELINE / f"{name}.xsd"))


@lru_cache(maxsize=PAIRS_MAX)
def compiled_together(header: str, name: str) -> etree.XMLSchema:
    """Return both guidelines as one schema of the envelope, for one look at the whole message.

    What it refuses, they may admit: foreign data in the namespace of the other.
    """
    roots = ((header, e.APPLICATION_HEADER), (name, e.DOCUMENT))
    imports = [
        f'<xs:import namespace="{ISO}{part}" schemaLocation="{part}.xsd"/>' for part, _ in roots
    ]
    elements = [f'<xs:element ref="p:{tag}" xmlns:p="{ISO}{part}"/>' for part, tag in roots]
    text = (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{"".join(imports)}'
        f'<xs:element name="{ENVELOPE}"><xs:complexType><xs:sequence>{"".join(elements)}'
        "</xs:sequence></xs:complexType></xs:element></xs:schema>"
    )
    place = (GUIDELINE / f"{ENVELOPE}.xsd").as_uri()
    return etree.XMLSchema(etree.fromstring(text, base_url=place))
