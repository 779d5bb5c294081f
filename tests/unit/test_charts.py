"""Charts: what is drawn and named, what is refused, and that labels do not touch."""

import datetime as dt
import io
import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from londata.charts import Span, bars, calendar, canvas, columns, days, heat, lines, multiples, timeline
from londata.errors import UsageError
from londata.geography.figures import INK, PAPER

DAYS = pd.date_range("2025-03-01", periods=31)
NO2 = pd.DataFrame({"Camden": range(31), "London": range(31, 0, -1)}, index=DAYS)


def words(figure):
    """All that is written in a figure, drawn once so that nothing fails only when it is saved."""
    figure.savefig(io.BytesIO(), format="svg")
    from matplotlib.text import Text

    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text) if text.get_text()]


def test_lines_carry_their_names_and_the_chosen_one_is_bold():
    figure = lines(NO2, chosen="Camden", reference=[("legal limit", 40)])
    said = words(figure)
    assert {"Camden", "London", "legal limit 40", "1 Mar 2025"} <= set(said)
    weights = {text.get_text(): text.get_weight() for text in figure.axes[0].texts}
    assert (weights["Camden"], weights["London"]) == ("bold", "normal")
    assert figure.axes[0].get_legend() is None


def test_lines_differ_in_their_dashes_so_that_colour_is_not_needed():
    five = pd.DataFrame({f"line {number}": range(31) for number in range(5)}, index=DAYS)
    drawn = [line for line in lines(five).axes[0].lines if line.get_color() != PAPER and len(line.get_xdata()) == 31]
    assert len({str(line._dash_pattern) for line in drawn}) == 5


def test_of_many_lines_only_the_chosen_are_named():
    many = pd.DataFrame({f"borough {number}": range(31) for number in range(33)}, index=DAYS)
    assert [word for word in words(lines(many, chosen=["borough 3"])) if "borough" in word] == ["borough 3"]
    with pytest.raises(UsageError, match="33 lines cannot be told apart") as raised:
        lines(many)
    assert "multiples" in raised.value.hint


def test_nothing_is_drawn_across_a_gap_and_a_lone_number_is_marked():
    values = pd.Series([1.0, None, 5.0, None, 7.0, 8.0], index=DAYS[:6])
    axes = lines(values).axes[0]
    drawn = next(line for line in axes.lines if len(line.get_xdata()) == 6 and line.get_color() != PAPER)
    assert pd.isna(drawn.get_ydata()).sum() == 2
    lone = next(line for line in axes.lines if line.get_marker() == "o")
    assert list(lone.get_ydata()) == [1.0, 5.0]


def test_a_scale_begins_at_zero_unless_asked_otherwise():
    high = pd.Series([100.0, 101.0], index=DAYS[:2])
    assert lines(high).axes[0].get_ylim()[0] == 0
    assert lines(high, from_zero=False).axes[0].get_ylim()[0] > 0


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("2025-03-01", "2025-03-02", "00:00 1 Mar"),
        ("2025-03-01", "2025-03-31", "1 Mar 2025"),
        ("2024-11-01", "2025-10-01", "Nov 2024"),
        ("1990-01-01", "2025-01-01", "1990"),
    ],
)
def test_times_are_written_as_people_say_them(first, last, shown):
    said = words(lines(pd.Series([1.0, 2.0], index=pd.to_datetime([first, last]))))
    assert shown in said


def test_hours_are_those_of_the_clock_of_the_place():
    summer = pd.date_range("2025-07-01", periods=24, freq="h", tz="Europe/London")
    axes = lines(pd.Series(range(24), index=summer)).axes[0]
    assert axes.get_xticklabels()[0].get_text() == "00:00\n1 Jul"


def test_small_charts_share_one_scale():
    figure = multiples(NO2, chosen="Camden", reference=("limit", 20))
    assert len(figure.axes) == 2
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert "Dashed: limit, 20" in words(figure)


def test_bars_write_each_number_and_say_where_there_is_none():
    figure = bars(pd.Series({"Theft": 1640, "Arson": None}), chosen="Theft", reference=("average", 536))
    assert {"1,640", "no figure", "Theft", "average 536"} <= set(words(figure))


