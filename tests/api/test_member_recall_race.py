"""A member's recall that crosses its own payment is about that payment, not about nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.test_messages import pacs008, status
from tests.api.test_recall_messages import camt056, said

if TYPE_CHECKING:
    import pytest

    from switch.client import ClientAnswer
    from switch.payments import Payments, Standing
    from tests.api.api_rig import Rig


async def test_recall_that_crosses_its_payment_is_not_told_never_received(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payment is committed between the recall's look and its tombstone."""
    uetr = rig.ids.uetr()
    message = await pacs008(rig, uetr=uetr)
    payments: Payments = rig.switch.payments
    paid: list[ClientAnswer] = []
    plain = payments.find

    async def find(asked: str) -> Standing | None:
        found = await plain(asked)
        if asked == uetr and not paid:
            monkeypatch.setattr(payments, "find", plain)
            paid.append(await rig.client().message(message))
        return found

    monkeypatch.setattr(payments, "find", find)
    recalled = await rig.client().message(camt056(rig, uetr))

    assert status(paid[0]) == (200, "ACCC", None)
    assert said(recalled)[0] in (200, 202)
    assert said(recalled)[2] != "NOOR"
