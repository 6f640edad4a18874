"""pain.001, pain.002 and pain.007 as the Bakong backbone speaks them.

No base schema of these versions is at hand, so the guideline is all there is; it is tested on
genuine messages. The surprise: an answer of the backbone may leave out the group header and put
``TxInfAndSts`` right under the root; both shapes read into the same fields. A reversal names the
payment by the backbone's own hash or by its message identification.
"""

from __future__ import annotations

from dataclasses import replace

from iso20022 import elements as e
from iso20022 import rules
from iso20022.declare import Group, Leaf, Node, family
from iso20022.messages import blocks as b
from iso20022.messages import references as r
from iso20022.scalars import CODE, DAY, DEBTOR_BIC, FLAG, ID, SHORT_AMOUNT, SUM, codes

_TRANSFER = codes("PaymentMethod", "TRF")


def _instructed(*, required: bool) -> Group:
    amount = Leaf(e.INSTRUCTED_AMOUNT, "instructed_amount", SHORT_AMOUNT, required=True)
    return Group(e.AMOUNT, (amount,), required=required)


def _transfer() -> Group:
    identification = Group(
        e.PAYMENT_IDENTIFICATION,
        (r.instruction_id(), r.end_to_end_id(required=True)),
        required=True,
    )
    return Group(
        e.CREDIT_TRANSFER_TRANSACTION_INFORMATION,
        (
            identification,
            _instructed(required=True),
            r.charge_bearer(),
            b.agent(e.CREDITOR_AGENT, "creditor_agent", required=True),
            b.named(e.CREDITOR, "creditor_name"),
            b.account(e.CREDITOR_ACCOUNT, "creditor_account"),
            r.purpose(),
            r.remittance(10),
        ),
        required=True,
    )


def _payment_information() -> Group:
    currency = b.account_currency("debtor_account_currency")
    return Group(
        e.PAYMENT_INFORMATION,
        (
            Leaf(e.PAYMENT_INFORMATION_IDENTIFICATION, "payment_information_id", ID, required=True),
            Leaf(e.PAYMENT_METHOD, "payment_method", _TRANSFER, required=True),
            Leaf(e.BATCH_BOOKING, "batch_booking", FLAG),
            Leaf(e.REQUESTED_EXECUTION_DATE, "requested_execution_date", DAY, required=True),
            b.named(e.DEBTOR, "debtor_name", required=True),
            b.account(e.DEBTOR_ACCOUNT, "debtor_account", currency),
            b.agent(e.DEBTOR_AGENT, "debtor_agent", DEBTOR_BIC, required=True),
            _transfer(),
        ),
        required=True,
    )


def _initiation() -> Group:
    header = r.group_header(
        r.number_of_transactions(),
        Leaf(e.CONTROL_SUM, "control_sum", SUM),
        b.named(e.INITIATING_PARTY, "initiating_party", required=True),
    )
    return Group(
        e.CUSTOMER_CREDIT_TRANSFER_INITIATION, (header, _payment_information()), required=True
    )


def _agents() -> tuple[Node, ...]:
    return (
        b.agent(e.DEBTOR_AGENT, "debtor_agent", DEBTOR_BIC),
        b.agent(e.CREDITOR_AGENT, "creditor_agent"),
    )


def _transaction() -> Group:
    original = Group(
        e.ORIGINAL_TRANSACTION_REFERENCE,
        (
            _instructed(required=False),
            r.remittance(10),
            b.named(e.DEBTOR, "debtor_name"),
            b.account(e.DEBTOR_ACCOUNT, "debtor_account"),
            b.named(e.CREDITOR, "creditor_name"),
            b.account(e.CREDITOR_ACCOUNT, "creditor_account"),
        ),
    )
    return Group(
        e.TRANSACTION_INFORMATION_AND_STATUS,
        (
            Leaf(e.STATUS_IDENTIFICATION, "status_id", ID),
            *r.original_ids(),
            Leaf(e.TRANSACTION_STATUS, "status", CODE, required=True),
            b.reason_information(e.STATUS_REASON_INFORMATION, times=10),
            r.acceptance_at(),
            original,
        ),
    )


def _report() -> Group:
    group = r.original_group()
    status = Leaf(e.GROUP_STATUS, "group_status", CODE)
    payment = Group(
        e.ORIGINAL_PAYMENT_INFORMATION_AND_STATUS,
        (
            _original_information(),
            Leaf(e.PAYMENT_INFORMATION_STATUS, "payment_status", CODE),
            _transaction(),
        ),
    )
    header = r.group_header(
        b.named(e.INITIATING_PARTY, "initiating_party"), *_agents(), required=False
    )
    parts = (
        header,
        Group(e.ORIGINAL_GROUP_INFORMATION_AND_STATUS, (*group.children, status)),
        payment,
        replace(_transaction(), read_only=True),
    )
    return Group(e.CUSTOMER_PAYMENT_STATUS_REPORT, parts, required=True)


def _original_information() -> Leaf:
    return Leaf(
        e.ORIGINAL_PAYMENT_INFORMATION_IDENTIFICATION,
        "original_payment_information_id",
        ID,
        required=True,
    )


def _reversal() -> Group:
    original = Group(
        e.ORIGINAL_TRANSACTION_REFERENCE,
        (
            r.remittance(10),
            b.named(e.DEBTOR, "debtor_name"),
            b.account(e.DEBTOR_ACCOUNT, "debtor_account"),
            b.named(e.CREDITOR, "creditor_name"),
            b.account(e.CREDITOR_ACCOUNT, "creditor_account"),
        ),
    )
    transaction = Group(
        e.TRANSACTION_INFORMATION,
        (
            Leaf(e.REVERSAL_IDENTIFICATION, "reversal_id", ID),
            *r.original_ids(),
            Leaf(e.ORIGINAL_INSTRUCTED_AMOUNT, "original_instructed_amount", SHORT_AMOUNT),
            Leaf(e.REVERSED_INSTRUCTED_AMOUNT, "reversed_amount", SHORT_AMOUNT, required=True),
            b.reason_information(
                e.REVERSAL_REASON_INFORMATION, b.named(e.ORIGINATOR, "originator_name"), times=10
            ),
            original,
        ),
        required=True,
    )
    payment = Group(
        e.ORIGINAL_PAYMENT_INFORMATION_AND_REVERSAL,
        (_original_information(), transaction),
        required=True,
    )
    header = r.group_header(r.number_of_transactions(), *_agents())
    return Group(e.CUSTOMER_PAYMENT_REVERSAL, (header, r.original_group(), payment), required=True)


_RULES = (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES)

PAIN = (
    *family("pain.001.001", (5,), b.document(_initiation()), *_RULES, rules.ONE_TRANSACTION),
    *family(
        "pain.002.001",
        (6,),
        b.document(_report()),
        rules.DEFINITION_MATCHES,
        rules.CUSTOMER_STATUS_PRESENT,
        rules.CUSTOMER_STATUS_KNOWN,
    ),
    *family("pain.007.001", (5,), b.document(_reversal()), *_RULES, rules.ONE_TRANSACTION),
)
