"""The rules of one scheme about its own codes: where it pays, in what, to whom, until when.

As in ``check.py`` each function appends what it finds and never stops early. The surprise is where
time stands: a stamp that is malformed or missing is the network's fault, one that is past is a
fault of its own layer, so that a broken code is never called merely expired.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from switch.qr.check import read_stamp
from switch.qr.emv import parse_template
from switch.qr.errors import Fault, fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.qr.claim import Claim
    from switch.qr.emv import Node
    from switch.qr.rules import Account, LastDay, Scheme, Validity

_DAY: Final = re.compile("[0-9]{8}")


def check_scheme(
    scheme: Scheme, claims: tuple[Claim, ...], root: Mapping[str, Node], found: list[Fault]
) -> None:
    """The scheme's own rules but for time."""
    country, unit = root.get("58"), root.get("53")
    homes = (*scheme.countries, *scheme.accepts.get("58", ()))
    if country is not None and homes and country.value not in homes:
        found.append(fault("network", "country_not_allowed", "58", country.start))
    if unit is not None and scheme.currencies and unit.value not in scheme.currencies:
        found.append(fault("network", "currency_not_allowed", "53", unit.start))
    for claim in claims:
        _check_account(claim, found)
    if scheme.one_account and len({claim.node.text("00") for claim in claims}) > 1:
        last = claims[-1].node
        found.append(fault("network", "accounts_differ", last.tag, last.start))
    point = root.get("01")
    dynamic = point is not None and point.value == "12"
    if scheme.dynamic_needs_amount and dynamic and "54" not in root:
        found.append(fault("network", "dynamic_without_amount", "54", 0))


def _check_account(claim: Claim, found: list[Fault]) -> None:
    account, node, exact = claim
    if not exact and account.ids:
        if node.child("00") is not None:
            found.append(fault("network", "unknown_guid", f"{node.tag}/00", node.start))
        return
    subs = read_subs(account, node, found)
    for sub, rule in account.fields.items():
        path = f"{node.tag}/{sub}" if sub else node.tag
        child = subs.get(sub)
        if child is None:
            if rule.required:
                found.append(fault("network", rule.missing, path, node.start))
            continue
        reason = rule.broken(child.value)
        if reason is not None:
            found.append(fault("network", reason, path, child.start))
    named = [sub for sub in account.one_of if sub in subs]
    if account.one_of and not named:
        found.append(fault("network", account.one_of_missing, node.tag, node.start))
    elif account.only_one and len(named) > 1:
        # Each names a payee of its own, and two readers may take two.
        found.append(fault("network", "accounts_differ", f"{node.tag}/{named[1]}", node.start))


def read_subs(account: Account, node: Node, found: list[Fault]) -> dict[str, Node]:
    """Return what an account object holds by sub-tag, down to the third level the rule names.

    A third level that is no template is a fault of the layer tlv. An opaque object holds itself,
    under the empty sub-tag.
    """
    subs = {child.tag: child for child in reversed(node.children)}
    if account.opaque:
        return {"": node}
    parents = dict.fromkeys(sub.partition("/")[0] for sub in account.fields if "/" in sub)
    for parent in parents:
        child = subs.get(parent)
        if child is not None:
            inner = parse_template(child, f"{node.tag}/{parent}", found)
            subs.update({f"{parent}/{deep.tag}": deep for deep in reversed(inner)})
    return subs


def check_validity(
    validity: Validity, root: Mapping[str, Node], at: datetime, found: list[Fault]
) -> None:
    """Time stamps: there where an amount is, 13 digits, in order, and not past at ``at``.

    The moment is judged for static codes too, which the central bank's own checker does not do.
    """
    tag = validity.template
    node = root.get(tag)
    point, start = root.get("01"), node.start if node is not None else 0
    created = None if node is None else node.text(validity.created)
    expires = None if node is None else node.text(validity.expires)
    path = f"{tag}/{validity.expires}"
    if expires is None:
        dynamic = "54" in root or (point is not None and point.value == "12")
        if validity.needed_with_amount and dynamic:
            found.append(fault("network", "missing_expiry", path, start))
    begin, end = read_stamp(created), read_stamp(expires)
    if expires is not None and end is None:
        found.append(fault("network", "expiry_format", path, start))
    if created is not None and begin is None:
        found.append(fault("network", "creation_format", f"{tag}/{validity.created}", start))
    if end is None:
        return
    if begin is not None and end < begin:
        found.append(fault("network", "expiry_before_creation", path, start))
    if end < at:
        found.append(fault("time", "expired", path, start))


def check_last_day(day: LastDay, node: Node, at: datetime, found: list[Fault]) -> None:
    """A last day in an account object: a date, not over at ``at`` in the zone of the rule."""
    child = node.child(day.sub)
    if child is None:
        return
    path = f"{node.tag}/{day.sub}"
    end = end_of_day(child.value, day.zone_hours)
    if end is None:
        found.append(fault("network", day.format, path, child.start))
    elif end <= at:
        found.append(fault("time", "expired", path, child.start))


def end_of_day(text: str, zone_hours: int) -> datetime | None:
    """Return the first moment after the day YYYYMMDD in a zone, or nothing for no such day."""
    if _DAY.fullmatch(text) is None:
        return None
    zone = timezone(timedelta(hours=zone_hours))
    try:
        begun = datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=zone)
        return begun.astimezone(UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
