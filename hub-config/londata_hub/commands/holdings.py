"""``londata-hub holdings``: record where the bytes are that the gateway opens."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from londata import settings as londata_settings
from londata.errors import AddressRefusedError, EntryNotFoundError, UsageError
from londata.fetch import addresses
from londata_hub import settings
from londata_hub.gateway.holdings import Credential, bound_to, check_safe
from londata_hub.gateway.keys import HoldersKey
from londata_hub.gateway.plain_files import inside
from londata_hub.gateway.s3 import REGION, check_keys
from londata_hub.settings import HubSettings
from londata_hub.store import AccessStore, Holding

MOST_CREDENTIAL = 8192


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may follow ``londata-hub holdings``."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    adding = commands.add_parser("add", help="Record where the bytes of a distribution are; a later record counts")
    adding.add_argument("entry", help="The entry")
    adding.add_argument("distribution", help="Its distribution, which the register must say comes through the gateway")
    place = adding.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "--file",
        type=Path,
        help="A file in the folder of the holders (holders/ in the hub's state): its path, or its name there",
    )
    place.add_argument("--url", help="A web address at the holder")
    place.add_argument("--s3", help="An object in an S3-compatible store: s3://bucket/key")
    adding.add_argument("--endpoint", default="", help="The web address of the store")
    adding.add_argument("--region", default=REGION, help="The region of the store (%(default)s)")
    adding.add_argument(
        "--direct",
        action="store_true",
        help="Readers may be given an address of the store for a minute, where the agreement allows downloads",
    )
    adding.add_argument(
        "--credential-from",
        metavar="FILE",
        help="Read the credential from a file, or - for the keyboard: what goes into the header Authorization, or for "
        "a store the access key and the secret key, a line each",
    )
    commands.add_parser("list", help="Show what is recorded; credentials are never shown")
    removing = commands.add_parser("remove", help="Take a record back; the gateway opens it no longer")
    removing.add_argument("entry", help="The entry")
    removing.add_argument("distribution", help="Its distribution")


def run(arguments: argparse.Namespace) -> int:
    """Open the records of this hub and do what was asked."""
    hub = settings.load()
    actions: dict[str, Callable[[AccessStore, HubSettings, argparse.Namespace], Iterable[str]]] = {
        "add": _add,
        "list": _list,
        "remove": _remove,
    }
    with AccessStore(hub.database, hub.state / "audit-anchors") as store:
        for line in actions[arguments.action](store, hub, arguments):
            print(line)
    return 0


def _add(store: AccessStore, hub: HubSettings, arguments: argparse.Namespace) -> Iterable[str]:
    _check_entry(store, arguments.entry, arguments.distribution)
    holding = _placed(hub, arguments)
    credential = _credential(arguments.credential_from)
    if credential and holding.kind == "file":
        raise UsageError("A file on this machine needs no credential.", hint="Leave out --credential-from.")
    if credential and holding.kind == "s3":
        check_keys(credential)
    elif credential and (len(credential.text.splitlines()) != 1 or not credential.text.isprintable()):
        raise UsageError(
            "The credential is not one line of text.", hint="It is sent as the header Authorization: Bearer …"
        )
    if credential:
        sealed = HoldersKey(hub.state / "gateway" / "holders.key").seal(credential.text, bound_to(holding))
        holding = replace(holding, credential=sealed)
    if holding.kind != "file":
        check_safe(holding, londata_settings.get("FETCH_ALLOW"))
    store.hold(holding, _operator())
    yield f"The gateway opens {holding.distribution} of {holding.entry} from {_shown(holding)}."


def _list(store: AccessStore, _: HubSettings, __: argparse.Namespace) -> Iterable[str]:
    held = [holding for holding in store.holdings() if holding.kind != "none"]
    yield f"{len(held):,} holdings"
    yield from (f"  {holding.entry}  {holding.distribution}  {_shown(holding)}" for holding in held)


def _remove(store: AccessStore, _: HubSettings, arguments: argparse.Namespace) -> Iterable[str]:
    holding = store.holding(arguments.entry, arguments.distribution)
    if holding is None or holding.kind == "none":
        raise UsageError(
            f"Nothing is recorded of {arguments.distribution} of {arguments.entry}.",
            hint="`londata-hub holdings list` shows what is.",
        )
    store.hold(Holding(arguments.entry, arguments.distribution, "none", ""), _operator())
    yield f"The gateway does not open {arguments.distribution} of {arguments.entry} any more."


def _check_entry(store: AccessStore, slug: str, name: str) -> None:
    """Refuse to hold what nobody could ever read, which is most likely misspelt."""
    entry = store.entry(slug)
    if entry is None:
        raise EntryNotFoundError(f"There is no entry {slug!r} in the register.", hint="Put it into the register first.")
    through = [each.id for each in entry.distributions if each.through == "gateway"]
    if name not in through:
        raise UsageError(
            f"{slug} has no distribution {name!r} that comes through the gateway.",
            hint=f"It has: {', '.join(through) or 'none'}.",
        )


def _placed(hub: HubSettings, arguments: argparse.Namespace) -> Holding:
    """Say where the bytes are, as far as that can be told without going there."""
    about = arguments.entry, arguments.distribution
    if arguments.file:
        home = (hub.state / "holders").resolve()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = arguments.file.absolute()
        if not path.exists() and (home / arguments.file).is_file():
            path = home / arguments.file  # as `holdings list` says it
        if not path.is_relative_to(home):
            raise UsageError(
                f"{arguments.file} is not in the folder of the holders, {home}.", hint="Put the file there first."
            )
        location = path.relative_to(home).as_posix()
        inside(home, location)
        return Holding(*about, "file", location)
    if arguments.url:
        return Holding(*about, "http", _web_address(arguments.url))
    options = {"endpoint": arguments.endpoint.rstrip("/"), "region": arguments.region}
    options |= {"direct": "yes"} if arguments.direct else {}
    return Holding(*about, "s3", arguments.s3, options=options)


def _web_address(said: str) -> str:
    """Accept the address of a holder.

    Raises
    ------
    UsageError
        It is none; what is meant may be a file or an object in a store, which have options of their own.
    """
    try:
        return str(addresses.parse(said))
    except AddressRefusedError as refused:
        raise UsageError(
            "That is no web address that can be recorded: it begins with https:// or http:// and carries no user name "
            "or password.",
            hint="Of a file in holders/ say --file PATH, of an object in a store --s3 s3://bucket/key, of a credential "
            "--credential-from FILE.",
        ) from refused


def _credential(place: str | None) -> Credential | None:
    if place is None:
        return None
    try:
        if place == "-":
            text = getpass.getpass("Credential: ") if sys.stdin.isatty() else sys.stdin.read(MOST_CREDENTIAL)
        else:
            with Path(place).open(encoding="utf-8") as file:
                text = file.read(MOST_CREDENTIAL)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"The credential cannot be read from {place}: {reason}.", hint="Check the file.") from None
    if not text.strip():
        raise UsageError("The credential is empty.", hint="Leave out --credential-from where none is needed.")
    return Credential(text.strip())


def _shown(holding: Holding) -> str:
    """Write where a holding is; what follows a ``?`` in an address may be a key."""
    place = f"{holding.kind} {holding.location.partition('?')[0]}"
    endpoint = holding.options.get("endpoint", "")
    with_ = ["with a credential"] if holding.credential else []
    with_ += ["handed out directly"] if holding.options.get("direct") == "yes" else []
    return place + (f" at {endpoint}" if endpoint else "") + "".join(f", {each}" for each in with_)


def _operator() -> str:
    return f"operator/{getpass.getuser()}"
