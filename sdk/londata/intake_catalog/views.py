"""What a catalog shows of its register without holding it: Intake's two mappings, and the themes."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from londata.errors import EntryNotFoundError

if TYPE_CHECKING:
    from londata.intake_catalog.catalog import RegisterCatalog

T = TypeVar("T")


class _ByKey(Mapping[str, T]):
    """A mapping that has the keys of a catalog."""

    def __init__(self, catalog: RegisterCatalog) -> None:
        self._catalog = catalog

    def __contains__(self, key: object) -> bool:
        return key in self._catalog

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalog)

    def __len__(self) -> int:
        return len(self._catalog)


class Descriptions(_ByKey[Any]):
    """Key → Intake's description of the entry (``catalog.entries``)."""

    def __getitem__(self, key: str) -> Any:
        return self._catalog._description_of(self._catalog[key].record)

    def items(self) -> ItemsView[str, Any]:
        """Walk key and description, page by page instead of one by one."""
        return _Items(self)

    def values(self) -> ValuesView[Any]:
        """Walk the descriptions, page by page."""
        return _Values(self)

    def walk(self) -> Iterator[tuple[str, Any]]:
        """Yield every key with its description."""
        for record in self._catalog.records():
            yield record.key, self._catalog._description_of(record)


class _Items(ItemsView[str, Any]):
    _mapping: Descriptions

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._mapping.walk()


class _Values(ValuesView[Any]):
    _mapping: Descriptions

    def __iter__(self) -> Iterator[Any]:
        return (description for _, description in self._mapping.walk())


class Aliases(_ByKey[str]):
    """Key → key (``catalog.aliases``). Intake lists a catalog by its aliases, so every entry has one: its own."""

    def __getitem__(self, key: str) -> str:
        return self._catalog[key].record.key


class Themes(Mapping[str, Any]):
    """Theme → the catalog of its entries, by key, by attribute and in the register's order."""

    def __init__(self, catalog: RegisterCatalog) -> None:
        self._catalog = catalog

    def titles(self) -> dict[str, str]:
        """Map the key of each theme to its title."""
        return {theme.replace("-", "_"): title for theme, title in self._catalog.register.themes().items()}

    def __getitem__(self, name: str) -> RegisterCatalog:
        themes = self._catalog.register.themes()
        topic = name.replace("_", "-")
        if topic in themes:
            narrowed: RegisterCatalog = self._catalog.search(topic=topic)
            return narrowed
        near = get_close_matches(topic, themes, n=1)
        meant = f"; did you mean {near[0].replace('-', '_')}?" if near else "."
        raise EntryNotFoundError(f"There is no theme {name!r}{meant}", hint=f"Themes are {', '.join(self.titles())}.")

    def __getattr__(self, name: str) -> RegisterCatalog:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.titles())

    def __len__(self) -> int:
        return len(self.titles())

    def __dir__(self) -> list[str]:
        return list(self.titles())

    def __repr__(self) -> str:
        from londata.intake_catalog.display import themes_text

        return themes_text(self.titles())

    def _repr_html_(self) -> str:
        from londata.intake_catalog.display import themes_html

        return themes_html(self.titles())
