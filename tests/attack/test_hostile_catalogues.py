"""A catalogue file is data, never a program: nothing in one runs, leaks, or takes the process down."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import intake
import pytest
import yaml

from londata import open_catalog
from londata.catalog_files import FileRegister, load_catalog
from londata.catalog_files.plain_yaml import MAX_BYTES
from londata.cli import main
from londata.errors import AccessDeniedError, CatalogFileError, LondataError, UsageError

DATA = "{datatype: 'intake.readers.datatypes:CSV', kwargs: {url: x.csv}, metadata: {}, user_parameters: {}}"
EMPTY = "aliases: {{}}\nmetadata: {{}}\nuser_parameters: {{}}\n"

#: What Intake would run when it opens (or reads) such a file. ``{mark}`` is a file that must never appear.
INTAKE_PROGRAMS = {
    "version 1: a source of any class": "sources:\n  x:\n    driver: os.system\n    args: {{cmd: 'touch {mark}'}}\n",
    "version 1: cls": "sources:\n  x:\n    cls: os.system\n    args: ['touch {mark}']\n",
    "version 1: a plugin module": "plugins:\n  source:\n    - module: evil_module\nsources: {{}}\n",
    "version 1: a shell parameter": (
        "sources:\n  x:\n    driver: csv\n    args: {{urlpath: '{{{{ shell(\"touch {mark}\") }}}}'}}\n"
    ),
    "version 2: class of a parameter": (
        "version: 2\ndata: {{}}\nentries: {{}}\naliases: {{}}\nmetadata: {{}}\n"
        "user_parameters:\n  p: {{cls: 'evil_module:X', default: 1}}\n"
    ),
    "version 2: a function as template": (
        "version: 2\ndata: {{}}\n" + EMPTY + "entries:\n  x:\n    reader: intake.readers.convert:GenericFunc\n"
        "    kwargs: {{func: '{{func(os:system)}}', args: ['touch {mark}']}}\n"
        "    output_instance: intake.readers.entry:Catalog\n    metadata: {{}}\n    user_parameters: {{}}\n"
    ),
    "version 2: a python module in a data address": (
        "version: 2\n" + EMPTY + "data:\n  d:\n    datatype: intake.readers.datatypes:PythonSourceCode\n"
        "    kwargs: {{url: \"data:,open('{mark}','w')\"}}\n    metadata: {{}}\n    user_parameters: {{}}\n"
        "entries:\n  x: {{reader: 'intake.readers.readers:PythonModule', kwargs: {{data: '{{data(d)}}'}}}}\n"
    ),
    "version 2: a pickle": (
        "version: 2\ndata: {{}}\n" + EMPTY + "entries:\n  x: {{reader: 'intake.readers.readers:SKLearnModelReader',"
        " kwargs: {{data: '{{pickle64(gASVAAAA)}}'}}}}\n"
    ),
    "yaml: a python object": "title: !!python/object/apply:os.system ['touch {mark}']\n",
    "yaml: a python name": "title: !!python/name:os.system\n",
    "yaml: a new module": "title: !!python/module:evil_module\n",
    "yaml: a key that is a python object": "? !!python/object/apply:os.system ['touch {mark}']\n: 1\n",
}
BOMBS = {
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n",
    "an alias of itself": "a: &a [*a]\n",
    "merge keys": "a: &a {b: 1}\nc:\n  <<: *a\n",
    "depth in brackets": "a: " + "[" * 200_000,
    "depth in braces": "a: " + "{a: " * 100_000,
    "depth in dashes": "- " * 200_000,
    "a huge number": f"title: {'9' * 100_000}\n",
    "a huge key": f"{'k' * 1000}: 1\n",
    "many documents": "---\na: 1\n" * 1000,
    "only a tab": "\t",
    "zero bytes inside": "title: a\x00b\n",
    "not text": "\xff\xfe\x00\x01",
    "a list": "- a\n- b\n",
    "a text": "hello\n",
    "nothing": "",
}
#: name → (file, text before, text after, line of the problem)
BROKEN = {
    "a key twice": (
        "people.yaml",
        "    title: Care cases\n",
        "    title: Care cases\n    title: Other\n",
        "line 46: the key 'title' is there twice",
    ),
    "an entry twice": ("people.yaml", "  care-cases:\n", "  school-rolls:\n", "the key 'school-rolls' is there twice"),
    "a tab": ("transport.yaml", "    title: Where", "\ttitle: Where", "is not YAML"),
    "a colon in a text": ("transport.yaml", "Where bicycles are counted", "Where: bicycles: are", "is not YAML"),
    "an open quote": ("transport.yaml", "Where bicycles are counted", '"Where bicycles', "is not YAML"),
}


@pytest.fixture
def mark(tmp_path, monkeypatch):
    """A file that appears when a program ran, and a module that makes it when it is imported."""
    mark = tmp_path / "it-ran"
    (tmp_path / "evil_module.py").write_text(f"open({str(mark)!r}, 'w')\nX = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield mark
    assert not mark.exists(), "a program in a catalogue file ran"
    assert "evil_module" not in sys.modules


def use(folder: Path) -> None:
    """Do with a catalogue what people do, up to the first error of londata's own."""
    try:
        catalog = open_catalog(str(folder))
        repr(catalog), catalog._repr_html_(), dir(catalog), list(catalog), catalog.facets(), catalog.search("x")
        for key in catalog:
            repr(catalog[key]), catalog[key]._repr_html_()
            catalog[key].read()
    except LondataError:
        pass


