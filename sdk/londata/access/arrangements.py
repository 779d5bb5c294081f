"""What is arranged: agreements, projects and grants as they stand, ready to be asked many times a second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from londata.access.days import day, last_day, midnight
from londata.records import Agreement, Cover, Grant, GrantEnd, Project, ServiceAccount


@dataclass(frozen=True, slots=True)
class Stop:
    """One of the moments at which a grant is over, and how to say it: ``what`` ended ``on``, else the day of ``at``.

    ``mend`` says who could mend it, as in :class:`~londata.access.conditions.Failing`.
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
    """

    grant: Grant
    project: Project | None
    agreement: Agreement | None
    cover: Cover | None
    start: dt.datetime
    end: Stop


class Arrangements:
    """Everything that :func:`~londata.access.decide` goes by, at one moment. Never changed: make another.

    Parameters
    ----------
    agreements, projects, grants
        As they stand; of each agreement and project only the newest version.
    ends
        The records that ended grants.
    accounts
        Service accounts and scheduled jobs.
    isolated
        Whether users are kept apart here. Where they are not, open data is all that anybody may read.
    """

    def __init__(
        self,
        agreements: Iterable[Agreement] = (),
        projects: Iterable[Project] = (),
        grants: Iterable[Grant] = (),
        ends: Iterable[GrantEnd] = (),
        accounts: Iterable[ServiceAccount] = (),
        *,
        isolated: bool = True,
    ) -> None:
        self.agreements: Mapping[str, Agreement] = {each.id: each for each in agreements}
        self.projects: Mapping[str, Project] = {each.id: each for each in projects}
        self.accounts: Mapping[str, ServiceAccount] = {each.name: each for each in accounts}
        self.isolated = isolated
        self._ends = {each.grant: each for each in sorted(ends, key=lambda end: end.ended_at, reverse=True)}
        self._terms: dict[tuple[str, str], list[Term]] = {}
        self._terms_of: dict[str, list[Term]] = {}
        self._term_by_grant: dict[str, Term] = {}
        for grant in grants:
            term = self._term_by_grant[grant.id] = self._term(grant)
            self._terms.setdefault((grant.subject, grant.entry), []).append(term)
            self._terms_of.setdefault(grant.subject, []).append(term)
        self._projects_of: dict[str, list[Project]] = {}
        for project in self.projects.values():
            for person in dict.fromkeys(project.members):
                self._projects_of.setdefault(person, []).append(project)
        self._covering: dict[str, list[Agreement]] = {}
        for agreement in self.agreements.values():
            for cover in agreement.covers:
                self._covering.setdefault(cover.entry, []).append(agreement)

    def terms(self, person: str, entry: str) -> list[Term]:
        """List every grant of a person for an entry, those that are over included."""
        return self._terms.get((person, entry), [])

    def terms_of(self, person: str) -> list[Term]:
        """List every grant of a person, those that are over included."""
        return list(self._terms_of.get(person, ()))

    def term(self, grant: str) -> Term | None:
        """Find a grant by its id."""
        return self._term_by_grant.get(grant)

    def all_terms(self) -> Iterable[Term]:
        """Go through every grant."""
        return self._term_by_grant.values()

    def covering(self, entry: str) -> list[Agreement]:
        """List the agreements that cover an entry, whatever their state."""
        return self._covering.get(entry, [])

    def projects_of(self, person: str) -> list[Project]:
        """List the projects that a person is a member of."""
        return list(self._projects_of.get(person, ()))

    def _term(self, grant: Grant) -> Term:
        project, agreement = self.projects.get(grant.project), self.agreements.get(grant.agreement)
        stops = [Stop(grant.until, "your grant", last_day(grant.until), "grant")]
        if project:
            stops.append(Stop(midnight(project.end), f"the project “{project.title}”", mend="project"))
        if agreement:
            stops.append(Stop(midnight(agreement.end), f"the agreement {agreement.id}"))
            what = f"the agreement {agreement.id} was to be reviewed and was not, so what it allows"
            stops.append(Stop(midnight(agreement.review_by), what))
        if end := self._ends.get(grant.id):
            why = f" (“{end.reason}”)" if end.reason else ""
            stops.append(Stop(end.ended_at, f"your grant, which {end.ended_by} took back{why},", mend="grant"))
        return Term(
            grant,
            project,
            agreement,
            agreement.cover_of(grant.entry) if agreement else None,
            midnight(agreement.start) if agreement else grant.granted_at,
            min(stops, key=lambda stop: stop.at),
        )


#: Nothing is arranged: only open data can be read.
NOTHING = Arrangements()
