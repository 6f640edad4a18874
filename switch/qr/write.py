"""The strict writer of KHQR, and of the Thai code that is marked for payers from abroad.

What is written follows the central bank's own software to the letter (order of objects, whole
dollars without a point), so that both write the same text for the same input. Nothing leaves here
that our own reader does not take without a single deviation: every text has to fit the straight
road of its scheme, and one that does not is read back in full, so that the refusal has the reader's
own reason word. Text is never cut to fit.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from switch.qr.emv import VALUE_LENGTH_MAX, compose, seal
from switch.qr.errors import CODE_CURRENCY, QrError, fault
from switch.qr.recognise import recognise
from switch.qr.scheme import SCHEMES
from switch.qr.straight import fits

if TYPE_CHECKING:
    from fx.money import Money
    from switch.qr.scheme import Schemes

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_KHQR_CURRENCIES: Final = MappingProxyType({"KHR": "116", "USD": "840"})
_KHQR_DEFAULT_CATEGORY: Final = "5999"
_HEADER: Final = 4
_THAI_CROSS_BORDER: Final = "A000000677012006"
# Time stamps have 13 digits: from 2001 to 2286.
_FIRST_STAMP: Final = _EPOCH + 10**12 * _MILLISECOND
_LAST_STAMP: Final = _EPOCH + (10**13 - 1) * _MILLISECOND
_NO_LANGUAGE: Final = re.compile("[^A-Za-z]")
# Two digits of length; a longer value has no entry, and the lookup fails.
_SIZE: Final = tuple(f"{size:02d}" for size in range(VALUE_LENGTH_MAX + 1))


class Language(NamedTuple):
    """Object 64: the merchant in another language; ``code`` is ISO 639-1, two letters."""

    code: str
    name: str
    city: str | None = None

    def __repr__(self) -> str:
        return f"Language(code={self.code!r})"


class Khqr(NamedTuple):
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


class ThaiBillPayment(NamedTuple):
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
    ``unionpay_currency``, ``amount_currency``, ``missing_creation``, ``creation_format``,
    ``validity_without_amount``, ``language_format``, ``value_too_long`` and ``astral_character``.
    """
    objection = _khqr_objection(code)
    if objection is not None:
        raise _refusal(*objection, schemes)
    try:
        text = _khqr_text(code)
    except IndexError:
        raise _too_long(code) from None
    tag = "29" if code.merchant_id is None else "30"
    return _proved(text, "khqr", tag, code.created_at or _EPOCH, schemes)


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
    return _proved(text, "thaiqr", "30", _EPOCH, schemes)


def _objects(*pairs: tuple[str, str | None]) -> str:
    return "".join(compose(tag, value) for tag, value in pairs if value is not None)


def _khqr_objection(code: Khqr) -> tuple[str, str] | None:
    """Return reason word and path of what the reader could not see in the text."""
    amount = code.amount
    if code.currency not in _KHQR_CURRENCIES:
        return "currency_not_allowed", "53"
    if code.merchant_id is not None:
        if code.acquiring_bank is None:
            return "missing_acquiring_bank", "30/02"
        if code.account_information is not None:
            return "account_kinds_mixed", "30"
    if code.unionpay is not None and code.currency != "KHR":
        return "unionpay_currency", "15"
    if amount is None:
        if code.created_at is not None or code.expires_at is not None:
            return "validity_without_amount", "99"
    elif amount.currency.code != code.currency:
        return "amount_currency", "54"
    elif code.created_at is None:
        if code.expires_at is not None:
            return "missing_creation", "99/00"
    elif not _has_stamp(code.created_at):
        return "creation_format", "99/00"
    elif code.expires_at is not None and not _has_stamp(code.expires_at):
        return "expiry_format", "99/01"
    if code.language is not None and _NO_LANGUAGE.search(code.language.code) is not None:
        return "language_format", "64/00"
    return None