@pytest.mark.parametrize("name", INTAKE_PROGRAMS)
@pytest.mark.parametrize("place", ["root", "theme", "publishers", "app", "template"])
def test_an_intake_program_runs_nothing_wherever_it_stands(small_catalog, tmp_path, mark, name, place):
    text = INTAKE_PROGRAMS[name].format(mark=mark)
    (tmp_path / "templates" / "report").mkdir(parents=True)
    file = {
        "root": small_catalog / "london.yaml",
        "theme": small_catalog / "transport.yaml",
        "publishers": small_catalog / "publishers.yaml",
        "app": tmp_path / "voila-apps" / "borough-explorer" / "app.yaml",
        "template": tmp_path / "templates" / "report" / "template.yaml",
    }[place]
    file.write_text(text, encoding="utf-8")
    use(small_catalog)
    if place in ("root", "theme", "publishers"):
        with pytest.raises(CatalogFileError, match=f"catalogs/{file.name}: "):
            load_catalog(small_catalog)


@pytest.mark.parametrize("name", INTAKE_PROGRAMS)
def test_an_intake_program_given_by_a_setting_runs_nothing(tmp_path, mark, monkeypatch, capsys, name):
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "london.yaml").write_text(INTAKE_PROGRAMS[name].format(mark=mark), encoding="utf-8")
    monkeypatch.setenv("LONDATA_CATALOGS", str(folder))
    with pytest.raises(CatalogFileError):
        list(open_catalog())
    assert main(["check"]) == 3
    assert "The catalogue files have" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["version 1: cls", "version 2: class of a parameter"])
def test_the_same_programs_do_run_in_stock_intake(tmp_path, name):
    """The other tests prove something only as long as this one passes."""
    mark = tmp_path / "it-ran"
    (tmp_path / "evil_module.py").write_text(f"open({str(mark)!r}, 'w')\nX = 1\n", encoding="utf-8")
    (tmp_path / "evil.yaml").write_text(INTAKE_PROGRAMS[name].format(mark=mark), encoding="utf-8")
    code = "import intake; intake.open_catalog('evil.yaml')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False)
    assert mark.exists()


