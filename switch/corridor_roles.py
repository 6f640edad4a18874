"""Which ends, roles, funding and finality go together in a corridor. Pure.

One end is at home. Who pays in from abroad is paid out of a sponsor's pool; what a payer's bank
pushes in advance comes to one, and is not waited for without an end. The surprise: a file that says
something else refuses the start, because money would come to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.model import Finality, Funding

if TYPE_CHECKING:
    from switch.config_files import CorridorRow


def wrong_roles(row: CorridorRow, home: str, own_bic: str) -> str | None:
    """What is wrong with a corridor's roles: the rest of its place in the file, and why."""
    inbound = row.destination_network == home
    if (row.source_network == home) == inbound:
        return f": exactly one end must be {home}"
    if inbound and row.sponsor is None:
        return ".sponsor: an inbound corridor names its sponsor"
    if row.sponsor is not None and row.sponsor != own_bic:
        return f".sponsor: is not own_bic of networks.{home}"
    if row.finality == Finality.ADVICE.value and not inbound:
        return ".finality: only a network that pays in advises of its payments"
    return _wrong_funding(row, inbound=inbound)


def _wrong_funding(row: CorridorRow, *, inbound: bool) -> str | None:
    gross = row.funding == Funding.GROSS.value
    if gross and inbound:
        return ".funding: a network that pays in pushes nothing in advance"
    if gross and row.sponsor is None:
        return ".sponsor: a gross corridor names whose pool is paid"
    if gross is not (row.fund_within_s is not None):
        return ".fund_within_s: belongs to gross funding, and only to that"
    return None
