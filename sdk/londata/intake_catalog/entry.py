"""One entry of the catalog: a genuine Intake reader that finds, decides, fetches and reads through londata."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from intake.readers.datatypes import BaseData
from intake.readers.readers import BaseReader

from londata.errors import EntryNotFoundError, LondataError, NoSuchNameError, UsageError
from londata.intake_catalog import published, reading
from londata.intake_catalog.inert import inert_metadata
from londata.intake_catalog.opening import register_at
from londata.query import Query
from londata.records import Entry
from londata.register import Register
from londata.sharing.telling import tell_of

if TYPE_CHECKING:
    from londata.intake_catalog.catalog import RegisterCatalog
    from londata.sharing.requests import Request

#: What ``dir`` lists of an entry, before the fields of its record.
VERBS = ("read", "discover", "read_dummy", "request_access", "to_dask", "to_xarray", "to_reader", "insights", "record")
#: What only insights can.
OF_INSIGHTS = ("open", "receipt")


class EntryData(BaseData):  # type: ignore[misc]
    """Where an entry is: the address of its register and its slug there. This is all that Intake ever stores."""

    structure = frozenset({"table", "array"})

    def __init__(
        self,
        address: str,
        slug: str,
        metadata: dict[str, Any] | None = None,
        *,
        register: Register | None = None,
        record: Entry | None = None,
    ) -> None:
        super().__init__(metadata)
        self.address = address
        self.slug = slug
        self._register = register
        self._record = record

    def register(self) -> Register:
        """Open the register, once."""
        if self._register is None:
            self._register = register_at(self.address)
        return self._register

    def record(self) -> Entry:
        """Find the record, once; raises :class:`~londata.errors.EntryNotFoundError` when it is gone."""
        if self._record is None:
            self._record = self.register().find(self.slug)
        if self._record is None:
            raise EntryNotFoundError(
                f"The register no longer has {self.slug!r}.", hint="Search for it: it may have a new name."
            )
        return self._record


class RegisterEntry(BaseReader):  # type: ignore[misc]
    """A dataset, service, insight or list of the register, ready to be read.

    The fields of its record are attributes: ``entry.title``, ``entry.publisher``, ``entry.columns``.

    Parameters
    ----------
    data
        Where the entry is.
    metadata, output_instance
        As for any Intake reader; worked out from the record when not given.
    **defaults
        Arguments for :meth:`read`, kept for when it is called.
    """

    implements = frozenset({EntryData})

    def __init__(
        self,
        data: EntryData,
        *,
        metadata: dict[str, Any] | None = None,
        output_instance: str | None = None,
        **defaults: Any,
    ) -> None:
        super().__init__(
            data=data,
            metadata=metadata or inert_metadata(data.record()),
            output_instance=output_instance or reading.output_of(data.record(), defaults.get("as_")),
            **defaults,
        )

    @property
    def record(self) -> Entry:
        """What the register says about the entry."""
        return self._data.record()

    @property
    def insights(self) -> RegisterCatalog:
        """The published analyses that rest on this entry, as a catalog."""
        from londata.intake_catalog.catalog import RegisterCatalog

        return RegisterCatalog(self._data.register(), Query(kind=("insight",), uses=(self.record.id,)))

    def open(self) -> str:
        """Tell where an insight opens: its address, which a notebook shows as a link."""
        return published.address_of(self.record)

    def receipt(self) -> dict[str, Any]:
        """Fetch the receipt of an insight: what ran, on which versions of which data, under which agreements."""
        return published.receipt_of(self.record)

    def read(self, columns: Sequence[str] | None = None, *, distribution: str | None = None, **keywords: Any) -> Any:
        """Read the data; of an insight the tables that it has put out.

        Parameters
        ----------
        columns
            Names of the columns (or grid variables) to read; all when not given.
        distribution
            Which way to get it, where there are several: ``"csv"``.
        **keywords
            Further arguments that the reader of this format allows; it lists them when one is not allowed. For an
            insight with several tables, ``table`` names one.

        Returns
        -------
        pandas.DataFrame, geopandas.GeoDataFrame or xarray.Dataset
            By the format; the entry's ``grain`` says what a row is.

        Raises
        ------
        AmbiguousDistributionError
            Several distributions can be read; the message lists them with the code to type.
        AccessDeniedError
            The data is not open to you; the message says why.
        FetchError, ReadError
            The bytes cannot be had, or are not what the register says.
        """
        return self._read_with(False, columns=columns, distribution=distribution, **keywords)

    def discover(
        self, columns: Sequence[str] | None = None, *, distribution: str | None = None, **keywords: Any
    ) -> Any:
        """Read the first 10 rows (of a grid: the first 10 along each dimension), as the same type as :meth:`read`.

        Parameters
        ----------
        columns, distribution, **keywords
            As :meth:`read` takes them; ``nrows=20`` reads 20. It raises as :meth:`read` does.
        """
        return self._read_with(True, columns=columns, distribution=distribution, **keywords)

    def read_dummy(self, rows: int = 100, columns: Sequence[str] | None = None, *, seed: int = 0) -> Any:
        """Make up rows of the same columns, types, ranges and codes, to write code with before access is there.

        They are made from the record alone: no grant is needed, nothing is opened, and no row of them is real. It is
        not noted as a reading.

        Parameters
        ----------
        rows
            How many.
        columns
            Names of the columns to give, in this order; all when not given.
        seed
            The same seed gives the same rows.

        Returns
        -------
        pandas.DataFrame or geopandas.GeoDataFrame
            ``attrs["londata"]`` says that it is dummy data.

        Raises
        ------
        UsageError
            The record does not list its columns, or has none of that name.
        """
        from londata.dummy import dummy_rows
        from londata.readers.wanted import positions

        frame = dummy_rows(self.record, rows, seed=seed)
        if columns is None:
            return frame
        if isinstance(columns, str):
            raise UsageError("columns takes a list of names.", hint='Write columns=["name", "population"].')
        positions(columns, list(frame.columns))
        return frame[list(columns)]

    def request_access(self, why: str = "", *, purpose: str | None = None, project: str | None = None) -> Request:
        """Ask the stewards of the data for access to it.

        Parameters
        ----------
        why
            What it is needed for, in a sentence. It must be said.
        purpose
            The project's purpose, as a check; a request has no other.
        project
            For which project; that of this kernel when not given, else the only one that you are a member of.

        Returns
        -------
        londata.sharing.requests.Request
            It says what was asked, of whom and under which agreement; ``londata.requests()`` shows it again.

        Raises
        ------
        UsageError
            There is nothing to ask for, something is missing, or it has been asked already.
        SettingsError
            There is no register service here, so nobody to ask.
        """
        from londata.sharing.asking import request_access

        return request_access(self.record, why, purpose=purpose, project=project, address=self._data.address)

    def to_dask(self, **keywords: Any) -> Any:
        """Read as a Dask DataFrame, which computes in parts and on demand."""
        return self.read(**{**keywords, "as_": "dask"})

    def to_xarray(self, **keywords: Any) -> Any:
        """Read as an xarray Dataset."""
        return self.read(**{**keywords, "as_": "xarray"})

    def to_reader(self, outtype: str | None = None, reader: str | None = None, **keywords: Any) -> RegisterEntry:
        """Make a reader of this entry that gives another type.

        Parameters
        ----------
        outtype
            ``"pandas"``, ``"geopandas"``, ``"xarray"`` or ``"dask"``.
        reader
            Not used: readers are chosen by the media type that the register records.
        **keywords
            Arguments for :meth:`read`, kept for when it is called.
        """
        if reader is not None:
            raise UsageError(
                "Readers are chosen by the media type in the register, not by name.",
                hint='Say what you want: .to_reader("pandas").',
            )
        as_ = reading.form_of(outtype) if outtype else None
        defaults = {name: value for name, value in self.kwargs.items() if name not in ("data", "as_")}
        return RegisterEntry(self._data, **{**defaults, **({"as_": as_} if as_ else {}), **keywords})

    def _read_with(self, first_rows: bool, **asked: Any) -> Any:
        if self.record.access != "open":
            tell_of(self.record.id, self._data.address)
        given = {name: value for name, value in asked.items() if value is not None}
        defaults = {name: value for name, value in self.kwargs.items() if name != "data"}
        if published.gives_tables(self.record):
            return published.read(self.record, first_rows, **{**defaults, **given})
        return reading.read(self._data.register(), self.record, first_rows=first_rows, **{**defaults, **given})

    @property
    def _data(self) -> EntryData:
        data: EntryData = self.kwargs["data"]
        return data

    def __getattr__(self, name: str) -> Any:
        """Give a field of the record. Intake would make a pipeline of any misspelling, so that is stopped here."""
        if name.startswith("_") or name == "kwargs":
            raise AttributeError(name)
        record = self._data.record()
        if name in type(record).model_fields:
            return getattr(record, name)
        near = get_close_matches(name, self.__dir__(), n=1, cutoff=0.6)
        meant = f"; did you mean {near[0]}?" if near else "."
        raise NoSuchNameError(
            f"{record.key} has no {name!r}{meant}",
            hint=f"What a table can do comes after reading it: catalog.{record.key}.read()",
        )

    def __getitem__(self, item: object) -> Any:
        raise NoSuchNameError(
            "An entry is not the table itself; read it first.", hint=f"catalog.{self.record.key}.read()[{item!r}]"
        )

    def __dir__(self) -> list[str]:
        return [*VERBS, *(OF_INSIGHTS if self.record.kind == "insight" else ()), *type(self.record).model_fields]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegisterEntry) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, str, str]:
        defaults = sorted((name, repr(value)) for name, value in self.kwargs.items() if name != "data")
        return self._data.address, self._data.slug, repr(defaults)

    def __reduce__(self) -> tuple[Any, ...]:
        defaults = {name: value for name, value in self.kwargs.items() if name != "data"}
        return _entry_at, (self._data.address, self._data.slug, self.output_instance, self.metadata, defaults)

    def __repr__(self) -> str:
        from londata.intake_catalog.display import entry_text

        return entry_text(self.record, self._data.address)

    def _repr_html_(self) -> str:
        from londata.intake_catalog.display import entry_html

        try:
            insights = list(self.insights.records(limit=10))
        except LondataError:  # the card is worth showing without them
            insights = []
        return entry_html(self.record, insights, self._data.address)


def _entry_at(
    address: str, slug: str, output_instance: str, metadata: dict[str, Any], defaults: dict[str, Any]
) -> RegisterEntry:
    """Make a pickled entry again; the register is opened when it is used, with the token of whoever uses it."""
    data = EntryData(address, slug)
    return RegisterEntry(data, metadata=metadata, output_instance=output_instance, **defaults)
