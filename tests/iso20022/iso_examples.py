"""One plain message of each kind that the tests here need, as fields."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from fx.money import Money

AT = datetime(2026, 11, 21, 3, 15, 2, 120_000, tzinfo=UTC)
UETR = "5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10"

HEADER: dict[str, object] = {
    "from_bic": "NBHQKHPP",
    "to_bic": "NXSGSGSG",
    "business_message_id": "KHXB0001",
    "created_at": AT,
}

PAYMENT: dict[str, object] = {
    "message_id": "KHXB0001",
    "created_at": AT,
    "number_of_transactions": "1",
    "settlement_method": "CLRG",
    "clearing_system_code": "THN",
    "instruction_id": "KHXB0001",
    "end_to_end_id": "E2E-1",
    "transaction_id": "KHXB0001",
    "uetr": UETR,
    "settlement_amount": Money.parse("345.00", "THB"),
    "settlement_date": date(2026, 11, 21),
    "acceptance_at": AT,
    "instructed_amount": Money.parse("41000", "KHR"),
    "exchange_rate": Decimal("118.84"),
    "charge_bearer": "SHAR",
    "instructing_agent": "NBHQKHPP",
    "instructed_agent": "NXSGSGSG",
    "debtor_name": "Sok Dara",
    "debtor_account": "sokdara@bkrt",
    "debtor_agent": "NBHQKHPP",
    "creditor_agent": "KASITHBK",
    "creditor_name": "Somchai Coffee Co Ltd",
    "creditor_account": "0107536000315",
    "remittance_unstructured": ("INV 1",),
    "sup_merchant_category": "5814",
}

STATUS: dict[str, object] = {
    "message_id": "THXB0009",
    "created_at": AT,
    "original_message_id": "KHXB0001",
    "original_message_name": "pacs.008.001.08",
    "original_uetr": UETR,
    "status": "ACCC",
}
