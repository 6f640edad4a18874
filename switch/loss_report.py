"""What an operator sees after a loss, and the word that ends holding new payments back.

Every payment that is open is asked about by itself; here it is shown which have not been asked
about since the store came back, and which callers' repeats turned out to be unknown to it. The
surprise: nothing is open in an empty ledger, so one that was begun anew after the loss is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from switch.answers import instant
from switch.data_folder import readable_database
from switch.losses import losses_of
from switch.model import State, to_micros
from switch.record_reader import open_record
from switch.restoring import Loss
from switch.states import STATES, Timer
from switch.store.chain import block_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from switch.config import Config
    from switch.model import Payment
    from switch.store.contract import Reads

PAGE: Final = 1_000
SHOWN_MAX: Final = 100

LAST_NUMBER: Final = (1 << 63) - 1
"""Above the number of every block."""


class LossForgotten(OSError):  # noqa: N818  the name says what happened
    """The store holds nothing of before the loss: it is not the one that came back."""


@dataclass(frozen=True, slots=True)
class LossReport:
    """A loss and what is open: ``left`` nobody has asked about since, ``manual`` nobody will.

    ``waiting`` nobody can be asked about: the copy has it as not sent yet, and it may have been.
    """

    loss: Loss | None
    left: tuple[Payment, ...] = ()
    asked: int = 0
    manual: tuple[Payment, ...] = ()
    waiting: tuple[Payment, ...] = ()

    @property
    def holding(self) -> bool:
        """Whether new payments are held back."""
        return self.loss is not None and not self.loss.done

    def view(self) -> dict[str, object]:
        """As plain values; payments by UETR, at most so many as are shown."""
        loss = self.loss
        lost_after = None if loss is None or loss.head_at is None else instant(loss.head_at)
        return {
            "restored_at": None if loss is None else instant(loss.restored_at),
            "lost_after": lost_after,
            "holding": self.holding,
            "asked": self.asked,
            "left": [payment.uetr for payment in self.left[:SHOWN_MAX]],
            "manual": [payment.uetr for payment in self.manual[:SHOWN_MAX]],
            "waiting": [payment.uetr for payment in self.waiting[:SHOWN_MAX]],
        }


async def loss_report(config: Config, data: Path) -> LossReport:
    """How it stands with a data folder.

    A folder without a database says nothing of any loss: it may be another one than was meant.
    Raises :class:`LossForgotten`, and what opening the store raises.
    """
    if config.store.engine == "sqlite":
        readable_database(data)
    async with losses_of(config, data) as losses:
        loss = await losses.known()
    if loss is None:
        return LossReport(None)
    async with open_record(config, data) as read:
        if loss.head_at is not None and not await _as_old_as(loss.head_at, read):
            raise LossForgotten(
                f"the store holds no block of {instant(loss.head_at)} or before, which came back: "
                "an empty one stands in its place. Bring the copy back again"
            )
        return await _reported(loss, read)


async def _as_old_as(at: datetime, read: Reads) -> bool:
    """Whether a block was written then or before: within a slot, times never go back."""
    after: tuple[int, int] = (0, 0)
    while rows := await read.record_page("block", after, 1):
        block = block_of(rows[0])
        if block is None:
            return False
        if block.at <= to_micros(at):
            return True
        after = (block.slot, LAST_NUMBER)
    return False


async def end_loss(config: Config, data: Path, *, although_open: bool) -> LossReport:
    """End holding back, unless payments are left that nobody asked about."""
    report = await loss_report(config, data)
    if report.loss is None or (report.left and not although_open):
        return report
    async with losses_of(config, data) as losses:
        ended = await losses.end(report.loss)
    return replace(report, loss=ended)


async def _reported(loss: Loss, read: Reads) -> LossReport:
    left: list[Payment] = []
    manual: list[Payment] = []
    waiting: list[Payment] = []
    asked = after = 0
    while page := await read.unended(after, PAGE):
        after = page[-1].payment_id
        for payment in page:
            if payment.disputed and payment.next_at is None:
                continue
            if payment.state in (State.MANUAL, State.CANCEL_MANUAL):
                manual.append(payment)
            elif STATES[payment.state].timer in (Timer.EXPIRY, Timer.NONE):
                waiting.append(payment)
            elif payment.rung > 0 and payment.updated_at >= loss.restored_at:
                asked += 1
            else:
                left.append(payment)
    return LossReport(loss, tuple(left), asked, tuple(manual), tuple(waiting))
