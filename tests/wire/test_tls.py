"""A network is called with a certificate of ours and believed by an authority of its own alone."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from switch.config import ConfigError, default_folder, load_config
from switch.keys import KeyFolder, KeyMissing
from switch.runtime.clock import SystemClock
from switch.server import network_tls
from switch.wire.net import TcpNet
from switch.wire.tls import TlsUnusable, client_context, server_context
from switch.wire.transport import Answer, NotSent, Request, Transport

if TYPE_CHECKING:
    from pathlib import Path
    from ssl import SSLContext

    from switch.wire.transport import MaybeSent

NOW = datetime.now(UTC)


class Authority:
    """A certificate authority with its files in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.crt"
        basic = x509.BasicConstraints(ca=True, path_length=0)
        made = self._builder(self.name, self.key).add_extension(basic, critical=True)
        self._write(self.file, made.sign(self.key, hashes.SHA256()))

    def issue(self, name: str, *, days: int = 1, password: bytes = b"") -> tuple[Path, Path]:
        """Certificate and key for the loopback address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        here = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        made = self._builder(subject, key, days).add_extension(here, critical=False)
        certificate, private = self.folder / f"{name}.crt", self.folder / f"{name}.pem"
        self._write(certificate, made.sign(self.key, hashes.SHA256()))
        sealed = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        private.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
        )
        return certificate, private

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = 1
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=2))
            .not_valid_after(NOW + timedelta(days=days))
        )

    def _write(self, path: Path, certificate: x509.Certificate) -> None:
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def network(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "network-authority")


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "stranger-authority")


async def called(
    server: SSLContext, client: SSLContext | None
) -> tuple[Answer | NotSent | MaybeSent, list[str]]:
    """Send one payment to a network that asks for a certificate; what it saw of who called."""
    clock, callers = SystemClock(), []

    async def pay(request: web.Request) -> web.Response:
        assert request.transport is not None
        shown = request.transport.get_extra_info("peercert")
        callers.append(dict(part[0] for part in shown["subject"])["commonName"])
        return web.Response(text="booked")

    app = web.Application(client_max_size=1024)
    app.router.add_post("/pay", pay)
    far = TcpNet(clock, {"network": ("127.0.0.1", 0)}, {}, server_tls={"network": server})
    served = await far.serve(app, "network")
    tls = {} if client is None else {"network": client}
    near = TcpNet(clock, {}, {"network": served.url}, client_tls=tls)
    try:
        return await Transport(near, clock).send(
            "network",
            Request("POST", "/pay", (), b"x"),
            may_send=lambda: True,
            answer_within_s=5,
        ), callers
    finally:
        await near.close()
        await served.close()
        await asyncio.sleep(0.01)


async def test_both_sides_show_a_certificate_and_the_payment_arrives(network: Authority) -> None:
    server = server_context(network.file, *network.issue("network"))
    client = client_context(network.file, *network.issue("switch"))
    result, callers = await called(server, client)

    assert isinstance(result, Answer)
    assert (result.status, result.body) == (200, b"booked")
    assert callers == ["switch"]


async def test_a_network_of_another_authority_gets_no_byte(
    network: Authority, stranger: Authority
) -> None:
    server = server_context(network.file, *stranger.issue("impostor"))
    client = client_context(network.file, *network.issue("switch"))

    assert await called(server, client) == (NotSent("connect_failed"), [])


async def test_the_authorities_of_the_machine_are_not_believed_for_a_network(
    network: Authority, stranger: Authority
) -> None:
    server = server_context(network.file, *network.issue("network"))
    client = client_context(stranger.file, *network.issue("switch"))

    assert await called(server, client) == (NotSent("connect_failed"), [])


@pytest.mark.parametrize("shown", ["nothing", "stranger", "expired"])
async def test_a_caller_without_the_right_certificate_reaches_nobody(
    network: Authority, stranger: Authority, shown: str
) -> None:
    server = server_context(network.file, *network.issue("network"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    client = ssl.create_default_context(cafile=network.file)
    if shown == "stranger":
        client = client_context(network.file, *stranger.issue("switch"))
    elif shown == "expired":
        client = client_context(network.file, *network.issue("switch", days=-1))
    result, callers = await called(server, client)

    assert isinstance(result, NotSent)
    assert callers == []


async def test_a_certificate_for_another_address_is_refused(network: Authority) -> None:
    certificate, key = network.issue("network")
    other = x509.SubjectAlternativeName([x509.DNSName("elsewhere.example")])
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    made = network._builder(network.name, private).add_extension(other, critical=False)
    network._write(certificate, made.sign(network.key, hashes.SHA256()))
    client = client_context(network.file, *network.issue("switch"))

    assert await called(server_context(network.file, certificate, key), client) == (
        NotSent("connect_failed"),
        [],
    )


def test_files_that_make_no_tls_are_refused_without_asking_for_a_password(
    network: Authority, stranger: Authority, tmp_path: Path
) -> None:
    certificate, key = network.issue("switch")
    _, other = stranger.issue("other")
    sealed = network.issue("sealed", password=b"secret")
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_bytes(b"-----BEGIN RUBBISH")
    for files in (
        (rubbish, certificate, key),
        (tmp_path / "absent.crt", certificate, key),
        (network.file, rubbish, key),
        (network.file, certificate, rubbish),
        (network.file, certificate, other),
        (network.file, *sealed),
    ):
        with pytest.raises(TlsUnusable) as refused:
            client_context(*files)
        assert "secret" not in str(refused.value)


def _config(folder: Path, section: str, url: str) -> Path:
    """The configuration that travels with the program, with one network changed."""
    folder.mkdir()
    for path in default_folder().glob("*.toml"):
        text = path.read_text("utf-8")
        if path.name == "switch.toml":
            text = text.replace("http://127.0.0.1:8091", url).replace(
                "[networks.bakong]", f"{section}\n[networks.bakong]", 1
            )
        (folder / path.name).write_text(text, "utf-8")
    return folder


TLS = '[networks.thailand.tls]\nauthority = "a.crt"\ncertificate = "c.crt"\nkey = "k.pem"\n'


def test_the_configuration_names_the_files_of_each_network(
    network: Authority, tmp_path: Path
) -> None:
    certificate, key = network.issue("switch")
    section = TLS.replace("a.crt", network.file.name).replace("c.crt", certificate.name)
    section = section.replace("k.pem", key.name)
    config = load_config(_config(tmp_path / "config", section, "https://127.0.0.1:8091"))
    peers = {name: each.url for name, each in config.networks.items()}
    contexts = network_tls(config, KeyFolder(tmp_path), peers)

    assert list(contexts) == ["thailand"]
    assert contexts["thailand"].verify_mode is ssl.CERT_REQUIRED
    assert contexts["thailand"].check_hostname
    with pytest.raises(ConfigError, match="thailand"):
        network_tls(config, KeyFolder(tmp_path), peers | {"thailand": "http://127.0.0.1:1"})
    key.unlink()
    with pytest.raises(KeyMissing):
        network_tls(config, KeyFolder(tmp_path), peers)


@pytest.mark.parametrize(
    ("section", "url"),
    [
        (TLS, "http://127.0.0.1:8091"),
        (TLS.replace("a.crt", "../a.crt"), "https://127.0.0.1:8091"),
        (TLS.replace('key = "k.pem"', ""), "https://127.0.0.1:8091"),
        (TLS + 'password = "x"\n', "https://127.0.0.1:8091"),
    ],
)
def test_a_configuration_of_tls_that_cannot_be_meant_refuses_the_start(
    tmp_path: Path, section: str, url: str
) -> None:
    with pytest.raises(ConfigError, match=r"networks\.thailand"):
        load_config(_config(tmp_path / "config", section, url))
