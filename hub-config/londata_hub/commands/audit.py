"""``londata-hub audit``: prove the log, and answer who read what for which purpose."""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

from sqlalchemy import Connection, select
from tqdm import tqdm

from londata.access import midnight
from londata.errors import UsageError
from londata_hub import audit, settings
from londata_hub.store.database import Database
from londata_hub.store.facts import state
from londata_hub.store.tables import entries

#: How many bad lines are named before the rest is counted, and how many readings are shown.
SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub audit``."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = commands.add_parser("verify", help="Find what was altered, removed or moved; exit code 1 if anything was")
    verify.add_argument(
        "--noted",
        type=_anchor,
        action="append",
        default=[],
        metavar="LINE:HASH",
        help="What somebody noted of the log when it was verified before",
    )
    report = commands.add_parser("report", help="Tell who read what for which purpose")
    report.add_argument("--agreement", default="", help="Under this agreement")
    report.add_argument("--project", default="", help="For this project")
    report.add_argument("--entry", default="", help="Of this entry")
    report.add_argument("--person", default="", help="By this person")
    report.add_argument("--denials", action="store_true", help="Tell who was told no instead, and why")
    report.add_argument("--from", dest="since", type=_day, metavar="DAY", help="From this day on, as 2026-03-31")
    report.add_argument("--to", dest="until", type=_day, metavar="DAY", help="Until this day, which counts")
    report.add_argument("--csv", type=Path, metavar="FILE", help="Write every reading, or every denial, into this file")


def run(arguments: argparse.Namespace) -> int:
    """Open the register's database and do what was asked."""
    return _verify(arguments.noted) if arguments.action == "verify" else _report(arguments)


def _verify(noted: list[audit.Anchor]) -> int:
    hub = settings.load()
    database = Database(hub.database)
    try:
        with database.reading() as connection:
            register, _ = state(connection)
        # First the notes, then the log: it may have got further than they say, never less far.
        anchors = [*noted, *audit.Anchors(hub.anchors, register).read()]
        with database.reading() as connection:
            count, last = audit.lines(connection), audit.end(connection)
            found = [*_others(hub.anchors, register), *_gone_over(connection, anchors, count)]
    finally:
        database.close()
    wrong = [each for each in found if not each.note]
    for each in (*wrong[:SHOWN], *(each for each in found if each.note)):
        print(f"{'Note' if each.note else 'WRONG'}: {each.text}.")
    if len(wrong) > SHOWN:
        print(f"… and {len(wrong) - SHOWN:,} more.")
    if any(each.against_note for each in wrong):
        print(_RESTORED.format(hub.anchors / register))
    print(
        f"{count:,} lines: "
        + (
            f"{_number(len(wrong), 'thing is', 'things are')} wrong."
            if wrong
            else "each as it was written, none missing."
        )
    )
    if count and not wrong:
        print(f"Whoever keeps {last.seq}:{last.hash} can tell later that this is still the same log.")
    return 1 if wrong else 0


_RESTORED = (
    "If a backup was restored on purpose: what came after it is lost, and {} tells where the log had got to. Convince "
    "yourself that nothing else is wrong, move that file away, keep it with the reason, and verify again."
)


