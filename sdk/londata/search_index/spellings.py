"""How people write the name of a publisher: id, name, initials, the bare name of a borough. Pure."""

from __future__ import annotations

import re

from londata.records import Publisher

_SMALL = frozenset({"and", "for", "of", "the", "in", "&"})
_BOROUGH = re.compile(r"^(?:the )?(?:london borough of|royal borough of|lb|city of) (?P<place>.+)$")


def folded(text: str) -> str:
    """Fold case and spacing, so that ``" TfL "`` and ``"tfl"`` are the same spelling."""
    return " ".join(text.casefold().split())


def spellings_of(publisher: Publisher) -> tuple[str, ...]:
    """List every folded spelling by which a publisher may be asked for.

    Beside what is recorded these are the initials (``tfl``, ``mps``) and, for a borough, the bare place (``camden``).
    """
    name = folded(publisher.name)
    words = re.findall(r"\w+", name)
    initials = ["".join(word[0] for word in words), "".join(word[0] for word in words if word not in _SMALL)]
    borough = _BOROUGH.match(name)
    found = [
        publisher.id,
        publisher.id.replace("-", " "),
        name,
        folded(publisher.original),
        *(each for each in initials if len(each) > 2),
        *([borough["place"]] if borough else []),
    ]
    return tuple(dict.fromkeys(spelling for spelling in found if spelling))
