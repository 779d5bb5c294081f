"""What JupyterHub is told, on a bare configuration: no hub is started here."""

import asyncio
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from traitlets.config import Config

from londata.client import unix_address
from londata.errors import HubError, SettingsError
from londata_hub import launch, sandbox, settings, wiring
from londata_hub.spawner.labs import BubblewrapSpawner, LabSpawner
from londata_hub.wiring import folders, people
from londata_hub.wiring.authenticator import PeopleAuthenticator, Throttle

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def hub(tmp_path):
    environ = {"LONDATA_HUB_STATE": str(tmp_path / "state"), "LONDATA_HUB_SOCKETS": "/tmp/londata-test"}
    return settings.load(environ)


@pytest.fixture
def c(hub):
    config = Config()
    wiring.configure(config, hub)
    return config


# Settings


def test_sockets_do_not_depend_on_how_deep_the_state_lies(tmp_path):
    deep = tmp_path.joinpath(*["a-very-deep-folder"] * 20)
    hub = settings.load({"LONDATA_HUB_STATE": str(deep)})
    assert len(str(hub.labs)) + 1 + 63 + len("/lab.sock") <= 107
    assert hub.sockets != settings.load({"LONDATA_HUB_STATE": str(tmp_path)}).sockets


def test_the_runtime_folder_is_preferred_where_it_can_be_used(tmp_path):
    assert settings.load({"XDG_RUNTIME_DIR": "/tmp"}).sockets.parent == Path("/tmp")
    assert settings.load({"XDG_RUNTIME_DIR": "/Upper/Case"}).sockets.parent == Path("/tmp")


@pytest.mark.parametrize("place", ["relative", "/tmp/Upper", "/tmp/" + "x" * 90])
def test_a_place_where_sockets_do_not_work_is_refused(place):
    with pytest.raises(SettingsError, match="short absolute path in lower case"):
        settings.load({"LONDATA_HUB_SOCKETS": place})


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80 80", "８０００"])
def test_a_port_that_is_none_is_refused(text):
    with pytest.raises(SettingsError, match="LONDATA_HUB_PORT"):
        settings.load({"LONDATA_HUB_PORT": text})


# Wiring


def test_only_the_proxy_listens_on_the_network_and_on_loopback_only(c):
    assert c.JupyterHub.bind_url == "http://127.0.0.1:8000"
    assert c.JupyterHub.hub_bind_url.startswith("http+unix://")
    assert c.ConfigurableHTTPProxy.api_url == "http://127.0.0.1:8001"


def test_nobody_administers_and_nobody_has_two_labs(c):
    assert "admin_users" not in c.Authenticator
    assert "admin_access" not in c.JupyterHub
    assert c.JupyterHub.allow_named_servers is False
    assert not [service for service in c.JupyterHub.services if service.get("admin")]


def test_groups_act_within_a_minute(c):
    assert c.Authenticator.manage_groups is True
    assert c.Authenticator.auth_refresh_age + 30 < 60  # the services believe the hub for 30 seconds
    assert c.Authenticator.auth_refresh_strict is True


def test_services_get_only_what_they_need(c, hub):
    allowed = {"JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_OAUTH_CALLBACK_URL", "LONDATA_CACHE"}
    for service in c.JupyterHub.services:
        names = set(service.get("environment", {}))
        assert not {name for name in names - allowed if not name.startswith("LONDATA_HUB_")}
        assert "api_token" not in service
    routes = c.SocketProxy.extra_routes
    assert routes["/services/register/"] == unix_address(hub.doors / "register.sock")


def test_no_browser_has_a_way_to_the_gateway(c, hub):
    gateway = next(service for service in c.JupyterHub.services if service["name"] == "gateway")
    assert gateway["environment"]["JUPYTERHUB_SERVICE_URL"] == unix_address(hub.doors / "gateway.sock")
    assert not [path for path, target in c.SocketProxy.extra_routes.items() if "gateway" in path + target]


def test_services_fetch_and_find_files_as_whoever_starts_the_hub_says():
    said = {"LONDATA_FETCH_ALLOW": "data.intranet:8443", "LONDATA_CATALOGS": "/srv/catalogs"}
    unsaid = {"LONDATA_TOKEN": "secret", "LONDATA_REGISTER": "https://elsewhere", "LONDATA_CACHE": "/srv/cache"}
    c, hub = Config(), settings.load({"LONDATA_HUB_STATE": "/srv/londata", **said, **unsaid})
    wiring.configure(c, hub)
    register = next(service for service in c.JupyterHub.services if service["name"] == "register")
    passed = {name: value for name, value in register["environment"].items() if name in said | unsaid}
    assert passed == said | {"LONDATA_CACHE": "/srv/londata/cache"}


