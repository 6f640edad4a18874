"""What the overseer reads: every payment and every account, without anybody's name.

The rows are those that the journal may hold. Pages are bounded and go by the payment's number,
which is given when a payment is prepared: one that commits late appears behind its neighbours, so
whoever follows the switch reads the last pages again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fx.money import currency, major_units
from switch.answers import payment_view
from switch.config import HOME

if TYPE_CHECKING:
    from switch.model import Payment
    from switch.store.contract import Reads

PAGE_MAX: Final = 500


async def payments_page(read: Reads, after: int, limit: int) -> dict[str, object]:
    """A page of payments in the order of opening; ``after`` is the next page's, null at the end."""
    size = max(1, min(limit, PAGE_MAX))
    page = await read.listed(after, size)
    return {
        "payments": [_line(payment) for payment in page],
        # Text: the number has more digits than most readers of JSON keep.
        "after": str(page[-1].payment_id) if len(page) == size else None,
    }


async def accounts_page(read: Reads) -> dict[str, object]:
    """Every account with its four sums and its caps, as amounts of its currency."""
    return {
        "accounts": [
            {
                "account": account.key,
                "currency": account.currency,
                "debits_posted": _amount(account.debits_posted, account.currency),
                "credits_posted": _amount(account.credits_posted, account.currency),
                "debits_pending": _amount(account.debits_pending, account.currency),
                "credits_pending": _amount(account.credits_pending, account.currency),
                "net_debit_max": _amount(account.net_debit_max, account.currency),
                "net_credit_max": _amount(account.net_credit_max, account.currency),
            }
            for account in (await read.accounts()).values()
        ]
    }


def _amount(minor: int | None, code: str) -> str | None:
    return None if minor is None else major_units(minor, currency(code))


def _line(payment: Payment) -> dict[str, object]:
    source, _, destination = payment.corridor.partition("-")
    assert HOME in (source, destination), "one end of a corridor is at home"
    return {
        **payment_view(payment),
        "use_case": payment.use_case.value,
        "state": payment.state.value,
        "origin": payment.origin,
        "network": payment.network,
        "counterparty": destination if source == HOME else source,
        "reference": payment.reference,
        "kind": payment.kind.value,
        "original": payment.original or None,
    }
