"""A small catalogue of made-up entries over real, tiny files, for tests of several folders."""

from __future__ import annotations

from pathlib import Path

ROOT_YAML = """\
title: A small catalogue
publishers: publishers.yaml
themes:
  - people.yaml
  - transport.yaml
"""
PUBLISHERS_YAML = """\
gla:
  name: Greater London Authority
  kind: gla
  aliases: [GLA, City Hall]
tfl:
  name: Transport for London
  kind: transport
  homepage: https://tfl.gov.uk
  aliases: [TfL]
"""
PEOPLE_YAML = """\
theme: people
title: People and places
entries:
  borough-profile:
    title: Borough profiles (generated)
    summary: Generated figures for three boroughs.
    description: Generated for tests; not real figures.
    generated: true
    publisher: gla
    access: open
    licence: ogl-3
    tags: [population, density]
    update_frequency: annual
    updated: 2026-01-31
    geography: {level: borough, vintage: "2021"}
    grain: One row per borough
    columns:
      - {name: code, type: string, meaning: GSS code}
      - {name: borough, type: string}
      - {name: residents, type: integer, unit: persons}
    keys: [{column: code, scheme: gss-lad, vintage: "2021"}]
    distributions:
      csv: {path: data/boroughs.csv, media_type: text/csv, rows: 3}
      pdf: {url: "https://example.org/profile.pdf", media_type: application/pdf}
  borough-places:
    title: Borough places (generated)
    description: Generated points for tests.
    generated: true
    publisher: gla
    access: open
    licence: not stated
    distributions:
      geojson: {path: data/places.geojson, media_type: application/geo+json}
  school-rolls:
    title: School rolls (generated)
    description: Generated; the same table twice.
    generated: true
    publisher: gla
    access: open
    licence: ogl-3
    distributions:
      csv: {path: data/boroughs.csv, media_type: text/csv}
      tsv: {path: data/boroughs.tsv, media_type: text/tab-separated-values}
  care-cases:
    title: Care cases
    publisher: gla
    access: shared
    licence: all-rights-reserved
    distributions:
      csv: {path: data/boroughs.csv, media_type: text/csv}
"""
TRANSPORT_YAML = """\
theme: transport
title: Transport
description: Getting about.
entries:
  cycle-hires-daily:
    title: Cycle hires by day (generated)
    summary: Generated daily cycle hires.
    description: Generated for tests; air quality is not part of it.
    generated: true
    publisher: tfl
    access: open
    licence: tfl-transport-data
    landing_page: https://example.org/cycles
    tags: [bicycle]
    distributions:
      csv: {path: data/cycles.csv, media_type: text/csv}
  cycle-counters:
    title: Where bicycles are counted
    publisher: tfl
    access: open
    licence: ogl-3
    landing_page: https://example.org/counters
    distributions:
      pdf: {url: "https://example.org/counters.pdf", media_type: application/pdf}
  air-quality-near-stations:
    title: Air quality near stations
    publisher: tfl
    access: open
    licence: ogl-3
    landing_page: https://example.org/air
  search:
    title: What people search for
    publisher: tfl
    access: closed
    licence: not stated
"""
BOROUGHS = [("E09000007", "Camden", 210_136), ("E09000001", "City of London", 8_583), ("E09000012", "Hackney", 259_146)]
PLACES = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"name": "Town hall"}, "geometry": {"type": "Point", "coordinates": [-0.12, 51.53]}}]}
"""
APP_YAML = """\
title: An app
insight:
  title: Borough explorer
  publisher: gla
  access: open
  licence: ogl-3
  uses: [borough-profile]
  owner: City Intelligence
  public_benefit: Anybody can compare boroughs.
"""


def write_small_catalog(parent: Path) -> Path:
    """Write two themes with eight entries, and an app beside them that is a ninth; returns the catalogue's folder."""
    folder = parent / "catalogs"
    (folder / "data").mkdir(parents=True)
    texts = {
        "london.yaml": ROOT_YAML,
        "publishers.yaml": PUBLISHERS_YAML,
        "people.yaml": PEOPLE_YAML,
        "transport.yaml": TRANSPORT_YAML,
        "data/boroughs.csv": _table(","),
        "data/boroughs.tsv": _table("\t"),
        "data/cycles.csv": "day,hires\n" + "".join(f"2026-01-{day:02},{day * 100}\n" for day in range(1, 32)),
        "data/places.geojson": PLACES,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    app = parent / "voila-apps" / "borough-explorer"
    app.mkdir(parents=True)
    (app / "app.yaml").write_text(APP_YAML, encoding="utf-8")
    return folder


def _table(separator: str) -> str:
    rows = [("code", "borough", "residents"), *BOROUGHS]
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)
