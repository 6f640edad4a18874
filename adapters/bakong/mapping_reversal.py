"""Money that the sponsor gives back over Bakong: pain.007 out, its answers back. Pure.

Only the payee of a transfer can reverse it, so the switch does it for the sponsor, and names the
transfer as the sponsor saw it come in: by what the item carried, which the payment keeps in its
``extra`` under the names below. The surprise: the debtor agent of a reversal is still the one of
the transfer, who is now paid; whose account pays stands in ``OrgnlTxRef``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.bakong.mapping import Sponsor
from adapters.bakong.mapping_items import long_bic
from iso20022 import IsoError
from iso20022 import elements as e

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.model import Particulars, Payment
    from switch.port import Planning

PAIN_007: Final = "pain.007.001.05"

INCOMING: Final = (
    "incoming_message_id",
    "incoming_message_name",
    "incoming_payment_information_id",
    "incoming_payer_agent",
)
"""What of an incoming item is kept for its reversal: as ``IncomingItem`` names it."""

REASON: Final = "GDDS"
"""Reason of a reversal, as the genuine message has it: the purpose of the transfer."""


def reversal(
    payment: Payment, particulars: Particulars, sponsor: Sponsor, planning: Planning
) -> Mapping[str, object]:
    """The fields of the pain.007 that gives a transfer back, all of it.

    Raises :class:`iso20022.IsoError` NOOR when the transfer that came in is not known.
    """
    extra = particulars.extra
    message_id, name, information_id, payer = (extra.get(each, "") for each in INCOMING)
    if not (message_id and information_id and payer):
        place = f"{e.ORIGINAL_GROUP_INFORMATION}/{e.ORIGINAL_MESSAGE_IDENTIFICATION}"
        raise IsoError("rule", "NOOR", place, "the transfer that came in is not known")
    amount = payment.terms.destination
    return {
        "message_id": payment.reference,
        "created_at": planning.now,
        "number_of_transactions": "1",
        "debtor_agent": long_bic(payer),
        "creditor_agent": sponsor.bic,
        "original_message_id": message_id,
        "original_message_name": name or "pain.001.001.05",
        "original_payment_information_id": information_id,
        "reversal_id": payment.reference,
        "original_instructed_amount": amount,
        "reversed_amount": amount,
        "originator_name": sponsor.bic,
        "reason": REASON,
        "debtor_account": sponsor.pool_account,
    }
