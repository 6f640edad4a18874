"""Sealed codes of every network, made from root objects, for the tests of the readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from switch.qr import Khqr, Language, recognise
from switch.qr.emv import compose, seal

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
CREATED_MS: Final = 1795230000000
AT: Final = EPOCH + timedelta(milliseconds=CREATED_MS)
LONG: Final = "19740116005204460000000DEVB0002"

_SHOP: Final = {"00": "01", "01": "11", "52": "5812", "59": "RIVER SHOP", "60": "RIVERSIDE"}


def template(*values: str) -> str:
    """Objects 00, 01, 02 ... of one template; an empty text leaves its tag out."""
    return "".join(compose(f"{tag:02d}", value) for tag, value in enumerate(values) if value)


NETWORKS: Final = {
    "khqr": {"29": template("chan_rith@abc"), "53": "116", "58": "KH"},
    "thaiqr": {
        "30": template("A000000677012006", "099300045670100", "TABLE007", "T0001"),
        "53": "764",
        "58": "TH",
    },
    "vietqr": {
        "38": template("A000000727", template("970422", "MERCHANT01"), "QRPUSH"),
        "53": "704",
        "58": "VN",
    },
    "laoqr": {
        "38": template("A005266284662577", "27710418", "002", "mch000000000001"),
        "53": "418",
        "58": "LA",
    },
    "duitnow": {"26": template("A0000006150001", "501664", "123456789"), "53": "458", "58": "MY"},
    "mmqr": {
        "26": template("com.mmqrpay.www", "223000000000001", "10010001"),
        "53": "104",
        "58": "MM",
    },
    "jpqr": {
        "26": template("jp.or.paymentsjapan", "0000000000012", "0001", "000001", "000001"),
        "53": "392",
        "58": "JP",
    },
    "sgqr": {
        "26": template("SG.PAYNOW", "2", "201403121W", "0", "20271231"),
        "51": template("SG.SGQR", "20110900ABCD"),
        "53": "702",
        "58": "SG",
    },
    "qris": {
        "26": template("ID.CO.TEHAIR.WWW", "936000140456789", "MID0001", "UMI"),
        "51": template("ID.CO.QRIS.WWW", "", "ID1019123456781", "UMI"),
        "53": "360",
        "58": "ID",
    },
    "qrph": {
        "28": template("ph.ppmi.p2m", "PAEYPHM2XXX", "", "MERCHANT01"),
        "53": "608",
        "58": "PH",
    },
    "bharatqr": {
        "26": template("A000000524", "chaishop@icici"),
        "27": template("A000000524", "ORDER0001"),
        "53": "356",
        "58": "IN",
    },
    "unionpay": {"15": LONG, "53": "156", "58": "CN"},
}
"""The root objects that make a code each network's, beside those of a shop."""


def code(network: str, changes: dict[str, str | None] | None = None) -> str:
    """A sealed code with root objects changed, or left out (``None``), in ascending order."""
    objects = {**_SHOP, **NETWORKS[network], **(changes or {})}
    return seal(
        "".join(compose(tag, objects[tag] or "") for tag in sorted(objects) if objects[tag])
    )


def read_back(payload: str, at: datetime) -> Khqr:
    """What our reader makes of a text, as an input again; a deviation fails.

    A code with object 15 is payable through UnionPay too; as KHQR it comes first.
    """
    candidate = recognise(payload, at=at).candidates[0]
    assert (candidate.scheme, candidate.deviations) == ("khqr", ())
    content = candidate.content
    language = content.language
    union = {node.tag: node.value for node in content.nodes}.get("15")
    return Khqr(
        account=content.bakong_account or "",
        merchant_name=content.merchant_name or "",
        merchant_city=content.merchant_city or "",
        currency=content.currency.code,
        merchant_id=content.merchant_id,
        acquiring_bank=content.acquiring_bank,
        account_information=content.account_information,
        category=content.merchant_category or "",
        amount=content.amount,
        created_at=content.created_at,
        expires_at=content.expires_at,
        bill_number=content.bill_number,
        mobile_number=content.mobile_number,
        store_label=content.store_label,
        terminal_label=content.terminal_label,
        purpose=content.purpose,
        language=Language(language["00"], language["01"], content.local_city) if language else None,
        unionpay=union,
    )
