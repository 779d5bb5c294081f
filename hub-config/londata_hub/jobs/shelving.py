"""After a run: each of its reports becomes an insight in the register, and is put where its readers can open it.

What a report rests on is asked of the hub's own log as well as of the receipt, which the run wrote itself; where both
speak, the more restrictive one counts. Who may see a report is worked out by :mod:`londata_hub.jobs.readership`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from londata.errors import LondataError, ReportError
from londata.records import Entry, Insight, Publisher, entry_from_dict, slugify
from londata.records.identifiers import MAX_SLUG
from londata.records.schedules import Run, Schedule
from londata.reports import receipts, templates
from londata.reports.job import RECEIPT
from londata.reports.templates import Template
from londata_hub import audit
from londata_hub.jobs.readership import Basis, Places, readership
from londata_hub.jobs.shelf import Shelf, Shelved
from londata_hub.store import RegisterStore
from londata_hub.store.schedule_store import ScheduleStore

#: Address of a report on the shelf, and who is named as the publisher of reports from people's own templates.
ADDRESS = "/services/reports/shelf/{slug}/"
ANALYSTS = Publisher(id="analysts", name="Analysts at this hub")
ORDER = ("open", "shared", "closed")
SOURCE = "report:{schedule}"
#: Longest receipt that is read, and most reports of one run.
MOST_BYTES, MOST_REPORTS = 50_000_000, 1_000


@dataclass(frozen=True)
class Made:
    """One finished report of a run: its folder, and what its receipt says that matters here."""

    folder: Path
    title: str
    place: str
    reads: tuple[str, ...]
    is_around: bool
    outputs: dict[str, str]


def shelve(
    store: ScheduleStore, schedule: Schedule, run: Run, folder: Path, *, register: RegisterStore | None = None
) -> list[Entry]:
    """Register the reports of a run as insights, and put them on the shelf.

    Parameters
    ----------
    store
        The arrangements and the log.
    schedule, run
        What ran.
    folder
        The run's folder, with ``reports/`` and ``log.txt``.
    register
        Where entries are written; the hub's own when not given.

    Returns
    -------
    list of Entry
        One for each report that is on the shelf by now. What could not be put there, and who was left out of an
        audience, is said in the run's log.
    """
    if register is None:
        with store.register(_state_of(folder) / "index") as opened:
            return shelve(store, schedule, run, folder, register=opened)
    work = _Shelving(store, register, schedule, run, folder)
    return [entry for made in work.finished() if (entry := work.put(made)) is not None]


class _Shelving:
    """The reports of one run on their way to the shelf."""

    def __init__(
        self, store: ScheduleStore, register: RegisterStore, schedule: Schedule, run: Run, folder: Path
    ) -> None:
        self.store, self.register, self.schedule, self.run, self.folder = store, register, schedule, run, folder
        self.state = _state_of(folder)
        self.shelf = Shelf(self.state / "shelf")
        self.template = templates.load(
            self.state / "templates" / schedule.notebook / schedule.template if schedule.notebook else schedule.template
        )
        self.logged = self._readings()

    def finished(self) -> Iterator[Made]:
        """Go through the reports that the run finished; what else lies there is none of the shelf's business."""
        reports = self.folder / "reports"
        found = [each for each in sorted(reports.iterdir()) if _is_report(each)] if reports.is_dir() else []
        if len(found) > MOST_REPORTS:
            self.say(f"There are more than {MOST_REPORTS} reports; the others are not put on the shelf.")
        for each in found[:MOST_REPORTS]:
            try:
                yield self._read(each)
            except (LondataError, OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
                self.say(f"{each.name} is not put on the shelf: {problem}")

    def put(self, made: Made) -> Entry | None:
        """Put one report on the shelf, unless a newer one of its series is there."""
        try:
            entry = self._entry(made)
            there = self.shelf.find(entry.id)
            if there and there.schedule == self.schedule.id and there.made_at > self._moment():
                self.say(f"{entry.title}: a newer one is on the shelf.")
                return None
            if self.shelf.withdrawn_until(entry.id) >= self._moment():  # another attempt at what was withdrawn
                self.say(f"{entry.title}: its owner withdrew it; the next run puts a new one there.")
                return None
            about = {"run": self.run.id, "schedule": self.schedule.id, "made_at": self._moment(), "place": made.place}
            shelved = self.shelf.put(entry, made.folder, **about)
        except (LondataError, OSError, ValueError) as problem:  # the last is of a record that breaks a rule
            self.say(f"{made.folder.name} is not put on the shelf: {problem}")
            return None
        try:
            _check(shelved, made)
            # In the register first: until the new version is shown, both labels must let a reader in.
            self._register(entry)
            self._log(shelved)
        except LondataError as problem:
            self.shelf.drop(shelved)
            self.say(f"{made.folder.name} is not put on the shelf: {problem}")
            return None
        self.shelf.show(shelved)
        return entry

    def say(self, text: str) -> None:
        """Add a line to the run's log."""
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{dt.datetime.now(dt.UTC).isoformat(timespec='seconds')} shelf: {' '.join(text.split())}\n")

    def _moment(self) -> str:
        return self.run.scheduled_for.astimezone(dt.UTC).isoformat(timespec="seconds")

    def _read(self, folder: Path) -> Made:
        """Read what a receipt says. The run wrote it, so it is text of a stranger."""
        path = folder / RECEIPT
        if path.is_symlink() or path.stat().st_size > MOST_BYTES:
            raise ReportError("its receipt is a link, or very long.")
        said = receipts.load(path)
        place = str(said.parameters[self.schedule.each]) if self.schedule.each else ""
        reads = tuple(dict.fromkeys(str(each["entry"]) for each in said.reads))
        title = " ".join(said.title.split())[:300] or self.schedule.title
        outputs = {str(each["name"]): str(each["sha256"]) for each in said.outputs}
        return Made(folder, title, place, reads, bool(said.around), outputs)

    def _readings(self) -> list[audit.Reading]:
        """List what the log knows of shared and closed data read by the owner while this ran.

        It ran since its first attempt: another one goes on with what was finished. A shipped template reads for the
        schedule's project; somebody's own may have read for any other one of theirs.
        """
        attempts = [each for each in self.store.runs(self.run.schedule) if each.scheduled_for == self.run.scheduled_for]
        began = [each.started_at for each in (*attempts, self.run) if each.started_at]
        since = min(began, default=self.run.scheduled_for)
        before = (self.run.ended_at or self.store.now()) + dt.timedelta(seconds=1)
        asked = audit.Asked(
            person=self.schedule.owner,
            project="" if self.schedule.notebook else self.schedule.project or "",
            since=audit.written(since),
            before=audit.written(before),
        )
        return self.store.readings(asked)

    def _basis(self, made: Made) -> Basis:
        """Say what a report rests on: the more restrictive of its receipt and the log."""
        slugs = list(dict.fromkeys([*made.reads, *(each.entry for each in self.logged)]))
        found = {slug: self.store.entry(slug) for slug in slugs}
        levels = [each.access if each else "closed" for each in found.values()] + ["shared"] * made.is_around
        access = max(levels, key=ORDER.index, default="shared")
        arrangements, now = self.store.arrangements(), self.store.now()
        shut = [slug for slug, each in found.items() if each is None or each.access != "open"]
        known = {each.entry: each.agreement for each in self.logged if each.agreement}
        # Of what the log does not know, whichever agreement covers it may have been the one.
        covering = {each.id for slug in shut if slug not in known for each in arrangements.covering(slug)}
        names = sorted({each.agreement for each in self.logged if each.agreement} | covering)
        parties = [arrangements.parties(name) for name in names]
        allowed = frozenset.intersection(*parties) if parties else frozenset()
        return Basis(access, tuple(slug for slug, each in found.items() if each), allowed, made.is_around, now)

    def _entry(self, made: Made) -> Insight:
        basis = self._basis(made)
        audience, left_out = readership(self.schedule, made.place, basis, Places.of(self.register))
        for sentence in left_out:
            self.say(f"{made.folder.name}: {sentence}")
        told = _about(self.template, self.schedule, self.store.entry(self.schedule.template))
        slug = _slug(self.schedule.id, made.place)
        label = (made.place or made.title).removeprefix(f"{told['title']}: ")  # a single report's title begins so
        values = told | {
            "kind": "insight",
            "form": "report",
            "id": slug,
            "title": f"{told['title']}: {label}" if label != told["title"] else label,
            "access": basis.access,
            "uses": [each for each in basis.uses if each != slug],
            "address": ADDRESS.format(slug=slug),
            "updated": self.run.scheduled_for.date(),
            "geography": {"original": made.place},
            "listing": "members" if audience else "public",
            "audience": audience,
        }
        return _insight({name: value for name, value in values.items() if value not in ("", [], (), None)})

    def _register(self, entry: Insight) -> None:
        source = SOURCE.format(schedule=self.schedule.id)
        report = self.register.upsert([entry], source=source)
        if report.refused:
            raise ReportError(f"the register has it not: {report.refused[0].reason}.")

    def _log(self, shelved: Shelved) -> None:
        entry = shelved.entry
        details = {
            "id": entry.id,
            "run": self.run.id,
            "access": entry.access,
            "audience": list(entry.audience),
            "receipt": shelved.files[RECEIPT],
        }
        project = self.schedule.project or ""
        owner = self.schedule.owner
        self.store.log(
            audit.Event(
                "report.shelved", "londata-hub", subject=owner, entry=entry.id, project=project, details=details
            )
        )


def _state_of(folder: Path) -> Path:
    """Tell where the hub keeps everything, from the folder of a run: ``<state>/reports/<schedule>/<run>``."""
    return folder.resolve().parents[2]


def _is_report(folder: Path) -> bool:
    plain = folder.is_dir() and not folder.is_symlink() and "." not in folder.name
    return plain and (folder / RECEIPT).exists()


def _check(shelved: Shelved, made: Made) -> None:
    """See that what was copied is what the receipt vouches for.

    Raises
    ------
    ReportError
        A file is another than the one that the receipt names.
    """
    for name, sha256 in shelved.files.items():
        if name != RECEIPT and made.outputs.get(name) != sha256:
            raise ReportError(f"{name} is not the file that its receipt names.", hint="Run it again.")


def _slug(schedule: str, place: str) -> str:
    """Name a report's entry. The schedule's id is part of it, so no two schedules ever want the same name.

    Neither do two places: where letters of one are lost, some of its hash is added.
    """
    if not place:
        return schedule
    plain = slugify(place)
    name = f"{schedule}-{plain}"
    if plain == place.lower().replace(" ", "-") and len(name) <= MAX_SLUG:
        return name
    digest = hashlib.sha256(place.encode()).hexdigest()[:8]
    return f"{name[: MAX_SLUG - 9].rstrip('-')}-{digest}"


def _about(template: Template, schedule: Schedule, series: Entry | None) -> dict[str, Any]:
    """Say what a report has from its template: of a shipped one the register's words, of one's own what it says."""
    if not schedule.notebook and isinstance(series, Insight):
        kept = ("publisher", "licence", "topics", "tags", "owner", "public_benefit", "friction", "method", "limits")
        written = series.to_dict()
        return {name: written[name] for name in kept if name in written} | {
            "title": series.title,
            "summary": series.summary,
            "series": series.id,
        }
    said = template.insight
    texts = {name: " ".join(str(said.get(name, "")).split()) for name in ("friction", "method", "limits")}
    return texts | {
        "title": template.title,
        "summary": template.purpose[:250],
        "publisher": ANALYSTS.to_dict(),
        "owner": schedule.owner if schedule.notebook else template.owner,
        "public_benefit": str(said.get("public_benefit") or template.purpose),
    }


def _insight(values: dict[str, Any]) -> Insight:
    entry = entry_from_dict(values)
    if not isinstance(entry, Insight):
        raise ReportError("it is no insight.")
    return entry
