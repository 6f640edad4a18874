"""Whose code a tree is: which account objects each scheme claims.

A network is found by (tag, identifier, country, currency), never by the tag alone. A claim is exact
where the identifier is the scheme's; where no scheme knows any identifier, the schemes of the code's
country claim the objects with their tags, so that the answer can say what is wrong. A guest (an
opaque object beside a national one) never claims in place of the sticker's own scheme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.qr.emv import Node
    from switch.qr.rules import Account, Scheme
    from switch.qr.scheme import Schemes


class Claim(NamedTuple):
    """An account object that a scheme's rule applies to.

    ``exact`` is false where only tag and country fit: then the identifier is what is wrong.
    """

    account: Account
    node: Node
    exact: bool


class Claimed(NamedTuple):
    """A scheme with its claims, in the scheme's order of preference."""

    scheme: Scheme
    claims: tuple[Claim, ...]


def claimed_by(schemes: Schemes, root: Mapping[str, Node]) -> tuple[list[Claimed], list[Claimed]]:
    """Return the claims of the sticker's own schemes, and those of guests, in the file order."""
    exact = _gathered(schemes, root, exact=True)
    guests = [claimed for claimed in exact if claimed.scheme.guest]
    own = [claimed for claimed in exact if not claimed.scheme.guest]
    return own or _gathered(schemes, root, exact=False), guests


def _gathered(schemes: Schemes, root: Mapping[str, Node], *, exact: bool) -> list[Claimed]:
    country, unit = root.get("58"), root.get("53")
    place = None if country is None else country.value
    money = None if unit is None else unit.value
    found: dict[str, list[Claim]] = {}
    for tag, node in root.items():
        for scheme, account in schemes.places.get(tag, ()):
            if exact:
                fits = _is_its_own(scheme, account, node, place, money)
            else:
                # One claim for each object, by the most preferred kind of account.
                fits = (
                    not scheme.guest
                    and _at_home(scheme, place)
                    and all(claim.node is not node for claim in found.get(scheme.scheme, ()))
                )
            if fits:
                found.setdefault(scheme.scheme, []).append(Claim(account, node, exact))
    return [
        Claimed(scheme, _in_order(scheme, found[scheme.scheme]))
        for scheme in schemes.schemes
        if scheme.scheme in found
    ]


def _in_order(scheme: Scheme, claims: list[Claim]) -> tuple[Claim, ...]:
    if len(claims) == 1:
        return (claims[0],)
    order = {id(account): place for place, account in enumerate(scheme.accounts)}
    return tuple(sorted(claims, key=lambda claim: order[id(claim.account)]))


def _at_home(scheme: Scheme, place: str | None) -> bool:
    return place in scheme.countries or place in scheme.accepts.get("58", ())


def _is_its_own(
    scheme: Scheme, account: Account, node: Node, place: str | None, money: str | None
) -> bool:
    if account.opaque:
        return (place, money) not in account.never
    identifier = node.text("00") or ""
    if identifier in account.ids:
        return True
    if account.any_id and identifier:
        return _at_home(scheme, place)
    if place is not None and not _at_home(scheme, place):
        return False
    return any(pattern.fullmatch(identifier) is not None for pattern in account.id_patterns)
