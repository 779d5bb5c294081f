"""Air quality now and then: the numbers worked out again another way, bands and words, and the app as it is moved."""

import math
import re
import threading

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from londata.geography import figures
from londata.intake_catalog import open_catalog
from londata.settings import shipped
from londata.widgets import air_quality as numbers
from londata.widgets import air_quality_map as grid_map
from londata.widgets import air_quality_now_and_then as app
from londata.widgets import air_quality_words as words

NO2, PM = numbers.POLLUTANTS["no2"], numbers.POLLUTANTS["pm2_5"]
MISSING = math.nan


@pytest.fixture(scope="module")
def catalog():
    return open_catalog(str(shipped("catalogs")))


@pytest.fixture(scope="module")
def air(catalog):
    return app.load(catalog)


def hourly(values, start="2025-03-03"):
    """Readings from a Monday on."""
    return pd.Series(values, index=pd.date_range(start, periods=len(values), freq="h"), dtype=float)


# Numbers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pollutant", "concentration", "index", "band"),
    [
        # Defra, Daily Air Quality Index: the ends of its bands
        (NO2, 0, 1, "Low"), (NO2, 67, 1, "Low"), (NO2, 67.6, 2, "Low"), (NO2, 200, 3, "Low"),
        (NO2, 201, 4, "Moderate"), (NO2, 400, 6, "Moderate"), (NO2, 401, 7, "High"), (NO2, 600, 9, "High"),
        (NO2, 601, 10, "Very high"), (PM, 11, 1, "Low"), (PM, 12, 2, "Low"), (PM, 35.4, 3, "Low"),
        (PM, 36, 4, "Moderate"), (PM, 53, 6, "Moderate"), (PM, 54, 7, "High"), (PM, 70, 9, "High"),
        (PM, 71, 10, "Very high"), (PM, MISSING, None, "not known"),
    ],
)  # fmt: skip
def test_the_index_is_the_one_that_is_published(pollutant, concentration, index, band):
    assert numbers.index_of(pollutant, concentration) == index
    assert numbers.Latest(pd.Timestamp("2025-03-03"), 1.0, 1.0, index).band == band


def test_the_latest_reading_is_the_last_that_is_there_and_has_the_mean_of_its_day(air):
    for key in numbers.POLLUTANTS:
        for site in air.sites.index:
            readings, found = air.readings[key][site], numbers.latest(air, key, site)
            known = [(hour, value) for hour, value in readings.items() if value == value]
            assert (found.hour, found.value) == known[-1]
            before = [value for hour, value in known if pd.Timedelta(0) <= found.hour - hour < pd.Timedelta("24h")]
            assert found.day == pytest.approx(sum(before) / len(before))
            assert found.index == numbers.index_of(
                numbers.POLLUTANTS[key], found.day if key == "pm2_5" else found.value
            )


def test_a_day_with_too_few_hours_has_no_mean():
    readings = hourly([10.0] * 18 + [MISSING] * 6 + [20.0] * 17 + [MISSING] * 7)
    assert list(numbers.daily(readings).fillna(-1)) == [10, -1]
    assert numbers.running_mean(readings).iloc[16:18].isna().tolist() == [True, False]


def test_months_count_days_above_the_guideline_and_only_days_that_have_a_mean(air):
    readings = air.readings["no2"]["GEN04"]
    table = numbers.monthly(readings, NO2)
    for month, row in table.iterrows():
        here = {}
        for hour, value in readings.items():
            if (hour.year, hour.month) == (month.year, month.month) and value == value:
                here.setdefault(hour.day, []).append(value)
        whole = [sum(day) / len(day) for day in here.values() if len(day) >= 18]
        everything = [value for day in here.values() for value in day]
        assert (row["days"], row["above"]) == (len(whole), sum(mean > 25 for mean in whole))
        assert row["mean"] == pytest.approx(sum(everything) / len(everything))
        assert row["highest"] == max(everything)
    assert table["days"].sum() < 90  # the site failed for three days


