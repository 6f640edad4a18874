"""camt: the recall of a payment and its answer, and statements in three shapes.

camt.056 asks for a payment back, camt.029 answers; neither has a group header, their assignment
identifies the message. camt.052, 053 and 054 report an account during the day, at its end and
entry by entry; an entry holds its payments, each found again by its UETR. One message is one page:
what is longer than a message may be goes on in the next.
"""

from __future__ import annotations

from iso20022 import elements as e
from iso20022 import rules
from iso20022.declare import Group, Leaf, Node, Repeated, family, since, until
from iso20022.messages import blocks as b
from iso20022.messages import references as r
from iso20022.scalars import (
    AMOUNT,
    CODE,
    CURRENCY_CODE,
    FEE,
    FLAG,
    ID,
    MOMENT,
    PAGE,
    RATE,
    TEXT_35,
    TEXT_105,
    TEXT_140,
    TEXT_350,
    codes,
)

ENTRIES_MAX = 200
"""Entries of one page; so many of the shortest just fit into a message of 64 KiB."""

_ENVELOPE_RULES = (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES)
_DIRECTION = codes("CreditDebit", "CRDT", "DBIT")
_ANSWER = codes("CancellationStatus", "RJCR", "ACCR", "PDCR")


def _recall() -> Group:
    transaction = Group(
        e.TRANSACTION_INFORMATION,
        (
            Leaf(e.CANCELLATION_IDENTIFICATION, "cancellation_id", ID),
            *r.original_references(),
            r.original_amount(),
            r.original_date(),
            b.reason_information(e.CANCELLATION_REASON_INFORMATION),
        ),
        required=True,
    )
    parts = (
        r.assignment(r.assigner(), r.assignee()),
        r.case(e.CASE),
        Group(e.UNDERLYING, (transaction,), required=True),
    )
    return Group(e.FI_TO_FI_PAYMENT_CANCELLATION_REQUEST, parts, required=True)


def _resolution() -> Group:
    transaction = Group(
        e.TRANSACTION_INFORMATION_AND_STATUS,
        (
            Leaf(e.CANCELLATION_STATUS_IDENTIFICATION, "cancellation_status_id", ID),
            *r.original_references(),
            Leaf(e.TRANSACTION_CANCELLATION_STATUS, "cancellation_status", _ANSWER),
            b.reason_information(e.CANCELLATION_STATUS_REASON_INFORMATION),
            r.original_amount(),
            r.original_date(),
        ),
        required=True,
    )
    confirmation = Leaf(e.CONFIRMATION, "status", CODE, required=True)
    parts = (
        r.assignment(r.assigner(), r.assignee()),
        r.case(e.RESOLVED_CASE),
        Group(e.STATUS, (confirmation,), required=True),
        Group(e.CANCELLATION_DETAILS, (transaction,)),
    )
    return Group(e.RESOLUTION_OF_INVESTIGATION, parts, required=True)


def _code(*, required: bool) -> Group:
    family_code = Group(
        e.FAMILY,
        (
            Leaf(e.CODE, "bank_code_family", CODE, required=True),
            Leaf(e.SUB_FAMILY_CODE, "bank_code_subfamily", CODE, required=True),
        ),
        required=True,
    )
    domain = Group(e.DOMAIN, (Leaf(e.CODE, "bank_code_domain", CODE, required=True), family_code))
    own = Group(
        e.PROPRIETARY,
        (
            Leaf(e.CODE, "bank_code_proprietary", TEXT_35, required=True),
            Leaf(e.ISSUER, "bank_code_issuer", TEXT_35),
        ),
    )
    return Group(e.BANK_TRANSACTION_CODE, (domain, own), required=required)


def _detail() -> Repeated:
    references = Group(
        e.REFERENCES,
        (
            r.message_id(required=False),
            Leaf(e.ACCOUNT_SERVICER_REFERENCE, "servicer_reference", TEXT_35),
            r.instruction_id(),
            r.end_to_end_id(),
            r.uetr(),
            r.transaction_id(),
            r.clearing_reference(),
        ),
    )
    parties = Group(
        e.RELATED_PARTIES,
        (
            b.party_named(e.DEBTOR, "debtor_name"),
            b.account(e.DEBTOR_ACCOUNT, "debtor_account"),
            b.party_named(e.CREDITOR, "creditor_name"),
            b.account(e.CREDITOR_ACCOUNT, "creditor_account"),
        ),
    )
    agents = Group(
        e.RELATED_AGENTS,
        (
            *r.instructing_agents(),
            b.agent(e.DEBTOR_AGENT, "debtor_agent"),
            b.agent(e.CREDITOR_AGENT, "creditor_agent"),
        ),
    )
    return Repeated(
        e.TRANSACTION_DETAILS,
        "transactions",
        (
            references,
            Leaf(e.AMOUNT, "amount", FEE),
            Leaf(e.CREDIT_DEBIT_INDICATOR, "direction", _DIRECTION),
            _amounts(),
            _code(required=False),
            parties,
            agents,
            r.purpose(),
            r.remittance(4),
            Group(e.RELATED_DATES, (r.acceptance_at(), r.settlement_date())),
            Group(
                e.RETURN_INFORMATION,
                (b.reason(), Leaf(e.ADDITIONAL_INFORMATION, "additional_information", TEXT_105)),
            ),
            Leaf(e.ADDITIONAL_TRANSACTION_INFORMATION, "information", TEXT_350),
        ),
        times=ENTRIES_MAX,
    )


