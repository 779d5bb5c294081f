"""The last sentence of a denial: what to do next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from londata.access.arrangements import Arrangements
from londata.access.conditions import either, in_force
from londata.access.subject import Subject
from londata.access.term import Term
from londata.records import Entry


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
            work = self.term.project if self.term else None
            return (
                f"Ask {work.owner}, who leads the project." if work and work.owner else "Ask whoever leads the project."
            )
        if mend == "grant" and self.now:
            return self._choose(project) or self._ask_for_it(self.now)
        if mend == "agreement" and self.now and (others := self._others_of_mine(self.now)):
            return self._line_that_asks(others)
        return f"Ask {self._people()}."

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

    def _ask_for_it(self, now: dt.datetime) -> str:
        if mine := self._agreements_of_mine(now):
            return self._line_that_asks(mine)
        if covering := [each.id for each in self.arrangements.covering(self.entry.id) if in_force(each, now)]:
            return f"{either(covering)} covers it, for other bodies than yours. Ask {self._people()}."
        return f"Ask {self._people()}."

    def _agreements_of_mine(self, now: dt.datetime) -> list[str]:
        """Name the agreements in force that cover the entry for the caller's body."""
        bodies = self.subject.organisations
        return [
            each.id
            for each in self.arrangements.covering(self.entry.id)
            if in_force(each, now) and not bodies.isdisjoint(self.arrangements.parties(each.id))
        ]

    def _others_of_mine(self, now: dt.datetime) -> list[str]:
        """Name those of them under which it was not tried."""
        tried = self.term.grant.agreement if self.term else ""
        return [each for each in self._agreements_of_mine(now) if each != tried]

    def _line_that_asks(self, agreements: list[str]) -> str:
        line = f'catalog.{self.entry.key}.request_access(why="…")'
        return f"Ask for access with {line}: {either(agreements)} covers it. Or ask {self._people()}."

    def _people(self) -> str:
        """Name whom to write to: those that the agreement names, else those that the entry does."""
        entry, agreement = self.entry, self.term.agreement if self.term else None
        contact = agreement.contact if agreement and agreement.contact.email else entry.contact
        if contact and contact.email:
            return f"{contact.name or entry.publisher.name} ({contact.email})"
        return f"{entry.publisher.name}{f': {entry.landing_page}' if entry.landing_page else ''}"
