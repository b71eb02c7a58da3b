"""A default that holds more rows of a new partition's range than one transaction moves: the cell is cut."""

from __future__ import annotations

import threading

import psycopg
import pytest
from support import Database
from support.passes import Pass, until

ROWS = 120_000
# Type, unit of an epoch, interval, an expression for the time of row i within the present cell.
KINDS = {
    "timestamptz": ("timestamptz", None, "1 month", "date_trunc('month', now(), 'UTC') + i * interval '20 s'"),
    "date": ("date", None, "1 month", "(date_trunc('month', now() at time zone 'UTC') + i * interval '20 s')::date"),
    "ns": (
        "bigint",
        "ns",
        "1 month",
        "(extract(epoch from date_trunc('month', now(), 'UTC'))::bigint + i * 20) * 1000000000 + 7",
    ),
}
PARTS = """
    select p.partition_name, p.lower_at, p.upper_at, p.is_default
    from maint.partitions as p where p.table_name = 't' order by p.is_default, p.lower_at
"""


def make(database: Database, kind: str, rows: int = ROWS) -> None:
    column, unit, interval, at = KINDS[kind]
    database.query("create schema app")
    database.query(f"create table app.t (at {column} not null, n integer) partition by range (at)")
    database.query("create index on app.t (at)")
    database.query("create table app.rest partition of app.t default")
    database.query(f"insert into app.t select {at}, i from generate_series(0, {rows - 1}) as i")
    epoch = f", p_epoch_unit => '{unit}'" if unit else ""
    database.query(
        f"select maint.set_policy('app.t', '90 days', 'at', p_time_zone => 'UTC', p_partition_interval => '{interval}',"
        f" p_premake => 1{epoch})"
    )


def rotation(database: Database) -> Pass:
    call = Pass(database)
    call.statement = "call maint.rotate('app.t')"
    return call


def sizes(database: Database) -> list[int]:
    """Rows of each partition but the default, oldest first."""
    names = [row["partition_name"] for row in database.query(PARTS) if not row["is_default"]]
    return [database.value(f"select count(*) from app.{name}") for name in names]


def assert_whole(database: Database, rows: int = ROWS) -> None:
    """No gap, no overlap, every row once, the cells' own bounds at both ends, and none of it left in the default."""
    found = [row for row in database.query(PARTS) if not row["is_default"]]
    assert [one["upper_at"] for one in found[:-1]] == [one["lower_at"] for one in found[1:]]
    assert all((at.day, at.hour, at.second) == (1, 0, 0) for at in (found[0]["lower_at"], found[-1]["upper_at"]))
    assert max(sizes(database)) <= 50_000
    counts = database.query("select count(*) as rows, count(distinct n) as numbers from app.t where n >= 0")
    assert counts == [{"rows": rows, "numbers": rows}]
    assert database.value("select count(*) from app.rest where n >= 0") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_cell_is_cut_while_it_is_read_and_written(kind: str, database: Database) -> None:
    make(database, kind)
    at = KINDS[kind][3].replace("i *", "100000 *")
    stop = threading.Event()
    seen: set[object] = set()
    failed: list[psycopg.Error] = []

    def read() -> None:
        with database.connect() as reader:
            while not stop.is_set():
                # Not prepared: the server plans it anew each time, while partitions come.
                seen.add(reader.execute("select count(*) from app.t where n >= 0", prepare=False).fetchone())

    def write() -> None:
        try:
            with database.connect() as writer:
                while not stop.is_set():
                    writer.execute(f"insert into app.t values ({at}, -1)".encode())
        except psycopg.Error as error:
            failed.append(error)

    threads = [threading.Thread(target=read), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    try:
        with rotation(database) as call:
            assert call.wait().error is None, database.query("select error_message from maint._run")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert seen == {(ROWS,)}
    assert database.query("select stop_reason, partitions_made from maint._run") == [
        {"stop_reason": "done", "partitions_made": len(sizes(database))}
    ]
    assert database.value("select count(*) from app.t where n < 0") > 0
    assert len(sizes(database)) >= 4
    assert_whole(database)
    # The grid goes on from the end of the cell.
    with rotation(database) as call:
        assert call.wait().error is None
    assert database.value("select partitions_made from maint._run order by run_id desc limit 1") == 0


def test_it_goes_on_where_it_died(database: Database) -> None:
    make(database, "timestamptz")
    with database.superuser() as root:
        root.execute(
            "create function public.stop_here() returns event_trigger language plpgsql as $$ begin"
            " if (select count(*) from pg_inherits where inhparent = 'app.t'::regclass) = 3"
            " then perform pg_sleep(60); end if; end $$"
        )
        root.execute("create event trigger stop_here on ddl_command_end execute function public.stop_here()")
    with rotation(database) as call:
        until(lambda: call.waits_for() == "PgSleep")
        database.cluster.kill_backend(call.pid)
        assert call.wait().error is not None
    with database.superuser() as root:
        root.execute("drop event trigger stop_here")
    assert len(sizes(database)) == 1
    assert database.value("select count(*) from app.t") == ROWS
    with rotation(database) as call:
        assert call.wait().error is None, database.query("select error_message from maint._run")
    assert_whole(database)


def test_the_plan_says_what_becomes_of_the_rows_in_the_default(database: Database) -> None:
    def planned() -> list[str]:
        found = database.query("select detail from maint.plan_rotation('app.t') where action = 'create'")
        return [row["detail"].partition("; ")[2] for row in found]

    make(database, "timestamptz", 60_000)
    assert planned() == ["more than 50000 rows of it are in app.rest: cut into partitions of about 25000 rows", ""]
    database.query("delete from app.t where n >= 7")
    assert planned() == ["7 rows of it move here from app.rest", ""]
    # Whom row security keeps from some of them gets the plan without their number, and no error.
    database.query("alter table app.rest enable row level security, force row level security")
    assert planned() == ["", ""]
    database.query("alter table app.rest disable row level security, no force row level security")
    with database.superuser() as root:
        root.execute("create publication changes for table app.t")
    (present, ahead) = planned()
    assert present.startswith("rows of it are in app.rest and cannot move: publication changes carries deletes")
    assert ahead == ""
    with database.superuser() as root:
        root.execute("drop publication changes")
    with rotation(database) as call:
        assert call.wait().error is None
    assert sizes(database) == [7, 0]


def test_one_second_with_too_many_rows_is_an_error_that_says_so(database: Database) -> None:
    make(database, "timestamptz", 60_000)
    database.query(
        "insert into app.t select date_trunc('month', now(), 'UTC'), 1000000 + i from generate_series(1, 50001) as i"
    )
    with rotation(database) as call:
        assert "more than 50000 rows from " in str(call.wait().error)
    # What lies after that second has moved, and nothing is lost.
    assert [size > 0 for size in sizes(database)[:2]] == [True, True]
    assert database.value("select count(*) from app.t") == 110_001
    assert database.value("select count(*) from app.rest") >= 50_001
