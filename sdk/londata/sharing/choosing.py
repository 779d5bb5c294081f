"""Choosing the project that a kernel works for: once, from one's own."""

from __future__ import annotations

from londata import session
from londata.errors import UsageError
from londata.records import slug_of
from londata.sharing import telling
from londata.sharing.projects import MyProject, Projects
from londata.sharing.service import service


def projects() -> Projects:
    """List the projects that you are a member of, what each may read and until when.

    Raises
    ------
    SettingsError
        There is no register service here.
    """
    return service().projects()


def current_project() -> MyProject | None:
    """Give the project that this kernel works for; ``None`` while none is chosen.

    Raises
    ------
    UsageError
        It works for one that you are no member of, or not any more.
    """
    chosen = session.project()
    return _mine(chosen) if chosen else None


def use_project(name: str | MyProject | None = None) -> Projects | None:
    """Choose the project that this kernel works for, and say what that means. Without a name: show your projects.

    A kernel works for one project until it ends, so that what is read for one purpose never meets what is read for
    another. For a second project start a new kernel.

    Parameters
    ----------
    name
        The project's name in code, as ``londata.projects()`` lists it, or one of that list.

    Returns
    -------
    Projects or None
        Your projects when no name is given.

    Raises
    ------
    UsageError
        You are not a member of such a project, or this kernel works for another already.
    SettingsError
        There is no register service here.
    """
    if name is None:
        return projects()
    telling.say(enter(name))
    return None


def enter(name: str | MyProject) -> list[str]:
    """Choose the project that this kernel works for; returns the lines that say what that means.

    Raises
    ------
    UsageError, SettingsError
        As :func:`use_project`.
    """
    name = name.id if isinstance(name, MyProject) else name
    if not isinstance(name, str):
        raise UsageError(f"A project is chosen by its name, not {name!r:.80}.", hint="londata.projects() lists yours.")
    slug = slug_of(name)
    if session.project() is not None:
        session.fix_project(slug)  # raises for another one, before anybody is asked
    project = _mine(slug)
    session.fix_project(project.id)
    first, *more = project.told()
    return [f"This {session.place()} works for {first}", *more, *(str(each) for each in telling.of_project(project.id))]


def _mine(name: str) -> MyProject:
    """Find one of one's projects; one that is not one's own and one that is not there are the same to whoever asks."""
    mine = projects()
    if found := mine.find(name):
        return found
    own = ", ".join(f"{project.id} (“{project.title}”)" for project in mine)
    raise UsageError(
        f"You are not a member of a project {name[:80]!r}.",
        hint=f"Yours: {own}." if own else "You are a member of no project: ask a steward to make you one.",
    )
