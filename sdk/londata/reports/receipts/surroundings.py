"""What a run ran in: versions, and hashes that change when anything does that could change a figure."""

from __future__ import annotations

import hashlib
import platform
import sys
from functools import cache
from pathlib import Path

import londata

_PACKAGE = Path(londata.__file__).parent
_CODE = ("*.py", "*.j2", "*.css", "*.html")


def environment() -> dict[str, str]:
    """Say what reports run in on this machine.

    Returns
    -------
    dict
        ``londata``, ``python`` and ``platform`` in words; ``commit`` of the code where it is run from a repository;
        ``code``, the SHA-256 of londata's own files, and ``packages``, that of the names and versions of everything
        installed. Two runs with the same environment ran the same code.
    """
    return dict(_environment())


@cache
def _environment() -> tuple[tuple[str, str], ...]:
    known = {
        "londata": londata.__version__,
        "commit": _commit(_PACKAGE),
        "code": _code(_PACKAGE),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": _packages(sys.path),
    }
    return tuple((name, value) for name, value in known.items() if value)


def _packages(places: list[str]) -> str:
    """Hash names and versions of what is installed, as the names of its folders have them: one look."""
    found = {
        each.name.removesuffix(".dist-info").removesuffix(".egg-info").lower()
        for place in dict.fromkeys(filter(None, places))
        if Path(place).is_dir()
        for each in Path(place).iterdir()
        if each.suffix in {".dist-info", ".egg-info"}
    }
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def _code(package: Path) -> str:
    """Hash londata's files: one that is installed for its developers changes without a new version."""
    total = hashlib.sha256()
    for path in sorted(path for pattern in _CODE for path in package.rglob(pattern)):
        total.update(path.relative_to(package).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _commit(package: Path) -> str:
    """Look up the commit of the repository that this package is run from; empty where it is installed."""
    git = next((folder / ".git" for folder in package.parents if (folder / ".git").exists()), None)
    if git is None or not (git.parent / "pyproject.toml").is_file() or not package.is_relative_to(git.parent / "sdk"):
        return ""
    try:
        if git.is_file():  # a second work tree
            git = (git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        return _of_branch(git, head.removeprefix("ref: "))
    except OSError:
        return ""


def _of_branch(git: Path, branch: str) -> str:
    shared = git / "commondir"
    folder = (git / shared.read_text(encoding="utf-8").strip()).resolve() if shared.is_file() else git
    if (folder / branch).is_file():
        return (folder / branch).read_text(encoding="utf-8").strip()
    packed = (folder / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {branch}")), "")
