"""A store that comes back from a copy pays nothing twice: it asks about what it may have forgotten.

The whole switch with the simulators of both networks: payments before the backup, payments after
it, a loss, the way back, and the repeats of callers who do not know that anything happened.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from click.testing import CliRunner

from switch.app import SERVED_AS, Seams, Switch
from switch.backup import BackupUnsound, Lacked, back_up, bring_back, wrapping_lacked
from switch.cli import main
from switch.data_folder import LOSS_FILE
from switch.development_keys import make_development_keys
from switch.loss_file import mark_restored, read_loss
from switch.loss_report import end_loss, loss_report
from switch.restoring import Restoring
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy
from switch.store.committer import Committer
from switch.store.sqlite import SqliteEngine
from switch.wrapping_keys import make_wrapping_key
from tests.api.api_rig import DEBTOR, KeptKeys, Rig, configured

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.client import ClientAnswer

SLOT: Final = 1
FIRST_RUNG: Final = timedelta(seconds=6)
"""Past the first enquiry, which Thailand's facts put five seconds after the loss."""


@dataclass
class LosingRig(Rig):
    """A rig whose switch can be stopped, robbed of its database and started again."""

    async def stop_switch(self) -> None:
        """End the switch in order; its networks stay."""
        await self.served.pop().close()
        await self.tasks.close()
        self.store.close()

    async def start_switch(self) -> None:
        """Start it on whatever stands in its folder."""
        self.engine = SqliteEngine(
            str(self.data / "switch.db"),
            clock=self.clock,
            sign=self.keys.ed25519_private("journal").sign,
            slot=SLOT,
        )
        self.store = Committer(self.engine, self._writer)
        seams = Seams(
            self.clock,
            SystemEntropy(),
            self.net,
            self.tasks,
            self.store,
            self.log,
            restoring=Restoring(partial(read_loss, self.data)),
        )
        self.switch = Switch(self.config, self.keys, seams)
        await self.switch.start()
        self.served.append(await self.net.serve(self.switch.application, SERVED_AS))

    async def pay(self, key: str, token: str) -> ClientAnswer:
        """Pay, or pay again."""
        return await self.client().pay(key, {"quote": token, "debtor": DEBTOR})

    async def paid(self, key: str, token: str) -> dict[str, Any]:
        """Repeat until it is final, with time passing for the enquiry ladder."""
        if (await self.pay(key, token)).status == 202:
            self.clock.ahead += FIRST_RUNG
        async with asyncio.timeout(20):
            while True:
                answer = await self.pay(key, token)
                if answer.status != 202:
                    view: dict[str, Any] = answer.json()
                    return view
                await asyncio.sleep(0.1)

    async def asked_about_everything(self) -> None:
        """Wait until nothing is left that nobody asked about."""
        async with asyncio.timeout(20):
            while (await loss_report(self.config, self.data)).left:  # noqa: ASYNC110  no event
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def made_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Development keys, made once."""
    folder, config = tmp_path_factory.mktemp("made"), configured()
    clock, entropy = SystemClock(), SystemEntropy()
    make_development_keys(
        folder,
        config.members,
        clock,
        entropy,
        providers=config.market.providers,
        networks=config.networks,
    )
    return folder


@pytest.fixture
async def rig(tmp_path: Path, made_keys: Path) -> AsyncIterator[LosingRig]:
    """A started switch in a data folder that has its keys in it."""
    config = configured(answer_within_ms=300)
    folder = tmp_path / "data" / "keys"
    shutil.copytree(made_keys, folder)
    made = LosingRig(config, KeptKeys(folder), tmp_path / "data")
    await made.start()
    yield made
    await made.close()


@asynccontextmanager
async def lost(rig: LosingRig, copy: Path) -> AsyncIterator[None]:
    """What happens inside is lost: the switch comes back from the copy."""
    yield
    await rig.stop_switch()
    bring_back(copy, rig.data, SLOT, rig.clock.now(), replace=True)
    await rig.start_switch()


async def test_nothing_is_paid_twice_after_a_loss(rig: LosingRig, tmp_path: Path) -> None:
    before = {f"before-{n}": await rig.quote() for n in range(3)}
    answers = {key: (await rig.pay(key, token)).body for key, token in before.items()}
    await rig.fault("pay", "hold")
    open_token = await rig.quote()
    assert (await rig.pay("open", open_token)).status == 202
    copy = tmp_path / "copy.db"
    back_up(rig.data, copy, SLOT)
    lost_tokens = {f"lost-{n}": await rig.quote() for n in range(2)}
    unpaid = await rig.quote()
    told: dict[str, Any] = {}
    async with lost(rig, copy):
        for key, token in lost_tokens.items():
            told[key] = (await rig.pay(key, token)).json()
    await rig.sandbox("POST", "/control/release", {})
    booked = await rig.book()

    # What is kept is answered as it was; nothing new is paid, and nobody is told that it is gone.
    for key, token in before.items():
        assert (await rig.pay(key, token)).body == answers[key]
    fresh = await rig.quote()
    refused = await rig.pay("fresh", fresh)
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    gone = await rig.client().payment(told["lost-1"]["uetr"])
    assert gone.status == 503
    assert rig.switch.health()["restoring"] is True
    # A repeat of what was lost is asked about under its own UETR, and not sent again.
    again = await rig.paid("lost-0", lost_tokens["lost-0"])
    assert again["status"] == told["lost-0"]["status"] == "ACCC"
    assert again["uetr"] == told["lost-0"]["uetr"]
    assert (await rig.paid("open", open_token))["status"] == "ACCC"
    # What was never paid is not paid now either: its network says that it never came.
    never = await rig.paid("unpaid", unpaid)
    assert (never["status"], never["reason"]) == ("RJCT", "AB01")
    assert await rig.book() == booked

    await rig.asked_about_everything()
    assert (await end_loss(rig.config, rig.data, although_open=False)).holding is False
    rig.switch._seams.restoring.look()
    assert (await rig.pay("fresh", fresh)).status == 200
    # It is dealt with, and still nothing that may have been paid is paid again.
    late = await rig.paid("lost-1", lost_tokens["lost-1"])
    assert (late["status"], late["uetr"]) == ("ACCC", told["lost-1"]["uetr"])
    assert len(await rig.book()) == len(booked) + 1
    assert back_up(rig.data, tmp_path / "after.db", SLOT)["payments"] == 8


async def test_holding_ends_only_when_everything_was_asked_about(
    rig: LosingRig, tmp_path: Path
) -> None:
    await rig.fault("pay", "hold")
    token = await rig.quote()
    assert (await rig.pay("open", token)).status == 202
    copy = tmp_path / "copy.db"
    back_up(rig.data, copy, SLOT)
    async with lost(rig, copy):
        pass
    report = await end_loss(rig.config, rig.data, although_open=False)

    assert (report.holding, len(report.left)) == (True, 1)
    assert (await end_loss(rig.config, rig.data, although_open=True)).holding is False
    await rig.sandbox("POST", "/control/release", {})
    assert (await rig.paid("open", token))["status"] == "ACCC"


async def test_a_copy_names_the_wrapping_keys_that_are_gone_and_starts_without_them(
    rig: LosingRig, tmp_path: Path
) -> None:
    months = rig.data / "keys" / "vault"
    await rig.stop_switch()
    make_wrapping_key(rig.data / "keys", "2026-10", SystemEntropy())
    await rig.start_switch()
    ended = await rig.quote()
    assert (await rig.pay("ended", ended)).status == 200
    await rig.fault("pay", "hold")
    assert (await rig.pay("open", await rig.quote())).status == 202
    copy = tmp_path / "copy.db"
    back_up(rig.data, copy, SLOT)
    assert wrapping_lacked(copy, SLOT, ("vault", "2026-10")) == Lacked((), 0)
    (months / "2026-10.key").rename(months / "2026-11.key")
    await rig.stop_switch()

    assert wrapping_lacked(copy, SLOT, ("vault", "2026-11")) == Lacked(("2026-10",), 1)
    data = ("--data", str(rig.data), "--replace")
    refused = CliRunner().invoke(main, ("restore", "from", str(copy), *data))
    assert refused.exit_code == 2
    assert "1 open payments are under wrapping keys that are not there (2026-10)" in refused.stderr
    assert not (rig.data / LOSS_FILE).exists()
    forced = CliRunner().invoke(
        main, ("restore", "from", str(copy), *data, "--although-unreadable")
    )
    assert (forced.exit_code, orjson.loads(forced.stdout)["lacking"]) == (0, ["2026-10"])
    await rig.start_switch()
    assert rig.switch.health()["restoring"] is True


async def test_a_copy_is_dated_after_what_was_published_whatever_the_clock_says(
    rig: LosingRig, tmp_path: Path
) -> None:
    assert (await rig.pay("k", await rig.quote())).status == 200
    copy = tmp_path / "copy.db"
    view = back_up(rig.data, copy, SLOT)
    await rig.stop_switch()
    newest = rig.clock.now() + timedelta(minutes=30)
    behind = rig.clock.now() - timedelta(hours=1)
    told = bring_back(copy, rig.data, SLOT, behind, replace=True, published_at=newest)
    loss = read_loss(rig.data)

    assert loss is not None
    assert (loss.restored_at, told["clock_behind"]) == (newest, True)
    assert told["head_at"] == view["head_at"]
    await rig.start_switch()


async def test_a_copy_is_whole_and_of_one_moment(rig: LosingRig, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    tokens = [await rig.quote() for _ in range(10)]
    paying = asyncio.gather(*(rig.pay(f"k{n}", token) for n, token in enumerate(tokens)))
    view = await asyncio.to_thread(back_up, rig.data, copy, SLOT)
    await paying

    manifest = orjson.loads((tmp_path / "copy.db.json").read_bytes())
    assert manifest == view
    assert copy.stat().st_mode & 0o077 == 0
    assert not copy.with_name("copy.db.unfinished").exists()


async def test_a_copy_that_is_not_sound_is_not_brought_back(rig: LosingRig, tmp_path: Path) -> None:
    await rig.pay("k", await rig.quote())
    copy = tmp_path / "copy.db"
    back_up(rig.data, copy, SLOT)
    await rig.stop_switch()
    whole = copy.read_bytes()
    stood = (rig.data / "switch.db").read_bytes()
    other = whole.replace(b"bakong-thailand", b"bakong-thaiLand")
    for spoilt in (b"no database", whole[: len(whole) // 2], other):
        copy.write_bytes(spoilt)
        with pytest.raises(OSError):
            bring_back(copy, rig.data, SLOT, rig.clock.now(), replace=True)
    copy.write_bytes(whole)
    (tmp_path / "copy.db.json").write_bytes(b'{"sha256": "00"}')
    with pytest.raises(BackupUnsound):
        bring_back(copy, rig.data, SLOT, rig.clock.now(), replace=True)
    with pytest.raises(OSError, match="is there already"):
        bring_back(copy, rig.data, SLOT, rig.clock.now())

    assert (rig.data / "switch.db").read_bytes() == stood
    assert not (rig.data / LOSS_FILE).exists()
    await rig.start_switch()


def test_a_loss_that_is_not_dealt_with_is_not_begun_anew(tmp_path: Path) -> None:
    now = SystemClock().now()
    first = mark_restored(tmp_path, now, None)

    assert mark_restored(tmp_path, now + timedelta(hours=1), now) == first
    assert read_loss(tmp_path) == first
