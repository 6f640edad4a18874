"""What ISO 20022 has no element for, in namespaces of our own inside ``SplmtryData``.

Merchant category, terminal and raw code text have no place in the pacs and acmt messages, and a
price quoted with the answer to a scan has none in acmt.024. The namespaces are versioned by their
last number; a change of meaning is a new namespace, never a new element in the old one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from iso20022.declare import Group, Leaf, Supplement
from iso20022.scalars import (
    AMOUNT,
    CATEGORY,
    CODE,
    MOMENT,
    RATE_TEXT,
    TEXT_20,
    TEXT_35,
    TEXT_140,
    TEXT_512,
    TEXT_2048,
)

PAYMENT: Final = Supplement(
    "urn:bakong-switch:xsd:payment.1",
    Group(
        "QrPaymt",
        (
            Leaf("MrchntCtgy", "sup_merchant_category", CATEGORY),
            Leaf("StoreLbl", "sup_store_label", TEXT_35),
            Leaf("TermnlLbl", "sup_terminal_label", TEXT_35),
            Leaf("BllNb", "sup_bill_number", TEXT_35),
            Leaf("QrPyld", "sup_qr_payload", TEXT_512),
            Leaf("QtTkn", "sup_quote_token", TEXT_2048),
        ),
    ),
)
"""In pacs.008: the code that was scanned and the quote that the payment claims."""

ENQUIRY: Final = Supplement(
    "urn:bakong-switch:xsd:enquiry.1",
    Group(
        "QrEnqry",
        (
            Leaf("QrPyld", "sup_qr_payload", TEXT_512, required=True),
            Leaf("Amt", "sup_amount", AMOUNT),
            Leaf("AmtSd", "sup_amount_side", TEXT_20),
        ),
    ),
)
"""In acmt.023: the raw code, for the network that owns it to read."""

MERCHANT: Final = Supplement(
    "urn:bakong-switch:xsd:enquiry.1",
    Group(
        "QrMrchnt",
        (
            Leaf("City", "sup_merchant_city", TEXT_35),
            Leaf("MrchntCtgy", "sup_merchant_category", CATEGORY),
            Leaf("Amt", "sup_amount", AMOUNT),
            Leaf("StoreLbl", "sup_store_label", TEXT_35),
            Leaf("TermnlLbl", "sup_terminal_label", TEXT_35),
            Leaf("BllNb", "sup_bill_number", TEXT_35),
            Leaf("RsnCd", "sup_reason_code", CODE),
            Leaf("RsnTxt", "sup_reason_text", TEXT_140),
            Leaf("QtTkn", "sup_quote_token", TEXT_2048),
            Leaf("QtRate", "sup_quote_rate", RATE_TEXT),
            Leaf("QtDbt", "sup_quote_debit", AMOUNT),
            Leaf("QtCdt", "sup_quote_credit", AMOUNT),
            Leaf("QtXpry", "sup_quote_expires_at", MOMENT),
        ),
    ),
)
"""In acmt.024: the merchant behind the code, and a quote where one was asked for."""

NAMESPACES: Final = MappingProxyType(
    {
        "payment.1": (PAYMENT.namespace, (PAYMENT.root,)),
        "enquiry.1": (ENQUIRY.namespace, (ENQUIRY.root, MERCHANT.root)),
    }
)
"""Schema file stem → namespace and its root elements."""
