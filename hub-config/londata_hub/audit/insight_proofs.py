"""What was published, compared with the lines about it: publications, versions and releases, each as its line says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

#: Lines that say how a publication stands afterwards, a version, or a release: with the digest of its document.
_STANDING = (
    "insight.published",
    "insight.current",
    "insight.rolled_back",
    "insight.audience",
    "insight.thresholds",
    "insight.stale",
    "insight.paused",
    "insight.resumed",
    "insight.withdrawn",
)
_CHECKED = ("insight.published", "insight.waits", "insight.refused")
_RELEASE = "release.moved"


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(each) for each in (*columns, "line", "document")))


_PUBLICATIONS = _table("publications", "slug", "owner", "state", "current")
_VERSIONS = _table("publication_versions", "publication", "number", "state")
_RELEASES = _table("publication_releases", "publication", "number", "step", "state")
_INPUTS = sa.table("publication_inputs", *(sa.column(each) for each in ("publication", "number", "entry")))

#: Slug of a publication, or with the number of a version.
_Name = tuple[str, int]
_Wrong = Iterator[tuple[int, str]]


class InsightProofs:
    """What the lines say about what was published, gathered while going over them."""

    takes = frozenset((*_STANDING, *_CHECKED, _RELEASE))

    def __init__(self) -> None:
        self._standing: dict[str, tuple[int, str]] = {}
        self._versions: dict[_Name, tuple[int, str]] = {}
        self._releases: dict[int, tuple[_Name, str]] = {}

    def take(self, seq: int, values: Mapping[str, Any]) -> None:
        """Remember what a line says."""
        what, slug, details = str(values["what"]), str(values["entry"]), values.get("details", {})
        if what in _STANDING and "publication" in details:
            self._standing[slug] = seq, details["publication"]
        if what in _CHECKED:
            self._versions[slug, details.get("version", 0)] = seq, details.get("digest", "")
        if what == _RELEASE:
            self._releases[seq] = (slug, details.get("version", 0)), details.get("digest", "")

    def wrong(self, connection: Connection) -> _Wrong:
        """Find rows that are not as the last lines about them say."""
        yield from self._of_publications(connection)
        yield from self._of_versions(connection)
        yield from self._of_releases(connection)

    def _of_publications(self, connection: Connection) -> _Wrong:
        proved = dict(self._standing)
        for row in connection.execute(sa.select(_PUBLICATIONS)).mappings():
            name, document = f"{row['slug']} in the table publications", _read(row["document"])
            line, digest = proved.pop(row["slug"], (0, ""))
            if row["line"] != line or (line and _digest(row["document"]) != digest):
                yield line, f"{name} is not what line {line:,} says of it" if line else f"no line is about {name}"
            elif not line and document.get("current"):
                yield 0, f"no line says that a version of {row['slug']} is shown"
            elif (row["state"], row["current"]) != (document.get("state", "live"), document.get("current", 0)):
                yield line, f"the columns beside {name} say something else than it does"
        for slug, (line, _) in sorted(proved.items()):
            yield line, f"{slug}, which line {line:,} is about, was removed from the table publications"

    def _of_versions(self, connection: Connection) -> _Wrong:
        proved, inputs = dict(self._versions), self._inputs(connection)
        for row in connection.execute(sa.select(_VERSIONS)).mappings():
            key = row["publication"], row["number"]
            name = f"version {row['number']} of {row['publication']}"
            line, digest = proved.pop(key, (0, ""))
            document = _read(row["document"])
            said = {each.get("entry") for each in document.get("rests_on", ())} if row["state"] == "ready" else set()
            if row["line"] != line or (line and _digest(row["document"]) != digest):
                yield line, f"{name} is not what line {line:,} says of it" if line else f"no line is about {name}"
            elif row["state"] != document.get("state", "checking") or (not line and row["state"] != "checking"):
                yield line, f"no line says that {name} is {row['state']}"
            elif said != inputs.pop(key, set()):
                yield line, f"what {name} rests on is not what it says"
        for (slug, number), (line, _) in sorted(proved.items()):
            yield line, f"version {number} of {slug}, which line {line:,} is about, was removed"

    def _inputs(self, connection: Connection) -> dict[_Name, set[str]]:
        found: dict[_Name, set[str]] = {}
        for row in connection.execute(sa.select(_INPUTS)):
            found.setdefault((row.publication, row.number), set()).add(row.entry)
        return found

    def _of_releases(self, connection: Connection) -> _Wrong:
        proved = dict(self._releases)
        for row in connection.execute(sa.select(_RELEASES)).mappings():
            key = row["publication"], row["number"]
            name = f"step {row['step']} of the release of version {key[1]} of {key[0]}"
            said = proved.pop(row["line"], None)
            if said is None:
                yield row["line"], f"no line is about {name}: somebody put it there"
            elif said != (key, _digest(row["document"])):
                yield row["line"], f"{name} is not what line {row['line']:,} says of it"
            elif row["state"] != _read(row["document"]).get("state", "draft"):
                yield row["line"], f"the columns beside {name} say something else than it does"
        for line, ((slug, number), _) in sorted(proved.items()):
            yield line, f"a step of the release of version {number} of {slug} was removed"


def _digest(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def _read(document: str) -> dict[str, Any]:
    """Read a document that somebody may have altered."""
    try:
        said = json.loads(document)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
