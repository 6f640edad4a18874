"""The currencies of the world, as ISO 4217 lists them: code, numeric code and exponent.

A scanned code or a message may name any of them; which ones the switch moves money in is another
question, answered by :data:`fx.money.CURRENCIES`. The two agree: a test compares them. The surprise
is what is left out: gold, test and "no currency" codes have no minor unit, so no amount exists.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class IsoCurrency(NamedTuple):
    """One row of ISO 4217; ``exponent`` is minor units per major unit as a power of ten."""

    code: str
    numeric: str
    exponent: int


def _load() -> Mapping[str, IsoCurrency]:
    table = tomllib.loads((files("fx") / "iso4217.toml").read_text("utf-8"))
    rows = (IsoCurrency(code, row["numeric"], row["exponent"]) for code, row in table.items())
    return MappingProxyType({row.numeric: row for row in rows})


ISO_4217: Final = _load()
"""Every currency by its numeric code (``116``)."""

ISO_4217_BY_CODE: Final = MappingProxyType({row.code: row for row in ISO_4217.values()})
"""Every currency by its alphabetic code (``KHR``)."""
