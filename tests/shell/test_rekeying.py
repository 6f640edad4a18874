"""A changed key verifies to the end, a stolen old one opens nothing, a change cut off is ended."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from switch import rekeying
from switch.commands import Receive, Rekey
from switch.config import ConfigError, default_folder, load_config
from switch.keys import KeyFolder, public_pem
from switch.own_keys import keys_of
from switch.rekeying import RekeyUnfinished, refuse_unfinished, rotate_key
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SeededEntropy, SystemEntropy
from switch.runtime.private_files import sync_file
from switch.store.audit import audit
from switch.store.check_proof import check_proof
from switch.store.journal import Block
from switch.store.memory import MemoryEngine
from switch.store.sqlite import SqliteEngine, open_reader
from tests.backup.test_backup_place import served
from tests.contract.contract_engines import KEY, MemoryPlace, SteppingClock
from tests.contract.journal_chain import tell, told
from tests.contract.test_proofs import proof_of, text
from tests.switch_core.core_values import NOW, buried, capped, payment, refused, salt

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONFIG = load_config(default_folder())
SECOND = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def rekeyed() -> tuple[MemoryPlace, list[Ed25519PublicKey]]:
    """Blocks under one key, one that names the second, blocks under the second."""
    place = MemoryPlace()
    engine = place.open()
    tell(engine)
    engine.execute([Rekey(SECOND.public_key().public_bytes_raw(), NOW, salt(1, 7))])
    later = MemoryEngine(place.tables, clock=SteppingClock(), sign=SECOND.sign, slot=1)
    later.execute([refused(payment(7)), buried(8)])
    return place, [KEY.public_key(), SECOND.public_key()]


def faults(place: MemoryPlace, *keys: Ed25519PublicKey) -> list[str]:
    report = audit(place.open(), list(keys))
    return [f"{fault.place}: {fault.what}" for fault in report.faults]


def test_the_first_key_is_enough_to_verify_to_the_end() -> None:
    place, (first, second) = rekeyed()

    assert faults(place, first) == []
    assert faults(place, first, second) == []
    assert faults(place, second, first) == []


def test_the_second_key_alone_does_not_vouch_for_the_first() -> None:
    place, (_, second) = rekeyed()

    assert faults(place, second)[0] == "block 1/1: its signature does not verify"


@pytest.mark.parametrize("key", [KEY, Ed25519PrivateKey.from_private_bytes(bytes(32))])
def test_behind_the_change_no_other_key_signs(key: Ed25519PrivateKey) -> None:
    place, keys = rekeyed()
    block, leaves = place.tables.blocks[1][-1]
    place.tables.blocks[1][-1] = (resigned(block, key), leaves)

    assert faults(place, *keys, key.public_key()) == ["block 1/8: its signature does not verify"]


def test_before_the_change_the_new_key_does_not_sign() -> None:
    place, keys = rekeyed()
    block, leaves = place.tables.blocks[1][6]
    place.tables.blocks[1][6] = (resigned(block, SECOND), leaves)

    assert "block 1/7: its signature does not verify" in faults(place, *keys)


def test_a_change_that_nobody_journaled_is_found() -> None:
    story = told()
    block, leaves = story.chain[-1]
    story.chain[-1] = (resigned(block, SECOND), leaves)
    report = audit(story.engine, [KEY.public_key(), SECOND.public_key()])

    assert [fault.what for fault in report.faults] == ["its signature does not verify"]


def two_slots_rekeyed() -> tuple[MemoryPlace, list[Ed25519PublicKey]]:
    """Two slots; the second says the change, and the first goes on under the new key."""
    place = MemoryPlace()
    tell(place.open(1))
    second = place.open(2)
    second.execute([buried(50)])
    second.execute([Rekey(SECOND.public_key().public_bytes_raw(), NOW, salt(1, 7))])
    later = MemoryEngine(place.tables, clock=SteppingClock(), sign=SECOND.sign, slot=1)
    later.execute([buried(51)])
    return place, [KEY.public_key(), SECOND.public_key()]


def test_another_slot_goes_on_under_the_new_key() -> None:
    place, (first, second) = two_slots_rekeyed()

    assert faults(place, first) == []
    assert faults(place, second, first) == []


def test_a_replaced_key_opens_no_slot_and_books_no_money() -> None:
    place, keys = two_slots_rekeyed()
    place.open(9).execute([Receive("forged", "ACLBKHPPXXX", "KHR", 10**8, NOW, salt(2, 2))])

    assert faults(place, *keys) == ["block 9/1: its signature does not verify"]


def test_no_slot_goes_on_under_a_replaced_key() -> None:
    place, keys = two_slots_rekeyed()
    block, leaves = place.tables.blocks[1][-1]
    place.tables.blocks[1][-1] = (resigned(block, KEY), leaves)

    assert faults(place, *keys) == [f"block 1/{block.number}: its signature does not verify"]


def resigned(block: Block, key: Ed25519PrivateKey) -> Block:
    return replace(block, signature=key.sign(block.header()))


# The command.


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of a switch that stopped."""
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "journal.pem").write_bytes(private_pem(KEY))
    (keys / "journal.pub.pem").write_bytes(public_pem(KEY.public_key()))
    engine = opened(tmp_path)
    tell(engine)
    engine.close()
    return tmp_path


