"""A pass that the server ends half way: killed, crashed, shut down, cancelled, timed out, locked out, failed.

Each time nothing is lost or half done, no lock is left, the ledger tells it, and the next pass goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from support import Cli, Database
from support.passes import Pass, Table, until

CANCELLED = "57014"
LOCK_MISSED = "55P03"
# Twice in a row, as a client's request does it: one signal for the backend, one for its process group.
CANCEL = "select pg_cancel_backend(pid), pg_sleep(0.005), pg_cancel_backend(pid) from pg_stat_activity where pid = %s"


def kill_backend(database: Database, pid: int) -> None:
    database.cluster.kill_backend(pid)


def terminate(database: Database, pid: int) -> None:
    with database.superuser() as superuser:
        superuser.execute("select pg_terminate_backend(%s)", [pid])


def crash(database: Database, _pid: int) -> None:
    database.cluster.crash()
    database.cluster.start()


def shut_down(database: Database, _pid: int) -> None:
    database.cluster.restart()


def hold_row(application: psycopg.Connection[Any], table: Table) -> None:
    """An application locks the row with which the third batch begins, in a transaction that stays open."""
    application.execute("begin")
    first = table.expired - 2 * table.batch_rows
    application.execute(f"select from {table.name} where id = {first} for update".encode())


def hold_table(application: psycopg.Connection[Any], table: Table) -> None:
    """An application locks out everybody, until its transaction ends."""
    application.execute("begin")
    application.execute(f"lock table {table.name} in access exclusive mode".encode())


ENDS = [
    pytest.param(kill_backend, id="kill -9 of the backend"),
    pytest.param(terminate, id="pg_terminate_backend"),
    pytest.param(crash, id="crash of the server"),
    pytest.param(shut_down, id="fast shutdown"),
]


@pytest.mark.parametrize("end", ENDS)
def test_a_pass_that_dies_in_a_batch(database: Database, end: Callable[[Database, int], None]) -> None:
    table = Table.make(database, expired=400, slow=0.3)
    with Pass(database) as running:
        until(table.in_a_batch)
        end(database, running.pid)
        assert isinstance(running.wait().error, psycopg.OperationalError)
    table.assert_died()


@pytest.mark.parametrize(
    ("end", "code"),
    [pytest.param(crash, 2, id="crash of the server"), pytest.param(terminate, 1, id="pg_terminate_backend")],
)
def test_the_command_tells_that_its_pass_died(
    database: Database, cli: Cli, end: Callable[[Database, int], None], code: int
) -> None:
    """After a crash it cannot ask what became of the pass; otherwise it says so."""
    table = Table.make(database, expired=400, slow=0.3)
    with cli.start("cleanup", "--dsn", database.dsn) as process:
        until(table.in_a_batch)
        end(database, table.last_run()["pid"])
        stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert ("interrupted" in stdout) == (code == 1)
    table.assert_died()


def test_a_cancelled_batch_is_in_the_ledger_at_once(database: Database) -> None:
    """The batch is rolled back, the pass ends properly, the tables after it are not begun, the session lives on."""
    table = Table.make(database, expired=400, slow=0.3)
    other = Table.make(database, "app.alerts", expired=20, slow=0)
    with Pass(database) as running:
        until(table.in_a_batch)
        database.query(CANCEL, running.pid)
        error = running.wait().error
        assert error is not None
        assert error.sqlstate == CANCELLED
        assert str(error).startswith("cleanup was cancelled: app.events: interrupted")
        stored = database.query("select * from maint._run")
        assert [(run["stop_reason"], run["error_sqlstate"]) for run in stored] == [("interrupted", CANCELLED)]
        assert stored[0]["debt_rows"] == table.expired - stored[0]["rows"]
        table.assert_nothing_half_done(whole_batches=True)
    assert (other.missing(), other.runs()) == (0, [])
    table.fast()
    table.assert_finishes()


def test_a_pass_that_is_cancelled_between_two_attempts(database: Database) -> None:
    """It waits for a row then and holds nothing."""
    table = Table.make(database, expired=400)
    # In a slice of the wait, and early enough in it to meet it.
    early = f"{CANCEL} and wait_event = 'PgSleep' and xact_start > clock_timestamp() - interval '50 ms'"
    with database.connect() as application:
        hold_row(application, table)
        with Pass(database) as running:
            until(table.under_way)
            until(lambda: database.query(early, running.pid))
            error = running.wait().error
    assert error is not None
    assert error.sqlstate == CANCELLED
    assert str(error).startswith("cleanup was cancelled: app.events: interrupted, 40 rows in 2 batches")
    stored = database.query("select * from maint._run")
    assert [(run["stop_reason"], run["error_sqlstate"]) for run in stored] == [("interrupted", CANCELLED)]
    assert stored[0]["error_message"] == "canceling statement due to user request"
    table.assert_nothing_half_done(whole_batches=True)
    table.fast()
    table.assert_finishes()


@pytest.fixture
def role(database: Database) -> Iterator[Callable[[str], object]]:
    """`role("statement_timeout = '1 s'")` sets it for the owner's role, as a DBA would."""
    alter = f"alter role {database.owner} in database {database.name}"
    with database.superuser() as superuser:
        yield lambda setting: superuser.execute(f"{alter} set {setting}".encode())
        superuser.execute(f"{alter} reset all".encode())


