"""Insights that are described beside what they are: ``voila-apps/<slug>/app.yaml``, ``templates/<name>/template.yaml``.

Each of those files may have a section ``insight:`` with the fields of an insight record. The folder's name is
the slug, the file's kind is the form, and nothing has to be said twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from londata import settings
from londata.catalog_files.entry_files import Problems, build_entry
from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
from londata.records import Entry, Publisher

#: folder, file in each of its folders, what the section need not say. ``{slug}`` is the folder's name.
_PLACES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("voila-apps", "app.yaml", {"form": "app", "address": "/services/apps/{slug}/"}),
    ("templates", "template.yaml", {"form": "report"}),
)


def load_insights(
    catalogs: Path, publishers: Mapping[str, Publisher], entries: Mapping[str, Entry], problems: Problems
) -> Iterator[tuple[str, Entry | None, str]]:
    """Yield slug, insight (``None`` where it is not valid) and the file that describes it.

    Apps and templates are looked for beside the folder of the catalogue, or where the settings ``VOILA_APPS`` and
    ``TEMPLATES`` say: insights belong to the catalogue whose data they rest on.

    Parameters
    ----------
    catalogs
        The folder of the catalogue files.
    publishers
        By id; an insight names one of them.
    entries
        By slug: what insights may use.
    problems
        Receives what is wrong.
    """
    for folder_name, file_name, defaults in _PLACES:
        chosen = settings.get(folder_name.upper().replace("-", "_"))
        folder = Path(chosen) if chosen else catalogs.parent / folder_name
        for file in sorted(folder.glob(f"*/{file_name}")):
            slug = file.parent.name
            origin = f"{folder.name}/{slug}/{file_name}"
            section = _insight_section(file, origin, problems)
            if section is None:
                continue
            values = _with_defaults(section, slug, defaults, entries)
            yield slug, build_entry(slug, values, "", publishers, f"{origin}: insight", problems), origin


def _insight_section(file: Path, origin: str, problems: Problems) -> Mapping[str, Any] | None:
    try:
        values = read_yaml(file)
    except YamlProblem as problem:
        problems.add(origin, str(problem))
        return None
    section = values.get("insight") if isinstance(values, Mapping) else None
    if section is not None and not isinstance(section, Mapping):
        problems.add(origin, "insight: is not a mapping of fields")
        return None
    return section


def _with_defaults(
    section: Mapping[str, Any], slug: str, defaults: Mapping[str, str], entries: Mapping[str, Entry]
) -> dict[str, Any]:
    """Add what the place says. An insight that names no topics has those of the data that it uses."""
    uses = section.get("uses")
    used = [entries[name] for name in uses if name in entries] if isinstance(uses, list) else []
    topics = list(dict.fromkeys(topic for entry in used for topic in entry.topics))
    filled = {name: text.format(slug=slug) for name, text in defaults.items()}
    return {**filled, "topics": topics, **section, "kind": "insight"}
