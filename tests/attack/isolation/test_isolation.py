"""A person's code runs as hostile as it likes and reaches no file, process or socket of anybody else's.

Every attempt runs in ada's own kernel while bola's Lab runs beside it, on the real hub of the session.
"""

import contextlib
import os
import socket
import threading
from pathlib import Path

from isolated_labs import ISOLATED, MARK, outcome
from londata.kernels import crowds
from londata_hub.spawner.processes import children
from running_hub import ROOT, wait_for

pytestmark = ISOLATED


def below(process):
    """Every process below one, itself included."""
    return {process}.union(*(below(child) for child in children(process)))


# Files


def test_bolas_file_is_where_the_hub_keeps_it(hub, bola):
    """If this fails, the tests below prove nothing."""
    assert (hub.state / "homes" / "bola" / "private.txt").read_text() == MARK


def test_the_home_of_another_cannot_be_read(ada, hub):
    ways = [
        "/home/bola/private.txt",
        "../bola/private.txt",
        str(hub.state / "homes" / "bola" / "private.txt"),
        f"/proc/1/root{hub.state}/homes/bola/private.txt",
        f"/proc/self/root{hub.state}/homes/bola/private.txt",
    ]
    code = f"""
import os
result = [os.listdir("/home")]
for way in {ways!r}:
    try:
        result.append(open(way).read())
    except OSError as error:
        result.append(type(error).__name__)
"""
    found = outcome(ada, code)
    assert found[0] == ["ada"]
    assert set(found[1:]) <= {"FileNotFoundError", "PermissionError"}


def test_the_hubs_secrets_are_nowhere(ada, hub, places):
    """State, sockets of Labs, cookie secret, database, passwords, the hub's own code: none of it exists inside."""
    hidden = [
        hub.state,
        places.sockets,
        hub.state / "cookie-secret",
        hub.state / "jupyterhub.sqlite",
        hub.state / "users.json",
        hub.state / "demo-passwords.json",
        ROOT / "hub-config" / "londata_hub",
        ROOT / ".git",
        Path("/etc/shadow"),
        Path("/var"),
        Path("/sys"),
    ]
    assert all(path.exists() for path in hidden)
    found = outcome(
        ada, f"import os; result = [path for path in {[str(p) for p in hidden]!r} if os.path.lexists(path)]"
    )
    assert found == []


def test_nothing_but_ones_own_home_and_scratch_can_be_written(ada):
    """Not even what steers the machine in /proc, which root's number could write if the hub runs as root.

    What steers the sandbox's own namespaces (messages, shared memory, process numbers) is its own affair, and
    /proc/pressure, where one may ask to be woken, is open to everybody on every machine.
    """
    code = """
import os
own = {name for name in os.listdir("/proc") if name.isdigit()} | {"self", "thread-self"}
scratch = ("/home/ada", "/tmp", "/dev", "/run/lab", "/run")
result = []
for top, folders, files in os.walk("/"):
    if top == "/proc":
        folders[:] = [name for name in folders if name not in own]
    for name in [*folders, *files]:
        path = os.path.join(top, name)
        if path not in scratch and not os.path.islink(path) and os.access(path, os.W_OK):
            result.append(path)
    folders[:] = [name for name in folders if os.path.join(top, name) not in (*scratch, "/usr")]
for path in ("/mine", "/usr/mine", "/etc/mine", "/home/mine", "/run/londata/mine", "/proc/sys/kernel/core_pattern"):
    try:
        open(path, "a").close()
        result.append(path)
    except OSError:
        pass
try:
    os.unlink("/run/londata/register.sock")
    result.append("unlink")
except OSError:
    pass
"""
    own = (
        "fs/mqueue/",
        "kernel/msg",
        "kernel/sem",
        "kernel/shm",
        "kernel/auto_msgmni",
        "kernel/ns_last_pid",
        "kernel/pid_max",
    )
    harmless = ("/proc/pressure/", *(f"/proc/sys/{name}" for name in own))
    assert [path for path in outcome(ada, code) if not path.startswith(harmless)] == []


def test_a_link_in_a_home_leads_the_hub_nowhere(hub, ada, tmp_path_factory):
    """The hub hands out notebooks at every start; a link must not make it write elsewhere."""
    outside = tmp_path_factory.mktemp("outside")
    ada.run(
        "import os, shutil, pathlib\n"
        "home = pathlib.Path.home()\n"
        "shutil.rmtree(home / 'notebooks'); shutil.rmtree(home / '.local', ignore_errors=True)\n"
        f"os.symlink({str(outside)!r}, home / 'notebooks'); os.symlink({str(outside)!r}, home / '.local')"
    )
    visitor = hub.visitor("ada")
    visitor.api("DELETE", "/users/ada/server")
    wait_for(lambda: not visitor.api("GET", "/users/ada").json()["servers"], 60, "the end of the Lab")
    again = visitor.lab()
    assert list(outside.iterdir()) == []
    again.run("import os; os.unlink('/home/ada/notebooks'); os.unlink('/home/ada/.local')")
    ada.client, ada.kernel, ada.token = again.client, again.kernel, again.token


# Processes


def test_only_ones_own_processes_are_seen(ada, hub):
    code = """
import os
result = [open(f"/proc/{number}/cmdline").read() for number in os.listdir("/proc") if number.isdigit()]
"""
    seen = outcome(ada, code)
    assert 2 <= len(seen) < 20
    assert not [line for line in seen if "londata_hub" in line or "proxy.mjs" in line or "bola" in line]


