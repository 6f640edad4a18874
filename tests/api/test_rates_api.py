"""Providers post and withdraw their own rates over the interface, and nobody else's.

What is taken is quoted, recorded and found again after a restart; what is refused has a code and
changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from fx.money import Rate
from fx.sheets import Reference
from iso20022.jws import JwsSigner
from switch.api import rate_shapes
from switch.client import ClientAnswer, SigningClient
from tests.api.api_rig import DEBTOR, MEMBER, Rig, configured, thai_code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder

PROVIDER = "acleda"
RATES, HISTORY = "/v1/rates", "/v1/rates/history?provider=acleda&payer=KHR&payee=THB"


def signed_by(rig: Rig, kid: str) -> SigningClient:
    """The client of the overseer or of a provider."""
    name = kid if kid == "overseer" else f"provider-{kid}"
    signer = JwsSigner(rig.keys.ec_private(name), kid)
    return SigningClient(rig.net.session("switch"), rig.urls["switch"], signer, rig.clock, rig.ids)


def sheet(rig: Rig, **more: object) -> dict[str, object]:
    """A sheet of riel to baht, in force at once."""
    return {
        "payer_currency": "KHR",
        "payee_currency": "THB",
        "unit_currency": "THB",
        "rate": "118.50",
        "version": "khr-thb-2",
        "effective_at": rig.clock.now().isoformat(),
        **more,
    }


async def put(rig: Rig, *sheets: dict[str, object], kid: str = PROVIDER) -> ClientAnswer:
    body = orjson.dumps({"sheets": list(sheets)})
    return await signed_by(rig, kid).call("PUT", RATES, body)


async def withdraw(rig: Rig, version: str, kid: str = PROVIDER, **more: str) -> ClientAnswer:
    asked = {"payer_currency": "KHR", "payee_currency": "THB", "version": version, **more}
    return await signed_by(rig, kid).call("POST", f"{RATES}/withdraw", orjson.dumps(asked))


async def best(rig: Rig) -> dict[str, Any]:
    """The best quote for the shop's 345.00 baht."""
    scanned = await rig.client().scan(thai_code("345.00"))
    assert scanned.status == 200, scanned.body
    found: dict[str, Any] = scanned.json()["quotes"][0]
    return found


