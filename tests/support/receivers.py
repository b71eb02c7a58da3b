"""Real servers that messages go to: SMTP with STARTTLS and a login, and HTTP."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "telemetry", "pa55-w0rd-s3cret"


@dataclass
class Mailbox:
    """A mail server of its own, with what it was given."""

    port: int
    ca_file: Path
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 (the names of the library)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, *_: object
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def mailbox(folder: Path) -> Iterator[Mailbox]:
    """A mail server that wants STARTTLS and USER with PASSWORD."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    box = Mailbox(0, ca_file)

    def login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=login,
        auth_required=True,
    )
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


class Hook(ThreadingHTTPServer):
    """A web server that keeps what is posted; its answer is the first part of the path, or no answer for "hangs"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.over = threading.Event()

    def url(self, how: str = "200", secret: str = "s3cret-path") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{how}/{secret}"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        how = self.path.split("/")[1]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if how == "hangs":
            self.server.over.wait(60)
            return
        if how.startswith("2"):
            self.server.headers.append(dict(self.headers))
            self.server.posted.append(json.loads(body))
        self.send_response(int(how))
        self.send_header("Content-Length", "0")
        if how.startswith("3"):
            self.send_header("Location", self.server.url())
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the library)
        """Say nothing."""


@contextmanager
def hook() -> Iterator[Hook]:
    """A web server for webhooks."""
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port
