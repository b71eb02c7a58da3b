"""Somebody holds a lock that a rotation needs: it says who, and only what cannot go on without it waits."""

from __future__ import annotations

import pytest
from support import Cluster, Database, LocalCluster, running
from support.passes import Pass, until
from support.rotations import assert_finishes, assert_nothing_half_done, last_run, make_sets, rotation, sql

PRESENT = "select to_regclass('app.a') is not null as a, to_regclass('app.b') is not null as b"


@pytest.fixture
def sets(database: Database) -> Database:
    make_sets(database)
    return database


def test_a_reader_of_one_partition_delays_that_one(sets: Database) -> None:
    with sets.connect(application_name="nightly export") as reader:
        reader.autocommit = False
        reader.execute("select * from app.a limit 1")
        with rotation(sets) as call:
            error = str(call.wait().error)
        who = f"app.a is locked by pid {reader.info.backend_pid} (maint_owner, nightly export), through ten attempts"
        assert "locked, 3 partitions made, 1 removed" in error
        assert who in error
        last = last_run(sets)
        assert (last["stop_reason"], last["error_sqlstate"]) == ("locked", "55P03")
        assert list(sets.query(PRESENT)[0].values()) == [True, False]
        reader.rollback()
    assert_finishes(sets)


def test_a_reader_of_the_whole_delays_all_removals_and_no_new_partition(sets: Database) -> None:
    with sets.connect(application_name="nightly export") as reader:
        reader.autocommit = False
        sets.query("drop table app.rest")
        reader.execute("select * from app.t limit 1")
        with rotation(sets) as call:
            error = str(call.wait().error)
        assert f"app.t is locked by pid {reader.info.backend_pid} (maint_owner, nightly export)" in error
        assert "locked, 3 partitions made, 0 removed" in error
        reader.rollback()
    assert_finishes(sets)


def test_a_prepared_transaction_is_named(cluster: Cluster) -> None:
    assert isinstance(cluster, LocalCluster)
    with running(cluster.another("max_prepared_transactions = 2\nautovacuum = off\n")) as own:
        make_sets(own)
        sql(own, "begin", "lock table only app.b in row share mode", "prepare transaction 'forgotten'")
        with rotation(own) as call:
            error = str(call.wait().error)
        # Whoever writes to a partition by its own name locks the whole as well; this one does not.
        assert "app.b is locked by a prepared transaction" in error
        assert list(own.query(PRESENT)[0].values()) == [False, True]
        sql(own, "rollback prepared 'forgotten'")
        assert_finishes(own)


def test_a_vacuum_to_prevent_wraparound_is_left_alone(cluster: Cluster) -> None:
    """It does not give way as other autovacuums do: its partition waits for its end, and the other one goes."""
    assert isinstance(cluster, LocalCluster)
    settings = (
        "autovacuum = on\nautovacuum_naptime = 1\nautovacuum_freeze_max_age = 100000\ndeadlock_timeout = 100\n"
        "log_autovacuum_min_duration = 0\n"
    )
    with running(cluster.another(settings)) as own, own.superuser() as root:
        make_sets(own)
        sql(
            own,
            "alter table app.a set (autovacuum_enabled = off, autovacuum_vacuum_cost_delay = 100,"
            " autovacuum_vacuum_cost_limit = 1)",
            "insert into app.t select '2020-01-05 00:00+00'::timestamptz + i * interval '1 s', i"
            " from generate_series(2000, 60000) as i",
            "create unlogged table public.burnt (n int)",
            # Each takes a transaction id.
            "do $$ begin for i in 1 .. 110000 loop begin insert into public.burnt values (i); raise exception 'again';"
            " exception when raise_exception then null; end; end loop; end $$",
        )
        at_work = b"select pid from pg_stat_activity where query ~ '^autovacuum: VACUUM .*app.a .to prevent wraparound'"
        until(lambda: root.execute(at_work).fetchall(), 60)
        with rotation(own) as call:
            error = str(call.wait().error)
        assert "app.a is locked by pid " in error
        assert ", through ten attempts" in error
        assert root.execute(at_work).fetchall()
        assert list(own.query(PRESENT)[0].values()) == [True, False]
        assert_nothing_half_done(own)
        # Rows go past it all the same, and when it is over the partition goes as well.
        own.query("call maint.cleanup('app.t')")
        assert own.query("select count(*) from app.t") == [{"count": 50}]
        hurry = Pass(own)
        hurry.statement = "alter table app.a set (autovacuum_vacuum_cost_delay = 0)"
        with hurry:
            until(lambda: hurry.waits_for() == "relation")
            (worker,) = root.execute(at_work).fetchall()
            root.execute("select pg_terminate_backend(%s)", worker)
            assert hurry.wait().error is None
        until(lambda: not root.execute(at_work).fetchall(), 60)
        assert_finishes(own)
