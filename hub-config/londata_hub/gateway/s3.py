"""Objects in an S3-compatible store: an address that is signed for one minute takes the place of the credential."""

from __future__ import annotations

import logging

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from londata.errors import UsageError
from londata_hub.gateway.holdings import Credential, object_address
from londata_hub.store import Holding

#: Seconds that a signed address is good for.
GOOD_FOR_S = 60
REGION = "us-east-1"


def signed_address(holding: Holding, credential: Credential | None, seconds: int = GOOD_FOR_S) -> str:
    """Write the address of an object so that whoever has it can read this object for a short time.

    Parameters
    ----------
    holding
        Which object; the option ``region`` says where the store is.
    credential
        With which key; without one, the plain address of an object that is public.
    seconds
        How long the address is good for, at most a minute.

    Raises
    ------
    UsageError
        The location is no object in a store, or the credential is no pair of keys.
    """
    request = AWSRequest("GET", object_address(holding))
    if credential is None:
        return str(request.url)
    signer = S3SigV4QueryAuth(
        _keys(credential), "s3", holding.options.get("region", REGION), expires=max(1, min(seconds, GOOD_FOR_S))
    )
    logging.getLogger("botocore.auth").setLevel(logging.WARNING)  # which otherwise writes down signatures
    signer.add_auth(request)
    return str(request.url)


def check_keys(credential: Credential) -> None:
    """Refuse what is not the credential of a store.

    Raises
    ------
    UsageError
        It has not two lines (or three).
    """
    _keys(credential)


def _keys(credential: Credential) -> Credentials:
    lines = [line.strip() for line in credential.text.strip().splitlines()]
    if len(lines) not in (2, 3) or not all(lines):
        raise UsageError(
            "The credential of a store has two lines: the access key and the secret key.",
            hint="A third line may hold a session token.",
        )
    return Credentials(*lines)
