"""Templates: a folder with ``template.ipynb`` (what runs) and ``template.yaml`` (what it promises).

Both must agree: each declared parameter is assigned its default in the notebook's cell tagged ``parameters``.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from londata import settings
from londata.catalog_files.plain_yaml import YamlProblem, read_yaml
from londata.errors import TemplateError, UsageError
from londata.records import Record, problems_of
from londata.reports.parameters import Parameter, Value

NOTEBOOK, DEFINITION = "template.ipynb", "template.yaml"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")


class Template(Record):
    """A report that can be run.

    ``heading`` is the report's title, with ``{name}`` for the value of a parameter. ``insight`` is the record under
    which the report stands in the register; the register's loader reads it.
    """

    name: str
    folder: Path
    title: str = Field(min_length=1)
    heading: str = ""
    purpose: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    audience: str = ""
    outputs: tuple[str, ...] = ()
    expected_run_s: float = Field(default=30, gt=0)
    max_run_s: float = Field(default=1800, gt=0)
    max_memory_mb: float = Field(default=4000, gt=0)
    max_output_mb: float = Field(default=50, gt=0)
    parameters: tuple[Parameter, ...] = ()
    datasets: tuple[str, ...] = ()
    insight: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        declared = values.get("parameters") or {}
        if not isinstance(declared, dict) or not all(isinstance(each, dict) for each in declared.values()):
            raise ValueError("parameters is not a mapping of name to declaration")
        return values | {"parameters": [{"name": name} | each for name, each in declared.items()]}

    @property
    def notebook(self) -> Path:
        """The notebook that runs."""
        return self.folder / NOTEBOOK

    @property
    def defaults(self) -> dict[str, Value | None]:
        """Default value by parameter name; ``None`` for one that must be given."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def heading_for(self, values: dict[str, Value]) -> str:
        """Write the report's title for these parameter values."""
        said = {each.name: each.words(values[each.name]) for each in self.parameters if each.name in values}
        return re.sub(r"\{(\w+)\}", lambda found: said.get(found[1], found[0]), self.heading or self.title)

    def sha256(self) -> dict[str, str]:
        """SHA-256 of each of the template's two files, by file name."""
        return {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in (NOTEBOOK, DEFINITION)}


def names() -> tuple[str, ...]:
    """Name the templates that there are, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in settings.shipped("templates").glob(f"*/{DEFINITION}")))


def list() -> tuple[Template, ...]:
    """Load every template that there is, in alphabetical order of names."""
    return tuple(load(name) for name in names())


def load(name: str | Path) -> Template:
    """Load a template and check that its two files agree.

    Parameters
    ----------
    name
        Its name among the shipped ones (setting ``LONDATA_TEMPLATES``), or the path of its folder.

    Raises
    ------
    UsageError
        There is no such template.
    TemplateError
        Its files break the rules; every problem is listed.
    """
    folder = _folder(name)
    try:
        values = read_yaml(folder / DEFINITION)
        if not isinstance(values, dict):
            raise TemplateError(folder.name, [f"{DEFINITION}: is not a mapping of fields"])
        template = Template.model_validate(values | {"name": folder.name, "folder": folder})
    except ValidationError as error:
        raise TemplateError(folder.name, [f"{DEFINITION}: {line}" for line in problems_of(error)]) from error
    except YamlProblem as problem:
        raise TemplateError(folder.name, [f"{DEFINITION}: {problem}"]) from problem
    if problems := [*_bad_defaults(template), *_disagreements(template)]:
        raise TemplateError(template.name, problems)
    return template


def _folder(name: str | Path) -> Path:
    text = str(name)
    folder = settings.shipped("templates") / text if _NAME.match(text) else Path(text).expanduser().resolve()
    if (folder / DEFINITION).is_file() and (folder / NOTEBOOK).is_file():
        return folder
    known = names()
    near = difflib.get_close_matches(text, known, n=1)
    guess = f"; did you mean {near[0]}?" if near else "."
    raise UsageError(
        f"There is no template {text!r}{guess}",
        hint=f"Templates are {', '.join(known)}; or give the path of a folder with {NOTEBOOK} and {DEFINITION}.",
    )


def _bad_defaults(template: Template) -> Sequence[str]:
    """Say which defaults their own declaration refuses; those whose values are in the register are not asked."""
    problems = []
    for parameter in template.parameters:
        if parameter.default is None or parameter.values_from:
            continue
        try:
            parameter.check(parameter.default)
        except UsageError as error:
            problems.append(f"{DEFINITION}: parameters.{parameter.name}.default: {error}")
    return problems


def _disagreements(template: Template) -> Sequence[str]:
    """Compare the declared parameters with the notebook's cell."""
    try:
        cells = json.loads(template.notebook.read_text(encoding="utf-8"))["cells"]
        tagged = ["".join(c["source"]) for c in cells if "parameters" in c.get("metadata", {}).get("tags", ())]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"{NOTEBOOK}: is not a notebook: {error}"]
    if len(tagged) > 1 or len(tagged) < bool(template.parameters):
        return [f"{NOTEBOOK}: has {len(tagged)} cells tagged 'parameters'; it needs one"]
    try:
        in_cell = _assignments(tagged[0]) if tagged else {}
    except (SyntaxError, ValueError) as error:
        return [f"{NOTEBOOK}: the cell tagged 'parameters' may only hold lines like name = value ({error})"]
    problems = []
    for name in sorted(in_cell.keys() | template.defaults.keys()):
        declared, written = template.defaults.get(name), in_cell.get(name)
        if name not in in_cell:
            problems.append(f"{name} is declared in {DEFINITION} and missing in the parameters cell of {NOTEBOOK}")
        elif name not in template.defaults:
            problems.append(f"{name} is in the parameters cell of {NOTEBOOK} and not declared in {DEFINITION}")
        elif (declared, type(declared)) != (written, type(written)):
            problems.append(f"the default of {name} is {declared!r} in {DEFINITION} and {written!r} in {NOTEBOOK}")
    return problems


def _assignments(source: str) -> dict[str, Any]:
    """Read ``name = value`` lines; raises ``ValueError`` for anything else."""
    found = {}
    for line in ast.parse(source).body:
        target = line.targets[0] if isinstance(line, ast.Assign) and len(line.targets) == 1 else None
        if isinstance(line, ast.AnnAssign) and line.value is not None:
            target = line.target
        if not isinstance(target, ast.Name):
            raise ValueError(f"line {line.lineno} is something else")
        found[target.id] = ast.literal_eval(line.value)  # type: ignore[attr-defined]
    return found
