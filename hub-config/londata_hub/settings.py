"""The hub's settings: one table, read from the environment when asked.

Everything that the hub keeps lives below one folder, ``STATE``: the register, its index, the users' homes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from londata import settings as londata_settings
from londata.errors import SettingsError

PREFIX = "LONDATA_HUB_"
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Setting:
    """One row of the table: environment name without prefix, default, what it is for."""

    name: str
    default: str
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("STATE", "", "Folder of everything that the hub keeps; empty: var/ in the repository"),
    Setting("DATABASE", "", "SQLAlchemy address of the register; empty: a SQLite file in STATE"),
    Setting("PORT", "8000", "Port on 127.0.0.1 where people reach the hub"),
    Setting(
        "PROXY_PORT",
        "",
        "Port on 127.0.0.1 where the hub steers its proxy; empty: the one above PORT, or a free one with `up`",
    ),
    Setting("SOCKETS", "", "Short private folder for unix sockets; empty: one below XDG_RUNTIME_DIR or /tmp"),
    Setting("LAB_MEMORY", "8G", "Most memory that one process of a user's Lab may take; 0: no limit"),
    Setting("IDLE_AFTER", "3600", "Seconds without activity after which a user's Lab is stopped"),
    Setting("REPORTS_AT_ONCE", "0", "Scheduled reports that the worker makes at a time; 0: half as many as cores"),
    Setting("LONGEST_RUN", "14400", "Seconds after which a scheduled run is ended"),
    Setting("INSIGHTS_OF_ONE", "200", "Insights that one person may publish, withdrawn ones included"),
    Setting("INSIGHT_VERSIONS", "50", "Versions of one insight whose files are kept"),
    Setting("INSIGHT_MEGABYTES", "2000", "What the files of one person's insights may take in all, in MB"),
    Setting("PUBLIC", "", "Address under which people reach the hub, for links in messages; empty: 127.0.0.1 and PORT"),
    Setting("SMTP_HOST", "", "Mail server that takes messages about scheduled reports; empty: no e-mail is sent"),
    Setting("SMTP_PORT", "587", "Port of the mail server"),
    Setting("SMTP_TLS", "starttls", "How mail is protected on its way: starttls, tls, or none (then no login either)"),
    Setting("SMTP_FROM", "", "Address from which messages come; needed with SMTP_HOST"),
    Setting("SMTP_USER", "", "Name to log in to the mail server with; empty: no login"),
    Setting("SMTP_PASSWORD", "", "Password that goes with SMTP_USER; it is never shown"),
    Setting(
        "WEBHOOK_KEY", "", "Secret with which messages to https addresses are signed (HMAC-SHA256); empty: not signed"
    ),
)

#: Settings of londata itself that the hub's services take over from whoever starts the hub.
FOLDERS = ("CATALOGS", "TEMPLATES", "VOILA_APPS")
FOR_SERVICES = (*FOLDERS, "MAX_DOWNLOAD", "TIMEOUT_S", "DEADLINE_S", "CACHE_SIZE", "FETCH_ALLOW")

#: The longest path that a unix socket may have is 107 bytes; below SOCKETS we add at most this many.
LONGEST_SOCKET_NAME = len("/labs/") + 63 + len("/lab.sock")


@dataclass(frozen=True)
class Mail:
    """The mail server that takes the hub's messages."""

    host: str
    port: int
    tls: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class HubSettings:
    """The settings of one hub, read once and passed down.

    ``for_services`` are those of londata itself, by the whole name of the environment variable.
    """

    state: Path
    database: str
    port: int
    proxy_port: int
    sockets: Path
    lab_memory: str
    idle_after: int
    for_services: Mapping[str, str] = field(default_factory=dict)
    public: str = ""
    mail: Mail | None = None
    reports_at_once: int = 0
    longest_run: int = 4 * 3600
    insights_of_one: int = 200
    insight_versions: int = 50
    insight_megabytes: int = 2_000
    webhook_key: str = field(default="", repr=False)

    @property
    def index(self) -> Path:
        """Folder of the search index, derived from the database and rebuildable at any time."""
        return self.state / "index"

    @property
    def homes(self) -> Path:
        """Folder of the users' home folders."""
        return self.state / "homes"

    @property
    def logs(self) -> Path:
        """Folder of what the hub and the users' Labs say while they run."""
        return self.state / "logs"

    @property
    def anchors(self) -> Path:
        """Folder of the notes of where the log ended, outside the database."""
        return self.state / "audit-anchors"

    @property
    def users(self) -> Path:
        """File of the people who may log in: groups and password hashes."""
        return self.state / "users.json"

    @property
    def doors(self) -> Path:
        """Folder of the sockets that every sandbox may knock at: the hub, the register, the apps."""
        return self.sockets / "doors"

    @property
    def labs(self) -> Path:
        """Folder of the sockets on which the users' Labs listen; no sandbox sees it."""
        return self.sockets / "labs"

    @property
    def address(self) -> str:
        """What people type into a browser."""
        return f"http://127.0.0.1:{self.port}"


