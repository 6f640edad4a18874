"""What no store can hold as text is refused at every signed address, in the query and in the path.

SQLite keeps U+0000 and PostgreSQL does not, so a page that took it would fail on one of them alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iso20022.jws import JwsSigner
from switch.api.route_shapes import Route
from switch.api.routes import ROUTES
from switch.app import SERVED_AS
from switch.client import SigningClient
from switch.keys import OVERSEER
from tests.api.api_rig import MEMBER

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from tests.api.api_rig import Rig

SIGNERS = {"operator-1": "operator-1", MEMBER: f"member-{MEMBER}", OVERSEER: OVERSEER}
PAGES = [route for route in ROUTES if route.signed and route.method == "GET"]
UNAUTHORISED = 401


async def looked(rig: Rig, path: str) -> list[ClientAnswer]:
    """What everybody is answered whom this address lets in."""
    answers = []
    for kid, key in SIGNERS.items():
        signer = JwsSigner(rig.keys.ec_private(key), kid)
        session, url = rig.net.session(SERVED_AS), rig.net.url(SERVED_AS)
        client = SigningClient(session, url, signer, rig.clock, rig.ids)
        answers.append(await client.call("GET", path, b""))
    return [answer for answer in answers if answer.status != UNAUTHORISED]


def filled(route: Route, text: str) -> str:
    """A route's path with ``text`` for what it leaves open."""
    return "/".join(text if part.startswith("{") else part for part in route.path.split("/"))


@pytest.mark.parametrize("name", ["item", "after", "account"])
async def test_a_query_that_is_no_text_is_refused_at_every_address(rig: Rig, name: str) -> None:
    for route in PAGES:
        answers = await looked(rig, f"{filled(route, 'x')}?{name}=line/%00")
        said = [(each.status, each.json()["path"]) for each in answers]
        assert said == [(400, "query")] * len(answers) != [], route.operation


async def test_a_path_that_is_no_text_is_not_there(rig: Rig) -> None:
    for route in PAGES:
        if "{" in route.path:
            answers = await looked(rig, filled(route, "%00"))
            assert {each.status for each in answers} == {404}, route.operation
