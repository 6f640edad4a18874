"""pacs.008 payment, pacs.009 between institutions, pacs.004 its return, 002 status, 028 enquiry.

The newest version of each is spoken inside, the one of CBPR+ and FedNow outward. The field names
are the same in all. The surprise: acceptance time moves in pacs.008.001.13 from the transaction
into ``AddtlDtTm``; the quote, which only that version can carry, travels in older ones in
supplementary data of ours, so that nothing of it is lost between two of us.
"""

from __future__ import annotations

from iso20022 import elements as e
from iso20022 import rules
from iso20022.declare import Group, Leaf, Node, Supplement, family, since, until
from iso20022.messages import blocks as b
from iso20022.messages import references as r
from iso20022.messages.supplementary import EXPIRY, PAYMENT, QUOTE
from iso20022.scalars import (
    AMOUNT,
    BIC,
    CODE,
    COUNTRY,
    DAY,
    DEBTOR_BIC,
    DEBTOR_COUNTRY,
    ID,
    TEXT_35,
    codes,
)

_PRIORITY = codes("SettlementPriority", "URGT", "HIGH", "NORM")

_REFERENCE_TYPE = codes("DocumentType", "RADM", "RPIN", "FXDR", "DISP", "PUOR", "SCOR")

_ENVELOPE_RULES = (rules.DEFINITION_MATCHES, rules.HEADER_ID_MATCHES)


def _amounts() -> tuple[Node, ...]:
    return (
        r.settlement_amount(),
        r.settlement_date(),
        until(12, r.acceptance_at()),
        since(13, Group(e.ADDITIONAL_DATE_TIME, (r.acceptance_at(),))),
        Leaf(e.INSTRUCTED_AMOUNT, "instructed_amount", AMOUNT),
        r.exchange_rate(),
        r.agreed_rate(13),
        r.charge_bearer(required=True),
        r.charges(11),
    )


def _intermediaries() -> tuple[Node, ...]:
    return (
        b.agent(e.INTERMEDIARY_AGENT_1, "intermediary_agent_1"),
        b.account(e.INTERMEDIARY_AGENT_1_ACCOUNT, "intermediary_agent_1_account"),
        b.agent(e.INTERMEDIARY_AGENT_2, "intermediary_agent_2"),
        b.account(e.INTERMEDIARY_AGENT_2_ACCOUNT, "intermediary_agent_2_account"),
    )


def _parties() -> tuple[Node, ...]:
    # An alias alone names an account from version 10 on.
    number = b.other_account("creditor_account", iban="creditor_iban")
    creditor_account = (
        until(9, number),
        since(10, b.other_account("creditor_account", iban="creditor_iban", required=False)),
        b.proxy("creditor_proxy_type", "creditor_proxy"),
    )
    scheme = "debtor_account_scheme"
    return (
        b.party(e.ULTIMATE_DEBTOR, "ultimate_debtor", DEBTOR_COUNTRY, required=False),
        b.party(e.DEBTOR, "debtor", DEBTOR_COUNTRY),
        b.account(e.DEBTOR_ACCOUNT, "debtor_account", scheme=scheme, iban="debtor_iban"),
        b.agent(e.DEBTOR_AGENT, "debtor_agent", DEBTOR_BIC, required=True, lei="debtor_agent_lei"),
        b.agent(e.CREDITOR_AGENT, "creditor_agent", BIC, required=True, lei="creditor_agent_lei"),
        b.party(e.CREDITOR, "creditor", COUNTRY),
        Group(e.CREDITOR_ACCOUNT, creditor_account),
        b.party(e.ULTIMATE_CREDITOR, "ultimate_creditor", COUNTRY, required=False),
    )


def _reference() -> Group:
    # The codes were a closed list up to version 11.
    field = "remittance_reference_type"
    codes_of_kind = (
        until(11, Leaf(e.CODE, field, _REFERENCE_TYPE, required=True)),
        since(12, Leaf(e.CODE, field, CODE, required=True)),
    )
    kind = Group(e.TYPE, (Group(e.CODE_OR_PROPRIETARY, codes_of_kind, required=True),))
    reference = Leaf(e.REFERENCE, "remittance_reference", TEXT_35)
    return Group(e.STRUCTURED, (Group(e.CREDITOR_REFERENCE_INFORMATION, (kind, reference)),))


def _payment() -> Group:
    transaction = Group(
        e.CREDIT_TRANSFER_TRANSACTION_INFORMATION,
        (
            r.payment_identification(),
            r.payment_type(),
            *_amounts(),
            *r.instructing_agents(DEBTOR_BIC),
            *_intermediaries(),
            *_parties(),
            r.purpose(),
            r.remittance(4, _reference()),
            Supplement((PAYMENT, until(12, QUOTE), until(12, EXPIRY))),
        ),
        required=True,
    )
    return Group(e.FI_TO_FI_CUSTOMER_CREDIT_TRANSFER, (_header(13), transaction), required=True)


def _header(expiry: int) -> Group:
    parts = (r.number_of_transactions(), r.settlement())
    # The expiry stands between creation and count.
    return r.group_header(since(expiry, r.expires_at()), *parts)


