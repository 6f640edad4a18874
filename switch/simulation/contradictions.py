"""What people had to do in a run, and why: networks that contradict themselves, disputes, cases.

A network contradicts itself where it said once the opposite of its own book. What was refused so
and is booked there is borne by whoever takes such losses, what was accepted so and is not booked
there is taken back from everybody, and then both books agree. The surprise: nobody here asks who is
right; the first answer stays, and the book says what it costs.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from switch.simulation.evidence import BACK, DECIMALS, MOVED, SPONSOR, TOLD_ON, WAITS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from switch.simulation.evidence import Left, Row


ENTERED: Final = "payment entered"
"""What a run counts where a payment that was planned came to stand in the books, refused or not."""


def unresolved(left: Left, brief: Collection[str] = ()) -> int:
    """Payments and refunds that wait for people, or that people ended, without those lied about.

    A network that contradicts itself needs people by design, as does what it returns and fits
    nothing, a recall that nobody answers, whoever is on a list, and a network that was asked a few
    times only (``brief``).
    """
    named = [
        row["uetr"]
        for row in left.rows["payment"]
        if _kind(row) in ("payment", "refund") and not _is_of(row, brief)
    ]
    waiting = [row["uetr"] for row in left.rows["payment"] if row["state"] in WAITS]
    ended = [each["uetr"] for each in leaves(left, ("approved", "settled")) if "uetr" in each]
    people = dict.fromkeys([*waiting, *ended]).keys() & dict.fromkeys(named).keys()
    return len(people - lied_about(left) - held(left))


def _is_of(row: Row, networks: Collection[str]) -> bool:
    """Whether one of these networks pays it, or is paid by it."""
    return row["network"] in networks or json.loads(row["frozen"]).get("origin") in networks


def held(left: Left) -> frozenset[str]:
    """Payments of those who are on a list."""
    return frozenset(each["uetr"] for each in leaves(left, ("held",)) if each["state"] == "held")


def _kind(row: Row) -> str:
    return str(json.loads(row["frozen"]).get("kind", "payment"))


def linked(left: Left) -> Iterator[str]:
    """Payments that there are, what is linked to them, and how that ended."""
    for row in left.rows["payment"]:
        frozen = json.loads(row["frozen"])
        if frozen.get("original"):
            yield f"{frozen['kind']} {frozen.get('funding', 'capped')} {row['state']}"
        else:
            yield ENTERED
    yield from ["dispute"] * len(list(leaves(left, ("disputed",))))


def leaves(left: Left, kinds: tuple[str, ...]) -> Iterator[Row]:
    """Entries of the journal of these kinds."""
    for row in left.rows.get("leaf", ()):
        content = json.loads(row["content"])
        if content.get("kind") in kinds:
            yield content


def lied_about(left: Left) -> frozenset[str]:
    """Payments of which a network once said the opposite of its book."""
    rows = left.rows["payment"]
    return frozenset(r["uetr"] for r in rows if (r["network"], r["reference"]) in left.lies)


def decided(left: Left) -> Mapping[str, Sequence[str]]:
    """What two operators decided of payments; a decision's name says of which, and what."""
    found: dict[str, list[str]] = {}
    for leaf in leaves(left, ("approved", "settled")):
        uetr, _, rest = leaf.get("claim", "").partition("@")
        if rest:
            found.setdefault(uetr, []).append(rest.split(":")[1])
    return found


def against(left: Left, payments: Mapping[str, Row]) -> dict[str, Counter[str]]:
    """What stands posted for payments that people decided otherwise than their answers say."""
    found: dict[str, Counter[str]] = {}
    lied = lied_about(left)
    for uetr, actions in decided(left).items():
        payment = payments.get(uetr)
        if payment is None or payment.get("original"):
            continue
        terms, who = payment["terms"], payment["institutions"]
        debit, pays = terms["debit"], terms["payer_currency"]
        # Where nobody contradicted anybody, nothing may be turned either.
        turns = sum(action in ("book", "unbook") for action in actions) if uetr in lied else 0
        if "surrender" in actions:
            payer, authority = f"{who['payer_side']}/member", f"{who['payer_side']}/authority"
            found[uetr] = Counter({f"{payer}/{pays}": debit, f"{authority}/{pays}": -debit})
        elif turns % 2 and MOVED.get(payment["state"]) is False:
            found[uetr] = borne(payment)
        elif turns % 2:
            # As if it had never been paid; what its payer's bank had pushed waits for people.
            found[uetr] = Counter(_pushed(payment))
    return found


