"""The OpenAPI 3.1 description, made at the start from the table of routes and the JSON shapes.

It is made once and served as bytes. What cannot be said in a schema (signatures, idempotency, what
may be repeated) is said in words, because a member's developer reads this page first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import BaseModel

from switch.api.route_shapes import FIGURES, ISO, STREAM, Said
from switch.api.routes import ROUTES
from switch.api.shapes import Problem, schema_of
from switch.wire.authenticate import HEADER, KEY_HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.api.route_shapes import Route

VERSION: Final = "1"

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_STREAM: Final = "text/event-stream"
_TEXT: Final = "text/plain"
_XML: Final = "application/xml"
_SIGNATURE_TEXT: Final = (
    "Detached JWS (RFC 7515 appendix F, RFC 7797) over the raw body; ES256 or EdDSA. Protected "
    "header: alg, kid (BIC of the member, name of the rate provider, or overseer), b64 false, "
    'crit ["b64"], iat (seconds since 1970), '
    "jti (never used before), htm (method), htp (request target), and idk (the Idempotency-Key, "
    "exactly where one is sent to an operation that takes it)."
)


def openapi(networks: Sequence[tuple[str, str]]) -> bytes:
    """The description as JSON; ``networks`` are names and full paths of partner doors."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    for network, path in networks:
        paths[path] = {"post": _partner(network, path)}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "bakong-switch",
            "version": VERSION,
            "description": "Members pay and are paid across borders. Errors are RFC 9457 problem "
            "details with an ISO 20022 reason code.",
        },
        "paths": paths,
        "components": {
            "schemas": schema_of(_shapes()),
            "securitySchemes": {
                "member": {
                    "type": "apiKey",
                    "in": "header",
                    "name": HEADER,
                    "description": _SIGNATURE_TEXT,
                }
            },
        },
    }
    return orjson.dumps(document)


def _shapes() -> tuple[type[BaseModel], ...]:
    found: dict[type[BaseModel], None] = {Problem: None}
    for route in ROUTES:
        for shape in (route.takes, *(said.shape for said in route.answers)):
            if isinstance(shape, type):
                found[shape] = None
    return tuple(found)


def _operation(route: Route) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "responses": {str(said.status): _response(said) for said in route.answers},
        "security": [{"member": []}] if route.signed else [],
    }
    parameters = [_path_parameter(name) for name in _names(route.path)]
    if route.keyed:
        parameters.append({
            "name": KEY_HEADER,
            "in": "header",
            "required": True,
            "description": "Names the payment for repeats; bound by the first answer but 401, 408, "
            "413 and 503.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        })  # fmt: skip
    if parameters:
        described["parameters"] = parameters
    if route.takes is not None:
        described["requestBody"] = {"required": True, "content": _content(route.takes, _JSON)}
    return described


def _response(said: Said) -> dict[str, Any]:
    response: dict[str, Any] = {"description": said.means}
    if said.shape is not None:
        media = _PROBLEM if said.shape is Problem else _JSON
        response["content"] = _content(said.shape, media)
    return response


def _content(shape: type[BaseModel] | str, media: str) -> dict[str, Any]:
    if isinstance(shape, str):
        if shape == STREAM:
            return {_STREAM: {"schema": {"type": "string", "description": STREAM}}}
        if shape == FIGURES:
            return {_TEXT: {"schema": {"type": "string", "description": FIGURES}}}
        assert shape == ISO, "a body is a shape or an ISO 20022 message"
        return {_XML: {"schema": {"type": "string", "description": f"{ISO} in XML"}}}
    return {media: {"schema": {"$ref": f"#/components/schemas/{shape.__name__}"}}}


def _partner(network: str, path: str) -> dict[str, Any]:
    own = {"schema": {"type": "string", "description": "In the network's own dialect."}}
    described: dict[str, Any] = {
        "operationId": f"receive_{network}",
        "summary": f"Requests of the network {network}, verified and answered in its dialect.",
        "requestBody": {"required": True, "content": {_XML: own}},
        "responses": {
            "default": {"description": "In the network's own dialect.", "content": {_XML: own}},
            "503": _response(Said(503, "Busy; nothing was stored.")),
        },
        "security": [],
    }
    if names := _names(path):
        described["parameters"] = [_path_parameter(name) for name in names]
    return described


def _names(path: str) -> list[str]:
    return [step[1:-1] for step in path.split("/") if step.startswith("{")]


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
