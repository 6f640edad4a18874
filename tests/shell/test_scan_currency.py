"""A sound code in money that the switch does not count is refused at the scan, for its currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.qr.emv import seal
from switch.reasons import Reason
from switch.refusals import Refusal
from tests.shell.shell_rig import MEMBER

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_code_in_euros_is_refused_as_a_currency_and_not_as_a_broken_code(
    shell: Shell,
) -> None:
    payload = seal(
        "000201010212153127380418005204461234567890123455204581253039785405"
        "12.505802FR5904CAFE6005PARIS"
    )
    assert shell.scans.examine(payload).valid
    with pytest.raises(Refusal) as refusal:
        await shell.scans.scan(MEMBER, payload, None)

    assert (refusal.value.reason, refusal.value.status) == (Reason.CURRENCY_UNSUPPORTED, 422)
