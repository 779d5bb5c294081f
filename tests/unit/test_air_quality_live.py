"""The newest hour of a real network: lists within lists become rows, and the words are those of the feed."""

import datetime as dt
import json
from pathlib import Path

import pytest

from londata import readers
from londata.catalog_files import load_catalog
from londata.errors import FetchError, ReadError, UsageError
from londata.intake_catalog import open_catalog
from londata.settings import shipped
from londata.widgets import air_quality_live as live
from londata.widgets import air_quality_now_and_then as app
from londata.widgets.air_quality import POLLUTANTS

REAL = Path(__file__).resolve().parents[3] / "shared/data/live/erg_hourly_monitoringindex_london_2019-09-26.json"
ENTRY = next(each for each in load_catalog(shipped("catalogs")).entries if each.id == "laqn-hourly-index")
(OPTIONS,) = (each.options for each in ENTRY.distributions)
NOON = dt.datetime(2026, 11, 22, 12, 30)
NO2 = POLLUTANTS["no2"]


def species(code, index):
    return {"@SpeciesCode": code, "@AirQualityIndex": str(index), "@AirQualityBand": "not believed"}


def site(name, measured, hour="2026-11-22 12:00:00"):
    return {"@SiteName": name, "@SiteType": "Kerbside", "@BulletinDate": hour, "Species": measured}


#: As the feed is written: a list, one object where there is one, nothing where there is none; every number is text.
FEED = {
    "HourlyAirQualityIndex": {
        "@GroupName": "London",
        "LocalAuthority": [
            {"@LocalAuthorityName": "Camden", "Site": site("<b>Euston", [species("NO2", 4), species("PM25", 10)])},
            {"@LocalAuthorityName": "Barnet"},
            {
                "@LocalAuthorityName": "Richmond",
                "Site": [site("Castelnau", species("NO2", 2)), site("Barnes", species("NO2", 0))],
            },
        ],
    }
}


@pytest.fixture
def read(tmp_path):
    def read(content, **keywords):
        file = tmp_path / "feed.json"
        file.write_text(json.dumps(content))
        return readers.read(file, "application/json", OPTIONS, **keywords)

    return read


def newest(table):
    return live.Newest("The network", "Imperial College London", live.gather(table))


def test_lists_within_lists_become_rows_with_what_stands_around_them(read):
    table = read(FEED)
    assert list(table["@SpeciesCode"]) == ["NO2", "PM25", "NO2", "NO2"]
    assert list(table["LocalAuthority.@LocalAuthorityName"]) == ["Camden", "Camden", "Richmond", "Richmond"]
    assert list(table["Site.@SiteName"]) == ["<b>Euston", "<b>Euston", "Castelnau", "Barnes"]
    assert set(table["HourlyAirQualityIndex.@GroupName"]) == {"London"}
    assert len(read(FEED, nrows=1)) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"error": "busy"}, "there is no 'HourlyAirQualityIndex' in it"),
        ([], "it holds something else than objects"),
        ({"HourlyAirQualityIndex": {"LocalAuthority": [1]}}, "LocalAuthority holds something else than objects"),
        ({"HourlyAirQualityIndex": {"LocalAuthority": [{"Site": []}]}}, "there is no 'Site' in LocalAuthority"),
        ({"HourlyAirQualityIndex": {"LocalAuthority": {"Site": {"Species": [2]}}}}, "Species holds something else"),
    ],
)
def test_a_feed_that_has_changed_is_said_in_a_sentence(read, content, said):
    with pytest.raises(ReadError, match=said):
        read(content)


