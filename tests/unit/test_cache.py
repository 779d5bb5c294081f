"""Local copies: whole or not there, once per content, for any number of processes."""

import errno
import json
import os
import subprocess
import sys
import time

import pytest

from londata import cache
from londata.errors import FetchError, SettingsError

KEY = "https://data.example.org/table.csv"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_stored_is_found_again(folder):
    copy = cache.store([b"a,b\n", b"1,2\n"], key=KEY, etag='"1"', last_modified="Mon", address="https://x.org/t")
    known = cache.lookup(KEY)
    assert known.copy == copy
    assert copy.path.read_bytes() == b"a,b\n1,2\n"
    assert (known.etag, known.last_modified, known.address) == ('"1"', "Mon", "https://x.org/t")
    assert (copy.size_bytes, copy.version) == (8, '"1"')
    assert cache.store([b"x"], key="other", version="2026-01", etag='"1"').version == "2026-01"


def test_nothing_is_known_of_a_key_that_was_never_stored(folder):
    assert cache.lookup(KEY) is None
    assert not folder.exists(), "looking makes no folder"


def test_the_same_bytes_are_kept_once(folder):
    one, two = cache.store([b"same"], key="one"), cache.store([b"same"], key="two")
    assert one == two
    assert len(list(folder.glob("content/??/*"))) == 1
    assert cache.lookup("one").copy == cache.lookup("two").copy == one


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_a_stream_that_breaks_leaves_nothing_and_what_was_there_stays(folder, failure):
    def broken():
        yield b"new, but not all of"
        raise failure

    copy = cache.store([b"old"], key=KEY)
    with pytest.raises(failure):
        cache.store(broken(), key=KEY)
    assert list(folder.glob("partial/*")) == []
    assert cache.lookup(KEY).copy == copy


def test_bytes_that_are_stored_again_are_not_hashed_again_for_other_keys(monkeypatch):
    cache.store([b"same"], key="one")
    cache.store([b"same"], key="two")
    monkeypatch.setattr(cache, "_sha256_of", lambda _: pytest.fail("hashed again"))
    assert cache.lookup("one") is not None


def damage(path, content, stamp=None):
    path.chmod(0o600)
    path.write_bytes(content)
    if stamp:
        os.utime(path, ns=(stamp, stamp))


@pytest.mark.parametrize("content", [b"", b"tru", b"truthful and more", b"falsities"])
def test_a_copy_that_is_not_what_it_was_is_as_good_as_not_there(content):
    copy = cache.store([b"truthful."], key=KEY)
    damage(copy.path, content)
    assert cache.lookup(KEY) is None
    assert cache.store([b"truthful."], key=KEY).path.read_bytes() == b"truthful."
    assert cache.lookup(KEY).copy == copy


def test_a_copy_that_was_only_touched_is_still_good():
    copy = cache.store([b"truthful."], key=KEY)
    os.utime(copy.path)
    assert cache.lookup(KEY).copy == copy


def test_a_copy_that_is_gone_is_not_there():
    cache.store([b"x"], key=KEY).path.unlink()
    assert cache.lookup(KEY) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda record: "{",
        lambda record: "[]",
        lambda record: "null",
        lambda record: json.dumps({**record, "sha256": "../../../etc/passwd"}),
        lambda record: json.dumps({**record, "sha256": None}),
        lambda record: json.dumps({**record, "key": "another"}),
        lambda record: json.dumps({**record, "size_bytes": "many"}),
        lambda record: json.dumps({name: value for name, value in record.items() if name != "etag"}),
    ],
)
def test_a_broken_record_is_as_good_as_none(folder, change):
    cache.store([b"x"], key=KEY)
    (path,) = folder.glob("known/*.json")
    path.write_text(change(json.loads(path.read_text())))
    assert cache.lookup(KEY) is None
    cache.store([b"x"], key=KEY)
    assert cache.lookup(KEY) is not None


def test_confirming_notes_the_time_and_keeps_the_rest():
    cache.store([b"x"], key=KEY, etag='"1"')
    before = cache.lookup(KEY)
    assert cache.confirm(before) == before.copy
    after = cache.lookup(KEY)
    assert after.fetched_at >= before.fetched_at
    assert after.etag == '"1"'


def test_what_is_forgotten_is_not_found():
    cache.store([b"x"], key=KEY)
    cache.forget(KEY)
    cache.forget(KEY)
    assert cache.lookup(KEY) is None


def unused_for(folder, key, seconds):
    then = time.time() - seconds
    os.utime(cache._known(key), (then, then))


def test_the_longest_unused_copies_go_first_when_the_cache_is_full(folder, monkeypatch):
    for age, key in ((30, "oldest"), (20, "older"), (10, "old")):
        cache.store([key.encode() * 100], key=key)
        unused_for(folder, key, age * 86_400)
    monkeypatch.setenv("LONDATA_CACHE_SIZE", "1500")
    cache.store([b"newest" * 100], key="newest")
    assert [key for key in ("oldest", "older", "old", "newest") if cache.lookup(key)] == ["older", "old", "newest"]
    assert sum(path.stat().st_size for path in folder.glob("content/??/*")) <= 1500


