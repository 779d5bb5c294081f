"""What runs in the sandbox that takes an app's picture: Chromium, and a way for it to the one page that it may see.

There is no network here, only a socket behind which the service shows that page. Chromium cannot speak to a socket, so
a forwarder listens on this sandbox's own loopback. Chromium is told what to do through a pipe.

Use: ``python picture.py BROWSER SOCKET ADDRESS WIDTH HEIGHT SECONDS FILE``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

PORT = 8900
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # it is in one, in which it cannot make another
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-breakpad",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
    "--remote-debugging-pipe",
)
#: What is on the page, in a word that changes while something is still being drawn; empty before there is anything.
_LOOKS = """(() => {
  const main = document.getElementById("rendered_cells");
  if (!main || main.hidden || document.querySelector("#loading, .first-view")) return "";
  const words = main.innerText.trim(), drawn = [...main.querySelectorAll("img, svg, canvas, table")];
  const images = [...document.images].every(each => each.complete);
  return images && (words || drawn.length) ? `${words.length} ${drawn.length} ${main.scrollHeight}` : "";
})()"""
#: Seconds for which it must look the same.
_STILL_S = 1.5


class Browser:
    """Chromium at the other end of two pipes."""

    def __init__(self, program: str, profile: Path, size: tuple[str, str]) -> None:
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()

        # Chromium wants them as its files 3 and 4; a shell is the plainest way to move them there.
        moved = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        options = [*_OPTIONS, f"--user-data-dir={profile}", f"--window-size={','.join(size)}"]
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", moved, "bash", program, *options],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out),
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._asked, self._rest, self._session = 0, b"", ""

    def ask(self, method: str, **params: Any) -> Any:
        """Have one thing done, and wait for the answer."""
        self._asked += 1
        question = {"id": self._asked, "method": method, "params": params}
        if self._session:
            question["sessionId"] = self._session
        os.write(self._to, json.dumps(question).encode() + b"\0")
        while (answer := self._next()).get("id") != self._asked:
            pass
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def open_tab(self) -> None:
        """Open a tab, for which everything is meant from now on."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _next(self) -> Any:
        while b"\0" not in self._rest:
            if not (part := os.read(self._from, 1 << 16)):
                raise RuntimeError("Chromium ended")
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


def take(browser: Browser, address: str, size: tuple[int, int], seconds: float) -> bytes:
    """Open a page, wait until it is drawn, and take its picture.

    Parameters
    ----------
    browser
        In which browser.
    address
        Of the page.
    size
        Width and height of the picture.
    seconds
        How long to wait at most.
    """
    browser.open_tab()
    width, height = size
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    browser.ask("Page.navigate", url=address)
    looked, since, until = "", time.monotonic(), time.monotonic() + seconds
    while time.monotonic() < until:
        looks = browser.ask("Runtime.evaluate", expression=_LOOKS)["result"].get("value", "")
        if looks != looked:
            looked, since = looks, time.monotonic()
        elif looks and time.monotonic() - since > _STILL_S:
            return base64.b64decode(browser.ask("Page.captureScreenshot", format="png")["data"])
        time.sleep(0.1)
    raise RuntimeError("the page is not drawn in time")


def forward(path: str) -> None:
    """Listen on the loopback for ever, and pass everything on to a socket."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            theirs_in, theirs_out = await asyncio.open_unix_connection(path)
            await asyncio.gather(_pump(reader, theirs_out), _pump(theirs_in, writer))

    async def serve() -> None:
        server = await asyncio.start_server(one, "127.0.0.1", PORT)
        await server.serve_forever()

    asyncio.run(serve())


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


def main(program: str, path: str, address: str, width: str, height: str, seconds: str, file: str) -> None:
    """Take the picture, and leave it in a file.

    Parameters
    ----------
    program, path, address, width, height, seconds, file
        As on the command line.
    """
    threading.Thread(target=forward, args=(path,), daemon=True).start()
    browser = Browser(program, Path(file).parent / "profile", (width, height))
    try:
        picture = take(browser, f"http://127.0.0.1:{PORT}{address}", (int(width), int(height)), float(seconds))
        Path(file).write_bytes(picture)
    finally:
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
