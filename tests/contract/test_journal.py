"""The journal: RFC 9162 roots, RFC 8785 text, and no change that verification does not find."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from switch.store.journal import audit_path, canonical, leaf_hash, merkle_root, root_by_path
from tests.contract.journal_chain import told


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
    block = told().chain[0][0]

    assert sha256(block.header() + block.signature) == block.hash()
    assert replace(block, signature=bytes(64)).hash() != block.hash()


# Paths.


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70), st.data())
def test_a_path_leads_to_the_root_from_its_own_place_alone(
    hashes: list[bytes], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(hashes) - 1))
    path, root = audit_path(hashes, place), merkle_root(hashes)

    assert root_by_path(hashes[place], place, len(hashes), path) == root
    assert root_by_path(sha256(b"another"), place, len(hashes), path) != root
    assert root_by_path(hashes[place], place, len(hashes), [*path, bytes(32)]) is None
    if path:
        assert root_by_path(hashes[place], place, len(hashes), path[:-1]) is None
        assert root_by_path(hashes[place], place, len(hashes), [bytes(32), *path[1:]]) != root
    for other in range(len(hashes)):
        if hashes[other] != hashes[place]:
            assert root_by_path(hashes[place], other, len(hashes), path) != root
    assert root_by_path(hashes[place], len(hashes), len(hashes), path) is None


# Canonical text.

NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz_"), min_size=1)
ATOMS = st.none() | st.text() | st.integers(-(2**53) + 1, 2**53 - 1)
CONTENTS = st.dictionaries(NAMES, ATOMS | st.lists(ATOMS | st.lists(ATOMS)))


@given(CONTENTS)
def test_canonical_text_is_that_of_rfc_8785(content: dict[str, object]) -> None:
    assert rfc8785.dumps(content) == canonical(content)  # type: ignore[arg-type]


def test_every_leaf_and_header_written_is_canonical() -> None:
    for block, leaves in told().chain:
        assert rfc8785.dumps(orjson.loads(block.header())) == block.header()
        for _, content in leaves:
            assert rfc8785.dumps(orjson.loads(content)) == content


def test_leaves_say_nothing_personal() -> None:
    fields = {key for _, leaves in told().chain for _, text in leaves for key in orjson.loads(text)}

    assert fields <= {
        *("at", "caps", "config_version", "corridor", "debit", "destination", "entries", "item"),
        *("effective_at", "pair", "provider", "rate_version", "sheet", "published_at", "held"),
        *("kind", "origin", "quote", "rates", "reason", "reference", "state", "uetr", "version"),
        *("answer", "before", "disputed", "frozen", "given_back", "sealed", "scope"),
        *("answers", "buried_before", "ended_before", "graves", "bound", "exchange", "kept", "of"),
    }
