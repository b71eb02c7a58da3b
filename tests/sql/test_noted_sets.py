"""The list of a table's partitions that a pass keeps for the next: used while nothing changed, and never believed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg
import pytest
from support import Database
from support.passes import until
from support.rotations import last_run, sql

LISTED = """
    select
        maint._partition_set(p, maint._clock(), k.cutoff) - 'since' = maint._list_set(p, f.zone, f.cutoff_at) - 'since'
        as is_right
    from maint._policy as p, maint._cutoff(p.keep, p.time_zone, maint._clock()) as k (cutoff),
        maint._rotation_frame(p, maint._clock(), k.cutoff) as f
"""

OTHERS = """
    select pid from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


@pytest.fixture
def days(database: Database) -> Database:
    """A table of days, of which the last ten are kept, after a pass that made those ahead."""
    with database.superuser() as connection:
        connection.execute(f"alter database {database.name} set track_functions = 'pl'".encode())
    sql(
        database,
        "create schema app",
        "create table app.t (at timestamptz not null, n int) partition by range (at)",
        "select maint.set_policy('app.t', '10 days', p_partition_interval => '1 day', p_premake => 3,"
        " p_time_zone => 'UTC')",
        "create function app.day(number int) returns text language sql as"
        " $$ select quote_literal(date_trunc('day', now(), 'UTC') + number * interval '24 hours') $$",
        "create procedure app.make(name text, number int, width int default 1) language plpgsql as $$ begin"
        " execute format('create table app.%I partition of app.t for values from (%s) to (%s)', name,"
        " app.day(number), app.day(number + width)); end $$",
    )
    for number in range(-9, 1):
        sql(database, f"call app.make('d{-number}', {number})", f"insert into app.t values ({day(number)}, {number})")
    assert listed(database, "call maint.rotate('app.t')") == 1
    return database


def day(number: int) -> str:
    return f"app.day({number})::timestamptz + interval '1 minute'"


def listed(database: Database, *statements: str) -> int:
    """How often these statements, in one session, look through all partitions."""
    calls = "select coalesce(sum(calls), 0) from pg_stat_user_functions where funcname = '_list_set'"
    # What a session did is counted at its end.
    until(lambda: not database.query(OTHERS), 10)
    with database.connect() as connection:
        before = connection.execute(calls.encode()).fetchone()
        for statement in statements:
            connection.execute(statement.encode())
        connection.execute("select pg_stat_force_next_flush()")
        connection.execute("select 1")
        after = connection.execute(calls.encode()).fetchone()
    assert before is not None
    assert after is not None
    return int(after[0] - before[0])


def is_right(database: Database) -> bool:
    return bool(database.value(LISTED))


def test_a_pass_with_nothing_to_do_does_not_list(days: Database) -> None:
    for _ in range(3):
        assert listed(days, "call maint.rotate('app.t')") == 0
        assert is_right(days)
    noted = "select xmin::text, ctid::text from maint._noted_set"
    before = days.query(noted)
    assert listed(days, "call maint.rotate('app.t')", "call maint.cleanup('app.t')") == 0
    assert days.query(noted) == before
    assert listed(days, "select * from maint.plan_rotation('app.t')", "select * from maint.plan('app.t')") == 0


@pytest.mark.parametrize(
    "change",
    [
        "drop table app.d4",
        "alter table app.t detach partition app.d4",
        "alter table app.t detach partition app.d4;"
        " alter table app.t attach partition app.d4 for values from (D) to (E)",
        "call app.make('later', 9)",
        "call app.make('earlier', -30)",
        "create table app.rest partition of app.t default",
    ],
)
def test_whatever_is_attached_or_detached_is_seen(change: str, days: Database) -> None:
    bounds = [days.value(f"select app.day({number})") for number in (-4, -3)]
    sql(days, *change.replace("D", bounds[0]).replace("E", bounds[1]).split("; "))
    assert is_right(days)
    assert listed(days, "call maint.rotate('app.t')") == 1
    assert last_run(days)["stop_reason"] == "done"
    assert is_right(days)


