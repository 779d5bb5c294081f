"""A form in which a report is scheduled: template, its parameters, and when, with the next moments while one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from londata import session
from londata.errors import LondataError, ScheduleError
from londata.reports import scheduling, templates
from londata.reports.engine import choices
from londata.reports.parameters import Parameter
from londata.reports.scheduled import ScheduledReport, clock, coming
from londata.reports.templates import Template
from londata.schedules import parse
from londata.sharing import choosing
from londata.sharing.display.words import safe
from londata.widgets import form_parts as parts

MOMENTS = 5
#: Stands for “a report for each” among the choices of a parameter; no choice has such a name.
EACH = "\0each"


class NewSchedule:
    """The form. What the hub refuses stands beside its button, what is wrong with “when” beside that field.

    Parameters
    ----------
    made
        Is told of every schedule that was made.
    """

    def __init__(self, made: Callable[[ScheduledReport], None]) -> None:
        import ipywidgets as widgets

        self._made, self._found = made, templates.list()
        self._fields: dict[str, parts.Field] = {}
        options = [("Choose a template", ""), *((each.title, each.name) for each in self._found)]
        self.template = parts.Field(widgets.Dropdown(options=options, value="", description="Template"))
        self.parameters = parts.box("decide")
        self.when = parts.Field(
            widgets.Text(description="When"),
            "In words or as a cron expression, as “first Monday 07:00” or “weekdays 18:30”; by London's clock.",
        )
        self.moments = parts.place("moments")
        self.title = parts.Field(
            widgets.Text(description="Title", continuous_update=False), "Empty: the template's own."
        )
        self.project = parts.Field(widgets.Dropdown(options=_projects(), description="For the project"))
        self.project.control.value = _chosen_project(self.project.control.options)
        self.audience = parts.Field(
            widgets.Text(description="Who else may see the reports", continuous_update=False),
            "Groups and people with commas between, as org-camden or person:bola. In org-{each} the choice stands for "
            "itself.",
        )
        self.notify = parts.Field(
            widgets.Text(description="Who is told when a run fails", continuous_update=False),
            "E-mail addresses or https addresses with commas between.",
        )
        self.pdf = parts.Field(widgets.Dropdown(options=[("no", False), ("yes", True)], description="Also as PDF"))
        self.answer = parts.place("answer")
        self.send = parts.button("Schedule it", self._send)
        self.template.control.observe(lambda _: self._show_parameters(), "value")
        self.when.control.observe(lambda _: self._show_moments(), "value")
        title = parts.place("head", parts.heading("Make a schedule"))
        fields = (self.title, self.project, self.audience, self.notify, self.pdf)
        self.widget = parts.box(
            "decide",
            title,
            self.template.box,
            self.parameters,
            self.when.box,
            self.moments,
            *(each.box for each in fields),
            self.send,
            self.answer,
        )

    def _show_parameters(self) -> None:
        """Show a field for each parameter of the chosen template."""
        self.template.clear()
        self._fields = {}
        found = self._template()
        self.template.say(safe(found.purpose, 600) if found else "")
        try:
            for parameter in found.parameters if found else ():
                self._fields[parameter.name] = _field(parameter)
        except LondataError as error:
            self.template.fail(str(error))
        self.parameters.children = [each.box for each in self._fields.values()]

    def _show_moments(self) -> None:
        """Show when it would come round next, as far as what was typed can be read."""
        self.when.clear()
        text = self.when.control.value.strip()
        self.moments.value = ""
        if not text:
            return
        try:
            rule = parse(text)
            moments = [clock(each, rule.timezone) for each in coming(rule, MOMENTS)]
        except ScheduleError as error:
            self.moments.value = parts.status(f'<p class="londata-help">{safe(str(error), 600)}</p>')
            return
        listed = "".join(f"<li>{safe(each)}</li>" for each in moments)
        self.moments.value = parts.status(
            f"<p>It comes round {safe(rule.words, 300)}. The next five:</p><ul>{listed}</ul>"
        )

    def _send(self) -> None:
        self.answer.value = ""
        for field in (self.template, self.when):
            field.clear()
        found, text = self._template(), self.when.control.value.strip()
        if found is None:
            self.template.fail("No template is chosen. Choose one from the list.")
        if not text:
            self.when.fail("It is not said when. Write, for example, first Monday 07:00.")
        if found is None or not text:
            return
        try:
            made = self._schedule(found, text)
        except ScheduleError as error:
            self.when.fail(str(error))
        except LondataError as error:
            self.answer.value = parts.problem(str(error))
        else:
            self.answer.value = parts.status(f"<p>It is scheduled: {safe(made.record.title, 200)}.</p>")
            self.when.control.value = self.title.control.value = ""
            self._made(made)

    def _schedule(self, template: Template, when: str) -> ScheduledReport:
        given = {name: field.control.value for name, field in self._fields.items()}
        each = [name for name, value in given.items() if value == EACH]
        if len(each) > 1:
            raise ScheduleError(
                "Only one parameter can get a report for each choice.", hint="Choose a value of others."
            )
        return scheduling.schedule(
            template.name,
            when,
            each=each[0] if each else "",
            project=self.project.control.value,
            title=self.title.control.value.strip(),
            audience=_items(self.audience.control.value),
            notify=[_place(each) for each in _items(self.notify.control.value)],
            formats=["pdf"] if self.pdf.control.value else [],
            parameters={name: value for name, value in given.items() if value not in (EACH, "")},
        )

    def _template(self) -> Template | None:
        return next((each for each in self._found if each.name == self.template.control.value), None)


def _field(parameter: Parameter) -> parts.Field:
    """Make the field of a parameter; one with choices can also get a report for each."""
    import ipywidgets as widgets

    help_ = safe(parameter.help or f"It is {parameter.allowed}.", 400)
    default = parameter.default
    if parameter.type == "choice":
        options = [(each, each) for each in parameter.choices(choices)]
        options.append((f"A report for each {parameter.label.lower()}", EACH))
        control: Any = widgets.Dropdown(options=options, description=parameter.label)
        control.value = default if default in [value for _, value in options] else options[0][1]
    elif parameter.type == "boolean":
        control = widgets.Dropdown(options=[("yes", "yes"), ("no", "no")], description=parameter.label)
        control.value = "yes" if default else "no"
    else:
        empty = "" if default is None else f" Empty: {safe(str(default), 80)}."
        help_ += empty
        control = widgets.Text(description=parameter.label, continuous_update=False)
    return parts.Field(control, help_)


def _projects() -> list[tuple[str, str]]:
    try:
        mine = [(f"{each.title} ({each.id})", each.id) for each in choosing.projects() if not each.ended]
    except LondataError:  # without a register service there are none
        mine = []
    return [("none: open data only", ""), *mine]


def _chosen_project(options: Any) -> str:
    chosen = session.project() or ""
    return chosen if chosen in [value for _, value in options] else ""


def _items(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _place(text: str) -> str:
    return f"mailto:{text}" if "@" in text and ":" not in text else text
