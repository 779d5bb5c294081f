"""Who holds the data: a source's spelling → a publisher of ``catalogs/publishers.yaml``, with the spelling kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from londata.records import Publisher, slugify

NOT_STATED = Publisher(id="not-stated", name="Not stated")


def folded(text: str) -> str:
    """Fold case and spacing."""
    return " ".join(text.casefold().split())


class Publishers:
    """Knows publishers by id, name and alias.

    Parameters
    ----------
    known
        By id.
    aliases
        Other spelling → id.
    """

    def __init__(self, known: Mapping[str, Publisher], aliases: Mapping[str, str]) -> None:
        names = {folded(publisher.name): publisher for publisher in known.values()}
        spelt = {folded(alias): known[each] for alias, each in aliases.items() if each in known}
        self._known = {**spelt, **names, **known}

    @property
    def fingerprint(self) -> str:
        """The same for the same publishers and spellings, and different for others."""
        return repr(sorted((spelling, publisher.to_dict()) for spelling, publisher in self._known.items()))

    def recognise(self, spellings: Sequence[str]) -> tuple[Publisher, bool]:
        """Find the publisher that a source means, and whether it is one that we know.

        The first spelling that is known wins. When none is, the first becomes a publisher of its own: a person's or
        a team's name is kept and never guessed to be somebody.
        """
        stated = [spelling for spelling in spellings if spelling.strip()]
        for spelling in stated:
            if publisher := self._known.get(folded(spelling)):
                kept = "" if spelling == publisher.name else spelling
                return publisher.model_copy(update={"original": kept}), True
        if not stated:
            return NOT_STATED, False
        name = " ".join(stated[0].split())
        return Publisher(id=slugify(name), name=name, original=stated[0] if stated[0] != name else ""), False
