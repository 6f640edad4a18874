"""Makes the files of ``switch/store/dictionaries``: ``python -m tests.contract.make_dictionaries``.

Payments with made-up people go through a whole simulated switch, both ways, with and without an
enquiry; what their sealed records hold, without signatures, is the dictionary of each kind. One
seed gives the same files always. A new file gets a new number in ``switch.store.packing``: an old
one is never replaced, because stored records need it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import switch.store
from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.qr import Khqr, write_khqr
from switch.records import ANSWER, ANSWER_RECORD, ENQUIRY, EVIDENCE, OPENING
from switch.runtime.entropy import SeededEntropy
from switch.simulation.town import Town, residents
from switch.simulation.world import World
from switch.store.packing import DICTIONARIES, LEAF
from switch.store.sqlite_read import rows_of
from switch.wrapping_keys import open_vault

if TYPE_CHECKING:
    from switch.simulation.town import Residents
    from switch.store.sqlite_read import SqliteReader
    from switch.store.vault import Vault

FOLDER: Final = Path(switch.store.__file__).parent / "dictionaries"
MEMBER: Final = "ABAAKHPPXXX"
SEED: Final = 20261122
ENDS_WITHIN_S: Final = 120
SIGNED: Final = re.compile(rb"((?:SignatureValue|DigestValue)>)[A-Za-z0-9+/=\s]+")
"""Signatures and digests: never the same twice, so nothing of them is worth keeping."""

Records = dict[str, list[bytes]]
"""Opened records by kind, in the order in which they were sealed."""


def records(seed: int = SEED, name: str = "Sok Dara") -> Records:
    """What the sealed records of some payments hold; ``name`` is the payer's."""
    shared = residents(load_config(default_folder()))
    with World(seed) as world:
        return world.run(_played(world, shared, name))


async def _played(world: World, shared: Residents, name: str) -> Records:
    town = Town(world, shared)
    await town.open()
    await _outbound(town, name)
    await _inbound(town, name)
    await town.fault("bakong", "pay", "drop_answer")
    await _inbound(town, name)
    await town.fault("thailand", "pay", "drop_answer")
    await _outbound(town, name)
    await world.sleep(ENDS_WITHIN_S)
    await _outbound(town, name)
    assert town.running is not None, "the switch lives"
    vault = open_vault("files", shared.keys, SeededEntropy(0))
    return _opened(town.running.engine, vault)


async def _outbound(town: Town, name: str) -> None:
    member = town.member(MEMBER)
    scanned = (await member.scan(thai_code("345.00"))).json()
    body = {
        "quote": scanned["quotes"][0]["quote"],
        "debtor": {"name": name, "account": "sokdara@abaa"},
        "end_to_end_id": "INVOICE-2026-0001",
        "remittance": "Payment of invoice",
    }
    await member.pay(town.ids.uuid(), body)


async def _inbound(town: Town, name: str) -> None:
    shop = Khqr(
        account="noodleshop@aclb",
        merchant_name="Noodle Shop",
        merchant_city="Phnom Penh",
        category="5812",
    )
    asked = {
        "payload": write_khqr(shop),
        "amount": "41000",
        "debtor_name": name,
        "debtor_account": "1234567890",
    }
    await town.sandbox("thailand", "POST", "/control/pay-khqr", asked)


def _opened(read: SqliteReader, vault: Vault) -> Records:
    found: Records = {kind: [] for kind in (OPENING, ENQUIRY, EVIDENCE, ANSWER)}
    sql = (
        "SELECT record_id, uetr, kind, blob FROM sealed JOIN payment USING (payment_id) ORDER BY 1"
    )
    for record_id, uetr, kind, blob in rows_of(read.connection, sql):
        key = vault.open_key(uetr, read.wrapped_key(uetr) or b"")
        found[kind].append(vault.unseal(key, record_id, kind, blob))
    found[LEAF] = [content for _, leaves in read.blocks() for _, content in leaves]
    for (uetr,) in rows_of(read.connection, "SELECT uetr FROM payment ORDER BY 1"):
        stored = read.answer(uetr)
        if stored is not None and stored.sealed:
            key = vault.open_key(uetr, read.wrapped_key(uetr) or b"")
            found[ANSWER].append(vault.unseal(key, ANSWER_RECORD, ANSWER, stored.body))
    return found


def main() -> None:
    """Write the files: of each kind the first record of each shape, the commonest last."""
    found = records()
    for _, kind, name in DICTIONARIES:
        shapes: dict[bytes, bytes] = {}
        for record in found[kind]:
            shapes.setdefault(_shape(record), SIGNED.sub(rb"\1", record))
        content = b"".join(reversed(shapes.values()))
        (FOLDER / name).write_bytes(content)
        print(name, len(shapes), len(content))


def _shape(record: bytes) -> bytes:
    """What tells a pacs.008 from a SOAP call: the names of its elements; an entry: its kind."""
    kind = re.search(rb'"kind":"([a-z_]+)"', record)
    if kind is not None:
        return kind.group(1)
    return b" ".join(dict.fromkeys(re.findall(rb"(?:<|&lt;)([A-Za-z0-9:-]+)", record)))


if __name__ == "__main__":
    main()
