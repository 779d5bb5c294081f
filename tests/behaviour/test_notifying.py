"""Telling people what became of a run: by real mail servers, with and without TLS, and by a real https address."""

import hashlib
import hmac
import http.server
import json
import logging
import threading

import pytest

from londata.errors import SettingsError
from londata_hub.jobs import mailing, notifying
from mail_servers import NOW, certificate, free_port, hub, mail_server, run, schedule, silent_server, with_mail

DANA = "mailto:dana@boroughs.example"


@pytest.fixture(scope="module")
def post():
    with mail_server() as box:
        yield box


def test_a_person_is_told_in_a_sentence_with_a_link_and_the_next_run(post, tmp_path):
    assert notifying.tell(schedule(DANA), run(problem="Barnet: no such borough"), with_mail(tmp_path, post.port)) == []
    to, letter = post.letters.pop()
    assert to == ["dana@boroughs.example"]
    assert letter["Subject"] == "Borough profile for every authority: 32 reports made, 1 failed"
    text = letter.get_body(("plain",)).get_content()
    assert "The run of “Borough profile for every authority” of Monday 2 November 2026, 07:05 (Europe/London)" in text
    assert "Barnet: no such borough" in text
    assert "https://hub.example/services/reports/schedules/borough-profiles" in text
    assert "Next run: Monday " in text
    assert "because dana named your address" in text
    assert (
        'href="https://hub.example/services/reports/schedules/borough-profiles"'
        in letter.get_body(("html",)).get_content()
    )
    assert letter["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("state", "failed", "when", "told"),
    [
        ("completed", 0, "failure", 0),
        ("completed", 0, "always", 1),
        ("completed", 2, "failure", 1),
        ("lost", 0, "failure", 1),
        ("refused", 0, "failure", 1),
        ("skipped", 0, "failure", 0),
        ("skipped", 0, "always", 1),
        ("running", 0, "always", 0),
    ],
)
def test_people_are_told_when_the_schedule_says_so(post, tmp_path, state, failed, when, told):
    ended = run(state=state, made=0, failed=failed)
    assert notifying.tell(schedule(DANA, notify_when=when), ended, with_mail(tmp_path, post.port)) == []
    assert len(post.letters) == told
    post.letters.clear()


def test_everybody_gets_a_letter_of_their_own_once(post, tmp_path):
    both = schedule(DANA, "mailto:sam@boroughs.example", DANA)
    assert notifying.tell(both, run(), with_mail(tmp_path, post.port)) == []
    assert sorted(to for to, _ in post.letters) == [["dana@boroughs.example"], ["sam@boroughs.example"]]
    assert all(letter["To"] == to[0] and "Cc" not in letter for to, letter in post.letters)
    post.letters.clear()


def test_why_a_run_for_a_project_failed_is_not_told_by_mail(post, tmp_path):
    quoting = run(problem="ValueError: could not convert 'Jo Bloggs, NW1' to float")
    notifying.tell(schedule(DANA, project="child-poverty"), quoting, with_mail(tmp_path, post.port))
    text = post.letters.pop()[1].as_string()
    assert "Bloggs" not in text
    assert "The page of the schedule says why." in text


def test_a_paused_schedule_says_why_instead_of_when_it_runs_next():
    paused = schedule(DANA, state="paused", reason="the agreement ended on 1 November")
    message = notifying.compose(paused, run(state="refused", made=0, failed=0), hub_without_mail(), NOW)
    assert message.next_run is None
    assert message.following.startswith("The schedule is paused: the agreement ended on 1 November. ")


def test_who_is_told_of_a_failed_attempt_learns_that_another_follows():
    failed = run(state="failed", made=0, failed=1)
    message = notifying.compose(schedule(DANA), failed, hub_without_mail(), NOW, again=True)
    assert message.subject.endswith(", to be tried again")
    assert message.following.startswith("It will be tried again soon. Next run: ")
    assert "tried again" not in notifying.compose(schedule(DANA), failed, hub_without_mail(), NOW).subject


def hub_without_mail():
    return type("Settings", (), {"public": "https://hub.example"})()


def test_a_refused_address_is_a_problem_and_the_others_are_told(post, tmp_path):
    both = schedule("mailto:nobody@refused.example", DANA)
    problems = notifying.tell(both, run(), with_mail(tmp_path, post.port))
    assert problems == [
        "nobody@refused.example was not told: the mail server does not take messages for this address (550)."
    ]
    assert len(post.letters) == 1
    post.letters.clear()


def test_mail_goes_through_starttls_with_a_login(tmp_path, monkeypatch, caplog):
    file, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    caplog.set_level(logging.DEBUG)
    with mail_server(tls_context=context, require_starttls=True) as box:
        login = {"SMTP_TLS": "starttls", "SMTP_USER": "hub", "SMTP_PASSWORD": "right"}
        assert notifying.tell(schedule(DANA), run(), with_mail(tmp_path, box.port, **login)) == []
        assert box.logins == [("hub", "right")]
        assert len(box.letters) == 1
        wrong = with_mail(tmp_path, box.port, **login | {"SMTP_PASSWORD": "secret-but-wrong"})
        problems = notifying.tell(schedule(DANA), run(), wrong)
    assert problems == [
        "dana@boroughs.example was not told: the mail server does not know the name and password that the hub has."
    ]
    assert "secret-but-wrong" not in repr(wrong) + caplog.text.replace("mail.log", "")


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(tmp_path, monkeypatch):
    _, context = certificate(tmp_path)
    with mail_server(tls_context=context) as box:
        strict = with_mail(tmp_path, box.port, SMTP_TLS="starttls", SMTP_USER="hub", SMTP_PASSWORD="right")
        (problem,) = notifying.tell(schedule(DANA), run(), strict)
        assert "cannot prove that it is 127.0.0.1" in problem
        assert box.logins == []
        assert box.letters == []


