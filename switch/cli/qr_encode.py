"""``qr encode khqr``: a KHQR from options, as the central bank's own software would write it.

The payload alone is printed, so that it can be piped into ``qr image -``. A code that must not be
written is refused with the reader's reason word, the place, and the central bank's error number
where it has one. The surprise: an amount makes a code dynamic, and a dynamic code must end.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from hashlib import md5
from types import MappingProxyType
from typing import Any, Final, NoReturn

import click
import orjson

from fx.money import Money, MoneyError
from switch.cli.qr_options import MOMENT, put
from switch.qr import Khqr, Language, QrError, write_khqr
from switch.runtime.clock import SystemClock

UNITS: Final = MappingProxyType({"s": "seconds", "m": "minutes", "h": "hours", "d": "days"})

NBC_AMOUNT: Final = 4
"""The central bank's number for an amount that its currency does not allow."""

_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)


class Duration(click.ParamType[timedelta]):
    """A time such as ``90s``, ``10m``, ``2h`` or ``1d``."""

    name = "duration"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read the text, or fail in one sentence."""
        match = _DURATION.fullmatch(value)
        if match is None:
            self.fail("is not written 90s, 10m, 2h or 1d", param, ctx)
        return timedelta(**{UNITS[match[2]]: int(match[1])})


@click.group("encode")
def encode() -> None:
    """Write codes."""


@encode.command("khqr")
@click.option("--account", required=True, help="Bakong account, name@bank.")
@click.option("--name", "merchant_name", required=True, help="Merchant's name.")
@click.option("--city", "merchant_city", default="Phnom Penh", show_default=True)
@click.option("--currency", type=click.Choice(["KHR", "USD"]), default="KHR", show_default=True)
@click.option("--amount", help="Amount such as 1.50; without one the payer types it.")
@click.option("--valid-for", type=Duration(), help="How long the amount can be paid: 90s, 10m, 2h.")
@click.option("--expires", type=MOMENT, help="Until when instead, in ISO 8601.")
@click.option("--created", type=MOMENT, help="Moment of writing (default: now).")
@click.option("--merchant-id", help="Merchant's number at --bank; makes it a merchant's code.")
@click.option("--bank", "acquiring_bank", help="Acquiring bank's name.")
@click.option("--account-information", help="Telephone or account number, without --merchant-id.")
@click.option("--category", default="5999", show_default=True, help="ISO 18245 category.")
@click.option("--bill", "bill_number", help="Bill number.")
@click.option("--mobile", "mobile_number", help="Mobile number.")
@click.option("--store", "store_label", help="Store label.")
@click.option("--terminal", "terminal_label", help="Terminal label.")
@click.option("--purpose", help="Purpose of the payment.")
@click.option("--language", help="ISO 639-1 language of --local-name, such as km.")
@click.option("--local-name", help="Merchant's name in that language.")
@click.option("--local-city", help="Merchant's city in that language.")
@click.option("--unionpay", help="UnionPay merchant of object 15; riel only.")
@click.option("--json", "as_json", is_flag=True, help="Payload, MD5 and expiry as JSON.")
def khqr(
    *,
    currency: str,
    amount: str | None,
    valid_for: timedelta | None,
    expires: datetime | None,
    created: datetime | None,
    language: str | None,
    local_name: str | None,
    local_city: str | None,
    as_json: bool,
    **objects: Any,
) -> None:
    """Write a KHQR. Status 0: its text is printed; 1: such a code must not be written."""
    begins = (created or SystemClock().now()) if amount is not None else None
    ends = _ends(begins, valid_for, expires)
    code = Khqr(
        currency=currency,
        amount=_amount(amount, currency),
        created_at=begins,
        expires_at=ends,
        language=_language(language, local_name, local_city),
        **objects,
    )
    try:
        payload = write_khqr(code)
    except QrError as error:
        _refuse(error.reason, error.path, error.nbc)
    if not as_json:
        put(payload.encode())
        return
    digest = md5(payload.encode(), usedforsecurity=False).hexdigest()
    until = ends.isoformat() if ends else None
    put(orjson.dumps({"payload": payload, "md5": digest, "expires": until}))


def _ends(
    begins: datetime | None, valid_for: timedelta | None, expires: datetime | None
) -> datetime | None:
    if valid_for is not None and expires is not None:
        raise click.UsageError("--valid-for and --expires say the same; give one of them.")
    if begins is None and (valid_for is not None or expires is not None):
        raise click.UsageError("--valid-for and --expires are for a code with an --amount.")
    if begins is None or valid_for is None:
        return expires
    try:
        return begins + valid_for
    except OverflowError:
        raise click.UsageError("--valid-for ends beyond what a calendar holds.") from None


def _amount(text: str | None, currency: str) -> Money | None:
    if text is None:
        return None
    try:
        return Money.parse(text, currency).positive()
    except MoneyError as error:
        _refuse(error.code, "54", None if error.code == "amount_zero" else NBC_AMOUNT)


def _language(code: str | None, name: str | None, city: str | None) -> Language | None:
    if code is None and name is None and city is None:
        return None
    if code is None or name is None:
        raise click.UsageError("--language and --local-name go together; --local-city needs both.")
    return Language(code, name, city)


def _refuse(reason: str, path: str, nbc: int | None) -> NoReturn:
    """End with status 1 and one sentence; nothing of the input is in it."""
    where = f" at {path}" if path else ""
    number = "" if nbc is None else f" (error {nbc} of the central bank's software)"
    click.echo(f"bakong-switch: not written: {reason}{where}{number}", err=True)
    raise SystemExit(1)
