"""The numbers behind each figure of a report: left by the notebook as it runs, handed on with the finished report.

:func:`londata.reports.blocks.figure` calls :func:`leave` in the notebook's kernel, which writes Parquet to the folder
of the setting ``FIGURE_DATA``; without that setting nothing is written. When the report is finished, :func:`place`
turns each into the files that were asked for. CSV is UTF-8 with one header, and dates are written ``2025-03-01``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from londata import settings
from londata.errors import ReportError, UsageError
from londata.records import slugify
from londata.reports.job import DATA, Job, writing_to

if TYPE_CHECKING:
    import pandas as pd

#: Describes every CSV file of a report: W3C, “CSV on the Web”, which expects it under this name.
DESCRIPTION = "csv-metadata.json"
_ABOUT = b"londata.figure"
_KEPT = re.compile(r"(\d{2,})-[a-z0-9-]+\.parquet")
_LONGEST_NAME, _BATCH = 60, 65_536


@dataclass(frozen=True)
class Numbers:
    """The numbers of one figure, and what they are.

    ``titles`` says of each column what it is, ``kinds`` how its values are written: ``date``, ``datetime``,
    ``integer``, ``number``, ``boolean`` or ``string``.
    """

    frame: pd.DataFrame
    title: str
    unit: str
    source: str
    titles: Mapping[str, str]
    kinds: Mapping[str, str]

    @classmethod
    def of(
        cls, frame: pd.DataFrame, *, title: str, unit: str, source: str, columns: Mapping[str, str] | None
    ) -> Numbers:
        """Check the numbers and see what each column is.

        Parameters
        ----------
        frame
            One row per observation. An index with names becomes columns.
        title, unit, source
            What stands at the figure.
        columns
            Column → what it is, with its unit.

        Raises
        ------
        UsageError
            It is not a tidy table.
        """
        tidy = _tidy(frame)
        said = dict(columns or {})
        if unknown := [name for name in said if name not in tidy.columns]:
            raise UsageError(
                f"The figure's data has no column {unknown[0]!r}, which is described.",
                hint=f"Its columns are {', '.join(tidy.columns)}.",
            )
        titles = {name: str(said.get(name, name)) for name in tidy.columns}
        if len(set(titles.values())) < len(titles):
            raise UsageError(
                "Two columns of the figure's data are described with the same words.", hint="Tell them apart."
            )
        kinds = {name: _kind(tidy[name]) for name in tidy.columns}
        return cls(tidy, title, unit, source, titles, kinds)


@dataclass(frozen=True)
class Kept:
    """The numbers of one figure as they were left: a file, and what is in it."""

    path: Path
    title: str
    unit: str
    source: str
    titles: Mapping[str, str]
    kinds: Mapping[str, str]
    rows: int

    def files(self, job: Job) -> list[str]:
        """Name the files that the finished report has of it, below the report's folder."""
        return [f"{DATA}/{self.path.stem}.{form}" for form in ("csv", "parquet") if form in job.formats]


