"""What an upgrade locks: nothing of the user's; of ours all at once, or nothing and a word on who is in the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from lifecycle.snapshot import snapshot
from support import Database
from support.passes import Pass, Table, until

from pytelemetry_db import __version__, apply, db
from pytelemetry_db.connection import Options, resolve
from pytelemetry_db.errors import OperationFailed
from pytelemetry_db.model import Script, Version
from pytelemetry_db.render import render_install, render_upgrade
from upgrade.fixture_release import FixtureRelease


def hurried(script: Script) -> Script:
    """The same script with 300 ms instead of 5 s for a lock, so that the tests are quick."""
    statements = tuple(
        replace(item, text=item.text.replace("set local lock_timeout = '5s';", "set local lock_timeout = '300ms';"))
        for item in script.statements
    )
    assert statements != script.statements
    return replace(script, statements=statements)


@pytest.fixture
def script(first: FixtureRelease, database: Database) -> Script:
    """The upgrade to the next release."""
    start = Version(__version__, database.value("select migration from maint._installation"))
    return render_upgrade(first.load(), start)


@contextmanager
def reading(database: Database, what: str) -> Iterator[psycopg.Connection[Any]]:
    """A dashboard that has read something of ours and left its transaction open."""
    with database.connect(application_name="dashboard") as connection:
        connection.execute("begin")
        connection.execute(f"select count(*) from {what}".encode())
        yield connection


def apply_plan(database: Database, first: FixtureRelease, script: Script) -> apply.Done:
    """What `upgrade` does, with this script."""
    where = resolve(Options(dsn=database.dsn), {}, db.parse_dsn)
    release = first.load()
    with db.connect(where, purpose="upgrade") as connection:
        plan = apply.plan_upgrade(connection, release, apply.Request("maint"))
        return apply.apply(connection, release, replace(plan, script=script))


def test_tables_of_the_users_are_not_locked_at_all(database: Database, first: FixtureRelease, script: Script) -> None:
    """Neither by an upgrade nor by an installation, at their ends; and a table that is locked does not stop either."""
    table = Table.make(database, expired=40, slow=0)
    with Pass(database) as one:
        one.wait()
    held = (
        "select c.relnamespace::regnamespace::text as schema, l.mode from pg_locks as l"
        " join pg_class as c on c.oid = l.relation where l.pid = %s"
        " and l.database = (select oid from pg_database where datname = current_database())"
    )
    with database.connect() as application, database.connect() as installer:
        application.execute("begin")
        application.execute(f"lock table {table.name} in access exclusive mode".encode())
        for text, schema in ((script.text, "maint"), (render_install(first.load(), "other").text, "other")):
            installer.execute(text[: text.rindex("commit;")].encode())
            locks = installer.execute(held.encode(), [installer.info.backend_pid]).fetchall()
            installer.execute("commit")
            assert {namespace for namespace, _ in locks} <= {schema, "pg_catalog", "pg_toast"}
            assert (schema, "AccessExclusiveLock") in locks


def test_whoever_reads_ours_meanwhile_waits_and_meets_no_deadlock(
    database: Database, first: FixtureRelease, script: Script
) -> None:
    """A reader locks a view and then what is under it; the upgrade has both, or neither."""
    database.query("create view public.mine as select * from maint.runs")
    errors: list[psycopg.Error] = []
    stop = threading.Event()

    def read(what: str) -> None:
        with database.connect() as connection:
            while not stop.is_set():
                try:
                    connection.execute(f"select count(*) from {what}".encode())
                except psycopg.Error as error:
                    errors.append(error)
                    return

    readers = [threading.Thread(target=read, args=[what]) for what in ("maint.progress", "public.mine", "maint.plan()")]
    Table.make(database, expired=10, slow=0)
    for reader in readers:
        reader.start()
    try:
        assert apply_plan(database, first, script).changed
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert errors == []


@pytest.mark.parametrize("what", ["maint.runs", "maint._setting"])
def test_a_lock_that_does_not_get_free_is_told_and_nothing_changes(
    what: str, database: Database, first: FixtureRelease, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(database)
    monkeypatch.setattr(apply, "_PAUSES", (0.01,))
    with reading(database, what) as dashboard:
        pid = dashboard.info.backend_pid
        with pytest.raises(OperationFailed) as failed:
            apply_plan(database, first, hurried(script))
    error = failed.value
    assert (error.exit_code, error.sqlstate) == (2, "55P03")
    assert f"{what} was in use for more than 300ms" in error.found
    assert error.expected == f"Used by pid {pid} ({database.owner}, dashboard)."
    assert error.next_step == "end those transactions, or wait for them, and run it again"
    assert snapshot(database) == before
    assert database.value("select version from maint._installation") == __version__


def test_a_batch_that_takes_too_long_is_told_and_goes_on(
    database: Database, first: FixtureRelease, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table.make(database, expired=60, slow=8)
    monkeypatch.setattr(apply, "_PAUSES", ())
    with Pass(database) as running:
        until(lambda: running.waits_for() == "PgSleep")
        with pytest.raises(OperationFailed, match="a long batch of a pass, held the lock") as failed:
            apply_plan(database, first, hurried(script))
        database.query("drop trigger slow on app.events")
        assert running.wait().error is None
    assert f"pid {running.pid} ({database.owner}, " in str(failed.value.expected)
    assert "pause() stops a pass at its batch" in str(failed.value.next_step)
    assert table.last_run()["stop_reason"] == "done"


def test_the_upgrade_is_tried_again_until_the_lock_is_free(
    database: Database, first: FixtureRelease, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "_PAUSES", (0.05,) * 50)
    done: list[apply.Done] = []
    with reading(database, "maint.runs") as dashboard:
        upgrading = threading.Thread(target=lambda: done.append(apply_plan(database, first, hurried(script))))
        upgrading.start()
        tries = "select count(*) from pg_stat_activity where application_name = 'pytelemetry_db upgrade' and state = %s"
        # It has begun, given up once, and begun again.
        for state in ("active", "idle", "active"):
            until(lambda state=state: database.value(tries, state))  # type: ignore[misc]
        dashboard.execute("rollback")
        upgrading.join(30)
    assert [item.changed for item in done] == [True]
    assert database.value("select version from maint._installation") == first.version
