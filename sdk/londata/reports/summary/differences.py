"""What is different between a report and the one before it in its series, as their receipts tell.

Nothing is opened: a receipt has the hash of every table behind a figure, and of everything that was read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from londata.reports.job import DATA
from londata.reports.receipts import Receipt

_FIGURE = re.compile(rf"{DATA}/((?:\d+-)?(.+))\.(csv|parquet)\Z")
#: So many names are written out; the page of a report has all of its figures.
_NAMED = 3


@dataclass(frozen=True)
class Changes:
    """What changed since an earlier report, whose folder has the name ``since``.

    ``figures`` counts those that both have and those that are new; figures are named as their tables are. ``data``
    are the titles of what was read in another version, ``parameters`` those that differ: name → before and now.
    """

    since: str
    day: str
    figures: int
    changed: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    data: tuple[str, ...]
    parameters: Mapping[str, tuple[Any, Any]]
    template: bool
    environment: bool

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say it in words, the figures first."""
        said = [self._figures()]
        said += [f"New: {_some(self.new)}."] if self.new else []
        said += [f"Gone: {_some(self.gone)}."] if self.gone else []
        said += [f"Other {name}: {now}, before {before}." for name, (before, now) in self.parameters.items()]
        said += [f"Other version of {_some(self.data)}."] if self.data else []
        said += ["The template changed."] if self.template else []
        said += ["londata or its libraries changed."] if self.environment else []
        return tuple(said)

    def _figures(self) -> str:
        if not self.figures:
            return "No figure has numbers to compare."
        if not self.changed:
            return f"None of {self.figures} figures changed." if self.figures > 1 else "Its figure did not change."
        return f"{len(self.changed)} of {self.figures} figures changed: {_some(self.changed)}."


def compare(before: Receipt, now: Receipt) -> Changes:
    """Compare two reports of one series.

    Parameters
    ----------
    before, now
        Their receipts.
    """
    old, new = _figures(before.outputs), _figures(now.outputs)
    both = [name for name in new if name in old]
    versions, read = _versions(before), _versions(now)
    other = [title for key, (title, pin) in read.items() if versions.get(key, ("", pin))[1] != pin]
    names = [*now.parameters, *(name for name in before.parameters if name not in now.parameters)]
    values = {name: (before.parameters.get(name), now.parameters.get(name)) for name in names}
    return Changes(
        since=before.folder.name,
        day=before.started[:10],
        figures=len(new),
        changed=tuple(name for name in both if not _same_table(old[name], new[name])),
        new=tuple(name for name in new if name not in old),
        gone=tuple(name for name in old if name not in new),
        data=tuple(dict.fromkeys(other)),
        parameters={name: pair for name, pair in values.items() if pair[0] != pair[1]},
        template=before.template.sha256 != now.template.sha256,
        environment=_without_commit(before) != _without_commit(now),
    )


def _figures(outputs: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """List the tables of figures: name → format → hash. Numbers in front are left out where names tell them apart."""
    found = [match for each in outputs if (match := _FIGURE.match(each["name"]))]
    twice = {name for (name, kind), count in Counter((each[2], each[3]) for each in found).items() if count > 1}
    hashes = {each["name"]: each["sha256"] for each in outputs}
    tables: dict[str, dict[str, str]] = {}
    for each in found:
        tables.setdefault(each[1] if each[2] in twice else each[2], {})[each[3]] = hashes[each[0]]
    return tables


def _same_table(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Tell whether a table is the same: in a form that both have, else it cannot be told and counts as changed."""
    return any(old[kind] == new[kind] for kind in old if kind in new)


def _versions(receipt: Receipt) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (read["entry"], read["distribution"]): (read["title"], read["sha256"] or read["version"])
        for read in receipt.reads
    }


def _without_commit(receipt: Receipt) -> dict[str, str]:
    return {name: value for name, value in receipt.environment.items() if name != "commit"}


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
