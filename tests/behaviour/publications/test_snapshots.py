"""Snapshots: what an author sends is kept as it was, and can lead nowhere."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from londata.errors import EntryNotFoundError, TooLargeError, UsageError
from londata_hub.publishing import snapshots
from londata_hub.publishing.snapshots import MOST_BYTES, MOST_FILES, RECEIPT, Snapshots

FILES = {"app.ipynb": b"{}", "app.yaml": b"title: x", "data/wards of 2024.csv": b"a,b\n1,2\n", "helpers.py": b"x = 1"}


@pytest.fixture
def kept(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "insights")


def test_what_was_sent_is_kept_and_what_the_hub_adds_comes_beside_it(kept: Snapshots) -> None:
    hashes = kept.put("library-visits", 1, FILES)
    assert hashes == {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    added = kept.add("library-visits", 1, {RECEIPT: b"{}", "tables/visits.parquet": b"PAR1", "thumbnail.png": b"P"})
    assert set(added) == {RECEIPT, "tables/visits.parquet", "thumbnail.png"}
    assert kept.names("library-visits", 1) == sorted({*FILES, *added})
    assert kept.read("library-visits", 1, "data/wards of 2024.csv") == FILES["data/wards of 2024.csv"]


def test_nothing_of_it_can_be_written_to_afterwards(kept: Snapshots) -> None:
    kept.put("library-visits", 1, FILES)
    kept.add("library-visits", 1, {"thumbnail.png": b"P"})
    place = kept.place("library-visits", 1)
    for path in (place, *place.rglob("*")):
        assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH), path
        assert not path.stat().st_mode & 0o077, "nobody else on the machine reads it"
    for act in (kept.add, kept.put):
        with pytest.raises(UsageError):
            act("library-visits", 1, {"app.ipynb": b"other", RECEIPT: b"other"} if act is kept.put else {RECEIPT: b""})
    assert kept.read("library-visits", 1, "app.ipynb") == b"{}"
    kept.drop("library-visits", 1)
    assert not place.exists()


NO_NAMES = [
    "../outside.csv",
    "/etc/passwd.csv",
    "data/../../outside.csv",
    "data//x.csv",
    "./x.csv",
    ".hidden.csv",
    "data/.git.csv",
    "a/b/c/d/e.csv",
    "x\0.csv",
    "x\n.csv",
    "é.csv",
    "-rf.csv",
    "data\\x.csv",
    "C:x.csv",
    "x.sh",
    "x.so",
    "x.html",
    "x.pth",
    "none",
    "receipt/ro-crate-metadata.json",
    "Tables/x.csv",
    "workings/x.json",
    "thumbnail.png",
    "voila.json",
    "voila.py",
    "jupyter_config.json",
    "data/jupyter_server_config.py",
    "sitecustomize.py",
    "usercustomize.py",
    "ipython_config.py",
    f"{'x' * 200}.csv",
    "",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_leads_elsewhere_or_gives_orders_is_refused_and_nothing_is_left(kept: Snapshots, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be published"):
        kept.put("library-visits", 1, FILES | {name: b""})
    assert not kept.folder.exists()
    with pytest.raises(EntryNotFoundError):
        kept.read("library-visits", 1, name)


@pytest.mark.parametrize(
    "name", ["app.ipynb", "x.csv", "tables/x.txt", "tables/../x.csv", "tables/a/b.csv", "../t.csv"]
)
def test_the_hub_adds_to_its_own_folders_alone(kept: Snapshots, name: str) -> None:
    kept.put("library-visits", 1, FILES)
    with pytest.raises(UsageError):
        kept.add("library-visits", 1, {name: b"x"})
    assert kept.names("library-visits", 1) == sorted(FILES)


def test_too_much_is_refused(kept: Snapshots) -> None:
    with pytest.raises(UsageError, match="no notebook"):
        kept.put("library-visits", 1, {"x.csv": b""})
    many = {f"x{number}.csv": b"" for number in range(MOST_FILES)}
    with pytest.raises(TooLargeError, match="200 files"):
        kept.put("library-visits", 1, FILES | many)
    with pytest.raises(TooLargeError, match="50 MB"):
        kept.put("library-visits", 1, FILES | {"x.csv": bytes(MOST_BYTES)})
    with pytest.raises(UsageError, match="a file and a folder"):
        kept.put("library-visits", 1, FILES | {"data.csv": b"", "data.csv/x.csv": b""})
    assert not kept.folder.exists()


def test_a_version_is_there_as_a_whole_or_not_at_all(kept: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def fails(place: Path, name: str, content: bytes) -> None:
        written.append(name)
        if len(written) == 3:
            raise OSError("no room")
        (place / name).write_bytes(content)

    monkeypatch.setattr(snapshots, "_write", fails)
    with pytest.raises(OSError, match="no room"):
        kept.put("library-visits", 1, FILES)
    assert list(kept.folder.glob("**/*.ipynb")) == []
    monkeypatch.undo()
    kept.put("library-visits", 1, FILES)
    with pytest.raises(UsageError, match="already"):
        kept.put("library-visits", 1, {"app.ipynb": b"another"})
    assert kept.read("library-visits", 1, "app.ipynb") == b"{}"


def test_drafts_of_a_hub_that_stopped_are_removed(kept: Snapshots) -> None:
    kept.put("library-visits", 1, FILES)
    left = kept.folder / "library-visits" / ".2-abcdef"
    left.mkdir()
    (left / "app.ipynb").write_bytes(b"{}")
    kept.tidy()
    assert not left.exists()
    assert kept.read("library-visits", 1, "app.ipynb") == b"{}"


def test_a_link_that_got_there_leads_nowhere(kept: Snapshots, tmp_path: Path) -> None:
    kept.put("library-visits", 1, FILES)
    secret = tmp_path / "secret.csv"
    secret.write_bytes(b"secret")
    place = kept.place("library-visits", 1)
    (place / "link.csv").symlink_to(secret)
    (place / "deep").symlink_to(tmp_path)
    os.mkfifo(place / "pipe.csv")
    for name in ("link.csv", "deep/secret.csv", "pipe.csv", "data"):
        with pytest.raises(EntryNotFoundError):
            kept.read("library-visits", 1, name)


@pytest.mark.parametrize("slug", ["", "..", "a/b", "UPPER", "x" * 200, ".hidden"])
def test_a_slug_that_is_none_has_no_place(kept: Snapshots, slug: str) -> None:
    with pytest.raises(UsageError):
        kept.put(slug, 1, FILES)
    with pytest.raises(EntryNotFoundError):
        kept.open(slug, 1, "app.ipynb")


def test_a_picture_comes_later_once_and_nothing_else_does(kept: Snapshots) -> None:
    kept.put("library-visits", 1, FILES)
    kept.add("library-visits", 1, {})
    mode = kept.place("library-visits", 1).stat().st_mode
    kept.put_picture("library-visits", 1, b"first")
    kept.put_picture("library-visits", 1, b"second")
    assert kept.read("library-visits", 1, "thumbnail.png") == b"first"
    assert kept.place("library-visits", 1).stat().st_mode == mode
    assert sorted(each.name for each in (kept.folder / "library-visits").iterdir()) == ["1"]
