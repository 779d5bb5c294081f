"""Publications for tests: as somebody would publish them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from londata.records.publications import Label, Publication, Release, RestsOn, Step, Version

NOW = dt.datetime(2096, 6, 3, 9, 0, tzinfo=dt.UTC)
#: What the author gives of an insight, as ``londata.publish`` sends it.
RECORD = {
    "title": "Library visits by borough",
    "form": "app",
    "summary": "Visits to libraries, by borough and year.",
    "public_benefit": "People see where libraries are used.",
    "friction": "Visits were in 33 files.",
    "method": "Sums of counts.",
    "limits": "Counts are estimates.",
}


def a_publication(slug: str = "library-visits", **fields: Any) -> Publication:
    values = {"slug": slug, "owner": "ada", "audience": ("hub",), "created_at": NOW}
    return Publication.model_validate(values | fields)


def a_version(slug: str = "library-visits", number: int = 1, **fields: Any) -> Version:
    values = {
        "publication": slug,
        "number": number,
        "files": {"app.ipynb": "0" * 64},
        "record": RECORD,
        "published_by": "ada",
        "published_at": NOW,
    }
    return Version.model_validate(values | fields)


def resting_on(*entries: str, access: str = "open", **label: Any) -> dict[str, Any]:
    """Give the fields of a version that read these entries."""
    rests_on = tuple(RestsOn.model_validate({"entry": each, "access": access}) for each in entries)
    return {"rests_on": rests_on, "label": Label.model_validate({"access": access, **label})}


def a_release(slug: str = "library-visits", version: int = 1, **fields: Any) -> Release:
    return Release.model_validate({"publication": slug, "version": version, "author": "ada"} | fields)


def a_step(to: str, by: str, why: str = "") -> Step:
    return Step.model_validate({"to": to, "by": by, "why": why, "at": NOW})
