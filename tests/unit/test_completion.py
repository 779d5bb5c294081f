"""Completion in a real IPython: fast, by prefix, and without running anything of the cell."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import londata
from londata.catalog_files import FileRegister
from londata.intake_catalog import RegisterCatalog, completion


class WatchedRegister(FileRegister):
    """Counts how many slugs were handed out, and how."""

    def __init__(self, folder):
        super().__init__(folder)
        self.asked = []

    def slugs(self, query, *, prefix="", limit=None):
        self.asked.append((prefix, limit))
        return super().slugs(query, prefix=prefix, limit=limit)


def new_shell():
    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


@pytest.fixture
def register(shared_catalog):
    return WatchedRegister(shared_catalog)


@pytest.fixture
def shell(register):
    shell = new_shell()
    shell.user_ns.update(catalog=RegisterCatalog(register), shops=RegisterCatalog(register), londata=londata)
    assert completion.enable()
    register.asked.clear()
    yield shell
    for name in ("catalog", "shops", "londata", "frames"):
        shell.user_ns.pop(name, None)
    InteractiveShell.clear_instance()


def offered(shell, text):
    cursor = text.index("|")
    code = text.replace("|", "")
    with provisionalcompleter():
        return [(code[: each.start] + each.text) for each in shell.Completer.completions(code, cursor)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("catalog.cyc|", ["catalog.cycle_counters", "catalog.cycle_hires_daily"]),
        ("table = catalog.cycle_h|", ["table = catalog.cycle_hires_daily"]),
        ("shops.sea|", ["shops.search", "shops.search_"]),
        ("catalog.search_|", ["catalog.search_"]),
        ('catalog["cyc|', ['catalog["cycle_counters"]', 'catalog["cycle_hires_daily"]']),
        ("catalog['cycle-|']", ["catalog['cycle-counters", "catalog['cycle-hires-daily"]),
        ("catalog.themes.|", ["catalog.themes.people", "catalog.themes.transport"]),
        ('catalog.themes["tr|', ['catalog.themes["transport"]']),
        ("catalog.themes.transport.cycle_c|", ["catalog.themes.transport.cycle_counters"]),
        ("catalog.themes.people.cyc|", []),
        ("catalog.borough_profile.rec|", ["catalog.borough_profile.record"]),
        ('catalog["borough-profile"].disc|', ['catalog["borough-profile"].discover']),
        ("catalog.borough_profile.insights.bo|", ["catalog.borough_profile.insights.borough_explorer"]),
        ("len(catalog.borough_pl|)", ["len(catalog.borough_places"]),
        ("x = 1\ncatalog.care|\ny = 2", ["x = 1\ncatalog.care_cases"]),
    ],
)
def test_names_of_the_catalog_are_completed(shell, typed, expected):
    assert offered(shell, typed) == expected


def test_of_an_entry_the_verbs_come_first(shell):
    names = [name for name, _ in completion.complete("catalog.borough_profile.", shell.user_ns)[1]]
    assert names[:2] == ["read", "discover"]
    assert {"title", "licence"} < set(names)
    assert len(names) == len(set(names))


def test_only_the_prefix_is_asked_of_the_register(shell, register):
    offered(shell, "catalog.cyc|")
    assert register.asked == [("cyc", completion.LIMIT)]


def test_what_is_completed_runs(shell):
    for text in ("catalog.cycle_h|", 'catalog["cycle_h|', "catalog.themes.tr|"):
        (found,) = offered(shell, text)
        assert eval(found, shell.user_ns) is not None  # noqa: S307


def test_other_names_are_left_to_others(shell):
    shell.user_ns["frames"] = {"catalog": 1}
    assert "frames.keys" in offered(shell, "frames.ke|")
    assert completion.complete("frames.ke", shell.user_ns) == ("ke", [])
    assert completion.complete("not_there.cyc", shell.user_ns)[1] == []
    assert completion.complete("1 + 2.", shell.user_ns)[1] == []


def test_nothing_of_the_cell_is_run(shell):
    class Trap:
        ran = False

        def __getattr__(self, name):
            Trap.ran = True
            raise AttributeError(name)

    shell.user_ns["frames"] = Trap()
    for text in ("frames.catalog.cyc", 'frames["x"].cyc', "frames.themes."):
        assert completion.complete(text, shell.user_ns)[1] == []
    assert not Trap.ran


def test_the_module_s_own_catalog_is_completed(shell, shared_catalog, monkeypatch):
    monkeypatch.setitem(vars(londata), "catalog", RegisterCatalog(FileRegister(shared_catalog)))
    assert offered(shell, "londata.catalog.cycle_h|") == ["londata.catalog.cycle_hires_daily"]


def test_an_entry_that_is_not_there_offers_nothing(shell):
    assert completion.complete("catalog.nothing_here.re", shell.user_ns)[1] == []


def test_a_register_that_does_not_answer_offers_nothing(tmp_path):
    broken = RegisterCatalog(FileRegister(tmp_path / "nowhere"))
    assert completion.complete("broken.cyc", {"broken": broken}) == ("cyc", [])


def test_it_is_registered_once_and_also_as_an_extension(shell):
    before = list(shell.Completer.custom_matchers)
    completion.load_ipython_extension(shell)
    assert shell.Completer.custom_matchers == before
    assert sum(getattr(each, "matcher_identifier", "") == "londata.catalog" for each in before) == 1


def test_making_a_catalog_in_a_kernel_is_enough(register):
    shell = new_shell()
    try:
        assert shell.Completer.custom_matchers == []
        RegisterCatalog(register)
        assert len(shell.Completer.custom_matchers) == 1
    finally:
        InteractiveShell.clear_instance()


def test_at_six_thousand_entries_no_more_than_the_limit_is_looked_at(shell, register, monkeypatch):
    many = [f"cycle-{number:05}" for number in range(6_000)]
    monkeypatch.setattr(WatchedRegister, "_slugs", many, raising=False)
    register.__dict__.pop("_slugs", None)
    found = offered(shell, "catalog.cycle_|")
    assert len(found) == completion.LIMIT
    assert found[0] == "catalog.cycle_00000"
    assert offered(shell, "catalog.cycle_05999|") == ["catalog.cycle_05999"]
