"""Money goes back both ways as pacs.004, in parts up to the whole, and each part once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from adapters.iso_profile import mapping
from adapters.iso_profile.sandbox_messages import RETURN, Desk, StatusOf
from fx.money import Money
from switch.inbound_port import InboundReturn
from switch.model import Direction, Funding, Kind, Particulars, Party, Status
from switch.port import Operation, Outcome, OutcomeKind, WireAnswer, WireRefusal
from switch.reasons import Reason
from tests.adapters.thailand.test_thailand_inbound import HEADERS, answered, resigned
from tests.adapters.thailand.thailand_link import UNKNOWN, Link
from tests.adapters.thailand.thailand_parts import (
    NOW,
    UETR,
    credit,
    enquired,
    new_desk,
    outbound_payment,
    planning,
    terms,
)

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter
    from switch.model import Payment
    from tests.adapters.thailand.thailand_parts import Keys

REFERENCE: Final = "KH20261121NBHQKHPP00000000000000042"
OTHER_UETR: Final = "11111111-6a2e-4c1f-9d0b-3a7f2b1c9e10"
BAHT: Final = Money.parse("100.00", "THB")


@pytest.fixture(scope="module")
def desk(keys: Keys) -> Desk:
    return new_desk(keys)


def refund(amount: Money = BAHT, reference: str = REFERENCE, original: str = UETR) -> Payment:
    """Part of what a Thai guest paid goes back."""
    return replace(
        outbound_payment(reference),
        uetr="99999999-6a2e-4c1f-9d0b-3a7f2b1c9e10",
        kind=Kind.REFUND,
        original=original,
        funding=Funding.CAPPED,
        direction=Direction.OUTBOUND,
        terms=replace(terms(), destination=amount),
    )


def of_guest(transaction_id: str = "") -> Particulars:
    """What was kept of the guest's payment."""
    paid = credit()
    extra = {
        "original_message_id": "TH20261121ITMXTHBK00000000000000001",
        "original_message_name": "pacs.008.001.08",
        "original_transaction_id": transaction_id or paid.transaction_id,
        "original_end_to_end_id": paid.end_to_end_id,
    }
    return Particulars(
        debtor=replace(_party(), name=paid.debtor_name),
        creditor=_party(),
        end_to_end_id=paid.end_to_end_id,
        extra=extra,
    )


def _party() -> Party:
    return Party("Noodle Shop", "noodleshop@aclb", "ACLBKHPPXXX")


def test_a_refund_names_the_guests_payment_and_itself(
    thailand: ThailandAdapter, desk: Desk
) -> None:
    exchange = thailand.plan_refund(refund(), of_guest(), planning())

    message = desk.open(exchange.body, RETURN)
    values = message.values
    assert (exchange.operation, exchange.reference) == (Operation.REFUND, REFERENCE)
    assert (values["message_id"], values["return_id"]) == (REFERENCE, REFERENCE)
    assert values["original_uetr"] == UETR
    assert values["original_transaction_id"] == credit().transaction_id
    assert values["settlement_amount"] == BAHT
    assert (values["reason"], values["charge_bearer"]) == ("CUST", "SLEV")
    assert values["clearing_system_code"] == "THN"


def read(
    thailand: ThailandAdapter, desk: Desk, payment: Payment, of: StatusOf, *, asked: bool = False
) -> Outcome:
    plan = thailand.plan_enquire if asked else thailand.plan_refund
    exchange = plan(payment, of_guest(), planning())
    return thailand.read(exchange, payment, WireAnswer(200, {}, desk.status(of).body))


ABOUT: Final = StatusOf(REFERENCE, REFERENCE, UETR, "ACSC", name=RETURN)


@pytest.mark.parametrize("asked", [False, True])
def test_a_status_about_the_refund_decides(
    thailand: ThailandAdapter, desk: Desk, *, asked: bool
) -> None:
    def kind(of: StatusOf) -> OutcomeKind:
        return read(thailand, desk, refund(), of, asked=asked).kind

    assert kind(ABOUT) is OutcomeKind.ACCEPTED
    assert kind(replace(ABOUT, status="ACTC")) is OutcomeKind.PENDING
    assert kind(replace(ABOUT, status="RJCT", reason="AC04")) is OutcomeKind.REFUSED
    unseen = kind(replace(ABOUT, status="RJCT", proprietary="NSEEN"))
    assert unseen is (OutcomeKind.NEVER_SEEN if asked else OutcomeKind.UNKNOWN)


