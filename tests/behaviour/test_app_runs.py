"""The run that an app's viewers share: made anew when it is old, has failed, or when its process has ended."""

import asyncio
import importlib
import os
import signal
import tempfile
from pathlib import Path

import pytest

from app_stage import write_notebook
from londata_hub.settings import REPOSITORY


@pytest.fixture(scope="module")
def stages():
    """The module as it is found inside a sandbox: by itself, not as part of a package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REPOSITORY / "hub-config" / "voila"))
        yield importlib.import_module("stage")


async def eventually(found):
    for _ in range(2400):
        if found():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it does not come to that")


def played(stages, story, *cells):
    """Tell a story of a stage with one notebook."""
    with tempfile.TemporaryDirectory(prefix="ldt-", dir="/tmp") as room:
        stage = stages.Stage(write_notebook(Path(room) / "app", *cells), Path(room), start="shared")
        stage.begin()
        try:
            asyncio.run(story(stage))
        finally:
            stage.close()


def test_an_old_run_is_made_anew_and_kept_for_the_kernels_that_it_has(stages, monkeypatch):
    async def story(stage):
        first = await stage.shared()
        assert await stage.shared() is first
        stage.joined(first, "ada's")
        monkeypatch.setattr(stages, "OLD_S", 0.0)
        assert await stage.shared() is first, "nobody waits for the new one"
        await eventually(lambda: stage._shared is not first)
        assert first.runs
        stage.ended("ada's")
        assert not first.runs
        assert stage._shared.runs

    played(stages, story, "print('here')")


def test_a_run_whose_process_has_ended_is_made_anew(stages):
    async def story(stage):
        first = await stage.shared()
        os.kill(first._warm.pid, signal.SIGKILL)
        await eventually(lambda: not first.runs)
        again = await stage.shared()
        assert again is not first
        assert again.cells == first.cells

    played(stages, story, "print('here')")


def test_a_run_that_failed_is_tried_again_after_a_while(stages, monkeypatch, tmp_path):
    data = tmp_path / "data.txt"

    async def story(stage):
        assert await stage.shared() is None
        data.write_text("here")
        assert await stage.shared() is None
        monkeypatch.setattr(stages, "AGAIN_S", 0.0)
        assert (await stage.shared()).cells == [[{"output_type": "stream", "name": "stdout", "text": "here\n"}]]

    played(stages, story, f"print(open({str(data)!r}).read())")


def test_whoever_tells_what_a_run_came_to_is_waited_for_without_a_break(stages, monkeypatch):
    monkeypatch.setattr(stages, "_LOOK_S", 0.001)
    asked = []

    async def story(stage):
        loop = asyncio.get_running_loop()
        accept = loop.sock_accept
        monkeypatch.setattr(loop, "sock_accept", lambda listening: asked.append(listening) or accept(listening))
        assert (await stage.shared()).runs

    played(stages, story, "print('here')")
    assert len(asked) == 1


@pytest.mark.parametrize("cell", ["import os\nos._exit(1)", "raise SystemExit"], ids=["ends", "exits"])
def test_a_run_that_ends_its_process_is_a_run_that_failed(stages, cell):
    async def story(stage):
        assert await stage.shared() is None

    played(stages, story, cell)


def test_a_run_that_takes_too_long_is_ended(stages, monkeypatch):
    monkeypatch.setattr(stages, "REHEARSAL_S", 0.2)

    async def story(stage):
        warm = stage._under_way[0]
        assert await stage.shared() is None
        assert warm.pid is None

    played(stages, story, "import time\ntime.sleep(900)")
