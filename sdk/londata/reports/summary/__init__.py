"""The summary of a batch, as a page and as data: what became of each report, and what changed since the one before."""

from londata.reports.summary.account import Account, Outcome, State
from londata.reports.summary.differences import Changes, compare
from londata.reports.summary.page import DATA, PAGE, folder_for, write

__all__ = ["DATA", "PAGE", "Account", "Changes", "Outcome", "State", "compare", "folder_for", "write"]