def test_an_installed_package_does_not_keep_the_register_among_the_libraries(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "REPOSITORY", tmp_path)
    with pytest.raises(SettingsError, match="not run from its repository"):
        settings.load({})
    assert settings.load({"LONDATA_HUB_STATE": str(tmp_path / "state")}).state == tmp_path / "state"
    monkeypatch.setattr(launch, "CONFIGURATION", tmp_path / "jupyterhub_config.py")
    with pytest.raises(HubError, match="clone of londata's repository"):
        launch._check_proxy()


def test_a_setting_that_a_service_could_not_read_stops_the_hub_with_a_sentence():
    with pytest.raises(SettingsError, match="LONDATA_FETCH_ALLOW"):
        settings.load({"LONDATA_FETCH_ALLOW": "no-port"})


def test_users_are_sandboxed_unless_the_machine_cannot(hub):
    walled, open_plan = Config(), Config()
    wiring.configure(walled, hub)
    wiring.configure(open_plan, hub, not_isolated="bubblewrap is not installed")
    assert walled.JupyterHub.spawner_class is BubblewrapSpawner
    assert walled.JupyterHub.template_vars["announcement"] == ""
    assert open_plan.JupyterHub.spawner_class is LabSpawner
    assert "NOT kept apart" in open_plan.JupyterHub.template_vars["announcement"]


def test_configuring_touches_nothing(hub):
    wiring.configure(Config(), hub)
    assert not hub.state.exists()


# Folders and people


def test_folders_and_secrets_are_for_their_owner_only(hub, tmp_path):
    hub = replace(settings.load({"LONDATA_HUB_STATE": str(tmp_path / "s")}), sockets=tmp_path / "sockets")
    folders.prepare(hub)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (hub.state, hub.homes, hub.doors, hub.labs, hub.users))
    assert set(folders.demo_passwords(hub)) == {"ada", "bola", "chen", "dee"}
    before = hub.users.read_text()
    folders.prepare(hub)
    assert hub.users.read_text() == before


def test_a_link_where_the_sockets_should_be_is_refused(tmp_path):
    hub = settings.load({"LONDATA_HUB_STATE": str(tmp_path / "s")})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sockets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        folders.prepare(replace(hub, sockets=tmp_path / "sockets"))


def test_a_state_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot use the folder"):
        folders.prepare(settings.load({"LONDATA_HUB_STATE": str(tmp_path / "file" / "state")}))


def test_passwords_are_kept_as_hashes_and_are_unlike_each_other(tmp_path):
    passwords = people.create(tmp_path / "users.json", folders.DEMO)
    text = (tmp_path / "users.json").read_text()
    assert len(set(passwords.values())) == 4
    assert not [password for password in passwords.values() if password in text]
    known = people.read(tmp_path / "users.json")
    assert known["bola"].groups == ("analysts", "publishers", "org-gla")
    assert known["ada"].has(passwords["ada"])
    assert not known["ada"].has(passwords["bola"])
    assert not people.NOBODY.has("")


@pytest.mark.parametrize("text", ["", "[]", '{"ada": {}}', '{"ada": 1}', "\x00"])
def test_a_broken_file_of_people_is_a_sentence_that_names_it(tmp_path, text):
    (tmp_path / "users.json").write_text(text)
    with pytest.raises(SettingsError, match=r"users\.json"):
        people.read(tmp_path / "users.json")


def test_guessing_gets_slower_and_a_right_password_forgives():
    now = [0.0]
    throttle = Throttle(free=3, first_s=2, longest_s=10, clock=lambda: now[0])
    rests = []
    for _ in range(7):
        throttle.wrong("ada")
        rests.append(throttle.rest("ada"))
    assert rests == [0, 0, 2, 4, 8, 10, 10]
    assert throttle.rest("bola") == 0
    now[0] = 11
    assert throttle.rest("ada") == 0
    throttle.right("ada")
    throttle.wrong("ada")
    assert throttle.rest("ada") == 0


async def attempt(authenticator, name, password):
    return await authenticator.authenticate(None, {"username": name, "password": password})