def test_the_catalog_opens_no_intake_file(small_catalog, tmp_path, mark):
    catalog = open_catalog(str(small_catalog))
    for opener in (catalog.from_yaml_file, catalog.from_dict, catalog.from_entries, type(catalog).from_yaml_file):
        with pytest.raises(UsageError, match="can run programs"):
            opener(str(tmp_path / "evil.yaml"))


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("file", ["london.yaml", "people.yaml", "publishers.yaml"])
def test_a_bomb_is_refused_with_its_file(small_catalog, name, file):
    (small_catalog / file).write_bytes(BOMBS[name].encode("latin-1"))
    with pytest.raises(CatalogFileError) as caught:
        load_catalog(small_catalog)
    assert caught.value.problems[0].startswith(f"catalogs/{file}: ") or file == "publishers.yaml"
    assert any(line.startswith(f"catalogs/{file}: ") for line in caught.value.problems) or name == "nothing"
    assert all(len(line) < 500 for line in caught.value.problems)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_yaml_names_file_and_line(small_catalog, name):
    file, old, new, expected = BROKEN[name]
    text = (small_catalog / file).read_text(encoding="utf-8")
    assert old in text
    (small_catalog / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogFileError) as caught:
        load_catalog(small_catalog)
    line = next(line for line in caught.value.problems if line.startswith(f"catalogs/{file}: line "))
    assert expected in line


