"""A network that prices its own merchants: its quote is judged, sealed, paid, and handed back.

Everything runs over HTTP: a member's calls, the network's lookup, quote and payment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from iso20022.jws import JwsSigner
from switch.api import shapes
from switch.client import ClientAnswer, SigningClient
from switch.store.audit import audit
from tests.api.api_rig import DEBTOR
from tests.scheme.conftest import CODE, LuckyRig


async def scanned(town: LuckyRig, amount: str | None = "128.50", code: str = "CNY") -> ClientAnswer:
    """Scan the merchant's code with an amount that the member's customer keys in."""
    money = None if amount is None else {"currency": code, "value": amount}
    asked = {"payload": CODE, **({} if money is None else {"amount": money})}
    return await town.client().call("POST", "/v1/scans", orjson.dumps(asked))


async def quoted(town: LuckyRig, amount: str = "128.50", code: str = "CNY") -> dict[str, Any]:
    answer = await scanned(town, amount, code)
    assert answer.status == 200, answer.body
    shapes.ScanAnswer.model_validate(answer.json())
    [quote] = answer.json()["quotes"]
    found: dict[str, Any] = quote
    return found


def value(money: dict[str, str]) -> tuple[str, str]:
    return money["value"], money["currency"]


async def test_the_networks_own_quote_is_shown_with_its_id_and_least_expiry(
    town: LuckyRig, paid_in: str | None
) -> None:
    quote = await quoted(town)
    [told] = (await town.lucky("GET", "/state"))["quotes"].values()

    last = quote["hops"][-1]
    assert (last["scheme_quote"], last["provider"]) == (told["quoteId"], "lucky")
    assert last["rate_version"] == ""
    assert value(quote["credit"]) == ("128.50", "CNY")
    if paid_in is None:
        # 128.50 CNY at 566.30 are 72,769.55 riel: the network rounds to whole ones, half up.
        assert [value(quote["debit"]), value(quote["fee"])] == [("73020", "KHR"), ("250", "KHR")]
        assert [hop["provider"] for hop in quote["hops"]] == ["lucky"]
    else:
        # 128.50 CNY are 18.05 USD of the network's, and these 72,741.50 riel of the provider's.
        assert [value(hop["source"]) for hop in quote["hops"]] == [
            ("72742", "KHR"),
            ("18.05", "USD"),
        ]
        assert value(quote["debit"]) == ("72992", "KHR")
        assert quote["hops"][0]["rate_version"] == "khr-usd-7"
        assert quote["provider"] == "canadia+lucky"
    until = datetime.fromisoformat(quote["expires_at"])
    least = timedelta(seconds=300 if paid_in is None else 120)
    assert timedelta(0) < until - town.clock.now() <= least


async def test_a_fixed_debit_is_what_the_payer_pays_in_all(
    town: LuckyRig, paid_in: str | None
) -> None:
    quote = await quoted(town, "73020", "KHR")

    assert value(quote["debit"]) == ("73020", "KHR")
    # 72,770 riel: 128.50 CNY of the network's own, or 18.05 dollars, which are 128.51 CNY.
    assert value(quote["credit"]) == ("128.50" if paid_in is None else "128.51", "CNY")


async def test_the_quote_is_paid_and_its_id_is_handed_back_and_booked(
    town: LuckyRig, paid_in: str | None
) -> None:
    quote = await quoted(town)
    paid = await town.client().pay("k1", {"quote": quote["quote"], "debtor": DEBTOR})
    again = await town.client().pay("k2", {"quote": quote["quote"], "debtor": DEBTOR})
    [sent] = (await town.lucky("GET", "/state"))["payments"]

    assert (paid.status, paid.json()["status"]) == (200, "ACCC")
    assert (again.status, again.json()["reason"]) == (422, "DUPL")
    assert sent["quoteId"] == quote["hops"][-1]["scheme_quote"]
    owed = town.engine.account("BKCHCNBJXXX/holder/CNY/deferred")
    assert owed is not None
    assert owed.debits_posted == 12850
    leaves = [orjson.loads(leaf) for _, held in town.engine.blocks() for _, leaf in held]
    [opened] = [leaf for leaf in leaves if leaf["kind"] == "opened"]
    assert opened["scheme_quote"] == sent["quoteId"]
    # Only the provider's own hop claims a version of a sheet, and its dollars are another bank's.
    claimed = [] if paid_in is None else [["canadia", "KHR/USD", "khr-usd-7"]]
    assert opened["rates"] == claimed
    overseer = JwsSigner(town.keys.ec_private("overseer"), "overseer")
    session, url = town.net.session("switch"), town.urls["switch"]
    client = SigningClient(session, url, overseer, town.clock, town.ids)
    positions = (await client.call("GET", "/v1/positions")).json()["positions"]
    owing = {
        (each["holder"], each["currency"]): (each["providers"], each["owes"])
        for each in positions
        if each["owes"] not in ("0", "0.00")
    }
    expected = {("BKCHCNBJXXX", "CNY"): (["lucky"], "128.50")}
    if paid_in == "USD":
        expected["CADIKHPPXXX", "USD"] = (["canadia"], "18.05")
    assert owing == expected


async def test_the_record_holds_after_payments_confirmations_and_official_rates(
    town: LuckyRig,
) -> None:
    quote = await quoted(town)
    await town.client().pay("k1", {"quote": quote["quote"], "debtor": DEBTOR})
    official = {"unit_currency": "USD", "quoted_currency": "KHR", "rate": "4025"}
    stated = await town.switch.rates.refer([{**official, "at": town.clock.now().isoformat()}])
    report = audit(town.engine, town.keys.ed25519_private("journal").public_key())

    assert (stated, report.payments, report.faults) == (1, 1, ())


async def test_a_merchant_that_was_looked_up_is_priced_later_and_a_fixed_code_at_once(
    town: LuckyRig,
) -> None:
    later = (await scanned(town, None)).json()
    asked = {"scan": later["scan"], "amount": {"currency": "CNY", "value": "10.00"}}
    priced = await town.client().call("POST", "/v1/quotes", orjson.dumps(asked))
    await town.lucky("POST", "/control", {"fixed": "20.00"})
    fixed = (await scanned(town, None)).json()

    assert later["quotes"] == []
    assert value(priced.json()["quotes"][0]["credit"]) == ("10.00", "CNY")
    assert value(fixed["quotes"][0]["credit"]) == ("20.00", "CNY")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"off": "6"}, "inconsistent"),
        ({"say": {"rate": ["7.9", "USD", "THB"]}}, "inconsistent"),
        ({"say": {"destination": ["128.49", "CNY"]}}, "inconsistent"),
        ({"say": {"quoteId": "no id\n"}}, "inconsistent"),
        ({"say": {"source": ["18.05", "THB"]}}, "inconsistent"),
        ({"expires_s": 0}, "inconsistent"),
        ({"expires_s": -60}, "inconsistent"),
    ],
)
async def test_a_quote_that_does_not_add_up_is_never_shown(
    town: LuckyRig, said: dict[str, Any], why: str
) -> None:
    await town.lucky("POST", "/control", said)
    answer = await scanned(town)

    assert (answer.status, answer.json()["reason"]) == (422, "AG03")
    told = {"network": "lucky", "provider": "lucky", "why": why}
    assert ("scheme_quote_refused", told) in town.log.events


@pytest.mark.parametrize("paid_in", ["USD"], indirect=True)
async def test_a_rate_far_from_the_reference_is_never_shown(town: LuckyRig) -> None:
    said = {"say": {"rate": ["7.5", "USD", "CNY"], "source": ["17.13", "USD"]}}
    await town.lucky("POST", "/control", said)
    answer = await scanned(town)

    assert (answer.status, answer.json()["reason"]) == (422, "AG03")
    assert "out_of_bounds" in [fields.get("why") for _, fields in town.log.events]


async def test_a_network_that_gives_no_price_is_named_by_its_reason(town: LuckyRig) -> None:
    await town.lucky("POST", "/control", {"closed": True})
    refused = await scanned(town)
    await town.lucky("POST", "/control", {"say": {"expires": "soon"}})
    unread = await scanned(town)

    await town.lucky("POST", "/control", {"cut": True})
    cut = await scanned(town)

    assert (refused.status, refused.json()["reason"]) == (422, "AG03")
    assert unread.status == 422
    assert (cut.status, cut.json()["reason"]) == (503, "AB07")
    assert (await town.lucky("GET", "/state"))["payments"] == []


@pytest.mark.parametrize(
    ("amount", "reason"), [("5000.01", "AG03"), ("0.50", "AM06"), ("9000.01", "AG03")]
)
async def test_amounts_beyond_liquidity_and_corridor_get_no_quote(
    town: LuckyRig, amount: str, reason: str
) -> None:
    answer = await scanned(town, amount)

    assert (answer.status, answer.json()["reason"]) == (422, reason)


async def test_an_expired_quote_is_refused_even_with_consent_and_a_dry_run_asks_nobody(
    town: LuckyRig,
) -> None:
    quote = await quoted(town)
    town.clock.ahead = timedelta(seconds=301)
    asked = {"quote": quote["quote"], "debtor": DEBTOR, "requote_tolerance_bp": 100}
    refused = await town.client().pay("k1", asked)
    shown = {"corridor": "bakong-lucky", "amount": {"currency": "CNY", "value": "1.00"}}
    dry = await town.client().call("POST", "/v1/quotes", orjson.dumps(shown))

    assert (refused.status, refused.json()["reason"]) == (422, "TM01")
    assert dry.status == 422
    assert len((await town.lucky("GET", "/state"))["quotes"]) == 1
    assert town.sums() == []


@pytest.mark.parametrize(
    ("paid_in", "provider", "status"),
    [(None, "acleda", 422), (None, "lucky", 200), ("USD", "acleda", 200), ("USD", "lucky", 200)],
    indirect=["paid_in"],
)
async def test_a_nominated_provider_leads_to_the_network_or_is_the_network(
    town: LuckyRig, paid_in: str | None, provider: str, status: int
) -> None:
    later = (await scanned(town, None)).json()
    asked = {
        "scan": later["scan"],
        "amount": {"currency": "CNY", "value": "10.00"},
        "provider": provider,
    }
    answer = await town.client().call("POST", "/v1/quotes", orjson.dumps(asked))

    assert answer.status == status
    if status == 200 and provider == "acleda":
        assert answer.json()["quotes"][0]["provider"] == "acleda+lucky"
