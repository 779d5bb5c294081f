"""What is indexed of an entry, and how words are cut.

Measured at 1,000,000 entries: counting a column with one value per entry takes about 1 ms, one with several values
26–36 ms. So several values are written into a column as one sorted set, and facets with few values share a column;
both are taken apart when the (few hundred) combinations have been counted. The slug is also kept as two numbers,
because a range of numbers is found in 1 ms and a prefix of a million terms in 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import tantivy

from londata.query import FILTERS
from londata.records import Entry, Insight
from londata.records.vocabulary import NOT_STATED
from londata.search_index.spellings import spellings_of

#: Raise it when anything below changes: an index of another version is rebuilt.
SCHEMA_VERSION = 2
MAX_DESCRIPTION = 20_000
MAX_WORD = 100
#: Shortest beginnings of words, kept as terms of their own because very many words share them.
SHORT = 2
#: Column → the facets that are counted from it: one, of which an entry may have several values, or several, of which
#: it has one each.
COLUMNS: dict[str, tuple[str, ...]] = {
    "publishers": ("publisher",),
    "topics": ("topic",),
    "formats": ("format",),
    "terms": ("access", "licence", "geography", "kind"),
}
#: Facets of which every entry has one value.
SINGLE = ("access", "licence", "geography", "kind", "publisher")
#: Between the values in a column.
SEPARATOR = "\x1f"
STOP_WORDS = frozenset(
    "a an and are as at be by for from has have in is it its of on or that the this to was were with".split()
)

_ALPHABET = "-0123456789abcdefghijklmnopqrstuvwxyz"
_BASE = len(_ALPHABET) + 1
_RANK = {character: rank for rank, character in enumerate(_ALPHABET, start=1)}
#: Characters of a slug that fit into one unsigned 64-bit number.
PACKED = 12


def _analyzer(*, stemmed: bool = False, longest: int | None = MAX_WORD) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
    builder = builder.filter(tantivy.Filter.custom_stopword(sorted(STOP_WORDS)))
    if longest:
        builder = builder.filter(tantivy.Filter.remove_long(longest))
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemmed else builder).build()


@cache
def _word_cutter() -> tantivy.TextAnalyzer:
    return _analyzer(longest=None)


@cache
def _stemmer() -> tantivy.TextAnalyzer:
    return _analyzer(stemmed=True, longest=None)


def words_of(text: str) -> list[str]:
    """Cut a text into words as the index does: lower case, without accents and stop words."""
    return list(_word_cutter().analyze(text))


def stem_of(word: str) -> str:
    """Reduce one word to its English stem."""
    return next(iter(_stemmer().analyze(word)), word)


def prepare(index: tantivy.Index) -> None:
    """Teach an index how words are cut, and to stay as it is until it is told. Needed each time that one is opened."""
    index.config_reader("manual")  # else a thread opens each change, too, and puts its lock into cleared folders
    index.register_tokenizer("words", _analyzer())
    index.register_tokenizer("stems", _analyzer(stemmed=True))
    index.register_tokenizer("pieces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


@cache
def schema() -> tantivy.Schema:
    """Build the index's schema: searched text, terms to filter by, one column per facet."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("slug", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("slug_head", fast=True)
    builder.add_unsigned_field("slug_tail", fast=True)
    builder.add_text_field("title_whole", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title", tokenizer_name="words", index_option="position")
    builder.add_text_field("title_stems", tokenizer_name="stems", index_option="basic")
    builder.add_text_field("text", tokenizer_name="words", index_option="freq")
    builder.add_text_field("stems", tokenizer_name="stems", index_option="basic")
    builder.add_text_field("starts", tokenizer_name="pieces", index_option="basic")
    for name in FILTERS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in COLUMNS:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def facet_values(entry: Entry) -> dict[str, tuple[str, ...]]:
    """Tell under which value or values an entry is counted, per facet."""
    licence = (entry.licence.id or entry.licence.title) if entry.licence else NOT_STATED
    return {
        "publisher": (entry.publisher.name,),
        "topic": entry.topics,
        "access": (entry.access,),
        "licence": (licence,),
        "format": entry.formats,
        "geography": (entry.geography.level,),
        "kind": (entry.kind,),
    }


def document_of(entry: Entry) -> tantivy.Document:
    """Write an entry as a document of the index."""
    spellings = spellings_of(entry.publisher)
    text = "\n".join(
        [
            entry.title,
            entry.summary,
            entry.description[:MAX_DESCRIPTION],
            *entry.tags,
            entry.id,
            entry.publisher.name,
            *spellings,
        ]
    )
    document = tantivy.Document()
    document.add_text("slug", entry.id)
    document.add_unsigned("slug_head", packed(entry.id[:PACKED]))
    document.add_unsigned("slug_tail", packed(entry.id[PACKED : 2 * PACKED]))
    document.add_text("title_whole", " ".join(words_of(entry.title)))
    document.add_text("title", entry.title)
    document.add_text("title_stems", entry.title)
    document.add_text("text", text)
    document.add_text("stems", text)
    starts = {word[:SHORT] for word in words_of(text)}
    document.add_text("starts", " ".join(starts | {start[:1] for start in starts}))
    _add_filters(document, entry, spellings)
    return document


def _add_filters(document: tantivy.Document, entry: Entry, spellings: Sequence[str]) -> None:
    values = facet_values(entry)
    for column, names in COLUMNS.items():
        parts = sorted(set(values[names[0]])) if len(names) == 1 else [values[name][0] for name in names]
        document.add_text(column, SEPARATOR.join(part.replace(SEPARATOR, " ") for part in parts))
    terms = values | {"publisher": tuple(spellings), "uses": entry.uses if isinstance(entry, Insight) else ()}
    for name in FILTERS:
        for value in dict.fromkeys(terms[name]):
            document.add_text(name, value)


def packed(part: str, *, fill: int = 0) -> int:
    """Write up to twelve characters of a slug as a number that sorts like them."""
    number = 0
    for position in range(PACKED):
        number = number * _BASE + (_RANK[part[position]] if position < len(part) else fill)
    return number


def packed_range(part: str) -> tuple[int, int]:
    """Give the smallest and largest number of a slug part that begins with ``part``."""
    return packed(part), packed(part, fill=_BASE - 1)


def is_slug_text(text: str) -> bool:
    """Tell whether a text has only characters that slugs have."""
    return all(character in _RANK for character in text)
