"""Validating crates without a network: the RO-Crate context is put where the validator keeps what it has fetched."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import requests
from requests_cache import CachedSession
from rocrate_validator import services
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
#: The words of RO-Crate 1.1 that receipts use. All are terms of schema.org of the same name but for two.
TERMS = """about actionStatus agent alternateName author conditionsOfAccess contentSize creator CreateAction
CreativeWork Dataset datePublished description encodingFormat
endTime error hasPart instrument license mentions name object
Organization Person programmingLanguage PropertyValue publisher result SoftwareSourceCode startTime value version"""
TABLE = {term: f"http://schema.org/{term}" for term in TERMS.split()} | {
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
}


def keep_context(cache: Path) -> None:
    """Put the context into a cache as if the validator had fetched it once."""
    body = json.dumps({"@context": TABLE}).encode()
    response = requests.Response()
    response.status_code, response.url = 200, CONTEXT
    response.headers["Content-Type"] = "application/ld+json"
    response.raw = HTTPResponse(io.BytesIO(body), status=200, preload_content=False, headers=response.headers)
    response._content = body
    response.request = requests.Request("GET", CONTEXT).prepare()
    with CachedSession(cache_name=str(cache), expire_after=-1) as session:
        session.cache.save_response(response)


def issues(crate: Path, cache: Path) -> dict[str, set[str]]:
    """Validate a crate against Process Run Crate 0.5; gives the messages by severity."""
    settings = services.ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier="process-run-crate-0.5",
        requirement_severity="RECOMMENDED",
        offline=True,
        cache_path=cache,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the validator uses what rdflib is about to drop
        said = services.validate(settings).get_issues()
    found: dict[str, set[str]] = {"REQUIRED": set(), "RECOMMENDED": set()}
    for issue in said:
        found[issue.severity.name].add(str(issue.message))
    return found
