"""partition rotate --concurrently: nobody waits for it, and whatever ends it half way, the next pass finishes it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from support import Cli, Database
from support.passes import Pass, until
from support.rotations import (
    DETACH,
    STILL_WAITED_FOR,
    assert_finishes,
    assert_nothing_half_done,
    last_run,
    make_sets,
    rotation,
    sql,
)

PENDING = "select inhrelid::regclass::text as name from pg_inherits where inhdetachpending"
LEDGER = "select table_name, dropped_at, drop_after - detached_at as keep from maint._detached order by 1"


@pytest.fixture
def sets(database: Database) -> Database:
    """Two expired partitions, a and b, and no default."""
    make_sets(database)
    sql(database, "drop table app.rest")
    return database


@contextmanager
def reader(database: Database, statement: str = "select * from app.t limit 1") -> Iterator[psycopg.Connection[Any]]:
    """A transaction that has looked at the whole table and goes on."""
    with database.connect(application_name="nightly export") as connection:
        connection.autocommit = False
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


@contextmanager
def command(cli: Cli, database: Database) -> Iterator[subprocess.Popen[str]]:
    """The command, and in it a detach that waits for somebody."""
    arguments = ("partition", "rotate", "app.t", "--concurrently", "--dsn", database.dsn)
    with cli.start(*arguments) as process:
        try:
            until(lambda: [row for row in database.query(DETACH) if row["wait_event"] == "virtualxid"])
            yield process
        finally:
            process.kill()


def not_just_begun(database: Database) -> None:
    """A session that has just said that it begins is believed for two seconds."""
    until(
        lambda: (
            not database.query("select from maint._detaching where claimed_at > clock_timestamp() - '2 s'::interval")
        )
    )


def unheard(database: Database) -> Pass:
    """A rotation that asks a session which is not there."""
    call = rotation(database)
    call.statement = "call maint.rotate('app.t', p_detacher => 'nobody')"
    return call


def test_a_reader_is_waited_for_and_nobody_else_waits(sets: Database, cli: Cli) -> None:
    with reader(sets) as export, command(cli, sets) as process:
        with sets.connect(options="-c lock_timeout=20") as writer:
            # All the while: rows go in, and new readers see no expired row of what is being detached.
            for n in range(50):
                writer.execute("insert into app.t values (now(), %s)", [2000 + n])
            assert writer.execute("select count(*) from app.t where at < '2020-02-01 00:00+00'").fetchall() == [(0,)]
            # It is under way, and not left half done.
            assert (
                writer.execute(
                    "select * from maint.health where check_id = 'half_detached' and status <> 'ok'"
                ).fetchall()
                == []
            )
        until(lambda: sets.query(STILL_WAITED_FOR))
        # Who began before still sees them.
        assert export.execute("select count(*) from app.t where at < '2020-02-01 00:00+00'").fetchall() == [(0,)]
        export.rollback()
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "app.t: done, 3 partitions made, 2 removed" in stderr
    assert [row["table_name"] for row in sets.query(LEDGER) if row["dropped_at"]] == ["a", "b"]
    assert sets.query("select * from maint._detaching") == []
    assert_finishes(sets)
    assert sets.value("select count(*) from app.t") == 50


def test_a_rotation_without_it_is_locked_out_by_that_reader(sets: Database) -> None:
    with reader(sets), rotation(sets) as call:
        assert "app.t is locked by pid" in str(call.wait().error)
    assert last_run(sets)["partitions_removed"] == 0
    assert_finishes(sets)


def test_out_of_time_it_is_half_detached_and_the_next_pass_finishes_it(sets: Database, cli: Cli) -> None:
    with reader(sets):
        found = cli("partition", "rotate", "app.t", "--concurrently", "--dsn", sets.dsn, "--max-duration", "6s")
        assert "app.t: deadline" in found.stderr
        assert sets.query(PENDING) == [{"name": "app.a"}]
        assert last_run(sets)["stop_reason"] == "deadline"
        (finding,) = sets.query("select * from maint.health where check_id = 'half_detached' and status <> 'ok'")
        assert finding["object"] == "app.a"
        assert [one["state"] for one in sets.query("select * from maint.partitions where partition_name = 'a'")] == [
            "half detached"
        ]
    assert_finishes(sets)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_next_pass_finishes_it(sets: Database, cli: Cli, number: signal.Signals) -> None:
    with reader(sets):
        with command(cli, sets) as process:
            process.send_signal(number)
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == 128 + number, stderr
        until(lambda: not sets.query(DETACH))
        assert last_run(sets)["stop_reason"] == "interrupted"
        assert sets.query(PENDING) == [{"name": "app.a"}]
    not_just_begun(sets)
    assert_finishes(sets)
    assert sets.query("select * from maint._detaching") == []


def test_the_command_is_killed_and_the_next_pass_finishes_it(sets: Database, cli: Cli) -> None:
    with reader(sets), command(cli, sets) as process:
        process.kill()
        process.wait()
        # The server looks after its clients.
        until(lambda: not sets.query(DETACH), 60)
        assert sets.query(PENDING) == [{"name": "app.a"}]
    not_just_begun(sets)
    until(lambda: sets.query("select * from maint.progress") == [], 60)
    assert_finishes(sets)
    assert sets.query("select * from maint._detaching") == []
    assert [row["table_name"] for row in sets.query(LEDGER) if row["dropped_at"]] == ["a", "b"]


def test_the_detaching_session_is_killed_and_the_command_says_so(sets: Database, cli: Cli) -> None:
    with reader(sets), command(cli, sets) as process:
        (at_work,) = sets.query(DETACH)
        sets.value("select pg_terminate_backend(%s)", at_work["pid"])
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 2
        assert "terminating connection due to administrator command" in stderr
        assert "app.a is half detached, and a transaction from before still runs, through ten attempts" in stderr
        assert "app.b was not detached: no session was there to do it" in stderr
    assert_finishes(sets)


def test_another_pass_leaves_it_alone_while_a_session_is_at_it(sets: Database, cli: Cli) -> None:
    """The pass that asked has died, and the session it asked has not: the next pass sees to the rest."""
    with reader(sets), command(cli, sets) as process:
        process.send_signal(signal.SIGSTOP)
        (passing,) = sets.query("select pid from maint.progress")
        sets.value("select pg_terminate_backend(%s)", passing["pid"])
        until(lambda: sets.query("select * from maint.progress") == [])
        not_just_begun(sets)
        sets.query("insert into app.t values (now(), 7)")
        with rotation(sets) as call:
            call.wait()
        assert len(sets.query(DETACH)) == 1
        # Partition b is detached as ever, and that waits for the reader in vain.
        assert "app.t is locked by pid" in str(call.error)
        assert len(sets.query("select * from maint._detaching")) == 1
        assert sets.query(PENDING) == [{"name": "app.a"}]
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=60)
        until(lambda: not sets.query(DETACH))
    not_just_begun(sets)
    assert_finishes(sets)


def assert_kept(database: Database) -> None:
    """Partition a is in the ledger, and stays for the week for which detached partitions stay."""
    (entry,) = database.query(LEDGER)
    assert (entry["table_name"], entry["dropped_at"]) == ("a", None)
    assert abs(entry["keep"] - timedelta(days=7)) < timedelta(seconds=1)
    assert database.value("select count(*) from app.a") > 0


def test_names_are_names_in_the_statement_that_is_handed_over(database: Database, cli: Cli) -> None:
    spaced, partition = '"a ""b"" %s; drop"', "\"p%% '1'\""
    sql(
        database,
        f"create schema {spaced}",
        f"create table {spaced}.t (at timestamptz not null) partition by range (at)",
        f"create table {spaced}.{partition} partition of {spaced}.t for values from ('2020-01-01') to ('2020-02-01')",
        f"select maint.set_policy($q${spaced}.t$q$, '7 days', p_time_zone => 'UTC', p_partition_interval => '1 month')",
    )
    found = cli("partition", "rotate", "--concurrently", "--dsn", database.dsn)
    assert found.returncode == 0, found.stderr
    (gone,) = database.query(LEDGER)
    assert gone["table_name"] == "p%% '1'"
    assert gone["dropped_at"] is not None
    assert "under a lock" not in str(last_run(database)["detail"])


def test_nobody_comes_to_detach(sets: Database) -> None:
    with unheard(sets) as call:
        error = str(call.wait().error)
    assert "app.a was not detached: no session was there to do it; app.b was not detached" in error
    assert sets.query("select * from maint._detaching") == []
    assert sets.query(PENDING) == []
    assert_finishes(sets)


def test_what_a_person_detached_meanwhile_is_not_dropped_at_once(sets: Database) -> None:
    """Nobody reported it, so it may be somebody's wish; it goes when detached partitions go."""
    with unheard(sets) as call:
        until(lambda: sets.query("select * from maint._detaching"))
        sets.query("alter table app.t detach partition app.a")
        call.wait()
    assert_kept(sets)


