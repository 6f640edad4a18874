"""The lock files fix every requirement by hash, agree with each other, and name no address.

A lock is what a machine installs, so a requirement that was added to pyproject.toml without
``make lock`` fails here and not on the machine of the next person.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LOCKS: Final = (
    "requirements.lock",
    "requirements-dev.lock",
    "tests/peers/requirements.lock",
    "tests/servers/requirements.lock",
)
PIN: Final = re.compile(r"^([a-z0-9.-]+)==([^ ]+)", re.MULTILINE)


def normal(name: str) -> str:
    """Give a distribution's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    """Name the distributions of requirement lines."""
    return {normal(re.split(r"[^\w.-]", line)[0]) for line in requirements}


@pytest.fixture(scope="module")
def locks(root: Path) -> list[str]:
    return [(root / name).read_text(encoding="utf-8") for name in LOCKS]


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_lock_names_an_address(locks: list[str]) -> None:
    assert [lock for lock in locks if re.search(r"://|index-url|find-links|@ ", lock)] == []


def test_every_pin_has_a_hash(locks: list[str]) -> None:
    entries = re.split(r"^(?=[a-z0-9])", "".join(locks), flags=re.MULTILINE)
    pinned = [entry for entry in entries if PIN.match(entry)]

    assert pinned
    assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []


def test_the_developer_lock_holds_the_runtime_lock(locks: list[str]) -> None:
    runtime, developer, *_ = (dict(PIN.findall(lock)) for lock in locks)

    assert runtime.items() <= developer.items()


def test_what_only_the_benchmark_needs_is_locked_apart_and_fits_the_rest(locks: list[str]) -> None:
    _, developer, peers, _ = (dict(PIN.findall(lock)) for lock in locks)

    assert "pyiso20022" not in developer
    assert {name: peers[name] for name in peers.keys() & developer.keys()}.items() <= (
        developer.items()
    )


def test_the_locks_hold_every_declared_requirement(
    locks: list[str], project: dict[str, Any]
) -> None:
    groups = project["dependency-groups"]
    runtime, developer, peers, servers = (set(dict(PIN.findall(lock))) for lock in locks)

    assert names(project["project"]["dependencies"] + groups["build"]) - runtime == set()
    assert names(groups["dev"]) - developer == set()
    assert names(groups["peers"]) - peers == set()
    assert names(groups["servers"]) == servers


def test_the_build_backend_is_locked_for_an_install_without_isolation(
    locks: list[str], project: dict[str, Any]
) -> None:
    wanted = names(project["build-system"]["requires"])

    assert wanted == names(project["dependency-groups"]["build"])
    assert all(wanted <= set(dict(PIN.findall(lock))) for lock in locks[:2])


def test_the_lock_of_node_packages_has_hashes_and_no_registry(root: Path) -> None:
    text = (root / "tests" / "peers" / "package-lock.json").read_text(encoding="utf-8")
    wanted = json.loads((root / "tests" / "peers" / "package.json").read_text(encoding="utf-8"))
    packages = json.loads(text)["packages"]
    installed = {name: package for name, package in packages.items() if name}

    assert [name for name, package in installed.items() if "integrity" not in package] == []
    assert '"resolved"' not in text
    assert packages[""]["dependencies"] == wanted["dependencies"]
    for name, version in wanted["dependencies"].items():
        assert installed[f"node_modules/{name}"]["version"] == version
