"""What each rate provider holds, owes and has reserved, per currency, live; and who holds quotes.

A provider is shown by each institution whose money it pays out. Figures are the four sums of the
holder's accounts, seen from the holder: what others owe it (``holds``) or it owes them (``owes``)
by posted lines, and what open payments have ``reserved`` of it. The surprise: ``stopped`` tells of
new quotes only; a payment on a quote that was given is bound by the cap itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fx.money import currency, major_units
from switch.ledger import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fx.market import Market
    from switch.ledger import Account
    from switch.store.contract import Reads


async def positions_page(
    read: Reads,
    market: Market,
    stopped: Callable[[Account], bool],
    outstanding: Mapping[tuple[str, str], int],
) -> dict[str, object]:
    """Every position of every liquidity holder, and how many open quotes each member holds.

    ``stopped`` is asked whether an account still quotes; ``outstanding`` is by member and provider.
    """
    holders: dict[str, list[str]] = {}
    for provider in market.providers.values():
        for bic in provider.holders:
            holders.setdefault(bic, []).append(provider.name)
    found = []
    for account in (await read.accounts()).values():
        institution, role, *_ = account.key.split("/")
        if role == Role.HOLDER and institution in holders:
            found.append(_position(account, institution, holders[institution], stopped(account)))
    return {
        "positions": found,
        "outstanding": [
            {"member": member, "provider": provider, "quotes": quotes}
            for (member, provider), quotes in outstanding.items()
        ],
    }


def _position(
    account: Account, institution: str, providers: list[str], stopped: bool
) -> dict[str, object]:
    net = account.credits_posted - account.debits_posted
    committed = account.debits_posted + account.debits_pending - account.credits_posted
    cap = account.net_debit_max
    return {
        "holder": institution,
        "providers": providers,
        "currency": account.currency,
        "holds": _amount(max(net, 0), account),
        "owes": _amount(max(-net, 0), account),
        "reserved": _amount(account.debits_pending, account),
        "incoming": _amount(account.credits_pending, account),
        "cap": None if cap is None else _amount(cap, account),
        "room": None if cap is None else _amount(max(cap - committed, 0), account),
        "quoting_stopped": stopped,
    }


def _amount(minor: int, account: Account) -> str:
    return major_units(minor, currency(account.currency))
