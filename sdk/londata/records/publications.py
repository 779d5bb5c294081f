"""Publications: what an analyst publishes, its versions, what each rests on, and the steps of a release."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from londata.records.base import Record
from londata.records.entry import Slug
from londata.records.vocabulary import Access

#: ``paused`` is shut for everybody but its owner until the hub finds the reason gone; ``withdrawn`` is for good.
PublicationState = Literal["live", "paused", "withdrawn"]
VersionState = Literal["checking", "ready", "refused"]
ReleaseState = Literal["draft", "submitted", "reviewed", "approved", "released", "returned", "withdrawn"]
#: ``must``: it is not published. ``should``: it is, and says so. ``fine``: it was looked at and is in order.
Weight = Literal["must", "should", "fine"]
#: Who may open it: everybody without a log-in (``public``), everybody at the hub (``hub``), or those who are named.
Viewer = Annotated[str, Field(pattern=r"^(public|hub|(person|group|project):\S+)$", max_length=300)]
#: How it starts for a viewer: from one run that all share the beginning of, or with a run of its own.
Start = Literal["shared", "fresh"]


class Finding(Record):
    """One thing that a check looked at: its weight, a sentence, and the cell (from 1) where there is one."""

    check: str = Field(min_length=1, max_length=40)
    weight: Weight
    sentence: str = Field(min_length=1, max_length=1_000)
    cell: int | None = Field(default=None, ge=1)


class RestsOn(Record):
    """One entry that a version read while it was checked, as the hub's own doors saw it; nobody types it."""

    entry: Slug
    access: Access
    version: str = ""
    sha256: str = ""
    agreement: str = ""


class Label(Record):
    """What a version may be used for, from what it rests on.

    ``access`` is the most restrictive; ``parties`` the bodies that are party to every agreement (``None``: no agreement
    is needed), ``purposes`` those that every agreement allows (``None``: any). ``outputs`` is the strictest rule of the
    agreements for results. ``personal`` tells whether some of it is about people.
    """

    access: Access = "open"
    agreements: tuple[str, ...] = ()
    parties: tuple[str, ...] | None = None
    purposes: tuple[str, ...] | None = None
    outputs: Literal["", "with-approval", "aggregate-only", "none"] = ""
    personal: bool = False


class Thresholds(Record):
    """From when on a number may be shown. Owners may tighten these, and never loosen them.

    ``minimum`` people at least stand behind a count; counts are rounded to ``base``. A sum is hidden where the
    ``dominance_n`` largest contributions make up more than ``dominance_percent`` of it, or where the second largest
    contributor could work out the largest to within ``p_percent``.
    """

    minimum: int = Field(default=10, ge=10, le=1_000_000)
    base: int = Field(default=5, ge=5, le=1_000_000)
    dominance_n: int = Field(default=2, ge=2, le=1_000)
    dominance_percent: float = Field(default=90, gt=0, le=90)
    p_percent: float = Field(default=10, ge=10, le=100)

    @model_validator(mode="after")
    def _tighter(self) -> Thresholds:
        if self.base % 5:
            raise ValueError("base: counts are rounded to 5 or a multiple of it")
        return self


class OutputTable(Record):
    """A table that a version puts out for release: its name, title and unit, and the hashes of its two files.

    ``sha256`` is of the protected table; ``workings_sha256`` of the numbers that show why each cell is safe, which only
    those who check the release may see.
    """

    name: Slug
    title: str = Field(min_length=1, max_length=300)
    unit: str = Field(min_length=1, max_length=100)
    kind: Literal["open", "counts", "sums"]
    rows: int = Field(ge=0)
    sha256: str
    workings_sha256: str = ""


class Version(Record):
    """One snapshot of a publication, numbered from 1, never changed afterwards except for how its check ended.

    ``files`` are its files with their SHA-256; ``environment`` is the hash of what was installed; ``record`` holds the
    fields of the insight as the author gave them. ``released`` is the version whose tables alone it reads (its own
    number), once they were released. One that ``waits`` passed its check, and rests on more than those may see who may
    open the insight: the one before stays current until its tables are released.
    """

    publication: Slug
    number: int = Field(ge=1)
    state: VersionState = "checking"
    files: dict[str, str]
    record: dict[str, Any]
    start: Start = "shared"
    environment: str = ""
    published_by: str = Field(min_length=1)
    published_at: AwareDatetime
    rests_on: tuple[RestsOn, ...] = ()
    label: Label = Label()
    findings: tuple[Finding, ...] = ()
    tables: tuple[OutputTable, ...] = ()
    released: bool = False
    waits: bool = False


class Publication(Record):
    """An insight that was published here: whose it is, who may open it, which version is current.

    ``current`` is 0 while no version has passed its check. ``stale`` says in a sentence what has changed since under
    the current version; it stays open. ``reason`` says why it is paused or withdrawn, ``changed_by`` who did it
    (``londata`` where the hub did).
    """

    slug: Slug
    owner: str = Field(min_length=1)
    project: Slug | None = None
    audience: tuple[Viewer, ...] = ()
    thresholds: Thresholds = Thresholds()
    current: int = Field(default=0, ge=0)
    state: PublicationState = "live"
    stale: str = ""
    reason: str = ""
    changed_by: str = ""
    created_at: AwareDatetime
    shipped: bool = False

    @property
    def is_public(self) -> bool:
        """Whether somebody without a log-in may open it."""
        return "public" in self.audience


class Step(Record):
    """One step of a release: who took it, when, to which state, and why."""

    to: ReleaseState
    by: str = Field(min_length=1)
    at: AwareDatetime
    why: str = Field(default="", max_length=2_000)


class Release(Record):
    """The recorded act of making the tables of one version more open than what it rests on."""

    publication: Slug
    version: int = Field(ge=1)
    state: ReleaseState = "draft"
    author: str = Field(min_length=1)
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    audience: tuple[Viewer, ...] = ()