def _khqr_text(code: Khqr) -> str:
    """Return all objects but the CRC. Raises IndexError for a value of 100 characters or more."""
    size = _SIZE
    unionpay, amount = code.unionpay, code.amount
    before = "" if unionpay is None else f"15{size[len(unionpay)]}{unionpay}"
    account, bank = f"00{size[len(code.account)]}{code.account}", code.acquiring_bank
    second = code.account_information if code.merchant_id is None else code.merchant_id
    if second is not None:
        account += f"01{size[len(second)]}{second}"
    if bank is not None:
        account += f"02{size[len(bank)]}{bank}"
    tag = "29" if code.merchant_id is None else "30"
    category, name, city = code.category, code.merchant_name, code.merchant_city
    paid = ""
    if amount is not None:
        # Whole amounts carry no point, in dollars too: the central bank's software writes them so.
        whole, part = divmod(amount.minor, 100)
        digits = f"{whole}.{part:02d}" if part else str(whole)
        paid = f"54{size[len(digits)]}{digits}"
    return (
        f"0002010102{'11' if amount is None else '12'}{before}{tag}{size[len(account)]}{account}"
        f"52{size[len(category)]}{category}5303{_KHQR_CURRENCIES[code.currency]}{paid}5802KH"
        f"59{size[len(name)]}{name}60{size[len(city)]}{city}"
        f"{_khqr_additional(code)}{_khqr_language(code.language)}{_khqr_validity(code)}"
    )


def _khqr_additional(code: Khqr) -> str:
    size = _SIZE
    text = ""
    if code.bill_number is not None:
        text = f"01{size[len(code.bill_number)]}{code.bill_number}"
    if code.mobile_number is not None:
        text += f"02{size[len(code.mobile_number)]}{code.mobile_number}"
    if code.store_label is not None:
        text += f"03{size[len(code.store_label)]}{code.store_label}"
    if code.terminal_label is not None:
        text += f"07{size[len(code.terminal_label)]}{code.terminal_label}"
    if code.purpose is not None:
        text += f"08{size[len(code.purpose)]}{code.purpose}"
    return f"62{size[len(text)]}{text}" if text else ""


def _khqr_language(language: Language | None) -> str:
    if language is None:
        return ""
    text = _objects(("00", language.code), ("01", language.name), ("02", language.city))
    return compose("64", text)


def _khqr_validity(code: Khqr) -> str:
    if code.created_at is None:
        return ""
    created = _stamp(code.created_at)
    if code.expires_at is None:
        return f"99170013{created}"
    return f"99340013{created}0113{_stamp(code.expires_at)}"


def _has_stamp(at: datetime) -> bool:
    assert at.tzinfo is not None, "a time stamp must be aware"
    return _FIRST_STAMP <= at <= _LAST_STAMP


def _stamp(at: datetime) -> str:
    return str((at - _EPOCH) // _MILLISECOND)


def _too_long(code: Khqr) -> QrError:
    """Return the refusal of the value, or else the template, of more than 99 characters."""
    tag = "29" if code.merchant_id is None else "30"
    values = {
        f"{tag}/00": code.account,
        f"{tag}/01": code.account_information or code.merchant_id,
        f"{tag}/02": code.acquiring_bank,
        "15": code.unionpay,
        "52": code.category,
        "59": code.merchant_name,
        "60": code.merchant_city,
        "62/01": code.bill_number,
        "62/02": code.mobile_number,
        "62/03": code.store_label,
        "62/07": code.terminal_label,
        "62/08": code.purpose,
    }
    sizes = {path: len(value) for path, value in values.items() if value is not None}
    long = [path for path, size in sizes.items() if size > VALUE_LENGTH_MAX]
    # What is short by itself is too long together, each part with its header.
    account = sum(size + _HEADER for path, size in sizes.items() if path.startswith(tag))
    together = tag if account > VALUE_LENGTH_MAX else "62"
    return QrError([fault("tlv", "value_too_long", long[0] if long else together, 0)])


def _refusal(reason: str, path: str, schemes: Schemes) -> QrError:
    code = CODE_CURRENCY if reason == "amount_currency" else None
    numbers = (scheme.numbers.get(reason) for scheme in schemes.schemes if scheme.scheme == "khqr")
    return QrError([fault("network", reason, path, 0, code)], nbc=next(numbers, None))


def _proved(text: str, scheme: str, tag: str, at: datetime, schemes: Schemes) -> str:
    """Seal ``text`` and return it only if the strict reader has no objection."""
    sealed = seal(text)
    if fits(schemes.roads, sealed, tag):
        return sealed
    # Not fitting is no fault by itself: a UnionPay account makes a second candidate, for instance.
    candidate = recognise(sealed, at=at, schemes=schemes).candidates[0]
    assert candidate.scheme == scheme, "a written code is claimed by its own scheme"
    assert not candidate.deviations, "a written code has no deviation"
    if "astral_character" in candidate.notes:
        raise _refusal("astral_character", "", schemes)
    return sealed
