"""The words of a receipt: which terms of RO-Crate and schema.org it uses, and which are its own.

A receipt is an RO-Crate 1.1 with the profile Process Run Crate 0.5. What neither has a term for (a join, an
agreement) is said with terms of our own, in the namespace that RO-Crate keeps for that; ``docs/receipts.md`` says
what each means.
"""

from __future__ import annotations

from typing import Any

CRATE = "https://w3id.org/ro/crate/1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
OWN = "https://w3id.org/ro/terms/londata#"
_WORKFLOW_RUN = "https://w3id.org/ro/terms/workflow-run#"
STATES = {
    "completed": "http://schema.org/CompletedActionStatus",
    "failed": "http://schema.org/FailedActionStatus",
    "stopped": "http://schema.org/FailedActionStatus",
}

#: Field of a reading → term of its entity. ``columns``, ``dimensions``, ``publisher`` and ``creators`` are apart.
READING = {
    "title": "name",
    "entry": "entry",
    "distribution": "distribution_read",
    "sha256": "sha256",
    "size_bytes": "contentSize",
    "version": "version",
    "rows": "rows",
    "licence": "license",
    "access": "conditionsOfAccess",
    "register": "register",
    "described": "described",
    "agreement": "agreement",
    "policy_version": "policy_version",
    "project": "project",
    "purpose": "purpose",
    "decision": "decision",
    "grant": "grant",
    "until": "until",
    "outputs": "allowed_outputs",
    "read_at": "at",
}
#: Field of a join → term of its entity; ``keys`` is apart.
JOIN = {
    "name": "name",
    "how": "how",
    "left_rows": "left_rows",
    "right_rows": "right_rows",
    "matched": "matched",
    "unmatched_left": "unmatched_left",
    "unmatched_right": "unmatched_right",
    "rows": "rows",
    "at": "at",
}
#: Field of a read that went around the register → term of its entity.
AROUND = {"what": "name", "how": "how", "at": "at"}

_STANDARD = {"name", "contentSize", "version", "license", "conditionsOfAccess", "sha256"}
_OWN_WORDS = (
    ({*READING.values(), *JOIN.values(), *AROUND.values()} - _STANDARD)
    | {"Join", "ReadAround", "batch", "batch_name", "dimensions", "formats", "series", "status"}
    | {"joins", "reads_around", "register_asked", "template_files"}
)
CONTEXT: list[Any] = [
    f"{CRATE}/context",
    {word: f"{OWN}{word}" for word in sorted(_OWN_WORDS)}
    | {
        "columns": {"@id": f"{OWN}columns", "@container": "@list"},
        "keys": {"@id": f"{OWN}keys", "@container": "@list"},
        "environment": f"{_WORKFLOW_RUN}environment",
        "sha256": f"{_WORKFLOW_RUN}sha256",
    },
]