def leave(numbers: Numbers) -> str:
    """Write the numbers of a figure to the folder of the setting ``FIGURE_DATA``, in one step.

    Returns
    -------
    str
        The name of the file, without its ending; empty where no folder is set.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    chosen = settings.get("FIGURE_DATA")
    if not chosen:
        return ""
    folder = Path(chosen)
    about = {name: getattr(numbers, name) for name in ("title", "unit", "source", "titles", "kinds")}
    try:
        table = pa.Table.from_pandas(numbers.frame, preserve_index=False)
    except pa.ArrowException as error:
        raise UsageError(
            f"The data of the figure “{numbers.title}” cannot be written: {str(error).splitlines()[0]}.",
            hint="Let every column hold one kind of value: numbers, text, days or yes and no.",
        ) from error
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _ABOUT: json.dumps(about).encode()})
    with writing_to(folder):
        taken = [int(found[1]) for path in folder.iterdir() if (found := _KEPT.fullmatch(path.name))]
        name = f"{max(taken, default=0) + 1:02}-{slugify(numbers.title)[:_LONGEST_NAME].strip('-')}"
        part = folder / f"{name}.part"
        pq.write_table(table, part, compression="zstd")
        part.replace(folder / f"{name}.parquet")
    return name


def kept(job: Job) -> list[Kept]:
    """List what the figures of a run left, in the order of the figures.

    Raises
    ------
    ReportError
        A file in that folder is not what :func:`leave` writes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = []
    paths = sorted(job.figure_data.glob("*.parquet"), key=_number) if job.figure_data.is_dir() else []
    for path in paths:
        try:
            if path.is_symlink() or not path.is_file() or not _KEPT.fullmatch(path.name):
                raise ValueError(path.name)
            written = pq.ParquetFile(path)
            about = json.loads((written.schema_arrow.metadata or {})[_ABOUT])
            _check(about, written.schema_arrow.names)
            found.append(Kept(path=path, rows=written.metadata.num_rows, **about))
        except (pa.ArrowException, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ReportError(
                f"The numbers of a figure cannot be read back: {path.name[:80]} is not what a figure leaves.",
                hint="Let the notebook hand numbers to a figure as data=…, and write nothing to FIGURE_DATA itself.",
            ) from error
    return found


def place(job: Job) -> None:
    """Put the numbers of every figure into the report's folder, as CSV and Parquet where these were asked for.

    Text that a spreadsheet would take for a formula gets an apostrophe before it in the CSV; Parquet has it as it is.

    Raises
    ------
    ReportError
        A figure's file cannot be read, or the report's folder not be written.
    """
    left = kept(job)
    folder = job.report / DATA
    if not any(each.files(job) for each in left):
        return
    with writing_to(folder):
        folder.mkdir(exist_ok=True)
        for each in left:
            if "csv" in job.formats:
                _write_csv(each, folder / f"{each.path.stem}.csv")
            if "parquet" in job.formats:
                (folder / each.path.name).write_bytes(each.path.read_bytes())
        if "csv" in job.formats:
            text = json.dumps(_description(left), indent=2, ensure_ascii=False)
            (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def written(frame: pd.DataFrame, decimals: Mapping[str, int]) -> pd.DataFrame:
    """Write a table for people: moments as ``2025-03-01 14:00``, truth as yes and no, numbers with six digits.

    Columns of ``decimals`` stay numbers, to be written with that many.
    """
    shown = frame.astype(object).where(frame.notna(), None)
    for name in frame.columns:
        kind = _kind(frame[name])
        if kind in ("date", "datetime"):
            shown[name] = [text and text.replace("T", " ").removesuffix(":00") for text in _iso(frame[name], kind)]
        elif kind == "boolean":
            shown[name] = [None if value is None else "yes" if value else "no" for value in shown[name]]
        elif kind == "number" and name not in decimals:
            shown[name] = [None if value is None else f"{value:.6g}" for value in shown[name]]
    return shown


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Make every name a text and every column one that files can hold; names that stand in the index become columns."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise UsageError("The data of a figure are a table (pandas.DataFrame).", hint="A Series: series.reset_index().")
    named = [name for name in frame.index.names if name is not None]
    if not named and not pd.api.types.is_integer_dtype(frame.index.dtype):
        raise UsageError(
            "The rows of the figure's data have names, but the names have no name.",
            hint="Say what they are: frame.rename_axis('borough').",
        )
    tidy = frame.reset_index() if named else frame.reset_index(drop=True)
    tidy.columns = [str(name) for name in tidy.columns]
    if not len(tidy.columns) or tidy.columns.has_duplicates or frame.columns.nlevels > 1:
        raise UsageError(
            "The data of a figure need one name for each column.", hint="A table with several heads: stack it first."
        )
    if odd := [name for name in tidy.columns if tidy[name].dtype.name == "geometry"]:
        raise UsageError(
            f"The column {odd[0]!r} of the figure's data holds shapes.",
            hint=f"Leave it out: .drop(columns={odd[0]!r}).",
        )
    for name in tidy.columns:
        if isinstance(tidy[name].dtype, pd.CategoricalDtype | pd.PeriodDtype | pd.IntervalDtype):
            tidy[name] = tidy[name].astype(object).map(str, na_action="ignore")
    return tidy


def _kind(column: pd.Series[Any]) -> str:
    import pandas as pd

    types = pd.api.types
    if types.is_datetime64_any_dtype(column.dtype):
        known = column.dropna()
        whole = column.dt.tz is None and bool((known == known.dt.normalize()).all())
        return "date" if whole else "datetime"
    if types.is_bool_dtype(column.dtype):
        return "boolean"
    if types.is_integer_dtype(column.dtype):
        return "integer"
    if types.is_numeric_dtype(column.dtype):
        return "number"
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    return {"date": "date", "datetime": "datetime", "boolean": "boolean"}.get(inferred, "string")


def _iso(column: pd.Series[Any], kind: str) -> list[str | None]:
    moments = [None if value is None or value != value else value for value in column.astype(object)]
    if kind == "date":
        return [None if each is None else each.isoformat()[:10] for each in moments]
    return [None if each is None else each.isoformat() for each in moments]


def _check(about: Any, columns: list[str]) -> None:
    """Take what a file says of itself for what it is: text that any notebook can write."""
    texts = [about[name] for name in ("title", "unit", "source")]
    texts += [*about["titles"].values(), *about["kinds"].values()]
    if not all(isinstance(text, str) for text in texts) or not set(about["titles"]) == set(about["kinds"]) == set(
        columns
    ):
        raise ValueError("not what leave() writes")


def _number(path: Path) -> tuple[int, str]:
    found = re.match(r"\d+", path.name)
    return (int(found[0]) if found else 0, path.name)


def _write_csv(left: Kept, path: Path) -> None:
    """Write a file piece by piece, so that a large one needs little memory."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, piece in enumerate(_pieces(left)):
            piece.to_csv(file, index=False, header=number == 0, lineterminator="\n")


def _pieces(left: Kept) -> Iterator[pd.DataFrame]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    exact = {pa.bool_(): pd.BooleanDtype(), pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}
    with pq.ParquetFile(left.path) as file:
        empty = file.schema_arrow.empty_table().to_batches() or [pa.RecordBatch.from_pylist([], file.schema_arrow)]
        many = left.rows > _BATCH  # for less, to start threads costs more than to read
        batches = file.iter_batches(_BATCH, use_threads=many) if left.rows else iter(empty)
        for batch in batches:
            piece = batch.to_pandas(types_mapper=exact.get, use_threads=many)
            for name, kind in left.kinds.items():
                if kind in ("date", "datetime"):
                    piece[name] = _iso(piece[name], kind)
                elif kind == "boolean":
                    piece[name] = piece[name].map({True: "true", False: "false"}, na_action="ignore")
                elif kind == "string":
                    piece[name] = piece[name].map(_no_formula, na_action="ignore")
            yield piece.rename(columns=_no_formula)


def _no_formula(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _description(left: list[Kept]) -> dict[str, Any]:
    """Describe the files as CSV on the Web."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "tables": [
            {
                "url": f"{each.path.stem}.csv",
                "dc:title": each.title,
                "dc:description": each.unit,
                "dc:source": each.source,
                "tableSchema": {
                    "columns": [
                        {"titles": _no_formula(name), "dc:description": words, "datatype": each.kinds[name]}
                        for name, words in each.titles.items()
                    ]
                },
            }
            for each in left
        ],
    }
