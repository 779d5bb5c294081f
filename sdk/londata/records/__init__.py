"""Records: what the register says about data. Frozen, validated, no input or output.

Terms follow DCAT 3 (dataset, distribution, publisher, theme, accrual periodicity); nothing is stored as RDF.
"""

from londata.records.agreements import Agreement, Cover, Dpia, LegalBasis, MirrorOf, Party
from londata.records.base import Record, problems_of
from londata.records.entry import (
    Dataset,
    Entry,
    Insight,
    ReferenceList,
    Service,
    entry_from_dict,
    entry_from_json,
)
from londata.records.identifiers import RESERVED_KEYS, key_of, slug_of, slugify
from londata.records.parts import (
    Column,
    Contact,
    Distribution,
    Geography,
    JoinKey,
    Licence,
    Period,
    Publisher,
    ReadingOptions,
    SourceRecord,
    signs_of,
)
from londata.records.projects import AccessRequest, Grant, GrantEnd, Project, ServiceAccount
from londata.records.publications import Publication, Release, Thresholds, Version
from londata.records.row_filter import Condition, RowFilter
from londata.records.schedules import Run, Schedule

__all__ = [
    "RESERVED_KEYS",
    "AccessRequest",
    "Agreement",
    "Column",
    "Condition",
    "Contact",
    "Cover",
    "Dataset",
    "Distribution",
    "Dpia",
    "Entry",
    "Geography",
    "Grant",
    "GrantEnd",
    "Insight",
    "JoinKey",
    "LegalBasis",
    "Licence",
    "MirrorOf",
    "Party",
    "Period",
    "Project",
    "Publication",
    "Publisher",
    "ReadingOptions",
    "Record",
    "ReferenceList",
    "Release",
    "RowFilter",
    "Run",
    "Schedule",
    "Service",
    "ServiceAccount",
    "SourceRecord",
    "Thresholds",
    "Version",
    "entry_from_dict",
    "entry_from_json",
    "key_of",
    "problems_of",
    "signs_of",
    "slug_of",
    "slugify",
]
