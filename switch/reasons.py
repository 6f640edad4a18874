"""Every reason the switch can give, once: internal code, ISO 20022 code, a sentence to act on.

One cause has one code on every path (a peer's members saw two codes for one event depending on a
race). The internal name never leaves the switch; callers see :attr:`Reason.iso` and
:attr:`Reason.sentence`. Codes are of ExternalStatusReason1Code, chosen as in the project's table of
decisions: a closed connection is AB07 or AB08, never TS01, which means *successful*.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Final


class Reason(Enum):
    """Why a payment, message or request is refused; the value is (ISO code, sentence)."""

    def __init__(self, iso: str, sentence: str) -> None:
        self.iso = iso
        self.sentence = sentence

    # Amounts.
    AMOUNT_ZERO = ("AM01", "The amount is zero.")
    AMOUNT_ABOVE_SCHEME = ("AM02", "The amount is above what this corridor allows.")
    CURRENCY_UNSUPPORTED = ("AM03", "The currency is not supported on this corridor.")
    FUNDS_INSUFFICIENT = ("AM04", "The position limit of the paying institution is used up.")
    AMOUNT_BELOW_SCHEME = ("AM06", "The amount is below what this corridor allows.")
    AMOUNT_DIFFERS = ("AM09", "The amount is not the one that was quoted.")
    AMOUNT_MALFORMED = ("AM12", "The amount is not written as its currency allows.")
    AMOUNT_ABOVE_LIMIT = ("AM14", "The amount is above the customer's limit.")
    # Accounts and agents.
    ACCOUNT_UNKNOWN = ("AC01", "The creditor account or merchant does not exist.")
    ACCOUNT_CLOSED = ("AC04", "The creditor account is closed.")
    ACCOUNT_BLOCKED = ("AC06", "The creditor account is blocked.")
    TRANSACTION_FORBIDDEN = ("AG01", "This transaction is not permitted on this account.")
    MEMBER_SUSPENDED = ("AG01", "The paying institution may open no payment at the moment.")
    PAYEE_BANK_SUSPENDED = ("AG01", "The payee's institution can be paid nothing at the moment.")
    MERCHANT_SUSPENDED = ("AG01", "This merchant can be paid nothing at the moment.")
    CORRIDOR_EXPOSED = ("AG01", "This corridor takes no new payments at the moment; try later.")
    STEP_IMPOSSIBLE = ("NARR", "A party that stands so cannot take this step.")
    POSITION_OPEN = ("NARR", "Its position is not square: settle what it owes or is owed first.")
    TRANSACTION_UNSUPPORTED = ("AG03", "This kind of transaction is not supported here.")
    AGENT_INCORRECT = ("AGNT", "An agent named in the message is not the one expected.")
    AGENT_UNKNOWN = ("RC04", "The creditor agent is not known.")
    # Time.
    CLEARING_TIMED_OUT = ("AB01", "The time for this step ran out before anything was sent.")
    CREDITOR_TOO_LATE = ("AB03", "Too little time was left to reach the creditor's side.")
    TOO_OLD = ("TM01", "The acceptance time of the message is outside the allowed window.")
    QUOTE_EXPIRED = ("TM01", "The quote is no longer valid; ask for a new one.")
    CORRIDOR_CLOSED = ("TM01", "This corridor is closed at this time; ask again when it is open.")
    NEVER_SEEN = ("AB01", "The counterparty never received this payment.")
    TOMBSTONED = ("TM01", "This payment was reported as never received and cannot be executed.")
    LAPSED = ("AB01", "What was waited for did not come in time; nothing was sent.")
    CANCELLED = ("DS02", "The payment was cancelled before it was carried out.")
    # Availability.
    NETWORK_OFFLINE = ("AB07", "The partner network could not be reached; nothing was sent.")
    CREDITOR_OFFLINE = ("AB08", "The creditor's institution is offline.")
    COUNTERPARTY_ERROR = ("AB10", "The instructed institution reported an error.")
    SETTLEMENT_ABORTED = ("AB04", "The counterparty could not settle the payment as instructed.")
    ACCOUNT_FULL = ("AB04", "An account that this would be booked on can hold no more.")
    CREDITOR_SIDE_TIMED_OUT = ("AB05", "The creditor's institution did not answer in time.")
    # Codes, tokens, quotes.
    QR_EXPIRED = ("DS24", "The QR code has expired.")
    QR_INVALID = ("TK01", "The QR code cannot be read.")
    QR_UNROUTABLE = ("AG03", "No linked network can pay this QR code.")
    QUOTE_INVALID = ("TK01", "The quote token is not one that this switch issued.")
    QUOTE_USED = ("DUPL", "The quote has been used by another payment.")
    RATE_WITHDRAWN = ("AB04", "The rate of this quote was withdrawn; ask for a new quote.")
    RATE_UNAVAILABLE = ("AG03", "No provider quotes this corridor at the moment; try again later.")
    QUOTES_OUTSTANDING = ("AG01", "Too many quotes are held unused; use them or let them expire.")
    # Messages and security.
    FORMAT_INVALID = ("FF01", "The message is not built as its schema requires.")
    ELEMENT_MISSING = ("CH21", "A required element is missing.")
    CHARACTER_INVALID = ("CH16", "An element holds content that is not allowed.")
    SIGNATURE_MISSING = ("DS0A", "The message is not signed.")
    SIGNATURE_INVALID = ("DS0B", "The signature does not verify.")
    DUPLICATE = ("DUPL", "The identification was used before with other content.")
    REPLAYED = ("DUPL", "This signed request was received before.")
    FRAUD_SUSPECTED = ("FRAD", "The payment was refused as suspected fraud.")
    REGULATORY = ("RR04", "The payment was refused for a regulatory reason.")
    REFUND_TOO_MUCH = ("AM02", "More would be refunded than was paid and is not refunded yet.")
    REFUND_TOO_LATE = ("TM01", "The time in which this payment can be refunded is over.")
    NOT_REFUNDABLE = ("AG03", "Only a payment that was accepted can be refunded.")
    LINKED_FULL = ("NARR", "As much as can be is linked to this payment already.")
    LINKED_DIFFERS = ("NARR", "It does not fit the payment that it would be linked to.")
    RECALL_DENIED = ("CUST", "The payee does not agree to give the money back.")
    RECALL_UNANSWERED = ("NOAS", "The payee did not answer whether the money may go back.")
    ORIGINAL_UNKNOWN = ("NARR", "There is no payment of this identification here.")
    NOT_AWAITED = ("NARR", "No payment waits for this money; it goes back.")
    PART_GONE_BACK = ("NARR", "Some of this payment has gone back, so it was carried out.")
    GONE_BACK = ("NARR", "All of this payment has gone back already.")
    NOT_ENDED = ("NARR", "The payment has not ended yet; ask again under this key when it has.")
    CANCEL_TOO_LATE = ("NARR", "The payment is carried out and can no longer be cancelled.")
    SAME_OPERATOR = ("NARR", "Who proposed it cannot approve it; a second operator must.")
    PROPOSALS_SPENT = ("NARR", "This operator proposed often enough for it today.")
    PROPOSAL_CHANGED = ("NARR", "Another end is proposed than the one that was seen; look again.")
    WAY_NOT_OPEN = ("NARR", "Money that stands there cannot be closed in this way.")
    NOT_SUSPENDED = ("NARR", "No money of this name is in suspense.")
    ITEM_CLOSED = ("NARR", "This item is closed already; what was decided of it stands.")
    HELD_BY_PAYMENT = ("NARR", "A payment has this money: propose its end (payments resolve).")
    UNSPECIFIED = ("MS03", "The counterparty refused without giving a reason.")


_BY_ISO: Final = MappingProxyType({reason.iso: reason for reason in reversed(Reason)})


def known_code(code: str) -> Reason | None:
    """The reason for an ISO code; None for what is none, which a person may have mistyped.

    Where several reasons share a code, the first declared is taken. FR01, AM05 and NOOR are read
    from others and never written; DUPL from a counterparty is about an identification, not a quote.
    """
    if code == "FR01":
        return Reason.FRAUD_SUSPECTED
    if code in ("AM05", "DUPL"):
        return Reason.DUPLICATE
    if code == "NOOR":
        return Reason.ORIGINAL_UNKNOWN
    return _BY_ISO.get(code)


def from_iso(code: str | None) -> Reason:
    """The reason for a counterparty's ISO code; :attr:`Reason.UNSPECIFIED` for what is none."""
    return known_code(code or "") or Reason.UNSPECIFIED


_RECALL_CODES: Final = MappingProxyType(
    {
        Reason.GONE_BACK: "ARDT",
        Reason.ORIGINAL_UNKNOWN: "NOOR",
        Reason.REGULATORY: "LEGL",
        Reason.RECALL_DENIED: "CUST",
        Reason.RECALL_UNANSWERED: "NOAS",
        Reason.ACCOUNT_CLOSED: "AC04",
        Reason.FUNDS_INSUFFICIENT: "AM04",
        Reason.AGENT_INCORRECT: "AGNT",
    }
)
_BY_RECALL_CODE: Final = MappingProxyType({code: each for each, code in _RECALL_CODES.items()})


def recall_code(reason: Reason) -> str:
    """The code of ExternalPaymentCancellationRejection1Code; NARR where words must say it."""
    return _RECALL_CODES.get(reason, "NARR")


def from_recall_code(code: str) -> Reason:
    """The reason for which a counterparty refuses a recall."""
    return _BY_RECALL_CODE.get(code) or from_iso(code)
