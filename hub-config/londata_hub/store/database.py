"""The database: SQLite in a file, or PostgreSQL by address. Connect, migrate, read, write."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from londata.errors import RegisterUnavailableError, SettingsError
from londata_hub import audit

#: The newest step in ``migrations/versions``.
HEAD = "0004"
BUSY_S = 60
#: Any number, the same for everybody who writes to the register: PostgreSQL's lock for writers.
_WRITERS = 5_177_201_901


class Database:
    """One database. Readers see a whole state; writers come one after the other, in every process.

    Parameters
    ----------
    address
        ``sqlite:///path`` or ``postgresql://…``.

    Raises
    ------
    SettingsError
        The address is none, or is of a database that londata does not know.
    RegisterUnavailableError
        The database does not answer, or is not one of londata's.
    """

    def __init__(self, address: str) -> None:
        url = _checked(address)
        self.shown = url.render_as_string(hide_password=True)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if self.is_sqlite and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine: Engine = create_engine(url, **self._options())
        if self.is_sqlite:
            event.listen(self._engine, "connect", _set_up_sqlite)
        event.listen(self._engine, "begin", _begin)
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def _options(self) -> dict[str, Any]:
        if self.is_sqlite:
            return {"connect_args": {"timeout": BUSY_S}}
        # Asked first, a connection that a restart of the database has cut is not found out by somebody's question
        return {"isolation_level": "REPEATABLE READ", "pool_pre_ping": True}

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction in which nothing changes under the reader."""
        with self._explained(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction alone among writers; it is all done at the end, or not at all after an error."""
        with self._explained(), self._engine.connect() as connection:
            connection = connection.execution_options(londata_writing=True)
            if not self.is_sqlite:  # the lock must be held before the transaction takes its snapshot
                connection = connection.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                yield connection

    def glance(self, question: str) -> str | None:
        """Look up one value without a transaction of its own: what is asked before every answer must cost little."""
        with self._explained(), self._engine.connect() as connection:
            raw = connection.connection.cursor()
            try:
                raw.execute(question)
                found = raw.fetchone()
            except self._engine.dialect.loaded_dbapi.Error as error:
                raise DBAPIError(question, None, error) from error
            finally:
                raw.close()
        return None if found is None else str(found[0])

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            first = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
            raise RegisterUnavailableError(
                f"The register's database {self.shown} does not work: {first}.",
                hint="Check LONDATA_HUB_DATABASE, that the database runs, and that its disk has room.",
            ) from error

    def _migrate(self) -> None:
        """Bring the tables to the newest version; costs one look when they are."""
        with self.reading() as connection:
            if _version(connection) == HEAD:
                return
        with self.writing() as connection:
            version = _version(connection)
            if version == HEAD:
                return
            if version and version > HEAD:
                raise RegisterUnavailableError(
                    f"The register's database {self.shown} was written by a newer londata (step {version}).",
                    hint="Install that version of londata, or point LONDATA_HUB_DATABASE to another database.",
                )
            _upgrade(connection)
            audit.take_over(connection)


def _checked(address: str) -> URL:
    hint = "Give LONDATA_HUB_DATABASE as sqlite:///folder/file or postgresql://user@host/name."
    try:
        url = make_url(address)
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise SettingsError("The address of the register's database cannot be read.", hint=hint) from error
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsError(f"londata keeps no register in {url.get_backend_name()}.", hint=hint)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise SettingsError("A register in memory would be lost.", hint=hint)
    return url


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("londata_writing")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
    elif writing:
        connection.execute(text("SELECT pg_advisory_xact_lock(:writers)"), {"writers": _WRITERS})


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "londata_hub.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
