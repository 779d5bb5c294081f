"""The hub's settings: one table, read from the environment when asked.

Everything that the hub keeps lives below one folder, ``STATE``: the register, its index, the users' homes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
)


@dataclass(frozen=True)
class HubSettings:
    """The settings of one hub, read once and passed down."""

    state: Path
    database: str
    port: int

    @property
    def index(self) -> Path:
        """Folder of the search index, derived from the database and rebuildable at any time."""
        return self.state / "index"


def load(environ: Mapping[str, str] | None = None) -> HubSettings:
    """Read the settings.

    Raises
    ------
    SettingsError
        A value cannot be used; the message names the setting.
    """
    source = os.environ if environ is None else environ
    values = {setting.name: source.get(PREFIX + setting.name) or setting.default for setting in SETTINGS}
    if not values["PORT"].isdigit() or not 0 < int(values["PORT"]) < 65536:
        raise SettingsError(
            f"The setting {PREFIX}PORT is {values['PORT']!r}, which is no port.", hint="Give a number from 1 to 65535."
        )
    state = Path(values["STATE"] or REPOSITORY / "var").resolve()
    return HubSettings(
        state=state, database=values["DATABASE"] or f"sqlite:///{state / 'register.sqlite'}", port=int(values["PORT"])
    )
