"""A report's page as PDF, printed by Chromium: tagged, with a title, a language, an outline and page numbers.

Chromium runs by itself: a throw-away profile, no network, nothing of the environment, and a time limit. It prints a
copy of the page in which folded tables are open, and in which links to files beside the page are words: in a PDF they
would name folders of this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from londata.errors import MissingExtraError, ReportError
from londata.reports.job import writing_to

#: What Chromium is called, by the system that it comes from.
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "headless_shell")
LIMIT_S = 120.0
_LONGEST_PLACE = 40
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--hide-scrollbars",
    "--no-pdf-header-footer",
    "--export-tagged-pdf",
    "--generate-pdf-document-outline",
)


def write_pdf(page: Path, path: Path, *, limit_s: float = LIMIT_S) -> None:
    """Print a report's page.

    Parameters
    ----------
    page
        The page, as :func:`londata.reports.export.write_page` writes it.
    path
        The PDF to write; it is there whole or not at all.
    limit_s
        Seconds that printing may take.

    Raises
    ------
    MissingExtraError
        There is no Chromium on this machine.
    ReportError
        It does not print, or takes too long.
    """
    browser = find_browser()
    room, part = _room(), path.with_name(f"{path.name}.part")
    try:
        with writing_to(path.parent):
            part.touch()  # better to know before than after
            (room / "page.html").write_text(_for_print(page.read_text(encoding="utf-8")), encoding="utf-8")
            _print(browser, room, time.monotonic() + limit_s, limit_s)
            shutil.copyfile(room / "page.pdf", part)
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):  # it is in its place, or could not be made
            part.unlink()
        _remove(room)


def find_browser() -> str:
    """Find Chromium on this machine.

    Raises
    ------
    MissingExtraError
        There is none.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise MissingExtraError(
        "A report becomes a PDF through Chromium, and there is none on this machine.",
        hint="Install it (Debian: apt install chromium), or ask for the report without pdf.",
    )


def _room() -> Path:
    """Make a folder for the profile; Chromium opens a socket in it, and a socket's path is short."""
    usual = tempfile.gettempdir()
    short = len(os.fsencode(usual)) <= _LONGEST_PLACE or os.name != "posix"
    return Path(tempfile.mkdtemp(prefix="londata-pdf-", dir=usual if short else "/tmp"))  # noqa: S108


def _for_print(page: str) -> str:
    """Open what is folded, and turn links to neighbouring files into words."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, "html.parser")
    for folded in soup.find_all("details"):
        folded["open"] = ""
    for link in soup.find_all("a", href=True):
        if not str(link["href"]).startswith(("https://", "http://", "mailto:", "#")):
            del link["href"]
    return str(soup)


def _print(browser: str, room: Path, until: float, limit_s: float) -> None:
    """Let Chromium print; where its own sandbox cannot start, as in another sandbox, without that."""
    unboxed = [] if os.name != "posix" or os.geteuid() else ["--no-sandbox"]
    for options in (unboxed, ["--no-sandbox"]):
        said = _run([browser, *_OPTIONS, *options, *_places(room)], room, until, limit_s)
        printed = room / "page.pdf"
        if printed.is_file() and printed.read_bytes()[:5] == b"%PDF-":
            return
        if options == ["--no-sandbox"] or "sandbox" not in said.lower():
            break
    reason = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    raise ReportError(
        f"The report could not be printed as PDF: Chromium wrote none ({reason[-200:]}).",
        hint="The page is complete without it: ask for the report without pdf, and print the page in a browser.",
    )


def _places(room: Path) -> list[str]:
    return [f"--user-data-dir={room / 'profile'}", f"--print-to-pdf={room / 'page.pdf'}", (room / "page.html").as_uri()]


def _run(command: list[str], room: Path, until: float, limit_s: float) -> str:
    """Run Chromium in a group of its own, and end the whole group with it."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"HOME": str(room), "TMPDIR": str(room), "XDG_RUNTIME_DIR": str(room)}
    with (room / "said.txt").open("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=environment,
            cwd=room,
            start_new_session=True,
        )
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise ReportError(
                f"The report could not be printed as PDF: it took longer than {limit_s:g} seconds.",
                hint="Show less on the page, or ask for the report without pdf.",
            ) from None
        finally:
            with contextlib.suppress(OSError):  # all of them have ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return _text_of(said)


def _text_of(file: IO[str]) -> str:
    file.seek(0)
    return file.read(100_000)


def _remove(room: Path) -> None:
    """Remove the profile; a process that is just ending may still write to it once."""
    for _ in range(50):
        shutil.rmtree(room, ignore_errors=True)
        if not room.exists():
            return
        time.sleep(0.02)
