"""The worker: it finds out what is due, and has each report made as the person who scheduled it."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyterhub.slugs import safe_slug

from londata.errors import LondataError, ScheduleError
from londata.records import Schedule
from londata.records.schedules import HUB, Run, RunState
from londata_hub.jobs import clearing, notifying, outcome, shelving, standing
from londata_hub.jobs.heart import BEAT_S, LEASE_S, Heart
from londata_hub.jobs.outcome import Outcome
from londata_hub.jobs.people import People
from londata_hub.jobs.sandboxed import Left, Limits, Place, perform
from londata_hub.settings import HubSettings
from londata_hub.store import RunStore

log = logging.getLogger(__name__)

#: Seconds that a token lasts longer than its run may.
GRACE_S = 120
FOLDERS = ("LONDATA_CATALOGS", "LONDATA_TEMPLATES")
STOPPED = "The worker was stopped."
_MAIN = "import sys; from londata.cli import main; sys.exit(main())"


@dataclass
class Worker:
    """Makes reports that are due.

    Parameters
    ----------
    store
        The schedules.
    people
        The hub, asked about people.
    hub
        The hub's settings.
    name
        The worker's own name; no two have the same at the same time.
    isolated
        Whether this machine can make sandboxes.
    limits
        What one run may take.
    beat_s, lease_s
        Seconds between two signs of life, and without one after which a run is lost.
    """

    store: RunStore
    people: People
    hub: HubSettings
    name: str
    isolated: bool
    limits: Limits = field(default_factory=Limits)
    beat_s: float = BEAT_S
    lease_s: float = LEASE_S
    stopping: threading.Event = field(default_factory=threading.Event)

    def take_over(self) -> None:
        """Give up what a worker of this name had in hand when it died: it is tried again at once."""
        for lost in self.store.lose(dt.timedelta(0), worker=self.name):
            self._tell_of(lost)

    def due(self) -> Iterable[Run]:
        """Find what is due, and what was lost; give the runs that may begin."""
        if self.stopping.is_set():
            return ()
        for lost in self.store.lose(dt.timedelta(seconds=self.lease_s)):
            self._tell_of(lost)
        for made in self.store.release():
            if made.state == "skipped":
                self._tell_of(made)
        return self.store.waiting()

    def perform(self, run_id: str) -> None:
        """Perform a run, unless somebody else did or does."""
        if self.stopping.is_set():
            return
        try:
            begun = self.store.begin(run_id, self.name)
        except ScheduleError as error:
            log.warning("The run %s does not begin: %s", run_id, error)
            return
        if begun is None:
            return
        schedule, run = begun
        with Heart(self.store, run.id, self.name, beat_s=self.beat_s, lease_s=self.lease_s) as heart:

            def unwanted() -> str:
                return STOPPED if self.stopping.is_set() else heart.why_not

            try:
                self._perform(schedule, run, unwanted)
            except (LondataError, OSError) as error:
                log.warning("The run %s failed: %s", run.id, error)
                self._finish(run, "failed", problem=str(error))
            except Exception as error:  # whatever it is, the run gets its end and is tried again
                log.exception("The run %s failed.", run.id)
                why = f"Something unforeseen went wrong in the worker ({type(error).__name__})."
                self._finish(run, "failed", problem=why)

    def folder(self, run: Run) -> Path:
        """Tell where a run's reports and its log are."""
        return self.hub.state / "reports" / run.schedule / run.id

    def _perform(self, schedule: Schedule, run: Run, unwanted: Callable[[], str]) -> None:
        template = standing.loaded(schedule, self.hub.state)
        if isinstance(template, str):
            self._finish(run, "failed", again=False, problem=template)
            return
        seconds = int(self.limits.seconds + GRACE_S)
        with self.people.token(schedule.owner, seconds, f"The scheduled report {schedule.title}") as token:

            def why_not() -> str:
                groups = self.people.groups(schedule.owner, token)
                return standing.why_not(self.store, schedule, groups, template)

            if why := why_not():
                self._refuse(schedule, run, why)
                return
            place = self._place(schedule, run)
            left = self._make(schedule, place, token, unwanted)
            why = why_not() if left.code and not left.stopped else ""  # access may have ended while it ran
        found, said = self._found(run, place, left)
        if left.stopped == STOPPED:
            self._finish(run, "lost", problem=STOPPED, **said)
        elif why:
            self._refuse(schedule, run, why, **said)
        else:
            if found.made and not unwanted():  # what is finished reaches its readers, also where others failed
                self._shelve(schedule, run.model_copy(update=said), place)
            state: RunState = "failed" if found.problem else "completed"
            self._finish(run, state, problem=found.problem, **said)

    def _found(self, run: Run, place: Place, left: Left) -> tuple[Outcome, dict[str, Any]]:
        """Bring what was made to its place, and write what is said of the run."""
        reports = outcome.bring(place.home, place.folder)
        found = outcome.read(reports, left, place.log)
        said: dict[str, Any] = {"made": found.made, "failed": found.failed, "summary": found.summary}
        return found, said | {"folder": f"{run.schedule}/{run.id}"}

    def _place(self, schedule: Schedule, run: Run) -> Place:
        own = standing.template_of(schedule, self.hub.state)
        place = Place(
            folder=self.folder(run),
            user=str(safe_slug(schedule.owner, max_length=63)),
            doors=self.hub.doors,
            isolated=self.isolated,
            shown=(*((own,) if isinstance(own, Path) else ()), *map(Path, self._folders().values())),
        )
        place.make()
        before = [each for each in self.store.runs(schedule.id) if each.scheduled_for == run.scheduled_for]
        earlier = [self.folder(each) / "reports" for each in before if each.attempt < run.attempt and each.folder]
        outcome.begin_with(place.home, earlier[0] if earlier else None)
        return place

    def _make(self, schedule: Schedule, place: Place, token: str, unwanted: Callable[[], str]) -> Left:
        environment = place.environment(schedule.owner, token, schedule.project or "") | self._folders()
        words = command(schedule, standing.template_of(schedule, self.hub.state))
        return perform(place, words, environment, self.limits, unwanted)

    def _folders(self) -> dict[str, str]:
        """Name the folders of catalogue and templates that this hub uses, where they are not the shipped ones."""
        return {name: self.hub.for_services[name] for name in FOLDERS if name in self.hub.for_services}

    def _refuse(self, schedule: Schedule, run: Run, why: str, **said: Any) -> None:
        """End a run whose owner may not have it made any more, and let the schedule come round no more."""
        with suppress(ScheduleError):  # somebody ended it meanwhile
            self.store.pause(schedule.id, HUB, why)
        self._finish(run, "refused", problem=why, **said)

    def _finish(self, run: Run, state: RunState, **said: Any) -> None:
        ended = self.store.finish(run.id, self.name, state, **said)
        if ended is not None:
            self._tell_of(ended)
            self._clear(ended.schedule)

    def _clear(self, schedule: str) -> None:
        """Keep what old runs left from filling the disk; should that go wrong, the next run does it."""
        try:
            clearing.clear(self.store, self.hub.state, schedule)
        except Exception:
            log.exception("What old runs of %s left was not cleared away.", schedule)

    def _shelve(self, schedule: Schedule, run: Run, place: Place) -> None:
        """Put the reports on the shelf, before the run ends: should the worker die here, it is done again."""
        try:
            shelving.shelve(self.store, schedule, run, place.folder)
        except LondataError as error:
            _note(place.log, f"The reports were not put on the shelf: {error}")
        except Exception as error:  # the reports are made, whatever becomes of them on the shelf
            log.exception("The reports of the run %s were not put on the shelf.", run.id)
            why = f"something unforeseen went wrong ({type(error).__name__})."
            _note(place.log, f"The reports were not put on the shelf: {why}")

    def _tell_of(self, run: Run) -> None:
        try:
            schedule = self.store.find(run.schedule)
        except ScheduleError as error:
            log.warning("Nobody was told of the run %s: %s", run.id, error)
            return
        if schedule:
            self._tell(schedule, run)

    def _is_tried_again(self, run: Run) -> bool:
        """Whether another attempt at the same occurrence waits already."""
        attempts = [each for each in self.store.runs(run.schedule) if each.scheduled_for == run.scheduled_for]
        return any(each.attempt > run.attempt and each.by_hand == run.by_hand for each in attempts)

    def _tell(self, schedule: Schedule, run: Run) -> None:
        """Tell whom the schedule names; what does not arrive changes nothing of the run."""
        try:
            problems = notifying.tell(schedule, run, self.hub, again=self._is_tried_again(run))
        except Exception as error:
            log.exception("Telling of the run %s failed.", run.id)
            problems = [f"Somebody may not have been told of this run ({type(error).__name__})."]
        for problem in problems:
            _note(self.folder(run) / "log.txt", problem)


def command(schedule: Schedule, template: Path | str) -> list[str]:
    """Write the command line that makes the schedule's report, as inside the sandbox; its log grows as it speaks."""
    words = [sys.executable, "-u", "-P", "-c", _MAIN, "report", "run", str(template), "--lines", "--out", "reports"]
    words += [word for name, value in schedule.parameters.items() for word in ("-p", f"{name}={_plain(value)}")]
    words += ["--each", schedule.each] if schedule.each else []
    return words + [word for each in schedule.formats for word in ("--format", each)]


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _note(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as words:
            words.write(f"{text}\n")
    except OSError as error:
        log.warning("%s (and it could not be noted: %s)", text, error)