def test_hours_of_the_day_are_averaged_apart_on_weekdays_and_at_weekends():
    values = [float(hour % 24) + (100 if hour // 24 >= 5 else 0) for hour in range(7 * 24)]
    table = numbers.by_hour_of_day(hourly(values))
    assert list(table["Monday to Friday"]) == list(range(24))
    assert list(table["Saturday and Sunday"]) == [hour + 100 for hour in range(24)]
    assert list(table.index[[0, 23]]) == ["00", "23"]


@pytest.fixture
def two_squares():
    """A grid of two by two squares, a borough that lies in two of them, three quarters of it in the eastern one."""
    times = pd.date_range("2025-04-01", periods=24, freq="h")
    grid = xr.Dataset(
        {key: (("time", "latitude", "longitude"), np.arange(96.0).reshape(24, 2, 2)) for key in numbers.POLLUTANTS},
        coords={"time": times, "latitude": [51.55, 51.45], "longitude": [-0.15, -0.05]},
    )
    outline = gpd.GeoDataFrame(
        {"code": ["X"], "name": ["X"]}, geometry=[shapely.box(-0.12, 51.52, -0.04, 51.56)], crs=4326
    )
    readings = xr.Dataset(
        {key: (("time", "site"), [[1.0], [2.0], [MISSING]]) for key in numbers.POLLUTANTS},
        coords={"time": times[:3], "site": ["S"]}
        | {
            name: ("site", [value])
            for name, value in {"latitude": 51.54, "longitude": -0.06, "borough_code": "X", "site_type": "r<b>"}.items()
        },
    )
    return numbers.gather(readings, grid, outline)


def test_the_forecast_of_a_borough_is_the_mean_of_its_squares_by_its_land_in_each(two_squares):
    hour = two_squares.forecast.hours[10]  # 40, 41 in the north, 42, 43 in the south
    assert numbers.by_borough(two_squares, "no2", hour)["X"] == pytest.approx(40 * 0.25 + 41 * 0.75)


def test_the_forecast_at_a_site_is_that_of_its_square(two_squares):
    assert list(numbers.at_site(two_squares, "no2", "S").iloc[:3]) == [1, 5, 9]


def test_boroughs_lie_whole_in_the_grid(air):
    assert air.forecast.shares.shape == (33, 66)
    assert air.forecast.shares.sum(axis=1) == pytest.approx(1)
    hour = air.forecast.hours[8]
    squares = air.forecast.values["no2"][8]
    means = numbers.by_borough(air, "no2", hour)
    assert squares.min() <= means.min() < means.max() <= squares.max()


def test_classes_of_the_map_hold_every_hour_and_numbers_can_be_read_on_all_of_them(air):
    for values in air.forecast.values.values():
        ends = grid_map.steps(values)
        assert len(ends) == len(grid_map.SHADES)
        assert ends[0] - (ends[1] - ends[0]) <= values.min()
        assert values.max() <= ends[-1]
    for shade in grid_map.SHADES:
        assert contrast(figures.INK, shade) >= 4.5


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# Words ----------------------------------------------------------------------------------------------------------------


def test_the_words_say_reading_hour_band_and_guideline():
    said = words.now(NO2, "Camden", numbers.Latest(pd.Timestamp("2025-03-31 23:00"), 11.72, 22.54, 1))
    assert said == [
        "Camden: 11.7 µg/m³ of nitrogen dioxide in the hour from 23:00 UTC on Monday 31 March 2025, the latest reading "
        "in the data.",
        "By the latest hour, that is in the band “low” of the UK’s Daily Air Quality Index (1 of 10). The mean of the "
        "24 hours up to then is 22.5 µg/m³, below the WHO’s guideline for a day (25).",
    ]
    said = words.now(PM, "Camden", numbers.Latest(pd.Timestamp("2025-03-31 23:00"), 80.0, 36.2, 4))
    assert said[1].startswith("By the mean of the 24 hours up to then, that is in the band “moderate”")
    assert "36.2 µg/m³, above the WHO’s guideline for a day (15)" in said[1]


def test_the_words_say_what_is_not_known():
    assert words.now(NO2, "Camden", None) == ["Camden: there is no reading of nitrogen dioxide."]
    said = words.now(PM, "Camden", numbers.Latest(pd.Timestamp("2025-03-31"), 80.0, MISSING, None))[1]
    assert "Too few hours were read for the UK’s Daily Air Quality Index." in said
    assert "Fewer than 18 of the 24 hours" in said
    assert words.week(NO2, hourly([MISSING] * 24)) == ["Nothing was read in these seven days."]
    assert words.hours(hourly([MISSING] * 24)) == ["Nothing was read."]
    assert words.history(NO2, hourly([MISSING] * 24))[1] == "March 2025: no day had enough readings."


def test_the_last_week_is_summed_up():
    readings = hourly([20.0] * 24 + [30.0] * 24 + [20.0] * 118 + [MISSING, 90.0])
    first, second = words.week(NO2, readings)
    assert first.startswith("Highest hour: 90.0 µg/m³ at 23:00 UTC on Sunday 9 March 2025.")
    assert second == (
        "On 1 of 7 days the mean was above the WHO’s guideline for a day (25 µg/m³); "
        "1 of 168 hourly readings are missing."
    )


def test_levels_are_those_of_the_who_and_of_the_uk():
    table = words.levels(NO2, hourly([30.0] * 24 + [210.0] * 24)).set_index("Level")
    assert table["µg/m³"].to_dict() == {
        "WHO guideline, day": 25,
        "WHO guideline, year": 10,
        "UK limit, year": 40,
        "UK limit, hour": 200,
    }
    assert table["Here"]["WHO guideline, day"] == "2 of 2 days above"
    assert table["Here"]["UK limit, hour"] == "24 of 48 hours above"
    assert table["Here"]["UK limit, year"].endswith("120.0: above")
    assert list(words.levels(PM, hourly([1.0] * 24))["µg/m³"]) == [15, 5, 20]


@pytest.mark.parametrize(
    ("value", "level", "said"), [(25.04, 25, "as high as"), (25.06, 25, "above"), (24.9, 25, "below")]
)
def test_a_number_is_compared_as_it_is_written(value, level, said):
    assert words.against(value, level) == said


# The app --------------------------------------------------------------------------------------------------------------


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def parts_of(built):
    return {widget._dom_classes[0]: widget for widget in walk(built) if widget._dom_classes}


def test_moving_a_control_changes_what_it_should_and_every_picture_says_what_it_shows(catalog):
    built = app.explore(catalog, "site=gen05&pollutant=pm2_5&hour=2025-04-02T18")
    parts = parts_of(built)
    site, pollutant, hour = [widget for widget in walk(built) if type(widget).__name__ == "Dropdown"]
    assert (site.value, pollutant.value, str(hour.value)) == ("GEN05", "pm2_5", "2025-04-02 18:00:00")
    assert "23:00 UTC on Monday 31 March 2025" in parts["londata-notice"].value
    assert "No air was measured" in parts["londata-notice"].value
    text = {name: parts[f"londata-{name}"].value for name in ("now", "then", "later")}
    pictures = re.findall(r"<img[^>]*>", "".join(text.values()))
    assert len(pictures) == 5
    assert all(len(re.search('alt="([^"]*)"', picture)[1]) > 60 for picture in pictures)
    hour.value = hour.options[0][1]
    assert parts["londata-later"].value != text["later"]
    assert (parts["londata-now"].value, parts["londata-then"].value) == (text["now"], text["then"])
    site.value = "GEN01"
    assert all(parts[f"londata-{name}"].value != before for name, before in text.items())


def test_no_thread_is_left_that_would_keep_the_process_from_being_forked(catalog):
    before = set(threading.enumerate())
    app.load(catalog)
    assert set(threading.enumerate()) <= before


def test_texts_of_the_data_are_escaped(two_squares):
    choice = app.Choice("S", "no2", two_squares.forecast.hours[0])
    html = app.present(two_squares, choice) + app.past(two_squares, choice) + app.ahead(two_squares, choice)
    assert "r<b>" not in html
    assert "r&lt;b&gt;" in html
    assert "No day has enough readings." in html


@pytest.mark.parametrize("query", ["", "site=GEN99&pollutant=lead&hour=now", "&".join(["site=GEN01"] * 50), "hour=<b>"])
def test_an_address_that_names_nothing_known_shows_the_first_choice(air, query):
    assert app.choice_in(query, air) == app.Choice("GEN04", "no2", pd.Timestamp("2025-04-01 08:00"))


def test_data_that_cannot_be_read_is_said_in_a_sentence(small_catalog):
    assert 'role="alert"' in app.explore(open_catalog(str(small_catalog))).value
