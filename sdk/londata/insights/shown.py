"""Published insights as people see them: in a terminal, and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from londata.client.insights_client import InsightsClient
from londata.errors import UsageError
from londata.insights.audiences import in_words
from londata.insights.behind import in_words as thresholds_in_words
from londata.records.publications import Finding, Thresholds
from londata.sharing.display.listing import Listing
from londata.sharing.display.style import card, table
from londata.sharing.display.words import link, plain, safe

_LONGEST = 500
_WEIGHTS = {"must": "Must be mended", "should": "Should be mended", "fine": "In order"}
_VERSIONS = {"checking": "is being checked", "ready": "passed its check", "refused": "did not pass its check"}
_AS_IT_IS = "whoever may open it"
#: Of a list: what each column is called, and how it is written.
Columns = tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...]
_STATES = {"live": "", "paused": "paused", "withdrawn": "withdrawn"}


def findings_of(said: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Read findings as the hub tells them."""
    return tuple(Finding.model_validate(each) for each in said.get("findings") or ())


def lines_of(findings: Sequence[Finding], *, fine: bool = True) -> list[str]:
    """Write findings for a terminal, the weightiest first."""
    lines = []
    for weight, words in _WEIGHTS.items():
        of_weight = [each for each in findings if each.weight == weight]
        if of_weight and (fine or weight != "fine"):
            lines.append(f"{words}:")
            lines += [f"  - {_where(each)}{plain(each.sentence, _LONGEST)}" for each in of_weight]
    return lines


def _where(finding: Finding) -> str:
    return f"Cell {finding.cell}: " if finding.cell else ""


@dataclass
class PublishedInsight:
    """An insight at the hub, as it stood when it was asked for or changed last.

    ``said`` is what the hub says of it.
    """

    said: Mapping[str, Any]
    service: InsightsClient = field(repr=False, compare=False)

    @property
    def slug(self) -> str:
        """What it is called in the register."""
        return str(self.said.get("slug", ""))

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.said.get("title", ""))

    @property
    def state(self) -> str:
        """``live``, ``paused`` or ``withdrawn``."""
        return str(self.said.get("state", ""))

    @property
    def current(self) -> int:
        """Which version is shown; 0 while none has passed its check."""
        return int(self.said.get("current") or 0)

    @property
    def audience(self) -> tuple[str, ...]:
        """Who may open it."""
        return tuple(map(str, self.said.get("audience") or ()))

    @property
    def address(self) -> str:
        """Where it opens, on the hub."""
        return str(self.said.get("address") or "")

    @property
    def page(self) -> str:
        """Where everything about it stands, on the hub."""
        return str(self.said.get("page") or "")

    def _facts(self) -> list[tuple[str, str]]:
        said = self.said
        found = [
            ("State", " – ".join(filter(None, (_STATES.get(self.state, self.state), str(said.get("reason") or ""))))),
            ("Version", str(self.current) if self.current else "none yet"),
            ("For", in_words(self.audience)),
            ("Mind", " ".join(map(str, filter(None, (said.get("stale"), *(said.get("unknown") or ())))))),
            ("Project", str(said.get("project") or "")),
            ("Data", str(said.get("access") or "")),
            ("Hides", _hidden(said)),
            ("Last run", str(said.get("last_run") or "")[:16].replace("T", " ")),
        ]
        return [(name, value) for name, value in found if value]

    def __str__(self) -> str:
        lines = [f"{plain(self.title)} ({self.slug})"]
        lines += [f"  {name + ':':<10} {plain(value, _LONGEST)}" for name, value in self._facts()]
        lines += [f"  {'Open it:':<10} {self.address}"] if self.address else []
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = [(safe(name), safe(value, _LONGEST)) for name, value in self._facts()]
        rows += [("Open it", link(self.address))] if self.address else []
        rows += [("More", link(self.page))] if self.page else []
        return card(table(safe(self.title), rows, row_headers=True))


def _hidden(said: Mapping[str, Any]) -> str:
    """Say from when on numbers are hidden; where there are no tables, only what was made stricter for those to come."""
    thresholds = said.get("thresholds") or {}
    if any(each.get("kind") != "open" for each in said.get("tables") or ()):
        return thresholds_in_words(thresholds)
    if not thresholds or thresholds == Thresholds().model_dump():
        return ""
    return f"nothing, as it has no tables of counts or sums; in one to come, {thresholds_in_words(thresholds)}"


