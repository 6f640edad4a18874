"""The strict writer of KHQR, and of the Thai code that is marked for payers from abroad.

What is written follows the central bank's own software to the letter (order of objects, whole
dollars without a point), so that both write the same text for the same input. Nothing leaves here
that our own reader does not take without a single deviation: the writer reads back what it wrote
and raises the reader's fault, with the same reason word. Text is never cut to fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from switch.qr.emv import compose, seal
from switch.qr.errors import CODE_CURRENCY, QrError, fault
from switch.qr.recognise import recognise
from switch.qr.scheme import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fx.money import Money
    from switch.qr.scheme import Schemes

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_KHQR_CURRENCIES: Final = ("KHR", "USD")
_KHQR_DEFAULT_CATEGORY: Final = "5999"
_THAI_CROSS_BORDER: Final = "A000000677012006"


@dataclass(frozen=True, slots=True)
class Language:
    """Object 64: the merchant in another language; ``code`` is ISO 639-1, two letters."""

    code: str
    name: str
    city: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Khqr:
    """What a KHQR shall say.

    With ``merchant_id`` and ``acquiring_bank`` it is a merchant's code (object 30), without
    ``merchant_id`` an individual's (object 29). ``currency`` is KHR or USD. With ``amount`` the
    code is dynamic and needs ``created_at`` and ``expires_at`` (aware, whole milliseconds are
    kept). ``unionpay`` is the opaque value of object 15 and goes with riel only.
    """

    account: str
    merchant_name: str
    merchant_city: str = "Phnom Penh"
    currency: str = "KHR"
    merchant_id: str | None = None
    acquiring_bank: str | None = None
    account_information: str | None = None
    category: str = _KHQR_DEFAULT_CATEGORY
    amount: Money | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    bill_number: str | None = None
    mobile_number: str | None = None
    store_label: str | None = None
    terminal_label: str | None = None
    purpose: str | None = None
    language: Language | None = None
    unionpay: str | None = None

    def __repr__(self) -> str:
        return f"Khqr(currency={self.currency!r}, dynamic={self.amount is not None})"


@dataclass(frozen=True, slots=True, repr=False)
class ThaiBillPayment:
    """What a Thai cross-border merchant code shall say; with ``amount`` (THB) it is dynamic."""

    biller_id: str
    reference_1: str
    merchant_name: str
    merchant_city: str
    category: str
    reference_2: str | None = None
    amount: Money | None = None
    terminal_label: str | None = None

    def __repr__(self) -> str:
        return f"ThaiBillPayment(dynamic={self.amount is not None})"


def write_khqr(code: Khqr, *, schemes: Schemes = SCHEMES) -> str:
    """Return the text of a KHQR.

    Raises :class:`QrError` with the reader's reason word and the central bank's number where it
    has one; besides those ``missing_acquiring_bank``, ``account_kinds_mixed``,
    ``unionpay_currency``, ``amount_currency``, ``missing_creation``, ``validity_without_amount``,
    ``value_too_long`` and ``astral_character``.
    """
    if code.currency not in _KHQR_CURRENCIES:
        raise _refusal("currency_not_allowed", "53", schemes)
    if code.merchant_id is not None and code.acquiring_bank is None:
        raise _refusal("missing_acquiring_bank", "30/02", schemes)
    if code.merchant_id is not None and code.account_information is not None:
        raise _refusal("account_kinds_mixed", "30", schemes)
    if code.unionpay is not None and code.currency != "KHR":
        raise _refusal("unionpay_currency", "15", schemes)
    if code.amount is not None and code.amount.currency.code != code.currency:
        raise _refusal("amount_currency", "54", schemes)
    if code.amount is not None and code.expires_at is not None and code.created_at is None:
        raise _refusal("missing_creation", "99/00", schemes)
    if code.amount is None and (code.created_at is not None or code.expires_at is not None):
        raise _refusal("validity_without_amount", "99", schemes)
    numeric = "116" if code.currency == "KHR" else "840"
    text = _objects(
        ("00", "01"),
        ("01", "11" if code.amount is None else "12"),
        ("15", code.unionpay),
        _khqr_account(code),
        ("52", code.category),
        ("53", numeric),
        ("54", None if code.amount is None else _khqr_amount(code.amount)),
        ("58", "KH"),
        ("59", code.merchant_name),
        ("60", code.merchant_city),
        ("62", _khqr_additional(code)),
        ("64", _khqr_language(code.language)),
        ("99", _khqr_validity(code)),
    )
    return _proved(text, "khqr", code.created_at or _EPOCH, schemes)


def write_thai_bill_payment(code: ThaiBillPayment, *, schemes: Schemes = SCHEMES) -> str:
    """Return the text of a Thai bill payment code that is marked for payers from abroad.

    Raises :class:`QrError` with the reader's reason word, ``amount_currency`` for an amount that
    is not in baht, or ``value_too_long``.
    """
    if code.amount is not None and code.amount.currency.code != "THB":
        raise _refusal("amount_currency", "54", schemes)
    account = _objects(
        ("00", _THAI_CROSS_BORDER),
        ("01", code.biller_id),
        ("02", code.reference_1),
        ("03", code.reference_2),
    )
    text = _objects(
        ("00", "01"),
        ("01", "11" if code.amount is None else "12"),
        ("30", account),
        ("52", code.category),
        ("53", "764"),
        ("54", None if code.amount is None else str(code.amount)),
        ("58", "TH"),
        ("59", code.merchant_name),
        ("60", code.merchant_city),
        ("62", _objects(("07", code.terminal_label)) or None),
    )
    return _proved(text, "thaiqr", _EPOCH, schemes)


def _objects(*pairs: tuple[str, str | None]) -> str:
    return "".join(compose(tag, value) for tag, value in pairs if value is not None)


def _khqr_account(code: Khqr) -> tuple[str, str]:
    if code.merchant_id is None:
        second, tag = code.account_information, "29"
    else:
        second, tag = code.merchant_id, "30"
    return tag, _objects(("00", code.account), ("01", second), ("02", code.acquiring_bank))


def _khqr_amount(amount: Money) -> str:
    """Whole amounts carry no point, in dollars too: the central bank's software writes them so."""
    whole, _, decimals = str(amount).partition(".")
    return whole if not decimals.strip("0") else f"{whole}.{decimals}"


