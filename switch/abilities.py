"""Abilities of adapters beyond paying: cancel, refund, confirm, collect, sign. Pure, as all here.

A network has one when its facts list the operation; the switch never asks for what is not listed.
Each is planned like a payment and committed before it is sent, and its answer is read by the
adapter's ``read``, which tells by ``exchange.operation`` what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from switch.port import Adapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.model import Particulars, Payment
    from switch.port import Exchange, IncomingItem, Planning, Rendered, WireAnswer


class CancelAdapter(Adapter, Protocol):
    """A network that can be asked to undo a payment (``cancel`` among its operations)."""

    def plan_cancel(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Ask that a payment be undone. ``read`` tells CANCELLED from ACCEPTED (too late)."""


class RefundAdapter(Adapter, Protocol):
    """A network that takes back, in full or in part, what it paid us (``refund``)."""

    def plan_refund(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """The instruction of a linked payment that gives back ``payment.terms.destination``.

        ``payment.reference`` is its own idempotency key; ``particulars`` are those of the payment
        that is refunded, its ``extra`` what the network needs named. ``plan_enquire`` asks after it
        (``payment.kind`` tells), ``read`` reads both answers.
        """


@dataclass(frozen=True, slots=True)
class Page:
    """What a network has for us, and how many items of it nobody here can read: they come again."""

    items: tuple[IncomingItem, ...]
    left_out: int = 0


class CollectAdapter(Adapter, Protocol):
    """A network that is polled for what it has for us (Bakong)."""

    def plan_collect(self, planning: Planning, size: int) -> Exchange:
        """Ask for incoming items, at most ``size``."""

    def read_collect(self, exchange: Exchange, answer: WireAnswer) -> Page | None:
        """The items, or None when the answer cannot be used."""

    def plan_acknowledge(self, item: IncomingItem, planning: Planning) -> Exchange:
        """Tell the network that an item is committed on our side."""

    def read_acknowledge(self, exchange: Exchange, answer: WireAnswer) -> bool:
        """True when the acknowledgement is known to have arrived."""


class RecallAdapter(Adapter, Protocol):
    """A network that can be asked for what it was paid (``recall``): its payee may agree or not."""

    def plan_recall(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Ask for what ``payment.original`` paid; what is asked back is ``terms.destination``.

        ``payment.reference`` names the recall, ``particulars`` are those of the payment, and their
        ``extra`` has :data:`RECALLED_REFERENCE` and :data:`RECALL_REASON`. ``plan_enquire`` asks
        the same again (``payment.kind`` tells), which a network answers as it did before. ``read``:
        ACCEPTED means that the money will come back, by a return of its own.
        """


RECALLED_REFERENCE: Final = "recalled_reference"
"""Name in ``extra`` of our reference of the payment that is recalled."""

RECALL_REASON: Final = "recall_reason"
"""Name in ``extra`` of why, a code of ISO 20022's ExternalCancellationReason1Code."""


class ConfirmAdapter(Adapter, Protocol):
    """A three-leg network: it carries out what it reserved once we confirm (``confirm``)."""

    def plan_confirm(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """The confirmation; repeated until ``read`` says ACCEPTED."""


@runtime_checkable
class AnswerSigner(Protocol):
    """A network whose answers from us carry their signature in a header, over the raw body.

    Such headers are made anew for each answer, repeats included: the stored answer is its body.
    """

    def answer_headers(
        self, request: Mapping[str, str], rendered: Rendered, planning: Planning
    ) -> tuple[tuple[str, str], ...]:
        """Headers of an answer. ``request`` holds those of the request, its path as ``:path``."""


@runtime_checkable
class NamedByNetwork(Protocol):
    """A network that names what is paid itself: its own name is our reference of the payment there.

    Two payments never have one reference, so what it names is paid through us once at most.
    """

    def given_reference(self, particulars: Particulars) -> str:
        """The network's name of what is paid, as its lookup told it."""


@runtime_checkable
class BodyMasker(Protocol):
    """A network whose messages hold credentials or card numbers, and people may open them later."""

    def masked(self, body: bytes) -> bytes:
        """A body, sent or come, with these blotted out and all else as it was; never raises."""
