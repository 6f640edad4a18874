"""Viet Nam outbound: payments to NAPAS fields, and its answers to outcomes. Pure.

NAPAS writes dong with two decimals though dong has none, and names one currency by letters and
another by number in one message; both are read, and written as published. The surprise is what a
refusal needs: it must answer this very request (``result.id``), name no other payment, and speak of
the payment and not of a system that failed; everything else leaves the payment unknown.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from adapters.vietnam import codes
from adapters.vietnam.envelope import HANOI
from adapters.vietnam.jose import SecrecyError
from fx.money import Money, MoneyError
from switch.inbound_port import derived_uetr
from switch.model import Party
from switch.port import (
    Merchant,
    Operation,
    Outcome,
    OutcomeKind,
    Unavailable,
    is_lost,
    reference_digits,
)
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.vietnam.envelope import Names
    from adapters.vietnam.jose import Secrecy
    from switch.model import Particulars, Payment
    from switch.port import Exchange, Planning

NETWORK: Final = "vietnam"
COUNTRY: Final = "VN"
CURRENCY: Final = "VND"

LOOKUP, PAYMENT, ENQUIRY, RETURN = "QRLOOKUP", "QRPAYMENT", "QRENQUIRY", "QRRETURN"
"""Operations: the first is published (H), the others are named alike (A)."""

LOOKUP_PATH: Final = "/qr/v1/lookup"
PAYMENT_PATH: Final = "/qr/v1/payment"
ENQUIRY_PATH: Final = "/qr/v1/payment-enquiry"
RETURN_PATH: Final = "/qr/v1/return"

PATHS: Final = MappingProxyType(
    {LOOKUP: LOOKUP_PATH, PAYMENT: PAYMENT_PATH, ENQUIRY: ENQUIRY_PATH, RETURN: RETURN_PATH}
)
"""Where each operation is called, at either side."""

TYPE: Final = "QR_PUSH"
CHANNEL: Final = "07"
DEVICE: Final = "BAKONG"
SENDER_NAME: Final = "BAKONG"
"""Who pays, in clear: the scheme, as published messages have it; the account is sealed."""

REFUND_WORDS: Final = "REFUND BY THE MERCHANT"
_SEQUENCE_DIGITS: Final = 10
_TRACE_DIGITS: Final = 6
_AMOUNT: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{2}))?\Z", re.ASCII)
_NOTHING: Final = re.compile(r"0*(?:\.0*)?\Z", re.ASCII)

_PARTICIPANT: Final = (
    "receiving_institution_id", "merchant_id", "merchant_category_code", "card_acceptor_id",
    "card_acceptor_name", "card_acceptor_city", "card_acceptor_country", "card_postal_code",
    "card_language_preference", "card_name_alternate_language", "card_payment_system_specific",
)  # fmt: skip
"""What the lookup tells of the merchant and the payment tells back."""

_REQUEST_ERROR: Final = 400


def amount_text(money: Money) -> str:
    """Return an amount as NAPAS writes it: always two decimals, ``10000.00`` for dong too."""
    return f"{money}.00" if money.currency.exponent == 0 else str(money)


def read_amount(text: object, code: object) -> Money:
    """Read an amount in a currency of letters or of digits. Raises :class:`MoneyError`.

    Two decimals or none. Those of a currency without decimals must be zero.
    """
    found = _AMOUNT.match(text) if isinstance(text, str) else None
    if found is None or not isinstance(code, str):
        raise MoneyError("amount_malformed", "an amount has two decimals or none")
    whole, cents = found.group(1), found.group(2) or "00"
    zero = Money.parse("0", code)
    if zero.currency.exponent > 0:
        return Money.parse(f"{whole}.{cents}", code).positive()
    if cents != "00":
        raise MoneyError("amount_decimals", f"{zero.currency.code} has no decimals")
    return Money.parse(whole, code).positive()


def payment_reference(planning: Planning) -> str:
    """Return our payment_reference: the date in Viet Nam and a number counted that day."""
    return f"{planning.now + HANOI:%Y%m%d}{planning.sequence:0{_SEQUENCE_DIGITS}d}"


def question_reference(planning: Planning) -> str:
    """Return the payment_reference of a lookup: 17 digits, unique within its day."""
    return reference_digits(planning.message_number, planning.slot)


def message_id(number: int) -> str:
    """Return the ``reference-id`` of a message by its number: a UUID, the same on a repeat."""
    return derived_uetr(NETWORK, f"message {number}")


def local_time(at: datetime) -> str:
    """Return ``transaction_local_date_time``: Viet Nam's time under a ``Z``, as published (H)."""
    local = at + HANOI
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}Z"


def given(values: Mapping[str, object]) -> dict[str, object]:
    """Return the members that have something in them."""
    return {name: value for name, value in values.items() if value not in (None, "", {})}


