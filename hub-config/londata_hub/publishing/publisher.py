"""Publishing: what somebody asks for becomes a snapshot, is checked, and is the current version when it has passed."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from londata.access import Subject
from londata.access.labels import may_open
from londata.access.releasing import can_wait, licence_lines
from londata.errors import LondataError, UsageError
from londata.records import Entry
from londata.records.publications import Finding, Publication, Release, Step, Version
from londata_hub.publishing import asking, entries, shipped
from londata_hub.publishing.acquaintance import People, findings
from londata_hub.publishing.asking import Asked
from londata_hub.publishing.checked import Checked, Checker
from londata_hub.publishing.keeping import Keeping, Quota
from londata_hub.publishing.releasing import brought_along
from londata_hub.publishing.snapshots import Snapshots
from londata_hub.store import RegisterStore
from londata_hub.store.publication_store import HUB, PublicationStore

log = logging.getLogger(__name__)

#: Checks at a time, checks of one owner that wait or run, and checks whose steps are remembered.
AT_ONCE, OF_ONE_OWNER, REMEMBERED = 2, 3, 200
RESTARTED = "The hub was restarted while this was checked. Publish it again."
#: Takes the picture of a version that is open; ``None`` where it could not.
Picture = Callable[[Publication, Version, Path], bytes | None]


class Publisher(Keeping):
    """Publishes, checks in the background, and looks after what was published.

    Parameters
    ----------
    store
        What was published, the arrangements and the log.
    register
        Where entries are written.
    snapshots
        Where files are kept.
    checker
        Runs a version and says what it found.
    picture
        Takes the picture of a version, for the gallery.
    quota
        How much of one person is kept.
    people
        Everybody who may log in here.
    """

    def __init__(
        self,
        store: PublicationStore,
        register: RegisterStore,
        snapshots: Snapshots,
        checker: Checker,
        *,
        picture: Picture | None = None,
        quota: Quota | None = None,
        people: People | None = None,
    ) -> None:
        super().__init__(store, register, snapshots, quota, people)
        self._checker, self._picture = checker, picture
        self._taking = threading.Lock()  # so that nobody is counted twice at once and found to have room
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check")
        self._later = ThreadPoolExecutor(1, thread_name_prefix="picture")  # nobody waits for these
        self._steps: OrderedDict[tuple[str, int], list[str]] = OrderedDict()
        self._under_way: dict[tuple[str, int], Future[None]] = {}
        self._noting = threading.Lock()

    def start(self) -> None:
        """Bring to an end what a hub that stopped has left: checks are refused, entries say how things stand."""
        for version in self.store.checking():
            finding = Finding(check="restart", weight="must", sentence=RESTARTED)
            self._refuse(version.model_copy(update={"findings": (*version.findings, finding)}))
        self.snapshots.tidy()
        for publication in self.store.all():
            try:
                self.write_entry(publication.slug)
            except LondataError as error:
                log.warning("the entry of %s is not up to date: %s", publication.slug, error)

    def close(self, *, wait: bool = False) -> None:
        """Begin no more checks; what is under way is refused when the hub starts again.

        Parameters
        ----------
        wait
            Whether to let what is under way come to its end.
        """
        for pool in (self._pool, self._later):
            pool.shutdown(wait=wait, cancel_futures=not wait)

    def wait(self, slug: str, number: int, timeout: float | None = None) -> None:
        """Wait until the check of a version has ended; for programs that have nothing else to do.

        Parameters
        ----------
        slug, number
            Which version.
        timeout
            Seconds after which ``TimeoutError`` is raised.
        """
        with self._noting:
            future = self._under_way.get((slug, number))
        if future is not None:
            future.result(timeout)

    def publish(self, subject: Subject, asked: Asked) -> Version:
        """Take a snapshot and let it be checked; returns at once.

        Parameters
        ----------
        subject
            Who publishes: a person.
        asked
            What.

        Returns
        -------
        Version
            As it stands: ``checking``. :meth:`steps` tells how far it is.

        Raises
        ------
        UsageError
            It cannot be published as it is; the sentence says what to mend.
        AccessDeniedError
            They may not publish it.
        TooLargeError
            It is too much.
        """
        asking.require_person(subject)
        slug = asking.slug_of(asked)
        with self.alone(slug), self._taking:
            publication = self._publication(subject, asked, slug)
            files, found = asking.files_of(asked, slug)
            found += findings(self.strangers(asked.audience or publication.audience, subject.name))
            waiting = [each for each in self.store.checking() if each.published_by == subject.name]
            if len(waiting) >= OF_ONE_OWNER:
                raise UsageError(f"{len(waiting)} versions of yours are being checked.", hint="Wait for one of them.")
            self.require_room(subject.name, slug, files)
            return self._begin(publication, asked, files, found)

    def publish_shipped(self, folder: Path) -> list[Version]:
        """Publish the apps that londata ships, where they are not what was published last.

        Parameters
        ----------
        folder
            With a folder for each app, which holds ``app.ipynb`` and ``app.yaml``.

        Returns
        -------
        list of Version
            Those that are being checked now. An app that cannot be published is named in the hub's log.
        """
        begun = []
        for app in shipped.apps(folder):
            try:
                with self.alone(app.slug):
                    files, found = asking.files_of(app.asked, app.slug, shipped=True)
                    publication = self.store.find(app.slug) or app.publication(self.store.now())
                    if not publication.shipped:
                        raise UsageError(f"{publication.owner} has published something of that name.")
                    if publication.state == "withdrawn" or self._is_the_same(publication, app, files):
                        continue
                    begun.append(self._begin(publication, app.asked, files, found))
            except LondataError as error:
                log.error("the app %s is not published: %s", app.slug, error)
        return begun

    def steps(self, slug: str, number: int) -> list[str]:
        """Give the sentences that told so far how the check of a version goes; nothing of one that is long over."""
        with self._noting:
            return list(self._steps.get((slug, number), ()))

    def _publication(self, subject: Subject, asked: Asked, slug: str) -> Publication:
        """Find or make what a version is published of, for whoever may."""
        now = self.store.now()
        chosen = asking.audience_of(asked, slug, subject.name, now)
        there = self.store.find(slug)
        if asked.project:
            asking.require_project(asked.project, subject.name, self.store.arrangements(), now)
        if there and (there.current or there.state == "withdrawn") and self.is_own(subject, slug):
            if asked.project and asked.project != there.project:
                raise UsageError(
                    f"{slug!r} was published for {there.project or 'no project'}, and stays so.",
                    hint="Publish it under another name.",
                )
            return there
        taken = there.owner != subject.name if there else bool(self.register.taken([slug]))
        if taken:
            raise UsageError(f"The name {slug!r} is taken.", hint="Give yours another name, as its title.")
        own = (f"project:{asked.project}",) if asked.project else (f"person:{subject.name}",)
        return Publication(
            slug=slug,
            owner=subject.name,
            project=asked.project or None,
            audience=chosen or own,
            created_at=now,
        )

    def _is_the_same(self, publication: Publication, app: shipped.App, files: dict[str, bytes]) -> bool:
        """Tell whether an app is what was published last; a change of its audience alone needs no new version."""
        version = self._current(publication)
        if version is None or not shipped.same_files(version.files, files):
            return False
        if publication.audience != app.asked.audience and not self.too_wide(publication, version, app.asked.audience):
            self.store.set_audience(publication.slug, app.asked.audience, HUB)
            self.write_entry(publication.slug)
        return True

    def _begin(
        self, publication: Publication, asked: Asked, files: dict[str, bytes], found: tuple[Finding, ...]
    ) -> Version:
        if not publication.current:
            publication = self.store.add(publication)
        version = self.store.add_version(
            Version(
                publication=publication.slug,
                number=1,
                files={},
                record=dict(asked.record),
                start=asked.start,
                published_by=publication.owner,
                published_at=self.store.now(),
                findings=found,
            )
        )
        key = (version.publication, version.number)
        try:
            hashes = self.snapshots.put(*key, files)
        except BaseException as error:
            said = f"Its snapshot could not be kept: {error}"[:900]
            self._refuse(
                version.model_copy(update={"findings": (Finding(check="files", weight="must", sentence=said),)})
            )
            raise
        version = version.model_copy(update={"files": hashes})
        self._say(key, "A snapshot was taken; it waits to be checked.")
        with self._noting:
            self._under_way[key] = self._pool.submit(self._check, publication, version, asked.audience or None)
        return version

    def _check(self, publication: Publication, version: Version, audience: tuple[str, ...] | None) -> None:
        """Check a version to its end, in a thread of its own; whatever happens, it does not stay ``checking``."""
        key = (version.publication, version.number)
        try:
            checked = self._checked(publication, version)
            with self.alone(version.publication):
                after = self._judged(version, checked, audience)
                passed = all(each.weight != "must" for each in after.findings)
                if passed:
                    after = self._accept(after, checked, audience)
                else:
                    self._refuse(after)
                    self._say(key, "It did not pass: see what was found.")
            if passed and not after.waits and self._picture is not None:
                self._later.submit(self._take_picture, after, self._picture)
        except Exception as error:
            log.exception("the check of version %s of %s failed", version.number, version.publication)
            self._give_up(version, error)
        finally:
            with self._noting:
                self._under_way.pop(key, None)

    def _checked(self, publication: Publication, version: Version) -> Checked:
        key = (version.publication, version.number)
        place = self.snapshots.place(*key)
        return self._checker.check(publication, version, place, lambda sentence: self._say(key, sentence))

    def _take_picture(self, version: Version, take: Picture) -> None:
        """Take the picture of a version that is open by now; without one, the gallery shows it without."""
        key = (version.publication, version.number)
        publication = self.store.find(version.publication)
        try:
            if publication is None or not (picture := take(publication, version, self.snapshots.place(*key))):
                return
            with self.alone(version.publication):
                # One that was taken before a release shows what the release does not.
                now = self.store.version(*key)
                if now is not None and now.released == version.released:
                    self.snapshots.put_picture(*key, picture)
        except Exception:
            log.exception("there is no picture of version %s of %s", version.number, version.publication)

    def picture_anew(self, slug: str, number: int) -> None:
        """Take the picture of a version once more, after a release changed what it shows."""
        version = self.store.version(slug, number)
        if version is not None and self._picture is not None:
            self._later.submit(self._take_picture, version, self._picture)

    def _judged(self, version: Version, checked: Checked, audience: tuple[str, ...] | None) -> Version:
        """Put together what was found, with what only the hub can tell: its label, and for whom that is too much."""
        found = [*version.findings, *(each for each in checked.findings if each not in version.findings)]
        fields = {"rests_on": checked.rests_on, "tables": checked.tables, "environment": checked.environment}
        version = version.model_copy(update=fields)
        version = version.model_copy(update={"label": self.label(version)})
        publication = self.store.find(version.publication)
        if publication and checked.passed:
            wide = may_open(audience or publication.audience, version.label, publication.project)
            waits = bool(wide) and can_wait(publication, version, audience)
            found += [_too_wide(each, publication.current if waits else 0) for each in wide]
            version = version.model_copy(update={"waits": waits})
            found += _licences(self.used(version))
            try:
                self._require_free(publication)
                entries.entry_of(publication, version, version.label, self.used(version))
            except UsageError as error:
                found.append(Finding(check="record", weight="must", sentence=str(error)[:1000]))
        return version.model_copy(update={"findings": tuple(found)})

    def _require_free(self, publication: Publication) -> None:
        """See that no other source has brought an entry of this name meanwhile."""
        slug = publication.slug
        mine = self.register.names(entries.source_of(publication)).values()
        if slug not in mine and self.register.taken([slug]):
            raise UsageError(f"The name {slug!r} has been taken meanwhile.", hint="Publish it under another one.")

    def _accept(self, version: Version, checked: Checked, audience: tuple[str, ...] | None) -> Version:
        """Let a version be the current one: in the register first, so that whoever sees it as ready finds it there."""
        key = (version.publication, version.number)
        hashes = self.snapshots.add(*key, checked.files)
        version = version.model_copy(update={"files": {**version.files, **hashes}})
        publication = self.store.find(version.publication)
        try:
            if publication and publication.state != "withdrawn" and not version.waits:
                chosen = publication.audience if audience is None else audience
                by_hub = publication.state == "paused" and publication.changed_by == HUB
                state = "live" if by_hub else publication.state
                shown = {"current": version.number, "audience": chosen, "stale": "", "state": state}
                self.write_entry_of(publication.model_copy(update=shown), version)
            ready = self.store.accept(version, version.published_by, audience=audience)
        except BaseException:
            self.write_entry(version.publication)
            raise
        if ready.label.access == "open":
            self._release_open(ready)
        self._say(key, f"Version {ready.number} {'waits for its release' if ready.waits else 'is open'}.")
        return ready

    def _release_open(self, version: Version) -> None:
        """What rests on open data alone releases itself, naming whose data that is and under which licence.

        Where a licence does not allow it, nothing is released; the version says so (see :func:`_licences`).
        """
        lines, problems = licence_lines(self.used(version))
        if problems or not version.rests_on:
            return
        release = Release(publication=version.publication, version=version.number, author=version.published_by)
        own = brought_along(version, self.snapshots)
        said = f"It rests on open data alone, and brings {', '.join(own)}." if own else "It rests on open data alone."
        why = " ".join([said[:800], *lines])[:2000]
        self.store.move(release, Step(to="released", by=HUB, at=self.store.now(), why=why))

    def _refuse(self, version: Version) -> None:
        self.store.refuse(version)
        self.snapshots.drop(version.publication, version.number)

    def _give_up(self, version: Version, error: Exception) -> None:
        said = str(error) if isinstance(error, LondataError) else "Whoever runs the hub can see why in its log."
        finding = Finding(check="check", weight="must", sentence=f"The check itself failed. {said}"[:1000])
        self._say((version.publication, version.number), finding.sentence)
        try:
            self._refuse(version.model_copy(update={"findings": (*version.findings, finding)}))
        except LondataError as problem:  # it had passed before that went wrong, or the database is gone
            log.error("version %s of %s: %s", version.number, version.publication, problem)

    def _say(self, key: tuple[str, int], sentence: str) -> None:
        with self._noting:
            self._steps.setdefault(key, []).append(sentence)
            while len(self._steps) > REMEMBERED:
                self._steps.popitem(last=False)


def _too_wide(sentence: str, current: int) -> Finding:
    """Say who is too many for a version: it is not published, or waits while the current one stays open."""
    if not current:
        return Finding(check="audience", weight="must", sentence=sentence[:1000])
    said = f"It waits for its release, and version {current} stays open until then: {sentence}"
    return Finding(check="audience", weight="should", sentence=said[:1000])


def _licences(used: Mapping[str, Entry]) -> list[Finding]:
    """Say which open data it rests on has a licence that does not allow to publish what is made of it."""
    opened = {slug: entry for slug, entry in used.items() if entry.access == "open"}
    problems = licence_lines(opened)[1]
    if opened and not problems:
        return [Finding(check="licences", weight="fine", sentence="The licences of its open data are named with it.")]
    return [Finding(check="licences", weight="should", sentence=each[:1000]) for each in problems]
