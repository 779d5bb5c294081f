"""Who may take which step of a release: the act that makes tables more open than what they rest on. Pure.

What rests on open data alone releases itself, with the lines that its licences want. What rests on shared data that
is not about people needs one checker, everything else two. A checker is a steward, logged in as a person, of a body
that is a party to every agreement behind it; never its author or owner, nor anybody who was either since it was
published. Where an agreement wants its results approved, the last yes is a controller's. Every rule is looked at again
at every step, also whether those who checked may have: so it helps nobody to change the owner in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from londata.access.arrangements import Arrangements
from londata.access.subject import STEWARDS, Subject
from londata.errors import AccessDeniedError, UsageError
from londata.records import Entry, Publication, Release, Version
from londata.records.publications import Finding, Label, ReleaseState

#: State → where it can go from there. A draft or what was returned goes to ``released`` at once where all is open.
WAYS: Mapping[ReleaseState, tuple[ReleaseState, ...]] = {
    "draft": ("submitted", "released", "withdrawn"),
    "submitted": ("reviewed", "approved", "returned", "withdrawn"),
    "reviewed": ("approved", "returned", "withdrawn"),
    "approved": ("released", "returned", "withdrawn"),
    "released": ("withdrawn",),
    "returned": ("submitted", "released", "withdrawn"),
    "withdrawn": (),
}
#: The most files with data of its own that people can be asked to look at for one release.
MOST_BROUGHT = 5
#: Said of an insight whose released tables are looser than its owner wants by now.
TIGHTENED = (
    "Its owner wants fewer small numbers shown than when its tables were released; a new version can be released."
)
_CHECKS: tuple[ReleaseState, ...] = ("reviewed", "approved")
#: Steps that are not taken without a reason: they ask people for something, or undo what they did.
_WITH_A_REASON = ("submitted", "returned", "withdrawn")


@dataclass(frozen=True)
class Case:
    """A release with everything that its steps depend on, as it stands now.

    Parameters
    ----------
    publication, version, release
        What is to be released; a release that was not begun has no steps.
    label
        Of the version, worked out from the agreements as they stand now, not as they stood at its check.
    findings
        What was found now when its tables were looked at.
    unlicensed
        Sentences on licences that do not allow it (:func:`licence_lines`).
    owners
        Everybody who has owned the publication so far.
    approvers
        The bodies of which one must approve it (:func:`approvers`); ``None`` where any party may.
    brought
        Files with data of its own, of which the register and so the label know nothing.
    """

    publication: Publication
    version: Version
    release: Release
    label: Label
    findings: tuple[Finding, ...] = ()
    unlicensed: tuple[str, ...] = ()
    owners: frozenset[str] = frozenset()
    approvers: frozenset[str] | None = None
    brought: tuple[str, ...] = ()

    @property
    def involved(self) -> frozenset[str]:
        """Everybody who may not check it: who made it, owned it, or asked for its release."""
        asked = {step.by for step in self.release.steps if step.to in ("draft", "submitted")}
        named = {self.release.author, self.version.published_by, self.publication.owner} | self.owners | asked
        return frozenset(map(_known_as, named))

    @property
    def needed(self) -> int:
        """How many different people must have checked it."""
        if self.label.access == "open":
            return 0
        return 1 if self.label.access == "shared" and not self.label.personal else 2

    @property
    def checked_by(self) -> tuple[str, ...]:
        """Who has said yes since it was submitted last, and still counts."""
        said: dict[str, None] = {}
        for step in self.release.steps:
            if step.to == "submitted":
                said.clear()
            elif step.to in _CHECKS:
                said[_known_as(step.by)] = None
        return tuple(name for name in said if name not in self.involved)

    def was_checked_by(self, subject: Subject) -> bool:
        """Tell whether somebody has said yes since it was submitted last, so that somebody else has to say it, too."""
        return _known_as(subject.name) in self.checked_by


@dataclass(frozen=True)
class Move:
    """Whether somebody may take a step, and why or why not, in sentences."""

    allowed: bool
    to: ReleaseState
    reasons: tuple[str, ...] = field(default=())

    def require(self) -> Move:
        """Return the answer if it allows.

        Raises
        ------
        AccessDeniedError
            It does not; the message says why.
        """
        if not self.allowed:
            raise AccessDeniedError(self.reasons[0], hint=" ".join(self.reasons[1:]))
        return self


def steps_open(case: Case, subject: Subject) -> tuple[ReleaseState, ...]:
    """List the steps that somebody may take now."""
    first: tuple[ReleaseState, ...] = () if case.release.steps else ("draft",)
    ways = (*first, *WAYS[case.release.state])
    why = f"as they wish: {', '.join(map(_as_named, case.brought))}"
    return tuple(to for to in ways if may_move(case, to, subject, why).allowed)


def may_move(case: Case, to: ReleaseState, subject: Subject, why: str = "") -> Move:
    """Decide whether somebody may take a step. Never raises; denies by default.

    Parameters
    ----------
    case
        The release as it stands.
    to
        The state that it would have then.
    subject
        Who asks.
    why
        The reason that they give; to submit, return or withdraw it, there must be one.
    """
    begun = bool(case.release.steps)
    if (to == "draft" and begun) or (to != "draft" and to not in WAYS[case.release.state]):
        return Move(False, to, (f"A release that is {case.release.state} cannot become {to}.",))
    if not subject.name or subject.owner or "/" in subject.name:
        return Move(False, to, ("Only people take the steps of a release, logged in as themselves.",))
    who = _wrong_person(case, to, subject)
    silent = reason_missing(to, why)
    if to in ("draft", "returned", "withdrawn"):
        return _answer(to, [*who, *silent])
    unsaid = _unsaid(case, why) if to in _CHECKS else []
    return _answer(to, [*_out_of_order(case, to), *who, *_in_the_way(case, to), *unsaid, *silent])


def reason_missing(to: str, why: str) -> tuple[str, ...]:
    """Say that a step takes a reason, and what to do, where there is none; nothing where there is, or need be, none."""
    if to not in _WITH_A_REASON or why.strip():
        return ()
    return f"A release is not {to} without a reason.", "Say why; it is kept for good."


def require_reason(to: str, why: str) -> None:
    """See that a step has a reason, where it takes one.

    Raises
    ------
    UsageError
        There is none.
    """
    if missing := reason_missing(to, why):
        raise UsageError(missing[0], hint=missing[1])


def _answer(to: ReleaseState, problems: list[str]) -> Move:
    return Move(not problems, to, tuple(dict.fromkeys(problems)))


def _wrong_person(case: Case, to: ReleaseState, subject: Subject) -> list[str]:
    """Say why this is not for somebody to do."""
    mine = _known_as(subject.name) in map(_known_as, (case.publication.owner, case.release.author))
    if to in ("draft", "submitted"):
        return [] if mine else ["Its author or owner does that."]
    if to == "withdrawn" or (to == "released" and case.needed == 0):
        stop = to == "withdrawn" and case.release.state == "released" and not _no_checker(case, subject)
        return [] if mine or stop else ["Its author or owner does that."]
    if to == "released" and mine:
        return []
    if found := _no_checker(case, subject):
        return found
    if to in _CHECKS and case.was_checked_by(subject):
        return ["You have checked it already; somebody else is needed."]
    if to == "approved" and case.approvers is not None and subject.organisations.isdisjoint(case.approvers):
        bodies = ", ".join(sorted(case.approvers)) or "which are not known"
        return [f"The agreement wants its results approved by a steward of a controller: {bodies}."]
    return []


def _no_checker(case: Case, subject: Subject) -> list[str]:
    if _known_as(subject.name) in case.involved:
        return ["Whoever made, owned or submitted it cannot check it.", "Ask another steward."]
    if STEWARDS in subject.groups and not subject.organisations.isdisjoint(case.label.parties or ()):
        return []
    bodies = ", ".join(case.label.parties or ())
    return [
        f"Only a steward of {'a body that is' if bodies else 'a body, and none is,'} party to all agreements behind it "
        f"checks it{f': {bodies}' if bodies else ''}."
    ]


def _unsaid(case: Case, why: str) -> list[str]:
    """Say of which data that it brings along whoever checks it has not said anything: only people can judge that."""
    if not (unnamed := [_as_named(name) for name in case.brought if not _is_named(name, why)]):
        return []
    return [
        f"It brings data of its own that the register does not know: {', '.join(unnamed)}. "
        "No rule looked at that, so whoever checks it does.",
        "Look at each of these files, and say in the reason, with their names, what you found.",
    ]


def _is_named(name: str, why: str) -> bool:
    """Tell whether a reason names a file, rather than saying a word that is in its name."""
    quoted = {f"{first}{name}{last}" for first, last in ("“”", '""', "‘’", "''", "``")}
    if any(each.casefold() in why.casefold() for each in quoted):
        return True
    alone = rf"(?<![\w./-]){re.escape(name)}(?![\w/-]|\.\w)"
    return _as_named(name) == name and re.search(alone, why, re.IGNORECASE) is not None


def _as_named(name: str) -> str:
    """Write the name of a file as a reason has to name it: one that could be a word, in quotes."""
    return name if re.search(r"\.[A-Za-z0-9]+$", name) else f"“{name}”"


def _out_of_order(case: Case, to: ReleaseState) -> list[str]:
    """Say which step has to come first."""
    if to == "released" and case.needed and case.release.state != "approved":
        return ["It rests on data that is not open, so it has to be checked first."]
    if to == "submitted" and not case.needed:
        return ["All that it rests on is open, so nobody has to check it: release it."]
    if to == "reviewed" and case.needed < 2:
        return ["One check is enough for it: approve it, or return it."]
    if to == "approved" and case.needed > len(case.checked_by) + 1:
        return ["It needs two different checkers, and nobody has reviewed it yet who counts."]
    if to == "released" and case.needed > len(case.checked_by):
        return [
            "Somebody who checked it has become its author or owner since, or more checks are needed.",
            "Return it.",
        ]
    return []


def _in_the_way(case: Case, to: ReleaseState) -> list[str]:
    """Say what about the version itself stands in the way of its release."""
    publication, version, release, label = case.publication, case.version, case.release, case.label
    found = []
    if (release.publication, release.version) != (version.publication, version.number) or (
        publication.slug != version.publication
    ):
        found.append("This release is of something else.")
    if publication.state != "live":
        found.append(f"The insight is {publication.state}.")
    if version.state != "ready":
        found.append("The version has not passed its check.")
    elif version.number != publication.current and not (version.waits and version.number > publication.current):
        found.append(f"Version {publication.current} is the current one; a release is of that, and starts again.")
    if label.access == "open":
        return found + list(case.unlicensed if to == "released" else ())
    if label.outputs == "none":
        found.append(f"No results may leave under {_named(label.agreements)}, so it is never released.")
    if not label.parties:
        found.append("No body is a party to all the agreements behind it, so nobody could check it.")
    found += _of_what_leaves(case)
    return found + [each.sentence for each in case.findings if each.weight == "must"]


def _of_what_leaves(case: Case) -> Iterator[str]:
    label, tables = case.label, case.version.tables
    if not tables:
        yield "It leaves no tables, and nothing else of it is released: use londata.insights.table."
    if len(case.brought) > MOST_BROUGHT:
        yield f"It brings {len(case.brought)} files with data of its own; {MOST_BROUGHT} are the most."
    closed = label.access == "closed" or label.personal or label.outputs == "aggregate-only"
    if closed and (plain := [table.name for table in tables if table.kind == "open"]):
        yield f"Only protected counts and sums may leave; these are neither: {', '.join(plain)}."


def can_wait(publication: Publication, version: Version, audience: Iterable[str] | None) -> bool:
    """Tell whether a version that rests on too much for its audience waits for its release, while another stays open.

    Parameters
    ----------
    publication
        As it stands, with the version that is open.
    version
        The one that was checked, with its label and its tables.
    audience
        Who is to open it; ``None`` for whoever may open the insight already. For more than those it does not wait: a
        release names them.
    """
    known = audience is None or set(audience) <= set(publication.audience)
    can_be = bool(version.tables) and version.label.outputs != "none" and bool(version.label.parties)
    return bool(publication.current) and not publication.shipped and known and can_be


def at_stake(publication: Publication, versions: Iterable[Version], releases: Iterable[Release]) -> int:
    """Number the version that a release would be of: the newest that waits for one, or else the current one.

    Parameters
    ----------
    publication, versions
        As they stand.
    releases
        Those of the versions. One whose release was withdrawn waits no more: that is for good.
    """
    over = {each.version for each in releases if each.state == "withdrawn" and each.publication == publication.slug}
    waiting = (each.number for each in versions if each.waits and not each.released and each.number not in over)
    return max((number for number in waiting if number > publication.current), default=publication.current)


def _named(agreements: Iterable[str]) -> str:
    return " and ".join(agreements) or "the agreement behind it"


def _known_as(name: str) -> str:
    """Compare names as logins are compared, so that nobody is two people by a capital letter."""
    return name.strip().casefold()


def approvers(label: Label, arrangements: Arrangements) -> frozenset[str] | None:
    """Name the bodies of which one must approve a release: controllers under each agreement that wants it.

    Parameters
    ----------
    label
        Of the version.
    arrangements
        The agreements as they stand.

    Returns
    -------
    frozenset of str or None
        ``None`` where no agreement wants it.
    """
    found: frozenset[str] | None = None
    for name in label.agreements:
        agreement = arrangements.agreements.get(name)
        if agreement is not None and agreement.outputs == "with-approval":
            these = frozenset(each.organisation for each in agreement.parties if each.role in ("controller", "joint"))
            found = these if found is None else found & these
    return found


def licence_lines(entries: Mapping[str, Entry | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write what the licences of open data want to stand beside what is made of them.

    Parameters
    ----------
    entries
        Slug → entry; ``None`` where it is not in the register any more.

    Returns
    -------
    tuple of tuple of str
        A line for each entry, with its attribution; and a sentence for each whose licence does not allow a release. One
        that is not stated allows nothing.
    """
    lines, problems = [], []
    for slug, entry in sorted(entries.items()):
        if entry is None:
            problems.append(f"{slug} is not in the register any more, so its licence is not known.")
        elif entry.licence is None:
            problems.append(f"The licence of “{entry.title}” is not stated; ask {entry.publisher.name} to state it.")
        elif entry.licence.id == "all-rights-reserved":
            problems.append(f"All rights in “{entry.title}” are reserved; ask {entry.publisher.name}.")
        else:
            licence = f"{entry.licence.title} ({entry.licence.url})" if entry.licence.url else entry.licence.title
            credit = f" {entry.attribution.strip()}" if entry.attribution else ""
            lines.append(f"“{entry.title}”, {entry.publisher.name}, {licence}.{credit}")
    return tuple(lines), tuple(problems)
