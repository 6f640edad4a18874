"""The wheel is complete: installed elsewhere, it brings its configuration and pays in the demo.

It is built from the tree without a network, installed into an empty environment in a folder with a
space in its name, and run from there, where neither the tree nor its editable install can be seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

PRODUCT: Final = ("fx", "iso20022", "switch", "adapters")
DATA_SUFFIXES: Final = (".toml", ".xsd", ".typed", ".sql", ".html", ".css", ".js")
PAYMENT_KEYS: Final = frozenset(
    {
        *("network", "direction", "use_case", "uetr", "status", "reason", "debit", "credit"),
        *("rate", "ms"),
    }
)
DEMO_S_MAX: Final = 60


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel and nothing else of ours."""

    folder: Path
    scripts: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment in its own folder; output is text."""
        program = self.scripts / command[0]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
        return subprocess.run(
            [program, *command[1:]],
            cwd=self.folder,
            env={**inherited, "PYTHONNOUSERSITE": "1"},
            capture_output=True,
            text=True,
            timeout=DEMO_S_MAX,
            check=False,
        )


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as a packager would, outside the tree."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel into an empty environment; the locked libraries are lent by a path file.

    A path file does not follow the path files of the folder that it names, so the editable install
    of the tree stays unseen.
    """
    folder = tmp_path_factory.mktemp("another place")
    environment = folder / "empty environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    install += ["--no-deps", "--no-index", "--no-cache-dir", "--disable-pip-version-check"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "lent.pth").write_text("\n".join(lent) + "\n", encoding="utf-8")
    return Installed(folder, environment / "bin")


def test_the_wheel_holds_every_module_and_table_of_the_product(root: Path, wheel: Path) -> None:
    wanted = {
        path.relative_to(root).as_posix()
        for package in PRODUCT
        for path in (root / package).rglob("*")
        if path.suffix in {".py", *DATA_SUFFIXES} and "__pycache__" not in path.parts
    }

    assert wanted - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_the_configuration_travels_inside_the_wheel(root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        travelled = {
            name.removeprefix("switch/_config/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("switch/_config/")
        }

    there = {
        path.relative_to(root / "config").as_posix(): path.read_bytes()
        for path in (root / "config").rglob("*")
        if path.is_file()
    }
    assert there
    assert there == travelled


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0].partition("-")[0] for name in names} == {*PRODUCT, "bakong_switch"}
    assert [name for name in names if "__pycache__" in name] == []


def test_the_modules_come_from_the_wheel(installed: Installed, root: Path) -> None:
    shown = installed.run("python", "-c", "import fx; print(fx.__file__)").stdout

    assert shown.startswith(str(installed.folder))
    assert not shown.startswith(str(root))


def test_the_adapters_are_found_by_entry_point(installed: Installed, root: Path) -> None:
    code = (
        "from importlib.metadata import entry_points as e; import json;"
        "print(json.dumps([[x.name for x in e(group='bakong_switch.'+g) if x.load()]"
        " for g in ('adapters', 'sandboxes')]))"
    )

    run = installed.run("python", "-c", code)

    assert (run.returncode, run.stderr) == (0, "")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = sorted(project["entry-points"]["bakong_switch.adapters"])
    assert len(named) == len(set(named)) > 1
    assert [sorted(names) for names in json.loads(run.stdout)] == [named] * 2


def test_the_command_says_its_version(installed: Installed, root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    run = installed.run("bakong-switch", "--version")

    assert (run.returncode, run.stderr) == (0, "")
    assert project["version"] in run.stdout


def test_the_demo_pays_in_both_directions(installed: Installed) -> None:
    run = installed.run("bakong-switch", "demo", "--json")

    assert run.returncode == 0, run.stderr[-2_000:]
    result = json.loads(run.stdout)
    payments = result.pop("payments")
    assert result == {"ledger_balanced": True, "books_agree": True, "journal_verified": True}
    assert [p for p in payments if set(p) != PAYMENT_KEYS] == []
    assert len({p["direction"] for p in payments}) == 2
    assert len({p["uetr"] for p in payments}) == len(payments)
    shown = {(p["network"], p["direction"]) for p in payments}
    assert {("thailand", "outbound"), ("thailand", "inbound"), ("japan", "outbound")} <= shown
