"""Building blocks that several messages share: agents, parties, accounts, references.

Each returns declared elements in ISO order, so that a family file reads like the message itself.
An agent is named by its BIC only: the other identifications of ISO 20022 are not in the guideline.
"""

from __future__ import annotations

from iso20022.declare import Group, Leaf, Node
from iso20022.scalars import (
    BIC,
    CODE,
    COUNTRY,
    ID,
    MOMENT,
    TEXT_34,
    TEXT_35,
    TEXT_70,
    TEXT_140,
    TEXT_2048,
    UUID4,
    Scalar,
)


def agent(
    tag: str, field: str, kind: Scalar = BIC, *, required: bool = False, country: str = ""
) -> Group:
    """Return an agent known by its BIC; ``country`` adds ``PstlAdr/Ctry`` (a routing key)."""
    parts: tuple[Node, ...] = (Leaf("BICFI", field, kind, required=True),)
    if country:
        parts += (Group("PstlAdr", (Leaf("Ctry", country, COUNTRY),)),)
    return Group(tag, (Group("FinInstnId", parts, required=True),), required=required)


def party(tag: str, role: str, country: Scalar, *, required: bool = True) -> Group:
    """Return a party by name, with town, country and free address lines (CPMI minimum)."""
    place = Group(
        "PstlAdr",
        (
            Leaf("TwnNm", f"{role}_town", TEXT_140),
            Leaf("Ctry", f"{role}_country", country),
            Leaf("AdrLine", f"{role}_address_lines", TEXT_70, times=7),
        ),
    )
    return Group(
        tag, (Leaf("Nm", f"{role}_name", TEXT_140, required=True), place), required=required
    )


def named(tag: str, field: str, *, required: bool = False) -> Group:
    """Return a party that is a name and nothing else."""
    return Group(tag, (Leaf("Nm", field, TEXT_140, required=True),), required=required)


def other_account(field: str, *extra: Node, required: bool = True) -> Group:
    """Return ``Id/Othr/Id``: a domestic account number or a ledger account.

    Base versions before 2023 (``CashAccount38``) require it, later ones admit an alias alone.
    """
    number = Leaf("Id", field, TEXT_34, required=True)
    return Group("Id", (Group("Othr", (number, *extra), required=True),), required=required)


def account(tag: str, field: str, *more: Node, scheme: str = "") -> Group:
    """Return an account by number; ``scheme`` names the field of ``SchmeNm/Prtry``."""
    extra: tuple[Node, ...] = ()
    if scheme:
        extra = (Group("SchmeNm", (Leaf("Prtry", scheme, TEXT_35, required=True),)),)
    return Group(tag, (other_account(field, *extra), *more))


def proxy(kind: str, value: str) -> Group:
    """Return ``Prxy``: the alias through which the account was named."""
    return Group(
        "Prxy",
        (
            Group("Tp", (Leaf("Cd", kind, CODE, required=True),)),
            Leaf("Id", value, TEXT_2048, required=True),
        ),
    )


def code_or_proprietary(tag: str, code: str, proprietary: str, kind: Scalar = CODE) -> Group:
    """Return a choice between an ISO external code and a code of the scheme's own."""
    return Group(
        tag,
        (
            Leaf("Cd", code, kind, required=True),
            Leaf("Prtry", proprietary, TEXT_35, required=True),
        ),
        choice=True,
    )


def original_references() -> tuple[Node, ...]:
    """Return how pacs.002 and pacs.028 name the payment they speak of; the UETR is required."""
    return (
        Group(
            "OrgnlGrpInf",
            (
                Leaf("OrgnlMsgId", "original_message_id", ID, required=True),
                Leaf("OrgnlMsgNmId", "original_message_name", TEXT_35, required=True),
                Leaf("OrgnlCreDtTm", "original_created_at", MOMENT),
            ),
        ),
        Leaf("OrgnlInstrId", "original_instruction_id", ID),
        Leaf("OrgnlEndToEndId", "original_end_to_end_id", ID),
        Leaf("OrgnlTxId", "original_transaction_id", ID),
        Leaf("OrgnlUETR", "original_uetr", UUID4, required=True),
    )
