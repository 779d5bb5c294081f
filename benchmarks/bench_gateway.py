"""The gateway: how fast and how lean bytes leave, what the log costs, and how soon a revocation acts.

Everything is compared in the same run over the same unix socket: with nginx where it is installed
(``apt-get install nginx-light``), and with the floor, a process that calls ``socket.sendfile`` and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.measure import Figure, interleaved, report
from londata.client import unix_address

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from gateway_service import BASE, BOROUGHS, World

GIGABYTE = 1_000_000_000
GROUPS, ROUNDS, PAIRS = 60, 7, 150
SERVER = "import sys; sys.path.insert(0, 'tests'); import gateway_service; gateway_service.main(sys.argv[1])"
UNLOGGED = """
from londata_hub.store import AccessStore
def unlogged(self, subject, entry, project, begun, **_):
    decision = self.decide(subject, "read", entry, project)
    return decision, 1, 1 if begun(decision, 1) else 0
AccessStore.log, AccessStore.decide_and_begin = (lambda self, *events: 1), unlogged
"""
FLOOR = """
import socket, sys
listening = socket.socket(socket.AF_UNIX); listening.bind(sys.argv[1]); listening.listen(); print("ready", flush=True)
while True:
    connection, _ = listening.accept()
    with connection, open(sys.argv[2], "rb") as file:
        size = file.seek(0, 2); file.seek(0)
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % size)
        connection.sendfile(file)
"""
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err; worker_processes 1; user root;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen unix:{folder}/nginx.sock; location / {{ root {holders}; }} }} }}
"""


