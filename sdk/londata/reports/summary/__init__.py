"""The summary of a batch, as a page and as data: what became of each report, and what changed since the one before."""

from londata.reports.summary.account import Account, Outcome, State
from londata.reports.summary.differences import Changes, compare
from londata.reports.summary.page import DATA, PAGE, write
from londata.reports.summary.place import Place, is_summary

__all__ = ["DATA", "PAGE", "Account", "Changes", "Outcome", "Place", "State", "compare", "is_summary", "write"]
