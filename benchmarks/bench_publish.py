"""From "publish" to a page that others can open, on a real hub: ``python -m benchmarks.bench_publish --rounds 5``.

A small notebook is sent to the hub's service of insights, checked in its sandbox, and its app's page is asked for until
it is there. Beside it, in turn, stock Voila is started on the same notebook and asked for its page: it checks nothing.
"""

from __future__ import annotations

import argparse
import base64
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import nbformat

from benchmarks.bench_apps import Stock
from benchmarks.measure import Figure, report

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from app_stage import KERNEL
from running_hub import RunningHub, wait_for

CELLS = (
    "import ipywidgets as widgets\nfrom londata import catalog\nboroughs = catalog.london_authorities.read()",
    "names = widgets.Dropdown(options=sorted(boroughs['name']), description='Borough')\nnames",
)
#: The same without a register, for stock Voila.
PLAIN = (
    CELLS[0]
    .replace("from londata import catalog", "from londata.intake_catalog import open_catalog")
    .replace("catalog.london", "open_catalog('catalogs').london"),
    CELLS[1],
)
RECORD = {
    "title": "Boroughs to choose from",
    "form": "app",
    "summary": "A list of boroughs.",
    "public_benefit": "It shows how long publishing takes.",
    "licence": "ogl-3",
}


def notebook(*cells: str) -> str:
    """Write a notebook of these cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=KERNEL)
    return nbformat.writes(made)


def publish(api: httpx.Client, page: httpx.Client, number: int) -> tuple[float, float]:
    """Publish once; returns the seconds until the check was passed, and until the page was there."""
    slug, content = f"boroughs-{number}", base64.b64encode(notebook(*CELLS).encode()).decode()
    asked = {"slug": slug, "files": {"app.ipynb": content}, "record": RECORD, "audience": ["hub"]}
    began = time.perf_counter()
    api.post("/insights", json=asked).raise_for_status()

    def passed() -> bool:
        said = api.get(f"/insights/{slug}/versions/1").json()
        assert said["state"] != "refused", said
        return bool(said["state"] == "ready")

    wait_for(passed, 120, "the end of the check")
    checked = time.perf_counter() - began
    wait_for(lambda: page.get(f"/services/apps/{slug}/").status_code == 200, 120, "the page")
    return checked, time.perf_counter() - began


def stock(room: Path) -> float:
    """Start stock Voila on the notebook; returns the seconds until its page was there."""
    file = room / "app.ipynb"
    file.write_text(notebook(*PLAIN), encoding="utf-8")
    began = time.perf_counter()
    voila = Stock(file, room / "home")
    try:
        wait_for(lambda: _answers(voila.address), 120, "the page of stock Voila")
        return time.perf_counter() - began
    finally:
        voila.close()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "apps").mkdir()
        (folder / "stock").mkdir()
        (folder / "stock" / "catalogs").symlink_to(Path(__file__).parents[1] / "catalogs")
        hub = RunningHub(folder / "state", environ={"LONDATA_VOILA_APPS": str(folder / "apps")}).start()
        try:
            credentials = {"Authorization": f"Bearer {hub.token('ada')}"}
            api = hub.client(base_url=f"{hub.address}/services/insights/api/v1", headers=credentials)
            page = hub.visitor("bola").client
            ours, checks, theirs = [], [], []
            for number in range(rounds):
                checked, there = publish(api, page, number)
                checks.append(checked)
                ours.append(there)
                theirs.append(stock(folder / "stock"))
        finally:
            hub.stop()
    median, plain = statistics.median(ours), statistics.median(theirs)
    detail = f"slowest {max(ours):.1f} s, of that the check {statistics.median(checks):.1f} s; {rounds} rounds"
    report(
        "Publishing",
        [
            Figure("From publish to a page that others can open", median, "s", "≤ 15", median <= 15, detail),
            Figure(
                "The same against stock Voila's start without a check", median / plain, "×", "–", True, f"{plain:.1f} s"
            ),
        ],
    )


if __name__ == "__main__":
    main()
