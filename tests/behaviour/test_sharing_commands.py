"""What an operator does about sharing from a terminal, over a real register."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

import sharing_world as world
from londata_hub import __main__ as londata_hub
from londata_hub.commands.sharing import operator
from londata_hub.store import AccessStore, tables

PAT = world.PEOPLE["pat"]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("LONDATA_HUB_STATE", str(tmp_path))
    monkeypatch.delenv("LONDATA_HUB_DATABASE", raising=False)
    with world.stores(tmp_path):
        pass
    with AccessStore(f"sqlite:///{tmp_path / 'register.sqlite'}", tmp_path / "audit-anchors") as access:
        yield access


@pytest.fixture
def run(store, capsys):
    def command(*words):
        code = londata_hub.main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command


def written(folder: Path, **sections) -> Path:
    file = folder / "sharing.yaml"
    plain = {name: [record.to_dict() for record in records] for name, records in sections.items()}
    file.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return file


def _dumped(values) -> str:
    """Write YAML without aliases, which such a file must not have."""
    return yaml.safe_dump(json.loads(json.dumps(values)))


def last_lines(store, what):
    with store._database.reading() as connection:
        found = connection.execute(select(tables.audit.c.line).where(tables.audit.c.what == what)).scalars()
        return [json.loads(line) for line in found]


def test_a_file_of_agreements_and_projects_is_recorded_once(run, store, tmp_path):
    new, work = world.agreement(id="ISA-2"), world.project(id="second", agreements=["ISA-2"])
    file = written(tmp_path, agreements=[new], projects=[work])
    assert run("agreements", "load", file) == (0, f"ISA-2: new; {_state()}\n")
    assert run("agreements", "load", file) == (0, "ISA-2: as before\n")
    assert run("projects", "load", file)[1].startswith("second: new; until ")
    assert store.arrangements().agreements["ISA-2"] == new
    assert store.arrangements().projects["second"] == work
    assert last_lines(store, "agreement.recorded")[-1]["actor"] == operator()
    changed = written(tmp_path, agreements=[new.model_copy(update={"title": "Another title"})])
    assert "a new version" in run("agreements", "load", changed)[1]


def _state():
    from londata_hub.services.public_facts import state_of

    return state_of(world.agreement(), world.midnight(world.TODAY))[1]


def test_every_problem_of_a_file_is_listed_and_nothing_of_it_is_loaded(run, store, tmp_path):
    good, bad = world.agreement(id="ISA-2").to_dict(), world.agreement(id="ISA-3").to_dict()
    bad |= {"status": "signd", "colour": "red", "purposes": ["gossip"]}
    covering = world.agreement(id="ISA-4", covers=[{"entry": "nothing"}]).to_dict()
    file = tmp_path / "bad.yaml"
    file.write_text(_dumped({"agreements": [good, bad, covering, dict(good), "text"]}))
    code, said = run("agreements", "load", file)
    assert code == 3
    for line in (
        "bad.yaml: ISA-3: status: 'signd'",
        "bad.yaml: ISA-3: colour: no such field",
        "bad.yaml: ISA-4: covers: there is no entry 'nothing' in the register",
        "bad.yaml: ISA-2: is there twice in agreements",
        "bad.yaml: agreements: item 5 is not a mapping of fields",
    ):
        assert line in said
    assert set(store.arrangements().agreements) == {"ISA-1"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("agreements: !!python/object:os.system [x]", "tag"),
        ("agreements: &a [*a]", "alias"),
        ("agreements: []", "is missing"),
        ("granted: []", "no such section"),
        ("projects: []", "is missing"),
        (": :", "YAML"),
    ],
)
def test_a_file_is_data_and_nothing_else(run, tmp_path, text, part):
    file = tmp_path / "evil.yaml"
    file.write_text(text)
    code, said = run("agreements", "load", file)
    assert (code, part in said) == (3, True), said


def test_a_project_needs_agreements_that_are_there_and_allow_its_purpose(run, tmp_path):
    odd = world.project(id="odd", purpose="research", agreements=["ISA-1", "ISA-9"])
    code, said = run("projects", "load", written(tmp_path, projects=[odd]))
    assert code == 3
    assert "odd: agreements: there is no agreement 'ISA-9'" in said
    assert "odd: purpose: the agreement ISA-1 does not allow 'research'" in said


def test_an_agreement_is_suspended_with_a_reason_and_ended(run, store):
    pupils = store.entry("pupils")
    ada = world.PEOPLE["ada"]
    assert store.decide(ada, "read", pupils, "school-places").allowed
    assert run("agreements", "suspend", "ISA-1", "--reason", " ")[0] == 2
    assert run("agreements", "suspend", "ISA-1", "--reason", "A breach.")[0] == 0
    denied = store.decide(ada, "read", pupils, "school-places")
    assert (denied.allowed, denied.ended) == (False, True)
    assert "A breach." in run("agreements", "show", "ISA-1")[1]
    assert run("agreements", "suspend", "ISA-1", "--reason", "Again.")[0] == 2
    assert run("agreements", "end", "ISA-1")[0] == 0
    assert "Ended on " in run("agreements", "list")[1]
    assert run("agreements", "end", "ISA-1")[0] == 2
    assert run("agreements", "show", "ISA-7") != 0


def test_grants_are_listed_and_ended(run, store):
    listed = run("grants", "list", "--person", "ada", "--entry", "pupils")[1]
    assert "grant-ada-pupils " in listed
    assert "until" in listed
    assert "hidden" not in listed
    assert "stu took back" in run("grants", "list", "--person", "eve")[1]
    assert run("grants", "end", "grant-ada-pupils", "--reason", "No longer needed.")[0] == 0
    assert store.arrangements().term("grant-ada-pupils").end.at <= store.now()
    assert run("grants", "end", "grant-ada-pupils", "--reason", "Twice.")[0] == 2
    assert "There is no such grant." in run("grants", "list", "--person", "nobody")[1]


def test_requests_are_decided_in_the_stewards_place_under_the_operator_s_name(run, store):
    store.record(world.project(id="other-places", members=["pat"]), "tests")
    first = store.ask(PAT, store.entry("pupils"), "other-places", "To plan.")
    assert first.id in run("requests", "list")[1]
    assert run("requests", "approve", first.id, "--until", "soon", "--reason", "x")[0] == 2
    code, said = run("requests", "approve", first.id, "--until", world.days(50), "--reason", "The steward is away.")
    assert (code, "approved; pat may read pupils for other-places until" in said) == (0, True)
    assert store.decide(PAT, "read", store.entry("pupils"), "other-places").allowed
    stood_in = last_lines(store, "decision.allowed")[-1]
    assert (stood_in["actor"], stood_in["details"]["reason"]) == (operator(), "The steward is away.")
    assert last_lines(store, "request.approved")[-1]["actor"] == operator()
    assert run("requests", "list")[1] == "No request waits.\n"
    second = store.ask(PAT, store.entry("pupils-members"), "other-places", "More.")
    assert run("requests", "refuse", second.id, "--reason", "Use the totals.")[0] == 0
    assert store.requests(state="refused")[0].reason == "Use the totals."
    every = run("requests", "list", "--all")[1]
    assert first.id in every
    assert f"by {operator()}, until " in every
    assert "There is no request 'x'" in run("requests", "refuse", "x", "--reason", "y")[1]
