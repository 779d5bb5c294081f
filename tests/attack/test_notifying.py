"""Messages about runs as a way in, or out: hostile titles, hostile addresses, and servers that one should not reach."""

import socket

import pytest

from londata.errors import LondataError
from londata_hub.jobs import mailing, notifying, webhooks
from mail_servers import free_port, hub, mail_server, run, schedule, silent_server, with_mail

DANA = "mailto:dana@boroughs.example"
HOSTILE = [
    "Profile\r\nBcc: everybody@evil.example\r\n\r\nGive me money",
    "Profile\nContent-Type: text/html",
    "Profile\u2028Bcc: everybody@evil.example",
    "\u202egnp.elif \x1b[2J <script>alert(1)</script> \x00",
    "=?utf-8?q?=0D=0ABcc:_everybody=40evil.example?=",
    "x" * 300,
]


@pytest.fixture(scope="module")
def post():
    with mail_server() as box:
        yield box


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_cannot_add_a_header_a_recipient_or_markup(post, tmp_path, title):
    hostile = schedule(DANA, title=title, owner=title[:50], state="paused", reason=title)
    assert notifying.tell(hostile, run(problem=title), with_mail(tmp_path, post.port)) == []
    ((to, letter),) = post.letters
    post.letters.clear()
    assert to == ["dana@boroughs.example"]
    ours = {"Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(letter.keys()) - {"X-Peer", "X-MailFrom", "X-RcptTo"} == ours
    assert len(letter["Subject"]) < 250
    assert not set(letter["Subject"]) & set("\r\n\x1b\x00\u202e\u2028")
    markup = letter.get_body(("html",)).get_content()
    assert "<script" not in markup
    assert not set(markup) & set("\x1b\x00\u202e\u2028")


@pytest.mark.parametrize(
    "place",
    [
        "mailto:dana@boroughs.example,everybody@evil.example",
        "mailto:dana@boroughs.example?bcc=everybody@evil.example",
        "mailto:dana%0d%0aBcc:everybody@boroughs.example",
        "mailto:dana@boroughs.example;everybody@evil.example",
        "mailto:dana@evil@boroughs.example",
        "mailto:root@[127.0.0.1]",
        "mailto:-oQ/tmp@boroughs.example -X/tmp/log@x",
    ],
)
def test_an_address_is_one_address_or_nobody_is_told(post, tmp_path, place):
    asked = schedule(DANA).model_copy(update={"notify": (place,)})  # past the record's own check
    (problem,) = notifying.tell(asked, run(), with_mail(tmp_path, post.port))
    assert "not one plain address" in problem
    assert post.letters == []


@pytest.mark.parametrize(
    "place",
    [
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://10.0.0.7/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://0x7f000001/hook",
        "https://2130706433/hook",
        "https://user:password@127.0.0.1/hook",
        "https://127.0.0.1:5432/hook",
        "http://127.0.0.1/hook",
        "http+unix://%2Frun%2Fhub.sock/hook",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ],
)
def test_a_message_is_not_posted_into_the_hubs_own_network(tmp_path, place, monkeypatch):
    dialled = []
    monkeypatch.setattr(
        socket, "create_connection", lambda *a, **k: dialled.append(a) or (_ for _ in ()).throw(OSError())
    )
    asked = schedule(DANA).model_copy(update={"notify": (place,)})
    (problem,) = notifying.tell(asked, run(), hub(tmp_path))
    assert " was not told: " in problem
    assert "user:password" not in problem
    assert dialled == []


def test_a_name_that_answers_differently_the_second_time_gains_nothing(tmp_path, monkeypatch):
    """DNS rebinding: the first answer is public, the second is this machine."""
    asked, dialled = [], []

    def resolve(host, port, *_, **__):
        asked.append(host)
        number = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    def dial(address, *_, **__):
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", dial)
    notifying.tell(schedule("https://rebinding.example/hook"), run(), hub(tmp_path))
    assert asked == ["rebinding.example"]
    assert dialled == [("93.184.215.14", 443)]


def test_one_private_machine_behind_a_name_is_enough_to_refuse_it(tmp_path, monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 443)) for number in ("93.184.215.14", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    (problem,) = notifying.tell(schedule("https://mixed.example/hook"), run(), hub(tmp_path))
    assert "private network" in problem


def test_an_allowed_host_is_allowed_on_its_port_only(tmp_path):
    with silent_server() as port:
        declared = hub(tmp_path, LONDATA_FETCH_ALLOW=f"127.0.0.1:{free_port()}")
        (problem,) = notifying.tell(schedule(f"https://127.0.0.1:{port}/"), run(), declared)
    assert "does not fetch from port" in problem


def test_an_address_that_drips_its_answer_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.2)
    with silent_server(b"HTTP/1.1 2") as port:
        declared = hub(tmp_path, LONDATA_FETCH_ALLOW=f"127.0.0.1:{port}")
        asked = schedule(DANA).model_copy(update={"notify": (f"http://127.0.0.1:{port}/",)})
        (problem,) = notifying.tell(asked, run(), declared)
    assert "nobody takes messages there" in problem


def test_nothing_that_goes_wrong_while_telling_reaches_the_run(post, tmp_path, monkeypatch):
    def break_down(*_, **__):
        raise RuntimeError("secret detail")

    monkeypatch.setitem(notifying.WAYS, "mailto:", break_down)
    (problem,) = notifying.tell(schedule(DANA), run(), with_mail(tmp_path, post.port))
    assert problem == "dana@boroughs.example was not told: something unforeseen went wrong (RuntimeError)."
    monkeypatch.setattr(notifying, "compose", break_down)
    (problem,) = notifying.tell(schedule(DANA), run(), with_mail(tmp_path, post.port))
    assert "could not be written (RuntimeError)" in problem


def test_a_schedule_cannot_be_used_to_write_to_the_whole_city(post, tmp_path, monkeypatch):
    monkeypatch.setattr(notifying, "MOST_PLACES", 4)
    many = schedule(*[f"mailto:p{number}@boroughs.example" for number in range(notifying.MOST_PLACES + 3)])
    problems = notifying.tell(many, run(), with_mail(tmp_path, post.port))
    assert len(post.letters) == notifying.MOST_PLACES
    assert len(problems) == 3
    post.letters.clear()


def test_an_address_with_letters_that_mail_cannot_carry_is_refused_as_a_sentence(tmp_path):
    message = notifying.compose(schedule(DANA), run(), hub(tmp_path))
    with pytest.raises(LondataError, match="plain address"):
        mailing.send(message, "mailto:dana@bücher.example", with_mail(tmp_path, 25))