def test_a_server_without_tls_does_not_get_the_password(post, tmp_path):
    strict = with_mail(tmp_path, post.port, SMTP_TLS="starttls", SMTP_USER="hub", SMTP_PASSWORD="right")
    (problem,) = notifying.tell(schedule(DANA), run(), strict)
    assert "cannot do what is needed (STARTTLS" in problem
    assert post.logins == []
    with pytest.raises(SettingsError, match="line that others can read"):
        with_mail(tmp_path, post.port, SMTP_USER="hub", SMTP_PASSWORD="right")


def test_a_server_that_is_not_there_is_a_problem_with_its_name(tmp_path):
    port = free_port()
    (problem,) = notifying.tell(schedule(DANA), run(), with_mail(tmp_path, port))
    assert f"the mail server at 127.0.0.1:{port} cannot be reached" in problem


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(mailing, "TIMEOUT_S", 0.3)
    with silent_server() as port:
        (problem,) = notifying.tell(schedule(DANA), run(), with_mail(tmp_path, port))
    assert "did not answer within 0.3 seconds" in problem


def test_telling_ends_in_time_though_a_server_keeps_it_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(notifying, "LIMIT_S", 0.3)
    monkeypatch.setattr(mailing, "TIMEOUT_S", 60.0)  # the server is gone sooner
    with silent_server() as port:
        (problem,) = notifying.tell(schedule(DANA), run(), with_mail(tmp_path, port))
        assert "did not take the message within 0.3 seconds" in problem


def test_a_hub_without_a_mail_server_says_so(tmp_path):
    (problem,) = notifying.tell(schedule(DANA), run(), hub(tmp_path))
    assert "this hub has no mail server. Whoever runs it can set LONDATA_HUB_SMTP_HOST." in problem


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"SMTP_TLS": "maybe"}, "SMTP_TLS is 'maybe'"),
        ({"SMTP_FROM": ""}, "SMTP_FROM is ''"),
        ({"SMTP_PORT": "0"}, "SMTP_PORT is '0'"),
    ],
)
def test_settings_of_mail_that_cannot_be_used_are_named(tmp_path, values, named):
    with pytest.raises(SettingsError, match=named):
        with_mail(tmp_path, 25, **values)


@pytest.fixture(scope="module")
def hook(tmp_path_factory):
    """A real https server that keeps what is posted to it; `answer` is the status of its answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["content-length"]))
            self.server.posted.append((self.path, dict(self.headers), content))
            self.send_response(self.server.answer)
            self.send_header("Location", "https://127.0.0.1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    file, context = certificate(tmp_path_factory.mktemp("hook"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.posted, server.answer, server.file = [], 204, file
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def trusting(hook, monkeypatch):
    """Trust the certificate of the test's own server."""
    import ssl

    from londata.fetch import transport

    monkeypatch.setattr(transport, "_ssl_context", lambda: ssl.create_default_context(cafile=hook.file))
    hook.posted.clear()
    hook.answer = 204
    return hook


def test_an_address_gets_the_same_as_signed_json(trusting, tmp_path):
    port = trusting.server_address[1]
    declared = hub(tmp_path, WEBHOOK_KEY="k", LONDATA_FETCH_ALLOW=f"127.0.0.1:{port}")
    place = f"https://127.0.0.1:{port}/hooks/secret-path"
    assert notifying.tell(schedule(place), run(), declared) == []
    ((path, headers, content),) = trusting.posted
    assert path == "/hooks/secret-path"
    said = json.loads(content)
    assert said["text"].startswith("The run of “Borough profile for every authority”")
    assert (said["made"], said["failed"], said["state"]) == (32, 1, "failed")
    stamp, _, digest = {name.lower(): value for name, value in headers.items()}["x-londata-signature"].partition(",v1=")
    moment = stamp.removeprefix("t=")
    assert digest == hmac.new(b"k", moment.encode() + b"." + content, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("status", "said"), [(500, "it answers 500."), (302, "messages do not follow a redirect")])
def test_an_address_that_does_not_take_it_is_a_problem_that_keeps_its_path_secret(trusting, tmp_path, status, said):
    port = trusting.server_address[1]
    trusting.answer = status
    declared = hub(tmp_path, LONDATA_FETCH_ALLOW=f"127.0.0.1:{port}")
    (problem,) = notifying.tell(schedule(f"https://127.0.0.1:{port}/hooks/secret-path"), run(), declared)
    assert problem.startswith(f"127.0.0.1:{port} was not told: ")
    assert said in problem
    assert "secret-path" not in problem
    assert len(trusting.posted) == 1
