"""Records are packed small and unpacked the same; what is no packed record is refused, bounded."""

from __future__ import annotations

from typing import Final

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from switch.store import packing
from switch.store.packing import DICTIONARIES, LEAF, PackError, Packing
from tests.contract.make_dictionaries import FOLDER, Records, records

PACKING: Final = Packing()
KINDS: Final = [kind for _, kind, _ in DICTIONARIES]

PAYMENT_BYTES_MAX: Final = 1_300
"""What the records of one payment may take, sealed."""
SEALING_BYTES: Final = 28


@pytest.fixture(scope="module")
def sealed() -> Records:
    """Records of payments whose people are in no dictionary."""
    return records(seed=5, name="សុខ ដារ៉ាវណ្ណ")


@given(st.binary(max_size=3_000), st.sampled_from([*KINDS, "of no kind"]))
def test_what_is_packed_is_given_back(plain: bytes, kind: str) -> None:
    assert PACKING.unpack(PACKING.pack(kind, plain)) == plain


@given(st.binary(max_size=200))
def test_bytes_of_anybody_are_refused_or_bounded(packed: bytes) -> None:
    try:
        plain = PACKING.unpack(packed)
    except PackError:
        return
    assert len(plain) <= packing.RECORD_BYTES_MAX


def test_a_record_that_claims_to_be_huge_is_refused_before_it_is_unpacked() -> None:
    size = packing.RECORD_BYTES_MAX + 1
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_content_size=1
    )
    bomb = zstandard.ZstdCompressor(compression_params=parameters).compress(bytes(size))
    with pytest.raises(PackError, match="larger"):
        PACKING.unpack(b"\0" + bomb)


@pytest.mark.parametrize("packed", [b"", b"\x7f\0\0", b"\0"])
def test_what_names_no_dictionary_is_refused(packed: bytes) -> None:
    with pytest.raises(PackError):
        PACKING.unpack(packed)


def test_the_records_of_a_payment_are_small_once_sealed(sealed: Records) -> None:
    largest = {
        kind: max(len(PACKING.pack(kind, record)) + SEALING_BYTES for record in found)
        for kind, found in sealed.items()
    }

    assert sorted(largest) == sorted(KINDS)
    assert largest["opening"] + largest["evidence"] <= PAYMENT_BYTES_MAX
    assert largest["answer"] <= 600


@pytest.mark.parametrize("kind", KINDS)
def test_a_dictionary_is_of_what_our_builders_write_now(sealed: Records, kind: str) -> None:
    """When messages change, make a new one: ``python -m tests.contract.make_dictionaries``."""
    # A journal entry is digests for a third, which nothing shortens.
    times = (3, 2) if kind == LEAF else (2, 1)
    for record in sealed[kind]:
        if b'"kind":"standing"' in record:
            continue  # of a member or merchant, not of a payment, and seldom
        packed, bare = PACKING.pack(kind, record), PACKING.pack("of no kind", record)
        assert times[0] * len(packed) < times[1] * len(bare)


def test_every_dictionary_has_a_number_of_its_own_for_ever() -> None:
    numbers = [number for number, _, _ in DICTIONARIES]

    assert numbers == list(range(1, len(numbers) + 1))
    assert {name for _, _, name in DICTIONARIES} == {path.name for path in FOLDER.iterdir()}
