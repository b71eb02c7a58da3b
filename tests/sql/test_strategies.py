"""Both ways of removing rows, how one of them is chosen, and that neither ever removes anything else."""

from __future__ import annotations

from typing import Any

import pytest
from support import Database
from support.passes import Pass, until

# Rows in pages that hold few of them, so that a small table has more than the thousand pages of a small one.
COLUMNS = "(id bigint, at timestamptz, open boolean) with (fillfactor = 10)"
AGE = "now() - make_interval(secs => {}) * 100"
ORDERED = "insert into t select i, {} , i % 3 = 0 from generate_series(1, 24000) as i"


def fill(
    database: Database, *, order: str, index: bool = True, analyze: bool = True, expired: str = "i < 12000"
) -> None:
    """24000 rows: 30 days old where `expired`, else of today; in an order of the heap."""
    with database.connect() as connection:
        connection.execute(f"create table t {COLUMNS}".encode())
        connection.execute(
            f"insert into t select i, case when {expired} then now() - interval '30 days' else now() end"
            f" + make_interval(secs => i), i %% 3 = 0 from generate_series(1, 24000) as i order by {order}".replace(
                "%%", "%"
            ).encode()
        )
        if index:
            connection.execute("create index t_at on t (at)")
        if analyze:
            connection.execute("analyze t")
        connection.execute("select maint.set_policy('t', '7 days')")


def planned(database: Database) -> str:
    """What the plan says of the strategy."""
    (row,) = database.query("select findings from maint.plan()")
    (found,) = [one["detail"] for one in row["findings"] if one["check_id"] == "strategy"]
    assert isinstance(found, str)
    return found


def run(database: Database, arguments: str = "'t'") -> dict[str, Any]:
    """One pass; its row in the ledger."""
    database.query(f"call maint.cleanup({arguments}, p_duty => 'full')")
    return database.query("select * from maint.runs order by run_id desc limit 1")[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"order": "i"}, "by range: time follows the heap (correlation 1.00)"),
        ({"order": "-i"}, "by range: time follows the heap (correlation -1.00)"),
        ({"order": "md5(i::text)"}, "by pages: expired rows are scattered over the heap (correlation "),
        ({"order": "md5(i::text)", "expired": "i < 200"}, "by range: few rows are expired: about "),
        ({"order": "md5(i::text)", "analyze": False}, "by range: it was never analyzed"),
        ({"order": "i", "index": False}, "by pages: no index leads with at"),
    ],
)
def test_the_choice_and_what_it_removes(database: Database, given: dict[str, Any], told: str) -> None:
    fill(database, **given)
    assert planned(database).startswith(told)
    (expected,) = database.query(
        "select count(*) filter (where at < now() - interval '7 days') as gone,"
        " sum(id) filter (where at > now() - interval '7 days') as kept from t"
    )
    done = run(database)
    assert (done["stop_reason"], done["rows"], done["debt_rows"]) == ("done", expected["gone"], 0)
    assert f"by {done['strategy']}: {done['strategy_reason']}".startswith(told)
    assert database.value("select sum(id) from t") == expected["kept"]
    assert database.value("select count(*) from t where at < now() - interval '7 days'") == 0


@pytest.mark.parametrize("strategy", ["range", "pages"])
def test_it_can_be_forced(database: Database, strategy: str) -> None:
    fill(database, order="md5(i::text)")
    database.query("select maint.set_policy('t', p_strategy => %s)", strategy)
    assert planned(database) == f"by {strategy}: the policy says so"
    done = run(database)
    assert (done["strategy"], done["rows"], done["debt_rows"]) == (strategy, 11999, 0)