def test_a_statement_timeout_ends_a_pass_in_time(database: Database, role: Callable[[str], object]) -> None:
    table = Table.make(database, expired=4000, slow=0.05)
    role("statement_timeout = '4 s'")
    with Pass(database) as running:
        assert running.wait().error is None
    last = table.last_run()
    assert (last["stop_reason"], last["error_sqlstate"]) == ("deadline", None)
    assert last["finished_at"] - last["started_at"] < timedelta(seconds=4)
    table.assert_nothing_half_done(whole_batches=True)
    role("statement_timeout = 0")
    table.fast()
    table.assert_finishes()


def test_a_statement_timeout_ends_a_pass_that_waits_for_a_lock_in_time(
    database: Database, role: Callable[[str], object]
) -> None:
    """It would wait for 3.2 s when its 3.2 s are nearly over."""
    table = Table.make(database, expired=400, slow=0)
    database.query("select maint.set_setting('lock_timeout', '10 ms')")
    role("statement_timeout = '4 s'")
    with database.connect() as application:
        hold_row(application, table)
        with Pass(database) as running:
            assert running.wait().error is None
    last = table.last_run()
    assert (last["stop_reason"], last["error_sqlstate"], last["rows"]) == ("deadline", None, table.expired - 1)
    table.assert_nothing_half_done()


def test_a_statement_timeout_in_a_batch_is_a_cancel(database: Database, role: Callable[[str], object]) -> None:
    table = Table.make(database, expired=400, slow=60)
    role("statement_timeout = '500 ms'")
    with Pass(database) as running:
        error = running.wait().error
    assert error is not None
    assert error.sqlstate == CANCELLED
    last = table.last_run()
    assert (last["stop_reason"], last["error_sqlstate"], last["rows"]) == ("interrupted", CANCELLED, 0)
    assert last["error_message"] == "canceling statement due to statement timeout"
    assert table.missing() == 0
    role("statement_timeout = 0")
    table.fast()
    table.assert_finishes()


def test_timeouts_of_idle_sessions_do_not_matter(database: Database, role: Callable[[str], object]) -> None:
    table = Table.make(database, expired=200, slow=0.1)
    for name in ("idle_in_transaction_session_timeout", "idle_session_timeout"):
        role(f"{name} = '50 ms'")
    with Pass(database) as running:
        assert running.wait().error is None
    assert table.last_run()["duration"].total_seconds() > 1
    assert (table.last_run()["stop_reason"], table.count()) == ("done", table.fresh)


