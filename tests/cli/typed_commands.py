"""Commands run in this process as from a shell, against a server that answers once as it is told.

A command that ends in anything but a status fails the test: what a person typed or a program
answered is never a stack trace.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from click.testing import CliRunner

from switch.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMBER = "ABAAKHPPXXX"


def typed(*arguments: str) -> tuple[int, str, str]:
    """Run a command; its status, standard output and standard error."""
    result = CliRunner().invoke(main, arguments, prog_name="bakong-switch")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """A server that takes one request, sends these bytes and hangs up; without, it is not there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        if answer is None:
            server.close()
            yield url
            return

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield url
        thread.join(10)