def question_payload(payload: str, planning: Planning) -> dict[str, object]:
    """Return the lookup: the raw code, for NAPAS to read."""
    return {"payment_reference": question_reference(planning), "qr_string": payload}


def payment_payload(
    payment: Payment, particulars: Particulars, names: Names, secrecy: Secrecy
) -> dict[str, object]:
    """Return the payment. What passes between us is what the merchant gets, in dong."""
    terms, extra, reference = payment.terms, particulars.extra, payment.reference
    amount = amount_text(terms.destination)
    debtor, creditor = particulars.debtor, particulars.creditor
    known = {name: extra.get(name, "") for name in _PARTICIPANT}
    return given({
        "payment": {
            "funding_reference": payment.uetr,
            "type": extra.get("type") or TYPE,
            "generation_method": extra.get("generation_method") or "STATIC",
            "channel": CHANNEL,
            "device_id": DEVICE,
            "location": debtor.country or "KH",
            "transaction_local_date_time": local_time(payment.accepted_at),
            "interbank_amount": amount,
            "interbank_currency": terms.destination.currency.numeric,
            "exchange_rate": str(terms.rate),
            "payment_reference": reference,
            "end_to_end_reference": reference,
            "trace": reference[-_TRACE_DIGITS:],
        },
        "amount": amount,
        "currency": terms.destination.currency.code,
        "sender_account": secrecy.seal(debtor.account, f"{reference} sender"),
        "sender": {
            "full_name": SENDER_NAME,
            "address": given({"line1": debtor.town or "KH", "country": debtor.country or "KH"}),
        },
        "participant": given({"originating_institution_id": names.own} | known),
        "recipient_account": secrecy.seal(creditor.account, f"{reference} recipient"),
        "recipient": given({
            "full_name": creditor.name,
            "address": given({"line1": creditor.town, "country": creditor.country}),
        }),
        "additional_message": particulars.remittance,
        "order_info": given({
            "bill_number": particulars.bill_number,
            "store_label": particulars.store_label,
            "terminal_label": particulars.terminal_label,
        }),
    })  # fmt: skip


def enquiry_payload(payment: Payment) -> dict[str, object]:
    """Return the enquiry (A): our payment_reference, and the UETR that went along with it.

    Of a payment whose reference was lost with our store only the UETR can be named.
    """
    reference = "" if is_lost(payment.reference) else payment.reference
    named = {
        "payment_reference": reference,
        "end_to_end_reference": reference,
        "funding_reference": payment.uetr,
    }
    return {"payment": given(named)}


def return_payload(payment: Payment, particulars: Particulars, names: Names) -> dict[str, object]:
    """Return the return (A) of a payment that came in: dong back to whoever paid."""
    amount, reference = amount_text(payment.terms.destination), payment.reference
    extra = particulars.extra
    return {
        "payment": given({
            "funding_reference": payment.uetr,
            "type": TYPE,
            "transaction_local_date_time": local_time(payment.accepted_at),
            "interbank_amount": amount,
            "interbank_currency": payment.terms.destination.currency.numeric,
            "payment_reference": reference,
            "end_to_end_reference": extra.get("end_to_end_reference", ""),
            "original_payment_reference": extra.get("payment_reference", ""),
            "trace": reference[-_TRACE_DIGITS:],
        }),
        "amount": amount,
        "currency": payment.terms.destination.currency.code,
        "participant": {"originating_institution_id": names.own},
        "additional_message": REFUND_WORDS,
    }  # fmt: skip


def result_of(body: Mapping[str, Any], request_id: str) -> str:
    """Return the result code of an answer to our request; empty for any other answer."""
    result = body.get("result")
    if not isinstance(result, dict) or result.get("id") != request_id:
        return ""
    code = result.get("code")
    return code if isinstance(code, str) else ""


_SETTLED: Final = "settlement_amount"
_STATED: Final = (
    ("amount", "currency"),
    ("interbank_amount", "interbank_currency"),
    (_SETTLED, "settlement_currency"),
)
"""Amounts that a message may state of a payment, each with its currency."""


def outcome(body: Mapping[str, Any], exchange: Exchange, payment: Payment, status: int) -> Outcome:
    """Return what a verified answer says of this payment; ``status`` is that of HTTP."""
    code = result_of(body, message_id(exchange.exchange_id))
    payload = body.get("payload")
    named = payload.get("payment") if isinstance(payload, dict) else None
    told: Mapping[str, Any] = named if isinstance(named, dict) else {}
    if not code or (told and not _names(told, payment)):
        return Outcome(OutcomeKind.UNKNOWN)
    if exchange.operation is Operation.ENQUIRE:
        return _found_out(code, told, payload, payment)
    if status >= _REQUEST_ERROR:
        # The message was not taken; of a payment that may have been sent twice it says nothing.
        first = payment.rung == 0 and code in codes.REFUSALS
        return _refused(code) if first else Outcome(OutcomeKind.UNKNOWN)
    return _said(code, told, payload, payment)


