"""A grant as it is asked about: with everything that bears on it, worked out once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from londata.access.days import day
from londata.records import Agreement, Cover, Grant, Project


class Failing(NamedTuple):
    """A condition that does not hold: what is said, and who could mend it. What weighs most comes first.

    ``mend`` is ``grant`` (asking for access), ``project`` (whoever leads it), ``agreement`` (whom its record names) or
    ``hub`` (whoever runs the hub).
    """

    weight: int
    said: str
    mend: str


@dataclass(frozen=True, slots=True)
class Stop:
    """One of the moments at which a grant is over, and how to say it: ``what`` ended ``on``, else the day of ``at``.

    ``mend`` says who could mend it, as in :class:`~Failing`.
    """

    at: dt.datetime
    what: str
    on: str = ""
    mend: str = "agreement"

    @property
    def said(self) -> str:
        """Say that it has passed."""
        return f"{self.what} ended on {self.on or day(self.at)}"


@dataclass(frozen=True, slots=True)
class Term:
    """A grant with everything that bears on it, worked out once.

    ``end`` is the earliest of grant, project, agreement end and review date, or the record that ended the grant.
    ``parties`` and ``members`` are those of agreement and project; ``flaws`` is what fails whoever asks and whenever.
    """

    grant: Grant
    project: Project | None
    agreement: Agreement | None
    cover: Cover | None
    start: dt.datetime
    end: Stop
    parties: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    flaws: tuple[Failing, ...] = ()
