"""From a record to a table or grid: choose a distribution, decide, fetch, read, and note what was read.

What is not open is decided on, opened and written down by the hub's gateway: see
:mod:`londata.intake_catalog.gateway_reading`.
"""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from londata import readers, readlog, settings
from londata.access import Subject, decide
from londata.errors import AmbiguousDistributionError, UsageError
from londata.intake_catalog import gateway_reading, pins
from londata.readers import READERS
from londata.records import Distribution, Entry, Insight, Service
from londata.register import Register

#: What a read can give → the class, as Intake writes it.
FORMS = {
    "pandas": "pandas:DataFrame",
    "geopandas": "geopandas:GeoDataFrame",
    "xarray": "xarray:Dataset",
    "dask": "dask.dataframe:DataFrame",
}
#: What reading gives, in a word.
_WORDS = {"pandas": "a table", "geopandas": "a map", "xarray": "a grid", "dask": "a table in parts"}


def form_of(outtype: str) -> str:
    """Read ``"pandas"`` or ``"pandas:DataFrame"``; raises ``UsageError`` for anything else."""
    for form, output in FORMS.items():
        if outtype in (form, output):
            return form
    raise UsageError(f"londata cannot read as {outtype!r}.", hint=f"Say one of {', '.join(FORMS)}.")


def read(
    register: Register,
    record: Entry,
    *,
    first_rows: bool = False,
    columns: Sequence[str] | None = None,
    distribution: str | None = None,
    as_: str | None = None,
    **keywords: Any,
) -> Any:
    """Read one entry; see :meth:`londata.intake_catalog.RegisterEntry.read`.

    Parameters
    ----------
    register
        Where the record is from.
    record
        The entry.
    first_rows
        Read only as much as :func:`londata.readers.discover` does.
    columns, as_, **keywords
        As :func:`londata.readers.read` takes them.
    distribution
        Which to read, where there are several.

    Returns
    -------
    pandas.DataFrame, geopandas.GeoDataFrame, xarray.Dataset or dask.dataframe.DataFrame
        As its media type and ``as_`` say.

    Raises
    ------
    AccessDeniedError
        The caller may not read it; nothing was fetched.
    UsageError
        Nothing can be read, or what was asked for is not there; ``AmbiguousDistributionError`` where
        several fit.
    FetchError, ReadError
        The bytes cannot be had, or are not what the record says.
    """
    asked = keywords if columns is None else {"columns": columns, **keywords}
    take = partial(readers.discover if first_rows else readers.read, as_=as_, **asked)
    if chosen := _gated(record, distribution, as_):
        with gateway_reading.opened(record, chosen, columns) as (source, opening):
            value = take(source, opening.media_type, gateway_reading.options(chosen, opening))
        facts = gateway_reading.facts(opening)
    else:
        decision = decide(current_subject(), "read", record).require()
        chosen = choose(record, distribution, as_)
        copy = pins.pinned_copy(record, chosen, register.fetch(record, chosen, decision))
        value = take(copy.path, chosen.media_type, chosen.options)
        facts = {"sha256": copy.sha256, "size_bytes": copy.size_bytes, "version": copy.version}
        facts |= {"agreement": decision.agreement, "policy_version": decision.policy_version}
    readlog.record(_reading(register, record, chosen, value, facts))
    return value


def _gated(record: Entry, distribution: str | None, as_: str | None) -> Distribution | None:
    """Choose a distribution that the hub's gateway opens; ``None`` where there is no gateway, or nothing for it.

    Without a gateway, as on a laptop with catalogue files, :func:`~londata.access.decide` says why not.
    """
    through = any(each.through == "gateway" for each in record.distributions)
    if not through or not settings.get("GATEWAY"):
        return None
    chosen = choose(record, distribution, as_)
    return chosen if chosen.through == "gateway" else None


def current_subject() -> Subject:
    """Say who reads: the hub's user, else the one who is logged in to this machine. The hub decides again."""
    try:
        return Subject(os.environ.get("JUPYTERHUB_USER") or getpass.getuser())
    except (OSError, KeyError):  # a container may run as a user without a name
        return Subject(f"uid-{os.getuid()}")


def digest_of(record: Entry) -> str:
    """Give the SHA-256 of what the register says about an entry: its words, its terms and how its files are read."""
    return hashlib.sha256(record.model_dump_json().encode()).hexdigest()


def readable(record: Entry) -> tuple[Distribution, ...]:
    """List the distributions for which there is a reader."""
    return tuple(each for each in record.distributions if each.media_type in READERS)


