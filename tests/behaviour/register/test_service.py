"""What the register's service says of itself, and that the hub starts and stops it."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from londata.client import Endpoint, RegisterClient
from londata.errors import RegisterUnavailableError
from londata.query import Query
from register_service import BASE, TOKEN


def test_health_needs_no_token_and_tells_nothing(address):
    endpoint = Endpoint.of(address)
    with httpx.Client(transport=httpx.HTTPTransport(uds=endpoint.socket)) as http:
        answer = http.get(f"{endpoint.base}/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_me_names_the_caller(ask):
    assert ask("/me").json() == {"name": "ada", "groups": ["analysts"]}


def test_openapi_describes_every_parameter_and_the_error(ask):
    said = ask("/openapi.json").json()
    parameters = {item["name"]: item for item in said["paths"][f"{BASE}/api/v1/search"]["get"]["parameters"]}
    assert set(parameters) == {
        *("q", "publisher", "topic", "access", "licence", "format", "geography", "kind", "uses"),
        *("facets", "limit", "offset"),
    }
    assert all(item["description"] for item in parameters.values())
    assert parameters["limit"]["schema"]["maximum"] == 1000
    for path, methods in said["paths"].items():
        changes = path.endswith(("/approve", "/refuse", "/withdraw", "/end"))
        both = path == f"{BASE}/api/v1/requests"
        assert list(methods) == (["get", "post"] if both else ["post"] if changes else ["get"]), path
        for name, method in methods.items():
            assert method["description"], path
            assert method["responses"]["401"]["content"]["application/json"]["schema"]["$ref"].endswith("ErrorBody")
            assert ("requestBody" in method) == (name == "post"), path


@pytest.mark.parametrize("where", ["socket", "port"])
def test_the_hub_starts_and_stops_it_as_a_process(where, tmp_path, store):
    """As the hub does: everything from the environment, and a signal at the end."""
    from running_hub import free_port, wait_for

    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "register.sock"
        at = f"http+unix://{quote(str(socket), safe='')}" if where == "socket" else f"http://127.0.0.1:{free_port()}"
        environ = {
            **os.environ,
            "LONDATA_HUB_STATE": str(tmp_path / "state"),
            "JUPYTERHUB_SERVICE_URL": f"{at}/",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/register/",
            "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
            "JUPYTERHUB_API_TOKEN": "of-the-register",
        }
        command = [sys.executable, "-m", "londata_hub.services.register"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            client = RegisterClient(f"{at}{BASE}", TOKEN)

            def healthy():
                assert process.poll() is None, process.stdout.read().decode()
                try:
                    return client._connection.get("/health")["ok"]
                except RegisterUnavailableError:
                    return False

            wait_for(healthy, what="the service")
            with pytest.raises(RegisterUnavailableError, match="lets nobody in"):
                client.count(Query())
            if where == "socket":
                assert stat.S_IMODE(socket.stat().st_mode) == 0o666
            client.close()
            process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            assert process.wait(20) in (0, -signal.SIGTERM)
            assert time.monotonic() - started < 20
            assert b"Traceback" not in process.stdout.read()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
