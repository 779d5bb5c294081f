"""Forms of services' own pages: read with limits, and taken only from the page that the very visitor was shown."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from londata.errors import AccessDeniedError, UsageError
from londata_hub.services.login import Login, Visit
from londata_hub.services.parameters import MAX_WORDS

#: Longest form in bytes, and most fields of one. What a page lets somebody write fits in, in any script: a character
#: has up to nine bytes in a form.
MOST_OF_A_FORM, MOST_FIELDS = 60_000, 40


async def form_of(request: Request) -> dict[str, str]:
    """Read a form; a field that is given twice has its last value.

    Raises
    ------
    UsageError
        It is too long, or no form.
    """
    text = bytearray()
    async for piece in request.stream():
        text += piece
        if len(text) > MOST_OF_A_FORM:
            raise UsageError(f"The form has more than {MOST_OF_A_FORM:,} bytes.", hint="Say it in fewer words.")
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise UsageError("This is not a form.", hint="Use the page's own.")
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise UsageError("The form cannot be read.", hint="Use the page's own.") from error
    said = {name: value.replace("\r\n", "\n") for name, value in pairs}  # as the page counts its characters
    if len(said.get("reason", "")) > MAX_WORDS:
        raise UsageError(f"The reason has more than {MAX_WORDS:,} characters.", hint="Say it in fewer words.")
    return said


def require_our_page(request: Request, login: Login, said: Mapping[str, str]) -> Visit:
    """Give the visitor whose page a form came from.

    Parameters
    ----------
    request
        The request that brings it.
    login
        Knows browsers.
    said
        The form.

    Raises
    ------
    AccessDeniedError
        It came from another site, from another visitor's page, or from nowhere.
    """
    visit: Visit | None = request.scope["state"].get("visit")
    if visit is None or not login.is_from_our_page(visit, request.scope, said.get("secret", "")):
        raise AccessDeniedError("This did not come from a page of yours, so nothing was done.", hint="Open it again.")
    return visit
