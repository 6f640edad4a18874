"""What an element is by its name, in any ISO 20022 message.

ISO 20022 names a thing the same in all its messages, so a short table recognises amounts, agents,
times and codes also where no declaration of ours has heard of the message. The surprise: the side
of a payment, which decides between two reason codes, is read off the path as well.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from iso20022 import elements as e
from iso20022 import external_codes as sets

BICS: Final = frozenset({e.BIC, "AnyBIC", "BIC", "BICOrBEI"})
COUNTRIES: Final = frozenset({e.COUNTRY, "CtryOfRes", "CtryOfBirth"})
CURRENCIES: Final = frozenset(
    {e.CURRENCY, e.SOURCE_CURRENCY, e.TARGET_CURRENCY, e.UNIT_CURRENCY, e.QUOTED_CURRENCY}
)
RATES: Final = frozenset({e.EXCHANGE_RATE, e.PRE_AGREED_EXCHANGE_RATE})
MOVED_AMOUNTS: Final = frozenset(
    {
        e.INSTRUCTED_AMOUNT,
        e.INTER_BANK_SETTLEMENT_AMOUNT,
        e.RETURNED_INTER_BANK_SETTLEMENT_AMOUNT,
    }
)
"""Amounts that cannot be nothing, unlike a charge or a balance."""

IDENTIFIERS: Final = frozenset(
    {
        e.BUSINESS_MESSAGE_IDENTIFIER,
        e.CANCELLATION_IDENTIFICATION,
        e.END_TO_END_IDENTIFICATION,
        e.INSTRUCTION_IDENTIFICATION,
        e.MESSAGE_IDENTIFICATION,
        e.ORIGINAL_END_TO_END_IDENTIFICATION,
        e.ORIGINAL_INSTRUCTION_IDENTIFICATION,
        e.ORIGINAL_MESSAGE_IDENTIFICATION,
        e.ORIGINAL_TRANSACTION_IDENTIFICATION,
        e.PAYMENT_INFORMATION_IDENTIFICATION,
        e.RETURN_IDENTIFICATION,
        e.TRANSACTION_IDENTIFICATION,
    }
)

STATUS_REASON: Final = (e.STATUS_REASON_INFORMATION, e.REASON)
RECALL_STATUS_REASON: Final = (e.CANCELLATION_STATUS_REASON_INFORMATION, e.REASON)
REQUEST_REASONS: Final = MappingProxyType(
    {
        "pacs.004.001": (e.RETURN_REASON_INFORMATION, e.REASON),
        "camt.056.001": (e.CANCELLATION_REASON_INFORMATION, e.REASON),
    }
)
"""Message → where it says why."""

CODE_SETS: Final = MappingProxyType(
    {
        (e.TRANSACTION_STATUS,): sets.TRANSACTION_STATUS,
        ("DtldSts",): sets.TRANSACTION_STATUS,
        (e.TRANSACTION_STATUS, e.STATUS, e.CODE): sets.TRANSACTION_STATUS,
        (e.RESOLUTION_OF_INVESTIGATION, e.STATUS, e.CONFIRMATION): sets.INVESTIGATION_CONFIRMATION,
        (e.PURPOSE, e.CODE): sets.PURPOSE,
        (e.CATEGORY_PURPOSE, e.CODE): sets.CATEGORY_PURPOSE,
        (e.SERVICE_LEVEL, e.CODE): sets.SERVICE_LEVEL,
        ("OrgnlSvcLvl", e.CODE): sets.SERVICE_LEVEL,
        (e.LOCAL_INSTRUMENT, e.CODE): sets.LOCAL_INSTRUMENT,
        (e.CLEARING_SYSTEM, e.CODE): sets.CASH_CLEARING,
        ("ClrSysId", e.CODE): sets.CLEARING_MEMBER,
        (e.PROXY, e.TYPE, e.CODE): sets.PROXY_TYPE,
        (e.CHARGES_INFORMATION, e.TYPE, e.CODE): sets.CHARGE_TYPE,
        ("Rcrd", e.TYPE, e.CODE): sets.CHARGE_TYPE,
        ("StsRsn", e.REASON, e.CODE): sets.STATUS_REASON,
        (e.RETURN_INFORMATION, e.REASON, e.CODE): sets.RETURN_REASON,
        ("ReqdDbtAuthstn", "CxlRsn", e.CODE): sets.CANCELLATION_REASON,
        (*STATUS_REASON, e.CODE): sets.STATUS_REASON,
        (*RECALL_STATUS_REASON, e.CODE): sets.CANCELLATION_REJECTION,
        (*REQUEST_REASONS["pacs.004.001"], e.CODE): sets.RETURN_REASON,
        (*REQUEST_REASONS["camt.056.001"], e.CODE): sets.CANCELLATION_REASON,
        (e.REPORT, e.REASON, e.CODE): sets.VERIFICATION_REASON,
    }
)
"""End of a path → the external code set of the element there."""

OTHER_CODES: Final = frozenset(
    {("InvstgtnReq", e.SERVICE_LEVEL), ("OrgnlInvstgtnReq", e.SERVICE_LEVEL)}
)
"""Ends of paths above codes of sets that are not held, though the same names have others."""

GROUP_STATUSES: Final = frozenset({e.GROUP_STATUS, e.PAYMENT_INFORMATION_STATUS})
"""Statuses of many transactions: of the set for one, or partial."""


def code_set(steps: tuple[str, ...]) -> str | None:
    """Return the external code set of the element at the end of a path, if it is one that is held.

    Steps are those of :attr:`iso20022.sight.Seen.steps`, the last one the element's own name.
    """
    if steps[-3:-1] in OTHER_CODES:
        return None
    for end, name in CODE_SETS.items():
        if steps[-len(end) :] == end:
            return name
    return None


def is_debtor_side(steps: tuple[str, ...]) -> bool:
    """Tell whether an element speaks of the debtor, or of the agent that pays for it."""
    if any(step.startswith((e.DEBTOR, e.ULTIMATE_DEBTOR)) for step in steps):
        return True
    # In an answer or a return the instructing agent may be anybody's.
    return e.INSTRUCTING_AGENT in steps and e.CREDIT_TRANSFER_TRANSACTION_INFORMATION in steps