def write_large(path: Path) -> None:
    """Write a Parquet of 1 GB: sorted by borough, so that one borough is in a third of the row groups."""
    random, rows = np.random.default_rng(3), GIGABYTE // GROUPS // 56
    names = [f"measure_{number}" for number in range(6)]
    schema = pa.schema([("borough", pa.string()), ("age", pa.int64()), *((name, pa.float64()) for name in names)])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=["borough"]) as writer:
        for group in range(GROUPS):
            columns: dict[str, Any] = {
                "borough": [BOROUGHS[group * 3 // GROUPS]] * rows,
                "age": random.integers(4, 19, rows),
            }
            columns |= {name: random.random(rows) for name in names}
            writer.write_table(pa.table(columns, schema=schema))
    assert path.stat().st_size > 0.9 * GIGABYTE


@contextlib.contextmanager
def running(command: list[str], ready: Path | None = None) -> Iterator[int]:
    """Run a server until it is told to stop; gives its process number."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        if ready is None:
            assert process.stdout.readline().strip() == "ready"
        while ready is not None and not ready.exists():
            assert process.poll() is None, "the server did not start"
            time.sleep(0.05)
        try:
            yield process.pid
        finally:
            process.terminate()


class Reading:
    """A reading over the gateway's socket."""

    def __init__(self, folder: Path, entry: str = "rolls") -> None:
        self.path = folder / "gateway.sock"
        transport = httpx.HTTPTransport(uds=str(self.path))
        self.client = httpx.Client(transport=transport, base_url=f"http://localhost{BASE}/api/v1", timeout=120)
        body = {"entry": entry, "distribution": "parquet", "project": "places"}
        self.said = self.client.post("/readings", json=body, headers={"Authorization": "Bearer token-of-ada"}).json()

    @property
    def request(self) -> bytes:
        target, token = f"{BASE}/api/v1{self.said['path']}", self.said["token"]
        return (
            f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
        )


def drain(path: Path, request: bytes) -> int:
    """Read everything that a server sends, as quickly as it comes."""
    buffer, got = memoryview(bytearray(1 << 20)), 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(request)
        while count := connection.recv_into(buffer):
            got += count
    return got


def memory(process: int) -> float:
    """Tell the process's share of memory in MB (PSS); pages of the file cache do not count."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) / 1000


def speed(folder: Path, world: World, process: int) -> list[Figure]:
    """Read 1 GB as the gateway sends it, and as nginx and the floor do."""
    reading = Reading(folder)
    plain = b"GET /rolls.parquet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    size = world.rolls.stat().st_size
    with contextlib.ExitStack() as stack:
        stack.enter_context(running([sys.executable, "-c", FLOOR, str(folder / "floor.sock"), str(world.rolls)]))
        calls: dict[str, Callable[[], object]] = {
            "gateway": partial(drain, reading.path, reading.request),
            "floor": partial(drain, folder / "floor.sock", plain),
        }
        if nginx := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"):
            (folder / "nginx.conf").write_text(NGINX.format(folder=folder, holders=world.holders))
            command = [nginx, "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.err")]
            stack.enter_context(running(command, folder / "nginx.sock"))
            calls["nginx"] = partial(drain, folder / "nginx.sock", plain)
        for name, call in calls.items():
            got = call()
            assert size <= got < size + 2_000, f"{name} sent {got}"
        before = memory(process)
        times = interleaved(calls, ROUNDS)
        after = memory(process)
    medians = {name: statistics.median(values) for name, values in times.items()}
    against = "nginx" if "nginx" in medians else "floor"
    ratio = medians[against] / medians["gateway"]
    detail = ", ".join(
        f"{name} {value:.2f} s ({min(times[name]):.2f}–{max(times[name]):.2f})" for name, value in medians.items()
    )
    whole = f"1 GB Parquet, speed against {'nginx' if nginx else 'socket.sendfile; nginx is not installed'}"
    return [
        Figure(whole, ratio, "×", "≥ 0.8", ratio >= 0.8, detail),
        Figure("Memory of the gateway after it", after - before, "MB", "≤ 10", after - before <= 10, f"{after:.0f} MB"),
    ]


def crowd(folder: Path, world: World, process: int) -> list[Figure]:
    """Let eight read 1 GB at once and watch the memory meanwhile."""
    readings, size = [Reading(folder) for _ in range(8)], world.rolls.stat().st_size
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda each=each: got.append(drain(each.path, each.request))) for each in readings
    ]
    before, most, at = memory(process), 0.0, time.perf_counter()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, memory(process))
        time.sleep(0.05)
    seconds, whole = time.perf_counter() - at, sum(size <= each < size + 2_000 for each in got)
    detail = f"before {before:.0f} MB, during {most:.0f} MB, after {memory(process):.0f} MB"
    return [
        Figure("Eight read 1 GB at once: whole answers", whole, "of 8", "8", whole == 8, f"{seconds:.1f} s for 8 GB"),
        Figure("Memory of the gateway while they do", most - before, "MB", "≤ 20", most - before <= 20, detail),
    ]


def parts(folder: Path, world: World) -> list[Figure]:
    """Count what "two columns where borough = X" moves, against the column chunks that are needed."""
    from londata.client import GatewayClient
    from londata.client.gateway_files import GatewayFileSystem

    moved: list[int] = []
    ranges = GatewayClient.bytes_of

    def counted(client: GatewayClient, opening: Any, start: int, stop: int) -> httpx.Response:
        moved.append(stop - start)
        return ranges(client, opening, start, stop)

    GatewayClient.bytes_of = counted  # type: ignore[method-assign]
    files = GatewayFileSystem(unix_address(folder / "gateway.sock", BASE), project="places", skip_instance_cache=True)
    found = ds.dataset("rolls/parquet", filesystem=files, format="parquet").to_table(
        columns=["borough", "age"], filter=ds.field("borough") == "Camden"
    )
    about = pq.ParquetFile(world.rolls).metadata
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    fit = [each for each in groups if each.column(0).statistics.min == "Camden"]
    needed = sum(each.column(number).total_compressed_size for each in fit for number in (0, 1))
    assert found.num_rows == sum(each.num_rows for each in fit)
    ratio = sum(moved) / needed
    detail = f"{sum(moved) / 1e6:.1f} MB of {needed / 1e6:.1f} MB needed, {len(fit)} of {len(groups)} row groups"
    return [Figure("Two columns where borough = X, bytes moved", ratio, "×", "≤ 1.1", ratio <= 1.1, detail)]


def log_cost(folder: Path) -> list[Figure]:
    """Read 10 MB as analysts do, through this gateway and through one that decides as ever but writes no line.

    Each pair is one read after the other, and the figure the median of the differences: what else the machine does
    hits both. The interval is that of the median (bootstrapped).
    """
    table = pa.table({f"measure_{number}": np.random.default_rng(number).random(125_000) for number in range(10)})
    calls: dict[str, Callable[[], object]] = {}
    processes: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        for name, code in (("with", SERVER), ("without", f"{UNLOGGED}\n{SERVER}")):
            world = World(folder / name, rows=1_000).make()
            pq.write_table(table, world.rolls, compression="none", use_dictionary=False)
            size = world.rolls.stat().st_size
            processes[name] = stack.enter_context(running([sys.executable, "-c", code, str(world.folder)]))
            calls[name] = partial(_read, unix_address(world.folder / "gateway.sock", BASE), table.num_rows)
        interleaved(calls, 5)
        before = {name: _cpu(process) for name, process in processes.items()}
        times = interleaved(calls, PAIRS)
        cpu = {name: (_cpu(process) - before[name]) / (PAIRS + 1) * 1000 for name, process in processes.items()}
    plain = statistics.median(times["without"])
    over = np.subtract(times["with"], times["without"]) / plain * 100
    medians = np.median(np.random.default_rng(3).choice(over, (2_000, PAIRS)), axis=1)
    low, high = np.percentile(medians, (2.5, 97.5))
    detail = (
        f"{low:.1f} to {high:.1f} % of {plain * 1000:.1f} ms for {size / 1e6:.1f} MB in {PAIRS} pairs; "
        f"the gateway's CPU {cpu['with']:.1f} ms against {cpu['without']:.1f} ms"
    )
    share = float(np.median(over))
    return [Figure("The log's share of a read of 10 MB", share, "%", "≤ 5", share <= 5, detail)]


def _cpu(process: int) -> float:
    """Tell the seconds that a process has kept processors busy."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(address: str, rows: int) -> None:
    """Begin a reading and read it to its end."""
    from londata.client.gateway_files import GatewayFileSystem

    files = GatewayFileSystem(address, project="places", skip_instance_cache=True)
    found = pd.read_parquet("rolls/parquet", filesystem=files)
    assert len(found) == rows


def revoking(folder: Path, world: World) -> list[Figure]:
    """Revoke while somebody reads slowly: until the next request is refused, and until the stream is cut."""
    reading = Reading(folder)
    headers = {"Authorization": f"Bearer {reading.said['token']}"}
    with socket.socket(socket.AF_UNIX) as slow, world.store() as store:
        slow.connect(str(reading.path))
        slow.sendall(reading.request)
        slow.recv(1000)
        store.end_grant("ada-rolls-places", "chen", "")
        at = time.perf_counter()
        status = reading.client.get(reading.said["path"], headers=headers | {"Range": "bytes=0-9"}).status_code
        refused = time.perf_counter() - at
        with contextlib.suppress(ConnectionResetError):
            while slow.recv(1 << 20):
                pass
        cut = time.perf_counter() - at
    assert status == 403
    return [
        Figure("From revoke to refusal of the next request", refused, "s", "≤ 1", refused <= 1),
        Figure("From revoke to the cut of an open stream", cut, "s", "≤ 5", cut <= 5),
    ]


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="gate-") as name:
        folder = Path(name)
        os.environ["JUPYTERHUB_API_TOKEN"] = "token-of-ada"
        os.sync()  # what others have written must not be flushed while the log is timed
        figures = log_cost(folder)
        world = World(folder / "large", rows=1_000).make()
        write_large(world.rolls)
        with running([sys.executable, "-c", SERVER, str(world.folder)]) as process:
            figures += [*speed(world.folder, world, process), *crowd(world.folder, world, process)]
            figures += [*parts(world.folder, world), *revoking(world.folder, world)]
        report("Gateway", figures)


if __name__ == "__main__":
    main()
