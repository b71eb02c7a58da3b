"""One pass at a time on a table: from two sessions, after a takeover, from two installations, across an upgrade."""

from __future__ import annotations

import re
import time
from typing import Any

import psycopg
import pytest
from support import Cli, Database
from support.passes import Pass, Table, until

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

INSTALL_LOCK = "pg_advisory_xact_lock(hashtextextended('pytelemetry_db:maint', 0))"


def test_the_second_of_two_passes_says_so_and_does_nothing(database: Database, cli: Cli) -> None:
    table = Table.make(database)
    with Pass(database) as first:
        until(lambda: table.under_way(2))
        with Pass(database) as second:
            assert second.wait(5).error is None
        assert first.running
        by_command = cli("cleanup", "--dsn", database.dsn)
        assert first.running
        assert len(table.runs()) == 1
        database.query("select maint.pause('app.events')")
        assert first.wait().error is None
    said = "app.events: another session is at work on it; nothing to do here"
    assert second.notices[-1].startswith(said)
    assert by_command.returncode == 0
    assert said in by_command.stderr
    assert [run["stop_reason"] for run in table.runs()] == ["paused"]
    table.assert_nothing_half_done(whole_batches=True)


def test_many_passes_at_once_make_one(database: Database) -> None:
    table = Table.make(database, expired=2000, slow=0.01)
    passes = [Pass(database) for _ in range(4)]
    for one in passes:
        one.__enter__()
    for one in passes:
        assert one.wait().error is None
        one.__exit__(None, None, None)
    assert table.count() == table.fresh
    working = [run for run in table.runs() if run["rows"]]
    assert [run["rows"] for run in working] == [2000]
    table.assert_nothing_half_done()


def test_a_pass_of_another_role_counts_as_alive_by_its_heartbeat(database: Database) -> None:
    """A role that may not see the other's session goes by the sign of life, and by the process being there at all."""
    table = Table.make(database, expired=400)
    with database.superuser() as superuser:
        superuser.execute("create role other_worker login")
        superuser.execute("grant usage on schema maint, app to other_worker")
        superuser.execute("grant select, insert, update, delete on all tables in schema maint to other_worker")
        superuser.execute("grant execute on all routines in schema maint to other_worker")
    try:
        with Pass(database) as first:
            until(lambda: table.under_way(2))
            with Pass(database, user="other_worker") as second:
                assert second.wait(5).error is None
            assert "another session is at work on it" in second.notices[-1]
            assert first.wait().error is None
        assert [run["stop_reason"] for run in table.runs()] == ["done"]
    finally:
        with database.superuser() as superuser:
            superuser.execute("drop owned by other_worker")
            superuser.execute("drop role other_worker")


def test_a_pass_that_went_silent_is_taken_over_and_does_no_more(database: Database) -> None:
    """The silent one waits for a table lock, holding nothing; when it wakes up its run is somebody else's."""
    table = Table.make(database, expired=1000)
    with Pass(database) as silent, database.connect() as application:
        until(lambda: table.under_way(2))
        application.execute("begin")
        application.execute("lock table app.events in share mode")
        gone = table.missing()
        until(lambda: silent.waits_for() == "PgSleep", 5)
        database.query("update maint._run set heartbeat_at = now() - interval '61 s'")
        until(lambda: _call_again_until_it_takes_over(database, table), 10)
        application.execute("rollback")
        assert silent.wait().error is None
    # The pass that took over met the lock as well, in a session that was ended; the next one finishes.
    first = table.runs()[0]
    assert (first["stop_reason"], first["rows"]) == ("interrupted", gone)
    assert "without finishing" in first["detail"]
    table.assert_finishes()


def _call_again_until_it_takes_over(database: Database, table: Table) -> bool:
    """Whether a new pass got in; the old one holds the lock of the policy for a moment at each of its attempts."""
    with Pass(database) as taker:
        until(lambda: not taker.running or len(table.runs()) == 2, 5)
        return len(table.runs()) == 2


def test_a_pass_whose_session_is_gone_is_taken_over_at_once(database: Database) -> None:
    table = Table.make(database, expired=400)
    with Pass(database) as dead, database.superuser() as superuser:
        until(lambda: table.under_way(2))
        superuser.execute("select pg_terminate_backend(%s)", [dead.pid])
        dead.wait()
    until(lambda: table.last_run()["stop_reason"] == "interrupted", 5)
    table.assert_finishes()
    assert [run["stop_reason"] for run in table.runs()] == ["interrupted", "done"]


def test_a_pass_whose_session_does_something_else_now_is_taken_over(database: Database) -> None:
    """A cancelled CALL leaves a session that lives on, and a run that nobody will finish."""
    table = Table.make(database, expired=400)
    with database.connect() as session:
        session.execute("set statement_timeout = '300 ms'")
        session.execute("select maint.set_setting('lock_timeout', '10 s')")
        with database.connect() as application:
            application.execute("begin")
            application.execute("lock table app.events in access exclusive mode")
            with pytest.raises(psycopg.errors.QueryCanceled):
                session.execute("call maint.cleanup()")
            application.execute("rollback")
        session.execute("set statement_timeout = 0")
        session.execute("call maint.cleanup()")
    assert table.runs()[-1]["stop_reason"] == "done"
    assert all(run["stop_reason"] for run in table.runs())
    assert table.count() == table.fresh


@pytest.fixture
def second_installation(database: Database) -> Database:
    """The database, with a second installation in the schema `night`."""
    with database.connect() as connection:
        connection.execute(render_install(load(), schema="night").text.encode())
    return database