def test_a_copy_that_was_just_used_is_not_taken_away(folder):
    cache.store([b"x" * 1000], key=KEY)
    unused_for(folder, KEY, 30 * 86_400)
    cache.lookup(KEY)
    assert cache.evict(limit=0) == 0
    assert cache.lookup(KEY) is not None


def test_bytes_that_a_newer_version_replaced_go_before_anything_in_use(folder, monkeypatch):
    cache.store([b"other" * 200], key="other")
    for version in (b"1", b"2", b"3"):
        cache.store([version * 1000], key=KEY)
    assert cache.evict(limit=2500) == 0, "somebody may be about to open the older ones"
    unused_for(folder, "other", 30 * 86_400)
    monkeypatch.setattr(cache, "IN_USE_S", 0)
    assert cache.evict(limit=2500) == 2000
    assert cache.lookup("other") is not None
    assert cache.lookup(KEY).copy.path.read_bytes() == b"3" * 1000


def test_a_folder_that_cannot_be_written_is_one_sentence(folder, monkeypatch):
    def full(**_):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(cache.tempfile, "mkstemp", full)
    with pytest.raises(FetchError, match="Disk quota exceeded") as caught:
        cache.store([b"x"], key=KEY)
    assert "LONDATA_CACHE" in caught.value.hint


def test_a_copy_is_as_good_where_it_cannot_be_noted_that_it_was_confirmed(folder, monkeypatch):
    copy = cache.store([b"x"], key=KEY)
    known = cache.lookup(KEY)

    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache.tempfile, "mkstemp", full)
    assert cache.confirm(known) == copy


def test_what_a_killed_process_left_behind_is_swept_up_after_a_day(folder):
    cache.store([b"x"], key=KEY)
    fresh, old = folder / "partial" / "fresh", folder / "partial" / "old"
    fresh.write_bytes(b"half")
    old.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    cache.store([b"y"], key=KEY)
    assert (fresh.exists(), old.exists()) == (True, False)


def test_a_full_disk_is_one_sentence(folder, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    real = os.fdopen
    monkeypatch.setattr(cache.os, "fdopen", lambda handle, mode: Full(real(handle, mode)))
    with pytest.raises(FetchError, match="No space left on device") as caught:
        cache.store([b"x"], key=KEY)
    assert "LONDATA_CACHE" in caught.value.hint
    assert list(folder.glob("partial/*")) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SettingsError, match="cannot be made") as caught:
        cache.store([b"x"], key=KEY)
    assert "LONDATA_CACHE" in caught.value.hint


def test_a_local_file_is_hashed_once_and_again_when_it_changes(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a\n1\n")
    long_ago = time.time_ns() - 60 * 10**9
    os.utime(path, ns=(long_ago, long_ago))
    first = cache.local_copy(path)
    with monkeypatch.context() as once:
        once.setattr(cache, "_sha256_of", lambda _: pytest.fail("hashed twice"))
        assert cache.local_copy(path) == first
    path.write_bytes(b"a\n2\n")
    assert cache.local_copy(path).sha256 != first.sha256


def test_a_file_written_just_now_is_not_taken_for_the_one_before(tmp_path):
    """Two quick writes may carry the same time of modification."""
    path = tmp_path / "table.csv"
    path.write_bytes(b"a\n1\n")
    first, status = cache.local_copy(path), path.stat()
    path.write_bytes(b"a\n2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert cache.local_copy(path).sha256 != first.sha256


def test_a_local_file_needs_no_cache_that_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LONDATA_CACHE", str(tmp_path / "file" / "cache"))
    path = tmp_path / "table.csv"
    path.write_bytes(b"a\n1\n")
    os.utime(path, (1, 1))
    assert cache.local_copy(path).size_bytes == 4


def test_a_local_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(FetchError, match=r"table\.csv cannot be read: No such file"):
        cache.local_copy(tmp_path / "table.csv")


STORE_MANY = """
import sys
from londata import cache
for number in range(40):
    content = b"%d" % (number % 4) * 50_000
    copy = cache.store([content[:20_000], content[20_000:]], key=f"key-{number % 3}")
    assert copy.path.read_bytes() == content
    known = cache.lookup(f"key-{number % 3}")
    assert known is None or known.copy.path.read_bytes() in [b"%d" % n * 50_000 for n in range(4)]
"""


def test_processes_that_write_at_once_never_see_half_a_file(folder):
    processes = [subprocess.Popen([sys.executable, "-c", STORE_MANY], stderr=subprocess.PIPE) for _ in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in processes] == [(b"", 0)] * 3
    assert len(list(folder.glob("content/??/*"))) == 4
    assert list(folder.glob("partial/*")) == []
    assert all(cache.lookup(f"key-{number}") for number in range(3))
