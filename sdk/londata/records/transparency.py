"""The algorithmic transparency record of an insight that rests on a model.

It has the two tiers of the UK government's Algorithmic Transparency Recording Standard, version 4: tier 1 tells the
public what the tool is, tier 2 those who want to know who answers for it, how it works, and what could go wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationError

from londata.records.base import Record, problems_of

STANDARD = "Algorithmic Transparency Recording Standard, version 4"
_LONG = 20_000


def _told(title: str, tier: int, section: str) -> Any:
    return Field(default="", max_length=_LONG, title=title, json_schema_extra={"tier": tier, "section": section})


_OVERVIEW = "Overview"
_OWNER = "Owner and responsibility"
_WHY = "Description and rationale"
_DECISIONS = "Decision-making process"
_TOOL = "Tool specification"
_MODEL = "Model specification"
_DATA = "Data specification"
_RISKS = "Risks, mitigations and impact assessments"


class Transparency(Record):
    """What there is to know of an algorithmic tool, in words; what is empty is not known yet.

    Parameters
    ----------
    name, description, website, contact
        Tier 1: what it is called, what it does and why, where to read more, whom to write to.
    """

    name: str = _told("Name", 1, _OVERVIEW)
    description: str = _told("Description", 1, _OVERVIEW)
    website: str = _told("Website", 1, _OVERVIEW)
    contact: str = _told("Contact email", 1, _OVERVIEW)

    organisation: str = _told("Organisation or department", 2, _OWNER)
    team: str = _told("Team", 2, _OWNER)
    senior_responsible_owner: str = _told("Senior responsible owner", 2, _OWNER)
    supplier_involvement: str = _told("Third-party involvement", 2, _OWNER)

    detailed_description: str = _told("Detailed description: how the tool works", 2, _WHY)
    scope: str = _told("Scope", 2, _WHY)
    benefit: str = _told("Benefit", 2, _WHY)
    previous_process: str = _told("Previous process", 2, _WHY)
    alternatives: str = _told("Alternatives considered", 2, _WHY)

    process_integration: str = _told("Integration into decision-making", 2, _DECISIONS)
    provided_information: str = _told("Information that the tool provides", 2, _DECISIONS)
    frequency_and_scale: str = _told("Frequency and scale of usage", 2, _DECISIONS)
    human_review: str = _told("Human decisions and review", 2, _DECISIONS)
    training: str = _told("Required training", 2, _DECISIONS)
    appeals: str = _told("Appeals and review", 2, _DECISIONS)

    system_architecture: str = _told("System architecture", 2, _TOOL)
    phase: str = _told("Phase", 2, _TOOL)
    system_input: str = _told("System-level input", 2, _TOOL)
    system_output: str = _told("System-level output", 2, _TOOL)
    maintenance: str = _told("Maintenance", 2, _TOOL)

    models: str = _told("Models: name, version and task", 2, _MODEL)
    model_inputs: str = _told("Model input", 2, _MODEL)
    model_outputs: str = _told("Model output", 2, _MODEL)
    model_architecture: str = _told("Model architecture", 2, _MODEL)
    model_performance: str = _told("Model performance", 2, _MODEL)

    datasets: str = _told("Datasets", 2, _DATA)
    dataset_purposes: str = _told("What each dataset is for", 2, _DATA)
    data_modality: str = _told("Data modality", 2, _DATA)
    data_quantities: str = _told("Data quantities", 2, _DATA)
    personal_data: str = _told("Personal and sensitive data", 2, _DATA)
    data_completeness: str = _told("Data completeness and representativeness", 2, _DATA)
    data_collection: str = _told("Data collection", 2, _DATA)
    data_cleaning: str = _told("Data cleaning", 2, _DATA)
    sharing_agreements: str = _told("Data sharing agreements", 2, _DATA)
    data_access: str = _told("Data access and storage", 2, _DATA)

    risks: str = _told("Risks", 2, _RISKS)
    mitigations: str = _told("Mitigations", 2, _RISKS)
    impact_assessments: str = _told("Impact assessments", 2, _RISKS)

    @classmethod
    def title_of(cls, name: str) -> str:
        """Say what a field is called in the standard."""
        return str(cls.model_fields[name].title)

    @classmethod
    def tiers(cls) -> dict[int, dict[str, tuple[str, ...]]]:
        """List the fields: tier → section → names, in the order of the standard."""
        found: dict[int, dict[str, tuple[str, ...]]] = {}
        for name, field in cls.model_fields.items():
            extra: Any = field.json_schema_extra
            sections = found.setdefault(int(extra["tier"]), {})
            sections[str(extra["section"])] = (*sections.get(str(extra["section"]), ()), name)
        return found

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that nobody has filled in, in the order of the standard."""
        return tuple(name for name in type(self).model_fields if not getattr(self, name).strip())

    def filled(self, known: Mapping[str, str]) -> Transparency:
        """Fill in what is known otherwise; what the author wrote stays.

        Parameters
        ----------
        known
            Field → words; :func:`known_of` makes it.
        """
        return self.model_copy(update={name: known[name] for name in self.missing if known.get(name)})


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
        raise ValueError(f"{', '.join(unknown)}: no such field; there are {', '.join(Transparency.model_fields)}")
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
        Field → words.
    """
    sources = {str(each["entry"]): each for each in reads}
    agreements = dict.fromkeys(str(each["agreement"]) for each in reads if each.get("agreement"))
    purposes = dict.fromkeys(str(each["purpose"]) for each in reads if each.get("purpose"))
    versions = ", ".join(f"{name} {environment[name]}" for name in ("londata", "python") if environment.get(name))
    known = {
        "name": record.get("title"),
        "description": record.get("summary") or record.get("description"),
        "benefit": record.get("public_benefit"),
        "previous_process": record.get("friction"),
        "detailed_description": record.get("method"),
        "scope": record.get("limits"),
        "team": owner,
        "datasets": "; ".join(_source(each) for each in sources.values()),
        "dataset_purposes": ", ".join(purposes),
        "sharing_agreements": ", ".join(agreements) or ("None: all of it is open." if sources else ""),
        "data_access": ", ".join(f"{name}: {each.get('access') or 'not stated'}" for name, each in sources.items()),
        "system_architecture": f"A notebook that runs in a sandbox of londata's hub ({versions})." if versions else "",
    }
    return {name: str(words) for name, words in known.items() if words}


def _source(read: Mapping[str, Any]) -> str:
    facts = [str(read[name]) for name in ("publisher", "version", "licence") if read.get(name)]
    return f"{read.get('title') or read['entry']}" + (f" ({', '.join(facts)})" if facts else "")


def _words(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
