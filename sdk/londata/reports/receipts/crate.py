"""From a run to the RO-Crate that vouches for it: one flat graph of entities, each with an id of its own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from londata.reports.job import RECEIPT, Job, Status
from londata.reports.receipts import words
from londata.reports.templates import Template

Entity = dict[str, Any]
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_BLOCK = 2**20


@dataclass(frozen=True)
class Told:
    """Everything that a receipt tells of a run."""

    job: Job
    template: Template
    status: Status
    problem: str
    sentence: str
    ended: str
    series: str
    environment: dict[str, str]
    reads: Sequence[dict[str, Any]]
    joins: Sequence[dict[str, Any]]
    around: Sequence[dict[str, Any]]
    asked: bool = False


@dataclass
class _Graph:
    entities: list[Entity] = field(default_factory=list)

    def add(self, entity: Entity) -> Entity:
        """Add an entity, without what is not known of it, and give what refers to it."""
        self.entities.append({word: value for word, value in entity.items() if value not in (None, "", [])})
        return {"@id": entity["@id"]}

    def add_all(self, entities: Iterable[Entity]) -> Any:
        """Add several; one of them is referred to by itself, as RO-Crate writes it."""
        return single([self.add(each) for each in entities])


def single(values: list[Any]) -> Any:
    """Write a list as JSON-LD does in its compact form: one value is itself, none is nothing."""
    return values[0] if len(values) == 1 else values or None


def crate(told: Told) -> dict[str, Any]:
    """Write the crate of a run whose files lie in its folder."""
    graph, job = _Graph(), told.job
    files = graph.add_all(_files(job.report))
    person = graph.add({"@id": "#agent", "@type": "Person", "name": job.agent})
    licence = graph.add(_licence(told.reads, told.around))
    profile = graph.add({"@id": words.PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"})
    inputs = [*_as_list(_reads(graph, told.reads)), *_as_list(graph.add_all(_parameters(job)))]
    title = f"{told.template.title}: {job.heading}"
    purposes = list(dict.fromkeys(each["purpose"] for each in told.reads if each.get("purpose")))
    run = graph.add(
        {
            "@id": job.id,
            "@type": "CreateAction",
            "name": title,
            "description": told.sentence,
            "agent": person,
            "instrument": graph.add(_template(graph, told.template)),
            "object": single(inputs),
            "result": files,
            "startTime": job.started,
            "endTime": told.ended,
            "actionStatus": words.STATES[told.status],
            "error": told.problem,
            "environment": graph.add_all(_environment(told.environment)),
            "status": told.status,
            "project": job.project,
            "purpose": single(purposes),
            "series": told.series,
            "batch": job.batch,
            "batch_name": job.batch_name,
            "formats": single(list(job.formats)),
            "joins": graph.add_all(_joins(told.joins)),
            "reads_around": graph.add_all(_around(told.around)),
            "register_asked": told.asked or None,
        }
    )
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": told.sentence,
        "datePublished": told.ended,
        "license": licence,
        "author": person,
        "conformsTo": profile,
        "hasPart": files,
        "mentions": run,
    }
    known = [{word: value for word, value in each.items() if value is not None} for each in (_descriptor(), root)]
    return {"@context": words.CONTEXT, "@graph": [*known, *graph.entities]}


def _descriptor() -> Entity:
    """Say what the file itself is: the description of the folder that it is in."""
    about = {"about": {"@id": "./"}, "conformsTo": {"@id": words.CRATE}}
    return {"@id": RECEIPT, "@type": "CreativeWork"} | about


def sha256_of(path: Path) -> str:
    """Hash a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_below(folder: Path) -> list[Path]:
    """List the files of a report's folder except its receipt; links are not followed and are no files of the report."""
    found = []
    for inside, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        found += [Path(inside) / name for name in sorted(names)]
    return [path for path in found if path != folder / RECEIPT and path.is_file() and not path.is_symlink()]


