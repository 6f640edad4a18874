"""Finds adapters and simulators by entry points, so that a country can ship its own package.

The switch imports no adapter by name: what is installed under the groups ``bakong_switch.adapters``
and ``bakong_switch.sandboxes`` is what it can speak.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.port import Adapter, AdapterContext

ADAPTERS: Final = "bakong_switch.adapters"
SANDBOXES: Final = "bakong_switch.sandboxes"


class NotInstalled(LookupError):  # noqa: N818  the name says what happened
    """No package provides this network."""


def installed(group: str) -> tuple[str, ...]:
    """The names found in a group, in order."""
    return tuple(sorted({point.name for point in entry_points(group=group)}))


def make_adapter(network: str, context: AdapterContext) -> Adapter:
    """Make the adapter of a network. Raises :class:`NotInstalled`."""
    adapter: Adapter = _load(ADAPTERS, network)(context)
    return adapter


def sandbox_factory(network: str) -> Callable[..., Any]:
    """The ``create(context)`` of a network's simulator. Raises :class:`NotInstalled`."""
    return _load(SANDBOXES, network)


def package_of(network: str) -> str:
    """The package that an adapter is in, for the data beside it. Raises :class:`NotInstalled`."""
    found = sorted(entry_points(group=ADAPTERS, name=network), key=lambda point: point.value)
    if not found:
        raise NotInstalled(f"no installed package provides {network} in {ADAPTERS}")
    return found[0].module


def shipped(network: str, file: str) -> str | None:
    """The text of a file beside a network's adapter; None where its package brings none."""
    for point in sorted(entry_points(group=ADAPTERS, name=network), key=lambda each: each.value):
        found = files(point.module) / file
        return found.read_text("utf-8") if found.is_file() else None
    return None


def _load(group: str, name: str) -> Callable[..., Any]:
    found = sorted(entry_points(group=group, name=name), key=lambda point: point.value)
    if not found:
        raise NotInstalled(f"no installed package provides {name} in {group}")
    factory: Callable[..., Any] = found[0].load()
    return factory
