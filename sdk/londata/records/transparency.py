"""The algorithmic transparency record of an insight that rests on a model.

It has the parts of the UK government's Algorithmic Transparency Recording Standard (ATRS), version 4: metadata by which
records are found; tier 1, which tells the public what the tool is; and tier 2 for those who want to know who answers
for it, how it works, and what could go wrong.

Names, numbers and order of the fields were compared with copies of public sources on 22 November 2026:

- records on GOV.UK after version 4: UKHO "Tidal Harmonic Analysis and Prediction" (30 October 2025) shows tier 1 and
  2.1.1 to 2.2.1; NHS England "EPS Assist Me" (28 May 2026) numbers its fields through, which tells how many each
  section has (with two models: 33 model architecture, 47 and 54 sensitive attributes, 58 impact assessments);
- a public crosswalk of the template of version 4.0, which names the metadata and 19 fields of both tiers;
- the lists and templates of versions 1.1, 2.1 and 3.0, from which most names come down.

The template of version 4 itself was out of reach. Not verified in a source of version 4 are therefore the wording of
2.2.2 to 2.2.4, 2.3.1, 2.3.3 to 2.3.5, 2.4.1.1, 2.4.1.4, of the fields of a model but its version and architecture, and
of the fields on data but 2.4.3.1, 2.4.3.4 and 2.4.4.2; the order of the last of those; and which fields must be filled.
Here all are asked for but the website, and what there is to say of a third party where none takes part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import Field, ValidationError

from londata.records.base import Record, problems_of

STANDARD = "Algorithmic Transparency Recording Standard, version 4"
_LONG = 20_000
#: Number with which the fields of a section begin → tier, and what the section is called; the longest fits best.
_SECTIONS = {
    "0": (0, "Metadata"),
    "1": (1, "Summary"),
    "2.1": (2, "Owner and responsibility"),
    "2.2": (2, "Description and rationale"),
    "2.3": (2, "Deployment context"),
    "2.4.1": (2, "Tool specification"),
    "2.4.2": (2, "Model specification"),
    "2.4.3": (2, "Development data"),
    "2.4.4": (2, "Operational data"),
    "2.5": (2, "Risks, mitigations and impact assessments"),
}
#: What need not be said at all, and what only where somebody else takes part.
_OPTIONAL = frozenset({"website"})
_OF_THIRD_PARTIES = frozenset(
    {"third_party", "companies_house_number", "third_party_role", "procurement", "third_party_data_access"}
)
#: Answers to whether a third party takes part by which none does.
_NONE = frozenset({"no", "none", "not applicable", "n/a"})


def _told(number: str, title: str) -> Any:
    return Field(default="", max_length=_LONG, title=title, json_schema_extra={"number": number})


class Transparency(Record):
    """What there is to know of an algorithmic tool, in words; what is empty is not known yet.

    Parameters
    ----------
    title, organisation_name, phase, region, one_sentence
        Metadata: by what the record is found.
    name, description, website, contact
        Tier 1: what the tool is called, what it does and why, where to read more, whom to write to.
    model_name, model_version, model_task
        Which models it has and what they are for, each in turn where there are several; so, too, the fields after them.
    """

    title: str = _told("0.1", "Title")
    organisation_name: str = _told("0.2", "Organisation name")
    phase: str = _told("0.3", "Phase")
    region: str = _told("0.4", "Region")
    one_sentence: str = _told("0.5", "One sentence description")

    name: str = _told("1.1", "Name")
    description: str = _told("1.2", "Description")
    website: str = _told("1.3", "Website URL")
    contact: str = _told("1.4", "Contact email")

    organisation: str = _told("2.1.1", "Organisation or department")
    team: str = _told("2.1.2", "Team")
    senior_responsible_owner: str = _told("2.1.3", "Senior responsible owner")
    third_party_involvement: str = _told("2.1.4", "Third party involvement")
    third_party: str = _told("2.1.4.1", "Third party")
    companies_house_number: str = _told("2.1.4.2", "Companies House Number")
    third_party_role: str = _told("2.1.4.3", "Third party role")
    procurement: str = _told("2.1.4.4", "Procurement procedure type")
    third_party_data_access: str = _told("2.1.4.5", "Third party data access terms")

    detailed_description: str = _told("2.2.1", "Detailed description")
    benefits: str = _told("2.2.2", "Benefits")
    previous_process: str = _told("2.2.3", "Previous process")
    alternatives: str = _told("2.2.4", "Alternatives considered")

    process_integration: str = _told("2.3.1", "Integration into broader operational process")
    human_review: str = _told("2.3.2", "Human review")
    frequency_and_scale: str = _told("2.3.3", "Frequency and scale of usage")
    training: str = _told("2.3.4", "Required training")
    appeals: str = _told("2.3.5", "Appeals and review")

    system_architecture: str = _told("2.4.1.1", "System architecture")
    system_input: str = _told("2.4.1.2", "System-level input")
    system_output: str = _told("2.4.1.3", "System-level output")
    maintenance: str = _told("2.4.1.4", "Maintenance")
    models: str = _told("2.4.1.5", "Models")

    model_name: str = _told("2.4.2.1", "Model name")
    model_version: str = _told("2.4.2.2", "Model version")
    model_task: str = _told("2.4.2.3", "Model task")
    model_input: str = _told("2.4.2.4", "Model input")
    model_output: str = _told("2.4.2.5", "Model output")
    model_architecture: str = _told("2.4.2.6", "Model architecture")
    model_performance: str = _told("2.4.2.7", "Model performance")
    model_datasets: str = _told("2.4.2.8", "Datasets and their purposes")

    development_data: str = _told("2.4.3.1", "Development data description")
    data_modality: str = _told("2.4.3.2", "Data modality")
    data_quantities: str = _told("2.4.3.3", "Data quantities")
    sensitive_attributes: str = _told("2.4.3.4", "Sensitive attributes")
    data_completeness: str = _told("2.4.3.5", "Data completeness and representativeness")
    data_cleaning: str = _told("2.4.3.6", "Data cleaning")
    data_collection: str = _told("2.4.3.7", "Data collection")
    development_data_access: str = _told("2.4.3.8", "Data access and storage")
    development_sharing_agreements: str = _told("2.4.3.9", "Data sharing agreements")

    data_sources: str = _told("2.4.4.1", "Data sources")
    operational_sensitive_attributes: str = _told("2.4.4.2", "Sensitive attributes")
    data_processing: str = _told("2.4.4.3", "Data processing methods")
    data_access: str = _told("2.4.4.4", "Data access and storage")
    sharing_agreements: str = _told("2.4.4.5", "Data sharing agreements")

    impact_assessments: str = _told("2.5.1", "Impact assessments")
    risks: str = _told("2.5.2", "Risks and mitigations")

    @classmethod
    def title_of(cls, name: str) -> str:
        """Say what a field is called in the standard."""
        return str(cls.model_fields[name].title)

    @classmethod
    def number_of(cls, name: str) -> str:
        """Say which number a field has in the standard."""
        extra: Any = cls.model_fields[name].json_schema_extra
        return str(extra["number"])

    @classmethod
    def tiers(cls) -> dict[int, dict[str, tuple[str, ...]]]:
        """List the fields: tier → section → names, in the order of the standard; the metadata is tier 0."""
        found: dict[int, dict[str, tuple[str, ...]]] = {}
        for name in cls.model_fields:
            tier, section = _section(cls.number_of(name))
            sections = found.setdefault(tier, {})
            sections[section] = (*sections.get(section, ()), name)
        return found

    @property
    def asked(self) -> tuple[str, ...]:
        """The fields that this tool has something to say to: not those on third parties where none takes part."""
        alone = self.third_party_involvement.strip().rstrip(".").lower() in _NONE
        return tuple(name for name in type(self).model_fields if not (alone and name in _OF_THIRD_PARTIES))

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that should be filled in and are not, in the order of the standard."""
        return tuple(name for name in self.asked if name not in _OPTIONAL and not getattr(self, name).strip())

    def filled(self, known: Mapping[str, str]) -> Transparency:
        """Fill in what is known otherwise; what the author wrote stays.

        Parameters
        ----------
        known
            Field → words; :func:`known_of` makes it.
        """
        empty = [name for name in self.asked if not getattr(self, name).strip()]
        return self.model_copy(update={name: known[name] for name in empty if known.get(name)})