def _amounts() -> Group:
    exchange = Group(
        e.CURRENCY_EXCHANGE,
        (
            Leaf(e.SOURCE_CURRENCY, "source_currency", CURRENCY_CODE, required=True),
            Leaf(e.TARGET_CURRENCY, "target_currency", CURRENCY_CODE),
            Leaf(e.UNIT_CURRENCY, "unit_currency", CURRENCY_CODE),
            Leaf(e.EXCHANGE_RATE, "exchange_rate", RATE, required=True),
        ),
    )
    return Group(
        e.AMOUNT_DETAILS,
        (
            _amount(e.INSTRUCTED_AMOUNT, "instructed_amount"),
            _amount(e.TRANSACTION_AMOUNT, "transaction_amount", exchange),
            _amount(e.COUNTER_VALUE_AMOUNT, "counter_amount"),
        ),
    )


def _amount(tag: str, field: str, *more: Node) -> Group:
    return Group(tag, (Leaf(e.AMOUNT, field, AMOUNT, required=True), *more))


def _entry() -> Repeated:
    coded = Leaf(e.CODE, "status", CODE, required=True)
    own = Leaf(e.PROPRIETARY, "status_proprietary", TEXT_35, required=True)
    return Repeated(
        e.ENTRY,
        "entries",
        (
            Leaf(e.ENTRY_REFERENCE, "entry_reference", TEXT_35),
            Leaf(e.AMOUNT, "amount", FEE, required=True),
            Leaf(e.CREDIT_DEBIT_INDICATOR, "direction", _DIRECTION, required=True),
            Leaf(e.REVERSAL_INDICATOR, "reversal", FLAG),
            Group(e.STATUS, (coded, own), required=True, choice=True),
            b.day_or_moment(e.BOOKING_DATE, "booking_date", "booked_at"),
            b.day_or_moment(e.VALUE_DATE, "value_date", "valued_at"),
            Leaf(e.ACCOUNT_SERVICER_REFERENCE, "servicer_reference", TEXT_35),
            _code(required=True),
            Group(e.ENTRY_DETAILS, (_detail(),)),
            Leaf(e.ADDITIONAL_ENTRY_INFORMATION, "information", TEXT_350),
        ),
        times=ENTRIES_MAX,
    )


def _balance(*, required: bool) -> Repeated:
    kind = b.code_or_proprietary(e.CODE_OR_PROPRIETARY, "type", "type_proprietary", required=True)
    return Repeated(
        e.BALANCE,
        "balances",
        (
            Group(e.TYPE, (kind,), required=True),
            Leaf(e.AMOUNT, "amount", FEE, required=True),
            Leaf(e.CREDIT_DEBIT_INDICATOR, "direction", _DIRECTION, required=True),
            b.day_or_moment(e.DATE, "date", "at", required=True),
        ),
        times=10,
        required=required,
    )


def _account(alone: int) -> Group:
    # From version ``alone`` on an account may be named by an alias or its owner.
    number = b.other_account("account", iban="account_iban")
    optional = b.other_account("account", iban="account_iban", required=False)
    return Group(
        e.ACCOUNT,
        (
            until(alone - 1, number),
            since(alone, optional),
            b.account_currency("account_currency"),
            b.account_name("account_name"),
            b.named(e.OWNER, "account_owner_name"),
            b.agent(e.SERVICER, "account_servicer"),
        ),
        required=True,
    )


def _report(root: str, tag: str, page: str, information: str, *balances: Node) -> Group:
    recipient = b.named(e.MESSAGE_RECIPIENT, "recipient_name")
    pages = (
        Leaf(e.PAGE_NUMBER, "page_number", PAGE, required=True),
        Leaf(e.LAST_PAGE_INDICATOR, "page_last", FLAG, required=True),
    )
    period = (
        Leaf(e.FROM_DATE_TIME, "from_at", MOMENT, required=True),
        Leaf(e.TO_DATE_TIME, "to_at", MOMENT, required=True),
    )
    statement = Group(
        tag,
        (
            Leaf(e.IDENTIFICATION, "report_id", ID, required=True),
            Group(page, pages),
            r.created_at("report_created_at", required=False),
            Group(e.FROM_TO_DATE, period),
            _account(11),
            *balances,
            _entry(),
            Leaf(information, "information", TEXT_350),
        ),
        required=True,
    )
    header = r.group_header(
        recipient, Leaf(e.ADDITIONAL_INFORMATION, "header_information", TEXT_140)
    )
    return b.document(Group(root, (header, statement), required=True))


_INTRADAY = _report(
    e.BANK_TO_CUSTOMER_ACCOUNT_REPORT,
    e.REPORT,
    e.REPORT_PAGINATION,
    e.ADDITIONAL_REPORT_INFORMATION,
    _balance(required=False),
)
_END_OF_DAY = _report(
    e.BANK_TO_CUSTOMER_STATEMENT,
    e.STATEMENT,
    e.STATEMENT_PAGINATION,
    e.ADDITIONAL_STATEMENT_INFORMATION,
    _balance(required=True),
)
_NOTIFICATION = _report(
    e.BANK_TO_CUSTOMER_DEBIT_CREDIT_NOTIFICATION,
    e.NOTIFICATION,
    e.NOTIFICATION_PAGINATION,
    e.ADDITIONAL_NOTIFICATION_INFORMATION,
)

CAMT = (
    *family("camt.056.001", (8, 11), b.document(_recall()), *_ENVELOPE_RULES),
    *family("camt.029.001", (9, 13), b.document(_resolution()), *_ENVELOPE_RULES),
    *family("camt.052.001", (8, 13), _INTRADAY, *_ENVELOPE_RULES),
    *family("camt.053.001", (8, 13), _END_OF_DAY, *_ENVELOPE_RULES),
    *family("camt.054.001", (8, 11, 13), _NOTIFICATION, *_ENVELOPE_RULES),
)
