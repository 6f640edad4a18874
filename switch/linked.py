"""The networks that a switch is linked to: its adapters, and which of them can do what.

An adapter says by its facts what it can do and by its methods whether it is called by its network;
this is the one place that asks. The surprise: a network that is configured but not installed, or
installed but wrongly configured, refuses the start by file and key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from switch.abilities import AnswerSigner
from switch.config import ConfigError
from switch.port import AdapterContext, InboundAdapter, LookupAdapter, Operation
from switch.registry import make_adapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.config import Config
    from switch.keys import KeyFolder
    from switch.port import Adapter, QuoteAdapter


@runtime_checkable
class _Inbound(Protocol):
    def translate(self, headers: Any, body: Any, planning: Any) -> Any: ...


def banks_of(config: Config) -> dict[str, str]:
    """Which institution holds the accounts ``name@bank``, by the part behind the @."""
    listed = config.networks["bakong"].options.get("banks", "")
    pairs = (entry.partition("=") for entry in listed.split(",") if entry)
    return {bank.strip(): bic.strip() for bank, _, bic in pairs}


def made_adapters(config: Config, keys: KeyFolder) -> dict[str, Adapter]:
    """The adapter of every network of the configuration. Raises :class:`ConfigError`."""
    made: dict[str, Adapter] = {}
    for name, section in sorted(config.networks.items()):
        context = AdapterContext(
            section.own_bic, section.partner_bic, section.options, keys, config.merchants
        )
        try:
            made[name] = make_adapter(name, context)
        except ValueError as error:
            raise ConfigError(f"switch.toml: networks.{name}: {error}") from None
    return made


def inbound_of(adapters: Mapping[str, Adapter]) -> dict[str, InboundAdapter]:
    """Those whose networks call us."""
    return {
        name: cast("InboundAdapter", adapter)
        for name, adapter in adapters.items()
        if isinstance(adapter, _Inbound)
    }


def lookups_of(adapters: Mapping[str, Adapter]) -> dict[str, LookupAdapter]:
    """Those that can be asked who a code belongs to."""
    return {
        name: cast("LookupAdapter", adapter)
        for name, adapter in adapters.items()
        if Operation.LOOKUP in adapter.facts.operations
    }


def quotes_of(adapters: Mapping[str, Adapter]) -> dict[str, QuoteAdapter]:
    """Those whose networks make the price themselves."""
    return {
        name: cast("QuoteAdapter", adapter)
        for name, adapter in adapters.items()
        if Operation.QUOTE in adapter.facts.operations
    }


def signers_of(adapters: Mapping[str, Adapter]) -> dict[str, AnswerSigner]:
    """Those whose networks find our signature in a header of the answer."""
    return {
        name: adapter for name, adapter in adapters.items() if isinstance(adapter, AnswerSigner)
    }
