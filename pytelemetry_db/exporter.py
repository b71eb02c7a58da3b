"""The web server behind ``metrics --serve``: the snapshot, and whether this process is well."""

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pytelemetry_db import __version__, metrics
from pytelemetry_db.errors import OperationFailed, PytelemetryError, UsageError

__all__ = ["Exporter", "parse_address"]


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT`` (all addresses).

    :raises UsageError: for anything else
    """
    match = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:.%]+)\]|(?P<host>[^\s:\[\]/]*)):(?P<port>\d{1,5})", text)
    if match is None or int(match["port"]) > 65535:
        raise UsageError(f'--serve: found "{text}"', "HOST:PORT, such as 127.0.0.1:9187")
    return match["six"] or match["host"] or "", int(match["port"])


class Exporter(ThreadingHTTPServer):
    """Answers GET and HEAD of /metrics, /-/healthy and /-/ready."""

    daemon_threads = True
    # A Prometheus and its friends at the same moment.
    request_queue_size = 128

    def __init__(self, host: str, port: int, snapshots: metrics.Snapshots) -> None:
        self.snapshots = snapshots
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OperationFailed(
                f"cannot listen on {host or '*'}:{port}: {reason}", "an address of this machine and a free port"
            ) from error

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self.server_address[:2]
        name = host.decode() if isinstance(host, bytes | bytearray) else str(host)
        return f"http://{f'[{name}]' if ':' in name else name}:{port}/metrics"

    def run_until(self, stopped: threading.Event) -> None:
        """Serve until the event is set, or an interrupt ends the wait."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            stopped.wait()
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Exporter
    server_version = f"pytelemetry_db/{__version__}"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    # A client that says nothing does not keep a thread for ever.
    timeout = 30

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/-/healthy":
            self._answer(200, b"this process is well\n")
        elif path in ("/metrics", "/-/ready"):
            self._snapshot(path)
        elif path == "/":
            self._answer(200, b"pytelemetry_db: see /metrics, /-/ready and /-/healthy\n")
        else:
            self._answer(404, b"see /metrics, /-/ready and /-/healthy\n")

    do_HEAD = do_GET  # noqa: N815 (the names of the library)

    def _snapshot(self, path: str) -> None:
        try:
            series = self.server.snapshots.current()
        except PytelemetryError as error:
            self._answer(503, f"{error}\n".encode())
            return
        if path == "/-/ready":
            self._answer(200, b"the database can be read\n")
            return
        body, content_type = metrics.encode(series, self.headers.get("Accept", ""))
        self._answer(200, body, content_type)

    def _answer(self, code: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the library)
        """Say nothing of each scrape."""
