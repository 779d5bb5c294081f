"""The one decision: how many a second, with 10,000 grants arranged.

It is held against the least that could be done: look a grant up in a dict and make an answer of the same class.
"""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Callable

from benchmarks.measure import Figure, interleaved, report
from londata.access import Arrangements, Decision, Subject, decide
from londata.records import Agreement, Entry, Grant, Project, entry_from_dict

GRANTS, PEOPLE, ENTRIES, PROJECTS, AGREEMENTS = 10_000, 1_000, 200, 100, 50
QUESTIONS, ROUNDS = 5_000, 15
TARGET = 50_000
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def entries() -> list[Entry]:
    """Make up closed entries."""
    return [
        entry_from_dict(
            {
                "kind": "dataset",
                "id": f"closed-{number}",
                "title": f"Closed data {number}",
                "publisher": {"id": f"body-{number % 33}", "name": f"Body {number % 33}"},
                "access": "closed",
                "contact": {"name": "Data team", "email": "data@body.example"},
            }
        )
        for number in range(ENTRIES)
    ]


def arrangements() -> Arrangements:
    """Arrange 50 agreements, 100 projects of 10 people, and 10,000 grants, each of which holds.

    An agreement covers 12 of 200 entries and has 20 parties; an entry is covered by 3 agreements.
    """
    agreements = [
        Agreement.model_validate(
            {
                "id": f"ISA-{number:03}",
                "title": f"Agreement {number}",
                "status": "signed",
                "mirror_of": {"system": "ISG", "reference": str(number), "confirmed_on": "2026-10-01"},
                "parties": [{"organisation": f"body-{each}", "role": "joint"} for each in _bodies(number)],
                "purposes": ["school-place-planning", "statistics"],
                "legal_basis": {"article_6": "6(1)(e)"},
                "covers": [{"entry": f"closed-{each}"} for each in _covered(number)],
                "who_may": ["analysts"],
                "outputs": "aggregate-only",
                "start": "2026-01-01",
                "review_by": "2027-09-01",
                "end": "2028-01-01",
            }
        )
        for number in range(AGREEMENTS)
    ]
    projects = [
        Project.model_validate(
            {
                "id": f"project-{number}",
                "title": f"Project {number}",
                "purpose": "statistics",
                "public_benefit": "Better services.",
                "members": [f"person-{each}" for each in range(PEOPLE) if each % PROJECTS == number],
                "agreements": [f"ISA-{number % AGREEMENTS:03}"],
                "end": "2027-06-01",
            }
        )
        for number in range(PROJECTS)
    ]
    return Arrangements(agreements, projects, map(_grant, range(GRANTS)))


def _covered(agreement: int) -> list[int]:
    return [each for each in range(ENTRIES) if (each - agreement) % AGREEMENTS < 3]


def _bodies(agreement: int) -> list[int]:
    """Number the bodies of everybody in the two projects under an agreement."""
    people = (each for each in range(PEOPLE) if each % PROJECTS % AGREEMENTS == agreement)
    return sorted({person % 33 for person in people})


def _grant(number: int) -> Grant:
    person, nth = number % PEOPLE, number // PEOPLE
    project = person % PROJECTS
    return Grant.model_validate(
        {
            "id": f"grant-{number}",
            "subject": f"person-{person}",
            "entry": f"closed-{_covered(project % AGREEMENTS)[nth]}",
            "project": f"project-{project}",
            "agreement": f"ISA-{project % AGREEMENTS:03}",
            "until": "2027-04-01T00:00:00Z",
            "granted_by": "steward",
            "granted_at": "2026-02-01T09:00:00Z",
        }
    )


def questions(known: list[Entry], arranged: Arrangements, *, allowed: bool) -> list[tuple[Subject, Entry, str]]:
    """Ask for what people hold, or for the next entry, which they hold no grant for; in an order that mixes people."""
    terms = itertools.islice(itertools.cycle(arranged.all_terms()), 0, QUESTIONS * 7, 7)
    found = []
    for term in terms:
        grant = term.grant
        person = int(grant.subject.partition("-")[2])
        subject = Subject(grant.subject, frozenset({"analysts", f"org-body-{person % 33}"}))
        number = int(grant.entry.partition("-")[2])
        found.append((subject, known[number if allowed else (number + 5) % ENTRIES], grant.project))
    return found


def deciding(asked: list[tuple[Subject, Entry, str]], arranged: Arrangements, *, allowed: bool) -> Callable[[], None]:
    """Decide all of them."""
    answers = {decide(*_one(each), NOW, arranged).allowed for each in asked}
    assert answers == {allowed}, answers

    def run() -> None:
        for subject, entry, project in asked:
            decide(subject, "read", entry, project, NOW, arranged)

    return run


def _one(asked: tuple[Subject, Entry, str]) -> tuple[Subject, str, Entry, str]:
    return asked[0], "read", asked[1], asked[2]


def least(asked: list[tuple[Subject, Entry, str]]) -> Callable[[], None]:
    """Look each up in a dict and make an answer: what no rule at all would cost."""
    table = {(subject.name, entry.id, project): NOW for subject, entry, project in asked}

    def run() -> None:
        for subject, entry, project in asked:
            until = table[subject.name, entry.id, project]
            Decision(True, "read", subject.name, entry.id, ("There is a grant.",), until=until, project=project)

    return run


def main() -> None:
    """Measure and report."""
    known, arranged = entries(), arrangements()
    assert sum(1 for _ in arranged.all_terms()) == GRANTS
    held, not_held = (questions(known, arranged, allowed=allowed) for allowed in (True, False))
    seen = [(subject, entry.model_copy(update={"listing": "hidden"}), project) for subject, entry, project in held]

    def seeing() -> None:
        for subject, entry, _ in seen:
            decide(subject, "see", entry, None, NOW, arranged)

    times = interleaved(
        {
            "allow": deciding(held, arranged, allowed=True),
            "deny": deciding(not_held, arranged, allowed=False),
            "see": seeing,
            "least": least(held),
        },
        ROUNDS,
        cpu=True,
    )
    middle = {name: statistics.median(found) for name, found in times.items()}
    figures = []
    for name, what in (("allow", "allowed"), ("deny", "denied, with what to do"), ("see", "seen, of hidden entries")):
        rate = QUESTIONS / middle[name]
        against = f"{middle[name] / middle['least']:.1f} × a dict lookup and a dataclass"
        figures.append(Figure(f"Decisions a second, {what}", rate, "/s", f"≥ {TARGET:,}", rate >= TARGET, against))
    report("Deciding about access", figures)


if __name__ == "__main__":
    main()
