"""Checks a payment's proof with the public key alone. No database, no network, no trust.

Every input is hostile: its size, depth and shape are bounded before anything is computed from it,
and what does not hold is refused with one sentence. The surprise: a good proof says what the
journal said when its head was current; that nothing came after it only a newer head can show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.exceptions import InvalidSignature

from switch.delta import across_slots
from switch.store.journal import Block, canonical, leaf_hash, root_by_path
from switch.store.proof import CHAIN_MAX, ENTRIES_MAX, KIND, LEAVES_MAX, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF_BYTES_MAX: Final = 4 << 20
"""Twice what a proof can be."""

PATH_MAX: Final = 12
"""Hashes on the way to the root of the largest block."""

NUMBER_MAX: Final = 2**63 - 1
SLOT_MAX: Final = 127
BLOCK_MAX: Final = 2**34 - 1
HASH: Final = re.compile(r"\A[0-9a-f]{64}\Z")
SIGNATURE: Final = re.compile(r"\A[0-9a-f]{128}\Z")
SALT: Final = re.compile(r"\A[0-9a-f]{32}\Z")
CONTENT_MAX: Final = 65_536
DEPTH_MAX: Final = 16
"""Lists and objects within each other in an entry: ours have three."""

UETR: Final = re.compile(r"\A[0-9a-f-]{36}\Z")
TOP: Final = frozenset({"kind", "version", "uetr", "entries", "chains"})
ENTRY: Final = frozenset({"slot", "number", "place", "salt", "content", "path"})
CHAIN: Final = frozenset({"block", "links", "head", "published"})
BLOCK: Final = frozenset(
    {"slot", "number", "epoch", "previous", "root", "at", "leaves", "signature"}
)


class BadProof(Exception):  # noqa: N818  the name says what happened
    """The file is no proof, or it does not hold; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Head:
    """A block by its place and hash: what a proof leads to."""

    slot: int
    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof shows: a payment's entries in order, and the heads that its chains lead to."""

    uetr: str
    entries: tuple[Mapping[str, Any], ...]
    heads: tuple[Head, ...]

    def view(self) -> dict[str, object]:
        """Plain values: how the payment stood, entry by entry."""
        return {
            "uetr": self.uetr,
            "entries": [dict(entry) for entry in self.entries],
            "heads": [
                {"slot": each.slot, "number": each.number, "hash": each.hash.hex()}
                for each in self.heads
            ],
        }


def check_proof(text: bytes, keys: Iterable[Ed25519PublicKey]) -> Proven:
    """Check a proof's text. Raises :class:`BadProof`."""
    keys = list(keys)
    proof = _object(_parsed(text), TOP, "the proof")
    if proof["kind"] != KIND or proof["version"] != VERSION:
        raise BadProof("the file is not a payment proof of a version that is known here")
    uetr = _text(proof["uetr"], UETR, "uetr")
    given = proof["entries"]
    if not isinstance(given, list) or not 1 <= len(given) <= ENTRIES_MAX:
        raise BadProof(f"entries: is not a list of 1 to {ENTRIES_MAX}")
    blocks, heads = _chains(proof["chains"], keys)
    entries: list[dict[str, Any]] = []
    before: int | None = None
    for place, each in enumerate(given):
        where = f"entries[{place}]"
        entry = _object(each, ENTRY, where)
        slot = _number(entry["slot"], SLOT_MAX, f"{where}.slot")
        number = _number(entry["number"], BLOCK_MAX, f"{where}.number")
        block = blocks.get((slot, number))
        if block is None:
            raise BadProof(f"{where}: its block is in no chain")
        _signed(block, keys, where)
        content = _content(entry, block, where)
        _follows(content, uetr, place + 1, before, where)
        before = across_slots(slot, number)
        entries.append(content)
    return Proven(uetr, tuple(entries), heads)


def _parsed(text: bytes) -> object:
    if len(text) > PROOF_BYTES_MAX:
        raise BadProof(f"the file is larger than {PROOF_BYTES_MAX} bytes")
    try:
        return orjson.loads(text)
    except ValueError:
        raise BadProof("the file is not JSON") from None


def _content(entry: Mapping[str, Any], block: Block, where: str) -> dict[str, Any]:
    """An entry's content, shown to be in its block."""
    text = entry["content"]
    if not isinstance(text, str) or len(text) > CONTENT_MAX:
        raise BadProof(f"{where}.content: is not text of at most {CONTENT_MAX} characters")
    path = entry["path"]
    if not isinstance(path, list) or len(path) > PATH_MAX:
        raise BadProof(f"{where}.path: is not a list of at most {PATH_MAX} hashes")
    try:
        raw = text.encode()
        content = orjson.loads(raw)
    except ValueError:
        raise BadProof(f"{where}.content: is not JSON") from None
    if _depth(text) > DEPTH_MAX:
        raise BadProof(f"{where}.content: is deeper than {DEPTH_MAX}")
    if not isinstance(content, dict) or canonical(content) != raw:
        raise BadProof(f"{where}.content: is not canonical JSON")
    leaf = leaf_hash(bytes.fromhex(_text(entry["salt"], SALT, f"{where}.salt")), raw)
    hashes = [bytes.fromhex(_text(each, HASH, f"{where}.path")) for each in path]
    place = _number(entry["place"], LEAVES_MAX - 1, f"{where}.place")
    if root_by_path(leaf, place, block.leaves, hashes) != block.root:
        raise BadProof(f"{where}: the entry is not in its block")
    return content


