"""A whole switch for a conformance check: its store, its door, and the backbone of the payees.

It lives in the folder that was made for the check and goes with it. The surprise: the network under
check calls another address than the switch's, where requests and answers can be lost.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from fx.money import Money
from switch.config import HOME
from switch.lifecycle import is_final
from switch.linked_payments import BIC_LENGTH, Asked
from switch.model import Payment, State
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.app import Switch
    from switch.client import SigningClient
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.wire.net import Net

REST_WITHIN_S: Final = 90
"""How long a payment may take to come to rest."""

LOOK_EVERY_S: Final = 0.02
DEBTOR: Final = MappingProxyType({"name": "Sok Dara", "account": "sokdara@abaa"})
MEMBER: Final = "ABAAKHPPXXX"
"""The member whose customer pays; one of the configuration that comes with the program."""


class HomeSwitch:
    """A running switch as the conformance kit looks at it (``adapters.conformance.home``)."""

    def __init__(  # the parts it uses
        self,
        *,
        switch: Switch,
        member: SigningClient,
        net: Net,
        clock: Clock,
        ids: Ids,
        door: Any,
        refused: Callable[[str], Any],
    ) -> None:
        self.door = door
        self._switch = switch
        self._member = member
        self._net = net
        self._clock = clock
        self._ids = ids
        self._refused = refused

    async def credits(self) -> list[dict[str, Any]]:
        """The lines of the backbone's book that are booked."""
        found = await self._control("GET", "/state", None)
        return [line for line in found["book"] if line["status"] == "booked"]

    async def fault(self, operation: str, kind: str, **more: object) -> None:
        """Have the backbone spoil its next answer."""
        body = orjson.dumps({"operation": operation, "kind": kind, **more})
        await self._control("POST", "/control/faults", body)

    async def payment(self, uetr: str) -> Payment | None:
        """A payment once it has ended, or as it is when it does not end in time."""
        started = self._clock.monotonic()
        while True:
            standing = await self._switch.payments.find(uetr)
            payment = None if standing is None else standing.payment
            if payment is None or payment.state is State.LOOKED_UP:
                return payment
            # What goes back has been answered for good, and money is on its way still.
            if is_final(payment) and payment.state not in (State.UNWINDING, State.RETURNING):
                return payment
            if self._clock.monotonic() - started > REST_WITHIN_S:
                return payment
            await self._clock.sleep(LOOK_EVERY_S)

    async def now(self, uetr: str) -> Payment | None:
        """A payment as it stands."""
        standing = await self._switch.payments.find(uetr)
        return None if standing is None else standing.payment

    async def pay(self, network: str, payload: str, amount: Money) -> str:
        """Have a member's customer scan a code, be quoted, and pay."""
        del network
        scanned = (await self._member.scan(payload)).json()
        if not scanned.get("quotes"):
            wish = {"currency": amount.currency.code, "value": str(amount)}
            scanned = (await self._member.quote(scanned["scan"], wish)).json()
        asked = {"quote": scanned["quotes"][0]["quote"], "debtor": dict(DEBTOR)}
        told = (await self._member.pay(self._ids.uuid(), asked)).json()
        uetr: str = told.get("payment", told)["uetr"]
        return uetr

    async def gone_back(self, uetr: str) -> list[Payment]:
        """The payments that give a payment back."""
        standing = await self._switch.payments.find(uetr)
        return [] if standing is None else await self._switch.linked.of(standing.payment)

    async def refund(self, uetr: str, amount: Money, key: str) -> Any:
        """Give back a part, as the merchant's bank would; the refund when it has ended."""
        original = await self.payment(uetr)
        assert original is not None, "a refund is of a payment that was seen"
        opened = await self._switch.dispatch.open(uetr)
        bank = original.institutions.payee_bank or opened.particulars.creditor.agent
        asked = Asked(bank.ljust(BIC_LENGTH, "X"), key, {"amount": str(amount)})
        made = await self._switch.linked.refund(original, opened, amount, asked)
        if isinstance(made, Reason):
            return self._refused(made.iso)
        if not isinstance(made, Payment):
            return self._refused(Reason.DUPLICATE.iso)
        ended = await self.payment(made.uetr)
        assert ended is not None, "what was made is there"
        return ended

    async def _control(self, method: str, path: str, body: bytes | None) -> Any:
        async with self._net.session(HOME).request(
            method, self._net.url(HOME) + path, data=body
        ) as response:
            return orjson.loads(await response.read())
