"""The web application: parts in, routes out.

Every handler stands behind the same middlewares and every address in one table; a table and
handlers that disagree refuse the start. The surprise: a ``HEAD`` is no ``GET`` here, because a
request is signed for one method.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from iso20022.jws import JwsSigner
from switch.answers import JSON
from switch.api.care import Care, CareApi
from switch.api.description import openapi
from switch.api.events import EventsApi
from switch.api.intake import PACE
from switch.api.iso import IsoApi
from switch.api.journal import JournalApi, witness
from switch.api.members import MemberApi
from switch.api.metrics import MetricsApi, door
from switch.api.networks import NetworkApi
from switch.api.oversight import OversightApi
from switch.api.problems import UNAVAILABLE, expect, guard, respond, wait_for_recovery
from switch.api.rates import RatesApi
from switch.api.routes import ROUTES
from switch.api.settlements import SettlementApi
from switch.api.standings import StandingApi
from switch.api.suspense import SuspenseApi
from switch.commands import Answer
from switch.metering.requests import counted
from switch.port import Planning
from switch.positions import positions_page
from switch.posting import Posting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from switch.abilities import AnswerSigner
    from switch.api.messages import MemberMessages
    from switch.config import Config
    from switch.logs import Log
    from switch.metering.readings import Reader
    from switch.pace import Pace
    from switch.payments import Payments
    from switch.quoting import Quoting
    from switch.rates import Rates
    from switch.receiving import Receiving
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.scans import Scans
    from switch.store.contract import Reads, Store
    from switch.store.journal import Block
    from switch.wire.authenticate import MemberAuthenticator


@dataclass(frozen=True, slots=True)
class Parts:
    """What the interface is made of. ``answer_key`` signs ISO 20022 answers to members.

    ``overseers`` knows the overseer's key and no member's; ``read`` is what it reads. ``quoters``
    knows the rate providers' keys and the overseer's, ``witnesses`` those of members and overseer.
    ``head`` tells the journal's newest block, ``published`` the heads that left the house.
    ``ready`` tells the health page; its member ``ready`` is true once recovery is done. ``over``
    turns true when the process stops. ``readings`` are what the page of figures is made of.
    """

    config: Config
    payments: Payments
    scans: Scans
    quoting: Quoting
    receiving: Receiving
    messages: MemberMessages
    authenticator: MemberAuthenticator
    overseers: MemberAuthenticator
    quoters: MemberAuthenticator
    witnesses: MemberAuthenticator
    care: Care
    rates: Rates
    pace: Pace
    read: Reads
    head: Callable[[], Block | None]
    published: Mapping[tuple[int, int], bytes]
    clock: Clock
    ids: Ids
    log: Log
    ready: Callable[[], Mapping[str, object]]
    store: Store
    readings: Reader
    over: Callable[[], bool]
    signers: Mapping[str, AnswerSigner] = field(default_factory=dict)
    """Adapters that sign our answers to their networks in a header."""
    answer_key: EllipticCurvePrivateKey | None = field(default=None, repr=False)


def create(parts: Parts) -> web.Application:
    """Make the application; it reads bodies up to the configured size."""
    networks = NetworkApi(
        parts.receiving,
        parts.log,
        parts.signers,
        partial(_planning, parts.clock, parts.ids, parts.config.switch.slot),
    )
    handlers = _handlers(parts, openapi(networks.paths()))
    assert sorted(handlers) == sorted(route.operation for route in ROUTES), (
        "the table of routes and the handlers name the same operations"
    )
    named: dict[web.AbstractRoute, str] = {}
    app = web.Application(
        client_max_size=parts.config.http.body_bytes_max,
        middlewares=[
            counted(parts.readings.meters, parts.clock, named),
            wait_for_recovery(parts.ready),
            guard(parts.log),
            witness(parts.head),
        ],
    )
    app[PACE] = parts.pace
    for route in ROUTES:
        handler = handlers[route.operation]
        added = app.router.add_route(route.method, route.path, handler, expect_handler=expect)
        named[added] = route.operation
    for network, path in networks.paths():
        handler = networks.handler(network)
        added = app.router.add_route("POST", path, handler, expect_handler=expect)
        named[added] = f"from_{network}"
    return app


def collector(parts: Parts) -> web.Application:
    """What a collector of figures on this machine is served."""
    return door(MetricsApi(parts.overseers, parts.readings), parts.log)


def _planning(clock: Clock, ids: Ids, slot: int) -> Planning:
    now = clock.now()
    return Planning(now, ids.ordered(), slot, now)


def _rates(parts: Parts) -> RatesApi:
    return RatesApi(
        quoters=parts.quoters,
        overseers=parts.overseers,
        rates=parts.rates,
        posting=Posting(parts.clock),
        positions=lambda: positions_page(
            parts.read,
            parts.config.market,
            parts.quoting.stopped,
            parts.quoting.outstanding.all(parts.clock.now()),
        ),
    )


def _event_handlers(parts: Parts) -> dict[str, Handler]:
    events = EventsApi(
        authenticator=parts.authenticator,
        members=parts.config.members,
        store=parts.store,
        clock=parts.clock,
        streams_max=parts.config.events.streams_max,
        over=parts.over,
    )
    return {
        "events": events.fetch,
        "event_stream": events.stream,
        "replay_events": events.replay,
    }


def _care_handlers(care: Care) -> dict[str, Handler]:
    api, standing = CareApi(care), StandingApi(care.operators, care.admissions)
    suspense = SuspenseApi(care)
    return {
        "refund": api.refund,
        "recall": api.recall,
        "answer_recall": api.answer_recall,
        "queue": api.queue,
        "case": api.case,
        "evidence": api.evidence,
        "propose": api.propose,
        "approve": api.approve,
        "settle": SettlementApi(care).settle,
        "parties": standing.parties,
        "party": standing.party,
        "propose_step": standing.propose,
        "approve_step": standing.approve,
        "suspense": suspense.suspense,
        "found": suspense.found,
        "propose_closing": suspense.propose,
        "approve_closing": suspense.approve,
    }


def _iso(parts: Parts) -> IsoApi:
    key = parts.answer_key
    return IsoApi(
        config=parts.config,
        authenticator=parts.authenticator,
        payments=parts.payments,
        quoting=parts.quoting,
        messages=parts.messages,
        asking_back=parts.care.aftercare.asking_back,
        signer=None if key is None else JwsSigner(key, parts.config.switch.bic),
        clock=parts.clock,
        ids=parts.ids,
        log=parts.log,
    )


def _handlers(parts: Parts, description: bytes) -> dict[str, Handler]:
    members = MemberApi(
        config=parts.config,
        authenticator=parts.authenticator,
        payments=parts.payments,
        scans=parts.scans,
        quoting=parts.quoting,
        admissions=parts.care.admissions,
        clock=parts.clock,
    )
    iso = _iso(parts)
    oversight = OversightApi(parts.overseers, parts.read, parts.clock)
    rates = _rates(parts)
    journal = JournalApi(parts.witnesses, parts.read, parts.head, parts.published, parts.clock)

    async def live(_: web.Request) -> web.Response:
        return respond(Answer(200, JSON, b'{"alive":true}'))

    async def ready(_: web.Request) -> web.Response:
        report = dict(parts.ready())
        status = 200 if report.get("ready") is True else UNAVAILABLE
        return respond(Answer(status, JSON, orjson.dumps(report)))

    async def describe(_: web.Request) -> web.Response:
        return respond(Answer(200, JSON, description))

    return {
        "scan": members.scan,
        "decode": members.decode,
        "quote": members.quote,
        "pay": members.pay,
        "payment": members.payment,
        **_event_handlers(parts),
        **_care_handlers(parts.care),
        "message": iso.message,
        "publish_rates": rates.publish,
        "withdraw_rate": rates.withdraw,
        "rates": rates.current,
        "rate_history": rates.history,
        "positions": rates.positions,
        "journal_head": journal.head,
        "receipt": journal.receipt,
        "oversee_payments": oversight.payments,
        "oversee_accounts": oversight.accounts,
        "oversee_statement": oversight.statement,
        "metrics": MetricsApi(parts.overseers, parts.readings).signed,
        "live": live,
        "ready": ready,
        "description": describe,
    }
