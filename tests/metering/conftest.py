"""The started switches of the tests of the interface."""

from __future__ import annotations

from tests.api.conftest import hasty, keys, rig

__all__ = ["hasty", "keys", "rig"]
