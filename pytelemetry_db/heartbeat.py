"""Tell a web server that all is well, so that it notices when nobody tells it any more (a dead man's switch)."""

import http.client
import re
import ssl
import threading
from dataclasses import dataclass, field
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from pytelemetry_db import __version__
from pytelemetry_db.errors import OperationFailed, UsageError

__all__ = ["TIMEOUT_SECONDS", "Heartbeat", "opener", "parse", "reason", "send"]

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where to call. The path of ``url`` is a secret: only ``shown``, scheme and host, may be printed."""

    url: str = field(repr=False)
    shown: str


def parse(url: str, origin: str) -> Heartbeat:
    """Return where ``url`` leads.

    :param origin: how the user knows the value (``--heartbeat-url``), for the error
    :raises UsageError: for anything but an http or https URL with a host; does not repeat the text
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not re.fullmatch(r"https?://[!-~]+", url, re.IGNORECASE) or not host:
        raise UsageError(f"{origin} is not an http or https URL", "such as https://example.org/ping/5f0c")
    if "@" in parts.netloc:
        raise UsageError(f"{origin} has a user or a password in it", "a URL whose path is the secret")
    name = f"[{host}]" if ":" in host else host
    return Heartbeat(url, f"{parts.scheme}://{name}" + (f":{port}" if port is not None else ""))


def send(heartbeat: Heartbeat) -> None:
    """GET the URL once, following redirects; any answer of 200 to 299 is right. Takes 10 s at most.

    :raises OperationFailed: when there is no such answer
    """
    call = _Call(heartbeat.url)
    call.start()
    # A thread, because the timeout of a socket begins anew with every byte, and looking up a name has none.
    call.join(TIMEOUT_SECONDS)
    problem = f"no answer in {TIMEOUT_SECONDS:.0f} s" if call.is_alive() else call.problem
    if problem:
        raise OperationFailed(f"no heartbeat reached {heartbeat.shown}: {problem}")


class _Call(threading.Thread):
    """One GET; ``problem`` says what went wrong, in words that hold nothing of the URL."""

    def __init__(self, url: str) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.problem: str | None = None
        self._url = url

    def run(self) -> None:
        wanted = request.Request(self._url, headers={"User-Agent": f"pytelemetry_db/{__version__}"})
        try:
            opener().open(wanted, timeout=TIMEOUT_SECONDS).close()
        except HTTPError as error:
            error.close()
            self.problem = f"it answered with status {error.code}"
        except URLError as error:
            self.problem = reason(error.reason)
        except OSError as error:
            self.problem = reason(error)
        except (http.client.HTTPException, ValueError):
            self.problem = "the answer is not HTTP"


def opener(*, redirects: bool = True, ca_file: str | None = None) -> request.OpenerDirector:
    """Http and https only, also after a redirect; through the proxy that the environment names.

    :param ca_file: certificates to trust instead of the system's
    """
    director = request.OpenerDirector()
    context = None if ca_file is None else ssl.create_default_context(cafile=ca_file)
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(context=context),
        request.HTTPDefaultErrorHandler(),
        *([request.HTTPRedirectHandler()] if redirects else []),
        request.HTTPErrorProcessor(),
    ):
        director.add_handler(handler)
    return director


def reason(cause: object, seconds: float = TIMEOUT_SECONDS) -> str:
    """Say why a call failed, in words that hold nothing of the URL."""
    if isinstance(cause, TimeoutError):
        return f"no answer in {seconds:.0f} s"
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    # What the library says by itself, such as "unknown url type: …", may quote the URL.
    return "it cannot be called"
