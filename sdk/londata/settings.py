"""The one table of settings, and where shipped files are.

A setting comes from the environment, else from its default. Nothing is read at import: every call looks
at the environment it is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from londata.errors import SettingsError

PREFIX = "LONDATA_"


def _size(text: str) -> int:
    """Read ``500MB`` or ``1048576`` as bytes."""
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
    clean = text.strip().upper().replace(" ", "")
    unit = next((u for u in units if clean.endswith(u)), "")
    return int(float(clean.removesuffix(unit)) * units.get(unit, 1))


def _host_ports(text: str) -> frozenset[tuple[str, int]]:
    """Read ``data.intranet:8443,127.0.0.1:8000`` as pairs of host and port."""
    pairs = set()
    for item in filter(None, map(str.strip, text.split(","))):
        host, _, port = item.rpartition(":")
        if not host:
            raise ValueError(item)
        pairs.add((host.strip("[]").lower(), int(port)))
    return frozenset(pairs)


@dataclass(frozen=True)
class Setting:
    """One row of the table: environment name without prefix, default, how to read it, what it is for."""

    name: str
    default: str
    parse: Callable[[str], Any]
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "REGISTER", "", str, "Address of the register service (http://…, http+unix://…); empty: the catalogue files"
    ),
    Setting("CATALOGS", "", str, "Folder with london.yaml; empty: the one shipped with londata"),
    Setting("TEMPLATES", "", str, "Folder of report templates; empty: the one shipped with londata"),
    Setting("VOILA_APPS", "", str, "Folder of Voila apps; empty: the one shipped with londata"),
    Setting("CACHE", "", str, "Folder for local copies of what was fetched; empty: the user's cache folder"),
    Setting("MAX_DOWNLOAD", "2GB", _size, "Largest file that is fetched, in bytes or as 500MB"),
    Setting("TIMEOUT_S", "30", float, "Seconds without a byte before a fetch is given up"),
    Setting("DEADLINE_S", "7200", float, "Seconds that one fetch may take in all"),
    Setting("CACHE_SIZE", "20GB", _size, "Local copies beyond this are removed, the longest unused first"),
    Setting(
        "FETCH_ALLOW", "", _host_ports, "Hosts on private networks that may be fetched from, as host:port,host:port"
    ),
    Setting("READ_LOG", "", str, "File to which every read is appended as one JSON line (set by reports)"),
    Setting("FIGURE_DATA", "", str, "Folder in which figures leave their numbers as tidy tables (set by reports)"),
    Setting("PINS", "", str, "File with the versions of data that a run must read, as JSON (set by batches)"),
    Setting("ZYGOTE", "", str, "Socket of a warm process from which kernels are forked (set by reports)"),
    Setting("GATEWAY", "", str, "Address of the gateway to shared and closed data; set by the hub"),
    Setting("REPORTS", "", str, "Address of the hub's service of reports and schedules; set by the hub"),
    Setting("INSIGHTS", "", str, "Address of the hub's service of published insights; set by the hub"),
    Setting("OUTPUT_TABLES", "", str, "Folder in which an insight leaves its tables for release (set by its check)"),
    Setting("INSIGHT", "", str, "Name of the released insight whose tables are read instead of made; set by the hub"),
    Setting("PROJECT", "", str, "Project that this kernel or job works for; `londata.use_project` sets it"),
    Setting("TOKEN", "", str, "Token for the register service; empty: the hub's JUPYTERHUB_API_TOKEN"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def get(name: str, environ: Mapping[str, str] | None = None) -> Any:
    """Look up one setting.

    Parameters
    ----------
    name
        Its name in :data:`SETTINGS`, without the prefix.
    environ
        Where to look; the process's environment when not given.

    Raises
    ------
    SettingsError
        The value cannot be read; the message names the setting and shows the value.
    """
    setting = _BY_NAME[name]
    raw = (os.environ if environ is None else environ).get(PREFIX + name) or setting.default
    try:
        return setting.parse(raw)
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            f"The setting {PREFIX}{name} is {raw!r}, which cannot be read.", hint=f"It means: {setting.help}."
        ) from error


def shipped(folder: str) -> Path:
    """Find a folder that is shipped with londata (``catalogs``, ``templates``, ``voila-apps``).

    The setting of that name (``VOILA_APPS``) wins, then the copy inside an installed package, then the repository.

    Raises
    ------
    SettingsError
        None of them is there.
    """
    setting = folder.upper().replace("-", "_")
    chosen = get(setting)
    here = Path(__file__).resolve().parent
    places = [Path(chosen)] if chosen else [here / "_shipped" / folder, here.parent.parent / folder]
    for place in places:
        if place.is_dir():
            return place
    raise SettingsError(
        f"The folder of {folder} is not at {places[-1]}.",
        hint=f"Set {PREFIX}{setting} to the folder, or install londata again.",
    )


def cache_folder() -> Path:
    """Tell where local copies are kept. The folder is made on first use, not here."""
    import platformdirs

    return Path(get("CACHE") or platformdirs.user_cache_dir("londata"))
