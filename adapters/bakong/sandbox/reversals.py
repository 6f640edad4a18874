"""makeReverseTransaction of the simulated backbone: only the payee gives a transfer back, once.

A reversal is a transfer of its own, from the payee's pool to the payer's, under its ``RvslId``; the
same document again gets the same answer. The surprise: what it gives back must have settled, so a
transfer that still waits for its payee's acknowledgement cannot be reversed.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from adapters.bakong.sandbox import messages
from adapters.bakong.sandbox.ledger import Stage, Transfer
from adapters.bakong.sandbox.messages import CallError
from adapters.bakong.sandbox.outcome import Script
from adapters.sandbox_kit import Entry, EntryStatus, FaultKind
from fx.money import Money
from iso20022 import IsoError, read

if TYPE_CHECKING:
    from adapters.bakong.sandbox.ledger import Ledger
    from adapters.bakong.sandbox.outcome import Outcomes
    from adapters.sandbox_kit import Fault, SandboxContext


class Reversals:
    """What participants gave back."""

    def __init__(self, ledger: Ledger, outcomes: Outcomes, context: SandboxContext) -> None:
        self._ledger = ledger
        self._outcomes = outcomes
        self._clock = context.clock
        self._reversed: dict[str, str] = {}

    def read(self, document: bytes, participant: str) -> Transfer:
        """The transfer back that a pain.007 asks for; raises :class:`CallError`."""
        try:
            values = read(document, names=("pain.007.001.05",), header=False).values
        except IsoError:
            raise CallError("WRONG_REQUEST_DATA") from None
        amount = values["reversed_amount"]
        assert isinstance(amount, Money), "the reader gives an amount"
        reference = str(values.get("reversal_id", ""))
        information_id = str(values["original_payment_information_id"])
        payer, payee, _ = (*information_id.split("/", 2), "", "", "")[:3]
        if not reference or payee != participant or not values.get("original_message_id"):
            raise CallError("WRONG_REQUEST_DATA")
        content = sha256(document).hexdigest()
        return Transfer(
            payer=participant,
            payee=payer,
            ext_ref=reference,
            content=content,
            amount=amount,
            ledger_hash=sha256(f"{participant} {reference} {content}".encode()).hexdigest(),
            stage=Stage.AUTHORIZED,
            document=document.decode(),
            information_id=information_id,
            notes=(str(values["original_message_id"]),),
        )

    def taken(self, asked: Transfer, uetr: str, fault: Fault | None) -> str:
        """Enter a reversal seen for the first time; returns the report that answers it."""
        known = self._ledger.find(asked.payer, asked.ext_ref)
        if known is not None:
            same = known.content == asked.content
            return known.answer if same else messages.report("RJCT", "", "DUPL")
        reason = self._refusal(asked)
        if fault is not None and fault.kind is FaultKind.REFUSE and not reason:
            reason = fault.reason or "AC01"
        script = Script(Stage.CANNOT_SETTLE) if reason else Script()
        report = messages.report("ACSP", asked.ledger_hash)
        if reason:
            report = messages.report("RJCT", "", reason)
        elif fault is not None:
            script = Script(Stage.AT_FAST, delay_ms=fault.delay_ms)
            report = messages.report("PDNG", asked.ledger_hash)
        status = EntryStatus.REFUSED if reason else EntryStatus.PENDING
        now = self._clock.now()
        entry = Entry(uetr, asked.ext_ref, "outbound", asked.amount, status, now, reason or None)
        self._outcomes.begin(asked, report, entry, script)
        if not reason:
            self._reversed[asked.information_id] = asked.ext_ref
        return report

    def _refusal(self, asked: Transfer) -> str:
        """The reason against a reversal, or empty."""
        original = self._ledger.settled_to(asked.payer, asked.information_id)
        if original is None or not _names(original, asked.notes[0]):
            return "NOOR"
        if asked.information_id in self._reversed:
            return "AM05"
        if asked.amount.currency != original.amount.currency:
            return "AM03"
        if asked.amount > original.amount:
            return "AM09"
        return "" if self._ledger.covers(asked.payer, asked.amount) else "AM04"


def _names(original: Transfer, message_id: str) -> bool:
    """Whether a transfer is the one named, by its message or by the ledger's hash."""
    return message_id == original.ledger_hash or f"<MsgId>{message_id}</MsgId>" in original.document