def _khqr_additional(code: Khqr) -> str | None:
    text = _objects(
        ("01", code.bill_number),
        ("02", code.mobile_number),
        ("03", code.store_label),
        ("07", code.terminal_label),
        ("08", code.purpose),
    )
    return text or None


def _khqr_language(language: Language | None) -> str | None:
    if language is None:
        return None
    return _objects(("00", language.code), ("01", language.name), ("02", language.city))


def _khqr_validity(code: Khqr) -> str | None:
    stamps = (("00", code.created_at), ("01", code.expires_at))
    return _objects(*((tag, None if at is None else _stamp(at)) for tag, at in stamps)) or None


def _stamp(at: datetime) -> str:
    assert at.tzinfo is not None, "a time stamp must be aware"
    return str((at - _EPOCH) // _MILLISECOND)


def _refusal(reason: str, path: str, schemes: Schemes) -> QrError:
    code = CODE_CURRENCY if reason == "amount_currency" else None
    numbers: Iterable[int | None] = (
        scheme.numbers.get(reason) for scheme in schemes.schemes if scheme.scheme == "khqr"
    )
    return QrError([fault("network", reason, path, 0, code)], nbc=next(iter(numbers), None))


def _proved(text: str, scheme: str, at: datetime, schemes: Schemes) -> str:
    """Seal ``text``, read it back, and return it only if the strict reader has no objection."""
    sealed = seal(text)
    (candidate,) = recognise(sealed, at=at, schemes=schemes).candidates
    assert candidate.scheme == scheme, "a written code is claimed by its own scheme"
    assert not candidate.deviations, "a written code has no deviation"
    if "astral_character" in candidate.notes:
        raise _refusal("astral_character", "", schemes)
    return sealed
