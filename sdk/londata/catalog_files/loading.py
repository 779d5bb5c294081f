"""From a folder of YAML to validated entries, or to the list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from londata.catalog_files import checks
from londata.catalog_files.entry_files import Problems, build_entry, near
from londata.catalog_files.insight_files import load_insights
from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
from londata.errors import CatalogFileError
from londata.records import Entry, Publisher, problems_of

ROOT_FILE = "london.yaml"
_ROOT_FIELDS = frozenset({"title", "description", "publishers", "themes"})
_THEME_FIELDS = frozenset({"theme", "title", "description", "publishers", "entries"})


@dataclass(frozen=True)
class LoadedCatalog:
    """Everything that a folder of catalogue files says.

    ``themes`` maps a theme's id to its title, in the order of the root file. ``publishers`` is by id; ``aliases``
    maps other spellings of a publisher, case-folded, to that id. ``folder`` is where a distribution's ``path`` begins.
    """

    entries: tuple[Entry, ...]
    themes: dict[str, str]
    publishers: dict[str, Publisher]
    folder: Path
    aliases: dict[str, str] = field(default_factory=dict)
    title: str = ""


def load_catalog(folder_or_file: Path | str) -> LoadedCatalog:
    """Load and validate catalogue files.

    Parameters
    ----------
    folder_or_file
        A folder with ``london.yaml``, another root file, or one theme file on its own.

    Returns
    -------
    LoadedCatalog
        Entries of all themes, then the insights described beside apps and report templates.

    Raises
    ------
    CatalogFileError
        Something is wrong; it lists every problem, one line each, as ``file: entry: field: what is wrong``.
    """
    given = Path(folder_or_file)
    root = given / ROOT_FILE if given.is_dir() else given
    loader = _Loader(root.resolve())
    loaded = loader.load()
    if loader.problems.lines:
        raise CatalogFileError(loader.problems.lines)
    return loaded


class _Loader:
    """One pass over one catalogue; collects problems instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root.parent
        self.problems = Problems()
        self.publishers: dict[str, Publisher] = {}
        self.aliases: dict[str, str] = {}
        self.themes: dict[str, str] = {}
        self.entries: dict[str, Entry] = {}
        #: slug → the file that has it; also of entries that are not valid.
        self.origin: dict[str, str] = {}

    def load(self) -> LoadedCatalog:
        values = self._mapping(self.root)
        alone = "entries" in values
        if alone:
            values = {"publishers": values.get("publishers", "publishers.yaml"), "themes": [self.root.name]}
        if values:
            self._load_all(values, alone)
        return LoadedCatalog(
            tuple(self.entries.values()),
            self.themes,
            self.publishers,
            self.folder,
            self.aliases,
            str(values.get("title", "")),
        )

    def _load_all(self, values: Mapping[str, Any], alone: bool) -> None:
        """Load what the root names. A theme ``alone`` has no insights: they may rest on data of other themes."""
        self.problems.unknown(self._name(self.root), values, _ROOT_FIELDS)
        self._load_publishers(values.get("publishers", "publishers.yaml"))
        for name in self._texts(values, "themes"):
            if path := self._inside(name, self._name(self.root), "themes"):
                self._load_theme(path)
        if not alone:
            for slug, insight, origin in load_insights(self.folder, self.publishers, self.entries, self.problems):
                self._add(slug, insight, origin)
        checks.check_entries(self.entries, self.origin, self.folder, self.problems)

    def _load_publishers(self, name: Any) -> None:
        path = self._inside(name, self._name(self.root), "publishers")
        for key, fields in self._mapping(path).items() if path else ():
            where = f"{self._name(path)}: {key}" if path else key
            if not isinstance(fields, Mapping):
                self.problems.add(where, "is not a mapping of fields")
                continue
            try:
                publisher = Publisher.from_dict({"id": key} | {k: v for k, v in fields.items() if k != "aliases"})
            except ValidationError as error:
                self.problems.extend(where, problems_of(error))
                continue
            self.publishers[key] = publisher
            for alias in (key, publisher.name, *self._texts(fields, "aliases", where)):
                if self.aliases.setdefault(alias.casefold(), key) != key:
                    other = self.aliases[alias.casefold()]
                    self.problems.add(where, f"aliases: {alias!r} already means {other}")

    def _load_theme(self, path: Path) -> None:
        name = self._name(path)
        values = self._mapping(path)
        self.problems.unknown(name, values, _THEME_FIELDS)
        theme = values.get("theme", path.stem)
        title = values.get("title")
        if not isinstance(theme, str) or not isinstance(title, str) or not theme or not title:
            self.problems.add(name, "needs a theme and a title, both text")
            return
        if theme in self.themes:
            self.problems.add(name, f"theme: {theme!r} is also the theme of another file")
        self.themes[theme] = title
        entries = values.get("entries", {})
        if not isinstance(entries, Mapping):
            self.problems.add(name, "entries: is not a mapping from slug to entry")
            return
        for slug, fields in entries.items():
            entry = build_entry(slug, fields, theme, self.publishers, f"{name}: {slug}", self.problems)
            self._add(slug, entry, name)

    def _add(self, slug: str, entry: Entry | None, origin: str) -> None:
        if slug in self.origin:
            self.problems.add(f"{origin}: {slug}", f"is also in {self.origin[slug]}; a slug is used once")
            return
        self.origin[slug] = origin
        if entry:
            self.entries[slug] = entry

    def _mapping(self, path: Path) -> Mapping[str, Any]:
        """Read a file that must be a mapping; empty where it is not, with the problem noted."""
        try:
            values = read_yaml(path)
        except YamlProblem as problem:
            self.problems.add(self._name(path), str(problem))
            return {}
        if not isinstance(values, Mapping):
            self.problems.add(self._name(path), "is empty" if values is None else "is not a mapping of fields")
            return {}
        return values

    def _texts(self, values: Mapping[str, Any], name: str, where: str = "") -> list[str]:
        found = values.get(name, [])
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return found
        self.problems.add(where or self._name(self.root), f"{name}: is not a list of texts")
        return []

    def _inside(self, name: Any, where: str, field_name: str) -> Path | None:
        """Accept only the name of a file of this folder that exists."""
        if not isinstance(name, str):
            self.problems.add(where, f"{field_name}: is not the name of a file")
            return None
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder):
            self.problems.add(where, f"{field_name}: {name!r} is outside the folder of the catalogue")
            return None
        if not path.is_file():
            others = sorted(file.name for file in self.folder.glob("*.yaml"))
            self.problems.add(where, f"{field_name}: there is no file {name!r}{near(name, others)}")
            return None
        return path

    def _name(self, path: Path) -> str:
        return f"{self.folder.name}/{path.relative_to(self.folder).as_posix()}"
