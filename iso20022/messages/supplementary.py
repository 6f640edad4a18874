"""What ISO 20022 has no element for, in namespaces of our own inside ``SplmtryData``.

Merchant category, terminal and raw code text have no place in the pacs and acmt messages, and a
price quoted with the answer to a scan has none in acmt.024. ``kept.1`` keeps what an older version
of a message has no place for, so that the newest can be restored. The namespaces are versioned by
their last number; a change of meaning is a new namespace, never a new element in the old one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from iso20022 import elements as e
from iso20022.declare import Group, Leaf, Part
from iso20022.scalars import (
    AMOUNT,
    BIC,
    CATEGORY,
    CODE,
    CURRENCY_CODE,
    MOMENT,
    RATE,
    RATE_TEXT,
    TEXT_20,
    TEXT_35,
    TEXT_70,
    TEXT_140,
    TEXT_512,
    TEXT_2048,
    UUID4,
)

_KEPT: Final = "urn:bakong-switch:xsd:kept.1"


def _alias(tag: str, account: str) -> Group:
    kind = Leaf(e.TYPE, f"{account}_proxy_type", CODE)
    return Group(tag, (kind, Leaf(e.IDENTIFICATION, f"{account}_proxy", TEXT_2048, required=True)))


PAYMENT: Final = Part(
    "urn:bakong-switch:xsd:payment.1",
    Group(
        e.QR_PAYMENT,
        (
            Leaf(e.MERCHANT_CATEGORY, "sup_merchant_category", CATEGORY),
            Leaf(e.STORE_LABEL, "sup_store_label", TEXT_35),
            Leaf(e.TERMINAL_LABEL, "sup_terminal_label", TEXT_35),
            Leaf(e.BILL_NUMBER, "sup_bill_number", TEXT_35),
            Leaf(e.QR_PAYLOAD, "sup_qr_payload", TEXT_512),
            Leaf(e.QUOTE_TOKEN, "sup_quote_token", TEXT_2048),
        ),
    ),
)
"""In pacs.008: the code that was scanned and the quote that the payment claims."""

ENQUIRY: Final = Part(
    "urn:bakong-switch:xsd:enquiry.1",
    Group(
        e.QR_ENQUIRY,
        (
            Leaf(e.QR_PAYLOAD, "sup_qr_payload", TEXT_512, required=True),
            Leaf(e.AMOUNT, "sup_amount", AMOUNT),
            Leaf(e.AMOUNT_SIDE, "sup_amount_side", TEXT_20),
        ),
    ),
)
"""In acmt.023: the raw code, for the network that owns it to read."""

MERCHANT: Final = Part(
    "urn:bakong-switch:xsd:enquiry.1",
    Group(
        e.QR_MERCHANT,
        (
            Leaf(e.CITY, "sup_merchant_city", TEXT_35),
            Leaf(e.MERCHANT_CATEGORY, "sup_merchant_category", CATEGORY),
            Leaf(e.AMOUNT, "sup_amount", AMOUNT),
            Leaf(e.STORE_LABEL, "sup_store_label", TEXT_35),
            Leaf(e.TERMINAL_LABEL, "sup_terminal_label", TEXT_35),
            Leaf(e.BILL_NUMBER, "sup_bill_number", TEXT_35),
            Leaf(e.REASON_CODE, "sup_reason_code", CODE),
            Leaf(e.REASON_TEXT, "sup_reason_text", TEXT_140),
            Leaf(e.QUOTE_TOKEN, "sup_quote_token", TEXT_2048),
            Leaf(e.QUOTE_RATE, "sup_quote_rate", RATE_TEXT),
            Leaf(e.QUOTE_DEBIT, "sup_quote_debit", AMOUNT),
            Leaf(e.QUOTE_CREDIT, "sup_quote_credit", AMOUNT),
            Leaf(e.QUOTE_EXPIRY, "sup_quote_expires_at", MOMENT),
        ),
    ),
)
"""In acmt.024: the merchant behind the code, and a quote where one was asked for."""

QUOTE: Final = Part(
    _KEPT,
    Group(
        e.KEPT_QUOTE,
        (
            Leaf(e.UNIT_CURRENCY, "agreed_rate_unit_currency", CURRENCY_CODE),
            Leaf(e.QUOTED_CURRENCY, "agreed_rate_quoted_currency", CURRENCY_CODE),
            Leaf(e.RATE, "agreed_rate", RATE, required=True),
            Leaf(e.QUOTED_AT, "quoted_at", MOMENT),
            Leaf(e.QUOTE_IDENTIFICATION, "quote_id", UUID4),
            Leaf(e.QUOTE_AGENT, "quote_agent", BIC),
        ),
    ),
)
"""In pacs.008 and pacs.004 before they had an agreed rate."""

EXPIRY: Final = Part(_KEPT, Group(e.KEPT_EXPIRY, (Leaf(e.EXPIRY, "expires_at", MOMENT),)))
"""In pacs.008 and pacs.009 before they had an expiry."""

ALIAS: Final = Part(_KEPT, Group(e.KEPT_ALIAS, (_alias(e.ALIAS, "account"),)))
"""In acmt.023 before its account had an alias."""

ALIASES: Final = Part(
    _KEPT,
    Group(
        e.KEPT_ALIASES,
        (
            _alias(e.ORIGINAL_ALIAS, "original_account"),
            Leaf(e.NAME, "account_name", TEXT_70),
            _alias(e.ALIAS, "account"),
        ),
    ),
)
"""In acmt.024 before its accounts had an alias and a display name."""

NAMESPACES: Final = MappingProxyType(
    {
        "payment.1": (PAYMENT.namespace, (PAYMENT.root,)),
        "enquiry.1": (ENQUIRY.namespace, (ENQUIRY.root, MERCHANT.root)),
        "kept.1": (_KEPT, (QUOTE.root, EXPIRY.root, ALIAS.root, ALIASES.root)),
    }
)
"""Schema file stem → namespace and its root elements."""
