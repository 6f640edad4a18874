"""The vault's commands where no switch serves: what they do, and what they refuse in one sentence.

Beside a switch that serves they are run by ``tests/privacy``.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import apsw
import pytest

from switch.commands import Done
from switch.config import default_folder, load_config
from switch.lifecycle import Event
from switch.model import Direction, Kind, Particulars, Party, changed
from switch.own_keys import keys_of
from switch.parts import linked_uetr
from switch.records import OPENING
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy
from switch.runtime.lock import owned_folder
from switch.store.rows import particulars_bytes
from switch.store.sqlite import SqliteEngine, open_reader
from switch.store.vault import wrapping_of
from switch.vault_desk import NOTICE_S, Desk, Refused
from switch.wrapping_keys import WRAPPING_VARIABLE, open_vault
from tests.cli.typed_commands import typed
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import concluded, opened, payment, refused, uetr

if TYPE_CHECKING:
    from pathlib import Path

    from switch.commands import Open
    from switch.model import Payment
    from switch.store.vault import Vault
    from tests.contract.contract_engines import AnyEngine

ENDED: Final = uetr(1)
OPEN: Final = uetr(2)
REFUSED: Final = uetr(3)
MISSING: Final = uetr(9)
NAME: Final = "Sok Dara"
LATER: Final = "2999-01"
"""A month that comes after every month in which this is run."""


def sealed(vault: Vault, held: Payment) -> Open:
    """Commit 1 of a payment as the switch makes it, with names in its record."""
    command = opened(held)
    key, wrapped = vault.new_key(command.payment.uetr)
    people = Particulars(Party(NAME, "sokdara@abaa"), Party("Shop", "shop@aclb"), "E2E-1")
    assert command.exchange is not None
    record = command.exchange.sealed
    plain = particulars_bytes(people) + b"\n[]\n<body/>"
    blob = vault.seal(key, record.record_id, OPENING, plain)
    exchange = replace(command.exchange, sealed=replace(record, kind=OPENING, blob=blob))
    return replace(command, exchange=exchange, wrapped_key=wrapped)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a payment that ended, one that is open and one that was refused."""
    folder = tmp_path_factory.mktemp("data")
    config = load_config(default_folder())
    keys = keys_of(config, folder)
    vault = open_vault("files", keys, SystemEntropy())
    engine = SqliteEngine(
        str(folder / "switch.db"), clock=SystemClock(), sign=keys.ed25519_private("journal").sign
    )
    fill(engine, vault)
    engine.release()
    engine.close()
    return folder


