"""Every error londata raises, as one tree.

::

    LondataError
    ├── UsageError                    the caller asked for something that cannot be
    │   ├── QueryError                a search or filter that makes no sense
    │   ├── NoSuchNameError           an entry or table has no such attribute
    │   ├── ParameterError            a report parameter that is not allowed
    │   ├── ScheduleError             a schedule that cannot be read, or never comes round
    │   └── AmbiguousDistributionError  several distributions fit; choose one
    ├── SettingsError                 a setting is missing or malformed
    ├── CatalogFileError              a catalogue file breaks its rules (lists every problem)
    ├── TemplateError                 a report template breaks its rules (lists every problem)
    ├── ImportFormatError             a portal's export is not what it claims to be
    ├── EntryNotFoundError            no such entry in the register
    ├── AccessError
    │   ├── NotAuthenticatedError     nobody, or a token that is forged or revoked
    │   └── AccessDeniedError         somebody, but not allowed
    │       └── AccessEndedError      it was allowed, and that is over
    ├── FetchError                    bytes could not be brought
    │   ├── OfflineError              no network, or nobody answers
    │   ├── AddressRefusedError       an address londata will not go to
    │   └── TooLargeError             more bytes than the limit
    ├── ReadError                     the bytes are not what their media type says
    │   └── ChangedDataError          the data are not the version that this run is pinned to
    ├── MissingExtraError             a library for this is not installed
    ├── RegisterUnavailableError      the register does not answer
    ├── ReportError                   a report ran and failed
    │   └── BatchError                some reports of a batch failed; the others are there
    ├── ReceiptError                  a receipt is missing, broken, or does not fit what it vouches for
    └── HubError                      the hub cannot start, or stopped by itself

:class:`LondataWarning` is apart: nothing failed, but somebody should know.

Each error is one sentence that says what went wrong and what it means, and a ``hint`` that says what
to do next. ``exit_code`` is what a command line returns, ``http_status`` what a service answers.
"""

from __future__ import annotations

import warnings
from typing import ClassVar


class LondataError(Exception):
    """Base of all; catch this one to catch everything that londata raises on purpose.

    Parameters
    ----------
    message
        One sentence: what went wrong and what it means.
    hint
        What to do next. Empty when there is nothing useful to say.
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = printable(message)
        self.hint = printable(hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def _render_traceback_(self) -> list[str]:
        """Show analysts a sentence in a notebook; ``%debug`` still has the whole stack."""
        return [f"{type(self).__name__}: {self.message}", *([self.hint] if self.hint else [])]


def printable(text: str) -> str:
    """Take out what could move a terminal's cursor or reorder a line: messages quote titles and file names."""
    kept = (each if each.isprintable() or each in "\n\t" else " " if each.isspace() else "" for each in text)
    return "".join(kept)


class LondataWarning(UserWarning):
    """Something that whoever reads data should know, although the reading went well.

    It is shown as its sentence alone, and can be filtered as any other:
    ``warnings.simplefilter("ignore", LondataWarning)``.
    """


def warn(sentence: str) -> None:
    """Give a :class:`LondataWarning`."""
    _show_as_sentences()
    warnings.warn(printable(sentence), LondataWarning, stacklevel=2)


