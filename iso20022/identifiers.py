"""Identifiers that carry their own proof: IBAN, LEI, BIC, UETR.

Each function takes text and tells whether it can be one; none looks anything up, so a true answer
means "well formed", not "in use". The surprise: IBAN and LEI share one arithmetic, remainder 1 of
97 over letters taken as 10 to 35 (ISO 7064), and differ only in where the check digits stand.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_uppercase
from types import MappingProxyType
from typing import Final

from iso20022.codes import BIC_COUNTRIES

_IBAN_LENGTHS: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 "
    "DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 "
    "IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 "
    "MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 "
    "SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)

IBAN_LENGTHS: Final = MappingProxyType(
    {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}
)
"""Country → characters of an IBAN (SWIFT IBAN registry); other countries have none."""

_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{11,30}", re.ASCII)
_LEI: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}", re.ASCII)
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_UETR: Final = re.compile(
    r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}", re.ASCII
)
INSTITUTIONS_KEPT: Final = 1024
"""Identifiers of institutions whose check digits are not computed again."""

_MODULUS: Final = 97
_VALUES: Final = MappingProxyType({ord(letter): str(int(letter, 36)) for letter in ascii_uppercase})
"""Letter → 10 to 35, as ``str.translate`` wants it."""


def is_iban(text: str) -> bool:
    """Tell whether ``text`` is an IBAN (ISO 13616): registered length and right check digits.

    Check digits are 02 to 98: 00, 01 and 99 leave the same remainder and are never issued.
    """
    if _IBAN.fullmatch(text) is None or IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return "02" <= text[2:4] <= "98" and _remainder(text[4:] + text[:4]) == 1


@lru_cache(maxsize=INSTITUTIONS_KEPT)
def is_lei(text: str) -> bool:
    """Tell whether ``text`` is a legal entity identifier (ISO 17442) with right check digits.

    The same few institutions stand in every message, so the last answers are kept.
    """
    if _LEI.fullmatch(text) is None or not "02" <= text[18:] <= "98":
        return False
    return _remainder(text) == 1


def is_bic(text: str) -> bool:
    """Tell whether ``text`` is a BIC (ISO 9362) of 8 or 11 capitals with a country inside."""
    return _BIC.fullmatch(text) is not None and text[4:6] in BIC_COUNTRIES


def is_uetr(text: str) -> bool:
    """Tell whether ``text`` is a UUID of version 4 in lower case, as payments carry it."""
    return _UETR.fullmatch(text) is not None


def same_bic(one: str, other: str) -> bool:
    """Tell whether two BICs name one institution: an absent branch is ``XXX`` (ISO 9362)."""
    return one.removesuffix("XXX") == other.removesuffix("XXX")


def _remainder(text: str) -> int:
    return int(text.upper().translate(_VALUES)) % _MODULUS
