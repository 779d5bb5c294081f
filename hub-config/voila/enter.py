"""First thing that runs in an app's sandbox: Voila for one notebook, on a socket that it is handed.

Voila can listen on a port only, and makes up the kernels' ids itself. Here it listens on the open socket that the
service gives it, and a kernel gets the id that the service wrote into the request for the page, so that the service
knows whose kernel it is before it runs. While Voila is being loaded, the notebook already runs in another process
(see ``stage``), from which the viewers' kernels are forked.

Use: ``python enter.py NOTEBOOK BASE_URL shared|fresh LIMITS``, with the socket's file number in ``LONDATA_APP_SOCKET``.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
from pathlib import Path

from stage import Stage

from londata.kernels import crowds
from londata.kernels.lean import without_grammars


def main(notebook: Path, base_url: str, start: str, limits: str) -> None:
    """Begin the run, then load Voila and serve.

    Parameters
    ----------
    notebook
        The app's notebook.
    base_url
        Below which address it is.
    start
        ``shared``, or ``fresh`` where each viewer needs a run.
    limits
        What one kernel may take, as :meth:`londata.kernels.Limits.to_text` writes it.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    if os.environ.get("LONDATA_APP_TRANSPORT") == "ipc":  # in a sandbox, where nobody else's processes count
        resource.setrlimit(resource.RLIMIT_NPROC, (crowds.MOST_TASKS, crowds.MOST_TASKS))
    listening = int(os.environ.pop("LONDATA_APP_SOCKET"))
    stage = Stage(notebook, Path.home(), start=start)
    stage.begin()
    with without_grammars():
        from serve import Viewer, settings  # loaded while the notebook runs

    Viewer.stage, Viewer.listening = stage, listening
    Viewer.launch_instance(argv=[], config=settings(notebook, base_url, limits))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:5])
