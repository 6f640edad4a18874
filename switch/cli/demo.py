"""``demo``: the main job on real parts, with receipts and both sides' books.

Status 0 only if every payment ended as expected, the books of both sides agree payment by payment,
the ledger balances and the journal verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from switch.cli.options import config_option, guarded, read_config, say, stop, tell
from switch.cli.store_option import store_option, with_store
from switch.demo.abroad import Abroad, demonstrated, play_all
from switch.demo.books import differences, network_books, switch_book
from switch.demo.scenes import SceneFailed
from switch.demo.stage import Stage
from switch.keys import KeyFolder
from switch.record_reader import open_record
from switch.runtime.children import ChildFailed
from switch.runtime.process import run
from switch.store.audit import audit_reads

if TYPE_CHECKING:
    from pathlib import Path

    from switch.config import Config
    from switch.demo.scenes import Scene
    from switch.store.report import Report


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that a demonstration found."""

    scenes: list[Scene]
    ours: list[dict[str, Any]]
    theirs: dict[str, list[dict[str, Any]]]
    differing: list[str]
    report: Report

    @property
    def good(self) -> bool:
        """True when all ended as it should."""
        played = all(scene.as_expected for scene in self.scenes)
        return played and not self.differing and self.report.sound


@click.command("demo")
@config_option
@store_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of receipts.")
@click.option("--network", "networks", multiple=True, help="Only corridors with this network.")
def command(
    config_folder: Path | None, store: str | None, networks: tuple[str, ...], *, as_json: bool
) -> None:
    """Start the switch and its simulators, pay in both directions, compare the books, stop."""
    config = with_store(read_config(config_folder), store)
    there = demonstrated(config)
    unknown = [name for name in networks if name not in there]
    if unknown:
        stop(f"{unknown[0]} has no demonstration; there are {', '.join(there)}")
    chosen = [each for each in there.values() if each.name in (networks or there)]

    async def program(_: object) -> int:
        try:
            shown = await _show(config, config_folder, chosen)
        except (ChildFailed, SceneFailed) as error:
            stop(str(error))
        if as_json:
            say(_view(shown))
        else:
            _print(shown)
        return 0 if shown.good else 1

    guarded(lambda: run(program))


async def _show(config: Config, config_folder: Path | None, chosen: list[Abroad]) -> Shown:
    async with Stage(config, config_folder, networks=[each.name for each in chosen]) as stage:
        scenes = await play_all(stage, chosen)
        ours, theirs = await switch_book(stage), await network_books(stage)
        key = KeyFolder(stage.data / "keys").ed25519_private("journal").public_key()
        async with open_record(config, stage.data) as reads:
            report = await audit_reads(reads, (key,), {})
        return Shown(scenes, ours, theirs, differences(ours, theirs), report)


def _view(shown: Shown) -> dict[str, object]:
    by_uetr = {line["uetr"]: line for line in shown.ours}
    payments = []
    for scene in shown.scenes:
        line = by_uetr[scene.uetr]
        payments.append(
            {
                "network": line["counterparty"],
                "direction": line["direction"],
                "use_case": line["use_case"],
                "uetr": line["uetr"],
                "status": line["status"],
                "reason": line["reason"],
                "debit": line["debit"],
                "credit": line["credit"],
                "rate": line["rate"],
                "ms": scene.milliseconds,
            }
        )
    return {
        "payments": payments,
        "ledger_balanced": shown.report.ledger_balanced,
        "books_agree": not shown.differing,
        "journal_verified": shown.report.journal_verified,
    }


def _print(shown: Shown) -> None:
    by_uetr = {line["uetr"]: line for line in shown.ours}
    tell("Receipts")
    for scene in shown.scenes:
        line = by_uetr[scene.uetr]
        paid, got = line["debit"], line["credit"]
        mark = "ok " if scene.as_expected else "BAD"
        reason = f" {line['reason']}" if line["reason"] else ""
        tell(
            f"  {mark} {scene.direction:8} {line['status']}{reason:5} "
            f"{paid['value']:>9} {paid['currency']} -> {got['value']:>9} {got['currency']} "
            f"at {line['rate']}  {scene.milliseconds:>5} ms  {scene.title}"
        )
    tell("Books")
    tell(f"  {'switch':10} {_sums(shown.ours)}")
    for network, entries in shown.theirs.items():
        booked = [entry for entry in entries if entry["status"] == "booked"]
        tell(f"  {network:10} {len(entries)} entries, {len(booked)} booked")
    for sentence in shown.differing:
        tell(f"  differs: {sentence}")
    for fault in shown.report.faults:
        tell(f"  fault: {fault.place}: {fault.what}")
    tell(
        f"  books agree: {_yes(not shown.differing)}   "
        f"ledger balanced: {_yes(shown.report.ledger_balanced)}   "
        f"journal verified: {_yes(shown.report.journal_verified)} "
        f"({shown.report.blocks} blocks)"
    )


def _sums(lines: list[dict[str, Any]]) -> str:
    paid = [line for line in lines if line["status"] == "ACCC"]
    return f"{len(lines)} payments, {len(paid)} credited"


def _yes(value: object) -> str:
    return "yes" if value else "NO"
