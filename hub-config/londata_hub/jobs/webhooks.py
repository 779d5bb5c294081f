"""Messages about scheduled reports to an address of the web: one signed POST of JSON, by the rules of every fetch.

The address was written by a user and is as hostile as a harvested one: it is resolved once, every machine behind it is
checked, and the checked one is dialled. No redirect is followed, and nothing of the answer is read but its status.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from contextlib import closing
from typing import TYPE_CHECKING

import httpcore
import httpx

from londata import __version__
from londata import settings as londata_settings
from londata.errors import HubError, LondataError, OfflineError
from londata.fetch import addresses
from londata.fetch.transport import CheckedTransport, Patience
from londata_hub.settings import HubSettings

if TYPE_CHECKING:
    from londata_hub.jobs.notifying import Message

TIMEOUT_S, DEADLINE_S = 10.0, 20.0
SIGNATURE = "x-londata-signature"
_BROKEN = (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError)


def post(message: Message, place: str, settings: HubSettings) -> None:
    """Post one message.

    Parameters
    ----------
    message
        What is told.
    place
        An https address; plain http only on a host that ``FETCH_ALLOW`` names.
    settings
        The hub's, with the allowance and the key for the signature.

    Raises
    ------
    HubError
        The address is one where the hub does not go, or nobody there takes the message.
    """
    allowed: addresses.Allowance = londata_settings.get("FETCH_ALLOW", settings.for_services)
    try:
        url = addresses.parse(place)
        if url.scheme != "https" and (url.host, addresses.port_of(url)) not in allowed:
            raise HubError("the message would travel in the open; use an https address.")
        addresses.check_port(url, allowed)
        status = _send(url, body(message), allowed, settings.webhook_key)
    except OfflineError:
        raise HubError("its name is not known here.") from None
    except HubError:
        raise
    except LondataError as error:
        raise HubError(f"{error.message[:1].lower()}{error.message[1:]}") from None
    except _BROKEN as error:
        raise HubError(f"nobody takes messages there ({type(error).__name__}).") from None
    if not 200 <= status < 300:
        led = ", and messages do not follow a redirect" if 300 <= status < 400 else ""
        raise HubError(f"it answers {status}{led}.")


def body(message: Message) -> bytes:
    """Write what is posted: words for a person under ``text``, and the same as values."""
    text = " ".join(filter(None, [message.sentence, message.reason, message.following, message.link]))
    values = {
        "text": text,
        "schedule": message.schedule,
        "title": message.title,
        "run": message.run,
        "scheduled_for": message.scheduled_for.isoformat(),
        "state": message.state,
        "made": message.made,
        "failed": message.failed,
        "link": message.link,
        "next_run": message.next_run.isoformat() if message.next_run else None,
    }
    return json.dumps(values, ensure_ascii=False).encode()


def signature(content: bytes, key: str, moment: int) -> str:
    """Sign a message and its time: ``t=1764000000,v1=<HMAC-SHA256 of "1764000000." and the body, in hex>``.

    Parameters
    ----------
    content
        The body, as it is sent.
    key
        The secret that the hub shares with those who take messages.
    moment
        Seconds since 1970; who checks the signature can refuse an old one.
    """
    digest = hmac.new(key.encode(), str(moment).encode() + b"." + content, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _send(url: httpx.URL, content: bytes, allowed: addresses.Allowance, key: str) -> int:
    headers = {"content-type": "application/json", "user-agent": f"londata/{__version__}"}
    if key:
        headers[SIGNATURE] = signature(content, key, int(time.time()))
    timeout = httpx.Timeout(TIMEOUT_S).as_dict()
    request = httpx.Request("POST", url, headers=headers, content=content, extensions={"timeout": timeout})
    transport = CheckedTransport(allowed, Patience(TIMEOUT_S, DEADLINE_S))
    with transport as way, closing(way.handle_request(request)) as response:
        return response.status_code
