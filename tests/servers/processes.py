"""PostgreSQL and Redis as processes of a test run: started, killed, started again, stopped.

Each has a folder of its own under the machine's temporary folder, a free loopback port, and an
unprivileged user when the tests run as root. Only processes started here are ended, by their own
group. PostgreSQL syncs every commit, as in production: what is tested is that nothing is lost.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.servers.programs import Programs

STARTED_WITHIN_S: Final = 90
"""After a kill PostgreSQL first syncs its whole folder, which a busy disk drags out."""
STOPPED_WITHIN_S: Final = 20
PASSWORD: Final = "loopback-only"
"""Of the superuser ``switch`` of a test server."""


class ServerFailed(RuntimeError):  # noqa: N818  the name says what happened
    """A server did not start."""


class Server(ABC):
    """One server process with a folder; it keeps its port and its data when started again."""

    def __init__(self, programs: Programs) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bks-"))
        self.folder.chmod(0o755)
        self.programs = programs.copied(self.folder / "install")
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            os.chown(self.folder, *_user())

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it takes requests."""

    def start(self) -> None:
        """Start it and wait until it answers. Raises :class:`ServerFailed`."""
        ends = time.monotonic() + STARTED_WITHIN_S
        while time.monotonic() < ends:
            with (self.folder / "log").open("ab") as log:
                self.process = self.run(self.command(), log)
            while self.process.poll() is None and time.monotonic() < ends:
                if self.answers():
                    return
                # Each question costs the server a process, while it has better things to do.
                time.sleep(0.05)
            # After a kill it may find that parts of its former life have not ended yet.
            time.sleep(0.2)
        log_end = (self.folder / "log").read_bytes()[-2000:].decode("utf-8", "replace")
        raise ServerFailed(f"{type(self).__name__} did not start:\n{log_end}")

    def run(self, command: list[str], log: Any) -> subprocess.Popen[bytes]:
        """Run a program of the server as its user, in a process group of its own."""
        user: dict[str, Any] = {}
        if os.getuid() == 0:
            uid, gid = _user()
            user = {"user": uid, "group": gid, "extra_groups": []}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **user,
        )

    def kill(self) -> None:
        """End it at once with all its processes, as a power cut would end them."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end and wait; then force it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pause(self) -> None:
        """Hold all its processes, as a stalled machine would."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        self._signal(number)
        if self.process is not None:
            self.process.wait(STOPPED_WITHIN_S)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)


class PostgresServer(Server):
    """A PostgreSQL cluster with one superuser, ``switch``, and one database of that name."""

    def __init__(self, programs: Programs, **settings: str) -> None:
        super().__init__(programs)
        self.settings = settings
        password = self.folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        self._initialise(
            [
                str(self.programs.program("initdb")),
                *("--pgdata", str(self.folder / "data"), "--username", "switch"),
                *("--auth", "scram-sha-256", "--pwfile", str(password)),
                *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ]
        )

    def _initialise(self, command: list[str]) -> None:
        with (self.folder / "log").open("ab") as log:
            if self.run(command, log).wait(60) != 0:
                said = (self.folder / "log").read_bytes()[-2000:].decode("utf-8", "replace")
                raise ServerFailed(f"initdb failed:\n{said}")

    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": "100",
            "shared_buffers": "64MB",
            "log_min_messages": "fatal",
            **self.settings,
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [
            str(self.programs.program("postgres")),
            *("-D", str(self.folder / "data"), *arguments),
        ]

    def answers(self) -> bool:
        """Whether a startup message is answered by anything but "not now" (SQLSTATE 57P03)."""
        startup = (196608).to_bytes(4, "big") + b"user\0switch\0database\0postgres\0\0"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.sendall((len(startup) + 4).to_bytes(4, "big") + startup)
                said = probe.recv(1024)
        except OSError:
            return False
        return bool(said) and b"57P03" not in said

    def url(self, database: str = "postgres", *, port: int | None = None, **settings: str) -> str:
        """Address of a database over loopback; ``settings`` are set for each session."""
        asked = "&".join(f"{name}={value}" for name, value in settings.items())
        place = f"switch:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"
        return f"postgresql://{place}" + (f"?{asked}" if asked else "")


class RedisServer(Server):
    """A Redis that keeps nothing on the disk."""

    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""
        return [
            str(self.programs.program("redis-server")),
            *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no"),
        ]

    def answers(self) -> bool:
        """Whether it answers PING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def url(self, database: int = 0) -> str:
        """Address of a database over loopback."""
        return f"redis://127.0.0.1:{self.port}/{database}"


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _user() -> tuple[int, int]:
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
