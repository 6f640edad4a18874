"""Everything that is known about a scanned text, as one answer that is never an exception.

Where :func:`switch.qr.recognise.recognise` asks who can be paid, this asks whether the code is
sound: a code of no known network, a cash withdrawal and a transfer between persons are valid here,
with no network to pay them. The strict profile refuses what the tolerant one lists as a deviation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from switch.qr.describe import describe, describe_tree
from switch.qr.reading import read_code
from switch.qr.scheme import SCHEMES

if TYPE_CHECKING:
    from datetime import datetime

    from switch.qr.errors import Fault
    from switch.qr.reading import Reading
    from switch.qr.scheme import Schemes

Profile = Literal["tolerant", "strict"]

GENERIC: Final = "emvco"
"""The word for a sound EMV code of no known network."""


class Examined(NamedTuple):
    """The answer. ``fields`` are the content itself, personal data included.

    ``network`` is the scheme's word, also of the scheme that refuses the code; ``networks`` are the
    schemes through which it can be paid. ``layer``, ``reason``, ``path`` and ``position`` are those
    of the first of ``faults`` and nothing for a valid code; ``nbc`` is the error number of the
    Cambodian central bank's software, where it has one.
    """

    valid: bool
    network: str | None
    networks: tuple[str, ...]
    layer: str | None
    reason: str | None
    path: str | None
    position: int | None
    deviations: tuple[str, ...]
    notes: tuple[str, ...]
    fields: dict[str, object]
    faults: tuple[Fault, ...]
    nbc: int | None

    def __repr__(self) -> str:
        return (
            f"Examined(valid={self.valid}, network={self.network!r}, layer={self.layer!r}, "
            f"reason={self.reason!r}, deviations={self.deviations!r}, notes={self.notes!r})"
        )


def examine(
    payload: str, *, at: datetime, schemes: Schemes = SCHEMES, profile: Profile = "tolerant"
) -> Examined:
    """Say what ``payload`` is at the aware moment ``at``; any text has an answer."""
    assert at.tzinfo is not None, "examine: the moment must be aware"
    reading = read_code(payload, at, schemes, strict=profile == "strict")
    if reading.taken:
        return _taken(reading)
    if reading.refused:
        error = reading.refused[0]
        return _invalid(error.scheme, error.faults, error.nbc)
    if reading.general:
        starts_like_emv = bool(reading.parsed.nodes)
        network = reading.owner or (GENERIC if starts_like_emv else None)
        return _invalid(network, reading.general, None)
    fields = describe_tree(reading.parsed, None)
    return _valid(GENERIC, (), reading.deviations, (), fields)


def _taken(reading: Reading) -> Examined:
    first = reading.taken[0]
    networks = [taken.content.scheme for taken in reading.taken if taken.unpayable is None]
    notes = [note for taken in reading.taken for note in taken.notes]
    notes += [taken.unpayable for taken in reading.taken if taken.unpayable is not None]
    fields = describe(first.content) if first.fields is None else first.fields
    return _valid(
        first.content.scheme,
        tuple(networks),
        first.deviations,
        tuple(dict.fromkeys(notes)),
        fields,
    )


def _valid(
    network: str,
    networks: tuple[str, ...],
    deviations: tuple[str, ...],
    notes: tuple[str, ...],
    fields: dict[str, object],
) -> Examined:
    return Examined(
        valid=True,
        network=network,
        networks=networks,
        layer=None,
        reason=None,
        path=None,
        position=None,
        deviations=deviations,
        notes=notes,
        fields=fields,
        faults=(),
        nbc=None,
    )


def _invalid(network: str | None, faults: tuple[Fault, ...], nbc: int | None) -> Examined:
    first = faults[0]
    return Examined(
        valid=False,
        network=network,
        networks=(),
        layer=first.layer,
        reason=first.reason,
        path=first.path,
        position=first.position,
        deviations=(),
        notes=(),
        fields={},
        faults=faults,
        nbc=nbc,
    )
