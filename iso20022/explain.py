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
from iso20022.places import local_name, place_of, unnumbered
from iso20022.scalars import AmountType, Scalar
from iso20022.schema import GUIDELINE, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element, _LogEntry

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
_PREFIXED: Final = re.compile(r"/([^/:*\[\]]+:[^/:*\[\]]+)")


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
        return _unsaid(pointed_at(element, compiled(declaration.name)), declaration)
    if isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
        return _children(error, declaration)
    at = _element(error)
    return _content(element if at is None else at, declaration)


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


def pointed_at(part: _Element, schema: etree.XMLSchema) -> _Element:
    """Return the element at which libxml2 refuses ``part``, for what xmlschema lets pass."""
    schema.validate(part)
    # The stubs of lxml do not know that the log can be gone through and that a path finds elements.
    entries = cast("Iterable[_LogEntry]", schema.error_log)
    path = next((entry.path for entry in entries), None)
    if path is None:
        return part
    # libxml2 writes prefixes that the path alone does not bind; a name is the same with or without.
    unbound = _PREFIXED.sub(r"/*[name()='\1']", path.partition("/@")[0])
    try:
        found = cast("list[_Element]", etree.ElementTree(part).xpath(unbound))
    except etree.XPathError:
        return part
    return found[0] if found else part


def _element(error: xmlschema.XMLSchemaValidationError) -> _Element | None:
    # The validator's types know only the standard library's elements; it was given one of lxml.
    return cast("_Element | None", error.elem)


def _children(
    error: xmlschema.XMLSchemaChildrenValidationError, declaration: Declaration
) -> IsoError:
    element = _element(error)
    assert element is not None, "an error of the children names its parent"
    place = place_of(element)
    present = [local_name(child.tag) for child in element]
    names = [local_name(getattr(item, "name", None)) for item in (error.expected or ())]
    expected = [name for name in names if name]
    found = present[error.index] if error.index < len(present) else ""
    wanted = expected[0] if expected else ""
    node = _declared(place, declaration)
    either = isinstance(node, Group) and node.choice
    if wanted and wanted not in present:
        listed = " or ".join(expected[:5])
        if not found or (_required(f"{place}/{wanted}", declaration) and not either):
            return IsoError(
                "schema", "CH21", f"{place}/{wanted}", f"the element {listed} is missing"
            )
    if not found:
        detail = "the elements inside are not as the guideline says"
        return IsoError("schema", "FF01", place, detail)
    at = place_of(element[error.index])
    if _declared(at, declaration) is None:
        hint = f"; {' or '.join(expected[:5])} may stand here" if either and expected else ""
        # The step is not named where it is not ours: a name can be a value as well.
        return IsoError("schema", "FF01", place, f"an element is not part of the guideline{hint}")
    detail = f"the element {found} stands in the wrong place or too often"
    return IsoError("schema", "FF01", at, detail)


def _unsaid(element: _Element, declaration: Declaration) -> IsoError:
    """Refuse an element that only libxml2 refuses."""
    if set(element.attrib) - {e.CURRENCY}:
        detail = "the element has an attribute that is not allowed"
        return IsoError("schema", "FF01", place_of(element), detail)
    return _content(element, declaration)


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
    for step in unnumbered(place)[1:]:
        children = node.children if isinstance(node, Group | Repeated) else ()
        node = next((child for child in children if child.tag == step), None)
        if node is None:
            return None
    return node
