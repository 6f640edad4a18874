"""``call``: one signed request to a switch, as a member makes it.

The same signing client as the demonstration and the tests use, so what it prints is what a member
gets. The private key never leaves the data folder. The surprise is status 3: no answer says nothing
about a request, so it is neither success nor failure, and a payment may be repeated.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from switch.cli.asking import ask, raw, url_option
from switch.cli.options import data_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("call")
@click.argument(
    "method",
    type=click.Choice(["GET", "POST", "PUT"], case_sensitive=False),
    metavar="GET|POST|PUT",
)
@click.argument("path")
@click.argument("body", type=click.File("rb"), required=False)
@data_option
@click.option("--as", "kid", default="ABAAKHPPXXX", show_default=True,
              help="Who signs: a member's BIC, overseer, or a rate provider's name.")  # fmt: skip
@url_option
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
    """Sign and send a request for PATH, with the BODY of a file (- for standard input) if no GET.

    Prints the answer's body on standard output, its status on standard error. Ends with status 0
    when the answer is a success, 1 when it is not, 2 when nothing was sent, 3 when nothing came
    back, or what a proxy says for the switch (2 for a GET). The private key is read from the data
    folder.
    """
    _check(method, path, body, idempotency_key)
    content = b"" if body is None else body.read()
    ask(
        method.upper(),
        path,
        content,
        raw,
        data=data,
        kid=kid,
        url=url,
        idempotency_key=idempotency_key,
    )


def _check(method: str, path: str, body: object, key: str | None) -> None:
    """Refuse what could not be sent as it was meant."""
    if not path.startswith("/") or not _visible(path):
        raise click.UsageError("PATH starts with / and is visible ASCII without spaces.")
    if key is not None and not _visible(key):
        raise click.UsageError("--key is visible ASCII without spaces.")
    if method.upper() != "GET" and body is None:
        raise click.UsageError(f"{method.upper()} needs a BODY: a file, or - for standard input.")
    if method.upper() == "GET" and body is not None:
        raise click.UsageError("GET takes no BODY.")


def _visible(text: str) -> bool:
    return text != "" and text.isascii() and text.isprintable() and " " not in text
