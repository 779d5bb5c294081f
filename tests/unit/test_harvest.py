"""Importing an export of a portal: what changed, what is refused, and what an operator reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from londata.errors import ImportFormatError, UsageError
from londata.query import FACETS, Query
from londata_hub.__main__ import main as londata_hub
from londata_hub.harvest import import_file
from londata_hub.harvest.publishers import Publishers
from londata_hub.harvest.shapes import records_in
from londata_hub.store import RegisterStore
from portal_records import PUBLISHERS, V3

CATALOGUE = Path(__file__).resolve().parents[3] / "shared" / "data" / "catalogue"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RegisterStore]:
    with RegisterStore(f"sqlite:///{tmp_path / 'r.sqlite'}", tmp_path / "index") as opened:
        yield opened


def write(folder: Path, payload: Any, name: str = "export.json") -> Path:
    path = folder / name
    path.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"<!doctype html><title>502</title>", "web page"),
        (b'[{"id": "1", "title": "x"}', "valid JSON"),
        (b"\xff\xfe\x00", "valid JSON"),
        (b"[" * 100_000, "valid JSON"),
        (b"42", "holds one int"),
        (b'"text"', "holds one str"),
        (b"[]", "no records"),
        (b"[1, 2]", "no records"),
        (b'{"dataset": []}', "does not know"),
        (b'[{"a": 1}]', "no title and identifier"),
        (b'{"success": false, "result": null}', "error"),
        (b"{}", "does not know"),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence_and_changes_nothing(
    store: RegisterStore, tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(ImportFormatError, match=reason) as caught:
        import_file(store, write(tmp_path, content), source="portal", publishers=PUBLISHERS)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert store.fact("generation") == 0


def test_a_missing_file_and_a_source_that_is_ours_are_refused(store: RegisterStore, tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match="cannot be read"):
        import_file(store, tmp_path / "none.json", source="portal", publishers=PUBLISHERS)
    for source in ("londata", "Not A Slug", ""):
        with pytest.raises(UsageError):
            import_file(store, write(tmp_path, [V3]), source=source, publishers=PUBLISHERS)


def test_an_import_reports_and_a_second_one_changes_nothing(store: RegisterStore, tmp_path: Path) -> None:
    changed = V3 | {"id": "chang", "title": "Changing", "webpage": "https://x.org/dataset/changing-chang"}
    bad = [7, {"title": ""}, V3]
    report = import_file(store, write(tmp_path, [V3, changed, *bad]), source="portal", publishers=PUBLISHERS)
    assert (report.shape, report.records, report.store.added) == ("datapress-v3", 5, 2)
    assert [refusal.id for refusal in report.refused] == ["record 3", "record 4", "20od9"]
    again = [V3, changed | {"title": "Changed"}]
    report = import_file(store, write(tmp_path, again), source="portal", publishers=PUBLISHERS)
    assert (report.store.added, report.store.changed, report.store.unchanged) == (0, 1, 1)
    assert store.history("changing")[-1].fields == {"title": ("Changing", "Changed")}
    assert [json.loads(record)["title"] for record in store.originals("changing")] == ["Changing", "Changed"]
    assert json.loads(store.originals("cycle-hires")[0]) == V3


def test_what_was_read_by_other_rules_is_read_again(store: RegisterStore, tmp_path: Path) -> None:
    other = V3 | {"id": "other", "webpage": "https://x.org/dataset/other-other"}
    nobody = Publishers({}, {})
    whole, part = write(tmp_path, [V3, other]), write(tmp_path, [V3], "part.json")
    import_file(store, whole, source="portal", publishers=nobody)
    assert import_file(store, part, source="portal", publishers=PUBLISHERS).store.changed == 1
    report = import_file(store, whole, source="portal", publishers=PUBLISHERS)
    assert (report.store.changed, report.store.unchanged) == (1, 1)
    report = import_file(store, whole, source="portal", publishers=PUBLISHERS)
    assert (report.store.changed, report.store.unchanged, dict(report.flags)) == (0, 2, {})


def test_a_record_that_goes_back_to_what_it_was_is_a_change(store: RegisterStore, tmp_path: Path) -> None:
    for title in ("One", "Two", "One"):
        path = write(tmp_path, [V3 | {"title": title}])
        import_file(store, path, source="portal", publishers=PUBLISHERS)
        entry = store.find("cycle-hires")
        assert entry is not None
        assert entry.title == title
    assert len(store.originals("cycle-hires")) == 2


def test_a_record_that_cannot_be_represented_is_named_and_the_rest_goes_in(
    store: RegisterStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("londata_hub.harvest.datapress.MAX_SUMMARY", 400)  # so that one record breaks its rules
    long = V3 | {"id": "toolo", "title": "Long", "description": "word " * 100, "webpage": ""}
    report = import_file(store, write(tmp_path, [long, V3]), source="portal", publishers=PUBLISHERS)
    assert report.store.added == 1
    assert [refusal.id for refusal in report.refused] == ["toolo"]
    assert "summary" in report.refused[0].reason


def test_strange_content_survives(store: RegisterStore, tmp_path: Path) -> None:
    strange = V3 | {
        "title": "<img src=x onerror=alert(1)> 🙂 جودة\u0000",
        "description": "<p>" + "é🙂" * 500_000 + "</p>",
        "tags": ["\ud83d", None, 4, {"name": "ok"}, "مقاهي"],
        "topics": "not a list",
        "custom": [1],
        "createdAt": "yesterday",
        "resources": [{"url": "https://x.org/a b.csv", "size": "Unknown size", "title": {"no": "text"}}, "x"],
    }
    path = write(tmp_path, json.dumps([strange]).encode())
    import_file(store, path, source="portal", publishers=PUBLISHERS)
    entry = store.find("cycle-hires")
    assert entry is not None
    assert entry.title == "<img src=x onerror=alert(1)> 🙂 جودة"
    assert len(entry.description) == 1_000_000
    assert entry.tags == ("ok", "مقاهي")
    assert (entry.issued, entry.topics) == (None, ())
    assert [each.url for each in entry.distributions] == ["https://x.org/a%20b.csv"]
    assert json.loads(store.originals("cycle-hires")[0]) == strange


def real(name: str) -> Path:
    path = CATALOGUE / name
    if not path.exists():
        pytest.skip(f"needs the real export {name}, which is not part of the repository")
    return path


@pytest.mark.parametrize(
    ("name", "shape", "slug", "files"),
    [
        ("lds_export_v3_fixture_ldndatar2.json", "datapress-v3", "ldndatar2-test-fetch-all-api-metadata", 1),
        ("lds_export_v2_fixture_london_data_store.json", "datapress-v2", "population-projections", 2),
        ("lds_dataset_legacy_fixture_ldndatar2.json", "datapress-legacy", "test-dataset", 2),
        ("lds_green_jobs_full_record.json", "ckan", "green-jobs-and-skills-postings", 1),
    ],
)
def test_every_generation_of_the_portal_is_read(
    store: RegisterStore, name: str, shape: str, slug: str, files: int
) -> None:
    report = import_file(store, real(name), source="portal", publishers=PUBLISHERS)
    assert (report.shape, report.refused) == (shape, ())
    entry = store.find(slug)
    assert entry is not None
    assert len(entry.distributions) == files
    assert report.store.added == report.records


def test_the_whole_london_datastore_goes_in_and_a_second_time_changes_nothing(store: RegisterStore) -> None:
    path = real("london_datastore_2025-02-27_reconstructed.json")
    _, records = records_in(path.read_bytes(), path.name)
    report = import_file(store, path, source="london-datastore", publishers=PUBLISHERS)
    assert (report.records, report.store.added, report.refused) == (1249, 1249, ())
    assert report.flags["test-record"] == 9
    assert report.flags["files-unknown"] == sum(not record["resources_known"] for record in records) == 677
    not_stated = sum(record["licence"] is None for record in records)
    result = store.search(Query(), facets=FACETS)
    assert dict(result.facets["licence"])["not stated"] == report.flags["licence-not-stated"] == not_stated == 1040
    slugs = store.names("london-datastore")
    kept = [json.loads(store.originals(slugs[record["id"]])[0]) for record in records]
    assert kept == records
    first = store.find(slugs[records[1]["id"]])
    assert first is not None
    assert [each.url for each in first.distributions] == [each["url"] for each in records[1]["resources"]]
    again = import_file(store, path, source="london-datastore", publishers=PUBLISHERS, complete=True)
    assert (again.store.unchanged, again.store.changed, again.store.withdrawn) == (1249, 0, 0)


# What an operator reads


def test_an_operator_prepares_searches_and_asks_for_the_history(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path / "state"))

    def said(*arguments):
        code = londata_hub(["register", *arguments])
        printed = capsys.readouterr()
        return code, (printed.out or printed.err).splitlines()

    code, lines = said("prepare")
    assert (code, "added" in lines[0]) == (0, True)
    assert said("prepare")[1][0].endswith("as before.")
    code, lines = said("search", "--facets")
    total = int(lines[0].split()[0].replace(",", ""))
    assert lines[21] == f"  … and {total - 20:,} more", "a list that is cut says so"
    assert any(line.startswith("publisher: ") and line.endswith(" more") for line in lines)
    assert said("history", "london-authorities")[1][0].endswith("added by londata")
    code, lines = said("history", "london-authorites")
    assert (code, lines[0]) == (4, "londata-hub: There is no entry 'london-authorites' in the register.")
    assert lines[1].startswith("Did you mean london-authorities")
    assert said("check")[1] == [f"The index and the database agree on {total:,} entries."]
