"""A rotation that dies, or finds somebody in its way: nothing half made or gone that must stay, and it goes on."""

from __future__ import annotations

import time

import psycopg
import pytest
from support import Cluster, Database, LocalCluster, running
from support.passes import until
from support.rotations import FRESH, assert_finishes, assert_nothing_half_done, last_run, make_sets, rotation, sql

# Event, command, and what the catalog looks like then: the moments at which a rotation of app.t is stopped.
MADE = "to_regclass('app.t_p' || to_char(now() at time zone 'UTC', 'YYYYMM01')) is not null"
ATTACHED = "(select count(*) from pg_inherits as i where i.inhparent = 'app.t'::regclass) > 3"
MOMENTS = {
    "made, not attached": ("ddl_command_end", "CREATE TABLE", MADE),
    "attached, not committed": ("ddl_command_end", "ALTER TABLE", ATTACHED),
    "detached, not committed": (
        "ddl_command_end",
        "ALTER TABLE",
        "not (select c.relispartition from pg_class as c where c.oid = 'app.a'::regclass)",
    ),
    "detached, not dropped": ("ddl_command_start", "DROP TABLE", "true"),
    "dropped, not committed": ("ddl_command_end", "DROP TABLE", "to_regclass('app.a') is null"),
}


@pytest.fixture
def sets(database: Database) -> Database:
    make_sets(database)
    return database


