"""One text judged by every scheme that claims it: the common ground of the two public readers.

Reading is tolerant and says so: a rule that a code breaks and a scheme tolerates is a deviation.
Nothing is raised here; what the schemes refuse is kept beside what they take. The surprise is the
sticker's own scheme: where it refuses the code (expired, say), a guest such as UnionPay on the same
sticker does not pay it either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fx.iso4217 import ISO_4217
from switch.qr.check import HANDLED, check_crc, check_fields, check_objects, root_of
from switch.qr.check_scheme import check_last_day, check_scheme, check_validity, read_subs
from switch.qr.claim import claimed_by
from switch.qr.content import QrContent, read_content
from switch.qr.emv import parse
from switch.qr.errors import CODE_AMOUNT_ZERO, Fault, QrError, fault, ordered
from switch.qr.off_emv import read_off_emv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.qr.claim import Claim, Claimed
    from switch.qr.emv import Node, Parsed
    from switch.qr.rules import Account, Scheme
    from switch.qr.scheme import Schemes


class Taken(NamedTuple):
    """One scheme that takes the code; ``unpayable`` is the word why nobody from abroad may pay."""

    content: QrContent
    deviations: tuple[str, ...]
    notes: tuple[str, ...]
    unpayable: str | None
    fields: dict[str, object] | None = None

    def __repr__(self) -> str:
        return (
            f"Taken(scheme={self.content.scheme!r}, deviations={self.deviations!r}, "
            f"notes={self.notes!r}, unpayable={self.unpayable!r})"
        )


class Reading(NamedTuple):
    """All that is known of one text.

    ``general`` are the faults of the code as one of no known network (none for an EMV text that is
    sound), ``deviations`` what is tolerated in it, ``owner`` the word of the scheme that claims it.
    """

    parsed: Parsed
    taken: tuple[Taken, ...]
    refused: tuple[QrError, ...]
    general: tuple[Fault, ...]
    deviations: tuple[str, ...]
    owner: str | None


class _Judged(NamedTuple):
    faults: tuple[Fault, ...]
    deviations: tuple[str, ...]


def read_code(payload: str, at: datetime, schemes: Schemes, *, strict: bool = False) -> Reading:
    """Read ``payload`` as every scheme does at the aware moment ``at``.

    A strict reading tolerates nothing: what would be a deviation is a fault.
    """
    off = read_off_emv(payload, schemes.schemes)
    parsed = parse(payload)
    if off is not None:
        word = off.scheme.scheme
        if off.faults:
            error = QrError(off.faults, scheme=word)
            return Reading(parsed, (), (error,), error.faults, (), word)
        why = _unpayable(off.scheme, off.account, {})
        taken = Taken(off.content(payload), (), (), why, off.fields)
        return Reading(parsed, (taken,), (), (), (), word)
    root = root_of(parsed)
    for scheme in schemes.schemes:
        if _is_decoy(scheme, parsed, root):
            error = QrError([fault("network", "not_a_payment_code", "", 0)], scheme=scheme.scheme)
            return Reading(parsed, (), (error,), error.faults, (), scheme.scheme)
    own, guests = claimed_by(schemes, root)
    owner = _owner(schemes, own or guests, root)
    if any(item.layer == "tlv" for item in parsed.faults):
        return Reading(parsed, (), (), ordered(parsed.faults), (), owner)
    found = list(parsed.faults)
    check_objects(parsed, root, schemes.base, found)
    check_fields(parsed, root, schemes.base, found)
    check_crc(parsed, root, found)
    reader = _Reader(parsed, root, found, at, schemes, strict=strict)
    taken_own, refused = reader.ask(own)
    if taken_own or not own:
        taken_guests, refused_guests = reader.ask(guests)
        taken_own, refused = [*taken_own, *taken_guests], [*refused, *refused_guests]
    general = reader.generic()
    return Reading(
        parsed, tuple(taken_own), tuple(refused), general.faults, general.deviations, owner
    )


class _Reader:
    """One tree with its general faults, asked by one scheme after the other."""

    def __init__(
        self,
        parsed: Parsed,
        root: Mapping[str, Node],
        found: list[Fault],
        at: datetime,
        schemes: Schemes,
        *,
        strict: bool,
    ) -> None:
        self.parsed = parsed
        self.root = root
        self.found = found
        self.at = at
        self.base = schemes.base
        self.strict = strict

    def ask(self, claimed: list[Claimed]) -> tuple[list[Taken], list[QrError]]:
        """Return who takes the code, and the refusals of those that do not."""
        taken: list[Taken] = []
        refused: list[QrError] = []
        for scheme, claims in claimed:
            judged = self.judge(scheme, claims)
            if judged.faults:
                number = scheme.numbers.get(judged.faults[0].reason)
                refused.append(QrError(judged.faults, scheme=scheme.scheme, nbc=number))
                continue
            reasons = [_unpayable(scheme, claim.account, self.root) for claim in claims]
            chosen = next((place for place, why in enumerate(reasons) if why is None), 0)
            tree = _deepened(self.parsed, claims[chosen])
            taken.append(
                Taken(
                    read_content(scheme, claims[chosen].account, tree),
                    judged.deviations,
                    self.notes(scheme, claims),
                    reasons[chosen],
                )
            )
        return taken, refused

    def judge(self, scheme: Scheme, claims: tuple[Claim, ...]) -> _Judged:
        """Return the faults that refuse the code, and the words of those that are tolerated."""
        # Where the identifier is an account of the scheme itself, it has rules of its own.
        own = {claim.node.tag for claim in claims if "00" in claim.account.fields}
        found = [
            item
            for item in self.found
            if item.path not in own or item.reason not in {"missing_guid", "guid_length"}
        ]
        soft = self.parsed.soft
        found += [item for item in soft if item.path.partition("/")[0] in scheme.templates]
        check_scheme(scheme, claims, self.root, found)
        if scheme.validity is not None:
            check_validity(scheme.validity, self.root, self.at, found)
        for claim in claims:
            if claim.account.last_day is not None and claim.exact:
                check_last_day(claim.account.last_day, claim.node, self.at, found)
        if self.payer_types(claims):
            found = [item for item in found if (item.path, item.code) != ("54", CODE_AMOUNT_ZERO)]
        return self.sorted(found, scheme)

    def generic(self) -> _Judged:
        """Judge the code as one of no known network."""
        found = list(self.found)
        unit = self.root.get("53")
        if unit is not None and unit.value not in ISO_4217:
            found.append(fault("field", "currency_unknown", "53", unit.start))
        return self.sorted(found, None)

    def sorted(self, found: list[Fault], scheme: Scheme | None) -> _Judged:
        deviations: list[str] = []
        kept: list[Fault] = []
        for item in found:
            if self.tolerated(item, scheme):
                deviations.append(item.reason)
            else:
                kept.append(item)
        return _Judged(self.gathered(kept), tuple(dict.fromkeys(deviations)))

    def tolerated(self, item: Fault, scheme: Scheme | None) -> bool:
        if self.strict:
            return False
        if item.reason in self.base.tolerates:
            return True
        if scheme is None:
            return False
        if item.reason in scheme.tolerates:
            return True
        values = scheme.accepts.get(item.path) if item.layer == "field" else None
        return values is not None and self.root[item.path].value in values

    def gathered(self, found: list[Fault]) -> tuple[Fault, ...]:
        """Put one word before several absent objects, so that the first does not mislead."""
        words = {f"missing_{tag}" for tag in self.base.required}
        absent = [item for item in found if item.layer == "schema" and item.reason in words]
        if len(absent) > 1:
            first = fault("schema", "missing_mandatory", absent[0].path, absent[0].position)
            found = [first, *found]
        return ordered(found)

    def payer_types(self, claims: tuple[Claim, ...]) -> bool:
        """Tell whether an amount of zero asks the payer for one, as some schemes say."""
        amount = self.root.get("54")
        if amount is None or amount.value.strip("0.") or not amount.value.startswith("0"):
            return False
        for claim in claims:
            rule = claim.account.payer_types
            if rule is not None and claim.node.text(rule[0]) == rule[1]:
                return True
        return False

    def notes(self, scheme: Scheme, claims: tuple[Claim, ...]) -> tuple[str, ...]:
        """Return oddities that break no rule."""
        notes: list[str] = []
        payload = self.parsed.text
        if not payload.isascii():
            notes += [
                f"not_ascii_{tag}"
                for tag in ("59", "60")
                if tag in self.root and not self.root[tag].value.isascii()
            ]
            if any(character > "\uffff" for character in payload):
                # The central bank's software counts such a character as two.
                notes.append("astral_character")
        validity = scheme.validity
        if validity is not None and validity.template in self.root:
            node = self.root[validity.template]
            if node.child(validity.created) is not None and node.child(validity.expires) is None:
                notes.append("creation_only")
        if self.payer_types(claims):
            notes.append("payer_types_amount")
        for account, node, _ in claims:
            for expected in account.expected:
                value = node.text(expected.sub) if expected.sub else node.value
                if value is not None and expected.pattern.fullmatch(value) is None:
                    notes.append(expected.note)
        return tuple(dict.fromkeys(notes))


def _unpayable(scheme: Scheme, account: Account, root: Mapping[str, Node]) -> str | None:
    """Return the word why nobody from abroad can pay a code that is sound."""
    if _in_foreign_money(scheme, root):
        return "currency_unsupported"
    for rule in scheme.unpayable:
        if account.kind in rule.kinds:
            return rule.why
        tag, _, sub = rule.path.partition("/")
        node = root.get(tag)
        value = None if node is None else node.text(sub) if sub else node.value
        if value in rule.values:
            return rule.why
    return None


def _in_foreign_money(scheme: Scheme, root: Mapping[str, Node]) -> bool:
    """Tell whether the code is in money that the switch cannot count.

    A network whose file names its currency states the merchant's price itself, so there only an
    amount on the sticker is in the way.
    """
    unit = root.get("53")
    if unit is None or unit.value in HANDLED:
        return False
    return not scheme.currencies or "54" in root or "56" in root


def _deepened(parsed: Parsed, claim: Claim) -> Parsed:
    """Return the tree with the third level that the account rule names."""
    if not any("/" in sub for sub in claim.account.fields):
        return parsed
    subs = read_subs(claim.account, claim.node, [])
    children = tuple(
        child._replace(
            children=tuple(deep for path, deep in subs.items() if path.startswith(f"{child.tag}/"))
        )
        for child in claim.node.children
    )
    deeper = claim.node._replace(children=children)
    nodes = tuple(deeper if node is claim.node else node for node in parsed.nodes)
    return parsed._replace(nodes=nodes)


def _is_decoy(scheme: Scheme, parsed: Parsed, root: Mapping[str, Node]) -> bool:
    for decoy in scheme.decoys:
        node = root.get(decoy.tag)
        if parsed.nodes and parsed.nodes[-1].tag == decoy.last and node is not None:
            return decoy.pattern.fullmatch(node.value) is not None
    return False


def _owner(schemes: Schemes, claimed: list[Claimed], root: Mapping[str, Node]) -> str | None:
    """Return the scheme that claims the code; without a claim, the one of the code's country."""
    if claimed:
        return claimed[0].scheme.scheme
    country = root.get("58")
    for scheme in schemes.schemes:
        if country is not None and scheme.kind == "emv" and country.value in scheme.countries:
            return scheme.scheme
    return None
