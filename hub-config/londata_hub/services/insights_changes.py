"""What the forms of an insight's owner ask for, done at the desk; and in which field lies what is wrong with one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from pydantic import ValidationError

from londata.access import Subject
from londata.errors import LondataError
from londata_hub.services.insights_desk import Desk
from londata_hub.services.insights_forms import InFieldError, Refused, chosen_of
from londata_hub.services.insights_parameters import NewAudience, NewStep, NewThresholds
from londata_hub.services.insights_releases import number_of

Change = Callable[[Desk, Subject, str, Mapping[str, str]], Awaitable[None]]
#: What the form of those who check a release asks for: it is sent to the address of its page.
REVIEW = ""
#: The field of each form that a refusal is about, where it says nothing else.
_FIELDS = {"rollback": "number", "forget": "number", "withdraw": "reason", "pause": "reason"}
#: What is wrong with a number, by the name that the check of numbers gives it.
_WRONG = {
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "float_parsing": "Write a number.",
    "greater_than": "It has to be more than {gt:,}.",
    "greater_than_equal": "It has to be {ge:,} at least.",
    "less_than_equal": "It can be {le:,} at most.",
}


def refused(what: str, said: Mapping[str, str], error: LondataError | ValidationError) -> Refused:
    """Say what is wrong with a form, and in which field.

    Parameters
    ----------
    what
        What it asked for.
    said
        Its fields.
    error
        Why it was refused.
    """
    typed = {name: value for name, value in said.items() if name != "secret"}
    if isinstance(error, ValidationError):
        name, sentence = _first(error)
        return Refused(what, sentence, name, typed)
    if isinstance(error, InFieldError):
        return Refused(what, str(error), error.name, typed)
    return Refused(what, str(error), _field(what, said, str(error)), typed, error.http_status)


def _field(what: str, said: Mapping[str, str], sentence: str) -> str:
    """Find the field that a sentence is about; none where it is about what all of them say together."""
    if what == "audience":  # the box of those who are too many, or the lines that name them
        wide = [name for name in ("public", "hub") if said.get(name) and f"“{name}” is too wide" in sentence]
        return wide[0] if wide else "others" if said.get("others", "").strip() else ""
    if what == "release":
        return "why" if "without a reason" in sentence else ""
    if what == REVIEW:
        return "why" if "reason" in sentence else ""
    if what == "thresholds":
        return next((name for name in NewThresholds.model_fields if f"{name} would" in sentence), "")
    return _FIELDS.get(what, "")


def _first(error: ValidationError) -> tuple[str, str]:
    """Give the field and a sentence of the first thing that cannot be."""
    first = error.errors()[0]
    name, kind, context = str((first["loc"] or ("base",))[0]), first["type"], first.get("ctx", {})
    if name == "audience":
        return "others", f"More than {context.get('max_length')} cannot be named. Name a group or a project."
    if name == "to":
        return "", "That is no step of a release."
    if kind == "string_too_long":
        return name, f"It has more than {context['max_length']:,} characters. Say it in fewer words."
    if kind in _WRONG:
        return name, _WRONG[kind].format(**context)
    return name, f"{first['msg'].removeprefix(f'Value error, {name}: ').capitalize()}."


def _at_version(what: str) -> Change:
    async def change(desk: Desk, subject: Subject, slug: str, said: Mapping[str, str]) -> None:
        await desk.at_version(subject, slug, what, number_of(said.get("number", "")))

    return change


def _shut(what: str) -> Change:
    async def change(desk: Desk, subject: Subject, slug: str, said: Mapping[str, str]) -> None:
        await desk.change(subject, slug, what, said.get("reason", "").strip())

    return change


async def _audience(desk: Desk, subject: Subject, slug: str, said: Mapping[str, str]) -> None:
    project = (await desk.asked(lambda: desk.own(subject, slug))).project
    wanted = NewAudience.model_validate({"audience": chosen_of(said, project)})
    await desk.set_audience(subject, slug, wanted.audience)


async def _thresholds(desk: Desk, subject: Subject, slug: str, said: Mapping[str, str]) -> None:
    given = {name: value for name in NewThresholds.model_fields if (value := said.get(name, "").strip())}
    await desk.tighten(subject, slug, NewThresholds.model_validate(given))


async def _release(desk: Desk, subject: Subject, slug: str, said: Mapping[str, str]) -> None:
    publication = await desk.asked(lambda: desk.own(subject, slug))
    number = await desk.asked(lambda: desk.releasing.at_stake(publication))
    chosen = chosen_of(said, publication.project) if said.get("to") == "submitted" else []
    values = {"to": said.get("to", ""), "why": said.get("why", ""), "audience": chosen}
    await desk.move(subject, slug, number, NewStep.model_validate(values))


#: What the forms of an owner ask for.
CHANGES: Mapping[str, Change] = {
    "rollback": _at_version("roll_back"),
    "forget": _at_version("forget"),
    "withdraw": _shut("withdraw"),
    "pause": _shut("pause"),
    "resume": _shut("resume"),
    "audience": _audience,
    "thresholds": _thresholds,
    "release": _release,
}
