"""Tables for release on the hub's side: taken from a check without believing them, and looked at before every step.

What a notebook leaves is a document for each table (:mod:`londata.insights.leaving`). The hub reads the documents alone
and writes the files of the snapshot anew, so that no file of a sandbox is ever opened or served. Before each step of a
release the auditor goes over the tables as they lie in the snapshot, with the thresholds of the publication as they are
then, beside each other and beside what was released before.

The workings are the notebook's own word: an author could invent them. What the hub finds is whether table and workings
fit, and what the table gives away if they are true; that they are true is for the checkers, who see the notebook.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from londata.access.labels import access_of
from londata.disclosure import Released, audit
from londata.errors import LondataError, UsageError
from londata.insights.leaving import Left
from londata.insights.own_data import brought
from londata.records import Thresholds, Version
from londata.records.publications import Finding, OutputTable
from londata_hub.publishing.snapshots import NOTEBOOK, OURS, RECORD, Snapshots
from londata_hub.store.publication_store import PublicationStore

#: The most tables of one version, bytes of a document, and numbers of a protected table.
MOST_TABLES, MOST_BYTES, MOST_NUMBERS = 50, 20_000_000, 5_000
CHECK = "tables"
#: What was found of tables, by the hashes of their workings: every page of a release asks, and the answer is the same.
MOST_REMEMBERED = 500
_REMEMBERED: dict[tuple[object, ...], tuple[Finding, ...]] = {}


@dataclass(frozen=True)
class Gathered:
    """What an insight left for release: its tables, the files that the snapshot gets of them, and what was found."""

    tables: tuple[OutputTable, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def gather(folder: Path, thresholds: Thresholds, access: str) -> Gathered:
    """Take the tables that a check has left.

    Parameters
    ----------
    folder
        Where the sandbox left them; links in it lead nowhere.
    thresholds
        Those of the publication.
    access
        How open what it rests on is: ``open``, ``shared`` or ``closed``.

    Returns
    -------
    Gathered
        What gives too much away is there with a finding that stands in the way of publishing it.
    """
    found: list[Finding] = []
    left: list[Left] = []
    names = sorted(path.name for path in _listed(folder) if path.suffix == ".json")
    if len(names) > MOST_TABLES:
        return Gathered(findings=(_must(f"It leaves {len(names)} tables; {MOST_TABLES} are the most."),))
    for name in names:
        try:
            table = Left.from_json(_content(folder / name))
            _require_small(table, name)
            left.append(table)
        except LondataError as error:
            found.append(_must(f"{name[:80]}: {error.message} {error.hint}"))
        except OSError:
            found.append(_must(f"{name[:80]} is no plain file."))
    found += _looked_at(left, thresholds, {}, access)
    tables, files = [], dict[str, bytes]()
    for table in left:
        made = _files(table)
        files |= made
        tables.append(_output(table, made))
    return Gathered(tuple(tables), files, tuple(found))


def audited(
    version: Version, snapshots: Snapshots, thresholds: Thresholds, released: Iterable[Version] = ()
) -> tuple[Finding, ...]:
    """Look at the tables of a version again, as they lie in its snapshot; before every step of its release.

    Parameters
    ----------
    version
        The version.
    snapshots
        Where its files are.
    thresholds
        Those of the publication, as they are now.
    released
        Versions whose tables were released before, whatever became of them (:func:`released_before`).

    Returns
    -------
    tuple of Finding
        What stands in the way is a ``must``.
    """
    try:
        left = [_kept(version, table, snapshots) for table in version.tables]
    except LondataError as error:
        return (_must(f"{error.message} {error.hint}".strip()),)
    earlier: dict[str, Left] = {}
    digests = [(table.name, table.workings_sha256) for table in version.tables]
    found = []
    for before in released:
        if (before.publication, before.number) == (version.publication, version.number):
            continue
        of = "" if before.publication == version.publication else f" of the insight {before.publication}"
        for table in before.tables:
            name = f"the table {table.name} of version {before.number}{of}"
            try:
                earlier[name] = _kept(before, table, snapshots)
                digests.append((name, table.workings_sha256))
            except LondataError:
                said = f"{name[0].upper()}{name[1:]}, which was released, is not there any more"
                found.append(_must(f"{said}, so nobody can tell what the two give away together."))
    key = (thresholds.model_dump_json(), version.label.access, *digests)
    looked = _REMEMBERED.get(key)
    if looked is None:
        looked = tuple(_looked_at(left, thresholds, earlier, version.label.access))
        if len(_REMEMBERED) >= MOST_REMEMBERED:
            _REMEMBERED.clear()
        _REMEMBERED[key] = looked
    return (*found, *looked)


def brought_along(version: Version, snapshots: Snapshots) -> tuple[str, ...]:
    """List the files of a version with data of its own, of which its label says nothing.

    Parameters
    ----------
    version
        The version.
    snapshots
        Where its files are; one that is not there any more counts as data.
    """
    place, sizes = snapshots.place(version.publication, version.number), dict[str, int]()
    for name in own_files(version):
        try:
            sizes[name] = (place / name).lstat().st_size
        except OSError:
            sizes[name] = MOST_BYTES
    return brought(sizes)


def own_files(version: Version) -> list[str]:
    """List the files that an author sent beside the notebook, without what the hub added."""
    return [name for name in version.files if name not in (NOTEBOOK, RECORD) and name.split("/")[0] not in OURS]


def shows_too_much(version: Version, snapshots: Snapshots, thresholds: Thresholds) -> bool:
    """Tell whether tables that were in order when they were released show what thresholds hide that are tighter now.

    Parameters
    ----------
    version
        The version.
    snapshots
        Where its files are.
    thresholds
        Those of the publication, as they are now.
    """

    def in_order(limits: Thresholds) -> bool:
        return all(each.weight != "must" for each in audited(version, snapshots, limits))

    return thresholds != Thresholds() and not in_order(thresholds) and in_order(Thresholds())


def released_before(version: Version, store: PublicationStore) -> list[Version]:
    """List the versions whose tables could tell something beside those of a version, once both are known.

    These are the earlier ones of the same insight, and those of any insight that rest on the same data, of which some
    is not open. Whatever became of them, and of their insights: what was released once is known.

    Parameters
    ----------
    version
        The version.
    store
        What was published and released.
    """
    mine, found = _shut(version, store), []
    for release in store.releases():
        if not any(step.to == "released" for step in release.steps):
            continue
        before = store.version(release.publication, release.version)
        if before is not None and (
            before.publication == version.publication or (before.tables and mine & _shut(before, store))
        ):
            found.append(before)
    return found


def _shut(version: Version, store: PublicationStore) -> set[str]:
    """Name the entries beneath a version that are not open, or were not when it read them."""
    return {each.entry for each in version.rests_on if access_of(each, store.entry(each.entry)) != "open"}


def for_checkers(document: bytes) -> dict[str, object]:
    """Read the workings as those who check a release see them: without the contributions one by one.

    Raises
    ------
    UsageError
        They are none.
    """
    table = Left.from_json(document)
    if table.workings is None:
        return {"kind": table.kind}
    found = table.workings.to_dict()
    for cell in found["cells"]:
        del cell["parts"]
        cell["largest"] = cell["largest"][: max(3, table.workings.thresholds.dominance_n)]
        cell["place"] = ", ".join(each if each is not None else "Total" for each in cell["place"])
        cell["largest"] = ", ".join(f"{each:g}" for each in cell["largest"])
    return {"name": table.name, "title": table.title, "unit": table.unit, **found}


def _looked_at(left: Sequence[Left], thresholds: Thresholds, earlier: Mapping[str, Left], access: str) -> list[Finding]:
    """Let the auditor go over all tables of a version."""
    protected = {each.name: shown for each in left if (shown := _as_released(each)) is not None}
    known = {name: shown for name, each in earlier.items() if (shown := _as_released(each)) is not None}
    found = []
    for table in left:
        if table.workings is None:
            if access == "closed":
                said = (
                    f"The table {table.name} is not protected, and rests on closed data: say kind='counts' or 'sums'."
                )
                found.append(_must(said))
            continue
        others = [other for name, other in protected.items() if name != table.name]
        found += [
            each.model_copy(update={"check": CHECK}) for each in audit(protected[table.name], thresholds, others, known)
        ]
    return found


def _as_released(table: Left) -> Released | None:
    if table.workings is None:
        return None
    return Released(table.name, table.records(), table.value, table.workings)


def _kept(version: Version, table: OutputTable, snapshots: Snapshots) -> Left:
    """Read a table of a snapshot, if every file of it is the one that was checked."""
    key = (version.publication, version.number)
    document = f"workings/{table.name}.json"
    content = snapshots.read(*key, document)
    wanted = {
        document: table.workings_sha256,
        f"tables/{table.name}.parquet": table.sha256,
        f"tables/{table.name}.csv": version.files.get(f"tables/{table.name}.csv", ""),
    }
    for name, digest in wanted.items():
        if hashlib.sha256(snapshots.read(*key, name)).hexdigest() != digest:
            raise UsageError(f"The file {name} is not the one that was checked.", hint="Publish the notebook again.")
    left = Left.from_json(content)
    if (
        left.name != table.name
        or left.kind != table.kind
        or left.csv() != snapshots.read(*key, f"tables/{left.name}.csv")
    ):
        raise UsageError(f"The table {table.name} is not the one of its workings.", hint="Publish the notebook again.")
    return left


def _files(table: Left) -> dict[str, bytes]:
    return {
        f"tables/{table.name}.parquet": table.parquet(),
        f"tables/{table.name}.csv": table.csv(),
        f"workings/{table.name}.json": table.to_json().encode("utf-8"),
    }


def _output(table: Left, files: Mapping[str, bytes]) -> OutputTable:
    digest = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return OutputTable(
        name=table.name,
        title=table.title,
        unit=table.unit,
        kind=table.kind,
        rows=len(table.rows),
        sha256=digest[f"tables/{table.name}.parquet"],
        workings_sha256=digest[f"workings/{table.name}.json"],
    )


def _require_small(table: Left, file: str) -> None:
    if file != f"{table.name}.json":
        raise UsageError(f"It holds the table {table.name}.", hint="Publish the notebook again.")
    if table.workings is not None and len(table.workings.numbers) > MOST_NUMBERS:
        raise UsageError(
            f"It has {len(table.workings.numbers):,} numbers; {MOST_NUMBERS:,} are the most that can be checked.",
            hint="Make it of fewer categories.",
        )


def _listed(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _content(path: Path) -> bytes:
    """Read a plain file that a sandbox wrote: no link is followed, no pipe waited for."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(path)
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UsageError(f"It has more than {MOST_BYTES // 10**6} MB.", hint="Make a smaller table.")
    return content


def _must(sentence: str) -> Finding:
    return Finding(check=CHECK, weight="must", sentence=sentence[:1_000])
