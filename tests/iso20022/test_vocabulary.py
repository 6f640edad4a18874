"""Wherever a base schema has a code of an external set that is held, the vocabulary knows the set.

The paths are taken from the schemas themselves, three steps above the code, so a new schema whose
codes stand elsewhere fails here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from lxml import etree

from iso20022 import vocabulary
from iso20022.envelope import find_parts
from iso20022.external_codes import external_codes
from iso20022.sight import look
from iso20022.tree_rules import faults

BASE = Path(__file__).resolve().parents[2].parent / "shared" / "xsd"
SPACE = "urn:iso:std:iso:20022:tech:xsd:"
DEPTH = 3

REPORTED = f"""<Document xmlns="{SPACE}pacs.002.001.10"><FIToFIPmtStsRpt><OrgnlGrpInfAndSts>
<OrgnlMsgId>1</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts></FIToFIPmtStsRpt></Document>"""


def external_places(schema: Path) -> set[tuple[tuple[str, ...], str]]:
    """Return the ends of all paths to a code of an external set, each with the set's name."""
    typed: dict[str, list[tuple[str, str]]] = defaultdict(list)
    coded: list[tuple[str, str, str]] = []
    for kind in etree.parse(schema).getroot().iterfind("{*}complexType"):
        for element in kind.iter("{*}element"):
            name, of = element.get("name") or "", element.get("type") or ""
            typed[of].append((kind.get("name") or "", name))
            if of.startswith("External"):
                coded.append((kind.get("name") or "", name, of))

    def above(kind: str, depth: int) -> set[tuple[str, ...]]:
        if depth == 0 or not typed[kind]:
            return {()}
        return {(*end, name) for owner, name in typed[kind] for end in above(owner, depth - 1)}

    return {((*end, name), of) for kind, name, of in coded for end in above(kind, DEPTH)}


@pytest.mark.skipif(not BASE.is_dir(), reason="the base schemas are not beside the project")
def test_each_code_in_the_base_schemas_is_held_to_its_own_set() -> None:
    held = external_codes().sets.keys()
    places = {place for schema in sorted(BASE.glob("*.xsd")) for place in external_places(schema)}
    wrong = sorted(
        ("/".join(steps), name, known)
        for steps, name in places
        if (known := vocabulary.code_set(steps)) != (name if name in held else None)
    )

    assert wrong == []
    assert len(places) > 300


@pytest.mark.parametrize(("status", "ids"), [("PART", []), ("RJCT", ["STS-4"]), ("QQ", ["STS-1"])])
def test_a_group_has_the_statuses_of_a_transaction_or_is_partial(
    status: str, ids: list[str]
) -> None:
    parts = find_parts(etree.fromstring(re.sub("PART", status, REPORTED).encode()))
    sight = look(parts.document_name, parts.header, parts.document)

    assert [fault.rule.id for fault in faults(sight)] == ids
