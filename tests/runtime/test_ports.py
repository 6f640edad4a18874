"""Ports that are free now: different ones, none that is listened on, and those just left again."""

from __future__ import annotations

import socket

import pytest

from switch.runtime import ports
from switch.runtime.ports import NoFreePort, free_ports


@pytest.fixture
def only_one(monkeypatch: pytest.MonkeyPatch) -> int:
    """The one port that may be drawn."""
    [port] = free_ports(1)
    monkeypatch.setattr(ports, "LOWEST", port)
    monkeypatch.setattr(ports, "HIGHEST", port)
    return port


def test_no_port_is_given_twice() -> None:
    found = free_ports(50)

    assert len(set(found)) == 50
    assert all(ports.LOWEST <= port <= ports.HIGHEST for port in found)


def test_a_port_that_is_listened_on_is_not_free(only_one: int) -> None:
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", only_one))
        held.listen()
        with pytest.raises(NoFreePort):
            free_ports(1)


def test_a_port_whose_last_connection_has_just_ended_is_free(only_one: int) -> None:
    with socket.socket() as listens:
        # As every server here has it.
        listens.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listens.bind(("127.0.0.1", only_one))
        listens.listen()
        with socket.create_connection(("127.0.0.1", only_one)) as other:
            taken, _ = listens.accept()
            # Whoever closes first is the one that waits.
            taken.close()
            assert other.recv(1) == b""

    assert free_ports(1) == [only_one]
    with pytest.raises(NoFreePort):
        free_ports(2)
