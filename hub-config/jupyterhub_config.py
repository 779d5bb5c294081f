"""JupyterHub's configuration: read the settings, try whether users can be kept apart, apply.

`londata-hub up` uses it; so can `jupyterhub -f hub-config/jupyterhub_config.py`.
"""

from londata_hub import sandbox, settings, wiring
from londata_hub.wiring import folders

c = get_config()  # type: ignore[name-defined]  # noqa: F821

hub = settings.load()
folders.prepare(hub)
wiring.configure(c, hub, not_isolated=sandbox.why_not())
