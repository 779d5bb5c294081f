"""Numbers and names as people say them, for sentences that a report computes."""

from __future__ import annotations

from collections.abc import Iterable

from londata.geography.figures import number


def counted(count: float, one: str, many: str = "") -> str:
    """Write how many there are, with the noun in the form that fits.

    Parameters
    ----------
    count
        How many; a whole number.
    one, many
        The noun for one and for several; with an s when not given.

    Examples
    --------
    >>> counted(1, "day"), counted(0, "authority", "authorities"), counted(1200, "offence")
    ('1 day', '0 authorities', '1,200 offences')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[object]) -> str:
    """Join names as a sentence has them; nothing gives an empty text.

    Examples
    --------
    >>> listed(["Camden", "Brent", "Barnet"])
    'Camden, Brent and Barnet'
    """
    texts = [str(name) for name in names]
    return texts[0] if len(texts) == 1 else " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def ordinal(rank: int) -> str:
    """Write a rank.

    Examples
    --------
    >>> ordinal(1), ordinal(12), ordinal(23)
    ('1st', '12th', '23rd')
    """
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def placed(name: str) -> str:
    """Write the name of a local authority as it stands within a sentence: only the City of London takes an article.

    Examples
    --------
    >>> placed("City of London"), placed("Camden")
    ('the City of London', 'Camden')
    """
    return f"the {name}" if name == "City of London" else name


def sentence(text: str) -> str:
    """Begin with a capital, and leave the rest as it is.

    Examples
    --------
    >>> sentence("the City of London")
    'The City of London'
    """
    return text[:1].upper() + text[1:]
