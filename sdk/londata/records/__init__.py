"""Records: what the register says about data. Frozen, validated, no input or output.

Terms follow DCAT 3 (dataset, distribution, publisher, theme, accrual periodicity); nothing is stored as RDF.
"""

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
)

__all__ = [
    "RESERVED_KEYS",
    "Column",
    "Contact",
    "Dataset",
    "Distribution",
    "Entry",
    "Geography",
    "Insight",
    "JoinKey",
    "Licence",
    "Period",
    "Publisher",
    "ReadingOptions",
    "Record",
    "ReferenceList",
    "Service",
    "SourceRecord",
    "entry_from_dict",
    "entry_from_json",
    "key_of",
    "problems_of",
    "slug_of",
    "slugify",
]
