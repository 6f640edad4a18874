"""The file that says that a store came back from a copy, and whether that is dealt with.

It stands beside the database, not in it, because whoever copies a database back by hand copies no
such row. It is never removed: what may have been paid before the loss is asked about for ever.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import orjson

from switch.restoring import Loss
from switch.runtime.private_files import sync_file, sync_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

LOSS_FILE: Final = "restored.json"


class LossUnreadable(OSError):  # noqa: N818  the name says what happened
    """The file is not one of ours; nothing new is paid before it is mended."""


def read_loss(data: Path) -> Loss | None:
    """The latest loss of the data folder's store. Raises :class:`LossUnreadable`."""
    path = data / LOSS_FILE
    try:
        held = orjson.loads(path.read_bytes())
        head_at = held["head_at"]
        return Loss(
            restored_at=datetime.fromisoformat(held["restored_at"]),
            head_at=None if head_at is None else datetime.fromisoformat(head_at),
            done=held["done"] is True,
        )
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError):
        raise LossUnreadable(f"{path.absolute()}: cannot be read") from None


def mark_restored(data: Path, now: datetime, head_at: datetime | None) -> Loss:
    """Mark a store that came back by other means; a loss that is not dealt with stays as it is."""
    known = read_loss(data)
    if known is not None and not known.done:
        return known
    loss = Loss(max(now, head_at or now), head_at, done=False)
    write_loss(data, loss)
    return loss


def write_loss(data: Path, loss: Loss) -> None:
    """Replace the file durably. Raises :class:`OSError`."""
    held = {
        "restored_at": loss.restored_at.isoformat(),
        "head_at": None if loss.head_at is None else loss.head_at.isoformat(),
        "done": loss.done,
    }
    path = data / LOSS_FILE
    write_private(path, orjson.dumps(held) + b"\n")
    sync_file(path)
    sync_folder(data)
