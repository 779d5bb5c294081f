"""The search index: what is found, in which order, what is counted, and how it is kept up."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st

from indexed_entries import ENTRIES, entry
from londata.errors import QueryError
from londata.query import FACETS, Query
from londata.search_index import SearchIndex, folder
from londata.search_index.schema import PACKED, packed, packed_range
from londata.search_index.spellings import spellings_of


@pytest.fixture(params=["in memory", "in a folder"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> SearchIndex:
    made = SearchIndex.in_memory() if request.param == "in memory" else SearchIndex.open(tmp_path / "index")
    made.rebuild(ENTRIES, state="one")
    return made


def found(index: SearchIndex, text: str = "", **filters: Any) -> list[str]:
    return list(index.search(Query().narrowed(text, **filters), limit=100).slugs)


def test_without_words_everything_comes_in_alphabetical_order(index: SearchIndex) -> None:
    assert found(index) == sorted(each.id for each in ENTRIES) == list(index.slugs(Query()))
    assert index.count(Query()) == len(ENTRIES)


def test_a_whole_title_comes_first_then_titles_with_all_words_then_the_rest(index: SearchIndex) -> None:
    assert found(index, "air quality") == ["air-quality", "air-quality-hourly", "asthma"]
    assert found(index, "transport")[0] == "transport-survey"


@pytest.mark.parametrize("typed", ["qualty", "quailty", "qualitty", "quolity", "quality"])
def test_one_letter_wrong_missing_doubled_or_swapped_is_forgiven(index: SearchIndex, typed: str) -> None:
    assert found(index, f"air {typed}")[0] == "air-quality"


def test_a_word_as_written_ranks_above_one_that_is_nearly_it() -> None:
    index = SearchIndex.in_memory()
    index.rebuild([entry("near", "Horses"), entry("exact", "Something else", description="houses")])
    assert found(index, "houses")[0] == "exact"
    assert found(index, "houses") == ["exact", "near"]


def test_short_words_and_numbers_are_taken_as_they_are() -> None:
    index = SearchIndex.in_memory()
    index.rebuild([entry("bus", "Bus"), entry("census-2011", "Census 2011")])
    assert found(index, "bas") == []
    assert found(index, "2012") == []
    assert found(index, "2011") == ["census-2011"]


def test_the_last_word_matches_while_it_is_typed(index: SearchIndex) -> None:
    for length in range(1, len("libraries") + 1):
        assert "libraries" in found(index, "libraries"[:length])
    assert found(index, "air qu")[:2] == ["air-quality", "air-quality-hourly"]
    assert found(index, "qu air") == []


def test_a_word_is_found_by_its_stem_and_without_its_accent(index: SearchIndex) -> None:
    assert found(index, "library") == ["libraries"]
    assert found(index, "cafe") == found(index, "CAFÉ") == ["cafe"]
    assert found(index, "مقاهي") == ["cafe"]


@pytest.mark.parametrize("text", ["qzxwv plimf", "air qzxwv", "---", "🙂", "the of and", '"', "title:air", "x" * 400])
def test_nonsense_and_punctuation_find_nothing(index: SearchIndex, text: str) -> None:
    page = index.search(Query(text=text), facets=FACETS)
    assert (page.total, page.slugs) == (0, ())
    assert set(page.facets) == set(FACETS)
    assert not any(page.facets.values())


@pytest.mark.parametrize("text", ["air AND quality", "air* quality", "(air) quality", "air -quality", '"quality air'])
def test_text_is_words_and_never_a_query_language(index: SearchIndex, text: str) -> None:
    assert "air-quality" in found(index, text)


@pytest.mark.parametrize("name", ["TfL", "tfl", "Transport for London", " transport  FOR london "])
def test_a_publisher_is_found_by_id_name_and_initials(index: SearchIndex, name: str) -> None:
    assert found(index, publisher=name) == ["cycle-hires", "transport-survey"]


def test_a_publisher_is_found_by_the_spelling_of_the_source_and_a_borough_by_its_place(index: SearchIndex) -> None:
    assert "air-quality" in found(index, publisher="gla economics")
    assert found(index, publisher="Camden") == ["libraries", "transport-spend"]
    assert found(index, publisher="nobody") == []


def test_filters_hold_together_and_the_values_of_one_are_alternatives(index: SearchIndex) -> None:
    assert found(index, topic="health") == ["air-quality-hourly", "asthma"]
    assert found(index, topic=["health", "environment"], access="open") == ["air-quality", "asthma"]
    assert found(index, "air", topic="health", access="shared") == ["air-quality-hourly"]
    assert found(index, licence="ogl-3") == found(index, licence="Open Government Licence v3.0") == ["air-quality"]
    assert found(index, licence="Other (Not Open)") == ["cafe"]
    assert found(index, format="CSV") == ["air-quality", "cycle-hires"]
    assert found(index, geography="point") == ["libraries"]
    assert found(index, uses="air-quality") == found(index, kind="insight") == ["air-story"]
    assert index.count(Query(publisher=("",))) == 0


def test_facets_count_values_once_per_entry_the_most_frequent_first(index: SearchIndex) -> None:
    facets = index.search(Query(), limit=0, facets=FACETS).facets
    assert facets["publisher"][0] == ("Greater London Authority", 5)
    assert facets["topic"] == (("environment", 2), ("health", 2))
    assert facets["format"] == (("csv", 2),)
    assert dict(facets["licence"]) == {"not stated": 6, "Other (Not Open)": 1, "ogl-2": 1, "ogl-3": 1}
    assert dict(facets["access"]) == {"open": 8, "shared": 1}
    assert dict(facets["kind"]) == {"dataset": 8, "insight": 1}
    narrowed = index.search(Query().narrowed("air quality", topic="health"), facets=("access",))
    assert (narrowed.total, dict(narrowed.facets["access"])) == (2, {"open": 1, "shared": 1})


def test_only_facets_are_counted(index: SearchIndex) -> None:
    with pytest.raises(QueryError, match="no facet 'uses'"):
        index.search(Query(), facets=("uses",))


def test_a_count_is_remembered_only_while_the_index_is_as_it_was(index: SearchIndex) -> None:
    assert dict(index.search(Query(), facets=("kind",)).facets["kind"])["dataset"] == 8
    index.update([entry("zoo", "Zoo")], state="two")
    assert dict(index.search(Query(), facets=("kind",)).facets["kind"])["dataset"] == 9


def test_pages_follow_each_other_without_gap_or_repetition(index: SearchIndex) -> None:
    for query in (Query(), Query(text="a")):
        whole = index.search(query, limit=100)
        pages = [index.search(query, limit=2, offset=offset).slugs for offset in range(0, 12, 2)]
        assert [slug for page in pages for slug in page] == list(whole.slugs)
        assert list(index.slugs(query)) == list(whole.slugs)
        assert list(index.slugs(query, limit=3)) == list(whole.slugs)[:3]


vocabulary = st.sampled_from("die dying dies library libraries librry house housing hosue bus business data".split())
some_words = st.lists(vocabulary, min_size=1, max_size=3).map(" ".join)


@given(st.lists(st.tuples(some_words, some_words), min_size=1, max_size=12), some_words, st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_what_is_listed_is_what_is_counted_and_nothing_comes_twice(
    texts: list[tuple[str, str]], asked: str, typed: int
) -> None:
    index = SearchIndex.in_memory()
    index.rebuild([entry(f"e{n}", title, description=body) for n, (title, body) in enumerate(texts)])
    query = Query(text=asked[:typed])
    listed = list(index.slugs(query))
    assert len(listed) == len(set(listed)) == index.count(query)
    assert index.search(query, limit=100, facets=FACETS).slugs == tuple(listed)


def test_slugs_can_be_asked_for_by_their_beginning(index: SearchIndex) -> None:
    assert list(index.slugs(Query(), prefix="air-")) == ["air-quality", "air-quality-hourly", "air-story"]
    assert list(index.slugs(Query(), prefix="air-quality-hou")) == ["air-quality-hourly"]
    assert list(index.slugs(Query(access=("shared",)), prefix="air")) == ["air-quality-hourly"]
    assert list(index.slugs(Query(), prefix="Ä(")) == []


slugs = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,8}", fullmatch=True)


@given(st.sets(slugs, min_size=1, max_size=8), st.data())
@settings(max_examples=25, deadline=None)
def test_any_beginning_of_any_slug_finds_exactly_the_slugs_that_begin_so(every: set[str], data: st.DataObject) -> None:
    index = SearchIndex.in_memory()
    index.rebuild([entry(slug, "x") for slug in every])
    one = data.draw(st.sampled_from(sorted(every)))
    prefix = one[: data.draw(st.integers(0, len(one)))]
    assert list(index.slugs(Query(), prefix=prefix)) == sorted(slug for slug in every if slug.startswith(prefix))


@given(slugs, slugs)
def test_packed_slugs_sort_as_slugs_do(one: str, other: str) -> None:
    one, other = one[:PACKED], other[:PACKED]
    assert (packed(one) < packed(other)) == (one < other)
    low, high = packed_range(one[:3])
    assert (low <= packed(other) <= high) == other.startswith(one[:3])


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_no_text_at_all_can_break_a_search(text: str) -> None:
    index = SHARED
    page = index.search(Query(text=text), facets=("publisher",))
    assert page.total == index.count(Query(text=text))
    index.near(text)
    list(index.slugs(Query(), prefix=text))


SHARED = SearchIndex.in_memory()
SHARED.rebuild(ENTRIES)


def test_a_misspelt_name_is_answered_with_the_nearest(index: SearchIndex) -> None:
    assert index.near("air_qualty")[0] == "air-quality"
    assert index.near("air-qual") == ["air-quality", "air-quality-hourly"]
    assert index.near("survey-transport") == ["transport-survey"] or index.near("transprt-survey") == [
        "transport-survey"
    ]
    assert index.near("qzxwv-plimf") == []
    assert len(index.near("air", limit=1)) <= 1


def test_an_update_replaces_removes_and_adds(index: SearchIndex) -> None:
    assert index.update([entry("asthma", "Lungs"), entry("zoo", "Zoo")], ["libraries"], state="two", after="one")
    assert index.state == "two"
    assert found(index, "lungs") == ["asthma"]
    assert found(index, "asthma admissions") == []
    assert "libraries" not in found(index)
    assert found(index)[-1] == "zoo"
    assert index.count(Query()) == len(ENTRIES)


def test_an_update_is_not_done_when_somebody_else_was_here_first(index: SearchIndex) -> None:
    assert not index.update([entry("zoo", "Zoo")], state="three", after="two")
    assert index.state == "one"
    assert "zoo" not in found(index)


def test_descriptions_are_indexed_to_a_limit_and_the_rest_does_no_harm() -> None:
    index = SearchIndex.in_memory()
    index.rebuild([entry("long", "Long", description="early " + "word " * 10_000 + "late " + "x" * 1_000_000)])
    assert found(index, "early") == ["long"]
    assert found(index, "late") == []


def test_an_index_that_was_never_built_is_empty_and_says_so(tmp_path: Path) -> None:
    index = SearchIndex.open(tmp_path / "none")
    assert index.state is None
    assert found(index) == []
    assert not index.update([entry("zoo", "Zoo")])


@pytest.mark.parametrize("damage", ["marker", "schema", "files"])
def test_an_index_that_is_damaged_or_of_another_version_counts_as_never_built(tmp_path: Path, damage: str) -> None:
    SearchIndex.open(tmp_path).rebuild(ENTRIES, state="one")
    marker = tmp_path / "current.json"
    if damage == "marker":
        marker.write_text("{")
    elif damage == "schema":
        marker.write_text(marker.read_text().replace('"schema": ', '"schema": 9'))
    else:
        (next(tmp_path.glob("index-*")) / "meta.json").unlink()
    index = SearchIndex.open(tmp_path)
    assert index.state is None
    assert found(index) == []
    index.rebuild(ENTRIES, state="two")
    assert found(index) == sorted(each.id for each in ENTRIES)
    assert len(list(tmp_path.glob("index-*"))) == 1


def test_a_failed_rebuild_leaves_the_index_as_it_was(index: SearchIndex) -> None:
    def broken() -> Any:
        yield ENTRIES[0]
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        index.rebuild(broken(), state="two")
    assert index.state == "one"
    assert found(index) == sorted(each.id for each in ENTRIES)


ELSEWHERE = """
import sys
from pathlib import Path
from londata.records import entry_from_dict
from londata.search_index import SearchIndex

