"""The panel of schedules: what comes next, how the last runs ended, their logs, and the ways to change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from londata.errors import LondataError
from londata.records.schedules import Run
from londata.reports import scheduling
from londata.reports.scheduled import ScheduledReport, clock, run_words
from londata.sharing.display.words import clean, safe
from londata.widgets import form_parts as parts
from londata.widgets.new_schedule import NewSchedule

if TYPE_CHECKING:
    import ipywidgets

HEADERS = ("Schedule", "When", "State", "Next", "Last run")
RUN_HEADERS = ("For", "How it ended", "Reports")
#: How many moments and runs are shown of one schedule, and how much of a log.
MOMENTS, RUNS, MOST_OF_A_LOG = 5, 10, 20_000


def schedule_panel() -> ipywidgets.Widget:
    """Look at one's schedules, change them, and make new ones.

    Returns
    -------
    ipywidgets.Widget
        The panel; a sentence where there is no hub.
    """
    try:
        return Panel().widget
    except LondataError as error:
        return parts.sentence(error)


class Panel:
    """One's schedules in a table, one of them in detail, and a form for another."""

    def __init__(self) -> None:
        import ipywidgets as widgets

        self._shown: dict[str, ScheduledReport] = {}
        self._runs: list[Run] = []
        self.table = parts.place("list")
        self.which = parts.Field(widgets.Dropdown(description="Schedule to look at"))
        self.details, self.log = parts.place("list"), parts.place("log")
        self.reason = parts.Field(
            widgets.Text(description="Reason", continuous_update=False),
            "For pausing or ending; whoever looks reads it.",
        )
        self.run_now = parts.button("Run now", lambda: self._change("run"))
        self.pause = parts.button("Pause", lambda: self._change("pause"), second=True)
        self.resume = parts.button("Resume", lambda: self._change("resume"), second=True)
        self.end = parts.button("End for good", self._ask_twice, second=True)
        self.sure = parts.button("Yes, end it", lambda: self._change("end"))
        self.keep = parts.button("No, keep it", self._keep, second=True)
        self.read_log = parts.button("Show the newest log", self._show_log, second=True)
        self.answer = parts.place("answer")
        ways = parts.box(
            "buttons", self.run_now, self.pause, self.resume, self.end, self.sure, self.keep, self.read_log
        )
        again = parts.button("Look again", self.look, second=True)
        self.one = parts.box("decide", self.which.box, self.details, self.reason.box, ways, self.answer, self.log)
        self.new = NewSchedule(self._made)
        title = parts.place("head", parts.heading("Your schedules"))
        self.widget = parts.form(title, self.table, again, self.one, self.new.widget)
        self._look()
        self.which.control.observe(lambda _: self._detail(), "value")

    def look(self) -> None:
        """Look for what has changed."""
        try:
            self._look()
        except LondataError as error:
            self.answer.value = parts.problem(str(error))

    def _look(self, chosen: str = "") -> None:
        self._shown = {each.id: each for each in scheduling.schedules()}
        count = {0: "You have no schedules yet", 1: "1 schedule"}.get(len(self._shown), f"{len(self._shown)} schedules")
        rows = [_row(each) for each in self._shown.values()]
        self.table.value = parts.reflowing_table(count, HEADERS, rows) if rows else f"<p>{count}.</p>"
        before = chosen or self.which.control.value
        self.which.control.options = [(_option(each), each.id) for each in self._shown.values()]
        first = next(iter(self._shown), None)
        self.which.control.value = before if before in self._shown else first
        self.one.layout.display = None if self._shown else "none"
        self._detail()

    def _detail(self) -> None:
        """Show the chosen schedule: its next moments and its runs, and the ways that are open to it."""
        self.log.value = ""
        self._keep()
        chosen = self._chosen()
        if chosen is None:
            return
        try:
            self._runs = list(chosen.runs(RUNS))
        except LondataError as error:
            self.details.value = parts.problem(str(error))
            return
        zone = chosen.record.timezone
        moments = "".join(f"<li>{safe(clock(each, zone))}</li>" for each in chosen.next_runs(MOMENTS))
        coming = f"<p>Next by the clock of {safe(zone)}:</p><ul>{moments}</ul>" if moments else ""
        rows = [_run_row(each, zone) for each in self._runs]
        runs = parts.reflowing_table("Newest runs", RUN_HEADERS, rows) if rows else "<p>It has not run yet.</p>"
        standing = f"It comes round {safe(chosen.record.words)}. State: {safe(chosen.standing.rstrip('.'), 400)}."
        advice = f"<p>{safe(chosen.record.advice, 400)}</p>" if chosen.record.advice else ""
        self.details.value = f"<p>{standing}</p>{advice}{coming}{runs}"

    def _keep(self) -> None:
        """Put the buttons back as they are for the chosen schedule."""
        chosen = self._chosen()
        state = chosen.state if chosen else "ended"
        ways = {
            self.run_now: state != "ended",
            self.pause: state == "active",
            self.resume: state == "paused",
            self.end: state != "ended",
            self.sure: False,
            self.keep: False,
            self.read_log: chosen is not None,
        }
        for button, is_open in ways.items():
            button.layout.display = None if is_open else "none"
        self.reason.box.layout.display = None if state != "ended" else "none"

    def _ask_twice(self) -> None:
        """Ask before what cannot be taken back."""
        for button in (self.run_now, self.pause, self.resume, self.end, self.read_log):
            button.layout.display = "none"
        for button in (self.sure, self.keep):
            button.layout.display = None
        self.answer.value = parts.status("<p>It will not come round again, and cannot be resumed. End it?</p>")

    def _change(self, what: str) -> None:
        chosen, reason = self._chosen(), self.reason.control.value.strip()
        if chosen is None:
            return
        try:
            if what == "run":
                done, said = chosen.run_now(), "The hub runs it now"
            elif what == "pause":
                done, said = chosen.pause(reason), "It is paused"
            elif what == "resume":
                done, said = chosen.resume(), "It goes on"
            else:
                done, said = chosen.end(reason), "It has ended"
            self.reason.control.value = ""
            self._look(done.id)
        except LondataError as error:
            self._keep()
            self.answer.value = parts.problem(str(error))
            return
        self.answer.value = parts.status(f"<p>{said}: {safe(done.record.title, 200)}.</p>")

    def _show_log(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        try:
            text = chosen.log()
        except LondataError as error:
            self.answer.value = parts.problem(str(error))
            return
        end = text[-MOST_OF_A_LOG:]
        cut = f"(The last {MOST_OF_A_LOG:,} of {len(text):,} characters.)\n" if len(text) > MOST_OF_A_LOG else ""
        self.log.value = parts.lines("Log of the newest run", cut + (end or "Nothing was said."))

    def _made(self, made: ScheduledReport) -> None:
        self._look(made.id)

    def _chosen(self) -> ScheduledReport | None:
        return self._shown.get(self.which.control.value or "")


def _row(each: ScheduledReport) -> tuple[str, ...]:
    upcoming = each.next_runs(1)
    return (
        safe(each.record.title, 160),
        safe(each.record.words, 160),
        safe(each.standing, 300),
        safe(clock(upcoming[0], each.record.timezone)) if upcoming else "none",
        safe(each.last_words, 400),
    )


def _run_row(run: Run, timezone: str) -> tuple[str, ...]:
    made = f"{run.made} made, {run.failed} failed" if run.made or run.failed else "none"
    return safe(clock(run.scheduled_for, timezone)), safe(run_words(run, short=True), 600), made


def _option(each: ScheduledReport) -> str:
    return f"{clean(each.record.title, 60)} ({each.id})"
