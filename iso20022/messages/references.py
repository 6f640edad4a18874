"""Building blocks of a payment: its header, identifications, amounts, and references to it.

Each returns declared elements in ISO order, as ``blocks`` does for parties and accounts. What a
later message says about an earlier one (``Orgnl...``) is here too, so that a status, a return and a
recall name a payment in the same fields.
"""

from __future__ import annotations

from iso20022 import elements as e
from iso20022.declare import Group, Leaf, Node, Repeated, since
from iso20022.messages.blocks import agent, code_or_proprietary, institution
from iso20022.scalars import (
    AMOUNT,
    BIC,
    CLEARING_CODE,
    CODE,
    COUNT,
    CURRENCY_CODE,
    DAY,
    FEE,
    ID,
    MOMENT,
    RATE,
    TEXT_35,
    TEXT_140,
    UUID4,
    Scalar,
    codes,
)

SETTLEMENT_METHOD = codes("SettlementMethod", "INDA", "INGA", "COVE", "CLRG")
PRIORITY = codes("Priority", "HIGH", "NORM")
CHARGE_BEARER = codes("ChargeBearer", "DEBT", "CRED", "SHAR", "SLEV")


def message_id(field: str = "message_id", *, required: bool = True) -> Leaf:
    """Return ``MsgId``."""
    return Leaf(e.MESSAGE_IDENTIFICATION, field, ID, required=required)


def created_at(field: str = "created_at", *, required: bool = True) -> Leaf:
    """Return ``CreDtTm``."""
    return Leaf(e.CREATION_DATE_TIME, field, MOMENT, required=required)


def message_name(field: str) -> Leaf:
    """Return ``MsgNmId``: which message a reference is to."""
    return Leaf(e.MESSAGE_NAME_IDENTIFICATION, field, TEXT_35)


def number_of_transactions() -> Leaf:
    """Return ``NbOfTxs``, which a rule holds to 1."""
    return Leaf(e.NUMBER_OF_TRANSACTIONS, "number_of_transactions", COUNT, required=True)


def group_header(*more: Node, required: bool = True) -> Group:
    """Return ``GrpHdr`` with its identification and time, then what the message adds."""
    return Group(e.GROUP_HEADER, (message_id(), created_at(), *more), required=required)


def settlement() -> Group:
    """Return ``SttlmInf``: the method, and the clearing system of this leg."""
    system = code_or_proprietary(
        e.CLEARING_SYSTEM, "clearing_system_code", "clearing_system_proprietary", CLEARING_CODE
    )
    method = Leaf(e.SETTLEMENT_METHOD, "settlement_method", SETTLEMENT_METHOD, required=True)
    return Group(e.SETTLEMENT_INFORMATION, (method, system), required=True)


def payment_identification() -> Group:
    """Return ``PmtId`` of an interbank message; the UETR is required."""
    return Group(
        e.PAYMENT_IDENTIFICATION,
        (
            instruction_id(),
            end_to_end_id(required=True),
            transaction_id(),
            uetr(required=True),
            clearing_reference(),
        ),
        required=True,
    )


def instruction_id() -> Leaf:
    """Return ``InstrId``."""
    return Leaf(e.INSTRUCTION_IDENTIFICATION, "instruction_id", ID)


def end_to_end_id(*, required: bool = False) -> Leaf:
    """Return ``EndToEndId``: from the payer, never changed."""
    return Leaf(e.END_TO_END_IDENTIFICATION, "end_to_end_id", ID, required=required)


def transaction_id(field: str = "transaction_id", *, required: bool = False) -> Leaf:
    """Return ``TxId``."""
    return Leaf(e.TRANSACTION_IDENTIFICATION, field, ID, required=required)


def uetr(*, required: bool = False) -> Leaf:
    """Return ``UETR``: the payment's identity on all legs."""
    return Leaf(e.UETR, "uetr", UUID4, required=required)


def clearing_reference() -> Leaf:
    """Return ``ClrSysRef``."""
    return Leaf(e.CLEARING_SYSTEM_REFERENCE, "clearing_system_reference", TEXT_35)


def payment_type(*, category: bool = True) -> Group:
    """Return ``PmtTpInf``: priority, service level, local instrument, category purpose."""
    purpose = (Group(e.CATEGORY_PURPOSE, (Leaf(e.CODE, "category_purpose", CODE, required=True),)),)
    instrument = code_or_proprietary(
        e.LOCAL_INSTRUMENT, "local_instrument_code", "local_instrument"
    )
    return Group(
        e.PAYMENT_TYPE_INFORMATION,
        (
            Leaf(e.INSTRUCTION_PRIORITY, "instruction_priority", PRIORITY),
            Group(e.SERVICE_LEVEL, (Leaf(e.CODE, "service_level", CODE, required=True),)),
            instrument,
            *(purpose if category else ()),
        ),
    )


def purpose() -> Group:
    """Return ``Purp``."""
    return code_or_proprietary(e.PURPOSE, "purpose", "purpose_proprietary")


def remittance(times: int, *structured: Node) -> Group:
    """Return ``RmtInf`` with free lines, and what is structured."""
    text = Leaf(e.UNSTRUCTURED, "remittance_unstructured", TEXT_140, times=times)
    return Group(e.REMITTANCE_INFORMATION, (text, *structured))


def charges(typed: int) -> Repeated:
    """Return ``ChrgsInf``: who deducted what; it has a type from the version ``typed`` on."""
    kind = Group(e.TYPE, (Leaf(e.CODE, "type", CODE, required=True),))
    return Repeated(
        e.CHARGES_INFORMATION,
        "charges",
        (
            Leaf(e.AMOUNT, "amount", FEE, required=True),
            agent(e.AGENT, "agent", required=True),
            since(typed, kind),
        ),
        times=4,
    )