@pytest.mark.parametrize("how", ["terminated", "killed"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_it_dies_in_mid_step(sets: Database, moment: str, how: str) -> None:
    event, tag, condition = MOMENTS[moment]
    with sets.superuser() as root:
        root.execute(
            "create function public.stop_here() returns event_trigger language plpgsql as $$ begin"
            f" if tg_tag = '{tag}' and ({condition}) then perform pg_sleep(60); end if; end $$".encode()
        )
        root.execute(f"create event trigger stop_here on {event} execute function public.stop_here()".encode())
    fresh = sets.query(FRESH)
    with rotation(sets) as call:
        until(lambda: call.waits_for() == "PgSleep")
        if how == "killed":
            sets.cluster.kill_backend(call.pid)
        else:
            sets.value("select pg_terminate_backend(%s)", call.pid)
        assert call.wait().error is not None
    with sets.superuser() as root:
        root.execute("drop event trigger stop_here")
    assert_nothing_half_done(sets)
    assert [row["n"] for row in sets.query(FRESH)] == [row["n"] for row in fresh]
    died = last_run(sets)
    assert (died["stop_reason"], died["finished_at"]) == ("interrupted", None)
    gone = [row["table_name"] for row in sets.query("select table_name from maint._detached")]
    # All are detached before the first is dropped.
    assert sorted(gone) == (["a", "b"] if moment in ("detached, not dropped", "dropped, not committed") else [])
    # What it had done is what it had committed.
    made = sets.value("select count(*) from maint.partitions where table_name = 't' and partition_name ~ '^t_p'")
    assert (died["partitions_made"], died["partitions_removed"]) == (made, len(gone))
    assert (made == 0) == (moment in ("made, not attached", "attached, not committed"))
    assert_finishes(sets)
    assert [row["n"] for row in sets.query(FRESH)] == [row["n"] for row in fresh]
    assert {row["is_made"] for row in sets.query(FRESH)} == {True}
    assert sets.value("select finished_at is not null from maint._run where run_id = %s", died["run_id"]) is True


def test_a_busy_autovacuum_is_displaced(cluster: Cluster) -> None:
    """It gives way to what waits longer than deadlock_timeout; neither writers nor the rotation wait for its end."""
    assert isinstance(cluster, LocalCluster)
    with running(cluster.another("autovacuum = on\nautovacuum_naptime = 1\n")) as own, own.superuser() as root:
        make_sets(own)
        at_work = (
            "select a.pid from pg_stat_activity as a join pg_locks as l on l.pid = a.pid"
            " where a.backend_type = 'autovacuum worker' and l.relation in ('app.a'::regclass, 'app.rest'::regclass)"
        )
        own.query(
            "alter table app.a set (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,"
            " autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)"
        )
        own.query("insert into app.t select '2020-01-05 00:00+00', i from generate_series(2000, 60000) as i")
        own.query("update app.t set n = n + 100000 where n between 2000 and 60000")
        until(lambda: root.execute(at_work.encode()).fetchall(), 60)
        begun = time.monotonic()
        assert_finishes(own)
        assert time.monotonic() - begun < 30
        assert own.query("select count(*) from app.t where n <= 1050 and n > 1000") == [{"count": 50}]


@pytest.mark.parametrize("room", [0, 20, 40])
def test_no_room_for_locks_is_a_failure_and_nothing_half_done(cluster: Cluster, room: int) -> None:
    assert isinstance(cluster, LocalCluster)
    few = "max_locks_per_transaction = 32\nmax_connections = 12\nautovacuum = off\n"
    with running(cluster.another(few)) as own, own.connect() as hog:
        make_sets(own)
        call = rotation(own)
        with pytest.raises(psycopg.errors.OutOfMemory):
            hog.execute("select pg_advisory_lock(i) from generate_series(1, 100000) as i")
        hog.execute("select pg_advisory_unlock(i) from generate_series(1, %s) as i", [room])
        with call:
            error = call.wait().error
        assert isinstance(error, psycopg.Error)
        assert "max_locks_per_transaction" in f"{error} {error.diag.message_hint}"
        hog.execute("select pg_advisory_unlock_all()")
        assert_nothing_half_done(own)
        assert own.query("select count(*) from app.t") == [{"count": 1050}]
        assert_finishes(own)


@pytest.mark.parametrize("by_root", [True, False])
def test_a_publication_has_new_partitions_and_sees_expired_rows_deleted(sets: Database, by_root: bool) -> None:
    with sets.superuser() as root:
        root.execute(f"create publication feed for table app.t with (publish_via_partition_root = {by_root})".encode())
        root.execute("create publication one for table app.b with (publish = 'insert')")
        for name in ("a", "b", "rest"):
            root.execute(f"alter table app.{name} replica identity full".encode())
    published = "select tablename from pg_publication_tables where pubname = 'feed' order by 1"
    with rotation(sets) as call:
        assert "cannot move: publication feed carries deletes" in str(call.wait().error)
    # Nor does a partition go before its rows are deleted.
    assert (last_run(sets)["partitions_removed"], last_run(sets)["stop_reason"]) == (0, "failed")
    sets.query("delete from app.rest")
    sets.query("call maint.cleanup('app.t')")
    with rotation(sets) as call:
        assert call.wait().error is None
    assert (last_run(sets)["partitions_removed"], last_run(sets)["partitions_made"]) == (2, 1)
    made = sets.query("select partition_name from maint.partitions where partition_name like 't_p%' order by 1")
    assert [row["tablename"] for row in sets.query(published)] == (
        ["t"] if by_root else ["rest", *(row["partition_name"] for row in made)]
    )
    # One that was published by itself is gone from its publication, and new ones are nobody's but the root's.
    assert sets.query("select * from pg_publication_tables where pubname = 'one'") == []


def test_an_insert_only_publication_keeps_no_partition(sets: Database) -> None:
    with sets.superuser() as root:
        root.execute("create publication feed for table app.t with (publish = 'insert')")
    assert_finishes(sets)


@pytest.mark.parametrize(
    ("between", "gone"),
    [
        ("alter table app.t detach partition app.a", ["b"]),
        ("drop table app.a", ["b"]),
        ("alter table app.a rename to other", ["b", "other"]),
        ("alter table app.t detach partition app.a; alter table app.a rename to mine", ["b"]),
    ],
)
def test_somebody_else_changes_a_partition_in_mid_pass(sets: Database, between: str, gone: list[str]) -> None:
    """The pass is between its steps: what it made is committed, what is expired is not yet looked at."""
    sets.query("select maint.set_setting('lock_timeout', '2s')")
    # It locks in another order than the pass, and is not the one that gives way.
    with sets.superuser(options="-c deadlock_timeout=20s") as other, rotation(sets) as call:
        other.autocommit = False
        other.execute("lock table app.a in access exclusive mode")
        until(lambda: call.waits_for() == "relation")
        for statement in between.split("; "):
            other.execute(statement.encode())
        other.commit()
        call.wait()
    with rotation(sets) as call:
        assert call.wait().error is None, call.error
    assert last_run(sets)["stop_reason"] == "done"
    found = sets.query("select table_name from maint._detached where dropped_by_run is not null order by 1")
    assert [row["table_name"] for row in found] == gone
    assert sets.value("select to_regclass('app.mine') is not null or to_regclass('app.a') is not null") == (
        "detach" in between
    )
    assert_nothing_half_done(sets, frozenset({"app.mine", "app.a"} if "detach" in between else ()))


def test_a_partition_that_became_partitioned_is_refused_and_rows_go_one_by_one(sets: Database) -> None:
    sql(
        sets,
        "create table app.parts partition of app.t for values from ('2020-03-01 00:00+00') to ('2020-04-01 00:00+00')"
        " partition by list (n)",
        "create table app.part partition of app.parts default",
        "insert into app.t values ('2020-03-05 00:00+00', 7)",
    )
    with rotation(sets) as call:
        assert "app.parts of app.t is partitioned itself" in str(call.wait().error)
    assert last_run(sets)["stop_reason"] == "failed"
    sets.query("call maint.cleanup('app.t')")
    assert sets.query("select count(*) from app.t") == [{"count": 50}]
    assert sets.value("select count(*) from pg_inherits where inhparent = 'app.t'::regclass") == 4
