"""Scenes of money that goes back in part: a shop abroad returns some, a bank here refunds some.

Both are payments of their own at the rate of what they give back. The surprise: a return is played
by the network's simulator, because only the network can tell the switch of one, and a refund by the
bank of the shop that was paid.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch.demo.books import RETURN, switch_book
from switch.demo.scenes import MEMBER, Scene, SceneFailed, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.demo.abroad import Abroad
    from switch.demo.stage import Stage

PART: Final = 4
"""One in so many parts goes back."""

TAKEN: Final = (200, 202)


async def given_back(stage: Stage, network: Abroad, scenes: Sequence[Scene]) -> list[Scene]:
    """Give back a part of the first payment each way that was accepted."""
    lines = {line["uetr"]: line for line in await switch_book(stage)}
    good = [lines[scene.uetr] for scene in scenes if scene.as_expected and scene.expected == "ACCC"]
    back = []
    if network.guests:
        # Whoever tells the switch of guests tells it of returns too.
        paid = next(line for line in good if line["direction"] == "outbound")
        guest = next(line for line in good if line["direction"] == "inbound")
        back = [await _returned(stage, network, paid), await _refunded(stage, network, guest)]
    return back


def _part(line: dict[str, Any]) -> dict[str, str]:
    """A part of what the payee got, with as many decimals as it has."""
    whole = line["credit"]["value"]
    decimals = len(whole.partition(".")[2])
    part = (Decimal(whole) / PART).quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN)
    return {"currency": line["credit"]["currency"], "value": str(part)}


async def _returned(stage: Stage, network: Abroad, paid: dict[str, Any]) -> Scene:
    """A shop abroad gives back a part."""
    asked = {"reference": paid["reference"], "uetr": paid["uetr"], "amount": _part(paid)["value"]}
    started = stage.clock.monotonic()
    await stage.sandbox(network.name, "POST", "/control/return", asked)
    took = int((stage.clock.monotonic() - started) * 1000)
    made = [line for line in await switch_book(stage)
            if line["kind"] == RETURN and line["original"] == paid["uetr"]]  # fmt: skip
    if not made:
        raise SceneFailed(f"a return from {network.name} did not arrive")
    good = len(made) == 1 and made[0]["status"] == "ACCC"
    title = f"{network.name}: a shop gives back a part"
    return Scene(title, "inbound", made[0]["uetr"], "ACCC", took, good)


async def _refunded(stage: Stage, network: Abroad, guest: dict[str, Any]) -> Scene:
    """The bank of a shop here gives back a part."""
    started = stage.clock.monotonic()
    answer = await stage.member(MEMBER).call(
        "POST",
        f"/v1/payments/{guest['uetr']}/refunds",
        orjson.dumps({"amount": _part(guest)}),
        idempotency_key=stage.ids.uuid(),
    )
    if answer.status not in TAKEN:
        raise SceneFailed(f"a refund to {network.name} was answered {answer.status}")
    body = await settled(stage, answer)
    took = int((stage.clock.monotonic() - started) * 1000)
    title = f"{network.name}: a shop here gives back a part"
    return Scene(title, "outbound", body["uetr"], "ACCC", took, body["status"] == "ACCC")
