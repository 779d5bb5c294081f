"""Made-up entries that look like London's: word frequencies, publishers, licences and formats as a portal has them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import accumulate

from londata.records import Dataset, Distribution, Entry, Geography, Licence, Publisher
from londata.records.vocabulary import FORMATS, LICENCES

COMMON = """
london borough ward data annual statistics population housing transport planning survey report energy health school
employment crime air quality cycle bus station road traffic green space census household income rent price tenure
density migration birth death language religion ethnicity age sex disability carer benefit economy business start
job skill apprenticeship wage tourism culture museum library theatre sport park tree river flood waste recycling
carbon emission heat network solar vehicle charging point electric permit parking street light tree licence premises
food hygiene inspection budget spend contract procurement grant election turnout councillor consultation fire incident
response ambulance hospital vaccination screening obesity alcohol drug smoking child poverty deprivation index score
""".split()
TOPICS = "people transport environment health housing education economy safety culture planning council energy".split()
_LICENCES = [
    ("ogl-2", 35),
    ("ogl-3", 30),
    ("", 25),
    ("cc-by-4", 6),
    ("odbl-1", 1),
    ("all-rights-reserved", 2),
    ("cc0-1", 1),
]
_LEVELS = [
    ("not stated", 36),
    ("borough", 30),
    ("london", 14),
    ("ward", 6),
    ("region", 4),
    ("point", 4),
    ("lsoa", 3),
    ("msoa", 3),
]
_FILES = [
    ("pdf", 40),
    ("xlsx", 30),
    ("csv", 20),
    ("zip", 10),
    ("html", 8),
    ("xls", 6),
    ("geojson", 4),
    ("json", 3),
    ("gpkg", 2),
]
_ACCESS = [("open", 75), ("shared", 15), ("closed", 10)]
_MEDIA = {name: media_type for media_type, name in FORMATS.items()}
PUBLISHERS = 800
FILLERS, RARE = 8_000, 60_000
#: Flattens the head of the distribution of words until, as in the real snapshot, the most frequent is in half of all.
HEAD = 12


def _letters(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghiklmnoprstuvwy", k=chance.randint(4, 11)))


_chance = random.Random(0)
#: Words from the most to the least frequent, and their cumulated frequencies.
VOCABULARY = list(dict.fromkeys([*COMMON, *(_letters(_chance) for _ in range(FILLERS))]))
FREQUENCIES = list(accumulate(1 / (rank + HEAD) for rank in range(len(VOCABULARY))))


def made_up_entries(count: int, seed: int = 1) -> Iterator[Entry]:
    """Make entries, the same for the same seed. Built without validation: a million take about two minutes."""
    chance = random.Random(seed)
    rare = [_letters(chance) for _ in range(RARE)]
    words = partial(chance.choices, VOCABULARY, cum_weights=FREQUENCIES)
    publishers = [_publisher(number, chance) for number in range(PUBLISHERS)]
    weights = list(accumulate(1 / (rank + 1) ** 0.7 for rank in range(PUBLISHERS)))
    licences = {name: Licence(id=name, title=LICENCES[name][0], url=LICENCES[name][1]) for name, _ in _LICENCES if name}
    for number in range(count):
        title = " ".join([*words(k=chance.randint(2, 6)), chance.choice(rare)])
        formats = sorted({_one(_FILES, chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 3)))})
        yield Dataset.model_construct(
            kind="dataset",
            id=f"{title.replace(' ', '-')}-{number}",
            title=title.capitalize(),
            summary=" ".join([*words(k=24), *chance.choices(rare, k=1)])[:250],
            description=" ".join([*words(k=30), *chance.choices(rare, k=3)]),
            publisher=chance.choices(publishers, cum_weights=weights)[0],
            access=_one(_ACCESS, chance),
            licence=licences.get(_one(_LICENCES, chance)),
            topics=tuple(sorted(set(chance.choices(TOPICS, k=chance.randint(1, 3))))),
            tags=tuple(chance.choices(rare, k=2)),
            geography=Geography.model_construct(level=_one(_LEVELS, chance)),
            distributions=tuple(
                Distribution.model_construct(
                    id=each, url=f"https://example.org/{number}.{each}", media_type=_MEDIA[each]
                )
                for each in formats
            ),
        )


def _publisher(number: int, chance: random.Random) -> Publisher:
    name = " ".join(word.capitalize() for word in chance.sample(COMMON, 3))
    return Publisher(id=f"publisher-{number}", name=f"{name} {number}")


def _one(values: list[tuple[str, int]], chance: random.Random) -> str:
    return chance.choices([value for value, _ in values], [weight for _, weight in values])[0]
