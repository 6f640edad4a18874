"""Money that came to the sponsor goes back by a reversal, whole, once, and by nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from lxml import etree

from fx.money import Money
from iso20022 import IsoError, read
from switch.model import Direction, Funding, Kind, Particulars
from switch.port import Operation, Outcome, OutcomeKind
from switch.reasons import Reason
from tests.adapters.bakong.bakong_bench import Bench, run
from tests.adapters.bakong.bakong_cases import (
    ADAPTER,
    UNKNOWN,
    item,
    particulars,
    payment,
    planning,
    response,
    status_report,
)

if TYPE_CHECKING:
    from pathlib import Path

    from switch.model import Payment
    from switch.port import IncomingItem

CAME: Final = {
    "incoming_message_id": "M1/2",
    "incoming_message_name": "pain.001.001.05",
    "incoming_payment_information_id": "BKRTKHPPXXX/ACLBKHPPXXX/R1",
    "incoming_payer_agent": "BKRTKHPP",
}
SPACE: Final = "{urn:iso:std:iso:20022:tech:xsd:pain.007.001.05}"


def back(amount: str = "41250", number: int = 5) -> Payment:
    """The payer's money of a gross payment that was refused abroad goes back."""
    made = payment(number=number)
    return replace(
        made,
        kind=Kind.REFUND,
        original="5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10",
        direction=Direction.OUTBOUND,
        funding=Funding.GROSS,
        terms=replace(made.terms, destination=Money.parse(amount, "KHR")),
    )


def who(**extra: str) -> Particulars:
    return replace(particulars(), extra=extra or CAME)


def document(amount: str = "41250") -> bytes:
    body = ADAPTER.plan_refund(back(amount), who(), planning(5)).body
    text = etree.fromstring(body).findtext(".//{http://webservice.nbc.org.kh/}content_message")
    assert text is not None
    return text.encode()


def test_a_reversal_has_the_elements_of_the_genuine_one_in_their_order(shared: Path) -> None:
    file = shared / "samples/networks/bakong/backbone/makeReverseTransaction.request.xml"
    envelope = etree.fromstring(file.read_bytes())
    genuine = envelope.findtext(".//{http://webservice.nbc.org.kh/}content_message")
    assert genuine is not None

    def shape(text: bytes) -> list[str]:
        return [str(each.tag).removeprefix(SPACE) for each in etree.fromstring(text.strip()).iter()]

    assert shape(document()) == shape(genuine.encode())


def test_a_reversal_names_the_transfer_that_came_in() -> None:
    values = read(document(), names=("pain.007.001.05",), header=False).values

    assert values["original_message_id"] == "M1/2"
    assert values["original_payment_information_id"] == "BKRTKHPPXXX/ACLBKHPPXXX/R1"
    assert values["reversed_amount"] == Money.parse("41250", "KHR")
    assert (values["debtor_agent"], values["creditor_agent"]) == ("BKRTKHPPXXX", "ACLBKHPPXXX")
    assert values["reversal_id"] == values["message_id"] == back().reference
    assert values["debtor_account"] == "aclbkhppxxx@aclb"


@pytest.mark.parametrize("name", sorted(CAME.keys() - {"incoming_message_name"}))
def test_without_knowing_what_came_in_nothing_goes_back(name: str) -> None:
    known = {key: value for key, value in CAME.items() if key != name}

    with pytest.raises(IsoError) as refused:
        ADAPTER.plan_refund(back(), who(**known), planning(5))

    assert refused.value.code == "NOOR"


def answered(status: str, rest: str = "") -> Outcome:
    exchange = ADAPTER.plan_refund(back(), who(), planning(5))
    said = response("makeReverseTransaction", status_report(status, rest))
    return ADAPTER.read(exchange, back(), said)


def test_what_the_backbone_answers_is_read_as_for_a_transfer() -> None:
    assert answered("ACSP").kind is OutcomeKind.PENDING
    assert answered("ACSC").kind is OutcomeKind.ACCEPTED
    why = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"
    assert answered("RJCT", why) == Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    copy = "<StsRsnInf><Rsn><Cd>AM05</Cd></Rsn></StsRsnInf>"
    assert answered("RJCT", copy) == UNKNOWN


