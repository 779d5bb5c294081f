"""A report as PDF: printed by a real Chromium and read back, nothing left behind; also in a sandbox without network."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pypdf
import pytest

from londata.errors import MissingExtraError, ReportError
from londata.reports import pdf
from londata_hub import sandbox
from report_pages import AROUND, JOIN, READ, cell, make_job, plates, write

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    job = make_job(tmp_path_factory.mktemp("pdf") / "job", "csv", "pdf")
    with pytest.MonkeyPatch.context() as monkeypatch:
        first, second = plates(job, monkeypatch)
    return write(job, "## Air", cell(first.markup), cell(second.markup), noted=(READ, JOIN, AROUND))


@pytest.fixture(scope="module")
def printed(page, tmp_path_factory):
    """The PDF, and what was left in the folder for temporary files, which has an awkward name."""
    room = Path(tempfile.mkdtemp(prefix="é {x} ", dir="/tmp"))
    path = page.with_name("report.pdf")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(tempfile, "tempdir", str(room))
        pdf.write_pdf(page, path)
    yield pypdf.PdfReader(path), list(room.iterdir()), path
    room.rmdir()


def text_of(reader):
    return re.sub(r"\s+", " ", " ".join(sheet.extract_text() for sheet in reader.pages))


def test_it_is_tagged_and_has_a_title_a_language_and_an_outline(printed):
    reader, _, _ = printed
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en-GB"
    assert reader.metadata.title == "Camden – Borough profile"
    assert len(reader.outline) >= 1


def test_folded_tables_are_open_and_pages_are_numbered(printed):
    reader, _, _ = printed
    text = text_of(reader)
    assert "2025-03-01 23:00" in text
    assert "Rows 1 to 24 of 744" in text
    assert f"Page 1 of {len(reader.pages)}" in text
    assert "read around the register" in text
    assert 2 <= len(reader.pages) <= 6


def test_its_figures_are_there_with_their_words(printed):
    reader, _, _ = printed
    alternatives, seen = set(), [reader.trailer["/Root"]["/StructTreeRoot"]]
    while seen:
        node = seen.pop()
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            seen.extend(node)
        elif isinstance(node, dict):
            alternatives |= {str(node["/Alt"])} if "/Alt" in node else set()
            seen.extend([node["/K"]] if "/K" in node else [])
    assert {"A line that goes up and down every day", "A calendar of March 2025"} <= alternatives


def test_no_link_names_a_folder_of_this_machine(printed):
    reader, _, path = printed
    actions = [
        str(note.get_object().get("/A", {}))
        for sheet in reader.pages
        for note in (sheet.get("/Annots") or [])
    ]  # fmt: skip
    assert not [action for action in actions if "file:" in action]
    assert b"file:///" not in path.read_bytes()


def test_a_long_path_of_temporary_files_is_no_obstacle(page, tmp_path, monkeypatch):
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    rooms = []
    monkeypatch.setattr(pdf, "_room", lambda make=pdf._room: rooms.append(make()) or rooms[0])
    pdf.write_pdf(page, tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-")
    assert [room for room in rooms if room.exists()] == []


def test_nothing_is_left_behind(printed):
    _, left, path = printed
    assert left == []
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".part"] == []


def is_alive(pid):
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_browser_that_takes_too_long_is_ended_with_all_that_it_started(page, tmp_path, monkeypatch):
    slow = tmp_path / "bin" / "chromium"
    started = tmp_path / "bin" / "started"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\nsleep 600 &\necho $$ $! > '{started}'\nwait\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ReportError, match="took longer than 5 seconds"):
        pdf.write_pdf(page, tmp_path / "out.pdf", limit_s=5)
    deadline = time.monotonic() + 20  # they were killed; the system may still be at it
    pids = started.read_text().split()
    assert len(pids) == 2
    while any(map(is_alive, pids)):
        assert time.monotonic() < deadline, "a process outlives its browser"
        time.sleep(0.05)
    assert [each.name for each in tmp_path.iterdir()] == ["bin"]


def test_a_browser_that_writes_nothing_is_a_sentence_with_what_it_said(page, tmp_path, monkeypatch):
    broken = tmp_path / "bin" / "chromium"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'cannot open shared object' >&2\nenv >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "canary-token")
    seen = []
    monkeypatch.setattr(pdf, "_text_of", lambda file, read=pdf._text_of: seen.append(read(file)) or seen[-1])
    with pytest.raises(ReportError, match="Chromium wrote none"):
        pdf.write_pdf(page, tmp_path / "out.pdf")
    assert "cannot open shared object" in seen[0]
    assert "canary-token" not in "".join(seen)
    assert not (tmp_path / "out.pdf").exists()


def test_without_chromium_the_error_says_what_to_install(page, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match="none on this machine") as raised:
        pdf.write_pdf(page, tmp_path / "out.pdf")
    assert "apt install chromium" in raised.value.hint


def test_a_folder_that_cannot_be_written_to_is_a_sentence(page, tmp_path):
    with pytest.raises(ReportError, match="cannot be written"):
        pdf.write_pdf(page, tmp_path / "no such folder" / "out.pdf")


def test_it_prints_in_a_sandbox_without_network_or_user(page, tmp_path):
    """As a scheduled run does: nothing of the machine but programs, no network, one writable folder."""
    bubblewrap = shutil.which("bwrap")
    assert bubblewrap, "bubblewrap is not installed: apt-get install bubblewrap"
    shutil.copyfile(page, tmp_path / "report.html")
    code = (
        "import sys; from pathlib import Path; from londata.reports import pdf; pdf.write_pdf(*map(Path, sys.argv[1:]))"
    )
    command = [bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    command += ["--setenv", "PATH", os.environ["PATH"], "--setenv", "HOME", "/nowhere"]
    command += ["--tmpfs", "/tmp"]  # before the rest: a clone may lie below it
    for folder in ("/usr", "/etc", "/lib", "/lib64", "/bin", str(ROOT), sys.base_prefix, sys.prefix):
        command += ["--ro-bind-try", folder, folder]
    command += ["--proc", "/proc", "--dev", "/dev", "--bind", str(tmp_path), str(tmp_path)]
    command += ["--uid", "1000", "--gid", "1000"]
    ran = subprocess.run(
        [*command, sys.executable, "-c", code, str(tmp_path / "report.html"), str(tmp_path / "report.pdf")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "Days above the guideline" in text_of(pypdf.PdfReader(tmp_path / "report.pdf"))


@pytest.mark.skipif(bool(sandbox.why_not()), reason="bubblewrap does not work here; the hub says so too")
def test_it_prints_in_the_sandbox_of_a_scheduled_run(page, tmp_path):
    home, doors, accounts = (tmp_path / name for name in ("home", "doors", "accounts"))
    for folder in (home, doors, accounts):
        folder.mkdir()
    shutil.copyfile(page, home / "report.html")
    walls = sandbox.Sandbox(
        user="ada",
        home=home,
        doors=doors,
        accounts=sandbox.write_accounts(accounts, "ada"),
        read_only=(*sandbox.interpreter(), ROOT / "sdk"),
    )
    files = "Path('report.html'), Path('report.pdf')"
    code = f"from pathlib import Path; from londata.reports import pdf; pdf.write_pdf({files})"
    ran = subprocess.run(
        walls.command_line([sys.executable, "-c", code]), capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "Days above the guideline" in text_of(pypdf.PdfReader(home / "report.pdf"))