def test_two_kinds_of_bars_differ_in_pattern_and_have_a_key():
    figure = bars(pd.DataFrame({"2024": [3, -2], "2025": [2, 1]}, index=["Slip", "Cost"]))
    assert {"2024", "2025", "-2"} <= set(words(figure))
    assert len({patch.get_hatch() for patch in figure.axes[0].patches}) == 2


def test_columns_keep_their_first_and_last_name_and_mark_a_missing_number():
    figure = columns(pd.Series([1, None] + [3] * 38, index=[f"{year}/00" for year in range(1980, 2020)]))
    said = words(figure)
    assert {"1980/00", "2019/00", "× no figure"} <= set(said)
    assert len({word for word in said if word.endswith("/00")}) < 12


def test_a_calendar_frames_what_is_above_the_limit_and_greys_what_is_missing():
    values = pd.Series([10.0, 30.0, None], index=DAYS[:3])
    figure = calendar(values, limit=("guideline", 25), unit="µg/m³")
    framed = [patch for patch in figure.axes[0].patches if not patch.get_fill()]
    assert len(framed) == 1
    said = words(figure)
    assert "Framed: above guideline, 25 µg/m³ · Grey: no figure" in said
    assert "March 2025" in said


def test_a_strip_writes_numbers_only_where_they_fit():
    assert "444" in words(heat(pd.DataFrame([[111, 444]], index=["a"], columns=["x", "y"])))
    wide = pd.DataFrame([[1000 + hour for hour in range(24)]], index=["a"], columns=[str(hour) for hour in range(24)])
    assert "1,003" not in words(heat(wide))


def contrast(one, other):
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    pair = sorted((light(one), light(other)))
    return pair[1] / pair[0]


def test_a_number_can_be_read_on_every_shade():
    for value in range(1, 6):
        fill, ink = days._shade(value, [1, 2, 3, 4, 5])
        assert contrast(fill, ink) >= 4.5, fill
        assert ink in (INK, PAPER)


def test_a_timeline_says_what_slipped_and_where_today_is():
    begin, end, later = dt.date(2024, 4, 1), dt.date(2025, 3, 31), dt.date(2025, 7, 31)
    on_the_way = [(end, True), (later, False)]
    row = Span("New library", begin, later, planned=(begin, end), milestones=on_the_way, note="+4 months")
    said = words(timeline([row], today=dt.date(2025, 5, 1), today_label="data of 1 May"))
    assert {"New library", "+4 months", "data of 1 May", "plan", "now expected", "reached", "to come"} <= set(said)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: lines(pd.DataFrame({"a": [1]})),
        lambda: lines(pd.DataFrame({"a": []}, index=pd.DatetimeIndex([]))),
        lambda: lines(NO2.assign(none=None)),
        lambda: lines(NO2, chosen="Barnet"),
        lambda: multiples(NO2, across=7),
        lambda: bars(pd.Series({"a": None}, dtype=float)),
        lambda: bars(pd.Series(range(61), index=[str(number) for number in range(61)])),
        lambda: columns(pd.DataFrame({name: [1] for name in "abcd"})),
        lambda: calendar(pd.Series([1.0, 2.0], index=[DAYS[0], DAYS[0]])),
        lambda: calendar(pd.Series([None], index=DAYS[:1], dtype=float)),
        lambda: heat(pd.DataFrame([[None]], dtype=float)),
        lambda: timeline([]),
        lambda: timeline([Span("Back", dt.date(2025, 1, 2), dt.date(2025, 1, 1))]),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(draw):
    with pytest.raises(UsageError) as raised:
        draw()
    assert raised.value.hint


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.floats(0.5, 20))
def test_labels_are_apart_and_inside(wanted, gap):
    placed = canvas.spread(wanted, gap, 0, 100)
    kept = min(gap, 100 / max(1, len(wanted) - 1))
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in placed)
    assert all(above - below >= kept - 1e-6 for below, above in itertools.pairwise(sorted(placed)))


def test_one_label_stays_where_it_wants_to_be():
    assert canvas.spread([40.0], 5, 0, 100) == [40.0]


@pytest.mark.parametrize("text", ["Kensington and Chelsea", "µg/m³ 12,345", "fewer than 100"])
def test_letters_are_measured_as_wide_as_they_are_drawn(text):
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    drawn = TextPath((0, 0), text, prop=FontProperties(size=canvas.SMALL), usetex=False).get_extents().width / 72
    assert drawn <= canvas.width_of(text) <= drawn * 1.02
