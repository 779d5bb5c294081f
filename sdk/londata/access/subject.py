"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

#: A group of this beginning says which body somebody works for: ``org-camden``. It is a publisher's id.
ORGANISATION = "org-"
STEWARDS = "stewards"
#: What the name of an insight that asks for data begins with; no person's name has a slash.
APP = "app/"


@dataclass(frozen=True)
class Subject:
    """Who asks: the name at the hub and the groups there. ``name`` is empty for nobody.

    ``owner`` is the named person for whom a service account or a scheduled job acts; ``groups`` are then the owner's.
    """

    name: str
    groups: frozenset[str] = frozenset()
    owner: str = ""

    @property
    def insight(self) -> str:
        """The published insight that asks, by its slug; empty where a person or something else does."""
        return self.name.removeprefix(APP) if self.name.startswith(APP) else ""

    @property
    def person(self) -> str:
        """Whose grants count."""
        return self.owner or self.name

    @cached_property
    def organisations(self) -> frozenset[str]:
        """The bodies that the person works for."""
        return frozenset(group[len(ORGANISATION) :] for group in self.groups if group.startswith(ORGANISATION))


def who(name: str) -> str:
    """Name somebody to people who read data: of an operator, the account on the machine is nobody's business.

    The log keeps that name, and operators see it.
    """
    return "an operator of the hub" if name == "operator" or name.startswith("operator:") else name
