"""The register behind its service: what a kernel in the hub, or anybody with a token, talks to.

The token goes to the address that the client was given and nowhere else: redirects are not followed, and neither
``repr`` nor pickle carries it.
"""

from londata.client.connection import Endpoint, unix_address
from londata.client.register_client import RegisterClient

__all__ = ["Endpoint", "RegisterClient", "unix_address"]
