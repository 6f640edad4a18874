"""A signed RJCT about a payment of Thailand's is final: it is bound, or its UETR is buried first.

The adapter binds nothing itself. What is tested is that everything which it refuses for good
carries what the switch needs to keep that word: the same bytes later, or a corrected message under
the same UETR, must find a payment that has ended.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from adapters.iso_profile import mapping
from fx.money import Money
from switch.model import Party, State, Status
from switch.port import InboundPay, WireRefusal
from switch.reasons import Reason
from tests.adapters.thailand.test_thailand_inbound import HEADERS, answered, refused, resigned
from tests.adapters.thailand.thailand_parts import (
    NOW,
    UETR,
    Keys,
    credit,
    inbound_payment,
    new_desk,
    planning,
)

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter

TRANSACTION: Final = credit().transaction_id
TO: Final = "<To><FIId><FinInstnId><BICFI>"
COMPLETE: Final = (
    ("<ClrSys><Cd>THN</Cd></ClrSys>", "<ClrSys><Cd>MEP</Cd></ClrSys>", Reason.AGENT_INCORRECT),
    (
        "<InstgAgt><FinInstnId><BICFI>ITMXTHBK",
        "<InstgAgt><FinInstnId><BICFI>KASITHBK",
        Reason.AGENT_INCORRECT,
    ),
    (
        "<InstdAgt><FinInstnId><BICFI>NBHQKHPPXXX",
        "<InstdAgt><FinInstnId><BICFI>ABAAKHPPXXX",
        Reason.AGENT_INCORRECT,
    ),
    ('Ccy="THB">346.87</IntrBk', 'Ccy="USD">346.87</IntrBk', Reason.CURRENCY_UNSUPPORTED),
)
BROKEN: Final = (
    ("<QtTkn>sealed-quote-token</QtTkn>", "", Reason.ELEMENT_MISSING),
    (f"<TxId>{TRANSACTION}</TxId>", "", Reason.ELEMENT_MISSING),
    ("<AccptncDtTm>2026-11-21T03:15:01.920Z</AccptncDtTm>", "", Reason.ELEMENT_MISSING),
    (">346.87</IntrBk", ">346.875</IntrBk", Reason.AMOUNT_MALFORMED),
    (">346.87</IntrBk", ">0.00</IntrBk", Reason.AMOUNT_ZERO),
    ("<ChrgBr>SLEV</ChrgBr>", "", Reason.ELEMENT_MISSING),
    ("<ChrgBr>SLEV</ChrgBr>", "<ChrgBr>FREE</ChrgBr>", Reason.FORMAT_INVALID),
)


def payment(keys: Keys, old: str = "", new: str = "", **changes: object) -> bytes:
    """An instruction of the network's, changed before it was signed."""
    body = new_desk(keys).payment(credit(**changes)).body
    return resigned(keys, body, old, new) if old else body


def taken(thailand: ThailandAdapter, body: bytes, after_s: int = 0) -> InboundPay:
    """The instruction as the switch gets it."""
    got = thailand.translate(HEADERS, body, planning(NOW + timedelta(seconds=after_s)))
    assert isinstance(got, InboundPay)
    return got


@pytest.mark.parametrize(("old", "new", "reason"), COMPLETE)
def test_a_complete_instruction_is_handed_on_with_its_refusal(
    thailand: ThailandAdapter, keys: Keys, old: str, new: str, reason: Reason
) -> None:
    wrong, right = taken(thailand, payment(keys, old, new)), taken(thailand, payment(keys))

    assert (reason, None) == (wrong.refused, right.refused)
    assert (UETR, right.quote_token) == (wrong.uetr, wrong.quote_token)
    assert right.particulars == wrong.particulars


def test_an_acceptance_in_the_future_stays_the_same_instruction_when_its_time_has_come(
    thailand: ThailandAdapter, keys: Keys
) -> None:
    body = payment(keys, accepted_at=NOW + timedelta(seconds=301))
    first, later = taken(thailand, body), taken(thailand, body, after_s=302)

    assert (first.refused, later.refused) == (Reason.TOO_OLD, None)
    assert first == replace(later, refused=Reason.TOO_OLD)


@pytest.mark.parametrize(("old", "new", "reason"), BROKEN)
def test_a_broken_instruction_with_readable_ids_names_the_payment_that_its_refusal_ends(
    thailand: ThailandAdapter, keys: Keys, old: str, new: str, reason: Reason
) -> None:
    refusal = refused(thailand, payment(keys, old, new))
    values = answered(keys, refusal.body).values

    assert (200, reason, UETR) == (refusal.status, refusal.reason, refusal.uetr)
    assert ("RJCT", reason.iso) == (values["status"], values["reason"])
    assert values["original_uetr"] == UETR
    assert values.get("original_transaction_id", TRANSACTION) == TRANSACTION


