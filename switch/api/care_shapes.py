"""Shapes of aftercare: refunds and recalls that a bank asks for, and the operators' queue.

What is sent is read by them; what is answered is described, and made elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from switch.api.shapes import Amount, PaymentView

EVIDENCE_MAX = 20_000
"""Most characters of evidence: the text of a message or of a line of a settlement file."""


ProposalId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""What names a proposal: a digest of what is proposed, by whom, and of its evidence."""


class RefundRequest(BaseModel):
    """Give the payer of a payment back what ``amount`` of the merchant's is, at its own rate."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    amount: Amount


class RecallRequest(BaseModel):
    """Ask for all of a payment back; ``reason`` is of ISO 20022's ExternalCancellationReason1."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    reason: Literal["AC03", "AM09", "CUST", "DUPL", "FRAD", "TECH", "UPAY"] = "CUST"


class RecallAnswer(BaseModel):
    """What the payee says to a recall; ``reason`` only where they do not agree."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    agreed: bool
    reason: Literal["AC04", "AM04", "CUST", "NOAS", "RR04"] | None = None


class ProposalRequest(BaseModel):
    """How a payment ends, and what shows it; ``reason`` only where it is refused.

    ``instead_of`` is the id of what is proposed already, which this replaces.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    action: Literal[
        "accepted",
        "refused",
        "uphold",
        "again",
        "owe",
        "match",
        "send_back",
        "book",
        "unbook",
        "release",
        "block",
        "unblock",
        "surrender",
    ]
    reason: Annotated[str, Field(max_length=4)] | None = None
    evidence: Annotated[str, Field(min_length=1, max_length=EVIDENCE_MAX)]
    instead_of: ProposalId | None = None


class ApprovalRequest(BaseModel):
    """Which proposal is approved: what the approver saw, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    proposal: ProposalId


class QueuedPayment(PaymentView):
    """A payment of the queue, with everything known of it but names."""

    state: str
    kind: str
    original: str | None
    age_s: int
    owed: Amount
    origin: str
    network: str
    reference: str
    far_reference: str | None
    enquiries: int
    next_at: str | None
    version: int
    actions: list[str]


class QueueTotal(BaseModel):
    """What the payments of one state come to in one currency, that of their debits."""

    model_config = ConfigDict(extra="forbid")

    state: str
    currency: str
    count: int
    amount: Amount


class Queue(BaseModel):
    """A page of the queue: the oldest first, or the largest of each currency."""

    model_config = ConfigDict(extra="forbid")

    payments: list[QueuedPayment]
    after: Annotated[
        str | None, Field(description="The number to go on from; None where this was all.")
    ]
    totals: Annotated[
        list[QueueTotal],
        Field(default_factory=list, description="By amount: of all that were looked through."),
    ]


class ProposalView(BaseModel):
    """What is proposed for a payment as it stands, and what its operator says shows it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    action: str
    reason: str
    operator: str
    at: str
    evidence: str


class EarlierProposal(BaseModel):
    """A proposal for a version of a payment; ``said`` is None where it does not open."""

    model_config = ConfigDict(extra="forbid")

    id: str
    version: int
    place: int
    said: dict[str, str] | None


class SentMessage(BaseModel):
    """What was asked of a network last, of its operation; ``text`` None where it does not open."""

    model_config = ConfigDict(extra="forbid")

    at: str
    operation: str
    network: str
    reference: str
    path: str
    text: str | None


class KeptMessage(BaseModel):
    """What a counterparty said: a message, or what paid an order (``kind`` is ``paid``)."""

    model_config = ConfigDict(extra="forbid")

    at: str
    kind: Literal["evidence", "paid"]
    text: str | None


class Unreadable(BaseModel):
    """Why nothing of a payment opens any more, and since when where that is known."""

    model_config = ConfigDict(extra="forbid")

    cause: Literal["request", "retention", "no wrapping key", "damaged"]
    at: str | None


class EvidencePage(BaseModel):
    """What shows how a payment stands, the oldest first; proposals and what was sent at first."""

    model_config = ConfigDict(extra="forbid")

    uetr: str
    unreadable: Unreadable | None
    proposals: list[EarlierProposal]
    sent: list[SentMessage]
    messages: list[KeptMessage]
    after: str | None


class ScreeningView(BaseModel):
    """Why a payment was held: which list, and where its entry was met. Never whom."""

    model_config = ConfigDict(extra="forbid")

    list: str
    met: str


class Case(QueuedPayment):
    """One payment with those linked to it, and what is proposed."""

    linked: list[QueuedPayment]
    proposal: ProposalView | None
    screening: ScreeningView | None
