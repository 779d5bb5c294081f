"""A real server on 127.0.0.1 that holds data and answers as the test says, well or badly."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Holder:
    """Use as a context manager; ``requests`` lists what was asked for as (path, headers)."""

    def __init__(self, *, address: str = "127.0.0.1", certificate: Path | None = None) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()
        self._scripts: dict[str, Callable[[Any], None]] = {}
        self._server = _Server((address, 0), _Handler)
        self._server.holder = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.scheme = "https" if certificate else "http"
        self.address, self.port = self._server.server_address[:2]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Holder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering; twice does no harm."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def url(self, path: str, host: str = "") -> str:
        return f"{self.scheme}://{host or self.address}:{self.port}{path}"

    def answer(self, path: str, body: bytes = b"", status: int = 200, *, length: bool = True, **headers: str) -> str:
        """Answer one path in the ordinary way, with 304 where the ETag is the one that is asked with."""

        def send(handler: Any) -> None:
            known = handler.headers.get("if-none-match"), handler.headers.get("if-modified-since")
            same = (headers.get("etag"), headers.get("last_modified"))
            unchanged = any(asked and asked == has for asked, has in zip(known, same, strict=True))
            handler.send_response(304 if unchanged else status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            if length:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            if not unchanged:
                handler.wfile.write(body)

        return self.script(path, send)

    def script(self, path: str, send: Callable[[Any], None]) -> str:
        """Answer one path by a function of the request handler; gives the address."""
        self._scripts[path] = send
        return self.url(path)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    holder: Holder

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is what many of these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        holder = self.server.holder
        holder.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.close_connection = True
        holder._scripts.get(self.path, _not_found)(self)

    def log_message(self, *_: Any) -> None:
        pass


def _not_found(handler: Any) -> None:
    handler.send_error(404)


def make_certificate(folder: Path, name: str) -> Path:
    """Make a certificate that vouches for itself and for one name; the file holds its key too."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    try:
        names: Any = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        names = x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
