"""From a validated tree to flat fields: one pass over the elements, most of them not even named.

A declaration is compiled into states: in each, the next element's tag says what it is, and where
the schema leaves no choice the tag is not looked at. That holds because the guideline has admitted
the tree and no declaration of this kind can be read in two ways, which compiling checks; a
declaration that can, and a message with anything unknown in it (the supplementary data of others,
a signature), is walked level by level instead, where what is unknown is not entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from iso20022 import elements as e
from iso20022.declare import Declaration, Group, Leaf, Node, Repeated, Signature, Supplement
from iso20022.errors import Breach, IsoError
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.places import place_of
from iso20022.rules import Values
from iso20022.scalars import AmountType, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

_CURRENCY: Final = e.CURRENCY

# What an element is to the walk; plain numbers, because each is compared for each element.
_GROUP: Final = 0
_PLAIN: Final = 1
_TEXT: Final = 2
_AMOUNT: Final = 3
_SEVERAL: Final = 4
_ROW: Final = 5
_WORDS: Final = 6


class _Entry:
    """One element of a declaration: its field, how it is read, and what may come next.

    ``next`` maps the tags that can follow, of all levels; ``forced`` is the one that must.
    ``inside`` holds the element's own children, and ``level`` counts the rows around it.
    """

    __slots__ = ("amount", "field", "forced", "inside", "kind", "level", "next", "read")

    def __init__(
        self,
        kind: int,
        level: int,
        field: str = "",
        read: Callable[..., object] = str,
        *,
        amount: bool = False,
    ) -> None:
        self.kind = kind
        self.level = level
        self.field = field
        self.read = read
        self.amount = amount
        self.next: dict[str, _Entry] = {}
        self.inside: dict[str, _Entry] = {}
        self.forced: _Entry | None = None


@dataclass(frozen=True, slots=True)
class _Walker:
    """A compiled declaration; ``flat`` when one pass can read it."""

    root: _Entry
    flat: bool


def collect(element: _Element, name: str) -> Values:
    """Return the fields of a message or header whose guideline has admitted ``element``.

    Raises :class:`IsoError` of layer ``rule`` for a value that breaks a rule of its type.
    """
    walker = _walker(name)
    if walker.flat:
        try:
            return _pass(element, walker.root)
        except KeyError:
            # An element that no field stands for: it is not entered below.
            pass
    values: dict[str, object] = {}
    _descend(element, walker.root.inside, values)
    return values


def read_in_one_pass(name: str) -> bool:
    """Whether a declaration leaves no doubt about what an element is from its tag alone."""
    return _walker(name).flat


def _pass(element: _Element, root: _Entry) -> Values:
    values: dict[str, object] = {}
    target, rows, level = values, [values], 0
    elements = element.iter("*")
    child = next(elements)
    entry = root
    try:
        for child in elements:
            entry = entry.forced or entry.next[child.tag]
            kind = entry.kind
            if not kind:
                continue
            if entry.level != level:
                level = entry.level
                del rows[level + 1 :]
                target = rows[level]
            if kind == _WORDS:
                text = child.text or ""
                # Letters and digits alone break no rule of a text.
                target[entry.field] = text if text.isalnum() else entry.read(text)
            elif kind == _TEXT:
                target[entry.field] = entry.read(child.text or "")
            elif kind == _PLAIN:
                target[entry.field] = child.text or ""
            elif kind == _AMOUNT:
                target[entry.field] = entry.read(child.text or "", child.get(_CURRENCY, ""))
            elif kind == _SEVERAL:
                _append(target, entry.field, _value(child, entry))
            else:
                row: dict[str, object] = {}
                _append(target, entry.field, row)
                level += 1
                rows[level:] = (row,)
                target = row
    except Breach as breach:
        raise _refusal(breach, child) from None
    return values


def _descend(element: _Element, inside: dict[str, _Entry], target: dict[str, object]) -> None:
    """Collect the fields below ``element`` level by level; what is unknown is not entered."""
    for child in element:
        entry = inside.get(child.tag)
        if entry is None:
            continue
        if entry.kind == _GROUP:
            _descend(child, entry.inside, target)
        elif entry.kind == _ROW:
            row: dict[str, object] = {}
            _descend(child, entry.inside, row)
            _append(target, entry.field, row)
        else:
            try:
                value = _value(child, entry)
            except Breach as breach:
                raise _refusal(breach, child) from None
            if entry.kind == _SEVERAL:
                _append(target, entry.field, value)
            elif entry.field in target:
                detail = "the element is given in two places"
                raise IsoError("schema", "FF01", place_of(child), detail)
            else:
                target[entry.field] = value


def _value(child: _Element, entry: _Entry) -> object:
    text = child.text or ""
    if entry.amount:
        return entry.read(text, child.get(_CURRENCY, ""))
    return entry.read(text)


def _append(target: dict[str, object], name: str, value: object) -> None:
    earlier = target.get(name, ())
    target[name] = (*earlier, value) if isinstance(earlier, tuple) else (value,)


def _refusal(breach: Breach, child: _Element) -> IsoError:
    return IsoError("rule", breach.rule.code, place_of(child), breach.rule.detail)


@cache
def _walker(name: str) -> _Walker:
    declaration: Declaration = DOCUMENTS[name] if name in DOCUMENTS else HEADERS[name]
    return _Compiler(f"{{{declaration.namespace}}}").walker(declaration.root)


class _Compiler:
    """Compiles one declaration; ``flat`` falls when an element could be read in two ways."""

    def __init__(self, space: str) -> None:
        self._space: Final = space
        self._flat = True

    def walker(self, root: Group) -> _Walker:
        entry = self._entry(root, 0)
        self._group(root, entry, {}, frozenset(), None)
        return _Walker(entry, self._flat)

    def _entry(self, node: Node, level: int) -> _Entry:
        if isinstance(node, Leaf):
            amount = isinstance(node.type, AmountType)
            several = node.times > 1
            kind = _SEVERAL if several else _AMOUNT if amount else _TEXT
            if kind == _TEXT and isinstance(node.type, Scalar):
                kind = _PLAIN if node.type.plain else _WORDS if node.type.words else _TEXT
            return _Entry(kind, level, node.field, node.type.read, amount=amount)
        if isinstance(node, Repeated):
            return _Entry(_ROW, level, node.field)
        return _Entry(_GROUP, level)

    def _group(
        self,
        group: Group | Repeated,
        entry: _Entry,
        outer: dict[str, _Entry],
        after: frozenset[str],
        follow: _Entry | None,
    ) -> None:
        """Compile what is inside ``group``.

        ``outer`` are the states around it, ``after`` the tags that may come when it has ended,
        ``follow`` the element that then must come.
        """
        level = entry.level + isinstance(group, Repeated)
        choice = isinstance(group, Group) and group.choice
        # A signature is nobody's field: unknown here, it is never entered.
        nodes = tuple(node for node in group.children if not isinstance(node, Signature))
        found = [self._entry(node, level) for node in nodes]
        tags = [self._space + node.tag for node in nodes]
        entry.inside = dict(zip(tags, found, strict=True))
        entry.next = {**outer, **entry.inside}
        if not after.isdisjoint(tags) or len(entry.inside) != len(nodes):
            self._flat = False
        entry.forced = found[0] if nodes and not choice and _must(nodes[0]) else None
        for at, node in enumerate(nodes):
            then = after if choice else after.union(tags[at + 1 :])
            if choice or at + 1 == len(nodes):
                forced = follow
            else:
                forced = found[at + 1] if _must(nodes[at + 1]) else None
            self._inside(node, found[at], entry.next, then, forced, tags[at])

    def _inside(
        self,
        node: Node,
        entry: _Entry,
        outer: dict[str, _Entry],
        after: frozenset[str],
        follow: _Entry | None,
        tag: str,
    ) -> None:
        if isinstance(node, Group):
            self._flat = self._flat and not node.read_only
            self._group(node, entry, outer, after, follow)
        elif isinstance(node, Repeated):
            self._group(node, entry, outer, after | {tag}, None)
        elif isinstance(node, Supplement):
            self._supplement(node, entry, outer, after | {tag})
        else:
            entry.next = outer
            entry.forced = None if entry.kind == _SEVERAL else follow

    def _supplement(
        self, node: Supplement, entry: _Entry, outer: dict[str, _Entry], after: frozenset[str]
    ) -> None:
        envelope = _Entry(_GROUP, entry.level)
        place = _Entry(_GROUP, entry.level)
        entry.inside = {
            self._space + e.PLACE_AND_NAME: place,
            self._space + e.ENVELOPE: envelope,
        }
        entry.next = {**outer, **entry.inside}
        place.next = entry.next
        for part in node.parts:
            own = _Compiler(f"{{{part.namespace}}}")
            root = _Entry(_GROUP, entry.level)
            envelope.inside[f"{{{part.namespace}}}{part.root.tag}"] = root
            own._group(part.root, root, entry.next, after, None)
            self._flat = self._flat and own._flat
        envelope.next = envelope.inside


def _must(node: Node) -> bool:
    return isinstance(node, Leaf | Group) and node.required
