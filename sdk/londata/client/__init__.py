"""The register and the gateway behind their services: what a kernel in the hub, or anybody with a token, talks to.

A token goes to the address that the client was given and nowhere else: redirects are not followed, and neither
``repr`` nor pickle carries it.
"""

from londata.client.connection import Endpoint, unix_address
from londata.client.gateway import GatewayClient, HeldReading, OpenReading
from londata.client.register_client import RegisterClient

__all__ = ["Endpoint", "GatewayClient", "HeldReading", "OpenReading", "RegisterClient", "unix_address"]
