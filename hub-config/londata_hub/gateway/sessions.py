"""Which session a request comes from, and for which project that session works.

On a unix socket the kernel of the machine tells the process at the other end. Every notebook kernel and every terminal
is a session of its own (``setsid``), and whatever it starts stays in it or descends from it. So a session is known by
the number of its leader and the moment at which that leader started, which no later process shares. A leader that lives
outside the gateway's own container has the number 0 here: all such sessions count as one, which is the stricter way.

A session works for one project, from the first reading that it is given to its end. That keeps the data of two
purposes from meeting by mistake, and the log names the project of each reading; somebody who means to can still carry
a file from one kernel to another.
"""

from __future__ import annotations

import json
import logging
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from londata.errors import AccessDeniedError

log = logging.getLogger(__name__)

PROC = Path("/proc")
#: Most steps from a process to those that started it.
MOST_STEPS = 64


@dataclass(frozen=True)
class Session:
    """A session: its leader's process number and when that started, in ticks since the machine did.

    ``started`` is 0 where the leader has ended already and left others behind, or cannot be looked at from here.
    """

    id: int
    started: int

    def __str__(self) -> str:
        return f"{self.id}.{self.started}"

    def is_still(self, noted: Session) -> bool:
        """Tell whether this is the session that was noted. A number is not given away while its session lives."""
        return self.id == noted.id and self.started in (noted.started, 0)


@dataclass(frozen=True)
class Peer:
    """Who is at the other end of a unix socket: its session, then the sessions of those that started it."""

    sessions: tuple[Session, ...]

    @property
    def own(self) -> Session:
        """The session of the process that asks."""
        return self.sessions[0]

    def belongs_to(self, noted: Session) -> bool:
        """Tell whether the process is in a session that was noted, or was started from it."""
        return any(session.is_still(noted) for session in self.sessions)


def peer_of(connection: socket.socket | None) -> Peer | None:
    """Tell which sessions the other end of a connection belongs to.

    Returns
    -------
    Peer or None
        ``None`` on TCP, where nobody can tell.

    Raises
    ------
    AccessDeniedError
        The process cannot be found: it has ended, or lives where this one cannot look.
    """
    if connection is None or connection.family != socket.AF_UNIX:
        return None
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    process: int = struct.unpack("3i", told)[0]
    sessions = tuple(dict.fromkeys(_sessions(process)))
    if not sessions:
        raise AccessDeniedError(
            "The gateway cannot tell which session asks, because the process that opened the connection has ended.",
            hint="Ask from a process that stays until the answer is there.",
        )
    return Peer(sessions)


class Projects:
    """Notes which session works for which project.

    Parameters
    ----------
    path
        File that keeps the notes, so that they outlive a restart of the gateway; ``None`` keeps them in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._notes: dict[int, tuple[Session, str]] = {}
        if path is not None and path.exists():
            self._notes = dict(_kept(path))
            self.forget_ended()

    def other(self, peer: Peer | None, project: str) -> str | None:
        """Name the other project that a session works for, if there is one."""
        for session in peer.sessions if peer else ():
            noted, works_for = self._notes.get(session.id, (None, project))
            if noted and session.is_still(noted) and works_for != project:
                return works_for
        return None

    def claim(self, peer: Peer | None, project: str) -> None:
        """Note that a session works for a project.

        Raises
        ------
        AccessDeniedError
            It works for another one.
        """
        if works_for := self.other(peer, project):
            raise another_project(works_for, project)
        if peer is not None and self._notes.get(peer.own.id) != (peer.own, project):
            self._notes[peer.own.id] = (peer.own, project)
            if self._path is not None:
                _append(self._path, peer.own, project)

    def forget_ended(self) -> None:
        """Forget sessions of which no process is left, and their lines in the file."""
        if all(noted.started and _started(noted.id) == noted.started for noted, _ in self._notes.values()):
            return
        living = {row[0] for row in map(_read, _processes()) if row}
        ended = [
            number
            for number, (noted, _) in self._notes.items()
            if number not in living or not Session(number, _started(number)).is_still(noted)
        ]
        for number in ended:
            del self._notes[number]
        if ended and self._path is not None:
            _write(self._path, self._notes)


def another_project(works_for: str, project: str) -> AccessDeniedError:
    """Explain that a session works for one project."""
    return AccessDeniedError(
        f"This session works for the project {works_for}, and one session never works for two.",
        hint=f"Start a new kernel (Kernel → Restart, or another notebook) and use {project} there.",
    )


def _sessions(process: int) -> Iterator[Session]:
    """Go from a process up to the edge of its sandbox and give the sessions on the way."""
    level = _level(process)
    for step in range(MOST_STEPS):
        row = _read(process)
        # The first process of all, or of a container, started everything here: what it reads binds nobody but itself
        if row is None or (step and process <= 1) or _level(process) < level:
            return
        session, process, _ = row
        yield Session(session, _started(session))


def _read(process: int) -> tuple[int, int, int] | None:
    """Read a process's session, parent and start; ``None`` once it has ended."""
    try:
        # The second field is the program's name in brackets, which may itself hold brackets and spaces
        fields = (PROC / str(process) / "stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[3]), int(fields[1]), int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def _started(process: int) -> int:
    row = _read(process)
    return row[2] if row else 0


def _level(process: int) -> int:
    """Count the walls around a process: its number in each of the nested process namespaces that it lives in."""
    try:
        for line in (PROC / str(process) / "status").read_bytes().splitlines():
            if line.startswith(b"NSpid:"):
                return len(line.split()) - 1
    except OSError:
        pass
    return 0


def _processes() -> Iterator[int]:
    return (int(path.name) for path in PROC.iterdir() if path.name.isdigit())


def _kept(path: Path) -> Iterator[tuple[int, tuple[Session, str]]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            number, started, project = json.loads(line)
            yield int(number), (Session(int(number), int(started)), str(project))
        except (ValueError, TypeError):  # the end of a line that was not written to its end
            log.warning("A line of %s cannot be read and is left out.", path)


def _line(session: Session, project: str) -> str:
    return json.dumps([session.id, session.started, project]) + "\n"


def _append(path: Path, session: Session, project: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(session, project))


def _write(path: Path, notes: dict[int, tuple[Session, str]]) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_text("".join(_line(*note) for note in notes.values()), encoding="utf-8")
    beside.replace(path)
