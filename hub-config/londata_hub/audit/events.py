"""What is worth a line in the log, and what the line says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Every kind of line and its meaning, with the names of the details that questions are answered from.
EVENTS: dict[str, str] = {
    "decision.allowed": "Somebody asked and was allowed. Details: action, grant, purpose, until, columns, rows, "
    "policy_version.",
    "decision.denied": "Somebody asked and was denied. Details: action, reasons, grant, ended, policy_version.",
    "reading.begun": "Bytes may leave from here on; the line is there before the first one. Details: decision (number "
    "of its line), distribution, version, columns, rows, purpose, grant, direct_until (until when an address of the "
    "holder's store is good that was handed out; what is read there is in no closing line).",
    "reading.ended": "All bytes that were asked for have left. Details: reading (number of the line that began it), "
    "bytes.",
    "reading.cut": "Bytes stopped leaving before their end. Details: reading (number of the line that began it), "
    "bytes, reason.",
    "grant.made": "A person may read an entry for a project. Details: id, until, digest.",
    "grant.ended": "A grant was ended before its time. Details: id, reason, digest.",
    "request.made": "A person asked for access. Details: id, why, digest.",
    "request.approved": "A steward approved a request. Details: id, grant, until, digest.",
    "request.refused": "A steward refused a request. Details: id, reason, digest.",
    "request.withdrawn": "A person withdrew a request. Details: id, digest.",
    "agreement.recorded": "An agreement, or a new version of it, was recorded. Details: version, digest.",
    "project.recorded": "A project, or a new version of it, was recorded. Details: version, digest.",
    "account.recorded": "A service account, or a new version of it, was recorded. Details: id, version, digest.",
    "holding.recorded": "Where the bytes of a distribution are was recorded. Details: distribution, holder, digest.",
    "key.purged": "The key of kept copies was deleted; they can be read no more. Details: reason.",
    "warning.given": "A person was told that a grant ends soon. Details: grant, days.",
    "schedule.recorded": "A schedule of a report, or a new version of it, was recorded. Details: id, template, rule, "
    "timezone, digest.",
    "schedule.paused": "A schedule was paused, by a person or because access ended. Details: id, reason.",
    "schedule.resumed": "A paused schedule goes on. Details: id.",
    "schedule.ended": "A schedule was ended for good. Details: id, reason.",
    "run.begun": "A report that was scheduled began to run as its owner. Details: id, schedule, scheduled_for, "
    "attempt, asked_by (of a run by hand).",
    "run.ended": "It ended. Details: id, schedule, state, made, failed, problem.",
    "report.shelved": "A report was registered for its readers. Details: id, run, access, audience, receipt (SHA-256).",
    "report.withdrawn": "Its owner took a report off the shelf. Details: id, run, schedule, reason.",
    "report.opened": "Somebody opened a shared or closed report. Details: id, file.",
    "insight.published": "A version of an insight passed its check and became the current one. Details: version, "
    "access, rests_on, audience, digest.",
    "insight.waits": "A version passed its check and waits for its release; the one before stays current. Details: "
    "version, access, rests_on, digest.",
    "insight.current": "A version that waited became the current one with its release. Details: version, before, "
    "audience.",
    "insight.refused": "A version did not pass its check. Details: version, findings.",
    "insight.rolled_back": "An earlier version became the current one again. Details: version, before.",
    "insight.audience": "Who may open an insight was changed. Details: audience, before.",
    "insight.thresholds": "An owner tightened the thresholds of an insight. Details: thresholds, before.",
    "insight.stale": "What an insight rests on has changed. Details: version, why.",
    "insight.paused": "An insight was shut, by a person or because access ended. Details: reason.",
    "insight.resumed": "A paused insight is open again. Details: version.",
    "insight.forgotten": "The files of an old version were removed by its owner; its record stays. Details: version, "
    "bytes.",
    "insight.withdrawn": "An insight was withdrawn for good. Details: reason.",
    "insight.opened": "Somebody opened an insight that rests on shared or closed data. Details: version, decisions.",
    "release.moved": "A release took a step. Details: version, state, before, why, digest.",
    "register.changed": "Entries, or what is known of the register, changed. Details: generation, counts, history "
    "(SHA-256 over the rows of history that the change wrote).",
}


@dataclass(frozen=True)
class Event:
    """What happened. ``actor`` is who did it, ``subject`` the person whom it is about.

    ``details`` are JSON values; dates and times are written as ISO 8601.

    Raises
    ------
    ValueError
        There is no such kind of event: it would be a line that no question finds.
    """

    what: str
    actor: str
    subject: str = ""
    entry: str = ""
    project: str = ""
    agreement: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.what not in EVENTS:
            raise ValueError(f"there is no event {self.what!r}")
