"""Why a base schema refused a message that we may have no declaration of.

libxml2 has decided already; ``xmlschema`` is asked again, off the hot path, for the place and the
kind of the first error, and the reason code follows from the name of the element. The surprise:
as in ``explain``, no text of the validator is used, because it quotes the values of the message.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import xmlschema
from lxml import etree
from xmlschema.validators import XsdAttribute, XsdAttributeGroup, XsdElement, XsdGroup

from iso20022 import elements as e
from iso20022 import vocabulary
from iso20022.errors import IsoError
from iso20022.explain import ELEMENTS_MAX, TOO_LARGE, excess, pointed_at
from iso20022.places import local_name, place_of, unnumbered

if TYPE_CHECKING:
    from pathlib import Path

    from lxml.etree import _Element

SCHEMAS_MAX: Final = 16
"""Schemas kept compiled: each takes a tenth of a second and some megabytes."""

_SHOWN_MAX: Final = 8
_CURRENCY_LENGTH: Final = 3
_LENGTHS: Final = ("length", "maxLength")


class _Found(NamedTuple):
    """The first error: its code, its place, and a sentence."""

    code: str
    place: str
    detail: str


@lru_cache(maxsize=SCHEMAS_MAX)
def _schema(path: Path) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(path), allow="local")


def explain_base(part: _Element, path: Path) -> IsoError:
    """Return the refusal of a ``Document`` or ``AppHdr`` that the schema in ``path`` refused."""
    error: xmlschema.XMLSchemaValidationError | None
    large = sum(1 for _ in part.iter()) > ELEMENTS_MAX
    if (too_much := excess(part) or (TOO_LARGE if large else None)) is not None:
        return IsoError("schema", "FF01", f"/{local_name(part.tag)}", too_much)
    try:
        source = xmlschema.XMLResource(part, allow="none")
        error = next(_schema(path).iter_errors(source, use_location_hints=False), None)
    except xmlschema.XMLSchemaException:
        # An unknown ``xsi:type`` is not an error of the instance to xmlschema but its own failure.
        error = None
    if error is None:
        element = pointed_at(part, etree.XMLSchema(etree.parse(path)))
        place = _place(element, part)
        found = _Found(_code(place, element), place, "the element is not as the schema says")
    elif isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
        found = _children(error, part)
    else:
        found = _content(error, part)
    return IsoError("schema", found.code, found.place, found.detail)


def _place(element: _Element, part: _Element) -> str:
    levels = len(list(element.iterancestors())) - len(list(part.iterancestors())) + 1
    return place_of(element, levels)


def _children(error: xmlschema.XMLSchemaChildrenValidationError, part: _Element) -> _Found:
    element = cast("_Element", error.elem)
    place = _place(element, part)
    children = list(element.iterchildren(etree.Element))
    present = [local_name(child.tag) for child in children]
    found = present[error.index] if error.index < len(present) else ""
    expected = [item for item in error.expected or () if isinstance(item, XsdElement)]
    either = len(expected) > 1 and all(_in_choice(item) for item in expected)
    needed = [] if either else [local_name(item.name) for item in expected if item.min_occurs]
    names = [local_name(item.name) for item in expected]
    missing = [name for name in needed or names if name not in present]
    if missing and (needed or not found):
        one = missing[0] if len(expected) > 1 and needed else " or ".join(missing[:_SHOWN_MAX])
        return _Found("CH21", f"{place}/{missing[0]}", f"the element {one} is missing")
    if not found:
        return _Found("FF01", place, "the elements inside are not as the schema says")
    return _misplaced(children[error.index], part, names)


def _in_choice(item: XsdElement) -> bool:
    group = item.parent
    return isinstance(group, XsdGroup) and group.model == "choice"


def _misplaced(child: _Element, part: _Element, names: list[str]) -> _Found:
    place = _place(child, part)
    if (etree.QName(child).namespace or "") == "":
        return _Found("FF01", place, "the element has no namespace")
    hint = f"; {' or '.join(names[:_SHOWN_MAX])} may stand here" if names else ""
    detail = f"the element is not known here, in the wrong place or there too often{hint}"
    return _Found("FF01", place, detail)


def _content(error: xmlschema.XMLSchemaValidationError, part: _Element) -> _Found:
    at = cast("_Element | None", error.elem)
    element = part if at is None else at
    place = _place(element, part)
    currency = element.get(e.CURRENCY)
    wrong = e.CURRENCY in element.attrib and not _is_currency(currency)
    if wrong or isinstance(error.validator, XsdAttribute | XsdAttributeGroup):
        return _attribute(element, place)
    return _Found(_code(place, element), place, _sentence(error))


def _is_currency(code: str | None) -> bool:
    return bool(code) and len(code or "") == _CURRENCY_LENGTH and (code or "").isupper()


def _attribute(element: _Element, place: str) -> _Found:
    if not _is_currency(element.get(e.CURRENCY)) and unnumbered(place)[-1].endswith(e.AMOUNT):
        detail = "the attribute Ccy is missing or not three capital letters"
        return _Found("AM11", place, detail)
    return _Found("FF01", place, "an attribute is missing, not allowed or has a wrong value")


def _code(place: str, element: _Element) -> str:
    steps = tuple(unnumbered(place))
    debtor = vocabulary.is_debtor_side(steps)
    if steps[-1] in vocabulary.BICS:
        return "RC03" if debtor else "RC04"
    if steps[-1] in vocabulary.COUNTRIES:
        return "BE10" if debtor else "BE11"
    if steps[-1] == e.IBAN:
        return "AC02" if debtor else "AC03"
    return "AM12" if e.CURRENCY in element.attrib else "FF01"


def _sentence(error: xmlschema.XMLSchemaValidationError) -> str:
    """Say what the type wants, from the facets of the schema, which hold nothing of a message."""
    facet = error.validator
    name = local_name(
        getattr(facet, "name", "") or getattr(getattr(facet, "elem", None), "tag", "")
    )
    value = getattr(facet, "value", None)
    if name == "enumeration":
        values = [str(each) for each in getattr(facet, "enumeration", ())]
        return f"the value is not one of {', '.join(values[:_SHOWN_MAX])}"
    if name in _LENGTHS:
        return f"the text has more than {value} characters"
    if name == "minLength":
        return f"the text has fewer than {value} characters"
    if name == "pattern":
        patterns = [str(each) for each in getattr(facet, "regexps", ())]
        return f"the value does not have the form {' or '.join(patterns[:1])}"
    if name in {"totalDigits", "fractionDigits"}:
        kind = "digits" if name == "totalDigits" else "decimals"
        return f"the number has more than {value} {kind}"
    if name == "minInclusive":
        return f"the number is less than {value}"
    return f"the value is not of the type {name}" if name else "the value is not as the schema says"
