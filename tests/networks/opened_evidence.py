"""What operators are shown of payments of each kind, held against the secrets of the switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switch.data_folder import KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.demo.stage import Stage

EACH: Final = 3
"""Payments of one kind, direction and network that are opened."""


async def opened(stage: Stage, ours: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """How many requests were shown, and which of them show a secret (never which one)."""
    secrets = {
        path.name: path.read_text("utf-8").strip()
        for path in sorted((stage.data / KEYS).rglob("*"))
        if path.suffix in (".txt", ".key")
    }
    assert "bakong-password.txt" in secrets
    seen: dict[tuple[str, ...], int] = {}
    shown, telling = 0, []
    for line in ours:
        kind = (line["kind"], line["direction"], line["counterparty"])
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] > EACH:
            continue
        path = f"/v1/operations/payments/{line['uetr']}/evidence"
        answer = await stage.operator("operator-1").call("GET", path, b"")
        assert answer.status == 200, answer.body
        shown += len(answer.json()["sent"])
        text = answer.body.decode()
        telling += [f"{kind}: {name}" for name, secret in secrets.items() if secret in text]
    return shown, telling
