"""Rules that a schema cannot hold, each as data with its id, source and reason code.

Content rules belong to a scalar type and are applied to every value of it; message rules look at
several fields at once and are listed by the declaration of the message they apply to. Both run on
reading and on building, so nothing is emitted that would be refused when received. Rules that need
a clock or a quote book (too old, wrong quote) belong to the switch, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from iso20022.codes import CUSTOMER_STATUSES, PAYMENT_STATUSES
from iso20022.errors import Rule

Values = Mapping[str, object]

BLANK: Final = Rule(
    "TXT-1",
    "ISO 20022 text types; guideline: a text says something",
    "CH21",
    "the element holds nothing but blanks; give a value or leave an optional element out",
)
CHARACTERS: Final = Rule(
    "TXT-2",
    "XML 1.0 2.2 and the guideline: one line of text, no control characters",
    "CH16",
    "the text contains a control character, a line break or a character that XML cannot carry",
)
IDENTIFIER: Final = Rule(
    "ID-1",
    "CBPR+ and Nexus: identifiers do not start or end with '/' and do not contain '//'",
    "CH16",
    "the identifier starts or ends with '/' or contains '//'",
)
ZONE: Final = Rule(
    "TIME-1",
    "guideline: a moment names its offset from UTC (XML Schema lets it be left out)",
    "FF01",
    "the time has no offset; write UTC with 'Z' or a numeric offset such as +07:00",
)
MOMENT: Final = Rule(
    "TIME-2",
    "guideline: years 0001 to 9999, no 24:00:00, no leap second",
    "FF01",
    "the date or time does not exist in the calendar",
)
CURRENCY: Final = Rule(
    "AMT-1",
    "ISO 4217, limited to the currencies of the switch",
    "AM03",
    "the currency is not one that the switch handles",
)
DECIMALS: Final = Rule(
    "AMT-2",
    "ISO 4217 minor units; KHR and LAK move in whole units",
    "AM12",
    "the amount has more decimals than its currency allows, or is not a whole unit where it must",
)
RANGE: Final = Rule(
    "AMT-3",
    "guideline: at most 10^15 minor units",
    "AM12",
    "the amount is larger than the switch can hold",
)
ZERO: Final = Rule("AMT-4", "guideline: a payment moves money", "AM01", "the amount is zero")
RATE: Final = Rule(
    "RATE-1", "ISO 20022 BaseOneRate; guideline: above zero", "FF01", "the rate is not above zero"
)
COUNTRY: Final = Rule(
    "CTRY-1", "ISO 3166-1 alpha-2", "BE11", "the country code is not in ISO 3166-1"
)
AGENT_COUNTRY: Final = Rule(
    "BIC-1", "ISO 9362", "RC04", "characters 5 and 6 of the BIC are not a country"
)
CURRENCY_EXISTS: Final = Rule(
    "AMT-5", "ISO 4217", "AM03", "the currency is not one of ISO 4217 in which an amount can be"
)
AMOUNTS_AT_RATE: Final = Rule(
    "RATE-3",
    "Nexus: the settlement amount is the instructed amount, less charges, at XchgRate",
    "AB04",
    "the two amounts do not agree with the rate, within its last digit and 1 %",
)
RATE_LONG_ENOUGH: Final = Rule(
    "RATE-5",
    "guideline: the digits of XchgRate determine the amounts within 1 %",
    "AB04",
    "the rate has too few digits to tell whether the amounts agree with it; write more",
)
RATE_PRESENT: Final = Rule(
    "RATE-4",
    "ISO 20022 pacs.008 cross-element rule: XchgRate is needed when the currencies differ",
    "CH21",
    "the instructed and the settlement amount have different currencies and there is no rate",
)
IBAN: Final = Rule(
    "IBAN-1",
    "ISO 13616 and the SWIFT IBAN registry",
    "AC01",
    "the IBAN has the wrong length for its country or wrong check digits",
)
LEI: Final = Rule("LEI-1", "ISO 17442", "BE17", "the LEI has wrong check digits")
UETR_PRESENT: Final = Rule(
    "UETR-1",
    "CBPR+, FedNow and Nexus: every payment carries a UETR (from version .08 on)",
    "CH21",
    "the payment has no UETR",
)
UETR: Final = Rule(
    "UETR-2",
    "RFC 4122 version 4, written in lower case",
    "FF01",
    "the UETR is not a UUID of version 4 in lower case",
)
EXTERNAL_CODE: Final = Rule(
    "EXT-1",
    "ISO 20022 External Code Sets",
    "CH16",
    "the code is not in the external code set of this element",
)
COUNTED: Final = Rule(
    "MSG-2",
    "ISO 20022: NbOfTxs and NbOfNtries are the number of transactions and entries in the message",
    "AM18",
    "the count differs from the number of transactions or entries in the message",
)
SUMMED: Final = Rule(
    "SUM-1",
    "ISO 20022: a control sum or a total is the sum of the amounts in the message",
    "AM10",
    "the total differs from the sum of the amounts in the message, or is in another currency",
)
SENDER_MATCHES: Final = Rule(
    "BAH-3",
    "CBPR+: Fr and To of an instruction are its instructing and instructed agent",
    "FF01",
    "the sender or receiver of the header is not the agent that the instruction names",
)
ACCEPTED_BEFORE: Final = Rule(
    "TIME-3",
    "Nexus: the acceptance starts the clock of the payment",
    "DT04",
    "the acceptance time lies in the future",
)
ACCEPTED_LATELY: Final = Rule(
    "TIME-4",
    "Nexus: an acceptance that is too old is refused on every hop; here after 24 hours",
    "TM01",
    "the acceptance time is more than 24 hours before the message",
)
CREATED_IN_WINDOW: Final = Rule(
    "TIME-5",
    "guideline: a message is dated when it is made, within 48 hours of its header",
    "DT04",
    "the message is dated in the future or far from its header",
)
IDENTIFIER_CHARACTERS: Final = Rule(
    "ID-2",
    "Nexus: identifiers are written in basic Latin",
    "RR10",
    "the identifier has characters outside the printable ASCII set",
)
REFUSAL_EXPLAINED: Final = Rule(
    "CXL-1",
    "ISO 20022 camt.029 and FedNow: a recall that is refused (RJCR) says why",
    "CH21",
    "a refused recall needs CxlStsRsnInf/Rsn with a code or a proprietary reason",
)
REQUEST_EXPLAINED: Final = Rule(
    "RSN-1",
    "CBPR+ and FedNow: a return or a recall says why, transaction by transaction",
    "CH21",
    "a return or recall needs its reason, Rsn with a code or a proprietary reason",
)
ORIGINAL_NAMED: Final = Rule(
    "ORG-1",
    "CBPR+ and Nexus: an answer, enquiry, return or recall names the payment that it is about",
    "CH21",
    "nothing in the message names the payment that it is about",
)
FOREIGN_NAMESPACE: Final = Rule(
    "SPL-1",
    "ISO 20022 supplementary data: the content has a namespace of its own",
    "FF01",
    "supplementary data stands in a namespace of ISO 20022 or in none",
)


NAMES_WITHOUT_UETR: Final = (
    "original_transaction_id",
    "original_instruction_id",
    "original_end_to_end_id",
)
"""What names a payment in a rejection when its UETR cannot be read."""


def slashes_misplaced(text: str) -> bool:
    """Tell whether an identifier breaks :data:`IDENTIFIER`."""
    return text.startswith("/") or text.endswith("/") or "//" in text


@dataclass(frozen=True, slots=True)
class Subject:
    """What a message rule looks at: the message's name, its header's fields, its own fields."""

    name: str
    header: Values | None
    values: Values


@dataclass(frozen=True, slots=True)
class MessageRule:
    """A rule over several fields; ``check`` returns the field at fault, or ``None``.

    ``header:`` before the field's name means a field of the business header.
    """

    rule: Rule
    check: Callable[[Subject], str | None]
    emitted_only: bool = False
    """True where others may do otherwise but this switch does not."""


def _one_transaction(subject: Subject) -> str | None:
    count = subject.values["number_of_transactions"]
    if isinstance(count, str) and count.lstrip("0") == "1":
        return None
    return "number_of_transactions"


def _status_known(subject: Subject) -> str | None:
    return None if subject.values["status"] in PAYMENT_STATUSES else "status"


def _customer_status_known(subject: Subject) -> str | None:
    for field in ("status", "payment_status", "group_status"):
        if field in subject.values and subject.values[field] not in CUSTOMER_STATUSES:
            return field
    return None


def _customer_status_present(subject: Subject) -> str | None:
    found = [f for f in ("status", "payment_status", "group_status") if f in subject.values]
    return None if found else "status"


def _rejection_explained(subject: Subject) -> str | None:
    values = subject.values
    if values["status"] != "RJCT" or "reason" in values or "reason_proprietary" in values:
        return None
    return "reason"


def _payment_named(subject: Subject) -> str | None:
    values = subject.values
    if "original_uetr" in values:
        return None
    named = any(field in values for field in NAMES_WITHOUT_UETR)
    return None if named and values["status"] == "RJCT" else "original_uetr"


def _denial_explained(subject: Subject) -> str | None:
    values = subject.values
    if values["verified"] or "reason" in values or "reason_proprietary" in values:
        return None
    return "reason"


def _rate_as_agreed(subject: Subject) -> str | None:
    agreed, used = subject.values.get("agreed_rate"), subject.values.get("exchange_rate")
    return "exchange_rate" if agreed is not None and used is not None and agreed != used else None


def _definition_matches(subject: Subject) -> str | None:
    if subject.header is None or subject.header["message_definition"] == subject.name:
        return None
    return "header:message_definition"


def _header_id_matches(subject: Subject) -> str | None:
    if subject.header is None:
        return None
    same = subject.header["business_message_id"] == subject.values.get("message_id")
    return None if same else "header:business_message_id"


ONE_TRANSACTION: Final = MessageRule(
    Rule(
        "MSG-1",
        "Nexus and instant schemes: one transaction per message",
        "AM18",
        "NbOfTxs must be 1: one message carries one transaction",
    ),
    _one_transaction,
)
STATUS_KNOWN: Final = MessageRule(
    Rule(
        "STS-1",
        "ISO 20022 ExternalPaymentTransactionStatus1Code",
        "CH21",
        "the status is not a code of ExternalPaymentTransactionStatus1Code",
    ),
    _status_known,
)
CUSTOMER_STATUS_KNOWN: Final = MessageRule(
    Rule("STS-2", "pain.002 status codes", "CH21", "the status is not a code of the ISO set"),
    _customer_status_known,
)
CUSTOMER_STATUS_PRESENT: Final = MessageRule(
    Rule("STS-3", "guideline", "CH21", "the report carries no status at any level"),
    _customer_status_present,
)
REJECTION_EXPLAINED: Final = MessageRule(
    Rule(
        "STS-4",
        "CBPR+ and Nexus: StsRsnInf is mandatory when TxSts is RJCT",
        "CH21",
        "a rejection needs StsRsnInf/Rsn with a code or a proprietary reason",
    ),
    _rejection_explained,
)
PAYMENT_NAMED: Final = MessageRule(
    Rule(
        "ORG-2",
        "Nexus and CBPR+: OrgnlUETR names the payment, where its UETR could be read",
        "CH21",
        "OrgnlUETR is missing; only a rejection that names the payment otherwise goes without",
    ),
    _payment_named,
)
DENIAL_EXPLAINED: Final = MessageRule(
    Rule(
        "VRF-1",
        "Nexus acmt.024: Rsn is mandatory when Vrfctn is false",
        "CH21",
        "a verification that failed needs Rsn with a code or a proprietary reason",
    ),
    _denial_explained,
)
RATE_AS_AGREED: Final = MessageRule(
    Rule(
        "RATE-2",
        "Nexus pacs.008: PreAgrdXchgRate equals XchgRate",
        "AB04",
        "XchgRate differs from AgrdRate/PreAgrdXchgRate",
    ),
    _rate_as_agreed,
)
DEFINITION_MATCHES: Final = MessageRule(
    Rule(
        "BAH-1",
        "ISO 20022 business application header: MsgDefIdr names the document",
        "FF01",
        "AppHdr/MsgDefIdr differs from the namespace of the Document",
    ),
    _definition_matches,
)
HEADER_ID_MATCHES: Final = MessageRule(
    Rule(
        "BAH-2",
        "CBPR+: BizMsgIdr repeats the message identification; others are free to differ",
        "FF01",
        "AppHdr/BizMsgIdr differs from the message identification of the Document",
    ),
    _header_id_matches,
    emitted_only=True,
)
