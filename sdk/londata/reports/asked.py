"""What a call was given is of the right kind, before anything runs: else one sentence says what to write.

Whether a value makes sense (a choice that there is, a folder that can be written to) is for whoever uses it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from londata.errors import UsageError
from londata.reports import job as jobs


def check(
    *, template: Any, out: Any, formats: Any, parameters: Any = None, workers: Any = None, executor: Any = ""
) -> None:
    """Check what a report, or a batch of them, was asked for with.

    Parameters
    ----------
    template, out, formats, parameters, workers, executor
        As in ``reports.run`` and ``reports.run_each``.

    Raises
    ------
    UsageError
        One of them is of another kind; the hint says what to write.
    """
    need_path("A template", template, "Give its name, as a text, or the path of its folder.")
    need_path("out", out, 'Give the path of a folder, such as out="reports".')
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int)):
        raise UsageError(f"workers cannot be {_shown(workers)}.", hint="Give a whole number, such as workers=2.")
    if not isinstance(executor, str):
        raise UsageError(
            f"executor cannot be {_shown(executor)}.",
            hint="Give the address of a Dask scheduler, dask://host:port, or leave it out to run here.",
        )
    if parameters is not None and not isinstance(parameters, Mapping):
        raise UsageError(
            f"parameters cannot be {_shown(parameters)}.",
            hint='Give a mapping of name to value, such as parameters={"borough": "Camden"}.',
        )
    need_formats(formats)


def need_path(what: str, given: Any, hint: str) -> None:
    """Check that something could be a path; raises ``UsageError`` where not.

    Parameters
    ----------
    what, given
        What it is called, and what was given.
    hint
        Says what to write.
    """
    if not isinstance(given, str | os.PathLike) or "\0" in str(given) or (isinstance(given, str) and not given.strip()):
        raise UsageError(f"{what} cannot be {_shown(given)}.", hint=hint)
    try:
        Path(given).expanduser()
    except RuntimeError as error:  # ~somebody, who has no home here
        raise UsageError(f"{what} cannot be {_shown(given)}: nobody of that name is here.", hint=hint) from error


def need_names(what: str, given: Any) -> None:
    """Check that something is a list of names; one text is none. Raises ``UsageError`` where not."""
    if isinstance(given, str):
        raise UsageError(f"{what} takes a list of names.", hint=f'Write {what}=["{given}"].')
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        raise UsageError(f"{what} cannot be {_shown(given)}.", hint=f"{what} takes a list of names.")


def need_formats(formats: Any) -> None:
    """Check what a report is asked for as; raises ``UsageError`` for what it cannot be had as."""
    need_names("formats", formats)
    if unknown := [each for each in formats if each not in jobs.FORMATS]:
        raise UsageError(f"A report cannot be had as {unknown[0]!r}.", hint=f"Formats are {', '.join(jobs.FORMATS)}.")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
