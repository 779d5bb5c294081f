"""Checking and drafting an insight on one's own machine: what a run of the notebook shows, and a folder to publish."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from londata import readlog, settings
from londata.errors import CatalogFileError, UsageError
from londata.insights import figures, looking, notebooks
from londata.insights.calling import asks
from londata.records import Insight

NOTEBOOK, RECORD = "app.ipynb", "app.yaml"
#: Folder of Jupyter's search path with the look that every app has (the Voila template ``londata``).
LOOK = Path(__file__).parents[1] / "widgets" / "look"
#: Seconds that a notebook may take when it is checked.
MAX_RUN_S = 600
#: What of a notebook stands in the way of a draft, beside what its run shows.
_IN_THE_WAY = ("commands", "folders", "secrets")


@dataclass(frozen=True)
class Check:
    """What a run of a notebook showed.

    Parameters
    ----------
    notebook
        The notebook.
    uses
        Slugs of the entries that it read, in order; each once.
    problems
        What stands in the way of publishing it, one sentence each; none when it is fine.
    not_open
        Those of ``uses`` that are shared or closed: nobody sees the app who may not read them.
    sha256
        Which content of the notebook it was.
    """

    notebook: Path
    uses: tuple[str, ...]
    problems: tuple[str, ...]
    not_open: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems

    def __repr__(self) -> str:
        """Say it as an analyst wants to read it."""
        lines = [f"{self.notebook.name} {'can become an insight.' if self.ok else 'cannot become an insight yet:'}"]
        lines += [f"  - {problem}" for problem in self.problems]
        lines += [f"  It uses {', '.join(self.uses)}."] if self.uses else []
        if self.not_open:
            lines.append(f"  Of these, {', '.join(self.not_open)} not open: only those who may read that see the app.")
        return "\n".join(lines)


@dataclass(frozen=True)
class Draft:
    """A drafted insight: its folder and its record."""

    folder: Path
    record: Insight

    @property
    def preview(self) -> str:
        """How to see it as an app: an address in the hub, else a line for a terminal."""
        notebook = (self.folder / NOTEBOOK).resolve()
        prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
        if prefix and notebook.is_relative_to(Path.home()):
            return f"{prefix}voila/render/{notebook.relative_to(Path.home()).as_posix()}"
        if prefix:
            return "draft it into a folder of your home, which the hub can show"
        return f"JUPYTER_PATH={LOOK} voila --template=londata {notebook}"

    def __repr__(self) -> str:
        """Say where it is and what comes next."""
        uses = ", ".join(self.record.uses)
        return f"“{self.record.title}” is drafted in {self.folder}.\n  It uses {uses}.\n  See it: {self.preview}"


@asks
def check(notebook: str | Path) -> Check:
    """Run a notebook in a kernel of its own and see whether it can become an insight.

    Parameters
    ----------
    notebook
        The notebook; it is not changed.

    Raises
    ------
    UsageError
        There is no such notebook, or it cannot be read.
    MissingExtraError
        The libraries that run notebooks are not installed.
    """
    path = Path(notebook)
    content, sha256 = notebooks.read(path), _sha256(path)
    with tempfile.TemporaryDirectory(prefix="londata-check-") as scratch:
        log = Path(scratch) / "reads.jsonl"
        failure = _run(content, path.resolve().parent, log)
        reads, asked = _reads(log)
    uses = tuple(dict.fromkeys(read["entry"] for read in reads))
    problems = [failure] if failure else []
    if not uses and not failure:
        problems.append(rests_on_nothing(asked))
    looked = [each for each in looking.look(content) if each.check in _IN_THE_WAY]
    shown = [] if failure else [*figures.figures(content), *looking.shown_secrets(content)]
    problems += dict.fromkeys(each.sentence for each in (*looked, *shown) if each.weight == "must")
    not_open = tuple(dict.fromkeys(read["entry"] for read in reads if read["access"] != "open"))
    return Check(path, uses, tuple(problems), not_open, sha256)


def rests_on_nothing(asked: bool) -> str:
    """Say that a notebook read the data of no entry, and what to do.

    Parameters
    ----------
    asked
        Whether it asked the register for its lists, or counted or searched in them.
    """
    if asked:
        return (
            "It asks the register what there is and reads none of it, so nobody could tell what it rests on: read the "
            "data with catalog.<dataset>.read(). What the register holds about agreements is a dataset, too: "
            "catalog.sharing_agreements.read()."
        )
    return (
        "It reads nothing from the register, so nobody could tell what it rests on: read its data with "
        "catalog.<dataset>.read()."
    )


@asks
def draft(
    notebook: str | Path | Check,
    *,
    slug: str,
    title: str,
    owner: str,
    publisher: str,
    public_benefit: str,
    licence: str,
    folder: str | Path = ".",
    **more: Any,
) -> Draft:
    """Draft an insight from a notebook: check it, and write the folder that publishing will take.

    Parameters
    ----------
    notebook
        The notebook, or what :func:`check` said of it: then it is run again only if it has changed since.
    slug
        The name in the register, ``my-insight``; also the name of the new folder.
    title, owner, publisher, public_benefit, licence
        Fields of the record. ``publisher`` and ``licence`` are ids, as in the catalogue files; ``licence`` may also be
        ``"not stated"``, and is never assumed.
    folder
        Where the new folder is made.
    more
        Further fields of the record: ``summary``, ``description``, ``friction``, ``method``, ``limits``, ``tags`` …

    Raises
    ------
    UsageError
        The notebook cannot become an insight yet, says something that is found out and not typed, or the folder exists.
    CatalogFileError
        The record breaks a rule of the register; every problem is listed.
    """
    if taken := sorted({"uses", "access", "form", "kind", "address"} & set(more)):
        raise UsageError(f"{', '.join(taken)} cannot be said here: it is found out.", hint="Leave it out.")
    target = Path(folder) / slug
    if target.exists():
        raise UsageError(f"There is already a {target}.", hint="Choose another slug, or remove the folder.")
    fields: dict[str, Any] = {"title": title, "form": "app", "publisher": publisher, "owner": owner}
    fields |= {"public_benefit": public_benefit, **more, "access": "open", "licence": licence}
    _validated(slug, fields | {"uses": [slug]})  # what is wrong with the record is said before anything is run
    found = _checked(notebook)
    if not found.ok:
        raise UsageError(str(found), hint="Mend that and draft again.")
    if found.not_open:
        raise UsageError(
            f"An app of the repository rests on open data, and this one reads {', '.join(found.not_open)}.",
            hint="Publish it with londata.publish, for a project that may read it.",
        )
    fields["uses"] = [*found.uses]
    record = _validated(slug, fields)
    _write(target, fields, notebooks.read(found.notebook))
    return Draft(target, record)


def _checked(notebook: str | Path | Check) -> Check:
    if not isinstance(notebook, Check):
        return check(notebook)
    return notebook if notebook.sha256 == _sha256(notebook.notebook) else check(notebook.notebook)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"There is no notebook {path}.", hint="Give the path of an .ipynb file.") from error


def _run(content: Any, folder: Path, log: Path) -> str:
    """Run a copy of a notebook; say what went wrong, or nothing."""
    nbclient = notebooks.library("nbclient")
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    from londata.kernels import SameInterpreter
    from londata.kernels.replies import ends_its_kernel

    left = False

    def see_end(cell: Any, cell_index: int, execute_reply: Any) -> None:
        nonlocal left
        left = left or ends_its_kernel(execute_reply)

    # Sockets beside the log: nothing is left behind.
    kernel = SameInterpreter(connection_file=str(log.with_name("k.json")))
    resources = {"metadata": {"path": str(folder)}}
    watched = {"timeout": MAX_RUN_S, "resources": resources, "on_cell_executed": see_end}
    client = nbclient.NotebookClient(content.copy(), km=kernel, **watched)
    try:
        client.execute(cleanup_kc=True, env=os.environ | {f"{settings.PREFIX}READ_LOG": str(log)})
    except CellExecutionError as error:
        return f"It stops with an error: {error.ename}: {error.evalue}"
    except CellTimeoutError:
        return f"It takes longer than {MAX_RUN_S} seconds."
    except DeadKernelError:
        if not left:
            return "Its kernel died, perhaps for want of memory."
    return "A cell ends the notebook with exit() or quit(); what comes after it does not run." if left else ""


def _reads(log: Path) -> tuple[Sequence[dict[str, Any]], bool]:
    """Give what was read, and whether the register was asked for its lists."""
    import json

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    reads = [line for line in lines if line.get("kind", readlog.READ) == readlog.READ]
    return reads, any(line.get("kind") == readlog.ASKED for line in lines)


def _validated(slug: str, fields: dict[str, Any]) -> Insight:
    """Build the record by the rules of the catalogue files."""
    from londata.catalog_files import load_catalog
    from londata.catalog_files.entry_files import Problems, build_entry

    problems = Problems()
    values = {**fields, "kind": "insight", "address": f"/services/apps/{slug}/"}
    publishers = load_catalog(settings.shipped("catalogs")).publishers
    entry = build_entry(slug, values, "", publishers, f"{slug}/{RECORD}: insight", problems)
    if not isinstance(entry, Insight):
        raise CatalogFileError(problems.lines)
    return entry


def _write(target: Path, fields: dict[str, Any], content: Any) -> None:
    import yaml

    content = notebooks.stripped(content, fields["title"])
    target.mkdir(parents=True)
    notebooks.library("nbformat").write(content, target / NOTEBOOK)
    record = {"title": fields["title"], "insight": fields}
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=110)
    (target / RECORD).write_text(text, encoding="utf-8")
