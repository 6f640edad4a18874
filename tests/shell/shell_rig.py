"""The shell of the switch on the in-memory store, with networks and clocks moved by hand.

Everything between the API and the wire is real: quotes, sealed tokens, vault, dispatch, sweeper.
Adapters speak a toy dialect (an answer is JSON that names its outcome), the transport says what a
test tells it to, and time passes only when somebody sleeps or a test moves it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from fx.money import Money
from fx.token import QuoteSeal
from switch.aftercare import Aftercare, Given
from switch.answers import Answers
from switch.breakers import Breakers
from switch.commands import Answer as StoredAnswer
from switch.commands import Publish, RateRow
from switch.config import Config, default_folder, load_config
from switch.coordination.local import InProcess
from switch.dispatch import Dispatch
from switch.endings import Endings
from switch.enquiry_budget import EnquiryBudget
from switch.hop_times import HopTimes
from switch.metering.meters import Counts
from switch.model import Channel, Particulars, Party, Payment, State
from switch.orders import Orders
from switch.pace import Pace
from switch.payments import Instruction, Payments, Standing
from switch.port import Inbound, InboundPay, Merchant, Planning, Rendered, WireRefusal
from switch.quoting import Offer, Quoting
from switch.receiving import Receiving
from switch.records import Records
from switch.restoring import Loss, Restoring
from switch.routing import read_routing
from switch.runtime.entropy import SeededEntropy
from switch.runtime.tasks import Tasks
from switch.scans import Scans
from switch.store.memory import MemoryEngine, MemoryTables
from switch.store.packing import Packing
from switch.store.vault import Vault
from switch.store.wrapping import HeldKeys
from switch.sweeper import Sweeper
from tests.shell.hand_parts import LOST, HandClock, HandIds, HandStore, HandTransport, KeptLog
from tests.shell.toy_network import BAKONG, THAILAND, ToyAdapter

if TYPE_CHECKING:
    from fx.sheets import RateSheet
    from switch.wire.transport import Transport

MEMBER: Final = "ABAAKHPPXXX"
OTHER_MEMBER: Final = "CADIKHPPXXX"
SPONSOR: Final = "ACLBKHPPXXX"
BANKS: Final = {"aclb": SPONSOR, "abaa": MEMBER}
SHOP: Final = Party("Doi Khao Soi", "010555900011101", "BKKBTHBKXXX", "Chiang Mai", "TH")
STALL: Final = Party("Stall 7", "stall7@abaa", MEMBER, "Phnom Penh", "KH")


class CountedAnswers(Answers):
    """Counts what is rendered."""

    rendered = 0

    def render(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> StoredAnswer:
        self.rendered += 1
        return super().render(payment, particulars, planning)


class Shell:
    """The parts between the API and the wire, put together as the application does."""

    def __init__(self, config: Config | None = None, coordination: InProcess | None = None) -> None:
        self.config = config or thai_links(load_config(default_folder()))
        self.clock = HandClock()
        entropy = SeededEntropy("shell")
        self.ids = HandIds(self.clock, entropy)
        self.log = KeptLog()
        self.tables = MemoryTables()
        self.engine = self._engine()
        self.store = HandStore(self.engine)
        self.transport = HandTransport()
        self.crashes: list[BaseException] = []
        self.told: list[str] = []
        self.tasks = Tasks(lambda _, failure: self.crashes.append(failure))
        self.thailand = ToyAdapter(THAILAND)
        self.bakong = ToyAdapter(BAKONG)
        self.adapters = {"bakong": self.bakong, "thailand": self.thailand}
        self.wrapping = {"vault": bytes(range(32))}
        wrapper = HeldKeys(lambda: self.wrapping)
        self.vault = Vault(wrapper, bytes(range(1, 33)), entropy, Packing())
        self.records = Records(self.store.read, self.vault, self.ids)
        self.answers = CountedAnswers(cast("Any", None), self.adapters)
        self.coordination = coordination or InProcess()
        self.enquiries = Counts()
        self.loss: Loss | None = None
        self.restoring = Restoring(lambda: self.loss)
        self.endings = Endings(self.told.append)
        self.wire = cast("Transport", self.transport)
        self.quoting = self.quoting_of(self.config, entropy)
        self.dispatch = Dispatch(
            store=self.store,
            records=self.records,
            transport=self.wire,
            adapters=self.adapters,
            answers=self.answers,
            endings=self.endings,
            hops=HopTimes(self.clock, self.log),
            clock=self.clock,
            ids=self.ids,
            slot=1,
            log=self.log,
        )
        self.aftercare = Aftercare(
            Given(
                store=self.store,
                records=self.records,
                dispatch=self.dispatch,
                adapters=self.adapters,
                answers=self.answers,
                clock=self.clock,
                ids=self.ids,
                tasks=self.tasks,
                log=self.log,
                members=tuple(self.config.members),
                restoring=self.restoring,
            )
        )
        self.linked = self.aftercare.linked
        self.sweeper = self.new_sweeper()
        self.configured(self.config)

    def quoting_of(self, config: Config, entropy: SeededEntropy | None = None) -> Quoting:
        """Quotes under a configuration, sealed by the same key always."""
        seal = QuoteSeal({"1": bytes(32)}, "1")
        entropy = entropy or SeededEntropy("again")
        return Quoting(config, seal, self.clock, self.ids, entropy, account=self.engine.account)

    def configured(self, config: Config) -> None:
        """Use another configuration from now on, as a restart does."""
        self.config = config
        self._spoken(config)
        self.quoting = self.quoting_of(config)
        self.pace = Pace(config, self.coordination, self.clock)
        self.payments = Payments(
            config=config,
            store=self.store,
            records=self.records,
            dispatch=self.dispatch,
            adapters=self.adapters,
            answers=self.answers,
            endings=self.endings,
            outstanding=self.quoting.outstanding,
            pace=self.pace,
            restoring=self.restoring,
            clock=self.clock,
            ids=self.ids,
            tasks=self.tasks,
            log=self.log,
        )
        self.scans = Scans(
            quoting=self.quoting,
            transport=self.wire,
            adapters={"thailand": self.thailand},
            routing=read_routing(self.adapters, config.corridors.values()),
            banks=BANKS,
            clock=self.clock,
            ids=self.ids,
            slot=1,
            log=self.log,
        )
        self.orders = Orders(
            store=self.store,
            records=self.records,
            scans=self.scans,
            quoting=self.quoting,
            payments=self.payments,
            dispatch=self.dispatch,
            adapters=self.adapters,
            clock=self.clock,
            ids=self.ids,
            log=self.log,
        )
        self.receiving = Receiving(
            config=config,
            adapters={"thailand": self.thailand},
            scans=self.scans,
            quoting=self.quoting,
            payments=self.payments,
            dispatch=self.dispatch,
            records=self.records,
            orders=self.orders,
            notices=self.aftercare.notices,
            pace=self.pace,
            clock=self.clock,
            ids=self.ids,
            log=self.log,
        )

    def _spoken(self, config: Config) -> None:
        """Let the toy network pay in as its corridor says: it has the wire of any."""
        inbound = config.corridors[ends(inbound=True)].finality
        self.thailand.facts = replace(self.thailand.facts, inbound_finality=inbound)

    def _engine(self) -> MemoryEngine:
        self.engine = MemoryEngine(self.tables, clock=self.clock, sign=lambda _: b"signed")
        return self.engine

    def new_sweeper(self) -> Sweeper:
        """A sweeper as the next life of the process has it."""
        self.store.restart(self._engine())
        return Sweeper(
            store=self.store,
            dispatch=self.dispatch,
            records=self.records,
            linked=self.linked,
            recalls=self.aftercare.recalls,
            adapters=self.adapters,
            clock=self.clock,
            ids=self.ids,
            restoring=self.restoring,
            budget=self.budget(),
            tasks=self.tasks,
            log=self.log,
        )

    def budget(self) -> EnquiryBudget:
        """What may be asked, shared with whoever shares ``coordination``."""
        return EnquiryBudget(
            self.adapters,
            self.coordination,
            processes_max=1,
            counts=self.enquiries,
            clock=self.clock,
            log=self.log,
        )

    def breaking(self) -> None:
        """Hold back what begins something with a network that does not answer."""
        self.transport.gate = Breakers(("bakong", "thailand"), self.coordination, self.clock)

    async def settle(self, turns: int = 60) -> None:
        """Let everything run that can run without time passing."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def sweep(self) -> None:
        """One look for due timers, and all that comes of it."""
        await self.sweeper.sweep()
        await self.settle()

    def offer(
        self, *, inbound: bool = False, origin: str | None = None, merchant: Merchant | None = None
    ) -> Offer:
        """A quote for 345 baht to a Thai shop, or for 41,000 riel to a Cambodian stall."""
        found = self.quoting.corridor(*ends(inbound=inbound))
        assert found is not None
        merchant = merchant or (stall() if inbound else shop())
        origin = origin or ("thailand" if inbound else MEMBER)
        destination = self.quoting.destination(found, origin, merchant, "code")
        amount = Money.parse("41000", "KHR") if inbound else Money.parse("345.00", "THB")
        return self.quoting.offer(destination, merchant.amount or amount)

    def instruction(self, key: str = "key-1", token: str | None = None) -> Instruction:
        """A member's instruction for a fresh quote."""
        token = token or self.offer().token
        now = self.clock.now()
        return Instruction(
            uetr=self.ids.uetr(),
            channel=Channel.JSON,
            priced=self.quoting.open_quote(token, MEMBER),
            particulars=Particulars(Party("Payer", "payer@abaa", MEMBER), SHOP, "E2E-1"),
            scope=MEMBER,
            key=key,
            content={"quote": key},
            accepted_at=now,
            deadline=now + timedelta(seconds=20),
        )

    def withdrawal(self, sheet: RateSheet) -> Publish:
        """Take a rate back, as its provider would."""
        row = RateRow(
            provider=sheet.provider,
            pair="/".join(sheet.pair),
            version=sheet.version,
            effective_at=sheet.effective_at,
            published_at=self.clock.now(),
            sheet=orjson.dumps(sheet.to_terms(), option=orjson.OPT_SORT_KEYS).decode(),
            withdrawn_at=self.clock.now(),
        )
        return Publish(row, self.ids.salt())

    async def opened(self, key: str = "key-1") -> Payment:
        """Open an outbound payment and let its hop go as far as it can."""
        standing = await self.payments.open(self.instruction(key))
        assert isinstance(standing, Standing)
        await self.settle()
        return self.payment(standing.payment.uetr)

    async def lost(self, key: str = "key-1") -> Payment:
        """An outbound payment whose outcome is unknown."""
        self.transport.script("thailand", LOST)
        payment = await self.opened(key)
        assert payment.state is State.UNKNOWN
        return payment

    def inbound_pay(self, **changes: Any) -> InboundPay:
        """A well-formed instruction of Thailand's for a fresh quote."""
        uetr = changes.pop("uetr", None) or self.ids.uetr()
        offer = changes.pop("offer", None) or self.offer(inbound=True)
        request = InboundPay(
            uetr=uetr,
            key=uetr,
            content={"uetr": uetr},
            quote_token=offer.token,
            settlement_amount=offer.quote.debit,
            accepted_at=self.clock.now(),
            particulars=Particulars(
                Party("Guest", "1234567890", "BKKBTHBKXXX"),
                Party("Whoever", STALL.account, STALL.agent),
                "E2E-2",
                extra={"original_transaction_id": f"TX-{uetr[:8]}"},
            ),
        )
        return replace(request, **changes)

    async def receive(self, request: Inbound | WireRefusal) -> dict[str, Any]:
        """Hand Thailand's request in; returns the answer, read."""
        answer: dict[str, Any] = orjson.loads((await self.received(request)).body)
        return answer

    async def received(self, request: Inbound | WireRefusal) -> Rendered:
        """Hand Thailand's request in; returns the answer as it leaves."""
        self.thailand.incoming.append(request)
        return await self.receiving.receive("thailand", {}, b"")

    def payment(self, uetr: str) -> Payment:
        """A payment as committed."""
        found = self.engine.payment(uetr)
        assert found is not None
        return found

    def pending(self) -> list[int]:
        """What is reserved, over all accounts; empty when everything was released or posted."""
        sums = [a.debits_pending + a.credits_pending for a in self.engine.accounts().values()]
        return [held for held in sums if held]

    def posted(self) -> list[int]:
        """What is posted, over all accounts."""
        sums = [a.debits_posted + a.credits_posted for a in self.engine.accounts().values()]
        return [held for held in sums if held]

    async def close(self) -> None:
        """End every task that still waits."""
        await self.tasks.close()


