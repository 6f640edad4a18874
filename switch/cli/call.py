"""``call``: one signed request to a switch, as a member makes it.

The same signing client as the demonstration and the tests use, so what it prints is what a member
gets. The private key never leaves the data folder. The surprise is status 3: no answer says nothing
about a request, so it is neither success nor failure, and a payment may be repeated.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Final

import aiohttp
import click

from iso20022.jws import JwsSigner
from switch.cli.options import checked_url, data_option, guarded, stop
from switch.client import JSON, XML, SigningClient
from switch.data_folder import KEYS
from switch.keys import KeyFolder
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.process import run
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from pathlib import Path

    from switch.client import ClientAnswer

HTTP_OK_MAX: Final = 299
EXIT_UNKNOWN: Final = 3
NO_ANSWER: Final = (
    "No answer: nothing is known about this request; a payment may be repeated with the same --key."
)


@click.command("call")
@click.argument(
    "method", type=click.Choice(["GET", "POST"], case_sensitive=False), metavar="GET|POST"
)
@click.argument("path")
@click.argument("body", type=click.File("rb"), required=False)
@data_option
@click.option("--as", "kid", default="ABAAKHPPXXX", show_default=True, help="Who signs.")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True,
              help="Address of the switch.")  # fmt: skip
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
    """Sign and send a request for PATH, with the BODY of a file (- for standard input) if POST.

    Prints the answer's body on standard output, its status on standard error. Ends with status 0
    when the answer is a success, 1 when it is not, 2 when nothing was sent, 3 when nothing came
    back. The private key is read from the data folder.
    """
    _check(method, path, body, idempotency_key)
    base = checked_url(url, "--url")
    content = b"" if body is None else body.read()
    name = kid if kid == "overseer" else f"member-{kid}"

    async def program(_: object) -> int:
        clock = SystemClock()
        signer = JwsSigner(KeyFolder(data / KEYS).ec_private(name), kid)
        net = TcpNet(clock, {}, {"switch": base})
        client = SigningClient(
            net.session("switch"), base, signer, clock, Ids(clock, SystemEntropy())
        )
        try:
            answer = await _answer(client, method.upper(), path, content, idempotency_key)
        except aiohttp.ClientConnectorError:
            stop(f"No switch answers at {base}: start it with `make serve`, or name it with --url.")
        except (aiohttp.ClientError, OSError):
            # Whatever broke after the connection stood: the request may have arrived.
            click.echo(f"bakong-switch: {NO_ANSWER}", err=True)
            return EXIT_UNKNOWN
        finally:
            await net.close()
        click.echo(f"HTTP {answer.status}", err=True)
        sys.stdout.buffer.write(answer.body + b"\n")
        return 0 if answer.status <= HTTP_OK_MAX else 1

    guarded(lambda: run(program))


def _check(method: str, path: str, body: object, key: str | None) -> None:
    """Refuse what could not be sent as it was meant."""
    if not path.startswith("/") or not _visible(path):
        raise click.UsageError("PATH starts with / and is visible ASCII without spaces.")
    if key is not None and not _visible(key):
        raise click.UsageError("--key is visible ASCII without spaces.")
    if method.upper() == "POST" and body is None:
        raise click.UsageError("POST needs a BODY: a file, or - for standard input.")
    if method.upper() == "GET" and body is not None:
        raise click.UsageError("GET takes no BODY.")


def _visible(text: str) -> bool:
    return text != "" and text.isascii() and text.isprintable() and " " not in text


async def _answer(
    client: SigningClient, method: str, path: str, content: bytes, key: str | None
) -> ClientAnswer:
    kind = XML if content.lstrip().startswith(b"<") else JSON
    return await client.call(method, path, content, content_type=kind, idempotency_key=key)
