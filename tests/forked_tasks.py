"""Tasks that tests have forked from a zygote."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np


def say(*what: Any) -> None:
    """Write what was given, and something of this process."""
    numbers = [random.random(), float(np.random.rand()), os.urandom(4).hex()]
    told = [*what, os.environ.get("MARK"), str(Path.cwd()), numbers, threading.active_count()]
    sys.stdout.write(json.dumps(told) + "\n")


def crash(number: int) -> None:
    """End by a signal."""
    os.kill(os.getpid(), number)


def wait_for_ever() -> None:
    """Start a process that runs away from its session, and wait."""
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    sys.stdout.write("here\n")
    sys.stdout.flush()
    signal.pause()
