"""One signed request to a running switch, for every command that makes one.

Who signs is told by the name: ``overseer``, a BIC in capitals for a member, a name in lower case
for a rate provider; each has a private key of its own in the data folder. The surprise is status 3:
no answer says nothing about a request, so it is neither success nor failure. What a proxy, or
another program on the port, answers is no answer of a switch either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import aiohttp
import click
import orjson

from iso20022.jws import JwsError, JwsSigner
from switch.cli.options import EXIT_USAGE, checked_url, guarded, put, say, stop
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
NOTHING_KNOWN: Final = (
    "nothing is known about this request. It may be repeated as it was, a payment with the same "
    "--key: nothing is done twice."
)
TITLE: Final = "title"
SHEETS: Final = "sheets"
"""What is no success has a title (RFC 9457), or says of each of a provider's sheets what it is."""

STORED: Final = "stored"
"""Names what was stored and could not be read back, because the store went away."""

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


class NotOurs(Exception):  # noqa: N818  the name says what happened
    """What answered is no switch."""


def queried(path: str, **asked: str) -> str:
    """A path with what is asked behind it, as it may stand in an address; bad bytes are an exit."""
    try:
        return f"{path}?{urlencode(asked, safe='/:', quote_via=quote)}"
    except UnicodeEncodeError:
        stop("an argument holds bytes that are no UTF-8")


def body_of(asked: object) -> bytes:
    """What is asked as JSON; bytes that are no UTF-8 are an exit."""
    try:
        return orjson.dumps(asked)
    except orjson.JSONEncodeError:
        stop("an argument holds bytes that are no UTF-8, or a number that is too large")


def told(show: Callable[[Any], None], *, as_json: bool = False) -> Callable[[ClientAnswer], None]:
    """Show the JSON of a success with ``show``, or as it came; of anything else as it came.

    What is given to :func:`ask`. The result raises :class:`NotOurs`.
    """

    def shown(answer: ClientAnswer) -> None:
        said = _object(answer)
        refused = answer.status > HTTP_OK_MAX and SHEETS not in said
        if refused and TITLE not in said:
            raise NotOurs
        # What could not be read back is named alone: how it stands is for another look.
        if as_json or refused or STORED in said:
            say(said)
            return
        try:
            show(said)
        except (KeyError, TypeError, AttributeError) as error:
            raise NotOurs from error

    return shown


def raw(answer: ClientAnswer) -> None:
    """Put the answer out as it came. After that, of what is no success, it raises as ``told``."""
    click.echo(f"HTTP {answer.status}", err=True)
    put(answer.body + b"\n")
    if answer.status > HTTP_OK_MAX and XML not in answer.headers.get("content-type", ""):
        _object(answer)


def _object(answer: ClientAnswer) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        raise NotOurs from None
    if not isinstance(said, dict):
        raise NotOurs
    return said


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
    came back that a switch answers; that is 2 where nothing but a look was asked for.
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
            click.echo(f"bakong-switch: No answer: {NOTHING_KNOWN}", err=True)
            return EXIT_UNKNOWN
        except JwsError as error:
            stop(f"the request cannot be signed: {error}")
        finally:
            await net.close()
        try:
            show(answer)
        except NotOurs:
            strange = f"HTTP {answer.status} from {base} is no answer of a switch"
            looked = method == "GET"
            sentence = f"{strange}." if looked else f"{strange}: {NOTHING_KNOWN}"
            click.echo(f"bakong-switch: {sentence}", err=True)
            return EXIT_USAGE if looked else EXIT_UNKNOWN
        return 0 if answer.status <= HTTP_OK_MAX else 1

    guarded(lambda: run(program))
