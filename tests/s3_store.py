"""A real S3-compatible store (moto) on 127.0.0.1 that, unlike moto alone, verifies the addresses signed for it."""

from __future__ import annotations

import hashlib
import hmac
import threading
import urllib.request
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ACCESS_KEY, SECRET_KEY = "AKIALONDATATESTKEY00", "a-secret-key-that-nobody-may-see"
BUCKET = "held"


class Store:
    """Use as a context manager; ``put`` objects, and find what was asked for in ``queries``."""

    def __init__(self) -> None:
        self.queries: list[dict[str, str]] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.port = self._server.server_port
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.late = timedelta()

    def __enter__(self) -> Store:
        self._thread.start()
        self._send("PUT", f"/{BUCKET}")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def put(self, key: str, content: bytes) -> str:
        self._send("PUT", f"/{BUCKET}/{key}", content)
        return f"s3://{BUCKET}/{key}"

    def _send(self, method: str, path: str, content: bytes = b"") -> None:
        headers = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(self.endpoint + quote(path), content, headers, method=method)
        urllib.request.urlopen(request, timeout=60).close()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            self.queries.append({name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()})
            if not self._signed(environ):
                start("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"<Error><Code>SignatureDoesNotMatch</Code></Error>"]
        found: Iterable[bytes] = self._moto(environ, start)
        return found

    def _signed(self, environ: dict[str, Any]) -> bool:
        """Verify a signature in a query as the documentation of AWS Signature Version 4 says."""
        pairs = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
        query = dict(pairs)
        if query.get("X-Amz-SignedHeaders") != "host":
            return False
        made = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        access_key, *scope = query["X-Amz-Credential"].split("/")
        others = sorted((quote(name, "~"), quote(value, "~")) for name, value in pairs if name != "X-Amz-Signature")
        canonical = "\n".join(
            [
                "GET",
                quote(environ["PATH_INFO"].encode("latin-1"), "/~"),
                "&".join(f"{name}={value}" for name, value in others),
                f"host:{environ['HTTP_HOST']}\n",
                "host",
                "UNSIGNED-PAYLOAD",
            ]
        )
        to_sign = ["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), _sha256(canonical)]
        key = b"AWS4" + SECRET_KEY.encode()
        for part in scope:
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.digest(key, "\n".join(to_sign).encode(), "sha256").hex()
        ended = datetime.now(UTC) + self.late > made + timedelta(seconds=int(query["X-Amz-Expires"]))
        return access_key == ACCESS_KEY and query["X-Amz-Signature"] == expected and not ended


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
