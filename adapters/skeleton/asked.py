"""What is known of a network before anything is written, most of it read from one of its codes.

A code that is printed at a shop tells the scheme, the country, the currency and where the shop's
own number stands. The surprise: the shop of that code is the first merchant of the new sandbox, and
its neighbours are the ones that are closed, blocked or unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.sandbox_country import CodeRefused, objects
from fx.money import MoneyError, Rate
from switch.qr import QrError, recognise
from switch.qr.emv import compose, seal

if TYPE_CHECKING:
    from datetime import datetime

    from fx.money import Currency
    from switch.qr import QrContent

HOME: Final = "KHR"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}\Z", re.ASCII)
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}\Z", re.ASCII)
_CLEARING: Final = re.compile(r"[A-Za-z0-9]{1,35}\Z", re.ASCII)
_ZONE: Final = re.compile(r"(?P<sign>-?)(?P<hours>\d{1,2})(:(?P<minutes>[0-5]\d))?\Z", re.ASCII)
_HOURS_MAX: Final = 14


class AskedError(ValueError):
    """What was given cannot start a network; the message says which of it, and why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A network to be started.

    ``code`` is without an amount. ``account_tag`` and ``account_sub`` say where in it ``shop``
    stands, the number of the shop; ``scheme_id`` is the identifier beside it. ``rate`` is what is
    written: 1 ``rate.unit`` is so much of the other currency. ``zone`` is how far its day is ahead
    of UTC, as ``timedelta`` takes it.
    """

    name: str
    bic: str
    clearing: str
    coded: bool
    zone: str
    rate: Rate
    scheme: str
    country: str
    currency: Currency
    numeric: str
    code: str = field(repr=False)
    account_tag: str
    account_sub: str
    scheme_id: str
    shop: str = field(repr=False)
    shop_name: str = field(repr=False)
    shop_city: str = field(repr=False)
    category: str

    @property
    def title(self) -> str:
        """The name as a sentence begins with it."""
        return " ".join(part.capitalize() for part in self.name.split("_"))

    @property
    def whole(self) -> bool:
        """Whether the currency moves in whole units only."""
        return self.currency.cash_step >= self.currency.minor_per_major

    def amount(self, riel: int) -> Decimal:
        """About so many riel in the network's currency, in whole units and one at least."""
        per_riel = self.rate.value if self.rate.unit.code == HOME else 1 / self.rate.value
        return max(Decimal(1), (riel * per_riel).quantize(Decimal(1)))

    def written(self, major: Decimal | str) -> str:
        """An amount as configuration writes it: with its decimals, unless none can move."""
        return str(major) if self.whole else f"{Decimal(major):.{self.currency.exponent}f}"

    def neighbour(self, distance: int) -> str:
        """Another shop's number, of the same form."""
        last = self.shop[-1]
        if last.isdigit():
            return self.shop[:-1] + str((int(last) + distance) % 10)
        start = ord("a" if last.islower() else "A")
        return self.shop[:-1] + chr(start + (ord(last) - start + distance) % 26)

    def code_of(self, shop: str) -> str:
        """The code of another shop."""
        tags = objects(self.code[:-8])
        account = objects(tags[self.account_tag])
        account[self.account_sub] = shop
        tags[self.account_tag] = "".join(compose(tag, value) for tag, value in account.items())
        return seal("".join(compose(tag, value) for tag, value in tags.items()))


def asked_of(
    name: str,
    code: str,
    at: datetime,
    *,
    bic: str,
    clearing: str,
    coded: bool,
    zone: str,
    unit: str,
    rate: str,
) -> Asked:
    """Read what one code tells of its network. Raises :class:`AskedError`."""
    if _NAME.match(name) is None:
        raise AskedError("NAME: small letters, digits and underscores, a letter first")
    if _BIC.match(bic) is None:
        raise AskedError("--bic: eight characters, as ISO 9362 has them")
    if _CLEARING.match(clearing) is None or (coded and len(clearing) > 3):  # noqa: PLR2004
        raise AskedError("--clearing: up to 35 letters and digits, three with --iso-clearing")
    ahead = _ZONE.match(zone)
    if ahead is None or int(ahead["hours"]) > _HOURS_MAX:
        raise AskedError("--zone: hours, or hours and minutes such as 6:30")
    try:
        content = recognise(code, at=at).candidates[0].content
    except QrError as error:
        raise AskedError(f"--code: {error}") from None
    scheme_id, sub, shop = _shop(objects(code), content)
    foreign = content.currency
    if unit not in (HOME, foreign.code) or foreign.code == HOME:
        raise AskedError(f"--unit: {HOME} or the currency of the code, which is another")
    other = foreign.code if unit == HOME else HOME
    try:
        stated = Rate.parse(rate, unit, other)
    except MoneyError as error:
        raise AskedError(f"--rate: {error.detail}") from None
    if stated.value < 1:
        raise AskedError("--rate: never below 1; state it the other way round with --unit")
    return Asked(
        name=name,
        bic=bic,
        clearing=clearing,
        coded=coded,
        zone=_zone(ahead),
        rate=stated,
        scheme=content.scheme,
        country=(content.text("58") or "").upper(),
        currency=foreign,
        numeric=content.text("53") or "",
        code=_without_amount(code),
        account_tag=content.account_tag,
        account_sub=sub,
        scheme_id=scheme_id,
        shop=shop,
        shop_name=content.merchant_name or "First Shop",
        shop_city=content.merchant_city or "Capital",
        category=content.merchant_category or "5999",
    )


def _zone(ahead: re.Match[str]) -> str:
    sign, minutes = ahead["sign"], int(ahead["minutes"] or 0)
    hours = f"hours={sign}{int(ahead['hours'])}"
    return f"{hours}, minutes={sign}{minutes}" if minutes else hours


def _shop(tags: dict[str, str], content: QrContent) -> tuple[str, str, str]:
    """The identifier of the account object, and where the number of the shop stands.

    That is what the scheme requires last, or what stands last where it requires nothing.
    """
    try:
        account = objects(tags[content.account_tag])
    except (KeyError, CodeRefused):
        raise AskedError("--code: its account object is no template") from None
    fields = content.rule.fields
    required = [each for each in account if each in fields and fields[each].required]
    sub = max(required or (each for each in account if each != "00"), default="")
    if not sub or not account[sub][-1].isalnum():
        raise AskedError("--code: its account object has no number of a shop")
    return account.get("00", ""), sub, account[sub]


def _without_amount(code: str) -> str:
    tags = {tag: value for tag, value in objects(code).items() if tag not in ("54", "63")}
    tags["01"] = "11"
    ordered = ("00", "01", *(tag for tag in tags if tag not in ("00", "01")))
    return seal("".join(compose(tag, tags[tag]) for tag in ordered))
