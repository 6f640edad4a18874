"""Which networks a scanned text can be paid through, and what it says to each.

A network is found by (tag, identifier, country, currency), never by the tag alone: Cambodia and
Thailand both use 29 and 30. Reading is tolerant and says so: every rule that a code breaks and a
scheme tolerates is listed as a deviation. A text that several schemes claim gives several
candidates, the preferred ones first; a scheme that refuses it does not spoil the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from switch.qr.errors import QrError, fault, ordered
from switch.qr.reading import read_code
from switch.qr.scheme import SCHEMES
from switch.qr.straight import read_straight

if TYPE_CHECKING:
    from datetime import datetime

    from switch.qr.content import QrContent
    from switch.qr.reading import Reading
    from switch.qr.scheme import Schemes


class Candidate(NamedTuple):
    """One network that the code can be paid through.

    ``deviations`` are the reason words of EMVCo rules that the code breaks and the scheme
    tolerates; ``notes`` are oddities that break no rule.
    """

    content: QrContent
    deviations: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def scheme(self) -> str:
        """The scheme's word, such as ``khqr``."""
        return self.content.scheme


class Recognition(NamedTuple):
    """At least one candidate, and the refusals of schemes that claimed the code as well."""

    candidates: tuple[Candidate, ...]
    refused: tuple[QrError, ...]


def recognise(
    payload: str, *, at: datetime, schemes: Schemes = SCHEMES, prefer: tuple[str, ...] = ()
) -> Recognition:
    """Read ``payload`` and return every network that it can be paid through at ``at``.

    ``at`` is an aware moment. Candidates stand in the order of the scheme words in ``prefer``, then
    in the order of the schemes. Raises :class:`QrError` with all faults where nobody can pay the
    code: one that is sound but not for payers from abroad is refused with its scheme's word for
    that; else the refusal of the first scheme that claims it decides; a code of no known network is
    ``unknown_network``.
    """
    assert at.tzinfo is not None, "recognise: the moment must be aware"
    clean = read_straight(schemes.roads, payload, at)
    if clean is not None:
        return Recognition((Candidate(clean, (), ()),), ())
    reading = read_code(payload, at, schemes)
    payable = [taken for taken in reading.taken if taken.unpayable is None]
    if not payable:
        raise _refusal(reading)
    order = {word: place for place, word in enumerate(prefer)}
    payable.sort(key=lambda taken: order.get(taken.content.scheme, len(order)))
    candidates = (Candidate(taken.content, taken.deviations, taken.notes) for taken in payable)
    return Recognition(tuple(candidates), reading.refused)


def _refusal(reading: Reading) -> QrError:
    for taken in reading.taken:
        word = taken.unpayable or ""
        place = "53" if word == "currency_unsupported" else taken.content.account_tag
        why = fault("network", word, place, 0)
        return QrError([why], scheme=taken.content.scheme)
    if reading.refused:
        return reading.refused[0]
    if any(item.layer == "tlv" for item in reading.general):
        return QrError(reading.general, scheme=reading.owner)
    return QrError(ordered([*reading.general, fault("network", "unknown_network", "", 0)]))