def _names(told: Mapping[str, Any], payment: Payment) -> bool:
    """Whether an answer is about this payment; of one whose reference is lost, by its UETR."""
    if is_lost(payment.reference):
        return bool(told.get("funding_reference") == payment.uetr)
    named = told.get("payment_reference") == payment.reference
    return named and states_uetr_of(payment, told)


def states_uetr_of(payment: Payment, told: Mapping[str, Any]) -> bool:
    """Whether what names a payment names its UETR, if any; what gives one back may name either."""
    given_uetr = told.get("funding_reference")
    return given_uetr in (None, "", payment.uetr, payment.original)


def _found_out(code: str, told: Mapping[str, Any], payload: object, payment: Payment) -> Outcome:
    """The answer to an enquiry: ``result`` says whether it worked, ``payment_result`` the rest."""
    if code == codes.NOT_FOUND and not told:
        return Outcome(OutcomeKind.NEVER_SEEN)
    found = payload.get("payment_result") if isinstance(payload, dict) else None
    far = found.get("code") if isinstance(found, dict) else None
    if code != codes.SUCCESS or not isinstance(far, str) or not told:
        return Outcome(OutcomeKind.UNKNOWN)
    return _said(far, told, payload, payment)


def _said(code: str, told: Mapping[str, Any], payload: object, payment: Payment) -> Outcome:
    """What a result code says of the payment that ``told`` names; of another amount nothing."""
    if code == codes.SUCCESS and told.get("payment_reference"):
        whole: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
        if not states_amount_of(payment, whole, told):
            return Outcome(OutcomeKind.UNKNOWN)
        reference = told.get("reference")
        far = reference if isinstance(reference, str) and reference else None
        return Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    return _refused(code) if code in codes.REFUSALS else Outcome(OutcomeKind.UNKNOWN)


def states_amount_of(payment: Payment, *parts: Mapping[str, Any]) -> bool:
    """Whether each amount that a message states, if any, is the one that passes between us.

    What is settled in another currency is not known here.
    """
    expected = payment.terms.destination
    for name, unit in _STATED:
        for values in parts:
            if name not in values:
                continue
            try:
                told = read_amount(values[name], values.get(unit))
            except MoneyError:
                return False
            elsewhere = name == _SETTLED and told.currency != expected.currency
            if told != expected and not elsewhere:
                return False
    return True


def _refused(code: str) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, codes.REFUSALS[code])


def merchant(
    body: Mapping[str, Any], request_id: str, reference: str, secrecy: Secrecy, agent: str
) -> Merchant | Unavailable:
    """Return the merchant of a verified answer to our lookup, or why there is none."""
    code, payload = result_of(body, request_id), body.get("payload")
    if code in codes.REFUSALS:
        return Unavailable(codes.REFUSALS[code])
    if code != codes.SUCCESS or not isinstance(payload, dict):
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    payment, participant = part(payload, "payment"), part(payload, "participant")
    order, recipient = part(payload, "order_info"), part(payload, "recipient")
    if payment.get("payment_reference") != reference:
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    fees = (payment.get(name) or "" for name in ("fee_fixed", "fee_percentage"))
    if any(not isinstance(fee, str) or _NOTHING.match(fee) is None for fee in fees):
        # A fee on top would be paid by nobody: we pay what was quoted.
        return Unavailable(Reason.TRANSACTION_UNSUPPORTED)
    try:
        account = secrecy.open(text(payload, "recipient_account"))
        fixed = None
        told = payload.get("amount") or ""
        if not isinstance(told, str) or _NOTHING.match(told) is None:
            fixed = read_amount(told, payload.get("currency"))
    except (SecrecyError, MoneyError):
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    name = text(participant, "card_acceptor_name") or text(recipient, "full_name")
    if not name or not account:
        return Unavailable(Reason.COUNTERPARTY_ERROR)
    if fixed is not None and fixed.currency.code != CURRENCY:
        return Unavailable(Reason.CURRENCY_UNSUPPORTED)
    city = text(participant, "card_acceptor_city")
    handed_back = {name: text(participant, name) for name in _PARTICIPANT} | {
        name: text(payment, name) for name in ("type", "generation_method")
    }
    return Merchant(
        party=Party(name, account, agent, city, COUNTRY),
        city=city,
        category=text(participant, "merchant_category_code"),
        currency=CURRENCY,
        amount=fixed,
        store_label=text(order, "store_label"),
        terminal_label=text(order, "terminal_label"),
        bill_number=text(order, "bill_number"),
        extra={name: value for name, value in handed_back.items() if value},
    )


def part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within an object, empty when it is absent."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def text(values: Mapping[str, Any], name: str) -> str:
    """Return a text member, empty when it is absent or no text."""
    value = values.get(name)
    return value if isinstance(value, str) else ""
