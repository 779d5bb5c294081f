"""What is left out of a search leaves no trace in what is found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexed_entries import ENTRIES, entry
from londata.access import as_shown
from londata.query import FACETS, Query
from londata.search_index import SearchIndex

WORDS = st.sampled_from(["", "air", "air quality", "qualty", "transport", "hires", "sto", "a", "breath", "zzz"])
FILTERS_TRIED = st.sampled_from([{}, {"publisher": ("tfl",)}, {"access": ("shared",)}, {"uses": ("air-quality",)}])
SOME = st.frozensets(st.sampled_from([each.id for each in ENTRIES]), max_size=5)


@pytest.fixture(scope="module")
def whole() -> SearchIndex:
    index = SearchIndex.in_memory()
    index.rebuild(ENTRIES, state="one")
    return index


@given(WORDS, FILTERS_TRIED, SOME)
@settings(max_examples=60, deadline=None)
def test_what_is_left_out_leaves_no_trace(whole, words, filters, without):
    smaller = SearchIndex.in_memory()
    kept = [each for each in ENTRIES if each.id not in without]
    smaller.rebuild([as_shown(each, without) for each in kept])
    query, same = Query(words, **filters, without=without), Query(words, **filters)
    asked, expected = whole.search(query, facets=FACETS), smaller.search(same, facets=FACETS)
    assert (asked.total, set(asked.slugs), asked.facets) == (expected.total, set(expected.slugs), expected.facets)
    assert whole.count(query) == expected.total
    for prefix in ("", "a", "air-quality-", "transport-s"):
        assert set(whole.slugs(query, prefix=prefix)) == set(smaller.slugs(same, prefix=prefix))
    for slug in ("air-qualty", "transport", "cycle_hire", "air-story"):
        assert whole.near(slug, without=without) == smaller.near(slug)


def test_a_word_that_only_what_is_left_out_has_is_corrected_as_if_nothing_had_it():
    index, hidden = SearchIndex.in_memory(), [entry(f"hidden-{n}", "Asthna figures") for n in range(3)]
    index.rebuild([*ENTRIES, *hidden])
    assert index.search(Query("asthna admissions")).total == 0
    without = frozenset(each.id for each in hidden)
    assert index.search(Query("asthna admissions", without=without)).slugs == ("asthma",)


def test_pages_are_full_and_in_order_whatever_is_left_out(whole):
    without = frozenset({"asthma", "cafe", "libraries"})
    every = whole.search(Query(without=without)).slugs
    assert every == tuple(sorted({each.id for each in ENTRIES} - without))
    pages = [whole.search(Query(without=without), limit=2, offset=offset).slugs for offset in (0, 2, 4)]
    assert pages == [every[0:2], every[2:4], every[4:6]]