def test_a_half_detached_partition_is_seen(days: Database) -> None:
    with days.connect() as reader, days.connect() as detaching:
        reader.execute("begin isolation level repeatable read; select from app.d4")
        detaching.execute("set statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            detaching.execute("alter table app.t detach partition app.d4 concurrently")
        reader.execute("rollback")
    assert days.value("select inhdetachpending from pg_inherits where inhrelid = 'app.d4'::regclass")
    assert is_right(days)
    assert listed(days, "call maint.rotate('app.t')") == 1


def test_partitions_of_our_own_are_added_to_the_list(days: Database) -> None:
    """Beginning, gap and end; a list for each one made would cost more with each one there is."""
    sql(days, "drop table app.d4", "select maint.set_policy('app.t', p_premake => 20)")
    assert listed(days, "call maint.rotate('app.t')") == 1
    assert last_run(days)["partitions_made"] == 18
    assert listed(days, "call maint.rotate('app.t')") == 0
    assert is_right(days)


def test_expired_ones_are_taken_off_the_list(days: Database) -> None:
    for number in (-40, -39, -20):
        sql(days, f"call app.make('old{-number}', {number})")
    assert listed(days, "call maint.rotate('app.t')") == 1
    assert last_run(days)["partitions_removed"] == 3
    assert listed(days, "call maint.rotate('app.t')") == 0
    assert is_right(days)


def test_what_ended_where_nothing_begins_takes_its_bound_along(days: Database) -> None:
    """The last bound before the cutoff is that of the partition that goes."""
    sql(days, "call app.make('old', -40)", "drop table app.d9", "select maint.set_policy('app.t', '9 days')")
    for number in (1, 0, 0):
        assert listed(days, "call maint.rotate('app.t')") >= number
        assert is_right(days)


def test_another_keep_or_time_column_is_another_list(days: Database) -> None:
    sql(days, "select maint.set_policy('app.t', '5 days')")
    assert is_right(days)
    sql(days, "select maint.set_policy('app.t', '9 days')")
    assert is_right(days)
    assert listed(days, "call maint.rotate('app.t')") == 1
    sql(days, "select maint.drop_policy('app.t')")
    assert days.query("select * from maint._noted_set") == []


def test_a_bound_that_passes_is_noticed(days: Database) -> None:
    """The clock goes over the upper bound of a partition: it was not expired in the list, and is now."""
    sql(
        days,
        "create or replace function maint._clock() returns timestamptz language sql stable"
        " set search_path = pg_catalog, pg_temp as $$ select now() + interval '24 hours' $$",
        "select maint.set_setting('guard_clock', '100 years'), maint.set_setting('guard_rows', '1000000')",
    )
    assert is_right(days)
    sql(days, "call maint.rotate('app.t')")
    run = last_run(days)
    assert (run["stop_reason"], run["partitions_made"]) == ("done", 1)
    assert is_right(days)


@pytest.mark.parametrize("lie", ["expired", "taken", "floor", "model"])
def test_a_list_that_lies_removes_nothing_that_must_stay(lie: str, days: Database) -> None:
    """Nobody but passes writes it, and still: whatever it says, each partition is looked at again before it goes."""
    lies: dict[str, Any] = {
        "expired": "(select jsonb_agg(jsonb_build_object('relation_id', inhrelid::bigint, 'lower_literal', 'x',"
        " 'upper_literal', 'y', 'upper_at', '2000-01-01', 'detach_pending', false, 'mark', 1))"
        " from pg_inherits where inhparent = 'app.t'::regclass)",
        "taken": "'{}'::text",
        "floor": "now() + interval '1 year'",
        "model": "'app.t'::regclass::oid::bigint",
    }
    before = days.query("select n, tableoid from app.t order by n")
    lying = f"update maint._noted_set set content = content || jsonb_build_object('{lie}', {lies[lie]})"
    for call in (
        "call maint.rotate('app.t', p_detacher => 'nobody')",
        "call maint.rotate('app.t')",
        "call maint.cleanup('app.t')",
    ):
        sql(days, "delete from maint._noted_set", "call maint.rotate('app.t')", lying)
        with days.connect() as connection, suppress(psycopg.errors.RaiseException):
            connection.execute(call.encode())
        # Nobody was asked to detach one either.
        assert days.query("select * from maint._detaching") == []
        if lie in ("expired", "taken") and "rotate" in call:
            # What the pass could not do is not believed for a second time.
            sql(days, "call maint.rotate('app.t')")
            assert last_run(days)["stop_reason"] == "done"
            assert is_right(days)
    assert days.query("select n, tableoid from app.t order by n") == before
