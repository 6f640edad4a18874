"""Markets for the tests of quoting: three providers of the worked example's corridor.

Acleda is the cheapest at 118.84, Wing asks 118.90, Canadia 119.00; Wing and the Thai bank can meet
in dollars where a test lets them. The other way Acleda alone quotes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fx.market_file import parse_market

if TYPE_CHECKING:
    from switch.config import Config

PROVIDERS = """
[[provider]]
id = "acleda"
liquidity_holder = "ACLBKHPPXXX"
validity_s = 600
[[provider]]
id = "wing"
liquidity_holder = "WIGCKHPPXXX"
validity_s = 60
[[provider]]
id = "canadia"
liquidity_holder = "CADIKHPPXXX"
validity_s = 600
[[provider]]
id = "bangkok"
liquidity_holder = "BKKBTHBKXXX"
validity_s = 600
"""
_RATE = """
[[rate]]
provider = "{provider}"
{ends}payer_currency = "{payer}"
merchant_currency = "{payee}"
unit_currency = "{unit}"
rate = "{rate}"
rate_version = "{provider}-1"
"""
_FEE = 'fee_fixed = "{fee}"\nfee_basis_points = 0\n'


def rate(provider: str, rate: str, *, inbound: bool = False) -> str:
    """A provider's rate between riel and baht, in a corridor."""
    ends = ["bakong", "thailand"][:: -1 if inbound else 1]
    pair = ["KHR", "THB"][:: -1 if inbound else 1]
    row = _RATE.format(
        provider=provider,
        ends='source_network = "{}"\ndestination_network = "{}"\n'.format(*ends),
        payer=pair[0],
        payee=pair[1],
        unit="THB",
        rate=rate,
    )
    return row + _FEE.format(fee="0.00" if inbound else "250")


def leg(provider: str, payer: str, payee: str, rate: str) -> str:
    """A provider's rate of one leg over the dollar, of no corridor of its own."""
    return _RATE.format(provider=provider, ends="", payer=payer, payee=payee, unit="USD", rate=rate)


DIRECT = rate("acleda", "118.84") + rate("wing", "118.90") + rate("canadia", "119.00")
HOME = rate("acleda", "118.20", inbound=True)
BRIDGE = (
    leg("wing", "KHR", "USD", "4020")
    + leg("bangkok", "USD", "THB", "34.30")
    + """
[[relationship]]
member = "*"
corridor = "bakong-thailand"
providers = ["acleda", "wing", "canadia", "bangkok"]
[rules]
bridge = "USD"
triangular_alarm_bp = 50
"""
)


def market(config: Config, *tables: str) -> Config:
    """The configuration with another market."""
    text = "".join((PROVIDERS, *tables))
    return replace(config, market=parse_market(text.encode(), "providers.toml"))
