"""The one way in which bytes come from the network: :func:`fetch`, and :func:`stream` for what may not be kept.

Everything that follows an address out of a record goes through here, because a harvested address is hostile
until shown otherwise. ``addresses`` holds the rules of where londata will go, ``transport`` dials exactly the
address that was checked, ``download`` follows redirects, keeps to the limits and fills the cache.
"""

from londata.fetch.download import Streamed, fetch, stream

__all__ = ["Streamed", "fetch", "stream"]
