"""What a page is told when its channel is closed from here: why, and what to do next. Pure.

The words travel in the frame that closes a websocket, which has little room. Where the whole reason does not fit, the
page says it once it is loaded again. Nobody is told of more than the page itself would tell them.
"""

from __future__ import annotations

from londata_hub.apps.sight import Look

#: Bytes that such a frame has room for.
ROOM = 123
#: Codes of the frame: somebody may not be here; or what they looked at goes away.
MAY_NOT, GOES_AWAY = 1008, 1001

LOGGED_OUT = "You are no longer logged in. Log in, and then load this page again."
NO_INSIGHTS = "You may not open insights any more. Ask whoever runs the hub."
NOT_KNOWN = "Whether you may see this could not be found out just now. Load this page again in a minute."
NO_MESSAGE = "This page sent what it should not. Load it again to go on."
TOO_MUCH = "This page sent more at a time than it may. Load it again to go on."
CHANGED = "What is shown here may no longer be shown as it was. Load this page again to see it as it is now."
LONG_ENOUGH = "This page was open for as long as one may be. Load it again to go on."
MAKES_ROOM = "You have opened more pages than can be kept at a time. Load this one again to go on here."
STOPPED = "What runs behind this page has stopped. Load the page again to begin anew."
OUT_OF_REACH = "This insight cannot be reached just now. Load this page again in a minute."
HUB_STOPS = "The hub is stopping. Load this page again in a few minutes."

_NOT_HERE = "This insight is not here for you any more. Ask whoever told you of it."
_LOG_IN = "This insight is for people who are logged in now. Log in, and then load this page again."
#: What to do next, for whom the reason fits; and what is said to whom it does not.
_SHUT = {
    "withdrawn": ("Look for another among the insights.", "This insight was withdrawn. Load it again to see why."),
    "paused": ("Come back later.", "This insight is paused. Load it again to see why."),
}
_DATA = "You may no longer read all the data that is shown here. Load this page again to see why."


def of(look: Look, *, is_known: bool) -> str:
    """Say why somebody may not look at an insight any more, and what to do next; empty where they may.

    Parameters
    ----------
    look
        What they would be told of it now.
    is_known
        Whether they are logged in.
    """
    view = look.view
    if view.allowed:
        return ""
    if not view.is_there:
        return _NOT_HERE if is_known or not look.is_listed else _LOG_IN
    if look.state in _SHUT:
        next_step, short = _SHUT[look.state]
        return _fits(f"{view.reason} {next_step}") or short
    ended = next((each.agreement for each in view.decisions if each.ended and each.agreement), None)
    if ended:
        said = f"Your access under the agreement {ended} has ended. Load this page again to see what to do."
        return _fits(said) or _DATA
    return _DATA


def _fits(words: str) -> str:
    return words if len(words.encode()) <= ROOM else ""