def test_a_small_table_goes_by_its_index(database: Database) -> None:
    database.query("create table t (at timestamptz)")
    database.query("create index on t (at)")
    database.query(
        "insert into t select now() - make_interval(days => i) from generate_series(0, 99) as i order by random()"
    )
    database.query("analyze t")
    database.query("select maint.set_policy('t', '7 days')")
    assert planned(database) == "by range: the table is small (1 pages)"


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_fixed_number_of_rows_also_by_pages(database: Database, rows: int) -> None:
    database.query("create table t (id int, at timestamptz)")
    database.query("insert into t select i, now() - interval '30 days' from generate_series(1, 2000) as i")
    database.query("insert into t select i, now() from generate_series(1, 10) as i")
    database.query("analyze t")
    database.query("select maint.set_policy('t', '7 days')")
    done = run(database, f"'t', p_batch_rows => {rows}")
    assert (done["strategy"], done["rows"], done["stop_reason"]) == ("pages", 2000, "done")
    # A page has up to 185 of these rows.
    assert done["largest_batch"] <= max(rows, 185 * (rows // 185))
    assert database.value("select count(*) from t") == 10


def test_an_index_that_goes_in_mid_pass_is_done_without(database: Database) -> None:
    fill(database, order="i")
    with Pass(database, "'t', p_batch_rows => 40, p_duty => '0.3'") as running:
        until(lambda: database.value("select coalesce(max(batches), 0) from maint.runs") > 3)
        database.query("drop index t_at")
        until(lambda: database.value("select rows from maint.runs") > 2000, 60)
        assert running.running
        database.query("select maint.set_policy('t', p_batch_rows => 5000)")
        assert running.wait().error is None
    interrupted = database.query("select * from maint.runs")[0]
    assert (interrupted["stop_reason"], interrupted["error_message"]) == ("interrupted", None)
    done = run(database)
    assert (done["stop_reason"], done["strategy"], done["debt_rows"]) == ("done", "pages", 0)
    assert database.value("select count(*) from t") == 12001


def test_partitions_that_differ(database: Database) -> None:
    with database.connect() as connection:
        for statement in (
            f"create table t {COLUMNS.split(' with')[0]} partition by list (open)",
            "create table t_open partition of t for values in (true) with (fillfactor = 10)",
            "create table t_rest partition of t default with (fillfactor = 10)",
            "insert into t select i, now() - interval '30 days', i % 2 = 0 from generate_series(1, 48000) as i",
            "insert into t select i, now(), i % 2 = 0 from generate_series(1, 1000) as i",
            "create index on t_open (at)",
            "analyze t",
            "select maint.set_policy('t', '7 days')",
        ):
            connection.execute(statement.encode())
    done = run(database)
    assert (done["stop_reason"], done["strategy"], done["rows"], done["debt_rows"]) == ("done", "mixed", 48000, 0)
    assert database.value("select count(*) from t") == 1000


@pytest.mark.parametrize("strategy", ["range", "pages"])
def test_locked_rows_are_skipped_and_looked_at_again(database: Database, strategy: str) -> None:
    fill(database, order="i")
    database.query("select maint.set_policy('t', p_strategy => %s)", strategy)
    with database.connect() as application:
        application.execute("begin")
        application.execute("select from t where id in (5, 6000) for update")
        with Pass(database, "'t', p_duty => 'full'") as running:
            until(lambda: database.value("select count(*) from t where at < now() - interval '7 days'") == 2)
            assert running.running
            application.execute("rollback")
            assert running.wait().error is None
    (done,) = database.query("select * from maint.runs")
    assert (done["stop_reason"], done["rows"], done["debt_rows"]) == ("done", 11999, 0)


def test_a_role_that_may_not_lock_rows_takes_smaller_batches(database: Database) -> None:
    """`for update skip locked` needs UPDATE; without it a batch gets smaller until it misses the locked row."""
    fill(database, order="i", expired="i < 200")
    database.query("revoke update on t from current_user")
    with database.connect() as application:
        application.execute("begin")
        application.execute("lock table t in row share mode")
        with database.superuser() as root, root.transaction():
            root.execute("select from t where id = 150 for update")
            with Pass(database, "'t', p_duty => 'full'") as running:
                error = running.wait().error
    assert error is not None
    (done,) = database.query("select * from maint.runs")
    assert (done["stop_reason"], done["error_sqlstate"]) == ("locked", "55P03")
    assert 0 < done["rows"] < 150
    assert run(database)["stop_reason"] == "done"


def test_whoever_waits_for_us_is_counted_and_waits_for_one_batch(database: Database) -> None:
    """An application that deletes what the pass deletes as well."""
    fill(database, order="i")
    database.query(
        "create function slow() returns trigger language plpgsql set search_path = '' as"
        " $$ begin perform pg_catalog.pg_sleep(0.3); return null; end $$"
    )
    database.query("create trigger slow after delete on t for each statement execute function slow()")
    with Pass(database, "'t', p_batch_rows => 500") as running, database.connect() as application:
        until(lambda: database.value("select coalesce(max(batches), 0) from maint.runs") >= 1)

        def was_counted() -> bool:
            application.execute(
                "delete from t where ctid ="
                " (select ctid from t where at < now() - interval '7 days' order by at limit 1)"
            )
            return bool(database.value("select max(blocked) from maint.runs") or not running.running)

        until(was_counted)
        assert running.running
        database.query("alter table t disable trigger slow")
        assert running.wait().error is None
    (done,) = database.query("select * from maint.runs")
    assert done["stop_reason"] == "done"
    assert done["blocked"] >= 1
    assert database.value("select count(*) from t") == 12001


EXPIRED = "at < now() - interval '7 days'"


def guess(database: Database, rows: int, where: str = EXPIRED) -> Any:
    """Where a batch of so many rows would end, as the heap says."""
    return database.value(
        "select maint._guess_boundary('public.t', 'at', 'timestamptz', %s, %s, c.reltuples::numeric / c.relpages)"
        " from pg_class as c where c.oid = 't'::regclass",
        where,
        rows,
    )


def test_where_time_follows_the_heap_a_boundary_is_read_off_it(database: Database) -> None:
    fill(database, order="i")
    boundary = guess(database, 2000)
    count = database.value(f"select count(*) from t where {EXPIRED} and at < %s", boundary)
    assert isinstance(count, int)
    assert 1900 < count < 2100
    further = f"at >= '{boundary}' and {EXPIRED}"
    second = guess(database, 2000, further)
    assert 1900 < database.value(f"select count(*) from t where {further} and at < %s", second) < 2100


def test_in_doubt_it_is_counted(database: Database) -> None:
    fill(database, order="i")
    # The end of what is expired, and nothing there at all.
    assert guess(database, 12000) is None
    assert guess(database, 50000) is None
    # A page that was emptied.
    database.query("delete from t where id between 1500 and 2500")
    assert guess(database, 2000) is None
    # Rows of one time.
    database.query("update t set at = now() - interval '40 days' where id between 3000 and 9000")
    database.query("vacuum analyze t")
    assert guess(database, 2000) is None
    done = run(database)
    assert (done["stop_reason"], done["debt_rows"]) == ("done", 0)
    assert database.value("select count(*) from t") == 12001


def test_a_burst_that_was_not_analyzed_does_not_make_an_outsize_batch(database: Database) -> None:
    """The heap says 2000 rows, the index knows of 30000 more of the same hour."""
    fill(database, order="i")
    database.query("alter table t set (autovacuum_enabled = false)")
    database.query(
        "insert into t select 100000 + i, now() - interval '30 days' + make_interval(secs => i / 300.0), false"
        " from generate_series(1, 30000) as i"
    )
    done = run(database)
    assert (done["stop_reason"], done["rows"], done["debt_rows"]) == ("done", 41999, 0)
    assert database.value("select count(*) from t") == 12001
    # At first 2000; then as many as the time allows, which that many rows never fill.
    assert done["batches"] >= 3
