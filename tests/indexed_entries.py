"""A few entries to search among."""

from __future__ import annotations

from typing import Any

from londata.records import Entry, entry_from_dict

TFL = {"id": "tfl", "name": "Transport for London"}
GLA = {"id": "gla", "name": "Greater London Authority", "original": "GLA Economics"}
CAMDEN = {"id": "camden", "name": "London Borough of Camden"}


def entry(slug: str, title: str, **fields: Any) -> Entry:
    return entry_from_dict({"kind": "dataset", "id": slug, "title": title, "publisher": GLA, "access": "open"} | fields)


def files(*media_types: str) -> list[dict[str, str]]:
    return [
        {"id": f"file-{n}", "url": f"https://example.org/{n}", "media_type": media_type}
        for n, media_type in enumerate(media_types)
    ]


ENTRIES = [
    entry("air-quality", "Air quality", topics=["environment"], licence="ogl-3", distributions=files("text/csv")),
    entry("air-quality-hourly", "Air quality by the hour", topics=["environment", "health"], access="shared"),
    entry("asthma", "Asthma admissions", description="Compared with the quality of the air.", topics=["health"]),
    entry("cycle-hires", "Cycle hires", publisher=TFL, licence="ogl-2", distributions=files("text/csv", "text/csv")),
    entry("libraries", "Libraries", publisher=CAMDEN, tags=["culture"], geography={"level": "point"}),
    entry("transport-spend", "Spend", summary="What transport costs", publisher=CAMDEN),
    entry("transport-survey", "Transport survey", kind="dataset", publisher=TFL),
    entry("cafe", "Cafés & <b>bars</b> 🙂 مقاهي", licence={"title": "Other (Not Open)"}),
    entry(
        "air-story",
        "A story of breath",
        kind="insight",
        form="report",
        uses=["air-quality"],
        owner="GLA",
        public_benefit="Cleaner choices",
    ),
]
