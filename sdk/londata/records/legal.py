"""The code lists of agreements: purposes, and the grounds on which personal data may be used. Versioned.

An agreement names the version that it was written against. A new version is added below, an old one is never changed.

Sources: UK GDPR articles 6, 9 and 10 (as amended by the Data (Use and Access) Act 2025, which added recognised
legitimate interests); purposes are named after the W3C Data Privacy Vocabulary where it has a term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: The version for agreements that are written now.
CURRENT = "2026-11"


#: What may leave the workbench, by the output rule of an agreement.
OUTPUTS = {
    "none": "No results leave the workbench.",
    "aggregate-only": "Only totals leave the workbench, with nobody recognisable in them.",
    "with-approval": "Results leave the workbench once the bodies that hold the data have approved them.",
}


@dataclass(frozen=True)
class CodeLists:
    """One version. Each maps a code to what it means; ``dpv`` maps a purpose to a term of the W3C vocabulary."""

    purposes: Mapping[str, str]
    article_6: Mapping[str, str]
    article_9_10: Mapping[str, str]
    dpv: Mapping[str, str]


_2026_11 = CodeLists(
    purposes={
        "school-place-planning": "Plan school places",
        "rough-sleeping-support": "Help people who sleep rough, and see what helps",
        "transport-planning": "Plan transport",
        "public-health": "Protect and improve public health",
        "crime-prevention": "Prevent crime and make places safer",
        "housing-planning": "Plan homes",
        "climate-action": "Cut emissions and adapt to the climate",
        "service-improvement": "Improve a public service",
        "statistics": "Make statistics",
        "research": "Research for the public good",
    },
    article_6={
        "6(1)(a)": "consent",
        "6(1)(b)": "contract",
        "6(1)(c)": "legal obligation",
        "6(1)(d)": "vital interests",
        "6(1)(e)": "public task",
        "6(1)(ea)": "recognised legitimate interest",
        "6(1)(f)": "legitimate interests",
    },
    article_9_10={
        "9(2)(a)": "explicit consent",
        "9(2)(b)": "employment, social security and social protection",
        "9(2)(c)": "vital interests",
        "9(2)(d)": "not-for-profit bodies",
        "9(2)(e)": "made public by the person",
        "9(2)(f)": "legal claims or judicial acts",
        "9(2)(g)": "substantial public interest",
        "9(2)(h)": "health or social care",
        "9(2)(i)": "public health",
        "9(2)(j)": "archiving, research and statistics",
        "10": "criminal offence data under official authority or authorised by law",
    },
    dpv={
        "transport-planning": "dpv:ImproveTransportMobility",
        "public-health": "dpv:ImproveHealthcare",
        "climate-action": "dpv:CombatClimateChange",
        "service-improvement": "dpv:ImprovePublicServices",
        "statistics": "dpv:ProvideOfficialStatistics",
        "research": "dpv:ScientificResearch",
    },
)

CODE_LISTS: dict[str, CodeLists] = {"2026-11": _2026_11}


def purpose_title(code: str) -> str:
    """Say a purpose in words, from the newest list that has it; the code itself where none has."""
    for lists in reversed(list(CODE_LISTS.values())):
        if code in lists.purposes:
            return lists.purposes[code]
    return code
