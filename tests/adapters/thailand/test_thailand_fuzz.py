"""Whatever bytes come, signed by the partner or not: a refusal or an outcome, no other error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.port import InboundPay, OutcomeKind, WireAnswer, WireRefusal
from tests.adapters.thailand.thailand_parts import (
    credit,
    new_desk,
    outbound_particulars,
    outbound_payment,
    partner_signer,
    planning,
)

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter
    from tests.adapters.thailand.thailand_parts import Keys

CUTS = st.tuples(st.integers(0, 5_000), st.integers(0, 12), st.binary(max_size=12))
VALUES = st.text(max_size=40).filter(lambda text: "]]>" not in text)


def taken(thailand: ThailandAdapter, body: bytes) -> object:
    """What the adapter makes of these bytes; None when it refuses them with an answer.

    Whatever the bytes, a refusal of a payment (HTTP 200) names the one that it ends.
    """
    try:
        return thailand.translate({}, body, planning())
    except WireRefusal as refusal:
        final = refusal.status == 200
        return None if refusal.body and final == bool(refusal.uetr) else refusal


@given(cut=CUTS, status=st.sampled_from([200, 400, 401, 500]))
@settings(max_examples=150)
def test_altered_bytes_never_end_a_payment_nor_become_one(
    thailand: ThailandAdapter, keys: Keys, cut: tuple[int, int, bytes], status: int
) -> None:
    body = new_desk(keys).payment(credit()).body
    at, length, put = cut
    altered = body[:at] + put + body[at + length :]
    payment = outbound_payment(thailand.reference(planning()))
    exchange = thailand.plan_pay(payment, outbound_particulars(), planning())
    outcome = thailand.read(exchange, payment, WireAnswer(status, {}, altered))

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert taken(thailand, altered) in (None, taken(thailand, body))


@given(
    tag=st.sampled_from(
        ["MsgId", "TxId", "UETR", "EndToEndId", "InstrId", "CreDtTm", "AccptncDtTm", "Nm", "Cd",
         "IntrBkSttlmAmt", "BICFI", "QtTkn", "BizMsgIdr", "CreDt", "NbOfTxs", "QrPyld"]
    ),
    value=VALUES,
)  # fmt: skip
@settings(max_examples=150)
def test_strange_values_signed_by_the_partner_are_taken_or_refused(
    thailand: ThailandAdapter, keys: Keys, tag: str, value: str
) -> None:
    safe = "".join(c for c in value if c.isprintable()).replace("&", "").replace("<", "")
    text = re.sub(r"<Sgntr>.*</Sgntr>", "", new_desk(keys).payment(credit()).body.decode())
    changed = re.sub(rf"(<{tag}[^>]*>)[^<]*(</{tag}>)", rf"\g<1>{_quoted(safe)}\g<2>", text)
    got = taken(thailand, partner_signer(keys).sign(changed.encode()))

    assert got is None or isinstance(got, InboundPay)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\")
