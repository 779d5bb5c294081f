"""A second hub, for tests that stop it, kill it or change how it is set up: one state, started again when it is down.

It is set up as an operator would, around ours: with one service account more.
"""

import shutil
import sys

import pytest

from londata_hub import settings
from running_hub import ROOT, RunningHub

TOKEN = "a-token-of-the-weekly-job-0123456789"
#: What an operator writes around the hub's own configuration.
CONFIGURATION = """
c = get_config()
load_subconfig({ours!r})
c.Authenticator.auth_refresh_age = 1
c.JupyterHub.services.append({{"name": "weekly-pathways", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{
    "name": "weekly-pathways",
    "scopes": ["access:services!service=gateway"],
    "services": ["weekly-pathways"],
}})
"""
UP = """
import sys, pathlib
from londata_hub import launch
launch.CONFIGURATION = pathlib.Path(sys.argv[1])
from londata_hub.__main__ import main
sys.exit(main(["up"]))
"""


class HubOfAnOperator(RunningHub):
    """A hub with one service account more than ours."""

    def command(self, **more):
        written = self.state.parent / "operator_config.py"
        written.write_text(CONFIGURATION.format(ours=str(ROOT / "hub-config" / "jupyterhub_config.py"), token=TOKEN))
        return super().command(**more) | {"args": [sys.executable, "-c", UP, str(written)]}

    def up(self):
        """Start it where it does not run."""
        return self if self.process and self.process.poll() is None else self.start()


@pytest.fixture(scope="session")
def operators_hub(tmp_path_factory):
    """The hub, not started yet; whoever uses it calls ``up``. It ships no apps."""
    folder = tmp_path_factory.mktemp("operator")
    (folder / "no-apps").mkdir()
    made = HubOfAnOperator(folder / "state", environ={"LONDATA_VOILA_APPS": str(folder / "no-apps")})
    yield made
    made.hang_up()
    if made.process and made.process.poll() is None:
        made.stop()
    shutil.rmtree(settings.load(made.command()["env"]).sockets, ignore_errors=True)  # a killed hub leaves it
