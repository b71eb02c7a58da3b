"""A pass whose client is stopped half way: signals and kill -9 to the command and to psql, a connection that breaks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from support import Cli, Database
from support.passes import Table, until

CANCELLED = "57014"
SIGNALS = [
    pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    pytest.param(signal.SIGHUP, 143, id="SIGHUP"),
]


@contextmanager
def signals(action: signal.Handlers, *numbers: signal.Signals) -> Iterator[None]:
    """Processes that are started within have this action for these signals, whatever the tests were started with."""
    before = {number: signal.signal(number, action) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def command(cli: Cli, database: Database, hangup: signal.Handlers = signal.SIG_DFL) -> Iterator[subprocess.Popen[str]]:
    """`pytelemetry-db cleanup` as a shell starts it; `hangup` is what `nohup` changes."""
    with signals(signal.SIG_DFL, signal.SIGINT, signal.SIGTERM), signals(hangup, signal.SIGHUP):
        process = cli.start("cleanup", "--dsn", database.dsn)
    with killed_in_the_end(process):
        yield process


@contextmanager
def psql(database: Database) -> Iterator[subprocess.Popen[str]]:
    """psql that was given one CALL."""
    program = ["psql", "-X", "-d", database.dsn, "-c", "call maint.cleanup()"]
    with signals(signal.SIG_DFL, signal.SIGINT):
        process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with killed_in_the_end(process):
        yield process


@contextmanager
def killed_in_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    """A test that fails does not wait for its process."""
    with process:
        try:
            yield
        finally:
            process.kill()


def session_is_gone(database: Database, pid: int) -> bool:
    """Whether the session has ended."""
    return database.query("select pid from pg_stat_activity where pid = %s", pid) == []


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_stops_the_command_at_the_batch_boundary(
    database: Database, cli: Cli, number: signal.Signals, code: int
) -> None:
    """The batch that is under way is committed; the tables after it are not begun."""
    table = Table.make(database, expired=400, slow=0.3)
    other = Table.make(database, "app.alerts", expired=20, slow=0)
    with command(cli, database) as process:
        until(table.in_a_batch)
        begun = time.monotonic()
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
        took = time.monotonic() - begun
    assert process.returncode == code, stderr
    assert took < 5
    assert "Traceback" not in stderr
    last = table.last_run()
    assert (last["stop_reason"], last["detail"], last["error_sqlstate"]) == ("interrupted", "asked to stop", None)
    assert last["debt_rows"] == table.expired - last["rows"] > 0
    assert database.query("select * from maint._stop_request") == []
    table.assert_nothing_half_done(whole_batches=True)
    assert (other.missing(), other.runs()) == (0, [])
    table.fast()
    table.assert_finishes()


def test_a_signal_before_the_pass_begins_lets_it_not_begin(database: Database, cli: Cli) -> None:
    """Something holds the command up where it reads the policies."""
    table = Table.make(database, expired=400, slow=0.3)
    with database.connect() as installer:
        installer.execute("begin")
        installer.execute("lock table maint._policy in access exclusive mode")
        with command(cli, database) as process:
            until(lambda: database.query("select pid from pg_stat_activity where wait_event_type = 'Lock'"))
            process.send_signal(signal.SIGINT)
            installer.execute("rollback")
            _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130, stderr
    assert (table.missing(), table.runs()) == (0, [])


def test_a_second_signal_cancels_the_batch_at_once(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=400, slow=60)
    with command(cli, database) as process:
        until(lambda: table.in_a_batch(after=0))
        process.send_signal(signal.SIGINT)
        until(lambda: database.query("select pid from maint._stop_request"))
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
        took = time.monotonic() - begun
    assert process.returncode == 130, stderr
    assert took < 4
    assert_cancelled(table)


def test_a_batch_that_takes_too_long_is_cancelled_after_one_signal(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=400, slow=60)
    with command(cli, database) as process:
        until(lambda: table.in_a_batch(after=0))
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=20)
        took = time.monotonic() - begun
    assert process.returncode == 143, stderr
    assert 5 <= took < 15
    assert_cancelled(table)


def assert_cancelled(table: Table) -> None:
    """The only batch was rolled back, and the ledger says why."""
    last = table.last_run()
    assert (last["stop_reason"], last["error_sqlstate"], last["rows"]) == ("interrupted", CANCELLED, 0), last
    assert last["finished_at"] is not None
    assert table.missing() == 0
    assert table.database.query("select * from maint._stop_request") == []
    table.fast()
    table.assert_finishes()


def test_a_command_under_nohup_goes_on_when_its_terminal_is_gone(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=400, slow=0.05)
    with command(cli, database, hangup=signal.SIG_IGN) as process:
        until(table.in_a_batch)
        process.send_signal(signal.SIGHUP)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert [(run["stop_reason"], run["rows"]) for run in table.runs()] == [("done", 400)]
    table.assert_nothing_half_done()


def test_the_server_notices_that_the_command_was_killed(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=1000, slow=0.3)
    with command(cli, database) as process:
        until(table.in_a_batch)
        pid = table.last_run()["pid"]
        process.kill()
        process.wait()
        begun = time.monotonic()
        until(lambda: session_is_gone(database, pid))
        took = time.monotonic() - begun
    assert took < 12
    assert table.count() > table.fresh
    table.assert_died()


def test_ctrl_c_in_psql_cancels_the_batch(database: Database) -> None:
    table = Table.make(database, expired=400, slow=0.3)
    with psql(database) as process:
        until(table.in_a_batch)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "ERROR:  cleanup was cancelled: app.events: interrupted" in stderr
    last = table.last_run()
    assert (last["stop_reason"], last["error_sqlstate"]) == ("interrupted", CANCELLED)
    table.assert_nothing_half_done(whole_batches=True)
    table.fast()
    table.assert_finishes()


def test_a_pass_of_a_killed_psql_goes_on_to_its_end(database: Database) -> None:
    """psql does not ask the server to look after its client, so the table is finished; nobody hears of it."""
    table = Table.make(database, expired=400, slow=0.1)
    with psql(database) as process:
        until(table.in_a_batch)
        pid = table.last_run()["pid"]
        process.kill()
        process.wait()
        assert table.last_run()["stop_reason"] is None
        until(lambda: session_is_gone(database, pid))
    assert [(run["stop_reason"], run["rows"]) for run in table.runs()] == [("done", 400)]
    table.assert_nothing_half_done()


@pytest.mark.parametrize("where", ["in a batch", "between two attempts"])
def test_a_connection_that_breaks(database: Database, where: str) -> None:
    """The server is asked to look after the client, as it may be for a role; the client lives on."""
    table = Table.make(database, expired=400, slow=0.3)
    settings = "-c client_connection_check_interval=100"
    with closing(database.connect(options=settings)) as client, database.connect() as application:
        pid = client.info.backend_pid
        if where != "in a batch":
            # The row with which the third batch begins.
            application.execute("begin")
            application.execute("select from app.events where id = %s for update", [400 - 2 * table.batch_rows])
        client.pgconn.send_query(b"call maint.cleanup()")
        if where == "in a batch":
            until(table.in_a_batch)
        else:
            until(
                lambda: (
                    table.under_way()
                    and pid not in [lock["pid"] for lock in table.locks() if lock["mode"] != "ShareLock"]
                )
            )
        with socket.socket(fileno=os.dup(client.fileno())) as broken:
            broken.shutdown(socket.SHUT_RDWR)
        until(lambda: session_is_gone(database, pid), 5)
    table.assert_died()
