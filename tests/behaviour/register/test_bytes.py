"""The bytes behind entries over HTTP: they come whole, are what was described, and only where that is allowed."""

import hashlib

import httpx
import pytest

from data_holder import Holder
from londata.access import Subject, decide
from londata.catalog_files import FileRegister
from londata.client import RegisterClient
from londata.errors import AccessDeniedError, FetchError, TooLargeError
from londata_hub.services.content import Content
from register_service import TOKEN

ADA = Subject("ada")


def fetch(client, slug, name=None):
    entry = client.find(slug)
    chosen = next(each for each in entry.distributions if name in (None, each.id))
    return client.fetch(entry, chosen, decide(ADA, "read", entry))


def test_the_bytes_of_a_file_beside_the_catalogue_come_whole(client, shared_catalog):
    copy = fetch(client, "borough-profile", "csv")
    original = (shared_catalog / "data" / "boroughs.csv").read_bytes()
    assert copy.path.read_bytes() == original
    assert copy.sha256 == hashlib.sha256(original).hexdigest()
    assert copy.size_bytes == len(original)


def test_bytes_that_are_here_already_are_not_sent_again(client, ask):
    first, second = fetch(client, "borough-profile", "csv"), fetch(client, "borough-profile", "csv")
    assert first == second
    path = "/entries/borough-profile/distributions/csv/content"
    answer = ask(path, headers={"If-None-Match": f'"{first.sha256}"'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert ask(path, headers={"If-None-Match": '"other", W/"x"'}).status_code == 200


def test_bytes_that_changed_are_sent_anew(client, shared_catalog):
    file = shared_catalog / "data" / "cycles.csv"
    before, text = fetch(client, "cycle-hires-daily"), file.read_text()
    try:
        file.write_text(text + "2026-02-01,1\n")
        after = fetch(client, "cycle-hires-daily")
        assert after.sha256 != before.sha256
        assert after.path.read_text().endswith("2026-02-01,1\n")
    finally:
        file.write_text(text)


def test_bytes_come_with_headers_that_say_what_they_are(ask):
    answer = ask("/entries/borough-profile/distributions/csv/content", headers={"Range": "bytes=0-3"})
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["content-type"].startswith("text/csv")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"] == 'attachment; filename="borough-profile.csv.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "x-londata-version" in answer.headers


def test_the_hub_fetches_what_is_held_elsewhere(client, holder, monkeypatch):
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
    holder.answer("/good.csv", b"a,b\n1,2\n", etag='"v7"', content_type="text/csv")
    copy = fetch(client, "held-elsewhere", "good")
    assert copy.path.read_bytes() == b"a,b\n1,2\n"
    assert copy.version == '"v7"'


def test_why_the_bytes_cannot_be_had_is_told_in_the_words_of_the_hub(client, holder, monkeypatch):
    with pytest.raises(FetchError, match=r"private network|port 9") as raised:
        fetch(client, "held-elsewhere", "private")
    assert type(raised.value).__name__ == "AddressRefusedError"
    assert raised.value.hint
    monkeypatch.setenv("LONDATA_FETCH_ALLOW", f"127.0.0.1:{holder.port}")
    with pytest.raises(FetchError, match="moved or removed"):
        fetch(client, "held-elsewhere", "moved")


@pytest.mark.parametrize("slug", ["lost", "led-out"])
def test_a_file_that_is_not_there_or_leads_out_of_the_folder_is_not_opened(client, slug):
    with pytest.raises(FetchError, match="is not as the register says"):
        fetch(client, slug)


def test_a_file_that_is_not_the_one_described_is_not_handed_out(client):
    with pytest.raises(FetchError, match="SHA-256 differs"):
        fetch(client, "another-file")


def test_a_file_of_the_catalogue_has_the_version_that_its_entry_states(client):
    assert fetch(client, "borough-profile", "csv").version == "2026-01-31"


def test_shared_data_is_not_handed_out(client, ask):
    entry = client.find("care-cases")
    with pytest.raises(AccessDeniedError):
        client.fetch(entry, entry.distributions[0], decide(ADA, "read", entry))
    answer = ask("/entries/care-cases/distributions/csv/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_denied")


def test_an_allow_of_the_callers_own_making_opens_nothing(client):
    entry = client.find("care-cases")
    forged = entry.model_copy(update={"access": "open"})
    with pytest.raises(AccessDeniedError):
        client.fetch(entry, entry.distributions[0], decide(ADA, "read", forged))


def test_a_decision_about_one_entry_does_not_open_another(shared_catalog):
    import asyncio

    files = FileRegister(shared_catalog)
    entry, other = files.find("borough-profile"), files.find("borough-places")
    for decision in (decide(ADA, "read", other), decide(ADA, "see", entry)):
        with pytest.raises(AccessDeniedError):
            asyncio.run(Content(shared_catalog).open(entry, entry.distributions[0], decision))


def test_a_decision_about_an_open_entry_does_not_open_the_file_of_another(shared_catalog, client):
    import asyncio

    files = FileRegister(shared_catalog)
    entry, shared = files.find("borough-profile"), files.find("care-cases").distributions[0]
    decision = decide(ADA, "read", entry)
    with pytest.raises(AccessDeniedError, match="is not one of its own"):
        asyncio.run(Content(shared_catalog).open(entry, shared, decision))
    with pytest.raises(AccessDeniedError, match="is not one of its own"):
        client.fetch(entry, shared, decision)


def test_a_distribution_that_is_not_there_is_told_with_those_that_are(ask):
    answer = ask("/entries/borough-profile/distributions/xlsx/content")
    assert answer.status_code == 404
    assert "csv, pdf" in answer.json()["error"]["hint"]


def test_more_bytes_than_the_limit_are_not_kept(client, monkeypatch):
    monkeypatch.setenv("LONDATA_MAX_DOWNLOAD", "10")
    with pytest.raises(TooLargeError):
        fetch(client, "borough-profile", "csv")


def test_bytes_that_are_not_what_was_promised_are_not_kept(shared_catalog):
    entry = FileRegister(shared_catalog).find("borough-profile")
    headers = {"etag": f'"{"0" * 64}"'}
    answers = httpx.MockTransport(lambda _: httpx.Response(200, content=b"other", headers=headers))
    client = RegisterClient("http://register.example", TOKEN, transport=answers)
    for _ in range(2):
        with pytest.raises(FetchError, match="did not arrive as it was sent"):
            client.fetch(entry, entry.distributions[0], decide(ADA, "read", entry))
    client.close()


@pytest.mark.parametrize("headers", [{"length": False, "etag": '"x"'}, {}], ids=["no length", "no hash"])
def test_bytes_that_cannot_be_checked_are_not_kept(headers, shared_catalog):
    entry = FileRegister(shared_catalog).find("borough-profile")
    with Holder() as holder:
        holder.answer("/api/v1/entries/borough-profile/distributions/csv/content", b"a\n1\n", **headers)
        client = RegisterClient(holder.url(""), TOKEN)
        with pytest.raises(FetchError, match="without its size or hash"):
            client.fetch(entry, entry.distributions[0], decide(ADA, "read", entry))
        client.close()
