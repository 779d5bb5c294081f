"""Reports: parameterised notebooks, run in a process of their own, that say what they rest on.

>>> from londata import reports
>>> reports.run("borough-profile", borough="Camden", out="reports/")            # doctest: +SKIP
"""

from __future__ import annotations

from londata.reports import templates
from londata.reports.engine import Report, run
from londata.reports.parameters import Parameter
from londata.reports.templates import Template

__all__ = ["Parameter", "Report", "Template", "run", "templates"]
