"""What is built validates, reads back as the same values, and builds the same bytes again.

Validity is judged by the guideline and, where there is one, by the base schema of ISO 20022.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from iso20022 import DOCUMENTS, HEADERS, build, read
from iso20022.schema import compiled
from tests.iso20022.iso_strategies import WITHOUT_BASE, documents, headers

BASE = Path(__file__).resolve().parents[2].parent / "shared" / "xsd"
WITHOUT_HEADER = {"admi.002.001.01"}
EXAMPLES = 15

needs_base = pytest.mark.skipif(
    not BASE.is_dir(), reason="the ISO base schemas are not beside the project"
)
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)


@cache
def base(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(BASE / f"{name}.xsd"))


@pytest.mark.parametrize("name", DOCUMENTS)
@bounded
@given(data=st.data())
def test_a_built_message_reads_back_the_same_and_builds_the_same_bytes(
    name: str, data: st.DataObject
) -> None:
    values = data.draw(documents(name))
    header_name = data.draw(st.sampled_from([None, *HEADERS]))
    header = None
    if header_name is not None and "message_id" in values:
        header = data.draw(headers(header_name, name, values["message_id"]))

    raw = build(name, values, header_name=header_name, header=header)
    found = read(raw, names=(name,))

    assert values == found.values
    assert header == found.header
    assert raw == build(name, found.values, header_name=found.header_name, header=found.header)


@needs_base
@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - WITHOUT_BASE))
@bounded
@given(data=st.data())
def test_a_built_message_validates_against_the_iso_base_schema(
    name: str, data: st.DataObject
) -> None:
    document = etree.fromstring(build(name, data.draw(documents(name))))

    assert compiled(name).validate(document)
    assert base(name).validate(document), base(name).error_log


@needs_base
@pytest.mark.parametrize("name", HEADERS)
@bounded
@given(data=st.data())
def test_a_built_header_validates_against_the_iso_base_schema(
    name: str, data: st.DataObject
) -> None:
    values = {
        "message_id": "M1",
        "created_at": data.draw(documents("pacs.028.001.03"))["created_at"],
        "original_uetr": "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10",
    }
    header = data.draw(headers(name, "pacs.028.001.03", "M1"))
    raw = build("pacs.028.001.03", values, header_name=name, header=header)

    assert base(name).validate(etree.fromstring(raw)[0]), base(name).error_log
