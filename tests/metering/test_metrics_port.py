"""A process shows its figures to a collector on its own machine, where it was told to."""

from __future__ import annotations

import asyncio
import sys
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest

from switch.runtime.children import start_child
from switch.runtime.ports import free_ports
from tests.metering.test_metering import figure, read

if TYPE_CHECKING:
    from pathlib import Path


def fetched(url: str) -> bytes:
    """A page, unsigned."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
    return body


async def _shown(data: Path) -> None:
    port, figures = free_ports(2)
    command = [sys.executable, "-m", "switch", "serve", "--data", str(data), "--port", str(port)]
    child = await start_child(
        "switch", [*command, "--metrics-port", str(figures)], data.parent / "log"
    )
    try:
        await asyncio.sleep(0.6)
        page = await asyncio.to_thread(fetched, f"http://127.0.0.1:{figures}/metrics")
        now = read(page)

        assert figure(now, "loop_lag_seconds_count") >= 1
        assert figure(now, "process_resident_memory_bytes") > 0
        assert figure(now, "ready") == 1
        for door, path in ((port, "/metrics"), (figures, "/v1/oversight/metrics")):
            with pytest.raises(HTTPError) as refused:
                await asyncio.to_thread(fetched, f"http://127.0.0.1:{door}{path}")
            assert refused.value.code == 404
            refused.value.close()
    finally:
        await child.stop()


@pytest.mark.slow
def test_a_collector_on_this_machine_gets_the_page_and_nothing_else(tmp_path: Path) -> None:
    asyncio.run(_shown(tmp_path / "data"))
