"""What the button "Publish" of JupyterLab calls: publishing with answers of a form, told line by line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from londata.errors import LondataError
from londata.insights.audiences import in_words
from londata.insights.publishing import publish as publish_notebook
from londata.insights.shown import Published, lines_of

#: Begins the last line, which is JSON.
RESULT = "londata-published:"


def publish(answers: str) -> None:
    """Publish a notebook, print each step in a line, and how it ended in the last.

    Parameters
    ----------
    answers
        JSON: ``path`` of the notebook, and what :func:`londata.publish` takes.
    """
    asked: dict[str, Any] = json.loads(answers)
    try:
        result = _told(publish_notebook(Path(asked.pop("path")), **asked))
    except LondataError as error:
        result = {"ok": False, "headline": "It was not published.", "text": str(error)}
    sys.stdout.write(f"{RESULT}{json.dumps(result)}\n")
    sys.stdout.flush()


def _told(published: Published) -> dict[str, Any]:
    found = [
        *filter(None, [published.later]),
        *lines_of(published.findings),
        f"For: {in_words(published.about.audience)}",
    ]
    return {
        "ok": published.ok,
        "headline": str(published).partition("\n")[0],
        "text": "\n".join(found),
        "address": published.address,
        "page": published.about.page,
    }
