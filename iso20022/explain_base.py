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
from xmlschema.validators import XsdAttribute, XsdAttributeGroup, XsdElement

from iso20022 import elements as e
from iso20022 import vocabulary
from iso20022.errors import IsoError
from iso20022.explain import ELEMENTS_MAX, TOO_LARGE, excess

if TYPE_CHECKING:
    from pathlib import Path

    from lxml.etree import _Element

SCHEMAS_MAX: Final = 16
"""Schemas kept compiled: each takes a tenth of a second and some megabytes."""

_SHOWN_MAX: Final = 8
_CURRENCY_LENGTH: Final = 3
_LENGTHS: Final = ("length", "maxLength")


class _Found(NamedTuple):
    """The first error: its code, the path below the part, and a sentence."""

    code: str
    steps: tuple[str, ...]
    detail: str


@lru_cache(maxsize=SCHEMAS_MAX)
def _schema(path: Path) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(path), allow="local")


def explain_base(part: _Element, path: Path) -> IsoError:
    """Return the refusal of a ``Document`` or ``AppHdr`` that the schema in ``path`` refused."""
    error: xmlschema.XMLSchemaValidationError | None
    large = sum(1 for _ in part.iter()) > ELEMENTS_MAX
    if (too_much := excess(part) or (TOO_LARGE if large else None)) is not None:
        return IsoError("schema", "FF01", f"/{_local(part.tag)}", too_much)
    try:
        source = xmlschema.XMLResource(part, allow="none")
        error = next(_schema(path).iter_errors(source, use_location_hints=False), None)
    except xmlschema.XMLSchemaException:
        # An unknown ``xsi:type`` is not an error of the instance to xmlschema but its own failure.
        error = None
    if error is None:
        found = _Found("FF01", (_local(part.tag),), "the message does not follow its schema")
    elif isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
        found = _children(error, part)
    else:
        found = _content(error, part)
    return IsoError("schema", found.code, "/" + "/".join(found.steps), found.detail)


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _steps(element: _Element, part: _Element) -> tuple[str, ...]:
    steps = [_local(element.tag)]
    for above in element.iterancestors():
        if element is part:
            break
        steps.append(_local(above.tag))
        element = above
    return tuple(reversed(steps))


def _children(error: xmlschema.XMLSchemaChildrenValidationError, part: _Element) -> _Found:
    element = cast("_Element", error.elem)
    steps = _steps(element, part)
    children = list(element.iterchildren(etree.Element))
    present = [_local(child.tag) for child in children]
    found = present[error.index] if error.index < len(present) else ""
    expected = [item for item in error.expected or () if isinstance(item, XsdElement)]
    needed = [_local(item.name) for item in expected if item.min_occurs]
    names = [_local(item.name) for item in expected]
    missing = [name for name in needed or names if name not in present]
    if missing and (needed or not found):
        one = missing[0] if len(expected) > 1 and needed else " or ".join(missing[:_SHOWN_MAX])
        return _Found("CH21", (*steps, missing[0]), f"the element {one} is missing")
    if not found:
        return _Found("FF01", steps, "the elements inside are not as the schema says")
    return _misplaced(children[error.index], (*steps, found), names)


def _misplaced(child: _Element, steps: tuple[str, ...], names: list[str]) -> _Found:
    if (etree.QName(child).namespace or "") == "":
        return _Found("FF01", steps, "the element has no namespace")
    hint = f"; {' or '.join(names[:_SHOWN_MAX])} may stand here" if names else ""
    detail = f"the element is not known here, in the wrong place or there too often{hint}"
    return _Found("FF01", steps, detail)


def _content(error: xmlschema.XMLSchemaValidationError, part: _Element) -> _Found:
    at = cast("_Element | None", error.elem)
    element = part if at is None else at
    steps = _steps(element, part)
    currency = element.get(e.CURRENCY)
    wrong = e.CURRENCY in element.attrib and not _is_currency(currency)
    if wrong or isinstance(error.validator, XsdAttribute | XsdAttributeGroup):
        return _attribute(element, steps)
    return _Found(_code(steps, element), steps, _sentence(error))


def _is_currency(code: str | None) -> bool:
    return bool(code) and len(code or "") == _CURRENCY_LENGTH and (code or "").isupper()


def _attribute(element: _Element, steps: tuple[str, ...]) -> _Found:
    if not _is_currency(element.get(e.CURRENCY)) and steps[-1].endswith(e.AMOUNT):
        detail = "the attribute Ccy is missing or not three capital letters"
        return _Found("AM11", steps, detail)
    return _Found("FF01", steps, "an attribute is missing, not allowed or has a wrong value")


def _code(steps: tuple[str, ...], element: _Element) -> str:
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
    name = _local(getattr(facet, "name", "") or getattr(getattr(facet, "elem", None), "tag", ""))
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
