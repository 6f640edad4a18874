"""What the overseer reads: every payment and every account, without anybody's name.

The rows are those that the journal may hold. Pages are bounded and go by the payment's number,
which is given when a payment is prepared: one that commits late appears behind its neighbours, so
whoever follows the switch reads the last pages again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.answers import payment_view
from switch.config import HOME
from switch.model import Direction

if TYPE_CHECKING:
    from switch.model import Payment
    from switch.store.contract import Reader

PAGE_MAX: Final = 500


def payments_page(read: Reader, after: int, limit: int) -> dict[str, object]:
    """A page of payments in the order of their opening, and the number to go on from."""
    page = read.listed(after, min(limit, PAGE_MAX))
    return {
        "payments": [_line(payment) for payment in page],
        "after": page[-1].payment_id if page else after,
    }


def accounts_page(read: Reader) -> dict[str, object]:
    """Every account with its four sums and its caps, in minor units."""
    return {
        "accounts": [
            {
                "account": account.key,
                "currency": account.currency,
                "debits_posted": account.debits_posted,
                "credits_posted": account.credits_posted,
                "debits_pending": account.debits_pending,
                "credits_pending": account.credits_pending,
                "net_debit_max": account.net_debit_max,
                "net_credit_max": account.net_credit_max,
            }
            for account in read.accounts().values()
        ]
    }


def _line(payment: Payment) -> dict[str, object]:
    source, _, destination = payment.corridor.partition("-")
    outbound = payment.direction is Direction.OUTBOUND
    assert HOME in (source, destination), "one end of a corridor is at home"
    return {
        **payment_view(payment),
        "use_case": payment.use_case.value,
        "origin": payment.origin,
        "network": payment.network,
        "counterparty": destination if outbound else source,
        "reference": payment.reference,
    }
