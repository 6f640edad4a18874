"""A feed as it is configured: whose rates are fetched, where, how often, how patiently.

A row of ``[[feeds]]`` in ``switch.toml``. A page holds either the provider's own sheets or official
rates that every provider's sheets are judged by, never both. The surprise: a path is sent as it
stands, so it may carry a query but nothing that would have to be encoded first.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from switch.addresses import Peer


class Feed(BaseModel):
    """A provider's page; ``tries`` is how often one fetch is tried before the next period."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    references: bool
    url: Peer
    path: Annotated[str, Field(pattern=r"^/[!\"$-~]{0,200}$")]
    period_s: Annotated[int, Field(ge=1, le=86_400)]
    answer_within_ms: Annotated[int, Field(ge=1, le=60_000)]
    tries: Annotated[int, Field(ge=1, le=10)]

    @property
    def peer(self) -> str:
        """The name under which the network knows this page."""
        return f"feed-{self.provider}"