def load(environ: Mapping[str, str] | None = None) -> HubSettings:
    """Read the settings.

    Raises
    ------
    SettingsError
        A value cannot be used; the message names the setting.
    """
    source = os.environ if environ is None else environ
    values = {setting.name: source.get(PREFIX + setting.name) or setting.default for setting in SETTINGS}
    port = _whole_number(values, "PORT", 1, 65535)
    values["PROXY_PORT"] = values["PROXY_PORT"] or str(port + 1 if port < 65535 else port - 1)
    state = Path(values["STATE"] or _default_state()).resolve()
    return HubSettings(
        state=state,
        database=values["DATABASE"] or f"sqlite:///{state / 'register.sqlite'}",
        port=port,
        proxy_port=_whole_number(values, "PROXY_PORT", 1, 65535),
        sockets=_sockets(values["SOCKETS"], state, source.get("XDG_RUNTIME_DIR", "")),
        lab_memory=values["LAB_MEMORY"],
        idle_after=_whole_number(values, "IDLE_AFTER", 1, 10**9),
        for_services=_for_services(source),
        public=(values["PUBLIC"] or f"http://127.0.0.1:{port}").rstrip("/"),
        mail=_mail(values),
        reports_at_once=_whole_number(values, "REPORTS_AT_ONCE", 0, 1_000),
        longest_run=_whole_number(values, "LONGEST_RUN", 1, 7 * 86_400),
        insights_of_one=_whole_number(values, "INSIGHTS_OF_ONE", 1, 10**6),
        insight_versions=_whole_number(values, "INSIGHT_VERSIONS", 2, 10**6),
        insight_megabytes=_whole_number(values, "INSIGHT_MEGABYTES", 1, 10**9),
        webhook_key=values["WEBHOOK_KEY"],
    )


def _mail(values: Mapping[str, str]) -> Mail | None:
    """Read how mail is sent; a password never goes over a line that others can read."""
    if not values["SMTP_HOST"]:
        return None
    port = _whole_number(values, "SMTP_PORT", 1, 65535)
    if values["SMTP_TLS"] not in ("starttls", "tls", "none"):
        raise SettingsError(
            f"The setting {PREFIX}SMTP_TLS is {values['SMTP_TLS']!r}, which cannot be used.",
            hint="Say starttls, tls or none.",
        )
    if not re.fullmatch(r"[^\s@<>\"]+@[^\s@<>\"]+", values["SMTP_FROM"]):
        raise SettingsError(
            f"The setting {PREFIX}SMTP_FROM is {values['SMTP_FROM']!r}, which is no address of e-mail.",
            hint="Give the address from which messages come, as reports@example.org.",
        )
    if values["SMTP_TLS"] == "none" and (values["SMTP_USER"] or values["SMTP_PASSWORD"]):
        raise SettingsError(
            "A password for the mail server would go over a line that others can read.",
            hint=f"Set {PREFIX}SMTP_TLS to starttls or tls, or leave out the login.",
        )
    return Mail(
        host=values["SMTP_HOST"],
        port=port,
        tls=values["SMTP_TLS"],
        sender=values["SMTP_FROM"],
        user=values["SMTP_USER"],
        password=values["SMTP_PASSWORD"],
    )


def _default_state() -> Path:
    """Keep things in the clone; an installed package has no folder of its own to keep them in."""
    if not (REPOSITORY / "hub-config").is_dir():
        raise SettingsError(
            "There is no folder to keep the hub's state in, because londata is not run from its repository.",
            hint=f"Set {PREFIX}STATE to a folder.",
        )
    return REPOSITORY / "var"


def _for_services(source: Mapping[str, str]) -> dict[str, str]:
    """Take over what is set, and look at each value now: a service that cannot start tells nobody why."""
    found = {}
    for name in FOR_SERVICES:
        if said := source.get(londata_settings.PREFIX + name):
            londata_settings.get(name, source)
            # A service runs in another folder than the person who wrote a path.
            found[londata_settings.PREFIX + name] = str(Path(said).resolve()) if name in FOLDERS else said
    return found


def _whole_number(values: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = values[name]
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise SettingsError(
            f"The setting {PREFIX}{name} is {text!r}, which cannot be used.",
            hint=f"Give a whole number from {least} to {most}.",
        )
    return int(text)


def _sockets(chosen: str, state: Path, runtime: str) -> Path:
    """Choose the folder of the sockets.

    It is not in the state folder: a unix socket's path is short, and a clone may lie deep. It depends on the state
    alone, so that two hubs on one state meet. It is lower case, because JupyterHub lowers the host of an address.
    """
    name = f"londata-{os.getuid()}-{hashlib.sha256(os.fsencode(state)).hexdigest()[:10]}"
    places = [Path(chosen)] if chosen else [Path(runtime or "/tmp") / name, Path("/tmp") / name]  # noqa: S108
    for place in places:
        if _fits(place) and (chosen or place.parent.is_dir()):
            return place
    raise SettingsError(
        f"The folder for sockets, {places[0]}, cannot be used: unix sockets need a short absolute path in lower case.",
        hint=f"Set {PREFIX}SOCKETS to something like /tmp/londata.",
    )


def _fits(place: Path) -> bool:
    text = str(place)
    return place.is_absolute() and text == text.lower() and len(os.fsencode(text)) + LONGEST_SOCKET_NAME <= 107
