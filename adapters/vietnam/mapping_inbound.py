"""Viet Nam inbound: what NAPAS asks and tells, to commands, and our words back to NAPAS'. Pure.

Its dialect cannot carry our sealed quote, so a lookup has us hold an order, and the payment names
it by the ``end_to_end_reference`` that our answer gave: the date in Viet Nam and the lookup's
payment_reference, because NAPAS' references are unique within a day only. The surprise: the
payment's own merchant and amount decide nothing; who is paid, and what, is what was held.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from adapters.vietnam import codes
from adapters.vietnam.envelope import HANOI, EnvelopeError, moment, stamp
from adapters.vietnam.jose import SecrecyError
from adapters.vietnam.mapping import (
    COUNTRY,
    CURRENCY,
    TYPE,
    amount_text,
    given,
    part,
    read_amount,
    states_amount_of,
    states_uetr_of,
    text,
)
from fx.money import MoneyError
from switch.inbound_port import (
    InboundNotice,
    InboundOrder,
    InboundOrderPay,
    InboundReturn,
    derived_uetr,
)
from switch.model import Particulars, Party, Status
from switch.port import InboundEnquiry, Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.vietnam.envelope import Heading, Names
    from adapters.vietnam.jose import Secrecy
    from fx.money import Money
    from switch.model import Payment
    from switch.port import Merchant
    from switch.reasons import Reason

NETWORK: Final = "vietnam"
_REFERENCE: Final = re.compile(r"[0-9]{12,18}\Z", re.ASCII)
_DATE_DIGITS: Final = 8
_TRACE_DIGITS: Final = 6
_CODE_MAX: Final = 512
_LOCAL_TIME: Final = re.compile(
    r"(20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,6})?Z\Z", re.ASCII
)

REFERENCE_ID: Final = "reference_id"
PAYMENT_REFERENCE: Final = "payment_reference"
END_TO_END: Final = "end_to_end_reference"


class Unusable(Exception):  # noqa: N818 - a refusal to be rendered, not an error of ours
    """A verified message of which no command can be made; ``code`` is answered."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def order_key(heading: Heading, reference: str) -> str:
    """Return what names an order: the date in Viet Nam of its lookup, and its reference."""
    return f"{heading.at + HANOI:%Y%m%d}{reference}"


def order(heading: Heading, payload: Mapping[str, Any]) -> InboundOrder:
    """Return the order of a lookup; raises :class:`Unusable`."""
    reference, code = _reference(payload), text(payload, "qr_string")
    if not 0 < len(code) <= _CODE_MAX:
        raise Unusable("010")
    keyed = None
    if payload.get("amount") is not None:
        keyed = _amount(payload.get("amount"), payload.get("currency"))
    key = order_key(heading, reference)
    content = {PAYMENT_REFERENCE: reference, "qr_string": code}
    if keyed is not None:
        content |= {"amount": amount_text(keyed), "currency": keyed.currency.code}
    ids = {PAYMENT_REFERENCE: reference, END_TO_END: key, REFERENCE_ID: heading.reference_id}
    guest = Party(name="", account="", country=COUNTRY)
    return InboundOrder(
        key=key,
        content=content,
        payload=code,
        amount=keyed,
        particulars=Particulars(guest, guest, "", qr_payload=code, extra=ids),
        expires_at=None,
        request=ids,
    )


