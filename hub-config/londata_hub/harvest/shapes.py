"""Which portal software wrote a file, and the records in it."""

from __future__ import annotations

import json
from typing import Any

from londata.errors import ImportFormatError

_HINT = (
    "londata reads exports of DataPress (/api/v3/datasets/export.json, v2 and legacy), records of CKAN "
    "(package_show, package_search), and the reconstructed snapshot of the London Datastore."
)


def records_in(content: bytes, name: str) -> tuple[str, list[Any]]:
    """Find the records in an export.

    Parameters
    ----------
    content
        The file's bytes.
    name
        How errors call the file.

    Returns
    -------
    tuple
        The shape (``datapress-v3``, ``datapress-v2``, ``datapress-legacy``, ``ckan`` or ``snapshot``) and the records.

    Raises
    ------
    ImportFormatError
        The bytes are no JSON, or JSON of another shape.
    """
    payload = _parsed(content, name)
    records = _listed(payload, name)
    described = next((record for record in records if isinstance(record, dict)), None)
    if described is None:
        raise ImportFormatError(f"{name} holds no records of datasets.", hint=_HINT)
    if not {"title", "name", "slug"} & described.keys() or not {"id", "slug", "name"} & described.keys():
        raise ImportFormatError(f"The records of {name} have no title and identifier as datasets have.", hint=_HINT)
    return _shape(described), records


def _parsed(content: bytes, name: str) -> Any:
    if not content.strip():
        raise ImportFormatError(f"{name} is empty ({len(content)} bytes).", hint="Download it again.")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise ImportFormatError(
            f"{name} is a web page, not JSON: perhaps the portal answered with an error page.",
            hint="Open it in a browser to see what it says, and download the export again.",
        )
    try:
        return json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ImportFormatError(
            f"{name} is not complete, valid JSON{where}.", hint="Perhaps it was cut off; download it again."
        ) from error


def _listed(payload: Any, name: str) -> list[Any]:
    if isinstance(payload, dict) and "result" in payload:  # the envelope of CKAN
        if payload.get("success") is False:
            raise ImportFormatError(f"{name} is an error that the portal answered with, not an export.", hint=_HINT)
        payload = payload["result"]
        if isinstance(payload, dict) and isinstance(payload.get("results"), list):
            payload = payload["results"]
    if isinstance(payload, dict) and "resources" in payload:
        payload = [payload]
    if isinstance(payload, dict):
        keys = ", ".join(sorted(map(str, payload))[:6]) or "nothing"
        raise ImportFormatError(f"{name} is JSON of a shape that londata does not know (it has {keys}).", hint=_HINT)
    if not isinstance(payload, list):
        raise ImportFormatError(f"{name} holds one {type(payload).__name__}, not a list of datasets.", hint=_HINT)
    return payload


def _shape(record: dict[str, Any]) -> str:
    for shape, signs in (
        ("snapshot", {"resources_known"}),
        ("ckan", {"notes", "license_id", "owner_org", "num_resources"}),
        ("datapress-v2", {"canonical", "archivedAt"}),
        ("datapress-v3", {"masthead", "links", "webpage"}),
    ):
        if signs & record.keys():
            return shape
    return "datapress-legacy"
