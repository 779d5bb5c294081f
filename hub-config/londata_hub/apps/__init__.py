"""Published apps behind the hub: who may open one, in which process it runs, and what may pass between them.

``messages``, ``paths`` and ``ledger`` decide and do nothing else; ``process`` and ``relay`` act; ``handlers`` is where
a browser's request meets both.
"""
