"""What can be said of agreements to share data: counts, sentences, tables. Pure: a table in, tables and words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.reports.wording import counted

if TYPE_CHECKING:
    import pandas as pd

#: How several values are put apart in one field of the entry ``sharing-agreements``.
BETWEEN = "; "
#: State → how it is said. What is in force comes first.
STATES = {"live": "in force", "coming": "signed, not begun", "suspended": "suspended", "ended": "ended"}
EVERYBODY = ""


@dataclass(frozen=True)
class Agreement:
    """One agreement, as everybody may know it. ``parties`` are pairs of a body and its role."""

    id: str
    title: str
    state: str
    standing: str
    parties: tuple[tuple[str, str], ...]
    purposes: tuple[str, ...]
    legal_power: str
    legal_bases: tuple[str, ...]
    data: tuple[str, ...]
    results: str
    projects: tuple[str, ...]
    review_by: Any
    end: Any
    people: str
    readings: int

    @property
    def bodies(self) -> tuple[str, ...]:
        """The names of the parties."""
        return tuple(name for name, _ in self.parties)


def gather(rows: pd.DataFrame) -> list[Agreement]:
    """Put together the rows of each agreement; the order of the table is kept.

    Parameters
    ----------
    rows
        One row per agreement and party, with the columns of the entry ``sharing-agreements``.
    """
    told: dict[str, list[Mapping[Any, Any]]] = {}
    for row in rows.astype(object).where(rows.notna(), "").to_dict("records"):
        told.setdefault(str(row["agreement"]), []).append(row)
    return [_gathered(name, each) for name, each in told.items()]


def _gathered(name: str, rows: Sequence[Mapping[Any, Any]]) -> Agreement:
    first = rows[0]
    return Agreement(
        id=name,
        title=str(first["title"]),
        state=str(first["state"]),
        standing=str(first["standing"]),
        parties=tuple((str(row["party"]), str(row["role"])) for row in rows),
        purposes=_several(first["purposes"]),
        legal_power=str(first["legal_power"]),
        legal_bases=_several(first["legal_bases"]),
        data=_several(first["data"]),
        results=str(first["results"]),
        projects=_several(first["projects"]),
        review_by=first["review_by"],
        end=first["end"],
        people=str(first["people"]),
        readings=int(first["readings"]),
    )


def _several(text: Any) -> tuple[str, ...]:
    return tuple(part for part in str(text).split(BETWEEN) if part)


def bodies(agreements: Sequence[Agreement]) -> list[str]:
    """Name every body that is party to an agreement, in alphabetical order."""
    return sorted({body for each in agreements for body in each.bodies}, key=str.casefold)


def purposes(agreements: Sequence[Agreement]) -> list[str]:
    """Name every purpose, in alphabetical order."""
    return sorted({purpose for each in agreements for purpose in each.purposes}, key=str.casefold)


def chosen(agreements: Sequence[Agreement], body: str = EVERYBODY, purpose: str = EVERYBODY) -> list[Agreement]:
    """Take the agreements of one body, for one purpose, or of and for all.

    Parameters
    ----------
    agreements
        All of them.
    body, purpose
        Of whom, and what for; empty for all.
    """
    return [
        each for each in agreements if (not body or body in each.bodies) and (not purpose or purpose in each.purposes)
    ]


def by_body(agreements: Sequence[Agreement]) -> pd.DataFrame:
    """Count for each body how many agreements it is party to.

    Returns
    -------
    pandas.DataFrame
        One row per body, that with the most in force first: ``body``, ``live`` (in force), ``other``.
    """
    import pandas as pd

    rows = []
    for body in bodies(agreements):
        mine = chosen(agreements, body)
        live = sum(each.state == "live" for each in mine)
        rows.append({"body": body, "live": live, "other": len(mine) - live})
    table = pd.DataFrame(rows, columns=["body", "live", "other"])
    return table.sort_values(["live", "other", "body"], ascending=[False, False, True], ignore_index=True)


def summary(agreements: Sequence[Agreement], body: str, purpose: str) -> list[str]:
    """Say how much is shared, by whom and what for: a paragraph each, plain text.

    Parameters
    ----------
    agreements
        Those that are shown.
    body, purpose
        What was chosen; empty for all.
    """
    whose = f" to which {body} is party" if body else ""
    what = f" for {purpose[:1].lower()}{purpose[1:]}" if purpose else ""
    if not agreements:
        return [f"There is no agreement{whose}{what}."]
    live = [each for each in agreements if each.state == "live"]
    rest = ", ".join(
        f"{count} {words}"
        for state, words in STATES.items()
        if state != "live" and (count := sum(each.state == state for each in agreements))
    )
    others = f" ({rest})" if rest else ""
    verb = "is" if len(live) == 1 else "are"
    them = "it" if len(live) == 1 else "them"
    who, aims = counted(len(bodies(live)), "body", "bodies"), counted(len(purposes(live)), "purpose")
    sharing = f" {who} may share data under {them}, for {aims}." if live else ""
    lines = [f"{len(live)} of {counted(len(agreements), 'agreement')}{whose}{what} {verb} in force{others}.{sharing}"]
    readings = sum(each.readings for each in agreements)
    times = "once" if readings == 1 else f"{readings:,} times"
    lines.append(f"Data was read {times} under them so far." if readings else "Nothing was read under them so far.")
    if soon := sorted(live, key=lambda each: min(each.end, each.review_by)):
        lines.append(f"Next to be reviewed or to end: “{soon[0].title}”. {soon[0].standing}")
    return lines
