"""Scenes of any linked network: what is paid there, and what its guests pay here.

Which code to scan and what to pay stands in the ``conformance.toml`` beside the network's adapter,
so a network that is added joins the demonstration without a line here. The surprise: a scene is
judged by the switch's own row and not by the words of a network, since each has its own.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fx.money import Money
from switch.config import HOME
from switch.demo.books import switch_book
from switch.demo.given_back import given_back
from switch.demo.scenes import (
    ENDED_WITHIN_S,
    PAUSE_S,
    THAI,
    Scene,
    SceneFailed,
    khqr_code,
    outbound,
    play,
)
from switch.registry import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switch.config import Config
    from switch.demo.stage import Stage

PLAN: Final = "conformance.toml"
"""What the conformance cases of a network put into it."""

NUMBER_DIGITS: Final = 10
"""Digits of the number of an order in a code."""

GUESTS_SHOP: Final = "coffee@abaa"
"""Whom guests pay: its bank is a member, which can give money back."""

RIEL: Final = "20000"
"""What a guest pays here, and a customer of ours there, where the amount is keyed in riel."""


@dataclass(frozen=True, slots=True)
class Abroad:
    """A network as the demonstration sees it; empty where there is no corridor that way.

    ``code`` is a shop's there without an amount, or stands for orders of ``amount`` that are paid
    once each; ``amount`` is in ``currency``. ``refusal`` is a code by which its simulator refuses,
    ``guest_code`` a KHQR that its customers must be shown, where it cannot be any.
    """

    name: str
    currency: str = ""
    code: str = field(default="", repr=False)
    amount: str = ""
    refusal: str = ""
    guests: bool = False
    guest_code: str = field(default="", repr=False)

    @property
    def orders(self) -> bool:
        """Whether each code is an order: it has a number of its own and fixes its amount."""
        return "{number" in self.code

    def shown(self, stage: Stage) -> str:
        """A code to scan: the shop's, or that of a new order."""
        if not self.orders:
            return self.code
        number = f"{stage.ids.ordered() % 10**NUMBER_DIGITS:0{NUMBER_DIGITS}d}"
        minor = Money.parse(self.amount, self.currency).minor
        return self.code.format(number=number, amount=minor)


def demonstrated(config: Config) -> dict[str, Abroad]:
    """The networks that can be shown: those of an enabled corridor whose package says how."""
    found: dict[str, Abroad] = {}
    for name in sorted(config.networks):
        text = shipped(name, PLAN)
        out, back = config.corridors.get((HOME, name)), config.corridors.get((name, HOME))
        pays = out is not None and out.enabled
        guests = back is not None and back.enabled
        if text is None or not (pays or guests):
            continue
        plan = tomllib.loads(text)
        payment, refusals = plan.get("payment", {}), plan.get("refusals", [])
        found[name] = Abroad(
            name,
            currency=out.merchant_currency if pays and out is not None else "",
            code=payment.get("payload", ""),
            amount=payment.get("amount", ""),
            refusal=refusals[0]["code"] if refusals else "",
            guests=guests,
            guest_code=plan.get("inbound", {}).get("payload", ""),
        )
    return found


async def play_all(stage: Stage, networks: Iterable[Abroad]) -> list[Scene]:
    """Play the scenes of each network; those of Thailand, the longest, beside all others."""
    shown = {network.name: network for network in networks}
    thai = stage.tasks.start("thailand", play(stage)) if THAI in shown else None
    scenes: list[Scene] = []
    for name, network in shown.items():
        if name == THAI:
            continue
        own = await _paid_there(stage, network) if network.currency else []
        if network.guests:
            own.append(await _guest(stage, network))
        scenes += [*own, *await given_back(stage, network, own)]
    if thai is None:
        return scenes
    own = await thai
    return [*own, *await given_back(stage, shown[THAI], own), *scenes]


async def _paid_there(stage: Stage, network: Abroad) -> list[Scene]:
    """Customers of ours pay a shop there; the last of them is refused."""
    name, currency = network.name, network.currency
    keyed = None if network.orders else {"currency": currency, "value": network.amount}
    title = f"{name}: order in {currency}" if network.orders else f"{name}: {currency} keyed"
    code = network.shown(stage)
    scenes = [await outbound(stage, title, "ACCC", code=code, amount=keyed, repeat=2)]
    if not network.orders:
        riel = {"currency": "KHR", "value": RIEL}
        scenes.append(await outbound(stage, f"{name}: riel keyed", "ACCC", code=code, amount=riel))
    await stage.fault(name, "pay", "refuse", reason=network.refusal)
    code = network.shown(stage)
    scenes.append(await outbound(stage, f"{name}: refused there", "RJCT", code=code, amount=keyed))
    return scenes


async def _guest(stage: Stage, network: Abroad) -> Scene:
    """A guest from there pays a shop here."""
    known = {line["uetr"] for line in await _from(stage, network.name)}
    code = network.guest_code or khqr_code(stage, GUESTS_SHOP)
    started = stage.clock.monotonic()
    asked = {"payload": code, "amount": RIEL}
    await stage.sandbox(network.name, "POST", "/control/pay-khqr", asked)
    while True:
        waited_s = stage.clock.monotonic() - started
        new = [line for line in await _from(stage, network.name) if line["uetr"] not in known]
        if new and new[0]["final"]:
            break
        if waited_s > ENDED_WITHIN_S:
            raise SceneFailed(f"the guest from {network.name} did not get to the end")
        await stage.clock.sleep(PAUSE_S)
    took = int(waited_s * 1000)
    good = len(new) == 1 and new[0]["status"] == "ACCC"
    title = f"{network.name}: guest, KHQR"
    return Scene(title, "inbound", new[0]["uetr"], "ACCC", took, good)


async def _from(stage: Stage, network: str) -> list[dict[str, Any]]:
    """The payments that came from a network."""
    lines = await switch_book(stage)
    came = [line for line in lines if line["direction"] == "inbound"]
    return [line for line in came if line["counterparty"] == network]
