"""A receipt read back: from the graph of an RO-Crate to plain fields.

A receipt comes from wherever a report came from. So nothing in it is believed before its type was looked at, and a
name of a file in it never leads out of the report's folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote_to_bytes

from londata.errors import ReceiptError
from londata.readlog import AROUND, JOIN
from londata.reports.asked import need_path
from londata.reports.job import RECEIPT
from londata.reports.receipts import words

#: A receipt of a report with thousands of reads has a few megabytes.
_MOST_BYTES = 32 * 2**20
_SHA256_LENGTH = 64
_HINT = "Take the receipt that came with the report, as it was written."
Entity = dict[str, Any]


@dataclass(frozen=True)
class UsedTemplate:
    """The template that was run: its name, its title, and the SHA-256 of its files by name."""

    name: str
    title: str
    sha256: Mapping[str, str]


@dataclass(frozen=True)
class Receipt:
    """What went into a report and what came out.

    ``reads``, ``joins`` and ``around`` have the fields that the read log has; ``outputs`` the ``name`` (a path in the
    report's folder), ``sha256``, ``size_bytes`` and ``media_type`` of each file. ``series`` is the same for the reports
    of one series, whenever they were made; ``formats`` is what was asked for beside page and notebook. ``path`` is the
    receipt's file and ``sha256`` the hash of it. ``asked`` says that the register itself was
    counted, listed or searched. ``batch`` is id and name of the batch that it was made in, if it was.
    """

    id: str
    title: str
    sentence: str
    status: str
    problem: str
    agent: str
    project: str
    purpose: str
    template: UsedTemplate
    parameters: Mapping[str, Any]
    environment: Mapping[str, str]
    started: str
    ended: str
    licence: str
    reads: tuple[dict[str, Any], ...]
    joins: tuple[dict[str, Any], ...]
    around: tuple[dict[str, Any], ...]
    outputs: tuple[dict[str, Any], ...]
    series: str
    formats: tuple[str, ...]
    path: Path
    sha256: str
    asked: bool = False
    batch: tuple[str, str] | None = None

    @property
    def folder(self) -> Path:
        """The folder of the report."""
        return self.path.parent


def load(path: str | Path) -> Receipt:
    """Read a receipt.

    Parameters
    ----------
    path
        The receipt, or the folder of a report.

    Raises
    ------
    UsageError
        It is no path.
    ReceiptError
        It is not there, or it is no receipt of a report; the message says what is wrong.
    """
    need_path("A report", path, "Give the path of its folder, or of its receipt.")
    file = Path(path).expanduser()
    file = file / RECEIPT if file.is_dir() else file
    content = _bytes_of(file)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken(file, "it is not JSON") from error
    try:
        return _Crate(document).receipt(file.absolute(), hashlib.sha256(content).hexdigest())
    except _UnlikeAReceiptError as unlike:
        raise _broken(file, str(unlike)) from unlike


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """Open a plain file, and nothing else that could have its name: a link, a pipe, a folder.

    Raises
    ------
    OSError
        It is none, or cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


class _UnlikeAReceiptError(Exception):
    """Something in the document is not what it should be."""


def _broken(file: Path, why: str) -> ReceiptError:
    return ReceiptError(f"{file} is no receipt of a report: {why}.", hint=_HINT)


def _bytes_of(file: Path) -> bytes:
    """Read the file of a receipt; neither a link nor a pipe, and not more than a receipt can have."""
    try:
        with opened(file) as bytes_of:
            content = bytes_of.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise ReceiptError(
            f"There is no receipt at {file}.", hint=f"Name the folder of a report, or its {RECEIPT}."
        ) from error
    except (OSError, ValueError) as error:
        raise _broken(file, f"it cannot be read as a file ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > _MOST_BYTES:
        raise _broken(file, f"it is larger than {_MOST_BYTES // 2**20} MB, which no receipt is")
    return content


class _Crate:
    """The graph of a crate, by id; every look-up says what is wrong rather than failing."""

    def __init__(self, document: Any) -> None:
        graph = document.get("@graph") if isinstance(document, dict) else None
        if not isinstance(graph, list) or not all(isinstance(each, dict) for each in graph):
            raise _UnlikeAReceiptError("it has no graph of entities")
        self._by_id: dict[str, Entity] = {}
        for each in graph:
            if not isinstance(each.get("@id"), str):
                raise _UnlikeAReceiptError("an entity of it has no id")
            self._by_id[each["@id"]] = each

    def receipt(self, path: Path, sha256: str) -> Receipt:
        """Read the fields."""
        root = self._entity("./")
        if all(each.get("@id") != words.PROFILE for each in self._all(root, "conformsTo")):
            raise _UnlikeAReceiptError("it does not follow the profile Process Run Crate 0.5")
        run = self._one(root, "mentions")
        template = self._one(run, "instrument")
        status = _text(run, "status")
        if status not in words.STATES:
            raise _UnlikeAReceiptError("it does not say how the run ended")
        inputs = self._all(run, "object")
        return Receipt(
            id=_text(run, "@id"),
            title=_text(root, "name"),
            sentence=_text(root, "description"),
            status=status,
            problem=_text(run, "error", ""),
            agent=_text(self._one(run, "agent"), "name"),
            project=_text(run, "project", ""),
            purpose=", ".join(_texts(run, "purpose")),
            template=UsedTemplate(
                name=_text(template, "name"),
                title=_text(template, "alternateName", ""),
                sha256={_text(each, "name"): _sha256(each) for each in self._all(template, "template_files")},
            ),
            parameters=_values(each for each in inputs if each.get("@type") == "PropertyValue"),
            environment={name: str(value) for name, value in _values(self._all(run, "environment")).items()},
            started=_text(run, "startTime"),
            ended=_text(run, "endTime"),
            licence=_text(self._one(root, "license"), "name"),
            reads=tuple(self._reading(each) for each in inputs if each.get("@type") == "Dataset"),
            joins=tuple(self._join(each) for each in self._all(run, "joins")),
            around=tuple(_around(each) for each in self._all(run, "reads_around")),
            outputs=tuple(_output(each) for each in self._all(run, "result")),
            series=_text(run, "series", ""),
            formats=tuple(_texts(run, "formats")),
            path=path,
            sha256=sha256,
            asked=run.get("register_asked") is True,
            batch=(_text(run, "batch"), _text(run, "batch_name")) if "batch" in run else None,
        )

    def _entity(self, name: Any) -> Entity:
        if not isinstance(name, str) or name not in self._by_id:
            raise _UnlikeAReceiptError(f"it does not describe {str(name)[:80]!r}")
        return self._by_id[name]

    def _all(self, entity: Entity, word: str) -> list[Entity]:
        """Give what an entity refers to with a word."""
        found = entity.get(word, [])
        references = found if isinstance(found, list) else [found]
        if not all(isinstance(each, dict) for each in references):
            raise _UnlikeAReceiptError(f"its {word} is no reference")
        return [self._entity(each.get("@id")) for each in references]

    def _one(self, entity: Entity, word: str) -> Entity:
        found = self._all(entity, word)
        if len(found) != 1:
            raise _UnlikeAReceiptError(f"it has {len(found)} of {word} where it needs one")
        return found[0]

    def _reading(self, entity: Entity) -> dict[str, Any]:
        """Read back what the read log had of a reading."""
        counts, needed = ("size_bytes", "rows", "decision"), ("title", "entry", "distribution", "sha256")
        optional = ("agreement", "project", "purpose", "grant", "until", "outputs")
        reading: dict[str, Any] = {}
        for name, term in words.READING.items():
            if name in counts:
                reading[name] = _count(entity, term)
            elif name in optional and term not in entity:
                reading[name] = None
            else:
                reading[name] = _text(entity, term, *(() if name in needed else ("",)))
        holder = self._all(entity, "publisher")
        return reading | {
            "columns": _texts(entity, "columns"),
            "dimensions": {name: _whole(size) for name, size in _values(self._all(entity, "dimensions")).items()},
            "publisher": _text(holder[0], "name") if holder else "",
            "creators": [_text(each, "name") for each in self._all(entity, "creator")],
        }

    def _join(self, entity: Entity) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": JOIN, "keys": _texts(entity, "keys")}
        for name, term in words.JOIN.items():
            found[name] = _text(entity, term, "") if name in ("name", "how", "at") else _count(entity, term)
        return found


def _around(entity: Entity) -> dict[str, Any]:
    return {"kind": AROUND} | {name: _text(entity, term, "") for name, term in words.AROUND.items()}


def _output(entity: Entity) -> dict[str, Any]:
    name = os.fsdecode(unquote_to_bytes(_text(entity, "@id")))
    parts = PurePosixPath(name).parts
    if (
        not parts
        or name != "/".join(parts)
        or ".." in parts
        or "\0" in name
        or "\\" in name
        or Path(name).is_absolute()
    ):
        raise _UnlikeAReceiptError(f"it names the file {name[:80]!r}, which cannot lie in the folder of the report")
    return {
        "name": name,
        "sha256": _sha256(entity),
        "size_bytes": _count(entity, "contentSize"),
        "media_type": _text(entity, "encodingFormat", ""),
    }


def _text(entity: Entity, word: str, *otherwise: str) -> str:
    value = entity.get(word, *otherwise)
    if not isinstance(value, str):
        raise _UnlikeAReceiptError(f"the {word} of {str(entity.get('@id'))[:80]!r} is no text")
    return value


def _texts(entity: Entity, word: str) -> list[str]:
    found = entity.get(word, [])
    values = found if isinstance(found, list) else [found]
    if not all(isinstance(each, str) for each in values):
        raise _UnlikeAReceiptError(f"the {word} of {str(entity.get('@id'))[:80]!r} are no texts")
    return values


def _sha256(entity: Entity) -> str:
    value = _text(entity, "sha256")
    if len(value) != _SHA256_LENGTH or not set(value) <= set("0123456789abcdef"):
        raise _UnlikeAReceiptError(f"the sha256 of {str(entity.get('@id'))[:80]!r} is no SHA-256")
    return value


def _count(entity: Entity, word: str) -> int | None:
    value = entity.get(word)
    return None if value is None else _whole(value)


def _whole(value: Any) -> int:
    """Take a whole number, also one that is written as text, as sizes are in RO-Crate."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(2**63)):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _UnlikeAReceiptError(f"{str(value)[:80]!r} is no whole number")
    return value


def _values(entities: Any) -> dict[str, Any]:
    """Read entities of a name and a value."""
    found = {_text(each, "name"): each.get("value") for each in entities}
    if not all(isinstance(value, str | int | float | bool) for value in found.values()):
        raise _UnlikeAReceiptError("a value of it is neither text nor number")
    return found
