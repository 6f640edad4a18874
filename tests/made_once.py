"""What every switch of a worker makes alike at its start is made once: it is most of a start.

A process makes these once anyway; a test run starts thousands of switches in a few processes. Each
is a function of its arguments alone, so nothing that a test sees depends on what ran before it.
"""

from __future__ import annotations

import tomllib
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from switch import registry
from switch.api import description
from switch.api.shapes import schema_of

if TYPE_CHECKING:
    from types import ModuleType


def remember() -> None:
    """Have entry points, tables, private keys and the schemas of the description made once."""
    parsed = cache(tomllib.loads)
    loaded = cache(serialization.load_pem_private_key)

    def table(text: str) -> dict[str, Any]:
        return deepcopy(parsed(text))

    def key(data: bytes, password: bytes | None) -> object:
        return loaded(data, password)

    _put(tomllib, "loads", table)
    _put(serialization, "load_pem_private_key", key)
    _put(registry, "_load", cache(registry._load))
    _put(description, "schema_of", cache(schema_of))


def _put(module: ModuleType, name: str, made: object) -> None:
    assert hasattr(module, name)
    setattr(module, name, made)
