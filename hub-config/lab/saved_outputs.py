"""What the Lab writes into a notebook file: no outputs of cells that ran after data that is not open was read.

The kernel marks such outputs (``londata.client.shown_outputs``), and each save passes through here, before the file and
so before its checkpoint. What an analyst said to keep with ``londata.keep_output()`` stays.
"""

from __future__ import annotations

from typing import Any

MARK = "application/vnd.londata.not-open"
KEPT = "keep"


def leave_out(model: dict[str, Any], **_: Any) -> None:
    """Replace outputs that are not to be saved by a line that says so. This is a ``pre_save_hook`` of Jupyter Server.

    Raises
    ------
    tornado.web.HTTPError
        The notebook cannot be understood. It is not saved then: of any other error the server would save it all.
    """
    if model.get("type") != "notebook" or not model.get("content"):
        return
    try:
        _clean(model["content"])
    except Exception as error:
        from tornado.web import HTTPError

        raise HTTPError(400, "The outputs of this notebook cannot be understood; clear them and save again.") from error


def _clean(notebook: dict[str, Any]) -> None:
    marked = False
    for cell in notebook.get("cells", []):
        marks = [str(output["data"][MARK]) for output in cell.get("outputs", []) if MARK in output.get("data", {})]
        if not marks:
            continue
        marked = True
        if KEPT in marks:
            cell["outputs"] = [output for output in cell["outputs"] if MARK not in output.get("data", {})]
        else:
            cell["outputs"] = [_instead(marks[-1])]
    if marked:  # the state of widgets is kept beside the cells, and nothing says which data is in it
        notebook.get("metadata", {}).pop("widgets", None)


def _instead(agreements: str) -> dict[str, Any]:
    text = (
        f"Output not saved: this kernel had read data that is not open ({agreements[:200]}). Run the cell again to see "
        "it. To save numbers of groups, call londata.keep_output() in the cell.\n"
    )
    return {"output_type": "stream", "name": "stdout", "text": text}
