"""What the operator recorded of where the bytes are, and the one credential that goes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from londata.errors import FetchError, UsageError
from londata.fetch import addresses
from londata.records import Distribution, Entry
from londata_hub.gateway.keys import HoldersKey
from londata_hub.store import AccessStore, Holding

#: Kind of a holding → what its location is. ``none`` takes an earlier record back.
KINDS: Mapping[str, str] = {
    "file": "a path below the folder of the holders",
    "http": "a web address",
    "s3": "s3://bucket/key",
    "none": "nowhere",
}


@dataclass(frozen=True)
class Credential:
    """What a holder lets us in with. It never shows in a message, a log or a ``repr``."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "(a credential)"


def holding_of(store: AccessStore, entry: Entry, distribution: Distribution) -> Holding:
    """Find what the operator recorded. What the entry itself says about places counts for nothing.

    Parameters
    ----------
    store
        The records.
    entry, distribution
        Of what.

    Raises
    ------
    FetchError
        The distribution does not come through the gateway, or nothing is recorded.
    """
    holding = store.holding(entry.id, distribution.id) if distribution.through == "gateway" else None
    if holding is None or holding.kind not in KINDS or holding.kind == "none":
        raise FetchError(
            f"The gateway does not hold {distribution.id!r} of “{entry.title}”.",
            hint="Tell whoever runs the hub; `londata-hub holdings list` shows what it holds.",
        )
    return holding


def bound_to(holding: Holding) -> str:
    """Say what a credential is for. It is encrypted for this and goes nowhere else, whatever a record says later."""
    endpoint = holding.options.get("endpoint", "")
    return "\0".join((holding.entry, holding.distribution, holding.kind, holding.location, endpoint))


def credential_of(holding: Holding, key: HoldersKey) -> Credential | None:
    """Decrypt the credential of a holding, where it has one."""
    return Credential(key.open(holding.credential, bound_to(holding))) if holding.credential else None


def object_address(holding: Holding) -> str:
    """Write where an object in an S3-compatible store is, as a web address.

    Raises
    ------
    UsageError
        The location is not ``s3://bucket/key``, or the endpoint is no web address.
    """
    parts = urlsplit(holding.location, allow_fragments=False)
    bucket, key = parts.netloc, holding.location.removeprefix(f"s3://{parts.netloc}/")
    endpoint = holding.options.get("endpoint", "").rstrip("/")
    if parts.scheme != "s3" or not bucket or not key or key == holding.location or not endpoint:
        raise UsageError(
            f"{holding.location[:200]!r} with the endpoint {endpoint[:200]!r} is not an object in a store.",
            hint="Say for instance s3://bucket/folder/file.parquet and https://s3.eu-west-2.amazonaws.com.",
        )
    addresses.parse(endpoint)
    return f"{endpoint}/{quote(bucket)}/{quote(key)}"


def check_safe(holding: Holding, allowed: addresses.Allowance) -> None:
    """Refuse to send a credential over an unencrypted connection, unless it is to a host that the operator allowed.

    Raises
    ------
    AddressRefusedError
        The location or endpoint is no web address.
    UsageError
        The credential would go over plain http.
    """
    url = addresses.parse(object_address(holding) if holding.kind == "s3" else holding.location)
    if holding.credential and url.scheme != "https" and (url.host, addresses.port_of(url)) not in allowed:
        raise UsageError(
            f"The credential for {url.host} would go over an unencrypted connection.",
            hint="Use https://, or allow the host with LONDATA_FETCH_ALLOW=host:port if the network is your own.",
        )
