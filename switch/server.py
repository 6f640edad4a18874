"""Runs one switch as a process: its folder, its keys, its store, its door.

The data folder holds the database and the keys and belongs to one process at a time, by a lock that
is taken before anything in it is touched. The door opens before recovery, so that a taken port is
found out before any payment is; until recovery is done it answers 503 to all but health.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from switch.app import SERVED_AS, Seams, Switch
from switch.config import ConfigError
from switch.coordination.local import InProcess
from switch.coordination.quotes import SharedQuotes
from switch.data_folder import KEYS
from switch.heads import HeadPublisher
from switch.keys import KeyFolder, KeyMissing, own_files
from switch.logs import json_log
from switch.losses import Found, open_losses
from switch.metering.lag import watch
from switch.own_keys import keys_of
from switch.rekeying import refuse_unfinished
from switch.restoring import Restoring
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy, drawn_of
from switch.runtime.garbage import settle_memory
from switch.runtime.lock import owned_folder
from switch.runtime.tasks import Tasks, end_process
from switch.runtime.threads import WriterThread
from switch.stores import await_server, never_written, open_store
from switch.webhooks import peers_of
from switch.wire.net import TcpNet
from switch.wire.tls import TlsUnusable, client_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from ssl import SSLContext

    from switch.config import Config
    from switch.coordination.ports import Coordination
    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.runtime.process import Stopped
    from switch.store.contract import Store
    from switch.store.journal import Block
    from switch.wire.net import Served

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the interpreter: the writer thread must not hold up the loop."""


REDIS_SECRET: Final = "redis-password"  # noqa: S105  the name of a file
"""Name of the secret that Redis asks for, where it asks for one."""

FIGURES: Final = "figures"
"""The name under which figures are shown on this machine."""

TASKS_BESIDE = 1_000
"""Tasks allowed beside the payments in flight: timers, sweeps, collectors."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process keeps its things and finds its peers."""

    data: Path
    port: int
    peers: Mapping[str, str] = field(default_factory=dict)
    log_level: str = "info"
    restored: bool = False
    figures_port: int | None = None
    """Port of 127.0.0.1 where a collector is shown figures; none: nowhere."""


@dataclass(frozen=True, slots=True)
class Running:
    """A switch that is serving."""

    switch: Switch
    served: Served
    opened: AsyncExitStack

    async def close(self) -> None:
        """Close the door, stop the timers, finish what the store holds, leave the folder."""
        await self.opened.aclose()


def network_tls(config: Config, keys: KeyFolder, peers: Mapping[str, str]) -> dict[str, SSLContext]:
    """TLS of each network that has its own certificates.

    Raises :class:`ConfigError`, also where such a network would be called without TLS after all,
    and :class:`~switch.keys.KeyMissing`.
    """
    contexts = {}
    for name, section in config.networks.items():
        if section.tls is None:
            continue
        if not peers[name].startswith("https:"):
            raise ConfigError(f"networks.{name}: has tls, and its address is not https")
        files = (section.tls.authority, section.tls.certificate, section.tls.key)
        try:
            contexts[name] = client_context(*(keys.path(file) for file in files))
        except TlsUnusable as unusable:
            raise ConfigError(f"switch.toml: networks.{name}.tls: {unusable}") from None
    return contexts


