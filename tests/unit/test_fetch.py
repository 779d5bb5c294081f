"""The fetch layer against real servers: what arrives, what is kept, and one sentence for everything that goes wrong."""

import gzip
import hashlib
import os
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time

import httpx
import pytest

from data_holder import Holder, make_certificate
from londata import cache
from londata.errors import FetchError, OfflineError, TooLargeError, UsageError
from londata.fetch import fetch, progress, transport
from londata.fetch.download import StaleCopyWarning

TABLE = b"borough,residents\nCamden,210136\n"


@pytest.fixture
def holder(tmp_path, monkeypatch):
    with Holder() as server:
        monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{server.port}")
        monkeypatch.setenv("LONDATA_TIMEOUT_S", "60")
        yield server


def leftovers(tmp_path):
    return list((tmp_path / "cache" / "partial").glob("*"))


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_the_bytes_arrive_with_their_hash_size_and_version(holder, tmp_path):
    copy = fetch(holder.answer("/table.csv", TABLE, etag='"v1"'))
    assert copy.path.read_bytes() == TABLE
    assert (copy.sha256, copy.size_bytes, copy.version) == (hashlib.sha256(TABLE).hexdigest(), len(TABLE), '"v1"')
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("stamp", "asked"),
    [
        ({"etag": '"v1"'}, "if-none-match"),
        ({"last_modified": "Mon, 05 Jan 2026 10:00:00 GMT"}, "if-modified-since"),
    ],
)
def test_what_has_not_changed_is_not_sent_again(holder, stamp, asked):
    url = holder.answer("/table.csv", TABLE, **stamp)
    first, second = fetch(url), fetch(url)
    assert first == second
    assert [asked in headers for _, headers in holder.requests] == [False, True]


def test_what_has_changed_is_sent_and_the_earlier_copy_stays(holder):
    url = holder.answer("/table.csv", TABLE, etag='"v1"')
    first = fetch(url)
    holder.answer("/table.csv", b"borough\nHackney\n", etag='"v2"')
    second = fetch(url)
    assert (first.path.read_bytes(), second.path.read_bytes()) == (TABLE, b"borough\nHackney\n")
    assert second.version == '"v2"'


def test_a_copy_that_was_tampered_with_is_fetched_again(holder):
    url = holder.answer("/table.csv", TABLE, etag='"v1"')
    path = fetch(url).path
    path.chmod(0o600)
    path.write_bytes(TABLE.replace(b"210136", b"999999"))
    assert fetch(url).path.read_bytes() == TABLE
    assert "if-none-match" not in holder.requests[-1][1]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "moved or removed"),
        (410, "moved or removed"),
        (401, "without a login"),
        (403, "without a login"),
        (429, "not able to answer just now"),
        (500, "not able to answer just now"),
        (503, "not able to answer just now"),
        (418, "answers 418"),
        (204, "answers 204"),
        (304, "answers 304"),
        (301, "answers 301"),
    ],
)
def test_every_status_but_200_is_one_sentence(holder, tmp_path, status, words):
    with pytest.raises(FetchError, match=words) as caught:
        fetch(holder.answer("/gone.csv", b"" if status in (204, 304) else b"sorry", status))
    assert caught.value.hint
    assert leftovers(tmp_path) == []


def test_the_sentence_about_a_missing_file_names_the_address_without_its_query(holder):
    with pytest.raises(FetchError, match=r"/gone\.csv answers 404") as caught:
        fetch(holder.url("/gone.csv?key=secret"))
    assert "landing page" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_redirects_are_followed_and_the_final_address_is_kept(holder):
    holder.answer("/new/table.csv", TABLE)
    holder.answer("/b", status=302, location="new/table.csv")
    url = holder.answer("/a", status=301, location="/b")
    assert fetch(url).path.read_bytes() == TABLE
    assert cache.lookup(url).address == holder.url("/new/table.csv")


def test_six_redirects_are_one_too_many(holder):
    for step in range(7):
        holder.answer(f"/{step}", status=302, location=f"/{step + 1}")
    holder.answer("/5", TABLE)
    assert fetch(holder.url("/0")).path.read_bytes() == TABLE
    holder.answer("/5", status=302, location="/6")
    holder.answer("/6", TABLE)
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        fetch(holder.url("/0"))


def test_a_redirect_in_a_circle_ends(holder):
    url = holder.answer("/circle", status=307, location="/circle")
    with pytest.raises(FetchError, match="leads nowhere"):
        fetch(url)
    assert len(holder.requests) == 6


