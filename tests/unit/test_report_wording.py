"""Sentences that a report computes: numbers and names as people say them."""

import doctest

import pytest

from londata.reports import wording


def test_the_examples_hold():
    assert doctest.testmod(wording) == (0, 5)


@pytest.mark.parametrize(("names", "said"), [([], ""), (["one"], "one"), ([1, 2], "1 and 2"), ("abc", "a, b and c")])
def test_names_are_joined_as_a_sentence_has_them(names, said):
    assert wording.listed(names) == said


@pytest.mark.parametrize(("rank", "said"), [(2, "2nd"), (11, "11th"), (20, "20th"), (21, "21st"), (113, "113th")])
def test_ranks(rank, said):
    assert wording.ordinal(rank) == said