async def start(config: Config, place: Place) -> Running:
    """Start a switch and return it serving.

    Raises :class:`~switch.runtime.lock.FolderTaken` when another process owns the data folder, and
    :class:`OSError` when the port is taken; either before a payment is touched.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    place.data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as opened:
        # Closed in the opposite order, and all of it when the start fails half-way.
        opened.enter_context(owned_folder(place.data))
        refuse_unfinished(place.data)
        switch, served = await _open(config, place, opened)
        await switch.start()
        settle_memory()
        return Running(switch, served, opened.pop_all())


async def _open(config: Config, place: Place, opened: AsyncExitStack) -> tuple[Switch, Served]:
    """Open the store and the door of a folder that is ours."""
    clock, entropy = SystemClock(), SystemEntropy()
    await await_server(config, KeyFolder(place.data / KEYS), clock, partial(drawn_of, entropy))
    keys = keys_of(config, place.data, may_make=await never_written(config, place.data))
    keys.require(own_files(keys, config.members))
    peers = {name: section.url for name, section in config.networks.items()} | dict(place.peers)
    peers |= {feed.peer: feed.url for feed in config.feeds} | peers_of(config.members)
    net = TcpNet(
        clock,
        {
            SERVED_AS: (config.http.host, place.port),
            FIGURES: ("127.0.0.1", place.figures_port or 0),
        },
        peers,
        client_tls=network_tls(config, keys, peers),
    )
    tasks = Tasks(tasks_max=_tasks_max(config))
    log = json_log(clock, place.log_level)
    async with AsyncExitStack() as held:
        store, written_at = await open_store(config, place.data, keys, clock, entropy, held)
        publisher = _publisher(config, place, store, clock, log)
        # Registered before the store, so it comes after it at a stop: the last block is published.
        opened.callback(publisher.close)
        opened.push_async_exit(held.pop_all())
    opened.push_async_callback(net.close)
    coordination = _coordination(config, keys, clock, entropy)
    opened.push_async_callback(coordination.close)
    opened.push_async_callback(tasks.close)
    losses = await open_losses(config, place.data, opened)
    found = Found(store.read, publisher.published, written_at, place.restored)
    await losses.at_start(found, place.data / config.journal.heads_file, clock, log)
    restoring = Restoring(losses.of_folder, losses.of_database if losses.shared else None)
    await restoring.fetch()
    seams = Seams(
        *(clock, entropy, net, tasks, store, log, coordination, restoring, publisher.published),
        outstanding=_outstanding(config, coordination),
        written_at=written_at,
    )
    switch = Switch(config, keys, seams)
    served = await net.serve(switch.application, SERVED_AS)
    opened.push_async_callback(served.close)
    if place.figures_port is not None:
        shown = await net.serve(switch.collector, FIGURES)
        opened.push_async_callback(shown.close)
    tasks.start("heads", publisher.run())
    tasks.start("lag", watch(clock, switch.meters.lag))
    # First of all at a stop: whoever waits for a payment is told how it stands.
    opened.callback(switch.stop_waiting)
    return switch, served


def _tasks_max(config: Config) -> int:
    """Tasks of payments, of events on their way to every member, and beside them."""
    events = len(peers_of(config.members)) * (config.events.at_once_max + 1)
    return 2 * config.payments.in_flight_max + events + TASKS_BESIDE


def _publisher(config: Config, place: Place, store: Store, clock: Clock, log: Log) -> HeadPublisher:
    """What publishes heads of the journal; its file may lie in another place than the data.

    Raises :class:`ConfigError` where it can never be written.
    """
    rules = config.journal
    path = place.data / rules.heads_file
    try:
        placed = path.parent.is_dir() and not path.is_dir()
    except OSError:
        placed = False
    if not placed:
        raise ConfigError(f"switch.toml: journal.heads_file: {path.absolute()} can be no file")

    def writer(execute: Callable[[list[Block]], None]) -> WriterThread[Block]:
        return WriterThread("journal-heads", execute, on_crash=end_process)

    return HeadPublisher(
        path,
        head=lambda: store.head,
        make_writer=writer,
        clock=clock,
        log=log,
        every_blocks=rules.heads_every_blocks,
        every_s=rules.heads_every_s,
    )


def _coordination(config: Config, keys: KeyFolder, clock: Clock, entropy: Entropy) -> Coordination:
    """What this process shares with others; Redis is loaded only where it is used."""
    shared = config.coordination
    if shared.url is None:
        return InProcess(processes=shared.processes_max)
    from switch.coordination.shared import Shared

    try:
        password = keys.secret(REDIS_SECRET)
    except KeyMissing:
        password = None
    return Shared(
        shared.url,
        processes_max=shared.processes_max,
        me=Ids(clock, entropy).uuid(),
        clock=clock,
        password=password,
    )


def _outstanding(config: Config, coordination: Coordination) -> SharedQuotes | None:
    """The count of open quotes of several processes; one process counts by itself."""
    processes_max = config.coordination.processes_max
    if processes_max == 1:
        return None
    valid_s_max = max(corridor.quote_valid_s for corridor in config.corridors.values())
    most = config.quotes.outstanding_max
    return SharedQuotes(most, coordination, processes_max=processes_max, valid_s_max=valid_s_max)


async def serve(
    config: Config, place: Place, stopped: Stopped, announce: Callable[[str], None]
) -> int:
    """Serve until asked to stop; ``announce`` is told the address once it is open."""
    running = await start(config, place)
    announce(running.served.url)
    await stopped()
    await running.close()
    return 0
