"""The small machines beside a payment's: quote, tombstone, dispute, money in suspense. Data.

Each is a table like the payment's: what can happen in each of its states is decided, once, by a
next state or by the reason with which it is refused. ``python -m switch.machines_page`` writes them
as a page, and tests bring the decisions of the core into each state and compare. The surprise: none
of these states is a column; they follow from rows that are kept anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Machine:
    """States and events with what each means, the first state being where it begins.

    ``rows`` holds a next state or the reason of a refusal, by state and event; a pair that is not
    there cannot be, and ``never`` says why, by event.
    """

    name: str
    about: str
    states: Mapping[str, str]
    events: Mapping[str, str]
    rows: Mapping[tuple[str, str], str | Reason]
    never: Mapping[tuple[str, str], str]

    def __post_init__(self) -> None:
        """Every pair is decided, once, and leads to a state there is."""
        pairs = {(state, event) for state in self.states for event in self.events}
        assert self.rows.keys() | self.never.keys() == pairs, f"{self.name}: a pair is not decided"
        assert not self.rows.keys() & self.never.keys(), f"{self.name}: a pair is decided twice"
        targets = {to for to in self.rows.values() if isinstance(to, str)}
        assert targets <= self.states.keys(), f"{self.name}: it leads nowhere"

    @property
    def first(self) -> str:
        """Where it begins."""
        return next(iter(self.states))

    def after(self, state: str, event: str) -> str | Reason:
        """The next state, or why not. Raises :class:`KeyError` for what cannot be."""
        return self.rows[state, event]


def _machine(
    name: str,
    about: str,
    states: dict[str, str],
    events: dict[str, str],
    rows: dict[str, dict[str, str | Reason]],
    never: dict[tuple[str, str], str] | None = None,
) -> Machine:
    decided = {(state, event): to for state, row in rows.items() for event, to in row.items()}
    return Machine(
        name,
        about,
        MappingProxyType(states),
        MappingProxyType(events),
        MappingProxyType(decided),
        MappingProxyType(never or {}),
    )


_UNCLAIMED: Final = "No payment has it that could still end."

QUOTE: Final = _machine(
    "Quote",
    "A price that was given away as a sealed token. Whoever has claimed it gets it to the unit.",
    {
        "offered": "the token is out; nothing is kept of it here",
        "claimed": "a payment has it",
        "honoured": "a payment has it, and its time is over",
        "honoured_withdrawn": "a payment has it, and its rate was withdrawn since",
        "lapsed": "its time is over",
        "withdrawn": "its rate was withdrawn",
        "spent": "a payment had it, and may have been sent",
    },
    {
        "claim": "a payment is opened at it",
        "not_sent": "the payment that has it ends, provably without a byte sent",
        "end": "the payment that has it ends in any other way",
        "lapse": "its time is over",
        "withdraw": "its rate is withdrawn",
    },
    {
        "offered": {"claim": "claimed", "lapse": "lapsed", "withdraw": "withdrawn"},
        "claimed": {
            "claim": Reason.QUOTE_USED,
            "not_sent": "offered",
            "end": "spent",
            "lapse": "honoured",
            "withdraw": "honoured_withdrawn",
        },
        "honoured": {
            "claim": Reason.QUOTE_USED,
            "not_sent": "lapsed",
            "end": "spent",
            "lapse": "honoured",
            "withdraw": "honoured",
        },
        "honoured_withdrawn": {
            "claim": Reason.QUOTE_USED,
            "not_sent": "withdrawn",
            "end": "spent",
            "lapse": "honoured",
            "withdraw": "honoured_withdrawn",
        },
        "lapsed": {"claim": Reason.QUOTE_EXPIRED, "lapse": "lapsed", "withdraw": "lapsed"},
        "withdrawn": {
            "claim": Reason.RATE_WITHDRAWN,
            "lapse": "lapsed",
            "withdraw": "withdrawn",
        },
        "spent": {"claim": Reason.QUOTE_USED, "lapse": "spent", "withdraw": "spent"},
    },
    {
        (state, event): _UNCLAIMED
        for state in ("offered", "lapsed", "withdrawn", "spent")
        for event in ("not_sent", "end")
    },
)

TOMBSTONE: Final = _machine(
    "Tombstone",
    "What an origin was told is not here will never be here: the word is kept, then given.",
    {
        "unseen": "nothing of this UETR came from this origin",
        "opened": "its payment is here",
        "buried": "the origin was told that it is not here",
    },
    {
        "open": "the origin's instruction comes",
        "ask": "the origin asks how it stands",
        "forget": "the time is over in which an instruction of then could still come",
    },
    {
        "unseen": {"open": "opened", "ask": "buried", "forget": "unseen"},
        "opened": {"open": "opened", "ask": "opened", "forget": "opened"},
        "buried": {"open": Reason.TOMBSTONED, "ask": "buried", "forget": "unseen"},
    },
)

_PROPOSED: Final = "It names what replaces a proposal, and there is none."

DISPUTE: Final = _machine(
    "Dispute",
    "What was answered stays answered; two operators settle what a contradiction means for money.",
    {
        "quiet": "nobody contradicts",
        "disputed": "a final answer is contradicted; both messages are kept",
        "proposed": "one operator has proposed how it ends",
    },
    {
        "contradict": "the counterparty says the contrary of what is final",
        "propose": "an operator proposes an end, with evidence",
        "replace": "an operator proposes another end in its place, naming what it replaces",
        "approve": "another operator approves what stands",
        "approve_own": "who proposed it approves it",
        "approve_other": "an operator approves what does not stand (any more)",
    },
    {
        "quiet": {
            "contradict": "disputed",
            "propose": Reason.TRANSACTION_UNSUPPORTED,
            "replace": Reason.TRANSACTION_UNSUPPORTED,
            "approve_other": Reason.PROPOSAL_CHANGED,
        },
        "disputed": {
            "contradict": "disputed",
            "propose": "proposed",
            "approve_other": Reason.PROPOSAL_CHANGED,
        },
        "proposed": {
            "contradict": "proposed",
            "propose": Reason.PROPOSAL_CHANGED,
            "replace": "proposed",
            "approve": "quiet",
            "approve_own": Reason.SAME_OPERATOR,
            "approve_other": Reason.PROPOSAL_CHANGED,
        },
    },
    {
        **{
            (state, event): "Nothing is proposed."
            for state in ("quiet", "disputed")
            for event in ("approve", "approve_own")
        },
        ("disputed", "replace"): _PROPOSED,
    },
)

SUSPENSE: Final = _machine(
    "Item in suspense",
    "Money that no payment waits for is booked once by its name, and gets out once, whole.",
    {
        "absent": "nothing of this name is in suspense",
        "open": "it is booked to suspense, and operators see it",
        "proposed": "one operator has proposed how it closes",
        "closed": "nothing of it is in suspense any more",
    },
    {
        "put": "a network claims it, or it is shown in a pool",
        "propose": "an operator proposes a way, and has seen no proposal",
        "replace": "an operator proposes another way, and has seen the proposal that stands",
        "approve": "another operator approves what stands; closed, the same one does so again",
        "approve_own": "who proposed it approves it",
        "approve_other": "an operator approves what does not stand (any more)",
    },
    {
        "absent": {
            "put": "open",
            "propose": Reason.NOT_SUSPENDED,
            "replace": Reason.NOT_SUSPENDED,
            "approve_other": Reason.NOT_SUSPENDED,
        },
        "open": {
            "put": "open",
            "propose": "proposed",
            "approve_other": Reason.PROPOSAL_CHANGED,
        },
        "proposed": {
            "put": "proposed",
            "propose": Reason.PROPOSAL_CHANGED,
            "replace": "proposed",
            "approve": "closed",
            "approve_own": Reason.SAME_OPERATOR,
            "approve_other": Reason.PROPOSAL_CHANGED,
        },
        "closed": {
            "put": "closed",
            "propose": Reason.ITEM_CLOSED,
            "replace": Reason.ITEM_CLOSED,
            "approve": "closed",
            "approve_own": Reason.ITEM_CLOSED,
            "approve_other": Reason.ITEM_CLOSED,
        },
    },
    {
        **{
            (state, event): "Nothing is proposed."
            for state in ("absent", "open")
            for event in ("approve", "approve_own")
        },
        ("open", "replace"): _PROPOSED,
    },
)

UNSOLICITED: Final = _machine(
    "Unsolicited answer",
    "What a network says of a payment that is not here moves nothing, and is put down once.",
    {
        "unsaid": "nothing came",
        "noted": "the journal says that it came, and its digest",
    },
    {"say": "the network says it"},
    {"unsaid": {"say": "noted"}, "noted": {"say": "noted"}},
)

MACHINES: Final = (QUOTE, TOMBSTONE, DISPUTE, SUSPENSE, UNSOLICITED)