def test_a_lock_that_is_held_through_ten_attempts(database: Database, cli: Cli) -> None:
    """A row of one table by the command, another table as a whole in a session; they wait at the same time."""
    events = Table.make(database, expired=400)
    alerts = Table.make(database, "app.alerts", expired=400)
    database.query("select maint.set_setting('lock_timeout', '50 ms')")
    with (
        database.connect() as row_lock,
        database.connect() as table_lock,
        cli.start("cleanup", "app.events", "--dsn", database.dsn) as process,
    ):
        hold_row(row_lock, events)
        hold_table(table_lock, alerts)
        with Pass(database, "'app.alerts'") as running:
            error = running.wait().error
        _, stderr = process.communicate(timeout=60)
        row_lock.execute("rollback")
        table_lock.execute("rollback")
    assert error is not None
    assert str(error).startswith("cleanup: 1 of 1 tables did not finish: app.alerts: locked, 0 rows in 0 batches")
    assert process.returncode == 2
    # Everything but the row that stayed locked.
    assert "app.events: locked, 399 rows in " in stderr
    for table, removed, told in (
        (events, 399, "1 row stayed locked by other sessions"),
        (alerts, 0, "canceling statement due to lock timeout"),
    ):
        last = table.last_run()
        assert (last["stop_reason"], last["error_sqlstate"], last["rows"]) == ("locked", LOCK_MISSED, removed)
        assert last["error_message"] == told
        assert last["detail"].startswith("a lock was held through ten attempts")
        # The pauses between them make 13 s, give or take a quarter of each.
        assert 10 < last["duration"].total_seconds() < 20
        table.assert_nothing_half_done()
        table.fast()
        table.assert_finishes()


@pytest.mark.parametrize("hold", [pytest.param(hold_row, id="row"), pytest.param(hold_table, id="table")])
def test_a_lock_that_is_released_in_time(
    database: Database, hold: Callable[[psycopg.Connection[Any], Table], None]
) -> None:
    """The pass waits between its attempts, holding nothing, and goes on where it was."""
    table = Table.make(database, expired=400, slow=0)
    database.query("select maint.set_setting('lock_timeout', '20 ms')")
    with database.connect() as application:
        hold(application, table)
        with Pass(database) as running:
            until(lambda: running.waits_for() == "PgSleep")
            assert [lock for lock in table.locks() if lock["pid"] == running.pid and lock["mode"] != "ShareLock"] == []
            application.execute("rollback")
            assert running.wait().error is None
    assert [(run["stop_reason"], run["rows"], run["error_sqlstate"]) for run in table.runs()] == [("done", 400, None)]
    assert table.count() == table.fresh
    table.assert_nothing_half_done()


def test_a_trigger_that_fails_in_mid_pass(database: Database, cli: Cli) -> None:
    """Its batch is rolled back and its table left; the table after it is cleaned, and then the error comes."""
    table = Table.make(database, expired=400, slow=0.001)
    other = Table.make(database, "app.alerts", expired=400, slow=0)
    database.query(
        "create function app.refuse() returns trigger language plpgsql set search_path = '' as $$ begin"
        " if old.id = 350 then raise 'row 350 is evidence' using errcode = 'XX350'; end if; return old; end $$"
    )
    database.query("create trigger refuse before delete on app.events for each row execute function app.refuse()")
    with Pass(database) as running:
        error = running.wait().error
    assert error is not None
    assert str(error).startswith("cleanup: 1 of 2 tables did not finish: app.events: failed, 40 rows in 2 batches")
    assert other.count() == other.fresh
    by_command = cli("cleanup", "--dsn", database.dsn)
    assert by_command.returncode == 2
    assert "row 350 is evidence (SQLSTATE XX350)" in by_command.stderr
    assert "Traceback" not in by_command.stderr
    first, second = table.runs()
    assert (first["rows"], second["rows"]) == (40, 0)
    for run in (first, second):
        assert (run["stop_reason"], run["error_sqlstate"]) == ("failed", "XX350")
        assert run["error_message"] == "row 350 is evidence"
        assert "PL/pgSQL function app.refuse() line 1 at RAISE" in run["error_context"]
        assert (run["debt_rows"], run["finished_at"] is not None) == (360, True)
    table.assert_nothing_half_done(whole_batches=True)
    database.query("drop trigger refuse on app.events")
    table.assert_finishes()