def private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def opened(data: Path) -> SqliteEngine:
    sign = KeyFolder(data / "keys").ed25519_private("journal").sign
    return SqliteEngine(str(data / "switch.db"), clock=SteppingClock(), sign=sign, slot=1)


def rotated(data: Path) -> str:
    return rotate_key(CONFIG, data, SteppingClock(), SeededEntropy(1))


def is_sound(data: Path) -> bool:
    reader = open_reader(str(data / "switch.db"), 1)
    report = audit(reader, KeyFolder(data / "keys").journal_publics())
    reader.connection.close()
    return report.sound


def test_the_switch_goes_on_under_the_new_key_and_all_of_it_verifies(data: Path) -> None:
    kept = rotated(data)
    own = KeyFolder(data / "keys")
    engine = opened(data)
    engine.execute([refused(payment(7))])
    proof = text(proof_of(engine, 7))
    engine.close()

    assert is_sound(data)
    assert own.ed25519_private("journal").public_key() == own.ed25519_public("journal")
    assert own.journal_publics()[1] == KEY.public_key()
    assert (data / "keys" / kept).read_bytes() == public_pem(KEY.public_key())
    assert check_proof(proof, own.journal_publics()).uetr == payment(7).uetr
    refuse_unfinished(data)


def test_a_store_of_several_processes_refuses(data: Path) -> None:
    served = CONFIG.store.model_copy(update={"engine": "postgresql", "url": "postgresql://x"})
    config = replace(CONFIG, store=served)
    with pytest.raises(ConfigError, match="on an embedded store only"):
        rotate_key(config, data, SteppingClock(), SeededEntropy(1))
    refuse_unfinished(data)


def test_a_key_can_be_changed_again(data: Path) -> None:
    first, second = rotated(data), rotated(data)

    assert first != second
    assert len(KeyFolder(data / "keys").journal_publics()) == 3
    assert is_sound(data)


@pytest.mark.parametrize("place", ["_say", "_take_places", "sync_folder"])
def test_a_change_that_was_cut_off_starts_no_switch_and_is_ended_by_asking_again(
    data: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rekeying, place, cut)
    with pytest.raises(KeyboardInterrupt):
        rotated(data)
    with pytest.raises(RekeyUnfinished):
        refuse_unfinished(data)
    monkeypatch.undo()
    rotated(data)
    refuse_unfinished(data)
    engine = opened(data)
    named = [
        content for _, leaves in engine.blocks() for _, content in leaves if b'"key"' in content
    ]
    engine.close()

    assert len(named) == 1
    assert is_sound(data)


def test_the_next_key_is_on_the_disk_before_the_journal_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "var"
    keys_of(CONFIG, folder, may_make=True)
    with closing(served(folder)) as engine:
        engine.execute([capped(7)])
    synced: list[Path] = []
    say = rekeying._say

    def synced_file(path: Path) -> None:
        sync_file(path)
        synced.append(path)

    def said(*given: Any) -> None:
        assert synced == [folder / "keys" / "journal-next.pem"]
        say(*given)

    monkeypatch.setattr(rekeying, "sync_file", synced_file)
    monkeypatch.setattr(rekeying, "_say", said)
    rotate_key(CONFIG, folder, SystemClock(), SystemEntropy())
    assert synced != []
