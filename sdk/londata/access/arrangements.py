"""What is arranged: agreements, projects and grants as they stand, ready to be asked many times a second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from londata.access.conditions import flaws_of
from londata.access.days import last_day, midnight
from londata.access.subject import who
from londata.access.term import Stop, Term
from londata.records import Agreement, Grant, GrantEnd, Project, ServiceAccount


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
        self._members = {each.id: frozenset(each.members) for each in self.projects.values()}
        self._parties = {
            each.id: frozenset(party.organisation for party in each.parties) for each in self.agreements.values()
        }
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

    def parties(self, agreement: str) -> frozenset[str]:
        """Name the bodies that are parties to an agreement."""
        return self._parties.get(agreement, frozenset())

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
            stops.append(Stop(end.ended_at, f"your grant, which {who(end.ended_by)} took back{why},", mend="grant"))
        term = Term(
            grant,
            project,
            agreement,
            agreement.cover_of(grant.entry) if agreement else None,
            midnight(agreement.start) if agreement else grant.granted_at,
            min(stops, key=lambda stop: stop.at),
            self._parties.get(grant.agreement, frozenset()),
            self._members.get(grant.project, frozenset()),
        )
        return replace(term, flaws=flaws) if (flaws := flaws_of(term)) else term


#: Nothing is arranged: only open data can be read.
NOTHING = Arrangements()
