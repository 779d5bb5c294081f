"""Records as a portal exports them, and the publishers that are known."""

from __future__ import annotations

from typing import Any

from londata.records import Publisher
from londata_hub.harvest.publishers import Publishers

PUBLISHERS = Publishers(
    {
        "gla": Publisher(id="gla", name="Greater London Authority", kind="gla"),
        "tfl": Publisher(id="tfl", name="Transport for London", kind="transport"),
    },
    {"gla economics": "gla", "tfl": "tfl"},
)
V3: dict[str, Any] = {
    "id": "20od9",
    "webpage": "https://data.london.gov.uk/dataset/cycle-hires-20od9",
    "title": "Cycle hires",
    "description": "<p>Hires <b>by day</b>.</p><script>alert(1)</script><p>R&amp;D &lt;b&gt;</p>",
    "createdAt": "2019-03-15T10:00:00.000Z",
    "updatedAt": "2025-11-01T14:00:00.000Z",
    "sharing": "public",
    "masthead": {"id": "gla", "title": "Greater London Authority"},
    "team": {"id": "53oj7", "title": "TfL"},
    "topics": [{"id": "transport", "title": "Transport"}],
    "tags": ["cycling"],
    "licence": {
        "title": "UK Open Government Licence (OGL v3)",
        "url": "http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    },
    "contact": {"email": "data@example.org", "title": "Data team"},
    "resources": [
        {
            "id": "b71acf1c",
            "title": "Hires by day",
            "url": "https://data.london.gov.uk/download/20od9/b71acf1c/hires.csv",
            "timeframeFrom": "2010-07-30",
            "timeframeTo": "2022-06-30",
            "size": 2000,
            "filename": "hires.csv",
        }
    ],
    "links": [],
    "custom": {"update_frequency": "Monthly", "smallest_geography": ["Local Authority"]},
}
