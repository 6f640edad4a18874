"""A payment with all its other sides as one value: its counterparty, its payer, what goes back.

What gives money back is a single word of it, because it is a payment that is explored as any other.
Here is also what must hold in every world: what ended agrees with the other sides, and money that
has come went on or back exactly once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from switch.lifecycle import STATES, TABLE, Event, Stand, Timer
from switch.model import Flow, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.lifecycle import Decision

    Table = Mapping[tuple[Flow, State, Event], Decision]

WORDS_MAX: Final = 2
"""Confirmations that one payment is told in, before people have it."""

CHILDREN_MAX: Final = 2
"""How often giving back is begun anew after one was refused for good."""

UNSEEN, WAITS, ASIDE, UNPOSTED = "unseen", "waits", "aside", "unposted"
BOOKED, KEPT, REFUSED, BURIED, UNDONE = "booked", "kept", "refused", "buried", "undone"
"""``kept`` was booked, and a cancel was told that it stays so; ``buried`` never will be; what is
``undone`` was cancelled, by us or by the network itself."""

DONE: Final = (BOOKED, KEPT)
OPEN: Final = (WAITS, ASIDE, UNPOSTED)
ASK, LATE_ASK, CANCEL, WORD = "ask", "late ask", "cancel", "word"
"""What is under way to the far side beside the instruction: a ``late ask`` was made when nothing
sent before could arrive any more."""

NOT_YET, TOLD_OF, ARRIVED = "not yet", "told of", "arrived"
"""The payer's side: its money is not ours to move yet, is on its way to us, is here."""

NONE, UNDER_WAY, GIVEN, IN_VAIN, NEVER = "none", "under way", "given", "in vain", "never arrived"
"""What gives the payer's money back: not made, open, carried out, refused, never arrived."""


class World(NamedTuple):
    """All sides and what is between them; ``alive`` is the process that sends the instruction.

    ``late`` is when ``send_by`` has passed. ``child`` is the newest of ``children`` payments that
    give money back, ``gifts`` how many of them did, ``fresh`` whether another may be made of
    itself, ``owed`` whether people booked that instead.
    """

    state: State = State.RECEIVED
    disputed: bool = False
    far: str = UNSEEN
    alive: bool = False
    sent: bool = False
    late: bool = False
    copies: int = 0
    asked: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    enquiries: int = 0
    cancels: int = 0
    words: int = 0
    payer: str = NOT_YET
    amiss: bool = False
    child: str = NONE
    children: int = 0
    gifts: int = 0
    fresh: bool = True
    owed: bool = False


class Rules(NamedTuple):
    """A flow, the table that is explored, what its network does, and how much is under way.

    ``promises``: who was never seen there never will be (a tombstone); else only time says so.
    ``copies`` of the instruction are on their way at a time at most (the sent one and a repeat by
    the channel), and ``answers`` that differ.
    """

    flow: Flow
    table: Table = TABLE
    promises: bool = True
    copies: int = 2
    enquiries: int = 2
    cancels: int = 2
    answers: int = 3


OUTBOUND: Final = (
    *(Flow.OUTBOUND, Flow.OUTBOUND_THREE_LEG),
    *(Flow.OUTBOUND_GROSS, Flow.OUTBOUND_GROSS_THREE_LEG),
)
THREE_LEG: Final = (Flow.OUTBOUND_THREE_LEG, Flow.OUTBOUND_GROSS_THREE_LEG)
GROSS: Final = (Flow.OUTBOUND_GROSS, Flow.OUTBOUND_GROSS_THREE_LEG)


def is_over(world: World) -> bool:
    """Whether nothing of ours is left to be done by a timer, or people may leave it as it is."""
    facts = STATES[world.state]
    upheld = world.disputed and facts.timer is Timer.CONFIRM
    done = facts.final and (facts.timer is Timer.NONE or upheld)
    return done and world.payer is not TOLD_OF


def may_book(world: World) -> bool:
    """Whether the far side has booked it, or may still."""
    on_its_way = world.copies or (world.alive and not world.sent and not world.late)
    aside = world.far is ASIDE and WORD in world.asked
    return bool(
        world.far in (*DONE, WAITS, UNPOSTED) or aside or (world.far is UNSEEN and on_its_way)
    )


def agrees(world: World, flow: Flow) -> bool:
    """Whether what we ended is what the other sides have, or will ever have, or is disputed."""
    if not STATES[world.state].final or world.disputed:
        return True
    if world.gifts + world.owed > 1:
        return False
    if flow is Flow.GIVEN_BACK:
        return (world.state is State.ACCEPTED) is (world.payer is ARRIVED)
    if flow is Flow.RECALLED:
        return (world.state is State.ACCEPTED) is (world.gifts == 1)
    if STATES[world.state].stand is Stand.POSTED:
        told = world.state is State.CONFIRMING
        return world.gifts == 0 and (told or world.far in DONE)
    back = world.state in (State.RETURNED, State.UNWOUND)
    waits = world.state in (State.RETURNING, State.UNWINDING)
    arrived = world.payer is ARRIVED
    if arrived and flow in (*GROSS, Flow.INBOUND_BOUND) and not (back or waits):
        return False  # a payer's money is here, and it neither went on nor back
    return not may_book(world) and (world.gifts + world.owed == 1 or not back)
