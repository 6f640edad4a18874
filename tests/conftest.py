"""What every test shares: the profile of Hypothesis and the folder of reference data.

Runs are the same everywhere: examples are derived from the test itself, so a failure on one machine
is a failure on all. ``HYPOTHESIS_PROFILE=search`` looks for new ones.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from aiohttp import web_app
from coverage import Coverage
from hypothesis import HealthCheck, settings

from switch.runtime import ports
from tests import made_once

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ROOT: Final = Path(__file__).resolve().parent.parent

UNTRACED: Final = frozenset(
    (
        *("adapters", "iso20022", "kill", "mutants", "networks", "seeds", "simulation"),
        *("test_batches.py", "test_explored.py"),
    )
)
"""Folders and files that try other packages than the floor is for, or one code over and over.

Tracing doubles what a test costs, so it rests there; what only they reach counts as not reached.
"""


def _own_ports() -> None:
    """Draw the ports of this worker from a part of their own.

    A port that is free when it is drawn is bound a moment later, and several workers draw at once.
    """
    named = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = (ports.HIGHEST - ports.LOWEST + 1) // workers
    # A worker that replaces one that ended is counted on.
    lowest = ports.LOWEST + int(named.removeprefix("gw")) % workers * size
    setattr(ports, "LOWEST", lowest)  # noqa: B010  they are constants to everybody else
    setattr(ports, "HIGHEST", lowest + size - 1)  # noqa: B010


_own_ports()
made_once.remember()

pytest_plugins = ("tests.servers.fixtures",)

settings.register_profile(
    "gate",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the reference data beside the project: vectors, samples, base schemas."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the reference data (../shared) is not on this machine")
    return folder


@pytest.fixture(scope="module", autouse=True)
def forgotten_applications() -> Iterator[None]:
    """Let applications go that a module served: aiohttp remembers each one's handlers for ever.

    A process has one application as a rule; a test run has thousands, of a megabyte each.
    """
    yield
    web_app._cached_build_middleware.cache_clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let the tracing of coverage rest during the tests of some folders and files."""
    tracing = Coverage.current()
    if tracing is None or not UNTRACED.intersection(item.path.relative_to(ROOT / "tests").parts):
        return (yield)
    tracing.stop()
    try:
        return (yield)
    finally:
        tracing.start()
