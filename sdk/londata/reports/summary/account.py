"""What became of a batch: one outcome for each report, counted and put into words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from londata.reports.summary.differences import Changes

How = Literal["completed", "reused", "failed", "stopped", "missing"]
State = Literal["running", "complete", "stopped"]
#: How a report came out → in a word for people.
WORDS: dict[How, str] = {
    "completed": "made",
    "reused": "used again",
    "failed": "failed",
    "stopped": "stopped",
    "missing": "not made",
}


@dataclass(frozen=True)
class Outcome:
    """What became of one report. ``folder`` is the finished report, or what is kept of one that did not end well."""

    value: str
    how: How
    folder: Path | None = None
    seconds: float = 0.0
    problem: str = ""
    where: str = ""
    hint: str = ""
    changes: Changes | None = None
    made: str = ""

    @property
    def sentence(self) -> str:
        """Say what went wrong and where; empty where nothing did."""
        if not self.problem:
            return ""
        text = f"{self.problem.rstrip('.')}."
        return f"In {self.where}: {text}" if self.where else text[:1].upper() + text[1:]


@dataclass
class Account:
    """A batch: what was asked for, and what became of each report so far."""

    template: str
    title: str
    each: str
    label: str
    values: tuple[str, ...]
    parameters: Mapping[str, Any]
    formats: tuple[str, ...]
    where: str
    started: str
    id: str = field(default_factory=lambda: uuid.uuid4().urn)
    state: State = "running"
    ended: str = ""
    pins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    done: dict[str, Outcome] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the batch is called among other jobs; the same for the next one like it."""
        return f"{self.template} for each {self.each}"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Say of every report what became of it, in the order in which they were asked for."""
        return tuple(self.done.get(value, Outcome(value, "missing")) for value in self.values)

    def among(self, *how: How) -> tuple[Outcome, ...]:
        """Choose those that came out like this."""
        return tuple(each for each in self.outcomes if each.how in how)

    @property
    def counts(self) -> dict[How, int]:
        """Count them by how they came out, those that there are."""
        return {how: count for how in WORDS if (count := len(self.among(how)))}

    @property
    def sentence(self) -> str:
        """Say how the batch went, as in “33 reports, one for each borough: 20 made, 12 used again, 1 failed”."""
        how_many = "1 report" if len(self.values) == 1 else f"{len(self.values)} reports"
        counted = ", ".join(f"{count} {WORDS[how]}" for how, count in self.counts.items())
        end = {"running": " so far", "stopped": "; it was stopped", "complete": ""}[self.state]
        return f"{how_many}, one for each {self.label.lower()}: {counted}{end}."