def test_packed_bytes_are_unpacked_before_they_are_hashed(holder):
    copy = fetch(holder.answer("/table.csv", gzip.compress(TABLE), content_encoding="gzip"))
    assert copy.sha256 == hashlib.sha256(TABLE).hexdigest()


@pytest.mark.parametrize(("encoding", "words"), [("br", "packed as 'br'"), ("gzip", "broke off")])
def test_a_packing_that_cannot_be_undone_is_said(holder, tmp_path, encoding, words):
    with pytest.raises(FetchError, match=words):
        fetch(holder.answer("/table.csv", TABLE, content_encoding=encoding))
    assert leftovers(tmp_path) == []


def send_half(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(TABLE)))
    handler.end_headers()
    handler.wfile.write(TABLE[:10])


def send_half_of_a_chunk(handler):
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"ff\r\n" + TABLE)


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def say_nothing_of_http(handler):
    handler.wfile.write(b"220 ftp.example.org ready\r\n")


@pytest.mark.parametrize("script", [send_half, send_half_of_a_chunk, reset, say_nothing_of_http])
def test_a_body_that_breaks_off_is_not_kept(holder, tmp_path, script):
    url = holder.script("/table.csv", script)
    with pytest.raises(FetchError, match="broke off before the whole file had arrived"):
        fetch(url)
    assert leftovers(tmp_path) == []
    assert cache.lookup(url) is None
    holder.answer("/table.csv", TABLE)
    assert fetch(url).path.read_bytes() == TABLE


def test_an_empty_file_is_said_to_be_empty(holder, tmp_path):
    with pytest.raises(FetchError, match="is empty"):
        fetch(holder.answer("/table.csv", b""))
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("length", [True, False], ids=["a length is stated", "no length is stated"])
def test_more_than_the_limit_is_not_kept(holder, tmp_path, length):
    url = holder.answer("/large.csv", b"x" * 1001, length=length)
    assert fetch(url, max_bytes=1001).size_bytes == 1001
    with pytest.raises(TooLargeError, match="limit is 1,000 bytes"):
        fetch(url, max_bytes=1000)
    assert leftovers(tmp_path) == []


def test_nobody_there_is_one_sentence(holder):
    url = holder.answer("/table.csv", TABLE)
    holder.stop()
    with pytest.raises(OfflineError, match=r"Nobody answers at 127\.0\.0\.1"):
        fetch(url)


def test_a_name_that_is_not_known_is_one_sentence(holder, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OfflineError, match=r"The name data\.example\.org is not known"):
        fetch("https://data.example.org/table.csv")


def test_an_earlier_copy_is_used_with_a_warning_when_nobody_answers(holder):
    url = holder.answer("/table.csv", TABLE)
    first = fetch(url)
    holder.stop()
    with pytest.warns(StaleCopyWarning, match=r"The copy that was fetched on 20\d\d-\d\d-\d\d is used"):
        assert fetch(url) == first


def test_an_earlier_copy_is_not_used_when_the_holder_took_the_file_away(holder):
    url = holder.answer("/table.csv", TABLE)
    fetch(url)
    holder.answer("/table.csv", b"", 404)
    with pytest.raises(FetchError, match="moved or removed"):
        fetch(url)


def stall(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"x" * 100_000)
    handler.server.holder.stopping.wait()


def drip(handler):
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.holder.stopping.wait(0.02):
        handler.wfile.write(b"x")


def drip_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.holder.stopping.wait(0.02):
        handler.wfile.write(b"x")


def never_end(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65_536)


@pytest.mark.parametrize(
    ("script", "patience", "words"),
    [
        (stall, "1", "sent nothing for 1 seconds"),
        (drip, "2", "fewer than 1,000 bytes a second"),
        (drip_headers, "2", "fewer than 1,000 bytes a second"),
        (never_end, "60", "limit is 5,000,000 bytes"),
    ],
)
def test_an_address_that_never_ends_is_given_up(holder, tmp_path, monkeypatch, script, patience, words):
    monkeypatch.setenv("LONDATA_TIMEOUT_S", patience)
    monkeypatch.setenv("LONDATA_MAX_DOWNLOAD", "5MB")
    with pytest.raises(FetchError, match=words):
        fetch(holder.script("/endless", script))
    assert leftovers(tmp_path) == []


