"""A message in another version of its family holds the same fields, and what is lost is named."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fx.money import Money
from iso20022 import DOCUMENTS, HEADERS, IsoError, build, read
from iso20022.convert import Loss, convert, differences, pairs
from tests.iso20022.iso_examples import HEADER, PAYMENT
from tests.iso20022.iso_strategies import documents, headers

TRANSACTION = "/Document/FIToFICstmrCdtTrf/CdtTrfTxInf"
SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "iso20022"
EVERY_PAIR = tuple(pairs())
STATEMENTS = {"camt.052", "camt.053", "camt.054"}

QUOTE: dict[str, object] = {
    "expires_at": datetime(2026, 11, 21, 3, 25, tzinfo=UTC),
    "agreed_rate_unit_currency": "THB",
    "agreed_rate_quoted_currency": "KHR",
    "agreed_rate": Decimal("118.84"),
    "quote_id": "0b0e6f5e-3a5a-4c1e-9d4e-7a1f2b3c4d5e",
}
NEWEST: dict[str, object] = PAYMENT | QUOTE
FULL = {"header_name": "head.001.001.04", "header": HEADER}


def refused(message: bytes, to: str, header: str | None = None) -> IsoError:
    with pytest.raises(IsoError) as caught:
        convert(message, to, header=header)
    return caught.value


def test_the_quote_goes_outward_in_supplementary_data_and_comes_back_whole() -> None:
    raw = build("pacs.008.001.13", NEWEST, **FULL)  # type: ignore[arg-type]

    outward, losses = convert(raw, "pacs.008.001.08")
    back, none = convert(outward, "pacs.008.001.13")

    assert raw == back
    assert none == ()
    assert set(QUOTE) == {loss.field for loss in losses}
    assert all(loss.kept for loss in losses)


def test_header_and_definition_follow_the_document() -> None:
    raw = build("pacs.008.001.13", NEWEST, **FULL)  # type: ignore[arg-type]

    outward = read(convert(raw, "pacs.008.001.08")[0], names=DOCUMENTS)
    fedwire = read(convert(raw, "pacs.008.001.08", header="head.001.001.03")[0], names=DOCUMENTS)

    assert outward.header is not None
    assert (outward.header_name, outward.header["message_definition"]) == (
        "head.001.001.02",
        "pacs.008.001.08",
    )
    assert fedwire.header_name == "head.001.001.03"


def test_acceptance_time_moves_to_where_the_version_has_it() -> None:
    newest = build("pacs.008.001.13", PAYMENT)

    older, losses = convert(newest, "pacs.008.001.12")

    assert b"<AddtlDtTm><AccptncDtTm>" in newest
    assert b"</IntrBkSttlmDt><AccptncDtTm>" in older
    assert losses == ()


def test_what_has_no_place_is_named_with_its_path() -> None:
    charge = {"amount": Money.parse("5", "THB"), "agent": "KASITHBK", "type": "CRED"}
    raw = build("pacs.008.001.13", PAYMENT | {"charges": (charge,), "creditor_town": "x" * 36})

    older, losses = convert(raw, "pacs.008.001.08")

    assert (
        Loss(f"{TRANSACTION}/ChrgsInf/Tp/Cd", "charges.type"),
        Loss(f"{TRANSACTION}/Cdtr/PstlAdr/TwnNm", "creditor_town"),
    ) == tuple(sorted(losses, key=lambda loss: loss.field))
    values = read(older, names=DOCUMENTS).values
    assert ({"amount": charge["amount"], "agent": "KASITHBK"},) == values["charges"]


def test_a_code_that_the_older_list_lacks_is_named_and_left_out() -> None:
    raw = build("pacs.008.001.13", PAYMENT | {"remittance_reference_type": "ISRF"})

    older, losses = convert(raw, "pacs.008.001.08")

    assert [loss.field for loss in losses] == ["remittance_reference_type"]
    assert "remittance_reference_type" not in read(older, names=DOCUMENTS).values


def test_a_payee_known_by_an_alias_alone_is_refused_and_not_lost() -> None:
    values: dict[str, object] = PAYMENT | {"creditor_proxy_type": "MBNO", "creditor_proxy": "+66-8"}
    del values["creditor_account"]
    raw = build("pacs.008.001.13", values)

    error = refused(raw, "pacs.008.001.08")

    assert error.code == "CH21"
    assert error.path.startswith(f"{TRANSACTION}/CdtrAcct/Id")


def test_there_is_no_conversion_into_another_family_or_header() -> None:
    raw = build("pacs.008.001.13", NEWEST, **FULL)  # type: ignore[arg-type]

    assert refused(raw, "pacs.009.001.08").layer == "schema"
    assert refused(raw, "pacs.008.001.99").layer == "schema"
    assert refused(raw, "pacs.008.001.08", "head.001.001.99").path == "/AppHdr"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample messages are not beside the project")
def test_supplementary_data_of_another_is_a_loss() -> None:
    raw = (SAMPLES / "own__pacs008_v08_qr_supplementary.xml").read_bytes()

    losses = convert(raw, "pacs.008.001.13")[1]

    assert (Loss(f"{TRANSACTION}/SplmtryData", ""),) == losses


def test_a_signature_is_a_loss() -> None:
    raw = build("pacs.008.001.13", NEWEST, **FULL)  # type: ignore[arg-type]
    sign = b'<Sgntr><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></Sgntr></AppHdr>'

    losses = convert(raw.replace(b"</AppHdr>", sign), "pacs.008.001.13")[1]

    assert (Loss("/AppHdr/Sgntr", ""),) == losses


@pytest.mark.parametrize(("name", "to"), EVERY_PAIR)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)
@given(data=st.data())
def test_there_and_back_differs_by_the_named_losses_alone(
    name: str, to: str, data: st.DataObject
) -> None:
    values = data.draw(documents(name))
    assume(values.keys() & {"creditor_account", "creditor_iban"} or "creditor_proxy" not in values)
    assume(values.keys() & {"account", "account_iban"} or name[:8] not in STATEMENTS)
    if name.startswith("acmt"):
        # Version 02 has the BIC of 2009, whose first six characters are letters.
        values |= {field: "NBHQKHPP" for field in values if field.endswith("agent")}
    header_name = data.draw(st.sampled_from(sorted(HEADERS)))
    header = data.draw(headers(header_name, name, values.get("message_id")))
    raw = build(name, values, header_name=header_name, header=header)

    there, losses = convert(raw, to)
    back, more = convert(there, name, header=header_name)

    gone = {loss.field for loss in (*losses, *more) if not loss.kept}
    if not gone:
        assert raw == back
    found = read(back, names=DOCUMENTS)
    tops = {field.partition(".")[0] for field in gone}
    assert {k: v for k, v in values.items() if k not in tops} == {
        k: v for k, v in found.values.items() if k not in tops
    }


def test_the_pairs_that_lose_nothing_are_known() -> None:
    lossless = [pair for pair in EVERY_PAIR if all(loss.kept for loss in differences(*pair))]

    assert ("pacs.008.001.13", "pacs.008.001.12") in lossless
    assert ("pacs.008.001.13", "pacs.008.001.08") not in lossless
    assert ("acmt.023.001.04", "acmt.023.001.02") in lossless
