"""One batch rests on one set of versions: what changes while it runs is noticed, whether it was declared or not."""

import json
import threading
import time

import pytest

from data_holder import Holder
from londata import reports
from londata.errors import ChangedDataError
from londata.intake_catalog import open_catalog
from small_catalog import write_small_catalog
from trial_templates import write_template

READS = """
import pathlib, time
from londata import catalog
while place == "Hackney" and not pathlib.Path(GO).exists():
    time.sleep(0.05)
table = catalog["borough-profile"].read()
"""


@pytest.mark.parametrize("reused", [False, True], ids=["made", "used again"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "only read"])
def test_data_that_changes_between_two_reports_of_a_batch_fails_the_later_one(tmp_path, monkeypatch, declared, reused):
    catalogs, out, go = write_small_catalog(tmp_path), tmp_path / "out", tmp_path / "go"
    monkeypatch.setenv("LONDATA_CATALOGS", str(catalogs))
    fields = {"datasets": "[borough-profile]"} if declared else {}
    template = write_template(tmp_path / "trial", READS.replace("GO", repr(str(go))), **fields)
    made = []
    if reused:
        reports.run(template, place="Camden", out=out, progress=False)

    def make():
        made.append(reports.run_each(template, each="place", out=out, workers=1, progress=False))

    running = threading.Thread(target=make)
    running.start()
    deadline = time.monotonic() + 60
    while not list(out.glob("trial-hackney-*.running-*/report/*.ipynb")):
        assert running.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with (catalogs / "data" / "boroughs.csv").open("a") as table:
        table.write("E09000003,Barnet,389344\n")
    go.write_text("")
    running.join(60)
    (batch,) = made
    assert {value: report.reused for value, report in batch.reports.items()} == {"Camden": reused}
    assert "“Borough profiles (generated)” changed while the batch ran" in batch.failed["Hackney"]
    (line,) = (each for each in json.loads(batch.json.read_text())["reports"] if each["value"] == "Hackney")
    assert line["folder"].endswith(".failed")
    assert not [path for path in out.glob("trial-hackney-*") if not path.suffix]
    if declared == reused:  # what was made first does not matter any more, only that its data are others by now
        return
    again = reports.run_each(template, each="place", out=out, workers=1, progress=False)
    assert again.failed == {}
    assert again.json.read_text().count('"status": "completed"') == 2
    assert "Other version of Borough profiles (generated)." in again.summary.read_text(encoding="utf-8")


@pytest.fixture
def pinned(tmp_path, monkeypatch):
    """Pins of a run that read the small catalogue as it is; gives the catalogue's folder and a way to pin."""
    catalogs = write_small_catalog(tmp_path)

    def pin(entry, distribution, sha256):
        path = tmp_path / f"pins-{time.monotonic_ns()}.json"
        path.write_text(json.dumps({entry: {distribution: sha256}}))
        monkeypatch.setenv("LONDATA_PINS", str(path))

    return catalogs, pin


def test_what_is_pinned_is_read_and_what_changed_is_refused_with_what_to_do(pinned):
    catalogs, pin = pinned
    entry = open_catalog(str(catalogs))["borough-profile"]
    entry.read()
    pin("borough-profile", "csv", "0" * 64)
    with pytest.raises(ChangedDataError, match=r"it was 000000000000… when the batch began") as refused:
        entry.read()
    assert "run the batch again" in refused.value.hint
    pin("borough-profile", "other", "0" * 64)
    assert len(entry.read()) == 3


def test_what_the_holder_changed_is_read_as_it_was_while_its_earlier_bytes_are_at_hand(pinned, monkeypatch):
    from londata import reads

    catalogs, pin = pinned
    with Holder() as holder:
        monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
        url = holder.answer("/a.csv", b"a\n1\n", etag='"1"')
        people = catalogs / "people.yaml"
        by_path, by_url = (
            "path: data/boroughs.csv, media_type: text/csv, rows: 3",
            f'url: "{url}", media_type: text/csv',
        )
        people.write_text(people.read_text().replace(by_path, by_url))
        entry = open_catalog(str(catalogs))["borough-profile"]
        assert entry.read()["a"].tolist() == [1]
        pin("borough-profile", "csv", reads()[-1].sha256)
        holder.answer("/a.csv", b"a\n2\n", etag='"2"')
        assert entry.read()["a"].tolist() == [1]
        monkeypatch.delenv("LONDATA_PINS")
        assert entry.read()["a"].tolist() == [2]
