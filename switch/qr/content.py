"""What a recognised code says, read off when it is asked for.

A content is a view on one text through the rules of one scheme: nothing is copied or converted
before somebody asks, because most callers ask for three or four values of thirty. Amounts are in
the code's own currency; an absent amount means that the payer types it. The original text is kept
untouched: the owner's switch wants it raw and Bakong's transaction key is an MD5 over exactly this
text. Names, accounts and the text are personal data: the ``repr`` shows none of them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from fx.money import Money, Rounding, currency, divide
from switch.qr.check_scheme import end_of_day
from switch.qr.emv import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fx.money import Currency
    from switch.qr.emv import Node, Parsed
    from switch.qr.rules import Account, Scheme

CREATED: Final = "created"
EXPIRES: Final = "expires"
"""Names under which a content finds the time stamps, wherever its scheme keeps them."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_METHODS: Final = MappingProxyType({"11": "static", "12": "dynamic"})


FIXED_FEE, PERCENT_FEE = "02", "03"
"""What object 55 says of a fee on top: that of object 56, or object 57 percent (EMVCo)."""


class QrContent:
    """One code as one scheme reads it.

    ``values`` are texts of the code and ``index`` says at which place the value of a path (``52``,
    ``30/00``, ``62/01``) stands; each carries ``prefix`` characters that are not part of it (the
    digits of its length, where a reader took both at once). Paths that the code does not hold are
    absent from ``index`` or have ``None``. A reader has checked every text that is converted here.
    """

    __slots__ = ("_index", "_prefix", "_values", "payload", "rule", "rules")

    def __init__(
        self,
        rules: Scheme,
        rule: Account,
        payload: str,
        values: Sequence[str | None],
        index: Mapping[str, int],
        prefix: int = 0,
    ) -> None:
        self.rules = rules
        self.rule = rule
        self.payload = payload
        self._values = values
        self._index = index
        self._prefix = prefix

    def __repr__(self) -> str:
        return f"QrContent(scheme={self.scheme!r}, method={self.method!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QrContent):
            return NotImplemented
        # All else follows from these: what the text says under one rule.
        mine = (self.rules.scheme, self.rule.tag, self.rule.kind, self.payload)
        return mine == (other.rules.scheme, other.rule.tag, other.rule.kind, other.payload)

    # Contents are compared, never kept in sets: the text is personal data and makes a poor key.
    __hash__: ClassVar[None]  # type: ignore[assignment]

    def text(self, path: str) -> str | None:
        """Return the value at ``path``, as written.

        A path is tags joined by a slash, or the name that the scheme file gives a value of the
        account object.
        """
        place = self._index.get(path)
        value = None if place is None else self._values[place]
        return None if value is None else value[self._prefix :]

    def _money(self, path: str, *, zero: bool) -> Money | None:
        """Return an amount in the currency of the code."""
        text = self.text(path)
        if text is None:
            return None
        unit = self.currency
        whole, _, decimals = text.partition(".")
        # What stands beyond the exponent is zeros, or the reader would have refused it.
        minor = int(whole + decimals[: unit.exponent].ljust(unit.exponent, "0"))
        return Money(minor, unit) if minor or zero else None

    def _template(self, tag: str) -> Mapping[str, str]:
        depth = len(tag) + 1
        return MappingProxyType(
            {
                path[depth:]: value[self._prefix :]
                for path, place in self._index.items()
                if path.startswith(f"{tag}/") and "/" not in path[depth:]
                if (value := self._values[place]) is not None
            }
        )

    @property
    def scheme(self) -> str:
        """The scheme's word, such as ``khqr``."""
        return self.rules.scheme

    @property
    def account_tag(self) -> str:
        """Tag of the account object that is paid."""
        return self.rule.tag

    @property
    def account_kind(self) -> str:
        """What the scheme file calls this kind of account object."""
        return self.rule.kind

    @property
    def cross_border(self) -> bool:
        """Whether the code itself is marked for payers from abroad.

        Without a mark, only the network's directory knows.
        """
        return self.rule.cross_border

    @property
    def account(self) -> Mapping[str, str]:
        """Values of the account object under the names of the scheme file."""
        found: dict[str, str] = {}
        for sub, field in self.rule.fields.items():
            value = self.text(f"{self.rule.tag}/{sub}" if sub else self.rule.tag)
            if value is not None and field.name not in found:
                found[field.name] = value
                found.update(field.sets)
        return MappingProxyType(found)

    @property
    def point_of_initiation(self) -> str | None:
        """Object 01 as written."""
        return self.text("01")

    @property
    def currency(self) -> Currency:
        """Object 53. Raises MoneyError where the code states none: an Alipay+ link."""
        return currency(self.text("53") or "")

    @property
    def amount_text(self) -> str | None:
        """Object 54 as written."""
        return self.text("54")

    @property
    def amount(self) -> Money | None:
        """Object 54; nothing where it is absent or zero, because then the payer types it."""
        return self._money("54", zero=False)

    @property
    def country(self) -> str:
        """Object 58: ISO 3166-1, in capitals also where the whole code is in lower case."""
        return (self.text("58") or "").upper()

    @property
    def merchant_name(self) -> str | None:
        """Object 59."""
        return self.text("59")

    @property
    def merchant_city(self) -> str | None:
        """Object 60."""
        return self.text("60")

    @property
    def merchant_category(self) -> str | None:
        """Object 52: ISO 18245."""
        return self.text("52")

    @property
    def postal_code(self) -> str | None:
        """Object 61."""
        return self.text("61")

    @property
    def tip_indicator(self) -> str | None:
        """Object 55."""
        return self.text("55")

    @property
    def fee_fixed(self) -> Money | None:
        """Object 56: a fee in the currency of the code."""
        return self._money("56", zero=True)

    @property
    def fee_percent(self) -> str | None:
        """Object 57 as written, in percent."""
        return self.text("57")

    @property
    def payable(self) -> Money | None:
        """What is paid where the code fixes an amount: object 54 and the fee that goes with it.

        A fixed fee (56) or one in percent (57), rounded half up to the currency's step; a tip that
        the payer is to be asked for (55 is 01) is nothing here.
        """
        amount = self.amount
        if amount is None:
            return None
        if self.tip_indicator == FIXED_FEE and self.fee_fixed is not None:
            return amount + self.fee_fixed
        if self.tip_indicator == PERCENT_FEE and self.fee_percent is not None:
            percent, step = Decimal(self.fee_percent), amount.currency.cash_step
            numerator, denominator = percent.as_integer_ratio()
            steps = divide(amount.minor * numerator, 100 * denominator * step, Rounding.HALF_UP)
            return amount + Money(steps * step, amount.currency)
        return amount

    @property
    def additional(self) -> Mapping[str, str]:
        """Template 62 by sub-tag."""
        return self._template("62")

    @property
    def language(self) -> Mapping[str, str]:
        """Template 64 by sub-tag."""
        return self._template("64")

    @property
    def created_at(self) -> datetime | None:
        """When the code was made, where the scheme says so."""
        text = self.text(CREATED)
        return None if text is None else _EPOCH + int(text) * _MILLISECOND

    @property
    def expires_at(self) -> datetime | None:
        """The last moment at which the code may be paid, where the scheme says so.

        To the millisecond; a scheme that names a last day ends with that day, in its zone.
        """
        text = self.text(EXPIRES)
        if text is not None:
            return _EPOCH + int(text) * _MILLISECOND
        last_day = self.rule.last_day
        day = None if last_day is None else self.text(f"{self.rule.tag}/{last_day.sub}")
        if last_day is None or day is None:
            return None
        ended = end_of_day(day, last_day.zone_hours)
        return None if ended is None else ended - _MILLISECOND

    @property
    def md5(self) -> str:
        """MD5 of the whole text in UTF-8: Bakong's transaction key."""
        return md5(self.payload.encode(), usedforsecurity=False).hexdigest()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The tree of the text."""
        return parse(self.payload).nodes

    @property
    def method(self) -> str | None:
        """``static``, ``dynamic``, or nothing where object 01 is absent."""
        return _METHODS.get(self.point_of_initiation or "")

    @property
    def static(self) -> bool:
        """Whether the code is shown to many payers; a code that does not say is taken as such."""
        return self.method != "dynamic"

    @property
    def bakong_account(self) -> str | None:
        """KHQR: the account that is paid, ``name@bank``."""
        return self.text("bakong_account")

    @property
    def account_information(self) -> str | None:
        """KHQR individual: a telephone or account number, informational."""
        return self.text("account_information")

    @property
    def merchant_id(self) -> str | None:
        """KHQR merchant: the acquiring bank's number of the merchant."""
        return self.text("merchant_id")

    @property
    def acquiring_bank(self) -> str | None:
        """KHQR: the acquiring bank's name."""
        return self.text("acquiring_bank")

    @property
    def biller_id(self) -> str | None:
        """Thai bill payment: tax number (13 digits), usually with a suffix of two."""
        return self.text("biller_id")

    @property
    def reference_1(self) -> str | None:
        """Thai bill payment and payment innovation: the biller's first reference."""
        return self.text("reference_1")

    @property
    def reference_2(self) -> str | None:
        """Thai bill payment and payment innovation: the biller's second reference."""
        return self.text("reference_2")

    @property
    def proxy_kind(self) -> str | None:
        """Thai transfer: mobile, national_id, wallet, bank_account or authorisation."""
        return self.account.get("proxy_kind")

    @property
    def proxy_value(self) -> str | None:
        """Thai transfer: the proxy itself."""
        return self.text("proxy_value")

    @property
    def bill_number(self) -> str | None:
        """Object 62/01."""
        return self.text("62/01")

    @property
    def mobile_number(self) -> str | None:
        """Object 62/02."""
        return self.text("62/02")

    @property
    def store_label(self) -> str | None:
        """Object 62/03."""
        return self.text("62/03")

    @property
    def reference_label(self) -> str | None:
        """Object 62/05."""
        return self.text("62/05")

    @property
    def terminal_label(self) -> str | None:
        """Object 62/07."""
        return self.text("62/07")

    @property
    def purpose(self) -> str | None:
        """Object 62/08."""
        return self.text("62/08")

    @property
    def local_name(self) -> str | None:
        """The merchant's name in the language of object 64/00."""
        return self.text("64/01")

    @property
    def local_city(self) -> str | None:
        """The merchant's city in the language of object 64/00."""
        return self.text("64/02")


def read_content(rules: Scheme, rule: Account, parsed: Parsed) -> QrContent:
    """Return what a parsed text says to the scheme whose account object is ``rule``."""
    index: dict[str, int] = {}
    values: list[str] = []

    def take(node: Node, path: str) -> None:
        index.setdefault(path, len(values))
        values.append(node.value)
        for child in node.children:
            take(child, f"{path}/{child.tag}")

    for node in parsed.nodes:
        take(node, node.tag)
    for sub, field in rule.fields.items():
        place = index.get(f"{rule.tag}/{sub}" if sub else rule.tag)
        if place is not None:
            index.setdefault(field.name, place)
    if rules.validity is not None:
        validity = rules.validity
        for name, sub in ((CREATED, validity.created), (EXPIRES, validity.expires)):
            place = index.get(f"{validity.template}/{sub}")
            if place is not None:
                index[name] = place
    return QrContent(rules, rule, parsed.text, values, index)
