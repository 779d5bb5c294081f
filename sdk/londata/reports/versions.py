"""What the register has now: which version of what, and on which terms it may be read.

Each distribution is asked for once, by the way on which it would be read: the same decision, the same copy. A file on
this machine whose size and time have not changed is not hashed again, and a holder is asked whether the copy here is
still good. Nothing is opened, and nothing heavy is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from londata import cache, session, settings
from londata.access import decide
from londata.catalog_files import FileRegister
from londata.errors import LondataError
from londata.intake_catalog import reading
from londata.intake_catalog.opening import register_at
from londata.intake_catalog.pins import pin_of
from londata.records import Distribution, Entry
from londata.register import Register
from londata.reports.parameters import ValuesFrom

Pins = dict[str, dict[str, str]]
#: Of the terms of a reading, the number of its line in the log alone is another one each time.
_TERMS = ("agreement", "project", "purpose", "grant", "until", "outputs", "policy_version")


@dataclass(frozen=True)
class Version:
    """One version of one distribution: its bytes, how its entry is described, and the terms of reading it."""

    sha256: str
    stated: str
    described: str
    register: str
    terms: dict[str, Any] = field(default_factory=dict)

    def is_of(self, read: dict[str, Any]) -> bool:
        """Tell whether an earlier reading, as a receipt has it, was of this version, described and shared as now."""
        now = {"sha256": self.sha256, "version": self.stated, "described": self.described, "register": self.register}
        same = all(read.get(name) == value for name, value in (now | self.terms).items())
        return same and bool(self.described and pin_of(self.sha256, self.stated))


class Versions:
    """The versions that the register has, each asked for once: to a batch they are what it began with."""

    def __init__(self) -> None:
        address = settings.get("REGISTER")
        #: The register that reports read from.
        self.register: Register = register_at(address) if address.startswith("http") else _files_at(address)
        self._known: dict[tuple[str, str], Version | None] = {}
        self._choices: dict[str, tuple[str, ...]] = {}

    def of(self, entry: str, distribution: str) -> Version | None:
        """Say which version there is now; ``None`` where that cannot be told for sure, or it may not be read."""
        asked = entry, distribution
        if asked not in self._known:
            self._known[asked] = self._ask(entry, distribution)
        return self._known[asked]

    def knows(self, entry: str, distribution: str) -> bool:
        """Tell whether a version has been asked for already."""
        return (entry, distribution) in self._known

    def note(self, entries: Iterable[str]) -> None:
        """Note the versions of entries: of the one distribution that can be read, of several those that are here.

        Of several that would have to be fetched nobody knows yet which will be read.
        """
        for entry in entries:
            record = self._find(entry)
            readable = reading.readable(record) if record else ()
            for each in readable:
                if len(readable) == 1 or (not each.url and not self.register.address.startswith("http")):
                    self.of(entry, each.id)

    def pins(self) -> Pins:
        """List what is known as pins: entry → distribution → pin."""
        pins: Pins = {}
        for (entry, distribution), version in self._known.items():
            if version and (pin := pin_of(version.sha256, version.stated)):
                pins.setdefault(entry, {})[distribution] = pin
        return pins

    def choices(self, source: ValuesFrom) -> tuple[str, ...]:
        """Look up the choices that the register holds: the distinct values of a column, in alphabetical order.

        What is open is remembered for as long as its bytes and its record stay as they are.
        """
        if str(source) not in self._choices:
            self._choices[str(source)] = self._look_up(source)
        return self._choices[str(source)]

    def _look_up(self, source: ValuesFrom) -> tuple[str, ...]:
        record = self._find(source.entry) if source.entry else None
        if record is None or record.access != "open" or len(reading.readable(record)) != 1:
            return _read_choices(self.register, source)
        chosen = reading.readable(record)[0]
        version = self.of(record.id, chosen.id)
        if version is None:
            return _read_choices(self.register, source)
        name = "\n".join((record.id, chosen.id, source.column, version.described, version.sha256))
        kept = settings.cache_folder() / "choices" / f"{hashlib.sha256(name.encode()).hexdigest()}.json"
        with suppress(OSError, ValueError):
            return tuple(str(value) for value in json.loads(kept.read_bytes()))
        found = _read_choices(self.register, source)
        _keep(kept, found)
        return found

    def _find(self, entry: str) -> Entry | None:
        with suppress(LondataError):
            return self.register.find(entry)
        return None

    def _ask(self, entry: str, distribution: str) -> Version | None:
        record = self._find(entry)
        chosen = next((each for each in record.distributions if each.id == distribution), None) if record else None
        if record is None or chosen is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a stale copy is no sure answer
                return self._through_gateway(record, chosen) or self._from_register(record, chosen)
        except (LondataError, Warning):
            return None

    def _through_gateway(self, record: Entry, chosen: Distribution) -> Version | None:
        """Begin a reading, as whoever reads does: the gateway decides anew, and states what there is."""
        if chosen.through != "gateway" or not (address := settings.get("GATEWAY")):
            return None
        from londata.client.gateway import gateway_at

        opening = gateway_at(address).begin(record.id, chosen.id, session.project())
        terms = {name: value for name, value in opening.terms().items() if name in _TERMS}
        return self._version(record, opening.sha256 or "", opening.version or "", terms)

    def _from_register(self, record: Entry, chosen: Distribution) -> Version:
        decision = decide(reading.current_subject(), "read", record).require()
        copy = self.register.fetch(record, chosen, decision)
        terms = {"agreement": decision.agreement, "policy_version": decision.policy_version}
        return self._version(record, copy.sha256, copy.version, terms)

    def _version(self, record: Entry, sha256: str, stated: str, terms: dict[str, Any]) -> Version:
        return Version(sha256, stated, reading.digest_of(record), self.register.address, terms)


def is_cheap_to_tell(read: dict[str, Any], register: Register) -> bool:
    """Tell whether the version of something read earlier can be had without bringing all its bytes again.

    Parameters
    ----------
    read
        The reading, as a receipt has it.
    register
        Where it would be read from.
    """
    record = register.find(read["entry"])
    chosen = next((each for each in record.distributions if each.id == read["distribution"]), None) if record else None
    if chosen is None or not chosen.url or register.address.startswith("http"):
        return chosen is not None
    known = cache.lookup(chosen.url)
    return known is not None and bool(known.etag or known.last_modified)


def _read_choices(register: Register, source: ValuesFrom) -> tuple[str, ...]:
    from londata.intake_catalog import RegisterCatalog

    catalog = RegisterCatalog(register)
    if source.facet:
        return tuple(sorted(catalog.facets(source.facet)[source.facet]))
    column = reading.read(register, catalog[source.entry].record, columns=[source.column])[source.column]
    return tuple(sorted(column.dropna().astype(str).unique()))


def _files_at(address: str) -> Register:
    """Open catalogue files as they are now: a process may live long, and the next report reads them anew."""
    root = Path(address) if address else settings.shipped("catalogs")
    folder = root if root.is_dir() else root.parent
    with suppress(OSError):
        files = sorted([*folder.glob("*.yaml"), *folder.glob("*/*.yaml")])
        return _files_with(str(root), tuple((str(path), *_stamp(path)) for path in files))
    return FileRegister(root)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


@lru_cache(maxsize=4)
def _files_with(address: str, stamps: tuple[object, ...]) -> Register:
    return FileRegister(address)


def _keep(path: Path, values: tuple[str, ...]) -> None:
    """Keep choices for the next time; where that cannot be, they are looked up again."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(values), encoding="utf-8")
        part.replace(path)
