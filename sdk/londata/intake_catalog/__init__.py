"""The catalog that analysts touch: a genuine ``intake.Catalog`` over a register, resolved as it is used.

Intake stands at the edge: analysts get its classes and its verbs, while finding, deciding, fetching and reading are
londata's own. Nothing that a publisher wrote ever passes through Intake's templating.
"""

from londata.intake_catalog.catalog import RegisterCatalog
from londata.intake_catalog.entry import RegisterEntry
from londata.intake_catalog.opening import open_catalog

__all__ = ["RegisterCatalog", "RegisterEntry", "open_catalog"]
