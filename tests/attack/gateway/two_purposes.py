"""What somebody does who wants two purposes in one kernel: asks for one, then lets a child ask for another."""

import subprocess
import sys

import httpx


def ask(path, project):
    body = {"entry": "rolls", "distribution": "parquet", "project": project}
    headers = {"Authorization": "Bearer token-of-ada"}
    with httpx.Client(transport=httpx.HTTPTransport(uds=path, verify=False), base_url="http://localhost") as client:
        answer = client.post("/services/gateway/api/v1/readings", json=body, headers=headers)
    sys.stdout.write(f"{answer.status_code}\n")
    sys.stdout.flush()


def main(path, project, *before):
    ask(path, project)
    if before[:1] != ("alone",):
        for each in ("routes", "places"):
            subprocess.run([*before, sys.executable, __file__, path, each, "alone"], check=True)


main(*sys.argv[1:])