@pytest.mark.parametrize(
    "of",
    [
        replace(ABOUT, name="pacs.008.001.08"),
        replace(ABOUT, uetr=OTHER_UETR),
        replace(ABOUT, uetr="99999999-6a2e-4c1f-9d0b-3a7f2b1c9e10"),
        replace(ABOUT, transaction_id=credit().transaction_id),
        replace(ABOUT, message_id="TH20261121ITMXTHBK00000000000000001"),
    ],
)
def test_a_status_about_anything_else_says_nothing_of_the_refund(
    thailand: ThailandAdapter, desk: Desk, of: StatusOf
) -> None:
    for asked in (False, True):
        assert read(thailand, desk, refund(), of, asked=asked) == UNKNOWN
        refused = replace(of, status="RJCT", reason="AC04")
        assert read(thailand, desk, refund(), refused, asked=asked) == UNKNOWN


def test_a_status_about_a_refund_says_nothing_of_a_payment(
    thailand: ThailandAdapter, desk: Desk
) -> None:
    payment = outbound_payment(REFERENCE)

    assert read(thailand, desk, payment, ABOUT, asked=True) == UNKNOWN
    of_payment = replace(ABOUT, name="pacs.008.001.08")
    assert read(thailand, desk, payment, of_payment, asked=True).kind is OutcomeKind.ACCEPTED


def test_an_enquiry_about_a_refund_is_told_from_one_about_the_payment(
    thailand: ThailandAdapter, desk: Desk
) -> None:
    exchange = thailand.plan_enquire(refund(), of_guest(), planning())

    values = desk.open(exchange.body, mapping.ENQUIRY).values
    assert values["original_message_name"] == RETURN
    assert values["original_transaction_id"] == REFERENCE
    assert values["original_uetr"] == UETR


def test_of_a_refund_whose_reference_was_lost_nothing_is_believed(
    thailand: ThailandAdapter, desk: Desk
) -> None:
    lost = refund(reference="LOST5f8c1a526a2e4c1f9d0b3a7f2b1c9e1")

    assert read(thailand, desk, lost, ABOUT, asked=True) == UNKNOWN


async def guest_paid(link: Link) -> tuple[str, str]:
    """UETR and TxId of a payment of a Thai guest, 346.87 baht."""
    told = await link.control("/control/pay-khqr", payload="KHQR", amount="41000")
    assert (told["status"], told["amount"]) == ("ACSC", "346.87")
    line = await link.entry(str(told["uetr"]))
    assert line is not None
    return line["uetr"], line["reference"]


async def gives(
    link: Link, original: tuple[str, str], amount: str, *, repeat: bool = False
) -> Outcome:
    """Refund a part; with ``repeat`` the same bytes are sent twice."""
    reference = link.adapter.reference(link.switch.plan())
    payment = refund(Money.parse(amount, "THB"), reference, original[0])
    exchange = link.adapter.plan_refund(payment, of_guest(original[1]), link.switch.plan())
    answer = await link.send(exchange)
    if repeat:
        again = await link.send(exchange)
        assert answer is not None
        assert again is not None
        assert link.adapter.read(exchange, payment, again).kind is OutcomeKind.ACCEPTED
    if answer is not None:
        return link.adapter.read(exchange, payment, answer)
    asked = enquired(payment)
    enquiry = link.adapter.plan_enquire(asked, of_guest(original[1]), link.switch.plan())
    answer = await link.send(enquiry)
    return UNKNOWN if answer is None else link.adapter.read(enquiry, asked, answer)


async def given_back(link: Link, uetr: str) -> list[tuple[str, str]]:
    lines = [line for line in await link.shown("/state", "book") if line["uetr"] == uetr]
    return [(line["amount"], line["status"]) for line in lines[1:]]


async def test_parts_are_given_back_until_the_whole_is(link: Link) -> None:
    original = await guest_paid(link)

    assert (await gives(link, original, "100.00")).kind is OutcomeKind.ACCEPTED
    assert (await gives(link, original, "246.87", repeat=True)).kind is OutcomeKind.ACCEPTED
    beyond = await gives(link, original, "0.01")

    assert (beyond.kind, beyond.reason) == (OutcomeKind.REFUSED, Reason.AMOUNT_DIFFERS)
    booked = [("100.00", "booked"), ("246.87", "booked"), ("0.01", "refused")]
    assert await given_back(link, original[0]) == booked


async def test_nothing_goes_back_of_a_payment_that_is_not_there(link: Link) -> None:
    uetr, transaction_id = await guest_paid(link)

    for wrong in ((OTHER_UETR, transaction_id), (uetr, "TH20261121ITMXTHBK99999999999999999")):
        assert (await gives(link, wrong, "1.00")).kind is OutcomeKind.REFUSED
    wrongly = await link.entry(OTHER_UETR)
    assert wrongly is None or wrongly["status"] == "refused"