def test_a_fetch_ends_at_its_deadline_even_if_bytes_keep_coming(holder, monkeypatch):
    monkeypatch.setenv("LONDATA_DEADLINE_S", "0.3")
    with pytest.raises(FetchError, match=r"given up after 0\.3 seconds"):
        fetch(holder.script("/endless", never_end))


FETCH_HERE = "import sys; from londata.fetch import fetch; print(fetch(sys.argv[1]).sha256)"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_an_interrupted_fetch_leaves_no_copy_and_the_next_one_works(holder, tmp_path, how):
    url = holder.script("/table.csv", stall)
    with subprocess.Popen([sys.executable, "-c", FETCH_HERE, url], stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: any(path.stat().st_size for path in leftovers(tmp_path)) or process.poll() is not None)
        os.kill(process.pid, how)
        assert process.wait(60) != 0
    if how == signal.SIGINT:
        assert leftovers(tmp_path) == []
    assert cache.lookup(url) is None
    assert list((tmp_path / "cache" / "content").glob("??/*")) == []
    holder.answer("/table.csv", TABLE)
    assert fetch(url).path.read_bytes() == TABLE


def test_two_processes_may_fetch_the_same_at_once(holder, tmp_path):
    together = threading.Barrier(2)

    def send(handler):
        together.wait(60)
        handler.send_response(200)
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(TABLE * 1000)

    url = holder.script("/table.csv", send)
    processes = [
        subprocess.Popen([sys.executable, "-c", FETCH_HERE, url], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    expected = hashlib.sha256(TABLE * 50_000).hexdigest()
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == [expected] * 2
    assert [path.name for path in (tmp_path / "cache" / "content").glob("??/*")] == [expected]
    assert cache.lookup(url).copy.sha256 == expected


def test_a_trusted_address_may_be_on_this_machine(holder, monkeypatch):
    monkeypatch.delenv("LONDATA_FETCH_ALLOW")
    url = holder.answer("/table.csv", TABLE)
    assert fetch(url, trusted=True, headers={"Authorization": "token t"}).path.read_bytes() == TABLE
    assert holder.requests[-1][1]["authorization"] == "token t"


def test_a_trusted_address_may_be_behind_a_unix_socket(holder, tmp_path):
    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

    path = str(tmp_path / "s")
    with socketserver.ThreadingUnixStreamServer(path, Answer) as server, httpx.HTTPTransport(uds=path) as through:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        for name in ("one", "two"):  # the caller's transport is still open after the first
            copy = fetch(f"http://register/{name}", trusted=True, transport=through)
            assert copy.path.read_bytes() == b"hello"
        server.shutdown()
    with pytest.raises(UsageError, match="only for a trusted address"):
        fetch("http://register/x", transport=through)


@pytest.fixture
def known_name(monkeypatch):
    """Resolve data.example.org to this machine, as a test can only do by hand."""
    real = socket.getaddrinfo

    def resolve(host, *rest, **more):
        return real("127.0.0.1" if host == "data.example.org" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return "data.example.org"


@pytest.mark.parametrize("name", ["data.example.org", "other.example.org"])
def test_tls_verifies_the_name_although_a_number_is_dialled(holder, tmp_path, monkeypatch, known_name, name):
    certificate = make_certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport._ssl_context.cache_clear()
    with Holder(certificate=certificate) as secure:
        monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"{known_name}:{secure.port}")
        secure.answer("/table.csv", TABLE)
        if name == known_name:
            assert fetch(secure.url("/table.csv", known_name)).path.read_bytes() == TABLE
            assert secure.requests[0][1]["host"] == f"{known_name}:{secure.port}"
        else:
            with pytest.raises(FetchError, match=r"cannot prove that it is data\.example\.org"):
                fetch(secure.url("/table.csv", known_name))
    transport._ssl_context.cache_clear()


def test_a_bar_is_shown_only_where_somebody_looks(holder, monkeypatch, capfd):
    url = holder.answer("/table.csv", TABLE)
    fetch(url)
    with monkeypatch.context() as terminal:
        terminal.setattr(progress, "somebody_looks", lambda: True)
        fetch(url)
        assert capfd.readouterr().err == "", "a quick fetch needs no bar"
        with progress.bar("data.example.org", 100, wanted=True) as advance:
            advance.__self__.start_t -= 2  # as if it had begun two seconds ago
            advance.__self__.mininterval = 0
            advance(50)
    assert "data.example.org" in capfd.readouterr().err
    with progress.bar("data.example.org", 100, wanted=True) as advance:
        advance(100)
    assert capfd.readouterr().err == ""