def test_a_table_that_only_has_the_oid_is_never_entered(sets: Database) -> None:
    """As in a copy of the database, or after the partition was dropped and its oid given to another table."""
    sql(
        sets,
        "create table app.innocent as select 1 as n",
        "insert into maint._detaching (relation_id, policy_id, run_id, detacher, schema_name, table_name, lower_bound,"
        " upper_bound, row_estimate, give_up_at)"
        " select 'app.innocent'::regclass, policy_id, 1, 'gone', 'app', 'a0', 'x', 'y', 1, now() from maint._policy",
    )
    with rotation(sets) as call:
        assert call.wait().error is None
    assert sets.query("select * from maint._detaching") == []
    assert [row["table_name"] for row in sets.query(LEDGER)] == ["a", "b"]
    assert sets.query("select * from app.innocent") == [{"n": 1}]


def test_a_hold_that_comes_while_it_waits_keeps_the_rows(sets: Database, cli: Cli) -> None:
    with reader(sets) as export, command(cli, sets) as process:
        sets.query("select maint.add_hold('app.t', 'true', 'the auditors asked')")
        export.rollback()
        process.communicate(timeout=120)
    # The hold ended the pass; the next one finds it detached, which nobody had reported to it.
    with rotation(sets) as call:
        assert call.wait().error is None
    assert_kept(sets)
    assert sets.value("select count(*) from app.b") > 0


