"""Shared and closed data on a real hub: found, read for one purpose and no other, and proved afterwards.

How it is asked for, granted and taken back is in ``test_shared_data_notebook.py``. People are those of the
demonstration: ada may read the pupils of Camden, bola the three sets on rough sleeping, chen and dee are stewards.
"""

import json
import shutil

import httpx
import pytest

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(not shutil.which("bwrap"), reason="without bubblewrap a hub serves open data only"),
]
#: What a kernel runs first; ``refused`` gives the words of an error instead of raising it.
PRELUDE = """
import json, os, londata
from londata import catalog
from londata.errors import LondataError
def refused(call):
    try:
        return ["allowed", str(call())[:200]]
    except LondataError as error:
        return [type(error).__name__, str(error)]
"""


def kernel(hub, name, spec="python3"):
    """A new kernel of somebody's Lab, with the prelude run."""
    new = hub.lab(name)
    if spec != "python3":
        new.kernel = new.client.post("/api/kernels", json={"name": spec}).raise_for_status().json()["id"]
    new.run(PRELUDE)
    return new


@pytest.fixture(scope="module")
def ada(hub):
    """Ada, at work for the project on school places."""
    new = kernel(hub, "ada")
    new.run('londata.use_project("school-places")')
    return new


@pytest.fixture(scope="module")
def bola(hub):
    """Bola, at work for the project on rough sleeping."""
    new = kernel(hub, "bola")
    new.run('londata.use_project("rough-sleeping-pathways")')
    return new


def outcome(kernel, expression, before=""):
    """Run some code, then bring the value of an expression here."""
    return json.loads(kernel.run(f"{before}\nprint(json.dumps({expression}))").splitlines()[-1])


def test_an_analyst_reads_what_the_agreement_covers_and_nothing_else(ada):
    ada.run("pupils = catalog.school_rolls_by_pupil.read()")
    seen = outcome(ada, "[sorted(set(pupils.borough_code)), list(pupils.columns), len(pupils)]")
    assert seen[0] == ["E09000007"]
    assert seen[1][:3] == ["pupil_id", "school_year", "borough_code"]
    assert "date_of_birth" not in seen[1]
    assert seen[2] > 1000
    (reading,) = outcome(ada, "[vars(each) for each in londata.reads()]")
    assert (reading["agreement"], reading["project"]) == ("ISA-021", "school-places")


def test_code_is_ready_before_access_is(hub, bola):
    columns = outcome(kernel(hub, "chen"), "list(catalog.rough_sleeping_contacts_nhs.read_dummy(20).columns)")
    assert columns == outcome(bola, "list(catalog.rough_sleeping_contacts_nhs.read().columns)")


def test_two_purposes_never_meet_in_one_kernel(bola):
    bola.run("catalog.rough_sleeping_contacts_gla.read()")
    kind, words = outcome(bola, 'refused(lambda: londata.use_project("school-places"))')
    assert kind == "UsageError"
    assert "new kernel" in words
    forget = 'os.environ["LONDATA_PROJECT"] = "school-places"'
    kind, words = outcome(bola, "refused(catalog.school_rolls_by_pupil.read)", forget)
    assert kind == "AccessDeniedError"
    assert "rough-sleeping-pathways" in words
    begun = 'import subprocess, sys; child = "from londata import catalog; catalog.school_rolls_by_pupil.read()"'
    child = "subprocess.run([sys.executable, '-c', child], capture_output=True, text=True).stderr"
    assert "rough-sleeping-pathways" in outcome(bola, child, begun)


def test_the_token_of_another_persons_reading_opens_nothing(ada, bola):
    begin = """
from londata.client.gateway import GatewayClient
from londata import settings
import httpx
client = GatewayClient(settings.get("GATEWAY"))
begun = client.begin("school-rolls-by-pupil", None, "school-places")
"""
    take = """
def take(token):
    gateway = httpx.Client(transport=httpx.HTTPTransport(uds="/run/londata/gateway.sock"))
    address = "http://localhost/services/gateway/api/v1/data/school-rolls-by-pupil/parquet"
    return gateway.get(address, headers={"Authorization": f"Bearer {token}"}).status_code
"""
    token = outcome(ada, "begun.token", begin)
    assert outcome(ada, f"take({token!r})", take) == 200
    assert outcome(bola, f"take({token!r})", f"import httpx\n{take}") in (401, 403)


def test_the_data_is_nowhere_in_a_sandbox(ada, hub):
    held = sorted(path.name for path in (hub.state / "holders").rglob("*") if path.is_file())
    assert held
    walk = f"""
held = {held!r}
found = [os.path.join(folder, name) for root in ("/home", "/tmp", "/run", "/usr/local", os.getcwd())
         for folder, _, names in os.walk(root) for name in names if name in held]
found += [path for path in ({str(hub.state)!r}, "/var/lib/londata") if os.path.exists(path)]
"""
    assert outcome(ada, "found", walk) == []


def test_a_kernel_cannot_import_the_gateway(ada):
    code = """
try:
    import londata_hub.gateway.opening
    said = "imported"
except ImportError as error:
    said = type(error).__name__
"""
    assert outcome(ada, "said", code) == "ModuleNotFoundError"


def test_nobody_reaches_the_gateway_through_the_browser(hub):
    visitor = hub.visitor("ada")
    headers = {"Authorization": f"token {visitor.new_token()}"}
    for path in ("/services/gateway/api/v1/health", "/services/gateway/api/v1/data/school-rolls-by-pupil/parquet"):
        assert visitor.client.get(path, headers=headers).status_code == 404


def test_a_lab_offers_a_kernel_for_each_project(hub, ada):
    specs = ada.client.get("/api/kernelspecs").json()["kernelspecs"]
    (name,) = (name for name, each in specs.items() if "School places" in each["spec"]["display_name"])
    chosen = kernel(hub, "ada", name)
    assert outcome(chosen, "londata.current_project().id") == "school-places"
    assert outcome(chosen, "len(catalog.school_rolls_by_pupil.read())") > 1000


def test_everybody_may_see_who_shares_what_and_nobody_is_named(hub):
    page = httpx.get(f"{hub.address}/services/register/sharing")
    assert page.status_code == 200
    for words in ("ISA-021", "ISA-019", "ISA-014", "Plan school places"):
        assert words in page.text
    for name in ("ada", "bola", "chen", "dee"):
        assert f">{name}<" not in page.text
        assert f" {name} " not in page.text


def test_the_log_proves_who_read_what_for_which_purpose(ada, hub):
    ada.run('catalog.school_rolls_by_pupil.read(["pupil_id", "phase"])')
    code, out, err = hub.operate("audit", "verify")
    assert code == 0, out + err
    code, out, err = hub.operate("audit", "report", "--agreement", "ISA-021")
    assert code == 0, err
    for words in ("ada", "school-rolls-by-pupil", "school-places"):
        assert words in out
