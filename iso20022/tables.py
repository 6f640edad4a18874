"""The documentation of the messages, written from the declarations as the schemas are.

One table for each family: element, field, type, cardinality inside its parent, the versions that
have it, and the rules that its values are held to. The rules themselves are in a table of their
own. The surprise: versions share one table, because where they differ is what a reader looks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from iso20022 import elements as e
from iso20022.convert import differences, pairs
from iso20022.declare import Declaration, Group, Leaf, Node, Repeated, Supplement, places
from iso20022.messages import DOCUMENTS, HEADERS
from iso20022.scalars import AmountType, Scalar

PAGE: Final = Path(__file__).parent.parent / "docs" / "network-engineer" / "iso20022-messages.md"
"""The committed page; it is beside the package in the source tree only."""

_HEAD: Final = """# ISO 20022 messages

Generated from the declarations in `iso20022/messages` by `python -m iso20022.guideline`; do not \
edit. The schemas in `iso20022/guideline` hold the same. A row is an element: its path below the \
root, the field that it fills, its type, how often it stands inside its parent, the versions that \
have it where not all do, and the rules that its value is held to. An element without a field is a \
group; of a choice exactly one stands. `entries.amount` is the field `amount` of a row of `entries`.
"""


class _Row(NamedTuple):
    path: str
    field: str
    kind: str
    times: str
    rules: str


def messages_page() -> str:
    """Return the page in Markdown."""
    every = (*HEADERS.values(), *DOCUMENTS.values())
    families = [list(group) for group in _families(every)]
    parts = [_HEAD, "## Versions\n", *_overview(families), "", "## Conversions\n", *_conversions()]
    for family in families:
        parts += ["", f"## {_family(family[0])}\n", *_table(family)]
    parts += ["", "## Types\n", *_types(every)]
    return "\n".join(parts) + "\n"


def _family(declaration: Declaration) -> str:
    return declaration.name[:-3]


def _families(every: Iterable[Declaration]) -> Iterable[list[Declaration]]:
    found: dict[str, list[Declaration]] = {}
    for declaration in every:
        found.setdefault(_family(declaration), []).append(declaration)
    return found.values()


def _overview(families: Sequence[list[Declaration]]) -> list[str]:
    lines = ["| message | versions | element | rules |", "| --- | --- | --- | --- |"]
    for family in families:
        versions = ", ".join(d.name[-2:] for d in family)
        newest = family[-1]
        root = newest.root
        body = next((c.tag for c in root.children if root.tag == e.DOCUMENT), root.tag)
        rules = ", ".join(entry.rule.id for entry in newest.rules)
        lines.append(f"| {_family(newest)} | {versions} | `{body}` | {rules} |")
    return lines


_CONVERSIONS: Final = (
    "Every version of a family converts into every other. A field that the target has no element "
    "for is kept in supplementary data of ours and restored from there, or lost; a pair that is "
    "not listed has an element for each. A signature and supplementary data of others are lost."
)


def _conversions() -> list[str]:
    lines = [_CONVERSIONS, "", "| from | to | kept | lost |", "| --- | --- | --- | --- |"]
    for name, to in pairs():
        losses = differences(name, to)
        kept = ", ".join(f"`{loss.field}`" for loss in losses if loss.kept)
        lost = ", ".join(f"`{loss.field}`" for loss in losses if not loss.kept)
        if losses:
            lines.append(f"| {name} | {to} | {kept} | {lost} |")
    return lines


def _table(family: list[Declaration]) -> list[str]:
    """Return the rows of a family; one that only some versions have names them."""
    order: list[_Row] = []
    versions: dict[_Row, list[str]] = {}
    for declaration in reversed(family):
        at = 0
        for row in _rows(declaration):
            if row in versions:
                at = order.index(row) + 1
            else:
                order.insert(at, row)
                at += 1
            versions.setdefault(row, []).insert(0, declaration.name[-2:])
    lines = [
        "| element | field | type | times | versions | rules |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in order:
        some = "" if len(versions[row]) == len(family) else ", ".join(versions[row])
        field = f"`{row.field}`" if row.field else ""
        lines.append(
            f"| `{row.path}` | {field} | {row.kind} | {row.times} | {some} | {row.rules} |"
        )
    return lines


def _rows(declaration: Declaration) -> Iterable[_Row]:
    for path, field, node in places(declaration):
        below_root = path.removeprefix(f"/{declaration.root.tag}").removeprefix("/")
        if below_root:
            yield _Row(below_root, field, _kind(node), _times(node), _rules(node))


def _kind(node: Node) -> str:
    if isinstance(node, Leaf):
        return node.type.name
    if isinstance(node, Group):
        kinds = ("choice" if node.choice else "", "second place" if node.read_only else "")
        return ", ".join(kind for kind in kinds if kind)
    if isinstance(node, Supplement):
        return "supplementary data"
    return "rows" if isinstance(node, Repeated) else "XML signature"


def _times(node: Node) -> str:
    if isinstance(node, Leaf | Repeated):
        return f"{int(node.required)}..{node.times}"
    return f"{int(isinstance(node, Group) and node.required)}..1"


def _rules(node: Node) -> str:
    return ", ".join(rule.id for rule in node.type.rules) if isinstance(node, Leaf) else ""


def _types(every: Iterable[Declaration]) -> list[str]:
    found: dict[str, Scalar | AmountType] = {}
    for declaration in every:
        for _, _, node in places(declaration):
            if isinstance(node, Leaf):
                found.setdefault(node.type.name, node.type)
    lines = ["| type | is | code when it is not |", "| --- | --- | --- |"]
    return [*lines, *(f"| {n} | {found[n].says} | {found[n].code} |" for n in sorted(found))]
