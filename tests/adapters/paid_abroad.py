"""A payment of a Cambodian abroad as the switch has just committed it, for the tests of adapters.

Each network's own tests say what is its own: terms, institutions, reference, deadline. All the rest
is alike and stands here once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from switch.model import Channel, Direction, Institutions, Payment, State, UseCase

if TYPE_CHECKING:
    from switch.model import Terms

UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
MEMBER: Final = "ABAAKHPPXXX"
HOLDER: Final = "ACLBKHPPXXX"
SEND_WITHIN: Final = timedelta(seconds=3)


def number(at: datetime, counter: int = 7) -> int:
    """A time-ordered number as the switch makes them."""
    return (int(at.timestamp() * 1000) << 20) + counter


def paid_abroad(
    network: str,
    terms: Terms,
    *,
    reference: str,
    at: datetime,
    deadline_s: int,
    holder: str = HOLDER,
    fee_taker: str = HOLDER,
) -> Payment:
    """A merchant payment that is about to be sent to a network."""
    return Payment(
        payment_id=number(at),
        uetr=UETR,
        direction=Direction.OUTBOUND,
        use_case=UseCase.MERCHANT,
        corridor=f"bakong-{network}",
        origin=MEMBER,
        channel=Channel.JSON,
        network=network,
        reference=reference,
        terms=terms,
        institutions=Institutions(MEMBER, holder, network, fee_taker),
        config_version="1",
        state=State.SENDING,
        version=1,
        opened_at=at,
        accepted_at=at,
        deadline=at + timedelta(seconds=deadline_s),
        send_by=at + SEND_WITHIN,
        updated_at=at,
    )
