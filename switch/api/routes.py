"""Every address of the interface as one table: what serves it also describes it.

``app`` registers what stands here and ``description`` writes OpenAPI from it, so neither knows an
address that the other does not. Partner paths come from the adapters and are added by both.
"""

from __future__ import annotations

from typing import Final

from switch.api.care_routes import CARE_ROUTES
from switch.api.event_routes import EVENT_ROUTES
from switch.api.journal_shapes import JournalHead, Receipt
from switch.api.rate_shapes import (
    CurrentRates,
    Positions,
    RatesAnswer,
    RatesRequest,
    RatesView,
    WithdrawRequest,
)
from switch.api.route_shapes import BODY, FIGURES, ISO, SIGNED, Route, Said
from switch.api.shapes import (
    DecodeAnswer,
    DecodeRequest,
    Liveness,
    OverseenAccounts,
    OverseenPayments,
    PaymentRequest,
    PaymentView,
    QuoteAnswer,
    QuoteRequest,
    Readiness,
    ScanAnswer,
    ScanRequest,
    Statement,
)
from switch.api.standing_routes import STANDING_ROUTES
from switch.api.suspense_routes import SUSPENSE_ROUTES

PAYMENT_PATH: Final = "/v1/payments/{uetr}"


ROUTES: Final = (
    Route(
        "scan",
        "POST",
        "/v1/scans",
        "Look up a scanned code: its merchant, and a price where the amount is known.",
        (
            Said(200, "The merchant, prices, and a token for other amounts.", ScanAnswer),
            Said(422, "The code cannot be paid, or the amount cannot be used."),
            *BODY,
        ),
        takes=ScanRequest,
    ),
    Route(
        "decode",
        "POST",
        "/v1/qr/decode",
        "Read a scanned code: its content and what is wrong with it. No network is asked.",
        (
            Said(200, "What the code says, or all that is wrong with it.", DecodeAnswer),
            *BODY,
        ),
        takes=DecodeRequest,
    ),
    Route(
        "quote",
        "POST",
        "/v1/quotes",
        "Price a merchant that was looked up, or show prices of a corridor, in either currency.",
        (
            Said(200, "Prices, the best first; who gave none, and why.", QuoteAnswer),
            Said(422, "No price can be given."),
            *BODY,
        ),
        takes=QuoteRequest,
    ),
    Route(
        "pay",
        "POST",
        "/v1/payments",
        "Pay a quote. The same key and content give the same final answer for ever.",
        (
            Said(200, "The payment is final: ACCC, or RJCT with its reason.", PaymentView),
            Said(202, "The payment is open; ask under Location.", PaymentView),
            Said(409, "The key was used with other content; `field` names what differs."),
            Said(422, "The payment is refused: before anything was sent."),
            *BODY,
        ),
        takes=PaymentRequest,
        keyed=True,
    ),
    Route(
        "payment",
        "GET",
        PAYMENT_PATH,
        "How a payment of this member stands.",
        (
            Said(200, "The payment.", PaymentView),
            Said(400, "A body where none is expected."),
            Said(404, "This member has no such payment."),
            *SIGNED,
        ),
    ),
    Route(
        "receipt",
        "GET",
        f"{PAYMENT_PATH}/receipt",
        "The proof of a payment of this member, to be checked with the journal's public key alone.",
        (
            Said(200, "Every entry of the payment, up to a head.", Receipt),
            Said(400, "A body where none is expected."),
            Said(404, "This member has no such payment."),
            Said(409, "The journal cannot show it; `why` says what is the matter."),
            *SIGNED,
        ),
    ),
    *CARE_ROUTES,
    *EVENT_ROUTES,
    *STANDING_ROUTES,
    *SUSPENSE_ROUTES,
    Route(
        "journal_head",
        "GET",
        "/v1/journal/head",
        "The journal's newest block: a signed header, for members and the overseer.",
        (
            Said(200, "The head.", JournalHead),
            Said(400, "A body where none is expected."),
            Said(404, "Nothing was written yet."),
            *SIGNED,
        ),
    ),
    Route(
        "message",
        "POST",
        "/v1/messages",
        "pacs.008.001.13 or pacs.028.001.06 in BizMsg; answered by pacs.002.001.15.",
        (
            Said(200, "pacs.002: ACCC, or RJCT with its reason; final and bound.", ISO),
            Said(202, "pacs.002: PDNG; ask by pacs.028, or under Location.", ISO),
            Said(400, "admi.002: the message cannot be used at all.", ISO),
            Said(409, "pacs.002 RJCT DUPL: MsgId or UETR was used with other content.", ISO),
            Said(413, "The body is too large."),
            Said(415, "The body is of another media type."),
            Said(422, "pacs.002 RJCT: refused before anything was bound.", ISO),
            *SIGNED,
        ),
        takes=ISO,
    ),
    Route(
        "publish_rates",
        "PUT",
        "/v1/rates",
        "Post standing rates, signed by their provider. The same again keeps them fresh.",
        (
            Said(200, "Every sheet is taken or confirmed.", RatesAnswer),
            Said(403, "The overseer posts no rates."),
            Said(422, "Some sheets are refused; each says what became of it.", RatesAnswer),
            Said(429, "Too many sheets of this provider. Try again after Retry-After seconds."),
            *BODY,
        ),
        takes=RatesRequest,
    ),
    Route(
        "withdraw_rate",
        "POST",
        "/v1/rates/withdraw",
        "Withdraw a version, by its provider or the overseer: no payment opens at it any more.",
        (
            Said(200, "It is withdrawn.", RatesAnswer),
            Said(403, "A provider withdraws its own rates only."),
            Said(422, "It is not on the board.", RatesAnswer),
            *BODY,
        ),
        takes=WithdrawRequest,
    ),
    Route(
        "rates",
        "GET",
        "/v1/rates",
        "The rates in force: a provider sees its own, the overseer all of them.",
        (Said(200, "The rates.", CurrentRates), *SIGNED),
    ),
    Route(
        "rate_history",
        "GET",
        "/v1/rates/history",
        "Every version of a pair (`provider`, `payer`, `payee`), the newest first.",
        (
            Said(200, "The versions.", RatesView),
            Said(400, "A query that names no currencies."),
            Said(403, "A provider sees its own rates only."),
            *SIGNED,
        ),
    ),
    Route(
        "positions",
        "GET",
        "/v1/positions",
        "What each liquidity holder is owed, owes and has reserved; for the overseer.",
        (Said(200, "The positions.", Positions), *SIGNED),
    ),
    Route(
        "oversee_payments",
        "GET",
        "/v1/oversight/payments",
        "Every payment in the order of opening, a page at a time (`after`, `limit`).",
        (
            Said(200, "A page, and the number to go on from.", OverseenPayments),
            Said(400, "A query that is not a whole number."),
            *SIGNED,
        ),
    ),
    Route(
        "oversee_accounts",
        "GET",
        "/v1/oversight/accounts",
        "Every account with its four sums and its caps.",
        (Said(200, "The accounts.", OverseenAccounts), *SIGNED),
    ),
    Route(
        "oversee_statement",
        "GET",
        "/v1/oversight/statement",
        "An account (`account`) between `from` and `to`, a page at a time (`after`, `limit`).",
        (
            Said(200, "Opening and closing balance, and a page of lines.", Statement),
            Said(400, "A query that names no moment or is not a whole number."),
            Said(404, "There is no such account."),
            *SIGNED,
        ),
    ),
    Route(
        "metrics",
        "GET",
        "/v1/oversight/metrics",
        "What the process counted, in the text format of Prometheus; for the overseer.",
        (Said(200, "The figures.", FIGURES), *SIGNED),
    ),
    Route(
        "live",
        "GET",
        "/health/live",
        "Whether the process answers.",
        (Said(200, "It does.", Liveness),),
        signed=False,
    ),
    Route(
        "ready",
        "GET",
        "/health/ready",
        "Whether recovery is done, and how durable a commit is.",
        (Said(200, "Ready.", Readiness), Said(503, "Not yet.", Readiness)),
        signed=False,
    ),
    Route(
        "description",
        "GET",
        "/openapi.json",
        "This description.",
        (Said(200, "OpenAPI 3.1.", None),),
        signed=False,
    ),
)
