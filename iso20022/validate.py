"""A verdict on any file: is it the message that it says, and if not, which layer refuses it.

Without a folder of base schemas a file is held to our guideline and the rules, as the switch would
hold it; with one, each AppHdr and Document is held to the base schema of its namespace, in whatever
envelope it travels, and to the rules only if asked. The surprise: a version of which the folder has
no schema passes when ISO 20022 has such a message, and the verdict says that no schema was held.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from iso20022 import elements as e
from iso20022.catalogue import refusal_unheld
from iso20022.envelope import Parts, find_parts, parse_any
from iso20022.errors import IsoError, Layer
from iso20022.messages import DOCUMENTS
from iso20022.reader import ENVELOPE, parse, read_document
from iso20022.sight import look
from iso20022.tree_rules import CLOCK_TOLERANCE, faults

if TYPE_CHECKING:
    from lxml.etree import _Element

DATED_AHEAD_MAX: Final = timedelta(days=366)
"""Without a moment of judgement a file may be older than its reader's clock says, within reason."""

SCHEMAS_MAX: Final = 100
"""Base schemas kept compiled, a few milliseconds each."""

NOT_HELD: Final = "no base schema is held for this version; only its first elements were looked at"


class Verdict(NamedTuple):
    """What was found in a file; ``layer`` is ``None`` when nothing refuses it.

    ``detail`` of a valid file is empty or says what could not be checked.
    """

    message: str | None
    layer: Layer | None = None
    code: str | None = None
    path: str | None = None
    detail: str | None = None

    @property
    def valid(self) -> bool:
        """Whether nothing refuses the file."""
        return self.layer is None

    @property
    def error(self) -> IsoError | None:
        """What refuses the file, for the choice of an answer; ``None`` when it is valid."""
        if self.layer is None:
            return None
        return IsoError(self.layer, self.code or "", self.path or "", self.detail or "")


class Judgement(NamedTuple):
    """How to judge: under ``base`` or, where that is ``None``, under our guideline.

    ``rules`` adds the rules to a base schema. ``now`` is the reader's clock, ``at`` the moment of
    judgement where one is given.
    """

    now: datetime
    at: datetime | None = None
    base: Path | None = None
    rules: bool = True


def validate(raw: bytes, judgement: Judgement) -> Verdict:
    """Return the verdict on one file; never raises, whatever the bytes are."""
    parts: Parts | None = None
    detail: str | None = None
    try:
        root = parse_any(raw)
        if judgement.base is None:
            # What the switch refuses besides: comments, above all.
            root = parse(raw)
        parts = find_parts(root)
        if judgement.base is None:
            _hold_to_guideline(root, parts)
        else:
            detail = _hold_to_base(root, parts, judgement.base)
        if judgement.rules or judgement.base is None:
            _hold_to_rules(parts, judgement)
    except IsoError as error:
        name = None if parts is None else parts.name
        return Verdict(name, error.layer, error.code, error.path, error.detail)
    return Verdict(parts.name, detail=detail)


def _hold_to_guideline(root: _Element, parts: Parts) -> None:
    if parts.document is None:
        raise IsoError("schema", "CH21", e.AT_DOCUMENT, "there is no Document")
    if root.tag not in {ENVELOPE, parts.document.tag}:
        root = etree.Element(ENVELOPE)
        root.extend(part for part in (parts.header, parts.document) if part is not None)
    read_document(root, names=DOCUMENTS)


def _hold_to_base(root: _Element, parts: Parts, base: Path) -> str | None:
    """Hold both parts to their schemas; return what could not be checked, if anything."""
    held = _held(base)
    if parts.header is not None:
        if parts.header_name not in held:
            raise IsoError("schema", "FF01", e.AT_HEADER, "the header's version is not known")
        _hold(parts.header, base / f"{parts.header_name}.xsd")
    if parts.document is None:
        if root is not parts.header:
            raise IsoError("schema", "CH21", e.AT_DOCUMENT, "there is no Document")
        return None
    if parts.document_name in held and not parts.foreign:
        _hold(parts.document, base / f"{parts.document_name}.xsd")
        return None
    if not parts.foreign:
        refusal = refusal_unheld(parts.document_name, parts.document, held)
        if refusal is not None:
            raise refusal
    return NOT_HELD


def _hold(part: _Element, schema: Path) -> None:
    if not _compiled(schema).validate(part):
        # Imported here because xmlschema costs a tenth of a second and only refusals need it.
        from iso20022.explain_base import explain_base

        raise explain_base(part, schema)


def _hold_to_rules(parts: Parts, judgement: Judgement) -> None:
    at = judgement.at
    latest = judgement.now + DATED_AHEAD_MAX if at is None else at + CLOCK_TOLERANCE
    name = "" if parts.foreign else parts.document_name
    sight = look(name, parts.header, parts.document, at=at, latest=latest)
    fault = next(faults(sight), None)
    if fault is not None:
        raise IsoError("rule", fault.code, fault.path, fault.rule.detail)


@lru_cache(maxsize=4)
def _held(base: Path) -> frozenset[str]:
    return frozenset(path.stem for path in base.glob("*.xsd"))


@lru_cache(maxsize=SCHEMAS_MAX)
def _compiled(schema: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(schema))
