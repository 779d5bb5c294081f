"""A view of a CSV or TSV file. The values that stay are the same text."""

from __future__ import annotations

import codecs
import re
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from londata.errors import ReadError
from londata.records import ReadingOptions
from londata_hub.gateway.row_rules import RowRules, unfit
from londata_hub.gateway.sealed import SealedWriter
from londata_hub.gateway.views import Source, Terms

BLOCK = 4 * 1024 * 1024
_HEAD = 65_536
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_QUOTED = re.compile(r'"[^"]*"')
#: Whatever a reader might take for the sign between columns is put in quotes.
_TO_QUOTE = '[",;\\t|\\r\\n]'
#: What readers take for a missing value unless told otherwise.
_MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)
#: Recorded type → as what a column is compared; any other as text.
_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
}


def write(source: Source, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    """Write the view.

    Parameters
    ----------
    source
        The whole file.
    terms
        What may be read of it.
    out
        Takes the view.

    Returns
    -------
    dict
        The number of its ``rows``, and its ``columns``.

    Raises
    ------
    AccessDeniedError
        The terms do not fit the file.
    ReadError
        The file is broken.
    """
    try:
        return _write(source, terms, out)
    except (pa.ArrowException, UnicodeError, LookupError):  # whose messages may quote what is in the file
        raise ReadError(
            "The rows of the file of this data do not fit its header, or it is written in another encoding.",
            hint="Tell the steward of the data: the file or its record has to be mended.",
        ) from None


def _write(source: Source, terms: Terms, out: SealedWriter) -> dict[str, Any]:
    options = terms.distribution.options
    encoding = options.encoding or _encoding_of(source)
    delimiter = options.delimiter or _delimiter(source, encoding, options.header_row or 0)
    opened = partial(_opened, source, encoding, delimiter, options)
    there = opened().schema.names
    given = terms.given(there)
    needed = there if terms.needed is None else list(terms.needed)
    compared = {name: _TYPES.get(terms.types.get(name, ""), pa.string()) for name in terms.rows.columns}
    rules = RowRules(terms.rows, pa.schema(compared.items()))
    encode = codecs.getincrementalencoder(options.encoding or "utf-8")().encode
    # What stands above the header is left out, but readers are told to pass over as many lines.
    header = pa.RecordBatch.from_pydict({str(number): [name] for number, name in enumerate(given)})
    out.write(encode("\n" * (options.header_row or 0) + str(_lines(header, delimiter))))
    rows = 0
    for batch in opened(include_columns=needed, column_types=dict.fromkeys(there, pa.string())):
        chosen = _chosen(batch, rules, compared, options).select(given)
        if chosen.num_rows:
            lines = _lines(chosen, delimiter)
            out.write(encode(str(lines)) if options.encoding else lines.as_buffer())
        rows += chosen.num_rows
    return {"rows": rows, "columns": given}


def _opened(
    source: Source,
    encoding: str,
    delimiter: str,
    options: ReadingOptions,
    include_columns: list[str] | None = None,
    column_types: dict[str, pa.DataType] | None = None,
) -> Any:
    """Begin to read the file in batches."""
    return csv.open_csv(
        source.open_for_arrow(),
        csv.ReadOptions(
            encoding="utf8" if encoding == "utf-8-sig" else encoding,  # pyarrow passes over the mark itself
            block_size=BLOCK,
            skip_rows=options.header_row or 0,
        ),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(
            column_types=column_types or {},
            include_columns=include_columns or [],
            null_values=[],
            strings_can_be_null=False,
        ),
    )


def _chosen(
    batch: pa.RecordBatch, rules: RowRules, compared: dict[str, pa.DataType], options: ReadingOptions
) -> pa.RecordBatch:
    """Give the rows that fit: columns are compared as their recorded types, and given as the text that they are."""
    if not compared:
        return batch
    missing = pa.array((*_MISSING, *options.missing))
    columns = {}
    for name, kind in compared.items():
        text = batch.column(name)
        bare = pc.utf8_trim_whitespace(text)
        text = pc.if_else(pc.is_in(bare, value_set=missing), pa.scalar(None, pa.string()), text)
        columns[name] = text if kind == pa.string() else _typed(name, text, kind, options)
    return batch.filter(rules.mask(pa.RecordBatch.from_pydict(columns)))


def _typed(name: str, text: pa.Array, kind: pa.DataType, options: ReadingOptions) -> pa.Array:
    bare = pc.utf8_trim_whitespace(text)
    if options.decimal and pa.types.is_floating(kind):
        bare = pc.replace_substring(bare, options.decimal, ".")
    try:
        return bare.cast(kind)
    except pa.ArrowException:
        raise unfit(f"not every value of {name!r} is of the type that the register records, {kind}") from None


def _lines(batch: pa.RecordBatch, delimiter: str) -> pa.Scalar:
    """Write rows as text, with quotes where they are needed."""
    columns = []
    for column in batch.columns:
        bad = pc.match_substring_regex(column, _TO_QUOTE)
        if delimiter not in ",;\t|":
            bad = pc.or_(bad, pc.match_substring(column, delimiter))
        if batch.num_columns == 1:  # else the line would be empty, and readers pass over that
            bad = pc.or_(bad, pc.equal(column, ""))
        if pc.any(bad).as_py():
            quoted = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
            column = pc.if_else(bad, quoted, column)
        columns.append(column)
    lines = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, delimiter)
    every = pa.ListArray.from_arrays([0, len(lines) + 1], pa.concat_arrays([lines, pa.array([""])]))
    return pc.binary_join(every, "\n")[0]


def _encoding_of(source: Source) -> str:
    """Find the encoding as our readers do: UTF-8, else what Excel writes in Britain."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as file:
        piece = file.read(BLOCK)
        for mark, encoding in _BOMS:
            if piece.startswith(mark):
                return encoding
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _delimiter(source: Source, encoding: str, header_row: int) -> str:
    """Find the sign that separates the columns of the header, as our readers do."""
    with source.open() as file:
        head = file.read(_HEAD)
    lines = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).splitlines()
    header = _QUOTED.sub("", lines[header_row]) if len(lines) > header_row else ""
    if "," in header and "\t" not in header:
        return ","
    return max("\t;|", key=header.count) if any(sign in header for sign in "\t;|") else ","
