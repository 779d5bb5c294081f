"""The register service over HTTP: eight clients, 6,000 entries, the real hub check in front.

Once as fast as they can: each client asks its next question as soon as it has the answer to the last, so eight are
always under way and every answer waits for seven others. Once at a pace: each client asks at fixed times, and an answer
that comes late counts from when it was due. The load comes from a process of its own with as little HTTP in it as will
do, because a full client costs more than the service.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlencode

from benchmarks.measure import Figure, percentile, report
from londata.records import Entry, entry_from_dict

ENTRIES, CLIENTS, QUESTIONS = 6_000, 8, 1_500
TARGET_MS = 15
#: Seconds between two questions of one client at a pace: ten a second, as somebody who types fast.
PACE_S = 0.1
BASE, AUTHORIZATION = "/services/register", "Authorization: token a-token-of-the-benchmark"
WORDS = (
    "air quality school rolls cycle hires housing starts crime fire incidents noise census population bus stops trees "
    "flood planning energy parks libraries births deaths income rents traffic counts collisions recycling waste water "
    "monthly annual hourly borough ward survey register permits inspections licences markets jobs skills health"
).split()
PUBLISHERS = ("tfl", "gla", "camden", "hackney", "ons", "mps", "lfb", "barnet", "brent", "lambeth", "newham", "bexley")


def generated_entries(count: int, seed: int = 7) -> list[Entry]:
    """Make up entries whose text is like that of real ones: 8,000 words, few of them frequent, some 140 in an entry."""
    chance = random.Random(seed)
    fillers = ["".join(chance.choices("abcdefghilmnoprstu", k=chance.randint(3, 9))) for _ in range(8_000)]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(fillers))))
    return [
        _entry(number, chance, lambda k: chance.choices(fillers, cum_weights=weights, k=k)) for number in range(count)
    ]


def _entry(number: int, chance: random.Random, filler: Callable[[int], list[str]]) -> Entry:
    words = chance.sample(WORDS, 3)
    publisher = chance.choice(PUBLISHERS)
    values = {
        "kind": "dataset",
        "id": f"{'-'.join(words)}-{number}",
        "title": f"{' '.join(words).capitalize()} {number} (generated)",
        "summary": " ".join(filler(20)),
        "description": "Generated. " + " ".join(filler(110)),
        "generated": True,
        "publisher": {"id": publisher, "name": publisher.upper()},
        "access": chance.choice(("open", "open", "open", "shared", "closed")),
        "licence": chance.choice(("ogl-3", "ogl-2", "cc-by-4", None)),
        "topics": [chance.choice(("people", "transport", "environment", "housing"))],
        "tags": filler(3),
        "geography": {"level": chance.choice(("borough", "ward", "lsoa", "point"))},
        "distributions": [
            {"id": name, "url": f"https://example.org/{number}.{name}", "media_type": media_type}
            for name, media_type in (("csv", "text/csv"), ("pdf", "application/pdf"))
        ],
    }
    return entry_from_dict(values)


def questions(entries: list[Entry], kind: str, count: int) -> list[str]:
    """Make up what is asked: paths below the service's base, hardly any of them twice."""
    chance = random.Random(11)
    make: dict[str, Callable[[], str]] = {
        "search": lambda: (
            "/search?"
            + urlencode(
                [
                    ("q", " ".join(chance.sample(WORDS, chance.choice((1, 1, 2))))),
                    (chance.choice((("access", "open"), ("publisher", chance.choice(PUBLISHERS))))),
                    ("facets", "topic"),
                    ("facets", "access"),
                    ("facets", "publisher"),
                ]
            )
        ),
        "entry": lambda: f"/entries/{chance.choice(entries).id}",
        "slugs": lambda: f"/slugs?prefix={chance.choice(entries).id[:3]}&limit=50",
    }
    if kind == "mixed":
        return [make[name]() for name in chance.choices(("search", "entry", "slugs"), (5, 3, 2), k=count)]
    return [make[kind]() for _ in range(count)]


async def ask_all(socket: str, paths: list[str], pace_s: float = 0.0) -> list[float]:
    """Ask all questions from as many clients as there shall be; returns the seconds that each took.

    With a pace, every client asks one question in so many seconds, whether or not the last answer came late.
    """
    waiting, times, begin = iter(paths), [], time.perf_counter() + 0.05

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_unix_connection(socket, limit=2**22)
        due = begin + pace_s * number / CLIENTS
        for path in waiting:
            await asyncio.sleep(max(0.0, due - time.perf_counter()) if pace_s else 0)
            start = due if pace_s else time.perf_counter()
            due += pace_s
            writer.write(f"GET {BASE}/api/v1{path} HTTP/1.1\r\nHost: x\r\n{AUTHORIZATION}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r", 1)[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - start)
            assert head.startswith(b"HTTP/1.1 200"), head
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*map(client, range(CLIENTS)))
    return times


class Hub(BaseHTTPRequestHandler):
    """Knows one token, as JupyterHub would; the service asks it every half minute."""

    def do_GET(self) -> None:
        said = {"kind": "user", "name": "ada", "groups": [], "scopes": ["access:services!service=register"]}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_service(folder: Path, entries: list[Entry]) -> Iterator[str]:
    """Start the service as the hub does, over a store with these entries; gives its socket."""
    from londata_hub.store import RegisterStore

    with RegisterStore(f"sqlite:///{folder / 'register.sqlite'}", folder / "index") as store:
        store.upsert(entries, source="bench")
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    socket = folder / "register.sock"
    environ = {
        **os.environ,
        "LONDATA_HUB_STATE": str(folder),
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub.server_address[1]}/hub/api",
        "JUPYTERHUB_SERVICE_PREFIX": f"{BASE}/",
        "JUPYTERHUB_SERVICE_URL": f"http+unix://{quote(str(socket), safe='')}/",
    }
    process = subprocess.Popen([sys.executable, "-m", "londata_hub.services.register"], env=environ)
    try:
        deadline = time.monotonic() + 60
        while not socket.exists():
            assert process.poll() is None, "the service stopped"
            assert time.monotonic() < deadline, "the service did not start"
            time.sleep(0.02)
        yield str(socket)
    finally:
        process.terminate()
        process.wait(20)
        hub.shutdown()
        hub.server_close()


def main() -> None:
    """Measure and report."""
    entries = generated_entries(ENTRIES)
    new, typed = questions(entries, "search", 2 * QUESTIONS), questions(entries, "mixed", QUESTIONS)
    rounds = {
        "the gate alone (/me), as fast as they can": (["/me"] * QUESTIONS, 0),
        "new searches with filters and facets, at a pace": (new[:QUESTIONS], PACE_S),
        "new searches with filters and facets, as fast as they can": (new[QUESTIONS:], 0),
        "the same searches again, as fast as they can": (new[QUESTIONS:], 0),
        "search, look at entries, complete names, as fast as they can": (typed, 0),
    }
    figures = []
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder), entries) as socket:
        asyncio.run(ask_all(socket, ["/me"] * 200))
        for name, (paths, pace_s) in rounds.items():
            start = time.perf_counter()
            times = asyncio.run(ask_all(socket, paths, pace_s))
            rate = len(paths) / (time.perf_counter() - start)
            p50, p99 = percentile(times, 50) * 1000, percentile(times, 99) * 1000
            detail = f"p50 {p50:.2f} ms, {rate:,.0f} a second"
            figures.append(Figure(f"{name}: p99", p99, "ms", f"≤ {TARGET_MS}", p99 <= TARGET_MS, detail))
    report("The register over HTTP", figures)


if __name__ == "__main__":
    main()
