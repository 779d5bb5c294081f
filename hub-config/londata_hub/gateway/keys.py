"""The gateway's keys: one for the credentials of holders, and one for each (entry, project) of which it keeps copies.

What is kept of an entry for a project can be read with that pair's key and no other, so deleting the key is deleting
the copies, wherever else they may have got to (a backup, a disk that was replaced).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from londata.errors import SettingsError

SIZE = 32
_NONCE = 12
Pair = tuple[str, str]


def make_key(path: Path, more: bytes = b"") -> None:
    """Write a new random key to a file that only we can read, unless there is a file already.

    Parameters
    ----------
    path
        Where it goes.
    more
        What is written after it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(SIZE) + more)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # somebody was quicker, and theirs is in use
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


def read_key(path: Path) -> bytes:
    """Read a key, and what stands behind it.

    Raises
    ------
    SettingsError
        It is not a key, or others than us could read it.
    FileNotFoundError
        There is none.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno())
        content = file.read(4096)
    if stat.S_IMODE(mode.st_mode) & 0o077 or mode.st_uid != os.getuid():
        raise SettingsError(
            f"The key file {path} can be read by others, so it protects nothing.",
            hint="Find out who has read it; then make it yours alone: chown and chmod 600.",
        )
    if len(content) < SIZE:
        raise SettingsError(f"The file {path} is not a key.", hint="Bring it back from a backup.")
    return content


class HoldersKey:
    """Encrypts and decrypts the credentials with which the gateway goes to holders.

    Parameters
    ----------
    path
        The key file; it is made when a first credential is encrypted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"HoldersKey({str(self._path)!r})"

    def seal(self, credential: str, about: str) -> str:
        """Encrypt a credential for one purpose: ``about`` must be said again to decrypt it."""
        make_key(self._path)
        nonce = os.urandom(_NONCE)
        sealed = self._cipher().encrypt(nonce, credential.encode(), about.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, about: str) -> str:
        """Decrypt a credential.

        Raises
        ------
        SettingsError
            It was encrypted with another key or for something else, or it was changed since.
        """
        try:
            content = base64.b64decode(sealed, validate=True)
            return self._cipher().decrypt(content[:_NONCE], content[_NONCE:], about.encode()).decode()
        except (InvalidTag, ValueError, FileNotFoundError):
            raise SettingsError(
                "A holder's credential cannot be decrypted: the key is another one, or the record was changed.",
                hint="Record the holding again, with its credential.",
            ) from None

    def _cipher(self) -> AESGCM:
        return AESGCM(read_key(self._path)[:SIZE])


class PairKeys:
    """The keys of the pairs (entry, project), each in its own file.

    Parameters
    ----------
    folder
        Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    @staticmethod
    def name(pair: Pair) -> str:
        """Name a pair as a file is named."""
        return hashlib.sha256(json.dumps(pair).encode()).hexdigest()[:40]

    def find(self, pair: Pair) -> bytes | None:
        """Give the key of a pair if there is one."""
        try:
            return read_key(self._path(pair))[:SIZE]
        except FileNotFoundError:
            return None

    def find_or_make(self, pair: Pair) -> bytes:
        """Give the key of a pair."""
        with self._lock:
            if (key := self.find(pair)) is None:
                make_key(self._path(pair), json.dumps(pair).encode())
                key = read_key(self._path(pair))[:SIZE]
            return key

    def pairs(self) -> Iterator[Pair]:
        """Go through the pairs that have a key."""
        for path in sorted(self._folder.glob("*.key")):
            entry, project = json.loads(read_key(path)[SIZE:])
            yield entry, project

    def destroy(self, pair: Pair) -> bool:
        """Overwrite a key on the disk and remove it; tells whether there was one."""
        with self._lock:
            try:
                with self._path(pair).open("r+b") as file:
                    file.write(os.urandom(SIZE))
                    file.flush()
                    os.fsync(file.fileno())
            except FileNotFoundError:
                return False
            self._path(pair).unlink()
            return True

    def _path(self, pair: Pair) -> Path:
        return self._folder / f"{self.name(pair)}.key"
