"""What this kernel works for: one project, from the moment it is chosen to the end of the process.

It is kept in the environment, so that whatever the kernel starts works for the same project. That is a help for
honest code and no lock: the gateway keeps its own note of which session works for which project.
"""

from __future__ import annotations

import os
import sys

from londata import settings
from londata.errors import UsageError


def place() -> str:
    """Say what this is for whoever works in it: a kernel of a notebook, else a session of a terminal."""
    kernels = sys.modules.get("ipykernel.kernelapp")
    return "kernel" if kernels and kernels.IPKernelApp.initialized() else "session"


def project() -> str | None:
    """Name the project that this process works for; ``None`` while none is chosen."""
    return settings.get("PROJECT") or None


def fix_project(name: str) -> None:
    """Choose the project of this process, once.

    Raises
    ------
    UsageError
        It works for another one already: what was read for one purpose must not meet what is read for another.
    """
    chosen = project()
    if chosen not in (None, name):
        here = place()
        how = " (Kernel → Restart, or another notebook)" if here == "kernel" else ""
        raise UsageError(
            f"This {here} works for the project {chosen}, and one {here} never works for two.",
            hint=f"Start a new {here}{how} and use {name} there.",
        )
    os.environ[f"{settings.PREFIX}PROJECT"] = name