def test_a_guard_stops_it_before_anything_is_detached(sets: Database, cli: Cli) -> None:
    sets.query("select maint.set_policy('app.t', '30 years', p_partition_interval => '1 month', p_time_zone => 'UTC')")
    sets.query("select maint.set_setting('guard_rows', '10')")
    sets.query("call maint.cleanup('app.t')")
    sets.query("select maint.set_policy('app.t', '1 day')")
    found = cli("partition", "rotate", "app.t", "--concurrently", "--dsn", sets.dsn)
    assert found.returncode == 2, found.stderr
    assert last_run(sets)["stop_reason"] == "suspended"
    assert sets.query("select * from maint._detached") == sets.query("select * from maint._detaching") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("create table app.rest partition of app.t default", "the table has a default partition"),
        (
            "create table app.k (n int primary key); alter table app.t add foreign key (n) references app.k",
            "foreign keys",
        ),
        ("select maint.set_policy('app.t', p_condition => 'n > 0')", "the policy has a condition"),
        ("select maint.add_hold('app.t', 'n < 0', 'none')", "the table has holds"),
    ],
)
def test_where_it_cannot_be_it_says_why_and_takes_the_lock(sets: Database, cli: Cli, change: str, reason: str) -> None:
    if "foreign" in change:
        sql(sets, "delete from app.t")
    sql(sets, *change.split("; "))
    arguments = ("partition", "rotate", "app.t", "--concurrently", "--dsn", sets.dsn)
    planned = cli(*arguments, "--dry-run")
    assert "under a lock: " in planned.stdout
    assert reason in planned.stdout
    found = cli(*arguments)
    assert found.returncode == 0, found.stderr
    assert (last_run(sets)["partitions_removed"], sets.query(PENDING)) == (2, [])
    assert reason in last_run(sets)["detail"]
    assert_nothing_half_done(sets, frozenset({"app.k"}))


def test_the_plan_says_what_goes_concurrently(sets: Database, cli: Cli) -> None:
    found = cli("partition", "rotate", "app.t", "--concurrently", "--dry-run", "--dsn", sets.dsn)
    assert found.stdout.count("expired; concurrently") == 2
    assert "pytelemetry-db partition rotate --concurrently" in found.stderr
    assert sets.query("select * from maint._detaching") == []
