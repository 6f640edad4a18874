"""The description is what is served: every route is in it, every answer fits its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from switch.api import shapes
from switch.api.description import openapi
from switch.api.routes import ROUTES
from tests.api.api_rig import DEBTOR, thai_code

if TYPE_CHECKING:
    from tests.api.api_rig import Rig


async def described(rig: Rig) -> dict[str, Any]:
    """The description as it is served."""
    answer = await rig.send("GET", "/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    document: dict[str, Any] = answer.json()
    return document


async def test_every_route_is_described_and_nothing_else(rig: Rig) -> None:
    served = set()
    for route in rig.switch.application.router.routes():
        assert isinstance(route.resource, web.Resource)
        served.add((route.method.lower(), route.resource.canonical))
    paths = (await described(rig))["paths"]

    assert served == {(method, path) for path, methods in paths.items() for method in methods}
    assert ("post", "/networks/thailand/iso20022/v1/messages") in served


def test_a_step_in_braces_of_a_networks_path_is_a_parameter() -> None:
    path = "/networks/toy/v1/{call}"
    described = orjson.loads(openapi([("toy", path)]))["paths"][path]["post"]

    assert [each["name"] for each in described["parameters"]] == ["call"]


async def test_every_reference_leads_to_a_schema(rig: Rig) -> None:
    document = await described(rig)
    schemas = document["components"]["schemas"]

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [one for value in node.values() for one in references(value)]
        if isinstance(node, list):
            return [one for value in node for one in references(value)]
        return []

    found = references(document)

    assert document["openapi"] == "3.1.0"
    assert found
    assert {one.removeprefix("#/components/schemas/") for one in found} == set(schemas)
    assert {"Problem", "PaymentRequest", "PaymentView"} <= set(schemas)


async def test_requests_admit_no_unknown_member(rig: Rig) -> None:
    schemas = (await described(rig))["components"]["schemas"]

    for name in ("ScanRequest", "QuoteRequest", "PaymentRequest", "Debtor", "Amount"):
        assert schemas[name]["additionalProperties"] is False


async def test_members_operations_are_signed_and_payments_keyed(rig: Rig) -> None:
    paths = (await described(rig))["paths"]

    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        assert bool(operation["security"]) == route.signed == route.path.startswith("/v1/")
    [key] = paths["/v1/payments"]["post"]["parameters"]
    assert (key["name"], key["required"]) == ("Idempotency-Key", True)


async def test_answers_fit_their_shapes(rig: Rig) -> None:
    client = rig.client()
    scanned = await client.scan(thai_code(None))
    quoted = await client.quote(scanned.json()["scan"], {"currency": "THB", "value": "120.00"})
    token = quoted.json()["quotes"][0]["quote"]
    paid = await client.pay("k1", {"quote": token, "debtor": DEBTOR})
    again = await client.pay("k2", {"quote": token, "debtor": DEBTOR})
    shown = await client.payment(paid.json()["uetr"])
    conflict = await client.pay("k1", {"quote": token, "debtor": DEBTOR, "remittance": "x"})
    unsigned = await rig.send("POST", "/v1/scans")

    shapes.ScanAnswer.model_validate(scanned.json())
    shapes.QuoteAnswer.model_validate(quoted.json())
    shapes.PaymentView.model_validate(paid.json())
    shapes.PaymentView.model_validate(shown.json())
    for answer in (again, conflict, unsigned):
        assert answer.headers["content-type"] == "application/problem+json"
        problem = shapes.Problem.model_validate(answer.json())
        assert problem.status == answer.status
    assert scanned.json()["quotes"] == []
    assert "amount" not in scanned.json()


async def test_fixed_code_is_priced_at_once_and_amounts_of_both_sides_agree(rig: Rig) -> None:
    scanned = (await rig.client().scan(thai_code("345.00"))).json()
    quote, *_ = scanned["quotes"]
    by_credit = await rig.client().quote(scanned["scan"], {"currency": "THB", "value": "345.00"})

    assert scanned["network"] == "thailand"
    assert scanned["merchant"] == {
        "name": "Doi Khao Soi",
        "city": "Chiang Mai",
        "category": "5812",
    }
    assert scanned["amount"] == {"currency": "THB", "value": "345.00"}
    assert quote["credit"] == {"currency": "THB", "value": "345.00"}
    assert quote["debit"] == {"currency": "KHR", "value": "41250"}
    assert quote["rate"] == "118.84"
    assert by_credit.json()["quotes"][0]["debit"] == quote["debit"]


async def test_health_tells_life_readiness_and_durability(rig: Rig) -> None:
    live = await rig.send("GET", "/health/live")
    ready = await rig.send("GET", "/health/ready")
    rig.switch.ready = False
    starting = await rig.send("GET", "/health/ready")

    assert (live.status, live.json()) == (200, {"alive": True})
    assert (ready.status, ready.json()["ready"]) == (200, True)
    assert ready.json()["store"] == "sqlite"
    assert ready.json()["durability"] == "journal wal, synchronous full, one node"
    assert (starting.status, starting.json()["ready"]) == (503, False)