def _files(folder: Path) -> Iterable[Entity]:
    for path in files_below(folder):
        name = path.relative_to(folder)
        yield {
            "@id": quote(os.fsencode(name.as_posix())),
            "@type": "File",
            "name": os.fsencode(name.as_posix()).decode("utf-8", "replace"),
            "encodingFormat": MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
            "contentSize": str(path.stat().st_size),
            "sha256": sha256_of(path),
        }


def _licence(reads: Sequence[dict[str, Any]], around: Sequence[dict[str, Any]]) -> Entity:
    """Say the licence of what was read where all of it is known, open and under the same one; none is guessed."""
    stated = {each.get("licence") or "not stated" for each in reads}
    is_open = bool(reads) and not around and all(each.get("access") == "open" for each in reads)
    if is_open and len(stated) == 1 and "not stated" not in stated:
        name = stated.pop()
        about = f"Everything that this report read is open, and under {name}."
    else:
        name = "Not stated"
        read = "; ".join(sorted({f"{each['entry']}: {each.get('licence') or 'not stated'}" for each in reads}))
        about = f"Nobody has stated a licence for this report. Licences of what it read: {read or 'nothing was read'}."
    return {"@id": "#licence", "@type": "CreativeWork", "name": name, "description": about}


def _template(graph: _Graph, template: Template) -> Entity:
    hashes = template.sha256()
    files = [
        {"@id": f"#template-file-{number}", "@type": "CreativeWork", "name": name, "sha256": sha256}
        for number, (name, sha256) in enumerate(sorted(hashes.items()), 1)
    ]
    return {
        "@id": "#template",
        "@type": "SoftwareSourceCode",
        "name": template.name,
        "alternateName": template.title,
        "description": template.purpose,
        "version": hashlib.sha256("".join(hashes[name] for name in sorted(hashes)).encode()).hexdigest(),
        "programmingLanguage": "Python",
        "template_files": graph.add_all(files),
    }


def _parameters(job: Job) -> Iterable[Entity]:
    for name, value in job.parameters.items():
        yield {"@id": f"#parameter-{quote(name)}", "@type": "PropertyValue", "name": name, "value": value}


def _environment(known: dict[str, str]) -> Iterable[Entity]:
    for name, value in known.items():
        yield {"@id": f"#environment-{name}", "@type": "PropertyValue", "name": name, "value": value}


def _reads(graph: _Graph, reads: Sequence[dict[str, Any]]) -> Any:
    holders: dict[str, Entity] = {}

    def holder(name: str) -> Entity:
        if name not in holders:
            about = {"@id": f"#organisation-{len(holders) + 1}", "@type": "Organization", "name": name}
            holders[name] = graph.add(about)
        return holders[name]

    found = []
    for number, each in enumerate(reads, 1):
        here = f"#read-{number}"
        sizes = [
            {"@id": f"{here}-{quote(name)}", "@type": "PropertyValue", "name": name, "value": size}
            for name, size in (each.get("dimensions") or {}).items()
        ]
        entity = {"@id": here, "@type": "Dataset"} | {
            term: each.get(name) for name, term in words.READING.items() if each.get(name) is not None
        }
        entity["columns"] = list(each.get("columns") or ())
        entity["dimensions"] = graph.add_all(sizes)
        entity["publisher"] = holder(each["publisher"]) if each.get("publisher") else None
        entity["creator"] = single([holder(name) for name in each.get("creators") or ()])
        if "contentSize" in entity:
            entity["contentSize"] = str(entity["contentSize"])
        found.append(graph.add(entity))
    return single(found)


def _joins(joins: Sequence[dict[str, Any]]) -> Iterable[Entity]:
    for number, each in enumerate(joins, 1):
        yield {"@id": f"#join-{number}", "@type": "Join", "keys": list(each["keys"])} | {
            term: each.get(name) for name, term in words.JOIN.items() if each.get(name) is not None
        }


def _around(around: Sequence[dict[str, Any]]) -> Iterable[Entity]:
    for number, each in enumerate(around, 1):
        yield {"@id": f"#around-{number}", "@type": "ReadAround"} | {
            term: each[name] for name, term in words.AROUND.items()
        }


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
