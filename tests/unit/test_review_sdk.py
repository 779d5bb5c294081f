"""What a reading holds on to, and what whoever reads is told: against a real gateway over real files."""

import datetime as dt
import os
import subprocess
import sys
import threading
import warnings

import fsspec
import pytest

from gateway_service import World, served_gateway
from londata import cli
from londata.client import gateway as gateway_client
from londata.client.gateway_files import GatewayFileSystem
from londata.errors import LondataWarning, UsageError
from shared_world import catalog_of


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A project that ends soon, so that each reading comes with a warning."""
    made = World(tmp_path_factory.mktemp("world"), rows=2_000).make()
    with made.store() as store:
        project = store.arrangements().projects["places"]
        soon = store.now().date() + dt.timedelta(days=6)
        store.record(project.model_copy(update={"end": soon}), "operator")
    return made


@pytest.fixture(scope="module")
def gateway(world):
    with served_gateway(world, on_socket=True) as running:
        yield running


@pytest.fixture(autouse=True)
def kernel(gateway, monkeypatch):
    """The settings of a kernel in the hub, in which nothing was read or warned of so far."""
    for name, value in (("GATEWAY", gateway.address), ("TOKEN", "token-of-ada"), ("PROJECT", "places")):
        monkeypatch.setenv(f"LONDATA_{name}", value)
    monkeypatch.setattr(gateway_client, "_warned", set())
    GatewayFileSystem.clear_instance_cache()


def run_apart(code, **more):
    """Run code as a program of its own, for at most a minute."""
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **more,
    )


READ = """
import warnings, fsspec
from londata.errors import LondataWarning, UsageError
{first}
for entry in ("rolls/parquet", "ages", "ages"):
    with fsspec.open(f"londata://{{entry}}") as file:
        file.read(8)
warnings.warn("something else", UserWarning)
"""


def test_an_end_that_is_near_is_said_in_one_plain_sentence():
    done = run_apart(READ.format(first=""))
    first, second, third, *_ = done.stderr.splitlines()
    assert first.startswith("Your access to “Rolls” ")
    assert second.startswith("Your access to “Ages” ")
    assert done.stderr.count("Rolls") == 1
    assert "UserWarning: something else" in third  # other warnings look as they always do


def test_the_warning_of_an_end_can_be_filtered_and_made_an_error():
    quiet = run_apart(READ.format(first='warnings.simplefilter("ignore", LondataWarning)'))
    assert "Your access" not in quiet.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("error", LondataWarning)
        with pytest.raises(LondataWarning, match=r"^Your access to “Ages” "):
            fsspec.filesystem("londata").size("ages")


class OneIsSlow(GatewayFileSystem):
    """As where the first reading of an entry has to wait until its agreed rows are cut out."""

    cachable = False

    def __init__(self):
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def _begin(self, path):
        if path == "ages" and os.getpid() == self.here:
            self.begun.set()
            assert self.go_on.wait(60)
        return super()._begin(path)

    here = os.getpid()


@pytest.mark.filterwarnings("ignore::londata.errors.LondataWarning")
def test_a_reading_that_is_slow_to_begin_keeps_only_those_waiting_who_ask_for_the_same():
    files, sizes = OneIsSlow(), []
    readers = [threading.Thread(target=lambda: sizes.append(files.size("ages"))) for _ in range(3)]
    for each in readers:
        each.start()
    assert files.begun.wait(60)
    assert files.size("rolls/parquet") > 0  # would wait for ever
    assert sizes == []
    files.go_on.set()
    for each in readers:
        each.join(60)
    assert len(sizes) == 3
    assert len(set(sizes)) == 1


@pytest.mark.filterwarnings("ignore::londata.errors.LondataWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_does_not_wait_for_what_a_thread_of_its_parent_was_doing():
    files = OneIsSlow()
    reader = threading.Thread(target=files.size, args=["ages"])
    reader.start()
    assert files.begun.wait(60)
    child = os.fork()
    if child == 0:  # no test runs on in here
        os._exit(0 if files.size("ages") > 0 else 1)
    files.go_on.set()
    reader.join(60)
    waited = threading.Timer(60, os.kill, (child, 9))
    waited.start()
    assert os.waitpid(child, 0)[1] == 0
    waited.cancel()


@pytest.fixture
def terminal(world, monkeypatch, capsys):
    """Run a command as in the hub's terminal: gives its code, what it printed, and what it said beside that."""
    catalog_of(world)
    monkeypatch.setenv("LONDATA_CATALOGS", str(world.folder / "catalog"))
    monkeypatch.setenv("LONDATA_REGISTER", "")

    def run(*words):
        code = cli.main(list(words))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.mark.filterwarnings("ignore::londata.errors.LondataWarning")
def test_the_first_rows_in_a_terminal_are_all_that_is_read_for_them(terminal, gateway, world):
    before = sum(reading.sent for reading in gateway.gateway.readings)
    code, printed, _ = terminal("read", "ages", "--rows", "3", "--columns", "age")
    assert (code, printed.splitlines()[-1]) == (0, "3 rows, 1 column; there may be more")
    assert len(printed.splitlines()) == 5
    code, printed, said = terminal("read", "ages", "--columns", "agee")
    assert code == UsageError.exit_code
    assert "age" in said
    assert sum(reading.sent for reading in gateway.gateway.readings) - before < world.rolls.stat().st_size / 2


@pytest.mark.filterwarnings("ignore::londata.errors.LondataWarning")
def test_a_file_of_data_that_is_not_open_comes_with_its_agreement_and_what_may_leave(terminal, tmp_path):
    code, printed, said = terminal("read", "ages", "--out", str(tmp_path / "ages.csv"))
    assert code == 0
    assert printed.startswith(f"wrote {tmp_path / 'ages.csv'}")
    assert said.endswith(
        "ages.csv rests on the agreement ISA-2, for the project places. "
        "Only totals leave the workbench, with nobody recognisable in them.\n"
    )


@pytest.mark.filterwarnings("ignore::londata.errors.LondataWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # what fsspec made for a cache that is refused
def test_no_way_of_fsspec_to_cache_leaves_bytes_on_a_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    kept = {"cache_storage": str(tmp_path)}
    for way in ("simplecache", "filecache", "blockcache"):
        with pytest.raises(UsageError, match="disk"), fsspec.open(f"{way}::londata://ages", **{way: kept}) as file:
            file.read(100)
    for way in ("mmap", "nonsense"):
        with pytest.raises(UsageError, match="would write to disk"):
            fsspec.filesystem("londata").open("ages", cache_type=way)
    written = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert not any(b"PAR1" in each.read_bytes() for each in written)


@pytest.mark.filterwarnings("ignore::londata.errors.LondataWarning")
@pytest.mark.parametrize(
    "filters", ["borough==Camden", [("borough", "like", "C")], [("borough",)], 7, [("age", "==", "x")]]
)
def test_filters_that_are_none_are_refused_with_a_sentence(world, filters):
    with pytest.raises(UsageError, match="filters cannot be understood"):
        catalog_of(world).ages.read(filters=filters)


def test_threads_that_begin_at_once_share_one_pool_of_connections(gateway):
    client = gateway_client.GatewayClient(gateway.address, "token-of-ada")
    at_once, pools = threading.Barrier(8), []

    def ask():
        at_once.wait(60)
        pools.append(client._connection._pool())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len({id(pool) for pool in pools}) == 1
    client.close()
