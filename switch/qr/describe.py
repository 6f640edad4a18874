"""A recognised code as plain data, in the words that the command line and the interface print.

The keys are those of the published test vectors (``pfi``, ``poi``, ``mcc`` ...): amounts stay text
as written, account objects stand in the order of the code. This is the content itself, personal
data included: it goes to whoever showed the code, never to a log.
"""

from __future__ import annotations

from hashlib import md5
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.iso4217 import ISO_4217
from switch.qr.emv import parse
from switch.qr.off_emv import read_off_emv

if TYPE_CHECKING:
    from switch.qr.content import QrContent
    from switch.qr.emv import Node, Parsed
    from switch.qr.rules import Scheme, Validity

_METHODS: Final = MappingProxyType({"11": "static", "12": "dynamic"})
_NAMES: Final = (
    ("00", "pfi"),
    ("52", "mcc"),
    ("53", "currency"),
    ("54", "amount"),
    ("55", "tip_indicator"),
    ("56", "fee_fixed"),
    ("57", "fee_percent"),
    ("58", "country"),
    ("59", "merchant_name"),
    ("60", "merchant_city"),
    ("61", "postal_code"),
    ("63", "crc"),
)


def describe(content: QrContent) -> dict[str, object]:
    """Return the decoded fields; what the code does not hold has no key, but for 01."""
    if content.rules.kind == "emv":
        return describe_tree(parse(content.payload), content.rules)
    off = read_off_emv(content.payload, (content.rules,))
    return {} if off is None else off.fields


def describe_tree(parsed: Parsed, rules: Scheme | None) -> dict[str, object]:
    """Return the fields of an EMV text, as one scheme reads it or as one of no known network."""
    root = {node.tag: node for node in parsed.nodes}
    plain = () if rules is None else rules.plain
    fields: dict[str, object] = {name: root[tag].value for tag, name in _NAMES if tag in root}
    point = root["01"].value if "01" in root else None
    fields["poi"] = point
    fields["method"] = _METHODS.get(point or "")
    unit = ISO_4217.get(root["53"].value)
    fields["currency_alpha"] = None if unit is None else unit.code
    fields["accounts"] = [_account(node) for node in parsed.nodes if "02" <= node.tag <= "51"]
    for tag, name in (("62", "additional"), ("64", "language")):
        if tag in root:
            fields[name] = _template(root[tag])
    others = {
        node.tag: node.value if node.tag in plain else _template(node)
        for node in parsed.nodes
        if node.tag >= "65"
    }
    if others:
        fields["other_templates"] = others
    if rules is not None and rules.validity is not None:
        _add_stamps(rules.validity, root.get(rules.validity.template), fields)
    fields["md5"] = md5(parsed.text.encode(), usedforsecurity=False).hexdigest()
    return fields


def _add_stamps(validity: Validity, node: Node | None, fields: dict[str, object]) -> None:
    created = None if node is None else node.text(validity.created)
    expires = None if node is None else node.text(validity.expires)
    if expires is not None:
        fields["expiry_ms"] = int(expires)
        if created is not None:
            fields["creation_ms"] = int(created)


def _account(node: Node) -> dict[str, object]:
    if not node.children:
        return {"tag": node.tag, "value": node.value}
    return {"tag": node.tag, "id": node.text("00"), "sub": _template(node)}


def _template(node: Node) -> object:
    if not node.children:
        return node.value
    return {child.tag: child.value for child in node.children}
