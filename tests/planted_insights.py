"""Insights put straight into a register that is served, as if they had been published and had passed their check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import nbformat

from gateway_service import an_agreement, an_entry
from londata.records import Grant, Insight, Project, entry_from_dict
from londata.records.publications import Label, Publication, RestsOn, Version
from londata_hub.settings import HubSettings
from londata_hub.store import AccessStore, RegisterStore
from londata_hub.store.publication_store import PublicationStore

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
PLACES = "planted-places"


class Planting:
    """Plants insights; ``hub`` are the settings of the hub that is served."""

    def __init__(self, hub: HubSettings) -> None:
        self.hub = hub
        self.anchors = self.hub.state / "audit-anchors"

    @contextmanager
    def store(self) -> Iterator[PublicationStore]:
        with PublicationStore(self.hub.database, self.anchors) as store:
            yield store

    @contextmanager
    def access(self) -> Iterator[AccessStore]:
        with AccessStore(self.hub.database, self.anchors) as store:
            yield store

    def register(self, *entries: Any) -> None:
        with RegisterStore(self.hub.database, self.hub.index) as register:
            for entry in entries:
                register.upsert([entry], source=f"insight:{entry.id}")

    def closed_data(self, slug: str, people: Iterable[str]) -> None:
        """Describe closed data, and let some people read it for a project, under an agreement of their bodies."""
        people = tuple(people)
        self.register(an_entry(slug, {"csv": "text/csv"}))
        with self.access() as store:
            now = store.now()
            until = now + dt.timedelta(days=100)
            parties = [{"organisation": body, "role": "joint"} for body in ("gla", "camden", "tfl", "hackney")]
            store.record(an_agreement("ISA-P", [{"entry": slug}], now.date(), parties=parties), "operator")
            values = {"title": "Places", "purpose": "school-place-planning", "public_benefit": "Good."}
            about = {"members": people, "agreements": ("ISA-P",), "end": until.date()}
            store.record(Project(id=PLACES, **values, **about), "operator")
            for person in people:
                grant = {"subject": person, "entry": slug, "project": PLACES, "agreement": "ISA-P", "until": until}
                name = f"planted-{person}-{slug}"
                store.grant(Grant(id=name, granted_by="chen", granted_at=now, **grant), "operator")

    def insight(
        self, slug: str, cell: str, audience: Iterable[str], *, reads: Iterable[RestsOn] = (), **more: Any
    ) -> None:
        """Publish a notebook of one cell."""
        reads, audience = tuple(reads), tuple(audience)
        access = "closed" if any(each.access != "open" for each in reads) else "open"
        with self.store() as store:
            values = {"slug": slug, "owner": "bola", "audience": audience, "created_at": store.now()}
            publication = store.add(Publication(**(values | more)))
            record = {"title": slug.title(), "summary": "Planted."}
            about = {"files": {}, "record": record, "published_by": "bola", "published_at": store.now()}
            version = store.add_version(Version(publication=slug, number=1, rests_on=reads, **about))
            folder = self.hub.state / "insights" / slug / str(version.number)
            folder.mkdir(parents=True)
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)], metadata=KERNEL)
            nbformat.write(notebook, folder / "app.ipynb")
            store.accept(version.model_copy(update={"label": Label(access=access)}), "bola")
        self.register(_entry(publication, reads, access))


def _entry(publication: Publication, reads: tuple[RestsOn, ...], access: str) -> Insight:
    named = [each for each in publication.audience if each not in ("public", "hub")]
    shown: dict[str, Any] = {"listing": "public", "open_to_all": publication.is_public and access == "open"}
    if named:
        shown = {"listing": "members", "audience": [f"person:{publication.owner}", *named]}
    values = {
        "kind": "insight",
        "id": publication.slug,
        "title": publication.slug.title(),
        "form": "app",
        "publisher": {"id": "londata", "name": "londata"},
        "owner": publication.owner,
        "public_benefit": "Something good.",
        "uses": [each.entry for each in reads] or ["london-authorities"],
        "access": access,
        "address": f"/services/apps/{publication.slug}/",
    }
    found = entry_from_dict(values | shown)
    assert isinstance(found, Insight)
    return found
