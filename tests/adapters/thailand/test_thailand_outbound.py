"""What is sent to Thailand is the golden message; what comes back ends a payment only when certain.

Certain means: signed by the pinned key, from the partner to us, about this payment, in words that
speak of the payment. Everything else is unknown.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from lxml import etree

from adapters.iso_profile import mapping
from fx.money import Money, Rate
from iso20022 import build, read
from switch.model import Particulars, changed
from switch.port import Exchange, Merchant, Operation, Outcome, OutcomeKind, Unavailable, WireAnswer
from switch.reasons import Reason
from tests.adapters.thailand.thailand_parts import (
    BILLER,
    NOW,
    OWN_BIC,
    PARTNER_BIC,
    UETR,
    Keys,
    enquired,
    new_adapter,
    outbound_particulars,
    outbound_payment,
    partner_signer,
    planning,
    terms,
    thai_code,
)

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter
    from switch.model import Payment

GOLDEN: Final = Path(__file__).parent / "golden"
UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)


def unsigned(body: bytes) -> str:
    """The message without the signature, which depends on the key of the run."""
    return re.sub(r"<Sgntr>.*</Sgntr>", "", body.decode())


def answer_of(
    keys: Keys,
    name: str,
    values: dict[str, object],
    *,
    key: str = "thailand",
    status: int = 200,
    sides: tuple[str, str] = (PARTNER_BIC, OWN_BIC),
) -> WireAnswer:
    """A signed answer of the network."""
    header = {
        "from_bic": sides[0],
        "to_bic": sides[1],
        "business_message_id": values.get("message_id", "TH1"),
        "created_at": NOW,
    }
    raw = build(name, values, header_name=mapping.HEADER, header=header)
    return WireAnswer(status, {}, partner_signer(keys, key).sign(raw))


def status_report(payment: Payment, status: str, **more: object) -> dict[str, object]:
    """The fields of a pacs.002 about this payment."""
    return {
        "message_id": "TH20261121ITMXTHBK00000000000000001",
        "created_at": NOW,
        "original_message_id": payment.reference,
        "original_message_name": mapping.PAYMENT,
        "original_transaction_id": payment.reference,
        "original_uetr": payment.uetr,
        "status": status,
    } | more


@pytest.fixture
def payment(thailand: ThailandAdapter) -> Payment:
    return outbound_payment(thailand.reference(planning()))


@pytest.fixture
def paid(thailand: ThailandAdapter, payment: Payment) -> Exchange:
    return thailand.plan_pay(payment, outbound_particulars(), planning())


@pytest.fixture
def asked(thailand: ThailandAdapter, payment: Payment) -> Exchange:
    return thailand.plan_enquire(payment, outbound_particulars(), planning(counter=8))


def exchanges(thailand: ThailandAdapter) -> dict[str, Exchange]:
    """Everything that can be planned, by golden file."""
    payment = outbound_payment(thailand.reference(planning()))
    thb = Money.parse("345.00", "THB")
    bare = Particulars(
        debtor=outbound_particulars().debtor,
        creditor=outbound_particulars().creditor,
        end_to_end_id="",
    )
    return {
        "pay_coffee_345_baht": thailand.plan_pay(payment, outbound_particulars(), planning()),
        "pay_without_code_or_reference": thailand.plan_pay(payment, bare, planning()),
        "ask_for_merchant": thailand.plan_lookup(thai_code(), None, planning()),
        "ask_for_merchant_with_amount": thailand.plan_lookup(thai_code(), thb, planning()),
        "enquire": thailand.plan_enquire(payment, outbound_particulars(), planning(counter=8)),
    }


@pytest.mark.parametrize(
    "name",
    [
        "pay_coffee_345_baht",
        "pay_without_code_or_reference",
        "ask_for_merchant",
        "ask_for_merchant_with_amount",
        "enquire",
    ],
)
def test_what_is_sent_is_the_golden_message(thailand: ThailandAdapter, name: str) -> None:
    expected = (GOLDEN / f"{name}.xml").read_text("utf-8").rstrip("\n")

    assert expected == unsigned(exchanges(thailand)[name].body)


def test_everything_sent_is_valid_under_the_base_schemas(
    thailand: ThailandAdapter, shared: Path
) -> None:
    for exchange in exchanges(thailand).values():
        for part in etree.fromstring(exchange.body):
            name = etree.QName(part).namespace.rpartition(":")[2]
            schema = etree.XMLSchema(file=str(shared / "xsd" / f"{name}.xsd"))

            schema.assertValid(etree.fromstring(etree.tostring(part)))


def test_the_deadline_of_the_waiting_side_is_passed_on(
    thailand: ThailandAdapter, payment: Payment
) -> None:
    later = changed(payment, deadline=payment.deadline + timedelta(seconds=7))
    held = (payment, later)
    sent = [thailand.plan_pay(each, outbound_particulars(), planning()).body for each in held]
    documents = [etree.tostring(etree.fromstring(body)[1]) for body in sent]
    said = [read(each, names=(mapping.PAYMENT,), header=False).values for each in documents]

    assert [values["expires_at"] for values in said] == [payment.deadline, later.deadline]
    assert payment.send_by <= payment.deadline


def test_planning_is_pure(thailand: ThailandAdapter, payment: Payment) -> None:
    first = thailand.plan_pay(payment, outbound_particulars(), planning())

    assert first == thailand.plan_pay(payment, outbound_particulars(), planning())


def test_reference_has_35_characters_and_the_date_of_its_own_number(
    thailand: ThailandAdapter,
) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    late = thailand.reference(planning(midnight - timedelta(milliseconds=1)))
    early = thailand.reference(planning(midnight))

    assert (len(late), len(early)) == (35, 35)
    assert (late[:18], early[:18]) == ("KH20261121NBHQKHPP", "KH20261122NBHQKHPP")


def test_facts_are_complete_and_name_this_network(thailand: ThailandAdapter) -> None:
    facts = thailand.facts

    assert (facts.network, facts.schemes, facts.currency) == ("thailand", ("thaiqr",), "THB")
    assert facts.enquiry_delays_s == (5, 10, 20, 40, 60)
    assert facts.never_seen_is_promise


def test_rate_is_the_factor_from_instructed_to_settled() -> None:
    assert Decimal("0.0084146752") == mapping.exchange_rate(terms())


def test_a_rate_already_in_that_direction_is_written_as_it_is() -> None:
    rate = Rate.parse("118.84", "KHR", "THB")
    like = type("Terms", (), {"rate": rate, "source": Money.parse("41000", "KHR")})

    assert Decimal("118.84") == mapping.exchange_rate(like)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["ACSC", "ACCC"])
def test_final_acceptance(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange, status: str
) -> None:
    values = status_report(payment, status, status_id="TH77")
    outcome = thailand.read(paid, payment, answer_of(keys, mapping.STATUS, values))

    assert Outcome(OutcomeKind.ACCEPTED, far_reference="TH77") == outcome


@pytest.mark.parametrize("status", ["ACTC", "ACSP", "PDNG", "RCVD", "ACWP", "BLCK"])
def test_interim_answers_are_pending(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange, status: str
) -> None:
    answer = answer_of(keys, mapping.STATUS, status_report(payment, status))

    assert OutcomeKind.PENDING is thailand.read(paid, payment, answer).kind


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AC01", Reason.ACCOUNT_UNKNOWN),
        ("AM04", Reason.FUNDS_INSUFFICIENT),
        ("AB05", Reason.CREDITOR_SIDE_TIMED_OUT),
        ("FR01", Reason.FRAUD_SUSPECTED),
        ("ZZ99", Reason.UNSPECIFIED),
    ],
)
def test_rejection_refuses_with_the_mapped_reason(
    thailand: ThailandAdapter,
    keys: Keys,
    payment: Payment,
    paid: Exchange,
    code: str,
    reason: Reason,
) -> None:
    values = status_report(payment, "RJCT", reason=code)
    outcome = thailand.read(paid, payment, answer_of(keys, mapping.STATUS, values, status=400))

    assert Outcome(OutcomeKind.REFUSED, reason) == outcome


@pytest.mark.parametrize("code", ["DUPL", "AM05", "DU03"])
def test_a_duplicate_says_nothing_of_the_first_copy(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange, code: str
) -> None:
    values = status_report(payment, "RJCT", reason=code)

    assert thailand.read(paid, payment, answer_of(keys, mapping.STATUS, values)) == UNKNOWN


def test_never_seen_counts_only_as_the_answer_to_an_enquiry(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange, asked: Exchange
) -> None:
    values = status_report(payment, "RJCT", reason_proprietary=mapping.NEVER_SEEN)
    answer = answer_of(keys, mapping.STATUS, values)

    assert Outcome(OutcomeKind.NEVER_SEEN) == thailand.read(asked, enquired(payment), answer)
    assert thailand.read(paid, payment, answer) == UNKNOWN


@pytest.mark.parametrize(
    "field", ["original_uetr", "original_transaction_id", "original_message_id"]
)
def test_an_answer_about_another_payment_is_unknown(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange, field: str
) -> None:
    other = UETR.replace("5f", "6f") if field == "original_uetr" else "KH20261121OTHER"
    values = status_report(payment, "RJCT", reason="AC01") | {field: other}

    assert thailand.read(paid, payment, answer_of(keys, mapping.STATUS, values)) == UNKNOWN


def test_an_answer_without_our_transaction_is_unknown(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange
) -> None:
    values = status_report(payment, "ACSC") | {"original_transaction_id": None}

    assert thailand.read(paid, payment, answer_of(keys, mapping.STATUS, values)) == UNKNOWN


def test_an_answer_between_others_is_unknown(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange
) -> None:
    values = status_report(payment, "ACSC")
    answer = answer_of(keys, mapping.STATUS, values, sides=("KASITHBK", OWN_BIC))

    assert thailand.read(paid, payment, answer) == UNKNOWN


def test_wrong_key_altered_byte_server_error_and_garbage_are_unknown(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange
) -> None:
    values = status_report(payment, "RJCT", reason="AC01")
    good = answer_of(keys, mapping.STATUS, values)
    stranger = answer_of(keys, mapping.STATUS, values, key="stranger")
    unsigned_body = re.sub(rb"<Sgntr>.*</Sgntr>", b"", good.body)
    bodies = [
        stranger.body,
        good.body.replace(b"AC01", b"AC04"),
        good.body[:-20],
        unsigned_body,
        b"",
        b"\x00\xff<garbage",
        b"<!DOCTYPE x><x/>",
        good.body + b" " * 70_000,
    ]

    assert OutcomeKind.REFUSED is thailand.read(paid, payment, good).kind
    for body in bodies:
        for status in (200, 400, 401):
            assert thailand.read(paid, payment, WireAnswer(status, {}, body)) == UNKNOWN
    for status in (500, 502, 503, 504):
        assert thailand.read(paid, payment, WireAnswer(status, {}, good.body)) == UNKNOWN


def test_a_rejected_message_refuses_only_the_first_copy(
    thailand: ThailandAdapter, keys: Keys, payment: Payment, paid: Exchange, asked: Exchange
) -> None:
    values: dict[str, object] = {"related_reference": payment.reference, "reason_code": "FF01"}
    answer = answer_of(keys, mapping.REJECT, values, status=400)
    other = answer_of(keys, mapping.REJECT, values | {"related_reference": "KH1"}, status=400)
    twice = answer_of(keys, mapping.REJECT, values | {"reason_code": "DUPL"}, status=400)

    refused = Outcome(OutcomeKind.REFUSED, Reason.FORMAT_INVALID)
    assert refused == thailand.read(paid, payment, answer)
    assert thailand.read(paid, enquired(payment), answer) == UNKNOWN
    assert thailand.read(asked, payment, answer) == UNKNOWN
    assert thailand.read(paid, payment, other) == UNKNOWN
    assert thailand.read(paid, payment, twice) == UNKNOWN


def report(reference: str, **more: object) -> dict[str, object]:
    """The fields of an acmt.024 that finds the coffee shop."""
    return {
        "message_id": "TH20261121ITMXTHBK00000000000000002",
        "created_at": NOW,
        "assigner_agent": PARTNER_BIC,
        "assignee_agent": OWN_BIC,
        "original_assignment_id": reference,
        "original_id": reference,
        "verified": True,
        "party_name": "Somchai Coffee",
        "account": "0107536000315",
        "agent": "KASITHBK",
        "sup_merchant_city": "Bangkok",
        "sup_merchant_category": "5814",
    } | more


def test_merchant_is_read_with_its_fixed_amount(thailand: ThailandAdapter, keys: Keys) -> None:
    exchange = thailand.plan_lookup(thai_code(), None, planning())
    thb = Money.parse("345.00", "THB")
    values = report(exchange.reference, sup_amount=thb, sup_bill_number="INV001")
    found = thailand.read_lookup(exchange, answer_of(keys, mapping.REPORT, values))

    assert isinstance(found, Merchant)
    assert (
        found.party.name,
        found.party.account,
        found.party.agent,
        found.party.town,
        found.party.country,
    ) == ("Somchai Coffee", "0107536000315", "KASITHBK", "Bangkok", "TH")
    assert ("THB", thb, "5814", "INV001") == (
        found.currency,
        found.amount,
        found.category,
        found.bill_number,
    )


def test_merchant_refused_or_not_usable(thailand: ThailandAdapter, keys: Keys) -> None:
    exchange = thailand.plan_lookup(thai_code(), None, planning())
    good = report(exchange.reference)
    cases: list[tuple[dict[str, object], Reason]] = [
        (good | {"verified": False, "reason": "AC04"}, Reason.ACCOUNT_CLOSED),
        (good | {"original_id": "KH1"}, Reason.COUNTERPARTY_ERROR),
        (good | {"original_assignment_id": "KH1"}, Reason.COUNTERPARTY_ERROR),
        (good | {"account": None}, Reason.COUNTERPARTY_ERROR),
        (good | {"sup_amount": Money.parse("10", "KHR")}, Reason.CURRENCY_UNSUPPORTED),
    ]
    for values, reason in cases:
        answer = answer_of(keys, mapping.REPORT, values)

        assert Unavailable(reason) == thailand.read_lookup(exchange, answer)
    down = WireAnswer(503, {}, answer_of(keys, mapping.REPORT, good).body)
    assert Unavailable(Reason.COUNTERPARTY_ERROR) == thailand.read_lookup(exchange, down)


def test_exchange_shows_nothing_personal(
    thailand: ThailandAdapter, payment: Payment, keys: Keys
) -> None:
    exchange = thailand.plan_pay(payment, outbound_particulars(), planning())

    assert Operation.PAY is exchange.operation
    for word in ("Sok Dara", "000123456", "Somchai", BILLER, "E2E-000123"):
        assert word not in repr(exchange)
        assert word not in repr(read(exchange.body, names=[mapping.PAYMENT]))
    assert "RSAPrivateKey" not in repr(new_adapter(keys))
