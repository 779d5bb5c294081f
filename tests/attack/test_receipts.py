"""A receipt that somebody made up: it is refused in a sentence, and leads nowhere outside its folder."""

import json
import os
import threading

import pytest

from londata.cli import main
from londata.errors import ReceiptError, UsageError
from londata.reports import receipts
from receipt_world import JOIN, READ, SHARED, report

RECEIPT = "ro-crate-metadata.json"
NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "%2e%2e/outside",
    "data/%2E%2E/%2e%2e/outside",
    "a%00b",
    "..",
    "a//b",
    "./a",
]
NAMES += ["file:///etc/passwd", "https://example.org/x", "..%5Coutside", "C:%5Coutside", "", "%2Fetc/passwd", "data/"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A whole report, and its receipt as plain values."""
    folder = report(tmp_path_factory.mktemp("whole"), READ, SHARED, JOIN)
    return json.loads((folder / RECEIPT).read_text(encoding="utf-8"))


def entity(document, of_type):
    return next(each for each in document["@graph"] if each["@type"] == of_type)


def put(folder, document):
    path = folder / RECEIPT
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "null", "[]", "7", '"text"', "{}", '{"@graph": {}}', '{"@graph": [1]}', '{"@graph": [{"@id": 1}]}'),
        *('{"@graph": []}', "[" * 200_000, '{"@graph": [{"@id": "./"}]}', "\x00\x01", "9" * 10_000),
        '{"@graph": [{"@id": "./", "conformsTo": {"@id": "./"}}]}',
    ],
)
def test_what_is_no_receipt_is_refused_in_a_sentence(tmp_path, text, capsys):
    put(tmp_path, text)
    with pytest.raises(ReceiptError, match="is no receipt of a report"):
        receipts.load(tmp_path)
    for action in ("show", "verify", "lineage"):
        assert main(["receipt", action, str(tmp_path)]) == ReceiptError.exit_code
    assert "Traceback" not in capsys.readouterr().err


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / RECEIPT).write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ReceiptError):
        receipts.load(tmp_path)


WRONG = [
    None,
    1,
    1.5,
    True,
    "text",
    [],
    [1],
    {},
    {"@id": 1},
    {"@id": "#nobody"},
    [{"@id": "./"}],
    ["a", 1],
    {"@id": "./"},
]


def test_a_value_of_any_other_type_is_refused_or_read_and_never_a_traceback(tmp_path, whole):
    """Every value of every entity is replaced with everything that it might not be."""
    text, tried, read = json.dumps(whole), 0, 0
    words = {}  # each word of each type once
    for place, original in enumerate(whole["@graph"]):
        words |= {(original["@type"], word): (place, word) for word in original}
    for place, word in words.values():
        for value in WRONG:
            document = json.loads(text)
            document["@graph"][place][word] = value
            put(tmp_path, document)
            tried += 1
            try:
                made = receipts.load(tmp_path)
                receipts.told(made)
                if whole["@graph"][place]["@type"] == "File":
                    receipts.verify(tmp_path)
                list(receipts.lineage_lines(made))
                read += 1
            except ReceiptError:
                pass
    assert tried > 400
    assert 0 < read < tried


@pytest.mark.parametrize("name", NAMES)
def test_a_name_never_leads_out_of_the_folder(tmp_path, whole, name):
    secret = tmp_path / "outside"
    os.mkfifo(secret)  # who opened it would wait for ever
    document = json.loads(json.dumps(whole))
    entity(document, "File")["@id"] = name
    for holder in (entity(document, "CreateAction")["result"], document["@graph"][1]["hasPart"]):
        holder[0]["@id"] = name
    folder = tmp_path / "data" / "report"
    folder.mkdir(parents=True)
    put(folder, document)
    try:
        found = receipts.verify(folder)
    except ReceiptError:
        return
    assert name in found.missing  # “https:” and “C:” are names like any other, of files that are not there
    assert ".." not in name


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    folder = report(tmp_path / "out", READ, files=("data/table.csv",))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "table.csv").write_text("this is data/table.csv")
    (folder / "report.html").rename(outside / "report.html")
    (folder / "report.html").symlink_to(outside / "report.html")
    (folder / "data" / "table.csv").unlink()
    (folder / "data").rmdir()
    (folder / "data").symlink_to(outside)
    (folder / "more").symlink_to("/etc")
    found = receipts.verify(folder)
    assert found.changed == ("report.html", "data/table.csv")
    assert set(found.added) == {"data", "more"}


def test_a_pipe_in_the_place_of_a_file_does_not_hold_anybody_up(tmp_path):
    folder = report(tmp_path, READ)
    (folder / "report.html").unlink()
    os.mkfifo(folder / "report.html")
    done = []
    thread = threading.Thread(target=lambda: done.append(receipts.verify(folder)), daemon=True)
    thread.start()
    thread.join(60)
    assert done, "it waits for a pipe"
    assert done[0].changed == ("report.html",)


def test_a_receipt_that_is_a_pipe_a_link_a_folder_or_huge_is_refused(tmp_path, whole):
    os.mkfifo(tmp_path / "pipe")
    put(tmp_path, whole)
    (tmp_path / "link").symlink_to(tmp_path / RECEIPT)
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(2**30)
    (tmp_path / "folder" / RECEIPT).mkdir(parents=True)
    for name in ("pipe", "link", "huge", "folder", "nothing"):
        with pytest.raises(ReceiptError):
            receipts.load(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be"):
        receipts.load(tmp_path / "a\0b")


def test_hostile_text_cannot_move_a_cursor_and_stays_one_line_in_events(tmp_path, capsys):
    evil = "A\x1b[2J\u202etitle\r\n{}"
    folder = report(tmp_path, READ | {"title": evil}, JOIN | {"name": evil})
    assert main(["receipt", "show", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert len(list(receipts.lineage_lines(receipts.load(folder)))) == 2
    assert all("\n" not in line for line in receipts.lineage_lines(receipts.load(folder)))


def test_a_hash_that_is_none_and_one_in_capitals_vouch_for_nothing(tmp_path, whole):
    for value in ("", "A" * 64, "z" * 64, "0" * 63, None):
        document = json.loads(json.dumps(whole))
        entity(document, "File")["sha256"] = value
        put(tmp_path, document)
        with pytest.raises(ReceiptError, match="sha256"):
            receipts.load(tmp_path)


def test_a_link_that_a_run_left_in_its_folder_is_not_vouched_for(tmp_path):
    from londata.reports.receipts.crate import files_below

    (tmp_path / "page.html").write_text("page")
    (tmp_path / "shadow").symlink_to("/etc/passwd")
    (tmp_path / "etc").symlink_to("/etc")
    assert [path.name for path in files_below(tmp_path)] == ["page.html"]
