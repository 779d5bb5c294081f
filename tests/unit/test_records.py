"""Records: what they accept, how they refuse, and that nothing is lost on the way out and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from londata.records import entry_from_dict, entry_from_json, key_of, problems_of, slug_of, slugify
from londata.records.identifiers import RESERVED_KEYS, SLUG
from londata.records.vocabulary import FORMATS, LICENCES, MEDIA_TYPES

SLUGS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)


def dataset(**changes):
    values = {
        "kind": "dataset",
        "id": "cycle-hires",
        "title": "Cycle hires",
        "publisher": {"id": "tfl", "name": "Transport for London", "kind": "transport"},
        "access": "open",
        "licence": "ogl-3",
        "distributions": [{"id": "csv", "url": "https://example.org/a.csv", "media_type": "text/csv"}],
    }
    return values | changes


def refusal(**changes):
    with pytest.raises(ValidationError) as caught:
        entry_from_dict(dataset(**changes))
    return problems_of(caught.value)


def test_an_entry_survives_the_way_out_and_back():
    entry = entry_from_dict(dataset(tags=["a", "b"], geography={"level": "borough", "vintage": "2021"}))
    assert entry_from_dict(entry.to_dict()) == entry
    assert entry_from_json(entry.model_dump_json()) == entry
    assert entry.formats == ("csv",)
    assert entry.licence_title == "Open Government Licence v3.0"


def test_a_licence_that_is_not_stated_stays_so():
    assert entry_from_dict(dataset(licence="not stated")).licence_title == "not stated"
    assert entry_from_dict(dataset(licence=None)).to_dict().get("licence") is None


def test_problems_name_the_field_and_all_of_them_are_named():
    lines = refusal(title="", access="opn", colour="red", licence="ogl-9")
    assert [line.split(":")[0] for line in lines] == ["title", "access", "licence", "colour"]
    assert "no such field" in lines[-1]
    assert "ogl-3" in lines[2]


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        ({"id": "x", "url": "https://a.org/x", "media_type": "text/cvs"}, "unknown media type"),
        ({"id": "x", "media_type": "text/csv"}, "exactly one of url, path and through"),
        ({"id": "x", "path": "a.csv", "url": "https://a.org/x", "media_type": "text/csv"}, "exactly one"),
        ({"id": "x", "path": "../../etc/passwd", "media_type": "text/csv"}, "below the folder"),
        ({"id": "x", "path": "/etc/passwd", "media_type": "text/csv"}, "below the folder"),
        ({"id": "x", "url": "file:///etc/passwd", "media_type": "text/csv"}, "web address"),
        ({"id": "x", "url": "https://user:secret@a.org/x", "media_type": "text/csv"}, "web address"),
        ({"id": "x", "url": "https://a.org/a b", "media_type": "text/csv"}, "%20"),
    ],
)
def test_a_distribution_that_cannot_be_is_refused(distribution, words):
    (line,) = refusal(distributions=[distribution])
    assert words in line


def test_two_distributions_of_one_name_are_refused():
    twice = {"id": "csv", "url": "https://a.org/x", "media_type": "text/csv"}
    assert "named twice: csv" in refusal(distributions=[twice, twice])[0]


def test_generated_data_must_say_so():
    assert "must say 'generated'" in refusal(generated=True)[0]
    entry_from_dict(dataset(generated=True, title="Hires (generated)", description="Generated with a seed."))


def test_a_period_runs_forwards():
    assert "before it starts" in refusal(period={"start": "2024-01-02", "end": "2024-01-01"})[0]


def test_an_insight_names_what_it_rests_on_and_opens_only_here_or_on_the_web():
    values = dataset(kind="insight", form="app", owner="GLA", public_benefit="Plan better.", uses=["cycle-hires"])
    assert entry_from_dict(values | {"address": "/services/apps/x/"}).uses == ("cycle-hires",)
    for address in ("//evil.example/x", "javascript:alert(1)"):
        with pytest.raises(ValidationError):
            entry_from_dict(values | {"address": address})
    with pytest.raises(ValidationError):
        entry_from_dict(values | {"uses": []})


@given(SLUGS)
def test_slug_and_key_map_both_ways(slug):
    key = key_of(slug)
    assert key.isidentifier()
    assert slug_of(key) == slug


@pytest.mark.parametrize("slug", ["class", "match", "search", "2011-census", "a-b-c"])
def test_awkward_slugs_still_make_identifiers(slug):
    key = key_of(slug)
    assert key.isidentifier()
    assert key not in RESERVED_KEYS
    assert slug_of(key) == slug


@given(st.text(max_size=300))
def test_any_text_can_be_made_a_slug(text):
    assert SLUG.match(slugify(text))


def test_slugify_reads_well():
    assert slugify("  Élections & Référendums – 2016 ") == "elections-referendums-2016"
    assert slugify("🙂") == "entry"


def test_the_code_lists_agree_with_each_other():
    assert set(MEDIA_TYPES.values()) == set(FORMATS)
    assert len(set(FORMATS.values())) == len(FORMATS)
    assert all(title for title, _ in LICENCES.values())
