"""The pages of the service of reports: what one may open, one's schedules, a schedule, a run. Pure: facts in, HTML out.

Titles, parameters, reasons and logs are other people's words; every one is escaped.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from londata.records.schedules import Run, Schedule
from londata.reports.job import NOTEBOOK, PDF, RECEIPT
from londata_hub.jobs.shelf import ABOUT_DATA, Shelved
from londata_hub.services.look import moment, page, safe, table

HOME = ("/hub/home", "Your workbench")
#: state of a run → what is said of it.
RUN_WORDS = {
    "waiting": "waits for its turn",
    "running": "runs",
    "completed": "completed",
    "failed": "failed",
    "lost": "lost: its worker went silent",
    "refused": "refused: access had ended",
    "skipped": "skipped",
    "stopped": "stopped",
}
#: How many runs a schedule's page shows.
MOST_RUNS = 20
#: Below more reports than these the schedules are out of sight, and a link leads to them.
FEW = 5
#: Longest words of a problem that stand in a list; the rest is behind “more”.
SHORT = 160


def index(
    prefix: str,
    reports: Sequence[Shelved],
    schedules: Sequence[Mapping[str, Any]],
    offset: int,
    most: int,
    made_for: Mapping[str, str],
) -> str:
    """Write the page with the reports that somebody may open, and their schedules.

    Parameters
    ----------
    prefix
        The path of the service.
    reports
        All that they may open, the newest first.
    schedules
        As the desk tells them.
    offset, most
        Which reports are on this page.
    made_for
        Id of a schedule → for whom its reports are made, and by what.
    """
    shown = reports[offset : offset + most]
    rows = [_report(prefix, each, made_for.get(each.schedule, f"By {each.entry.owner}")) for each in shown]
    count = {0: "No report is on the shelf for you", 1: "1 report"}.get(len(reports), f"{len(reports):,} reports")
    part = f", {offset + 1:,} to {offset + len(shown):,}" if len(reports) > len(shown) and shown else ""
    headers = ("Report", "Place", "As of", "Data", "Also as")
    found = table(f"{count}{part}", headers, rows) if rows else f"<p>{count}.</p>"
    ways = []
    if offset:
        ways.append(f'<a href="{safe(prefix)}?offset={max(0, offset - most)}">Newer reports</a>')
    if offset + most < len(reports):
        ways.append(f'<a href="{safe(prefix)}?offset={offset + most}">Older reports</a>')
    made = [_line(prefix, each) for each in schedules]
    there = '<p><a href="#schedules">Your schedules</a></p>' if made and len(rows) > FEW else ""
    body = f"{there}<h2>Reports for you</h2>{found}<p>{' · '.join(ways)}</p>"
    body += '<h2 id="schedules">Your schedules</h2>'
    if made:
        body += table("Schedules of yours", ("Schedule", "When", "State", "Next", "Last run"), made)
    else:
        body += "<p>You have none. Make one in a notebook: <code>londata.reports.schedule(…)</code>.</p>"
    return page("Reports", body, [HOME])


def _report(prefix: str, report: Shelved, whose: str) -> tuple[str, ...]:
    about = f'<a href="{safe(prefix)}about/{safe(report.slug)}">about it</a>'
    return (
        f'{_opened(prefix, report)}<br><span class="quiet">{safe(whose)} ({about})</span>',
        safe(report.place),
        moment(dt.datetime.fromisoformat(report.made_at)),
        safe(report.entry.access),
        _files(prefix, report),
    )


def _opened(prefix: str, report: Shelved) -> str:
    return f'<a href="{safe(prefix)}shelf/{safe(report.slug)}/">{safe(report.entry.title)}</a>'


def _files(prefix: str, report: Shelved) -> str:
    """Link what there is of a report beside its page."""
    at = f"{prefix}shelf/{report.slug}/"
    others = [(NOTEBOOK, "notebook"), (PDF, "PDF"), (RECEIPT, "receipt")]
    links = [f'<a href="{safe(at + name)}">{words}</a>' for name, words in others if name in report.files]
    data = [name for name in sorted(report.files) if name.startswith("data/") and not name.endswith(ABOUT_DATA)]
    links += [f'<a href="{safe(at + quote(name))}">{safe(name.removeprefix("data/"))}</a>' for name in data]
    return ", ".join(links)


def about(prefix: str, report: Shelved, whose: str, own: Schedule | None, secret: str) -> str:
    """Write the page about a report.

    Parameters
    ----------
    prefix
        The path of the service.
    report
        The report.
    whose
        For whom it was made, and by what.
    own
        The schedule that made it, where the visitor owns that.
    secret
        What the form of this visitor holds; empty where they may change nothing.
    """
    facts = [
        ("Report", _opened(prefix, report)),
        ("Place", safe(report.place)),
        ("As of", moment(dt.datetime.fromisoformat(report.made_at))),
        ("Data", safe(report.entry.access)),
        ("Origin", safe(whose)),
        ("Also as", _files(prefix, report)),
    ]
    if own is not None:
        schedule = f'<a href="{safe(prefix)}schedules/{safe(own.id)}">{safe(own.title)}</a>'
        audience = safe(", ".join(report.entry.audience) or "everybody at the hub")
        facts += [("Schedule", schedule), ("Who may open it", audience)]
    rows = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts if value)
    body = f"<dl>{rows}</dl>"
    if secret:
        sentence = "Nobody can open it then; the next run of its schedule puts a new one there."
        form = _with_reason(f"{prefix}about/{report.slug}/withdraw", "withdraw", "Withdraw", secret, sentence)
        body += f'<div class="ways">{form}</div>'
    return page(report.entry.title, body, [HOME, (prefix, "Reports")])


def _line(prefix: str, told: Mapping[str, Any]) -> tuple[str, ...]:
    coming = told["next_runs"]
    last = told["last"]
    return (
        f'<a href="{safe(prefix)}schedules/{safe(told["id"])}">{safe(told["title"])}</a>',
        safe(told["words"]),
        _state(told["state"], told["reason"]),
        moment(coming[0], told["timezone"]) if coming else "",
        _ended(last["state"], last["problem"] or last["summary"]) if last else "none yet",
    )


def _state(state: str, reason: str) -> str:
    why = f": {safe(reason)}" if reason else ""
    return f'<span class="state">{safe(state)}</span>{why}'


def _ended(state: str, words: str) -> str:
    said = f"<br>{_folded(words)}" if words else ""
    mark = ' class="failed"' if state in ("failed", "lost", "refused") else ""
    return f"<div{mark}>{safe(RUN_WORDS.get(state, state))}{said}</div>"


def _folded(words: str) -> str:
    """Write long words as their beginning, with all of them behind “more”."""
    first, *others = words.splitlines()
    short = textwrap.shorten(first, SHORT, placeholder=" …")
    if short == " ".join(first.split()) and not others:
        return safe(words)
    return f'{safe(short)} <details class="more"><summary>more</summary><p>{safe(words)}</p></details>'


def schedule(
    prefix: str, told: Mapping[str, Any], record: Schedule, runs: Sequence[Run], secret: str, problem: str = ""
) -> str:
    """Write the page of a schedule.

    Parameters
    ----------
    prefix
        The path of the service.
    told, record
        The schedule, as the desk tells it and as it is kept.
    runs
        The newest first.
    secret
        What the forms of this visitor hold; empty where they may change nothing.
    problem
        What went wrong with what was just asked for.
    """
    given = ", ".join(f"{name} = {value}" for name, value in record.parameters.items())
    facts = [
        ("Template", safe(record.template) + (" (the owner's own)" if record.notebook else "")),
        ("When", safe(record.words)),
        ("State", _state(record.state, record.reason)),
        ("What now", safe(record.advice)),
        ("Next", _listed([moment(each, record.timezone) for each in told["next_runs"]])),
        ("One report for each", safe(record.each)),
        ("Parameters", safe(given)),
        ("Project", safe(record.project or "")),
        ("Runs as", safe(record.owner)),
        ("Who may see it", safe(", ".join(record.audience))),
        ("Also as", safe(", ".join(record.formats))),
        ("Who is told", safe(", ".join(record.notify))),
    ]
    rows = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts if value)
    error = f'<p class="failed" role="alert">{safe(problem)}</p>' if problem else ""
    body = f"{error}<dl>{rows}</dl>{_ways(prefix, record, runs, secret)}<h2>Runs</h2>{_runs(prefix, record, runs)}"
    return page(record.title, body, [HOME, (prefix, "Reports")])


def _runs(prefix: str, record: Schedule, runs: Sequence[Run]) -> str:
    if not runs:
        return "<p>It has not run yet.</p>"
    rows = [
        (
            f'<a href="{safe(prefix)}runs/{quote(each.id, safe="")}">{moment(each.scheduled_for, record.timezone)}</a>',
            _ended(each.state, _why(each, newer)),
            _counted(each),
            f"{each.attempt}",
        )
        for newer, each in zip([None, *runs], runs, strict=False)
    ]
    caption = f"The {len(runs)} newest runs" if len(runs) >= MOST_RUNS else "All runs"
    return table(caption, ("For", "How it ended", "Reports", "Attempt"), rows)


def _why(run: Run, newer: Run | None) -> str:
    """Say why it ended so; another attempt at the same that ended for the same reason says it once."""
    if newer and run.problem and (run.problem, run.scheduled_for) == (newer.problem, newer.scheduled_for):
        return f"for the same reason as attempt {newer.attempt}"
    return run.problem or run.summary


def _counted(run: Run) -> str:
    if run.made or run.failed or run.state == "completed":
        return f"{run.made:,} made, {run.failed:,} failed"
    return "none yet" if run.state in ("waiting", "running") else "none"


def _ways(prefix: str, record: Schedule, runs: Sequence[Run], secret: str) -> str:
    if not secret:
        return ""
    at = f"{prefix}schedules/{record.id}/"
    under_way = [each for each in runs if each.state in ("waiting", "running")]
    stop = [_button(f"{at}stop", "Stop the run", secret, run=each.id) for each in under_way[:1]]
    if record.state == "ended":
        return f'<div class="ways">{stop[0]}</div>' if stop else ""
    change = [_button(f"{at}run", "Run now", secret), *stop]
    if record.state == "active":
        change.append(_with_reason(f"{at}pause", "pause", "Pause", secret))
    else:
        change.append(_button(f"{at}resume", "Resume", secret))
    change.append(_with_reason(f"{at}end", "end", "End for good", secret))
    return f'<div class="ways">{"".join(change)}</div>'


def _button(action: str, words: str, secret: str, run: str = "") -> str:
    which = f'<input type="hidden" name="run" value="{safe(run)}">' if run else ""
    return f"{_form(action, secret)}{which}<button>{words}</button></form>"


#: what is done → the words on the button that does it.
_SURE = {"end": "Yes, end it", "pause": "Pause it", "withdraw": "Yes, withdraw it"}


def _with_reason(action: str, what: str, words: str, secret: str, sentence: str = "") -> str:
    """Write a form that is folded away until it is wanted: what cannot be taken back is asked for twice."""
    told = f"<p>{sentence}</p>" if sentence else ""
    field = f'<label for="why-{what}">Why?</label><input type="text" id="why-{what}" name="reason" maxlength="500">'
    form = f"{_form(action, secret)}{told}{field}<p><button>{_SURE[what]}</button></p></form>"
    return f"<details><summary>{words} …</summary>{form}</details>"


def _form(action: str, secret: str) -> str:
    return f'<form method="post" action="{safe(action)}"><input type="hidden" name="secret" value="{safe(secret)}">'


def run(prefix: str, found: Run, record: Schedule, log: str | None) -> str:
    """Write the page of a run.

    Parameters
    ----------
    prefix
        The path of the service.
    found, record
        The run and its schedule.
    log
        Its end; ``None`` for whoever may not read it.
    """
    facts = [
        ("For", moment(found.scheduled_for, record.timezone)),
        ("How it ended", _ended(found.state, found.problem or found.summary)),
        ("Attempt", str(found.attempt)),
        ("Began", moment(found.started_at, record.timezone)),
        ("Ended", moment(found.ended_at, record.timezone)),
        ("Reports", _counted(found)),
    ]
    rows = "".join(f"<dt>{label}</dt><dd>{value}</dd>" for label, value in facts if value)
    so_far = found.state == "running"
    heading = "Log so far" if so_far else "Log"
    silence = "Nothing was said so far." if so_far else "Nothing was said."
    more = "<p>It is still running: load the page again to see what it has said since.</p>" if so_far else ""
    told = "" if log is None else f"<h2>{heading}</h2>{more}<pre>{safe(log) or silence}</pre>"
    ways = [HOME, (prefix, "Reports"), (f"{prefix}schedules/{record.id}", record.title)]
    return page(f"A run of {record.title}", f"<dl>{rows}</dl>{told}", ways)


def notice(prefix: str, title: str, sentence: str) -> str:
    """Say in a sentence why there is nothing else to show.

    Parameters
    ----------
    prefix
        The path of the service.
    title, sentence
        Plain text.
    """
    return page(title, f"<p>{safe(sentence)}</p>", [HOME, (prefix, "Reports")])


def _listed(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{each}</li>' for each in items)}</ul>" if items else ""
