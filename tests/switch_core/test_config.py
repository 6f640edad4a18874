"""A configuration that cannot be meant refuses the start, and says which file and which key.

Each case changes one line of the configuration that travels with the program.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from fx.money import Money
from switch.config import ConfigError, default_folder, load_config

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "postgresql://"
ALONE = "processes_max = 1"
USD = '{ currency = "USD", value = "1000.00" }'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration to be spoilt."""
    return shutil.copytree(default_folder(), tmp_path / "config")


def spoilt(folder: Path, file: str, old: str, new: str) -> str:
    """Change one place of one file, load, and return the refusal."""
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_config(folder)
    return str(refusal.value)


def test_the_configuration_that_travels_along_can_be_used() -> None:
    config = load_config(default_folder())

    assert Money.parse("1.00", "THB") == config.corridors["bakong", "thailand"].amount_min
    assert sorted(config.members) == ["ABAAKHPPXXX", "CADIKHPPXXX"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("switch.toml", "slot = 1", "slot = 1\nslots = 2", "switch.slots"),
        ("switch.toml", "in_flight_max = 1000", "in_flight_maxx = 1000", "payments.in_flight_max"),
        ("switch.toml", "[http]", "[htpp]", "http"),
        ("corridors.toml", "enabled = true", "enabled = true\nlimit = 3", "corridor.0.limit"),
        ("members.toml", 'name = "ABA Bank"', 'name = "A"\ncap = 1', "member.0.cap"),
        ("limits.toml", 'asset = "bakong"', 'asset = "bakong"\nnet = 1', "cap.0.net"),
    ],
)
def test_an_unknown_key_is_named_with_its_file(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    refusal = spoilt(folder, file, old, new)

    assert refusal.startswith(f"{file}: ")
    assert told in refusal


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("switch.toml", "slot = 1", 'slot = "1"', "switch.slot"),
        ("switch.toml", "slot = 1", "slot = -1", "switch.slot"),
        ("switch.toml", "slot = 1", "slot = 100", "switch.slot"),
        ("switch.toml", "in_flight_max = 1000", "in_flight_max = 0", "payments.in_flight_max"),
        ("switch.toml", "lookup_valid_s = 1800", "lookup_valid_s = 0", "payments.lookup_valid_s"),
        ("switch.toml", '"development"', '"trial"', "switch.profile"),
        ("switch.toml", '"NITMTHBK"', '"nitmthbk"', "networks.thailand.partner_bic"),
        ("switch.toml", "http://127.0.0.1:8091", "ftp://127.0.0.1", "networks.thailand.url"),
        ("switch.toml", "http://127.0.0.1:8091", "http://[::1", "networks.thailand.url"),
        ("switch.toml", "http://127.0.0.1:8091", "http://[zz]:80", "networks.thailand.url"),
        ("switch.toml", "http://127.0.0.1:8091", "http://h:99999", "networks.thailand.url"),
        ("switch.toml", "http://127.0.0.1:8091", "http://h:0", "networks.thailand.url"),
        ("switch.toml", "http://127.0.0.1:8091", "http://a..b", "networks.thailand.url"),
        ("switch.toml", '"sqlite"', f'"postgresql"\nurl = "{SERVER}[::1/x"', "store.url"),
        ("switch.toml", '"sqlite"', f'"postgresql"\nurl = "{SERVER}h:99999/x"', "store.url"),
        ("switch.toml", ALONE, f'{ALONE}\nurl = "redis://h:99999/0"', "coordination.url"),
        ("switch.toml", ALONE, f'{ALONE}\nurl = "redis://[::1/0"', "coordination.url"),
        ("switch.toml", '"heads.jsonl"', '"heads\\u0000"', "journal.heads_file"),
        ("switch.toml", '"heads.jsonl"', '""', "journal.heads_file"),
        ("corridors.toml", '"1.00"', "1.00", "corridor.0.amount_min"),
        ("corridors.toml", "enabled = true", 'enabled = "yes"', "corridor.0.enabled"),
        ("corridors.toml", '"capped"', '"lent"', "corridor.0.funding"),
        ("members.toml", '"2000000000"', "2000000000", "member.0.net_debit_max.value"),
        ("limits.toml", '"pool"', '"pond"', "cap.0.role"),
    ],
)
def test_a_wrong_value_is_named_with_its_file(
    folder: Path, file: str, old: str, new: str, key: str
) -> None:
    assert spoilt(folder, file, old, new).startswith(f"{file}: {key}: ")


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("corridors.toml", '"1.00"', '"1.001"', "corridors.toml: corridor[0].amount_min"),
        ("corridors.toml", '"5000000"', '"many"', "corridors.toml: corridor[1].amount_max"),
        ("members.toml", '"1000000000"', '"10.555"', "members.toml: member[1].net_debit_max"),
        ("limits.toml", '"5000000000"', '"-1"', "limits.toml: cap[0].net_credit_max"),
    ],
)
def test_an_amount_that_its_currency_cannot_hold_is_named(
    folder: Path, file: str, old: str, new: str, place: str
) -> None:
    assert spoilt(folder, file, old, new).startswith(f"{place}: ")