def booked_after_all(left: Left) -> Iterator[str]:
    """What goes back of itself, was refused, and was booked by people as it would have been.

    Nobody was told that it is refused, so nobody else bears it.
    """
    states = {row["uetr"]: row for row in left.rows["payment"]}
    for uetr, actions in decided(left).items():
        row = states.get(uetr)
        if row is None or json.loads(row["frozen"]).get("funding") != "held":
            continue
        turns = Counter(actions)["book"] + Counter(actions)["unbook"]
        if turns % 2 and MOVED.get(row["state"]) is False:
            yield uetr


def unturned(left: Left) -> Iterator[str]:
    """Payments of which a network said too late that it had not carried them out, still booked."""
    accepted = {row["uetr"]: row for row in left.rows["payment"] if MOVED.get(row["state"])}
    ends, lied = decided(left), lied_about(left)
    for uetr in dict.fromkeys(each["uetr"] for each in leaves(left, ("disputed",))):
        row = accepted.get(uetr)
        if row is None or uetr not in lied:
            continue
        named = [
            each for each in left.books[row["network"]] if each["reference"] == row["reference"]
        ]
        booked = any(line["status"] == "booked" for line in named)
        turns = sum(action in ("book", "unbook") for action in ends.get(uetr, ()))
        if booked == bool(turns % 2):
            stands = "not booked" if turns % 2 else "booked"
            yield f"{uetr}: {row['network']} had the last word on it, and it stands {stands} here"


def unfounded(left: Left) -> Iterator[str]:
    """Disputes of which nobody said two things."""
    lied = lied_about(left)
    for leaf in leaves(left, ("disputed",)):
        if leaf["uetr"] not in lied and leaf["state"] not in (*BACK, TOLD_ON):
            yield f"{leaf['uetr']}: disputed, and nobody contradicted anybody"


def taken_back(left: Left) -> Iterator[str]:
    """Payments whose network was told that they are not carried out, and which were."""
    states = {row["uetr"]: row["state"] for row in left.rows["payment"]}
    for told in left.told:
        if told.taken_back and MOVED.get(states.get(told.uetr, "")) is not False:
            yield f"{told.uetr}: taken back in time, and {states.get(told.uetr)}"


def unlike_items(left: Left) -> Iterator[str]:
    """Accounts of suspense and of exposures where something else stands than operators see."""
    stands: Counter[str] = Counter()
    for account, amount, owed in left.suspended or ():
        minor = int(Decimal(amount["value"]).scaleb(DECIMALS[amount["currency"]]))
        stands[account] += -minor if owed else minor
    booked: Counter[str] = Counter()
    for entry in left.rows["entry"]:
        account = entry["account"]
        kept = account.split("/")[1] == "suspense" or account.endswith("/exposure")
        if entry["phase"] == "posted" and kept:
            booked[account] += entry["minor"] * (1 if entry["side"] == "debit" else -1)
    for account in sorted(stands.keys() | booked.keys()):
        if stands[account] != booked[account]:
            yield f"{account}: {booked[account]} stands there, items are {stands[account]}"


def is_frozen(entries: Iterable[Row], debit: int) -> bool:
    """Whether all of it stands on the frozen account of its payer, and nothing elsewhere."""
    sums: Counter[str] = Counter()
    for entry in entries:
        if entry["phase"] == "posted":
            sign = 1 if entry["side"] == "debit" else -1
            sums[entry["account"].rpartition("/")[2]] += sign * entry["minor"]
    return sorted(sums.values()) == [-debit, debit] and sums["frozen"] == -debit


def borne(payment: Row, posted: Counter[str] | None = None) -> Counter[str]:
    """What two operators book where a network has paid what it had refused."""
    terms, who = payment["terms"], payment["institutions"]
    gets = terms["payee_currency"]
    bearer, network = f"{who['fee_taker']}/bearer/{gets}/deferred", f"{who['payee_side']}/network"
    books = Counter({bearer: terms["destination"], f"{network}/{gets}": -terms["destination"]})
    # What was pushed for it came in, and has gone back by another payment, or is owed.
    books.update(_pushed(payment))
    if held := 0 if posted is None else owed(payment, posted):
        books[f"{SPONSOR}/suspense/{terms['payer_currency']}"] += held
        books[f"{who['fee_taker']}/bearer/{terms['payer_currency']}"] -= held
    return books


def owed(payment: Row, posted: Counter[str]) -> int:
    """What operators pay a payer outside the switch, because nobody takes it back through it."""
    bearer = f"{payment['institutions']['fee_taker']}/bearer/{payment['terms']['payer_currency']}"
    return max(0, -posted[bearer])


def _pushed(payment: Row) -> dict[str, int]:
    """What its payer's bank had pushed for a payment, where it had to."""
    if payment.get("funding") != "gross":
        return {}
    debit, pays = payment["terms"]["debit"], payment["terms"]["payer_currency"]
    return {f"{SPONSOR}/pool/{pays}": debit, f"{SPONSOR}/suspense/{pays}": -debit}
