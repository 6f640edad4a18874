"""Which networks a scanned text can be paid through, and what it says to each.

A network is found by (tag, identifier, country, currency), never by the tag alone: Cambodia and
Thailand both use 29 and 30. Reading is tolerant and says so: every rule that a code breaks and a
scheme tolerates is listed as a deviation. A text that several schemes claim gives several
candidates, in the order of the schemes; a scheme that refuses it does not spoil the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switch.qr.check import (
    Claim,
    check_crc,
    check_fields,
    check_objects,
    check_scheme,
    check_validity,
    root_of,
)
from switch.qr.content import QrContent, read_content, values_of
from switch.qr.emv import parse
from switch.qr.errors import Fault, QrError, fault, ordered
from switch.qr.scheme import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.qr.emv import Node, Parsed
    from switch.qr.scheme import Scheme, Schemes


@dataclass(frozen=True, slots=True)
class Candidate:
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

    @property
    def network(self) -> str:
        """The payment network behind it, such as ``bakong``."""
        return self.content.network


@dataclass(frozen=True, slots=True)
class Recognition:
    """At least one candidate, and the refusals of schemes that claimed the code as well."""

    candidates: tuple[Candidate, ...]
    refused: tuple[QrError, ...]


def recognise(payload: str, *, at: datetime, schemes: Schemes = SCHEMES) -> Recognition:
    """Read ``payload`` and return every network that it can be paid through at ``at``.

    ``at`` is an aware moment. Raises :class:`QrError` with all faults where no network takes the
    code; the refusal of the first scheme that claims it decides.
    """
    assert at.tzinfo is not None, "recognise: the moment must be aware"
    parsed = parse(payload)
    root = root_of(parsed)
    for scheme in schemes.schemes:
        if _is_decoy(scheme, parsed, root):
            raise QrError([fault("network", "not_a_payment_code", "", 0)], scheme=scheme.scheme)
    found = list(parsed.faults)
    if any(item.layer == "tlv" for item in found):
        raise QrError(found)
    check_objects(parsed, root, schemes.base, found)
    check_fields(parsed, root, schemes.base, found)
    check_crc(parsed, root, found)
    claimed = [(scheme, claims) for scheme, claims in _claims(schemes, root) if claims]
    if not claimed:
        kept = [item for item in found if item.reason not in schemes.base.tolerates]
        kept.append(fault("network", "unknown_network", "", 0))
        raise QrError(_gathered(kept, schemes))
    candidates: list[Candidate] = []
    refused: list[QrError] = []
    for scheme, claims in claimed:
        faults, deviations = _judge(scheme, claims, parsed, root, found, at, schemes)
        if faults:
            number = scheme.numbers.get(ordered(faults)[0].reason)
            refused.append(QrError(faults, scheme=scheme.scheme, nbc=number))
        else:
            content = read_content(scheme, claims[0].account, parsed)
            candidates.append(Candidate(content, deviations, _notes(scheme, root, payload)))
    if not candidates:
        raise refused[0]
    return Recognition(tuple(candidates), tuple(refused))


def _is_decoy(scheme: Scheme, parsed: Parsed, root: Mapping[str, Node]) -> bool:
    for decoy in scheme.decoys:
        node = root.get(decoy.tag)
        if parsed.nodes and parsed.nodes[-1].tag == decoy.last and node is not None:
            return node.value == decoy.value
    return False


def _claims(schemes: Schemes, root: Mapping[str, Node]) -> list[tuple[Scheme, tuple[Claim, ...]]]:
    """Return what each scheme claims; by tag and country alone only if no identifier is known."""
    for exact in (True, False):
        claimed = [(scheme, _claimed(scheme, root, exact=exact)) for scheme in schemes.schemes]
        if any(claims for _, claims in claimed):
            return claimed
    return []


def _claimed(scheme: Scheme, root: Mapping[str, Node], *, exact: bool) -> tuple[Claim, ...]:
    country = root.get("58")
    at_home = country is not None and country.value in scheme.countries
    claims: list[Claim] = []
    for account in scheme.accounts:
        node = root.get(account.tag)
        if node is None:
            continue
        if exact:
            identifier = node.text("00") or ""
            if account.id_contains is not None:
                fits = account.id_contains in identifier and (at_home or country is None)
            else:
                fits = identifier in account.ids
        else:
            fits = at_home and all(claim.node is not node for claim in claims)
        if fits:
            claims.append(Claim(account, node, exact))
    return tuple(claims)


def _judge(
    scheme: Scheme,
    claims: tuple[Claim, ...],
    parsed: Parsed,
    root: Mapping[str, Node],
    general: list[Fault],
    at: datetime,
    schemes: Schemes,
) -> tuple[list[Fault], tuple[str, ...]]:
    """Return the faults that refuse the code, and the words of those that the scheme tolerates."""
    # Where the identifier is an account of the scheme itself, its absence is the scheme's fault.
    own = {claim.node.tag for claim in claims if "00" in claim.account.fields}
    found = [item for item in general if item.reason != "missing_guid" or item.path not in own]
    found += [item for item in parsed.soft if item.path.partition("/")[0] in scheme.templates]
    check_scheme(scheme, claims, root, found)
    if scheme.validity is not None:
        check_validity(scheme.validity, root, at, found)
    tolerated = schemes.base.tolerates | scheme.tolerates
    deviations = [item.reason for item in found if item.reason in tolerated]
    kept = [item for item in found if item.reason not in tolerated]
    return _gathered(kept, schemes), tuple(dict.fromkeys(deviations))


def _gathered(found: list[Fault], schemes: Schemes) -> list[Fault]:
    """Put one word before several absent objects, so that the first of them does not mislead."""
    words = {f"missing_{tag}" for tag in schemes.base.required}
    absent = [item for item in found if item.layer == "schema" and item.reason in words]
    if len(absent) > 1:
        first = fault("schema", "missing_mandatory", absent[0].path, absent[0].position)
        return [first, *found]
    return found


def _notes(scheme: Scheme, root: Mapping[str, Node], payload: str) -> tuple[str, ...]:
    notes: list[str] = []
    if not payload.isascii():
        notes += [
            f"not_ascii_{tag}"
            for tag in ("59", "60")
            if tag in root and not root[tag].value.isascii()
        ]
        if any(character > "\uffff" for character in payload):
            # The central bank's software counts such a character as two.
            notes.append("astral_character")
    validity = scheme.validity
    if validity is not None:
        stamps = values_of(root.get(validity.template))
        if validity.created in stamps and validity.expires not in stamps:
            notes.append("creation_only")
    return tuple(notes)
