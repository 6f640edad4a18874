"""The sums of an account only grow: what shows them does not end where an amount does."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fx.money import MINOR_UNITS_MAX, Money, currency, major_units
from switch.account_statement import _balance
from switch.ledger import Account
from switch.oversight import accounts_page
from switch.positions import _position

if TYPE_CHECKING:
    from switch.store.contract import Reads

SUM = MINOR_UNITS_MAX + 100
SHOWN = "10000000000001"
BUSY = Account("ACLBKHPPXXX/holder/KHR/deferred", "KHR", debits_posted=SUM, credits_posted=SUM)


class _Busy:
    async def accounts(self) -> dict[str, Account]:
        return {BUSY.key: BUSY}


def test_a_sum_is_written_as_an_amount_is() -> None:
    for minor, code in ((34500, "THB"), (4125000, "KHR"), (4125001, "KHR"), (300, "JPY")):
        assert major_units(minor, currency(code)) == Money(minor, currency(code)).short()


async def test_each_page_shows_sums_that_are_more_than_one_amount_can_be() -> None:
    page = await accounts_page(cast("Reads", _Busy()))
    (account,) = cast("list[dict[str, object]]", page["accounts"])

    assert (account["debits_posted"], account["credits_posted"]) == (SHOWN, SHOWN)
    assert _balance(BUSY, "KHR")["debits_posted"] == SHOWN
    owes = _position(Account(BUSY.key, "KHR", debits_posted=SUM), "ACLBKHPPXXX", [], stopped=False)
    assert owes["owes"] == SHOWN
