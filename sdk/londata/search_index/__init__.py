"""The search index: derived from entries, rebuildable at any time, the same on a laptop and in the hub.

It answers with slugs, totals and counts; the entries themselves stay where they are kept.
"""

from londata.search_index.index import IndexPage, SearchIndex

__all__ = ["IndexPage", "SearchIndex"]
