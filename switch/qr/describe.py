"""A recognised code as plain data, in the words that the command line and the interface print.

The keys are those of the published test vectors (``pfi``, ``poi``, ``mcc`` ...): amounts stay text
as written, account objects stand in the order of the code. This is the content itself, personal
data included: it goes to whoever showed the code, never to a log.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from switch.qr.scheme import SCHEMES

if TYPE_CHECKING:
    from switch.qr.content import QrContent
    from switch.qr.emv import Node
    from switch.qr.scheme import Schemes

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
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


def describe(content: QrContent, *, schemes: Schemes = SCHEMES) -> dict[str, object]:
    """Return the decoded fields; what the code does not hold has no key, but for 01."""
    plain = [
        tag for scheme in schemes.schemes if scheme.scheme == content.scheme for tag in scheme.plain
    ]
    root = {node.tag: node for node in content.nodes}
    fields: dict[str, object] = {name: root[tag].value for tag, name in _NAMES if tag in root}
    fields["poi"] = content.point_of_initiation
    fields["method"] = content.method
    fields["currency_alpha"] = content.currency.code
    fields["accounts"] = [_account(node) for node in content.nodes if "02" <= node.tag <= "51"]
    for tag, name in (("62", "additional"), ("64", "language")):
        if tag in root:
            fields[name] = _template(root[tag])
    others = {
        node.tag: node.value if node.tag in plain else _template(node)
        for node in content.nodes
        if node.tag >= "65"
    }
    if others:
        fields["other_templates"] = others
    if content.created_at is not None and content.expires_at is not None:
        fields["creation_ms"] = _milliseconds(content.created_at)
    if content.expires_at is not None:
        fields["expiry_ms"] = _milliseconds(content.expires_at)
    fields["md5"] = content.md5
    return fields


def _account(node: Node) -> dict[str, object]:
    if not node.children:
        return {"tag": node.tag, "value": node.value}
    return {"tag": node.tag, "id": node.text("00"), "sub": _template(node)}


def _template(node: Node) -> object:
    if not node.children:
        return node.value
    return {child.tag: child.value for child in node.children}


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND
