"""What whoever runs a hub says about scheduled runs reaches the worker."""

from __future__ import annotations

import pytest
from traitlets.config import Config

from londata.errors import SettingsError
from londata_hub import settings, wiring


def test_the_worker_is_told_how_many_reports_it_makes_and_how_long_one_may_take(tmp_path):
    given = {"LONDATA_HUB_STATE": str(tmp_path), "LONDATA_HUB_REPORTS_AT_ONCE": "3", "LONDATA_HUB_LONGEST_RUN": "90"}
    c = Config()
    wiring.configure(c, settings.load(given))
    told = {each["name"]: each.get("environment", {}) for each in c.JupyterHub.services}
    known = settings.load(told["jobs"])
    assert (known.reports_at_once, known.longest_run, known.lab_memory) == (3, 90, "8G")


@pytest.mark.parametrize(("name", "value"), [("REPORTS_AT_ONCE", "-1"), ("LONGEST_RUN", "0"), ("LONGEST_RUN", "4h")])
def test_what_cannot_be_is_refused_by_its_name(tmp_path, name, value):
    with pytest.raises(SettingsError, match=name):
        settings.load({"LONDATA_HUB_STATE": str(tmp_path), f"LONDATA_HUB_{name}": value})
