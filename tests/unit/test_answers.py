"""Where the service looks an answer up: at once where that is quick, else on a thread; and never twice."""

from __future__ import annotations

import asyncio
import threading
from itertools import count

import pytest

from londata.query import Query, SearchResult
from londata_hub.services.answers import MOST_QUICK, Answers


class Noting:
    """A register that notes which thread asks it."""

    state = "one"

    def __init__(self, *, is_local: bool) -> None:
        self.is_local, self.threads = is_local, []

    def search(self, query, *, limit, offset, facets):
        self.threads.append(threading.get_ident())
        return SearchResult(0, (), {})

    def slugs(self, query, *, prefix="", limit=None):
        self.threads.append(threading.get_ident())
        return iter(f"{prefix}-{number}" for number in range(limit or 0))

    def count(self, query):
        return next(count(5))


def asked(register, *questions):
    async def ask():
        answers = Answers(register)
        for question in questions:
            await question(answers)
        return threading.get_ident()

    loop = asyncio.run(ask())
    return [thread == loop for thread in register.threads]


def search(offset=0, limit=20, text="air"):
    return lambda answers: answers.search(Query(text), limit, offset, ())


@pytest.mark.parametrize(
    ("question", "at_once"),
    [
        (search(), True),
        (search(offset=MOST_QUICK), False),
        (lambda answers: answers.slugs(Query(), "air", 50, 0), True),
        (lambda answers: answers.slugs(Query(), "a", 50, 0), False),
        (lambda answers: answers.slugs(Query(), "", 50, 0), False),
    ],
    ids=["a page", "a deep page", "a beginning", "one letter", "a listing"],
)
def test_what_is_quick_and_near_is_looked_up_at_once(question, at_once):
    assert asked(Noting(is_local=True), question)[0] is at_once


def test_a_register_that_may_keep_us_waiting_is_asked_on_a_thread():
    assert asked(Noting(is_local=False), search()) == [False]


def test_what_was_asked_before_is_not_looked_up_again():
    assert asked(Noting(is_local=True), search(), search(), search(text="noise")) == [True, True]
