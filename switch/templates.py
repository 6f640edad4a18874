"""The table of posting templates: what is booked for each event of the money. Data.

A template is a set of lines that names places (whose account) and amounts; it sums to zero in each
currency whatever it is filled with, which ``postings`` does. The table says of each whether a
command books it or which step will; ``docs/developer/postings.md`` is generated from it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.exposure_templates import EXPOSURES
from switch.ledger import Asset, Kind, Role
from switch.template_parts import Posting
from switch.template_parts import cr as _cr
from switch.template_parts import dr as _dr
from switch.window_templates import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Mapping


_RESERVED: Final = "reserved, then posted or released"
_POSTED: Final = "posted at once"
_BAKONG: Final = Asset.BAKONG
_OUT: Final = (
    _dr("paying_holder", Role.HOLDER, "destination"),
    _cr("payee_side", Role.NETWORK, "destination"),
)
_BACK: Final = (
    _dr("payee_side", Role.NETWORK, "destination"),
    _cr("paying_holder", Role.HOLDER, "destination"),
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
_TOOK: Final = (
    _dr("holder", Role.HOLDER, "source"),
    _dr("fee_taker", Role.FEE, "fee"),
    _dr("payee_side", Role.NETWORK, "destination"),
    _cr("paying_holder", Role.HOLDER, "destination"),
)
_BEARER_IS_OWED: Final = (
    _dr("bearer", Role.BEARER, "debit", kind=Kind.EXPOSURE),
    _cr("holder", Role.HOLDER, "debit"),
    _dr("paying_holder", Role.HOLDER, "destination"),
)

POSTINGS: Final[Mapping[str, Posting]] = MappingProxyType(
    {
        "outbound_capped": Posting(
            "outbound, on the member's position",
            (_dr("payer_side", Role.MEMBER, "debit"), *_INTO_HOLDER, *_OUT),
            _RESERVED,
            "opening and end of an outbound payment",
            booked=True,
        ),
        "outbound_prefunded": Posting(
            "outbound, out of the member's deposit",
            (_dr("payer_side", Role.MEMBER, "debit", asset=_BAKONG), *_INTO_HOLDER, *_OUT),
            _RESERVED,
            "opening and end of a prefunded outbound payment",
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
            (*_BEARER_IS_OWED, _cr("payee_side", Role.POOL, "destination", asset=_BAKONG)),
            _POSTED + "; recovered: the same with its sides exchanged",
            "a late credit, and its recovery",
            booked=True,
        ),
        "late_credit_on_us": Posting(
            "the sponsor itself paid its customer after the foreign side gave up",
            (*_BEARER_IS_OWED, _cr("payee_side", Role.MEMBER, "destination")),
            _POSTED + "; recovered: the same with its sides exchanged",
            "a late credit on us, and its recovery",
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
        **{
            name: Posting(
                f"the foreign side did not carry out after all what was accepted, {whence}",
                (*_TOOK, _cr("payer_side", Role.MEMBER, "debit", asset=asset)),
                _POSTED + "; carried out all the same: with its sides exchanged",
                "a dispute about an accepted payment, by two operators; a refund: its own set",
                booked=True,
            )
            for name, asset, whence in (
                ("late_refusal", Asset.DEFERRED, "on the member's position"),
                ("late_refusal_prefunded", _BAKONG, "out of the member's deposit"),
            )
        },
        "late_refusal_gross": Posting(
            "the same of what was paid for in advance: an item in suspense again",
            (*_TOOK, _cr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG)),
            _POSTED,
            "a dispute about an accepted gross payment, by two operators",
            booked=True,
        ),
        "inbound_not_credited": Posting(
            "Bakong says after all that the payee was not credited: an item in suspense",
            (
                _dr("payee_side", Role.POOL, "destination", asset=_BAKONG),
                _cr("payee_side", Role.SUSPENSE, "destination", asset=_BAKONG),
            ),
            _POSTED,
            "a dispute about a credited payment, by two operators",
            booked=True,
        ),
        **EXPOSURES,
        **{
            name: Posting(
                f"refund of {of}, in full or in part, at its own rate",
                (
                    _dr("holder", Role.HOLDER, "source"),
                    _cr("payer_side", Role.MEMBER, "source", asset=asset),
                    *_BACK,
                ),
                _POSTED,
                f"each refund of {of} {whence}",
                booked=True,
            )
            for name, of, asset, whence in (
                ("refund", "an outbound payment", Asset.DEFERRED, "on a member's position"),
                ("refund_prefunded", "a prefunded one", _BAKONG, "out of a deposit"),
            )
        },
        "refund_gross": Posting(
            "refund of a gross outbound payment",
            (
                _dr("holder", Role.HOLDER, "source"),
                _cr("sponsor", Role.SUSPENSE, "source", asset=_BAKONG),
                *_BACK,
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
        "suspense_deposited_pool": Posting(
            "money that arrived in the Bakong pool: a member's deposit",
            (
                _dr("sponsor", Role.SUSPENSE, "debit", asset=_BAKONG),
                _cr("payer_side", Role.MEMBER, "debit", asset=_BAKONG),
            ),
            _POSTED,
            "the close of an item in suspense, by two operators",
            booked=True,
        ),
        "deposit_withdrawn": Posting(
            "a member's deposit is paid out of the Bakong pool",
            (
                _dr("payer_side", Role.MEMBER, "debit", asset=_BAKONG),
                _cr("sponsor", Role.POOL, "debit", asset=_BAKONG),
            ),
            _POSTED,
            "a withdrawal, by two operators",
            booked=True,
        ),
        **{
            name: Posting(
                f"blocked by law, {whence}",
                (
                    _dr("payer_side", Role.MEMBER, "debit", asset=asset),
                    _cr("payer_side", Role.MEMBER, "debit", asset=asset, kind=Kind.FROZEN),
                ),
                "posted when the reservation is voided; unblocked: with its sides exchanged",
                f"a confirmed hit of a payment {whence}, by two operators",
                booked=True,
            )
            for name, asset, whence in (
                ("blocked", Asset.DEFERRED, "on the member's position"),
                ("blocked_prefunded", _BAKONG, "out of the member's deposit"),
            )
        },
        **{
            name: Posting(
                f"what was blocked by law {whence} is the authority's",
                (
                    _dr("payer_side", Role.MEMBER, "debit", asset=asset, kind=Kind.FROZEN),
                    _cr("payer_side", Role.AUTHORITY, "debit", asset=asset),
                ),
                _POSTED,
                "a blocked payment whose money an authority takes, by two operators",
                booked=True,
            )
            for name, asset, whence in (
                ("surrendered", Asset.DEFERRED, "on the member's position"),
                ("surrendered_prefunded", _BAKONG, "out of the member's deposit"),
            )
        },
        **WINDOWS,
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