def order_pay(
    heading: Heading, payload: Mapping[str, Any], secrecy: Secrecy, *, latest: datetime
) -> InboundOrderPay:
    """Return the payment of an order; raises :class:`Unusable`.

    ``latest`` is the last time that the clocks of two houses can explain. What NAPAS owes us is
    ``interbank_amount``, in dong.
    """
    payment = part(payload, "payment")
    reference, key = _reference(payment), text(payment, END_TO_END)
    owed = _amount(payment.get("interbank_amount"), payment.get("interbank_currency"))
    _amount(payload.get("amount"), payload.get("currency"))
    if key[_DATE_DIGITS:] != reference or not key.isascii() or not key.isdigit():
        raise Unusable("010")
    if owed.currency.code != CURRENCY:
        raise Unusable("12")
    try:
        account = secrecy.open(text(payload, "sender_account"))
        secrecy.open(text(payload, "recipient_account"))
    except SecrecyError:
        raise Unusable("010") from None
    ids = {PAYMENT_REFERENCE: reference, END_TO_END: key, REFERENCE_ID: heading.reference_id}
    more = {"sender_account": account, "funding_reference": text(payment, "funding_reference")}
    return InboundOrderPay(
        key=key,
        amount=owed,
        accepted_at=min(heading.at, latest),
        far_reference=reference,
        extra=ids | more,
        request=ids,
        payer=Party("", account),
    )


def enquiry(heading: Heading, payload: Mapping[str, Any]) -> InboundEnquiry:
    """Return the question about a payment of theirs; raises :class:`Unusable`."""
    payment = part(payload, "payment")
    reference, key = _reference(payment), text(payment, END_TO_END)
    if key[_DATE_DIGITS:] != reference or not key.isascii() or not key.isdigit():
        raise Unusable("010")
    ids = {PAYMENT_REFERENCE: reference, END_TO_END: key, REFERENCE_ID: heading.reference_id}
    return InboundEnquiry(uetr=derived_uetr(NETWORK, key), key=key, request=ids)


def returned(heading: Heading, payload: Mapping[str, Any]) -> InboundReturn:
    """Return what a merchant of theirs gives back (A); raises :class:`Unusable`."""
    payment = part(payload, "payment")
    reference = _reference(payment)
    original = text(payment, "original_payment_reference")
    amount = _amount(payload.get("amount"), payload.get("currency"))
    if _REFERENCE.match(original) is None:
        raise Unusable("010")
    if amount.currency.code != CURRENCY:
        raise Unusable("12")
    day = _local_time(text(payment, "transaction_local_date_time")) + HANOI
    ids = {PAYMENT_REFERENCE: reference, REFERENCE_ID: heading.reference_id}
    return InboundReturn(
        key=f"{day:%Y%m%d}{reference}", reference=original, amount=amount, request=ids
    )


def notice(body: Mapping[str, Any], own: str) -> tuple[InboundNotice, datetime]:
    """Return what a notification says of a payment, and when; raises :class:`Unusable`.

    Published (H): flat, without header and payload, its time as text, a code in ``result``. The
    references of others look like ours, so whatever else it states is held against the payment:
    its originator (``own``), its UETR and its amounts.
    """
    payment, result = part(body, "payment"), part(body, "result")
    reference, code = _reference(payment), text(result, "code")
    if not code:
        raise Unusable("010")
    originator = text(part(body, "participant"), "originating_institution_id")
    outcome = Outcome(OutcomeKind.UNKNOWN)
    if code == codes.SUCCESS:
        far = text(payment, "reference") or None
        outcome = Outcome(OutcomeKind.ACCEPTED, far_reference=far)
    elif code in codes.REFUSALS:
        outcome = Outcome(OutcomeKind.REFUSED, codes.REFUSALS[code])

    def judge(ours: Payment) -> Outcome:
        alike = states_uetr_of(ours, payment) and states_amount_of(ours, body, payment)
        return outcome if alike and originator in ("", own) else Outcome(OutcomeKind.UNKNOWN)

    try:
        at = moment(body.get("timestamp"))
    except EnvelopeError:
        raise Unusable("010") from None
    request = {PAYMENT_REFERENCE: reference, REFERENCE_ID: ""}
    return InboundNotice(reference, outcome, request, judge=judge), at


def _reference(values: Mapping[str, Any]) -> str:
    reference = text(values, PAYMENT_REFERENCE)
    if _REFERENCE.match(reference) is None:
        raise Unusable("010")
    return reference


def _amount(given_text: object, code: object) -> Money:
    try:
        return read_amount(given_text, code)
    except MoneyError:
        raise Unusable("13") from None


