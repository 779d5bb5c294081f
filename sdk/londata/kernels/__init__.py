"""Kernels that londata starts itself, for reports, checks and apps.

:class:`SameInterpreter` starts one in this very Python; :class:`WarmProcess` keeps a zygote from which it is forked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from londata.kernels.limits import Limits
from londata.kernels.warm import WarmProcess

if TYPE_CHECKING:
    from londata.kernels.same_interpreter import SameInterpreter

__all__ = ["Limits", "SameInterpreter", "WarmProcess"]


def __getattr__(name: str) -> Any:
    """Import jupyter_client only for those who start a kernel themselves."""
    if name == "SameInterpreter":
        from londata.kernels.same_interpreter import SameInterpreter

        return SameInterpreter
    raise AttributeError(name)