def test_a_lab_is_refused_more_processes_and_threads_than_it_may_have(ada):
    code = f"""
import subprocess, sys
many = '''
import threading
done, begun = threading.Event(), []
try:
    for _ in range({crowds.TASKS_OF_A_LAB + 50}):
        begun.append(threading.Thread(target=done.wait, daemon=True))
        begun[-1].start()
    print("nothing refused them")
except RuntimeError:
    print("refused")
done.set()
'''
result = subprocess.run([sys.executable, "-c", many], capture_output=True, text=True).stdout.strip()
"""
    assert outcome(ada, code) == ("nothing refused them" if crowds.why_not() else "refused")


def test_no_process_outside_can_be_signalled_or_traced(ada, hub):
    victims = sorted(below(hub.process.pid))
    assert len(victims) > 8
    code = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
mine = {{int(n) for n in os.listdir("/proc") if n.isdigit()}}
result = []
for victim in {victims!r}:
    if victim in mine:
        continue
    try:
        os.kill(victim, 0)
        result.append(["kill", victim])
    except ProcessLookupError:
        pass
    if libc.ptrace(16, victim, 0, 0) == 0:
        result.append(["ptrace", victim])
"""
    assert outcome(ada, code) == []


def test_a_sandbox_holds_no_power_and_can_gain_none(ada):
    code = """
import ctypes, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
libc = ctypes.CDLL(None, use_errno=True)
result = [status["CapEff"].strip(), status["CapBnd"].strip(), status["NoNewPrivs"].strip(), os.getuid(),
          libc.unshare(0x10000000), libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)]
"""
    assert outcome(ada, code) == ["0" * 16, "0" * 16, "1", 1000, -1, -1]


def test_no_device_of_the_machine_is_there(ada):
    usual = {"console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin"}
    usual |= {"stdout", "tty", "urandom", "zero"}
    assert set(outcome(ada, "import os; result = os.listdir('/dev')")) <= usual


# Network and sockets


@contextlib.contextmanager
def listening(family, address):
    """A server outside that notes whether anybody comes."""
    came = threading.Event()
    with socket.socket(family) as server:
        server.bind(address)
        server.listen()
        server.settimeout(0.2)
        done = threading.Event()

        def accept():
            while not done.is_set():
                with contextlib.suppress(TimeoutError):
                    server.accept()[0].close()
                    came.set()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname(), came
        finally:
            done.set()
            thread.join()


def test_there_is_no_network(ada, hub):
    with listening(socket.AF_INET, ("0.0.0.0", 0)) as ((_, port), came):  # noqa: S104
        own = socket.gethostbyname(socket.gethostname())
        targets = [("127.0.0.1", hub.port), ("127.0.0.1", port), (own, port), ("192.0.2.1", 80), ("1.1.1.1", 53)]
        code = f"""
import socket
result = [[name for _, name in socket.if_nameindex()]]
for target in {targets!r}:
    with socket.socket() as trial:
        trial.settimeout(3)
        try:
            trial.connect(target)
            result.append(target)
        except OSError:
            pass
    with socket.socket(type=socket.SOCK_DGRAM) as trial:
        try:
            trial.sendto(b"hello", target)
            if not target[0].startswith("127."):
                result.append(target)
        except OSError:
            pass
"""
        assert outcome(ada, code) == [["lo"]]
        with socket.create_connection(("127.0.0.1", port)):
            pass
        wait_for(came.is_set, 60, "our own connection: the listener works")


def test_nameless_sockets_of_the_machine_are_out_of_reach(ada):
    name = f"\0londata-test-{os.getpid()}"
    with listening(socket.AF_UNIX, name):
        code = f"""
import socket
with socket.socket(socket.AF_UNIX) as trial:
    result = trial.connect_ex({name!r})
"""
        assert outcome(ada, code) != 0


def test_the_doors_are_the_only_sockets_and_kernels_of_others_are_not_among_them(ada, bola):
    code = """
import os, stat
result = []
for top in ("/run", "/tmp", "/home", "/dev"):
    for folder, _, files in os.walk(top):
        for name in files:
            path = os.path.join(folder, name)
            if stat.S_ISSOCK(os.lstat(path).st_mode) or name.startswith("kernel-"):
                result.append(path)
"""
    found = outcome(ada, code)
    doors = {path for path in found if path.startswith("/run/londata/")}
    names = ("hub", "register", "apps", "gateway", "reports", "insights")
    assert doors == {f"/run/londata/{name}.sock" for name in names}
    own = {kernel["id"] for kernel in ada.client.get("/api/kernels").json()}
    others = {kernel["id"] for kernel in bola.client.get("/api/kernels").json()}
    assert others
    assert not own & others
    assert all(any(kernel in path for kernel in own) for path in set(found) - doors)


def test_the_socket_that_a_lab_listens_on_cannot_be_turned_into_another(ada, places):
    """It would let a person reach, through the proxy, any socket of the machine: the hub opens it, outside."""
    assert (places.labs / "ada" / "lab.sock").is_socket()
    assert outcome(ada, f"import os; result = os.path.lexists({str(places.labs)!r})") is False


def test_everything_outside_is_for_its_owner_only(hub, places):
    for folder in (hub.state, hub.state / "homes" / "ada", places.sockets, places.doors, places.labs / "ada"):
        assert folder.stat().st_mode & 0o077 == 0, folder
    for name in ("cookie-secret", "users.json", "demo-passwords.json"):
        assert (hub.state / name).stat().st_mode & 0o077 == 0, name
