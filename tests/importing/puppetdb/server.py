"""A server that answers as PuppetDB does, over HTTPS, to whoever shows a certificate of its authority."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from generator.importing.puppetdb.query import PuppetDb


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate authority, as Puppet's; it signs for whom it is asked."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def made(cls, directory: Path) -> Authority:
        directory.mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed("Puppet CA", key, key, "Puppet CA", authority=True)
        (directory / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return cls(directory=directory, key=key, certificate=certificate)

    def issue(self, name: str) -> tuple[Path, Path]:
        """The files of a certificate of ``name`` and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(name, key, self.key, "Puppet CA", authority=False)
        paths = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths


def _signed(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: str, *, authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(signer, SHA256())
    )


@contextmanager
def puppetdb(
    authority: Authority, facts: Mapping[str, Mapping[str, Any]], status: int = 200, words: str = ""
) -> Iterator[PuppetDb]:
    """PuppetDB with ``facts``, on a port of its own, and how to ask it; with another ``status`` it says ``words``."""
    rows = [
        {"certname": name, "environment": "production", "name": fact, "value": value}
        for name, known in sorted(facts.items())
        for fact, value in sorted(known.items())
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
            assert parts.path == "/pdb/query/v4/facts"
            operator, field, (kind, names) = json.loads(asked["query"])
            assert (operator, field, kind) == ("in", "name", "array")
            assert [one["field"] for one in json.loads(asked["order_by"])] == ["certname", "name"]
            found = [row for row in rows if row["name"] in names]
            start = int(asked["offset"])
            answer = json.dumps(found[start : start + int(asked["limit"])])
            content = (answer if status == 200 else words).encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{'application/json' if status == 200 else 'text/plain'};charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    certificate, key = authority.issue("puppetdb")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority.directory / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    shown, shown_key = authority.issue("build-host")
    url = f"https://127.0.0.1:{server.server_port}"
    try:
        yield PuppetDb(url=url, ca=authority.directory / "ca.pem", certificate=shown, key=shown_key)
    finally:
        server.shutdown()
        server.server_close()
