"""Tell those whom a schedule names what became of a run: by e-mail (``mailto:``) or to an address (``https:``).

A message says what happened and where to look; it carries no data. Why something failed is told only of a schedule
without a project: what a failed cell says may quote the data that it failed on. Only those are told whom the owner
named in the schedule, and no way of telling can keep a run from ending.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from londata import schedules
from londata.errors import LondataError, printable
from londata.records.schedules import ENDED, Run, RunState, Schedule
from londata_hub.jobs import mailing, webhooks
from londata_hub.settings import HubSettings

#: Seconds for telling all; who was not reached by then is named as a problem.
LIMIT_S = 45.0
MOST_PLACES = 50
_BAD: frozenset[RunState] = frozenset({"failed", "lost", "refused", "stopped"})
_LONGEST = 300


@dataclass(frozen=True)
class Message:
    """What is told, in words and as values; every text is one line that moves nothing on a screen."""

    schedule: str
    run: str
    title: str
    state: str
    subject: str
    sentence: str
    reason: str
    following: str
    link: str
    owner: str
    made: int
    failed: int
    scheduled_for: dt.datetime
    next_run: dt.datetime | None
    told_at: dt.datetime


#: How a place is told: what its address begins with → what tells it. Each raises LondataError with a sentence.
WAYS: dict[str, Callable[[Message, str, HubSettings], None]] = {
    "mailto:": mailing.send,
    "https:": webhooks.post,
    "http:": webhooks.post,
}


def tell(schedule: Schedule, run: Run, settings: HubSettings, *, again: bool = False) -> list[str]:
    """Tell those whom a schedule names how a run ended.

    Parameters
    ----------
    schedule
        Whose ``notify`` are told, and ``notify_when``.
    run
        The run; one that has not ended is not told of.
    settings
        The hub's: mail server, key for signatures, and the address that links begin with.
    again
        Whether it will be tried again, which is told.

    Returns
    -------
    list of str
        A sentence for each place that could not be told. Nothing is ever raised.
    """
    bad = run.state in _BAD or run.failed > 0
    if run.state not in ENDED or not schedule.notify or not (bad or schedule.notify_when == "always"):
        return []
    places = list(dict.fromkeys(schedule.notify))
    try:
        message = compose(schedule, run, settings, again=again)
    except Exception as error:  # noqa: BLE001 - a run ends whatever happens here
        return [f"Nobody was told of this run: the message could not be written ({type(error).__name__})."]
    problems = [
        f"{shown(place)} was not told: one schedule tells at most {MOST_PLACES} places."
        for place in places[MOST_PLACES:]
    ]
    return _tell_all(message, places[:MOST_PLACES], settings) + problems


def compose(
    schedule: Schedule, run: Run, settings: HubSettings, now: dt.datetime | None = None, *, again: bool = False
) -> Message:
    """Write the message.

    Parameters
    ----------
    schedule, run
        What is told.
    settings
        The hub's, for the link.
    now
        The moment after which the next run is looked for; the present one where not given.
    again
        Whether it will be tried again.

    Returns
    -------
    Message
        Its words.
    """
    title = one_line(schedule.title, 120)
    what = _what(run)
    when = said(run.scheduled_for, schedule.timezone)
    by = f"that {schedule.owner} started by hand" if run.by_hand else f"of {when}"
    moment = now or dt.datetime.now(dt.UTC)
    upcoming = _next(schedule, moment)
    if schedule.state == "active":
        following = f"Next run: {said(upcoming, schedule.timezone)}." if upcoming else "No further run is due."
    else:
        why = one_line(schedule.reason, _LONGEST).rstrip(".")
        then = schedule.advice or "Nothing runs until somebody changes that."
        following = f"The schedule is {schedule.state}{f': {why}' if why else ''}. {then}"
    if again:
        following = f"It will be tried again soon. {following}"
    reason = one_line(run.problem, _LONGEST) if run.problem and not schedule.project else ""
    return Message(
        schedule=schedule.id,
        run=one_line(run.id, 100),
        title=title,
        state=run.state,
        subject=f"{title}: {what}{', to be tried again' if again else ''}",
        sentence=f"The run of “{title}” {by} ended: {what}.",
        reason=reason or ("The page of the schedule says why." if run.problem or run.failed else ""),
        following=following,
        link=f"{settings.public}/services/reports/schedules/{schedule.id}",
        owner=one_line(schedule.owner, 100),
        made=run.made,
        failed=run.failed,
        scheduled_for=run.scheduled_for,
        next_run=upcoming,
        told_at=moment,
    )


def one_line(text: str, most: int) -> str:
    """Bring a text onto one line without anything that moves a cursor, and cut it visibly where it is too long."""
    plain = " ".join(printable(text).split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def said(moment: dt.datetime, timezone: str) -> str:
    """Write a moment as the clock of a place shows it."""
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M} ({timezone})"


def shown(place: str) -> str:
    """Name a place in a problem: of an address only its host, because its path may be a secret."""
    if place.startswith("mailto:"):
        return one_line(place.removeprefix("mailto:"), 100)
    return one_line(place.partition("://")[2].partition("/")[0].rpartition("@")[2].partition("?")[0], 100)


def _what(run: Run) -> str:
    """Say how it ended: ``32 reports made, 1 failed``."""
    counts = []
    if run.made or run.failed:
        counts = [f"{run.made:,} {'report' if run.made == 1 else 'reports'} made"]
        counts += [f"{run.failed:,} failed"] if run.failed else []
    words = {
        "completed": "" if counts else "completed",
        "failed": "" if run.failed else "failed",
        "lost": "lost, its worker fell silent",
        "refused": "refused",
        "skipped": "skipped, because its time had passed",
        "stopped": "stopped",
    }
    return ", ".join(filter(None, [words.get(run.state, run.state), *counts]))


def _next(schedule: Schedule, now: dt.datetime) -> dt.datetime | None:
    if schedule.state != "active":
        return None
    try:
        return schedules.parse(schedule.rule, schedule.timezone).next_after(now)
    except LondataError:
        return None


def _tell_all(message: Message, places: list[str], settings: HubSettings) -> list[str]:
    """Tell every place at the same time, so that a slow one keeps nobody waiting."""
    outcomes: dict[str, str] = {}
    threads = [
        threading.Thread(target=_tell_one, args=(message, place, settings, outcomes), daemon=True) for place in places
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + LIMIT_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = f"did not take the message within {LIMIT_S:g} seconds."
    told = {place: outcomes.get(place, late) for place in places}
    return [f"{shown(place)} was not told: {problem}" for place, problem in told.items() if problem]


def _tell_one(message: Message, place: str, settings: HubSettings, outcomes: dict[str, str]) -> None:
    try:
        way = next((way for begin, way in WAYS.items() if place.startswith(begin)), None)
        if way is None:
            outcomes[place] = "there is no way to tell it; use mailto: or https:."
            return
        way(message, place, settings)
        outcomes[place] = ""
    except LondataError as error:
        outcomes[place] = one_line(str(error), _LONGEST)
    except Exception as error:  # noqa: BLE001 - whatever a server does, the run has ended
        outcomes[place] = f"something unforeseen went wrong ({type(error).__name__})."
