"""The addresses of aftercare, as rows of the table of routes.

Refunds are a member's, the queue is the operators'; they stand together because both are about a
payment that was made before. The surprise: an approval names the proposal that its operator saw, so
that nobody signs what somebody else put in its place.
"""

from __future__ import annotations

from typing import Final

from switch.api.care_shapes import (
    ApprovalRequest,
    Case,
    EvidencePage,
    ProposalRequest,
    Queue,
    QueuedPayment,
    RecallAnswer,
    RecallRequest,
    RefundRequest,
)
from switch.api.route_shapes import BODY, SIGNED, UNREAD, Route, Said
from switch.api.settlement_shapes import Settled, SettlementRequest
from switch.api.shapes import PaymentView

_CASE: Final = "/v1/operations/payments/{uetr}"

CARE_ROUTES: Final = (
    Route(
        "refund",
        "POST",
        "/v1/payments/{uetr}/refunds",
        "Refund a payment that a customer of this member was paid, in part or in full.",
        (
            Said(200, "The refund is final: ACCC, or RJCT with its reason.", PaymentView),
            Said(202, "The refund is open; ask under Location.", PaymentView),
            Said(404, "No customer of this member got such a payment."),
            Said(409, "The key has other content (`field`), or the payment has not ended yet."),
            Said(422, "It is refused; with a `payment` inside for good, else nothing was bound."),
            *BODY,
        ),
        takes=RefundRequest,
        keyed=True,
    ),
    Route(
        "recall",
        "POST",
        "/v1/payments/{uetr}/recall",
        "Ask a network for what a payment of this member paid; its payee may agree or not.",
        (
            Said(200, "ACCC, and the money comes back as a return; or RJCT.", PaymentView),
            Said(202, "Nobody has decided yet; ask under Location.", PaymentView),
            Said(404, "This member made no such payment."),
            Said(409, "The key has other content (`field`), or the payment has not ended yet."),
            Said(422, "It cannot be recalled, or was recalled before; that is bound, for good."),
            *BODY,
        ),
        takes=RecallRequest,
        keyed=True,
    ),
    Route(
        "answer_recall",
        "POST",
        "/v1/payments/{uetr}/recall-answer",
        "Say whether the customer of this member gives back what a network recalls.",
        (
            Said(200, "They do not: the network is told so.", PaymentView),
            Said(202, "They do: the money goes back, and then it is told.", PaymentView),
            Said(404, "No recall of this number is put to this member."),
            Said(409, "It is decided already."),
            *BODY,
        ),
        takes=RecallAnswer,
    ),
    Route(
        "queue",
        "GET",
        "/v1/operations/payments",
        "What is unknown, left to people or disputed: the oldest first, or by `order=amount` the "
        "largest of each currency with sums (`network`, `currency`, `after`, `limit`).",
        (
            Said(200, "A page, and the number to go on from.", Queue),
            Said(400, "A query that cannot be: no whole number, no such name; or a body."),
            *SIGNED,
        ),
    ),
    Route(
        "case",
        "GET",
        _CASE,
        "Everything known of one payment, those linked to it, and what is proposed and why.",
        (
            Said(200, "The payment.", Case),
            Said(400, "A body where none is expected."),
            Said(404, "There is no such payment."),
            *SIGNED,
        ),
    ),
    Route(
        "evidence",
        "GET",
        f"{_CASE}/evidence",
        "Open what was sealed as evidence of one payment (`after`); it is logged who did.",
        (
            Said(200, "A page, and the number to go on from; or why nothing opens.", EvidencePage),
            Said(400, "A query that is not a whole number, or a body."),
            Said(404, "There is no such payment."),
            *SIGNED,
        ),
    ),
    Route(
        "propose",
        "POST",
        f"{_CASE}/proposals",
        "Propose an end with evidence; nothing happens until another operator approves.",
        (
            Said(201, "It is proposed.", Case),
            Said(202, UNREAD, QueuedPayment),
            Said(404, "There is no such payment."),
            Said(409, "Something else is proposed already, or the payment has moved on."),
            Said(422, "This cannot be proposed for the payment as it stands."),
            *BODY,
        ),
        takes=ProposalRequest,
    ),
    Route(
        "settle",
        "POST",
        "/v1/operations/settlements/{network}",
        "Take a settlement file of a network: each line is held against its payment.",
        (
            Said(200, "It is taken; the same again says how it stands now.", Settled),
            Said(202, "Nobody signed it: a second operator hands in the same file.", Settled),
            Said(404, "There is no such network, or it sends no such files."),
            Said(422, "The file cannot be read whole; nothing was done. `path` says where."),
            *BODY,
        ),
        takes=SettlementRequest,
    ),
    Route(
        "approve",
        "POST",
        f"{_CASE}/approvals",
        "Carry out what another operator proposed.",
        (
            Said(200, "It is done.", Case),
            Said(202, UNREAD, QueuedPayment),
            Said(404, "There is no such payment, or nothing is proposed for it as it stands."),
            Said(409, "The payment has moved on, or something else is proposed now."),
            Said(422, "Who proposed it cannot approve it."),
            *BODY,
        ),
        takes=ApprovalRequest,
    ),
)
