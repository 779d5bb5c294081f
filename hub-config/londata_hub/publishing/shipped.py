"""The apps that londata ships: ``voila-apps/<slug>/`` with a notebook, a record, and files of its own."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
from londata.errors import LondataError, UsageError
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.records.publications import Publication, Start
from londata_hub.publishing.asking import Asked
from londata_hub.publishing.snapshots import MOST_BYTES, NOTEBOOK, RECORD, why_not_name

log = logging.getLogger(__name__)

OWNER = "The londata maintainers"


@dataclass(frozen=True)
class App:
    """One app as it is shipped, and what is asked to be published of it."""

    slug: str
    asked: Asked

    def publication(self, now: dt.datetime) -> Publication:
        """Make the publication that it is a version of."""
        return Publication(slug=self.slug, owner=OWNER, audience=self.asked.audience, created_at=now, shipped=True)


def apps(folder: Path) -> Iterator[App]:
    """Find the apps of a folder, by name. One that cannot be read is left out and named in the hub's log."""
    for record in sorted(folder.glob(f"*/{RECORD}")):
        try:
            yield App(record.parent.name, _asked(record))
        except (LondataError, YamlProblem, ValidationError, OSError) as problem:
            log.error("the app %s is left out: %s", record.parent.name, problem)


def same_files(kept: Mapping[str, str], files: Mapping[str, bytes]) -> bool:
    """Tell whether files are those of a version, whatever the hub has added to it.

    Parameters
    ----------
    kept
        Name → SHA-256, of the version.
    files
        Name → content.
    """
    theirs = {name: digest for name, digest in kept.items() if not why_not_name(name)}
    return theirs == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _asked(file: Path) -> Asked:
    values = read_yaml(file)
    record = values.get("insight") if isinstance(values, Mapping) else None
    slug = file.parent.name
    if not isinstance(record, Mapping) or not isinstance(values, Mapping) or not SLUG.match(slug):
        raise UsageError("it needs a section “insight”, and a folder named as a slug.")
    if len(slug) > MAX_SLUG:
        raise UsageError("its name is too long.")
    audience = values.get("audience", ["hub"])
    audience = (audience,) if isinstance(audience, str) else tuple(map(str, audience))
    start: Start = "fresh" if values.get("start") == "fresh" else "shared"
    given: dict[str, Any] = {name: value for name, value in record.items() if value != "not stated"}
    checked = Publication(slug=slug, owner=OWNER, audience=audience, created_at=dt.datetime.now(dt.UTC))
    return Asked(_files(file.parent), given, slug=slug, audience=checked.audience, start=start)


def _files(folder: Path) -> dict[str, bytes]:
    """Read the files of an app; links, and what Python and Jupyter leave behind, are none of them."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or name == RECORD or why_not_name(name):
            continue
        found[name] = path.read_bytes()
        if sum(map(len, found.values())) > MOST_BYTES:
            raise UsageError(f"it is larger than {MOST_BYTES // 10**6} MB.")
    if NOTEBOOK not in found:
        raise UsageError(f"it has no notebook {NOTEBOOK}.")
    return found
