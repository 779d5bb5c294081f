"""What a call must say: where something is missing or of another kind, a sentence and not Python's own error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, ParamSpec, TypeVar

from londata.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")
#: The most letters of a title, and of a reason.
LONGEST_TITLE, LONGEST_REASON = 300, 2_000
#: What a call may lack → how it is written.
_WRITTEN = {
    "notebook": '"analysis.ipynb"',
    "title": 'title="Sizes of boroughs"',
    "audience": 'audience="hub"',
    "insight": '"borough-explorer"',
    "dataset": '"borough-profile"',
    "name": '"pupils-by-home"',
    "make": "lambda: pupils",
    "unit": 'unit="pupils"',
    "version": "1",
    "reason": '"It is being mended."',
    "why": 'why="Parents should see it."',
    "to": '"reviewed"',
}


def asks(call: Callable[P, T]) -> Callable[P, T]:
    """Let a function say in a sentence what a call lacks; for whoever reads or checks it, it is as it was written."""
    how, name = signature(call), f"{'londata' if call.__name__ == 'publish' else 'insights'}.{call.__name__}"

    @wraps(call)
    def asked(*given: P.args, **named: P.kwargs) -> T:
        _require_all(how, name, given, named)
        return call(*given, **named)

    return asked


def _require_all(how: Signature, name: str, given: Sequence[Any], named: dict[str, Any]) -> None:
    needed = [each for each in how.parameters.values() if _must_be_said(each)]
    example = f"Write {name}({', '.join(_WRITTEN.get(each.name, f'{each.name}=…') for each in needed)})."
    try:
        said = how.bind_partial(*given, **named).arguments
    except TypeError as error:
        raise UsageError(f"{name} cannot be called like this: {error}.", hint=example) from error
    if missing := [each.name for each in needed if each.name not in said]:
        raise UsageError(f"{name} is not told its {' and '.join(missing)}.", hint=example)


def _must_be_said(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty and parameter.kind not in (
        Parameter.VAR_POSITIONAL,
        Parameter.VAR_KEYWORD,
    )


def require_title(title: Any) -> None:
    """See that something has a title, and no longer one than the hub's form takes.

    Raises
    ------
    UsageError
        It has not.
    """
    if not isinstance(title, str) or not title.strip():
        raise UsageError(f"The title cannot be {title!r:.60}.", hint="Say what it is called: title=… or --title “…”.")
    if len(title.strip()) > LONGEST_TITLE:
        raise UsageError(
            f"The title has {len(title.strip()):,} letters, and {LONGEST_TITLE} at most are taken.",
            hint="Say the rest in summary=… or --summary “…”.",
        )


def require_words(name: str, reason: Any) -> None:
    """See that a reason is words.

    Parameters
    ----------
    name
        What the call names it.
    reason
        What was given.

    Raises
    ------
    UsageError
        It is something else, or too long to be kept.
    """
    if not isinstance(reason, str):
        raise UsageError(f"{name} cannot be {reason!r:.60}.", hint="Say why in a sentence, in quotation marks.")
    if len(reason) > LONGEST_REASON:
        raise UsageError(
            f"{name} has {len(reason):,} letters, and {LONGEST_REASON:,} at most are kept.", hint="Say it in fewer."
        )


def require_one_of(name: str, value: Any, choices: Sequence[str]) -> None:
    """See that something is one of a few words.

    Parameters
    ----------
    name
        What the call names it.
    value, choices
        What was given, and what it may be.

    Raises
    ------
    UsageError
        It is none of them.
    """
    if value not in choices:
        written = [f'"{each}"' for each in choices]
        raise UsageError(f"{name} cannot be {value!r:.40}.", hint=f"Say {', '.join(written[:-1])} or {written[-1]}.")


def require_texts(**said: Any) -> None:
    """See that everything is words, or not said at all.

    Raises
    ------
    UsageError
        Something is neither; the sentence names it.
    """
    for name, value in said.items():
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{name} cannot be {value!r:.60}.", hint=f'Write it as words: {name}="…".')


def list_of(name: str, given: Any, kinds: type | tuple[type, ...], example: str) -> list[Any]:
    """Read a list.

    Parameters
    ----------
    name
        What the call names it.
    given
        What was given.
    kinds
        What it may have in it.
    example
        How one is written, for the error.

    Raises
    ------
    UsageError
        It is no list, or has something else in it.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise UsageError(f"{name} takes a list, not {given!r:.60}.", hint=f"Write {name}={example}.")
    found = list(given)
    for each in found:
        if not isinstance(each, kinds):
            raise UsageError(f"{name} cannot have {each!r:.60} in it.", hint=f"Write {name}={example}.")
    return found