def _gone_over(connection: Connection, anchors: list[audit.Anchor], count: int) -> list[audit.Finding]:
    with tqdm(total=count, unit=" lines", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
        return list(audit.verify(connection, anchors, tick=bar.update))


def _others(folder: Path, register: str) -> Iterator[audit.Finding]:
    """Name notes about other registers: where one was here, this one may have been put in its place."""
    for other in audit.registers(folder):
        if other != register:
            text = f"this machine noted the log of another register ({folder / other}), which is not the one here"
            yield audit.Finding(0, f"{text}; take the file away if you moved to another database on purpose")


def _report(arguments: argparse.Namespace) -> int:
    if arguments.since and arguments.until and arguments.since > arguments.until:
        raise UsageError(f"From {arguments.since} to {arguments.until} there is no day.", hint="Give --from first.")
    asked = audit.Asked(
        agreement=arguments.agreement,
        project=arguments.project,
        entry=arguments.entry,
        person=arguments.person,
        since=_begins(arguments.since),
        before=_begins(arguments.until + dt.timedelta(days=1) if arguments.until else None),
    )
    with _reading() as connection:
        _known(connection, asked)
        if arguments.denials:
            return _report_denials(audit.refusals(connection, asked), arguments.csv)
        readings, denials = audit.readings(connection, asked), audit.denials(connection, asked)
    if arguments.csv:
        _write(arguments.csv, readings, audit.Reading)
    for line in _said(readings, denials, None if arguments.csv else SHOWN):
        print(line)
    if arguments.csv:
        print(f"Every reading is in {arguments.csv}.")
    return 0


def _report_denials(denials: list[audit.Denial], file: Path | None) -> int:
    people = _number(len({each.person for each in denials}), "person was", "people were")
    print(f"{people} told no, {_number(len(denials), 'time', 'times')}.")
    if file:
        _write(file, denials, audit.Denial)
        print(f"Every denial is in {file}.")
        return 0
    for each in denials[:SHOWN]:
        who = each.person if each.actor == each.person else f"{each.actor} for {each.person}"
        print(f"{each.at}  {who} asked for {each.entry}, {f'project {each.project}' if each.project else 'no project'}")
        print(f"    {each.reason} (line {each.line})")
    if len(denials) > SHOWN:
        print(f"… and {len(denials) - SHOWN:,} more; --csv FILE writes them all.")
    return 0


def _known(connection: Connection, asked: audit.Asked) -> None:
    """Refuse a name that the log does not have: no readings would look as if nobody had read."""
    for name in ("agreement", "project", "entry", "person"):
        value, column = getattr(asked, name), "subject" if name == "person" else name
        if value and value not in (known := audit.named(connection, column)):
            if name == "entry":  # whoever asks for what is not there makes its name up
                there = set(connection.execute(select(entries.c.slug)).scalars())
                known = [each for each in known if each in there]
            few = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN:,} more" if len(known) > SHOWN else "")
            hint = f"It knows {few}." if known else "It knows none yet."
            raise UsageError(f"The log knows no {name} {value!r}.", hint=hint)


@contextmanager
def _reading() -> Iterator[Connection]:
    database = Database(settings.load().database)
    try:
        with database.reading() as connection:
            yield connection
    finally:
        database.close()


def _number(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _said(readings: list[audit.Reading], denials: int, shown: int | None) -> Iterable[str]:
    people, projects = ({getattr(each, name) for each in readings} for name in ("person", "project"))
    moved = sum(each.bytes or 0 for each in readings)
    read = _number(len(readings), "reading", "readings")
    by, served = _number(len(people), "person", "people"), _number(len(projects), "project", "projects")
    yield f"{read} by {by} for {served}, {moved:,} bytes."
    yield f"Somebody was told no {_number(denials, 'time', 'times')}."
    if shown is None:
        return
    for each in readings[:shown]:
        columns = "all columns" if each.columns is None else ", ".join(each.columns)
        where = each.row_filter if each.rows is None else f"{each.rows:,} rows ({each.row_filter or 'all rows'})"
        sent = "bytes not known" if each.bytes is None else f"{each.bytes:,} bytes"
        who = each.person if each.actor == each.person else f"{each.actor} for {each.person}"
        yield f"{each.at}  {who} read {each.entry} ({each.distribution}, {each.version}) for {each.purpose}"
        yield f"    {columns}; {where or 'all rows'}; {sent}"
        yield f"    project {each.project}, agreement {each.agreement}, decision in line {each.decision}"
    if len(readings) > shown:
        yield f"… and {len(readings) - shown:,} more; --csv FILE writes them all."


def _write(path: Path, found: Sequence[audit.Reading | audit.Denial], kind: type) -> None:
    names = [each.name for each in fields(kind)]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, names)
            table.writeheader()
            for each in found:
                row = asdict(each)
                if isinstance(each, audit.Reading):
                    row["columns"] = "(all)" if each.columns is None else "; ".join(each.columns)
                table.writerow({name: _cell(value) for name, value in row.items()})
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-03-31") from error


def _anchor(text: str) -> audit.Anchor:
    seq, _, found = text.partition(":")
    if not seq.isdecimal() or not int(seq) or len(found) != 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not as `audit verify` says it, as 13:5f…")
    return audit.Anchor(int(seq), found.lower())


def _begins(day: dt.date | None) -> str:
    return audit.written(midnight(day)) if day else ""
