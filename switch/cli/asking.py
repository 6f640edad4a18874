"""One signed request to a running switch, for every command that makes one.

Who signs is told by the name: ``overseer``, a BIC in capitals for a member, a name in lower case
for a rate provider; each has a private key of its own in the data folder. The surprise is status 3:
no answer says nothing about a request, so it is neither success nor failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp
import click

from iso20022.jws import JwsSigner
from switch.cli.options import checked_url, guarded, stop
from switch.client import JSON, XML, SigningClient
from switch.data_folder import KEYS
from switch.keys import OVERSEER, KeyFolder
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.process import run
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switch.client import ClientAnswer

HTTP_OK_MAX: Final = 299
EXIT_UNKNOWN: Final = 3
NO_ANSWER: Final = (
    "No answer: nothing is known about this request; a payment may be repeated with the same --key."
)

url_option = click.option(
    "--url", default="http://127.0.0.1:8080", show_default=True, help="Address of the switch."
)


def key_name(kid: str) -> str:
    """The name of the private key that this signer signs with."""
    if kid == OVERSEER:
        return OVERSEER
    if kid.startswith("operator-"):
        return kid
    return f"member-{kid}" if kid.upper() == kid else f"provider-{kid}"


def ask(
    method: str,
    path: str,
    content: bytes,
    show: Callable[[ClientAnswer], None],
    *,
    data: Path,
    kid: str,
    url: str,
    idempotency_key: str | None = None,
) -> None:
    """Send one request, show the answer, and end the process.

    Status 0 when the answer is a success, 1 when it is not, 2 when nothing was sent, 3 when nothing
    came back.
    """
    base = checked_url(url, "--url")
    media = XML if content.lstrip().startswith(b"<") else JSON

    async def program(_: object) -> int:
        clock = SystemClock()
        signer = JwsSigner(KeyFolder(data / KEYS).ec_private(key_name(kid)), kid)
        net = TcpNet(clock, {}, {"switch": base})
        client = SigningClient(
            net.session("switch"), base, signer, clock, Ids(clock, SystemEntropy())
        )
        try:
            answer = await client.call(
                method, path, content, content_type=media, idempotency_key=idempotency_key
            )
        except aiohttp.ClientConnectorError:
            stop(f"No switch answers at {base}: start it with `make serve`, or name it with --url.")
        except (aiohttp.ClientError, OSError):
            # Whatever broke after the connection stood: the request may have arrived.
            click.echo(f"bakong-switch: {NO_ANSWER}", err=True)
            return EXIT_UNKNOWN
        finally:
            await net.close()
        show(answer)
        return 0 if answer.status <= HTTP_OK_MAX else 1

    guarded(lambda: run(program))