def _follows(
    content: Mapping[str, Any], uetr: str, version: int, before: int | None, where: str
) -> None:
    """The entries are the payment's own, from its first, with none left out."""
    if content.get("uetr") != uetr:
        raise BadProof(f"{where}.content: is of another payment")
    if content.get("version") != version:
        raise BadProof(f"{where}.content: is not version {version} of the payment")
    if content.get("before") != before:
        raise BadProof(f"{where}.content: does not name the block of the entry before it")


def _depth(text: str) -> int:
    """How many lists and objects are within each other in JSON, at least: texts count along."""
    depth = deepest = 0
    for sign in text:
        if sign in "[{":
            depth += 1
            deepest = max(depth, deepest)
        elif sign in "]}":
            depth -= 1
    return deepest


def _chains(
    given: object, keys: list[Ed25519PublicKey]
) -> tuple[dict[tuple[int, int], Block], tuple[Head, ...]]:
    """The blocks of all chains by slot and number, and the heads that the chains lead to."""
    if not isinstance(given, list) or not 1 <= len(given) <= ENTRIES_MAX:
        raise BadProof(f"chains: is not a list of 1 to {ENTRIES_MAX}")
    blocks: dict[tuple[int, int], Block] = {}
    heads: list[Head] = []
    for place, each in enumerate(given):
        where = f"chains[{place}]"
        chain = _chain(_object(each, CHAIN, where), CHAIN_MAX - len(blocks) + place, keys, where)
        if blocks.keys() & {(block.slot, block.number) for block in chain}:
            raise BadProof(f"{where}: holds a block of another chain")
        blocks.update({(block.slot, block.number): block for block in chain})
        heads.append(Head(chain[-1].slot, chain[-1].number, chain[-1].hash()))
    return blocks, tuple(heads)


def _chain(
    given: Mapping[str, Any], room: int, keys: list[Ed25519PublicKey], where: str
) -> list[Block]:
    """Follow a chain; its first and its last header must be signed, the last be as promised."""
    links = given["links"]
    if not isinstance(links, list) or len(links) > room:
        raise BadProof(f"{where}.links: is not a list, or more than {CHAIN_MAX} headers in all")
    if not isinstance(given["published"], bool):
        raise BadProof(f"{where}.published: is neither true nor false")
    chain = [_block(given["block"], f"{where}.block")]
    _signed(chain[0], keys, f"{where}.block")
    for place, each in enumerate(links):
        chain.append(_link(each, chain[-1], f"{where}.links[{place}]"))
    _signed(chain[-1], keys, f"{where}.links")
    if chain[-1].hash().hex() != _text(given["head"], HASH, f"{where}.head"):
        raise BadProof(f"{where}: does not lead to the head")
    return chain


def _link(each: object, previous: Block, where: str) -> Block:
    if not isinstance(each, list) or len(each) != len(("epoch", "root", "at", "leaves", "sign")):
        raise BadProof(f"{where}: is not a header")
    epoch, root, at, leaves, signature = each
    return Block(
        slot=previous.slot,
        number=_number(previous.number + 1, BLOCK_MAX, where),
        epoch=_number(epoch, NUMBER_MAX, where),
        previous=previous.hash(),
        root=bytes.fromhex(_text(root, HASH, where)),
        at=_number(at, NUMBER_MAX, where),
        leaves=_number(leaves, LEAVES_MAX, where),
        signature=bytes.fromhex(_text(signature, SIGNATURE, where)),
    )


def _block(given: object, where: str) -> Block:
    held = _object(given, BLOCK, where)
    return Block(
        slot=_number(held["slot"], SLOT_MAX, f"{where}.slot"),
        number=_number(held["number"], BLOCK_MAX, f"{where}.number"),
        epoch=_number(held["epoch"], NUMBER_MAX, f"{where}.epoch"),
        previous=bytes.fromhex(_text(held["previous"], HASH, f"{where}.previous")),
        root=bytes.fromhex(_text(held["root"], HASH, f"{where}.root")),
        at=_number(held["at"], NUMBER_MAX, f"{where}.at"),
        leaves=_number(held["leaves"], LEAVES_MAX, f"{where}.leaves"),
        signature=bytes.fromhex(_text(held["signature"], SIGNATURE, f"{where}.signature")),
    )


def _signed(block: Block, keys: list[Ed25519PublicKey], where: str) -> None:
    header = block.header()
    for key in keys:
        try:
            key.verify(block.signature, header)
        except InvalidSignature:
            continue
        return
    raise BadProof(f"{where}: is not signed under the journal's key")


def _object(given: object, names: frozenset[str], where: str) -> dict[str, Any]:
    if not isinstance(given, dict) or given.keys() != names:
        raise BadProof(f"{where}: is not an object of {', '.join(sorted(names))}")
    return given


def _text(given: object, shape: re.Pattern[str], where: str) -> str:
    if not isinstance(given, str) or shape.match(given) is None:
        raise BadProof(f"{where}: is not written as it should be")
    return given


def _number(given: object, most: int, where: str) -> int:
    if type(given) is not int or not 0 <= given <= most:
        raise BadProof(f"{where}: is not a whole number from 0 to {most}")
    return given
