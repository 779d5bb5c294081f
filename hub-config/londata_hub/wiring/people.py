"""The file of the people who may log in: groups and password hashes.

It is read whenever somebody logs in and whenever a group could have changed, so editing it acts at once. A name that
is taken out cannot log in again, and whoever is logged in is out within half a minute.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from londata.errors import SettingsError

#: Cost of one guess: about 50 ms and 16 MB.
COST = {"n": 2**14, "r": 8, "p": 1}
#: No letter or digit that looks like another.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Person:
    """Somebody who may log in."""

    name: str
    groups: tuple[str, ...]
    password: str

    def has(self, password: str) -> bool:
        """Check a password, in the same time whether it is right or wrong."""
        salt, _, _ = self.password.partition("$")
        return hmac.compare_digest(hashed(password, salt), self.password)


#: Stands for a name that nobody has: a guess takes as long as for one that somebody has.
NOBODY = Person("", (), "00$")


def hashed(password: str, salt: str = "") -> str:
    """Hash a password with scrypt, as ``salt$hash``."""
    salt = salt or secrets.token_hex(16)
    return f"{salt}${hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **COST).hex()}"


def new_password() -> str:
    """Invent a password that can be typed, of about 59 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))


def read(path: Path) -> dict[str, Person]:
    """Read the file.

    Raises
    ------
    SettingsError
        It is not there or not what it should be.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: Person(name, tuple(str(group) for group in row["groups"]), str(row["password"]))
            for name, row in rows.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(
            f"The file of users, {path}, cannot be read: {error!r}.", hint="Mend it, or remove it to make new users."
        ) from error


def create(path: Path, groups: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Make the file anew, with a generated password for everybody.

    Returns
    -------
    dict
        Name → password; the file holds only its hash.
    """
    passwords = {name: new_password() for name in groups}
    rows = {name: {"groups": list(groups[name]), "password": hashed(passwords[name])} for name in groups}
    write_private(path, json.dumps(rows, indent=1))
    return passwords


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all or nothing."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
