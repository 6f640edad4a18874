"""The table of posting templates: what is booked for each event of the money. Data.

A template is a set of lines that names places (whose account) and amounts; it sums to zero in each
currency whatever it is filled with, which ``postings`` does. The table says of each whether a
command books it or which step will; ``docs/developer/postings.md`` is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from switch.ledger import Asset, Kind, Role, Side

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """One line of a template: whose account, which one of theirs, the side, and which amount."""

    place: str
    role: Role
    side: Side
    amount: str
    asset: Asset = Asset.DEFERRED
    kind: Kind = Kind.POSITION


@dataclass(frozen=True, slots=True)
class Posting:
    """A set of lines booked together; ``flow`` says how, ``use`` by which step of a payment.

    ``booked`` is False where no command books it yet.
    """

    event: str
    lines: tuple[TemplateLine, ...]
    flow: str
    use: str
    booked: bool = False


def _dr(place: str, role: Role, amount: str, **more: Any) -> TemplateLine:
    return TemplateLine(place, role, Side.DEBIT, amount, **more)


def _cr(place: str, role: Role, amount: str, **more: Any) -> TemplateLine:
    return TemplateLine(place, role, Side.CREDIT, amount, **more)


_RESERVED: Final = "reserved, then posted or released"
_POSTED: Final = "posted at once"
_BAKONG: Final = Asset.BAKONG
_OUT: Final = (
    _dr("paying_holder", Role.HOLDER, "destination"),
    _cr("payee_side", Role.NETWORK, "destination"),
)
_INTO_HOLDER: Final = (
    _cr("holder", Role.HOLDER, "source"),
    _cr("fee_taker", Role.FEE, "fee"),
)
_SUSPENDED: Final = (
    (Asset.DEFERRED, "payee_side", Role.NETWORK, "money that a network claimed"),
    (Asset.BAKONG, "sponsor", Role.POOL, "money that arrived in the Bakong pool"),
)
_NETWORK_PAYS: Final = (_dr("payer_side", Role.NETWORK, "debit"), *_INTO_HOLDER)

POSTINGS: Final[Mapping[str, Posting]] = MappingProxyType(
    {
        "outbound_capped": Posting(
            "outbound, on the member's position",
            (_dr("payer_side", Role.MEMBER, "debit"), *_INTO_HOLDER, *_OUT),
            _RESERVED,
            "opening and end of an outbound payment",
            booked=True,
        ),
        "outbound_funded": Posting(
            "money that arrived in the Bakong pool, until it is matched",
            (
                _dr("sponsor", Role.POOL, "debit", asset=_BAKONG),
                _cr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG),
            ),
            _POSTED,
            "each incoming item, once",
            booked=True,
        ),
        "outbound_gross": Posting(
            "outbound, paid for in advance",
            (_dr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG), *_INTO_HOLDER, *_OUT),
            _RESERVED,
            "a gross outbound payment, once its funds are matched",
            booked=True,
        ),
        "outbound_gross_return": Posting(
            "outbound gross was refused: the money goes back",
            (
                _dr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG),
                _cr("sponsor", Role.POOL, "debit", asset=_BAKONG),
            ),
            "reserved, then posted when the return is final",
            "the return hop of a gross outbound payment",
            booked=True,
        ),
        "inbound_two_leg": Posting(
            "inbound, paid out of the sponsor's Bakong pool",
            (
                *_NETWORK_PAYS,
                _dr("paying_holder", Role.HOLDER, "destination"),
                _cr("payee_side", Role.POOL, "destination", asset=_BAKONG),
            ),
            _RESERVED,
            "opening and end of an inbound payment",
            booked=True,
        ),
        "inbound_on_us": Posting(
            "inbound to a payee of the sponsor itself: its pool does not move",
            (
                *_NETWORK_PAYS,
                _dr("paying_holder", Role.HOLDER, "destination"),
                _cr("payee_side", Role.MEMBER, "destination"),
            ),
            _RESERVED,
            "opening and end of an inbound payment on us",
            booked=True,
        ),
        "advice_received": Posting(
            "inbound advice: the payer is debited already",
            (
                _dr("payer_side", Role.NETWORK, "debit"),
                _cr("payer_side", Role.SUSPENSE, "debit"),
            ),
            _POSTED,
            "receipt of an advice",
            booked=True,
        ),
        "advice_pays_out": Posting(
            "inbound advice: the credit at home",
            (
                _dr("paying_holder", Role.HOLDER, "destination"),
                _cr("payee_side", Role.POOL, "destination", asset=_BAKONG),
            ),
            "reserved on receipt, posted when credited, voided when the credit failed",
            "the Bakong hop of an advice",
            booked=True,
        ),
        "advice_pays_out_on_us": Posting(
            "inbound advice: the credit of a payee of the sponsor itself",
            (
                _dr("paying_holder", Role.HOLDER, "destination"),
                _cr("payee_side", Role.MEMBER, "destination"),
            ),
            "reserved on receipt, posted when credited, voided when the credit failed",
            "the Bakong hop of an advice on us",
            booked=True,
        ),
        "advice_credited": Posting(
            "inbound advice: credited, the holder has earned it",
            (_dr("payer_side", Role.SUSPENSE, "debit"), *_INTO_HOLDER),
            _POSTED,
            "the credit of an advice",
            booked=True,
        ),
        "advice_failed": Posting(
            "inbound advice: not credited, the network gets it back",
            (
                _dr("payer_side", Role.SUSPENSE, "debit"),
                _cr("payer_side", Role.NETWORK, "debit"),
            ),
            _POSTED,
            "an advice whose credit failed",
            booked=True,
        ),
        "late_credit": Posting(
            "Bakong settled after the foreign side gave up",
            (
                _dr("bearer", Role.BEARER, "debit", kind=Kind.EXPOSURE),
                _cr("holder", Role.HOLDER, "debit"),
                _dr("paying_holder", Role.HOLDER, "destination"),
                _cr("payee_side", Role.POOL, "destination", asset=_BAKONG),
            ),
            _POSTED + "; recovered: the same with its sides exchanged",
            "a late credit, and its recovery",
            booked=True,
        ),
        "late_acceptance": Posting(
            "the foreign side paid a payment that was refused to its payer",
            (
                _dr("bearer", Role.BEARER, "destination", kind=Kind.EXPOSURE),
                _cr("payee_side", Role.NETWORK, "destination"),
            ),
            _POSTED + "; recovered: the same with its sides exchanged",
            "a dispute about a refused outbound payment, by two operators",
            booked=True,
        ),
        "late_credit_lost": Posting(
            "a late credit that nobody gives back",
            (
                _dr("bearer", Role.BEARER, "debit"),
                _cr("bearer", Role.BEARER, "debit", kind=Kind.EXPOSURE),
            ),
            _POSTED,
            "the end of a late credit that is written off, by two operators",
        ),
        "refund": Posting(
            "refund of an outbound payment, in full or in part, at its own rate",
            (
                _dr("holder", Role.HOLDER, "source"),
                _cr("payer_side", Role.MEMBER, "source"),
                _dr("payee_side", Role.NETWORK, "destination"),
                _cr("paying_holder", Role.HOLDER, "destination"),
            ),
            _POSTED,
            "each refund of a payment on a member's position",
            booked=True,
        ),
        "refund_gross": Posting(
            "refund of a gross outbound payment",
            (
                _dr("holder", Role.HOLDER, "source"),
                _cr("sponsor", Role.SUSPENSE, "source", asset=_BAKONG),
                _dr("payee_side", Role.NETWORK, "destination"),
                _cr("paying_holder", Role.HOLDER, "destination"),
            ),
            _POSTED,
            "each refund of a payment that was paid for in advance",
            booked=True,
        ),
        "return_unmatched": Posting(
            "money that a network gives back and that fits its payment not as that stands",
            (
                _dr("payee_side", Role.NETWORK, "destination"),
                _cr("payee_side", Role.SUSPENSE, "destination"),
            ),
            _POSTED + "; matched or sent back: the same with its sides exchanged",
            "a return that waits for two operators, and what they decide",
            booked=True,
        ),
        "unwound_owed": Posting(
            "an advice that failed and that its network does not take back: the bearer owes it",
            (
                _dr("payer_side", Role.SUSPENSE, "debit"),
                _cr("bearer", Role.BEARER, "debit"),
            ),
            _POSTED,
            "a dispute about money on its way back, by two operators",
            booked=True,
        ),
        "returned_owed": Posting(
            "outbound gross was refused and its bank does not take it back: the bearer owes it",
            (
                _dr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG),
                _cr("bearer", Role.BEARER, "debit"),
            ),
            _POSTED,
            "a dispute about money on its way back, by two operators",
            booked=True,
        ),
        **{
            f"suspense_{way}{'_pool' if asset is Asset.BAKONG else ''}": Posting(
                f"{source}: {what}",
                (
                    _dr(place, Role.SUSPENSE, "debit", asset=asset),
                    _cr(taker or place, role, "debit", asset=settles),
                ),
                _POSTED + "; what was claimed of us: with its sides exchanged",
                "the close of an item in suspense, by two operators",
                booked=True,
            )
            for asset, place, side, source in _SUSPENDED
            for way, taker, role, settles, what in (
                ("settled", "", side, asset, "it is squared with where it came from"),
                ("assigned", "payer_side", Role.MEMBER, Asset.DEFERRED, "it is a member's"),
                ("borne", "bearer", Role.BEARER, Asset.DEFERRED, "nobody's: the bearer owes it"),
            )
        },
        "blocked": Posting(
            "blocked by law, on the member's position",
            (
                _dr("payer_side", Role.MEMBER, "debit"),
                _cr("payer_side", Role.MEMBER, "debit", kind=Kind.FROZEN),
            ),
            "posted when the reservation is voided with it; unblocked: with its sides exchanged",
            "a confirmed hit of a payment on a member's position, by two operators",
            booked=True,
        ),
        "blocked_gross": Posting(
            "blocked by law, paid for in advance",
            (
                _dr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG),
                _cr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG, kind=Kind.FROZEN),
            ),
            "posted when the reservation is voided with it",
            "a confirmed hit of a gross payment",
        ),
        "window_closing": Posting(
            "a window closes on what a member owes and a network is owed",
            (
                _dr("payer_side", Role.MEMBER, "debit", kind=Kind.SETTLING),
                _cr("payer_side", Role.MEMBER, "debit"),
                _dr("payee_side", Role.NETWORK, "destination"),
                _cr("payee_side", Role.NETWORK, "destination", kind=Kind.SETTLING),
            ),
            _POSTED + "; what stands the other way: with its sides exchanged",
            "the close of a settlement window",
        ),
        "window_confirmed": Posting(
            "a window is discharged: over Bakong at home, by the nostro's advice abroad",
            (
                _dr("sponsor", Role.POOL, "debit", asset=_BAKONG),
                _cr("payer_side", Role.MEMBER, "debit", kind=Kind.SETTLING),
                _dr("payee_side", Role.NETWORK, "destination", kind=Kind.SETTLING),
                _cr("settlement_agent", Role.NOSTRO, "destination", asset=Asset.ADVISED),
            ),
            _POSTED + "; what stands the other way: with its sides exchanged",
            "the confirmation of a settlement window",
        ),
        "window_confirmed_rtgs": Posting(
            "a window is discharged at home by the RTGS's advice",
            (
                _dr("settlement_agent", Role.NOSTRO, "debit", asset=Asset.ADVISED),
                _cr("payer_side", Role.MEMBER, "debit", kind=Kind.SETTLING),
            ),
            _POSTED + "; what stands the other way: with its sides exchanged",
            "the confirmation of a settlement window over the RTGS",
        ),
        "between": Posting(
            "two conversions by two holders: the first owes the second the currency between",
            (
                _dr("holder", Role.HOLDER, "between"),
                _cr("second_holder", Role.HOLDER, "between"),
            ),
            "with the payment's own set",
            "a payment through a third currency",
            booked=True,
        ),
        "payee_fee": Posting(
            "a fee that the payee bears is taken off what the holder pays out",
            (
                _dr("paying_holder", Role.HOLDER, "payee_fee"),
                _cr("fee_taker", Role.FEE, "payee_fee"),
            ),
            "with the payment's own set",
            "a payment with a fee for its payee",
            booked=True,
        ),
        "residue": Posting(
            "what rounding to a step left with a holder is owed to the residue account",
            (
                _dr("residue_holder", Role.HOLDER, "amount"),
                _cr("fee_taker", Role.RESIDUE, "amount"),
            ),
            "with the payment's own set",
            "a payment whose amounts were rounded to a step",
            booked=True,
        ),
    }
)
"""Every template, by name."""