@pytest.fixture
async def judged(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """A switch with an official rate, 5 % of which a rate may be away, and 2 % of the last."""
    config = configured()
    official = Reference(
        Rate.parse("118.60", "THB", "KHR"), datetime(2026, 1, 1, tzinfo=UTC), 500, 200
    )
    config = replace(config, market=replace(config.market, references=(official,)))
    started = await Rig(config, keys, tmp_path).start()
    yield started
    await started.close()


async def test_rate_that_is_posted_is_quoted_and_listed(rig: Rig) -> None:
    before = await best(rig)
    answer = await put(rig, sheet(rig))
    after = await best(rig)
    listed = await signed_by(rig, "overseer").call("GET", RATES)
    history = await signed_by(rig, PROVIDER).call("GET", HISTORY)

    assert (answer.status, answer.json()["sheets"][0]["outcome"]) == (200, "taken")
    rate_shapes.RatesAnswer.model_validate(answer.json())
    assert before["debit"] == {"currency": "KHR", "value": "41250"}
    # 345.00 x 118.50 = 40,882.50, up to a riel, and the fee of 250.
    assert after["debit"] == {"currency": "KHR", "value": "41133"}
    assert after["hops"][0]["rate_version"] == "khr-thb-2"
    assert after["hops"][0]["residue"] == {"currency": "KHR", "value": "0.50"}
    rate_shapes.CurrentRates.model_validate(listed.json())
    rate_shapes.RatesView.model_validate(history.json())
    assert next(rate["version"] for rate in history.json()["rates"]) == "khr-thb-2"
    pairs = ("payer_currency", "payee_currency")
    standing = {(r["provider"], *(r[p] for p in pairs)): r for r in listed.json()["rates"]}
    assert standing[PROVIDER, "KHR", "THB"]["rate"] == "118.50"


async def test_same_sheet_again_is_confirmed_and_other_content_is_refused(rig: Rig) -> None:
    first = sheet(rig)
    answers = [
        await put(rig, first),
        await put(rig, first),
        await put(rig, {**first, "rate": "118.49"}),
    ]

    said = [(answer.status, answer.json()["sheets"][0]["outcome"]) for answer in answers]
    assert said == [(200, "taken"), (200, "confirmed"), (422, "refused")]
    assert answers[2].json()["sheets"][0]["code"] == "version_reused"
    assert (await best(rig))["rate"] == "118.50"


async def test_each_sheet_is_taken_or_refused_by_itself(rig: Rig) -> None:
    answer = await put(rig, sheet(rig, rate="0.9"), sheet(rig), sheet(rig, version="a b"))

    said = [(each["outcome"], each["code"]) for each in answer.json()["sheets"]]
    assert answer.status == 422
    assert said == [("refused", "rate_direction"), ("taken", None), ("refused", "sheet_malformed")]
    assert b"a b" not in answer.body


@pytest.mark.parametrize(
    ("rate", "code"),
    [("1.1850", "out_of_bounds"), ("130", "out_of_bounds"), ("122", "jump")],
)
async def test_slip_of_a_finger_is_refused_with_an_alarm_and_never_quoted(
    judged: Rig, rate: str, code: str
) -> None:
    answer = await put(judged, sheet(judged, rate=rate))
    quote = await best(judged)

    assert answer.json()["sheets"][0]["code"] == code
    assert quote["debit"] == {"currency": "KHR", "value": "41250"}
    assert ("rate_refused", {"provider": PROVIDER, "code": code}) in judged.log.events


async def test_provider_that_posts_too_often_is_told_when_to_come_again(rig: Rig) -> None:
    sheets = [sheet(rig, version="khr-thb-1")] * rate_shapes.SHEETS_MAX
    answers = [await put(rig, *sheets) for _ in range(12)]
    gone = await withdraw(rig, "khr-thb-1")

    over = [answer for answer in answers if answer.status == 429]
    assert [answer.status for answer in answers[:10]] == [422] * 10
    assert 1 <= len(over) <= 2
    assert 1 <= int(over[0].headers["retry-after"]) <= 7
    assert gone.status == 200


async def test_withdrawn_rate_is_neither_quoted_nor_paid(rig: Rig) -> None:
    await put(rig, sheet(rig))
    quote = await best(rig)
    gone = await withdraw(rig, "khr-thb-2", kid="overseer", provider=PROVIDER)
    paid = await rig.client().pay("k1", {"quote": quote["quote"], "debtor": DEBTOR})
    shown = await rig.client().call("POST", "/v1/quotes", price(provider=PROVIDER))

    assert (gone.status, gone.json()["sheets"][0]["outcome"]) == (200, "withdrawn")
    assert (paid.status, paid.json()["reason"]) == (422, "AB04")
    assert {"provider": PROVIDER, "reason": "withdrawn"} in shown.json()["left_out"]
    assert rig.sums() == []


async def test_what_was_posted_and_withdrawn_is_found_again_after_a_restart(
    keys: KeyFolder, tmp_path: Path
) -> None:
    rig = await Rig(configured(), keys, tmp_path).start()
    await put(rig, sheet(rig))
    await put(rig, sheet(rig, version="khr-thb-3", rate="118.40"))
    await withdraw(rig, "khr-thb-3")
    before = (await signed_by(rig, PROVIDER).call("GET", HISTORY)).json()
    await rig.close()
    again = await Rig(configured(), keys, tmp_path).start()
    after = (await signed_by(again, PROVIDER).call("GET", HISTORY)).json()
    await again.close()

    def told(page: dict[str, Any]) -> list[tuple[object, ...]]:
        names = ("version", "rate", "effective_at", "withdrawn_at")
        return [tuple(rate[name] for name in names) for rate in page["rates"]][:2]

    assert told(before) == told(after)
    assert [line[0] for line in told(after)] == ["khr-thb-3", "khr-thb-2"]


async def test_keys_open_only_what_is_theirs(rig: Rig) -> None:
    body = orjson.dumps({"sheets": [sheet(rig)]})
    others = HISTORY.replace(PROVIDER, "somebody")

    assert (await rig.client().call("PUT", RATES, body)).status == 401
    assert (await rig.client().call("GET", RATES)).status == 401
    assert (await put(rig, sheet(rig), kid="overseer")).status == 403
    assert (await withdraw(rig, "khr-thb-1", provider="somebody")).status == 403
    assert (await withdraw(rig, "khr-thb-1", kid="overseer")).status == 400
    assert (await signed_by(rig, PROVIDER).call("GET", others)).status == 403
    assert (await signed_by(rig, PROVIDER).call("GET", "/v1/positions")).status == 401
    assert (await signed_by(rig, "overseer").call("GET", f"{RATES}/history")).status == 400
    assert (await signed_by(rig, PROVIDER).scan("x")).status == 401
    unknown = await withdraw(rig, "never")
    assert (unknown.status, unknown.json()["sheets"][0]["code"]) == (422, "version_unknown")


def price(value: str = "345.00", code: str = "THB", **more: str) -> bytes:
    """The body of a price that is only shown."""
    asked = {"corridor": "bakong-thailand", "amount": {"currency": code, "value": value}}
    return orjson.dumps({**asked, **more})


async def test_price_is_shown_without_any_effect(rig: Rig) -> None:
    before = rig.leaves()
    shown = await rig.client().call("POST", "/v1/quotes", price())
    paying = await rig.client().call("POST", "/v1/quotes", price("41250", "KHR"))
    quote = shown.json()["quotes"][0]

    assert shown.status == 200
    assert "quote" not in quote
    assert quote["debit"] == {"currency": "KHR", "value": "41250"}
    assert quote["credit"] == {"currency": "THB", "value": "345.00"}
    assert quote["effective_rate"] == "119.565217"
    assert quote["fees"] == [
        {
            "party": "payer",
            "mode": "invoiced",
            "amount": {"currency": "KHR", "value": "250"},
        }
    ]
    assert paying.json()["quotes"][0]["credit"] == {"currency": "THB", "value": "345.00"}
    assert rig.leaves() == before


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (price(corridor="bakong-mars"), 422, "AG03"),
        (price(corridor="thailand-bakong"), 422, "AG03"),
        (price(scan="x"), 400, "CH21"),
        (orjson.dumps({"amount": {"currency": "THB", "value": "1.00"}}), 400, "CH21"),
        (price("0.00"), 422, "AM01"),
        (price("100", "JPY"), 422, "AM03"),
    ],
)
async def test_price_that_cannot_be_shown_has_a_reason(
    rig: Rig, body: bytes, status: int, reason: str
) -> None:
    answer = await rig.client().call("POST", "/v1/quotes", body)

    assert (answer.status, answer.json()["reason"]) == (status, reason)


