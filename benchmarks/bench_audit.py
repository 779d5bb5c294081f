"""The log: how fast it is gone over, what a line costs, and what a look at the arrangements costs.

Verification is held against as many bare SHA-256 calls over the same lines, in the same run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import statistics
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks.measure import Figure, clock, interleaved, percentile, report
from londata.access import Subject
from londata.records import Agreement, Entry, Grant, Project, entry_from_dict
from londata_hub import audit
from londata_hub.store import AccessStore, RegisterStore
from londata_hub.store.database import Database

LINES, GRANTS, ENTRIES = 300_000, 10_000, 1_249
NOW = dt.datetime.now(dt.UTC)


def a_line(number: int) -> audit.Event:
    """Make a line as the gateway writes it."""
    details = {
        "decision": number,
        "distribution": "parquet",
        "version": "5f" * 32,
        "columns": ["borough", "year", "pupils"],
        "rows": 1_204_512,
        "row_filter": "borough is E09000007",
        "purpose": "school-place-planning",
        "grant": f"{number % 500:016x}",
    }
    who = f"person-{number % 300}"
    return audit.Event("reading.begun", who, who, f"entry-{number % 50}", "school-places", "ISA-014", details)


def a_long_log(address: str) -> None:
    """Write many lines, many at a time."""
    database = Database(address)
    for start in range(0, LINES, 50_000):
        with database.writing() as connection:
            audit.append(connection, (a_line(start + number) for number in range(50_000)), NOW)
    database.close()


def verifying(address: str) -> list[Figure]:
    """Go over the log, and make as many hashes of as many bytes."""
    database = Database(address)
    with database.reading() as connection:
        said = [line.encode() for line in connection.execute(text("SELECT line FROM audit ORDER BY seq")).scalars()]

        def bare() -> None:
            previous = b"0" * 64
            for line in said:
                previous = hashlib.sha256(previous + line).hexdigest().encode()

        def ours() -> None:
            assert all(each.note for each in audit.verify(connection, []))

        times = interleaved({"bare": bare, "ours": ours}, 3)
    database.close()
    medians = {name: statistics.median(values) for name, values in times.items()}
    rate = LINES / medians["ours"]
    ratio = medians["ours"] / medians["bare"]
    detail = f"{LINES / medians['bare']:,.0f} bare SHA-256/s; ×{ratio:.1f}"
    return [Figure(f"Verifying {LINES:,} lines", rate, "/s", "≥ 100,000", rate >= 100_000, detail)]


def logging(store: AccessStore) -> list[Figure]:
    """Write single lines alone, and from eight threads."""
    alone = [clock(lambda: store.log(a_line(1))) * 1000 for _ in range(300)]
    each: list[float] = []

    def many() -> None:
        each.extend(clock(lambda: store.log(a_line(1))) * 1000 for _ in range(100))

    threads = [threading.Thread(target=many) for _ in range(8)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = 800 / (time.perf_counter() - start)
    median, together = statistics.median(alone), statistics.median(each)
    detail = f"p95 {percentile(alone, 95):.2f} ms"
    eight = f"median of one {together:.2f} ms, p95 {percentile(each, 95):.2f} ms"
    return [
        Figure("A line, committed", median, "ms", "≤ 5", median <= 5, detail),
        Figure("Lines from eight threads", rate, "/s", "≥ 1 ÷ one alone", rate >= 1000 / median, eight),
    ]


def deciding(store: AccessStore, entry: Entry) -> list[Figure]:
    """Look at the arrangements while nothing changes, decide, and follow a change."""
    subject = Subject("person-7", frozenset({"org-camden"}))
    store.arrangements()
    looks = [clock(store.arrangements) * 1000 for _ in range(2_000)]
    decisions = [clock(lambda: store.decide(subject, "read", entry, "places")) * 1000 for _ in range(2_000)]
    assert store.decide(subject, "read", entry, "places").allowed
    store.end_grant("grant-7", "chen", "benchmark")
    change = clock(lambda: store.decide(subject, "read", entry, "places"))
    assert not store.decide(subject, "read", entry, "places").allowed
    look, decision = statistics.median(looks), statistics.median(decisions)
    return [
        Figure(
            "A look at unchanged arrangements", look, "ms", "≤ 0.2", look <= 0.2, f"p95 {percentile(looks, 95):.2f}"
        ),
        Figure("A decision, look included", decision, "ms", "≤ 0.3", decision <= 0.3, f"with {GRANTS:,} grants"),
        Figure("From a grant's end to its refusal", change, "s", "≤ 1", change <= 1, f"with {GRANTS:,} grants"),
    ]


def importing(folder: Path) -> list[Figure]:
    """Import a portal's entries, and see what share the line about them takes."""
    entries = [an_entry(f"entry-{number}") for number in range(ENTRIES)]
    whole, shares = [], []
    for turn in range(3):
        with RegisterStore(f"sqlite:///{folder / f'import-{turn}.sqlite'}", folder / f"index-{turn}") as store:
            whole.append(clock(lambda: store.upsert(entries, source="portal")))
        digest = audit.HistoryDigest()
        row = {"slug": "entry", "at": "", "source": "portal", "what": "added", "fields": "{}", "generation": 1}
        shares.append(clock(lambda: [digest.add(row | {"content_hash": "f" * 64}) for _ in range(ENTRIES)]))  # noqa: B023
    share = statistics.median(shares) / statistics.median(whole) * 100
    detail = f"{statistics.median(whole):.2f} s for {ENTRIES:,} entries"
    return [Figure("What the log adds to an import", share, "%", "≤ 5", share <= 5, detail)]


