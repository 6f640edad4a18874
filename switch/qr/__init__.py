"""Scanned codes: a tolerant reader of EMV merchant-presented codes and a strict writer.

:func:`recognise` tells which networks a text can be paid through and what it says;
:func:`examine` tells of any text whether it is sound, and everything wrong with it;
:func:`write_khqr` and :func:`write_thai_bill_payment` write codes that the strict reader takes.
Everything is pure: the moment is an argument, and the only files read are the scheme files.
"""

from __future__ import annotations

from switch.qr.content import QrContent
from switch.qr.describe import describe
from switch.qr.errors import LAYERS, Fault, QrError
from switch.qr.examine import Examined, examine
from switch.qr.recognise import Candidate, Recognition, recognise
from switch.qr.scheme import SCHEMES, Scheme, SchemeError, Schemes, read_scheme
from switch.qr.write import Khqr, Language, ThaiBillPayment, write_khqr, write_thai_bill_payment

__all__ = [
    "LAYERS",
    "SCHEMES",
    "Candidate",
    "Examined",
    "Fault",
    "Khqr",
    "Language",
    "QrContent",
    "QrError",
    "Recognition",
    "Scheme",
    "SchemeError",
    "Schemes",
    "ThaiBillPayment",
    "describe",
    "examine",
    "read_scheme",
    "recognise",
    "write_khqr",
    "write_thai_bill_payment",
]
