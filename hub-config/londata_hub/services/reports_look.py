"""What the pages of the service of reports, and the reports themselves, may do in a browser. Pure."""

from __future__ import annotations

from londata_hub.services.look import STYLE, policy

POLICY = policy(STYLE)
#: On everything of a report: it runs nothing, fetches nothing, sends nothing, and is of no origin; files may be kept.
REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-downloads"
)
