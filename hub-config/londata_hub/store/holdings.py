"""Where the bytes are that the gateway serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Holding:
    """Where the bytes of one distribution are.

    ``credential`` is encrypted text, empty where none is needed. The kind ``none`` takes an earlier record back.
    """

    entry: str
    distribution: str
    kind: Literal["file", "s3", "http", "none"]
    location: str
    credential: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
