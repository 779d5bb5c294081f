"""What looks like a secret in a notebook, and what only looks a little like one."""

import json

import nbformat
import pytest

from londata.insights.giveaways import giveaways
from londata.insights.looking import look, shown_secrets
from londata.settings import shipped

#: Text → what it is taken for. The values are made up, and put together here so that no scanner stumbles over them.
SECRETS = {
    'password = "hunter2secret"': "a password",
    'connect(host="db", password="correct-horse")': "a password",
    'api_key = "9f8a7d6c5b4a39281706f5e4d3c2b1a0"': "an api key",
    'headers = {"Authorization": "Bearer 5f3c1e0aa1b94f0e8d7c6b5a4938"}': "a key in an address or header",
    'read("https://api.example.org/x?app_key=5f3c1e0aa1b94f0e8d7c6b5a49382716")': "a key in an address or header",
    'engine("postgresql://ada:s3cr3t@db.example.org/x")': "a password in an address",
    '"Server=db.example.org;Database=rolls;Uid=ada;Pwd=s3cr3t;"': "a password in a connection string",
    "'host=db dbname=rolls user=ada password=s3cr3t'": "a password in a connection string",
    "x = 'AKIA" + "IOSFODNN7EXAMPLE'": "a key of Amazon's cloud",
    "x = 'ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a'": "a GitHub token",
    "x = 'xoxb" + "-2345678901-abcdefghij'": "a Slack token",
    "-----BEGIN OPENSSH " + "PRIVATE KEY-----": "a private key",
    "t = 'eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N'": "a login token (JWT)",
    "AccountKey=" + "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4==": "a key of Azure storage",
}
INNOCENT = [
    'password = os.environ["PW"]',
    'password: str = getpass("Password: ")',
    'connect(host="db", password=password, user=user)',
    'password = "<your password>"',
    'password = "changeme"',
    'token = "E09000007"',
    'api_key = "your-api-key"',
    'url = f"https://{user}:{password}@example.org/"',
    'sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    'run = "urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427"',
    'key_columns = ["lsoa21cd", "wd24cd"]',
    "The token economy: a token is what a reader gets, and the secret of its success.",
    'column = "Kensington_and_Chelsea_2021_Population_Estimate"',
    'secret = "not really a secret at all"',
    'read("https://data.london.gov.uk/api/v3/dataset/2vxy9?format=csv&page=12")',
    "version = '10.1.2'",
    'src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"',
]


@pytest.mark.parametrize(("text", "kind"), SECRETS.items())
def test_a_secret_is_found_and_not_repeated(text, kind):
    assert [(each.kind, each.line, each.weight) for each in giveaways(f"\n{text}")] == [(kind, 2, "must")]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_no_secret_is_left_alone(text):
    assert giveaways(text) == []


@pytest.mark.parametrize("text", ["token" + " " * 300_000, "-eyJ" * 100_000 + ".eyJ" + "-eyJ" * 100_000])
def test_a_line_without_end_is_looked_through_once(text):
    """These took up to an hour: each space was tried with each other, each beginning with all that follows."""
    assert giveaways(f"{text}\npassword = 'hunter2secret'") == giveaways("\npassword = 'hunter2secret'")


def test_a_cell_without_end_is_looked_through_without_reading_it_as_code():
    typed = "x = [\n" + "    1,\n" * 100_000 + "]\ny = '/home/ada/rolls.csv'"
    found = look(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(typed)]))
    assert [each.check for each in found if each.weight != "fine"] == ["folders", "own-data"]
    assert "100,000 numbers" in found[1].sentence


def test_what_only_looks_random_or_private_is_said_and_does_not_stop():
    assert [each.weight for each in giveaways('x = "q7Rk2mZp9Xw4Lt8Bv3Nc6Yh1Jd5Gs0Fa"')] == ["should"]
    assert [each.kind for each in giveaways('read("http://10.20.1.7:8080/rolls.csv")')] == [
        "an address inside somebody's network"
    ]
    assert [each.kind for each in giveaways('connect("//reports.council.local/share")')] == [
        "an address inside somebody's network"
    ]


def test_its_author_can_say_that_it_is_none():
    assert [each.weight for each in giveaways('password = "open-sesame-7"  # not a secret')] == ["should"]


def test_nothing_that_ships_looks_like_a_secret():
    notebooks = [*shipped("voila-apps").glob("*/*.ipynb"), *shipped("templates").glob("*/*.ipynb")]
    assert notebooks
    for path in notebooks:
        found = look(json.loads(path.read_text(encoding="utf-8")))
        assert [(path, each) for each in found if each.weight != "fine"] == []


def test_a_notebook_is_looked_at_cell_by_cell_and_nothing_found_is_repeated():
    cells = [
        nbformat.v4.new_markdown_cell("# Rolls\n\npassword = 'hunter2secret'"),
        nbformat.v4.new_code_cell("!pip install pandas\nx = 1"),
        nbformat.v4.new_code_cell('open("/home/ada/rolls.csv")'),
        nbformat.v4.new_code_cell('print("!ls is not run, and a/home/ is a word")', execution_count=1),
    ]
    cells[3].outputs = [nbformat.v4.new_output("stream", text="password = 'hunter2secret'")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    found = look(notebook, {"side.csv": b"a,b\n1,2", "key.txt": b"api_key = '9f8a7d6c5b4a39281706f5e4d3c2b1a0'"})
    assert [(each.check, each.weight, each.cell) for each in found] == [
        ("folders", "must", 3),
        ("commands", "must", 2),
        ("outputs", "should", 4),
        ("outputs", "should", 4),
        ("secrets", "must", 1),
        ("secrets", "must", None),
        ("own-data", "should", None),
    ]
    assert "hunter2" not in str(found)
    assert "key.txt" in found[-2].sentence
    assert "side.csv" in found[-1].sentence


def test_what_a_run_shows_is_looked_through_too():
    token = "gh" + "p_" + "a1B2c3D4e5" * 4
    cells = [nbformat.v4.new_code_cell("print(token)"), nbformat.v4.new_code_cell("print(token)  # not a secret")]
    for cell in cells:
        cell.outputs = [nbformat.v4.new_output("stream", text=f"with {token}\n")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    found = shown_secrets(notebook)
    assert [(each.weight, each.cell) for each in found] == [("must", 1), ("should", 2)]
    assert token not in str(found)
    cells[0].outputs = [nbformat.v4.new_output("display_data", {"image/png": f"{token}"})]
    widget = {"model_name": "HTMLModel", "state": {"value": f"<p>{token}</p>"}}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": widget}}}
    notebook.cells = cells[:1]
    assert [(each.weight, each.cell) for each in shown_secrets(notebook)] == [("must", None)]


def test_a_notebook_in_order_is_said_to_be():
    found = look(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("from londata import catalog")]))
    assert {each.weight for each in found} == {"fine"}
    assert {each.check for each in found} == {"outputs", "secrets", "commands", "folders", "own-data"}
