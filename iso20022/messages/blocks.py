"""Building blocks that several messages share: agents, parties, accounts, codes and reasons.

Each returns declared elements in ISO order, so that a family file reads like the message itself.
An agent is named by its BIC, with its LEI where the version has one; a party is an organisation or
a name. The surprise: an alias alone names an account only from the account type of 2023 on.
"""

from __future__ import annotations

from dataclasses import replace

from iso20022 import elements as e
from iso20022.declare import Group, Leaf, Node, since, until
from iso20022.scalars import (
    BIC,
    CODE,
    COUNTRY,
    CURRENCY_CODE,
    DAY,
    IBAN,
    LEI,
    MOMENT,
    OLD_BIC,
    TEXT_34,
    TEXT_35,
    TEXT_70,
    TEXT_105,
    TEXT_140,
    TEXT_2048,
    Scalar,
)


def document(body: Group) -> Group:
    """Return the root of every message."""
    return Group(e.DOCUMENT, (body,), required=True)


def agent(
    tag: str,
    field: str,
    kind: Scalar = BIC,
    *,
    required: bool = False,
    country: str = "",
    lei: str = "",
    old: int = 0,
) -> Group:
    """Return an agent known by its BIC; ``country`` adds ``PstlAdr/Ctry`` (a routing key).

    Up to the version ``old`` the BIC is that of ISO 9362:2009.
    """
    bic = Leaf(e.BIC, field, kind, required=True)
    parts: tuple[Node, ...] = (bic,)
    if old:
        parts = (until(old, replace(bic, type=OLD_BIC)), since(old + 1, bic))
    if lei:
        parts += (Leaf(e.LEI, lei, LEI),)
    if country:
        parts += (Group(e.POSTAL_ADDRESS, (Leaf(e.COUNTRY, country, COUNTRY),)),)
    return Group(
        tag,
        (Group(e.FINANCIAL_INSTITUTION_IDENTIFICATION, parts, required=True),),
        required=required,
    )


def institution(
    tag: str, field: str, kind: Scalar = BIC, *, country: str = "", old: int = 0
) -> Group:
    """Return an agent where a party could stand: ``Assgnr/Agt``, ``Cretr/Agt``."""
    inner = agent(e.AGENT, field, kind, required=True, country=country, old=old)
    return Group(tag, (inner,), required=True)


def party(tag: str, role: str, country: Scalar, *, required: bool = True) -> Group:
    """Return a party of pacs.008 by name, with town, country and address lines (CPMI minimum).

    The town was shorter up to version 11. An organisation may add its LEI, and an identification
    with the name of its scheme: a merchant's number at the acquirer stands there.
    """
    place = Group(
        e.POSTAL_ADDRESS,
        (
            until(11, Leaf(e.TOWN_NAME, f"{role}_town", TEXT_35)),
            since(12, Leaf(e.TOWN_NAME, f"{role}_town", TEXT_140)),
            Leaf(e.COUNTRY, f"{role}_country", country),
            Leaf(e.ADDRESS_LINE, f"{role}_address_lines", TEXT_70, times=7),
        ),
    )
    scheme = Group(
        e.SCHEME_NAME, (Leaf(e.PROPRIETARY, f"{role}_organisation_scheme", TEXT_35, True),)
    )
    other = Group(
        e.OTHER, (Leaf(e.IDENTIFICATION, f"{role}_organisation_id", TEXT_35, True), scheme)
    )
    organisation = Group(
        e.ORGANISATION_IDENTIFICATION, (Leaf(e.LEI, f"{role}_lei", LEI), other), required=True
    )
    name = Leaf(e.NAME, f"{role}_name", TEXT_140, required=True)
    return Group(tag, (name, place, Group(e.IDENTIFICATION, (organisation,))), required=required)


def named(tag: str, field: str, *, required: bool = False) -> Group:
    """Return a party that is a name and nothing else."""
    return Group(tag, (Leaf(e.NAME, field, TEXT_140, required=True),), required=required)


