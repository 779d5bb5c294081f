"""A finished report whose inputs have not changed is used again: it would come out the same.

Its inputs are the template's two files, the parameters, the versions of what it read and the terms on which it read
them, the environment, the project, and the formats that are asked for. Its receipt names them all. Where one of them
cannot be told for sure, the report is made again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path

from londata import session
from londata.errors import LondataError
from londata.reports import job as jobs
from londata.reports import receipts
from londata.reports.parameters import Value
from londata.reports.receipts import Receipt
from londata.reports.templates import Template
from londata.reports.versions import Versions, is_cheap_to_tell

_DAY = r"\d{4}-\d{2}-\d{2}"
#: What of the environment may differ: another commit of the same code makes the same report.
_APART = ("commit",)


@cache
def environment() -> dict[str, str]:
    """Say what reports run in here, as far as a figure could depend on it."""
    return {name: value for name, value in receipts.environment().items() if name not in _APART}


def latest(template: Template, parameters: dict[str, Value], out: str | Path) -> Path | None:
    """Find the newest finished report of a template with these parameters.

    Parameters
    ----------
    template
        Whose report.
    parameters
        Their values, already checked.
    out
        The folder of finished reports.
    """
    folder = Path(out).expanduser().absolute()
    stem = jobs.file_stem(template.name, parameters, dt.date.min).removesuffix(dt.date.min.isoformat())
    name = re.compile(re.escape(stem) + _DAY)
    with suppress(OSError):
        found = [each for each in folder.iterdir() if name.fullmatch(each.name)]
        return max((each for each in found if (each / jobs.RECEIPT).is_file()), default=None)
    return None


class Series:
    """The finished reports of a template, to find the one before: of the same parameters but those that say when.

    Parameters
    ----------
    template
        Whose reports.
    out
        The folder of finished reports.
    """

    def __init__(self, template: Template, out: Path) -> None:
        self._template, self._out = template, out

    def latest(self, parameters: dict[str, Value]) -> Receipt | None:
        """Find the receipt of the report before one with these parameters."""
        same = latest(self._template, parameters, self._out)
        if self._by_series is None:
            return _receipt_of(same) if same else None
        return self._by_series.get(receipts.series(self._template, parameters))

    @cached_property
    def _by_series(self) -> dict[str, Receipt] | None:
        """Find the newest report of each series; ``None`` where a series has no other parameters than one report."""
        names: dict[str, Value] = {parameter.name: "" for parameter in self._template.parameters}
        if receipts.series(self._template, names).count("=") == len(names):
            return None
        found: dict[str, Receipt] = {}
        for folder in self._out.glob(f"{self._template.name}-*[0-9]"):
            receipt = _receipt_of(folder)
            if (
                receipt
                and receipt.series
                and (receipt.series not in found or receipt.started > found[receipt.series].started)
            ):
                found[receipt.series] = receipt
        return found


def _receipt_of(folder: Path) -> Receipt | None:
    """Load the receipt of a finished report; what is none counts as not there."""
    with suppress(LondataError):
        receipt = receipts.load(folder)
        return receipt if receipt.status == "completed" else None
    return None


class Reuse:
    """Tells whether a finished report can be used again; what it has to ask, it asks once.

    Parameters
    ----------
    template
        Whose reports.
    versions
        What the register has now.
    formats
        What the reports are to be had as; the figures' numbers as CSV are always there.
    """

    def __init__(self, template: Template, versions: Versions, formats: Sequence[str]) -> None:
        self._template, self._versions, self._formats = template, versions, {*formats, "csv"} - {"html", "ipynb"}
        self._hashes = template.sha256()
        #: A template whose choices are what the register counts asks the register itself, which has no version.
        self._able = not any(each.values_from and each.values_from.facet for each in template.parameters)

    def find(self, parameters: dict[str, Value], out: str | Path) -> Receipt | None:
        """Find a finished report that would come out the same if it were made again.

        Parameters
        ----------
        parameters
            The values of the parameters, already checked.
        out
            The folder of finished reports.

        Returns
        -------
        Receipt or None
            The receipt of the newest such report; it and its files are untouched.
        """
        if not self._able or (folder := latest(self._template, parameters, out)) is None:
            return None
        with suppress(LondataError):
            receipt = receipts.load(folder)
            if self._same_run(receipt, parameters) and self._same_data(receipt) and _is_whole(receipt):
                return receipt
        return None

    def _same_run(self, receipt: Receipt, parameters: dict[str, Value]) -> bool:
        ran_in = {name: value for name, value in receipt.environment.items() if name not in _APART}
        return (
            receipt.status == "completed"
            and receipt.parameters == parameters
            and receipt.template.name == self._template.name
            and receipt.template.sha256 == self._hashes
            and (receipt.project or "") == (session.project() or "")
            and ran_in == environment()
            and self._formats <= set(receipt.formats)
        )

    def _same_data(self, receipt: Receipt) -> bool:
        """Tell whether everything that it read is as it was.

        One that read nothing may rest on anything, and one that asked the register itself on all that is in it.
        """
        register = self._versions.register
        if not receipt.reads or receipt.around or receipt.asked:
            return False
        for read in receipt.reads:
            cheap = self._versions.knows(read["entry"], read["distribution"]) or is_cheap_to_tell(read, register)
            version = self._versions.of(read["entry"], read["distribution"]) if cheap else None
            if version is None or not version.is_of(read):
                return False
        return True


def _is_whole(receipt: Receipt) -> bool:
    """Tell whether every file that the receipt vouches for is there as it was."""
    return all(_sha256(receipt.folder / each["name"]) == each["sha256"] for each in receipt.outputs)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
