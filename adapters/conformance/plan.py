"""What is put into the cases for one network: the ``conformance.toml`` beside its adapter.

A network says here which code to scan, what to pay, which refusals it knows and which cases do not
apply to it, each with a reason. The surprise: an operation that the network lacks need not be named
here, because its facts already say so, with their source.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_origin

from fx.money import Money, MoneyError, Rate
from switch.model import Party
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

_Wanted = TypeVar("_Wanted", str, list[Any], dict[str, Any])

DEBTOR: Final = ("Sok Dara", "sokdara@abaa")
TEXTS: Final = ('O\'Brien & <Sons> "Cafe"', "Chan Sophea, Rd. 63/2 (A)")

_SECTIONS: Final = frozenset(
    {
        "payment",
        "unknown_code",
        "refused",
        "refusals",
        "amounts",
        "texts",
        "inbound",
        "contradiction",
        "payee",
    }
    | {"not_applicable"}
)


class PlanError(ValueError):
    """A file that cannot be used; the message names the key."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How the network is made to refuse, and what that must mean to us: an ISO reason."""

    reason: str
    code: str = ""
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A KHQR that the network's customers pay here, and what they key where it has no amount.

    ``advice``: the customer is debited before we are told.
    """

    payload: str
    amount: str | None
    more: Mapping[str, object]
    advice: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a network puts into the cases.

    ``payload`` is a merchant's code without an amount, ``amount`` what its customer pays. Where
    each code is an order, ``{number}`` (ten digits) and ``{amount}`` (minor units) stand in it.
    ``rate`` gives what the payer is debited, where the network does not price itself. ``refused``
    is a payment that the network refuses by itself, ``refusals`` are those it is told to make.
    ``not_applicable`` maps case numbers to reasons. ``payee`` is who gets the payment where the
    network has no lookup that says so.
    """

    payload: str
    amount: Money
    rate: Rate
    payer_currency: str
    unknown_code: tuple[str, str] | None
    refused: Refusal | None
    refusals: tuple[Refusal, ...]
    amounts: tuple[Money, ...]
    texts: tuple[str, ...]
    inbound: Inbound | None
    not_applicable: Mapping[str, str]
    contradiction: Mapping[str, object] | None
    payee: Party | None = None

    @property
    def orders(self) -> bool:
        """Whether each code is an order that is paid once."""
        return "{number" in self.payload


def read_plan(text: str, currency: str) -> Plan:
    """Read a plan; ``currency`` is the network's. Raises :class:`PlanError`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"not TOML: {error}") from None
    for key in sorted(table.keys() - _SECTIONS):
        raise PlanError(f"{key}: no such section")
    payment = _given(table, "payment", dict[str, Any])
    payer = _given(payment, "payer_currency", str, "KHR")
    unknown = table.get("unknown_code")
    refused = table.get("refused")
    try:
        return Plan(
            payload=_given(payment, "payload", str),
            amount=Money.parse(_given(payment, "amount", str), currency),
            rate=_rate(payment, currency, payer),
            payer_currency=payer,
            unknown_code=None if unknown is None else _unknown(unknown),
            refused=None if refused is None else _refused(refused, currency),
            refusals=tuple(_refusal(each) for each in _given(table, "refusals", list[Any], [])),
            amounts=tuple(
                Money.parse(each, currency) for each in _given(table, "amounts", list[Any], [])
            ),
            texts=tuple(_given(table, "texts", list[Any], list(TEXTS))),
            inbound=_inbound(table["inbound"]) if "inbound" in table else None,
            not_applicable=dict(_given(table, "not_applicable", dict[str, Any], {})),
            contradiction=table.get("contradiction"),
            payee=None if "payee" not in table else _payee(table["payee"]),
        )
    except MoneyError as error:
        raise PlanError(f"an amount or a rate: {error.detail}") from None


def _rate(payment: Mapping[str, object], currency: str, payer: str) -> Rate:
    unit = _given(payment, "rate_of", str, currency)
    if unit not in (currency, payer):
        raise PlanError(f"rate_of: {unit} is neither of the two currencies")
    return Rate.parse(_given(payment, "rate", str), unit, payer if unit == currency else currency)


def _unknown(given: Mapping[str, object]) -> tuple[str, str]:
    return _given(given, "payload", str), _iso(given)


def _refused(given: Mapping[str, object], currency: str) -> Refusal:
    return Refusal(_iso(given), amount=Money.parse(_given(given, "amount", str), currency))


def _refusal(given: Mapping[str, object]) -> Refusal:
    return Refusal(_iso(given), code=_given(given, "code", str))


def _inbound(given: Mapping[str, object]) -> Inbound:
    amount = _given(given, "amount", str, "")
    advice = given.get("advice", False)
    if type(advice) is not bool:
        raise PlanError("advice: not true or false")
    more = _given(given, "more", dict[str, Any], {})
    return Inbound(_given(given, "payload", str), amount or None, more, advice)


def _payee(given: Mapping[str, object]) -> Party:
    return Party(*(_given(given, key, str) for key in ("name", "account", "agent")))


def _iso(given: Mapping[str, object]) -> str:
    reason = _given(given, "reason", str)
    if reason not in {each.iso for each in Reason}:
        raise PlanError(f"reason: {reason} is none of the switch's")
    return reason


def _given(
    table: Mapping[str, object], key: str, kind: type[_Wanted], default: _Wanted | None = None
) -> _Wanted:
    value = table.get(key, default)
    if not isinstance(value, get_origin(kind) or kind):
        raise PlanError(f"{key}: missing or not {kind.__name__}")
    return value
