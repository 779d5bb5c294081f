"""First thing that runs in a user's sandbox: hand out the notebooks, then be the Lab.

It runs as the user, inside: the hub itself never writes into a home, where a link could lead it anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import socket
import sys
from pathlib import Path

from londata.kernels import crowds
from londata.kernels.lean import without_grammars

REPOSITORY = Path(__file__).resolve().parents[2]
RECORD = ".local/share/londata/handed-out.json"


def digest(path: Path) -> str:
    """Hash a file, or say "" when there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def trust(notebook: Path) -> None:
    """Sign a shipped notebook; of one that nobody signed Jupyter shows the stored outputs without their looks."""
    import nbformat
    from nbformat.sign import NotebookNotary

    try:
        NotebookNotary().sign(nbformat.read(notebook, as_version=4))
    except (OSError, ValueError) as error:  # a notebook without its looks is better than no Lab
        print(f"{notebook.name} was not signed: {error}", file=sys.stderr)  # noqa: T201


def hand_out(shipped: Path, home: Path) -> None:
    """Copy the shipped notebooks into the home; what the user changed or removed stays as it is."""
    record = home / RECORD
    try:
        before = json.loads(record.read_text())
    except (OSError, ValueError):
        before = {}
    folder = home / "notebooks"
    folder.mkdir(exist_ok=True)
    for notebook in sorted(shipped.glob("*.ipynb")):
        mine = folder / notebook.name
        if digest(mine) == before.get(notebook.name, "") != digest(notebook):
            shutil.copyfile(notebook, mine)
            trust(mine)
            before[notebook.name] = digest(notebook)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(before, indent=1))


def listen_on_the_handed_socket() -> None:
    """Let Jupyter Server listen on the socket that the hub opened, instead of making one of its own."""
    from jupyter_server import serverapp

    handed = socket.socket(fileno=int(os.environ.pop("LONDATA_LAB_SOCKET")))
    handed.setblocking(False)
    serverapp.bind_unix_socket = lambda *_, **__: handed
    runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
    runtime.mkdir(mode=0o700, exist_ok=True)
    sys.argv.append(f"--ServerApp.sock={runtime / 'lab.sock'}")
    if os.getuid() == 0:  # only where there are no sandboxes and the hub runs as root; both have been said loudly
        sys.argv.append("--allow-root")


def bound_processes() -> None:
    """Bound what a user can start, in a sandbox: elsewhere all processes of whoever runs the hub would count.

    The system takes no notice where the hub runs as root; there a control group has the same number.
    """
    if Path("/proc/1/comm").read_text(encoding="utf-8").startswith("bwrap"):
        resource.setrlimit(resource.RLIMIT_NPROC, (crowds.TASKS_OF_A_LAB, crowds.TASKS_OF_A_LAB))


if __name__ == "__main__":
    bound_processes()
    with without_grammars():
        try:
            hand_out(REPOSITORY / "notebooks", Path.home())
        except OSError as error:
            print(f"The notebooks were not handed out: {error}", file=sys.stderr)  # noqa: T201
        listen_on_the_handed_socket()
        from jupyterhub.singleuser import main

    main()
