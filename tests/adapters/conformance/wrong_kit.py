"""A kit of sandboxes that executes one kind of request wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from adapters.sandbox_kit import Entry, Execute, Fault, FaultKind, Reply, SandboxKit
from switch.port import Operation

if TYPE_CHECKING:
    from aiohttp import web

LOOKUP, PAY, ENQUIRE, CANCEL = (
    *(Operation.LOOKUP, Operation.PAY, Operation.ENQUIRE),
    Operation.CANCEL,
)


@dataclass
class Call:
    """One request that the kit is about to execute."""

    kit: WrongKit
    operation: Operation
    reference: str
    kind: FaultKind | None
    number: int
    """Counted for each operation and kind of fault."""
    of_reference: int

    @property
    def book(self) -> dict[str, Entry]:
        return self.kit.book._entries

    def is_(self, operation: Operation, kind: FaultKind | None, number: int = 0) -> bool:
        return (self.operation, self.kind) == (operation, kind) and number in (0, self.number)

    def forget(self) -> None:
        self.book.pop(self.reference, None)

    def double(self) -> None:
        entry = self.book[self.reference]
        self.book[f"again/{self.reference}"] = replace(entry, reference=f"again/{self.reference}")


Misdeed = Callable[[Call, Execute, Fault | None], Reply]
"""Executes a request wrongly."""


class WrongKit(SandboxKit):
    """A kit that executes as its misdeed says."""

    misdeed: Misdeed
    before: Callable[[Call], FaultKind | None] | None = None

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.counts: Counter[object] = Counter()

    async def serve(
        self, request: web.Request, operation: Operation, reference: str, uetr: str, do: Execute
    ) -> web.StreamResponse:
        waiting = self._faults._waiting[operation.value]
        kind = waiting[0].kind if waiting else None
        self.counts[operation, kind] += 1
        self.counts[operation, kind, reference] += 1
        call = Call(
            self,
            operation,
            reference,
            kind,
            self.counts[operation, kind],
            self.counts[operation, kind, reference],
        )
        before = type(self).before
        if before is not None:
            other = before(call)
            if other is not None:
                waiting[0] = replace(waiting[0], kind=other)
        misdeed = type(self).misdeed

        def wrongly(fault: Fault | None) -> Reply:
            return misdeed(call, do, fault)

        return await super().serve(request, operation, reference, uetr, wrongly)


def rightly(_: Call, do: Execute, fault: Fault | None) -> Reply:
    return do(fault)