def test_an_enquiry_is_answered_by_a_reversal_and_not_by_a_transfer() -> None:
    payment_back, asked = back(), planning(5)
    exchange = ADAPTER.plan_enquire(payment_back, who(), asked)

    def found(text: str) -> Outcome:
        listed = item(
            text,
            status="Settled",
            payer_participant_code="ACLBKHPPXXX",
            payee_participant_code="BKRTKHPPXXX",
            ext_ref=payment_back.reference,
        )
        answer = response("getOutgoingTransaction", listed)
        return ADAPTER.read(exchange, payment_back, answer)

    assert exchange.operation is Operation.ENQUIRE
    assert found(document().decode()).kind is OutcomeKind.ACCEPTED
    assert found(document("41000").decode()) == UNKNOWN
    transfer = ADAPTER.plan_pay(payment("41250"), particulars(), asked).body
    text = etree.fromstring(transfer).findtext(".//{http://webservice.nbc.org.kh/}iso_message")
    assert found(text or "") == UNKNOWN


async def came(bench: Bench, amount: str = "41250") -> IncomingItem:
    """Another bank pays the sponsor, who acknowledges it."""
    await bench.control("incoming", payee="ACLBKHPPXXX", amount=amount, currency="KHR")
    (found,) = await bench.collect()
    assert not found.reversal
    assert await bench.acknowledge(found)
    return found


def of(found: IncomingItem) -> Particulars:
    kept = {f"incoming_{name}": value for name, value in found.acknowledgement.items()}
    return who(**kept, incoming_payer_agent=found.payer_agent)


async def reversed_by(bench: Bench, what: Payment, whose: Particulars) -> Outcome:
    exchange = ADAPTER.plan_refund(what, whose, bench.planning())
    first = await bench.again(exchange, what)
    assert await bench.again(exchange, what) == first
    return first


def test_what_came_in_goes_back_whole_and_once() -> None:
    async def use(bench: Bench) -> None:
        before = (await bench.get("/ledger"))["pools"]
        whose = of(await came(bench))
        given = await reversed_by(bench, back(), whose)
        bench.clock.seconds += 0.1

        assert given.kind is OutcomeKind.PENDING
        assert (await bench.enquire(back())).kind is OutcomeKind.ACCEPTED
        assert (await bench.get("/ledger"))["pools"] == before
        assert await bench.entry() == ("booked", None)
        # Under another reference it would be a second one.
        assert await reversed_by(bench, back(number=6), whose) == UNKNOWN

    run(use)


def test_more_than_came_in_and_what_never_came_in_does_not_go_back() -> None:
    async def use(bench: Bench) -> None:
        whose = of(await came(bench))
        beyond = await reversed_by(bench, back("41251"), whose)
        nothing = await reversed_by(bench, back(number=6), who())

        assert (beyond.kind, beyond.reason) == (OutcomeKind.REFUSED, Reason.AMOUNT_DIFFERS)
        assert (nothing.kind, nothing.reason) == (OutcomeKind.REFUSED, Reason.ORIGINAL_UNKNOWN)

    run(use)


@pytest.mark.parametrize("kind", ["drop_answer", "garbage", "wrong_signature", "error_500"])
def test_a_reversal_whose_answer_is_lost_is_found_by_asking(kind: str) -> None:
    async def use(bench: Bench) -> None:
        whose = of(await came(bench))
        await bench.control("faults", operation="refund", kind=kind)
        exchange = ADAPTER.plan_refund(back(), whose, bench.planning())

        assert await bench.again(exchange, back()) == UNKNOWN
        bench.clock.seconds += 0.1
        assert (await bench.enquire(back())).kind is OutcomeKind.ACCEPTED
        assert await bench.entry() == ("booked", None)

    run(use)


def test_one_that_never_arrived_is_not_there() -> None:
    async def use(bench: Bench) -> None:
        whose = of(await came(bench))
        await bench.control("faults", operation="refund", kind="drop_request")

        exchange = ADAPTER.plan_refund(back(), whose, bench.planning())
        assert await bench.again(exchange, back()) == UNKNOWN
        assert (await bench.enquire(back())).kind is OutcomeKind.NEVER_SEEN

    run(use)


def test_a_reversal_to_us_is_known_by_its_root_element_and_by_no_word() -> None:
    async def use(bench: Bench) -> None:
        await bench.control(
            "incoming", payee="ACLBKHPPXXX", amount="800", currency="KHR", reversal=True
        )
        (found,) = await bench.collect()

        assert found.reversal

    run(use)