def test_a_second_installation_is_refused_the_table(second_installation: Database) -> None:
    Table.make(second_installation, expired=10)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="installation in schema maint") as refused:
        second_installation.query("select night.set_policy('app.events', '1 day')")
    assert refused.value.diag.message_hint == "select maint.drop_policy('app.events');"
    assert second_installation.value("select count(*) from night._policy") == 0


def test_a_second_policy_that_was_forced_in_stops_both(second_installation: Database) -> None:
    """Two policies on one table contradict each other, so neither may delete until one of them is dropped."""
    database = second_installation
    table = Table.make(database, expired=10, slow=0)
    _copy_policy(database)
    for schema, other in (("night", "maint"), ("maint", "night")):
        with Pass(database, schema=schema) as one:
            error = one.wait().error
        assert error is not None
        assert f"the installation in schema {other} has, or may have, a policy on this table" in str(error)
        run = database.query(f"select * from {schema}.runs")[-1]
        assert (run["stop_reason"], run["rows"]) == ("failed", 0)
    assert table.missing() == 0
    database.query("select night.drop_policy('app.events')")
    table.assert_finishes()


def test_two_installations_exclude_each_other_in_mid_pass(second_installation: Database) -> None:
    """The key of a table's lock is the same for both, so that not even a policy forced in meets a running batch."""
    database = second_installation
    table = Table.make(database, slow=0.4)
    with Pass(database) as first:
        until(lambda: first.waits_for() == "PgSleep" and table.locks())
        _copy_policy(database)
        with Pass(database, schema="night") as second:
            second.wait(10)
        database.query("select maint.pause('app.events')")
        first.wait()
    assert database.value("select coalesce(sum(rows), 0) from night.runs") == 0
    table.assert_nothing_half_done(whole_batches=True)


def _copy_policy(database: Database) -> None:
    columns = database.value(
        "select string_agg(quote_ident(attname), ', ') from pg_attribute"
        " where attrelid = 'maint._policy'::regclass and attnum > 1 and not attisdropped"
    )
    database.query(f"insert into night._policy ({columns}) select {columns} from maint._policy")


def test_an_installer_that_changes_nothing_only_delays_a_pass(database: Database) -> None:
    table = Table.make(database, expired=400)
    with Pass(database) as running, database.connect() as installer:
        until(lambda: table.under_way(2))
        installer.execute("begin")
        installer.execute(f"select {INSTALL_LOCK}")
        count = table.count()
        time.sleep(0.3)
        assert table.count() == count
        installer.execute("rollback")
        assert running.wait().error is None
    assert [run["stop_reason"] for run in table.runs()] == ["done"]
    assert table.count() == table.fresh


def _add_runs(database: Database, table: str, count: int, age: str, reason: str | None = "done") -> None:
    """Finished passes in the past, copies of the one that there is."""
    copied: dict[str, Any] = database.query(
        "select string_agg(attname, ', ') as names from pg_attribute where attrelid = 'maint._run'::regclass"
        " and attnum > 0 and not attisdropped"
        " and attname not in ('run_id', 'started_at', 'stop_reason', 'finished_at', 'heartbeat_at')"
    )[0]
    database.query(
        f"insert into maint._run ({copied['names']}, started_at, heartbeat_at, stop_reason, finished_at)"
        f" select {copied['names']}, s.at, s.at, %s::text, case when %s::text is not null then s.at end"
        " from (select * from maint._run where table_name = %s order by run_id limit 1) as r"
        " cross join lateral (select now() - %s::interval - make_interval(mins => i) as at"
        " from generate_series(1, %s) as i) as s",
        reason,
        reason,
        table,
        age,
        count,
    )


def test_the_ledger_is_pruned_by_age_and_by_count(database: Database) -> None:
    for name in ("app.events", "app.alerts", "app.quiet"):
        Table.make(database, name, expired=1, slow=0)
    database.query("call maint.cleanup(p_quiet => true)")
    database.query("select maint.set_setting('runs_keep_age', '30 days'), maint.set_setting('runs_keep_count', '20')")
    _add_runs(database, "events", 40, "1 day")
    _add_runs(database, "alerts", 10, "31 days")
    _add_runs(database, "alerts", 5, "29 days")
    # The last row of a table stays however old it is.
    database.query("select maint.drop_policy('app.quiet')")
    database.query("update maint._run set started_at = now() - interval '5 years' where table_name = 'quiet'")
    database.query("call maint.cleanup(p_quiet => true)")
    counted = database.query("select table_name, count(*) as runs from maint.runs group by 1 order by 1")
    # alerts: five younger than the limit and the two real ones.
    assert [(row["table_name"], row["runs"]) for row in counted] == [("alerts", 7), ("events", 20), ("quiet", 1)]
    newest = database.query("select started_at from maint.runs where table_name = 'events' order by started_at desc")
    oldest_kept = database.value("select now() - interval '1 day' - interval '19 minutes'")
    assert newest[-1]["started_at"] > oldest_kept


def test_pruning_leaves_a_pass_that_is_at_work(database: Database) -> None:
    table = Table.make(database)
    Table.make(database, "app.alerts", expired=1, slow=0)
    database.query("select maint.set_setting('runs_keep_count', '1')")
    with Pass(database, "'app.events'") as running:
        until(lambda: table.under_way(2))
        for _ in range(3):
            database.query("call maint.cleanup('app.alerts', p_quiet => true)")
        database.query("select maint.pause('app.events')")
        assert running.wait().error is None
    counted = database.query("select table_name, count(*) as runs from maint.runs group by 1 order by 1")
    assert [(row["table_name"], row["runs"]) for row in counted] == [("alerts", 1), ("events", 1)]
    assert re.fullmatch("paused", table.last_run()["stop_reason"])
