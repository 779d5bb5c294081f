"""Publications, their versions and releases, each change together with its line in the log."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, insert, select, update

from londata.errors import UsageError
from londata.records.publications import Finding, Publication, Release, Step, Thresholds, Version
from londata_hub import audit
from londata_hub.store import publication_rows as rows
from londata_hub.store import tables
from londata_hub.store.arranging import as_document
from londata_hub.store.ledger import Ledger
from londata_hub.store.publication_rows import HUB

__all__ = ["HUB", "PublicationStore"]

#: Days are those of the place that the insights are about.
_LONDON = ZoneInfo("Europe/London")
_P, _V, _I = tables.publications, tables.publication_versions, tables.publication_inputs
_R, _U = tables.publication_releases, tables.publication_usage


class PublicationStore(Ledger):
    """What was published, in the register's database.

    It does as it is told: whether somebody may, is asked before. It is opened as a
    :class:`~londata_hub.store.ledger.Ledger` is.

    A publication is ``live``, ``paused`` or ``withdrawn``, the last for good. A version is ``checking``, then ``ready``
    or ``refused``, and never changes after that. What passed its check becomes the current version.
    """

    def add(self, publication: Publication) -> Publication:
        """Make room for an insight; while nothing of it has passed a check, its owner may say anew what it is to be.

        It has its line in the log when its first version has passed.

        Raises
        ------
        UsageError
            There is one of this name, which is somebody else's, has been published already, or is being checked.
        """
        with self._alone() as change:
            before = rows.found(change.connection, publication.slug)
            if before and (before.owner != publication.owner or before.current or before.state == "withdrawn"):
                raise UsageError(
                    f"There is an insight {publication.slug!r} already.", hint="Give yours another name, as its title."
                )
            rows.require_none_checking(change.connection, publication.slug)
            created = before.created_at if before else change.now
            new = publication.model_copy(update={"created_at": created, "current": 0})
            rows.put(change, new)
        return new

    def find(self, slug: str) -> Publication | None:
        """Find a publication; ``None`` when there is none of this name."""
        with self._database.reading() as connection:
            return rows.found(connection, slug)

    def all(self) -> list[Publication]:
        """List all publications by name, those that were withdrawn among them."""
        return self._listed()

    def of(self, owner: str) -> list[Publication]:
        """List a person's publications by name."""
        return self._listed(_P.c.owner == owner)

    def using(self, entry: str) -> list[Publication]:
        """List the publications whose current version rests on an entry; none that was withdrawn."""
        theirs = select(_I.c.publication).where(
            _I.c.entry == entry, _I.c.publication == _P.c.slug, _I.c.number == _P.c.current
        )
        return self._listed(theirs.exists(), _P.c.state != "withdrawn")

    def _listed(self, *conditions: ColumnElement[bool]) -> list[Publication]:
        wanted = select(_P.c.document).where(*conditions).order_by(_P.c.slug)
        with self._database.reading() as connection:
            return list(rows.readable(Publication, connection.execute(wanted).scalars()))

    def add_version(self, version: Version) -> Version:
        """Record that a version is being checked, under the next free number, which is in the answer.

        Raises
        ------
        UsageError
            Another version of it is being checked, or it was withdrawn.
        """
        with self._alone() as change:
            rows.going(change.connection, version.publication)
            rows.require_none_checking(change.connection, version.publication)
            last = select(func.max(_V.c.number)).where(_V.c.publication == version.publication)
            number = int(change.connection.execute(last).scalar() or 0) + 1
            fields = {"number": number, "state": "checking", "published_at": change.now, "released": False}
            new = version.model_copy(update=fields)
            key = {"publication": new.publication, "number": number, "state": new.state, "line": 0}
            change.connection.execute(insert(_V).values(document=as_document(new.to_dict()), **key))
        return new

    def version(self, slug: str, number: int) -> Version | None:
        """Find a version; ``None`` when there is none of this number."""
        with self._database.reading() as connection:
            return rows.version(connection, slug, number)

    def versions(self, slug: str) -> list[Version]:
        """List the versions of a publication, newest first."""
        with self._database.reading() as connection:
            found = connection.execute(rows.versions_of(slug).order_by(_V.c.number.desc())).all()
            return [rows.as_version(row) for row in found]

    def checking(self) -> list[Version]:
        """List all versions whose check has not ended."""
        wanted = select(_V.c.document).where(_V.c.state == "checking").order_by(_V.c.publication)
        with self._database.reading() as connection:
            return list(rows.readable(Version, connection.execute(wanted).scalars()))

    def accept(self, version: Version, by: str, *, audience: Iterable[str] | None = None) -> Version:
        """Let a version that passed its check be the current one; unless it waits for its release, which makes it so.

        What was stale under the version before is forgotten, and a publication that the hub paused is open again:
        whether this version still has access is asked anew.

        Parameters
        ----------
        version
            As its check left it.
        by
            Who published it.
        audience
            Who may open the insight from now on; as before where not given.

        Raises
        ------
        UsageError
            Its check had ended already, or the publication was withdrawn meanwhile.
        """
        with self._alone() as change:
            before = rows.going(change.connection, version.publication)
            ready, document = rows.checked(change, version, "ready")
            rests_on = list(dict.fromkeys(each.entry for each in ready.rests_on))
            said = {"version": ready.number, "digest": audit.digest(document), "access": ready.label.access}
            said |= {"rests_on": rests_on}
            if ready.waits:
                rows.end_check(change, ready, document, rows.say(change, before, "insight.waits", by, **said))
                rows.note_inputs(change, ready, rests_on)
                return ready
            if before.state == "paused" and before.changed_by == HUB:
                rows.say(change, before, "insight.resumed", by, version=ready.number)
                before = before.model_copy(update={"state": "live", "reason": "", "changed_by": by})
            chosen = before.audience if audience is None else tuple(audience)
            after = before.model_copy(update={"current": ready.number, "audience": chosen, "stale": ""})
            rows.put(change, after, "insight.published", by, audience=list(chosen), **said)
            rows.end_check(change, ready, document, change.log.end.seq)
            rows.note_inputs(change, ready, rests_on)
        return ready

    def refuse(self, version: Version, by: str = HUB) -> Version:
        """Note that a version did not pass its check; what was current stays it.

        Raises
        ------
        UsageError
            Its check had ended already.
        """
        must = [each.sentence for each in version.findings if each.weight == "must"]
        with self._alone() as change:
            refused, document = rows.checked(change, version, "refused")
            publication = rows.needed(change.connection, version.publication)
            said = {"version": refused.number, "digest": audit.digest(document), "findings": must}
            rows.end_check(change, refused, document, rows.say(change, publication, "insight.refused", by, **said))
        return refused

    def roll_back(self, slug: str, number: int, by: str) -> Publication:
        """Let an earlier version that passed its check be the current one again.

        Parameters
        ----------
        slug, number
            Which version of which publication.
        by
            Who does it.

        Raises
        ------
        UsageError
            It is the current one, or did not pass its check, or the publication was withdrawn.
        EntryNotFoundError
            There is no such publication or version.
        """
        with self._alone() as change:
            before = rows.going(change.connection, slug)
            version = rows.needed_version(change.connection, slug, number)
            if version.state != "ready":
                raise UsageError(f"Version {number} of {slug!r} did not pass its check, so it cannot be shown.")
            if before.current == number:
                raise UsageError(f"Version {number} of {slug!r} is the current one already.")
            after = before.model_copy(update={"current": number, "stale": ""})
            return rows.put(change, after, "insight.rolled_back", by, version=number, before=before.current)

    def forget(self, slug: str, number: int, by: str, size: int) -> None:
        """Note that the files of a version are removed; what is recorded of it stays.

        Parameters
        ----------
        slug, number
            Which version of which publication.
        by, size
            Who does it, and how many bytes they are.
        """
        with self._alone() as change:
            publication = rows.needed(change.connection, slug)
            rows.say(change, publication, "insight.forgotten", by, version=number, bytes=size)

    def withdraw(self, slug: str, by: str, reason: str) -> Publication:
        """Withdraw a publication for good. Its versions and its name are kept.

        Parameters
        ----------
        slug
            Which one.
        by
            Who does it.
        reason
            Why, as people will be told.

        Raises
        ------
        UsageError
            It was withdrawn already.
        """
        with self._alone() as change:
            before = rows.going(change.connection, slug)
            after = {"state": "withdrawn", "reason": reason, "changed_by": by, "stale": ""}
            return rows.put(change, before.model_copy(update=after), "insight.withdrawn", by, reason=reason)

    def pause(self, slug: str, by: str, reason: str) -> Publication:
        """Shut a publication until it is resumed.

        One that is paused already keeps its first reason, except that a person's takes the place of the hub's.

        Parameters
        ----------
        slug
            Which one.
        by
            Who does it; ``londata`` where the hub does.
        reason
            Why, as its owner and its viewers will be told.

        Raises
        ------
        UsageError
            It was withdrawn.
        """
        with self._alone() as change:
            before = rows.going(change.connection, slug)
            if before.state == "paused" and (by == HUB or before.changed_by != HUB):
                return before
            after = {"state": "paused", "reason": reason, "changed_by": by}
            return rows.put(change, before.model_copy(update=after), "insight.paused", by, reason=reason)

    def resume(self, slug: str, by: str) -> Publication:
        """Open a paused publication again; nothing happens to one that is open."""
        with self._alone() as change:
            before = rows.going(change.connection, slug)
            if before.state == "live":
                return before
            after = before.model_copy(update={"state": "live", "reason": "", "changed_by": by})
            return rows.put(change, after, "insight.resumed", by, version=before.current)

    def set_audience(self, slug: str, audience: Iterable[str], by: str) -> Publication:
        """Change who may open a publication.

        Parameters
        ----------
        slug
            Which one.
        audience
            Those who may from now on.
        by
            Who does it.
        """
        with self._alone() as change:
            return rows.set_audience(change, rows.going(change.connection, slug), tuple(audience), by)

    def tighten(self, slug: str, thresholds: Thresholds, by: str) -> Publication:
        """Tighten from when on numbers may be shown.

        Parameters
        ----------
        slug
            Which publication.
        thresholds
            The new ones.
        by
            Who does it.

        Raises
        ------
        UsageError
            One of them is looser than it was.
        """
        with self._alone() as change:
            before = rows.going(change.connection, slug)
            if said := rows.loosened(before.thresholds, thresholds):
                raise UsageError(f"Thresholds can only be tightened: {said}.", hint="Keep it as it is, or be stricter.")
            if thresholds == before.thresholds:
                return before
            old, new = before.thresholds.model_dump(), thresholds.model_dump()
            after = before.model_copy(update={"thresholds": thresholds})
            return rows.put(change, after, "insight.thresholds", by, thresholds=new, before=old)

    def mark_stale(self, slug: str, why: str) -> Publication:
        """Note what has changed under the current version, in a sentence; an empty one where nothing has any more."""
        with self._alone() as change:
            before = rows.going(change.connection, slug)
            if before.stale == why:
                return before
            after = before.model_copy(update={"stale": why})
            return rows.put(change, after, "insight.stale", HUB, version=before.current, why=why)

    def release(self, slug: str, version: int) -> Release | None:
        """Find the release of a version as it stands; ``None`` when nobody began one."""
        with self._database.reading() as connection:
            return rows.release(connection, slug, version)

    def releases(self) -> list[Release]:
        """List all releases as they stand, those that ended among them."""
        with self._database.reading() as connection:
            return list(rows.readable(Release, connection.execute(rows.last_releases()).scalars()))

    def move(self, release: Release, step: Step, findings: Iterable[Finding] = ()) -> Release:
        """Let a release take a step, and keep every step that it took.

        A release of the current version also opens it to whom it was asked for, and to no more than its owner has
        chosen since; one of a version that waited for it makes that the current one.

        Parameters
        ----------
        release
            As it stands; a first one has no steps yet.
        step
            Where it goes, by whom and why. The time is the store's.
        findings
            What was found when it was checked; those it had stay where none are given.

        Returns
        -------
        Release
            As it stands now.

        Raises
        ------
        UsageError
            Somebody else has moved it meanwhile, or its publication was withdrawn.
        """
        with self._alone() as change:
            publication = rows.going(change.connection, release.publication)
            version = rows.needed_version(change.connection, release.publication, release.version)
            there = rows.release(change.connection, release.publication, release.version)
            if (there.steps if there else ()) != release.steps or (there and there.author != release.author):
                raise UsageError("Somebody has moved this release meanwhile.", hint="Look at it again.")
            steps = (*release.steps, step.model_copy(update={"at": change.now}))
            found = tuple(findings) or release.findings
            after = release.model_copy(update={"state": step.to, "steps": steps, "findings": found})
            document = as_document(after.to_dict())
            said = {"version": after.version, "state": step.to, "before": there.state if there else ""}
            line = rows.say(
                change, publication, "release.moved", step.by, why=step.why, digest=audit.digest(document), **said
            )
            key = {"publication": after.publication, "number": after.version, "step": len(steps), "line": line}
            change.connection.execute(insert(_R).values(state=after.state, document=document, **key))
            to = rows.opens_to(change.connection, publication, version, after) if step.to == "released" else ()
            if step.to == "released" and version.waits and version.number > publication.current:
                rows.become_current(change, publication, version, to, step.by)
            elif to and after.version == publication.current:
                rows.set_audience(change, publication, to, step.by)
        return after

    def count_open(self, slug: str) -> None:
        """Count that somebody opened a publication today; who did is not written down."""
        day = self.now().astimezone(_LONDON).date().isoformat()
        with self._database.writing() as connection:
            rows.needed(connection, slug)
            same = (_U.c.publication == slug, _U.c.day == day)
            if not connection.execute(update(_U).where(*same).values(opened=_U.c.opened + 1)).rowcount:
                connection.execute(insert(_U).values(publication=slug, day=day, opened=1))

    def usage(self, slug: str) -> dict[str, int]:
        """Tell how often a publication was opened, by day (``2026-05-01``)."""
        wanted = select(_U.c.day, _U.c.opened).where(_U.c.publication == slug).order_by(_U.c.day)
        with self._database.reading() as connection:
            return {row.day: int(row.opened) for row in connection.execute(wanted)}
