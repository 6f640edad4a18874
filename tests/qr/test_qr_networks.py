"""Each network's file takes its codes, and refuses each broken one in its layer with its word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from switch.qr import SCHEMES, QrError, examine, recognise
from switch.qr.emv import seal
from tests.qr.qr_codes import AT, LONG, NETWORKS, code, template


@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_a_clean_code_is_paid_through_its_network_alone(network: str) -> None:
    (candidate,) = recognise(code(network), at=AT).candidates
    strict = examine(code(network), at=AT, profile="strict")

    assert (candidate.scheme, candidate.deviations) == (network, ())
    assert (strict.valid, strict.network, strict.networks) == (True, network, (network,))


@pytest.mark.parametrize("network", sorted(set(NETWORKS) - {"unionpay"}))
@pytest.mark.parametrize(
    ("tag", "value", "reason"),
    [("53", "978", "currency_not_allowed"), ("58", "FR", "country_not_allowed")],
)
def test_money_and_country_of_another_network_are_refused(
    network: str, tag: str, value: str, reason: str
) -> None:
    examined = examine(code(network, {tag: value}), at=AT)

    if network == "qris" and tag == "58":
        # Its acquirers print any identifier: away from home nobody knows whose it is.
        assert (examined.network, examined.networks) == ("emvco", ())
        return
    assert (examined.layer, examined.reason, examined.path) == ("network", reason, tag)
    assert examined.network == network


@pytest.mark.parametrize("network", sorted(NETWORKS))
@pytest.mark.parametrize(
    ("broken", "layer"),
    [
        (lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), "crc"),
        (lambda text: text[:-4], "tlv"),
        (lambda text: text[:-8], "schema"),
        (lambda text: text[:31], "tlv"),
        (lambda text: text + "\n", "tlv"),
        (lambda text: text + " ", "tlv"),
        (lambda text: text + text[-8:], "schema"),
        (lambda text: seal(text[:-8] + "5303" + text[text.index("5303") + 4 :][:3]), "schema"),
        (lambda text: seal(text[:-8].replace("5910RIVER", "5911RIVER")), "tlv"),
        (lambda text: seal(text[:-8].replace("5910RIVER SHOP", "5900")), "tlv"),
        (lambda text: seal(text[:-8].replace("5910RIVER", "59A0RIVER")), "tlv"),
        (lambda text: seal(text[:-8].replace("5802", "5803")), "tlv"),
        (lambda text: seal(text[:-8].replace("010211", "010213")), "field"),
        (lambda text: seal(text[:-8].replace("52045812", "520458AB")), "field"),
        (lambda text: seal(text[:-8].replace("52045812", "5202AB")), "field"),
        (lambda text: seal(text[6:-8]), "schema"),
    ],
    ids=[
        "crc_changed",
        "crc_value_absent",
        "crc_object_absent",
        "cut_in_the_middle",
        "newline_behind",
        "space_behind",
        "crc_twice",
        "currency_twice",
        "length_too_long",
        "empty_name",
        "letter_in_a_length",
        "country_length",
        "point_of_initiation",
        "category_letters",
        "category_short",
        "format_indicator_absent",
    ],
)
def test_a_broken_code_is_refused_in_its_layer(network: str, broken: object, layer: str) -> None:
    assert callable(broken)
    examined = examine(broken(code(network)), at=AT)

    assert (examined.valid, examined.layer) == (False, layer)


BROKEN = [
    ("vietqr", "38", template("A000000727", template("97042", "1")), "bank_code_format"),
    ("vietqr", "38", template("A000000727", template("", "1")), "missing_bank_code"),
    ("vietqr", "38", template("A000000727", template("970422", "")), "missing_account_number"),
    ("vietqr", "38", template("A000000727", template("970422", "1" * 20)), "account_number_length"),
    ("vietqr", "38", template("A000000727", "", "QRPUSH"), "missing_beneficiary"),
    (
        "vietqr",
        "38",
        template("A000000727", template("970422", "1"), "QRPOST"),
        "service_code_format",
    ),
    ("vietqr", "38", template("A000000728", template("970422", "1")), "unknown_guid"),
    ("laoqr", "38", template("A005266284662577", "27710116", "002", "m1"), "bank_code_format"),
    ("laoqr", "38", template("A005266284662577", "27710418", "2", "m1"), "payment_type_format"),
    ("laoqr", "38", template("A005266284662577", "27710418", "002"), "missing_receiver"),
    ("laoqr", "38", template("A005266284662578", "27710418", "002", "m1"), "unknown_guid"),
    ("duitnow", "26", template("A0000006150001", "", "1"), "missing_acquirer"),
    ("duitnow", "26", template("A0000006150001", "50166", "1"), "acquirer_format"),
    ("duitnow", "26", template("A0000006150001", "501664"), "missing_merchant_id"),
    ("duitnow", "26", template("A0000006150001", "501664", "x" * 29), "merchant_id_length"),
    ("mmqr", "26", template("com.mmqrpay.www", "", "10010001"), "missing_merchant_id"),
    ("mmqr", "26", template("com.example.www", "1"), "unknown_guid"),
    ("jpqr", "26", template("jp.or.paymentsjapan", "", "0001"), "missing_store_id"),
    ("jpqr", "26", template("jp.or.paymentsjapan", "12"), "store_id_length"),
    ("jpqr", "26", template("jp.or.paymentsjapan", "000000000001A"), "store_id_format"),
    ("sgqr", "26", template("SG.PAYNOW", "2"), "missing_proxy"),
    ("sgqr", "26", template("SG.PAYNOW", "", "1"), "missing_proxy_type"),
    ("sgqr", "26", template("SG.PAYNOW", "2", "1", "7"), "editable_format"),
    ("sgqr", "26", template("SG.PAYNOW", "2", "1", "0", "20271331"), "expiry_format"),
    ("qris", "26", template("ID.CO.A.WWW", "", "1"), "missing_merchant_pan"),
    ("qris", "26", template("ID.CO.A.WWW", "936000140456789", "1", "UXX"), "merchant_class_format"),
    ("qris", "51", template("ID.CO.QRIS.WWW"), "missing_national_id"),
    ("qrph", "28", template("ph.ppmi.p2m", "", "", "M"), "missing_bank_code"),
    ("qrph", "28", template("ph.ppmi.p2m", "PAEY", "", "M"), "bank_code_format"),
    ("qrph", "28", template("ph.ppmi.p2x", "PAEYPHM2", "", "M"), "unknown_guid"),
    ("bharatqr", "26", template("A000000524"), "missing_address"),
    ("bharatqr", "26", template("A000000524", "chaishop"), "address_format"),
]


@pytest.mark.parametrize(
    ("network", "tag", "value", "reason"),
    BROKEN,
    ids=[f"{network}-{reason}-{n}" for n, (network, _, _, reason) in enumerate(BROKEN)],
)
def test_a_broken_account_object_is_the_networks_fault(
    network: str, tag: str, value: str, reason: str
) -> None:
    examined = examine(code(network, {tag: value}), at=AT)

    assert (examined.network, examined.layer, examined.reason) == (network, "network", reason)


def test_a_third_level_that_is_no_template_is_a_fault_of_form() -> None:
    nested = template("A000000727", "00069704220109AB")
    examined = examine(code("vietqr", {"38": nested}), at=AT)

    assert (examined.layer, examined.reason, examined.path) == ("tlv", "wrong_length", "38/01")
    assert examined.position == code("vietqr", {"38": nested}).index("0109AB")


def test_values_of_the_third_level_have_names() -> None:
    content = recognise(code("vietqr"), at=AT).candidates[0].content

    assert (content.account["bank_code"], content.account["account_number"]) == (
        "970422",
        "MERCHANT01",
    )


@pytest.mark.parametrize(
    ("network", "changes", "why"),
    [
        (
            "vietqr",
            {"38": template("A000000727", template("970422", "1"), "QRIBFTTA")},
            "person_to_person",
        ),
        (
            "vietqr",
            {"38": template("A000000727", template("970422", "1"), "QRCASH")},
            "cash_withdrawal",
        ),
        ("duitnow", {"52": "6010"}, "cash_withdrawal"),
        (
            "thaiqr",
            {"30": None, "29": template("A000000677010114", "", "", "", "", "A1B2C3D4E5")},
            "shown_by_payer",
        ),
        ("sgqr", {"26": None}, "no_account"),
        ("bharatqr", {"26": None}, "no_account"),
    ],
)
def test_a_sound_code_that_nobody_abroad_can_pay_says_why(
    network: str, changes: dict[str, str | None], why: str
) -> None:
    text = code(network, changes)
    examined = examine(text, at=AT)

    assert (examined.valid, examined.network, examined.networks) == (True, network, ())
    assert why in examined.notes
    with pytest.raises(QrError) as refusal:
        recognise(text, at=AT)
    assert (refusal.value.scheme, refusal.value.layer, refusal.value.reason) == (
        network,
        "network",
        why,
    )


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (datetime(2027, 12, 31, 15, 59, 59, 999999, tzinfo=UTC), True),
        (datetime(2027, 12, 31, 16, 0, tzinfo=UTC), False),
    ],
)
def test_paynow_ends_with_its_last_day_in_singapore(at: datetime, taken: bool) -> None:
    examined = examine(code("sgqr"), at=at)

    assert examined.valid is taken
    if not taken:
        assert (examined.layer, examined.reason, examined.path) == ("time", "expired", "26/04")


def test_what_paynow_says_ends_with_that_day_to_the_millisecond() -> None:
    (candidate,) = recognise(code("sgqr"), at=AT).candidates

    last = datetime(2027, 12, 31, 15, 59, 59, 999000, tzinfo=UTC)
    assert last == candidate.content.expires_at


@pytest.mark.parametrize(("editable", "taken"), [("1", True), ("0", False)])
def test_an_amount_of_zero_is_for_the_payer_to_type_where_paynow_says_so(
    editable: str,
    taken: bool,
) -> None:
    account = template("SG.PAYNOW", "2", "201403121W", editable)
    examined = examine(code("sgqr", {"26": account, "54": "0.00"}), at=AT)

    assert examined.valid is taken
    assert ("payer_types_amount" in examined.notes) is taken
    if taken:
        content = (
            recognise(code("sgqr", {"26": account, "54": "0.00"}), at=AT).candidates[0].content
        )
        assert content.amount is None


def test_paynow_stands_in_another_template_of_a_shared_label() -> None:
    text = code("sgqr", {"26": None, "31": template("SG.PAYNOW", "0", "+6591234567")})
    (candidate,) = recognise(text, at=AT).candidates

    assert (candidate.content.account_tag, candidate.content.account["proxy_kind"]) == ("31", "0")


@pytest.mark.parametrize(
    "account", [template("A000000775", "01234567"), template("vn.wallet.www", "M1")]
)
def test_vnpay_and_the_wallets_of_vietnam_belong_to_vietqr(account: str) -> None:
    (candidate,) = recognise(code("vietqr", {"38": None, "26": account}), at=AT).candidates

    assert (candidate.scheme, candidate.content.account_tag) == ("vietqr", "26")


def test_one_sticker_of_two_networks_is_given_in_the_wanted_order() -> None:
    text = code("khqr", {"15": LONG})
    preferred = recognise(text, at=AT, prefer=("unionpay", "thaiqr"))

    assert [c.scheme for c in recognise(text, at=AT).candidates] == ["khqr", "unionpay"]
    assert [c.scheme for c in preferred.candidates] == ["unionpay", "khqr"]
    assert preferred.candidates[0].content.account == {"unionpay_merchant": LONG}


@pytest.mark.parametrize("tag", ["15", "16"])
def test_unionpay_alone_is_enough(tag: str) -> None:
    (candidate,) = recognise(code("unionpay", {"15": None, tag: LONG}), at=AT).candidates

    assert (candidate.scheme, candidate.content.account_tag, candidate.notes) == (
        "unionpay",
        tag,
        (),
    )


def test_a_sound_code_of_no_known_network_is_valid_and_cannot_be_paid() -> None:
    text = code("mmqr", {"26": template("org.example", "M1"), "53": "978", "58": "FR", "54": "1.5"})
    examined = examine(text, at=AT)

    assert (examined.valid, examined.network, examined.networks) == (True, "emvco", ())
    assert (examined.fields["currency_alpha"], examined.fields["amount"]) == ("EUR", "1.5")
    with pytest.raises(QrError) as refusal:
        recognise(text, at=AT)
    assert refusal.value.reason == "unknown_network"


@pytest.mark.parametrize(
    ("numeric", "amount", "reason"),
    [
        ("978", "1.234", "amount_format"),
        ("414", "1.234", None),
        ("952", "1.5", "amount_format"),
        ("999", "1", "currency_unknown"),
    ],
)
def test_amounts_fit_any_currency_of_the_world(
    numeric: str, amount: str, reason: str | None
) -> None:
    changes = {"26": template("org.example", "M1"), "53": numeric, "58": "FR", "54": amount}

    assert reason == examine(code("mmqr", dict(changes)), at=AT).reason


def test_an_identifier_of_more_than_32_characters_is_refused() -> None:
    text = code("mmqr", {"26": template("x" * 33), "53": "978", "58": "FR"})

    assert (examine(text, at=AT).layer, examine(text, at=AT).reason) == ("field", "guid_length")


@pytest.mark.parametrize(
    "slip",
    [
        "0038" + "0006000001" + "0103004" + "0217000000000000000AB" + "5102TH" + "91040000",
        "0029" + "000201" + "0102P2" + "0213TX00000000001" + "9104abcd",
    ],
)
def test_the_slip_of_a_transfer_is_no_payment_code(slip: str) -> None:
    examined = examine(slip, at=AT)

    assert (examined.network, examined.layer, examined.reason) == (
        "thaiqr",
        "network",
        "not_a_payment_code",
    )


def test_a_code_that_lost_its_crc_is_no_slip() -> None:
    text = code("thaiqr", {"91": template("A0", "B1")})[:-8]

    assert examine(text, at=AT).reason == "missing_63"


def test_values_of_every_network_have_names() -> None:
    """No field of a scheme file is without a name, and none is named twice in one object."""
    for scheme in SCHEMES.schemes:
        rules = [*scheme.accounts, *(link.account for link in scheme.links)]
        for account in rules:
            named = [field.name for field in account.fields.values() if not field.sets]
            assert all(named)
            assert len(named) == len(set(named))


@pytest.mark.parametrize("amount", [None, "12.50"])
def test_a_sound_code_in_money_that_the_switch_does_not_count_pays_nobody(
    amount: str | None,
) -> None:
    text = code("unionpay", {"53": "978", "58": "FR", "54": amount})
    examined = examine(text, at=AT)

    assert (examined.valid, examined.networks) == (True, ())
    assert examined.notes == ("currency_unsupported",)
    with pytest.raises(QrError) as refusal:
        recognise(text, at=AT)
    assert (refusal.value.layer, refusal.value.reason, refusal.value.path, refusal.value.code) == (
        "network",
        "currency_unsupported",
        "53",
        "AM03",
    )
