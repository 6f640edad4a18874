"""The port, continued: orders, advice, notices, returns and cancels that networks send us. Pure.

Beside ``switch.port``'s lookup, payment and enquiry, a network may first have us hold an order and
pay it later by its own id, tell us that a payer was debited already (an advice), tell what became
of a payment of ours (a notice), give money back, or ask us to stop. Each is named by the network's
own key, from which :func:`derived_uetr` makes the identity where the wire has none. The surprise:
none of these is refused by silence; every one is answered through :meth:`render_taken`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from fx.money import Money
    from switch.model import Particulars, Party, Payment, Status
    from switch.port import Merchant, Outcome, Planning, Rendered
    from switch.reasons import Reason


_TAIL_DIGITS: Final = 10


def derived_uetr(network: str, key: str) -> str:
    """The UETR (version 4 in form) of what a network names by a key; the same key, the same UETR.

    For networks whose messages carry none. It is a hash of an identification of the network's, so
    such a key must not be anything personal (an account, a text of a code).
    """
    return _as_version_4(sha256(f"{network}\n{key}".encode("utf-8", "replace")).digest()[:16])


def own_uetr(what: str, key: str) -> str:
    """The UETR (version 4 in form) of a payment that the switch itself makes of another one.

    Whoever knows the other one can work it out, so it can be told from every other UETR: its last
    five bytes follow from the rest, and of what others choose nothing is taken that looks so
    (:func:`is_own`; by chance one in 10**12).
    """
    named = _as_version_4(sha256(f"{what}\n{key}".encode()).digest()[:16])[:-_TAIL_DIGITS]
    return named + _tail(named)


def is_own(uetr: str) -> bool:
    """Whether nobody but the switch itself may give a payment this UETR."""
    return uetr[-_TAIL_DIGITS:] == _tail(uetr[:-_TAIL_DIGITS])


def _tail(named: str) -> str:
    return sha256(f"own\n{named}".encode("utf-8", "replace")).hexdigest()[:_TAIL_DIGITS]


def _as_version_4(drawn: bytes) -> str:
    digest = bytearray(drawn)
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@dataclass(frozen=True, slots=True)
class InboundOrder:
    """A network asks us to hold an order that its customer may pay: verified code, price, expiry.

    ``key`` is what the payment will name; the same key with the same ``content`` is the same order.
    ``payload`` is the KHQR. ``amount`` is what the customer keyed where the code has none.
    ``particulars`` say what is known of the payer; the merchant comes from the code.
    ``expires_at`` bounds the order, where the network says so; the quote bounds it in any case.
    Where a key follows from the code, ``again`` is the order under the key that follows those that
    were held and never paid: so many.
    """

    key: str
    content: Mapping[str, str] = field(repr=False)
    payload: str = field(repr=False)
    amount: Money | None
    particulars: Particulars = field(repr=False)
    expires_at: datetime | None
    request: Mapping[str, str] = field(repr=False)
    again: Callable[[int], InboundOrder] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class InboundOrderPay:
    """A network pays an order, or says that its payer has paid it (where its finality is advice).

    ``key`` is the order's. ``amount`` is what the network owes us; where it differs from the order
    the payment is refused, or given back where the payer is debited already. ``far_reference`` is
    the network's own reference. ``extra`` is added to the particulars for later operations.
    ``payer`` is who pays, where that is said only now.
    """

    key: str
    amount: Money
    accepted_at: datetime
    far_reference: str
    extra: Mapping[str, str] = field(repr=False)
    request: Mapping[str, str] = field(repr=False)
    payer: Party | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InboundNotice:
    """What became of a payment of ours, told unasked. ``reference`` is ours there.

    The outcome is taken as the answer to an enquiry is: the first final one counts. ``recall`` says
    that it answers a recall of ours, and ``original`` then the UETR of what was asked back, where
    it is told. Where the message states an amount or a bill, ``judge`` tells the outcome with the
    payment at hand, as ``read`` does of an answer: an approval of something else is UNKNOWN.
    """

    reference: str
    outcome: Outcome
    request: Mapping[str, str] = field(repr=False)
    recall: bool = False
    original: str = ""
    judge: Callable[[Payment], Outcome] | None = field(default=None, repr=False, compare=False)

    def outcome_of(self, payment: Payment) -> Outcome:
        """What the message says of this payment."""
        return self.outcome if self.judge is None else self.judge(payment)


@dataclass(frozen=True, slots=True)
class InboundReturn:
    """A network gives back, in part or in full, what a payment of ours paid.

    ``key`` identifies the return there; the same key is the same return. ``reference`` is ours of
    the payment, ``amount`` is in the currency that the payee got. ``settled`` says that the message
    itself moves the money (pacs.004), so that it is booked even where it fits the payment not as it
    stands; else it is an instruction, and what does not fit is refused. ``uetr`` is the payment's
    where the network names that too: one that names two payments names none.
    """

    key: str
    reference: str
    amount: Money
    request: Mapping[str, str] = field(repr=False)
    settled: bool = False
    uetr: str = ""


@dataclass(frozen=True, slots=True)
class InboundCancel:
    """A network wants one of its payments or orders not to be carried out, named by its key.

    ``undebited`` says that it is no request: the payer was not debited, or is not any more, and
    what we did or do with an advice of that debit changes nothing of it.
    """

    key: str
    request: Mapping[str, str] = field(repr=False)
    undebited: bool = False


@dataclass(frozen=True, slots=True)
class InboundRecall:
    """A network asks for what it has paid to a payee here (camt.056); nobody has agreed yet.

    ``key`` identifies the recall there; the same key is the same recall. ``uetr`` and ``reference``
    are the payment's, as in its instruction. It is put to the payee's bank, and answered "pending"
    until that has decided and the money has gone back.
    """

    key: str
    uetr: str
    reference: str
    request: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class InboundAuthorise:
    """A network asks whether a payment of ours may be debited: ours by ``reference`` there.

    ``amount`` is what the network will be owed; None where it only asks how the payment stands.
    Nothing is moved by it: the payment is carried out by its own exchange, and this is answered
    with how it stands.
    """

    reference: str
    amount: Money | None
    request: Mapping[str, str] = field(repr=False)


Told: TypeAlias = (
    InboundOrderPay
    | InboundNotice
    | InboundReturn
    | InboundCancel
    | InboundRecall
    | InboundAuthorise
)


class OrderAdapter(Protocol):
    """What an adapter has beside :class:`~switch.port.InboundAdapter` where it sends any of these.

    Its ``translate`` returns them; ``render_lookup`` and ``render_rejection`` are not used then
    unless its network also sends what they answer.
    """

    def render_order(
        self,
        request: InboundOrder,
        answer: tuple[Merchant, Payment] | Reason,
        planning: Planning,
    ) -> Rendered:
        """The merchant and the payment that was opened for it, or a refusal.

        ``payment.terms`` have the price: ``debit`` is what the network will owe, ``destination``
        what the merchant gets, ``quote_expires_at`` and ``rate`` what they are; ``payment.next_at``
        is when the order expires.
        """

    def render_taken(
        self,
        request: Told,
        payment: Payment | None,
        status: Status | None,
        reason: Reason | None,
        planning: Planning,
    ) -> Rendered:
        """How what the network told was taken, after the commit that holds it.

        ``payment`` and ``status`` are as committed, None where there is no such payment. ``reason``
        says why the request was refused; None where it was taken.
        """
