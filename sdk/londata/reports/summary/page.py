"""Writing the summary of a batch beside its reports; links in it are relative, so the folder can move as a whole."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import londata
from londata.reports import job as jobs
from londata.reports.summary.account import WORDS, Account, Outcome

PAGE, DATA = "batch.html", "batch.json"
_HERE = Path(__file__).parent
_STYLE = _HERE.parent / "page" / "page.css"
_SHORT_PIN = 12


def write(account: Account, folder: Path) -> None:
    """Write the summary as JSON and as a page; each is put in its place in one step.

    Parameters
    ----------
    account
        What became of the batch so far.
    folder
        Where; made if it is not there.

    Raises
    ------
    ReportError
        It cannot be written.
    """
    with jobs.writing_to(folder.parent):
        folder.mkdir(exist_ok=True)
        _put(folder / DATA, json.dumps(_as_json(account, folder), indent=2, ensure_ascii=False) + "\n")
        _put(folder / PAGE, _page(account, folder))


def _put(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")  # two batches may be of one day
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    part.replace(path)


def _as_json(account: Account, folder: Path) -> dict[str, Any]:
    return {
        "id": account.id,
        "template": account.template,
        "title": account.title,
        "each": account.each,
        "parameters": dict(account.parameters),
        "formats": list(account.formats),
        "where": account.where,
        "state": account.state,
        "sentence": account.sentence,
        "started": account.started,
        "ended": account.ended,
        "londata": londata.__version__,
        "counts": account.counts,
        "versions": account.pins,
        "reports": [_line(each, folder) for each in account.outcomes],
    }


def _line(outcome: Outcome, folder: Path) -> dict[str, Any]:
    return {
        "value": outcome.value,
        "status": outcome.how,
        "seconds": round(outcome.seconds, 3),
        "folder": outcome.folder.name if outcome.folder else "",
        "link": _link(outcome, folder),
        "made": outcome.made,
        "problem": outcome.problem,
        "where": outcome.where,
        "hint": outcome.hint,
        "changes": outcome.changes.to_json() if outcome.changes else None,
    }


def _link(outcome: Outcome, folder: Path) -> str:
    """Link the page of a report, or the notebook that is kept of one that did not end well."""
    if outcome.folder is None:
        return ""
    name = jobs.PAGE if outcome.how in ("completed", "reused") else jobs.NOTEBOOK
    return quote(os.path.relpath(outcome.folder / name, folder).replace(os.sep, "/"))


@cache
def _layout() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(_HERE)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("batch.html.j2")


def _page(account: Account, folder: Path) -> str:
    rows = [
        {
            "value": each.value,
            "how": each.how,
            "word": WORDS[each.how],
            "took": _took(each.seconds) if each.how not in ("reused", "missing") else "",
            "link": _link(each, folder),
            "sentence": each.sentence,
            "hint": each.hint,
            "since": _since(each),
            "before": _link_before(each, folder),
            "day": _day(each.changes.day) if each.changes else "",
        }
        for each in account.outcomes
    ]
    pins = [(entry, name, pin) for entry, found in account.pins.items() for name, pin in found.items()]
    page: str = _layout().render(
        batch=account,
        rows=rows,
        bad=[row for row in rows if row["how"] in ("failed", "stopped")],
        missing=[each.value for each in account.among("missing")],
        day=_day(account.started),
        took=_took(_seconds(account)) if account.ended else "",
        pins=[(entry, name, pin if " " in pin else f"{pin[:_SHORT_PIN]}…") for entry, name, pin in pins],
        style=_STYLE.read_text(encoding="utf-8"),
        londata=londata.__version__,
        data=DATA,
    )
    return page


def _since(outcome: Outcome) -> tuple[str, ...]:
    if outcome.how == "reused":
        return (f"Nothing changed since it was made on {_day(outcome.made)}.",)
    if outcome.how != "completed":
        return ()
    return outcome.changes.sentences if outcome.changes else ("The first of its series here.",)


def _link_before(outcome: Outcome, folder: Path) -> str:
    """Link the report before, if it is still there under a name of its own."""
    before = outcome.changes.since if outcome.changes else ""
    replaced = outcome.folder is not None and outcome.folder.name == before
    there = before and not replaced and (folder.parent / before / jobs.PAGE).is_file()
    return quote(f"../{before}/{jobs.PAGE}") if there else ""


def _day(moment: str) -> str:
    day = dt.datetime.fromisoformat(moment)
    day = day.astimezone() if day.tzinfo else day
    return f"{day.day} {day:%B %Y}"


def _seconds(account: Account) -> float:
    return (dt.datetime.fromisoformat(account.ended) - dt.datetime.fromisoformat(account.started)).total_seconds()


def _took(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
