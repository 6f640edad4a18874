"""Write the table of external codes from an edition of the ISO External Code Sets.

``python -m iso20022.make codes FILE`` reads JSON of the shape
``{"origin": "...", "sets": {"ExternalPurpose1Code": {"ACCT": "definition", ...}, ...}}`` and keeps
the codes alone: they are facts, the definitions are ISO's text. Commit the result. The surprise: a
few codes are added, because no edition has every code that is in use.
"""

from __future__ import annotations

import json
import textwrap
from types import MappingProxyType
from typing import Final

_COLUMNS_MAX: Final = 100

ALSO: Final = MappingProxyType({"ExternalPurpose1Code": ("FAMI",)})
"""Codes in use that the edition at hand does not list: FAMI, family maintenance."""

_HEAD: Final = """\
# Codes of the ISO 20022 External Code Sets, by set; see external_codes.py.
# Written by `python -m iso20022.make codes FILE`; do not edit.
"""


def render(published: str) -> str:
    """Return the table of an edition given as JSON text; ``ValueError`` or ``KeyError`` if odd."""
    edition = json.loads(published)
    named = " \\\n".join(textwrap.wrap(json.dumps(edition["origin"])[1:-1], _COLUMNS_MAX - 2))
    lines = [_HEAD, f'edition = """\\\n{named}"""\n', "[sets]"]
    for name, codes in sorted(edition["sets"].items()):
        body = textwrap.wrap(" ".join(sorted({*codes, *ALSO.get(name, ())})), _COLUMNS_MAX)
        lines += [f'{name} = """', *body, '"""']
    return "\n".join(lines) + "\n"