def choose(record: Entry, wanted: str | None, as_: str | None = None) -> Distribution:
    """Choose the distribution to read.

    Parameters
    ----------
    record
        The entry.
    wanted
        The distribution that the caller named.
    as_
        What reading should give; of several distributions only those count that can give it.

    Raises
    ------
    AmbiguousDistributionError
        Several can be read and none was named.
    UsageError
        None can be read, or the one that was named cannot.
    """
    fitting = readable(record)
    if wanted is not None:
        return _named(record, wanted, fitting)
    if not fitting:
        raise UsageError(_nothing_to_read(record))
    able = [each for each in fitting if as_ in READERS[each.media_type].kinds] if as_ else list(fitting)
    if len(able) == 1:
        return able[0]
    if len(fitting) > 1:
        raise AmbiguousDistributionError(
            f"“{record.title}” can be read in {len(fitting)} ways; say which:\n" + "\n".join(how_to_read(record))
        )
    return fitting[0]


def how_to_read(record: Entry) -> list[str]:
    """Give the line of code that reads an entry; one per distribution where there are several, a comment where none."""
    fitting = readable(record)
    if not fitting:
        return [f"# {_nothing_to_read(record)}"]
    if tables := list(dict.fromkeys(each.id.rpartition("-")[0] for each in fitting if each.through == "insights")):
        one = len(tables) == 1
        return [f"catalog.{record.key}.read({'' if one else f'table={chr(34)}{each}{chr(34)}'})" for each in tables]
    if len(fitting) == 1:
        return [f"catalog.{record.key}.read()"]
    return [f'catalog.{record.key}.read(distribution="{each.id}")  # {_about(each)}' for each in fitting]


def output_of(record: Entry, as_: str | None = None) -> str | None:
    """Name the class that reading gives; ``None`` where it depends on a choice or nothing can be read."""
    if as_:
        return FORMS[as_]
    forms = {READERS[each.media_type].kinds[0] for each in readable(record)}
    return FORMS[forms.pop()] if len(forms) == 1 else None


def _named(record: Entry, wanted: str, fitting: Sequence[Distribution]) -> Distribution:
    for each in fitting:
        if each.id == wanted:
            return each
    there = ", ".join(each.id for each in fitting) or "none"
    other = next((each for each in record.distributions if each.id == wanted), None)
    if other:
        raise UsageError(
            f"The distribution {wanted!r} of {record.key} is {other.format}, which londata does not read.",
            hint=f"Open it yourself: {other.url}" if other.url else f"Those that can be read: {there}.",
        )
    raise UsageError(f"{record.key} has no distribution {wanted!r}.", hint=f"Those that can be read: {there}.")


def _nothing_to_read(record: Entry) -> str:
    """Say why there is nothing to read, and where to go instead."""
    where = f" See {record.landing_page}" if record.landing_page else ""
    if isinstance(record, Insight):
        how = f"open it at {record.address}" if record.address else _how_to_make(record)
        return f"“{record.title}” is an insight ({record.form}), not a table: {how}. It uses {_used(record)}."
    if isinstance(record, Service):
        what = f" Its address is {record.endpoint}." if record.endpoint else ""
        return f"“{record.title}” is a service, which is asked rather than read.{what}{where}"
    others = ", ".join(record.formats)
    holds = f"it is held as {others}" if others else "it lists no file"
    return f"“{record.title}” has nothing that can be read here: {holds}.{where}"


def _how_to_make(record: Insight) -> str:
    return f"make it with `londata report run {record.id}`" if record.form == "report" else "ask its owner"


def _used(record: Insight) -> str:
    from londata.records import key_of

    return ", ".join(f"catalog.{key_of(slug)}" for slug in record.uses)


def _about(distribution: Distribution) -> str:
    size = f", {distribution.size_bytes / 1e6:,.1f} MB" if distribution.size_bytes else ""
    title = f"{distribution.title}: " if distribution.title else ""
    return f"{title}{distribution.format}, {_WORDS[READERS[distribution.media_type].kinds[0]]}{size}"


def _reading(
    register: Register,
    record: Entry,
    distribution: Distribution,
    value: Any,
    facts: Mapping[str, Any],
) -> readlog.Reading:
    """Describe what was read. A Dask table is not counted, because counting would read it."""
    grid = hasattr(value, "data_vars")
    lazy = hasattr(value, "dask")
    return readlog.Reading(
        entry=record.id,
        title=record.title,
        distribution=distribution.id,
        rows=None if grid or lazy else len(value),
        columns=tuple(str(name) for name in (value.data_vars if grid else value.columns)),
        dimensions={str(name): int(size) for name, size in value.sizes.items()} if grid else {},
        publisher=record.publisher.name,
        creators=record.creators,
        licence=record.licence_title,
        access=record.access,
        register=register.address,
        described=digest_of(record),
        **facts,
    )