def fill(engine: AnyEngine, vault: Vault) -> None:
    """Put the three payments into a store."""
    (first,) = engine.execute([sealed(vault, payment(1, quote="q-1"))])
    assert isinstance(first, Done)
    assert first.payment is not None
    engine.execute(
        [concluded(first.payment, Event.ACCEPTED), sealed(vault, payment(2, quote="q-2"))]
    )
    _, wrapped = vault.new_key(REFUSED)
    engine.execute([replace(refused(payment(3)), wrapped_key=wrapped)])


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it to work on."""
    return shutil.copytree(made, tmp_path / "data")


def vault(data: Path, *arguments: str) -> tuple[int, str, str]:
    """A command of the vault on this folder."""
    return typed("vault", *arguments, "--data", str(data))


def status(data: Path) -> Any:
    """How the vault stands."""
    code, said, errors = vault(data, "status")
    assert (code, errors) == (0, "")
    return json.loads(said)


def wrapped_by(data: Path) -> list[str]:
    """The wrapping keys of the data keys."""
    reader = open_reader(str(data / "switch.db"), 1)
    return [wrapping_of(held.wrapped) for held in reader.wrapped_keys(0, 1 << 62, 9)]


def test_status_counts_data_keys_by_wrapping_key(data: Path) -> None:
    assert status(data) == {
        "current": "vault",
        "held": ["vault"],
        "data_keys": {"vault": 3},
        "lost": [],
        "may_be_destroyed": [],
        "erased": 0,
        "damaged": 0,
        "waiting": 0,
    }


def test_show_tells_who_is_involved(data: Path) -> None:
    code, said, _ = vault(data, "show", ENDED)

    assert code == 0
    assert json.loads(said)["particulars"]["debtor"]["name"] == NAME


def test_of_a_refused_payment_nothing_is_there_to_show(data: Path) -> None:
    code, said, _ = vault(data, "show", REFUSED)

    assert (code, json.loads(said)) == (1, {"uetr": REFUSED, "particulars": None})


def test_an_ended_payment_is_erased_for_ever(data: Path) -> None:
    code, said, errors = vault(data, "erase", ENDED)
    again = vault(data, "erase", ENDED)
    shown = vault(data, "show", ENDED)

    assert (code, said, errors) == (0, f"{ENDED}: erased\n", "")
    assert again == (0, f"{ENDED}: was erased before\n", "")
    assert shown[0] == 1
    assert json.loads(shown[1])["erased"]["cause"] == "request"
    assert NAME not in shown[1]
    assert (status(data)["erased"], status(data)["waiting"]) == (1, 0)
    assert typed("journal", "verify", "--data", str(data))[0] == 0


def test_what_is_linked_to_it_is_erased_with_it(data: Path) -> None:
    """A refund has the same names, under a key of its own; one that is open waits alone."""
    keys = keys_of(load_config(default_folder()), data)
    engine = SqliteEngine(
        str(data / "switch.db"), clock=SystemClock(), sign=keys.ed25519_private("journal").sign
    )
    linked = changed(
        payment(7, quote="q-7"), uetr=linked_uetr(ENDED, 1), kind=Kind.RETURN,
        direction=Direction.INBOUND,
    )  # fmt: skip
    command = sealed(open_vault("files", keys, SystemEntropy()), fitted(linked, payment(1)))
    (result,) = engine.execute([command])
    engine.release()
    engine.close()
    code, said, _ = vault(data, "erase", ENDED, "--wait", "0")

    assert isinstance(result, Done), result
    assert code == 1
    assert said == (
        f"{ENDED}: erased\n{linked.uetr}: it is asked for, and done when the payment has ended\n"
    )


def test_an_open_payment_waits_to_be_erased(data: Path) -> None:
    code, said, errors = vault(data, "erase", OPEN, "--wait", "0")

    asked = f"{OPEN}: it is asked for, and done when the payment has ended\n"
    assert (code, said, errors) == (1, asked, "")
    assert status(data)["waiting"] == 1
    assert vault(data, "show", OPEN)[0] == 0


@pytest.mark.parametrize("command", ["erase", "show"])
def test_a_payment_that_never_was_is_said_to_be_none(data: Path, command: str) -> None:
    assert vault(data, command, MISSING) == (
        1, "", "bakong-switch: there is no such payment\n",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["x", "00000001-0000-4000-8000-00000000000G", ""])
def test_what_is_no_uetr_is_refused(data: Path, text: str) -> None:
    code, _, errors = vault(data, "erase", text)

    assert code == 2
    assert "is not a UUID in lower case" in errors


def test_a_rotation_brings_every_data_key_under_the_new_one(data: Path) -> None:
    vault(data, "erase", ENDED)
    code, said, errors = vault(data, "rotate", "--name", LATER)
    standing = status(data)

    assert (code, said, errors) == (0, f"2 data keys under {LATER}\n", "")
    assert wrapped_by(data) == ["", LATER, LATER]
    assert (standing["current"], standing["may_be_destroyed"]) == (LATER, ["vault"])
    assert (data / "keys" / "vault" / f"{LATER}.key").stat().st_mode & 0o777 == 0o600
    assert vault(data, "show", OPEN)[0] == 0


def test_the_default_is_the_key_of_this_month_and_a_second_time_changes_nothing(
    data: Path,
) -> None:
    first = vault(data, "rotate")
    held = [path.read_bytes() for path in (data / "keys" / "vault").iterdir()]
    second = vault(data, "rotate")

    assert (first[0], second[0]) == (0, 0)
    assert [path.read_bytes() for path in (data / "keys" / "vault").iterdir()] == held
    assert status(data)["current"] == f"{SystemClock().now():%Y-%m}"


def test_the_first_key_goes_and_what_it_found_is_still_found(data: Path) -> None:
    """Idempotency keys were found by what followed from it: that has a file of its own now."""
    keys = keys_of(load_config(default_folder()), data)
    index = keys.index()
    vault(data, "rotate", "--name", LATER)
    code, said, _ = vault(data, "destroy", "vault")

    assert (code, said) == (0, "vault destroyed\n")
    assert not (data / "keys" / "vault.key").exists()
    assert keys.index() == index
    assert status(data)["held"] == [LATER]
    assert vault(data, "show", OPEN)[0] == 0
    assert keys_of(load_config(default_folder()), data).wrapping().keys() == {LATER}


def test_what_a_backup_holds_under_a_destroyed_key_is_unreadable(data: Path) -> None:
    """The copy is from before the erasure; nobody can open it once the month's key is gone."""
    backup = (data / "switch.db").read_bytes()
    vault(data, "erase", ENDED)
    vault(data, "rotate", "--name", LATER)
    vault(data, "destroy", "vault")
    for beside in data.glob("switch.db-*"):
        beside.unlink()
    (data / "switch.db").write_bytes(backup)
    code, said, _ = vault(data, "show", ENDED)

    assert (code, json.loads(said)) == (
        1, {"uetr": ENDED, "erased": {"cause": "no wrapping key", "at": None}},
    )  # fmt: skip
    assert status(data)["lost"] == ["vault"]
    assert typed("journal", "verify", "--data", str(data))[0] == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("vault", "vault: is the current one"),
        ("2026-10", "2026-10: there is no such wrapping key"),
    ],
)
def test_a_key_that_is_needed_or_none_is_not_destroyed(data: Path, name: str, why: str) -> None:
    assert vault(data, "destroy", name) == (1, "", f"bakong-switch: {why}\n")


