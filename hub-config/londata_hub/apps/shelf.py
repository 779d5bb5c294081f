"""Which apps there are: folders with a notebook and a record that says it is an app."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
from londata.records.identifiers import MAX_SLUG, SLUG

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class App:
    """One app: what it is called, what it is for, whose it is, its notebook, and for whom its record lists it."""

    slug: str
    title: str
    summary: str
    owner: str
    notebook: Path
    listing: str = "public"

    @property
    def folder(self) -> Path:
        """The app's folder; the app sees it, read only."""
        return self.notebook.parent


def find_apps(folder: Path) -> dict[str, App]:
    """Find the apps of a folder, by slug. A folder whose record cannot be read is left out and logged."""
    found = {}
    for file in sorted(folder.glob("*/app.yaml")):
        slug, notebook = file.parent.name, file.with_name("app.ipynb")
        try:
            values = read_yaml(file)
        except YamlProblem as problem:
            log.error("app %s is left out: %s", slug, problem)
            continue
        record = values.get("insight") if isinstance(values, Mapping) else None
        if not isinstance(record, Mapping) or not SLUG.match(slug) or len(slug) > MAX_SLUG or not notebook.is_file():
            log.error("app %s is left out: it needs a notebook app.ipynb and a section insight", slug)
            continue
        title, summary, owner = (str(record.get(name, "")) for name in ("title", "summary", "owner"))
        listing = str(record.get("listing", "public"))
        found[slug] = App(slug, title, summary, owner, notebook.resolve(), listing)
    return found
