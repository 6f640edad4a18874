"""The posting templates as a page, filled with the worked example: docs/developer/postings.md.

Pure: :func:`page` reads the table and returns text; the same table gives the same bytes.
``python -m switch.postings_page > docs/developer/postings.md`` writes the page, and a test compares
the two. The example is 41,250 riel with a fee of 250, a merchant's 345.00 baht, and where a set
has a currency between, 10.12 dollars.
"""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import Money, currency
from switch.ledger import Side
from switch.postings import filled, refunded
from switch.templates import POSTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switch.ledger import Line
    from switch.template_parts import Posting

_HEAD: Final = """\
# What is booked

Generated from the table in `switch/templates.py` by
`python -m switch.postings_page > docs/developer/postings.md`; a test compares the two.

Every set sums to zero in each currency. A set that is reserved counts against caps as if it were
posted, and gives no room where it is a credit. The example: a payer's 41,250 KHR with a fee of 250,
a merchant's 345.00 THB; inbound, the network's 345.00 THB and a merchant's 41,000 KHR. Accounts are
named institution, role, currency, settlement asset, and kind where it is not a position.
"""

_PLACES: Final = (
    ("payer_side", "member"),
    ("holder", "holder"),
    ("paying_holder", "holder"),
    ("second_holder", "second"),
    ("residue_holder", "holder"),
    ("payee_side", "network"),
    ("sponsor", "sponsor"),
    ("fee_taker", "operator"),
    ("bearer", "bearer"),
    ("settlement_agent", "agent"),
)
_INBOUND_PLACES: Final = (("payer_side", "network"), ("payee_side", "sponsor"))


def example(name: str) -> tuple[Line, ...]:
    """The lines of a template for the worked example."""
    places = dict(_PLACES)
    if not _outbound(name):
        places.update(_INBOUND_PLACES)
    return filled(name, _amounts(name), places)


def _outbound(name: str) -> bool:
    return not name.startswith(("inbound", "advice", "late_credit", "unwound", "exposure"))


def _amounts(name: str) -> Mapping[str, Money]:
    riel, baht = Money.parse("41000", "KHR"), Money.parse("345.00", "THB")
    fee = Money.parse("250", "KHR")
    amounts = {
        "between": Money.parse("10.12", "USD"),
        "payee_fee": Money.parse("1.00", "THB"),
        "amount": Money(20, riel.currency),
    }
    if not _outbound(name):
        none = Money(0, baht.currency)
        amounts |= {"debit": baht, "fee": none, "source": baht, "destination": riel}
    elif name.startswith("refund"):
        back = Money.parse("100.00", "THB")
        amounts |= {
            "destination": back,
            "source": refunded(back, baht, riel, Money(0, riel.currency)),
        }
    else:
        amounts |= {"debit": riel + fee, "fee": fee, "source": riel, "destination": baht}
    return MappingProxyType(amounts)


def page() -> str:
    """The whole page, with a newline at its end."""
    parts = [_HEAD, "\n## Booked by a command\n"]
    parts += [_section(name, each) for name, each in POSTINGS.items() if each.booked]
    parts.append("\n## Declared, and not booked by any command yet\n")
    parts += [_section(name, each) for name, each in POSTINGS.items() if not each.booked]
    return "".join(parts)


def _section(name: str, posting: Posting) -> str:
    def lines() -> Iterator[str]:
        yield f"\n### {name}: {posting.event}\n"
        yield f"{posting.flow[0].upper()}{posting.flow[1:]}. Used by: {posting.use}.\n"
        yield "| account | debit | credit |"
        yield "|---|---|---|"
        for line in example(name):
            amount = f"{Money(line.minor, currency(line.currency)).short()} {line.currency}"
            cells = (amount, "") if line.side is Side.DEBIT else ("", amount)
            yield f"| `{line.account}` |" + "".join(f" {c} |" if c else " |" for c in cells)

    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