def an_entry(slug: str) -> Entry:
    """Make an entry of average length."""
    publisher = {"id": "education", "name": "Schools and Learning"}
    values = {"kind": "dataset", "id": slug, "title": f"Rolls of {slug}", "publisher": publisher, "access": "closed"}
    return entry_from_dict(values | {"description": "How many pupils there are. " * 40})


def arranged(store: AccessStore) -> None:
    """Record an agreement, a project and many grants."""
    day = NOW.date()
    people = [f"person-{number}" for number in range(GRANTS)]
    agreement = {
        "id": "ISA-014",
        "title": "Rolls",
        "status": "signed",
        "mirror_of": {"system": "ISG", "reference": "1", "confirmed_on": day},
        "parties": [{"organisation": "camden", "role": "recipient"}],
        "purposes": ["school-place-planning"],
        "legal_basis": {},
        "covers": [{"entry": "entry-1"}],
        "outputs": "none",
        "start": day - dt.timedelta(days=10),
        "review_by": day + dt.timedelta(days=300),
        "end": day + dt.timedelta(days=300),
    }
    project = {
        "id": "places",
        "title": "Places",
        "purpose": "school-place-planning",
        "public_benefit": "x",
        "members": people,
        "agreements": ["ISA-014"],
        "end": day + dt.timedelta(days=300),
    }
    store.record(Agreement.from_dict(agreement), "bench")
    store.record(Project.from_dict(project), "bench")
    for number, person in enumerate(people):
        made = {"entry": "entry-1", "project": "places", "agreement": "ISA-014", "granted_by": "chen"}
        until = NOW + dt.timedelta(days=100)
        store.grant(Grant(id=f"grant-{number}", subject=person, until=until, granted_at=NOW, **made), "bench")


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = f"sqlite:///{folder / 'log.sqlite'}"
        a_long_log(address)
        figures = verifying(address)
        with AccessStore(f"sqlite:///{folder / 'grants.sqlite'}", folder / "anchors") as store:
            arranged(store)
            figures += [*logging(store), *deciding(store, an_entry("entry-1")), *importing(folder)]
        report("Audit", figures)


if __name__ == "__main__":
    main()
