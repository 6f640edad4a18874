"""The sections of the configuration that make a new network a corridor in both directions.

They are the smallest that start: one provider's rates half a percent around the one that was given,
that rate as reference, caps of what five million riel are worth a thousand times. The surprise: a
unit is stated the way round in which the rate is not below 1, so it may be the riel.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.skeleton.asked import Asked

PAYMENT_RIEL_MAX: Final = 5_000_000
CAP_TIMES: Final = 1_000
_CENT: Final = Decimal("0.01")
_SPREAD: Final = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the configuration has already: institutions by role, and a free port."""

    own_bic: str
    sponsor: str
    fee_taker: str
    provider: str
    holder: str
    port: int


def config_sections(asked: Asked, held: Surroundings) -> Mapping[str, str]:
    """Return file name and the text to append to it."""
    return {
        "switch.toml": _network(asked, held),
        "corridors.toml": _corridors(asked, held),
        "limits.toml": _caps(asked, held),
        "providers.toml": _rates(asked, held),
    }


def _network(asked: Asked, held: Surroundings) -> str:
    return (
        f"\n[networks.{asked.name}]\n"
        f'url = "http://127.0.0.1:{held.port}"\n'
        f'own_bic = "{held.own_bic}"\n'
        f'partner_bic = "{asked.bic}"\n'
    )


def _corridors(asked: Asked, held: Surroundings) -> str:
    foreign = asked.currency.code
    most = asked.written(asked.amount(PAYMENT_RIEL_MAX))
    least = asked.written(Decimal(1))
    out = _corridor(("bakong", asked.name), ("KHR", foreign), (least, most), held.fee_taker)
    back = _corridor((asked.name, "bakong"), (foreign, "KHR"), ("100", "5000000"), held.fee_taker)
    return f'{out}enabled = true\n{back}sponsor = "{held.sponsor}"\nenabled = true\n'


def _corridor(
    ends: tuple[str, str], money: tuple[str, str], bounds: tuple[str, str], fee_taker: str
) -> str:
    return (
        "\n[[corridor]]\n"
        f'source_network = "{ends[0]}"\n'
        f'destination_network = "{ends[1]}"\n'
        'use_case = "merchant"\n'
        f'payer_currency = "{money[0]}"\n'
        f'merchant_currency = "{money[1]}"\n'
        'funding = "capped"\n'
        'finality = "two_leg"\n'
        f'amount_min = "{bounds[0]}"\n'
        f'amount_max = "{bounds[1]}"\n'
        "quote_valid_s = 600\n"
        f'fee_taker = "{fee_taker}"\n'
    )


def _caps(asked: Asked, held: Surroundings) -> str:
    value = asked.written(asked.amount(PAYMENT_RIEL_MAX) * CAP_TIMES)
    cap = f'net_debit_max = {{ currency = "{asked.currency.code}", value = "{value}" }}\n'
    return "".join(
        f'\n[[cap]]\ninstitution = "{who}"\nrole = "{role}"\nasset = "deferred"\n{cap}'
        for who, role in ((held.holder, "holder"), (asked.name, "network"))
    )


def _rates(asked: Asked, held: Surroundings) -> str:
    foreign, unit = asked.currency.code, asked.rate.unit.code
    # The payer gets less of what he buys, or gives more for it.
    less = (asked.rate.value * (1 - _SPREAD)).quantize(_CENT, ROUND_DOWN)
    more = (asked.rate.value * (1 + _SPREAD)).quantize(_CENT, ROUND_UP)
    out, back = (less, more) if unit == "KHR" else (more, less)
    quoted = foreign if unit == "KHR" else "KHR"
    return (
        _rate(("bakong", asked.name), ("KHR", foreign), (unit, max(out, Decimal(1))), held, "250")
        + _rate(
            (asked.name, "bakong"),
            (foreign, "KHR"),
            (unit, max(back, Decimal(1))),
            held,
            asked.written(Decimal(0)),
        )
        + f'\n[[reference]]\nunit_currency = "{unit}"\nquoted_currency = "{quoted}"\n'
        f'rate = "{asked.rate}"\nat = 2026-01-01T00:00:00+07:00\nbounds_bp = 300\njump_bp = 200\n'
    )


def _rate(
    ends: tuple[str, str],
    money: tuple[str, str],
    rate: tuple[str, Decimal],
    held: Surroundings,
    fee: str,
) -> str:
    return (
        "\n[[rate]]\n"
        f'provider = "{held.provider}"\n'
        f'source_network = "{ends[0]}"\n'
        f'destination_network = "{ends[1]}"\n'
        f'payer_currency = "{money[0]}"\n'
        f'merchant_currency = "{money[1]}"\n'
        f'unit_currency = "{rate[0]}"\n'
        f'rate = "{rate[1]}"\n'
        f'rate_version = "{money[0].lower()}-{money[1].lower()}-1"\n'
        f'fee_fixed = "{fee}"\n'
        "fee_basis_points = 0\n"
    )
