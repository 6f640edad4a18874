"""``call``: one signed request to a switch, as a member makes it.

The same signing client as the demonstration and the tests use, so what it prints is what a member
gets. The private key never leaves the data folder.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

import click

from iso20022.jws import JwsSigner
from switch.cli.options import data_option, guarded
from switch.client import JSON, XML, SigningClient
from switch.keys import KeyFolder
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.process import run
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from pathlib import Path

HTTP_OK_MAX = 299


@click.command("call")
@click.argument("method", type=click.Choice(["GET", "POST"], case_sensitive=False))
@click.argument("path")
@click.argument("body", type=click.File("rb"), required=False)
@data_option
@click.option("--as", "kid", default="ABAAKHPPXXX", show_default=True, help="Who signs.")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True)
@click.option("--key", "idempotency_key", help="Idempotency-Key of a payment.")
def command(  # the options of one request
    method: str,
    path: str,
    body: IO[bytes] | None,
    data: Path,
    kid: str,
    url: str,
    idempotency_key: str | None,
) -> None:
    """Sign and send METHOD PATH with the BODY of a file (- for standard input).

    Prints the answer's body on standard output, its status on standard error; ends with status 1
    when the answer is not a success. The private key is read from the data folder.
    """
    content = b"" if body is None else body.read()
    name = kid if kid == "overseer" else f"member-{kid}"

    async def program(_: object) -> int:
        clock = SystemClock()
        net = TcpNet(clock, {}, {"switch": url})
        signer = JwsSigner(KeyFolder(data / "keys").ec_private(name), kid)
        client = SigningClient(
            net.session("switch"), url, signer, clock, Ids(clock, SystemEntropy())
        )
        kind = XML if content.lstrip().startswith(b"<") else JSON
        try:
            answer = await client.call(
                method.upper(), path, content, content_type=kind, idempotency_key=idempotency_key
            )
        finally:
            await net.close()
        click.echo(f"HTTP {answer.status}", err=True)
        sys.stdout.buffer.write(answer.body + b"\n")
        return 0 if answer.status <= HTTP_OK_MAX else 1

    guarded(lambda: run(program))
