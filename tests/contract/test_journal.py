"""The journal: RFC 9162 roots, RFC 8785 text, and no change that verification does not find."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import orjson
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from switch.lifecycle import Event
from switch.store.journal import (
    GENESIS,
    Block,
    JournalFault,
    canonical,
    leaf_hash,
    merkle_root,
    verify,
)
from switch.store.memory import Leaves
from tests.contract.contract_engines import KEY, MemoryPlace, balances
from tests.switch_core.core_values import (
    MEMBER_KHR,
    capped,
    concluded,
    enquired,
    opened,
    payment,
    received,
    refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Chain = list[tuple[Block, Leaves]]
Sums = dict[str, tuple[int, int, int, int]]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


# Roots.

# Inputs and roots of the reference trees of Certificate Transparency (RFC 6962 and 9162 share the
# tree): each root is of the first n inputs.
INPUTS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
)
ROOTS: Final = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


@pytest.mark.parametrize("count", range(9))
def test_roots_are_those_of_the_reference_trees(count: int) -> None:
    hashes = [leaf_hash(b"", data) for data in INPUTS[:count]]

    assert merkle_root(hashes).hex() == ROOTS[count]


def test_a_tree_of_five_is_split_after_four() -> None:
    a, b, c, d, e = (leaf_hash(b"salt", bytes([n])) for n in range(5))

    assert node(node(node(a, b), node(c, d)), e) == merkle_root([a, b, c, d, e])


def independent_root(hashes: list[bytes]) -> bytes:
    """The same tree built from below: pairs are joined, an odd last one goes up as it is."""
    while len(hashes) > 1:
        pairs = [node(a, b) for a, b in zip(hashes[::2], hashes[1::2], strict=False)]
        hashes = pairs + hashes[len(pairs) * 2 :]
    return hashes[0]


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_roots_agree_with_a_tree_built_from_below(hashes: list[bytes]) -> None:
    assert independent_root(hashes) == merkle_root(hashes)


def test_a_leaf_is_hashed_behind_its_salt() -> None:
    assert leaf_hash(b"s" * 16, b"{}") == sha256(b"\x00" + b"s" * 16 + b"{}")
    assert leaf_hash(b"t" * 16, b"{}") != leaf_hash(b"s" * 16, b"{}")


def test_the_hash_of_a_block_covers_its_signature() -> None:
    """So a block that is signed again is another block to the one behind it."""
    block = chain()[0][0][0]

    assert sha256(block.header() + block.signature) == block.hash()
    assert replace(block, signature=bytes(64)).hash() != block.hash()


# Canonical text.

NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz_"), min_size=1)
ATOMS = st.none() | st.text() | st.integers(-(2**53) + 1, 2**53 - 1)
CONTENTS = st.dictionaries(NAMES, ATOMS | st.lists(ATOMS | st.lists(ATOMS)))


@given(CONTENTS)
def test_canonical_text_is_that_of_rfc_8785(content: dict[str, object]) -> None:
    assert rfc8785.dumps(content) == canonical(content)  # type: ignore[arg-type]


def test_every_leaf_and_header_written_is_canonical() -> None:
    for block, leaves in chain()[0]:
        assert rfc8785.dumps(orjson.loads(block.header())) == block.header()
        for _, content in leaves:
            assert rfc8785.dumps(orjson.loads(content)) == content


def test_leaves_say_nothing_personal() -> None:
    fields = {key for _, leaves in chain()[0] for _, text in leaves for key in orjson.loads(text)}

    assert fields <= {
        *("at", "caps", "config_version", "corridor", "debit", "destination", "entries", "item"),
        *("effective_at", "pair", "provider", "rate_version", "sheet"),
        *("kind", "origin", "quote", "rates", "reason", "reference", "state", "uetr", "version"),
    }


# Verification.


def chain() -> tuple[Chain, Sums]:
    """Six blocks with every kind of leaf that books, two or more leaves in some."""
    place = MemoryPlace()
    engine = place.open()
    engine.execute([capped(10**12), received()])
    engine.execute([opened(payment(n, quote=f"quote-{n}")) for n in (1, 2, 3)])
    held = [engine.payment(payment(n).uetr) or payment(n) for n in (1, 2, 3)]
    engine.execute([concluded(held[0], Event.ACCEPTED), concluded(held[1], Event.REFUSED)])
    engine.execute([concluded(held[2], Event.LOST)])
    engine.execute([enquired(engine.payment(held[2].uetr) or held[2])])
    engine.execute([refused(payment(4)), refused(payment(5))])
    return list(place.tables.blocks[1]), balances(engine)


def test_an_untouched_journal_has_no_fault() -> None:
    blocks, sums = chain()

    assert len(blocks) == 6
    assert verify(blocks, sums, KEY.public_key()) == []
    assert verify([], {}, KEY.public_key()) == []


def resigned(block: Block, **changes: object) -> Block:
    """The block with changes, signed again: what a thief of the key could write."""
    unsigned = replace(block, **changes, signature=b"")  # type: ignore[arg-type]
    return replace(unsigned, signature=KEY.sign(unsigned.header()))


def changed_leaf(blocks: Chain) -> None:
    block, leaves = blocks[2]
    text = leaves[0][1].replace(b"4125000", b"4125001")
    assert text != leaves[0][1]
    blocks[2] = (block, ((leaves[0][0], text), *leaves[1:]))


def changed_salt(blocks: Chain) -> None:
    block, leaves = blocks[2]
    blocks[2] = (block, ((b"x" * 16, leaves[0][1]), *leaves[1:]))


def removed_leaf(blocks: Chain) -> None:
    block, leaves = blocks[1]
    blocks[1] = (block, leaves[:-1])


def added_leaf(blocks: Chain) -> None:
    block, leaves = blocks[5]
    blocks[5] = (block, (*leaves, (b"s" * 16, b'{"kind":"buried"}')))


def swapped_leaves(blocks: Chain) -> None:
    block, (first, second) = blocks[5]
    blocks[5] = (block, (second, first))


def removed_first_block(blocks: Chain) -> None:
    del blocks[0]


def removed_block(blocks: Chain) -> None:
    del blocks[3]


def removed_block_that_booked_and_renumbered(blocks: Chain) -> None:
    del blocks[3]
    for place in (3, 4):
        block, leaves = blocks[place]
        blocks[place] = (replace(block, number=place + 1), leaves)


def removed_last_blocks(blocks: Chain) -> None:
    """Found because what was booked there is missing; a tail that booked nothing is not."""
    del blocks[2:]


def swapped_blocks(blocks: Chain) -> None:
    blocks[3], blocks[4] = blocks[4], blocks[3]


def repeated_block(blocks: Chain) -> None:
    blocks.insert(4, blocks[3])


def changed_time(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, at=block.at + 1), leaves)


def changed_epoch(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, epoch=2), leaves)


def changed_slot(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, slot=2), leaves)


def changed_count(blocks: Chain) -> None:
    block, leaves = blocks[3]
    blocks[3] = (replace(block, leaves=2), leaves)


def foreign_signature(blocks: Chain) -> None:
    block, leaves = blocks[5]
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    blocks[5] = (replace(block, signature=other.sign(block.header())), leaves)


def absent_signature(blocks: Chain) -> None:
    block, leaves = blocks[5]
    blocks[5] = (replace(block, signature=b""), leaves)


def rewritten_with_the_key(blocks: Chain) -> None:
    """Even the holder of the key cannot rewrite one block: the next names its hash."""
    block, leaves = blocks[2]
    kept = leaves[:1]
    root = merkle_root([leaf_hash(*leaf) for leaf in kept])
    blocks[2] = (resigned(block, leaves=1, root=root), kept)


def resigned_in_place(blocks: Chain) -> None:
    block, leaves = blocks[0]
    blocks[0] = (resigned(block, at=block.at + 1), leaves)


def broken_chain(blocks: Chain) -> None:
    block, leaves = blocks[5]
    blocks[5] = (resigned(block, previous=GENESIS), leaves)


@pytest.mark.parametrize(
    "tamper",
    [
        *(changed_leaf, changed_salt, removed_leaf, added_leaf, swapped_leaves),
        *(removed_first_block, removed_block, removed_block_that_booked_and_renumbered),
        *(removed_last_blocks, swapped_blocks, repeated_block),
        *(changed_time, changed_epoch, changed_slot, changed_count),
        *(foreign_signature, absent_signature),
        *(rewritten_with_the_key, resigned_in_place, broken_chain),
    ],
    ids=lambda tamper: tamper.__name__,
)
def test_tampering_is_found(tamper: Callable[[Chain], None]) -> None:
    blocks, sums = chain()
    tamper(blocks)

    assert verify(blocks, sums, KEY.public_key())


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("by", [1, -1])
def test_a_changed_balance_is_found(column: int, by: int) -> None:
    blocks, sums = chain()
    row = list(sums[MEMBER_KHR])
    row[column] += by
    sums[MEMBER_KHR] = (row[0], row[1], row[2], row[3])

    assert verify(blocks, sums, KEY.public_key()) == [
        JournalFault(f"account {MEMBER_KHR}", "its balance is not what was booked")
    ]


def test_an_account_that_was_removed_or_added_is_found() -> None:
    blocks, sums = chain()
    gone = sums.pop(MEMBER_KHR)
    sums["nobody/member/KHR/deferred"] = gone

    assert [fault.place for fault in verify(blocks, sums, KEY.public_key())] == [
        f"account {MEMBER_KHR}",
        "account nobody/member/KHR/deferred",
    ]


def test_a_wrong_key_fails_every_block() -> None:
    blocks, sums = chain()
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    faults = verify(blocks, sums, other)

    assert {fault.what for fault in faults} == {"its signature does not verify"}
    assert [fault.place for fault in faults] == [f"block 1/{n}" for n in range(1, 7)]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"kind":"opened","entries":[[1]]}', b'{"entries":7}'],
)
def test_content_that_cannot_be_read_is_a_fault_not_an_error(content: bytes) -> None:
    blocks, sums = chain()
    block, leaves = blocks[3]
    blocks[3] = (block, ((leaves[0][0], content),))
    faults = verify(blocks, sums, KEY.public_key())

    assert JournalFault("block 1/4", "an entry cannot be read") in faults
