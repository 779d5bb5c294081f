"""How both command lines (``londata`` and ``londata-hub``) run: parse, one call, print.

A command is a module with ``configure(parser)`` and ``run(arguments) -> int``; the table that names it is all
there is to add. Errors of londata are printed as one sentence and a hint, never as a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from londata.errors import LondataError

#: Exit code of a program that was interrupted from the keyboard.
INTERRUPTED = 130


def run_command_line(
    program: str,
    description: str,
    commands: Mapping[str, tuple[str, str]],
    argv: Sequence[str] | None = None,
    *,
    hints: Callable[[str], str] = str,
) -> int:
    """Run one command.

    Parameters
    ----------
    program, description
        What ``--help`` says first.
    commands
        Name → (module, help). Only the module of the chosen command is imported.
    argv
        Arguments without the program's name; those of the process when not given.
    hints
        Writes the hint of an error as it is to be said here.

    Returns
    -------
    int
        Exit code: 0, the command's own, the error's, or 130 after Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog=program, description=description)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    for name, (module, text) in commands.items():
        subparser = subparsers.add_parser(name, help=text, description=text)
        if name == chosen:
            import_module(module).configure(subparser)
    parsed = parser.parse_args(arguments)
    try:
        return int(import_module(commands[parsed.command][0]).run(parsed))
    except LondataError as error:
        print(f"{program}: {error.message}", file=sys.stderr)
        if error.hint:
            print(hints(error.hint), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output (`head`) has seen enough; what is still buffered must not be complained about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"{program}: stopped.", file=sys.stderr)
        return INTERRUPTED


def add_actions(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], named: Mapping[str, str], what: str, text: str
) -> dict[str, argparse.ArgumentParser]:
    """Declare actions on one thing, each of which takes the name of it.

    Parameters
    ----------
    actions
        Where they are added.
    named
        Name → what it does, which is also how it describes itself.
    what, text
        What the argument with its name is called, and what ``--help`` says of it.

    Returns
    -------
    dict of str to argparse.ArgumentParser
        Each of them, for further arguments.
    """
    found = {name: actions.add_parser(name, help=does, description=does) for name, does in named.items()}
    for action in found.values():
        action.add_argument(what, help=text)
    return found
