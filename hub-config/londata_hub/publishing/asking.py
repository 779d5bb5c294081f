"""What somebody asks to have published, looked at before anything is kept: kind sentences for what cannot be."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from londata.access import Arrangements, Subject, midnight
from londata.access.days import day
from londata.errors import AccessDeniedError, UsageError
from londata.insights import notebooks
from londata.records import slugify
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.records.publications import Finding, Publication, Start
from londata_hub.publishing import entries
from londata_hub.publishing.snapshots import NOTEBOOK, RECORD, examine

#: The longest record, written as JSON.
LONGEST_RECORD = 100_000


@dataclass(frozen=True)
class Asked:
    """What is asked to be published.

    ``slug`` is made of the title where there is none. An empty ``audience`` stands for whoever has it already, and for
    the owner (and the project) at first. ``project`` is the one for which it reads data that is not open.
    """

    files: Mapping[str, bytes]
    record: Mapping[str, Any]
    slug: str = ""
    project: str = ""
    audience: tuple[str, ...] = ()
    start: Start = "shared"


def require_person(subject: Subject) -> None:
    """See that a person asks, by themselves.

    Raises
    ------
    AccessDeniedError
        Nobody does, or something that acts for somebody.
    """
    if not subject.name or subject.owner or "/" in subject.name:
        raise AccessDeniedError(
            "Only people publish insights and look after them.", hint="Log in, and do it with your own token."
        )


def slug_of(asked: Asked) -> str:
    """Name what is asked for.

    Raises
    ------
    UsageError
        The name is none.
    """
    title = str(asked.record.get("title", ""))
    slug = asked.slug or slugify(title)
    if not asked.slug and title.strip() and slugify(f"x {title}") == "x":
        raise UsageError(
            f"No name can be made of the title {title[:60]!r}: it has none of the letters a to z, and no digits.",
            hint="Say what it is to be called in the register: slug, as library-visits.",
        )
    if not SLUG.match(slug) or len(slug) > MAX_SLUG:
        raise UsageError(
            f"{slug[:80]!r} cannot be the name of an insight.",
            hint="A name is lower-case letters and digits with single hyphens, as library-visits.",
        )
    return slug


def audience_of(asked: Asked, slug: str, owner: str, now: dt.datetime) -> tuple[str, ...]:
    """Read for whom it is to be.

    Parameters
    ----------
    asked
        What is asked for.
    slug, owner, now
        Of the publication.

    Raises
    ------
    UsageError
        Somebody is named whom nobody can be.
    """
    chosen = tuple(dict.fromkeys(asked.audience))
    try:
        Publication(slug=slug, owner=owner, audience=chosen, created_at=now)
    except ValidationError:
        wrong = ", ".join(repr(each[:80]) for each in chosen)
        raise UsageError(
            f"The audience {wrong} cannot be read.",
            hint="Say public, hub, person:ada, group:org-camden or project:school-places.",
        ) from None
    return chosen


def require_project(project: str, person: str, arrangements: Arrangements, now: dt.datetime) -> None:
    """See that somebody can publish for a project.

    Parameters
    ----------
    project
        Its id.
    person
        Who publishes.
    arrangements, now
        The projects as they stand, and when.

    Raises
    ------
    AccessDeniedError
        They are no member of it, or it is over.
    """
    found = arrangements.projects.get(project)
    if found is None or person not in found.members:
        raise AccessDeniedError(
            f"You are not a member of a project {project[:120]!r}.", hint="See yours with `londata projects`."
        )
    if now >= midnight(found.end):
        raise AccessDeniedError(f"The project “{found.title}” ended on {day(midnight(found.end))}.")


def files_of(asked: Asked, slug: str, *, shipped: bool = False) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """Make the files of a snapshot: the notebook without what an earlier run left in it, and the record as a file.

    Parameters
    ----------
    asked
        What is asked for.
    slug
        What it is called.
    shipped
        Whether it is shipped with londata.

    Returns
    -------
    tuple of dict and tuple of Finding
        Name → content, and what was found stored in the notebook.

    Raises
    ------
    UsageError
        The notebook cannot be read, or the record or the files cannot be published.
    """
    import yaml

    from londata.insights import looking

    if len(json.dumps(dict(asked.record), default=str)) > LONGEST_RECORD:
        raise UsageError("The record of the insight is very long.", hint="Say it in fewer words.")
    entries.check_record(asked.record, slug, shipped=shipped)
    files = {name: content for name, content in asked.files.items() if name != RECORD}
    examine(files | {RECORD: b""})
    notebook = _notebook(files[NOTEBOOK])
    found = tuple(each for each in looking.stored_outputs(notebook))
    title = str(asked.record["title"])
    written = notebooks.library("nbformat").writes(notebooks.stripped(notebook, title))
    record = {"title": title, "start": asked.start, "insight": dict(asked.record)}
    text = yaml.safe_dump(json.loads(json.dumps(record, default=str)), sort_keys=False, allow_unicode=True, width=110)
    files |= {NOTEBOOK: written.encode("utf-8", "replace"), RECORD: text.encode("utf-8", "replace")}
    examine(files)
    return files, found


def _notebook(content: bytes) -> Any:
    """Read a notebook that a stranger sent."""
    nbformat = notebooks.library("nbformat")
    try:
        notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
        nbformat.validate(notebook)
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError, nbformat.ValidationError) as error:
        raise UsageError(
            "The notebook cannot be read.", hint="Save it again in JupyterLab, and publish that."
        ) from error
    return notebook
