"""Forms of an insight's pages. One that was refused is shown open again, with every word that was typed. Pure.

The sentence that says what is wrong stands beside the field that it is about. That field has the focus when the page
opens, and is described by the sentence, so that whoever hears the page hears it first; no script is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from londata.errors import UsageError
from londata.insights.audiences import audience_of
from londata_hub.services.look import safe

#: The mark of the sentence that says why a form was refused; there is one on a page.
SENTENCE = "refused"
#: Fields that hold words which somebody would have to write again.
WRITTEN = ("reason", "why", "others")


@dataclass(frozen=True)
class Refused:
    """A form that was refused: which one, why, in which of its fields that lies, and what had been typed.

    ``where`` is empty where it is about none of them alone; ``status`` is that of the answer.
    """

    what: str
    sentence: str
    where: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    status: int = 400


class InFieldError(UsageError):
    """What was typed in one field of a form cannot be.

    Parameters
    ----------
    name
        The field.
    message, hint
        As every error has them.
    """

    def __init__(self, name: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.name = name


class Forms:
    """The forms of one page.

    Parameters
    ----------
    base
        What each address begins with.
    secret
        What the forms of this visitor hold.
    refused
        The one that was just refused, if one was.
    """

    def __init__(self, base: str, secret: str, refused: Refused | None = None) -> None:
        self._base, self._secret, self._refused = base, secret, refused

    def form(self, what: str, fields: str, button: str = "") -> str:
        """Write a form that asks for one change; without a button of its own where the fields have some.

        Parameters
        ----------
        what
            What is asked for; the address ends with it.
        fields
            HTML that is safe.
        button
            Its words.
        """
        last = f"<p><button>{safe(button)}</button></p>" if button else ""
        first = "" if f'id="{SENTENCE}"' in fields else self._sentence(what, ' tabindex="-1" autofocus')
        return (
            f'<form method="post" action="{safe(self._base + what)}">'
            f'<input type="hidden" name="secret" value="{safe(self._secret)}">'
            f"{first}{fields}{last}</form>"
        )

    def folded(self, what: str, title: str, fields: str, button: str) -> str:
        """Write a form that is folded away until it is wanted, unless it was refused.

        Parameters
        ----------
        what, fields, button
            As :meth:`form` takes them.
        title
            What stands on the fold.
        """
        return self.fold(what, title, self.form(what, fields, button))

    def fold(self, what: str, title: str, inside: str) -> str:
        """Fold something away, with a form in it, unless that was refused.

        Parameters
        ----------
        what
            The form.
        title
            What stands on the fold.
        inside
            HTML that is safe.
        """
        opened = " open" if self._of(what) else ""
        return f"<details{opened}><summary>{safe(title)}\N{NO-BREAK SPACE}…</summary>{inside}</details>"

    def typed(self, what: str, name: str, otherwise: str) -> str:
        """Give what was typed in a field of a form that was refused, and else what stands in it at first.

        Parameters
        ----------
        what, name
            The form, and its field.
        otherwise
            What stands in it at first.
        """
        refused = self._of(what)
        return refused.typed.get(name, "") if refused else otherwise

    def ticked(self, what: str, name: str, otherwise: bool) -> bool:
        """Tell whether a box is ticked: as it was sent, where the form was refused.

        Parameters
        ----------
        what, name
            The form, and the box.
        otherwise
            Whether it is at first.
        """
        refused = self._of(what)
        return bool(refused.typed.get(name)) if refused else otherwise

    def said(self, what: str, name: str) -> str:
        """Say beside a field what is wrong with it; nothing where nothing is."""
        return self._sentence(what) if self._is_in(what, name) else ""

    def marked(self, what: str, name: str, hint: str = "") -> str:
        """Write the attributes by which a field is known to be wrong, and is found.

        Parameters
        ----------
        what, name
            The form, and its field.
        hint
            The mark of a hint that describes the field anyway.
        """
        if not self._is_in(what, name):
            return f' aria-describedby="{hint}"' if hint else ""
        described = f"{SENTENCE} {hint}".strip()
        return f' aria-invalid="true" aria-describedby="{described}" autofocus'

    def left(self, page: str) -> str:
        """Say why a form was refused that is not on the page any more, with the words that were in it."""
        refused = self._refused
        if refused is None or f'id="{SENTENCE}"' in page:
            return ""
        words = [refused.typed[name] for name in WRITTEN if refused.typed.get(name, "").strip()]
        lost = "".join(f"<p>You wrote: {safe(each)}</p>" for each in words)
        return self._sentence(refused.what, ' tabindex="-1" autofocus', lost)

    def _of(self, what: str) -> Refused | None:
        return self._refused if self._refused and self._refused.what == what else None

    def _is_in(self, what: str, name: str) -> bool:
        refused = self._of(what)
        return refused is not None and refused.where == name

    def _sentence(self, what: str, marks: str = "", more: str = "") -> str:
        refused = self._of(what)
        if refused is None:
            return ""
        return f'<div class="note" id="{SENTENCE}" role="alert"{marks}><p>{safe(refused.sentence)}</p>{more}</div>'


def whom(make: Forms, what: str, chosen: Iterable[str], project: str | None, legend: str, hint: str) -> str:
    """Write the fields by which somebody chooses who may open something.

    Parameters
    ----------
    make
        Writes forms.
    what
        The form in which they are.
    chosen
        Those who are chosen at first.
    project
        The project for which it was made.
    legend, hint
        What is asked, and what to know about it.
    """
    first, ours = list(chosen), f"project:{project}" if project else ""
    ticks = [("public", "public", "Everybody, without a log-in"), ("hub", "hub", "Everybody at the hub")]
    ticks += [("project", ours, f"Members of the project {project}")] if ours else []
    boxes = "".join(
        f'<label class="tick"><input type="checkbox" name="{name}" value="yes"{_on(make, what, name, value in first)}>'
        f"{safe(words)}</label>"
        for name, value, words in ticks
    )
    said = "".join(make.said(what, name) for name in ("public", "hub", "project"))
    others = "\n".join(each for each in first if each not in {value for _, value, _ in ticks})
    field_id = f"{what}-others"
    return (
        f"<fieldset><legend>{safe(legend)}</legend>{said}{boxes}"
        f'<label for="{field_id}">People, groups and projects, one on each line</label>{make.said(what, "others")}'
        f'<textarea id="{field_id}" name="others" rows="3" maxlength="3000" spellcheck="false"'
        f"{make.marked(what, 'others', f'{field_id}-hint')}>\n{safe(make.typed(what, 'others', others))}</textarea>"
        f'<p class="hint" id="{field_id}-hint">As person:ada, org-camden or project:school-places.{safe(hint)}</p>'
        "</fieldset>"
    )


def _on(make: Forms, what: str, name: str, otherwise: bool) -> str:
    return f"{' checked' if make.ticked(what, name, otherwise) else ''}{make.marked(what, name)}"


def chosen_of(said: Mapping[str, str], project: str | None) -> list[str]:
    """Read whom somebody chose in the fields that :func:`whom` wrote.

    Parameters
    ----------
    said
        The form.
    project
        The project for which it was made.

    Raises
    ------
    InFieldError
        Somebody is named whom nobody can be.
    """
    ticked = [name for name in ("public", "hub") if said.get(name)]
    ticked += [f"project:{project}"] if said.get("project") and project else []
    try:
        named = audience_of([line.strip() for line in said.get("others", "").splitlines()])
    except UsageError as error:
        raise InFieldError("others", error.message, error.hint) from error
    return list(dict.fromkeys([*ticked, *named]))
