"""Whose code a tree is: which account objects each scheme claims.

A network is found by (tag, identifier, country, currency), never by the tag alone. A claim is exact
where the identifier is the scheme's. Where no scheme knows any identifier, the schemes of the
country claim the objects with their tags, so that the answer can say what is wrong; after them
those whose identifiers have the form that the code shows, in whatever country it says it is.
"""

from __future__ import annotations

from collections.abc import Callable
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


class _Place(NamedTuple):
    """Country and currency as the code states them."""

    country: str | None
    currency: str | None


_Fits = Callable[["Scheme", "Account", "Node", _Place], bool]


def claimed_by(schemes: Schemes, root: Mapping[str, Node]) -> tuple[list[Claimed], list[Claimed]]:
    """Return the claims of the sticker's own schemes, and those of guests, in the file order."""
    country, unit = root.get("58"), root.get("53")
    place = _Place(None if country is None else country.value, None if unit is None else unit.value)
    exact = _gathered(schemes, root, place, _is_its_own, exact=True)
    guests = [claimed for claimed in exact if claimed.scheme.guest]
    own = (
        [claimed for claimed in exact if not claimed.scheme.guest]
        or _gathered(schemes, root, place, _is_of_its_country, exact=False)
        or _gathered(schemes, root, place, _has_its_form, exact=True)
    )
    return own, guests


def _gathered(
    schemes: Schemes, root: Mapping[str, Node], place: _Place, fits: _Fits, *, exact: bool
) -> list[Claimed]:
    found: dict[str, list[Claim]] = {}
    for tag, node in root.items():
        for scheme, account in schemes.places.get(tag, ()):
            claims = found.get(scheme.scheme, [])
            # One claim for each object, by the most preferred kind of account.
            if fits(scheme, account, node, place) and all(c.node is not node for c in claims):
                found[scheme.scheme] = [*claims, Claim(account, node, exact)]
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


def _is_of_its_country(scheme: Scheme, _account: Account, _node: Node, place: _Place) -> bool:
    return not scheme.guest and _at_home(scheme, place)


def _is_its_own(scheme: Scheme, account: Account, node: Node, place: _Place) -> bool:
    if account.opaque:
        return place not in account.never
    identifier = node.text("00") or ""
    if identifier in account.ids:
        return True
    if not _at_home(scheme, place):
        return place.country is None and _has_its_form(scheme, account, node, place)
    return _has_its_form(scheme, account, node, place) or (account.any_id and bool(identifier))


def _has_its_form(_scheme: Scheme, account: Account, node: Node, _place: _Place) -> bool:
    identifier = node.text("00") or ""
    return any(pattern.fullmatch(identifier) is not None for pattern in account.id_patterns)


def _at_home(scheme: Scheme, place: _Place) -> bool:
    return place.country in scheme.countries or place.country in scheme.accepts.get("58", ())
