"""Fixtures of the UnionPay adapter: keys made once, and the adapter made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.unionpay.unionpay_parts import Keys, new_adapter, new_keys

if TYPE_CHECKING:
    from adapters.unionpay import UnionPayAdapter


@pytest.fixture(scope="session")
def keys() -> Keys:
    return new_keys()


@pytest.fixture(scope="session")
def unionpay(keys: Keys) -> UnionPayAdapter:
    return new_adapter(keys)
