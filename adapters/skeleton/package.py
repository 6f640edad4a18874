"""The files of a new adapter, from templates: inside the tree, or as a package of its own.

The two differ in the dotted name of the package, and a package of its own has a ``pyproject.toml``
that tells the switch of it by entry points. Nothing is written here: paths and texts are returned.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Final

from iso20022 import elements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.skeleton.asked import Asked

FILES: Final = (
    "__init__.py",
    "adapter.py",
    "facts.toml",
    "sandbox.py",
    "sandbox_codes.py",
    "conformance.toml",
    "README.md",
)
PROJECT: Final = "pyproject.toml"

SANDBOX_RIEL_MAX: Final = 100_000_000
"""About what the sandbox takes at most, above what the corridor allows."""

PAID_RIEL: Final = 40_000
"""About what is paid in the conformance cases."""

_LINE: Final = 60


def package_files(asked: Asked, *, in_tree: bool) -> Mapping[str, str]:
    """Return path, from the folder of the project, and text of every file."""
    package = f"adapters.{asked.name}" if in_tree else f"bakong_switch_{asked.name}"
    words = _words(asked, package)
    found = {f"{package.replace('.', '/')}/{name}": _filled(name, words) for name in FILES}
    if in_tree:
        return found
    inside = f"{package}/py.typed"
    return {PROJECT: _filled(PROJECT, words), inside: "", **found}


def _filled(name: str, words: Mapping[str, str]) -> str:
    template = files("adapters.skeleton") / "templates" / f"{name}.txt"
    return Template(template.read_text("utf-8")).substitute(words)


def _words(asked: Asked, package: str) -> dict[str, str]:
    riel = asked.rate.value if asked.rate.unit.code != "KHR" else 1 / asked.rate.value
    most = asked.written(asked.amount(SANDBOX_RIEL_MAX))
    return {
        "name": asked.name,
        "title": asked.title,
        "kind": "".join(part.capitalize() for part in asked.name.split("_")),
        "constant": asked.name.upper(),
        "package": package,
        "scheme": asked.scheme,
        "country": asked.country,
        "currency": asked.currency.code,
        "numeric": asked.numeric,
        "clearing": asked.clearing,
        "clearing_tag": elements.CODE if asked.coded else elements.PROPRIETARY,
        "coded": str(asked.coded),
        "zone": asked.zone,
        "most": most,
        "above_most": asked.written(asked.amount(SANDBOX_RIEL_MAX) + 1),
        "paid": asked.written(asked.amount(PAID_RIEL)),
        "amounts": ", ".join(f'"{each}"' for each in _amounts(asked)),
        "rate": f"{riel:.10f}".rstrip("0").rstrip("."),
        "account_tag": asked.account_tag,
        "account_sub": asked.account_sub,
        "scheme_id": asked.scheme_id,
        "shop": asked.shop,
        "closed": asked.neighbour(1),
        "blocked": asked.neighbour(2),
        "shop_name": asked.shop_name,
        "shop_city": asked.shop_city,
        "category": asked.category,
        "bank": f"BANK{asked.country}{asked.country}",
        "code": _wrapped(asked.code),
        "unknown_code": _wrapped(asked.code_of(asked.neighbour(3))),
    }


def _amounts(asked: Asked) -> tuple[str, ...]:
    """Amounts from the smallest that moves up to about the largest."""
    large = asked.amount(SANDBOX_RIEL_MAX)
    if asked.whole:
        return ("1", "10", "99999", str(large))
    small = f"{1:0{asked.currency.exponent + 1}d}"
    point = len(small) - asked.currency.exponent
    return ("1.00", f"{small[:point]}.{small[point:]}", "99.99", asked.written(large))


def _wrapped(code: str) -> str:
    """A code as lines of a TOML string that join again."""
    # A line that began with a space would lose it: TOML takes space after a joining backslash away.
    lines = [code[start : start + _LINE] for start in range(0, len(code), _LINE)]
    for place in range(1, len(lines)):
        kept = lines[place].lstrip(" ")
        lines[place - 1] += lines[place][: len(lines[place]) - len(kept)]
        lines[place] = kept
    return "\\\n".join(lines)
