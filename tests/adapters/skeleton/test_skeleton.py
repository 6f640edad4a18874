"""A new network's package follows from what is known of it, and refuses what cannot start one."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from click.testing import CliRunner

from adapters.skeleton import (
    Asked,
    AskedError,
    Surroundings,
    asked_of,
    config_sections,
    package_files,
)
from fx.money import Money
from switch.cli.adapter_new import EXAMPLE, new
from switch.facts import load_facts
from switch.qr import recognise

if TYPE_CHECKING:
    from pathlib import Path

NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)
LAO: Final = (
    "00020101021138600016A00526628466257701082771041802030020317mch20260500000017"
    "5204581253034185802LA5911JOMA BAKERY6009Vientiane6304DB9C"
)
GIVEN: Final[dict[str, Any]] = {
    "bic": "LAPNLALA", "clearing": "LAPNET", "coded": False, "zone": "7", "unit": "KHR",
    "rate": "5.38",
}  # fmt: skip
HELD: Final = Surroundings("BKSWKHPP", "ACLBKHPPXXX", "BKSWKHPPXXX", "acleda", "ACLBKHPPXXX", 8099)


def asked(code: str = LAO, **changes: object) -> Asked:
    return asked_of("laos", code, NOW, **{**GIVEN, **changes})


def test_one_code_tells_scheme_country_currency_and_shop() -> None:
    read = asked()

    assert (read.scheme, read.country, read.currency.code) == ("laoqr", "LA", "LAK")
    assert (read.account_tag, read.account_sub, read.shop) == ("38", "03", "mch20260500000017")
    assert (read.shop_name, read.whole) == ("JOMA BAKERY", True)


def test_the_shops_number_is_what_the_scheme_requires_last() -> None:
    read = asked(EXAMPLE, unit="PHP", rate="69.50")

    assert (read.account_sub, read.shop) == ("03", "0012345678")


def test_another_shop_has_a_sound_code_of_its_own() -> None:
    read = asked()
    other = recognise(read.code_of(read.neighbour(3)), at=NOW).candidates[0].content

    assert other.account["receiver_id"] == "mch20260500000010"


def test_facts_can_be_read_and_are_all_assumed() -> None:
    text = package_files(asked(), in_tree=True)["adapters/laos/facts.toml"]

    assert load_facts(text, "facts.toml").network == "laos"
    assert {fact["mark"] for fact in tomllib.loads(text).values()} == {"A"}


def test_a_package_of_its_own_tells_the_switch_by_entry_points() -> None:
    made = package_files(asked(), in_tree=False)
    points = tomllib.loads(made["pyproject.toml"])["project"]["entry-points"]

    assert points == {
        "bakong_switch.adapters": {"laos": "bakong_switch_laos:adapter"},
        "bakong_switch.sandboxes": {"laos": "bakong_switch_laos.sandbox:create"},
    }
    assert "adapters.laos" not in "".join(made.values())


@pytest.mark.parametrize(
    ("zone", "written"),
    [("7", "timedelta(hours=7)"), ("6:30", "timedelta(hours=6, minutes=30)"),
     ("-3:30", "timedelta(hours=-3, minutes=-30)")],
)  # fmt: skip
def test_a_day_may_begin_at_half_an_hour(zone: str, written: str) -> None:
    assert written in package_files(asked(zone=zone), in_tree=True)["adapters/laos/adapter.py"]


@pytest.mark.parametrize(
    ("unit", "rate", "out", "back"),
    [("KHR", "5.38", "5.35", "5.41"), ("LAK", "20.00", "20.10", "19.90")],
)
def test_both_rates_are_worse_for_the_payer_than_the_reference(
    unit: str, rate: str, out: str, back: str
) -> None:
    table = tomllib.loads(config_sections(asked(unit=unit, rate=rate), HELD)["providers.toml"])

    assert [row["rate"] for row in table["rate"]] == [out, back]
    assert table["reference"][0]["rate"] == rate


def test_amounts_move_in_the_steps_of_the_currency() -> None:
    plan = tomllib.loads(package_files(asked(), in_tree=True)["adapters/laos/conformance.toml"])
    peso = asked(EXAMPLE, unit="PHP", rate="69.50")
    other = tomllib.loads(package_files(peso, in_tree=True)["adapters/laos/conformance.toml"])

    assert [Money.parse(each, "LAK").short() for each in plan["amounts"]] == plan["amounts"]
    assert "0.01" in other["amounts"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"code": "no code"}, "--code"),
        ({"code": LAO.replace("6304DB9C", "6304DB9D")}, "--code"),
        ({"bic": "LAPN"}, "--bic"),
        ({"clearing": "LAP NET"}, "--clearing"),
        ({"clearing": "LAPNET", "coded": True}, "--clearing"),
        ({"zone": "25"}, "--zone"),
        ({"unit": "THB"}, "--unit"),
        ({"rate": "0.5"}, "--rate"),
        ({"rate": "much"}, "--rate"),
    ],
)
def test_what_cannot_start_a_network_is_named(changes: dict[str, object], says: str) -> None:
    code = str(changes.pop("code", LAO))
    with pytest.raises(AskedError, match=says):
        asked(code, **changes)


def test_nothing_is_made_where_something_is(tmp_path: Path) -> None:
    first = CliRunner().invoke(new, ["lucky", "--folder", str(tmp_path)])
    before = sorted(path.name for path in tmp_path.rglob("*"))
    again = CliRunner().invoke(new, ["lucky", "--folder", str(tmp_path)])

    assert (first.exit_code, again.exit_code) == (0, 2)
    assert "pyproject.toml exists; nothing was made" in again.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(new, ["../up", "--folder", str(tmp_path)])

    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])
