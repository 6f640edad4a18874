"""Fixtures of the Thai adapter: keys made once, the adapter made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.thailand.thailand_parts import Keys, new_adapter, new_keys

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter


@pytest.fixture(scope="session")
def keys() -> Keys:
    return new_keys()


@pytest.fixture(scope="session")
def thailand(keys: Keys) -> ThailandAdapter:
    return new_adapter(keys)
