"""How a network pays in is a fact of its wire: a corridor that says otherwise refuses the start.

Whose payer is debited before we are told would lose the money where we think we may still refuse.
Over every network that is shipped and every word that a corridor may have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from switch.config import HOME, ConfigError, default_folder, load_config
from switch.facts import load_facts
from switch.model import Finality
from switch.routing import read_routing
from tests.shell.shell_rig import changed_corridor
from tests.shell.toy_network import ToyAdapter

if TYPE_CHECKING:
    from pathlib import Path

ADVISED: Final = ("alipayplus", "unionpay")
"""Whose payers are debited when we hear of them."""

ASKED: Final = ("laos", "malaysia", "thailand", "vietnam")
"""Whose payers are debited when we have said yes."""


def shipped(root: Path) -> dict[str, ToyAdapter]:
    """Toy adapters with the facts of the networks that are configured, but for their codes."""
    facts = {
        name: load_facts((root / f"adapters/{name}/facts.toml").read_text("utf-8"), name)
        for name in load_config(default_folder()).networks
    }
    return {name: ToyAdapter(replace(each, schemes=())) for name, each in facts.items()}


@pytest.mark.parametrize("said", list(Finality))
@pytest.mark.parametrize("network", [*ADVISED, *ASKED])
def test_only_the_finality_of_its_wire_can_be_configured(
    root: Path, network: str, said: Finality
) -> None:
    told = Finality.ADVICE if network in ADVISED else Finality.TWO_LEG
    config = changed_corridor(load_config(default_folder()), (network, HOME), finality=said)
    if said is told:
        assert read_routing(shipped(root), config.corridors.values()).abroad
        return
    place = rf"^corridors\.toml: {network}-bakong\.finality: the network's facts say {told.value}$"
    with pytest.raises(ConfigError, match=place):
        read_routing(shipped(root), config.corridors.values())


def test_every_network_that_pays_in_is_tried() -> None:
    corridors = load_config(default_folder()).corridors.values()
    inbound = {each.source_network for each in corridors if each.destination_network == HOME}

    assert inbound == {*ADVISED, *ASKED}


def test_nobody_pays_in_from_a_network_whose_facts_do_not_say_how(root: Path) -> None:
    config = load_config(default_folder())
    told = replace(config.corridors["thailand", HOME], source_network="japan")
    wrong = {**config.corridors, ("japan", HOME): told}

    with pytest.raises(ConfigError, match=r"^corridors\.toml: japan-bakong\.finality: "):
        read_routing(shipped(root), wrong.values())

    closed = {**wrong, ("japan", HOME): replace(told, enabled=False)}
    assert read_routing(shipped(root), closed.values()).abroad
