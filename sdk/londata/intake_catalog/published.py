"""What an insight can do beside a dataset: open, give its released tables, show its receipt."""

from __future__ import annotations

import hashlib
import html
import io
from collections.abc import Mapping
from typing import Any

from londata import readlog
from londata.client.insights_client import insights_client
from londata.errors import ReadError, UsageError
from londata.records import Entry, Insight
from londata.sharing.display.style import card
from londata.sharing.display.words import link, safe


class Address(str):
    """Where an insight opens: a text, and in a notebook a link."""

    called: str

    def __new__(cls, address: str, called: str) -> Address:
        """Make it of the address, and of what the link says."""
        made = super().__new__(cls, address)
        made.called = called
        return made

    def _repr_html_(self) -> str:
        return card(f"<p>{link(str(self), f'Open {self.called}')}</p>")


class InsightReceipt(dict[str, Any]):
    """The receipt of an insight, an RO-Crate, which says in a sentence what the insight rests on."""

    @property
    def sentence(self) -> str:
        """What ran and what it read; made to be quoted."""
        graph = self.get("@graph")
        entities = graph if isinstance(graph, list) else []
        root = next((each for each in entities if isinstance(each, dict) and each.get("@id") == "./"), {})
        return str(root.get("description", ""))

    def __repr__(self) -> str:
        return self.sentence or dict.__repr__(self)

    def _repr_html_(self) -> str:
        return card(f"<p>{safe(self.sentence, 2_000)}</p>") if self.sentence else html.escape(dict.__repr__(self))


def address_of(record: Entry) -> Address:
    """Tell where an insight opens.

    Raises
    ------
    UsageError
        It is no insight, or opens nowhere.
    """
    insight = _insight(record)
    if not insight.address:
        raise UsageError(f"“{insight.title}” opens nowhere.", hint=f"Ask its owner, {insight.owner}.")
    return Address(insight.address, insight.title)


def receipt_of(record: Entry) -> InsightReceipt:
    """Fetch the receipt of an insight that was published at the hub.

    Raises
    ------
    UsageError
        It is no insight.
    SettingsError, AccessDeniedError, EntryNotFoundError
        There is no hub here; you may not know all that it names; it was not published at this hub.
    """
    return InsightReceipt(insights_client().receipt(_insight(record).id))


def gives_tables(record: Entry) -> bool:
    """Tell whether reading an entry gives the tables of an insight at the hub: it has a version, and no other files."""
    others = [each for each in record.distributions if each.through != "insights"]
    return isinstance(record, Insight) and record.version is not None and not others


def read(
    record: Entry,
    first_rows: bool,
    *,
    table: str | None = None,
    distribution: str | None = None,
    columns: Any = None,
    **others: Any,
) -> Any:
    """Read a table of an insight as entries are read.

    Parameters
    ----------
    record
        The insight.
    first_rows
        Read the first 10 rows only.
    table
        Which table, where it has several.
    distribution
        The same, by the name of one of its files in the register: ``residents-csv``. It comes as Parquet all the same.
    columns
        Names of the columns to give, in this order.
    **others
        What the tables of an insight do not take; each is named.
    """
    if others:
        raise UsageError(
            f"Reading an insight takes no {', '.join(sorted(others))}.", hint="It takes table and columns."
        )
    if distribution is not None and table is None:
        name, _, kind = distribution.rpartition("-")
        table = name if kind in ("parquet", "csv") else distribution
    frame = table_of(record, table, first_rows=10 if first_rows else None)
    if columns is None:
        return frame
    if unknown := [each for each in columns if each not in frame.columns]:
        raise UsageError(f"There is no column {unknown[0]!r}.", hint=f"There are {', '.join(map(str, frame.columns))}.")
    return frame[list(columns)]


def table_of(record: Entry, name: str | None = None, *, first_rows: int | None = None) -> Any:
    """Read a table that an insight has put out.

    Parameters
    ----------
    record
        The insight.
    name
        Which table, where it has several.
    first_rows
        Read only so many.

    Returns
    -------
    pandas.DataFrame
        The table; ``attrs["londata"]`` has its title and unit.

    Raises
    ------
    UsageError
        There are several tables and none was named, or none of that name.
    ReadError
        What arrived is not what the hub says it is.
    """
    client, insight = insights_client(), _insight(record)
    version, tables = client.tables(insight.id)
    chosen = _chosen(insight, tables, name)
    content, stated = client.table(insight.id, chosen["name"])
    frame = _frame(content, stated, chosen)
    readlog.record(
        readlog.Reading(
            entry=insight.id,
            title=insight.title,
            distribution=f"{chosen['name']}-parquet",
            sha256=stated,
            size_bytes=len(content),
            version=str(version),
            rows=len(frame),
            columns=tuple(map(str, frame.columns)),
            publisher=insight.publisher.name,
            licence=insight.licence_title,
            access=insight.access,
        )
    )
    frame.attrs["londata"] = {word: str(chosen.get(word, "")) for word in ("title", "unit", "kind")}
    return frame if first_rows is None else frame.head(first_rows)


def _insight(record: Entry) -> Insight:
    if not isinstance(record, Insight):
        raise UsageError(
            f"“{record.title}” is a {record.kind}, not an insight.", hint=f"Read it: catalog.{record.key}.read()"
        )
    return record


def _chosen(insight: Insight, tables: list[dict[str, Any]], name: str | None) -> Mapping[str, Any]:
    there = [str(each.get("name", "")) for each in tables]
    lines = "\n".join(f'  catalog.{insight.key}.read(table="{each}")' for each in there)
    if name is None and len(tables) == 1:
        return tables[0]
    if name in there:
        return tables[there.index(name)]
    if not tables:
        raise UsageError(f"“{insight.title}” has put out no tables.", hint=f"Open it: {insight.address}")
    if name is None:
        raise UsageError(f"“{insight.title}” has {len(tables)} tables; say which:\n{lines}")
    raise UsageError(f"“{insight.title}” has no table {name[:60]!r}; it has:\n{lines}")


def _frame(content: bytes, stated: str, table: Mapping[str, Any]) -> Any:
    import pandas as pd

    if hashlib.sha256(content).hexdigest() != stated:
        raise ReadError(f"The table {table['name']} did not arrive as it was sent.", hint="Try again.")
    try:
        return pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError) as error:
        raise ReadError(f"The table {table['name']} is no Parquet file.", hint="Tell whoever runs the hub.") from error
