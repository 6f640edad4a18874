"""Every linked network joins the demonstration, and its scenes end as they say, in both books.

The scenes are played in a world on virtual time; the command plays them with real processes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from switch.config import HOME, default_folder, load_config
from switch.demo.abroad import Abroad, demonstrated, play_all
from switch.demo.books import differences, network_books, switch_book
from switch.demo.scenes import THAI, Scene
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World

CONFIG = load_config(default_folder())
NETWORKS = demonstrated(CONFIG)


@cache
def shared() -> Residents:
    return residents(CONFIG)


def played(*networks: Abroad, spoilt: bool = False) -> tuple[list[Scene], list[str]]:
    """The scenes, and what differs between the books afterwards."""

    async def story(_: World) -> tuple[list[Scene], list[str]]:
        await town.open()
        if spoilt:
            await town.fault(networks[0].name, "pay", "refuse")
        scenes = await play_all(town, networks)  # type: ignore[arg-type]
        ours = await switch_book(town)  # type: ignore[arg-type]
        return scenes, differences(ours, await network_books(town))  # type: ignore[arg-type]

    with World(7) as world:
        town = Town(world, shared())
        return world.run(story(world))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_networks_scenes_end_as_they_say(name: str) -> None:
    scenes, differing = played(NETWORKS[name])

    assert [scene.title for scene in scenes if not scene.as_expected] == []
    assert differing == []
    wanted = {"outbound"} if NETWORKS[name].currency else set()
    wanted |= {"inbound"} if NETWORKS[name].guests else set()
    assert {scene.direction for scene in scenes} == wanted


def test_a_part_goes_back_both_ways_wherever_guests_come_from() -> None:
    both = [network for network in NETWORKS.values() if network.guests]
    for network in both:
        scenes, differing = played(network)
        back = [(scene.direction, scene.as_expected) for scene in scenes if "a part" in scene.title]

        assert back == [("inbound", True), ("outbound", True)]
        assert differing == []
    assert len(both) >= 6


def test_all_of_them_are_played_beside_one_another() -> None:
    scenes, differing = played(*NETWORKS.values())

    assert [scene.title for scene in scenes if not scene.as_expected] == []
    assert differing == []
    assert len({scene.uetr for scene in scenes}) == len(scenes)


def test_a_scene_that_ends_otherwise_is_told() -> None:
    scenes, _ = played(NETWORKS["japan"], spoilt=True)

    assert [scene.as_expected for scene in scenes] == [False, True, True]


def test_no_linked_network_is_left_out() -> None:
    open_ones = [each for each in CONFIG.corridors.values() if each.enabled]
    ends = {end for each in open_ones for end in (each.source_network, each.destination_network)}

    assert NETWORKS.keys() == ends - {HOME}


def test_every_network_has_an_address_of_its_own() -> None:
    urls = [section.url for section in CONFIG.networks.values()]

    assert len(set(urls)) == len(urls)


def test_what_is_shown_of_a_network_is_what_its_corridors_are() -> None:
    assert THAI in NETWORKS
    assert (NETWORKS["japan"].currency, NETWORKS["japan"].guests) == ("JPY", False)
    closed = replace(CONFIG, corridors={})
    assert demonstrated(closed) == {}
