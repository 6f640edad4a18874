"""A journal entry is stored short and read back as it was; a damaged one is handed on as it is."""

from __future__ import annotations

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from switch.store.journal import canonical
from switch.store.leaf_packing import SUM_BYTES, LeafPacking

PACKING = LeafPacking()
CONTENTS = st.dictionaries(st.text(max_size=8), st.integers(0, 2**53) | st.text(max_size=60))


@given(CONTENTS)
def test_an_entry_is_read_back(content: dict[str, object]) -> None:
    raw = canonical(content)

    assert PACKING.unpack(PACKING.pack(raw)) == raw
    assert PACKING.unpack(raw) == raw


@given(st.binary(max_size=300))
def test_what_is_no_entry_is_handed_on_or_unpacked_but_never_raises(stored: bytes) -> None:
    assert isinstance(PACKING.unpack(stored), bytes)


@given(CONTENTS, st.data())
def test_no_bit_of_a_stored_entry_can_change_unnoticed(
    content: dict[str, object], data: st.DataObject
) -> None:
    """Also where the changed bytes would unpack to the same text."""
    raw = canonical(content)
    stored = bytearray(PACKING.pack(raw))
    bit = data.draw(st.integers(0, 8 * len(stored) - 1))
    stored[bit // 8] ^= 1 << bit % 8

    assert PACKING.unpack(bytes(stored)) != raw


def test_nothing_stands_behind_a_packed_entry_even_with_a_right_check_sum() -> None:
    raw = canonical({"kind": "buried"})
    longer = PACKING.pack(raw)[:-SUM_BYTES] + b"more"

    assert PACKING.unpack(longer + crc32(longer).to_bytes(SUM_BYTES, "big")) != raw