@dataclass
class Published:
    """A version that was published: whether it passed its check, what was found, and where it opens.

    ``said`` is what the hub says of the version, ``about`` what it says of the insight; ``before`` was found before it
    left this machine.
    """

    said: Mapping[str, Any]
    about: PublishedInsight
    before: tuple[Finding, ...] = ()

    @property
    def slug(self) -> str:
        """What it is called in the register."""
        return str(self.said.get("publication", ""))

    @property
    def number(self) -> int:
        """The number of the version."""
        return int(self.said.get("number") or 0)

    @property
    def state(self) -> str:
        """``checking``, ``ready`` or ``refused``."""
        return str(self.said.get("state", ""))

    @property
    def ok(self) -> bool:
        """Whether it passed its check."""
        return self.state == "ready"

    @property
    def address(self) -> str:
        """Where it opens, on the hub; empty until it has passed."""
        return self.about.address if self.ok else ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found: here before it left, and by the hub."""
        told = findings_of(self.said)
        known = {(each.check, each.sentence, each.cell) for each in told}
        mended = {each.check for each in self.before if each.weight != "fine"}
        told = tuple(each for each in told if each.weight != "fine" or each.check not in mended)
        mine = [each for each in self.before if each.weight != "fine"]
        return (*told, *(each for each in mine if (each.check, each.sentence, each.cell) not in known))

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The entries that it read, as the hub saw it; each once."""
        return tuple(dict.fromkeys(str(each["entry"]) for each in self.said.get("rests_on") or ()))

    @property
    def later(self) -> str:
        """How to ask later how its check has gone, while it goes on; empty when it has ended."""
        if self.state != "checking":
            return ""
        return (
            f"The check of version {self.number} goes on at the hub. Ask later how it went: "
            f'insights.versions("{self.slug}"), or londata insight versions {self.slug}.'
        )

    def refresh(self) -> Published:
        """Look at it again; returns it as it stands then."""
        service = self.about.service
        self.said = service.version(self.slug, self.number)
        self.about = PublishedInsight(service.insight(self.slug), service)
        return self

    def require(self) -> Published:
        """Return it if it passed its check.

        Raises
        ------
        UsageError
            It did not, or is still being checked; the message says what was found.
        """
        if not self.ok:
            raise UsageError(str(self), hint="" if self.later else "Mend that and publish again.")
        return self

    def _headline(self) -> str:
        name = self.about.title or self.slug
        how = _VERSIONS.get(self.state, self.state)
        how += f" and waits for its release; version {self.about.current} stays open" if self.said.get("waits") else ""
        return f"“{plain(name)}”, version {self.number}, {how}."

    def __str__(self) -> str:
        lines = [self._headline(), *filter(None, [self.later]), *lines_of(self.findings)]
        lines += [f"Open it: {self.address}", f"For: {in_words(self.about.audience)}"] if self.ok else []
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = [f"<p>{html.escape(each)}</p>" for each in (self._headline(), self.later) if each]
        if self.ok:
            opened = link(self.address, f"Open {self.about.title or self.slug}")
            parts.append(f"<p>{opened} – for {safe(in_words(self.about.audience))}</p>")
        rows = [
            (_WEIGHTS[each.weight], str(each.cell or ""), safe(each.sentence, _LONGEST))
            for weight in _WEIGHTS
            for each in self.findings
            if each.weight == weight
        ]
        parts += [table("What was found", rows, headers=("Weight", "Cell", "Finding"))] if rows else []
        return card("".join(parts))


