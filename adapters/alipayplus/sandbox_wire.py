"""The sandbox's own writing of Alipay+'s wire: signature, results, amounts, spelled out again.

Nothing here comes from the adapter, so that a header built wrongly there meets a partner that does
not make the same mistake. The surprise: an amount is read with ISO 4217's two decimals of the riel
unless the option ``khr_exponent`` says none, as the network's own table is not published.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, unquote_plus

from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.sandbox_kit import Reply, posted
from fx.money import Money, currency
from iso20022 import signing_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sandbox_kit import SandboxContext

CONTENT_TYPE: Final = "application/json; charset=UTF-8"
SKEW_MAX: Final = timedelta(minutes=5)
ANSWER_BYTES_MAX: Final = 65_536

Fields = dict[str, Any]


class Refused(Exception):  # noqa: N818  an answer of the network, not an error of ours
    """The network answers this request with a failure; ``code`` is its result code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answered:
    """What the switch answered: HTTP status, and its fields where they are signed and readable."""

    http: int | None = None
    fields: Fields | None = field(default=None, repr=False)

    def result(self, name: str = "result") -> tuple[str | None, str | None]:
        """Status and code of a result, both None where there is none."""
        held = (self.fields or {}).get(name) or {}
        return held.get("resultStatus"), held.get("resultCode")

    def shown(self) -> dict[str, object]:
        """As JSON."""
        status, code = self.result()
        return {"http": self.http, "status": status, "reason": code}


