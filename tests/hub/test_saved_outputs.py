"""What a Lab writes to disk of a notebook that read closed data: a real hub, a real kernel, saved as Lab saves."""

from __future__ import annotations

import json
import shutil
import uuid

import pytest
from websockets.sync.client import connect

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(not shutil.which("bwrap"), reason="without bubblewrap a hub serves open data only"),
]
BEFORE = "print('before')"
READ = """
from londata import catalog
import londata
londata.use_project("school-places")
rolls = catalog.school_rolls_by_pupil.read()
rolls.head()
"""
SHOWS = [
    "print(rolls.head().to_string())",
    "rolls.head()",
    "from IPython.display import clear_output\nclear_output()\nprint(rolls.pupil_id[0])",
    "raise ValueError(rolls.pupil_id[0])",
]
KEEPS = "londata.keep_output(); f'{len(rolls)} rows in all'"


def outputs_of(lab, code):
    """Run a cell as Lab does, and collect what it would put into the notebook."""
    asked, outputs = uuid.uuid4().hex, []
    header = {"msg_id": asked, "msg_type": "execute_request", "session": asked, "username": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    address = f"{lab.base.replace('http', 'ws', 1)}/api/kernels/{lab.kernel}/channels"
    with connect(address, additional_headers={"Authorization": f"token {lab.token}"}, max_size=None, proxy=None) as to:
        to.send(json.dumps(request))
        while True:
            message = json.loads(to.recv(timeout=60))
            kind, said = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append({"output_type": kind, **{name: said[name] for name in said if name != "transient"}})
            if kind == "clear_output":
                outputs.clear()
            if kind == "status" and said["execution_state"] == "idle":
                return outputs


@pytest.fixture(scope="module")
def notebook(hub):
    """A notebook whose cells ran in the Lab of ada, as Lab has it before it saves; and that Lab."""
    lab = hub.lab("ada")
    session = {"path": "kept.ipynb", "name": "kept.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    lab.kernel = lab.client.post("/api/sessions", json=session).raise_for_status().json()["kernel"]["id"]
    cells = [
        {"cell_type": "code", "source": code, "metadata": {}, "execution_count": 1, "outputs": outputs_of(lab, code)}
        for code in (BEFORE, READ, *SHOWS, KEEPS)
    ]
    return lab, {"cells": cells, "metadata": {"widgets": {"state": "rows"}}, "nbformat": 4, "nbformat_minor": 4}


def saved(lab, notebook):
    model = {"type": "notebook", "format": "json", "content": notebook}
    lab.client.put("/api/contents/kept.ipynb", json=model).raise_for_status()
    lab.client.post("/api/contents/kept.ipynb/checkpoints").raise_for_status()
    found = "sorted(Path.home().rglob('kept*.ipynb'))"
    said = lab.run(f"from pathlib import Path\nfor path in {found}: print(path.read_text(), end='\\0')")
    return said.split("\0")[:-1]


def test_rows_of_closed_data_stay_out_of_the_notebook_file_and_its_checkpoint(notebook):
    lab, content = notebook
    pupil = next(each["text"] for each in content["cells"][4]["outputs"] if "text" in each).strip()
    assert pupil in json.dumps(content["cells"][1])  # what Lab shows does have it
    files = saved(lab, content)
    assert len(files) == 2
    for file in files:
        assert pupil not in file
        before, *closed, kept = json.loads(file)["cells"]
        assert before["outputs"][0]["text"] == ["before\n"]
        for cell in closed:
            (only,) = cell["outputs"]
            said = "".join(only["text"])
            assert said.startswith("Output not saved: this kernel had read data that is not open (ISA-021)")
        assert [each["output_type"] for each in kept["outputs"]] == ["execute_result"]
        assert "widgets" not in json.loads(file)["metadata"]


def test_a_notebook_that_cannot_be_understood_is_not_saved(notebook):
    lab, _ = notebook
    strange = {"cells": [{"cell_type": "code", "outputs": [5]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    answer = lab.client.put("/api/contents/odd.ipynb", json={"type": "notebook", "format": "json", "content": strange})
    assert answer.status_code == 400