def test_a_latin_1_file_names_the_line(small_catalog):
    text = (small_catalog / "people.yaml").read_text(encoding="utf-8").replace("Care cases", "Care cases in £")
    (small_catalog / "people.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(CatalogFileError, match=r"catalogs/people.yaml: line 4\d: is not UTF-8 text"):
        load_catalog(small_catalog)


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed(small_catalog):
    (small_catalog / "people.yaml").write_bytes(b"description: " + b"x" * MAX_BYTES)
    with pytest.raises(CatalogFileError, match=r"catalogs/people.yaml: is larger than 8 MB"):
        load_catalog(small_catalog)


def rewrite(folder: Path, slug: str, **fields) -> None:
    """Put hostile values into one entry, through a YAML writer, so that the file itself is well-formed."""
    for file in (folder / "people.yaml", folder / "transport.yaml"):
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
        if slug in values["entries"]:
            values["entries"][slug] |= fields
            file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")


HOSTILE = [
    "<script>alert(document.cookie)</script>",
    "{env(HOME)} {func(os:system)} {pickle64(gASV)} {{ shell('id') }}",
    "data(other) data(2011) {data(school_rolls)}",
    "\u202egnp.exe \u2066 😀👩‍👩‍👧 بيانات",
    "=cmd|' /C calc'!A0",
    "\x1b]0;owned\x07",
    "'; DROP TABLE entries; --",
    "%s %d {0} {title}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_it_is_and_does_nothing(small_catalog, tmp_path, mark, monkeypatch, text):
    monkeypatch.setenv("HOME", "/home/of-ada")
    printable = "".join(each for each in text if each.isprintable() or each not in "\x1b\x07")
    rewrite(small_catalog, "borough-profile", title=f"{printable} generated", summary=printable, tags=[printable],
            grain=printable, attribution=printable)  # fmt: skip
    catalog = open_catalog(str(small_catalog))
    entry = catalog.borough_profile
    assert entry.title == f"{printable} generated"
    html = entry._repr_html_() + catalog._repr_html_()
    assert "<script" not in html
    assert "of-ada" not in html + repr(entry) + repr(catalog)
    assert len(entry.read()) == 3
    assert pickle.loads(pickle.dumps(entry)) == entry  # noqa: S301
    list(catalog.search(text))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalog.to_yaml_file(tmp_path / "out.yaml")
    stock = intake.open_catalog(str(tmp_path / "out.yaml"))
    assert len(stock.borough_profile.read()) == 3
    assert "of-ada" not in json.dumps(stock.borough_profile.metadata)
    mine = intake.Catalog()
    mine["x"] = entry
    assert len(mine["x"].read()) == 3
    assert "of-ada" not in repr(mine["x"].metadata)


@pytest.mark.parametrize("where", ["missing", "delimiter_is_fine"])
def test_reading_options_that_would_be_programs_are_not_exported(small_catalog, tmp_path, monkeypatch, where):
    monkeypatch.setenv("SECRET", "of-ada")
    options = {"missing": ["{env(SECRET)}"]} if where == "missing" else {"delimiter": ","}
    csv = {"path": "data/boroughs.csv", "media_type": "text/csv", "options": options}
    rewrite(small_catalog, "borough-profile", distributions={"csv": csv})
    values = open_catalog(str(small_catalog)).to_dict()
    assert ("borough_profile" in values["entries"]) is (where != "missing")
    if where == "missing":
        assert "would be a program" in values["metadata"]["left_out"]["borough_profile"]
    (tmp_path / "out.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    stock = intake.open_catalog(str(tmp_path / "out.yaml"))
    assert "of-ada" not in repr([(stock[name].kwargs, stock[name].data) for name in stock])


def test_an_address_with_braces_is_exported_as_an_address(small_catalog, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "of-ada")
    csv = {"url": "https://example.org/?k={env(SECRET)}", "media_type": "text/csv"}
    rewrite(small_catalog, "cycle-hires-daily", distributions={"csv": csv})
    values = open_catalog(str(small_catalog)).to_dict()
    (tmp_path / "out.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    stock = intake.open_catalog(str(tmp_path / "out.yaml"))
    assert stock.cycle_hires_daily.data.url == "https://example.org/?k=%7Benv(SECRET)%7D"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:secret@host/x",
        "simplecache::https://host/x",
        "data:,x",
    ],
)
def test_an_address_that_is_not_of_the_web_is_refused(small_catalog, address):
    rewrite(small_catalog, "cycle-counters", landing_page=address)
    with pytest.raises(CatalogFileError, match=r"cycle-counters: landing_page: .* is not a web address"):
        load_catalog(small_catalog)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../outside.csv", "data/../../outside.csv", "~/x.csv", "file:///etc/passwd", "c:\\x"]
)
def test_a_path_cannot_leave_the_folder(small_catalog, path):
    rewrite(small_catalog, "cycle-hires-daily", distributions={"csv": {"path": path, "media_type": "text/csv"}})
    with pytest.raises(CatalogFileError, match="must stay below the folder"):
        load_catalog(small_catalog)


def test_a_link_cannot_leave_the_folder(small_catalog, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    (small_catalog / "data" / "link.csv").symlink_to(tmp_path / "secret.csv")
    rewrite(small_catalog, "cycle-hires-daily",
            distributions={"csv": {"path": "data/link.csv", "media_type": "text/csv"}})  # fmt: skip
    with pytest.raises(CatalogFileError, match="leads outside the folder"):
        load_catalog(small_catalog)


@pytest.mark.parametrize("name", ["../people.yaml", "/etc/passwd", "data", "nothing.yaml"])
def test_a_theme_or_publishers_file_cannot_lie_elsewhere(small_catalog, name):
    (small_catalog / "london.yaml").write_text(f"title: x\npublishers: {name}\nthemes: [{name}]\n", encoding="utf-8")
    with pytest.raises(CatalogFileError, match=re.escape("catalogs/london.yaml: ")):
        load_catalog(small_catalog)


def test_a_description_of_millions_of_characters_is_handled(small_catalog):
    file, title = small_catalog / "transport.yaml", "title: Where bicycles are counted"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(title, f"{title}\n    description: {'long story ' * 600_000}"), encoding="utf-8")
    catalog = open_catalog(str(small_catalog))
    assert len(catalog.cycle_counters.description) > 6_000_000
    assert len(catalog.cycle_counters._repr_html_()) < 20_000
    assert len(repr(catalog.cycle_counters)) < 5_000
    assert "cycle_counters" in list(catalog.search("bicycles counted"))


def test_the_bytes_of_a_register_cannot_be_reached_by_a_made_up_entry(small_catalog, tmp_path):
    """Who makes a record of their own gets the same checks as a file."""
    from londata.access import Subject, decide
    from londata.records import Distribution

    register = FileRegister(small_catalog)
    entry = register.find("borough-profile")
    (small_catalog / "data" / "out.csv").symlink_to("/etc/passwd")
    made_up = Distribution(id="x", path="data/out.csv", media_type="text/csv")
    with pytest.raises(AccessDeniedError, match="is not one of its own"):
        register.fetch(entry, made_up, decide(Subject("eve"), "read", entry))
    forged = entry.model_copy(update={"distributions": (made_up,)})
    with pytest.raises(LondataError, match="leads outside the folder"):
        register.fetch(forged, made_up, decide(Subject("eve"), "read", forged))
