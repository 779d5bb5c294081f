"""Which part of the bytes a request asks for (RFC 9110, 14): one range, or everything."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.exceptions import HTTPException

#: Longer than any range that means something; what is longer is not looked at.
LONGEST = 100
_ONE = re.compile(r"bytes=(?:([0-9]+)-([0-9]*)|-([0-9]+))", re.IGNORECASE)


class OutsideError(HTTPException):
    """A range without any byte of the data in it."""

    hint = "Ask for a range that begins before the end."


def wanted(headers: Sequence[str], size: int) -> tuple[int, int] | None:
    """Say which bytes are asked for.

    Several ranges at once, other units and whatever is no range are answered with everything, as the standard allows:
    so no request brings more bytes than the file has.

    Parameters
    ----------
    headers
        The values of every ``Range`` header of the request.
    size
        How many bytes there are.

    Returns
    -------
    tuple or None
        The first byte and the one after the last; ``None`` for everything.

    Raises
    ------
    OutsideError
        The range has no byte of the file in it (416).
    """
    if len(headers) != 1 or len(headers[0]) > LONGEST or not (found := _ONE.fullmatch(headers[0].strip())):
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, stop = max(0, size - int(suffix)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size or start >= stop:
        raise OutsideError(416, f"The data has {size:,} bytes and none there", {"content-range": f"bytes */{size}"})
    return start, stop


def still_the_same(if_range: Sequence[str], etag: str) -> bool:
    """Tell whether a range may be given: the caller names no version, or this one, strongly."""
    return not if_range or list(if_range) == [etag]