def test_a_cap_in_another_currency_than_the_payers_caps_nothing_and_is_refused(
    folder: Path,
) -> None:
    refusal = spoilt(
        folder, "members.toml", 'currency = "KHR", value = "1', 'currency = "USD", value = "1'
    )

    assert refusal.startswith("members.toml: member[1].net_debit_max.currency: ")


def test_an_outbound_corridor_in_a_second_currency_is_refused_until_members_have_caps_in_it(
    folder: Path,
) -> None:
    refusal = spoilt(folder, "corridors.toml", 'payer_currency = "KHR"', 'payer_currency = "USD"')

    assert refusal.startswith("members.toml: member[0].net_debit_max.currency: ")


def test_what_merchants_are_paid_in_is_what_their_banks_have_a_cap_in(folder: Path) -> None:
    """A refund draws on the position of the merchant's bank: without a cap it had no bound."""
    old = 'payer_currency = "THB"\nmerchant_currency = "KHR"'
    new = 'payer_currency = "THB"\nmerchant_currency = "USD"'
    refusal = spoilt(folder, "corridors.toml", old, new)
    limits = folder / "limits.toml"
    row = '\n[[cap]]\ninstitution = "{}"\nrole = "member"\nasset = "deferred"\n{} = {}\n'
    rows = [row.format(bic, "net_debit_max", USD) for bic in ("ABAAKHPPXXX", "CADIKHPPXXX")]
    limits.write_text(limits.read_text("utf-8") + "".join(rows), "utf-8")

    assert refusal.startswith("corridors.toml: thailand-bakong.merchant_currency: ")
    assert load_config(folder).corridors["thailand", "bakong"].merchant_currency == "USD"


def test_a_sponsor_must_be_whom_we_act_for_at_bakong(folder: Path) -> None:
    refusal = spoilt(folder, "corridors.toml", 'sponsor = "ACLBKHPPXXX"', 'sponsor = "CADIKHPPXXX"')

    assert refusal.startswith("corridors.toml: corridor[1].sponsor: ")
    assert "networks.bakong" in refusal


def test_an_inbound_corridor_names_its_sponsor(folder: Path) -> None:
    refusal = spoilt(folder, "corridors.toml", 'sponsor = "ACLBKHPPXXX"\n', "")

    assert refusal.startswith("corridors.toml: corridor[1].sponsor: ")


def test_a_largest_amount_below_the_smallest_is_refused(folder: Path) -> None:
    refusal = spoilt(folder, "corridors.toml", '"50000.00"', '"0.99"')

    assert refusal.startswith("corridors.toml: corridor[0].amount_max: ")


def test_bounds_may_be_equal(folder: Path) -> None:
    path = folder / "corridors.toml"
    path.write_text(path.read_text("utf-8").replace('"50000.00"', '"1.00"'), "utf-8")

    corridor = load_config(folder).corridors["bakong", "thailand"]
    assert corridor.amount_min == corridor.amount_max


@pytest.mark.parametrize("text", ["many", "0", "1.001", "-5"])
def test_what_a_bearer_may_be_exposed_by_is_an_amount(folder: Path, text: str) -> None:
    new = f'"50000.00"\nexposure_max = "{text}"'
    refusal = spoilt(folder, "corridors.toml", '"50000.00"', new)

    assert refusal.startswith("corridors.toml: corridor[0].exposure_max: ")


def test_an_exposure_has_a_bound_in_the_currency_of_the_foreign_side_unless_stated(
    folder: Path,
) -> None:
    found = load_config(folder).corridors
    path = folder / "corridors.toml"
    stated = '"50000.00"\nexposure_max = "7.50"'
    path.write_text(path.read_text("utf-8").replace('"50000.00"', stated), "utf-8")
    ours = load_config(folder).corridors["bakong", "thailand"]

    default = Money.parse("350000.00", "THB")
    assert found["bakong", "thailand"].exposure_max == default
    assert found["thailand", "bakong"].exposure_max == default
    assert ours.exposure_max == Money.parse("7.50", "THB")


