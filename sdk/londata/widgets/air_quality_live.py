"""What real sites measured in the newest hour: read from the network's live feed, where a hub can reach it.

The feed is that of the London Air Quality Network, entry ``laqn-hourly-index``: an index from 1 to 10 for each site and
pollutant, and no concentrations. An app says which entry it follows; without one it shows nothing of this.
"""

from __future__ import annotations

import datetime as dt
import html
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from londata.errors import LondataError, ReadError
from londata.reports import blocks
from londata.reports.wording import counted
from londata.widgets.air_quality import BANDS, Pollutant

if TYPE_CHECKING:
    import pandas as pd

#: Column of the feed → what it is here.
_COLUMNS = {
    "LocalAuthority.@LocalAuthorityName": "borough",
    "Site.@SiteName": "site",
    "Site.@SiteType": "kind",
    "Site.@BulletinDate": "hour",
    "@SpeciesCode": "species",
    "@AirQualityIndex": "index",
}
#: Our name of a pollutant → the network's.
_SPECIES = {"no2": "NO2", "pm2_5": "PM25"}
#: Seconds after which the feed is read again when somebody chooses something; it is written once an hour.
FRESH_S = 15 * 60.0
AFTER = "Everything from here on is generated."
#: An hour that is older than this is not called new.
_LATE = dt.timedelta(hours=3)


@dataclass(frozen=True)
class Newest:
    """The newest hour of a network.

    Parameters
    ----------
    network, source
        What its entry is called, and what has to be said of where it comes from.
    readings
        One row per site and pollutant: ``borough``, ``site``, ``kind``, ``hour``, ``species``, ``index`` (missing where
        nothing was measured).
    """

    network: str
    source: str
    readings: pd.DataFrame


class Feed:
    """A live feed, read when it is first asked for and again when what was read is no longer fresh.

    Parameters
    ----------
    catalog
        Where its entry is.
    slug
        Which entry.
    """

    def __init__(self, catalog: Any, slug: str) -> None:
        self._catalog, self._slug = catalog, slug
        self._found: Newest | LondataError | None = None
        self._read_at = 0.0

    def newest(self) -> Newest | LondataError:
        """Give the newest hour, or why it cannot be had."""
        if self._found is None or time.monotonic() - self._read_at > FRESH_S:
            try:
                entry = self._catalog[self._slug]
                record = entry.record
                source = record.attribution or record.publisher.name
                self._found = Newest(record.title, source, gather(entry.read()))
            except LondataError as error:
                self._found = error
            self._read_at = time.monotonic()
        return self._found


def gather(table: pd.DataFrame) -> pd.DataFrame:
    """Bring the feed's rows into the form that is shown; every number in it is text, and 0 stands for no reading.

    A site that stopped some hours ago has no reading of the newest hour, whatever the feed still repeats of it.

    Raises
    ------
    ReadError
        It is not the feed that this is made for.
    """
    import pandas as pd

    if missing := [name for name in _COLUMNS if name not in table.columns]:
        raise ReadError(
            f"The feed has no column {missing[0]!r}, so it is not the hourly index of the London Air Quality Network.",
            hint="Follow the entry laqn-hourly-index, or tell its publisher that the feed has changed.",
        )
    found = table[list(_COLUMNS)].rename(columns=_COLUMNS)
    index = pd.to_numeric(found["index"], errors="coerce")
    hours = pd.to_datetime(found["hour"], format="ISO8601", errors="coerce")
    return found.assign(hour=hours, index=index.where(index.between(1, len(BANDS)) & (hours == hours.max())))


def of_borough(readings: pd.DataFrame, borough: str) -> pd.DataFrame:
    """Take the sites of a borough; the network leaves out the end of some names (Kingston, Richmond)."""
    names = readings["borough"]
    return readings[(names == borough) | names.map(lambda name: borough.startswith(f"{name} upon "))]


def words(newest: Newest, pollutant: Pollutant, borough: str, now: dt.datetime) -> list[str]:
    """Say what was measured in London and in a borough: a paragraph each, plain text.

    Parameters
    ----------
    newest
        The newest hour.
    pollutant, borough
        Which, and where.
    now
        The time, in UTC and without saying so, as the feed writes its hours.
    """
    mine = newest.readings[newest.readings["species"] == _SPECIES[pollutant.key]]
    known = mine.dropna(subset=["index", "hour"])
    if not len(known):
        return [f"The network has no reading of {pollutant.name} for the newest hour."]
    hour = known["hour"].max()
    highest = known.sort_values(["index", "site"], ascending=[False, True]).iloc[0]
    late = " That is more than three hours ago: the network sent nothing newer." if now - hour > _LATE else ""
    low = int((known["index"] <= 3).sum())
    share = "all of them" if low == len(known) else "none of them" if not low else f"{low} of them"
    verb = "has" if len(known) == 1 else "have"
    london = (
        f"{hour:%H:%M} on {hour:%A} {hour.day} {hour:%B %Y}, {pollutant.name}: {len(known)} of "
        f"{counted(len(mine), 'site')} in London {verb} a reading, {share} in the band “low”. The highest index is "
        f"{_written(highest['index'])}, at {highest['site']}.{late}"
    )
    here = of_borough(known, borough)
    if not len(here):
        return [london, f"No site in {borough} has a reading of it."]
    names = here["site"].map(lambda site: str(site).removeprefix(f"{borough} - "))
    sites = "; ".join(f"{name} {_written(index)}" for name, index in zip(names, here["index"], strict=True))
    return [london, f"In {borough}: {sites}."]


def _written(index: float) -> str:
    return f"{index:.0f} of 10 ({_band(index)})"


def _band(index: float) -> str:
    return BANDS[int(index) - 1].lower()


def shown(found: Newest | LondataError, pollutant: Pollutant, borough: str, now: dt.datetime) -> str:
    """Show the newest hour, or say why it cannot be had and that what follows is generated; HTML.

    Parameters
    ----------
    found
        What the feed gave.
    pollutant, borough
        Which, and where.
    now
        The time, in UTC and without saying so.
    """
    if isinstance(found, LondataError):
        why = f"Real readings of the newest hour cannot be had just now. {found.message} {found.hint}"
        return f"<h2>Measured now</h2>{blocks.paragraphs(why, AFTER).markup}"
    said = blocks.paragraphs(*words(found, pollutant, borough, now)).markup
    table = found.readings[found.readings["species"] == _SPECIES[pollutant.key]]
    rows = table.assign(index=[_written(each) if each == each else "no reading" for each in table["index"]])
    names = {"site": "Site", "kind": "Kind", "index": "Index"}
    behind = blocks.table(
        rows.sort_values("site")[list(names)].rename(columns=names),
        caption=f"{pollutant.name}: the UK’s Daily Air Quality Index at each site, newest hour",
        source=found.source,
    )
    after = blocks.paragraphs(AFTER).markup
    return f"<h2>Measured now: {html.escape(found.network)}</h2>{said}{behind.markup}{after}"
