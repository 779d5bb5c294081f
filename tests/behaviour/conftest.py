"""What the behaviour suites run on."""

from __future__ import annotations

from postgres_server import postgres_address, postgres_cluster  # noqa: F401