def _local_time(given_text: str) -> datetime:
    """Read Viet Nam's time under a ``Z``; what is below a second is left out."""
    found = _LOCAL_TIME.match(given_text)
    try:
        local = datetime.fromisoformat(found.group(1)) if found else None
    except ValueError:
        local = None
    if local is None:
        raise Unusable("010")
    return local.replace(tzinfo=UTC) - HANOI


def order_payload(
    ids: Mapping[str, str], merchant: Merchant, payment: Payment, names: Names, secrecy: Secrecy
) -> dict[str, object]:
    """Return the answer to a lookup: the merchant, the price, and how the payment is to name it.

    What no member is published for stands in ``additional_info.instruction`` (A): the amount that
    NAPAS will owe, until when, and our UETR.
    """
    terms, reference = payment.terms, ids[PAYMENT_REFERENCE]
    until = min(terms.quote_expires_at, payment.next_at or terms.quote_expires_at)
    told = {
        "INTERBANK_AMOUNT": amount_text(terms.debit),
        "INTERBANK_CURRENCY": terms.debit.currency.numeric,
        "VALID_UNTIL": str(stamp(until)),
        "UETR": payment.uetr,
    }
    return given({
        "payment": {
            "type": TYPE,
            "generation_method": "DYNAMIC" if merchant.amount is not None else "STATIC",
            "exchange_rate": str(terms.rate),
            "payment_reference": reference,
            "end_to_end_reference": ids[END_TO_END],
            "trace": reference[-_TRACE_DIGITS:],
        },
        "participant": given({
            "receiving_institution_id": names.own,
            "merchant_category_code": merchant.category,
            "card_acceptor_name": merchant.party.name,
            "card_acceptor_city": merchant.city,
            "card_acceptor_country": merchant.party.country,
        }),
        "recipient": given({
            "full_name": merchant.party.name,
            "address": given({"line1": merchant.city, "country": merchant.party.country}),
        }),
        "amount": amount_text(terms.destination),
        "currency": terms.destination.currency.code,
        "recipient_account": secrecy.seal(merchant.party.account, f"{ids[END_TO_END]} order"),
        "order_info": given({
            "bill_number": merchant.bill_number,
            "store_label": merchant.store_label,
            "terminal_label": merchant.terminal_label,
        }),
        "additional_info": {
            "instruction": [{"key": name, "value": value} for name, value in told.items()]
        },
    })  # fmt: skip


def status_code(status: Status, reason: Reason | None) -> str:
    """Return the result code of a payment as it stands."""
    if status is Status.ACCC:
        return codes.SUCCESS
    return codes.refusal_code(reason) if status is Status.RJCT else codes.UNKNOWN


def payment_named(ids: Mapping[str, str], payment: Payment) -> dict[str, object]:
    """Return the ``payment`` object of an answer about a payment of theirs."""
    reference = ids.get(PAYMENT_REFERENCE, "")
    return given({
        "payment_reference": reference,
        "end_to_end_reference": ids.get(END_TO_END, ""),
        "trace": reference[-_TRACE_DIGITS:],
        "reference": payment.reference,
        "funding_reference": payment.uetr,
    })  # fmt: skip


def paid_payload(ids: Mapping[str, str], payment: Payment) -> dict[str, object]:
    """Return what an answer adds about a payment that was carried out: what settles it."""
    settled = payment.terms.debit
    return {
        "payment": payment_named(ids, payment)
        | {"authorization_code": payment.uetr[:_TRACE_DIGITS].upper()},
        "settlement_amount": amount_text(settled),
        "settlement_currency": settled.currency.code,
        "settlement_date": f"{payment.updated_at + HANOI:%Y%m%d}",
    }


def fresh(at: datetime, now: datetime, skew_max_s: int) -> bool:
    """Whether a time is within the allowed skew of now."""
    return abs(now - at) <= timedelta(seconds=skew_max_s)
