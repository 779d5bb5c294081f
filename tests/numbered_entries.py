"""Made-up entries, as many as a test of the register's service wants."""

from londata.records import entry_from_dict

MANY = 2_100


def made_up(number, **more):
    values = {
        "kind": "dataset",
        "id": f"numbered-{number:05}",
        "title": f"Numbered {number}",
        "publisher": {"id": "gla", "name": "Greater London Authority"},
        "access": "open",
        "licence": "ogl-3",
        "distributions": [{"id": "csv", "path": "data/boroughs.csv", "media_type": "text/csv"}],
    }
    return entry_from_dict(values | more)