def transparency_of(said: Any) -> Transparency:
    """Read what an author says of a model.

    Parameters
    ----------
    said
        Field → words; a list of words is written with commas between.

    Returns
    -------
    Transparency
        The record.

    Raises
    ------
    ValueError
        It has a field that the standard does not have, or one that is no text; the message names it.
    """
    if not isinstance(said, Mapping):
        raise ValueError("it is no mapping of fields to words")
    unknown = [str(name)[:60] for name in said if name not in Transparency.model_fields]
    if unknown:
        near = dict.fromkeys(each for name in unknown for each in get_close_matches(name, Transparency.model_fields))
        there = f"like it: {', '.join(near)}" if near else f"there are {', '.join(Transparency.model_fields)}"
        raise ValueError(f"{', '.join(unknown)}: no such field; {there}")
    try:
        return Transparency.model_validate({name: _words(value) for name, value in said.items()})
    except ValidationError as error:
        raise ValueError("; ".join(problems_of(error))) from error


def known_of(
    record: Mapping[str, Any], *, owner: str, reads: Sequence[Mapping[str, Any]], environment: Mapping[str, str]
) -> dict[str, str]:
    """Say what the register and the receipt know of a tool already.

    Parameters
    ----------
    record
        The fields of the insight.
    owner
        Whose it is.
    reads
        What it read, as the receipt has it.
    environment
        What it ran in, as the receipt has it.

    Returns
    -------
    dict of str to str
        Field → words. What it was developed with is not among them: a receipt tells of what was read alone.
    """
    sources = {str(each["entry"]): each for each in reads}
    agreements = dict.fromkeys(str(each["agreement"]) for each in reads if each.get("agreement"))
    purposes = dict.fromkeys(str(each["purpose"]) for each in reads if each.get("purpose"))
    versions = ", ".join(f"{name} {environment[name]}" for name in ("londata", "python") if environment.get(name))
    under = [", ".join(agreements), f"for {', '.join(purposes)}" if purposes else ""]
    known = {
        "title": record.get("title"),
        "one_sentence": record.get("summary"),
        "name": record.get("title"),
        "description": record.get("description") or record.get("summary"),
        "website": record.get("landing_page"),
        "contact": _email(record.get("contact")),
        "team": owner,
        "detailed_description": _method(record),
        "benefits": record.get("public_benefit"),
        "system_architecture": f"A notebook that runs in a sandbox of londata's hub ({versions})." if versions else "",
        "system_input": ", ".join(str(each.get("title") or name) for name, each in sources.items()),
        "data_sources": "; ".join(_source(each) for each in sources.values()),
        "data_access": ", ".join(f"{name}: {each.get('access') or 'not stated'}" for name, each in sources.items()),
        "sharing_agreements": " ".join(filter(None, under)) if agreements else _no_agreement(sources),
    }
    return {name: str(words) for name, words in known.items() if words}


def _section(number: str) -> tuple[int, str]:
    return next(where for begin, where in _SECTIONS.items() if f"{number}.".startswith(f"{begin}."))


def _email(contact: Any) -> str:
    return str(contact.get("email") or "") if isinstance(contact, Mapping) else ""


def _method(record: Mapping[str, Any]) -> str:
    limits = record.get("limits")
    return "\n\n".join(filter(None, [record.get("method"), f"What it does not show: {limits}" if limits else ""]))


def _no_agreement(sources: Mapping[str, Mapping[str, Any]]) -> str:
    return "None: all of it is open." if sources and all(each["access"] == "open" for each in sources.values()) else ""


def _source(read: Mapping[str, Any]) -> str:
    facts = [str(read[name]) for name in ("publisher", "version", "licence") if read.get(name)]
    return f"{read.get('title') or read['entry']}" + (f" ({', '.join(facts)})" if facts else "")


def _words(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
