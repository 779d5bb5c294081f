"""The truth table of the one decision: every condition, and what is said when that one alone fails.

It is worked out by the code itself and stands in ``docs/access.md``. After a change of rules or words write it anew:

    python tests/access_table.py
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from londata.access import Arrangements, Decision, Subject, decide
from londata.records import Agreement, Entry, Grant, GrantEnd, Project, ServiceAccount, entry_from_dict

PAGE = Path(__file__).parents[1] / "docs" / "access.md"
BEGIN, END = "<!-- made by tests/access_table.py -->\n", "<!-- end -->"
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def entry(**more: Any) -> Entry:
    """Make the entry that is asked for."""
    values = {
        "kind": "dataset",
        "id": "school-rolls",
        "title": "School rolls by pupil",
        "publisher": {"id": "gla", "name": "Greater London Authority"},
        "access": "closed",
        "contact": {"name": "School data team", "email": "schools@gla.example"},
    }
    return entry_from_dict(values | more)


def agreement(**more: Any) -> Agreement:
    """Make the agreement that covers it."""
    values: dict[str, Any] = {
        "id": "ISA-014",
        "title": "Pupils for planning",
        "status": "signed",
        "mirror_of": {"system": "ISG", "reference": "14", "confirmed_on": "2026-10-01"},
        "parties": [{"organisation": "gla", "role": "controller"}, {"organisation": "camden", "role": "recipient"}],
        "purposes": ["school-place-planning"],
        "legal_basis": {"article_6": "6(1)(e)"},
        "covers": [{"entry": "school-rolls"}],
        "who_may": ["analysts"],
        "outputs": "aggregate-only",
        "start": "2026-01-01",
        "review_by": "2027-09-01",
        "end": "2028-01-01",
    }
    return Agreement.model_validate(values | more)


def project(**more: Any) -> Project:
    """Make the project."""
    values: dict[str, Any] = {
        "id": "school-places",
        "title": "Places at school",
        "purpose": "school-place-planning",
        "public_benefit": "Children find a school near home.",
        "members": ["ada"],
        "agreements": ["ISA-014"],
        "end": "2027-06-01",
    }
    return Project.model_validate(values | more)


def grant(**more: Any) -> Grant:
    """Make the grant."""
    values: dict[str, Any] = {
        "id": "g1",
        "subject": "ada",
        "entry": "school-rolls",
        "project": "school-places",
        "agreement": "ISA-014",
        "until": "2027-04-01T00:00:00+01:00",
        "granted_by": "chen",
        "granted_at": "2026-02-01T09:00:00Z",
    }
    return Grant.model_validate(values | more)


ADA = Subject("ada", frozenset({"analysts", "org-camden"}))


@dataclass(frozen=True)
class Question:
    """One question about a world in which everything holds, unless it is changed."""

    subject: Subject = ADA
    action: str = "read"
    entry: Entry = field(default_factory=entry)
    project: str | None = "school-places"
    now: dt.datetime | None = NOW
    agreements: tuple[Agreement, ...] = field(default_factory=lambda: (agreement(),))
    projects: tuple[Project, ...] = field(default_factory=lambda: (project(),))
    grants: tuple[Grant, ...] = field(default_factory=lambda: (grant(),))
    ends: tuple[GrantEnd, ...] = ()
    accounts: tuple[ServiceAccount, ...] = ()
    isolated: bool = True

    def arrangements(self) -> Arrangements:
        """Arrange it."""
        return Arrangements(
            self.agreements, self.projects, self.grants, self.ends, self.accounts, isolated=self.isolated
        )

    def answer(self) -> Decision:
        """Ask it."""
        return decide(self.subject, self.action, self.entry, self.project, self.now, self.arrangements())  # type: ignore[arg-type]


def _but(**changes: Any) -> Callable[[Question], Question]:
    return lambda question: replace(question, **changes)


_ROBOT = Subject("service/nightly", frozenset({"analysts", "org-camden"}), owner="ada")
_NIGHTLY = ServiceAccount(name="nightly", owner="ada", project="school-places")
_TAKEN = GrantEnd(grant="g1", ended_by="chen", ended_at=NOW, reason="has left the team")

#: The condition → what makes it, and nothing else, fail.
CASES: Mapping[str, Callable[[Question], Question]] = {
    "Somebody is logged in": _but(subject=Subject("")),
    "Users are kept apart on the hub": _but(isolated=False),
    "A project is chosen": _but(project=None),
    "The grant is for this project": _but(project="transport-study"),
    "There is a grant": _but(grants=()),
    "The grant is not over": _but(grants=(grant(until="2026-11-01T00:00:00Z"),)),
    "The grant was not taken back": _but(ends=(_TAKEN,)),
    "The project is not over": _but(projects=(project(end="2026-11-01"),)),
    "The agreement is not over": _but(agreements=(agreement(end="2026-11-01"),)),
    "The agreement's review is not due": _but(agreements=(agreement(review_by="2026-11-01"),)),
    "The agreement has begun": _but(agreements=(agreement(start="2026-12-01"),)),
    "The agreement is in the register": _but(agreements=()),
    "The agreement is signed": _but(agreements=(agreement(status="draft"),)),
    "The agreement is not suspended": _but(agreements=(agreement(status="suspended"),)),
    "The agreement was not ended": _but(agreements=(agreement(status="ended"),)),
    "The agreement covers the entry": _but(agreements=(agreement(covers=()),)),
    "The person's body is a party": _but(subject=Subject("ada", frozenset({"analysts", "org-hackney"}))),
    "The hub knows the person's body": _but(subject=Subject("ada", frozenset({"analysts"}))),
    "The person is among those who may": _but(agreements=(agreement(who_may=["statisticians"]),)),
    "The agreement allows this workbench": _but(agreements=(agreement(settings=["named-environment"]),)),
    "The project is in the register": _but(projects=()),
    "The person is a member of the project": _but(projects=(project(members=["bola"]),)),
    "The project works under the agreement": _but(projects=(project(agreements=[]),)),
    "The agreement allows the project's purpose": _but(projects=(project(purpose="research"),)),
    "The time is known": _but(now=None),
    "A service has a named owner": _but(subject=Subject("service/nightly")),
    "An insight that asks has a named owner": _but(subject=Subject("app/rolls-map", _ROBOT.groups)),
    "A service account is entered for its owner": _but(subject=_ROBOT),
    "A service account works for its one project": _but(
        subject=_ROBOT, accounts=(_NIGHTLY.model_copy(update={"project": "transport-study"}),)
    ),
}


def rows() -> list[tuple[str, str]]:
    """Work the table out: condition, and everything that is said when it alone fails."""
    asked = Question()
    return [(name, " ".join(change(asked).answer().reasons)) for name, change in CASES.items()]


def table() -> str:
    """Write the table as Markdown."""
    lines = ["| what must hold | when that alone fails |", "|---|---|"]
    lines += [f"| {name} | {said.replace('|', '&#124;')} |" for name, said in rows()]
    return "\n".join(lines) + "\n"


def on_the_page() -> str:
    """Read the table that stands in the page."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def write() -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    PAGE.write_text(before + table() + after, encoding="utf-8")


if __name__ == "__main__":
    write()
