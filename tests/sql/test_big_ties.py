"""Many rows of one time: no endless loop, no outsize batch, and all of them go."""

from __future__ import annotations

import time
from typing import Any

import pytest
from support import Database
from support.passes import Pass, until


def _prepare(database: Database, definition: str, rows: str, policy: str = "'7 days'") -> None:
    """app.ties with these columns, filled by a query, with an index on `at` and a policy."""
    with database.connect() as connection:
        for statement in (
            "create schema app",
            f"create table app.ties ({definition})",
            f"insert into app.ties {rows}",
            "create index on app.ties (at)",
            "analyze app.ties",
            f"select maint.set_policy('app.ties', {policy})",
        ):
            connection.execute(statement.encode())


def _clean(database: Database, arguments: str) -> dict[str, Any]:
    """One pass that is over well before its deadline; its ledger row."""
    with Pass(database, f"'app.ties', p_max_duration => '60 s', {arguments}") as one:
        assert one.wait(90).error is None
    (run,) = database.query("select * from maint.runs")
    return run


def _left(database: Database) -> Any:
    return database.value("select count(*) from app.ties")


def test_a_day_of_a_million_rows(database: Database) -> None:
    _prepare(
        database,
        "at date not null, n int",
        "select current_date - 20, i from generate_series(1, 1000000) as i"
        " union all select current_date - 19, i from generate_series(1, 30) as i"
        " union all select current_date, i from generate_series(1, 70) as i",
        "'7 days', p_time_zone => 'UTC'",
    )
    run = _clean(database, "p_batch_rows => 20000")
    assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", 1000030, 0)
    assert run["largest_batch"] <= 1.5 * 20000
    assert 1000030 / (1.5 * 20000) <= run["batches"] <= 60
    assert _left(database) == 70


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_minutes_with_more_rows_than_a_batch(database: Database, kind: str) -> None:
    """Groups of 1, 999, 1000, 1001, 1500, 1501 and 20000 rows, in this order of time, against batches of 1000."""
    _prepare(
        database,
        f"at {kind}, n int",
        "select date_trunc('minute', localtimestamp) - interval '10 days' + make_interval(mins => m), i"
        " from (values (1, 1), (2, 999), (3, 1000), (4, 1001), (5, 1500), (6, 1501), (7, 20000)) as g (m, size)"
        " cross join lateral generate_series(1, size) as i"
        " union all select localtimestamp - interval '1 day', i from generate_series(1, 2000) as i",
        "'7 days', p_time_zone => 'UTC'",
    )
    run = _clean(database, "p_batch_rows => 1000")
    assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", 26002, 0)
    assert run["largest_batch"] <= 1500
    assert _left(database) == 2000


def test_one_row_a_batch(database: Database) -> None:
    _prepare(database, "at date", "select current_date - 20 - i % 3 from generate_series(1, 60) as i")
    run = _clean(database, "p_batch_rows => 1")
    assert (run["stop_reason"], run["rows"], run["largest_batch"], run["batches"]) == ("done", 60, 1, 60)


def test_rows_that_come_in_between_probe_and_delete(database: Database) -> None:
    """The first probe is held at the row it will return; the DELETE after it sees 5000 rows more than it counted."""
    with database.connect() as connection:
        connection.execute("create schema app")
        connection.execute(
            # Declared immutable, which it is not. Only a probe meets row 1001 in a transaction that wrote nothing yet,
            # and pg_locks is read live, without a snapshot.
            "create function app.hold(n int) returns boolean language plpgsql immutable set search_path = pg_catalog as"
            " $$ begin while n = 1001 and pg_current_xact_id_if_assigned() is null and not exists"
            " (select from pg_locks where locktype = 'advisory' and objid = 77)"
            " loop perform pg_sleep(0.01); end loop; return true; end $$"
        )
        connection.execute("create table app.ties (at timestamptz, n int)")
        connection.execute(
            "insert into app.ties select now() - interval '19 days' + make_interval(secs => i), i"
            " from generate_series(1, 2000) as i"
        )
        connection.execute("create index on app.ties (at)")
        connection.execute("select maint.set_policy('app.ties', '7 days', p_condition => 'app.hold(n)')")
        with Pass(database, "'app.ties', p_batch_rows => 1000") as one:
            until(lambda: one.waits_for() == "PgSleep")
            connection.execute(
                "insert into app.ties select now() - interval '19 days' + make_interval(secs => i % 900), 0"
                " from generate_series(1, 5000) as i"
            )
            connection.execute("select pg_advisory_lock(77)")
            assert one.wait().error is None
    (run,) = database.query("select * from maint.runs")
    assert (run["stop_reason"], run["rows"], run["debt_rows"], run["rows_before"]) == ("done", 7000, 0, 2000)
    assert run["largest_batch"] <= 1500
    assert _left(database) == 0