entry = entry_from_dict({
    "kind": "dataset", "id": "elsewhere", "title": "Elsewhere", "access": "open",
    "publisher": {"id": "gla", "name": "GLA"},
})
getattr(SearchIndex.open(Path(sys.argv[1])), sys.argv[2])([entry], state="two")
"""


@pytest.mark.parametrize("write", ["rebuild", "update"])
def test_a_reader_sees_what_another_process_wrote(tmp_path: Path, write: str) -> None:
    reader = SearchIndex.open(tmp_path)
    SearchIndex.open(tmp_path).rebuild(ENTRIES, state="one")
    assert reader.state == "one"
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(tmp_path), write], check=True, timeout=60)
    assert reader.state == "two"
    assert found(reader, "elsewhere") == ["elsewhere"]


def test_an_open_index_leaves_its_folder_alone(tmp_path: Path) -> None:
    index = SearchIndex.open(tmp_path / "index")
    index.rebuild(ENTRIES, state="one")
    assert index.count(Query()) == len(ENTRIES)  # it is open
    time.sleep(1)  # the engine's first look at a folder that it has opened
    (engine_state,) = (tmp_path / "index").glob("index-*/meta.json")
    engine_lock = engine_state.with_name(".tantivy-meta.lock")
    engine_lock.unlink()
    engine_state.write_text(engine_state.read_text() + " ")
    time.sleep(1)  # twice as long as it takes an engine that follows its folder to see this
    assert not engine_lock.exists()


def test_a_build_that_is_cleared_while_it_is_opened_gives_way_to_the_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SearchIndex.open(tmp_path)
    writer.rebuild(ENTRIES, state="one")
    opened: list[str] = []

    def open_late(path: str) -> Any:
        engine = tantivy.Index.open(path)
        opened.append(path)
        if len(opened) == 1:
            writer.rebuild([entry("zoo", "Zoo")], state="two")
        return engine

    monkeypatch.setattr(folder, "tantivy", SimpleNamespace(Index=SimpleNamespace(open=open_late)))
    reader = SearchIndex.open(tmp_path)
    assert (reader.state, found(reader)) == ("two", ["zoo"])


def test_many_threads_read_while_one_rebuilds(tmp_path: Path) -> None:
    index = SearchIndex.open(tmp_path)
    index.rebuild(ENTRIES, state="0")
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                assert index.search(Query(text="air quality"), facets=FACETS).total == 3
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(5):
        index.rebuild(ENTRIES, state=str(number))
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures


def test_spellings_have_initials_with_and_without_small_words() -> None:
    ons = entry("x", "x", publisher={"id": "ons-gov", "name": "Office for National Statistics"}).publisher
    assert {"ofns", "ons", "ons-gov", "office for national statistics"} <= set(spellings_of(ons))
