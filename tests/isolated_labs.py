"""What the tests of isolation need to know of the Labs that they run in."""

import json
import shutil

import pytest

#: Marks of every test: a real hub, and bubblewrap, without which nothing is promised.
ISOLATED = [
    pytest.mark.hub,
    pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed; without it nothing is promised"),
]
MARK = "only-bola-may-read-this"


def outcome(lab, code):
    """Run code that leaves something in ``result`` and bring it here."""
    return json.loads(lab.run(f"{code}\nimport json; print(json.dumps(result))"))