def _show_as_sentences() -> None:
    """Show our warnings without the path and the line of code, which are none of the reader's; others as before."""
    usual = warnings.formatwarning
    if getattr(usual, "of_londata", False):
        return

    def shown(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        if issubclass(category, LondataWarning):
            return f"{message}\n"
        return usual(message, category, filename, lineno, line)

    shown.of_londata = True  # type: ignore[attr-defined]
    warnings.formatwarning = shown


class UsageError(LondataError):
    """The caller asked for something that cannot be."""

    exit_code, http_status, code = 2, 400, "usage"


class QueryError(UsageError):
    """A search or filter makes no sense."""

    code = "query"


class NoSuchNameError(UsageError, AttributeError):
    """Something has no such attribute; also an ``AttributeError``, because it is what ``entry.raed`` raises."""

    code = "no_such_name"

    __str__ = LondataError.__str__


class ParameterError(UsageError):
    """A report parameter is not allowed."""

    code = "parameter"


class ScheduleError(UsageError):
    """A schedule cannot be read, or never comes round."""

    code = "schedule"


class AmbiguousDistributionError(UsageError):
    """Several distributions fit; the message lists them."""

    code = "ambiguous_distribution"


class SettingsError(LondataError):
    """A setting is missing or malformed."""

    exit_code, http_status, code = 11, 500, "settings"


class CatalogFileError(LondataError):
    """One or more problems in catalogue files.

    Parameters
    ----------
    problems
        One line each, in the form ``file: entry: field: what is wrong``.
    """

    exit_code, http_status, code = 3, 422, "catalog_file"

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(problems)
        many = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"The catalogue files have {many}:\n" + "\n".join(f"  {line}" for line in problems) + "\n",
            hint="Mend the lines named above and run `londata check` again.",
        )


class TemplateError(LondataError):
    """A report template breaks its rules.

    Parameters
    ----------
    template
        Its name.
    problems
        One line each, in the form ``file: field: what is wrong``.
    """

    exit_code, http_status, code = 3, 422, "template"

    def __init__(self, template: str, problems: list[str]) -> None:
        self.problems = list(problems)
        super().__init__(
            f"The template {template} cannot be used:\n" + "\n".join(f"  {line}" for line in problems) + "\n",
            hint="Mend the lines named above.",
        )


class ImportFormatError(LondataError):
    """A portal's export is not what it claims to be."""

    exit_code, http_status, code = 3, 422, "import_format"


class EntryNotFoundError(LondataError, KeyError, AttributeError):
    """No such entry in the register.

    Also a ``KeyError`` and an ``AttributeError``, because it is what ``catalog["…"]`` and ``catalog.…`` raise.
    """

    exit_code, http_status, code = 4, 404, "not_found"

    __str__ = LondataError.__str__


class AccessError(LondataError):
    """The door stayed shut."""

    exit_code, http_status, code = 5, 403, "access"


class NotAuthenticatedError(AccessError):
    """Nobody is logged in, or the token is forged, expired or revoked."""

    http_status, code = 401, "not_authenticated"


class AccessDeniedError(AccessError):
    """The caller is known and may not do this; the message says which condition failed."""

    code = "access_denied"


class AccessEndedError(AccessDeniedError):
    """The caller could do this before: a grant, a project or an agreement has ended since."""

    code = "access_ended"


class FetchError(LondataError):
    """Bytes could not be brought from where the register says they are."""

    exit_code, http_status, code = 6, 502, "fetch"


class OfflineError(FetchError):
    """No network, or nobody answers at the address."""

    code = "offline"


class AddressRefusedError(FetchError):
    """An address londata will not go to: a private network, another scheme, another host."""

    code = "address_refused"


class TooLargeError(FetchError):
    """More bytes than the limit; nothing was kept."""

    code = "too_large"


class ReadError(LondataError):
    """The bytes are not what their media type says, or the table is not where the record says."""

    exit_code, http_status, code = 7, 422, "read"


class ChangedDataError(ReadError):
    """The data are not the version that this run is pinned to: they changed while a batch of reports was made."""

    code = "changed_data"


class MissingExtraError(LondataError):
    """A library that this needs is not installed; the hint has the line that installs it."""

    exit_code, http_status, code = 8, 501, "missing_extra"


class RegisterUnavailableError(LondataError):
    """The register does not answer."""

    exit_code, http_status, code = 10, 503, "register_unavailable"


class ReportError(LondataError):
    """A report ran and failed; its notebook is kept as evidence."""

    exit_code, http_status, code = 9, 500, "report"


class BatchError(ReportError):
    """Some reports of a batch failed; the others are in their places, and the summary says which is which."""

    code = "batch"


class ReceiptError(LondataError):
    """A receipt is missing, broken, or does not fit the files that it vouches for."""

    exit_code, http_status, code = 13, 422, "receipt"


class HubError(LondataError):
    """The hub cannot start, or it stopped by itself."""

    exit_code, http_status, code = 12, 503, "hub"