def test_late_rows_that_keep_coming_do_not_keep_a_pass(database: Database) -> None:
    """Somebody inserts old rows behind the scan all the time; the pass takes what it meets and comes to an end."""
    _prepare(
        database,
        "at timestamptz, n int",
        "select now() - interval '20 days' + make_interval(secs => i), i from generate_series(1, 3000) as i",
    )
    with Pass(database, "'app.ties', p_batch_rows => 100, p_max_duration => '60 s'") as one, database.connect() as late:
        inserted = 0
        while one.running:
            late.execute("insert into app.ties select now() - interval '21 days', 0 from generate_series(1, 7)")
            inserted += 7
            time.sleep(0.02)
        assert one.wait().error is None
    (run,) = database.query("select * from maint.runs")
    assert run["stop_reason"] == "done"
    assert run["largest_batch"] <= 150
    assert run["rows"] >= 3000
    assert run["rows"] + _left(database) == 3000 + inserted


KEEPS = "create function app.keep() returns trigger language plpgsql set search_path = '' as $$ begin {} end $$"
TRIGGER = "create trigger keep before delete on app.ties for each row execute function app.keep()"


@pytest.mark.parametrize("group", [50, 1000], ids=["times of less than a batch", "times of more than a batch"])
def test_a_trigger_that_keeps_every_row(database: Database, group: int) -> None:
    _prepare(
        database,
        "at timestamptz, n int",
        f"select now() - interval '20 days' + make_interval(secs => i / {group}), i from generate_series(0, 2999) as i",
    )
    database.query(KEEPS.format("return null;"))
    database.query(TRIGGER)
    run = _clean(database, "p_batch_rows => 100")
    assert (run["stop_reason"], run["rows"], run["batches"]) == ("done", 0, 0)
    assert (run["debt_rows"], run["debt_exact"]) == (3000, True)
    assert _left(database) == 3000


@pytest.mark.parametrize("group", [1, 50, 1000], ids=["own times", "small groups", "groups larger than a batch"])
def test_a_trigger_that_keeps_some_rows(database: Database, group: int) -> None:
    """What may go goes, what the trigger keeps is told as debt."""
    _prepare(
        database,
        "at timestamptz, n int",
        f"select now() - interval '20 days' + make_interval(secs => i / {group}), i from generate_series(0, 2999) as i",
    )
    database.query(KEEPS.format("return case when old.n % 3 > 0 then old end;"))
    database.query(TRIGGER)
    run = _clean(database, "p_batch_rows => 100")
    assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", 2000, 1000)
    assert run["largest_batch"] <= 150
    assert database.value("select count(*) filter (where n % 3 > 0) from app.ties") == 0


def test_one_time_behind_dead_rows_that_no_vacuum_may_take(database: Database) -> None:
    """To find the next rows takes longer than the target, which no smaller batch would change."""
    _prepare(
        database,
        "at timestamptz not null, n int, pad text",
        "select '2026-01-05 00:00+00', i, repeat('x', 80) from generate_series(1, 120000) as i",
    )
    database.query("alter table app.ties set (autovacuum_enabled = off)")
    database.query("select maint.set_setting('batch_target', '50 ms')")
    database.query("select maint.set_setting('duty', 'full')")
    with database.connect() as reader:
        reader.autocommit = False
        reader.execute("set transaction isolation level repeatable read")
        assert reader.execute("select count(*) from app.ties").fetchall() == [(120000,)]
        run = _clean(database, "p_quiet => true")
        assert reader.execute("select count(*) from app.ties").fetchall() == [(120000,)]
    assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", 120000, 0)
    assert run["batches"] < 120
    assert _left(database) == 0