def _institutions() -> Group:
    transaction = Group(
        e.CREDIT_TRANSFER_TRANSACTION_INFORMATION,
        (
            r.payment_identification(),
            r.payment_type(),
            r.settlement_amount(),
            r.settlement_date(),
            Leaf(e.SETTLEMENT_PRIORITY, "settlement_priority", _PRIORITY),
            *r.instructing_agents(DEBTOR_BIC),
            *_intermediaries(),
            b.agent(e.DEBTOR, "debtor_institution", DEBTOR_BIC, required=True),
            b.account(e.DEBTOR_ACCOUNT, "debtor_account"),
            b.agent(e.DEBTOR_AGENT, "debtor_agent", DEBTOR_BIC),
            b.agent(e.CREDITOR_AGENT, "creditor_agent"),
            b.agent(e.CREDITOR, "creditor_institution", required=True),
            b.account(e.CREDITOR_ACCOUNT, "creditor_account"),
            r.purpose(),
            r.remittance(4),
            Supplement((until(11, EXPIRY),)),
        ),
        required=True,
    )
    return Group(e.FI_CREDIT_TRANSFER, (_header(12), transaction), required=True)


def _return() -> Group:
    chain = Group(
        e.RETURN_CHAIN,
        (
            b.party_named(e.DEBTOR, "debtor_name", required=True),
            b.agent(e.DEBTOR_AGENT, "debtor_agent", DEBTOR_BIC),
            b.agent(e.CREDITOR_AGENT, "creditor_agent"),
            b.party_named(e.CREDITOR, "creditor_name", required=True),
        ),
    )
    transaction = Group(
        e.TRANSACTION_INFORMATION,
        (
            Leaf(e.RETURN_IDENTIFICATION, "return_id", ID),
            *r.original_references(),
            r.original_amount(),
            r.original_date(),
            Leaf(
                e.RETURNED_INTER_BANK_SETTLEMENT_AMOUNT, "settlement_amount", AMOUNT, required=True
            ),
            r.settlement_date(),
            Leaf(e.RETURNED_INSTRUCTED_AMOUNT, "instructed_amount", AMOUNT),
            r.exchange_rate(),
            r.agreed_rate(14),
            r.charge_bearer(),
            r.charges(13),
            r.clearing_reference(),
            *r.instructing_agents(),
            chain,
            b.reason_information(e.RETURN_REASON_INFORMATION),
            Supplement((until(13, QUOTE),)),
        ),
        required=True,
    )
    header = r.group_header(r.number_of_transactions(), r.settlement())
    return Group(e.PAYMENT_RETURN, (header, transaction), required=True)


def _status() -> Group:
    settled = Group(
        e.EFFECTIVE_INTER_BANK_SETTLEMENT_DATE,
        (Leaf(e.DATE, "settlement_date", DAY, required=True),),
    )
    transaction = Group(
        e.TRANSACTION_INFORMATION_AND_STATUS,
        (
            Leaf(e.STATUS_IDENTIFICATION, "status_id", ID),
            *r.original_references(uetr_required=False),
            Leaf(e.TRANSACTION_STATUS, "status", CODE, required=True),
            b.reason_information(e.STATUS_REASON_INFORMATION),
            r.acceptance_at(),
            settled,
            r.clearing_reference(),
            *r.instructing_agents(),
        ),
        required=True,
    )
    return Group(e.FI_TO_FI_PAYMENT_STATUS_REPORT, (r.group_header(), transaction), required=True)


def _enquiry() -> Group:
    transaction = Group(
        e.TRANSACTION_INFORMATION,
        (
            Leaf(e.STATUS_REQUEST_IDENTIFICATION, "status_request_id", ID),
            *r.original_references(),
            r.acceptance_at(),
            *r.instructing_agents(),
        ),
        required=True,
    )
    return Group(e.FI_TO_FI_PAYMENT_STATUS_REQUEST, (r.group_header(), transaction), required=True)


PACS = (
    *family(
        "pacs.008.001",
        (8, 9, 10, 11, 12, 13),
        b.document(_payment()),
        *_ENVELOPE_RULES,
        rules.ONE_TRANSACTION,
        rules.RATE_AS_AGREED,
    ),
    *family(
        "pacs.009.001",
        (8, 12),
        b.document(_institutions()),
        *_ENVELOPE_RULES,
        rules.ONE_TRANSACTION,
    ),
    *family(
        "pacs.004.001",
        (9, 10, 14),
        b.document(_return()),
        *_ENVELOPE_RULES,
        rules.ONE_TRANSACTION,
        rules.RATE_AS_AGREED,
    ),
    *family(
        "pacs.002.001",
        (10, 12, 15),
        b.document(_status()),
        *_ENVELOPE_RULES,
        rules.STATUS_KNOWN,
        rules.REJECTION_EXPLAINED,
        rules.PAYMENT_NAMED,
    ),
    *family("pacs.028.001", (3, 6), b.document(_enquiry()), *_ENVELOPE_RULES),
)
