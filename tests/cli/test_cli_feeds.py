"""A page that the configuration names is fetched by a switch; a bad row refuses the start."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.config import ConfigError, default_folder, load_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHEET = {
    "payer_currency": "KHR",
    "payee_currency": "THB",
    "unit_currency": "THB",
    "rate": "118.50",
    "version": "fetched-1",
}


class Rates(BaseHTTPRequestHandler):
    """Serves one page."""

    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[str]:
    # In force from now: a sheet that is dated back is refused.
    sheet = {**SHEET, "effective_at": datetime.now(UTC).isoformat()}
    Rates.page = json.dumps({"sheets": [sheet]}).encode()
    with HTTPServer(("127.0.0.1", 0), Rates) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


def folder(at: Path, page: str, **more: str) -> Path:
    """A configuration with a feed of acleda."""
    shutil.copytree(default_folder(), at, dirs_exist_ok=True)
    row = {
        "provider": '"acleda"',
        "references": "false",
        "url": json.dumps(page),
        "path": '"/rates"',
        "period_s": "60",
        "answer_within_ms": "2000",
        "tries": "2",
        **more,
    }
    lines = "\n".join(f"{key} = {value}" for key, value in row.items())
    file = at / "switch.toml"
    file.write_text(f"{file.read_text()}\n[[feeds]]\n{lines}\n")
    return at


@pytest.mark.slow
def test_page_is_fetched_and_its_rate_listed(tmp_path: Path, root: Path) -> None:
    data = tmp_path / "data"
    with served() as url:
        config = folder(tmp_path / "config", url)
        serve = [sys.executable, "-m", "switch", "serve", "--port", "0", "--data", str(data)]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [*serve, "--config", str(config)], cwd=root, stdout=subprocess.PIPE, stderr=log
            )
        assert process.stdout is not None
        switch = json.loads(process.stdout.readline())["url"]
        listing = ("rates", "list", "--data", str(data), "--url", switch)
        until = time.monotonic() + 10
        shown = ""
        while "fetched-1" not in shown and time.monotonic() < until:
            shown = CliRunner().invoke(main, listing, prog_name="bakong-switch").output
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()

    assert "fetched-1" in shown, (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"provider": '"nobody"'}, "feeds[0].provider: is not a provider"),
        ({"url": '"ftp://a"'}, "feeds.0.url"),
        ({"path": '"rates"'}, "feeds.0.path"),
        ({"path": '"/a#b"'}, "feeds.0.path"),
        ({"tries": "0"}, "feeds.0.tries"),
        ({"period_s": "0"}, "feeds.0.period_s"),
        ({"more": "1"}, "feeds.0.more"),
    ],
)
def test_bad_row_is_named(tmp_path: Path, more: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(folder(tmp_path, "http://127.0.0.1:1", **more))

    assert says in str(caught.value)


def test_a_provider_has_one_feed_and_production_fetches_over_tls(tmp_path: Path) -> None:
    folder(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(ConfigError) as twice:
        load_config(_again(folder(tmp_path / "two", "http://127.0.0.1:1")))
    file = tmp_path / "switch.toml"
    file.write_text(file.read_text().replace('"development"', '"production"'))
    with pytest.raises(ConfigError) as plain:
        load_config(tmp_path)

    assert "feeds[1].provider: has two feeds" in str(twice.value)
    assert "feeds[0].url: " in str(plain.value)


def _again(at: Path) -> Path:
    """The same configuration with its feed twice."""
    file = at / "switch.toml"
    row = file.read_text().partition("[[feeds]]")[2]
    file.write_text(f"{file.read_text()}\n[[feeds]]{row}")
    return at
