"""Why a schema refused a message, in a sentence with a place and a reason code.

libxml2 decides fast but speaks poorly, so a refused message is looked at again with ``xmlschema``,
off the hot path, against the same guideline file. Only the first error is sought. The surprise:
none of the validator's own texts are used, because they quote the values of the message.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, cast

import xmlschema
from lxml import etree

from iso20022 import elements as e
from iso20022.declare import Declaration, Group, Leaf, Node, Repeated
from iso20022.errors import IsoError
from iso20022.reader import place_of, read
from iso20022.scalars import AmountType, Scalar
from iso20022.schema import GUIDELINE

if TYPE_CHECKING:
    from lxml.etree import _Element

DEPTH_MAX: Final = 40
"""Deepest element that is explained; no message of ours comes near, and xmlschema recurses."""

ELEMENTS_MAX: Final = 2000
"""Most elements that are explained: it takes a tenth of a millisecond for each that is wrong."""

TOO_LARGE: Final = "an element or its content is wrong, among too many to say which"

ATTRIBUTES_MAX: Final = 4
"""Most attributes of one element that are explained, for xmlschema takes the square of them."""

NAMESPACES_MAX: Final = 32
"""Most namespace declarations of a message that is explained; xmlschema copies them about."""

_CURRENCY: Final = re.compile("[A-Z]{3}")


@cache
def _schema(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(GUIDELINE / f"{name}.xsd"), allow="local")


def explain(element: _Element, declaration: Declaration) -> IsoError:
    """Return the refusal of a ``Document`` or ``AppHdr`` that its guideline did not admit."""
    top = f"/{declaration.root.tag}"
    if (too_much := excess(element)) is not None:
        return IsoError("security", "FF01", top, too_much)
    if sum(1 for _ in element.iter()) > ELEMENTS_MAX:
        return IsoError("schema", "FF01", top, TOO_LARGE)
    schema = _schema(declaration.name)
    source = xmlschema.XMLResource(element, allow="none")
    try:
        error = next(schema.iter_errors(source, use_location_hints=False), None)
    except xmlschema.XMLSchemaException:
        # An unknown ``xsi:type`` is not an error of the instance to xmlschema but its own failure.
        error = None
    if error is None:
        return IsoError("schema", "FF01", top, "the message does not follow the guideline")
    if isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
        return _children(error, declaration)
    at = _element(error)
    return _content(element if at is None else at, declaration)


def explain_bytes(raw: bytes, name: str) -> str:
    """Return one sentence on why ``raw`` is not a ``name``, or that it is one; for people."""
    try:
        read(raw, names=(name,))
    except IsoError as error:
        return str(error)
    return f"the message is a valid {name}"


def excess(element: _Element) -> str | None:
    """Return what a refused message has too much of, in a sentence; to explain it costs seconds."""
    depth, namespaces = 0, len(element.nsmap)
    for event, found in etree.iterwalk(element, events=("start", "end", "start-ns")):
        if event == "start-ns":
            namespaces += 1
        else:
            depth += 1 if event == "start" else -1
        if depth > DEPTH_MAX:
            return "the message is nested too deeply"
        if namespaces > NAMESPACES_MAX:
            return "the message declares too many namespaces"
        if event == "start" and len(found.attrib) > ATTRIBUTES_MAX:
            return "an element has too many attributes"
    return None


def _element(error: xmlschema.XMLSchemaValidationError) -> _Element | None:
    # The validator's types know only the standard library's elements; it was given one of lxml.
    return cast("_Element | None", error.elem)


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _children(
    error: xmlschema.XMLSchemaChildrenValidationError, declaration: Declaration
) -> IsoError:
    element = _element(error)
    assert element is not None, "an error of the children names its parent"
    place = place_of(element)
    present = [_local(child.tag) for child in element]
    names = [_local(getattr(item, "name", None)) for item in (error.expected or ())]
    expected = [name for name in names if name]
    found = present[error.index] if error.index < len(present) else ""
    wanted = expected[0] if expected else ""
    if wanted and wanted not in present:
        listed = " or ".join(expected[:5])
        if _required(f"{place}/{wanted}", declaration) or not found:
            return IsoError(
                "schema", "CH21", f"{place}/{wanted}", f"the element {listed} is missing"
            )
    if found and _declared(f"{place}/{found}", declaration) is None:
        return IsoError("schema", "FF01", place, "an element is not part of the guideline")
    if found:
        detail = f"the element {found} stands in the wrong place or too often"
        return IsoError("schema", "FF01", f"{place}/{found}", detail)
    return IsoError("schema", "FF01", place, "the elements inside are not as the guideline says")


def _content(element: _Element, declaration: Declaration) -> IsoError:
    place = place_of(element)
    node = _declared(place, declaration)
    if not isinstance(node, Leaf):
        return IsoError("schema", "FF01", place, "the element or its attributes are not allowed")
    kind: Scalar | AmountType = node.type
    if isinstance(kind, AmountType) and not _CURRENCY.fullmatch(element.get(e.CURRENCY, "")):
        detail = "the attribute Ccy is missing or not three capital letters"
        return IsoError("schema", "AM11", place, detail)
    return IsoError("schema", kind.code, place, f"the value is not {kind.says}")


def _required(place: str, declaration: Declaration) -> bool:
    node = _declared(place, declaration)
    return isinstance(node, Leaf | Group) and node.required


def _declared(place: str, declaration: Declaration) -> Node | None:
    node: Node | None = declaration.root
    for step in place.split("/")[2:]:
        children = node.children if isinstance(node, Group | Repeated) else ()
        node = next((child for child in children if child.tag == step), None)
        if node is None:
            return None
    return node
