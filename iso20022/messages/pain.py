"""pain.001.001.05 and pain.002.001.06 as the Bakong backbone speaks them.

No base schema of these versions is at hand, so the guideline is all there is; it is tested on
genuine messages. The surprise: an answer of the backbone may leave out the group header and put
``TxInfAndSts`` right under the root; both shapes read into the same fields.
"""

from __future__ import annotations

from dataclasses import replace

from iso20022 import rules
from iso20022.declare import Declaration, Group, Leaf, Node
from iso20022.messages.blocks import account, agent, code_or_proprietary, named
from iso20022.scalars import (
    BIC,
    CODE,
    COUNT,
    CURRENCY_CODE,
    DAY,
    DEBTOR_BIC,
    FLAG,
    ID,
    MOMENT,
    SHORT_AMOUNT,
    SUM,
    TEXT_35,
    TEXT_105,
    TEXT_140,
    codes,
)

_TRANSFER = codes("PaymentMethod", "TRF")
_CHARGE_BEARER = codes("ChargeBearer", "DEBT", "CRED", "SHAR", "SLEV")


def _remittance() -> Group:
    return Group("RmtInf", (Leaf("Ustrd", "remittance_unstructured", TEXT_140, times=10),))


def _amount(*, required: bool) -> Group:
    amount = Leaf("InstdAmt", "instructed_amount", SHORT_AMOUNT, required=True)
    return Group("Amt", (amount,), required=required)


def _transfer() -> Group:
    return Group(
        "CdtTrfTxInf",
        (
            Group(
                "PmtId",
                (
                    Leaf("InstrId", "instruction_id", ID),
                    Leaf("EndToEndId", "end_to_end_id", ID, required=True),
                ),
                required=True,
            ),
            _amount(required=True),
            Leaf("ChrgBr", "charge_bearer", _CHARGE_BEARER),
            agent("CdtrAgt", "creditor_agent", BIC, required=True),
            named("Cdtr", "creditor_name"),
            account("CdtrAcct", "creditor_account"),
            code_or_proprietary("Purp", "purpose", "purpose_proprietary"),
            _remittance(),
        ),
        required=True,
    )


def _payment_information() -> Group:
    currency = Leaf("Ccy", "debtor_account_currency", CURRENCY_CODE)
    return Group(
        "PmtInf",
        (
            Leaf("PmtInfId", "payment_information_id", ID, required=True),
            Leaf("PmtMtd", "payment_method", _TRANSFER, required=True),
            Leaf("BtchBookg", "batch_booking", FLAG),
            Leaf("ReqdExctnDt", "requested_execution_date", DAY, required=True),
            named("Dbtr", "debtor_name", required=True),
            account("DbtrAcct", "debtor_account", currency),
            agent("DbtrAgt", "debtor_agent", DEBTOR_BIC, required=True),
            _transfer(),
        ),
        required=True,
    )


INITIATION = Declaration(
    "pain.001.001.05",
    Group(
        "Document",
        (
            Group(
                "CstmrCdtTrfInitn",
                (
                    Group(
                        "GrpHdr",
                        (
                            Leaf("MsgId", "message_id", ID, required=True),
                            Leaf("CreDtTm", "created_at", MOMENT, required=True),
                            Leaf("NbOfTxs", "number_of_transactions", COUNT, required=True),
                            Leaf("CtrlSum", "control_sum", SUM),
                            named("InitgPty", "initiating_party", required=True),
                        ),
                        required=True,
                    ),
                    _payment_information(),
                ),
                required=True,
            ),
        ),
        required=True,
    ),
    (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES, rules.ONE_TRANSACTION),
)


def _reason() -> Group:
    return Group(
        "StsRsnInf",
        (
            code_or_proprietary("Rsn", "reason", "reason_proprietary"),
            Leaf("AddtlInf", "additional_information", TEXT_105, times=10),
        ),
    )


def _transaction() -> Group:
    original = Group(
        "OrgnlTxRef",
        (
            _amount(required=False),
            _remittance(),
            named("Dbtr", "debtor_name"),
            account("DbtrAcct", "debtor_account"),
            named("Cdtr", "creditor_name"),
            account("CdtrAcct", "creditor_account"),
        ),
    )
    return Group(
        "TxInfAndSts",
        (
            Leaf("StsId", "status_id", ID),
            Leaf("OrgnlInstrId", "original_instruction_id", ID),
            Leaf("OrgnlEndToEndId", "original_end_to_end_id", ID),
            Leaf("TxSts", "status", CODE, required=True),
            _reason(),
            Leaf("AccptncDtTm", "acceptance_at", MOMENT),
            original,
        ),
    )


def _report_header() -> Group:
    return Group(
        "GrpHdr",
        (
            Leaf("MsgId", "message_id", ID, required=True),
            Leaf("CreDtTm", "created_at", MOMENT, required=True),
            named("InitgPty", "initiating_party"),
            agent("DbtrAgt", "debtor_agent", DEBTOR_BIC),
            agent("CdtrAgt", "creditor_agent"),
        ),
    )


def _report_body() -> tuple[Node, ...]:
    original = Group(
        "OrgnlGrpInfAndSts",
        (
            Leaf("OrgnlMsgId", "original_message_id", ID, required=True),
            Leaf("OrgnlMsgNmId", "original_message_name", TEXT_35, required=True),
            Leaf("OrgnlCreDtTm", "original_created_at", MOMENT),
            Leaf("GrpSts", "group_status", CODE),
        ),
    )
    payment = Group(
        "OrgnlPmtInfAndSts",
        (
            Leaf("OrgnlPmtInfId", "original_payment_information_id", ID, required=True),
            Leaf("PmtInfSts", "payment_status", CODE),
            _transaction(),
        ),
    )
    return (_report_header(), original, payment, replace(_transaction(), read_only=True))


REPORT = Declaration(
    "pain.002.001.06",
    Group("Document", (Group("CstmrPmtStsRpt", _report_body(), required=True),), required=True),
    (
        rules.DEFINITION_MATCHES,
        rules.CUSTOMER_STATUS_PRESENT,
        rules.CUSTOMER_STATUS_KNOWN,
    ),
)

PAIN = (INITIATION, REPORT)