class _Said(Listing[Mapping[str, Any]]):
    """A list of what the hub said, with columns."""

    columns: Columns = ()
    what = ("insight", "insights")

    def headline(self) -> str:
        """Say how many there are."""
        one, several = self.what
        return f"1 {one}." if len(self) == 1 else f"{len(self):,} {several}." if self else f"No {several}."

    def line(self, item: Mapping[str, Any]) -> str:
        """Write one for a terminal."""
        first, *rest = (plain(show(item), _LONGEST) for _, show in self.columns)
        return "  ".join([f"{first:<28}", *filter(None, rest)])

    def cells(self, item: Mapping[str, Any]) -> Sequence[str]:
        """Write one for the table."""
        return [safe(show(item), _LONGEST) for _, show in self.columns]

    @property
    def headers(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        """What the table calls its columns."""
        return tuple(name for name, _ in self.columns)


def _state(said: Mapping[str, Any]) -> str:
    words = _STATES.get(str(said.get("state", "")), str(said.get("state", "")))
    why = str((words and said.get("reason")) or said.get("stale") or "")
    return ": ".join(filter(None, (words or ("stale" if why else ""), why)))


class Insights(_Said):
    """Insights that were published at the hub."""

    columns = (
        ("Insight", lambda said: str(said.get("slug", ""))),
        ("Title", lambda said: str(said.get("title", ""))),
        ("Version", lambda said: f"version {said['current']}" if said.get("current") else "no version yet"),
        ("For", lambda said: in_words(said.get("audience") or ())),
        ("State", _state),
    )


class Versions(_Said):
    """The versions of an insight, the newest first, and which of them is shown now.

    Parameters
    ----------
    items
        What the hub says of each.
    about
        The insight, where it is known.
    """

    what = ("version", "versions")
    columns: Columns = (
        ("Version", lambda said: f"version {said.get('number')}"),
        ("State", lambda said: _VERSIONS.get(str(said.get("state")), "")),
        ("Published", lambda said: str(said.get("published_at") or "")[:16].replace("T", " ")),
        ("By", lambda said: str(said.get("published_by") or "")),
        ("Released", lambda said: "released" if said.get("released") else "waits for it" if said.get("waits") else ""),
    )

    def __init__(self, items: Iterable[Mapping[str, Any]] = (), about: PublishedInsight | None = None) -> None:
        super().__init__(items)
        current, state = (about.current, about.state) if about else (0, "")
        now = "shown now" if state == "live" else f"the current one, but {_STATES.get(state, state)}"

        def shown_now(said: Mapping[str, Any]) -> str:
            return now if said.get("number") == current else ""

        self.columns = (*self.columns, ("Now", shown_now))

    def line(self, item: Mapping[str, Any]) -> str:
        """Write one for a terminal; of one that did not pass, what must be mended as well."""
        stopped = [each for each in findings_of(item) if each.weight == "must" and item.get("state") == "refused"]
        return "\n".join([super().line(item), *(f"    {each}" for each in lines_of(stopped)[1:])])


class Impact(_Said):
    """The insights that rest on a dataset; of those that are not there for you, a steward sees name and owner."""

    columns = (
        ("Insight", lambda said: str(said.get("slug", ""))),
        ("Title", lambda said: str(said.get("title", ""))),
        ("Owner", lambda said: str(said.get("owner", ""))),
        ("State", _state),
    )


class OneRelease(dict[str, Any]):
    """A release as it stands after a step, as plain values; shown, it is a sentence."""

    def __str__(self) -> str:
        what = f"The release of {self.get('publication')}, version {self.get('version')}"
        unknown = "".join(f" {each}" for each in self.get("unknown") or ())
        return plain(f"{what}, is {self.get('state')}, for {_for_whom(self)}.{unknown}", _LONGEST)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return card(f"<p>{safe(str(self), _LONGEST)}</p>")


def _for_whom(said: Mapping[str, Any]) -> str:
    """Say to whom a release opens; one that was not asked for opens to nobody else."""
    audience = said.get("audience") or ()
    return "everybody without a log-in" if "public" in audience else in_words(audience) if audience else _AS_IT_IS


class Releases(_Said):
    """Releases that you asked for, or may check.

    Parameters
    ----------
    items
        What the hub says of each.
    left_out
        How many there are beside these, about which nobody has anything to do.
    """

    what = ("release", "releases")
    columns = (
        ("Insight", lambda said: str(said.get("publication", ""))),
        ("Version", lambda said: f"version {said.get('version')}"),
        ("State", lambda said: str(said.get("state", ""))),
        ("Author", lambda said: str(said.get("author", ""))),
        ("For", _for_whom),
        ("You may say", lambda said: ", ".join(map(str, said.get("moves") or ()))),
    )

    def __init__(self, items: Iterable[Mapping[str, Any]] = (), left_out: int = 0) -> None:
        super().__init__(items)
        self.left_out = left_out

    def headline(self) -> str:
        """Say how many there are, and how to see the others."""
        if not self.left_out:
            return super().headline()
        said = super().headline() if self else "Nobody has anything to do about a release."
        over = f"{self.left_out:,} {'is' if self.left_out == 1 else 'are'} over"
        return f"{said} {over}: insights.releases(everything=True), or londata insight release --all."

    def line(self, item: Mapping[str, Any]) -> str:
        """Write one for a terminal; what may come next is named so, or it would read as how the release stands."""
        moves = [f"--to {plain(str(move))}" for move in item.get("moves") or ()]
        return super().line({**item, "moves": ()}) + (f"  (you may say {', '.join(moves)})" if moves else "")
