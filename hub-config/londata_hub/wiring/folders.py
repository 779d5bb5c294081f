"""The folders a hub needs, made private, and the people of a demonstration."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

from londata.errors import SettingsError
from londata_hub import demonstration
from londata_hub.settings import HubSettings
from londata_hub.wiring import people

#: Who is there when a hub starts for the first time. ``org-…`` says for which body somebody works: chen for two of the
#: GLA family, dee in a post that a borough and the NHS share.
DEMO: dict[str, tuple[str, ...]] = {
    "ada": ("analysts", "org-camden"),
    "bola": ("analysts", "publishers", "org-gla"),
    "chen": ("stewards", "org-gla", "org-tfl"),
    "dee": ("stewards", "org-camden", "org-nhs-north-central-london"),
}
#: What each of them can try, for whoever starts the hub.
TRY: dict[str, str] = {
    "ada": "read pupils of Camden, ask for journeys (notebooks/04-shared-data)",
    "bola": "join three bodies' contacts with people who sleep rough; the access ends soon",
    "chen": "decide what is asked of the GLA and TfL; one request waits",
    "dee": "decide what is asked of Camden and the NHS",
}


def prepare(hub: HubSettings) -> None:
    """Make every folder, each for its owner only, and the file of people. Does nothing when they are there.

    Raises
    ------
    SettingsError
        A folder cannot be made or written, or somebody else could look into it.
    """
    for folder in (hub.state, hub.homes, hub.logs, hub.sockets, hub.doors, hub.labs):
        _private(folder)
    if not hub.users.exists():
        if not hub.index.exists():  # nobody has kept a register here yet
            demonstration.want(hub.state, DEMO)
        passwords = people.create(hub.users, DEMO)
        people.write_private(_passwords(hub), json.dumps(passwords, indent=1))


def clear(hub: HubSettings) -> None:
    """Remove the folder of sockets; everything else is kept."""
    shutil.rmtree(hub.sockets, ignore_errors=True)


def demo_passwords(hub: HubSettings) -> dict[str, str]:
    """Read the generated passwords; empty once their file has been removed."""
    try:
        passwords: dict[str, str] = json.loads(_passwords(hub).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return passwords


def _passwords(hub: HubSettings) -> Path:
    return hub.state / "demo-passwords.json"


def _private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise SettingsError(
                f"The folder {folder} belongs to somebody else, so the hub's secrets would not be safe in it.",
                hint="Remove it, or set LONDATA_HUB_STATE or LONDATA_HUB_SOCKETS to another place.",
            )
        folder.chmod(0o700)
    except OSError as error:
        raise SettingsError(
            f"The hub cannot use the folder {folder}: {error.strerror}.",
            hint="Make it writable, or set LONDATA_HUB_STATE to a folder that is.",
        ) from error
    if not os.access(folder, os.W_OK):
        raise SettingsError(
            f"The hub cannot write to the folder {folder}.",
            hint="Make it writable, or set LONDATA_HUB_STATE to a folder that is.",
        )
