"""Beginning a reading and fetching parts of it: what is said, which bytes come, and what is refused."""

import datetime as dt
import io
import itertools

import pyarrow.parquet as pq
import pytest

from gateway_service import an_agreement
from londata.access import Subject, last_day, midnight
from londata_hub.gateway.ranges import OutsideError, wanted

# -- what is said when a reading begins


def test_a_reading_says_what_may_be_read_for_what_and_until_when(gateway, rolls):
    said = gateway.begin()
    assert said["path"] == "/data/rolls/parquet"
    assert (said["entry"], said["distribution"], said["size_bytes"]) == ("rolls", "parquet", len(rolls))
    assert (said["agreement"], said["project"], said["grant"]) == ("ISA-1", "places", "ada-rolls-places")
    assert (said["purpose"], said["outputs"]) == ("school-place-planning", "aggregate-only")
    assert (said["columns"], said["row_filter"], said["warning"]) == (None, "all rows", None)
    allowed = gateway.log("decision.allowed")[-1]
    assert (allowed["seq"], allowed["entry"], allowed["subject"]) == (said["decision"], "rolls", "ada")


def test_only_the_agreed_columns_of_the_agreed_rows_leave(gateway):
    said = gateway.begin("ages")
    assert (said["columns"], said["row_filter"]) == (["borough", "age"], "borough is Camden")
    found = pq.read_table(io.BytesIO(gateway.get(said).content))
    assert found.column_names == ["borough", "age"]
    assert found.column("borough").unique().to_pylist() == ["Camden"]
    assert found.num_rows == said["rows"]
    assert len(gateway.get(said).content) == said["size_bytes"]


@pytest.mark.parametrize(
    ("asked", "status", "code", "says"),
    [
        ({"entry": "nowhere"}, 404, "not_found", "no entry"),
        ({"entry": "rolls", "distribution": "xlsx"}, 404, "not_found", "It has: parquet, csv."),
        ({"entry": "rolls", "distribution": None}, 400, "ambiguous_distribution", "parquet, csv"),
        ({"entry": "rolls", "project": "cooking"}, 403, "access_denied", "no grant for it in the project cooking"),
        ({"entry": "rolls", "project": None}, 403, "access_denied", "no project is chosen"),
        ({"entry": "plain"}, 403, "access_denied", "Open data is read from the register"),
        ({"entry": "rolls", "columns": ["age"]}, 400, "query", "no parameter 'columns'"),
        ({"entry": ["rolls"]}, 400, "query", "entry is not a name"),
        ({"entry": "Rolls'; DROP TABLE audit --"}, 400, "query", "entry is not a name"),
        ({"entry": None}, 400, "query", "entry is not a name"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(gateway, asked, status, code, says):
    answer = gateway.ask(**asked)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert says in f"{error['message']} {error['hint']}"


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b'{"entry": "rolls"}' + b" " * 20_000, b"[" * 9_000])
def test_a_body_that_is_no_small_object_is_refused(gateway, body):
    with gateway.client("token-of-ada") as client:
        answer = client.post("/readings", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query")


def test_a_hidden_entry_is_not_there_for_those_who_may_not_know_of_it(gateway):
    assert gateway.begin("secret")["entry"] == "secret"
    hidden, nowhere = gateway.ask("secret", "bola"), gateway.ask("nowhere", "bola")
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.json()["error"]["message"].replace("secret", "nowhere") == nowhere.json()["error"]["message"]
    assert [line["entry"] for line in gateway.log("decision.denied")[-2:]] == ["secret", "nowhere"]


def test_a_warning_says_that_the_access_ends_soon(own):
    today = own.store.now().date()
    end = today + dt.timedelta(days=20)
    own.store.record(an_agreement("ISA-1", [{"entry": "rolls"}], today, review_by=end), "operator")
    (notice,) = [
        each
        for each in own.store.notices(Subject("ada", own.people.groups["ada"]))
        if (each.entry, each.project) == ("rolls", "places")
    ]
    warning, lasts = own.begin()["warning"], last_day(midnight(end))
    assert warning == f"Your access to “Rolls” is until {lasts}: {notice.days} days are left."
    assert f"is until {lasts}: {notice.days} days are left." in notice.text
    assert notice.days in (20, 21)  # the time is UTC


# -- ranges


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=990-", (990, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=0-99999999999999999999999999", (0, 1000)),
        ("BYTES=1-2", (1, 3)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("bytes=" + ",".join(["0-"] * 30), None),
        ("bytes=0-" + "9" * 5_000, None),
        ("bytes=--5", None),
        ("bytes=-5-10", None),
        ("bytes=0x1-0x2", None),
        ("bytes=١-٢", None),
        ("bytes= 1-2", None),
        ("bytes", None),
        ("lines=1-2", None),
        ("", None),
    ],
)
def test_a_range_is_one_range_or_everything(header, found):
    assert wanted([header] if header is not None else [], 1000) == found
    assert wanted(["bytes=0-1", "bytes=2-3"], 1000) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=" + "9" * 40 + "-"])
def test_a_range_behind_the_end_cannot_be_had(header):
    with pytest.raises(OutsideError):
        wanted([header], 1000)
    with pytest.raises(OutsideError):
        wanted(["bytes=0-"], 0)


def test_ranges_come_as_the_standard_says(gateway, rolls):
    said = gateway.begin()
    whole = gateway.get(said)
    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, rolls, "bytes")
    part = gateway.get(said, range="bytes=100-199")
    assert (part.status_code, part.content) == (206, rolls[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(rolls)}"
    assert part.headers["etag"] == whole.headers["etag"] == f'"{said["sha256"]}"'
    behind = gateway.get(said, range=f"bytes={len(rolls)}-")
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{len(rolls)}")
    assert behind.json()["error"]["code"] == "http"
    head = gateway.get(said, "HEAD", range="bytes=0-9")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(rolls)))


def test_a_range_of_another_version_is_answered_with_everything(gateway, rolls):
    said = gateway.begin()
    same, other = f'"{said["sha256"]}"', '"0"'
    assert gateway.get(said, range="bytes=0-9", if_range=same).content == rolls[:10]
    for stale in (other, f"W/{same}", "Sun, 22 Nov 2026 04:29:55 GMT"):
        assert gateway.get(said, range="bytes=0-9", if_range=stale).content == rolls


@pytest.mark.parametrize("entry", ["rolls", "ages"])
def test_files_and_views_give_the_same_bytes_in_parts(gateway, entry):
    said = gateway.begin(entry)
    whole = gateway.get(said).content
    at = [0, 1, 4_000, len(whole) // 2, len(whole) - 1, len(whole)]
    with gateway.client(said["token"]) as client:
        parts = [
            client.get(said["path"], headers={"Range": f"bytes={start}-{stop - 1}"}).content
            for start, stop in itertools.pairwise(at)
        ]
    assert b"".join(parts) == whole


def test_every_answer_has_the_headers_of_the_house(gateway):
    for answer in (gateway.get(gateway.begin()), gateway.ask("nowhere"), gateway.ask()):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert "content-encoding" not in answer.headers
        assert "aiohttp" not in answer.headers["server"]


def test_the_gateway_says_that_it_runs(gateway):
    with gateway.client() as client:
        assert client.get("/health").json() == {"ok": True}
