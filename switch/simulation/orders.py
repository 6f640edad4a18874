"""What a bank's program asks the switch for under one key, and what it heard: shared by the cast.

The same key is said again until the answer is final, whatever is asked for. The surprise: what was
heard is in the order of the answers, not of the questions, so each word says what was known before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.client import SigningClient
    from switch.simulation.evidence import Told

PAYMENTS: Final = "/v1/payments"


@dataclass(frozen=True, slots=True)
class Order:
    """What a bank's program says again and again: a key, what it asks for, what it heard.

    ``called_off``: a network and the code of its shop that takes the order back before it is paid.
    """

    client: SigningClient
    member: str
    key: str
    asked: Mapping[str, object]
    told: Told
    path: str = PAYMENTS
    called_off: tuple[str, str] = ("", "")
