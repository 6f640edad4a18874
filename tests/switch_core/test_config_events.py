"""Who is told of events, and where: an address that must not be is refused by its key."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import pytest

from switch.config import ConfigError, default_folder, load_config
from switch.webhooks import peers_of

if TYPE_CHECKING:
    from pathlib import Path

NAMED: Final = 'name = "ABA Bank"'
BIC: Final = "ABAAKHPPXXX"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration to be changed."""
    return shutil.copytree(default_folder(), tmp_path / "config")


def told(folder: Path, events: str, profile: str = "development") -> Path:
    """The same, with events of the first member."""
    for name, before, after in (
        ("members.toml", NAMED, f"{NAMED}\nevents = {events}"),
        ("switch.toml", 'profile = "development"', f'profile = "{profile}"'),
    ):
        text = (folder / name).read_text("utf-8")
        assert before in text
        (folder / name).write_text(text.replace(before, after), "utf-8")
    return folder


def test_nobody_is_told_unless_it_subscribes() -> None:
    config = load_config(default_folder())

    assert [member.bic for member in config.members.values() if member.events] == []
    assert peers_of(config.members) == {}


def test_a_member_subscribes_with_a_webhook_or_without(folder: Path) -> None:
    fetching = load_config(told(folder, "{}")).members[BIC]
    assert (fetching.events, fetching.webhook) == (True, None)


@pytest.mark.parametrize("profile", ["development", "production"])
def test_a_webhook_may_have_a_port_a_path_and_a_query(folder: Path, profile: str) -> None:
    address = "https://bank.example:8443/switch/events?source=bakong"
    config = load_config(told(folder, f'{{ webhook = "{address}" }}', profile))

    assert config.members[BIC].webhook == address
    assert peers_of(config.members) == {"events-abaakhppxxx": "https://bank.example:8443"}


@pytest.mark.parametrize(
    "address",
    [
        "bank.example/switch",
        "ftp://bank.example/switch",
        "https://user:word@bank.example/switch",
        "https://bank.example",
        "https://bank.example/switch#here",
        "https://bank.example/ switch",
        "https://bank.example:0/switch",
        "https://bank.example:99999/switch",
        "https://bank..example/switch",
        "https:///switch",
    ],
)
def test_what_is_no_address_of_a_page_is_refused(folder: Path, address: str) -> None:
    with pytest.raises(ConfigError, match=r"members\.toml: member\.0\.events\.webhook"):
        load_config(told(folder, f'{{ webhook = "{address}" }}'))


@pytest.mark.parametrize(
    "address",
    [
        "http://bank.example/switch",
        "https://localhost/switch",
        "https://127.0.0.1/switch",
        "https://[::1]/switch",
        "https://0.0.0.0/switch",
        "https://169.254.169.254/latest",
        "https://224.0.0.1/switch",
    ],
)
def test_in_production_what_is_unprotected_or_our_own_is_refused(
    folder: Path, address: str
) -> None:
    webhook = f'{{ webhook = "{address}" }}'
    assert load_config(told(folder, webhook)).members[BIC].webhook == address
    shutil.rmtree(folder)
    shutil.copytree(default_folder(), folder)
    with pytest.raises(ConfigError, match=r"members\.toml: member\[0\]\.events\.webhook: "):
        load_config(told(folder, webhook, "production"))