def agreed_rate(first: int) -> Group:
    """Return ``AgrdRate``: the rate of a quote, from the version ``first`` on."""
    quote = (
        Leaf(e.UNIT_CURRENCY, "agreed_rate_unit_currency", CURRENCY_CODE),
        Leaf(e.QUOTED_CURRENCY, "agreed_rate_quoted_currency", CURRENCY_CODE),
        Leaf(e.PRE_AGREED_EXCHANGE_RATE, "agreed_rate", RATE, required=True),
        Leaf(e.QUOTATION_DATE_TIME, "quoted_at", MOMENT),
        Leaf(e.QUOTE_IDENTIFICATION, "quote_id", UUID4),
        agent(e.FX_AGENT, "quote_agent"),
    )
    return since(first, Group(e.AGREED_RATE, quote))


def expires_at() -> Leaf:
    """Return ``XpryDtTm``: after this the instruction is void."""
    return Leaf(e.EXPIRY_DATE_TIME, "expires_at", MOMENT)


def acceptance_at() -> Leaf:
    """Return ``AccptncDtTm``: the start of the clock of the service level."""
    return Leaf(e.ACCEPTANCE_DATE_TIME, "acceptance_at", MOMENT)


def settlement_amount(*, required: bool = True) -> Leaf:
    """Return ``IntrBkSttlmAmt``: what moves on this leg."""
    return Leaf(e.INTER_BANK_SETTLEMENT_AMOUNT, "settlement_amount", AMOUNT, required=required)


def settlement_date() -> Leaf:
    """Return ``IntrBkSttlmDt``."""
    return Leaf(e.INTER_BANK_SETTLEMENT_DATE, "settlement_date", DAY)


def exchange_rate() -> Leaf:
    """Return ``XchgRate``: the rate that was applied."""
    return Leaf(e.EXCHANGE_RATE, "exchange_rate", RATE)


def charge_bearer(*, required: bool = False) -> Leaf:
    """Return ``ChrgBr``."""
    return Leaf(e.CHARGE_BEARER, "charge_bearer", CHARGE_BEARER, required=required)


def instructing_agents(kind: Scalar = BIC) -> tuple[Node, ...]:
    """Return ``InstgAgt`` and ``InstdAgt`` of this leg."""
    return (
        agent(e.INSTRUCTING_AGENT, "instructing_agent", kind),
        agent(e.INSTRUCTED_AGENT, "instructed_agent"),
    )


def assignment(*parties: Node) -> Group:
    """Return ``Assgnmt`` of a case: its identification is that of the message."""
    return Group(
        e.ASSIGNMENT,
        (Leaf(e.IDENTIFICATION, "message_id", ID, required=True), *parties, created_at()),
        required=True,
    )


def assigner(kind: Scalar = BIC, *, old: int = 0) -> Group:
    """Return ``Assgnr``: who asks."""
    return institution(e.ASSIGNER, "assigner_agent", kind, old=old)


def assignee(country: str = "", *, old: int = 0) -> Group:
    """Return ``Assgne``: who is asked; its country can be the key of routing."""
    return institution(e.ASSIGNEE, "assignee_agent", country=country, old=old)


def case(tag: str) -> Group:
    """Return the investigation that a request opens or an answer closes."""
    number = Leaf(e.IDENTIFICATION, "case_id", ID, required=True)
    return Group(tag, (number, institution(e.CREATOR, "case_creator")))


def original_group() -> Group:
    """Return ``OrgnlGrpInf``: the message that is spoken of."""
    return Group(
        e.ORIGINAL_GROUP_INFORMATION,
        (
            original_message_id(),
            original_message_name(),
            Leaf(e.ORIGINAL_CREATION_DATE_TIME, "original_created_at", MOMENT),
        ),
    )


def original_message_id() -> Leaf:
    """Return ``OrgnlMsgId``."""
    return Leaf(e.ORIGINAL_MESSAGE_IDENTIFICATION, "original_message_id", ID, required=True)


def original_message_name() -> Leaf:
    """Return ``OrgnlMsgNmId``."""
    return Leaf(
        e.ORIGINAL_MESSAGE_NAME_IDENTIFICATION, "original_message_name", TEXT_35, required=True
    )


def original_ids() -> tuple[Node, ...]:
    """Return the identifications of the first agent and of the payer."""
    return (
        Leaf(e.ORIGINAL_INSTRUCTION_IDENTIFICATION, "original_instruction_id", ID),
        Leaf(e.ORIGINAL_END_TO_END_IDENTIFICATION, "original_end_to_end_id", ID),
    )


def original_references(*, uetr_required: bool = True) -> tuple[Node, ...]:
    """Return how an interbank message names the payment it speaks of."""
    return (
        original_group(),
        *original_ids(),
        Leaf(e.ORIGINAL_TRANSACTION_IDENTIFICATION, "original_transaction_id", ID),
        Leaf(e.ORIGINAL_UETR, "original_uetr", UUID4, required=uetr_required),
    )


def original_amount() -> Leaf:
    """Return ``OrgnlIntrBkSttlmAmt``."""
    return Leaf(e.ORIGINAL_INTER_BANK_SETTLEMENT_AMOUNT, "original_settlement_amount", AMOUNT)


def original_date() -> Leaf:
    """Return ``OrgnlIntrBkSttlmDt``."""
    return Leaf(e.ORIGINAL_INTER_BANK_SETTLEMENT_DATE, "original_settlement_date", DAY)
