"""Credentials that a network wants in the body of a request are shown to nobody afterwards."""

from __future__ import annotations

from typing import Any

from adapters.bakong import soap
from tests.shell.settled_town import OPERATOR, SettledTown, lived, shared


async def evidence(town: SettledTown, uetr: str) -> list[dict[str, Any]]:
    path = f"/v1/operations/payments/{uetr}/evidence"
    sent: list[dict[str, Any]] = (await town.operator(OPERATOR).call("GET", path, b"")).json()[
        "sent"
    ]
    return sent


def test_an_operator_sees_what_was_sent_to_the_backbone_without_the_sponsors_password() -> None:
    async def story(town: SettledTown) -> Any:
        return await evidence(town, await town.guest_pays())

    sent = lived(story)
    secret = shared().keys.secret("bakong-password")
    bodies = [each["text"] for each in sent if each["network"] == "bakong"]
    (credit,) = [each for each in sent if each["operation"] == "pay"]

    assert secret
    assert not any(secret in body for body in bodies)
    assert all("<web:cm_password>***</web:cm_password>" in body for body in bodies)
    assert "noodleshop@aclb" in credit["text"]
    assert credit["reference"] in credit["text"]


def test_of_a_network_that_is_no_longer_here_no_body_is_shown() -> None:
    """Nobody could say what in it is a credential."""

    async def story(town: SettledTown) -> Any:
        uetr = await town.guest_pays()
        running = town.running
        assert running is not None
        opened = running.switch.aftercare.evidence
        adapters = opened._adapters
        opened._adapters = {name: each for name, each in adapters.items() if name != "bakong"}
        return await evidence(town, uetr)

    assert {each["text"] for each in lived(story) if each["network"] == "bakong"} == {None}


def test_only_the_credential_is_blotted_out_whatever_it_holds() -> None:
    """Escaped as in each request, and not confused by a name that is longer."""
    parts = (("cm_password", 'a<b>&"c'), ("cm_password_hint", "x"), ("ext_ref", "REF-1"))
    masked = soap.masked(soap.request("makeFullFundTransfer", parts), "cm_password").decode()

    assert "<web:cm_password>***</web:cm_password>" in masked
    assert "<web:cm_password_hint>x</web:cm_password_hint>" in masked
    assert "REF-1" in masked
    assert "a&lt;b" not in masked