async def test_only_the_nominated_provider_is_asked(rig: Rig) -> None:
    named = await rig.client().call("POST", "/v1/quotes", price(provider=PROVIDER))
    unknown = await rig.client().call("POST", "/v1/quotes", price(provider="nobody"))

    assert [quote["provider"] for quote in named.json()["quotes"]] == [PROVIDER]
    assert unknown.json()["quotes"] == []
    assert {"provider": PROVIDER, "reason": "not_nominated"} in unknown.json()["left_out"]


async def test_positions_show_what_a_holder_is_owed_and_owes(rig: Rig) -> None:
    await rig.client().pay("k1", {"quote": await rig.quote(), "debtor": DEBTOR})
    answer = await signed_by(rig, "overseer").call("GET", "/v1/positions")
    rate_shapes.Positions.model_validate(answer.json())
    found = {each["currency"]: each for each in answer.json()["positions"]}

    assert found["KHR"]["providers"][0] == PROVIDER
    assert (found["KHR"]["holds"], found["KHR"]["owes"]) == ("40999.80", "0")
    assert (found["THB"]["holds"], found["THB"]["owes"]) == ("0.00", "345.00")
    assert found["THB"]["reserved"] == "0.00"
    assert not found["THB"]["quoting_stopped"]
    assert not any(each["provider"] == PROVIDER for each in answer.json()["outstanding"])


