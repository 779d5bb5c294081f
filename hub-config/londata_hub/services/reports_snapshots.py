"""Somebody's own template: taken as data, checked in a process that can do little and not for long, and kept.

Nothing of it is run here. Even so, a regular expression, a deep nest of brackets or a very long number can keep a
program busy for ever; so the check happens apart, with limits on time and memory.
"""

from __future__ import annotations

import hashlib
import json
import resource
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from londata.errors import LondataError, ParameterError, TemplateError, UsageError
from londata.records.identifiers import MAX_SLUG, SLUG
from londata.reports import templates
from londata.reports.parameters import Parameter, Value, ValuesFrom, as_given, check_all
from londata.reports.templates import DEFINITION, NOTEBOOK, Template

if TYPE_CHECKING:  # the check is a process of its own, which serves nothing
    from londata_hub.services.reports_parameters import Files

#: Seconds and bytes that the check of one template may take.
PATIENCE_S, MEMORY = 10, 1_500_000_000
_LONGEST_CHOICE = 200


def check_shipped(name: str, given: Mapping[str, Any], each: str) -> tuple[Template, dict[str, Value]]:
    """Check what is to be run of a template that is shipped.

    Parameters
    ----------
    name
        Of the template; a path is none.
    given, each
        The parameters, and the one of which every choice gets a report.

    Returns
    -------
    tuple of Template and dict
        The template, and the checked parameters without ``each``.

    Raises
    ------
    UsageError
        There is no such template, or no such parameter, or a value is not allowed.
    """
    if name not in templates.names():
        raise UsageError(f"There is no template {name[:80]!r}.", hint=f"Templates are {', '.join(templates.names())}.")
    template = templates.load(name)
    return template, check(template, given, each)


def check(template: Template, given: Mapping[str, Any], each: str) -> dict[str, Value]:
    """Check parameters against a template. Choices that are in the register are looked up when it runs.

    Parameters
    ----------
    template
        What is to be run.
    given
        The values by name.
    each
        The parameter of which every choice gets a report; it is not given itself.

    Returns
    -------
    dict
        What was given, checked. What was not given is the template's default at the time of each run.
    """
    declared = {parameter.name: parameter for parameter in template.parameters}
    if each:
        _check_each(template, declared, given, each)
    others = tuple(parameter for parameter in template.parameters if parameter.name != each)
    open_to = {parameter.name: _as_choice(parameter, given) for parameter in others if parameter.values_from}
    plain = tuple(parameter for parameter in others if not parameter.values_from)
    rest = {name: value for name, value in given.items() if name not in open_to}
    return as_given(template.parameters, given, check_all(template.name, plain, rest, _nothing) | open_to)


def _check_each(template: Template, declared: Mapping[str, Parameter], given: Mapping[str, Any], each: str) -> None:
    choices = [name for name, parameter in declared.items() if parameter.type == "choice"]
    if each not in choices:
        has = f"It has {', '.join(choices)}." if choices else "It has none."
        raise ParameterError(f"The template {template.name} has no choice {each[:80]!r}.", hint=has)
    if each in given:
        raise ParameterError(f"{each} cannot be given as well: every choice gets a report.", hint="Leave it out.")


def _as_choice(parameter: Parameter, given: Mapping[str, Any]) -> Value:
    value = given.get(parameter.name, parameter.default)
    if value is None:
        raise ParameterError(f"{parameter.name} must be given.", hint=f"It is {parameter.allowed}.")
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_CHOICE or not value.isprintable():
        raise ParameterError(f"{parameter.name} cannot be {str(value)[:80]!r}.", hint=f"It is {parameter.allowed}.")
    return value


def _nothing(_: ValuesFrom) -> tuple[str, ...]:
    return ()


class Snapshots:
    """People's own templates as they were when they were scheduled: ``<folder>/<sha256>/<name>/``.

    Parameters
    ----------
    folder
        Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, name: str, files: Files, given: Mapping[str, Any], each: str) -> tuple[str, str, dict[str, Value]]:
        """Check a template and keep it.

        Parameters
        ----------
        name
            What its owner calls it.
        files
            Its two files.
        given, each
            As :func:`check` takes them.

        Returns
        -------
        tuple
            The SHA-256 over both files, the template's title, and the checked parameters.

        Raises
        ------
        UsageError, TemplateError
            It breaks the rules; nothing is kept.
        """
        if len(name) > MAX_SLUG // 2 or not SLUG.match(name):
            raise UsageError(
                f"A template cannot be called {name[:80]!r}.",
                hint=f"Take at most {MAX_SLUG // 2} lower-case letters and digits with single hyphens.",
            )
        if name in templates.names():
            raise UsageError(f"There is a shipped template {name}.", hint="Give your own another name.")
        content = {NOTEBOOK: files.notebook.encode(), DEFINITION: files.definition.encode()}
        draft = self.folder / f".new-{secrets.token_hex(8)}"
        place = draft / name
        place.mkdir(parents=True, mode=0o700)
        try:
            for file, text in content.items():
                (place / file).write_bytes(text)
            title, checked = _checked_apart(place, given, each)
            digest = sha256_of(content)
            (self.folder / digest).mkdir(mode=0o700, exist_ok=True)
            if not (self.folder / digest / name).exists():
                place.rename(self.folder / digest / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return digest, title, checked


def sha256_of(content: Mapping[str, bytes]) -> str:
    """Hash both files of a template as one."""
    each = [f"{hashlib.sha256(content[name]).hexdigest()}  {name}\n" for name in (NOTEBOOK, DEFINITION)]
    return hashlib.sha256("".join(each).encode()).hexdigest()


def _checked_apart(place: Path, given: Mapping[str, Any], each: str) -> tuple[str, dict[str, Value]]:
    asked = json.dumps({"place": str(place), "given": dict(given), "each": each})
    command = [sys.executable, "-P", "-m", "londata_hub.services.reports_snapshots"]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, timeout=PATIENCE_S, env={}, check=False
        )
        said = json.loads(done.stdout) if done.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        said = {}
    if "title" in said:
        return str(said["title"]), dict(said["checked"])
    if problems := said.get("problems"):
        raise TemplateError(place.name, problems)
    raise UsageError(
        said.get("message") or f"The template {place.name} takes too long to read, or too much memory.",
        hint=said.get("hint") or "Take out what is deeply nested, very long, or a pattern that tries everything.",
    )


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    try:
        template = templates.load(Path(asked["place"]))
        return {"title": template.title, "checked": check(template, asked["given"], asked["each"])}
    except TemplateError as error:
        return {"problems": error.problems[:20]}
    except LondataError as error:
        return {"message": error.message, "hint": error.hint}


def main() -> None:
    """Check one template, as told on standard input."""
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE_S // 3, PATIENCE_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
