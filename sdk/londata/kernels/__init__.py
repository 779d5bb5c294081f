"""Kernels that londata starts itself, for reports, checks and apps; see :mod:`londata.kernels.same_interpreter`."""

from londata.kernels.same_interpreter import SameInterpreter

__all__ = ["SameInterpreter"]
