"""An examined code as plain data: what the command line and the interface show.

One shape for both, so that a member who tries a code by hand sees what the call answers. It is the
content itself, personal data included, and goes only to whoever showed the code. The surprise:
a code that is refused is an answer and no error, with every fault found and the deciding one first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from switch.qr.examine import Examined

_LINE_ENDS: Final = ("\r\n", "\n", "\r")


def view(examined: Examined) -> dict[str, object]:
    """Everything that is known about a code."""
    return {
        "valid": examined.valid,
        "network": examined.network,
        "networks": list(examined.networks),
        "layer": examined.layer,
        "reason": examined.reason,
        "path": examined.path,
        "position": examined.position,
        "nbc": examined.nbc,
        "deviations": list(examined.deviations),
        "notes": list(examined.notes),
        "fields": examined.fields,
        "faults": [fault._asdict() for fault in examined.faults],
    }


def verdict(examined: Examined) -> dict[str, object]:
    """The short answer: one line of many."""
    return {
        "valid": examined.valid,
        "network": examined.network,
        "layer": examined.layer,
        "reason": examined.reason,
        "deviations": list(examined.deviations),
        "fields": examined.fields,
    }


def without_line_end(text: str) -> str:
    """Cut the one line end that a scanner or a shell puts behind a code; nothing else."""
    for end in _LINE_ENDS:
        if text.endswith(end):
            return text.removesuffix(end)
    return text
