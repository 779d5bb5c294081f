"""E-mail about scheduled reports: one message for each person, as plain text and as simple HTML."""

from __future__ import annotations

import html
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING

from londata.errors import HubError
from londata.records.schedules import MAIL_ADDRESS
from londata_hub.settings import HubSettings, Mail

if TYPE_CHECKING:
    from londata_hub.jobs.notifying import Message

TIMEOUT_S = 10.0


def send(message: Message, place: str, settings: HubSettings) -> None:
    """Send one message.

    Parameters
    ----------
    message
        What is told.
    place
        ``mailto:`` and one address.
    settings
        The hub's, with its mail server.

    Raises
    ------
    HubError
        No mail server is set, the address is not one, or the server does not take the message.
    """
    mail = settings.mail
    if mail is None:
        raise HubError("this hub has no mail server.", hint="Whoever runs it can set LONDATA_HUB_SMTP_HOST.")
    address = place.removeprefix("mailto:")
    if not MAIL_ADDRESS.fullmatch(address):
        raise HubError("this is not one plain address of e-mail.", hint="Write it as mailto:name@example.org.")
    letter = write(message, address, mail)
    try:
        _deliver(letter, address, mail)
    except smtplib.SMTPAuthenticationError:
        raise HubError("the mail server does not know the name and password that the hub has.") from None
    except smtplib.SMTPNotSupportedError:
        raise HubError("the mail server cannot do what is needed (STARTTLS, or the login); nothing was sent.") from None
    except smtplib.SMTPRecipientsRefused as error:
        code = next((found[0] for found in error.recipients.values()), 0)
        raise HubError(f"the mail server does not take messages for this address ({code}).") from None
    except ssl.SSLError:
        raise HubError(f"the mail server cannot prove that it is {mail.host}; nothing was sent.") from None
    except smtplib.SMTPResponseException as error:
        raise HubError(f"the mail server refused the message ({error.smtp_code}).") from None
    except (smtplib.SMTPException, OSError) as error:
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            raise HubError(f"the mail server did not answer within {TIMEOUT_S:g} seconds.") from None
        raise HubError(
            f"the mail server at {mail.host}:{mail.port} cannot be reached ({type(error).__name__})."
        ) from None


def write(message: Message, address: str, mail: Mail) -> EmailMessage:
    """Write the letter.

    A title cannot add a header: each is set as a whole, on one line. The library decodes what looks like an encoded
    word (``=?utf-8?q?=0D=0A…?=``) and would write its line break as one, so that nothing in a title may look like it.

    Parameters
    ----------
    message
        What is told.
    address
        Who gets it.
    mail
        From where it is sent.
    """
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = message.subject.replace("=?", "= ?")
    letter["From"] = Address("londata", addr_spec=mail.sender)
    letter["To"] = Address(addr_spec=address)
    letter["Date"] = format_datetime(message.told_at)
    letter["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    lines = [message.sentence, message.reason, message.following]
    note = f"You get this message because {message.owner} named your address in the schedule."
    text = "\n\n".join(filter(None, [*lines, f"Reports and log: {message.link}", f"-- \n{note}"]))
    letter.set_content(text + "\n")
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)
    head = f'<meta charset="utf-8"><title>{html.escape(message.subject)}</title>'
    link = f'<p><a href="{html.escape(message.link, quote=True)}">Reports and log</a></p>'
    letter.add_alternative(
        f'<!DOCTYPE html><html lang="en-GB"><head>{head}</head>'
        f"<body>{paragraphs}{link}<p><small>{html.escape(note)}</small></p></body></html>\n",
        subtype="html",
    )
    return letter


def _deliver(letter: EmailMessage, address: str, mail: Mail) -> None:
    context = ssl.create_default_context()
    if mail.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_S)
    with server:
        if mail.tls == "starttls":
            server.starttls(context=context)
        if mail.user:
            server.login(mail.user, mail.password)
        server.send_message(letter, from_addr=mail.sender, to_addrs=[address])
