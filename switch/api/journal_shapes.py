"""Shapes of the journal's answers: a signed head, and the proof of one payment.

Hashes, salts and signatures are hexadecimal text, times are microseconds since 1970. What an entry
says is text, because its bytes are what was hashed.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class JournalBlock(_Answer):
    """A block's signed header."""

    slot: int
    number: int
    epoch: int
    previous: str
    root: str
    at: int
    leaves: int
    signature: str


class JournalHead(JournalBlock):
    """The newest block of the process that answers, and the hash that names it."""

    hash: str


class ProvenEntry(_Answer):
    """One entry in its block, the way to the block's root, and the chain up to a head.

    A link of the chain is epoch, root, time, number of entries and signature.
    """

    block: JournalBlock
    place: int
    salt: str
    content: str
    path: list[str]
    chain: list[list[int | str]]
    head: str
    published: bool


class Receipt(_Answer):
    """The proof of a payment, for ``journal check-proof``."""

    kind: str
    version: int
    uetr: str
    entries: list[ProvenEntry]
