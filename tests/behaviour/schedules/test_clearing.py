"""Of each schedule the folders of the newest runs are kept, and of those that somebody still needs."""

from __future__ import annotations

from pathlib import Path

import sharing_world
from londata_hub.jobs.clearing import clear
from londata_hub.jobs.shelf import Shelf
from londata_hub.store import RunStore
from scheduled import Clock, a_schedule


def a_run(store: RunStore, clock: Clock, state: Path, name: str = "boroughs-daily", *, ends: bool = True) -> Path:
    """Have a run, and give the folder that it left."""
    clock.pass_by(minutes=1)
    run = store.run_now(name, "ada")
    assert store.begin(run.id, "one")
    if ends:
        store.finish(run.id, "one", "completed", made=1)
    folder = state / "reports" / name / run.id
    (folder / "reports" / "a").mkdir(parents=True)
    (folder / "log.txt").write_text("said")
    return folder


def on_the_shelf(state: Path, run: Path) -> None:
    entry = sharing_world.insight("a-report", "A report", ["open-figures"], form="report")
    report = run / "reports" / "a"
    for name in ("report.html", "ro-crate-metadata.json"):
        (report / name).write_text("{}")
    shelf = Shelf(state / "shelf")
    shelf.show(shelf.put(entry, report, run=run.name, schedule=run.parent.name, made_at="2026-11-22", place=""))


def test_old_folders_go_but_not_those_on_the_shelf_or_under_way_or_of_others(tmp_path, store: RunStore, clock: Clock):
    for name in ("boroughs-daily", "another"):
        store.add(a_schedule(id=name))
    shelved, old, older = (a_run(store, clock, tmp_path) for _ in range(3))
    others = a_run(store, clock, tmp_path, "another")
    stranger = tmp_path / "reports" / "boroughs-daily" / "kept-by-hand"
    stranger.mkdir()
    newest = [a_run(store, clock, tmp_path) for _ in range(2)]
    on_the_shelf(tmp_path, shelved)
    assert clear(store, tmp_path, "boroughs-daily", kept=20) == []
    assert sorted(clear(store, tmp_path, "boroughs-daily", kept=2)) == sorted([old.name, older.name])
    assert not old.exists()
    assert all(each.exists() for each in (shelved, others, stranger, *newest))
    running = a_run(store, clock, tmp_path, ends=False)
    assert running.name not in clear(store, tmp_path, "boroughs-daily", kept=0)
    assert running.exists()
    assert not newest[0].exists()
