"""Other people's KHQR software, asked to do the work that ours is measured by.

Two Python packages are imported where they are installed, the central bank's own runs under Node
as a child that is told over HTTP how many calls a round has. Every peer reads one code once for
the gate and says what it found under our names. None of them is part of the product: what is not
installed is left out and named. The surprise: hardly any of them checks what it reads, so each
carries a phrase that says what it does.
"""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module, metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch.bench.race import Job, NotThere, repeated
from switch.runtime.children import start_child
from switch.runtime.folders import temporary_folder
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from switch.runtime.clock import Clock

SCRIPT: Final = Path("tests/peers/khqr.js")
MODULES: Final = Path(".venv/node/node_modules")
"""Where ``make bench`` puts the central bank's software; both are looked for where it is run."""

NODE: Final = "node"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The code that everybody writes and reads; ``said`` is in the words of tests/peers."""

    payload: str = field(repr=False)
    said: Mapping[str, Any] = field(repr=False)
    at_ms: int
    lasts_ms: int


@dataclass(frozen=True, slots=True)
class Peer:
    """One contender."""

    name: str
    read: Job
    write: Job


def installed(distribution: str, module: str) -> tuple[str, Any]:
    """Name with its version, and module. Raises :class:`NotThere`."""
    try:
        return f"PyPI {distribution} {metadata.version(distribution)}", import_module(module)
    except ImportError:
        raise NotThere(f"PyPI {distribution} is not installed") from None


FLAT: Final = MappingProxyType(
    {
        "merchant_name": "59",
        "merchant_city": "60",
        "category": "52",
        "currency": "53",
        "amount": "54",
    }
)
"""What a reader gives that leaves templates as text."""


def konthaina(clock: Clock, wanted: Wanted) -> Peer:
    """The package that checks a CRC, over characters. Raises :class:`NotThere`."""
    name, package = installed("konthaina-khqr", "konthaina_khqr")
    decode, verify = package.decode, package.verify
    generator, kind = package.KHQRGenerator, package.MerchantType.MERCHANT
    said, payload = wanted.said, wanted.payload
    amount = 9.99

    def read() -> Any:
        assert verify(payload), "a code of ours has a right CRC"
        return decode(payload)

    def write() -> Any:
        return (
            generator(kind)
            .set_bakong_account_id(said["account"])
            .set_merchant_id(said["merchant_id"])
            .set_acquiring_bank(said["acquiring_bank"])
            .set_currency(said["currency"])
            .set_amount(amount)
            .set_merchant_name(said["merchant_name"])
            .set_merchant_city(said["merchant_city"])
            .set_bill_number(said["bill_number"])
            .set_terminal_label(said["terminal_label"])
            .generate()
            .qr
        )

    found = read()
    return Peer(
        name,
        Job(
            repeated(clock, read),
            "CRC over characters; top level only, no rules",
            checked=True,
            answer={field: found[tag] for field, tag in FLAT.items()},
        ),
        Job(repeated(clock, write), "nothing; cuts long text", checked=False, answer=write()),
    )


def bakong(clock: Clock, wanted: Wanted) -> Peer:
    """The package that also calls Bakong's interface. Raises :class:`NotThere`."""
    name, package = installed("bakong-khqr", "bakong_khqr")
    parser = import_module("bakong_khqr.sdk").EMVParser
    maker, said, payload = package.KHQR(), wanted.said, wanted.payload
    amount = 9.99

    def read() -> Any:
        found = parser(payload)
        return {name: found.get(tag) for name, tag in FLAT.items()}

    def write() -> Any:
        return maker.create_qr(
            account_id=said["account"],
            merchant_name=said["merchant_name"],
            merchant_city=said["merchant_city"],
            amount=amount,
            currency=said["currency"],
            bill_number=said["bill_number"],
            terminal_label=said["terminal_label"],
            static=False,
        ).qr

    return Peer(
        name,
        Job(
            repeated(clock, read),
            "nothing, no CRC; top level only",
            checked=False,
            answer=read(),
        ),
        Job(repeated(clock, write), "lengths", checked=False, answer=write()),
    )


NODE_NAMES: Final = MappingProxyType(
    {
        "account": "bakongAccountID",
        "merchant_name": "merchantName",
        "merchant_city": "merchantCity",
        "category": "merchantCategoryCode",
        "currency": "transactionCurrency",
        "amount": "transactionAmount",
        "expires_ms": "expirationTimestamp",
    }
)


@asynccontextmanager
async def central_bank(clock: Clock, wanted: Wanted) -> AsyncIterator[Peer]:
    """The central bank's own software under Node. Raises :class:`NotThere` or ``ChildFailed``."""
    program = shutil.which(NODE)
    manifest = MODULES / "bakong-khqr" / "package.json"
    if program is None or not (SCRIPT.is_file() and manifest.is_file()):
        raise NotThere("npm bakong-khqr is not here: `make bench` installs it where npm is")
    version = orjson.loads(manifest.read_bytes())["version"]
    folder = temporary_folder()
    child = await start_child(
        "the central bank's software",
        [program, str(SCRIPT), str(MODULES), "--serve"],
        Path(folder.name) / "errors",
    )
    url = f"http://127.0.0.1:{child.ready['port']}"
    net = TcpNet(clock, {}, {NODE: url})

    async def asked(**request: Any) -> Any:
        async with net.session(NODE).post(url, data=orjson.dumps(request)) as response:
            return orjson.loads(await response.read())

    async def read(count: int) -> int:
        said = await asked(do="read", count=count, payload=wanted.payload, at_ms=wanted.at_ms)
        assert said["done"], "it takes a code of ours"
        return int(said["ns"])

    async def write(count: int) -> int:
        said = await asked(do="write", count=count, input=wanted.said, lasts_ms=wanted.lasts_ms)
        assert said["done"], "it takes the input"
        return int(said["ns"])

    try:
        found = await asked(do="read", payload=wanted.payload, at_ms=wanted.at_ms)
        text = (await asked(do="write", input=wanted.said))["payload"]
        answer = {name: found["content"][theirs] for name, theirs in NODE_NAMES.items()}
        yield Peer(
            f"npm bakong-khqr {version}, Node {child.ready['node']}",
            Job(read, "CRC, rules of fields; no nested lengths", checked=True, answer=answer),
            Job(write, "rules of fields", checked=True, answer=text),
        )
    finally:
        await net.close()
        await child.stop()
        folder.cleanup()


def unlike(ours: str, theirs: str) -> list[str]:
    """Root tags in which two codes differ. Time stamps may differ, their sub-tags may not."""
    mine, other = (_objects(text) for text in (ours, theirs))
    return sorted(tag for tag in {**mine, **other} if mine.get(tag) != other.get(tag))


def _objects(text: str) -> dict[str, object]:
    root = _level(text)
    stamps = tuple(_level(root["99"])) if "99" in root else ()
    return {**root, "63": None, "99": stamps}


def _level(text: str) -> dict[str, str]:
    found, at = {}, 0
    while at < len(text):
        end = at + 4 + int(text[at + 2 : at + 4])
        found[text[at : at + 2]] = text[at + 4 : end]
        at = end
    return found
