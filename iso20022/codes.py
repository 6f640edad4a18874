"""External codes that the messages use: statuses, the reasons that this package gives, countries.

The sets are closed on purpose where a wrong code would change what happens to money (statuses) and
open where it only explains (reasons: a partner's reason is kept as received). Source: ISO 20022
External Code Sets and ISO 3166-1.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

PAYMENT_STATUSES: Final = MappingProxyType(
    {
        "RCVD": "received",
        "PDNG": "pending, further checks",
        "ACTC": "technically valid",
        "ACCP": "accepted, customer profile checked",
        "ACSP": "accepted, settlement in process",
        "ACSC": "settlement completed on the debtor's side",
        "ACCC": "settled on the creditor's account",
        "ACWC": "accepted with change",
        "ACWP": "accepted without posting",
        "BLCK": "blocked: neither credited nor returned",
        "RJCT": "rejected",
    }
)
"""``ExternalPaymentTransactionStatus1Code``, as far as a status report may carry them."""

CUSTOMER_STATUSES: Final = MappingProxyType(
    {key: PAYMENT_STATUSES[key] for key in PAYMENT_STATUSES} | {"PART": "partially accepted"}
)
"""Statuses of pain.002, which may speak of a group as well."""

REASONS: Final = MappingProxyType(
    {
        "AB04": "settlement aborted: the agreed rate does not match",
        "AM01": "the amount is zero",
        "AM03": "the currency is not supported",
        "AM11": "the currency is invalid or missing",
        "AM12": "the amount is malformed",
        "AM18": "the number of transactions is not as declared",
        "BE10": "the debtor's country code is invalid",
        "BE11": "the creditor's country code is invalid",
        "CH16": "the content of an element is not allowed",
        "CH21": "a required element is missing",
        "DS0A": "the signature is missing",
        "DS0B": "the signature is not correct",
        "DS0D": "the certificate is not active",
        "FF01": "the file format is incomplete or invalid",
        "RC03": "the debtor agent's identifier is invalid",
        "RC04": "the creditor agent's identifier is invalid",
        "RR10": "the character set is not supported",
    }
)
"""``ExternalStatusReason1Code`` values that reading and building give by themselves."""

_COUNTRIES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW"
)

COUNTRIES: Final = frozenset(_COUNTRIES.split())
"""ISO 3166-1 alpha-2."""

BIC_COUNTRIES: Final = COUNTRIES | {"XK"}
"""Country parts of a BIC: ISO 9362 also uses XK (Kosovo), which ISO 3166-1 does not list."""
