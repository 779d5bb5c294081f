"""How every user's Lab is set: kernels over sockets, and nothing that looks for a network."""

import os
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821

c.KernelManager.transport = "ipc"

# Beside "Python 3" a kernel for each project of the user (hub-config/lab/project_kernels.py)
c.ServerApp.kernel_spec_manager_class = "project_kernels.ProjectKernels"

# What cells show after data that is not open was read stays out of notebook files (hub-config/lab/saved_outputs.py)
c.ContentsManager.pre_save_hook = "saved_outputs.leave_out"

# A sandbox has no network: these would wait for one
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
c.ServerApp.jpserver_extensions = {"jupyter_lsp": False}

# The tab "Reports" in the side bar and the button "Publish" of notebooks (hub-config/lab/labextensions)
c.LabApp.extra_labextensions_path = [str(Path(__file__).with_name("labextensions"))]

# Seconds for which the hub's word on a token is believed: one that is revoked stops working here, too
c.HubOAuth.cache_max_age = 10

# A preview of an app looks as the app will, and asks no other host for anything
os.environ.setdefault("JUPYTER_PATH", str(Path(__file__).resolve().parents[2] / "sdk" / "londata" / "widgets" / "look"))
c.VoilaConfiguration.template = "londata"
