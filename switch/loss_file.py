"""The file that says that a store came back from a copy, and whether that is dealt with.

It stands beside the database, not in it, because whoever copies a database back by hand copies no
such row. It is never removed: what may have been paid before the loss is asked about for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import orjson

from switch.data_folder import LOSS_FILE
from switch.restoring import Loss, LostHead
from switch.runtime.private_files import sync_file, sync_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TICK: Final = timedelta(microseconds=1)


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
            written_off=tuple(
                LostHead(int(slot), int(number), bytes.fromhex(hashed), int(kept))
                for slot, number, hashed, kept in held.get("written_off", ())
            ),
        )
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError):
        raise LossUnreadable(f"{path.absolute()}: cannot be read") from None


def begun(
    known: Loss | None,
    now: datetime,
    head_at: datetime | None,
    published_at: datetime | None = None,
) -> Loss:
    """A new loss. It is never dated before anything that is known to have been written.

    A clock that is behind would else take what was paid last for quoted after the loss.
    """
    before = None if known is None else known.restored_at + _TICK
    restored_at = max(each for each in (now, head_at, published_at, before) if each is not None)
    return Loss(restored_at, head_at, done=False, written_off=written_off(known))


def written_off(known: Loss | None, lost: Iterable[LostHead] = ()) -> tuple[LostHead, ...]:
    """The heads that a loss and those before it took: of each slot the latest."""
    before = () if known is None else known.written_off
    return tuple({head.slot: head for head in (*before, *lost)}.values())


def mark_restored(
    data: Path, now: datetime, head_at: datetime | None, published_at: datetime | None = None
) -> Loss:
    """Mark a store that came back by other means; a loss that is not dealt with stays as it is."""
    known = read_loss(data)
    if known is not None and not known.done:
        return known
    loss = begun(known, now, head_at, published_at)
    write_loss(data, loss)
    return loss


def write_loss(data: Path, loss: Loss) -> None:
    """Replace the file durably. Raises :class:`OSError`."""
    held = {
        "restored_at": loss.restored_at.isoformat(),
        "head_at": None if loss.head_at is None else loss.head_at.isoformat(),
        "done": loss.done,
        "written_off": [
            [head.slot, head.number, head.hashed.hex(), head.kept] for head in loss.written_off
        ],
    }
    path = data / LOSS_FILE
    write_private(path, orjson.dumps(held) + b"\n")
    sync_file(path)
    sync_folder(data)