def ends(*, inbound: bool) -> tuple[str, str]:
    """Source and destination network."""
    return ("thailand", "bakong") if inbound else ("bakong", "thailand")


def shop(amount: str | None = "345.00", currency: str = "THB") -> Merchant:
    """A Thai shop's code."""
    fixed = None if amount is None else Money.parse(amount, currency)
    return Merchant(SHOP, "Chiang Mai", "5812", currency, fixed)


def stall() -> Merchant:
    """A Cambodian stall's code."""
    return Merchant(STALL, "Phnom Penh", "5812", "KHR", Money.parse("41000", "KHR"))


def thai_links(config: Config) -> Config:
    """The configuration with the corridors of the two toy networks alone."""
    linked = {"bakong", "thailand"}
    kept = {ends: each for ends, each in config.corridors.items() if linked.issuperset(ends)}
    return replace(config, corridors=kept)


def changed_payments(config: Config, **changes: object) -> Config:
    """The configuration with other bounds of payments."""
    return replace(config, payments=config.payments.model_copy(update=changes))


def changed_corridor(config: Config, ends: tuple[str, str], **changes: Any) -> Config:
    """The configuration with another corridor."""
    corridor = replace(config.corridors[ends], **changes)
    return replace(config, corridors=config.corridors | {ends: corridor})
