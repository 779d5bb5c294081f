"""Asking for access to an entry, with everything that can be known already filled in."""

from __future__ import annotations

from dataclasses import replace

from londata import session
from londata.errors import UsageError
from londata.records import Entry, slug_of
from londata.records.legal import purpose_title
from londata.sharing.projects import MyProject, Projects
from londata.sharing.requests import Request, Requests, words
from londata.sharing.service import service
from londata.sharing.standing import Standing


def requests() -> Requests:
    """List your requests and, if you are a steward, those that you may decide.

    Raises
    ------
    SettingsError
        There is no register service here.
    """
    return service().requests()


def standing(entry: str, address: str) -> Standing:
    """Ask how the caller stands towards an entry in this kernel's project, or, where none is chosen, in others."""
    there, chosen = service(address), session.project()
    found = there.standing(entry, chosen)
    if found.allowed:
        return found
    found = replace(found, waiting=_waiting(there.requests(), entry, chosen))
    if chosen:
        return found
    able = (project.id for project in there.projects() if any(each.entry == entry for each in project.readable))
    return replace(found, readable_in=tuple(able))


def _waiting(asked: Requests, entry: str, project: str | None) -> Request | None:
    """Find one's own request for an entry that is not decided yet: in a project, or in any where none is chosen."""
    own = (each for each in asked if each.mine and each.state == "open" and each.record.entry == entry)
    return next((each for each in own if project in (None, each.record.project)), None)


def request_access(
    record: Entry, why: str, *, purpose: str | None = None, project: str | None = None, address: str = ""
) -> Request:
    """Ask the stewards of an entry for access to it.

    Parameters
    ----------
    record
        The entry.
    why
        What it is needed for, in a sentence: a steward decides by it.
    purpose
        The project's purpose, as a check; a request has no other.
    project
        For which project; that of this kernel when not given, else the only one that you are a member of.
    address
        Of the register that the entry is from; the setting ``REGISTER`` when not given.

    Returns
    -------
    Request
        It says what was asked, of whom and under which agreement.

    Raises
    ------
    UsageError
        There is nothing to ask for, something is missing, or it has been asked already.
    """
    if record.access == "open":
        raise UsageError(f"“{record.title}” is open: nobody has to be asked.", hint=f"catalog.{record.key}.read()")
    why = words(why, "reason why you need it", write=f'catalog.{record.key}.request_access(why="…")')
    there = service(address)
    chosen = choose(there.projects(), project)
    check_purpose(chosen, purpose)
    made = there.ask(record.id, chosen.id, why)
    return replace(
        made,
        title=made.title or record.title,
        project_title=made.project_title or chosen.title,
        holder=made.holder or record.publisher.name,
    )


def choose(mine: Projects, name: str | None) -> MyProject:
    """Choose the project for a request: the one named, else this kernel's, else the only one."""
    if name is not None and not isinstance(name, str):
        raise UsageError(f"A project is said by its name, not {str(name)[:80]}.", hint='Write project="school-places".')
    wanted = slug_of(name) if name else session.project()
    if wanted and (found := mine.find(wanted)):
        return found
    own = ", ".join(project.id for project in mine)
    if not mine:
        raise UsageError(
            "Data is given for a project, and you are a member of none.",
            hint="Ask a steward, or whoever leads the work, to make you a member of one.",
        )
    if wanted:
        raise UsageError(f"You are not a member of a project {wanted[:80]!r}.", hint=f"Yours: {own}.")
    if len(mine) > 1:
        raise UsageError(
            f"You are a member of {len(mine)} projects ({own}); say for which this is.",
            hint=f'request_access(why="…", project="{mine[0].id}")',
        )
    return mine[0]


def check_purpose(project: MyProject, purpose: str | None) -> None:
    """Refuse a purpose that is not the project's; raises :class:`~londata.errors.UsageError`."""
    code = project.record.purpose
    title = project.purpose_title or purpose_title(code)
    if purpose is not None and str(purpose).strip().casefold() not in (code.casefold(), title.casefold()):
        raise UsageError(
            f"The purpose of the project {project.id} is “{title}” ({code}), not {str(purpose)[:80]!r}.",
            hint="Leave purpose out, or ask for a project with that purpose.",
        )
