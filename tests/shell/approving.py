"""An operator who looks at a case and approves what is proposed there, as one does.

An approval names the proposal that was seen; tests that are about something else see it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from switch.casework import Casework
    from switch.model import Payment
    from switch.reasons import Reason


async def seen(casework: Casework, uetr: str) -> str:
    """The id of what is proposed for a payment; empty where nothing is."""
    shown: Any = await casework.case(uetr, "operator-1")
    proposal = shown["proposal"]
    return "" if proposal is None else str(proposal["id"])


async def approved(casework: Casework, uetr: str, operator: str) -> Payment | Reason:
    """What it comes to that an operator approves what a case shows as proposed."""
    return await casework.approve(uetr, operator, await seen(casework, uetr))
