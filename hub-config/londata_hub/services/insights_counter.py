"""What of an insight leaves the hub as a file or an answer: its receipt, its tables, and what rests on a dataset."""

from __future__ import annotations

import hashlib

from londata.access import Subject
from londata.errors import AccessDeniedError, EntryNotFoundError
from londata.records.publications import Version
from londata_hub.publishing.entries import has_tables
from londata_hub.publishing.snapshots import RECEIPT
from londata_hub.services.insights_facts import Shown
from londata_hub.services.insights_hall import Hall

#: How tables come to be there, where there are some that were not released, and where there are none.
RELEASE = "They are there once they are released: londata insight release lists what waits."
PUT_OUT = "A notebook puts one out with insights.table; its owner can publish it again with that."


class Counter(Hall):
    """A hall in which files are handed out."""

    def receipt(self, subject: Subject, slug: str) -> bytes:
        """Give the receipt of the current version to whoever may know of all that it names.

        Raises
        ------
        EntryNotFoundError
            There is no such insight for them, or it has no receipt.
        AccessDeniedError
            It names data that is not listed for them, or they may not open the insight.
        """
        shown = self.find(subject, slug)
        self._require_open(shown)
        if self.used(subject, shown)[1]:
            raise AccessDeniedError(
                f"The receipt of “{shown.title}” names data that is not listed for you.", hint=f"Ask {shown.owner}."
            )
        with self.open(shown, RECEIPT) as file:
            return file.read()

    def tables_version(self, subject: Subject, slug: str, number: int = 0) -> Version:
        """Find the version whose tables somebody may have: all of open data, or released.

        Parameters
        ----------
        subject
            Who asks.
        slug
            Of which insight.
        number
            Of the version of the insight itself that asks, which goes on while another one is current already; 0 for
            the current one.

        Raises
        ------
        EntryNotFoundError
            There is no such insight for them, or its tables are not to be had.
        AccessDeniedError
            They may not open it; or an insight asks for the tables of another one.
        """
        return self._with_tables(subject, slug, number)[1]

    def _with_tables(self, subject: Subject, slug: str, number: int = 0) -> tuple[Shown, Version]:
        if subject.insight and subject.insight != slug:
            raise AccessDeniedError("An insight has its own tables here, and no other’s.")
        if subject.insight:
            publication = self.store.find(slug)
            version = self.store.version(slug, number or publication.current) if publication else None
            shown = Shown(None, publication, version)
        else:
            shown = self.find(subject, slug)
            self._require_open(shown)
        version = shown.version
        if version is None or not has_tables(version):
            hint = RELEASE if version and version.tables else PUT_OUT
            raise EntryNotFoundError(f"“{shown.title}” has no tables that may be had.", hint=hint)
        return shown, version

    def _require_open(self, shown: Shown) -> None:
        if not shown.view.allowed:
            raise AccessDeniedError(shown.view.reason or "You may not open this insight.", hint=f"Ask {shown.owner}.")

    def table(self, subject: Subject, slug: str, name: str, kind: str, number: int = 0) -> tuple[bytes, str]:
        """Give one table, and its SHA-256.

        Parameters
        ----------
        subject
            Who asks.
        slug, name
            Which table of which insight.
        kind
            ``parquet`` or ``csv``.
        number
            As :meth:`tables_version` takes it.
        """
        shown, version = self._with_tables(subject, slug, number)
        if name not in {each.name for each in version.tables}:
            there = ", ".join(each.name for each in version.tables)
            raise EntryNotFoundError(f"“{shown.title}” has no table {name[:80]!r}.", hint=f"It has: {there}.")
        with self.open(shown, f"tables/{name}.{kind}") as file:
            content = file.read()
        return content, hashlib.sha256(content).hexdigest()
