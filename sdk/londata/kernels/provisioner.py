"""How a kernel is started from a warm process: the provisioner of the name ``londata-zygote``."""

from __future__ import annotations

from jupyter_client.provisioning import LocalProvisioner


class ZygoteProvisioner(LocalProvisioner):  # type: ignore[misc]  # jupyter_client has no types
    """Forks kernels from a preloaded interpreter."""
