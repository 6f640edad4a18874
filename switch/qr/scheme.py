"""The schemes that a switch reads with, and how those of an adapter package join them.

Each scheme is a file in ``schemes/`` or of an adapter package, read by ``scheme_file.py``. They
stand in order of preference. The surprise: two schemes may share a tag, but never a tag with an
identifier, because then nobody could say whose code it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.qr.roads import roads_of
from switch.qr.rules import Account, Base, Field, Scheme, Validity
from switch.qr.scheme_file import read_base, read_scheme
from switch.qr.table import SchemeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switch.qr.straight import Road

__all__ = [
    "SCHEMES",
    "Account",
    "Base",
    "Field",
    "Scheme",
    "SchemeError",
    "Schemes",
    "Validity",
    "read_base",
    "read_scheme",
]


_NO_ROADS: Final[Mapping[str, tuple[Road, ...]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Schemes:
    """The rule set a switch reads with; ``schemes`` stand in order of preference.

    Two schemes with one name, or with one identifier in one tag, are refused with
    :class:`SchemeError`: nobody could say whose code it is. ``roads`` are the fast readers of clean
    codes (without them everything is read in full), ``places`` the account objects by tag.
    """

    base: Base
    schemes: tuple[Scheme, ...]
    roads: Mapping[str, tuple[Road, ...]] = field(default_factory=lambda: _NO_ROADS, repr=False)
    places: Mapping[str, tuple[tuple[Scheme, Account], ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _refuse_twins(self.schemes)
        for roads in self.roads.values():
            assert all(road.rules in self.schemes for road in roads), "roads are of these schemes"
        places: dict[str, tuple[tuple[Scheme, Account], ...]] = {}
        for scheme in self.schemes:
            for account in scheme.accounts:
                places[account.tag] = (*places.get(account.tag, ()), (scheme, account))
        object.__setattr__(self, "places", MappingProxyType(places))

    @classmethod
    def of(cls, base: Base, schemes: Iterable[Scheme]) -> Schemes:
        """Return the rule set of these schemes, with their fast readers."""
        known = tuple(schemes)
        return cls(base, known, roads_of(base, known))

    def joined(self, extra: Iterable[Scheme]) -> Schemes:
        """Return these schemes and, after them, those of an adapter package."""
        return Schemes.of(self.base, (*self.schemes, *extra))


def _refuse_twins(schemes: tuple[Scheme, ...]) -> None:
    names: dict[str, str] = {}
    identifiers: dict[tuple[str, str], str] = {}
    for scheme in schemes:
        word = scheme.scheme
        if word in names:
            raise SchemeError(f"{word}: scheme is there twice")
        names[word] = word
        for account in scheme.accounts:
            for identifier in ("",) if account.opaque else account.ids:
                owner = identifiers.setdefault((account.tag, identifier), word)
                if owner != word:
                    place = f"tag {account.tag} with this identifier"
                    raise SchemeError(f"{word}: ids: {place} belongs to {owner}")


def _load(*names: str) -> Schemes:
    folder = files("switch.qr") / "schemes"
    base = read_base((folder / "emvco.toml").read_text("utf-8"), "emvco.toml")
    read = (
        read_scheme((folder / f"{name}.toml").read_text("utf-8"), f"{name}.toml") for name in names
    )
    return Schemes.of(base, read)


SCHEMES: Final = _load(
    "khqr",
    "thaiqr",
    "vietqr",
    "laoqr",
    "duitnow",
    "mmqr",
    "jpqr",
    "sgqr",
    "qris",
    "qrph",
    "bharatqr",
    "upi",
    "alipayplus",
    "unionpay",
)
"""The schemes that come with the switch, in order of preference."""
