"""Does a report still fit its receipt? Every hash is made again, and everything that differs is named.

A receipt is not signed. It shows that files are as they were when it was written; that the receipt itself is the one
that was written then shows its own SHA-256, which the hub notes when a report is put on the shelf.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from londata import settings
from londata.access import decide
from londata.errors import LondataError, LondataWarning, ReceiptError
from londata.reports import templates
from londata.reports.job import RECEIPT
from londata.reports.receipts.noted import sources
from londata.reports.receipts.record import Receipt, load, opened


@dataclass(frozen=True)
class Source:
    """One source that was read, compared with what the register has now.

    ``same`` is ``None`` where it could not be compared; ``why`` says why not.
    """

    title: str
    entry: str
    same: bool | None
    why: str = ""

    def __str__(self) -> str:
        """Say it in a line."""
        if self.same is None:
            return f"{self.title} ({self.entry}) was not compared: {self.why}"
        return f"{self.title} ({self.entry}) {'is the same' if self.same else 'has changed since'}"


@dataclass(frozen=True)
class Verification:
    """How a report compares with its receipt.

    ``changed``, ``missing`` and ``added`` name files of its folder. ``template_is_same`` is ``None`` where the template
    is not at hand; ``template_changes`` names its files that differ. ``data`` is there if it was asked for.
    """

    receipt: Receipt
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    template_is_same: bool | None
    template_changes: tuple[str, ...] = ()
    data: tuple[Source, ...] = ()

    @property
    def files_fit(self) -> bool:
        """Whether the folder holds exactly the files that the receipt vouches for."""
        return not (self.changed or self.missing or self.added)

    @property
    def ok(self) -> bool:
        """Whether every hash that was made again is the same; a template may have changed since."""
        return self.files_fit and not any(source.same is False for source in self.data)

    def require(self) -> Verification:
        """Return the verification if it found nothing.

        Raises
        ------
        ReceiptError
            Something differs; the message names it.
        """
        if not self.ok:
            raise ReceiptError(
                f"The report in {self.receipt.folder} does not fit its receipt: {'; '.join(self._differences())}.",
                hint="Ask whoever sent it for the report as it was made, or run it again.",
            )
        return self

    def __str__(self) -> str:
        """Say everything that was compared, and what could not be."""
        files = len(self.receipt.outputs)
        fit = f"All {files} files are as they were written." if files != 1 else "Its file is as it was written."
        lines = [fit] if self.files_fit else [f"The files differ: {'; '.join(self._in_files())}."]
        lines.append(self._about_template())
        lines += [f"{source}." for source in self.data]
        if not self.data:
            lines.append("The data were not read again; --data does that for what is open.")
        lines.append(f"SHA-256 of the receipt: {self.receipt.sha256}")
        return "\n".join(lines)

    def _differences(self) -> list[str]:
        return self._in_files() + [str(source) for source in self.data if source.same is False]

    def _in_files(self) -> list[str]:
        found = {"changed": self.changed, "missing": self.missing, "added": self.added}
        return [f"{what}: {', '.join(names)}" for what, names in found.items() if names]

    def _about_template(self) -> str:
        name = self.receipt.template.name
        if self.template_is_same is None:
            return f"The template {name} is not at hand, so it was not compared; --template names its folder."
        if self.template_is_same:
            return f"The template {name} is the one that was run."
        return f"The template {name} has changed since: {', '.join(self.template_changes)}."


def verify(path: str | Path, *, data: bool = False, template: str | Path | None = None) -> Verification:
    """Make every hash of a receipt again.

    Parameters
    ----------
    path
        The folder of a report, or its receipt.
    data
        Also read again what is open, and compare it. It may have to be fetched.
    template
        The folder of the template, where it is not one of those that londata finds by name.

    Returns
    -------
    Verification
        What differs; ``require()`` raises if anything does.

    Raises
    ------
    ReceiptError
        There is no receipt, or it is broken.
    """
    receipt = load(path)
    states = {each["name"]: _state(receipt.folder, each["name"], each["sha256"]) for each in receipt.outputs}
    there = set(_names_in(receipt.folder))
    changes = _template_changes(receipt, template)
    return Verification(
        receipt=receipt,
        changed=tuple(name for name, state in states.items() if state == "changed"),
        missing=tuple(name for name, state in states.items() if state == "missing"),
        added=tuple(sorted(there - states.keys() - {RECEIPT})),
        template_is_same=None if changes is None else not changes,
        template_changes=tuple(changes or ()),
        data=tuple(_compare(receipt)) if data else (),
    )


def _state(folder: Path, name: str, sha256: str) -> str:
    """Compare one file of a report's folder; what is reached through a link is not the file that was written."""
    path = folder / name
    if path.parent.resolve() != folder.resolve() / Path(name).parent:
        return "changed"
    try:
        with opened(path) as file:
            return "same" if hashlib.file_digest(file, "sha256").hexdigest() == sha256 else "changed"
    except FileNotFoundError:
        return "missing"
    except OSError:  # a link, a folder, or something that may not be read
        return "changed"


def _names_in(folder: Path) -> Iterator[str]:
    """Name everything in a folder that is not a folder itself; links are named and not followed."""
    for inside, folders, files in os.walk(folder):
        links = [each for each in folders if (Path(inside) / each).is_symlink()]
        for name in (*files, *links):
            yield (Path(inside) / name).relative_to(folder).as_posix()


def _template_changes(receipt: Receipt, folder: str | Path | None) -> list[str] | None:
    """Name the files of the template that are not those that were run; ``None`` where it is not at hand."""
    if folder is not None:
        place = templates.load(Path(folder)).folder
    elif receipt.template.name in templates.names():
        place = settings.shipped("templates") / receipt.template.name
    else:
        return None
    now = {name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in _TEMPLATE_FILES}
    return [name for name in _TEMPLATE_FILES if receipt.template.sha256.get(name) != now[name]]


_TEMPLATE_FILES = (templates.NOTEBOOK, templates.DEFINITION)


def _compare(receipt: Receipt) -> Iterator[Source]:
    """Compare what was read with what there is now, each source once."""
    for read in sources(receipt.reads):
        same: bool | None = None
        why = ""
        if read["access"] != "open":
            why = "it is not open, and is read for its purpose alone"
        else:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", LondataWarning)  # a copy that may be stale proves nothing
                    same = _sha256_now(read["entry"], read["distribution"]) == read["sha256"]
            except (LondataError, LondataWarning) as refusal:
                why = str(refusal).rstrip(".")
        yield Source(title=read["title"], entry=read["entry"], same=same, why=why)


def _sha256_now(entry: str, distribution: str) -> str:
    from londata.intake_catalog import reading
    from londata.intake_catalog.opening import register_at

    register = register_at(settings.get("REGISTER"))
    record = register.find(entry)
    chosen = next((each for each in record.distributions if each.id == distribution), None) if record else None
    if record is None or chosen is None:
        raise ReceiptError("the register has it no more")
    return register.fetch(record, chosen, decide(reading.current_subject(), "read", record).require()).sha256
