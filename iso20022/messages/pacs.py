"""pacs.008 payment, pacs.002 its status, pacs.028 the enquiry after it.

Two versions of each: the newest inside, the one of CBPR+ and FedNow outward. The field names are
the same in both. The surprise: acceptance time moves in pacs.008.001.13 from the transaction into
``AddtlDtTm``, and only that version can carry an agreed rate with its quote id.
"""

from __future__ import annotations

from iso20022 import rules
from iso20022.declare import Declaration, Group, Leaf, Node, Repeated
from iso20022.messages.blocks import (
    account,
    agent,
    code_or_proprietary,
    original_references,
    other_account,
    party,
    proxy,
)
from iso20022.messages.supplementary import PAYMENT
from iso20022.scalars import (
    AMOUNT,
    BIC,
    CLEARING_CODE,
    CODE,
    COUNT,
    COUNTRY,
    CURRENCY_CODE,
    DAY,
    DEBTOR_BIC,
    DEBTOR_COUNTRY,
    FEE,
    ID,
    MOMENT,
    RATE,
    TEXT_35,
    TEXT_105,
    TEXT_140,
    UUID4,
    codes,
)

_SETTLEMENT_METHOD = codes("SettlementMethod", "INDA", "INGA", "COVE", "CLRG")
_PRIORITY = codes("Priority", "HIGH", "NORM")
_CHARGE_BEARER = codes("ChargeBearer", "DEBT", "CRED", "SHAR", "SLEV")

_ENVELOPE_RULES = (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES)


def _document(name: str, body: Group, *extra: rules.MessageRule) -> Declaration:
    return Declaration(name, Group("Document", (body,), required=True), (*_ENVELOPE_RULES, *extra))


def _group_header(*, expiry: bool) -> Group:
    settlement = Group(
        "SttlmInf",
        (
            Leaf("SttlmMtd", "settlement_method", _SETTLEMENT_METHOD, required=True),
            code_or_proprietary(
                "ClrSys", "clearing_system_code", "clearing_system_proprietary", CLEARING_CODE
            ),
        ),
        required=True,
    )
    times: tuple[Node, ...] = (Leaf("CreDtTm", "created_at", MOMENT, required=True),)
    if expiry:
        times += (Leaf("XpryDtTm", "expires_at", MOMENT),)
    return Group(
        "GrpHdr",
        (
            Leaf("MsgId", "message_id", ID, required=True),
            *times,
            Leaf("NbOfTxs", "number_of_transactions", COUNT, required=True),
            settlement,
        ),
        required=True,
    )


def _identification() -> tuple[Node, ...]:
    return (
        Group(
            "PmtId",
            (
                Leaf("InstrId", "instruction_id", ID),
                Leaf("EndToEndId", "end_to_end_id", ID, required=True),
                Leaf("TxId", "transaction_id", ID),
                Leaf("UETR", "uetr", UUID4, required=True),
            ),
            required=True,
        ),
        Group(
            "PmtTpInf",
            (
                Leaf("InstrPrty", "instruction_priority", _PRIORITY),
                Group("SvcLvl", (Leaf("Cd", "service_level", CODE, required=True),)),
                Group("LclInstrm", (Leaf("Prtry", "local_instrument", TEXT_35, required=True),)),
                Group("CtgyPurp", (Leaf("Cd", "category_purpose", CODE, required=True),)),
            ),
        ),
    )


def _amounts(*, agreed_rate: bool) -> tuple[Node, ...]:
    accepted = Leaf("AccptncDtTm", "acceptance_at", MOMENT)
    agreed = Group(
        "AgrdRate",
        (
            Leaf("UnitCcy", "agreed_rate_unit_currency", CURRENCY_CODE),
            Leaf("QtdCcy", "agreed_rate_quoted_currency", CURRENCY_CODE),
            Leaf("PreAgrdXchgRate", "agreed_rate", RATE, required=True),
            Leaf("QtnDtTm", "quoted_at", MOMENT),
            Leaf("QtId", "quote_id", UUID4),
            agent("FXAgt", "quote_agent"),
        ),
    )
    return (
        Leaf("IntrBkSttlmAmt", "settlement_amount", AMOUNT, required=True),
        Leaf("IntrBkSttlmDt", "settlement_date", DAY),
        Group("AddtlDtTm", (accepted,)) if agreed_rate else accepted,
        Leaf("InstdAmt", "instructed_amount", AMOUNT),
        Leaf("XchgRate", "exchange_rate", RATE),
        *((agreed,) if agreed_rate else ()),
        Leaf("ChrgBr", "charge_bearer", _CHARGE_BEARER, required=True),
        Repeated(
            "ChrgsInf",
            "charges",
            (Leaf("Amt", "amount", FEE, required=True), agent("Agt", "agent", required=True)),
            times=4,
        ),
    )


