"""A table that is to be rotated, a rotation to disturb, and what must hold after it."""

from __future__ import annotations

from typing import Any

from support.database import Database
from support.passes import Pass, until

STRAY = """
    select c.oid::regclass::text as name from pg_class as c
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.oid <> 'app.t'::regclass
        and not exists (select from maint._detached as d where d.relation_id = c.oid and d.dropped_at is null)
"""
WRONG = """
    select d.table_name from maint._detached as d
    left join pg_class as c on c.oid = d.relation_id
    where (d.dropped_at is null) is distinct from (c.oid is not null and not c.relispartition)
"""
LEFT = """
    select l.locktype, l.mode, l.relation::regclass from pg_locks as l join pg_stat_activity as a on a.pid = l.pid
    where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
"""
DETACH = (
    "select pid, wait_event from pg_stat_activity where query like 'alter table app.t detach%%' and state = 'active'"
)
# The pass has waited for longer than a session is believed that has just begun.
STILL_WAITED_FOR = (
    "select true as is_so from maint._run as r join maint._detaching as d using (run_id)"
    " where r.heartbeat_at > d.claimed_at + interval '4 s'"
)
FRESH = "select tableoid::regclass::text like '%%t_p%%' as is_made, n from app.t where n > 1000 order by n"


def sql(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def last_run(database: Database) -> dict[str, Any]:
    return database.query("select * from maint.runs where kind = 'rotation' order by run_id desc limit 1")[0]


def rotation(database: Database, **parts: Any) -> Pass:
    """One rotation of app.t in a session of its own."""
    call = Pass(database, **parts)
    call.statement = "call maint.rotate('app.t')"
    return call


def assert_nothing_half_done(database: Database, somebodys: frozenset[str] = frozenset()) -> None:
    until(lambda: not database.query(LEFT), 10)
    assert {row["name"] for row in database.query(STRAY)} <= somebodys
    assert database.query(WRONG) == []


def assert_finishes(database: Database, partitions: int = 3) -> None:
    """The next pass takes over and is done: old partitions gone, new ones there, unexpired rows all seen once."""
    with rotation(database) as call:
        assert call.wait().error is None, call.error
    assert last_run(database)["stop_reason"] == "done"
    found = database.query("select * from maint.partitions where table_name = 't' and not is_default order by upper_at")
    assert len(found) == partitions
    assert [one["upper_at"] for one in found[:-1]] == [one["lower_at"] for one in found[1:]]
    assert database.query("select table_name from maint._detached where dropped_at is null") == []
    assert database.query("select run_id from maint.runs where stop_reason is null") == []
    assert_nothing_half_done(database)


def make_sets(database: Database) -> None:
    """Two expired partitions with rows, and a default with rows of the present; none of the present is made yet."""
    sql(
        database,
        "create schema app",
        "create table app.t (at timestamptz not null, n int) partition by range (at)",
        "create index on app.t (at)",
        "create table app.a partition of app.t for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')",
        "create table app.b partition of app.t for values from ('2020-02-01 00:00+00') to ('2020-03-01 00:00+00')",
        "create table app.rest partition of app.t default",
        "insert into app.t select '2020-01-05 00:00+00'::timestamptz + i * interval '1 hour', i"
        " from generate_series(1, 1000) as i",
        "insert into app.t select now(), 1000 + i from generate_series(1, 50) as i",
        "analyze app.t",
        "select maint.set_policy('app.t', '1 day', p_partition_interval => '1 month', p_premake => 2,"
        " p_time_zone => 'UTC')",
    )