@pytest.mark.parametrize("end", ["source_network", "destination_network"])
def test_a_corridor_runs_between_configured_networks(folder: Path, end: str) -> None:
    old = {"source_network": '"bakong"', "destination_network": '"thailand"'}[end]
    refusal = spoilt(folder, "corridors.toml", f"{end} = {old}", f'{end} = "rwanda"')

    assert refusal.startswith("corridors.toml: corridor[0]: rwanda ")
    assert "switch.toml" in refusal


@pytest.mark.parametrize("ends", [("bakong", "bakong"), ("thailand", "thailand")])
def test_a_corridor_has_bakong_at_exactly_one_end(folder: Path, ends: tuple[str, str]) -> None:
    old = 'source_network = "bakong"\ndestination_network = "thailand"'
    new = f'source_network = "{ends[0]}"\ndestination_network = "{ends[1]}"'

    assert spoilt(folder, "corridors.toml", old, new).startswith("corridors.toml: corridor[0]: ")


def test_a_cap_without_an_amount_is_refused(folder: Path) -> None:
    old = 'net_credit_max = { currency = "KHR", value = "5000000000" }'

    assert spoilt(folder, "limits.toml", old, "").startswith("limits.toml: cap[0]: ")


def test_two_caps_of_one_account_in_two_currencies_are_refused(folder: Path) -> None:
    old = 'net_debit_max = { currency = "THB", value = "50000000.00" }'
    new = f'{old}\nnet_credit_max = {{ currency = "KHR", value = "5" }}'

    assert spoilt(folder, "limits.toml", old, new).startswith("limits.toml: cap[1]: ")


@pytest.mark.parametrize(
    "file", ["switch.toml", "corridors.toml", "members.toml", "limits.toml", "providers.toml"]
)
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()

    with pytest.raises(ConfigError, match=file):
        load_config(folder)


@pytest.mark.parametrize("content", [b"slot = = 1", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_named(folder: Path, content: bytes) -> None:
    (folder / "limits.toml").write_bytes(content)

    with pytest.raises(ConfigError, match=r"limits\.toml"):
        load_config(folder)


def test_a_wrong_rate_is_named_with_its_file(folder: Path) -> None:
    refusal = spoilt(folder, "providers.toml", 'rate = "118.84"', "rate = 118.84")

    assert "providers.toml" in refusal
    assert "rate" in refusal


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        (
            "limits.toml",
            'institution = "thailand"',
            'institution = "thialand"',
            "].institution: holds no role",
        ),
        ("members.toml", 'bic = "CADIKHPPXXX"', 'bic = "ABAAKHPPXXX"', "member[1].bic"),
        ("corridors.toml", 'payer_currency = "THB"', 'payer_currency = "XXX"', "payer_currency"),
    ],
)
def test_what_would_silently_cap_or_name_nothing_is_refused(
    file: str, old: str, new: str, key: str, tmp_path: Path
) -> None:
    folder = _copy(tmp_path)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), "utf-8")

    with pytest.raises(ConfigError) as refused:
        load_config(folder)

    assert file in str(refused.value)
    assert key in str(refused.value)


def test_an_account_with_two_caps_and_a_corridor_given_twice_are_refused(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    limits = folder / "limits.toml"
    corridors = folder / "corridors.toml"
    second = (
        '\n[[cap]]\ninstitution = "ABAAKHPPXXX"\nrole = "member"\nasset = "deferred"\n'
        'net_credit_max = { currency = "KHR", value = "1" }\n'
    )
    kept = limits.read_text("utf-8")
    limits.write_text(kept + second, "utf-8")
    with pytest.raises(ConfigError, match="two caps"):
        load_config(folder)

    limits.write_text(kept, "utf-8")
    rows = corridors.read_text("utf-8")
    corridors.write_text(rows + rows[rows.index("[[corridor]]") :], "utf-8")
    with pytest.raises(ConfigError, match="twice"):
        load_config(folder)


def _copy(tmp_path: Path) -> Path:
    """The default configuration, to be spoilt."""
    folder: Path = shutil.copytree(default_folder(), tmp_path / "config")
    return folder


@pytest.mark.parametrize("url", ["http://[::1]:8091", "https://a-b.example.", "http://10.0.0.1"])
def test_an_address_of_every_kind_can_be_used(folder: Path, url: str) -> None:
    path = folder / "switch.toml"
    path.write_text(path.read_text("utf-8").replace("http://127.0.0.1:8091", url), "utf-8")

    assert load_config(folder).networks["thailand"].url == url
