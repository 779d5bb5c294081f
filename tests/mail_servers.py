"""Mail servers for tests: a real one, with TLS or without, and one that never answers; and a schedule with a run."""

import contextlib
import datetime as dt
import email
import ipaddress
import socket
import ssl
import threading
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from londata.records.schedules import Run, Schedule
from londata_hub import settings
from running_hub import free_port

NOW = dt.datetime(2026, 11, 2, 7, 5, tzinfo=dt.UTC)


class Box:
    """Keeps what it is sent; addresses at refused.example are refused."""

    def __init__(self):
        self.letters, self.logins = [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@refused.example"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.letters.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=default)))
        return "250 OK"

    def login(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right", handled=False)


@contextlib.contextmanager
def mail_server(**options):
    box = Box()
    options |= {"authenticator": box.login, "ready_timeout": 60}
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


@contextlib.contextmanager
def silent_server(said=b""):
    """Take connections and never say more than this."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = []

        def take():
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])
                    taken[-1].sendall(said)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for each in taken:
                each.close()


def certificate(folder):
    """Make a certificate for 127.0.0.1 that vouches for itself; give its file, and what a server needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "server.pem", folder / "server.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(kind, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


def hub(tmp_path, **values):
    """Read a hub's settings from these values; names without prefix, except those of londata itself."""
    named = {name if name.startswith("LONDATA_") else f"LONDATA_HUB_{name}": str(each) for name, each in values.items()}
    return settings.load({"LONDATA_HUB_STATE": str(tmp_path), "LONDATA_HUB_PUBLIC": "https://hub.example/"} | named)


def with_mail(tmp_path, port, **values):
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": port, "SMTP_FROM": "londata@hub.example", "SMTP_TLS": "none"}
    return hub(tmp_path, **mail | values)


def schedule(*notify, **fields):
    values = {
        "id": "borough-profiles",
        "title": "Borough profile for every authority",
        "owner": "dana",
        "template": "borough-profile",
        "rule": "0 7 * * 1",
        "timezone": "Europe/London",
        "words": "every Monday 07:00",
        "notify": notify,
        "created_at": NOW,
    }
    return Schedule(**values | fields)


def run(**fields):
    values = {
        "id": "r-1",
        "schedule": "borough-profiles",
        "scheduled_for": NOW,
        "state": "failed",
        "made": 32,
        "failed": 1,
    }
    return Run(**values | fields)
