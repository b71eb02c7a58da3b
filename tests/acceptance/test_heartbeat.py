"""After good passes a web server is told, so that it notices when it is not; it can do no harm to the passes."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support import Cli, Database, Result
from support.passes import Pass, Table, until

SECRET = "5f0c-s3cret"


class Receiver(ThreadingHTTPServer):
    """A web server whose first word of the path says how it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.over = threading.Event()

    @property
    def shown(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def url(self, how: str) -> str:
        return f"{self.shown}/{how}/{SECRET}?token={SECRET}"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        how = self.path.split("/")[1]
        if how == "hangs":
            self.server.over.wait(60)
        elif how == "drips":
            with suppress(OSError):
                while not self.server.over.wait(0.2):
                    self.wfile.write(b"H")
        elif how == "nonsense":
            self.wfile.write(b"220 mail.example.org ESMTP\r\n\r\n")
        elif how != "closes":
            self.send_response(int(how))
            leads = {"302": self.server.url("200"), "307": f"file:///etc/{SECRET}", "308": self.path}
            if how in leads:
                self.send_header("Location", leads[how])
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the library)
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def shows_no_secret(result: Result) -> bool:
    return SECRET not in result.stdout + result.stderr


def test_good_passes_are_told_once_and_the_url_stays_secret(database: Database, cli: Cli, receiver: Receiver) -> None:
    Table.make(database, expired=10, slow=0)
    log = cli.home / "log"
    for how in ("200", "204", "302"):
        receiver.asked.clear()
        result = cli.here("cleanup", "-v", "--dsn", database.dsn, "--heartbeat-url", receiver.url(how))
        assert result.returncode == 0, result
        assert shows_no_secret(result)
        assert result.stderr.endswith(f"note: told {receiver.shown}\n")
        steps = [how, "200"] if how == "302" else [how]
        assert receiver.asked == [f"/{step}/{SECRET}?token={SECRET}" for step in steps]
    receiver.asked.clear()
    result = cli("cleanup", "-q", "--dsn", database.dsn, "--log-file", log, env={"HEARTBEAT_URL": receiver.url("200")})
    assert (result.returncode, result.stderr, len(receiver.asked)) == (0, "", 1)
    assert f"told {receiver.shown}" in log.read_text()
    assert SECRET not in log.read_text()