def test_a_key_that_data_keys_are_under_is_not_destroyed(data: Path) -> None:
    folder = data / "keys" / "vault"
    folder.mkdir()
    (folder / f"{LATER}.key").write_text("ab" * 32)
    shutil.copy(data / "keys" / "vault.key", data / "keys" / "index.key")

    assert vault(data, "destroy", "vault") == (
        1, "", "bakong-switch: vault: 3 data keys are under it; rotate first\n",
    )  # fmt: skip


def test_a_key_that_a_payment_on_its_way_is_under_is_not_destroyed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a process serves, it is looked again when such a payment must have come."""
    reader = open_reader(str(data / "switch.db"), 1)
    *_, late = reader.wrapped_keys(0, 1 << 62, 9)
    vault(data, "rotate", "--name", LATER)
    slept: list[float] = []

    async def arrives(_: SystemClock, seconds: float) -> None:
        slept.append(seconds)
        connection = apsw.Connection(str(data / "switch.db"))
        change = "UPDATE data_key SET wrapped = ? WHERE payment_id = ?"
        connection.execute(change, (late.wrapped, late.payment_id))
        connection.close()

    monkeypatch.setattr(SystemClock, "sleep", arrives)
    with owned_folder(data):
        said = vault(data, "destroy", "vault")

    assert said == (1, "", "bakong-switch: vault: 1 data keys are under it; rotate first\n")
    assert slept == [NOTICE_S]
    assert (data / "keys" / "vault.key").exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("vault", "vault: a wrapping key is named by its month, as 2026-11 or 2026-11a"),
        ("../seal", "../seal: a wrapping key is named by its month, as 2026-11 or 2026-11a"),
        ("2000-01", f"2000-01: {LATER} is newer already"),
    ],
)
def test_a_name_that_is_none_or_older_makes_no_key(data: Path, name: str, why: str) -> None:
    vault(data, "rotate", "--name", LATER)

    assert vault(data, "rotate", "--name", name) == (1, "", f"bakong-switch: {why}\n")


def test_keys_of_the_environment_are_used_and_never_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = shutil.copytree(default_folder(), tmp_path / "config")
    file = config / "switch.toml"
    file.write_text(
        file.read_text().replace('wrapping_keys = "files"', 'wrapping_keys = "environment"')
    )
    first = (data / "keys" / "vault.key").read_text().strip()
    monkeypatch.setenv(WRAPPING_VARIABLE, f"{LATER}={'ab' * 32},vault={first}")
    options = ("--data", str(data), "--config", str(config))
    code, said, _ = typed("vault", "status", *options)
    refusal = typed("vault", "rotate", *options)

    assert code == 0
    assert json.loads(said)["current"] == LATER
    assert refusal == (
        1,
        "",
        "bakong-switch: wrapping keys are in the environment: add one there and start anew\n",
    )
    assert not (data / "keys" / "vault").exists()
    monkeypatch.delenv(WRAPPING_VARIABLE)
    assert typed("vault", "status", *options)[0] == 2


def test_a_prepared_key_is_held_until_the_rotation_and_used_then(data: Path) -> None:
    file = data / "keys" / "vault" / f"+{LATER}.key"
    told = vault(data, "prepare", "--name", LATER)
    key = file.read_text()
    before = json.loads(vault(data, "status")[1])
    again = vault(data, "prepare", "--name", LATER)

    assert (
        told
        == again
        == (
            0,
            f"{file}: bring it to the key folder of every process, then rotate\n",
            "",
        )
    )
    assert (before["current"], before["held"]) == ("vault", ["vault", LATER])
    assert before["may_be_destroyed"] == []
    assert vault(data, "destroy", LATER) == (1, "", f"bakong-switch: {LATER}: it is coming\n")
    assert vault(data, "rotate", "--name", LATER)[0] == 0
    assert not file.exists()
    assert file.with_name(f"{LATER}.key").read_text() == key
    assert json.loads(vault(data, "status")[1])["current"] == LATER


async def test_on_a_server_a_key_that_others_may_lack_is_not_made_use_of(data: Path) -> None:
    config = load_config(default_folder())
    served = config.store.model_copy(update={"engine": "postgresql", "url": "postgresql://x"})
    desk = Desk(replace(config, store=served), data)
    with pytest.raises(Refused, match="run vault prepare"):
        await desk.new_key(LATER)

    assert not (data / "keys" / "vault").exists()