def test_the_authenticator_knows_the_people_of_the_file_and_follows_its_changes(tmp_path):
    passwords = people.create(tmp_path / "users.json", folders.DEMO)
    authenticator = PeopleAuthenticator(users_file=str(tmp_path / "users.json"), any_allow_config=True)

    class User:
        name = "bola"

    async def story():
        assert await attempt(authenticator, "bola", passwords["bola"]) == {
            "name": "bola",
            "groups": ["analysts", "publishers", "org-gla"],
        }
        assert await attempt(authenticator, "bola", passwords["ada"]) is None
        assert await attempt(authenticator, "", "") is None
        assert await attempt(authenticator, "mallory", "x") is None
        rows = json.loads((tmp_path / "users.json").read_text())
        rows["bola"]["groups"] = []
        (tmp_path / "users.json").write_text(json.dumps(rows))
        assert await authenticator.refresh_user(User()) == {"name": "bola", "groups": []}
        del rows["bola"]
        (tmp_path / "users.json").write_text(json.dumps(rows))
        assert await authenticator.refresh_user(User()) is False
        assert not authenticator.check_allowed("bola")

    asyncio.run(story())


# Sandbox


def test_the_sandbox_names_every_wall(tmp_path):
    words = sandbox.Sandbox("ada", tmp_path / "home", tmp_path / "doors", tmp_path, ()).command_line(["true"])
    for wall in ("user", "pid", "ipc", "uts", "net"):
        assert f"--unshare-{wall}" in words
    assert {"--die-with-parent", "--new-session", "--disable-userns"} <= set(words)
    assert words[words.index("--cap-drop") + 1] == "ALL"
    writable = [words[i + 2] for i, word in enumerate(words) if word == "--bind"]
    assert writable == ["/home/ada"]
    assert words[-2:] == ["--", "true"]


@pytest.mark.parametrize("name", ["../../etc", "a/b", "A", "ada\n", "ádà", "a" * 300, ".", "a b", "--bind"])
def test_every_name_becomes_a_safe_folder_of_its_own(name):
    class User:
        pass

    User.name = name
    spawner = LabSpawner.__new__(LabSpawner)
    spawner.user = User
    slug = LabSpawner.slug.fget(spawner)
    assert slug.replace("-", "").isalnum()
    assert slug == slug.lower()
    assert slug.isascii()
    assert 0 < len(slug) <= 63


def test_without_bubblewrap_the_reason_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert sandbox.why_not() == "bubblewrap is not installed (apt-get install bubblewrap)"


# What runs first in a Lab


@pytest.fixture
def enter():
    specification = importlib.util.spec_from_file_location("enter", ROOT / "hub-config" / "lab" / "enter.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_notebooks_are_handed_out_and_never_overwrite_what_a_person_changed(enter, tmp_path):
    shipped, home = tmp_path / "shipped", tmp_path / "home"
    shipped.mkdir()
    home.mkdir()
    for name in ("kept", "changed", "removed"):
        (shipped / f"{name}.ipynb").write_text("old")
    enter.hand_out(shipped, home)
    (home / "notebooks" / "changed.ipynb").write_text("mine")
    (home / "notebooks" / "removed.ipynb").unlink()
    for name in ("kept", "changed", "removed", "later"):
        (shipped / f"{name}.ipynb").write_text("new")
    enter.hand_out(shipped, home)
    found = {path.stem: path.read_text() for path in (home / "notebooks").iterdir()}
    assert found == {"kept": "new", "changed": "mine", "later": "new"}


def test_notebooks_that_are_handed_out_are_signed_and_others_are_not(enter, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", {"text/html": "<b>1</b>"})])
    (tmp_path / "shipped").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "shipped" / "a.ipynb")
    enter.hand_out(tmp_path / "shipped", tmp_path)
    notebook = nbformat.read(tmp_path / "notebooks" / "a.ipynb", as_version=4)
    assert NotebookNotary().check_signature(notebook)
    notebook.cells[0].outputs[0].data["text/html"] = "<b>2</b>"
    assert not NotebookNotary().check_signature(notebook)


def test_the_worker_is_told_how_messages_are_sent_and_no_other_service_is(tmp_path):
    said = {"HOST": "mail.example.org", "PORT": "2525", "TLS": "tls", "USER": "hub", "PASSWORD": "pass-word"}
    given = {f"LONDATA_HUB_SMTP_{name}": value for name, value in (said | {"FROM": "hub@example.org"}).items()}
    given |= {"LONDATA_HUB_STATE": str(tmp_path), "LONDATA_HUB_WEBHOOK_KEY": "web-hook", "LONDATA_HUB_PORT": "8123"}
    wanted, c = settings.load(given), Config()
    wiring.configure(c, wanted)
    told = {each["name"]: each.get("environment", {}) for each in c.JupyterHub.services}
    known = settings.load(told.pop("jobs"))
    assert (known.mail, known.webhook_key, known.public) == (wanted.mail, "web-hook", "http://127.0.0.1:8123")
    assert not any(secret in str(told) for secret in ("pass-word", "web-hook"))
