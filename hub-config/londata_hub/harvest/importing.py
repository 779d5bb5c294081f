"""Take a portal's export into the register: read the file, read its records, write what differs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

import londata.records
from londata.errors import ImportFormatError, UsageError
from londata.records import Entry, problems_of
from londata.records.identifiers import SLUG
from londata_hub.harvest.datapress import entry_of, identify
from londata_hub.harvest.naming import names_for
from londata_hub.harvest.publishers import Publishers
from londata_hub.harvest.shapes import records_in
from londata_hub.store import Known, Original, Refusal, RegisterStore, UpsertReport

#: The source of entries from our own catalogue files; nothing else may write as it.
OWN_SOURCE = "londata"


@dataclass(frozen=True)
class ImportReport:
    """What an import found and did: the export's shape, its number of records, what the store did, flags counted."""

    shape: str
    records: int
    store: UpsertReport
    flags: Mapping[str, int]
    refused: tuple[Refusal, ...]


def import_file(
    store: RegisterStore, path: Path, *, source: str, publishers: Publishers, complete: bool = False
) -> ImportReport:
    """Import an export.

    Parameters
    ----------
    store
        The register.
    path
        The export, as JSON.
    source
        Which portal it is from, as a slug.
    publishers
        The publishers that are known by name.
    complete
        The export has everything that the portal has: withdraw what is not in it.

    Raises
    ------
    ImportFormatError
        The file is not there, or not an export of a known shape; nothing was changed.
    UsageError
        The source cannot have this name.
    """
    if source == OWN_SOURCE or not SLUG.match(source):
        raise UsageError(f"{source!r} cannot be the name of a source.", hint="Use one as london-datastore.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImportFormatError(f"{path} cannot be read: {error.strerror}.", hint="Check the file's name.") from error
    shape, records = records_in(content, path.name)
    identified, refused = _identified(records)
    work = _Reading(source, shape, publishers)
    names = names_for([(each.id, each.name) for each in identified], store.names(source), store.taken, source)
    readers = store.fact("readers") or {}
    known = store.known(source) if readers.get(source) == work.reader else {}
    for each in identified:
        work.read(each, names[each.id], known.get(each.id))
    done = store.upsert(
        work.entries, source=source, originals=work.originals, complete=complete, unchanged=work.unchanged
    )
    if readers.get(source) != work.reader:
        whole = store.names(source).keys() <= {each.id for each in identified}
        store.note(readers=readers | {source: work.reader if whole else "several"})
    return work.report(len(records), done, [*refused, *work.refused, *done.refused])


class _Reading:
    """Read the records of one export. One that is as it was, and was read by this very code, is not read again.

    Parameters
    ----------
    source, shape, publishers
        As :func:`~londata_hub.harvest.datapress.entry_of` takes them.
    """

    def __init__(self, source: str, shape: str, publishers: Publishers) -> None:
        self.source, self.shape, self.publishers = source, shape, publishers
        self.reader = _fingerprint(publishers)
        self.entries: list[Entry] = []
        self.originals: dict[str, Original] = {}
        self.unchanged: dict[str, tuple[str, ...]] = {}
        self.refused: list[Refusal] = []

    def read(self, each: _Identified, slug: str, known: Known | None) -> None:
        """Read one record, unless it is ``known``."""
        original = Original(each.id, json.dumps(each.record))
        if known and (known.slug, known.record_hash) == (slug, original.hash):
            self.unchanged[slug] = known.flags
            return
        try:
            entry = entry_of(each.record, slug=slug, source=self.source, shape=self.shape, publishers=self.publishers)
        except ValidationError as error:
            self.refused.append(Refusal(each.id, "; ".join(problems_of(error))))
            return
        self.entries.append(entry)
        self.originals[slug] = original

    def report(self, records: int, done: UpsertReport, refused: Sequence[Refusal]) -> ImportReport:
        """Sum up, with the flags of what was not read again."""
        flagged = sum(1 for flags in self.unchanged.values() if flags)
        done = replace(done, flagged=done.flagged + flagged)
        counted = Counter(chain.from_iterable(self.unchanged.values()))
        counted.update(flag for entry in self.entries for flag in entry.flags)
        return ImportReport(self.shape, records, done, dict(counted.most_common()), tuple(refused))


def _fingerprint(publishers: Publishers) -> str:
    """Hash everything that decides how a record is read: the code, and the publishers that are known."""
    digest = hashlib.sha256(publishers.fingerprint.encode())
    for folder in (Path(__file__).parent, Path(londata.records.__file__).parent):
        for file in sorted(folder.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


class _Identified(NamedTuple):
    """A record with its identifier and its name at the portal."""

    id: str
    name: str
    record: dict[str, Any]


def _identified(records: Sequence[Any]) -> tuple[list[_Identified], list[Refusal]]:
    """Give every record with its identifier and name, and those that have none or one that was there before."""
    found: dict[str, _Identified] = {}
    refused = []
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            refused.append(Refusal(f"record {number}", f"is no record of a dataset but {type(record).__name__}"))
            continue
        identifier, name = identify(record)
        if not identifier:
            refused.append(Refusal(f"record {number}", "has no identifier, name or title"))
        elif identifier in found:
            refused.append(Refusal(identifier, f"record {number} has the same identifier as one before it"))
        else:
            found[identifier] = _Identified(identifier, name, record)
    return list(found.values()), refused