async def test_quotes_that_are_out_are_shown_by_member_and_provider(rig: Rig) -> None:
    await rig.quote()
    await rig.client().call("POST", "/v1/quotes", price())
    answer = await signed_by(rig, "overseer").call("GET", "/v1/positions")
    held = {each["provider"]: each for each in answer.json()["outstanding"]}

    assert held[PROVIDER] == {"member": MEMBER, "provider": PROVIDER, "quotes": 1}


async def test_rate_that_nobody_confirms_grows_stale_until_it_is_posted_again(
    keys: KeyFolder, tmp_path: Path
) -> None:
    config = configured()
    patient = config.market.providers[PROVIDER]
    hasty = {**config.market.providers, PROVIDER: replace(patient, stale_after_s=60)}
    rig = await Rig(
        replace(config, market=replace(config.market, providers=hasty)), keys, tmp_path
    ).start()
    kept = sheet(rig)

    async def standing() -> list[object]:
        answer = await rig.client().call("POST", "/v1/quotes", price(provider=PROVIDER))
        told = answer.json()
        own = [each["reason"] for each in told["left_out"] if each["provider"] == PROVIDER]
        return [quote["rate"] for quote in told["quotes"]] + own

    await put(rig, kept)
    fresh = await standing()
    rig.clock.ahead = timedelta(seconds=61)
    stale = await standing()
    again = await put(rig, kept)
    after = await standing()
    await rig.close()

    assert (fresh, stale, after) == (["118.50"], ["stale"], ["118.50"])
    assert again.json()["sheets"][0]["outcome"] == "confirmed"


OFFICIAL = {"unit_currency": "THB", "quoted_currency": "KHR", "rate": "119"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"rate": "125"}, "out_of_bounds"),
        ({"at": "2025-12-31T00:00:00Z"}, "out_of_order"),
        ({"at": "2999-01-01T00:00:00Z"}, "out_of_order"),
        ({"at": "2026-02-01T00:00:00"}, "time_naive"),
        ({"at": "today"}, "sheet_malformed"),
        ({"rate": "x"}, "sheet_malformed"),
        ({"unit_currency": "USD"}, "reference_unknown"),
    ],
)
async def test_official_rate_is_judged_too(judged: Rig, more: dict[str, str], code: str) -> None:
    stated = {**OFFICIAL, "at": "2026-02-01T00:00:00Z"}

    assert await judged.switch.rates.refer([{**stated, **more}]) == 0
    assert ("reference_refused", {"code": code}) in judged.log.events
    assert await judged.switch.rates.refer([stated]) == 1


async def test_rate_is_not_quoted_any_more_once_the_official_one_has_moved_away(
    judged: Rig,
) -> None:
    for day, rate in enumerate(("124", "130"), 1):
        stated = {**OFFICIAL, "rate": rate, "at": f"2026-02-0{day}T00:00:00Z"}
        assert await judged.switch.rates.refer([stated]) == 1
    answer = await judged.client().call("POST", "/v1/quotes", price())

    assert answer.json()["quotes"] == []
    assert {each["reason"] for each in answer.json()["left_out"]} == {"out_of_bounds"}
