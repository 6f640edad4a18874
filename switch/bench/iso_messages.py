"""One plausible message of each family, as fields, for the measurement of ISO 20022.

The payment is the one whose cost is compared with others: about 3 kB with its header, every field a
payment across a border usually has, and what a scanned code adds. The rest are answers and notices
about that payment. The newest version of each is named; the outward version takes the same fields.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

AT: Final = datetime(2026, 11, 21, 3, 15, 2, 120_000, tzinfo=UTC)
DAY: Final = date(2026, 11, 21)
UETR: Final = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"
QUOTE: Final = "0b0e4b8e-9a5e-4d8a-8f43-6f0c2d1a7b55"
PAYER: Final = "NBHQKHPPXXX"
PAYEE: Final = "KASITHBKXXX"
PAID: Final = Money.parse("345.00", "THB")
TAKEN: Final = Money.parse("41000", "KHR")
LEI: Final = "5493001KJTIIGC8Y1R12"

_AGENTS: Final = MappingProxyType({"instructing_agent": PAYER, "instructed_agent": "NXSGSGSG"})
_NAMES: Final = MappingProxyType({"debtor_name": "Sok Dara", "creditor_name": "Somchai Coffee"})
_ORIGINAL: Final = MappingProxyType(
    {
        "original_message_id": "KHXB20261121000001",
        "original_message_name": "pacs.008.001.13",
        "original_created_at": AT,
        "original_instruction_id": "KHXB20261121000001",
        "original_end_to_end_id": "INV-2026-11-000123",
        "original_transaction_id": "KHXB20261121000001",
        "original_uetr": UETR,
    }
)
_GROUP: Final = MappingProxyType(
    {
        "message_id": "THXB20261121000009",
        "created_at": AT,
        "number_of_transactions": "1",
        "settlement_method": "CLRG",
        "clearing_system_code": "THN",
    }
)
_RATE: Final = MappingProxyType(
    {
        "exchange_rate": Decimal("118.84"),
        "agreed_rate_unit_currency": "THB",
        "agreed_rate_quoted_currency": "KHR",
        "agreed_rate": Decimal("118.84"),
        "quoted_at": AT,
        "quote_id": QUOTE,
        "quote_agent": "FXPBSGSG",
    }
)


def header() -> dict[str, object]:
    """A business header of either version that is measured."""
    return {
        "from_bic": PAYER,
        "to_bic": "NXSGSGSG",
        "business_message_id": "KHXB20261121000001",
        "business_service": "bakong.xborder.01",
        "created_at": AT,
        "possible_duplicate": False,
    }


def payment() -> dict[str, object]:
    """A payment by scanned code from Cambodia to Thailand; of pacs.008, any version."""
    return {
        **_GROUP,
        **_RATE,
        **_AGENTS,
        "message_id": "KHXB20261121000001",
        "expires_at": AT.replace(minute=25),
        "instruction_id": "KHXB20261121000001",
        "end_to_end_id": "INV-2026-11-000123",
        "transaction_id": "KHXB20261121000001",
        "uetr": UETR,
        "instruction_priority": "HIGH",
        "local_instrument": "QRPM",
        "category_purpose": "MP2B",
        "settlement_amount": PAID,
        "settlement_date": DAY,
        "acceptance_at": AT,
        "instructed_amount": TAKEN,
        "charge_bearer": "SHAR",
        "charges": ({"amount": Money.parse("400", "KHR"), "agent": PAYER},),
        "intermediary_agent_1": "SAPBSGSG",
        "intermediary_agent_1_account": "0012003400560078",
        "debtor_name": "Sok Dara",
        "debtor_town": "Phnom Penh",
        "debtor_country": "KH",
        "debtor_address_lines": ("12 Street 240, Chakto Mukh",),
        "debtor_account": "sokdara@bkrt",
        "debtor_agent": PAYER,
        "debtor_agent_lei": LEI,
        "creditor_agent": PAYEE,
        "creditor_name": "Somchai Coffee & Tea Co Ltd",
        "creditor_town": "Bangkok",
        "creditor_country": "TH",
        "creditor_organisation_id": "0107536000315",
        "creditor_organisation_scheme": "TXID",
        "creditor_account": "0107536000315",
        "creditor_proxy_type": "BIID",
        "creditor_proxy": "010753600031501",
        "purpose": "GDDS",
        "remittance_unstructured": ("Invoice INV-2026-11-000123",),
        "sup_merchant_category": "5814",
        "sup_store_label": "Sukhumvit 24",
        "sup_terminal_label": "POS 3",
        "sup_bill_number": "B-77",
    }


def _notice() -> dict[str, object]:
    transaction = {
        **_NAMES,
        "message_id": "KHXB20261121000001",
        "end_to_end_id": "INV-2026-11-000123",
        "uetr": UETR,
        "amount": PAID,
        "direction": "CRDT",
    }
    entry = {
        "entry_reference": "1",
        "amount": PAID,
        "direction": "CRDT",
        "status": "BOOK",
        "booking_date": DAY,
        "value_date": DAY,
        "bank_code_domain": "PMNT",
        "bank_code_family": "RCDT",
        "bank_code_subfamily": "XBCT",
        "transactions": (transaction,),
    }
    return {
        "message_id": "THXB20261121000012",
        "created_at": AT,
        "report_id": "THXB20261121000012",
        "account": "0012003400560078",
        "account_currency": "THB",
        "account_servicer": "SAPBSGSG",
        "entries": (entry,),
    }


def _balance(kind: str) -> dict[str, object]:
    return {"type": kind, "amount": PAID, "direction": "CRDT", "date": DAY}


def _assignment() -> dict[str, object]:
    return {
        "message_id": "KHXB20261121000002",
        "assigner_agent": PAYER,
        "assignee_agent": PAYEE,
        "created_at": AT,
        "original_settlement_amount": PAID,
        "original_settlement_date": DAY,
    }


def _enquiry() -> dict[str, object]:
    return {
        "message_id": "KHXB20261121000003",
        "created_at": AT,
        "creator_name": "Dev Bank",
        "assigner_agent": PAYER,
        "assignee_agent": PAYEE,
    }


def _member() -> dict[str, object]:
    return {
        **_NAMES,
        "message_id": "KHXB20261121000004",
        "created_at": AT,
        "number_of_transactions": "1",
        "initiating_party": "Dev Bank",
        "debtor_agent": PAYER,
        "creditor_agent": "ACLBKHPP",
        "debtor_account": "sokdara@bkrt",
        "creditor_account": "somchai@aclb",
    }


def samples() -> dict[str, Mapping[str, object]]:
    """Name of a message → fields of one, in the order in which they are shown."""
    return {**_between_banks(), **_about_payments(), **_of_members(), **_of_the_system()}


def _between_banks() -> dict[str, Mapping[str, object]]:
    status = {**_ORIGINAL, **_AGENTS, "message_id": "THXB20261121000009", "created_at": AT}
    return {
        "pacs.008.001.13": payment(),
        "pacs.008.001.08": payment(),
        "pacs.002.001.15": {**status, "status": "ACCC", "acceptance_at": AT},
        "pacs.004.001.14": {
            **_GROUP, **_ORIGINAL, **_AGENTS, **_NAMES,
            "original_settlement_amount": PAID, "settlement_amount": PAID,
            "settlement_date": DAY, "reason": "AC04",
        },
        "pacs.009.001.12": {
            **_GROUP, **_AGENTS,
            "end_to_end_id": "NET-2026-11-21", "uetr": UETR, "settlement_amount": PAID,
            "settlement_date": DAY, "debtor_institution": PAYER, "creditor_institution": PAYEE,
        },
        "pacs.028.001.06": {**status, "acceptance_at": AT},
    }  # fmt: skip


def _about_payments() -> dict[str, Mapping[str, object]]:
    notice = _notice()
    statement = {**notice, "balances": (_balance("OPBD"), _balance("CLBD"))}
    return {
        "acmt.023.001.04": {
            **_enquiry(), "verification_id": "V-1", "account_proxy_type": "MBNO",
            "account_proxy": "+66-812345678",
        },
        "acmt.024.001.04": {
            **_enquiry(), "original_assignment_id": "KHXB20261121000003", "original_id": "V-1",
            "verified": True, "party_name": "Somchai Coffee", "account": "0107536000315",
            "agent": PAYEE,
        },
        "camt.056.001.11": {**_assignment(), **_ORIGINAL, "reason": "DUPL"},
        "camt.029.001.13": {
            **_assignment(), **_ORIGINAL, "status": "RJCR", "cancellation_status": "RJCR",
            "reason": "LEGL",
        },
        "camt.052.001.13": statement,
        "camt.053.001.13": statement,
        "camt.054.001.13": notice,
        "camt.005.001.08": {
            "message_id": "MYXB0001", "created_at": AT, "request_type": "CSPT",
            "original_message_id": "KHXB20261121000001",
            "original_end_to_end_id": "INV-2026-11-000123",
        },
        "camt.006.001.08": {
            "message_id": "MYXB0002", "created_at": AT, "request_type": "CSPT",
            "query_id": "MYXB0001", "original_transaction_id": "KHXB20261121000001",
            "original_message_id": "KHXB20261121000001", "final_status": "STLD",
            "status_at": AT, "instructed_amount": TAKEN, "settlement_date": DAY,
            "end_to_end_id": "INV-2026-11-000123",
        },
    }  # fmt: skip


def _of_members() -> dict[str, Mapping[str, object]]:
    member = _member()
    paid_by = {key: member[key] for key in ("debtor_agent", "creditor_agent")}
    paid_to = {key: member[key] for key in ("debtor_account", "creditor_account")}
    of_batch = {
        "original_message_id": "KHXB20261121000004",
        "original_message_name": "pain.001.001.05",
        "original_payment_information_id": "KHXB20261121000004",
    }
    return {
        "pain.001.001.05": {
            **member, "payment_information_id": "KHXB20261121000004", "payment_method": "TRF",
            "requested_execution_date": DAY, "end_to_end_id": "INV-2026-11-000123",
            "instructed_amount": TAKEN,
        },
        "pain.002.001.06": {
            "message_id": "KHXB20261121000005", "created_at": AT, **of_batch,
            "status": "ACSC", "original_end_to_end_id": "INV-2026-11-000123",
        },
        "pain.007.001.05": {
            "message_id": "KHXB20261121000006", "created_at": AT, "number_of_transactions": "1",
            **of_batch, **paid_by, **_NAMES, **paid_to, "reversed_amount": TAKEN,
            "reason": "AC04", "original_end_to_end_id": "INV-2026-11-000123",
        },
    }  # fmt: skip


def _of_the_system() -> dict[str, Mapping[str, object]]:
    return {
        "admi.002.001.01": {
            "related_reference": "KHXB20261121000001", "reason_code": "FF01", "rejected_at": AT,
        },
        "admi.004.001.02": {"event_code": "PING", "event_at": AT},
        "admi.011.001.01": {"message_id": "THXB20261121000013", "event_code": "PING"},
    }  # fmt: skip
