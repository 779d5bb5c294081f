"""Queries: narrowing, the way into a URL and back, and refusals that teach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from londata.errors import QueryError
from londata.query import FACETS, FILTERS, MAX_TEXT, Query
from londata.records.vocabulary import ACCESS_VALUES

VALUES = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3, unique=True).map(tuple)


@given(text=st.text(alphabet="abc éλ&=+", max_size=40), publisher=VALUES, topic=VALUES)
def test_a_query_survives_the_way_through_a_url(text, publisher, topic):
    query = Query().narrowed(text, publisher=publisher, topic=topic, access="open")
    assert Query.from_params(query.to_params()) == query


def test_narrowing_adds_words_and_intersects_filters():
    query = Query().narrowed("air", access=ACCESS_VALUES).narrowed("quality", access=["open", "closed"])
    assert query.text == "air quality"
    assert query.access == ("open", "closed")
    nothing = query.narrowed(access="shared")
    assert nothing.access == ("",)


def test_the_first_query_is_left_as_it_was():
    query = Query()
    query.narrowed("x", kind="dataset")
    assert query == Query()


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"publsher": "TfL"}, "There is no filter 'publsher'"),
        ({"access": "public"}, "access cannot be 'public'"),
        ({"kind": "table"}, "kind cannot be 'table'"),
        ({"topic": [3]}, "takes text"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_what_there_is(filters, words):
    with pytest.raises(QueryError, match=words) as caught:
        Query().narrowed(**filters)
    assert caught.value.hint


def test_words_must_be_words_and_not_a_book():
    with pytest.raises(QueryError, match="takes words"):
        Query().narrowed(3)
    with pytest.raises(QueryError, match="characters"):
        Query().narrowed("x" * (MAX_TEXT + 1))
    with pytest.raises(QueryError, match="characters"):
        Query().narrowed("x" * MAX_TEXT).narrowed("y")


def test_every_facet_is_a_filter():
    assert set(FACETS) < set(FILTERS)
    assert all(hasattr(Query(), name) for name in FILTERS)
