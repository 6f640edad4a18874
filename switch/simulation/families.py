"""Judges what belongs to an earlier payment: refunds, returns, money that goes back of itself.

A family is a payment with all that is linked to it. Each part moves exactly what was frozen between
those who took part in the original; all parts together are no more than was paid, at the rate of
the original; and what stands on a network's account for a family is what that network has booked
for it. The surprise: what a network sends back has its own name in its book, so such lines are held
against the payments of a family by their amounts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from switch.simulation.contradictions import borne
from switch.simulation.evidence import DECIMALS, GOING_BACK, MOVED, SPONSOR, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from switch.simulation.evidence import Row

BETWEEN: Final = ("holder", "fee", "residue")
"""Roles of accounts through which money passes on its way from one side to the other."""

MATCHED: Final = "matched"
"""Scope of the keys of returns that people booked to the payer after they had fitted nothing."""


class Families:
    """Payments with what is linked to them; ``lines`` and ``back`` are books of networks.

    ``lines`` are by network and UETR, ``back`` those of what networks gave back by the original's.
    """

    def __init__(
        self,
        payments: Mapping[str, Row],
        posted: Callable[..., Counter[str]],
        lines: Mapping[tuple[str, str], Sequence[Row]],
        back: Mapping[tuple[str, str], Sequence[Row]],
        matched: Sequence[str],
        lied: frozenset[str],
    ) -> None:
        self._payments = payments
        self._posted = posted
        self._lines = lines
        self._back = back
        self._matched = matched
        self._lied = lied
        self._children: dict[str, list[str]] = defaultdict(list)
        for uetr, payment in payments.items():
            if payment.get("original"):
                self._children[payment["original"]].append(uetr)

    def children(self, uetr: str) -> list[str]:
        """What is linked to a payment."""
        return self._children.get(uetr, [])

    def moves(self) -> Iterator[str]:
        """What is linked moves its frozen amounts between those of its original, or nothing."""
        for original, children in self._children.items():
            if original not in self._payments:
                yield f"{original}: gone, and {len(children)} payments are linked to it"
                continue
            for child in children:
                payment = self._payments[child]
                moved = MOVED.get(payment["state"]) is True
                expected = _expected(payment, self._payments[original]) if moved else {}
                if not moved and child in self._lied and payment["kind"] == "refund":
                    # Refused in words and carried out: its bearer takes the loss, not its payer.
                    expected = {name: minor for name, minor in borne(payment).items() if minor}
                posted = {
                    account: minor
                    for account, minor in self._posted(child).items()
                    if minor and account.split("/")[1] not in BETWEEN
                }
                if posted != expected:
                    yield f"{child}: {payment['kind']} moved {posted} and not {expected}"

    def parts(self) -> Iterator[str]:
        """All parts together are no more than was paid, at the rate of the original."""
        for original, children in self._children.items():
            if original not in self._payments:
                continue
            terms = self._payments[original]["terms"]
            mine = theirs = parts = 0
            for child in children:
                payment = self._payments[child]
                if MOVED.get(payment["state"]) is not True or not _is_part(payment):
                    continue
                amounts = payment["terms"]["source"], payment["terms"]["destination"]
                payees, payers = amounts if payment["kind"] == "refund" else amounts[::-1]
                mine, theirs, parts = mine + payees, theirs + payers, parts + 1
            if parts and MOVED.get(self._payments[original]["state"]) is not True:
                yield f"{original}: {mine} went back of what was never paid"
            if mine > terms["destination"] or theirs > terms["source"]:
                yield f"{original}: {mine} of {terms['destination']} went back in {parts} parts"
            elif mine == terms["destination"] and theirs != terms["source"]:
                yield f"{original}: all of it went back, and {theirs} of {terms['source']} arrived"
            else:
                off = abs(theirs * terms["destination"] - mine * terms["source"])
                if off > parts * STEPS[terms["payer_currency"]] * terms["destination"]:
                    yield f"{original}: {mine} went back as {theirs}, at another rate"

    def agree(self) -> Iterator[str]:
        """What a family left on a network's account is what the network booked for it."""
        for uetr, payment in self._payments.items():
            if payment.get("original"):
                continue
            family = [uetr, *self.children(uetr)]
            rows = [self._payments[each] for each in family]
            if any(self._open(row) for row in rows):
                continue
            if uetr in self._lied and MOVED[payment["state"]]:
                continue  # it was said to be paid, and the network goes by that until it is settled
            names = [row[side] for row in rows for side in ("network", "origin")]
            posted = self._posted(*family)
            for network in dict.fromkeys(names):
                if network == "bakong":
                    continue  # its side is a pool, which is held against the backbone's own ledger
                booked = self._booked(network, family)
                held = {
                    account.split("/")[2]: minor
                    for account, minor in posted.items()
                    if minor and account.startswith(f"{network}/network/")
                }
                if held != booked:
                    yield f"{uetr}: {network} booked {booked}, and its account says {held}"

    def recalls(self) -> Iterator[str]:
        """A network's recall that was agreed to has given all back, and one alone is agreed to."""
        for original, children in self._children.items():
            recalls = [self._payments[each] for each in children]
            recalls = [each for each in recalls if each["kind"] == "recall"]
            agreed = [each for each in recalls if MOVED.get(each["state"])]
            if len(agreed) > 1:
                yield f"{original}: {len(agreed)} recalls of it were agreed to"
            if original in self._payments and any(r["direction"] == "inbound" for r in agreed):
                terms = self._payments[original]["terms"]
                back = sum(
                    row["terms"]["source"]
                    for uetr, row in self._family(original)
                    if row["kind"] == "refund" and (MOVED.get(row["state"]) or self._is_borne(uetr))
                )
                if back != terms["destination"]:
                    yield f"{original}: recalled, and {back} of {terms['destination']} went back"

    def returns(self) -> Iterator[str]:
        """Each return that a network booked is booked once here, and no other."""
        known = {
            (payment["network"], payment["original"])
            for payment in self._payments.values()
            if payment.get("kind") == "return"
        }
        for network, original in dict.fromkeys([*self._back, *sorted(known)]):
            there = Counter(
                (line["currency"], _minor(line["amount"], line["currency"]))
                for line in self._back.get((network, original), ())
                if line["status"] == "booked"
            )
            here = Counter(
                (payment["terms"]["payee_currency"], payment["terms"]["destination"])
                for child, payment in self._family(original)
                if payment.get("kind") == "return"
                and payment["network"] == network
                and MOVED.get(payment["state"]) is True
                and child not in self._matched
            )
            if there != here:
                yield f"{original}: {network} gave back {dict(there)}, booked here {dict(here)}"

    def _is_borne(self, refund: str) -> bool:
        """Whether it was refused in words and carried out: whoever recalled has the money."""
        return refund in self._lied and any(self._posted(refund).values())

    def _family(self, original: str) -> Iterator[tuple[str, Row]]:
        for child in self.children(original):
            yield child, self._payments[child]

    def _open(self, payment: Row) -> bool:
        waits = MOVED.get(payment["state"]) is None or payment["state"] in GOING_BACK
        return bool(waits or payment["disputed"])

    def _booked(self, network: str, family: Sequence[str]) -> dict[str, int]:
        """Sums of what a network booked, seen from here: what it owes us is positive."""
        sums: Counter[str] = Counter()
        for uetr in family:
            lines = self._lines.get((network, uetr), ())
            for line in (*lines, *self._back.get((network, uetr), ())):
                if line["status"] == "booked":
                    minor = _minor(line["amount"], line["currency"])
                    sums[line["currency"]] += minor if line["direction"] == "inbound" else -minor
            payment = self._payments[uetr]
            if payment.get("kind") == "return" and payment["network"] == network:
                # What fitted nothing stands in its book until both have settled it elsewhere.
                terms, held = payment["terms"], payment.get("funding") == "held"
                sign = -1 if held else int(uetr in self._matched)
                sums[terms["payee_currency"]] += sign * terms["destination"]
        return {code: minor for code, minor in sums.items() if minor}