@pytest.mark.parametrize("kind", ["drop_answer", "garbage", "wrong_signature", "error_500"])
async def test_a_refund_whose_answer_is_lost_is_found_by_asking(link: Link, kind: str) -> None:
    original = await guest_paid(link)
    await link.fault("refund", kind)
    reference = link.adapter.reference(link.switch.plan())
    payment = refund(BAHT, reference, original[0])
    exchange = link.adapter.plan_refund(payment, of_guest(original[1]), link.switch.plan())
    answer = await link.send(exchange)

    first = UNKNOWN if answer is None else link.adapter.read(exchange, payment, answer)
    asked = enquired(payment)
    enquiry = link.adapter.plan_enquire(asked, of_guest(original[1]), link.switch.plan())
    answer = await link.send(enquiry)
    assert answer is not None
    assert first == UNKNOWN
    assert link.adapter.read(enquiry, asked, answer).kind is OutcomeKind.ACCEPTED
    assert await given_back(link, original[0]) == [("100.00", "booked")]


async def test_a_refund_that_was_never_seen_never_happens_later(link: Link) -> None:
    original = await guest_paid(link)
    reference = link.adapter.reference(link.switch.plan())
    payment = refund(BAHT, reference, original[0])
    asked = enquired(payment)
    enquiry = link.adapter.plan_enquire(asked, of_guest(original[1]), link.switch.plan())
    answer = await link.send(enquiry)
    assert answer is not None
    assert link.adapter.read(enquiry, asked, answer).kind is OutcomeKind.NEVER_SEEN

    exchange = link.adapter.plan_refund(payment, of_guest(original[1]), link.switch.plan())
    late = await link.send(exchange)

    assert late is not None
    assert link.adapter.read(exchange, payment, late).reason is Reason.TOO_OLD
    assert await given_back(link, original[0]) == []


def taken_in(thailand: ThailandAdapter, body: bytes) -> InboundReturn:
    got = thailand.translate(HEADERS, body, planning(NOW))
    assert isinstance(got, InboundReturn)
    return got


def test_what_a_shop_gives_back_is_read(thailand: ThailandAdapter, desk: Desk) -> None:
    outgoing = desk.giving_back("TH-RETURN-1", REFERENCE, UETR, BAHT)

    got = taken_in(thailand, outgoing.body)

    assert (got.reference, got.amount) == (REFERENCE, BAHT)
    again = desk.giving_back("TH-RETURN-1", REFERENCE, UETR, BAHT)
    assert outgoing.message_id != again.message_id
    assert {got.key, taken_in(thailand, again.body).key} == {"TH-RETURN-1"}
    assert got == taken_in(thailand, outgoing.body)


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (Status.ACCC, None, ("ACSC", None)),
        (Status.ACCC, Reason.REFUND_TOO_MUCH, ("RJCT", "AM02")),
        (None, Reason.ORIGINAL_UNKNOWN, ("RJCT", "NARR")),
        (None, None, ("RJCT", "NARR")),
    ],
)
def test_a_return_is_answered_about_itself(
    thailand: ThailandAdapter,
    desk: Desk,
    keys: Keys,
    status: Status | None,
    reason: Reason | None,
    said: tuple[str, str | None],
) -> None:
    outgoing = desk.giving_back("TH-RETURN-1", REFERENCE, UETR, BAHT)
    got = taken_in(thailand, outgoing.body)
    payment = None if status is None else outbound_payment(REFERENCE)

    rendered = thailand.render_taken(got, payment, status, reason, planning())

    values = answered(keys, rendered.body).values
    assert rendered.status == 200
    assert (values["status"], values.get("reason")) == said
    assert values["original_message_id"] == outgoing.message_id
    assert values["original_message_name"] == RETURN
    assert values["original_transaction_id"] == "TH-RETURN-1"
    assert values["original_uetr"] == UETR


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('Ccy="THB"', 'Ccy="USD"', "AM03"),
        (">100.00<", ">0.00<", "AM01"),
        ("<RtrId>TH-RETURN-1</RtrId>", "", "CH21"),
        (f"<OrgnlTxId>{REFERENCE}</OrgnlTxId>", "", "CH21"),
        ("<Cd>THN</Cd>", "<Cd>KPS</Cd>", "AGNT"),
    ],
)
def test_a_return_that_cannot_be_booked_is_refused_as_a_message(
    thailand: ThailandAdapter, desk: Desk, keys: Keys, old: str, new: str, code: str
) -> None:
    body = desk.giving_back("TH-RETURN-1", REFERENCE, UETR, BAHT).body

    with pytest.raises(WireRefusal) as refused:
        thailand.translate(HEADERS, resigned(keys, body, old, new), planning(NOW))

    values = answered(keys, refused.value.body).values
    assert (refused.value.status, refused.value.uetr) == (400, "")
    assert values["reason_code"] == code


def test_a_return_changed_by_one_byte_is_nobodys(thailand: ThailandAdapter, desk: Desk) -> None:
    body = desk.giving_back("TH-RETURN-1", REFERENCE, UETR, BAHT).body

    with pytest.raises(WireRefusal) as refused:
        thailand.translate(HEADERS, body.replace(b">100.00<", b">900.00<"), planning(NOW))

    assert refused.value.status == 401
