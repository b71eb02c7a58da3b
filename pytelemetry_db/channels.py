"""Where messages go: mail servers and webhooks, from a file without secrets, which are read when they are needed."""

import smtplib
import ssl
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from http.client import HTTPException
from pathlib import Path
from typing import Literal, TypeVar
from urllib import request
from urllib.error import HTTPError, URLError

from pytelemetry_db import __version__, durations, heartbeat
from pytelemetry_db.errors import OperationFailed, UsageError
from pytelemetry_db.messages import Message

__all__ = ["Channel", "Mail", "Webhook", "load"]

_LONGEST = 120
_SAFE_HOSTS = ("localhost", "127.0.0.1", "::1")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that lies elsewhere: in a variable of the environment, or in a file."""

    place: Literal["environment variable", "file"]
    name: str

    def read(self, environ: Mapping[str, str]) -> str:
        """Return the text.

        :raises OperationFailed: when there is none; says where it was looked for
        """
        try:
            value = Path(self.name).read_text().strip() if self.place == "file" else environ.get(self.name, "").strip()
        except (OSError, ValueError) as error:
            raise OperationFailed(f"the {self.place} {self.name} cannot be read: {_strerror(error)}") from error
        if not value:
            raise OperationFailed(f"the {self.place} {self.name} is empty or not there")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(ABC):
    """One way out. ``seconds`` is how long one message may take, all in all."""

    name: str
    seconds: float
    ca_file: str | None

    @abstractmethod
    def send(self, message: Message, environ: Mapping[str, str]) -> str | None:
        """Send it, and return what was not quite right, if it went out all the same.

        :raises OperationFailed: when it did not go out
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail(Channel):
    """A mail server and who gets the mail."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    user: str | None
    password: Secret | None
    sender: str
    recipients: tuple[str, ...]

    def send(self, message: Message, environ: Mapping[str, str]) -> str | None:
        """Send one mail to all recipients; some of them refused is a note, all of them a failure."""
        where = f"the mail server {self.host}:{self.port}"
        password = None if self.password is None else self.password.read(environ)
        try:
            with self._connect() as server:
                if self.tls == "starttls":
                    server.starttls(context=ssl.create_default_context(cafile=self.ca_file))
                if self.user is not None and password is not None:
                    server.login(self.user, password)
                refused = server.send_message(self._mail(message), self.sender, self.recipients)
        except smtplib.SMTPAuthenticationError as error:
            raise OperationFailed(f"{where} refused the login of {self.user} ({error.smtp_code})") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise OperationFailed(f"{where} refused every recipient: {_codes(error.recipients)}") from error
        except smtplib.SMTPResponseException as error:
            raise OperationFailed(f"{where} answered {error.smtp_code} {_words(error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise OperationFailed(f"{where}: {self._reason(error)}") from error
        return f"{where} refused {_codes(refused)}" if refused else None

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "tls":
            context = ssl.create_default_context(cafile=self.ca_file)
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.seconds, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=self.seconds)

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.recipients)
        mail["Subject"] = message.subject
        mail["Date"] = formatdate()
        # The same events have the same name, also when they are sent again: mailboxes show one.
        mail["Message-ID"] = f"<{message.identity}.{self.name}@pytelemetry-db>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        return mail

    def _reason(self, error: Exception) -> str:
        if isinstance(error, smtplib.SMTPServerDisconnected):
            return "it closed the connection"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return "it does not offer STARTTLS or the login"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {error.verify_message}"
        return heartbeat.reason(error, self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Channel):
    """A URL, which is a secret, and how the message looks there."""

    form: Literal["webhook", "slack"]
    url: Secret | str = field(repr=False)
    token: Secret | None

    def send(self, message: Message, environ: Mapping[str, str]) -> None:
        """POST the message as JSON; any answer of 200 to 299 is right, a redirect is not."""
        text = self.url if isinstance(self.url, str) else self.url.read(environ)
        try:
            target = heartbeat.parse(text, f"the URL of channel {self.name}")
        except UsageError as error:
            raise OperationFailed(error.found, error.expected) from None
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"pytelemetry_db/{__version__}",
            "Idempotency-Key": message.identity,
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.read(environ)}"
        body = message.slack() if self.form == "slack" else message.json()
        try:
            wanted = request.Request(target.url, data=body, headers=headers, method="POST")
            heartbeat.opener(redirects=False, ca_file=self.ca_file).open(wanted, timeout=self.seconds).close()
            problem = None
        except HTTPError as error:
            error.close()
            problem = f"it answered with status {error.code}"
        except URLError as error:
            problem = heartbeat.reason(error.reason, self.seconds)
        except OSError as error:
            problem = heartbeat.reason(error, self.seconds)
        except (HTTPException, ValueError):
            problem = "the answer is not HTTP, or a header has what no header may have"
        if problem:
            raise OperationFailed(f"{target.shown}: {problem}")


def load(path: Path) -> tuple[Channel, ...]:
    """Read the channels of a TOML file.

    :raises UsageError: for a file that cannot be read, an unknown key, a missing one, a password in it
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {_strerror(error)}", "a TOML file, as in docs/alerting.md") from error
    channels = tables.pop("channel", None)
    if tables or not isinstance(channels, dict) or not channels:
        raise UsageError(f"{path}: found {', '.join(tables) or 'no channel'}", "tables [channel.NAME] and nothing else")
    return tuple(_Table(path, name, values).channel() for name, values in channels.items())


