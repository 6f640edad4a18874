"""What the tests of the shell share: a shell whose tasks must not crash unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shell.shell_rig import Shell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def shell() -> AsyncIterator[Shell]:
    """A shell; a test that plants a crash clears ``crashes`` itself."""
    made = Shell()
    yield made
    await made.close()
    assert made.crashes == []
