"""What is read through the gateway stays in memory, its token shows nowhere, and a false gateway gets nothing in."""

import contextlib
import gzip
import hashlib
import json
import os
import pickle
import subprocess
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest
import tblib.pickling_support

from gateway_service import served_gateway
from londata.client import GatewayClient
from londata.client.gateway_files import GatewayFileSystem
from londata.errors import AccessEndedError, FetchError, LondataError, UsageError
from shared_world import catalog_of, shared_world

HUB_TOKEN = "token-of-ada"
#: Reads everything in every way, interrupts a read, and tells which files were opened for writing meanwhile.
READ_ALL = """
import os, sys
opened = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        opened.append(str(arguments[0]))
import londata, pandas, geopandas, xarray, dask.dataframe, h5netcdf, zarr, pyogrio
from londata.client.gateway import HeldReading
sys.addaudithook(watch)
catalog = londata.open_catalog(sys.argv[1])
for slug, names in (("rolls", "parquet csv"), ("ages", "parquet"), ("wards", "geojson gpkg shapefile parquet"),
                    ("noise", "netcdf zarr"), ("staff", "xlsx json tsv")):
    for name in names.split():
        catalog[slug].read(distribution=name)
        catalog[slug].discover(distribution=name)
catalog.rolls.read(distribution="parquet", as_="dask").compute()
pandas.read_parquet("londata://rolls/parquet")
pieces = HeldReading.pieces
def interrupted(self, *range_):
    yield next(pieces(self, *range_))
    raise KeyboardInterrupt
HeldReading.pieces = interrupted
try:
    catalog.staff.read(distribution="xlsx")
except KeyboardInterrupt:
    print("interrupted")
print([path for path in opened if not path.startswith("/dev/")])
print([os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
       if os.path.lexists(f"/proc/self/fd/{fd}") and "memfd" in os.readlink(f"/proc/self/fd/{fd}")])
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with served_gateway(shared_world(tmp_path_factory.mktemp("shared"), rows=3_000), on_socket=True) as running:
        yield running


@pytest.fixture
def kernel(gateway, monkeypatch):
    monkeypatch.setenv("LONDATA_GATEWAY", gateway.address)
    monkeypatch.setenv("LONDATA_TOKEN", HUB_TOKEN)
    monkeypatch.setenv("LONDATA_PROJECT", "places")
    GatewayFileSystem.clear_instance_cache()
    return catalog_of(gateway.world)


def test_nothing_that_is_read_is_left_on_a_disk_not_even_by_an_interrupted_read(gateway, kernel, tmp_path):
    places = {"HOME": "home", "TMPDIR": "tmp", "LONDATA_CACHE": "cache", "XDG_CACHE_HOME": "xdg"}
    for place in places.values():
        (tmp_path / place).mkdir()
    environment = os.environ | {name: str(tmp_path / place) for name, place in places.items()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-B", "-c", READ_ALL, str(gateway.world.folder / "catalog")],
        env=environment,
        cwd=tmp_path / "home",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    interrupted, opened, kept = done.stdout.splitlines()
    assert (interrupted, opened, kept) == ("interrupted", "[]", "[]")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# As Dask does in every process in which it is imported: errors are packed with what caused them.
tblib.pickling_support.install()


def shown(thing):
    """Everything by which a thing may show itself: in a cell, in a log, in a pickle."""
    texts = [repr(thing), str(thing), str(vars(thing)) if isinstance(thing, LondataError) else ""]
    with contextlib.suppress(TypeError, AttributeError, pickle.PicklingError):
        texts.append(pickle.dumps(thing).decode("latin-1"))
    if isinstance(thing, BaseException):
        told = traceback.TracebackException.from_exception(thing, capture_locals=True)
        texts += [*told.format(), *getattr(thing, "_render_traceback_", list)()]
    return "\n".join(texts)


def refusal(call):
    try:
        call()
    except AccessEndedError as error:
        return error
    raise AssertionError("it was not refused")


def test_a_token_shows_nowhere(gateway, kernel, capfd):
    files = fsspec.filesystem("londata")
    held = files.held("rolls/csv")
    token = held.opening.token
    assert len(token) > 20
    file = files.open("rolls/csv")
    things = [files, file, held, held.opening, files._client(), kernel, kernel.rolls, kernel.rolls.kwargs["data"]]
    things += [files.to_json(), files.storage_options, files.info("rolls/csv"), kernel.ages.read().attrs]
    gateway.store.end_grant("ada-rolls-places", "chen", "the work is done")
    things += [refusal(lambda: file.read(10)), refusal(lambda: kernel.rolls.read(distribution="csv"))]
    for thing in things:
        assert token not in shown(thing), type(thing)
        assert HUB_TOKEN not in shown(thing), type(thing)
    assert token not in str(dict(os.environ))
    assert token not in "".join(capfd.readouterr())


def test_a_file_that_is_read_cannot_be_kept_by_way_of_a_cache(kernel, tmp_path):
    files = fsspec.filesystem("londata")
    for copy in (
        lambda: files.get("ages/parquet", str(tmp_path / "copy")),
        lambda: files.get_file("ages/parquet", str(tmp_path / "copy")),
        lambda: files.download("ages/parquet", str(tmp_path / "copy")),
        lambda: fsspec.open("simplecache::londata://ages", simplecache={"cache_storage": str(tmp_path)}).open(),
        lambda: files.open("ages", cache_type="mmap"),
        lambda: fsspec.filesystem("londata", token="t"),
    ):
        with pytest.raises(UsageError):
            copy()
    assert list(tmp_path.iterdir()) == []


# A gateway that is none ------------------------------------------------------------------------------------------

CONTENT = b"pupil,age\n" + b"P1,7\n" * 50
SIZE = len(CONTENT)
SECRET = "a-reading-token-that-nobody-may-see"


class Hostile(ThreadingHTTPServer):
    """Answers as the test says; ``opening`` and ``data`` are changed by it, ``seen`` holds what arrived."""

    daemon_threads = True

    def __init__(self):
        self.seen = []
        self.data = ordinary
        self.begin = None
        self.opening = {
            "token": SECRET,
            "expires_at": "2099-01-01T00:00:00+00:00",
            "decision": 1,
            "path": "/data/rolls/csv",
            "entry": "rolls",
            "title": "Rolls",
            "distribution": "csv",
            "media_type": "text/csv",
            "size_bytes": len(CONTENT),
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
        }
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/services/gateway"


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, self.headers["authorization"]))
        if self.server.begin:
            self.server.begin(self)
        else:
            answer(self, 201, json.dumps(self.server.opening).encode())

    def do_GET(self):
        self.server.seen.append((self.path, self.headers["authorization"]))
        start, stop = self.headers["range"].removeprefix("bytes=").split("-")
        with contextlib.suppress(OSError):  # the other side has seen enough
            self.server.data(self, int(start), int(stop) + 1)

    def log_message(self, *_):
        pass


def answer(handler, status, body, length=None, **headers):
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)
    if length is not None:
        handler.close_connection = True


def span(start, stop, size=SIZE):
    return {"content_range": f"bytes {start}-{stop - 1}/{size}", "etag": '"e"'}


def ordinary(handler, start, stop):
    answer(handler, 206, CONTENT[start:stop], **span(start, stop))


def too_short(handler, start, stop):
    answer(handler, 206, CONTENT[start : stop - 5], stop - start, **span(start, stop))


def another_length(handler, start, stop):
    answer(handler, 206, CONTENT[start : stop - 5], **span(start, stop))


def another_range(handler, start, stop):
    answer(handler, 206, CONTENT[start:stop], **span(start + 1, stop + 1))


def another_size(handler, start, stop):
    answer(handler, 206, CONTENT[start:stop], **span(start, stop, 10**9))


def endless(handler, start, stop):
    handler.send_response(206)
    handler.send_header("Transfer-Encoding", "chunked")
    for name, value in span(start, stop).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def packed(handler, start, stop):
    body = gzip.compress(bytes(10_000_000))
    answer(handler, 206, body, content_encoding="gzip", **span(start, stop))


def web_page(handler, start, stop):
    answer(handler, 200, b"<!doctype html><title>Log in</title>", content_type="text/html")


def everything(handler, start, stop):
    answer(handler, 200, CONTENT, etag='"e"')


def elsewhere(handler, start, stop):
    answer(handler, 307, b"", location=f"{handler.server.address}/stolen")


def endless_error(handler, start, stop):
    handler.send_response(500)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


@pytest.fixture
def hostile():
    server = Hostile()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(hostile):
    client = GatewayClient(hostile.address, HUB_TOKEN, timeout=60)
    yield client
    client.close()


LIES = (too_short, another_length, another_range, another_size, endless, packed)
PAGES = (web_page, everything, elsewhere, endless_error)


@pytest.mark.parametrize("lie", LIES + PAGES, ids=lambda lie: lie.__name__)
@pytest.mark.parametrize("stop", [20, len(CONTENT)])
def test_an_answer_that_is_not_the_range_is_a_clear_error_and_no_data(hostile, client, lie, stop):
    hostile.data = lie
    held = client.hold(client.begin("rolls", "csv", "places"))
    with pytest.raises(FetchError) as refused:
        held.read(5, stop)
    assert SECRET not in shown(refused.value).replace(repr(f"Bearer {SECRET}".encode()), "")
    assert refused.value.hint
    assert all("stolen" not in path for path, _ in hostile.seen)


def test_the_test_gateway_is_believed_when_it_behaves(client):
    held = client.hold(client.begin("rolls", "csv", "places"))
    assert held.read(0, len(CONTENT)) == CONTENT


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/data/rolls/csv/../../secrets"},
        {"path": "@elsewhere.example/data/rolls/csv"},
        {"path": "//elsewhere.example/data"},
        {"entry": "other"},
        {"distribution": "parquet"},
        {"size_bytes": -1},
        {"size_bytes": "many"},
        {"token": "split\r\nX-Header: yes"},
        {"token": None},
        {"columns": "all"},
    ],
    ids=str,
)
def test_an_opening_that_is_not_what_was_asked_for_is_refused_without_showing_its_token(hostile, client, changes):
    hostile.opening |= changes
    with pytest.raises(FetchError, match="not a gateway") as refused:
        client.begin("rolls", "csv", "places")
    assert SECRET not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("lie", [web_page, elsewhere, endless_error], ids=lambda lie: lie.__name__)
def test_a_beginning_that_is_none_is_a_clear_error(hostile, client, lie):
    def begin(handler):
        with contextlib.suppress(OSError):
            lie(handler, 0, 1)

    hostile.begin = begin
    with pytest.raises(FetchError, match="not a gateway"):
        client.begin("rolls", "csv", "places")
    assert [path for path, _ in hostile.seen] == ["/services/gateway/api/v1/readings"]


def test_bytes_that_are_not_those_that_were_stated_are_not_read(hostile, kernel, monkeypatch):
    monkeypatch.setenv("LONDATA_GATEWAY", hostile.address)
    hostile.opening["sha256"] = "0" * 64
    with pytest.raises(FetchError, match="did not arrive as it was sent"):
        kernel.rolls.read(distribution="csv")


def test_the_hubs_token_goes_to_readings_only_and_a_readings_token_to_its_data_only(hostile, client):
    held = client.hold(client.begin("rolls", "csv", "places"))
    held.read(0, 5)
    assert hostile.seen == [
        ("/services/gateway/api/v1/readings", f"Bearer {HUB_TOKEN}"),
        ("/services/gateway/api/v1/data/rolls/csv", f"Bearer {SECRET}"),
    ]
