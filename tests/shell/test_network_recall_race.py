"""A network's recall that crosses its own payment is about that payment, not about nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switch.inbound_port import InboundRecall
from tests.shell.hand_parts import said
from tests.shell.test_recalls import recalling as recalling  # noqa: PLC0414

if TYPE_CHECKING:
    import pytest

    from switch.model import Payment
    from switch.orders import Taken
    from tests.shell.shell_rig import Shell


async def test_recall_that_crosses_its_payment(
    recalling: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payment is committed between the recall's look and its tombstone."""
    request = recalling.inbound_pay()
    notices = recalling.receiving._notices
    plain = notices.recall

    async def recall(*given: Any) -> Taken:
        taken = await plain(*given)
        recalling.transport.script("bakong", said("accepted"))
        await recalling.receive(request)
        return taken

    monkeypatch.setattr(notices, "recall", recall)
    reference = request.particulars.extra["original_transaction_id"]
    answer = await recalling.receive(InboundRecall("C-1", request.uetr, reference, {}))
    await recalling.settle()
    payment: Payment = recalling.payment(request.uetr)

    assert payment.reason is None
    assert (answer["status"], answer["reason"]) == ("PDNG", None)
