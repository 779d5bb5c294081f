"""A table in which everything that must not leave is marked."""

from __future__ import annotations

import json

import pyarrow as pa

MARK = "PLANTED-SECRET"
TABLE = pa.table(
    {
        "borough": ["Camden", "Barnet"] * 50,
        "n": range(100),
        "kind": pa.array([f"{MARK}-{number}" if number % 2 else "plain" for number in range(100)]).dictionary_encode(),
        "secret": [f"{MARK}-{number}" for number in range(100)],
        "person": [{"name": f"{MARK}-{number}", "n": number} for number in range(100)],
        "dotted.name": [f"{MARK}-{number}" for number in range(100)],
    },
    metadata={
        "author": MARK,
        "pandas": json.dumps({"columns": [MARK]}),
        "geo": json.dumps({"columns": {}, "primary_column": MARK}),
    },
)