def test_a_server_that_does_not_answer_well_is_a_warning_and_nothing_else(
    database: Database, cli: Cli, receiver: Receiver
) -> None:
    Table.make(database, expired=10, slow=0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    for url, why in (
        (receiver.url("500"), "it answered with status 500"),
        (receiver.url("404"), "it answered with status 404"),
        (receiver.url("307"), "it answered with status 307"),
        (receiver.url("308"), "it answered with status 308"),
        (receiver.url("closes"), "Remote end closed connection without response"),
        (receiver.url("nonsense"), "the answer is not HTTP"),
        (f"{nobody}/{SECRET}", "Connection refused"),
        (f"http://no-such-host.invalid/{SECRET}", ""),
        (receiver.url("200").replace("http:", "https:"), ""),
    ):
        result = cli.here("cleanup", "-q", "--json", "--dsn", database.dsn, "--heartbeat-url", url)
        assert result.returncode == 0
        assert [run["stop_reason"] for run in result.json["passes"]] == ["done"]
        (warning,) = result.stderr.splitlines()
        scheme, _, host, *_ = url.split("/")
        assert warning.startswith(f"warning: no heartbeat reached {scheme}//{host}: ")
        assert warning.endswith(why)
        assert shows_no_secret(result)


def test_a_server_that_hangs_is_left_alone_after_ten_seconds(database: Database, cli: Cli, receiver: Receiver) -> None:
    """Also one that sends a byte now and then, for which the time of the socket begins anew."""
    for how in ("hangs", "drips"):
        Table.make(database, f"app.{how}", expired=10, slow=0)
    begun = time.monotonic()
    processes = [
        cli.start("cleanup", f"app.{how}", "--dsn", database.dsn, "--heartbeat-url", receiver.url(how))
        for how in ("hangs", "drips")
    ]
    for process in processes:
        with process:
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0
        assert f"warning: no heartbeat reached {receiver.shown}: no answer in 10 s\n" in stderr
        assert SECRET not in stderr
    assert 10 <= time.monotonic() - begun < 25
    assert len(receiver.asked) == 2


def test_passes_that_are_not_good_are_not_told(database: Database, cli: Cli, receiver: Receiver) -> None:
    table = Table.make(database, expired=3000)
    fine = Table.make(database, "app.fine", expired=3, slow=0)

    def run(*arguments: str) -> Result:
        return cli.here("cleanup", *arguments, "--dsn", database.dsn, "--heartbeat-url", receiver.url("200"))

    assert run("app.events", "--max-duration", "1s").returncode == 0
    assert receiver.asked.pop()
    table.inflow(2000)
    # One of two.
    assert run("app.fine", "app.events", "--max-duration", "1s").returncode == 1
    assert (fine.last_run()["good"], table.last_run()["good"]) == (True, False)
    assert run("--dry-run").returncode == 0
    assert run("app.fine", "--keep", "app.fine=60d").returncode == 0
    assert fine.last_run()["stop_reason"] == "done"
    # No pass at all: another session is at work.
    with Pass(database, "p_table => 'app.events'") as elsewhere:
        until(lambda: database.query("select * from maint.progress where batches > 1"))
        runs = len(table.runs())
        assert run("app.events").returncode == 0
        assert len(table.runs()) == runs
        database.query("select maint.pause('app.events')")
        elsewhere.wait()
    assert run().returncode == 0
    assert (fine.last_run()["good"], table.last_run()["stop_reason"]) == (True, "paused")
    database.query("alter table app.events rename to other")
    assert run().returncode == 2
    assert receiver.asked == []


def test_a_cleanup_that_was_stopped_tells_nobody(database: Database, cli: Cli, receiver: Receiver) -> None:
    table = Table.make(database)
    with cli.start("cleanup", "--dsn", database.dsn, "--heartbeat-url", receiver.url("200")) as process:
        until(table.under_way)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 143
    assert (table.last_run()["good"], receiver.asked) == (True, [])


def test_a_bad_url_is_refused_before_anything_goes(database: Database, cli: Cli, receiver: Receiver) -> None:
    table = Table.make(database, expired=10, slow=0)
    for url in (
        f"ftp://example.org/{SECRET}",
        f"file:///{SECRET}",
        f"example.org/{SECRET}",
        f"https:///{SECRET}",
        f"http://[::1/{SECRET}",
        f"http://example.org:99999/{SECRET}",
        f"http://example.org/{SECRET} x",
        f"http://example.org/{SECRET}\r\nX-Header: 1",
        f"http://exämple.org/{SECRET}",
        f"http://user:{SECRET}@example.org/",
    ):
        for options, env, name in (
            (["--heartbeat-url", url], {}, "--heartbeat-url"),
            ([], {"HEARTBEAT_URL": url}, "HEARTBEAT_URL"),
        ):
            result = cli.here("cleanup", *options, "--dsn", database.dsn, env=env)
            assert (result.returncode, result.stdout) == (64, "")
            assert result.stderr.startswith(f"error: {name} ")
            assert shows_no_secret(result)
    assert (table.runs(), table.missing()) == ([], 0)
    # The option counts, not the variable; an empty variable is none.
    assert (
        cli.here(
            "cleanup", "--dsn", database.dsn, "--heartbeat-url", receiver.url("200"), env={"HEARTBEAT_URL": "nonsense"}
        ).returncode
        == 0
    )
    assert cli.here("cleanup", "--dsn", database.dsn, env={"HEARTBEAT_URL": ""}).returncode == 0
    assert len(receiver.asked) == 1
