"""Alipay+: a price beyond all numbers is none, and a refund is told alike whenever it is told."""

from __future__ import annotations

from datetime import timedelta

from adapters.alipayplus import calls, mapping
from switch.model import Status
from switch.port import Unavailable
from tests.adapters.alipayplus.alipayplus_parts import NOW, new_adapter, outbound_payment, planning


def test_a_price_beyond_all_numbers_is_no_price() -> None:
    fields = {
        "result": {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "ok"},
        "order": {"merchant": {"merchantName": "Shop", "referenceMerchantId": "S1"}},
        "paymentQuote": {
            "quoteId": "q", "quoteExpiryTime": "2026-11-21T04:00:00Z",
            "quoteCurrencyPair": "USD/KRW", "quotePrice": "1E99999999", "quoteUnit": "10",
        },
        "paymentAmount": {"currency": "USD", "value": "900"},
        "payToAmount": {"currency": "KRW", "value": "12000"},
        "paymentRequestId": "p1",
    }  # fmt: skip
    amounts = new_adapter()._link.amounts
    assert isinstance(mapping.read_code(fields, "c", amounts), Unavailable)


def test_a_refund_told_again_is_answered_alike() -> None:
    asked = {calls._CALL: calls.REFUND, "refund": "R-1", "payment_request_id": "p"}
    payment = outbound_payment()
    first = calls.taken(asked, payment, Status.ACCC, None, planning(NOW))
    again = calls.taken(asked, payment, Status.ACCC, None, planning(NOW + timedelta(hours=1)))
    assert first == again
