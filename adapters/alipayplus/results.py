"""Alipay+'s result codes, to our reasons and back, and what a result means for a payment.

``S`` is done, ``F`` is final and ``U`` says nothing: the payment may have happened. The surprise: a
few ``F`` codes speak of the message (its signature, its fields, its caller), or of what is not
known yet; about a repeat they say nothing of the first copy, so only the very first is refused.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.alipayplus import wire
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

OK: Final = "SUCCESS"
IN_PROCESS: Final = "PAYMENT_IN_PROCESS"
FAILED: Final = "PROCESS_FAIL"
UNKNOWN: Final = "UNKNOWN_EXCEPTION"
DIFFERS: Final = "REPEAT_REQ_INCONSISTENT"
"""The key was used before with other content: what used it may have been executed."""

REASONS: Final[Mapping[str, Reason]] = MappingProxyType({
    "ACCESS_DENIED": Reason.TRANSACTION_FORBIDDEN,
    "CURRENCY_NOT_SUPPORT": Reason.CURRENCY_UNSUPPORTED,
    "EXPIRED_CODE": Reason.QR_EXPIRED,
    "INVALID_CODE": Reason.QR_INVALID,
    "INVALID_SIGNATURE": Reason.SIGNATURE_INVALID,
    "INVALID_TOKEN": Reason.ACCOUNT_UNKNOWN,
    "KEY_NOT_FOUND": Reason.SIGNATURE_INVALID,
    "ORDER_IS_CLOSED": Reason.QR_EXPIRED,
    "ORDER_NOT_EXIST": Reason.NEVER_SEEN,
    "PARAM_ILLEGAL": Reason.FORMAT_INVALID,
    "PAYMENT_AMOUNT_EXCEED_LIMIT": Reason.AMOUNT_ABOVE_LIMIT,
    "PAYMENT_COUNT_EXCEED_LIMIT": Reason.AMOUNT_ABOVE_LIMIT,
    "PROCESS_FAIL": Reason.UNSPECIFIED,
    "REPEAT_REQ_INCONSISTENT": Reason.DUPLICATE,
    "RISK_REJECT": Reason.TRANSACTION_FORBIDDEN,
    "USER_AMOUNT_EXCEED_LIMIT": Reason.AMOUNT_ABOVE_LIMIT,
    "USER_BALANCE_NOT_ENOUGH": Reason.FUNDS_INSUFFICIENT,
    "USER_KYC_NOT_QUALIFIED": Reason.REGULATORY,
    "USER_NOT_EXIST": Reason.ACCOUNT_UNKNOWN,
    "USER_STATUS_ABNORMAL": Reason.ACCOUNT_BLOCKED,
})  # fmt: skip
"""What the network's codes mean; any other failure is given without a reason."""

OF_THE_MESSAGE: Final = frozenset(
    {"ACCESS_DENIED", "INVALID_SIGNATURE", "KEY_NOT_FOUND", "PARAM_ILLEGAL"}
)
"""Failures of a message, not of what it is about."""

NOT_EXIST: Final = "ORDER_NOT_EXIST"
"""No promise that an earlier copy, which may be on its way, will not be carried out."""

_CODES: Final[Mapping[Reason, str]] = MappingProxyType({
    Reason.ACCOUNT_BLOCKED: "INVALID_CODE",
    Reason.ACCOUNT_CLOSED: "INVALID_CODE",
    Reason.ACCOUNT_UNKNOWN: "INVALID_CODE",
    Reason.AGENT_UNKNOWN: "INVALID_CODE",
    Reason.AMOUNT_ABOVE_LIMIT: "PAYMENT_AMOUNT_EXCEED_LIMIT",
    Reason.AMOUNT_ABOVE_SCHEME: "PAYMENT_AMOUNT_EXCEED_LIMIT",
    Reason.AMOUNT_BELOW_SCHEME: "PARAM_ILLEGAL",
    Reason.AMOUNT_DIFFERS: "REPEAT_REQ_INCONSISTENT",
    Reason.AMOUNT_MALFORMED: "PARAM_ILLEGAL",
    Reason.CANCELLED: "ORDER_IS_CLOSED",
    Reason.CANCEL_TOO_LATE: "UNKNOWN_EXCEPTION",
    Reason.CHARACTER_INVALID: "PARAM_ILLEGAL",
    Reason.CURRENCY_UNSUPPORTED: "CURRENCY_NOT_SUPPORT",
    Reason.DUPLICATE: "REPEAT_REQ_INCONSISTENT",
    Reason.ELEMENT_MISSING: "PARAM_ILLEGAL",
    Reason.FORMAT_INVALID: "PARAM_ILLEGAL",
    Reason.FRAUD_SUSPECTED: "RISK_REJECT",
    Reason.LAPSED: "ORDER_IS_CLOSED",
    Reason.NEVER_SEEN: "ORDER_NOT_EXIST",
    Reason.NOT_REFUNDABLE: "ORDER_STATUS_INVALID",
    Reason.ORIGINAL_UNKNOWN: "ORDER_NOT_EXIST",
    Reason.QR_EXPIRED: "EXPIRED_CODE",
    Reason.QR_INVALID: "INVALID_CODE",
    Reason.QR_UNROUTABLE: "INVALID_CODE",
    Reason.QUOTE_EXPIRED: "ORDER_IS_CLOSED",
    Reason.REFUND_TOO_LATE: "REFUND_WINDOW_EXCEED",
    Reason.REFUND_TOO_MUCH: "REFUND_AMOUNT_EXCEED",
    Reason.REGULATORY: "USER_KYC_NOT_QUALIFIED",
    Reason.SIGNATURE_INVALID: "INVALID_SIGNATURE",
    Reason.TOMBSTONED: "ORDER_IS_CLOSED",
    Reason.TRANSACTION_FORBIDDEN: "RISK_REJECT",
})  # fmt: skip

_ALWAYS: Final = MappingProxyType({IN_PROCESS: "U", UNKNOWN: "U", OK: "S"})
_STATUSES: Final = frozenset("SFU")


def reason_of(code: str) -> Reason:
    """Return the reason behind a failure's code."""
    return REASONS.get(code, Reason.UNSPECIFIED)


def code_of(reason: Reason) -> str:
    """Return the failure code that tells a reason."""
    return _CODES.get(reason, FAILED)


def result(code: str) -> dict[str, str]:
    """Return a ``Result`` object; a code that is not known to be other is a failure."""
    status = _ALWAYS.get(code, "F")
    message = code.replace("_", " ").lower()
    return {"resultCode": code, "resultStatus": status, "resultMessage": message}


def read_result(fields: Mapping[str, object], name: str) -> tuple[str, str]:
    """Return status (S, F or U) and code of a ``Result``. Raises :class:`wire.Unreadable`."""
    held = wire.obj(fields.get(name))
    status, code = wire.text(held, "resultStatus"), wire.text(held, "resultCode")
    if status not in _STATUSES:
        raise wire.Unreadable(f"{name}: a status is S, F or U")
    if (code == OK) != (status == "S"):
        raise wire.Unreadable(f"{name}: code and status disagree")
    return status, code


def says_nothing(code: str, *, first: bool) -> bool:
    """Whether a failure refuses nothing; ``first`` is the only copy that was ever sent.

    One about a repeat with other words never does: what it repeats may be executed. One about the
    message itself, or that nothing is known of the order, says nothing of the copies before.
    """
    return code == DIFFERS or (not first and (code in OF_THE_MESSAGE or code == NOT_EXIST))
