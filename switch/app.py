"""Puts the parts together: one switch, from its configuration and its seams.

Everything that touches the world is given: clock, entropy, network, store, tasks. So the same
``Switch`` runs as a process on TCP and, many times over, in one simulated world. Start order is
recovery before service: no request is taken until every payment of a previous life is accounted
for.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from fx.refusals import RateRefused
from fx.token import QuoteSeal
from switch.admissions import Admissions
from switch.aftercare import Aftercare, Given
from switch.answers import Answers
from switch.api import app as api
from switch.api.care import Care
from switch.api.messages import MemberMessages
from switch.collector import collectors_of
from switch.commands import Configure
from switch.config import ConfigError
from switch.coordination.ports import Topic
from switch.dispatch import Dispatch
from switch.endings import Endings
from switch.enquiry_budget import budget_of
from switch.events_side import EventsSide
from switch.feeds import feeds_of
from switch.funds import Funds
from switch.hop_times import measured_hops
from switch.key_retention import retention_of
from switch.keys import OVERSEER
from switch.leases import Leases
from switch.linked import banks_of, inbound_of, lookups_of, made_adapters, quotes_of, signers_of
from switch.metering.meters import Meters
from switch.metering.readings import Reader
from switch.metering.store import MeteredStore
from switch.network_side import transport_of
from switch.orders import Orders
from switch.pace import Pace
from switch.payments import Payments
from switch.quoting import Quoting
from switch.rates import RATES_KEPT, Rates
from switch.receiving import Receiving
from switch.records import Records
from switch.routing import read_routing
from switch.runtime.entropy import Ids
from switch.scans import Scans
from switch.scheme_quotes import SchemeQuotes
from switch.screening import KEYED_BY, NobodyListed, screening_of
from switch.seams import Seams
from switch.sequences import skip_lost
from switch.starting import refuse_orphans, uncapped
from switch.sweeper import Sweeper
from switch.vault_keeper import keeper_of
from switch.wire.authenticate import MemberAuthenticator
from switch.wrapping_keys import open_vault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from switch.config import Config
    from switch.keys import KeyFolder
    from switch.screening import Screening

__all__ = ["SERVED_AS", "Seams", "Switch"]

SERVED_AS: Final = "switch"
"""The name under which the switch listens."""


class Switch:
    """One switch."""

    def __init__(self, config: Config, keys: KeyFolder, seams: Seams) -> None:
        # The slot that the store holds: the configured one, or where that is left open, a free one.
        slot = {"slot": seams.store.slot}
        config = replace(config, switch=config.switch.model_copy(update=slot))
        self.config = config
        meters = self.meters = Meters()
        seams = self._seams = replace(seams, store=MeteredStore(seams.store, meters, seams.clock))
        self._ids = Ids(seams.clock, seams.entropy, seams.store.slot)
        self.adapters = made_adapters(config, keys)
        self._transport = transport_of(config, seams, meters, self.adapters)
        self._vault = open_vault(config.vault.wrapping_keys, keys, seams.entropy)
        self._records = Records(seams.store.read, self._vault, self._ids)
        self._pace = Pace(config, seams.coordination, seams.clock)
        self._endings = Endings(partial(seams.coordination.publish, Topic.ENDED))
        seams.coordination.subscribe(Topic.ENDED, self._endings.look)
        self._messages = MemberMessages(config.switch.bic)
        self._routing = read_routing(self.adapters, config.corridors.values())
        self._inbound = inbound_of(self.adapters)
        self._answers = Answers(self._messages, self._inbound)
        self.dispatch = self._dispatch()
        self.aftercare = self._aftercare()
        self.linked = self.aftercare.linked
        self.sweeper = self._sweeper()
        self.events = EventsSide(config, keys, seams, self._transport, self._ids)
        self.retention = retention_of(config, self.adapters, seams, self._ids)
        self._keeper = keeper_of(config.retention.personal_days, seams, self._vault, self._ids)
        self._leases = Leases(
            store=seams.store,
            sweeper=self.sweeper,
            clock=seams.clock,
            log=seams.log,
            lease_s=config.switch.lease_s,
        )
        self._admissions = Admissions(config, seams.store, seams.clock, self._ids, seams.log)
        self._quoting = self._quoting_of(QuoteSeal({"1": keys.symmetric("seal")}, "1"))
        self.payments = self._payments(_screening(config, keys))
        self.collectors = collectors_of(
            self.adapters,
            config.networks,
            store=seams.store,
            transport=self._transport,
            clock=seams.clock,
            ids=self._ids,
            slot=config.switch.slot,
            leads=self._leases.leads,
            log=seams.log,
            takers=lambda home: (self._funds(home), self.aftercare.reversals(home)),
        )
        self.rates = Rates(
            self._quoting, store=seams.store, clock=seams.clock, ids=self._ids, log=seams.log
        )
        self.feeds = feeds_of(config.feeds, self.rates, self._transport, seams)
        self.ready = False
        parts = self._parts(keys)
        self.application: web.Application = api.create(parts)
        self.collector = api.collector(parts)

    def _quoting_of(self, seal: QuoteSeal) -> Quoting:
        seams = self._seams
        try:
            return Quoting(
                self.config,
                seal,
                seams.clock,
                self._ids,
                seams.entropy,
                account=seams.store.read.account_now,
                outstanding=seams.outstanding,
            )
        except RateRefused as refused:
            raise ConfigError(f"providers.toml: rate: {refused.detail}") from None

    def _dispatch(self) -> Dispatch:
        return Dispatch(
            store=self._seams.store,
            records=self._records,
            transport=self._transport,
            adapters=self.adapters,
            answers=self._answers,
            endings=self._endings,
            hops=measured_hops(self._seams, self.meters),
            clock=self._seams.clock,
            ids=self._ids,
            slot=self.config.switch.slot,
            log=self._seams.log,
        )

    def _sweeper(self) -> Sweeper:
        return Sweeper(
            store=self._seams.store,
            dispatch=self.dispatch,
            records=self._records,
            linked=self.linked,
            recalls=self.aftercare.recalls,
            adapters=self.adapters,
            clock=self._seams.clock,
            ids=self._ids,
            tasks=self._seams.tasks,
            restoring=self._seams.restoring,
            budget=budget_of(self.adapters, self.config, self._seams, self.meters.enquiries),
            log=self._seams.log,
        )

    def _care(self, banks: Mapping[str, EllipticCurvePublicKey], keys: KeyFolder) -> Care:
        return Care(
            config=self.config,
            members=self._authenticator(banks),
            operators=self._authenticator(keys.operators()),
            payments=self.payments,
            aftercare=self.aftercare,
            clock=self._seams.clock,
            admissions=self._admissions,
        )

    def _aftercare(self) -> Aftercare:
        seams = self._seams
        known = (seams.store, self._records, self.dispatch, self.adapters, self._answers)
        return Aftercare(
            Given(
                *(*known, seams.clock, self._ids, seams.tasks, seams.log),
                members=tuple(self.config.members),
                restoring=seams.restoring,
            )
        )

    def _orders(self, scans: Scans) -> Orders:
        return Orders(
            store=self._seams.store,
            records=self._records,
            scans=scans,
            quoting=self._quoting,
            payments=self.payments,
            dispatch=self.dispatch,
            adapters=self.adapters,
            clock=self._seams.clock,
            ids=self._ids,
            log=self._seams.log,
        )

    def _payments(self, screening: Screening) -> Payments:
        return Payments(
            config=self.config,
            store=self._seams.store,
            records=self._records,
            dispatch=self.dispatch,
            adapters=self.adapters,
            answers=self._answers,
            endings=self._endings,
            outstanding=self._quoting.outstanding,
            pace=self._pace,
            restoring=self._seams.restoring,
            clock=self._seams.clock,
            ids=self._ids,
            tasks=self._seams.tasks,
            log=self._seams.log,
            screening=screening,
        )

    def _funds(self, home: str) -> Funds:
        return Funds(
            home=home,
            store=self._seams.store,
            records=self._records,
            dispatch=self.dispatch,
            payments=self.payments,
            adapters=self.adapters,
            answers=self._answers,
            config_version=self.config.switch.config_version,
            clock=self._seams.clock,
            ids=self._ids,
            log=self._seams.log,
        )

    def _parts(self, keys: KeyFolder) -> api.Parts:
        seams, config = self._seams, self.config
        scans = Scans(
            quoting=self._quoting,
            transport=self._transport,
            adapters=lookups_of(self.adapters),
            routing=self._routing,
            banks=banks_of(config),
            clock=seams.clock,
            ids=self._ids,
            slot=config.switch.slot,
            log=seams.log,
            scheme_quotes=self._scheme_quotes(),
        )
        receiving = Receiving(
            config=config,
            adapters=self._inbound,
            scans=scans,
            quoting=self._quoting,
            payments=self.payments,
            dispatch=self.dispatch,
            records=self._records,
            orders=self._orders(scans),
            notices=self.aftercare.notices,
            pace=self._pace,
            clock=seams.clock,
            ids=self._ids,
            log=seams.log,
        )
        overseer = keys.public(OVERSEER)
        banks = {bic: keys.member_public(bic) for bic in config.members}
        return api.Parts(
            config=config,
            payments=self.payments,
            scans=scans,
            quoting=self._quoting,
            receiving=receiving,
            messages=self._messages,
            authenticator=self._authenticator(banks),
            overseers=self._authenticator({OVERSEER: overseer}),
            quoters=self._authenticator(
                {**keys.quoters(sorted(config.market.providers)), OVERSEER: overseer}
            ),
            witnesses=self._authenticator({**banks, OVERSEER: overseer}),
            care=self._care(banks, keys),
            rates=self.rates,
            pace=self._pace,
            store=seams.store,
            over=lambda: self._endings.released,
            read=seams.store.read,
            head=lambda: seams.store.head,
            published=seams.published,
            answer_key=keys.ec_private("switch-answers"),
            clock=seams.clock,
            ids=self._ids,
            log=seams.log,
            ready=self.health,
            signers=signers_of(self.adapters),
            readings=Reader(seams, self._leases, self.meters, self.health, self.payments.exposures),
        )

    def _scheme_quotes(self) -> SchemeQuotes:
        return SchemeQuotes(
            quoting=self._quoting,
            transport=self._transport,
            adapters=quotes_of(self.adapters),
            clock=self._seams.clock,
            ids=self._ids,
            slot=self.config.switch.slot,
            log=self._seams.log,
        )

    def _authenticator(self, keys: Mapping[str, EllipticCurvePublicKey]) -> MemberAuthenticator:
        rules = self.config.member_rules
        return MemberAuthenticator(
            keys,
            self._seams.clock,
            age_s_max=rules.signature_age_s_max,
            kept_max=rules.signatures_kept_max,
        )

    def health(self) -> Mapping[str, object]:
        """What ``/health/ready`` tells: whether recovery is done, and how durable commits are."""
        return {
            "ready": self.ready,
            "store": self.config.store.engine,
            "durability": self._seams.store.read.durability,
            "coordination": self._seams.coordination.state,
            "restoring": self._seams.restoring.holding,
        }

    def stop_waiting(self) -> None:
        """Answer whoever waits with how its payment stands."""
        self._endings.release()

    async def start(self) -> None:
        """Configure the ledger, account for a previous life, then start the timers."""
        await refuse_orphans(self._seams.store.read, self.adapters)
        self._ids.go_on_after(await self._seams.store.read.last_number())
        configure = Configure(
            config_version=self.config.switch.config_version,
            accounts=(*self.config.caps, *await uncapped(self._seams.store.read, self.config)),
            at=self._seams.clock.now(),
            salt=self._ids.salt(),
        )
        await self._seams.store.commit(configure)
        if self._seams.restoring.holding:
            facts = [adapter.facts for adapter in self.adapters.values()]
            await skip_lost(self._seams.store, facts, self._seams.clock.now())
        self._quoting.restore(await self._seams.store.read.rates(RATES_KEPT))
        await self._admissions.enrol()
        await self.events.start()
        # Before recovery, which may take longer than a lease.
        self._seams.tasks.start("leases", self._leases.run())
        recovered = await self.sweeper.recover()
        self._seams.log.info("recovered", payments=recovered)
        self._seams.coordination.start(self._seams.tasks)
        self._seams.tasks.start("restoring", self._seams.restoring.run(self._seams.clock))
        self._seams.tasks.start("sweeper", self.sweeper.run())
        self._seams.tasks.start("retention", self.retention.run())
        self._seams.tasks.start("vault", self._keeper.run())
        for collector in self.collectors:
            self._seams.tasks.start("collector", collector.run())
        if self.config.store.engine != "sqlite":
            # Only here can another process have posted a rate, or approved a step.
            self._seams.tasks.start("rates-refresh", self.rates.run())
            self._seams.tasks.start("standings-refresh", self._admissions.run())
        for feed in self.feeds:
            self._seams.tasks.start("feed", feed.run())
        self.ready = True


def _screening(config: Config, keys: KeyFolder) -> Screening:
    """Who is looked for. Raises :class:`ConfigError` where the lists' secret is missing."""
    rules = config.screening
    return NobodyListed() if rules is None else screening_of(rules, keys.secret(KEYED_BY))