def _parties(*, alias_alone: bool) -> tuple[Node, ...]:
    creditor_account = Group(
        "CdtrAcct",
        (
            other_account("creditor_account", required=not alias_alone),
            proxy("creditor_proxy_type", "creditor_proxy"),
        ),
    )
    return (
        agent("InstgAgt", "instructing_agent", DEBTOR_BIC),
        agent("InstdAgt", "instructed_agent", BIC),
        agent("IntrmyAgt1", "intermediary_agent_1"),
        account("IntrmyAgt1Acct", "intermediary_agent_1_account"),
        agent("IntrmyAgt2", "intermediary_agent_2"),
        account("IntrmyAgt2Acct", "intermediary_agent_2_account"),
        party("Dbtr", "debtor", DEBTOR_COUNTRY),
        account("DbtrAcct", "debtor_account", scheme="debtor_account_scheme"),
        agent("DbtrAgt", "debtor_agent", DEBTOR_BIC, required=True),
        agent("CdtrAgt", "creditor_agent", BIC, required=True),
        party("Cdtr", "creditor", COUNTRY),
        creditor_account,
    )


def _remittance() -> tuple[Node, ...]:
    kind = Group(
        "Tp",
        (
            Group(
                "CdOrPrtry",
                (Leaf("Cd", "remittance_reference_type", CODE, required=True),),
                required=True,
            ),
        ),
    )
    reference = Leaf("Ref", "remittance_reference", TEXT_35)
    return (
        code_or_proprietary("Purp", "purpose", "purpose_proprietary"),
        Group(
            "RmtInf",
            (
                Leaf("Ustrd", "remittance_unstructured", TEXT_140, times=4),
                Group("Strd", (Group("CdtrRefInf", (kind, reference)),)),
            ),
        ),
        PAYMENT,
    )


def _payment(version: str, *, newest: bool) -> Declaration:
    transaction = Group(
        "CdtTrfTxInf",
        (
            *_identification(),
            *_amounts(agreed_rate=newest),
            *_parties(alias_alone=newest),
            *_remittance(),
        ),
        required=True,
    )
    body = Group("FIToFICstmrCdtTrf", (_group_header(expiry=newest), transaction), required=True)
    return _document(f"pacs.008.001.{version}", body, rules.ONE_TRANSACTION, rules.RATE_AS_AGREED)


def _short_header() -> Group:
    return Group(
        "GrpHdr",
        (
            Leaf("MsgId", "message_id", ID, required=True),
            Leaf("CreDtTm", "created_at", MOMENT, required=True),
        ),
        required=True,
    )


def _status(version: str) -> Declaration:
    why = Group(
        "StsRsnInf",
        (
            code_or_proprietary("Rsn", "reason", "reason_proprietary"),
            Leaf("AddtlInf", "additional_information", TEXT_105, times=4),
        ),
    )
    transaction = Group(
        "TxInfAndSts",
        (
            Leaf("StsId", "status_id", ID),
            *original_references(),
            Leaf("TxSts", "status", CODE, required=True),
            why,
            Leaf("AccptncDtTm", "acceptance_at", MOMENT),
            Group("FctvIntrBkSttlmDt", (Leaf("Dt", "settlement_date", DAY, required=True),)),
            Leaf("ClrSysRef", "clearing_system_reference", TEXT_35),
            agent("InstgAgt", "instructing_agent"),
            agent("InstdAgt", "instructed_agent"),
        ),
        required=True,
    )
    body = Group("FIToFIPmtStsRpt", (_short_header(), transaction), required=True)
    return _document(f"pacs.002.001.{version}", body, rules.STATUS_KNOWN, rules.REJECTION_EXPLAINED)


def _enquiry(version: str) -> Declaration:
    transaction = Group(
        "TxInf",
        (
            Leaf("StsReqId", "status_request_id", ID),
            *original_references(),
            Leaf("AccptncDtTm", "acceptance_at", MOMENT),
            agent("InstgAgt", "instructing_agent"),
            agent("InstdAgt", "instructed_agent"),
        ),
        required=True,
    )
    body = Group("FIToFIPmtStsReq", (_short_header(), transaction), required=True)
    return _document(f"pacs.028.001.{version}", body)


PACS = (
    _payment("08", newest=False),
    _payment("13", newest=True),
    _status("10"),
    _status("15"),
    _enquiry("03"),
    _enquiry("06"),
)
