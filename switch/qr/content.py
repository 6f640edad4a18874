"""What a recognised code says, as one frozen record.

Amounts are in the code's own currency; an absent amount means that the payer types it. The
original text is kept untouched, because the owner's switch wants it raw and Bakong's transaction
key is an MD5 over exactly this text. Names, accounts and the text are personal data: the record's
``repr`` shows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.money import Currency, Money
    from switch.qr.emv import Node

_METHODS: Final = MappingProxyType({"11": "static", "12": "dynamic"})
_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, repr=False)
class QrContent:
    """One code as one network reads it.

    ``account`` holds the values of the preferred account object under the names of the scheme
    file; the properties below read it. ``cross_border`` tells that the code itself is marked for
    payers from abroad: without a mark, only the network's directory knows. ``amount_text`` is the
    amount as written. ``fee_percent`` is the text of object 57, in percent.
    """

    scheme: str
    network: str
    account_tag: str
    account_kind: str
    account: Mapping[str, str]
    cross_border: bool
    point_of_initiation: str | None
    currency: Currency
    amount_text: str | None
    amount: Money | None
    country: str
    merchant_name: str | None
    merchant_city: str | None
    merchant_category: str | None
    postal_code: str | None
    tip_indicator: str | None
    fee_fixed: Money | None
    fee_percent: str | None
    additional: Mapping[str, str]
    language: Mapping[str, str]
    created_at: datetime | None
    expires_at: datetime | None
    payload: str
    md5: str
    nodes: tuple[Node, ...]

    def __repr__(self) -> str:
        return f"QrContent(scheme={self.scheme!r}, method={self.method!r})"

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
        return self.account.get("bakong_account")

    @property
    def account_information(self) -> str | None:
        """KHQR individual: a telephone or account number, informational."""
        return self.account.get("account_information")

    @property
    def merchant_id(self) -> str | None:
        """KHQR merchant: the acquiring bank's number of the merchant."""
        return self.account.get("merchant_id")

    @property
    def acquiring_bank(self) -> str | None:
        """KHQR: the acquiring bank's name."""
        return self.account.get("acquiring_bank")

    @property
    def biller_id(self) -> str | None:
        """Thai bill payment: tax number (13 digits), usually with a suffix of two."""
        return self.account.get("biller_id")

    @property
    def reference_1(self) -> str | None:
        """Thai bill payment and payment innovation: the biller's first reference."""
        return self.account.get("reference_1")

    @property
    def reference_2(self) -> str | None:
        """Thai bill payment and payment innovation: the biller's second reference."""
        return self.account.get("reference_2")

    @property
    def proxy_kind(self) -> str | None:
        """Thai transfer: mobile, national_id, wallet, bank_account or authorisation."""
        return self.account.get("proxy_kind")

    @property
    def proxy_value(self) -> str | None:
        """Thai transfer: the proxy itself."""
        return self.account.get("proxy_value")

    @property
    def bill_number(self) -> str | None:
        """Object 62/01."""
        return self.additional.get("01")

    @property
    def mobile_number(self) -> str | None:
        """Object 62/02."""
        return self.additional.get("02")

    @property
    def store_label(self) -> str | None:
        """Object 62/03."""
        return self.additional.get("03")

    @property
    def reference_label(self) -> str | None:
        """Object 62/05."""
        return self.additional.get("05")

    @property
    def terminal_label(self) -> str | None:
        """Object 62/07."""
        return self.additional.get("07")

    @property
    def purpose(self) -> str | None:
        """Object 62/08."""
        return self.additional.get("08")

    @property
    def local_name(self) -> str | None:
        """The merchant's name in the language of object 64/00."""
        return self.language.get("01")

    @property
    def local_city(self) -> str | None:
        """The merchant's city in the language of object 64/00."""
        return self.language.get("02")


def values_of(node: Node | None) -> Mapping[str, str]:
    """Return a template's values by sub-tag; of an absent one nothing."""
    if node is None:
        return _EMPTY
    return MappingProxyType({child.tag: child.value for child in node.children})
