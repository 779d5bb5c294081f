"""Take a portal's export into the register: read the file, read its records, write what differs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from londata.errors import ImportFormatError, UsageError
from londata.records import Entry, problems_of
from londata.records.identifiers import SLUG
from londata_hub.harvest.datapress import entry_of, identify
from londata_hub.harvest.naming import names_for
from londata_hub.harvest.publishers import Publishers
from londata_hub.harvest.shapes import records_in
from londata_hub.store import Original, Refusal, RegisterStore, UpsertReport

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
    names = names_for(
        [(identifier, name) for identifier, name, _ in identified], store.names(source), store.taken, source
    )
    entries: list[Entry] = []
    originals: dict[str, Original] = {}
    for identifier, _, record in identified:
        slug = names[identifier]
        try:
            entry = entry_of(record, slug=slug, source=source, shape=shape, publishers=publishers)
        except ValidationError as error:
            refused.append(Refusal(identifier, "; ".join(problems_of(error))))
            continue
        entries.append(entry)
        originals[slug] = Original(identifier, json.dumps(record))
    done = store.upsert(entries, source=source, originals=originals, complete=complete)
    flags = Counter(flag for entry in entries for flag in entry.flags)
    return ImportReport(shape, len(records), done, dict(flags.most_common()), (*refused, *done.refused))


def _identified(records: Sequence[Any]) -> tuple[list[tuple[str, str, dict[str, Any]]], list[Refusal]]:
    """Give every record with its identifier and name, and those that have none or one that was there before."""
    found: dict[str, tuple[str, str, dict[str, Any]]] = {}
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
            found[identifier] = (identifier, name, record)
    return list(found.values()), refused
