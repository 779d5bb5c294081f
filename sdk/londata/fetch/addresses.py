"""Where londata will go: the rules for an address, and for the machine behind it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Set

import httpx

from londata.errors import AddressRefusedError, OfflineError

#: Ports that public data is served from. Others need an explicit allowance (setting ``FETCH_ALLOW``).
PORTS = frozenset({80, 443, 8080, 8443})

Allowance = Set[tuple[str, int]]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def parse(address: str) -> httpx.URL:
    """Read an address; every later check and the request itself use this one reading of it.

    Raises
    ------
    AddressRefusedError
        It is not an http(s) address with a host, or it carries a user name or password.
    """
    try:
        url = httpx.URL(address)
        host = url.host
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise AddressRefusedError(
            f"{address[:200]!r} is not an address that can be fetched.", hint="It should be https://host/…."
        ) from error
    if url.scheme not in ("http", "https") or not host:
        raise AddressRefusedError(
            f"londata fetches only http and https addresses, not {address[:200]!r}.",
            hint="Tell the publisher that the address in the register is wrong.",
        )
    if url.userinfo:
        raise AddressRefusedError(
            f"The address at {host} carries a user name or password, which londata does not send.",
            hint="Tell the publisher to take it out of the address.",
        )
    return url


def port_of(url: httpx.URL) -> int:
    """Tell the port of an address, stated or not."""
    return url.port or (443 if url.scheme == "https" else 80)


def shown(url: httpx.URL) -> str:
    """Write an address for a message: without its query, which may hold a key, and not too long."""
    text = str(url.copy_with(query=None, fragment=None))
    return text if len(text) <= 200 else text[:199] + "…"


def check_port(url: httpx.URL, allowed: Allowance) -> None:
    """Refuse a port that public data is not served from.

    Raises
    ------
    AddressRefusedError
        The port is neither one of :data:`PORTS` nor allowed for this host.
    """
    port = port_of(url)
    if port not in PORTS and (url.host, port) not in allowed:
        raise AddressRefusedError(
            f"londata does not fetch from port {port} of {url.host}; public data is served from "
            f"{', '.join(map(str, sorted(PORTS)))}.",
            hint="Whoever runs londata can allow it with LONDATA_FETCH_ALLOW=host:port.",
        )


def resolve(host: str, port: int, allowed: Allowance) -> list[str]:
    """Resolve a name once and check every machine behind it.

    The caller dials one of the returned numbers and never the name again, so that a name which answers
    differently the second time (DNS rebinding) gains nothing.

    Parameters
    ----------
    host, port
        Where the caller is about to go.
    allowed
        The hosts and ports that may be in a private network.

    Returns
    -------
    list of str
        The numbers (IPv4 or IPv6) of the machines behind the name, each once, in the order of the
        resolver.

    Raises
    ------
    OfflineError
        The name is not known here.
    AddressRefusedError
        One of the machines is not on the public internet and is not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OfflineError(
            f"The name {host} is not known: there is no network here, or the address in the register is wrong.",
            hint="Check the network; if it is there, look at the landing page of the entry.",
        ) from error
    numbers = list(dict.fromkeys(str(item[4][0]) for item in found))
    if (host, port) not in allowed and not all(map(is_public, numbers)):
        raise AddressRefusedError(
            f"The address at {host} leads into a private network, where londata does not go.",
            hint="Whoever runs londata can allow it with LONDATA_FETCH_ALLOW=host:port.",
        )
    return numbers


def is_public(number: str) -> bool:
    """Tell whether an IP address is on the public internet, looking through IPv6 forms that wrap an IPv4 one."""
    try:
        address = ipaddress.ip_address(number.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if wrapped:
            return is_public(str(wrapped))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
