"""The demonstration: generated sets that are not open, and agreements, projects, grants and requests to try them with.

It is wanted where a hub made its first people itself; a register of real people never gets it.
"""

from londata_hub.demonstration.preparing import prepare, want, wanted

__all__ = ["prepare", "want", "wanted"]
