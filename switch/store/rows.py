"""Between payments and rows: the one place that knows how a payment is written down.

What can change is in columns of its own; what is frozen at the opening is one canonical JSON text.
Amounts are minor units, times are microseconds. Reading refuses nothing silently: a row that does
not make a valid payment raises, because only a bug or tampering can cause it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from fx.money import Money, Rate, currency
from switch.model import (
    Channel,
    Direction,
    Finality,
    Funding,
    Hop,
    Institutions,
    Kind,
    Particulars,
    Party,
    Payment,
    Residue,
    State,
    Terms,
    UseCase,
    from_micros,
    to_micros,
)
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fx.money import Currency

PAYMENT_COLUMNS: Final = (
    "payment_id, uetr, network, reference, state, version, updated_at, next_at, rung, reason, "
    "far_reference, disputed, reservation, frozen, block"
)


def payment_row(payment: Payment) -> tuple[object, ...]:
    """The columns of :data:`PAYMENT_COLUMNS`."""
    return payment_columns(payment, frozen_text(payment))


def payment_columns(payment: Payment, frozen: str | None) -> tuple[object, ...]:
    """The same with its frozen text at hand; None for a stored row that is changed."""
    return (
        payment.payment_id,
        payment.uetr,
        payment.network,
        payment.reference,
        payment.state.value,
        payment.version,
        to_micros(payment.updated_at),
        None if payment.next_at is None else to_micros(payment.next_at),
        payment.rung,
        None if payment.reason is None else payment.reason.name,
        payment.far_reference,
        int(payment.disputed),
        payment.reservation,
        frozen,
        payment.block,
    )


def payment_of(row: Sequence[Any]) -> Payment:
    """The payment of a row of :data:`PAYMENT_COLUMNS`."""
    (payment_id, uetr, network, reference, state, version, updated_at, next_at, rung) = row[:9]
    (reason, far_reference, disputed, reservation, frozen, block) = row[9:]
    held = orjson.loads(frozen)
    return Payment(
        payment_id=payment_id,
        uetr=uetr,
        direction=Direction(held["direction"]),
        use_case=UseCase(held["use_case"]),
        corridor=held["corridor"],
        origin=held["origin"],
        channel=Channel(held["channel"]),
        network=network,
        reference=reference,
        terms=terms_of(held["terms"]),
        institutions=Institutions(**held["institutions"]),
        config_version=held["config_version"],
        state=State(state),
        version=version,
        opened_at=from_micros(held["opened_at"]),
        accepted_at=from_micros(held["accepted_at"]),
        deadline=from_micros(held["deadline"]),
        send_by=from_micros(held["send_by"]),
        updated_at=from_micros(updated_at),
        next_at=None if next_at is None else from_micros(next_at),
        rung=rung,
        reason=None if reason is None else Reason[reason],
        far_reference=far_reference,
        disputed=bool(disputed),
        reservation=reservation,
        block=block,
        kind=Kind(held.get("kind", Kind.PAYMENT)),
        original=held.get("original", ""),
        funding=Funding(held.get("funding", Funding.CAPPED)),
        finality=Finality(held.get("finality", Finality.TWO_LEG)),
    )


def frozen_text(payment: Payment) -> str:
    """What never changes of a payment, as canonical JSON."""
    return orjson.dumps(
        {
            "direction": payment.direction.value,
            "use_case": payment.use_case.value,
            "corridor": payment.corridor,
            "origin": payment.origin,
            "channel": payment.channel.value,
            "terms": terms_json(payment.terms),
            "institutions": {
                "payer_side": payment.institutions.payer_side,
                "holder": payment.institutions.holder,
                "payee_side": payment.institutions.payee_side,
                "fee_taker": payment.institutions.fee_taker,
                "on_us": payment.institutions.on_us,
                "second_holder": payment.institutions.second_holder,
                **_rare_roles(payment.institutions),
            },
            "config_version": payment.config_version,
            "opened_at": to_micros(payment.opened_at),
            "accepted_at": to_micros(payment.accepted_at),
            "deadline": to_micros(payment.deadline),
            "send_by": to_micros(payment.send_by),
            **_uncommon(payment),
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()


def _rare_roles(institutions: Institutions) -> dict[str, str]:
    """Only where they are known, so that what was frozen before they existed reads the same."""
    said = {"payee_bank": institutions.payee_bank, "sponsor": institutions.sponsor}
    return {role: held for role, held in said.items() if held}


def _uncommon(payment: Payment) -> dict[str, str]:
    """What most payments are not: left out where it is as of every payment of before."""
    said: dict[str, str] = {}
    if payment.kind is not Kind.PAYMENT:
        said |= {"kind": payment.kind.value, "original": payment.original}
    if payment.funding is not Funding.CAPPED:
        said["funding"] = payment.funding.value
    if payment.finality is not Finality.TWO_LEG:
        said["finality"] = payment.finality.value
    return said


def terms_json(terms: Terms) -> dict[str, object]:
    """Terms as plain values."""
    return {
        "payer_currency": terms.debit.currency.code,
        "payee_currency": terms.destination.currency.code,
        "debit": terms.debit.minor,
        "fee": terms.fee.minor,
        "source": terms.source.minor,
        "destination": terms.destination.minor,
        "rate": str(terms.rate),
        "rate_unit": terms.rate.unit.code,
        "rate_quoted": terms.rate.quoted.code,
        "rate_version": terms.rate_version,
        "quote_id": terms.quote_id,
        "quote_expires_at": to_micros(terms.quote_expires_at),
        "payee_fee": 0 if terms.payee_fee is None else terms.payee_fee.minor,
        "hops": [_hop_json(hop) for hop in terms.hops],
        "residues": [[r.holder, r.amount.currency.code, r.amount.minor] for r in terms.residues],
    }


def _hop_json(hop: Hop) -> dict[str, object]:
    return {
        "provider": hop.provider,
        "holder": hop.holder,
        "source": [hop.source.currency.code, hop.source.minor],
        "destination": [hop.destination.currency.code, hop.destination.minor],
        "rate": [str(hop.rate), hop.rate.unit.code, hop.rate.quoted.code],
        "rate_version": hop.rate_version,
        **({"scheme_quote": hop.scheme_quote} if hop.scheme_quote else {}),
    }


def _hop_of(held: Mapping[str, Any]) -> Hop:
    return Hop(
        provider=held["provider"],
        holder=held["holder"],
        source=_money(*held["source"]),
        destination=_money(*held["destination"]),
        rate=Rate.parse(*held["rate"]),
        rate_version=held["rate_version"],
        scheme_quote=held.get("scheme_quote", ""),
    )


def _payee_fee(held: Mapping[str, Any], payee: Currency) -> Money | None:
    minor = held.get("payee_fee", 0)
    return Money(minor, payee) if minor else None


def _money(code: str, minor: int) -> Money:
    return Money(minor, currency(code))


def terms_of(held: Mapping[str, Any]) -> Terms:
    """Terms of :func:`terms_json`; those of an earlier version name no hops and no residues."""
    payer = currency(str(held["payer_currency"]))
    payee = currency(str(held["payee_currency"]))
    return Terms(
        debit=Money(held["debit"], payer),
        fee=Money(held["fee"], payer),
        source=Money(held["source"], payer),
        destination=Money(held["destination"], payee),
        rate=Rate.parse(str(held["rate"]), str(held["rate_unit"]), str(held["rate_quoted"])),
        rate_version=str(held["rate_version"]),
        quote_id=str(held["quote_id"]),
        quote_expires_at=from_micros(held["quote_expires_at"]),
        payee_fee=_payee_fee(held, payee),
        hops=tuple(_hop_of(hop) for hop in held.get("hops", ())),
        residues=tuple(
            Residue(holder, _money(code, minor)) for holder, code, minor in held.get("residues", ())
        ),
    )


_TEXTS: Final = (
    "end_to_end_id",
    "qr_payload",
    "merchant_category",
    "store_label",
    "terminal_label",
    "bill_number",
    "remittance",
)
_PARTY: Final = ("name", "account", "agent", "town", "country")


def particulars_bytes(particulars: Particulars) -> bytes:
    """Particulars as canonical JSON, to be sealed and nothing else."""
    plain: dict[str, object] = {name: getattr(particulars, name) for name in _TEXTS}
    for role in ("debtor", "creditor"):
        party = getattr(particulars, role)
        plain[role] = {name: getattr(party, name) for name in _PARTY}
    plain["extra"] = dict(particulars.extra)
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def particulars_of(plain: bytes) -> Particulars:
    """Particulars of :func:`particulars_bytes`."""
    held = orjson.loads(plain)
    debtor, creditor = Party(**held.pop("debtor")), Party(**held.pop("creditor"))
    return Particulars(debtor=debtor, creditor=creditor, **held)
