"""A real PostgreSQL for tests: its own cluster in a temporary folder, reached over a unix socket, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

INSTALL = "sudo apt-get install postgresql"
#: A test database may lose everything in a crash; what it must be is quick.
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB"


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _as_user(user: str | None) -> list[str]:
    """PostgreSQL refuses to run as root; then it runs as the user that its package made."""
    return ["runuser", "-u", user, "--"] if user else []


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Path]:
    """Start a cluster and give the folder of its socket. Database and superuser are called ``postgres``."""
    programs = _programs()
    if programs is None:
        reason = f"PostgreSQL is not installed; install it with: {INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        if user:
            for path in (folder, data):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1)
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*_as_user(user), *initdb], check=True, capture_output=True, cwd="/")
        control = [*_as_user(user), programs / "pg_ctl", "-D", data, "-w"]
        start = [*control, "-l", data / "log", "-o", f"{OPTIONS} -k {folder}", "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        try:
            yield Path(folder)
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


@pytest.fixture
def postgres_address(postgres_cluster: Path) -> Iterator[str]:
    """Make an empty database and give its address."""
    import psycopg

    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(f"host={postgres_cluster} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"postgresql://postgres@/{name}?host={postgres_cluster}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
