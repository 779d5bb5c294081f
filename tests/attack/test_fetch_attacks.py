"""Harvested addresses are hostile: none leads into a private network, takes a credential along or fills the disk."""

import gzip
import socket

import httpx
import pytest

from data_holder import Holder, make_certificate
from londata.errors import AddressRefusedError, FetchError, LondataError, TooLargeError
from londata.fetch import addresses, fetch, transport

TABLE = b"borough,residents\nCamden,210136\n"
#: Ways to write an address that must never be dialled.
PRIVATE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://localhost/",
    "https://localhost./",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
]
#: Addresses that are wrong before anybody is asked who is behind them.
MALFORMED = [
    "file:///etc/passwd",
    "ftp://data.example.org/x",
    "data:text/csv,a",
    "gopher://data.example.org/",
    "http+unix://%2Frun%2Fhub.sock/",
    "//data.example.org/x",
    "/etc/passwd",
    "",
    "https://",
    "http:///x",
    "http://user:password@data.example.org/",
    "http://user@data.example.org/",
    "http://data.example.org:22/",
    "http://data.example.org:6379/",
    "http://data.example.org:99999/",
    "http://data.example.org:x/",
    "http://[::1/",
    "http://data.example.org\r\nHost: evil/",
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LONDATA_TIMEOUT_S", "60")
    monkeypatch.delenv("LONDATA_FETCH_ALLOW", raising=False)


@pytest.fixture
def holder():
    with Holder() as server:
        yield server


@pytest.fixture
def dialled(monkeypatch):
    """Everything that anybody tries to connect to."""
    real, seen = socket.socket.connect, []

    def connect(self, address):
        seen.append(address)
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen


def allow(monkeypatch, *holders):
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", ",".join(f"127.0.0.1:{holder.port}" for holder in holders))


@pytest.mark.parametrize("address", PRIVATE)
def test_no_way_of_writing_a_private_address_is_dialled(address, dialled):
    with pytest.raises(LondataError) as caught:
        fetch(address)
    assert isinstance(caught.value, AddressRefusedError) or "is not known" in str(caught.value)
    assert dialled == []


@pytest.mark.parametrize("address", MALFORMED)
def test_other_schemes_ports_and_passwords_are_refused(address, dialled):
    with pytest.raises(AddressRefusedError):
        fetch(address)
    assert dialled == []


@pytest.mark.parametrize("address", [*PRIVATE, *MALFORMED[:6], *MALFORMED[10:14]])
def test_a_redirect_leads_nowhere_that_the_address_itself_may_not(holder, monkeypatch, dialled, address):
    allow(monkeypatch, holder)
    url = holder.answer("/table.csv", status=302, location=address)
    with pytest.raises(FetchError):
        fetch(url)
    assert {target[1] for target in dialled} == {holder.port}


def test_trust_in_an_address_does_not_pass_to_where_it_redirects(holder):
    with Holder() as inner:
        inner.answer("/secret", b"secret")
        url = holder.answer("/table.csv", status=302, location=inner.url("/secret"))
        with pytest.raises(AddressRefusedError):
            fetch(url, trusted=True)
        assert inner.requests == []


def test_an_allowance_is_for_one_port_of_one_host(holder, monkeypatch):
    allow(monkeypatch, holder)
    with Holder() as other, pytest.raises(AddressRefusedError):
        fetch(other.answer("/table.csv", TABLE))
    with pytest.raises(AddressRefusedError):
        fetch(f"http://localhost:{holder.port}/table.csv")
    assert other.requests == holder.requests == []


def answering(monkeypatch, *answers):
    """Let names resolve to each list of numbers in turn, and to the last one from then on."""
    queue = [list(answer) for answer in answers]

    def resolve(_host, port, *_, **__):
        numbers = queue.pop(0) if len(queue) > 1 else queue[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolve)


def test_a_name_with_one_private_number_among_public_ones_is_refused(monkeypatch, dialled):
    answering(monkeypatch, ["93.184.215.14", "127.0.0.1"])
    with pytest.raises(AddressRefusedError, match="private network"):
        fetch("http://data.example.org/table.csv")
    assert dialled == []


def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch):
    """DNS rebinding: public when it is checked, private when it is dialled."""
    answering(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    asked = []

    def connect(_self, host, port, *_, **__):
        asked.append((host, port))
        raise transport.httpcore.ConnectError("not in a test")

    monkeypatch.setattr(transport.httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(FetchError):
        fetch("http://data.example.org/table.csv")
    assert asked == [("93.184.215.14", 80)]


@pytest.mark.parametrize(
    "number", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"]
)
def test_public_numbers_stay_public_in_every_form(number):
    assert addresses.is_public(number)


@pytest.mark.parametrize("number", ["", "x", "127.0.0.1%lo", "fe80::1%eth0", "1.2.3", "::ffff:10.0.0.1"])
def test_what_is_no_public_number_is_not_public(number):
    assert not addresses.is_public(number)


def test_credentials_stay_with_the_origin_that_they_are_for(holder, monkeypatch):
    with Holder() as other:
        allow(monkeypatch, holder, other)
        other.answer("/table.csv", TABLE)
        holder.answer("/moved", status=302, location=other.url("/table.csv"))
        url = holder.answer("/start", status=302, location="/moved", set_cookie="session=1; Path=/")
        copy = fetch(url, headers={"Authorization": "Bearer secret", "X-Api-Key": "secret"})
    assert copy.path.read_bytes() == TABLE
    assert [headers.get("authorization") for _, headers in holder.requests] == ["Bearer secret"] * 2
    assert "secret" not in str(other.requests)
    assert all("cookie" not in headers for _, headers in [*holder.requests, *other.requests])


def test_credentials_do_not_come_back_by_a_detour(holder, monkeypatch):
    """Somebody else who redirects back must not be able to choose what is asked with the credential."""
    with Holder() as other:
        allow(monkeypatch, holder, other)
        holder.answer("/delete-everything", TABLE)
        other.answer("/back", status=302, location=holder.url("/delete-everything"))
        fetch(holder.answer("/start", status=302, location=other.url("/back")), headers={"Authorization": "secret"})
    assert [headers.get("authorization") for _, headers in holder.requests] == ["secret", None]


def test_nothing_of_the_environment_is_sent_along(holder, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    allow(monkeypatch, holder)
    fetch(holder.answer("/table.csv", TABLE))
    assert "authorization" not in holder.requests[0][1]


def test_https_is_not_left_for_http(holder, monkeypatch, tmp_path):
    certificate = make_certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport._ssl_context.cache_clear()
    with Holder(certificate=certificate) as secure:
        allow(monkeypatch, holder, secure)
        holder.answer("/table.csv", TABLE)
        url = secure.answer("/table.csv", status=301, location=holder.url("/table.csv"))
        with pytest.raises(AddressRefusedError, match="from https to http"):
            fetch(url)
    transport._ssl_context.cache_clear()
    assert holder.requests == []


def test_a_gzip_bomb_is_defused(holder, monkeypatch, tmp_path):
    allow(monkeypatch, holder)
    bomb = gzip.compress(bytes(100_000_000))
    assert len(bomb) < 100_000
    url = holder.answer("/bomb.csv", bomb, content_encoding="gzip")
    with pytest.raises(TooLargeError, match="sends more"):
        fetch(url, max_bytes=1_000_000)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_endless_headers_are_given_up(holder, monkeypatch):
    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    allow(monkeypatch, holder)
    with pytest.raises(FetchError, match="broke off"):
        fetch(holder.script("/table.csv", endless))


@pytest.mark.parametrize("location", ["http://[", "http://a b/", "\x01", "https://" + "a" * 100_000, "?" * 70_000, ""])
def test_a_nonsensical_redirect_is_one_sentence(holder, monkeypatch, location):
    allow(monkeypatch, holder)
    with pytest.raises(FetchError) as caught:
        fetch(holder.answer("/table.csv", status=302, location=location))
    assert len(str(caught.value)) < 600


def test_messages_never_repeat_a_key_in_an_address(holder, monkeypatch):
    allow(monkeypatch, holder)
    for path, status in (("/a?key=hunter2", 404), ("/b?key=hunter2", 500), ("/c?key=hunter2", 302)):
        url = holder.answer(path, b"x", status, location=path)
        with pytest.raises(FetchError) as caught:
            fetch(url)
        assert "hunter2" not in str(caught.value)


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(AddressRefusedError) as caught:
        fetch("https://me:hunter2@data.example.org/")
    assert "hunter2" not in str(caught.value)


def test_copies_are_for_their_owner_only(holder, monkeypatch, tmp_path):
    allow(monkeypatch, holder)
    copy = fetch(holder.answer("/table.csv", TABLE))
    assert copy.path.stat().st_mode & 0o777 == 0o400
    folders = [path for path in (tmp_path / "cache").rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in [tmp_path / "cache", *folders]} == {0o700}
    records = list((tmp_path / "cache" / "known").glob("*"))
    assert [path.stat().st_mode & 0o077 for path in records] == [0]


def test_an_address_cannot_choose_where_its_copy_is_kept(holder, monkeypatch, tmp_path):
    allow(monkeypatch, holder)
    fetch(holder.answer("/..%2f..%2f..%2fevil", TABLE, content_disposition='attachment; filename="../../evil"'))
    assert list(tmp_path.rglob("*evil*")) == []


def test_requests_carry_no_more_than_they_must(holder, monkeypatch):
    allow(monkeypatch, holder)
    fetch(holder.answer("/table.csv", TABLE))
    assert set(holder.requests[0][1]) == {"host", "accept", "accept-encoding", "user-agent"}
    assert httpx.__version__ not in holder.requests[0][1]["user-agent"]
