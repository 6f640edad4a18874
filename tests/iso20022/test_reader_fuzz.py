"""Thousands of damaged messages: the reader raises nothing but its own error, signed or not.

The damage follows from a seed, so a failing case is found again. A signed message is accepted
only where what is read is what was signed.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iso20022 import DOCUMENTS, IsoError, build, read, read_verified
from iso20022.signature_profile import Profile
from tests.iso20022.iso_examples import HEADER, PAYMENT
from tests.iso20022.iso_strategies import documents
from tests.iso20022.mutations import mutated
from tests.iso20022.signature_parts import FORMS, NAMES, SIGNED, verifier

LAYERS = {"parse", "security", "schema", "rule"}
ROUNDS = 10
"""Damaged copies of each message that is drawn."""

VALID = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEADER)


def layer_of(raw: bytes) -> str:
    """Which layer refused, or none; any other exception than ours comes through."""
    try:
        read(raw, names=DOCUMENTS)
    except IsoError as error:
        return error.layer
    return ""


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(
    max_examples=4,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data(), seed=st.integers(min_value=0, max_value=2**32))
def test_no_damage_to_any_message_raises_anything_else(
    name: str, data: st.DataObject, seed: int
) -> None:
    raw = build(name, data.draw(documents(name)))
    source = Random(seed)

    for _ in range(ROUNDS):
        assert layer_of(mutated(raw, source)) in {"", *LAYERS}


def test_every_layer_refuses_some_of_the_damage() -> None:
    """So the damage is neither too coarse nor too fine to reach what it is meant to try."""
    source = Random(20_261_121)

    found = {layer_of(mutated(VALID, source)) for _ in range(2000)}

    assert found == {"", *LAYERS}


@pytest.mark.parametrize(
    ("profile", "kind"), FORMS, ids=[f"{profile.name}-{kind}" for profile, kind in FORMS]
)
def test_no_damage_to_a_signed_message_changes_what_is_read(profile: Profile, kind: str) -> None:
    source, pinned = Random(20_261_121), verifier(profile, kind)
    accepted = 0

    for _ in range(600):
        try:
            found = read_verified(mutated(SIGNED[profile.name, kind], source), pinned, names=NAMES)
        except IsoError:
            continue
        accepted += 1
        assert found.values == PAYMENT
        assert found.header is not None
        assert found.header["business_message_id"] == HEADER["business_message_id"]

    assert accepted < 60


@settings(max_examples=300, deadline=None, database=None)
@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_our_own_error(raw: bytes) -> None:
    with pytest.raises(IsoError):
        read(raw, names=DOCUMENTS)