def test_only_json_has_records(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(UsageError, match="takes no 'records'"):
        readers.read(tmp_path / "a.csv", "text/csv", records=["a"])


def test_the_words_are_those_of_the_feed(read):
    found = newest(read(FEED))
    assert live.words(found, NO2, "Camden", NOON) == [
        "12:00 on Sunday 22 November 2026, Nitrogen dioxide: 2 of 3 sites in London have a reading, 1 of them in the "
        "band “low”. The highest index is 4 of 10 (moderate), at <b>Euston.",
        "In Camden: <b>Euston 4 of 10 (moderate).",
    ]
    assert (
        live.words(found, NO2, "Richmond upon Thames", NOON)[1] == "In Richmond upon Thames: Castelnau 2 of 10 (low)."
    )
    assert live.words(found, NO2, "Barnet", NOON)[1] == "No site in Barnet has a reading of it."
    assert "10 of 10 (very high)" in live.words(found, POLLUTANTS["pm2_5"], "Camden", NOON)[0]
    assert "sent nothing newer" in live.words(found, NO2, "Camden", NOON + dt.timedelta(hours=4))[0]
    none = newest(read(FEED).assign(**{"@AirQualityIndex": "0"}))
    assert live.words(none, NO2, "Camden", NOON) == [
        "The network has no reading of Nitrogen dioxide for the newest hour."
    ]
    page = live.shown(found, NO2, "Camden", NOON)
    assert page.index("</table>") < page.index("Everything from here on is generated."), "the table is real"
    assert "<b>Euston" not in page
    assert "Imperial College London" in page


def test_what_a_site_read_hours_ago_is_not_of_the_newest_hour(read):
    table = read(FEED)
    table.loc[table["Site.@SiteName"] == "Castelnau", "Site.@BulletinDate"] = "2026-11-22 07:00:00"
    assert live.words(newest(table), NO2, "Richmond upon Thames", NOON) == [
        "12:00 on Sunday 22 November 2026, Nitrogen dioxide: 1 of 3 sites in London has a reading, none of them in the "
        "band “low”. The highest index is 4 of 10 (moderate), at <b>Euston.",
        "No site in Richmond upon Thames has a reading of it.",
    ]


def test_another_feed_is_not_taken_for_this_one(read):
    with pytest.raises(ReadError, match=r"no column 'LocalAuthority.@LocalAuthorityName'"):
        live.gather(read(FEED).drop(columns="LocalAuthority.@LocalAuthorityName"))


def test_the_real_feed_of_one_hour():
    if not REAL.exists():
        pytest.skip(f"needs ../shared/data/live/{REAL.name}")
    table = live.gather(readers.read(REAL, "application/json", OPTIONS))
    assert table["site"].nunique() == 105
    assert table["species"].value_counts()[["NO2", "PM25"]].to_list() == [92, 25]
    assert table["index"].isna().sum() == 43  # “No data”
    assert set(table["index"].dropna()) == {1, 2}
    assert table["hour"].unique().tolist() == [dt.datetime(2019, 9, 26, 11)]
    london, camden = live.words(live.Newest("LAQN", "x", table), NO2, "Camden", NOON)
    assert london.startswith("11:00 on Thursday 26 September 2019, Nitrogen dioxide: ")
    assert "77 of 92 sites in London have a reading, all of them in the band “low”" in london
    assert "nothing newer" in london
    assert camden.startswith("In Camden: Bloomsbury 1 of 10 (low); ")


class Catalog:
    """The shipped catalogue, and a feed that answers or does not."""

    def __init__(self, table):
        self.shipped, self.table, self.asked = open_catalog(str(shipped("catalogs"))), table, 0

    def __getitem__(self, slug):
        return self if slug == "laqn-hourly-index" else self.shipped[slug]

    record = ENTRY

    def read(self):
        self.asked += 1
        if self.table is None:
            raise FetchError("The network is not reached.", hint="Try again later.")
        return self.table


def measured(built):
    (part,) = [child for child in built.children if "londata-measured" in child._dom_classes]
    return part.value


def test_the_app_shows_what_is_measured_falls_back_and_says_so(read, monkeypatch):
    for part in ("present", "past", "ahead"):  # they are looked at where there is no feed
        monkeypatch.setattr(app, part, lambda *_: "")
    catalog = Catalog(read(FEED))
    built = app.explore(catalog, "site=GEN04", "laqn-hourly-index")
    assert "Measured now: London Air Quality Network" in measured(built)
    assert "&lt;b&gt;Euston 4 of 10 (moderate)" in measured(built)
    notice = next(child for child in built.children if "londata-notice" in child._dom_classes)
    assert "only what stands under “Measured now” is real" in notice.value
    controls = next(child for child in built.children if "londata-controls" in child._dom_classes)
    controls.children[1].value = "pm2_5"
    assert "10 of 10 (very high)" in measured(built)
    assert catalog.asked == 1, "what was read is fresh"
    catalog.table = None
    monkeypatch.setattr(live, "FRESH_S", 0.0)
    controls.children[1].value = "no2"
    assert catalog.asked == 2
    assert "cannot be had just now. The network is not reached. Try again later." in measured(built)
    assert "Everything from here on is generated." in measured(built)