class Desk:
    """Writes, signs, verifies and reads for one sandbox."""

    def __init__(self, context: SandboxContext) -> None:
        options, keys = context.options, context.keys
        self.clock, self.ids, self._net = context.clock, context.ids, context.net
        self.client: Final = options["partner_client_id"]
        self.partner: Final = options["client_id"]
        self.acquirer: Final = options["acquirer_id"]
        self.wallet: Final = options["psp_id"]
        self._riel_digits: Final = int(options.get("khr_exponent", "2"))
        self._key = keys.rsa_private("alipayplus")
        public = keys.certificate("switch-alipayplus").public_key()
        assert isinstance(public, rsa.RSAPublicKey), "the switch has an RSA key"
        self._partner_key = public

    def now(self) -> str:
        """The time as this network writes it: UTC+8."""
        return moment(self.clock.now())

    def identification(self) -> str:
        """A new id of ours, 27 digits."""
        millisecond, counter = divmod(self.ids.ordered(), 1 << 20)
        return f"{self.clock.now():%Y%m%d}{millisecond % 10**12:012d}{counter:07d}"

    # Signing.

    def _signature(self, path: str, at: str, body: bytes) -> str:
        signed = f"POST {path}\n{self.client}.{at}.".encode() + body
        raw = signing_keys.sign(self._key, signed)
        text = quote_plus(base64.b64encode(raw))
        return f"algorithm=RSA256,keyVersion=1,signature={text}"

    def _holds(self, path: str, headers: Mapping[str, str], time_name: str, body: bytes) -> bool:
        parts = dict(
            piece.strip().split("=", 1)
            for piece in headers.get("Signature", "").split(",")
            if "=" in piece
        )
        at = headers.get(time_name, "")
        signed = f"POST {path}\n{headers.get('Client-Id', '')}.{at}.".encode() + body
        try:
            raw = base64.b64decode(unquote_plus(parts.get("signature", "")), validate=True)
        except ValueError:
            return False
        if not signing_keys.verifies(self._partner_key, raw, signed):
            return False
        return (parts.get("algorithm"), parts.get("keyVersion")) == ("RSA256", "1")

    def open(self, path: str, headers: Mapping[str, str], body: bytes) -> Fields:
        """Verify and read one request of the switch. Raises :class:`Refused`."""
        if headers.get("Client-Id") != self.partner:
            raise Refused("ACCESS_DENIED")
        if not self._holds(path, headers, "Request-Time", body):
            raise Refused("INVALID_SIGNATURE")
        if abs(self.clock.now() - _time(headers["Request-Time"])) > SKEW_MAX:
            raise Refused("INVALID_SIGNATURE")
        return _read(body)

    def reply(self, path: str, values: Mapping[str, object]) -> Reply:
        """A signed answer to a request at this path."""
        body = json.dumps(values).encode()
        at = self.now()
        headers = (
            ("Client-Id", self.client),
            ("Response-Time", at),
            ("Signature", self._signature(path, at, body)),
        )
        return Reply(body, CONTENT_TYPE, headers=headers)

    def refusal(self, path: str, code: str, status: str = "F") -> Reply:
        """A signed answer that has only a result."""
        return self.reply(path, {"result": result(code, status)})

    async def call(self, path: str, values: Mapping[str, object], within_ms: int) -> Answered:
        """Call the switch; what it answers counts only when it is signed."""
        body = json.dumps(values).encode()
        at = self.now()
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Client-Id": self.client,
            "Request-Time": at,
            "Signature": self._signature(path, at, body),
        }
        heard = await posted(self._net, path, body, headers, within_ms)
        if heard.body is None or heard.headers is None:
            return Answered(heard.http)
        if heard.headers.get("Client-Id") != self.partner or not self._holds(
            path, heard.headers, "Response-Time", heard.body
        ):
            return Answered(heard.http)
        try:
            return Answered(heard.http, _read(heard.body))
        except Refused:
            return Answered(heard.http)

    # Values.

    def amount(self, money: Money) -> dict[str, str]:
        """An amount in minor units."""
        whole, _, fraction = str(money).partition(".")
        digits = self._digits(money.currency.code)
        return {
            "currency": money.currency.code,
            "value": str(int(whole + fraction.ljust(digits, "0")[:digits])),
        }

    def money(self, value: object) -> Money:
        """The amount that a request states. Raises :class:`Refused`."""
        try:
            assert isinstance(value, dict)
            code, text = value["currency"], value["value"]
            digits = self._digits(code)
            if not text.isdigit():
                raise Refused("PARAM_ILLEGAL")
            padded = text.rjust(digits + 1, "0")
            cut = len(padded) - digits
            return Money.parse(f"{padded[:cut]}.{padded[cut:]}" if digits else padded, code)
        except (AssertionError, AttributeError, KeyError, ValueError):
            raise Refused("PARAM_ILLEGAL") from None

    def _digits(self, code: str) -> int:
        return self._riel_digits if code == "KHR" else currency(code).exponent


def result(code: str, status: str = "F") -> dict[str, str]:
    """A ``Result``."""
    return {"resultCode": code, "resultStatus": status, "resultMessage": code.lower()}


def moment(at: datetime) -> str:
    """A time as this network writes it: UTC+8, to the second."""
    local = at.astimezone(UTC) + timedelta(hours=8)
    return f"{local:%Y-%m-%dT%H:%M:%S}+08:00"


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("PARAM_ILLEGAL") from None
    if at.tzinfo is None:
        raise Refused("PARAM_ILLEGAL")
    return at


def _read(body: bytes) -> Fields:
    """Every scalar is a text with something in it, or null. Raises :class:`Refused`."""
    try:
        fields = json.loads(body, object_pairs_hook=_unique, parse_float=_never, parse_int=_never)
    except (ValueError, RecursionError):
        raise Refused("PARAM_ILLEGAL") from None
    if not isinstance(fields, dict):
        raise Refused("PARAM_ILLEGAL")
    return fields


def _unique(pairs: list[tuple[str, object]]) -> Fields:
    found = dict(pairs)
    if len(found) != len(pairs) or "" in found.values() or True in found.values():
        raise Refused("PARAM_ILLEGAL")
    return found


def _never(_: str) -> str:
    raise Refused("PARAM_ILLEGAL")
