"""Abilities of adapters beyond paying: cancel, refund, confirm. Pure, as all of the port.

A network has one when its facts list the operation; the switch never asks for what is not listed.
Each is planned like a payment and committed before it is sent, and its answer is read by the
adapter's ``read``, which tells by ``exchange.operation`` what was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from switch.port import Adapter

if TYPE_CHECKING:
    from switch.model import Particulars, Payment
    from switch.port import Exchange, Planning


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


class ConfirmAdapter(Adapter, Protocol):
    """A three-leg network: it carries out what it reserved once we confirm (``confirm``)."""

    def plan_confirm(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """The confirmation; repeated until ``read`` says ACCEPTED."""
