"""The registry joins a network's merchant id and a KHQR account, both ways, without ambiguity."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from switch.config import ConfigError, default_folder, load_config
from switch.merchants import NO_MERCHANTS, Merchants, MerchantsDiffer, Registration
from switch.standings import PartyState

if TYPE_CHECKING:
    from pathlib import Path

NOODLES = Registration("unionpay", "M1", "noodles@aclb", "ACLBKHPPXXX", "KHR", PartyState.ACTIVE)
COFFEE = Registration("unionpay", "M2", "coffee@abaa", "ABAAKHPPXXX", "KHR", PartyState.SUSPENDED)
ELSEWHERE = Registration("other", "M1", "noodles@aclb", "ACLBKHPPXXX", "KHR", PartyState.ACTIVE)


def test_a_merchant_is_found_by_either_name_within_its_network() -> None:
    merchants = Merchants([NOODLES, COFFEE, ELSEWHERE])

    assert merchants.find("unionpay", "M1") is NOODLES
    assert merchants.find("other", "M1") is ELSEWHERE
    assert merchants.of_account("unionpay", "coffee@abaa") is COFFEE
    assert merchants.find("other", "M2") is None
    assert merchants.of_account("other", "coffee@abaa") is None
    assert NO_MERCHANTS.find("unionpay", "M1") is None


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (Registration("unionpay", "M1", "b@aclb", "ACLBKHPPXXX", "KHR", PartyState.ACTIVE), "id"),
        (Registration("unionpay", "M9", "noodles@aclb", "ACLBKHPPXXX", "KHR", PartyState.ACTIVE),
         "account"),
    ],
)  # fmt: skip
def test_two_registrations_that_contradict_each_other_are_refused(
    second: Registration, what: str
) -> None:
    with pytest.raises(MerchantsDiffer, match=f"^{what}: ") as refused:
        Merchants([NOODLES, second])
    assert refused.value.place == 1


def test_a_registration_shows_no_account() -> None:
    assert "noodles" not in repr(NOODLES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "config"
    shutil.copytree(default_folder(), found)
    return found


def test_the_shipped_registry_is_read_and_may_be_absent(folder: Path) -> None:
    listed = load_config(folder).merchants.find("unionpay", "ACLB10002312081")
    (folder / "merchants.toml").unlink()

    assert listed is not None
    assert (listed.account, listed.currency, listed.eligible) == ("noodleshop@aclb", "KHR", True)
    assert load_config(folder).merchants.find("unionpay", "ACLB10002312081") is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"active"', '"open"', "merchants.toml: merchant.0.status: "),
        ('"noodleshop@aclb"', '"noodleshop"', "merchants.toml: merchant.0.account: "),
        ('"ACLBKHPPXXX"', '"ACLEDA"', "merchants.toml: merchant.0.bank: "),
        ('"ACLBKHPPXXX"', '"WIGCKHPPXXX"', "merchants.toml: merchant[0].bank: "),
        ('network = "unionpay"', 'network = "india"', "merchants.toml: merchant[0].network: "),
        ('"ACLB10002312081"', '"ABAA10002312082"', "merchants.toml: merchant[1].id: "),
        (
            'account = "coffee@abaa"\nbank = "ABAAKHPPXXX"',
            'account = "noodleshop@aclb"\nbank = "ACLBKHPPXXX"',
            "merchants.toml: merchant[1].account: ",
        ),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_place(
    folder: Path, old: str, new: str, named: str
) -> None:
    path = folder / "merchants.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(ConfigError) as refused:
        load_config(folder)
    assert str(refused.value).startswith(named)
