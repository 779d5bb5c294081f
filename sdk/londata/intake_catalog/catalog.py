"""The catalog: a genuine ``intake.Catalog`` that holds nothing and asks its register for everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NoReturn

import intake
from intake.readers.entry import ReaderDescription

from londata import readlog, settings
from londata.errors import EntryNotFoundError, LondataError, RegisterUnavailableError, UsageError
from londata.intake_catalog import completion
from londata.intake_catalog.entry import EntryData, RegisterEntry
from londata.intake_catalog.opening import register_at
from londata.intake_catalog.views import Aliases, Descriptions, Themes
from londata.query import FACETS, Query
from londata.records import Entry, key_of, slug_of
from londata.register import Register

#: What a filter takes: one value, or several of which one must fit.
Values = str | Iterable[str] | None
#: What a catalog can do, in the order in which people meet it.
VERBS = ("search", "facets", "themes", "complete", "records", "to_yaml_file")
#: How many keys ``dir`` lists. Python gives it no prefix, so all of a large register would only be slow.
DIR_LIMIT = 500
#: How many entries are asked for at once when all are walked.
PAGE = 500


class RegisterCatalog(intake.Catalog):  # type: ignore[misc]
    """The entries of a register that fit a query, as a read-only Intake catalog.

    ``catalog.borough_profile`` and ``catalog["borough-profile"]`` are entries; iterating gives their keys.

    Parameters
    ----------
    register
        Where the entries are kept.
    query
        Which of them are here; all when not given.
    """

    def __init__(self, register: Register, query: Query | None = None) -> None:
        state = {
            "register": register,
            "query": query or Query(),
            "version": 2,
            "data": {},
            "entries": Descriptions(self),
            "aliases": Aliases(self),
            "metadata": {"name": "londata"},
            "user_parameters": {},
            "_up_overrides": {},
        }
        self.__dict__.update(state)
        completion.enable()

    # Finding ----------------------------------------------------------------------------------------------------

    def search(
        self,
        text: Any = "",
        *,
        publisher: Values = None,
        topic: Values = None,
        access: Values = None,
        licence: Values = None,
        format: Values = None,
        geography: Values = None,
        kind: Values = None,
        uses: Values = None,
        **unknown: Any,
    ) -> Any:
        """Narrow the catalog to the entries that fit. Nothing is asked of the register yet.

        Parameters
        ----------
        text
            Words to look for. (An Intake search expression is accepted too; it walks every entry.)
        publisher, topic, access, licence, format, geography, kind, uses
            A value or several, of which one must fit; ``facets()`` tells which there are.
        **unknown
            Any other name is refused with the names that there are.

        Returns
        -------
        RegisterCatalog
            Can be searched again: ``catalog.search("air").search(publisher="TfL")``.

        Raises
        ------
        QueryError
            There is no such filter, or no such value of it.
        """
        if hasattr(text, "filter") and not isinstance(text, str):
            found = {key: entry for key, entry in self.entries.items() if text.filter(entry)}
            return intake.Catalog(entries=found, aliases={key: key for key in found})
        filters = {"publisher": publisher, "topic": topic, "access": access, "licence": licence, "format": format}
        filters |= {"geography": geography, "kind": kind, "uses": uses}
        return RegisterCatalog(self.register, self.query.narrowed(text, **filters, **unknown))

    def facets(self, *names: str) -> dict[str, dict[str, int]]:
        """Count entries by publisher, topic, access, licence, format, geography and kind, or by those named."""
        self._note("facets")
        found = self.register.search(self.query, limit=0, facets=names or FACETS).facets
        return {name: dict(pairs) for name, pairs in found.items()}

    @property
    def themes(self) -> Themes:
        """The themes of the register, each a catalog: ``catalog.themes.transport``."""
        return Themes(self)

    def complete(self, prefix: str, limit: int = 100) -> list[str]:
        """List keys that begin with a prefix, in alphabetical order."""
        slug_prefix = prefix.replace("_", "-").lstrip("-")
        keys = [key_of(slug) for slug in self.register.slugs(self.query, prefix=slug_prefix, limit=limit)]
        if prefix.endswith("_") and self._holds(slug := slug_of(prefix)):
            keys.append(key_of(slug))
        return sorted({key for key in keys if key.startswith(prefix)})

    def records(self, limit: int | None = None) -> Iterator[Entry]:
        """Walk the records of the catalog, page by page.

        Raises
        ------
        RegisterUnavailableError
            The register changed between two pages, so that records might be missing.
        """
        self._note("records")
        offset, counted = 0, None
        while limit is None or offset < limit:
            size = PAGE if limit is None else min(PAGE, limit - offset)
            page = self.register.search(self.query, limit=size, offset=offset)
            if counted not in (None, page.total):
                raise RegisterUnavailableError("The register changed while it was read.", hint="Ask again.")
            counted = page.total
            yield from page.entries
            offset += size
            if offset >= page.total:
                return

    # Being a mapping --------------------------------------------------------------------------------------------

    def __getitem__(self, key: str) -> RegisterEntry:
        slug = slug_of(key) if isinstance(key, str) else ""
        record = self.register.find(slug) if slug else None
        if record is None or not self._fits(slug):
            raise self._not_found(key, outside=record is not None)
        return self._entry_of(record)

    def __getattr__(self, name: str) -> RegisterEntry:
        if name.startswith("_") and not name[1:2].isdigit():
            raise AttributeError(name)
        return self[name]

    def __contains__(self, thing: object) -> bool:
        if isinstance(thing, RegisterEntry):
            return thing.data.address == self.register.address and self._holds(thing.data.slug)
        return isinstance(thing, str) and self._holds(slug_of(thing))

    def __iter__(self) -> Iterator[str]:
        self._note("keys")
        return (key_of(slug) for slug in self.register.slugs(self.query))

    def __len__(self) -> int:
        self._note("count")
        count: int = self.register.count(self.query)
        return count

    def __dir__(self) -> list[str]:
        return [*VERBS, *self._first_keys()]

    def _ipython_key_completions_(self) -> list[str]:
        return self._first_keys()

    def _first_keys(self) -> list[str]:
        try:
            return [key_of(slug) for slug in self.register.slugs(self.query, limit=DIR_LIMIT)]
        except LondataError:  # completion stays quiet; using the catalog says what is wrong
            return []

    def _holds(self, slug: str) -> bool:
        return bool(slug) and self.register.find(slug) is not None and self._fits(slug)

    def _fits(self, slug: str) -> bool:
        """Tell whether an entry of the register belongs to this selection of it."""
        return self.query == Query() or slug in self.register.slugs(self.query, prefix=slug)

    def _note(self, what: str) -> None:
        """Note in the log of a run that it asked the register itself: it has no version that a receipt could name."""
        if settings.get("READ_LOG"):
            readlog.note(readlog.ASKED, {"what": what})

    def _entry_of(self, record: Entry) -> RegisterEntry:
        return RegisterEntry(EntryData(self.register.address, record.id, register=self.register, record=record))

    def _description_of(self, record: Entry) -> ReaderDescription:
        entry = self._entry_of(record).to_entry()
        entry._tok = record.key
        return entry

    def _not_found(self, key: object, *, outside: bool) -> EntryNotFoundError:
        name = str(key)[:80]
        if outside:
            return EntryNotFoundError(
                f"{name!r} is in the register but not in this selection of it.", hint="Ask the whole catalog for it."
            )
        near = get_close_matches(name, VERBS, n=1, cutoff=0.8)
        near += [key_of(slug) for slug in self.register.near(name.replace("_", "-"))]
        meant = f"; did you mean {_either(near)}?" if near else "."
        words = name.replace("_", " ").replace("-", " ")
        return EntryNotFoundError(
            f"There is no dataset {name!r}{meant}", hint=f"Look for it with catalog.search({words!r})."
        )

    # Being Intake's, and read-only -------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Write the catalog as the plain Intake catalog that :meth:`to_yaml_file` writes."""
        from londata.intake_catalog.export import plain_catalog

        return plain_catalog(self.register, self.records()).values

    def to_yaml_file(self, path: Any, **storage_options: Any) -> None:
        """Write a plain Intake catalog that stock Intake opens and reads without londata.

        Entries that stock Intake cannot read are left out; a warning counts them, and the file lists them with the
        reason under ``metadata: left_out``.
        """
        from londata.intake_catalog.export import write_yaml

        write_yaml(self.register, self.records(), path, storage_options)

    def _read_only(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the register is changed by those who keep it, not through a catalog."""
        raise UsageError(
            "The catalog shows the register and cannot be changed.",
            hint="To narrow it use catalog.search(…); to mix in data of your own make an intake.Catalog().",
        )

    add_entry = delete = rename = give_name = extract_parameter = _read_only
    move_parameter = promote_parameter_name = _read_only
    __setitem__ = __delitem__ = __iadd__ = __add__ = __call__ = _read_only

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            self._read_only()
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._read_only()

    @staticmethod
    def _not_here(*_: Any, **__: Any) -> NoReturn:
        """Refuse: an Intake file can run any program, so londata opens catalogue files in its own way."""
        raise UsageError(
            "londata does not open Intake files, because they can run programs.",
            hint="For a folder of catalogue files use londata.open_catalog(folder).",
        )

    from_yaml_file = from_dict = from_entries = _not_here

    def _dic_for_comp(self) -> dict[str, Any]:
        return {"register": self.register.address, "query": self.query.to_params()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegisterCatalog) and self._dic_for_comp() == other._dic_for_comp()

    def __hash__(self) -> int:
        return hash((self.register.address, self.query))

    def __reduce__(self) -> tuple[Any, ...]:
        return _catalog_at, (self.register.address, self.query)

    def __repr__(self) -> str:
        from londata.intake_catalog.display import catalog_text

        return catalog_text(self.register, self.query)

    def _repr_html_(self) -> str:
        from londata.intake_catalog.display import catalog_html

        return catalog_html(self.register, self.query)


def _catalog_at(address: str, query: Query) -> RegisterCatalog:
    """Make a pickled catalog again; it carries no token, so whoever opens it uses their own."""
    return RegisterCatalog(register_at(address), query)


def _either(names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
