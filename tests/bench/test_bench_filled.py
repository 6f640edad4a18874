"""A store that was filled holds payments like real ones, and the run still adds up."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.timeout(300)]


@pytest.mark.slow
def test_a_filled_store_verifies_and_is_paid_from_as_before() -> None:
    command = [sys.executable, "-m", "switch", "bench", "--part", "filled", "--filled", "600"]
    done = subprocess.run(
        [*command, "--seconds", "1", "--json"], capture_output=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    shown: dict[str, Any] = json.loads(done.stdout)

    assert (shown["valid"], shown["filling_us_per_payment"] > 0) == (True, True)
    assert shown["store_bytes_per_payment"] > 1_000
    assert min(shown["cpu_us_per_payment"].values()) > 0
