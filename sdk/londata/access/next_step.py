"""The last sentence of a denial: what to do next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from londata.access.arrangements import Arrangements
from londata.access.conditions import either, in_force
from londata.access.days import midnight
from londata.access.subject import Subject
from londata.access.term import Term
from londata.records import Agreement, Entry


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked and denied; ``term`` is the grant that came nearest, where there is one."""

    subject: Subject
    entry: Entry
    now: dt.datetime | None
    arrangements: Arrangements
    term: Term | None = None

    def next_step(self, mend: str, project: str | None) -> str:
        """Say what to do: a line of code where one helps, else whom to ask.

        Parameters
        ----------
        mend
            Who could mend what weighs most, as in :class:`~londata.access.term.Failing`.
        project
            The project for which it was asked.

        Returns
        -------
        str
            One sentence or two.
        """
        if mend == "hub":
            return "Ask whoever runs the hub."
        if mend == "project":
            return self.whom(mend)
        if mend == "grant" and self.now:
            return self._choose(project) or self._ask_for_it(self.now, project)
        if mend == "agreement" and self.now and (others := self._others_of_mine(self.now, project)):
            return self._line_that_asks(others)
        return self.whom(mend)

    def whom(self, mend: str) -> str:
        """Say whom to ask: whoever leads the project, else those whom the records name."""
        if mend != "project":
            return f"Ask {self._people()}."
        work = self.term.project if self.term else None
        return f"Ask {work.owner}, who leads the project." if work and work.owner else "Ask whoever leads the project."

    def _choose(self, project: str | None) -> str:
        """Say how to work for a project that has a grant, where another one is asked for."""
        held = [] if self.term else self.arrangements.terms(self.subject.person, self.entry.id)
        live = sorted({each.grant.project for each in held if self.now and self.now < each.end.at})
        if not live:
            return ""
        line = f'londata.use_project("{live[0]}")'
        return (
            f"Choose it: {line}."
            if project is None
            else f"One kernel works for one project: start another, then {line}."
        )

    def _ask_for_it(self, now: dt.datetime, project: str | None) -> str:
        """Offer to ask where somebody could say yes; else say what is missing before."""
        if mine := self._agreements_of_mine(now, project):
            return self._line_that_asks(mine)
        covering = [each for each in self.arrangements.covering(self.entry.id) if in_force(each, now)]
        if not covering:
            return f"No agreement in force covers it, so nobody can let you read it yet. Ask {self._people()}."
        if mine := [each.id for each in covering if self._is_for_my_body(each)]:
            work = f"the project {project} does not work" if project else "no project of yours works"
            return f"{either(mine)} covers it, but {work} under it for one of its purposes. Ask {self._people()}."
        return f"{either([each.id for each in covering])} covers it, for other bodies than yours. Ask {self._people()}."

    def _is_for_my_body(self, agreement: Agreement) -> bool:
        return not self.subject.organisations.isdisjoint(self.arrangements.parties(agreement.id))

    def _agreements_of_mine(self, now: dt.datetime, project: str | None) -> list[str]:
        """Name the agreements in force that cover the entry for the caller's body and project, or any of theirs."""
        work = [
            each
            for each in self.arrangements.projects_of(self.subject.person)
            if project in (None, each.id) and now < midnight(each.end)
        ]
        return [
            each.id
            for each in self.arrangements.covering(self.entry.id)
            if in_force(each, now)
            and self._is_for_my_body(each)
            and any(each.id in one.agreements and one.purpose in each.purposes for one in work)
        ]

    def _others_of_mine(self, now: dt.datetime, project: str | None) -> list[str]:
        """Name those of them under which it was not tried."""
        tried = self.term.grant.agreement if self.term else ""
        return [each for each in self._agreements_of_mine(now, project) if each != tried]

    def _line_that_asks(self, agreements: list[str]) -> str:
        line = f'catalog.{self.entry.key}.request_access(why="…")'
        return f"Ask for access with {line}: {either(agreements)} covers it. Or ask {self._people()}."

    def _people(self) -> str:
        """Name whom to write to: those that the entry names, else those that the agreement does."""
        entry, agreement = self.entry, self.term.agreement if self.term else None
        contact = agreement.contact if agreement and not (entry.contact and entry.contact.email) else entry.contact
        if contact and contact.email:
            return f"{contact.name or entry.publisher.name} ({contact.email})"
        return f"{entry.publisher.name}{f': {entry.landing_page}' if entry.landing_page else ''}"
