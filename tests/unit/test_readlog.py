"""What is kept of a read."""

from londata.readlog import credit


def test_a_reading_says_whom_to_cite():
    assert credit("Transport for London", ()) == "Transport for London"
    assert credit("", ()) == "publisher not stated"
    assert credit("The project", ("ONS", "GLA")) == "ONS and GLA, put together by The project"
