"""Installs the made-up network as a package is installed: by entry points on the path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from fx.market_file import parse_market
from switch.config_files import NetworkSection
from switch.fx_side import scheme_of
from switch.model import UseCase
from tests.api.api_rig import NETWORKS, Rig, configured
from tests.api.conftest import keys
from tests.qr.qr_codes import code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.config import Config
    from switch.keys import KeyFolder

__all__ = ["keys"]

ENTRY_POINTS = """
[bakong_switch.adapters]
lucky = tests.scheme.lucky_network:adapter

[bakong_switch.sandboxes]
lucky = tests.scheme.lucky_sandbox:create
"""
MARKET = """
[[provider]]
id = "acleda"
liquidity_holder = "ACLBKHPPXXX"
validity_s = 600

[[provider]]
id = "canadia"
liquidity_holder = "ACLBKHPPXXX"
liquidity_holders = { USD = "CADIKHPPXXX" }
validity_s = 120

[[provider]]
id = "lucky"
liquidity_holder = "BKCHCNBJXXX"
validity_s = 600
roles = ["scheme"]
liquidity = { CNY = "5000.00" }

[[rate]]
provider = "acleda"
source_network = "bakong"
destination_network = "lucky"
payer_currency = "KHR"
merchant_currency = "USD"
unit_currency = "USD"
rate = "4031"
rate_version = "khr-usd-1"
fee_fixed = "0"
fee_basis_points = 0

[[rate]]
provider = "canadia"
source_network = "bakong"
destination_network = "lucky"
payer_currency = "KHR"
merchant_currency = "USD"
unit_currency = "USD"
rate = "4030"
rate_version = "khr-usd-7"

[[fee]]
source_network = "bakong"
destination_network = "lucky"
payer_currency = "KHR"
merchant_currency = "CNY"
party = "payer"
fixed = "250"
basis_points = 0

[[reference]]
unit_currency = "USD"
quoted_currency = "CNY"
rate = "7.1000"
at = 2026-01-01T00:00:00+07:00
bounds_bp = 100

[[reference]]
unit_currency = "CNY"
quoted_currency = "KHR"
rate = "565.00"
at = 2026-01-01T00:00:00+07:00
bounds_bp = 100

[[reference]]
unit_currency = "USD"
quoted_currency = "KHR"
rate = "4020"
at = 2026-01-01T00:00:00+07:00
bounds_bp = 100

[rules]
reference_required = true
"""
CODE = code("unionpay")


@dataclass(frozen=True)
class Priced:
    """The keys of a corridor that its network prices."""

    scheme_currency: str | None
    fx_side: str = "scheme"
    scheme: str = "lucky"
    payer_currency: str = "KHR"
    merchant_currency: str = "CNY"


def priced_by_lucky(paid_in: str | None) -> Config:
    """The configuration with the made-up network, paid in this currency or in the payer's."""
    config = configured()
    market = parse_market(MARKET.encode(), "providers.toml")
    scheme, scheme_currency = scheme_of(Priced(paid_in), market, inbound=False)
    section = NetworkSection(url="http://127.0.0.1:1", own_bic="BKSWKHPP", partner_bic="LUCKCNBJ")
    thai = config.corridors["bakong", "thailand"]
    corridor = replace(
        thai,
        destination_network="lucky",
        use_case=UseCase.MERCHANT,
        merchant_currency="CNY",
        amount_min=market.providers["lucky"].liquidity[0].parse("1.00", "CNY"),
        amount_max=market.providers["lucky"].liquidity[0].parse("9000.00", "CNY"),
        scheme=scheme,
        scheme_currency=scheme_currency,
    )
    # UnionPay pays the same codes, and would be preferred.
    others = {ends: row for ends, row in config.corridors.items() if "unionpay" not in ends}
    return replace(
        config,
        networks={**config.networks, "lucky": section},
        corridors={**others, ("bakong", "lucky"): corridor},
        market=market,
    )


class LuckyRig(Rig):
    """A switch that the made-up network is installed beside."""

    async def lucky(self, method: str, path: str, body: object = None) -> Any:
        """Ask the network's own pages."""
        data = None if body is None else orjson.dumps(body)
        session, url = self.net.session("lucky"), self.urls["lucky"]
        async with session.request(method, url + path, data=data) as response:
            return orjson.loads(await response.read())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's package, on the path with its entry points."""
    info = tmp_path / "path" / "lucky-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lucky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path / "path"))


@pytest.fixture(params=[None, "USD"], ids=["paid_in_riel", "paid_in_dollars"])
def paid_in(request: pytest.FixtureRequest) -> str | None:
    """What the network is paid in, where it is not the payer's currency."""
    found: str | None = request.param
    return found


@pytest.fixture
async def town(
    keys: KeyFolder, tmp_path: Path, installed: None, paid_in: str | None
) -> AsyncIterator[LuckyRig]:
    """A started switch with the network priced by itself."""
    names = (*NETWORKS, "lucky")
    rig = LuckyRig(priced_by_lucky(paid_in), keys, tmp_path, networks=names)
    await rig.start()
    yield rig
    await rig.close()
