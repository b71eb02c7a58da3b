"""Behind PgBouncer in transaction mode: whatever changes something works, and leaves nothing in a shared session."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from support import Cli, Cluster, Database
from support.cluster import as_server_account
from support.passes import Table, until
from support.rotations import DETACH, STILL_WAITED_FOR, assert_finishes, last_run, make_sets, sql

SETTINGS = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr =
unix_socket_dir = {directory}
listen_port = 6432
auth_type = trust
auth_file = {directory}/users
pool_mode = transaction
default_pool_size = 4
logfile = {directory}/log
pidfile = {directory}/pid
"""


@pytest.fixture(scope="module")
def pooler(cluster: Cluster) -> Iterator[str]:
    """The directory with the socket of a PgBouncer in front of the test server."""
    with in_front_of(cluster) as (directory, _):
        yield directory


@contextmanager
def in_front_of(cluster: Cluster) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A PgBouncer of its own: the directory with its socket, and its process."""
    with tempfile.TemporaryDirectory(prefix="pgb-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o777)
        (directory / "users").write_text('"maint_owner" "maint_owner"\n"postgres" ""\n')
        (directory / "settings.ini").write_text(
            SETTINGS.format(host=cluster.host, port=cluster.port, directory=directory)
        )
        command = [*as_server_account(), "pgbouncer", "--quiet", str(directory / "settings.ini")]
        with subprocess.Popen(command, cwd=directory) as process:
            until(lambda: (directory / ".s.PGSQL.6432").exists(), 10)
            yield name, process
            process.send_signal(signal.SIGINT)


def pooled(pooler: str, database: Database) -> str:
    return f"host={pooler} port=6432 user={database.owner} dbname={database.name}"


def backends(pooler: str, database: Database) -> list[tuple[object, ...]]:
    """What the sessions behind the pooler are set to, asked until each was seen several times."""
    seen = set()
    with psycopg.connect(pooled(pooler, database), autocommit=True, prepare_threshold=None) as connection:
        for _ in range(20):
            row = connection.execute(
                "select pg_backend_pid(), current_user, current_setting('datestyle'), current_setting('search_path'),"
                " current_setting('client_connection_check_interval'), current_setting('row_security'),"
                " (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())"
            ).fetchone()
            assert row is not None
            seen.add(row[1:])
    return sorted(seen)


def test_every_command_that_changes_something(pooler: str, empty_database: Database, cli: Cli) -> None:
    dsn = pooled(pooler, empty_database)
    with empty_database.connect() as connection:
        connection.execute(
            b"create table events_seen (created_at timestamp); create index on events_seen (created_at);"
            b"insert into events_seen select now() - make_interval(hours => n) from generate_series(1, 400) as n;"
            b"create table other (at timestamptz)"
        )
    before = backends(pooler, empty_database)
    for command, code in (
        (["install", "--profile", "telemetry"], 0),
        (["upgrade", "--force"], 0),
        (["upgrade", "--reader-role", "needs_password"], 0),
        (["policy", "set", "other", "--keep", "7d"], 0),
        (["policy", "pause", "other"], 0),
        (["policy", "resume", "other"], 0),
        (["policy", "drop", "other"], 0),
        (["cleanup", "--batch-rows", "10"], 0),
        (["cleanup", "events_seen", "--keep", "events_seen=3d", "--yes"], 0),
        (["verify"], 0),
        (["verify", "--deep"], 0),
        (["report"], 0),
        (["uninstall", "--yes"], 0),
    ):
        result = cli(*command, "--dsn", dsn)
        assert result.returncode == code, (command, result)
        assert "Traceback" not in result.stderr
        assert backends(pooler, empty_database) == before, command
    assert empty_database.value("select count(*) from events_seen") in (71, 72)
    assert empty_database.value("select to_regnamespace('maint') is null")


def test_an_interrupt_stops_the_right_pass(pooler: str, database: Database, cli: Cli) -> None:
    """The backend that the client was told is the pooler's invention; another client's pass goes on."""
    mine, other = Table.make(database, "app.mine"), Table.make(database, "app.other", expired=400)
    dsn = pooled(pooler, database)
    with cli.start("cleanup", "app.other", "--dsn", dsn) as undisturbed:
        until(lambda: other.under_way(1))
        with cli.start("cleanup", "app.mine", "--dsn", dsn) as process:
            until(lambda: mine.under_way(2))
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
            assert time.monotonic() - begun < 5, "at the batch boundary, not by a cancel"
        assert process.returncode == 130, stderr
        assert "interrupted" in stdout
        undisturbed.communicate(timeout=60)
    assert undisturbed.returncode == 0
    assert mine.last_run()["stop_reason"] == "interrupted"
    assert mine.last_run()["error_sqlstate"] is None
    mine.assert_nothing_half_done(whole_batches=True)
    assert other.last_run()["stop_reason"] == "done"
    mine.assert_finishes()


def test_the_pooler_dies_in_mid_pass(cluster: Cluster, database: Database, cli: Cli) -> None:
    """The command says so; the server ends what nobody waits for, or finishes it; nothing is half done."""
    table = Table.make(database)
    with in_front_of(cluster) as (directory, process):
        with cli.start("cleanup", "--dsn", pooled(directory, database)) as command:
            until(table.under_way)
            process.kill()
            stdout, stderr = command.communicate(timeout=60)
        assert command.returncode == 2, (stdout, stderr)
        assert "Traceback" not in stderr
        assert "error: consuming input failed: server closed the connection unexpectedly" in stderr
    until(lambda: not table.locks(), 60)
    until(lambda: table.last_run()["stop_reason"])
    assert table.last_run()["stop_reason"] in ("interrupted", "done")
    table.assert_nothing_half_done()
    if table.missing() < table.expired:
        table.fast()
        table.assert_finishes()


@pytest.mark.parametrize("ending", ["the reader goes", "Ctrl-C"])
def test_partitions_are_detached_concurrently(pooler: str, database: Database, cli: Cli, ending: str) -> None:
    """The statement is its own transaction: it waits for readers, ends with the command, and leaves nothing behind."""
    make_sets(database)
    sql(database, "drop table app.rest")
    before = backends(pooler, database)
    with database.connect() as export:
        export.autocommit = False
        export.execute("select * from app.t limit 1")
        dsn = pooled(pooler, database)
        with cli.start("partition", "rotate", "app.t", "--concurrently", "--dsn", dsn) as process:
            until(lambda: [row for row in database.query(DETACH) if row["wait_event"] == "virtualxid"])
            if ending == "Ctrl-C":
                process.send_signal(signal.SIGINT)
            else:
                until(lambda: database.query(STILL_WAITED_FOR))
                export.rollback()
            _, stderr = process.communicate(timeout=60)
        if ending == "Ctrl-C":
            assert process.returncode == 130, stderr
            until(lambda: not database.query(DETACH))
            assert database.query(
                "select inhrelid::regclass::text as name from pg_inherits where inhdetachpending"
            ) == [{"name": "app.a"}]
        else:
            assert process.returncode == 0, stderr
            assert "app.t: done, 3 partitions made, 2 removed" in stderr
        export.rollback()
    assert last_run(database)["stop_reason"] == ("interrupted" if ending == "Ctrl-C" else "done")
    assert backends(pooler, database) == before
    # A session that has just said that it begins is believed for two seconds.
    until(
        lambda: (
            not database.query("select from maint._detaching where claimed_at > clock_timestamp() - '2 s'::interval")
        )
    )
    assert_finishes(database)
    assert database.query("select * from maint._detaching") == []


def test_a_style_that_we_cannot_read_is_one_clear_line(pooler: str, database: Database, cli: Cli) -> None:
    with database.superuser() as root:
        root.execute(f"alter role {database.owner} in database {database.name} set intervalstyle = 'iso_8601'")
    direct = cli("status", "--dsn", database.dsn)
    assert direct.returncode == 0
    result = cli("status", "--dsn", pooled(pooler, database))
    assert result.returncode == 2
    assert "error: DateStyle is ISO, MDY and IntervalStyle iso_8601 for this role, and a pooler" in result.stderr
