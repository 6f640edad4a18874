"""The configuration of a run: its networks alone, and corridors of every kind by turns.

What comes with the program is capped and in two legs nearly everywhere. So in some seeds payers'
banks push the money of one corridor first, in others a network sets aside what it is paid until it
has our word, somebody is on a list, or one network is asked so seldom that people have to find out.
The surprise: the seed says so, so a kept plan stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from switch.model import Finality, Funding, UseCase
from switch.port import Operation
from switch.screening import NAME, ListRow, ScreeningFile, digest
from switch.simulation.plan import Store
from switch.simulation.town import LISTS_SECRET

if TYPE_CHECKING:
    from switch.config import Config
    from switch.facts import Facts

HOME, NEIGHBOUR = "bakong", "thailand"
"""The networks of every run."""

PARTNERS: Final = 6
"""Networks of which there is one in each run beside those."""

PUSHED: Final = (("bakong", "alipayplus"), ("bakong", "malaysia"))
PUSHED_WITHIN_S: Final = 60
GROSS_EVERY: Final = 3
"""In one seed of so many, members' banks push the money of the corridors ``PUSHED`` in advance, and
of ``RESERVED`` too where that waits for our word."""

RESERVED: Final = ("bakong", "laos")
RESERVED_EVERY: Final = 2
"""In one seed of so many, what is paid over the corridor ``RESERVED`` waits for our word."""

NEXT_DOOR: Final = (HOME, "thailand")
"""The corridor of every run, over which most is paid."""

CAPPED: Final = (Funding.CAPPED, Finality.TWO_LEG)
NEXT_DOOR_KINDS: Final = (
    CAPPED,
    CAPPED,
    (Funding.CAPPED, Finality.THREE_LEG),
    (Funding.GROSS, Finality.TWO_LEG),
    (Funding.PREFUNDED, Finality.TWO_LEG),
    CAPPED,
    (Funding.GROSS, Finality.THREE_LEG),
    (Funding.PREFUNDED, Finality.THREE_LEG),
)
"""How it is paid for and when it is final, by turns."""

TRANSFERS: Final = (NEXT_DOOR, RESERVED)
TRANSFERS_EVERY: Final = 3
"""In one seed of so many, what is paid over these corridors goes to people: their banks may accept
it before they post it."""

LISTED: Final = "Borey Kim"
"""Who is on the list, in the seeds that have one."""

HOLD_S: Final = 60
"""How long people may look at what it holds."""

LISTED_EVERY: Final = 3

BRIEF_EVERY: Final = 5
"""In two seeds of so many the partner abroad is asked once, and in another one the network at home
is; what nobody has said by then is left to people."""

CANCEL_AFTER: Final = 2
"""Where a network can cancel it is asked so often first, and then to undo it."""

WINDOW_MIN: Final = -718
"""There the window for cancels ends so many minutes after midnight of the next day in its zone: two
minutes after a run begins, at noon in Tokyo."""


class Brief(StrEnum):
    """Which network is asked a few times only."""

    NOBODY = "nobody"
    ABROAD = "abroad"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which corridors are of another kind: ``gross`` the one, in three legs the other.

    ``listed``: somebody is on a list. ``brief``: who is asked a few times only. ``next_door``: how
    the corridor of every run is funded and becomes final. ``transfers``: people are paid.
    """

    gross: bool
    reserved: bool
    listed: bool = False
    brief: Brief = Brief.NOBODY
    next_door: tuple[Funding, Finality] = CAPPED
    transfers: bool = False


def kinds(seed: int) -> Kinds:
    """What a seed has."""
    # A seed also says where its payments are kept and which partner is there, by turns: each of
    # them is to meet every kind, so kinds go by whole rounds of them.
    turn = seed // len(Store)
    partner, rounds = turn % PARTNERS, turn // PARTNERS
    briefs = {1: Brief.ABROAD, 2: Brief.HOME, 3: Brief.ABROAD}
    return Kinds(
        gross=(rounds + partner) % GROSS_EVERY == 0,
        reserved=rounds % RESERVED_EVERY == 0,
        listed=(rounds + partner) % LISTED_EVERY == 1,
        brief=briefs.get((2 * rounds + partner) % BRIEF_EVERY, Brief.NOBODY),
        next_door=NEXT_DOOR_KINDS[(rounds + 4 * partner) % len(NEXT_DOOR_KINDS)],
        # Three rounds on end: in them what is paid first, listed and reserved goes by turns too.
        transfers=rounds // TRANSFERS_EVERY % TRANSFERS_EVERY == 1,
    )


def asked_briefly(network: str, of: Brief) -> bool:
    """Whether a network is asked a few times only."""
    abroad = network not in (HOME, NEIGHBOUR)
    return (of is Brief.ABROAD and abroad) or (of is Brief.HOME and network == HOME)


def facts_of(facts: Facts, of: Kinds) -> Facts:
    """The facts of a network in such a seed."""
    if facts.network == NEIGHBOUR and of.next_door[1] is Finality.THREE_LEG:
        facts = replace(facts, operations=(*facts.operations, Operation.CONFIRM))
    if not asked_briefly(facts.network, of.brief):
        return facts
    if not facts.cancel_after_rungs:
        return replace(facts, enquiries_max=1)
    # It is tried before people are asked.
    return replace(
        facts,
        enquiries_max=CANCEL_AFTER + 1,
        cancel_after_rungs=CANCEL_AFTER,
        cancel_until_min=WINDOW_MIN,
    )


def lived(config: Config, networks: tuple[str, ...], of: Kinds) -> Config:
    """The configuration with these networks alone, and its corridors as they are for this run."""
    corridors = {
        name: corridor
        for name, corridor in config.corridors.items()
        if {corridor.source_network, corridor.destination_network} <= set(networks)
    }
    if of.reserved and RESERVED in corridors:
        corridors[RESERVED] = replace(corridors[RESERVED], finality=Finality.THREE_LEG)
    funding, finality = of.next_door
    if NEXT_DOOR in corridors:
        next_door = replace(corridors[NEXT_DOOR], funding=funding, finality=finality)
        corridors[NEXT_DOOR] = next_door
    pushed = {*PUSHED, *((RESERVED,) if of.reserved else ())} if of.gross else set()
    if funding is Funding.GROSS:
        pushed.add(NEXT_DOOR)
    for name in sorted(pushed & corridors.keys()):
        corridors[name] = replace(
            corridors[name],
            funding=Funding.GROSS,
            sponsor=config.networks[HOME].own_bic,
            fund_within_s=PUSHED_WITHIN_S,
        )
    for name in TRANSFERS if of.transfers else ():
        if name in corridors:
            corridors[name] = replace(corridors[name], use_case=UseCase.TRANSFER)
    alone = {name: config.networks[name] for name in networks}
    screening = config.screening
    if of.listed:
        row = ListRow(name="listed", digests=[digest(LISTS_SECRET.encode(), NAME, LISTED)])
        screening = ScreeningFile(merchant="hold", hold_s=HOLD_S, lists=[row])
    return replace(config, networks=alone, corridors=corridors, screening=screening)
