"""The ISO 20022 External Code Sets that payments use: which codes exist in which set.

The codes stand in ``external_codes.toml``, written by ``python -m iso20022.make codes FILE`` from a
published edition that the file names; only codes are kept, no definitions. The surprise: a code
that is missing here may be newer than the edition, so the switch reads a partner's reason as it is
and never refuses it, while a file that is judged and a reason of our own must be in the set.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA: Final = Path(__file__).parent / "external_codes.toml"
"""The committed table."""

STATUS_REASON: Final = "ExternalStatusReason1Code"
RETURN_REASON: Final = "ExternalReturnReason1Code"
CANCELLATION_REASON: Final = "ExternalCancellationReason1Code"
CANCELLATION_REJECTION: Final = "ExternalPaymentCancellationRejection1Code"
VERIFICATION_REASON: Final = "ExternalVerificationReason1Code"
TRANSACTION_STATUS: Final = "ExternalPaymentTransactionStatus1Code"
PURPOSE: Final = "ExternalPurpose1Code"
CATEGORY_PURPOSE: Final = "ExternalCategoryPurpose1Code"
PROXY_TYPE: Final = "ExternalProxyAccountType1Code"
CLEARING_MEMBER: Final = "ExternalClearingSystemIdentification1Code"
CASH_CLEARING: Final = "ExternalCashClearingSystem1Code"
LOCAL_INSTRUMENT: Final = "ExternalLocalInstrument1Code"
SERVICE_LEVEL: Final = "ExternalServiceLevel1Code"
INVESTIGATION_CONFIRMATION: Final = "ExternalInvestigationExecutionConfirmation1Code"
CHARGE_TYPE: Final = "ExternalChargeType1Code"


class ExternalCodes(NamedTuple):
    """The sets of one edition; ``edition`` says which, in words."""

    edition: str
    sets: Mapping[str, frozenset[str]]


@cache
def external_codes() -> ExternalCodes:
    """Return the committed sets; read once per process."""
    table = tomllib.loads(DATA.read_text("utf-8"))
    sets = {name: frozenset(codes.split()) for name, codes in table["sets"].items()}
    return ExternalCodes(table["edition"], MappingProxyType(sets))


def is_external_code(name: str, code: str) -> bool:
    """Tell whether the set ``name`` has ``code``; ``KeyError`` for a set that is not held."""
    return code in external_codes().sets[name]
