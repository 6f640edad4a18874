"""The journal's commands over a database file: what they print, and with which status they end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import apsw
import orjson
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from switch.cli.main import main
from switch.heads import line, short
from switch.model import from_micros
from switch.runtime.children import start_child
from switch.store.audit import audit
from switch.store.journal import leaf_hash, merkle_root
from switch.store.sqlite import open_reader
from tests.contract.contract_engines import KEY, SqlitePlace
from tests.contract.journal_chain import tell
from tests.switch_core.core_values import buried, uetr

if TYPE_CHECKING:
    from pathlib import Path

    from switch.store.journal import Block


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the six blocks and the journal's public key."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "journal.pub.pem").write_bytes(pem(KEY))
    engine = SqlitePlace(tmp_path / "switch.db").open()
    tell(engine)
    engine.close()
    return tmp_path


def typed(*words: object) -> tuple[int, str, str]:
    """Status, standard output and standard error of ``journal`` and these words."""
    done = CliRunner().invoke(main, ["journal", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def blocks(data: Path) -> list[Block]:
    reader = open_reader(str(data / "switch.db"), 1)
    found = [block for block, _ in reader.blocks()]
    reader.connection.close()
    return found


def published(data: Path, *numbers: int) -> Path:
    """A file of heads: of the blocks with these numbers."""
    path = data / "kept.jsonl"
    path.write_bytes(b"".join(line(blocks(data)[n - 1]) for n in numbers))
    return path


def worked_on(data: Path, *statements: str) -> None:
    connection = apsw.Connection(str(data / "switch.db"))
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_sound_record_says_how_far_it_is_anchored(data: Path) -> None:
    assert typed("verify", "--data", data) == (
        0,
        "slot 1: tail not anchored after block 0 of 6\n6 blocks, 6 payments, 0 faults\n",
        "",
    )
    assert typed("verify", "--data", data, "--heads", published(data, 2, 6)) == (
        0,
        "slot 1: anchored to its last block, 6\n6 blocks, 6 payments, 0 faults\n",
        "",
    )


def test_json_is_one_object(data: Path) -> None:
    status, shown, _ = typed("verify", "--json", "--data", data, "--heads", published(data, 3))
    report = orjson.loads(shown)
    (slot,) = report.pop("slots")

    assert status == 0
    assert report == {
        "blocks": 6,
        "payments": 6,
        "ledger_balanced": True,
        "journal_verified": True,
        "faults": [],
        "heads": 1,
        "heads_unreadable": 0,
        "heads_contradicted": [],
        "heads_vouch": True,
        "slots_unpublished": [],
    }
    assert (slot["slot"], slot["blocks"], slot["anchored"]) == (1, 6, 3)
    assert slot["head"] == blocks(data)[-1].hash().hex()


def test_a_cut_tail_is_named_with_heads_of_either_form(data: Path) -> None:
    last = blocks(data)[-1]
    (data / "answer").write_text(short(last))
    heads = published(data, 6)
    worked_on(
        data,
        *(f"DELETE FROM {table} WHERE number = 6" for table in ("block", "leaf", "balance_after")),
        f"DELETE FROM answer WHERE payment_id IN (SELECT payment_id FROM payment WHERE uetr IN "
        f"('{uetr(4)}', '{uetr(5)}'))",
        f"DELETE FROM binding WHERE payment_id IN (SELECT payment_id FROM payment WHERE uetr IN "
        f"('{uetr(4)}', '{uetr(5)}'))",
        f"DELETE FROM data_key WHERE payment_id IN (SELECT payment_id FROM payment WHERE uetr IN "
        f"('{uetr(4)}', '{uetr(5)}'))",
        f"DELETE FROM payment WHERE uetr IN ('{uetr(4)}', '{uetr(5)}')",
        "UPDATE rate SET withdrawn_at = NULL",
    )
    without = typed("verify", "--data", data)

    assert without[0] == 0, without
    assert "tail not anchored after block 0 of 5" in without[1]
    for file in (heads, data / "answer"):
        status, shown, _ = typed("verify", "--data", data, "--heads", file)
        assert status == 1
        assert "block 1/6: was published, but the journal ends at 5: its tail was cut" in shown


def test_a_changed_row_ends_with_status_1_and_its_name(data: Path) -> None:
    worked_on(data, "UPDATE account SET debits_posted = debits_posted + 1")
    status, shown, _ = typed("verify", "--data", data)

    assert status == 1
    assert "ACLBKHPPXXX/member/KHR/deferred: its balance is not what was booked" in shown


def test_keys_may_be_given_by_file(data: Path) -> None:
    other = data / "other.pem"
    other.write_bytes(pem(Ed25519PrivateKey.from_private_bytes(bytes(32))))
    own = data / "keys" / "journal.pub.pem"

    assert typed("verify", "--data", data, "--key", other, "--key", own)[0] == 0
    assert typed("verify", "--data", data, "--key", other)[0] == 1
    other.write_bytes(b"nothing")
    assert typed("verify", "--data", data, "--key", other) == (
        2,
        "",
        f"bakong-switch: {other}: is not an Ed25519 public key in PEM\n",
    )


def proof(data: Path, number: int = 1) -> Path:
    """A proof written to a file."""
    path = data / f"proof-{number}.json"
    assert typed("prove", uetr(number), "--data", data, "--output", path) == (0, "", "")
    return path


def test_a_proof_is_written_and_checked_with_the_key_alone(data: Path, tmp_path: Path) -> None:
    (data / "heads.jsonl").write_bytes(published(data, 4).read_bytes())
    file, key = proof(data), data / "keys" / "journal.pub.pem"
    (data / "switch.db").unlink()
    status, shown, _ = typed("check-proof", file, "--key", key)

    assert status == 0
    assert shown.splitlines()[:2] == ["1 opened: sending", "2 accepted: accepted"]
    assert shown.splitlines()[2].startswith("head 1;4;")
    assert shown.splitlines()[3] == "not anchored: signed only"
    heads = typed("check-proof", file, "--key", key, "--heads", data / "kept.jsonl", "--json")
    assert heads[0] == 0
    assert orjson.loads(heads[1])["anchored"] is True


def test_a_proof_that_leads_elsewhere_than_what_was_published_is_refused(data: Path) -> None:
    file = proof(data)
    (data / "kept").write_text(f"1;6;{'0' * 64}\n")
    status, _, said = typed("check-proof", file, "--data", data, "--heads", data / "kept")

    assert (status, said) == (1, "another head was published in this place\n")


def test_heads_that_contradict_each_other_end_every_command_with_a_failure(data: Path) -> None:
    file = proof(data)
    heads = data / "both"
    heads.write_bytes(published(data, 4, 6).read_bytes() + b"1;6;" + b"0" * 64 + b"\n")
    said = "block 1/6: two heads of it were published\n"

    assert typed("verify", "--data", data, "--heads", heads)[0] == 1
    assert typed("check-proof", file, "--data", data, "--heads", heads)[::2] == (1, said)
    assert typed("prove", uetr(1), "--data", data, "--heads", heads) == (
        2,
        "",
        f"bakong-switch: {heads}: {said}",
    )
    # Our own file holds both after a loss: then no block of that number vouches for anything.
    (data / "heads.jsonl").write_bytes(published(data, 2).read_bytes() + heads.read_bytes())
    assert typed("prove", uetr(1), "--data", data)[0] == 0


def test_a_slot_of_which_no_head_was_published_is_named(data: Path) -> None:
    engine = SqlitePlace(data / "switch.db").open(7)
    engine.execute([buried(70)])
    engine.close()
    heads = published(data, 6)
    status, shown, _ = typed("verify", "--data", data, "--heads", heads)
    told = orjson.loads(typed("verify", "--data", data, "--heads", heads, "--json")[1])

    assert status == 0
    assert "slot 7: no head of it was published" in shown.splitlines()
    assert told["slots_unpublished"] == [7]


@pytest.mark.parametrize("text", [b"", b"a,b\nc,d\n", b"{}\n", b"another switch's"])
def test_a_file_that_vouches_for_nothing_is_no_all_is_well(data: Path, text: bytes) -> None:
    heads = data / "wrong"
    if text.startswith(b"another"):
        engine = SqlitePlace(data / "other.db").open(7)
        engine.execute([buried(70)])
        assert engine.head is not None
        text = line(engine.head)
        engine.close()
    heads.write_bytes(text)
    status, shown, _ = typed("verify", "--data", data, "--heads", heads)
    told = orjson.loads(typed("verify", "--data", data, "--heads", heads, "--json")[1])

    assert (status, told["heads_vouch"]) == (1, False)
    said = "none of the heads vouches for a block of this journal: a cut tail would not be seen"
    assert said in shown.splitlines()


def test_a_bad_proof_ends_with_status_1_and_why(data: Path) -> None:
    file = proof(data)
    held: dict[str, Any] = orjson.loads(file.read_bytes())
    held["entries"][0]["salt"] = "00" * 16
    file.write_bytes(orjson.dumps(held))

    assert typed("check-proof", file, "--data", data) == (
        1,
        "",
        f"{file}: entries[0]: the entry is not in its block\n",
    )


@pytest.mark.parametrize("name", ["x", "0" * 36, uetr(1).upper() + "x"])
def test_prove_takes_a_uetr_only(data: Path, name: str) -> None:
    assert typed("prove", name, "--data", data)[0] == 2


def test_what_is_not_there_is_not_proven(data: Path) -> None:
    status, _, said = typed("prove", uetr(99), "--data", data)

    assert (status, said) == (
        2,
        f"bakong-switch: {uetr(99)}: there is no payment of this UETR\n",
    )


def test_an_export_can_be_verified_like_the_journal(data: Path) -> None:
    status, shown, _ = typed("export", "--data", data)
    lines = [orjson.loads(text) for text in shown.splitlines()]
    written = [each["block"] for each in lines if "block" in each]

    assert status == 0
    assert [each["hash"] for each in written] == [block.hash().hex() for block in blocks(data)]
    for block in blocks(data):
        own = [
            each for each in shown.splitlines() if orjson.loads(each).get("number") == block.number
        ]
        hashes = [
            leaf_hash(
                bytes.fromhex(orjson.loads(text)["salt"]),
                text[text.index('"entry":') + 8 : -1].encode(),
            )
            for text in own
        ]
        assert merkle_root(hashes) == block.root


def test_an_export_is_of_the_blocks_between_two_moments(data: Path) -> None:
    def numbers(*options: str) -> list[int]:
        shown = typed("export", "--data", data, *options)[1]
        lines = [orjson.loads(text) for text in shown.splitlines()]
        return [each["block"]["number"] for each in lines if "block" in each]

    third = from_micros(blocks(data)[2].at).isoformat()
    assert numbers("--from", third) == [3, 4, 5, 6]
    assert numbers("--to", third) == [1, 2]
    assert numbers("--from", "2100-01-01T00:00:00Z") == []


def test_an_audit_of_the_open_file_agrees(data: Path) -> None:
    reader = open_reader(str(data / "switch.db"), 1)

    assert audit(reader, [KEY.public_key()]).sound
    reader.connection.close()


async def test_a_switch_that_stops_has_published_its_last_block(tmp_path: Path) -> None:
    data = tmp_path / "data"
    serve = (sys.executable, "-m", "switch", "serve", "--port", "0", "--data", str(data))
    child = await start_child("switch", serve, tmp_path / "log")
    assert await child.stop() == 0
    words = ("journal", "verify", "--data", data, "--heads", data / "heads.jsonl")
    verify = (sys.executable, "-m", "switch", *map(str, words))
    asked = await asyncio.create_subprocess_exec(*verify, stdout=subprocess.PIPE)
    shown, _ = await asked.communicate()

    assert asked.returncode == 0
    assert b"slot 1: anchored to its last block" in shown
    assert b'"event":"journal_head_published"' in (tmp_path / "log").read_bytes()
