"""``qr encode`` and ``image``: what is written is read back, and what must not be is told why."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from switch.qr.image import png, svg
from tests.cli.qr_commands import AT, DYNAMIC, SOK, STATIC, decoded, qr


def test_encode_writes_a_static_code() -> None:
    assert qr("encode", "khqr", *SOK, "--currency", "USD") == (0, STATIC + "\n", "")


@pytest.mark.parametrize(
    "end", [("--valid-for", "10m"), ("--expires", "2026-11-21T10:10:00+07:00")]
)
def test_encode_writes_a_dynamic_code_with_its_end(end: tuple[str, ...]) -> None:
    arguments = ("encode", "khqr", *SOK, "--amount", "100", "--created", AT, *end)

    assert qr(*arguments) == (0, DYNAMIC + "\n", "")
    assert orjson.loads(qr(*arguments, "--json")[1]) == {
        "payload": DYNAMIC,
        "md5": "9ebd326f9f4069ca3829880da90b4796",
        "expires": "2026-11-21T03:10:00+00:00",
    }


def test_every_option_is_written_and_read_back() -> None:
    payload = qr(
        *("encode", "khqr", "--account", "angkor_cafe@devb", "--name", "Angkor Cafe"),
        *("--city", "Siem Reap", "--merchant-id", "1234567", "--bank", "Dev Bank"),
        *("--category", "5812", "--amount", "4000", "--valid-for", "1d", "--bill", "B-77"),
        *("--mobile", "85512345678", "--store", "S1", "--terminal", "POS 3", "--purpose", "tea"),
        *("--language", "km", "--local-name", "ហាង", "--local-city", "សៀមរាប"),
        *("--unionpay", "1974011600520446ACLB10002312081"),
    )[1].removesuffix("\n")
    fields = decoded(payload)[1]["fields"]

    assert fields["accounts"] == [
        {"tag": "15", "value": "1974011600520446ACLB10002312081"},
        {
            "tag": "30",
            "id": "angkor_cafe@devb",
            "sub": {"00": "angkor_cafe@devb", "01": "1234567", "02": "Dev Bank"},
        },
    ]
    assert (fields["mcc"], fields["amount"], fields["currency"]) == ("5812", "4000", "116")
    assert (fields["merchant_name"], fields["merchant_city"]) == ("Angkor Cafe", "Siem Reap")
    assert fields["additional"] == {
        "01": "B-77",
        "02": "85512345678",
        "03": "S1",
        "07": "POS 3",
        "08": "tea",
    }
    assert fields["language"] == {"00": "km", "01": "ហាង", "02": "សៀមរាប"}
    assert fields["expiry_ms"] - fields["creation_ms"] == 86_400_000


def test_account_information_is_written() -> None:
    payload = qr("encode", "khqr", *SOK, "--account-information", "85512345678")[1].strip()

    assert decoded(payload)[1]["fields"]["accounts"][0]["sub"]["01"] == "85512345678"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--name", "x" * 26), "length_59 at 59 (error 7 of the central bank's software)"),
        (("--account", "nobank"), "(error 3 of the central bank's software)"),
        (
            ("--amount", "1.5", "--valid-for", "1m"),
            "at 54 (error 4 of the central bank's software)",
        ),
        (("--amount", "abc", "--valid-for", "1m"), "amount_malformed at 54 (error 4"),
        (("--amount", "0", "--valid-for", "1m"), "amount_zero at 54\n"),
        (("--amount", "1"), "missing_expiry"),
        (("--amount", "1", "--expires", "2020-01-01T00:00Z"), "(error 50 of"),
        (("--currency", "USD", "--unionpay", "1" * 31), "unionpay_currency at 15 (error 44 of"),
        (("--merchant-id", "1"), "missing_acquiring_bank at 30/02 (error 31 of"),
        (("--bill", "b" * 26), "length_62_01 at 62/01 (error 10 of"),
    ],
)
def test_code_that_must_not_be_written_is_refused_by_reason_place_and_number(
    arguments: tuple[str, ...], says: str
) -> None:
    status, said, errors = qr("encode", "khqr", *SOK, *arguments)

    assert (status, said) == (1, "")
    assert errors.startswith("bakong-switch: not written: ")
    assert says in errors
    assert errors.count("\n") == 1


def test_image_is_written_as_its_name_says(tmp_path: Path) -> None:
    for name, content in (("a.png", png(STATIC)), ("b.SVG", svg(STATIC).encode())):
        assert qr("image", STATIC, "--output", str(tmp_path / name)) == (0, "", "")
        assert (tmp_path / name).read_bytes() == content
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "b.SVG"]


def test_image_reads_standard_input_and_scales(tmp_path: Path) -> None:
    file = tmp_path / "a.png"

    assert qr("image", "-", "--output", str(file), "--scale", "3", given=STATIC + "\n")[0] == 0
    assert file.read_bytes() == png(STATIC, 3)


def test_code_that_cannot_be_paid_is_drawn_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    broken = STATIC[:-1] + "0"
    status, said, errors = qr("image", broken, "--output", str(file))

    assert (status, said, file.exists()) == (1, "", False)
    assert errors == "bakong-switch: not drawn: bad_crc at 63\n"
    assert qr("image", broken, "--output", str(file), "--force") == (0, "", "")
    assert file.read_bytes() == png(broken)


def test_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    file.write_text("mine")
    said = f"bakong-switch: {file}: is there already; --force replaces it\n"

    assert qr("image", STATIC, "--output", str(file)) == (2, "", said)
    assert file.read_text() == "mine"
    assert qr("image", STATIC, "--output", str(file), "--force") == (0, "", "")
    assert file.read_text() == svg(STATIC)


def test_folder_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "none" / "a.png"
    status, _, errors = qr("image", STATIC, "--output", str(file))

    assert (status, errors) == (2, f"bakong-switch: {file}: No such file or directory\n")


def test_text_that_no_symbol_holds_is_told_in_one_sentence(tmp_path: Path) -> None:
    arguments = ("image", "-", "--output", str(tmp_path / "a.png"), "--force")
    status, _, errors = qr(*arguments, given="x" * 5000)

    assert (status, errors) == (2, "bakong-switch: no symbol holds so much text\n")
