"""What each response code of UnionPay means for a payment. Pure data.

The scheme publishes 47 codes. A code that speaks of the message and not of the payment (a
duplicate) or of a breakdown after the request arrived leaves the payment unknown: the first copy,
or what was behind the breakdown, may have been executed. The surprise: ``04`` is such a code, a
*response* that says that nobody knows yet. A code outside the table is as good as no answer.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

APPROVED: Final = "00"
NOT_FOUND: Final = "25"
"""Unable to locate the original transaction."""

SYSTEM_ERROR: Final = "96"

UNKNOWN: Final = frozenset({"04", "78", "92", "94", "96", "98"})
"""Pending, duplicate, network error, duplicated, system error, time-out: nothing is known."""

REFUSALS: Final[Mapping[str, Reason]] = MappingProxyType({
    "01": Reason.UNSPECIFIED,
    "02": Reason.QR_EXPIRED,
    "03": Reason.ACCOUNT_UNKNOWN,
    "05": Reason.UNSPECIFIED,
    "08": Reason.COUNTERPARTY_ERROR,
    "12": Reason.TRANSACTION_UNSUPPORTED,
    "13": Reason.AMOUNT_MALFORMED,
    "14": Reason.ACCOUNT_UNKNOWN,
    "15": Reason.AGENT_UNKNOWN,
    "21": Reason.ACCOUNT_BLOCKED,
    "25": Reason.UNSPECIFIED,
    "30": Reason.FORMAT_INVALID,
    "32": Reason.TRANSACTION_FORBIDDEN,
    "34": Reason.FRAUD_SUSPECTED,
    "38": Reason.TRANSACTION_FORBIDDEN,
    "40": Reason.TRANSACTION_UNSUPPORTED,
    "41": Reason.ACCOUNT_BLOCKED,
    "43": Reason.ACCOUNT_BLOCKED,
    "51": Reason.FUNDS_INSUFFICIENT,
    "54": Reason.ACCOUNT_BLOCKED,
    "55": Reason.FORMAT_INVALID,
    "57": Reason.TRANSACTION_FORBIDDEN,
    "61": Reason.AMOUNT_ABOVE_LIMIT,
    "62": Reason.ACCOUNT_BLOCKED,
    "70": Reason.UNSPECIFIED,
    "71": Reason.UNSPECIFIED,
    "72": Reason.SIGNATURE_INVALID,
    "73": Reason.ACCOUNT_UNKNOWN,
    "74": Reason.TRANSACTION_FORBIDDEN,
    "75": Reason.TRANSACTION_FORBIDDEN,
    "76": Reason.TRANSACTION_FORBIDDEN,
    "77": Reason.TRANSACTION_FORBIDDEN,
    "85": Reason.UNSPECIFIED,
    "88": Reason.UNSPECIFIED,
    "89": Reason.UNSPECIFIED,
    "90": Reason.TOO_OLD,
    "91": Reason.CREDITOR_OFFLINE,
    "93": Reason.UNSPECIFIED,
    "95": Reason.UNSPECIFIED,
    "99": Reason.UNSPECIFIED,
})  # fmt: skip
"""Codes that end a payment: nothing was debited and nothing will be."""

_OUTWARD: Final[Mapping[Reason, tuple[str, str]]] = MappingProxyType({
    Reason.ACCOUNT_UNKNOWN: ("03", "Invalid Merchant"),
    Reason.ACCOUNT_CLOSED: ("03", "Invalid Merchant"),
    Reason.ACCOUNT_BLOCKED: ("62", "Restricted transaction"),
    Reason.AGENT_UNKNOWN: ("03", "Invalid Merchant"),
    Reason.AMOUNT_ABOVE_LIMIT: ("61", "Exceeds approval amount limit"),
    Reason.AMOUNT_ABOVE_SCHEME: ("61", "Exceeds approval amount limit"),
    Reason.AMOUNT_BELOW_SCHEME: ("13", "Invalid amount"),
    Reason.AMOUNT_DIFFERS: ("13", "Invalid amount"),
    Reason.AMOUNT_MALFORMED: ("13", "Invalid amount"),
    Reason.AMOUNT_ZERO: ("13", "Invalid amount"),
    Reason.CHARACTER_INVALID: ("30", "Message format error"),
    Reason.CANCELLED: ("12", "Invalid transaction"),
    Reason.CANCEL_TOO_LATE: ("12", "Invalid transaction"),
    Reason.CREDITOR_OFFLINE: ("91", "Issuer system error"),
    Reason.CURRENCY_UNSUPPORTED: ("12", "Invalid transaction"),
    Reason.DUPLICATE: ("94", "Duplicated transaction"),
    Reason.ELEMENT_MISSING: ("30", "Message format error"),
    Reason.FORMAT_INVALID: ("30", "Message format error"),
    Reason.FRAUD_SUSPECTED: ("34", "Fraud card"),
    Reason.LAPSED: ("02", "Please update the QR code"),
    Reason.NOT_REFUNDABLE: ("12", "Invalid transaction"),
    Reason.ORIGINAL_UNKNOWN: ("25", "Unable to locate the original transaction"),
    Reason.QR_EXPIRED: ("02", "Please update the QR code"),
    Reason.QR_INVALID: ("30", "Message format error"),
    Reason.QR_UNROUTABLE: ("12", "Invalid transaction"),
    Reason.QUOTE_EXPIRED: ("02", "Please update the QR code"),
    Reason.REFUND_TOO_LATE: ("12", "Invalid transaction"),
    Reason.REFUND_TOO_MUCH: ("13", "Invalid amount"),
    Reason.SIGNATURE_INVALID: ("72", "Issuer verify mac failed"),
    Reason.SIGNATURE_MISSING: ("72", "Issuer verify mac failed"),
    Reason.TOO_OLD: ("90", "The system is in cut-off"),
    Reason.TRANSACTION_FORBIDDEN: ("57", "Transaction not permitted to Cardholder"),
    Reason.TRANSACTION_UNSUPPORTED: ("12", "Invalid transaction"),
})  # fmt: skip


def outward(reason: Reason) -> tuple[str, str]:
    """Return the code and the scheme's own sentence for a refusal of ours; 99 for the rest."""
    return _OUTWARD.get(reason, ("99", "Other error"))