class _Table:
    """One ``[channel.NAME]``: takes its values one by one, and complains of what is left."""

    def __init__(self, path: Path, name: str, values: object) -> None:
        self.where, self.name = f"{path}: channel.{name}", name
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or not isinstance(values, dict):
            raise UsageError(f"{self.where} is no channel", "[channel.NAME], the name of letters, digits, - and _")
        self.values: dict[str, object] = dict(values)

    def channel(self) -> Channel:
        kind = self.take("type", str, "")
        if kind not in ("smtp", "webhook", "slack"):
            raise UsageError(f'{self.where}: found type "{kind}"', "smtp, webhook or slack")
        seconds = durations.to_seconds(self.take("timeout", str, "30s"), f"{self.where}: timeout")
        if not 1 <= seconds <= _LONGEST:
            raise UsageError(f"{self.where}: timeout is {seconds} s", f"1s to {_LONGEST}s")
        ca_file = self.take("ca_file", str, "") or None
        if kind == "smtp":
            channel: Channel = self._mail(seconds, ca_file)
        else:
            channel = Webhook(
                name=self.name,
                seconds=seconds,
                ca_file=ca_file,
                form="slack" if kind == "slack" else "webhook",
                url=self.take("url", str, "") or self.secret("url") or self.missing("url, url_env or url_file"),
                token=self.secret("token"),
            )
        if self.values:
            raise UsageError(f"{self.where}: {', '.join(self.values)} is not known", self._hint())
        return channel

    def _mail(self, seconds: float, ca_file: str | None) -> Mail:
        tls = self.take("tls", str, "starttls")
        if tls not in ("starttls", "tls", "none"):
            raise UsageError(f'{self.where}: found tls "{tls}"', "starttls, tls or none")
        host = self.take("host", str, "") or self.missing("host")
        user, password = self.take("user", str, "") or None, self.secret("password")
        if (user is None) != (password is None):
            raise UsageError(f"{self.where} has a user or a password alone", "both: user, and password_env or _file")
        if user is not None and tls == "none" and host not in _SAFE_HOSTS:
            raise UsageError(f"{self.where} would send the password in clear", 'tls = "starttls" or "tls"')
        to = self.values.pop("to", [])
        recipients = [to] if isinstance(to, str) else to
        if not isinstance(recipients, list) or not recipients:
            raise UsageError(f"{self.where} has nobody to write to", 'to = ["dba@example.org"]')
        return Mail(
            name=self.name,
            seconds=seconds,
            ca_file=ca_file,
            host=host,
            port=self.take("port", int, {"starttls": 587, "tls": 465, "none": 25}[tls]),
            tls="starttls" if tls == "starttls" else "tls" if tls == "tls" else "none",
            user=user,
            password=password,
            sender=self.address(self.take("from", str, "")),
            recipients=tuple(self.address(one) for one in recipients),
        )

    def take(self, key: str, kind: type[T], default: T) -> T:
        value = self.values.pop(key, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise UsageError(f"{self.where}: {key} is a {type(value).__name__}", f"a {kind.__name__}")
        return value

    def secret(self, key: str) -> Secret | None:
        variable, file = self.take(f"{key}_env", str, ""), self.take(f"{key}_file", str, "")
        if variable and file:
            raise UsageError(f"{self.where} has {key}_env and {key}_file", "one of them")
        return Secret("environment variable", variable) if variable else Secret("file", file) if file else None

    def missing(self, what: str) -> str:
        raise UsageError(f"{self.where} has no {what}", "see docs/alerting.md")

    def address(self, text: object) -> str:
        if not isinstance(text, str) or "@" not in parseaddr(text)[1] or parseaddr(text)[1] != text.strip():
            raise UsageError(f'{self.where}: "{text}" is no mail address', "name@example.org")
        return text.strip()

    def _hint(self) -> str:
        hidden = {"password", "token"} & set(self.values)
        return f"{hidden.pop()}_env or _file: this file holds no secret" if hidden else "a key of docs/alerting.md"


def _strerror(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _words(text: bytes | str) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(decoded.split())[:200]


def _codes(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{address} ({code} {_words(text)})" for address, (code, text) in refused.items())
