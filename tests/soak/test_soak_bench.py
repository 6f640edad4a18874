"""Memory over 200,000 payments, and a payment's cost beside five million: for ``make soak``.

Both are measured on real processes; only what does not depend on how fast a machine is has a bound.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any, Final

import pytest

PAYMENTS: Final = 200_000
GROWN_BYTES_MAX: Final = 40
"""For each payment of the second half: 4 MB of a hundred, which is what an allocator may do."""

FILLED: Final = 5_000_000
STORE_BYTES: Final = 7_000 * FILLED
DEARER_PERCENT_MAX: Final = 20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(4 * 3600),
    pytest.mark.skipif(
        os.environ.get("BAKONG_SWITCH_SOAK") != "1", reason="takes minutes: make soak"
    ),
]


def measured(*arguments: str) -> dict[str, Any]:
    """What a part of the bench prints."""
    command = [sys.executable, "-m", "switch", "bench", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_memory_is_flat_over_two_hundred_thousand_payments() -> None:
    found = measured("--part", "memory", "--payments", str(PAYMENTS))

    assert found["points"][-1]["payments"] == PAYMENTS
    assert found["grown_bytes_per_payment"] <= GROWN_BYTES_MAX, found["points"]


def test_a_payment_costs_as_much_beside_five_million() -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < 2 * STORE_BYTES:
        pytest.skip(f"{2 * STORE_BYTES >> 30} GiB are needed on the disk")
    found = measured("--part", "filled", "--filled", str(FILLED), "--seconds", "10")
    cost = found["cpu_us_per_payment"]

    assert 100 * cost["filled"] <= (100 + DEARER_PERCENT_MAX) * cost["new"], found