@pytest.mark.parametrize(("old", "new", "reason"), BROKEN)
def test_a_broken_copy_of_a_payment_that_exists_is_refused_as_a_message(
    thailand: ThailandAdapter, keys: Keys, old: str, new: str, reason: Reason
) -> None:
    sent = new_desk(keys).payment(credit())
    otherwise = refused(thailand, resigned(keys, sent.body, old, new)).otherwise
    assert otherwise is not None
    message = answered(keys, otherwise.body)

    assert (otherwise.status, otherwise.content_type) == (400, "application/xml")
    assert (mapping.REJECT, reason.iso) == (message.name, message.values["reason_code"])
    assert sent.message_id == message.values["related_reference"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"<UETR>{UETR}</UETR>", ""),
        (f"<UETR>{UETR}</UETR>", f"<UETR>{UETR.upper()}</UETR>"),
        (f"<UETR>{UETR}</UETR>", "<UETR>5f8c1a52-6a2e-1c1f-9d0b-3a7f2b1c9e10</UETR>"),
        (f"<UETR>{UETR}</UETR>", f"<UETR>{UETR}</UETR><UETR>{UETR}</UETR>"),
        (f"<TxId>{TRANSACTION}</TxId>", "<TxId> </TxId>"),
    ],
)
def test_without_readable_ids_only_the_message_is_refused(
    thailand: ThailandAdapter, keys: Keys, old: str, new: str
) -> None:
    assert_of_the_message(refused(thailand, payment(keys, old, new)), keys)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{TO}NBHQKHPPXXX", f"{TO}ABAAKHPPXXX"),
        ("<Fr><FIId><FinInstnId><BICFI>ITMXTHBK", "<Fr><FIId><FinInstnId><BICFI>KASITHBK"),
    ],
)
@pytest.mark.parametrize("charges", ["<ChrgBr>SLEV</ChrgBr>", ""])
def test_a_message_between_others_ends_no_payment_be_it_broken_or_not(
    thailand: ThailandAdapter, keys: Keys, old: str, new: str, charges: str
) -> None:
    body = payment(keys, "<ChrgBr>SLEV</ChrgBr>", charges)

    assert_of_the_message(refused(thailand, resigned(keys, body, old, new)), keys)


def assert_of_the_message(refusal: WireRefusal, keys: Keys) -> None:
    """Assert that a refusal binds nothing and says nothing of a payment."""
    assert (refusal.status, refusal.uetr, refusal.otherwise) == (400, "", None)
    assert answered(keys, refusal.body).name == mapping.REJECT


def test_a_refusal_that_was_bound_is_reported_about_the_instruction(
    thailand: ThailandAdapter, keys: Keys
) -> None:
    got = taken(thailand, payment(keys, *COMPLETE[-1][:2]))
    ended = inbound_payment(State.REFUSED, got.refused)
    rendered = thailand.render_status(ended, got.particulars, Status.RJCT, planning())
    values = answered(keys, rendered.body).values

    assert (values["status"], values["reason"]) == ("RJCT", "AM03")
    assert (values["original_transaction_id"], values["original_uetr"]) == (TRANSACTION, UETR)


def test_a_status_speaks_of_the_payment_whoever_its_merchant_is(
    thailand: ThailandAdapter, keys: Keys
) -> None:
    got = taken(thailand, payment(keys))
    quoted = replace(got.particulars, creditor=Party("Shop", "shop@aclb", "ACLBKHPPXXX", "", "KH"))
    done = inbound_payment(State.CREDITED)

    assert thailand.render_status(done, got.particulars, Status.ACCC, planning()) == (
        thailand.render_status(done, quoted, Status.ACCC, planning())
    )


@pytest.mark.parametrize(
    "kept",
    [
        (),
        ("original_message_id",),
        ("original_message_name",),
        ("original_transaction_id", "acceptance_at"),
        ("original_instruction_id", "original_end_to_end_id"),
    ],
)
def test_a_status_needs_nothing_that_was_kept_but_the_uetr(
    thailand: ThailandAdapter, keys: Keys, kept: tuple[str, ...]
) -> None:
    whole = taken(thailand, payment(keys))
    extra = {name: whole.particulars.extra[name] for name in kept}
    particulars = replace(whole.particulars, extra=extra)
    got = replace(whole, particulars=particulars)
    failed = inbound_payment(State.REFUSED, Reason.ACCOUNT_UNKNOWN)
    anonymous = replace(particulars, end_to_end_id="")
    bodies = (
        thailand.render_status(failed, particulars, Status.RJCT, planning()).body,
        thailand.render_status(failed, anonymous, Status.RJCT, planning()).body,
        thailand.render_refusal(got, Reason.ACCOUNT_UNKNOWN, planning()).body,
    )
    for body in bodies:
        values = answered(keys, body).values

        assert (
            values["original_uetr"],
            values["status"],
            values["reason"],
        ) == (UETR, "RJCT", "AC01")


def test_the_money_of_a_refused_instruction_is_as_the_message_says(
    thailand: ThailandAdapter, keys: Keys
) -> None:
    got = taken(thailand, payment(keys, *COMPLETE[-1][:2]))

    assert Money.parse("346.87", "USD") == got.settlement_amount
    assert (got.particulars.creditor.account, got.particulars.creditor.agent) == (
        "noodleshop@aclb",
        "ACLBKHPPXXX",
    )
