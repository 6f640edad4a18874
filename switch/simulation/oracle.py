"""Judges what a run left, from raw rows, the networks' books and what callers were told.

It imports nothing of the product: what a state means and which answer is final is written down a
second time in ``evidence``, who is debited and credited here. Each finding is one sentence
under one kind; a good run has none. The surprise: a payment that waits for people is no finding as
long as its money is reserved; it is counted as unresolved.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from switch.simulation import contradictions
from switch.simulation.evidence import (
    BACK,
    CHANGED,
    DECIMALS,
    DUPLICATED,
    FINAL,
    FROZEN,
    GOING_BACK,
    LOST,
    MISQUOTED,
    MOVED,
    RECORD,
    SPONSOR,
    STUCK,
    UNBALANCED,
    UNSENT,
    WAITS,
    Finding,
    Left,
    Row,
)
from switch.simulation.families import MATCHED, Families

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def judge(left: Left) -> list[Finding]:
    """Everything that is wrong with what a run left."""
    case = _Case(left)
    families = case.families
    rules = (
        (UNBALANCED, case.sums()),
        (UNBALANCED, case.balances()),
        (UNBALANCED, case.reservations()),
        (UNBALANCED, case.postings()),
        (UNBALANCED, case.pool()),
        (UNBALANCED, case.suspended()),
        (UNBALANCED, families.moves()),
        (UNBALANCED, families.parts()),
        (UNBALANCED, families.agree()),
        (LOST, case.given_back()),
        (LOST, families.returns()),
        (LOST, families.recalls()),
        (LOST, case.missing()),
        (DUPLICATED, case.twice()),
        (CHANGED, case.answers()),
        (CHANGED, contradictions.taken_back(left)),
        (UNBALANCED, contradictions.unturned(left)),
        (MISQUOTED, case.quotes()),
        (STUCK, case.stuck()),
        (RECORD, case.record()),
    )
    return [Finding(kind, what) for kind, rule in rules for what in rule]


class _Case:
    """The evidence, indexed."""

    def __init__(self, left: Left) -> None:
        self._left = left
        self._rows = left.rows
        rows, booked = left.rows["payment"], contradictions.booked_after_all(left)
        self._payments = {row["uetr"]: {**row, **json.loads(row["frozen"])} for row in rows}
        for each in booked:
            self._payments[each]["state"] = "accepted"
        self._entries: dict[str, list[Row]] = defaultdict(list)
        for entry in left.rows["entry"]:
            self._entries[entry["uetr"]].append(entry)
        self._lied = contradictions.lied_about(left)
        self._against = contradictions.against(left, self._payments)
        self._frozen = {each for each, row in self._payments.items() if row["state"] == FROZEN}
        named = {(row["network"], row["reference"]): row["uetr"] for row in left.rows["payment"]}
        self._lines: dict[tuple[str, str], list[Row]] = defaultdict(list)
        back: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for network, book in left.books.items():
            for line in book:
                # Some networks know our reference alone.
                uetr = named.get((network, line["reference"]))
                about = self._payments.get(str(line["uetr"]))
                returned = about is not None and about["direction"] == "outbound"
                if uetr is None and returned and line.get("direction") == "inbound":
                    back[network, line["uetr"]].append(line)
                    continue
                self._lines[network, str(uetr or line["uetr"])].append(line)
        matched = [row["uetr"] for row in left.rows["binding"] if row["scope"] == MATCHED]
        payments = self._payments
        lied = self._lied - {each for each in self._against if self._moved(each)}  # unbooked
        self.families = Families(payments, self._posted, self._lines, back, matched, lied)

    def _moved(self, uetr: str) -> bool | None:
        return MOVED.get(self._payments[uetr]["state"])

    def sums(self) -> Iterator[str]:
        """In each phase of each payment, debits equal credits in each currency."""
        sums: Counter[tuple[str, str, str]] = Counter()
        for entry in self._rows["entry"]:
            sums[entry["uetr"], entry["phase"], entry["currency"]] += _signed(entry)
        for (uetr, phase, code), total in sums.items():
            if total:
                yield f"{uetr or 'received'}: {phase} entries in {code} sum to {total}"

    def balances(self) -> Iterator[str]:
        """The four sums of an account are those of its entries."""
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for entry in self._rows["entry"]:
            account, side, minor = entry["account"], entry["side"], entry["minor"]
            if entry["phase"] == "posted":
                sums[account][f"{side}s_posted"] += minor
            if entry["phase"] == "pending":
                sums[account][f"{side}s_pending"] += minor
            elif entry["pending_entry"] is not None:
                sums[account][f"{side}s_pending"] -= minor
        accounts = {row["key"]: row for row in self._rows["account"]}
        for name in [*sums, *(name for name in accounts if name not in sums)]:
            for column in ("debits_posted", "credits_posted", "debits_pending", "credits_pending"):
                if accounts.get(name, {}).get(column, 0) != sums[name][column]:
                    yield f"{name}: {column} is not what its entries say"

    def reservations(self) -> Iterator[str]:
        """What is reserved is resolved in full once a payment ended, and not before."""
        left: Counter[int] = Counter()
        owner: dict[int, str] = {}
        for entry in self._rows["entry"]:
            if entry["phase"] == "pending":
                left[entry["entry_id"]] += entry["minor"]
                owner[entry["entry_id"]] = entry["uetr"]
            elif entry["pending_entry"] is not None:
                left[entry["pending_entry"]] -= entry["minor"]
        for number, minor in left.items():
            uetr = owner.get(number)
            if uetr is None or uetr not in self._payments:
                yield f"entry {number} resolves or reserves for no payment"
            elif minor and self._moved(uetr) is not None:
                yield f"{uetr}: {minor} of entry {number} is still reserved after its end"
            elif not minor and self._moved(uetr) is None and uetr not in self._frozen:
                yield f"{uetr}: entry {number} is resolved and the payment has not ended"

    def postings(self) -> Iterator[str]:
        """The payer's side is debited and the payee's credited exactly as frozen, or nobody is."""
        for uetr, payment in self._payments.items():
            terms, who = payment["terms"], payment["institutions"]
            posted = self._posted(uetr)
            if payment.get("original") or payment["state"] in BACK:
                continue  # judged with what it belongs to
            if uetr in self._frozen:
                if not contradictions.is_frozen(self._entries.get(uetr, ()), terms["debit"]):
                    yield f"{uetr}: blocked, and its money is not frozen"
                continue
            if uetr in self._against:
                if posted != self._against[uetr]:
                    yield f"{uetr}: people decided otherwise than {dict(posted)} says"
                continue
            if self._moved(uetr) is not True:
                if any(posted.values()) and payment.get("finality") != "advice":
                    yield f"{uetr}: {payment['state']}, and money was posted"
                continue
            payer, payee = _ends(payment)
            pays, gets = terms["payer_currency"], terms["payee_currency"]
            whose = f"{who['payer_side']}/{payer}/{pays}"
            if payment.get("funding") == "gross":
                whose = f"{SPONSOR}/pool/{pays}"  # the payer's bank has pushed it there
            if posted[whose] != terms["debit"]:
                yield f"{uetr}: the payer's side is not debited what was quoted"
            if posted[f"{who['payee_side']}/{payee}/{gets}"] != -terms["destination"]:
                yield f"{uetr}: the payee's side is not credited what was quoted"

    def given_back(self) -> Iterator[str]:
        """Who was debited and could not be paid for has got all of it back."""
        for uetr, payment in self._payments.items():
            if payment["state"] not in ("unwound", "returned"):
                continue
            terms = payment["terms"]
            back = [child for child in self.families.children(uetr) if self._moved(child)]
            posted = self._posted(uetr, *back)
            owed = contradictions.owed(payment, posted)
            if payment["state"] == "returned":
                if (left := posted[f"{SPONSOR}/pool/{terms['payer_currency']}"]) != owed:
                    yield f"{uetr}: {left} of what was pushed for it did not go back"
                continue
            given = sum(self._payments[child]["terms"]["destination"] for child in back)
            if given != terms["debit"] - owed:
                yield f"{uetr}: {given} of {terms['debit']} went back"
            side = f"{payment['institutions']['payer_side']}/network/{terms['payer_currency']}"
            if posted[side] != owed:
                yield f"{uetr}: its payer's side still owes {posted[side]}"

    def _posted(self, *uetrs: str) -> Counter[str]:
        """What was posted for payments, by institution, role and currency."""
        posted: Counter[str] = Counter()
        for uetr in uetrs:
            for entry in self._entries.get(uetr, ()):
                if entry["phase"] == "posted":
                    posted[entry["account"].rpartition("/")[0]] += _signed(entry)
        return posted

    def pool(self) -> Iterator[str]:
        """The mirror of the sponsor's pool moved as the pool did, once nothing is on its way."""
        if self._left.pools is None or any(self._moved(uetr) is None for uetr in self._payments):
            return
        before, after = self._left.pools
        if any(Decimal(amount) for amount in after["transit"].values()):
            yield "the backbone has something for the sponsor that nobody collects"
            return
        for code in after["totals"]:
            if before["totals"][code] != after["totals"][code]:
                yield f"the backbone's sum of {code} changed"
            mirrored = sum(
                _signed(entry)
                for entry in self._rows["entry"]
                if entry["account"] == f"{SPONSOR}/pool/{code}/bakong"
                and entry["phase"] == "posted"
            )
            pools = [Decimal(side["pools"][SPONSOR][code]) for side in (before, after)]
            if mirrored != _minor(pools[1] - pools[0], code):
                yield f"the sponsor's pool of {code} moved otherwise than its mirror"

    def suspended(self) -> Iterator[str]:
        """What stands in suspense is what operators see there, once nothing is on its way."""
        if self._left.suspended is None or any(
            self._moved(uetr) is None or payment["state"] in GOING_BACK or payment["disputed"]
            for uetr, payment in self._payments.items()
        ):
            return
        yield from contradictions.unlike_items(self._left)

    def _legs(self, uetr: str) -> list[tuple[str, tuple[str, Decimal]]]:
        """The networks that took part, and the amount that each must have booked."""
        payment = self._payments[uetr]
        terms = payment["terms"]
        if payment.get("kind") in ("return", "recall"):
            return []  # a return is held against the book by its amount, and a recall moves nothing
        legs = [(payment["network"], _amount(terms["destination"], terms["payee_currency"]))]
        if payment["direction"] == "inbound":
            legs.append((payment["origin"], _amount(terms["debit"], terms["payer_currency"])))
        return legs

    def missing(self) -> Iterator[str]:
        """Where money moved on one side it moved on the other, and nobody moved more."""
        known: set[tuple[str, str]] = set()
        for uetr, payment in self._payments.items():
            moved = self._moved(uetr)
            for network, (code, amount) in self._legs(uetr):
                known.add((network, uetr))
                lines = self._lines.get((network, uetr), [])
                booked = [line for line in lines if _booked(line)]
                lied = uetr in self._lied
                if moved is True and not booked and not lied:
                    yield f"{uetr}: credited, and {network} has booked nothing"
                debited = payment["state"] in BACK and network == payment["origin"]
                if debited and not booked:
                    yield f"{uetr}: given back, and {network} has booked nothing"
                if moved is False and booked and not debited:
                    if not lied:
                        yield f"{uetr}: refused, and {network} has booked it"
                    elif (posted := self._posted(uetr)) != contradictions.borne(payment, posted):
                        yield f"{uetr}: refused, {network} booked it, and nobody bears it"
                if moved is not None and any(line["status"] == "pending" for line in lines):
                    yield f"{uetr}: ended, and {network} still waits"
                for line in booked:
                    if (line["currency"], Decimal(line["amount"])) != (code, amount):
                        yield f"{uetr}: {network} booked another amount"
        for (network, uetr), lines in self._lines.items():
            if (network, uetr) not in known and any(_booked(line) for line in lines):
                yield f"{uetr}: booked by {network}, and the switch knows nothing of it"
        for told in self._left.told:
            paid = any(FINAL.get(word.status) for word in told.words)
            if paid and told.uetr not in self._payments:
                yield f"{told.uetr}: its caller was told that it is paid, and it is gone"

    def twice(self) -> Iterator[str]:
        """One instruction, one payment, one line in each book."""
        for (network, uetr), lines in self._lines.items():
            if sum(_booked(line) for line in lines) > 1:
                yield f"{uetr}: booked {len(lines)} times by {network}"
        for told in self._left.told:
            named = sorted({word.uetr for word in told.words if word.uetr})
            if len(named) > 1:
                yield f"payment {told.number}: one key, payments {', '.join(named)}"
        keys = Counter((row["scope"], row["key"]) for row in self._rows["binding"])
        bound = Counter(row["uetr"] for row in self._rows["binding"])
        yield from (f"{uetr}: bound to {count} keys" for uetr, count in bound.items() if count > 1)
        yield from (f"a key of {scope} is bound twice" for (scope, _), n in keys.items() if n > 1)
        claims = Counter(
            payment["terms"]["quote_id"]
            for payment in self._payments.values()
            if payment["reservation"] is not None and payment["reason"] not in UNSENT
        )
        yield from (f"quote {quote} pays {n} payments" for quote, n in claims.items() if n > 1)

    def answers(self) -> Iterator[str]:
        """The first final answer of a caller is the same for ever, and says what was booked."""
        stored = {row["uetr"]: row for row in self._rows["answer"]}
        for told in self._left.told:
            if any(word.body and not word.final for word in told.words):
                yield f"payment {told.number}: an end is told that is none"
            finals = [word for word in told.words if word.final]
            if not finals:
                continue
            if len({(FINAL[word.status], word.body) for word in finals}) > 1:
                yield f"payment {told.number}: its final answer changed"
            ended = told.words.index(finals[0])
            if any(not word.final and word.known > ended for word in told.words):
                yield f"payment {told.number}: pending again after its end"
            moved = self._moved(told.uetr) if told.uetr in self._payments else False
            if moved is not FINAL[finals[0].status]:
                yield f"payment {told.number}: told {finals[0].status}, and booked otherwise"
        for uetr, payment in self._payments.items():
            if payment["state"] == "lapsed":
                continue  # an order that nobody paid: whoever asks is told so
            if (uetr in stored) != (self._moved(uetr) is not None):
                yield f"{uetr}: {payment['state']}, and its stored answer does not fit"

    def quotes(self) -> Iterator[str]:
        """A payment's frozen amounts are those that its caller was quoted, to the unit."""
        for told in self._left.told:
            payment = self._payments.get(told.uetr)
            if payment is None:
                continue
            terms = payment["terms"]
            for quoted, name, of in ((told.debit, "debit", "payer"),
                                     (told.credit, "destination", "payee")):  # fmt: skip
                frozen = _amount(terms[name], terms[f"{of}_currency"])
                if quoted is not None and (quoted[0], Decimal(quoted[1])) != frozen:
                    yield f"{told.uetr}: its {name} is not what was quoted"
            if terms["debit"] != terms["source"] + terms["fee"]:
                yield f"{told.uetr}: its debit is not source and fee"

    def stuck(self) -> Iterator[str]:
        """A payment that has not ended waits for people; nothing else waits for ever."""
        for uetr, payment in self._payments.items():
            if payment["state"] not in MOVED:
                yield f"{uetr}: nobody knows the state {payment['state']}"
            elif payment["state"] in GOING_BACK or (
                self._moved(uetr) is None and payment["state"] not in WAITS
            ):
                yield f"{uetr}: still {payment['state']}"
            if (
                payment["state"] in WAITS
                and payment.get("kind") != "recall"
                and not self._entries.get(uetr)
            ):
                yield f"{uetr}: waits for people with nothing reserved"

    def record(self) -> Iterator[str]:
        """Each opened payment paid through one exchange, to its own network."""
        paying = Counter(row["uetr"] for row in self._rows["exchange"] if row["operation"] == "pay")
        for uetr, payment in self._payments.items():
            payment_itself = payment.get("kind", "payment") == "payment"
            needed = int(payment_itself and self._moved(uetr) is True)
            if not needed <= paying[uetr] <= 1:
                yield f"{uetr}: {paying[uetr]} exchanges that pay"
            if payment["disputed"]:
                yield f"{uetr}: disputed, and nobody has settled it"
        yield from contradictions.unfounded(self._left)


def _booked(line: Row) -> bool:
    return bool(line["status"] == "booked")


def _ends(payment: Row) -> tuple[str, str]:
    """Roles of the payer's and of the payee's account."""
    if payment["direction"] == "outbound":
        return "member", "network"
    return "network", "member" if payment["institutions"].get("on_us") else "pool"


def _signed(entry: Row) -> int:
    return int(entry["minor"]) * (1 if entry["side"] == "debit" else -1)


def _amount(minor: int, code: str) -> tuple[str, Decimal]:
    return code, Decimal(minor).scaleb(-DECIMALS[code])


def _minor(amount: Decimal, code: str) -> int:
    return int(amount.scaleb(DECIMALS[code]))


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings there are of each kind."""
    counts = Counter(finding.kind for finding in findings)
    return {kind: counts[kind] for kind in (LOST, DUPLICATED, UNBALANCED)}
