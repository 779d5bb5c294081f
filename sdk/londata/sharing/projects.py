"""One's projects: what each is for, which data it may read, and until when."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Sequence
from dataclasses import dataclass

from londata import session
from londata.access import last_day, midnight
from londata.records import Project, key_of
from londata.sharing.display.listing import Listing
from londata.sharing.display.words import plain, safe


@dataclass(frozen=True)
class Readable:
    """An entry that is not open and that one may read in a project; ``until`` is ``None`` where nothing ends it."""

    entry: str
    title: str
    until: dt.datetime | None = None

    @property
    def how_long(self) -> str:
        """Say until when, for the end of a sentence."""
        return f"until {last_day(self.until)}" if self.until else "with no end set"


@dataclass(frozen=True)
class Halted:
    """An entry for which one has a grant in a project that does not allow to read it now; ``why`` says why not."""

    entry: str
    title: str
    why: str


@dataclass(frozen=True)
class MyProject:
    """A project that one is a member of.

    ``record`` is what the register says of it, ``readable`` what oneself may read in it now, ``halted`` what was
    granted and cannot be read now; ``ended`` is set when the project is over.
    """

    record: Project
    purpose_title: str
    readable: tuple[Readable, ...] = ()
    ended: bool = False
    halted: tuple[Halted, ...] = ()

    @property
    def id(self) -> str:
        """What the project is called in code."""
        return self.record.id

    @property
    def title(self) -> str:
        """What people call it."""
        return self.record.title

    @property
    def until(self) -> str:
        """The last day on which it may read, in words; its record names the day after it."""
        return last_day(midnight(self.record.end))

    def told(self) -> list[str]:
        """Say in a line what it is for, and in another which data it may read."""
        purpose = plain(self.purpose_title or self.record.purpose)
        first = (
            f"{plain(self.title)} ({self.id}): {purpose}. It {'lasted' if self.ended else 'lasts'} until {self.until}."
        )
        return [first, self._data(), *self._not_now()]

    def _data(self) -> str:
        if self.ended:
            return "It is over, so it may read open data only."
        if not self.readable and self.halted:
            return "It may read open data only, for now."
        if not self.readable:
            return 'It may read open data only, so far; ask for more with catalog.<dataset>.request_access(why="…").'
        each = (f"{plain(one.title)} (catalog.{key_of(one.entry)}, {one.how_long})" for one in self.readable)
        return f"Beside open data it may read {'; '.join(each)}."

    def _not_now(self) -> list[str]:
        """Say what was granted and cannot be read now, and why; of a project that is over, everybody knows."""
        return [] if self.ended else [plain(each.why, 600) for each in self.halted]

    def __repr__(self) -> str:
        return "\n".join(self.told())

    def _repr_html_(self) -> str:
        return Projects([self])._repr_html_()


class Projects(Listing[MyProject]):
    """The projects that one is a member of.

    Parameters
    ----------
    items
        The projects.
    chosen
        The one that this kernel works for, if any.
    """

    headers = ("Project", "Purpose", "May read, beside open data", "Until", "In code")

    def __init__(self, items: Sequence[MyProject] = (), chosen: str | None = None) -> None:
        super().__init__(items)
        self._chosen = chosen

    def find(self, name: str) -> MyProject | None:
        """Find one by its name in code."""
        return next((project for project in self if project.id == name), None)

    def headline(self) -> str:
        """Say how many there are, and for which this kernel works."""
        if not self:
            return "You are a member of no project. Ask a steward, or whoever leads the work, to make you one."
        count = "1 project" if len(self) == 1 else f"{len(self)} projects"
        works = f"this {session.place()} works for {self._chosen or 'none yet'}"
        return f"You are a member of {count}; {works}"

    def line(self, item: MyProject) -> str:
        """Write one project for a terminal."""
        said = item.told()
        return "\n".join([f"  {said[0]}", *(f"    {line}" for line in said[1:]), f"    {_code(item)}"])

    def cells(self, item: MyProject) -> Sequence[str]:
        """Write one project for the table."""
        data = "<br>".join(f"{safe(one.title, 120)}, {html.escape(one.how_long)}" for one in item.readable)
        stopped = "" if item.ended else "<br>".join(safe(each.why, 600) for each in item.halted)
        data = "<br>".join(filter(None, (data, stopped)))
        purpose = safe(item.purpose_title or item.record.purpose)
        name = f"{safe(item.title, 120)}{f' (this {session.place()})' if item.id == self._chosen else ''}"
        return (
            name,
            purpose,
            data or "nothing yet",
            html.escape(item.until),
            f"<code>{html.escape(_code(item))}</code>",
        )


def _code(item: MyProject) -> str:
    return f'londata.use_project("{item.id}")'
