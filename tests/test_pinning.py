"""A name on the operator's list that leads into the inside network is not called, at once or after the DNS changed."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from jobs import provider
from jobs.pinning import LEADS_INSIDE, leads_inside, pin, pin_async
from jobs.provider import Access, ProviderError
from jobs.upstream import AddressRefusedError

NAME = "service.example"
PUBLIC = "93.184.216.34"
INSIDE = [
    *("127.0.0.1", "10.0.0.5", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.5", "64:ff9b::a00:5", "2002:a00:5::1"),
    *("2001:0:a00:5::1", "2001:0:808:808::f7f7:f7f7", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:169.254.169.254"),
    *("fec0::1", "::10.0.0.1", "::ffff:0:10.0.0.1", "ff02::1", "::ffff:224.0.0.1", "2002:808:808::1", "4000::1"),
]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What names lead to: a list of addresses for each look-up in turn, the last one for ever."""
    book: dict[str, Any] = {"answers": [], "asked": []}

    def look_up(host: str, port: int, *_args: Any, **_kwargs: Any) -> list[Any]:
        book["asked"].append(host)
        answers = book["answers"]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))
            for text in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return book


def request(url: str = f"https://{NAME}/v1/models") -> httpx2.Request:
    return httpx2.Request("GET", url)


@pytest.mark.parametrize("address", INSIDE)
def test_inside_address_is_known(address: str) -> None:
    assert leads_inside(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_address_is_known(address: str) -> None:
    assert not leads_inside(address)


@pytest.mark.parametrize("address", INSIDE)
def test_name_that_leads_inside_is_not_called(dns: dict[str, Any], address: str) -> None:
    dns["answers"] = [[PUBLIC, address]]  # one bad address among good ones is enough

    with pytest.raises(AddressRefusedError):
        pin(request())
    with pytest.raises(AddressRefusedError):
        asyncio.run(pin_async(request()))
    with pytest.raises(ProviderError) as refused:
        provider.list_models(Access(f"https://{NAME}/v1", "sk-x"))

    assert str(refused.value) == LEADS_INSIDE
    assert not refused.value.reached  # nothing was sent: an order that ends so is surely not started


def test_call_goes_to_the_address_that_was_judged(dns: dict[str, Any]) -> None:
    dns["answers"] = [["2606:4700::1111", PUBLIC], ["127.0.0.1"]]
    first, second = request(), request()

    pin(first)

    assert dns["asked"] == [NAME]  # once: nobody looks the name up again before the call
    assert (first.url.host, first.headers["Host"], first.extensions["sni_hostname"]) == (PUBLIC, NAME, NAME)
    with pytest.raises(AddressRefusedError):  # and the next call sees that the DNS has changed
        pin(second)


def test_unknown_name_says_that_nothing_was_sent(settings: Any) -> None:
    with pytest.raises(ProviderError) as failed:
        provider.list_models(Access("https://no-such-host.invalid/v1", "sk-x"))

    assert not failed.value.reached
    assert not failed.value.permanent


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://[::1]:1/v1", "https://10.0.0.5/v1"])
def test_address_written_as_such_was_allowed_as_such(url: str) -> None:
    aimed = request(url)

    pin(aimed)

    assert str(aimed.url) == url


def test_operator_may_allow_a_name_to_lead_inside(dns: dict[str, Any], settings: Any) -> None:
    settings.UPSTREAM_PRIVATE_HOSTS = [NAME]
    settings.TRAINER_URL = "http://trainer:8000/trainer/v1"
    dns["answers"] = [["10.0.0.5"]]

    for url in (f"https://{NAME}/v1", "http://trainer:8000/trainer/v1", "http://localhost/v1"):
        aimed = request(url)
        pin(aimed)
        assert aimed.url.host == "10.0.0.5"


def test_proxy_of_the_operator_looks_names_up_itself(dns: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    aimed = request()

    pin(aimed)

    assert (dns["asked"], aimed.url.host) == ([], NAME)


# --- TLS still verifies the name ----------------------------------------------------------------------


class Models(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"object": "list", "data": [{"id": "gpt-x", "object": "model", "created": 1, "owned_by": "me"}]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def tls_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A service with a certificate for NAME, which this process trusts."""
    certificate = _certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server = HTTPServer(("127.0.0.1", 0), Models)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider._certificates.cache_clear()  # an earlier test's process trusts others
    yield server.server_port
    provider._certificates.cache_clear()
    server.shutdown()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("10.9.9.9"))])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "service.pem"
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return path


def test_pinned_call_verifies_the_certificate_by_name(dns: dict[str, Any], settings: Any, tls_port: int) -> None:
    settings.UPSTREAM_PRIVATE_HOSTS = [NAME, "other.example"]
    dns["answers"] = [["127.0.0.1"]]

    assert [model["id"] for model in provider.list_models(Access(f"https://{NAME}:{tls_port}/v1", "sk-x"))] == ["gpt-x"]
    with pytest.raises(ProviderError) as refused:
        provider.list_models(Access(f"https://other.example:{tls_port}/v1", "sk-x"))
    assert not refused.value.reached
