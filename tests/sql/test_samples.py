"""Samples: what is measured, what is not and why, and that they stay few."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from support import Database
from support.passes import until
from support.policies import listening, set_policy

LATEST = "select * from maint._sample order by at desc limit 1"


def sample(database: Database, arguments: str = "", **parts: Any) -> list[tuple[str, str]]:
    """`call maint.sample(…)`; returns its warnings."""
    with database.connect(**parts) as connection, listening(connection) as told:
        connection.execute(f"call maint.sample({arguments})".encode())
    return told.of("WARNING")


def make(database: Database, name: str = "events", expired: int = 300, fresh: int = 700) -> None:
    """A table with rows on both sides of its cutoff, one a minute."""
    with database.connect() as connection:
        for statement in (
            f"create table {name} (id bigint, at timestamptz, payload text)",
            f"insert into {name} select i, now() - interval '7 days' - make_interval(mins => i - 1, secs => 30),"
            f" 'x' from generate_series(1 - {fresh}, {expired}) as i",
            f"create index on {name} (at)",
            # Counters of this session that come after those of ANALYZE would be added to them.
            "select pg_stat_force_next_flush()",
            f"analyze {name}",
        ):
            connection.execute(statement.encode())
        set_policy(connection, name, "7 days")


def test_a_sample_says_what_is_there(database: Database) -> None:
    make(database)
    until(lambda: database.value("select pg_stat_get_live_tuples('events'::regclass)") == 1000)
    assert sample(database) == []
    (found,) = database.query(
        "select s.*, pg_relation_size('events') as heap, pg_indexes_size('events') as index, e.oldest, e.newest"
        " from maint._sample as s, (select min(at) as oldest, max(at) as newest from events) as e"
    )
    assert (found["rows"], found["dead_rows"], found["inserted"], found["deleted"]) == (1000, 0, 1000, 0)
    assert (found["heap_bytes"], found["index_bytes"], found["sizes_exact"]) == (found["heap"], found["index"], True)
    assert (found["oldest_at"], found["newest_at"]) == (found["oldest"], found["newest"])
    assert (found["expired_rows"], found["expired_exact"], found["problem"]) == (300, True, None)


def test_nothing_expired_tells_the_oldest_row_that_stays(database: Database) -> None:
    make(database, expired=0)
    sample(database)
    (found,) = database.query("select s.*, (select min(at) from events) as oldest from maint._sample as s")
    assert (found["expired_rows"], found["oldest_at"]) == (0, found["oldest"])


def test_beyond_the_limit_the_planner_stands_in(database: Database) -> None:
    make(database, expired=30000)
    sample(database)
    (found,) = database.query(LATEST)
    assert found["expired_exact"] is False
    assert found["expired_rows"] == pytest.approx(30000, rel=0.05)
    assert found["oldest_at"] == database.value("select min(at) from events")


@pytest.mark.parametrize(
    ("type_name", "unit", "expression"),
    [
        ("timestamp", None, "at at time zone 'Europe/Berlin'"),
        ("date", None, "(at at time zone 'Europe/Berlin')::date"),
        ("bigint", "ms", "(extract(epoch from at) * 1000)::bigint"),
        ("integer", "s", "extract(epoch from at)::integer"),
    ],
)
def test_every_time_type_is_measured(database: Database, type_name: str, unit: str | None, expression: str) -> None:
    database.query(f"create table events (t {type_name})")
    database.query(
        f"insert into events select {expression} from (select now() - make_interval(hours => i, mins => -30) as at"
        " from generate_series(1, 2400) as i) as x"
    )
    database.query("create index on events (t)")
    database.query("analyze events")
    with database.connect() as connection:
        set_policy(
            connection,
            "events",
            "50 days",
            time_zone="Europe/Berlin",
            **({"column": "t", "epoch_unit": unit} if unit else {}),
        )
    before = database.query("select * from maint.retention")[0]
    exact = database.value("select expired_rows from maint.plan('events')")
    assert before["expired_method"] == "estimated"
    assert before["expired_rows"] == pytest.approx(exact, rel=0.05)
    sample(database)
    found = database.query("select *, now() - oldest_at as age, now() - newest_at as young from maint._sample")[0]
    assert found["expired_rows"] == exact
    slack = 86400 if type_name == "date" else 60
    assert found["age"].total_seconds() == pytest.approx(2400 * 3600 - 1800, abs=slack)
    assert found["young"].total_seconds() == pytest.approx(1800, abs=slack)
    assert database.value("select expired_method from maint.retention") in ("counted", "estimated")


def test_a_locked_table_is_told_and_the_others_are_measured(database: Database) -> None:
    make(database, "locked")
    make(database, "events")
    with database.connect() as other, other.transaction():
        other.execute("lock table locked in access exclusive mode")
        began = time.monotonic()
        (warning,) = sample(database)
        assert time.monotonic() - began < 10
        assert "SQLSTATE 55P03" in warning[0]
        # The view reads what was stored, and does not wait either.
        began = time.monotonic()
        rows = {row["table_name"]: row for row in database.query("select * from maint.retention")}
        assert time.monotonic() - began < 5
    assert (rows["events"]["expired_rows"], rows["events"]["sampled_at"] is None) == (300, False)
    assert rows["locked"]["sampled_at"] is None
    stored = database.query("select problem from maint._sample where heap_bytes is null")
    assert [row["problem"] for row in stored] == [warning[0].removeprefix("public.locked: ")]


def test_a_dropped_table_is_told_and_the_others_are_measured(database: Database) -> None:
    make(database, "gone")
    make(database, "events")
    database.query("drop table gone")
    (warning,) = sample(database)
    assert warning[0].startswith("public.gone: public.gone (oid ")
    assert database.value("select count(*) from maint._sample where expired_rows = 300") == 1


def test_a_table_that_we_may_not_read_has_sizes_only(database: Database) -> None:
    make(database)
    with database.superuser() as root:
        root.execute("alter table events owner to current_user")
        root.execute("revoke all on events from public, maint_owner")
    (warning,) = sample(database)
    assert "may not read it" in warning[0]
    (found,) = database.query(LATEST)
    assert (found["heap_bytes"] > 0, found["expired_rows"], found["oldest_at"]) == (True, None, None)


def test_without_an_index_no_table_is_read(database: Database) -> None:
    make(database)
    database.query("drop index events_at_idx")
    (warning,) = sample(database)
    assert "no index leads with at" in warning[0]
    assert database.query(LATEST)[0]["expired_rows"] is None


def test_the_probe_does_not_walk_what_a_condition_keeps(database: Database) -> None:
    make(database, expired=20000)
    with database.connect() as connection:
        set_policy(connection, "events", condition="payload = 'y'")
    sample(database)
    (found,) = database.query(LATEST)
    # None of the 10,001 oldest matches, and of the others nobody knows.
    assert (found["expired_rows"], found["expired_exact"]) == (None, False)
    assert database.query("select expired_rows, expired_method from maint.retention") == [
        {"expired_rows": None, "expired_method": None}
    ]


def test_partitions_are_added_up(database: Database) -> None:
    database.query("create table events (at timestamptz) partition by range (at)")
    database.query("create index on events (at)")
    for day in range(70):
        database.query(
            f"create table events_{day} partition of events for values"
            f" from (date_trunc('day', now()) - interval '{70 - day} days')"
            f" to (date_trunc('day', now()) - interval '{69 - day} days')"
        )
    database.query(
        "insert into events select date_trunc('day', now()) - make_interval(mins => 30 * i)"
        " from generate_series(1, 69 * 48) as i"
    )
    database.query("analyze events")
    with database.connect() as connection:
        set_policy(connection, "events", "50 days")
    sample(database)
    (found,) = database.query(LATEST)
    assert (found["rows"], found["sizes_exact"]) == (69 * 48, False)
    assert found["heap_bytes"] > 0
    assert found["expired_rows"] == database.value("select expired_rows from maint.plan('events')")
    (row,) = database.query("select * from maint.retention")
    assert row["expired_rows"] == pytest.approx(found["expired_rows"], abs=1)
    # Reading it locks no partition, however many there are.
    with database.connect() as connection, connection.transaction():
        connection.execute("select * from maint.retention, maint.forecast").fetchall()
        (locked,) = connection.execute(
            "select count(*) from pg_locks where pid = pg_backend_pid() and relation::regclass::text like 'events%'"
        ).fetchone() or (None,)
    assert locked == 0


def test_samples_stay_few(database: Database) -> None:
    make(database)
    database.query(
        "insert into maint._sample (policy_id, relation_id, at, heap_bytes) select policy_id, relation_id,"
        " date_trunc('day', now()) - make_interval(mins => 10 * i), 1"
        " from maint._policy, generate_series(1, 6 * 24 * 500) as i"
    )
    database.query("insert into maint._sample (policy_id, relation_id) values (999999, 1)")
    sample(database)
    (kept,) = database.query(
        "select count(*) filter (where at >= now() - interval '3 days') as raw,"
        " count(*) filter (where at < now() - interval '3 days' and at >= now() - interval '60 days') as hourly,"
        " count(*) filter (where at < now() - interval '60 days') as daily,"
        " count(*) filter (where policy_id = 999999) as foreign, min(at) > now() - interval '401 days' as young"
        " from maint._sample"
    )
    assert 6 * 24 * 2 <= kept["raw"] <= 6 * 24 * 3 + 1
    assert 24 * 57 - 1 <= kept["hourly"] <= 24 * 57 + 1
    assert 338 <= kept["daily"] <= 341
    assert (kept["foreign"], kept["young"]) == (0, True)
    database.query("select maint.set_setting('keep_samples', '7 days')")
    sample(database)
    assert database.value("select min(at) > now() - interval '7 days' from maint._sample") is True


def test_it_commits_and_says_so(database: Database) -> None:
    make(database)
    refused = pytest.raises(psycopg.errors.InvalidTransactionTermination, match="sample commits after every batch")
    with refused, database.connect() as connection, connection.transaction():
        connection.execute("call maint.sample()")


def test_a_job_of_pg_cron_writes_down_its_call(database: Database) -> None:
    make(database)
    database.query("drop index events_at_idx")
    sample(database, "p_job => 'sample', p_quiet => true")
    (call,) = database.query("select outcome, detail from maint._call where job_name = 'sample'")
    assert call["outcome"] == "done"
    assert "no index leads with at" in call["detail"]
    database.query("select maint.set_setting('sample_schedule', '*/10 * * * *')")
    wanted = database.query("select job_name, command from maint._wanted_jobs('maint_owner')")
    (command,) = [row["command"] for row in wanted if row["job_name"] == "sample"]
    database.query(command)
    assert database.value("select count(*) from maint._call where job_name = 'sample'") == 2


def test_one_table_alone(database: Database) -> None:
    make(database, "one")
    make(database, "two")
    sample(database, "'two'")
    assert database.value("select array_agg(relation_id::regclass::text) from maint._sample") == ["two"]


def test_the_job_is_watched_like_that_of_cleanup(database: Database) -> None:
    make(database)
    database.query(
        'select maint._record_jobs(\'[{"job_name": "sample", "kind": "sample", "schedule": "*/10 * * * *",'
        ' "command": "c", "cron_job_id": 1}]\', current_user, \'elsewhere\', \'GMT\')'
    )
    state = "select state, last_outcome, missed_24h > 0 as missed from maint.jobs where job_name = 'sample'"
    assert database.query(state) == [{"state": "waiting", "last_outcome": None, "missed": False}]
    sample(database, "p_job => 'sample', p_quiet => true")
    assert database.query(state) == [{"state": "ok", "last_outcome": "done", "missed": False}]
    database.query("delete from maint._call")
    database.query("update maint._job set applied_at = now() - interval '1 hour'")
    assert database.query(state) == [{"state": "late", "last_outcome": None, "missed": True}]
