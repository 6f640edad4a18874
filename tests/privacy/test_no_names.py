"""No name, account, code or reference of a person is anywhere but in sealed records.

Real processes pay for people made for this run, over both interfaces of members and from abroad;
afterwards neither database files, nor journal, nor logs, nor what the switch shows of itself hold
anything of them in any disguise. Then one is erased while the switch serves, and the rest stays.
"""

from __future__ import annotations

import asyncio
import base64
import random
import secrets
import sys
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from fx.money import Money
from iso20022 import build
from switch.config import default_folder, load_config
from switch.demo.scenes import MEMBER, THAI, quoted, settled
from switch.demo.stage import Stage
from switch.qr import Khqr, ThaiBillPayment, write_khqr, write_thai_bill_payment
from switch.store.sqlite import open_reader
from tests.privacy.made_people import Person, disguises, leaks, made_people

if TYPE_CHECKING:
    from switch.client import ClientAnswer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("privacy")]

SWITCH: Final = "BKSWKHPPXXX"
HEAD: Final = "head.001.001.04"
PACS_008: Final = "pacs.008.001.13"
KHQR_SHOP: Final = "noodleshop@aclb"
FILES: Final = ("switch.db", "switch.db-wal", "switch.log")


class Run:
    """One run: the stage, its people, and what must not be found."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.drawn = random.Random(seed)
        self.people = made_people(self.drawn)
        self.shops = made_people(self.drawn)
        self.uetrs: dict[Person, str] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything personal of the run, the codes that were scanned included."""
        of_people = [each for person in self.people for each in person.secrets]
        of_shops = [each for shop in self.shops for each in (shop.name, shop.reference)]
        return (*of_people, *of_shops, KHQR_SHOP, "Doi Khao Soi")

    def thai_code(self, shop: Person) -> str:
        """A code that names a shop in Latin letters, and a reference."""
        return write_thai_bill_payment(
            ThaiBillPayment(
                biller_id="010555900011101",
                reference_1=shop.reference.replace("-", "")[:20],
                merchant_name="DOI KHAO SOI",
                merchant_city="CHIANG MAI",
                category="5812",
                amount=Money.parse("345.00", "THB"),
            )
        )

    def body(self, person: Person, token: str) -> dict[str, object]:
        """A member's instruction for a person."""
        return {
            "quote": token,
            "debtor": {"name": person.name, "account": person.account},
            "end_to_end_id": person.reference,
            "remittance": person.remittance,
        }

    async def json(self, person: Person, shop: Person) -> dict[str, Any]:
        """A person pays a shop over JSON; how that ended."""
        token = await quoted(self.stage, self.thai_code(shop))
        answer = await self.stage.member(MEMBER).pay(
            self.stage.ids.uuid(), self.body(person, token)
        )
        ended = await settled(self.stage, answer)
        self.uetrs[person] = ended["uetr"]
        return ended

    async def message(self, person: Person, shop: Person) -> ClientAnswer:
        """A person pays a shop over ISO 20022."""
        now, uetr = self.stage.clock.now(), self.stage.ids.uetr()
        self.uetrs[person] = uetr
        message_id = f"M{self.drawn.randrange(10**9)}"
        header = {
            "from_bic": MEMBER,
            "to_bic": SWITCH,
            "business_message_id": message_id,
            "message_definition": PACS_008,
            "created_at": now,
        }
        values = {
            "message_id": message_id,
            "created_at": now,
            "number_of_transactions": "1",
            "settlement_method": "CLRG",
            "end_to_end_id": person.reference,
            "uetr": uetr,
            "settlement_amount": Money.parse("41250", "KHR"),
            "charge_bearer": "SHAR",
            "debtor_name": person.name,
            "debtor_account": person.account,
            "debtor_agent": MEMBER,
            "creditor_agent": SWITCH,
            "creditor_name": "Doi Khao Soi",
            "sup_quote_token": await quoted(self.stage, self.thai_code(shop)),
        }
        body = build(PACS_008, values, header_name=HEAD, header=header)
        return await self.stage.member(MEMBER).message(body)

    async def from_abroad(self, person: Person) -> dict[str, Any]:
        """A person from abroad pays a Cambodian shop."""
        shop = Khqr(
            account=KHQR_SHOP,
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
        )
        asked = {
            "payload": write_khqr(shop),
            "amount": "41000",
            "debtor_name": person.name,
            "debtor_account": person.account,
        }
        told: dict[str, Any] = await self.stage.sandbox(THAI, "POST", "/control/pay-khqr", asked)
        return told

    async def broken(self) -> None:
        """Broken input with names in it, which must be neither shown nor logged."""
        person = self.people[0]
        member = self.stage.member(MEMBER)
        bodies = (
            orjson.dumps({"quote": person.name}),
            f'{{"quote": "{person.name}"'.encode(),
            orjson.dumps({**self.body(person, person.account), person.reference: 1}),
        )
        for body in bodies:
            answer = await member.call("POST", "/v1/payments", body, idempotency_key="x")
            assert answer.status in {400, 422}
            assert leaks(self.secrets, answer.body) == []
        for payload in (person.name, f"{person.account}?{person.reference}"):
            answer = await member.scan(payload)
            assert leaks(self.secrets, answer.body) == []

    async def play(self) -> None:
        """Everything that a demonstration has, and what may go wrong."""
        for person, shop in zip(self.people, self.shops, strict=True):
            assert (await self.json(person, shop))["status"] == "ACCC"
            assert (await self.from_abroad(person))["status"] == "ACSC"
        await self.stage.fault(THAI, "pay", "refuse", reason="AC06")
        assert (await self.json(self.people[0], self.shops[1]))["status"] == "RJCT"
        await self.stage.fault(THAI, "pay", "drop_answer")
        assert (await self.json(self.people[1], self.shops[2]))["status"] == "ACCC"
        answer = await self.message(self.people[2], self.shops[0])
        assert answer.status == 200
        await self.broken()

    def held(self) -> dict[str, bytes]:
        """Every file of the switch: its database and its log."""
        data = self.stage.data
        return {name: (data / name).read_bytes() for name in FILES if (data / name).exists()}

    async def shown(self) -> dict[str, bytes]:
        """What the switch shows of itself: to nobody in particular, and to the overseer."""
        paths = (
            "/health/live",
            "/health/ready",
            "/v1/oversight/metrics",
            "/openapi.json",
            "/v1/payments",
        )
        overseer = self.stage.overseer()
        return {path: (await overseer.call("GET", path)).body for path in paths}

    async def command(self, *arguments: str) -> tuple[int, bytes]:
        """A command of the program on this data folder, beside the switch."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "switch", *arguments, "--data", str(self.stage.data)),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output


async def _told(seed: int) -> None:
    async with Stage(load_config(default_folder()), None, log_level="info") as stage:
        run = Run(stage, seed)
        await run.play()
        held, shown = run.held(), await run.shown()
        journal = await run.command("journal", "export")
        found = {
            **held,
            **shown,
            "journal": journal[1],
        }

        assert {"switch.db", "switch.log"} <= held.keys()
        assert b"payment_opened" in held["switch.log"]
        assert journal[0] == 0
        assert run.uetrs[run.people[2]].encode() in journal[1]
        assert {name: leaks(run.secrets, content) for name, content in found.items()} == {
            name: [] for name in found
        }
        await _erased(run)
        await _rotated(run)


async def _erased(run: Run) -> None:
    """One person is erased while the switch serves; the others still can be read."""
    uetrs = [run.uetrs[person] for person in run.people]
    reader = open_reader(str(run.stage.data / "switch.db"), 1)
    wrapped = [reader.wrapped_key(uetr) or b"" for uetr in uetrs]
    reader.connection.close()
    before = await run.command("vault", "show", uetrs[2])
    status, said = await run.command("vault", "erase", uetrs[2])
    after = await run.command("vault", "show", uetrs[2])
    held = run.held()
    keys = [sum(content.count(each[16:]) for content in held.values()) for each in wrapped]

    assert (before[0], leaks(run.people[2].secrets[:3], before[1])) == (
        0,
        list(run.people[2].secrets[:3]),
    )
    assert (status, said) == (0, f"{uetrs[2]}: erased\n".encode())
    assert after[0] == 1
    assert orjson.loads(after[1])["erased"]["cause"] == "request"
    assert keys == [1, 1, 0]
    assert (await run.command("vault", "show", uetrs[1]))[0] == 0
    assert (await run.command("journal", "verify"))[0] == 0
    assert (await run.command("vault", "erase", uetrs[2]))[1].endswith(b"was erased before\n")


async def _rotated(run: Run) -> None:
    """The first wrapping key is destroyed beside a switch that goes on serving."""
    status, _ = await run.command("vault", "rotate")
    standing = orjson.loads((await run.command("vault", "status"))[1])

    assert status == 0
    assert standing["data_keys"] == {standing["current"]: sum(standing["data_keys"].values())}
    assert standing["may_be_destroyed"] == ["vault"]
    assert (await run.command("vault", "destroy", "vault"))[0] == 0
    assert not (run.stage.data / "keys" / "vault.key").exists()
    assert (await run.json(run.people[0], run.shops[0]))["status"] == "ACCC"
    assert (await run.command("vault", "show", run.uetrs[run.people[1]]))[0] == 0
    assert (await run.command("journal", "verify"))[0] == 0
    assert {name: leaks(run.secrets, content) for name, content in run.held().items()} == {
        name: [] for name in run.held()
    }


def test_names_made_for_a_run_are_nowhere_and_go_when_they_are_erased() -> None:
    seed = secrets.randbits(64)
    print("seed", seed)

    asyncio.run(_told(seed))


def test_a_planted_name_is_found_in_every_disguise() -> None:
    for person in made_people(random.Random(1)):
        for secret in person.secrets:
            for disguise in disguises(secret):
                assert leaks((secret,), b"\x00" * 7 + disguise + b"\x00") == [secret]
            wrapped = base64.b64encode(b"xy" + secret.encode() + b"z")

            assert leaks((secret,), wrapped) == [secret]
            assert leaks((secret,), secret[1:].encode()) == []
