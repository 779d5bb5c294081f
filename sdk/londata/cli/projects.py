"""``londata projects``: one's projects, which data each may read, and until when."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments: there is nothing to choose."""


def run(arguments: argparse.Namespace) -> int:
    """Print the projects, then what there is to know about them."""
    from londata.sharing.choosing import projects
    from londata.sharing.telling import notices

    print(projects())
    if told := notices():
        print(told)
    return 0