def party_named(tag: str, field: str, *, required: bool = False) -> Group:
    """Return ``Pty/Nm``: a party of a choice between party and agent, by name."""
    return Group(tag, (named(e.PARTY, field, required=True),), required=required)


def holder(field: str, *, required: bool = False) -> Group:
    """Return ``Pty/Nm`` on its own: the party behind an account."""
    return named(e.PARTY, field, required=required)


def other_account(field: str, *extra: Node, required: bool = True, iban: str = "") -> Group:
    """Return ``Id``: a domestic or ledger number in ``Othr/Id``, or an IBAN.

    Base versions before 2023 (``CashAccount38``) require it, later ones admit an alias alone.
    """
    number = Leaf(e.IDENTIFICATION, field, TEXT_34, required=True)
    other = Group(e.OTHER, (number, *extra), required=True)
    choice = (Leaf(e.IBAN, iban, IBAN, required=True), other) if iban else (other,)
    return Group(e.IDENTIFICATION, choice, required=required, choice=bool(iban))


def bare_account(field: str) -> Group:
    """Return ``Othr/Id`` of an account choice that stands without ``Id`` around it."""
    return Group(e.OTHER, (Leaf(e.IDENTIFICATION, field, TEXT_34, required=True),), required=True)


def account_scheme(field: str) -> Group:
    """Return ``SchmeNm/Prtry`` of an account number."""
    return Group(e.SCHEME_NAME, (Leaf(e.PROPRIETARY, field, TEXT_35, required=True),))


def account_currency(field: str) -> Leaf:
    """Return ``Ccy`` of an account."""
    return Leaf(e.CURRENCY, field, CURRENCY_CODE)


def account_name(field: str) -> Leaf:
    """Return ``Nm`` of an account: the name that may be shown."""
    return Leaf(e.NAME, field, TEXT_70)


def account(tag: str, field: str, *more: Node, scheme: str = "", iban: str = "") -> Group:
    """Return an account by number; ``scheme`` names the field of ``SchmeNm/Prtry``."""
    extra = (account_scheme(scheme),) if scheme else ()
    return Group(tag, (other_account(field, *extra, iban=iban), *more))


def proxy(kind: str, value: str) -> Group:
    """Return ``Prxy``: the alias through which the account was named."""
    return Group(
        e.PROXY,
        (
            Group(e.TYPE, (Leaf(e.CODE, kind, CODE, required=True),)),
            Leaf(e.IDENTIFICATION, value, TEXT_2048, required=True),
        ),
    )


def code_or_proprietary(
    tag: str, code: str, proprietary: str, kind: Scalar = CODE, *, required: bool = False
) -> Group:
    """Return a choice between an ISO external code and a code of the scheme's own."""
    return Group(
        tag,
        (
            Leaf(e.CODE, code, kind, required=True),
            Leaf(e.PROPRIETARY, proprietary, TEXT_35, required=True),
        ),
        required=required,
        choice=True,
    )


def reason(tag: str = e.REASON, *, required: bool = False) -> Group:
    """Return why: a code of the message's own external set, or one of the scheme."""
    return code_or_proprietary(tag, "reason", "reason_proprietary", required=required)


def reason_information(tag: str, *originator: Node, times: int = 4) -> Group:
    """Return a reason with lines of text: ``StsRsnInf``, ``RtrRsnInf``, ``CxlRsnInf``."""
    text = Leaf(e.ADDITIONAL_INFORMATION, "additional_information", TEXT_105, times=times)
    return Group(tag, (*originator, reason(), text))


def day_or_moment(tag: str, day: str, moment: str, *, required: bool = False) -> Group:
    """Return a choice between a date and a moment."""
    choice = (
        Leaf(e.DATE, day, DAY, required=True),
        Leaf(e.DATE_TIME, moment, MOMENT, required=True),
    )
    return Group(tag, choice, required=required, choice=True)