def _is_part(payment: Row) -> bool:
    """Whether it gave the payer of its original something for what the payee gave."""
    funding = payment.get("funding", "capped")
    if payment["kind"] == "refund":
        return bool(funding in ("capped", "reversed"))
    return bool(payment["kind"] == "return" and funding != "held")


def _expected(payment: Row, original: Row) -> dict[str, int]:
    """What a linked payment posts, by institution, role and currency; a debit is positive."""
    kind, funding = payment["kind"], payment.get("funding", "capped")
    terms, who = payment["terms"], original["institutions"]
    pays, gets = terms["payer_currency"], terms["payee_currency"]
    if kind == "refund" and funding == "held":
        guest, back = who["payer_side"], terms["debit"]
        return {f"{guest}/suspense/{pays}": back, f"{guest}/network/{pays}": -back}
    if kind == "refund" and funding == "gross":
        return {f"{SPONSOR}/suspense/{pays}": terms["debit"],
                f"{SPONSOR}/pool/{pays}": -terms["debit"]}  # fmt: skip
    if kind == "refund":
        giver = f"{who['payee_bank']}/member"
        if funding == "reversed":
            giver = f"{payment['institutions']['sponsor']}/suspense"
        return {f"{giver}/{pays}": terms["debit"],
                f"{who['payer_side']}/network/{gets}": -terms["destination"]}  # fmt: skip
    network, back = f"{who['payee_side']}/network/{gets}", terms["destination"]
    if kind == "return" and funding == "held":
        # Until people decide it is owed to nobody; then it is booked as another one, or sent back.
        waits = {network: back, f"{who['payee_side']}/suspense/{gets}": -back}
        return waits if payment["disputed"] else {}
    if kind == "return":
        payer = f"{SPONSOR}/suspense" if funding == "gross" else f"{who['payer_side']}/member"
        return {network: back, f"{payer}/{pays}": -terms["source"]}
    return {}


def _minor(amount: str, code: str) -> int:
    return int(Decimal(amount).scaleb(DECIMALS[code]))
