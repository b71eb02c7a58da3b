"""Rows that are inserted, updated and moved between partitions while passes run: nothing unexpired ever goes.

A delete trigger writes down every row that went, as it was at that moment; afterwards each must have been expired.
"""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from support import Database

ROWS = 4000
TABLES = {
    "plain": """
        create table t (id integer primary key, at timestamptz, open boolean);
    """,
    "partitioned": """
        create table t (id integer, at timestamptz, open boolean) partition by range (at);
        create table t_old partition of t for values from ('-infinity') to ('2024-06-01');
        create table t_mid partition of t for values from ('2024-06-01') to ('2026-01-01')
            partition by list (open);
        create table t_mid_open partition of t_mid for values in (true);
        create table t_mid_rest partition of t_mid default;
        create table t_new partition of t default;
    """,
}
WATCH = """
    create index on t (at);
    create table gone (id integer, at timestamptz, open boolean);
    create function note() returns trigger language plpgsql set search_path = public as $$
    begin
        -- An update that moves a row to another partition fires this too; a pass names itself.
        insert into gone
        select old.id, old.at, old.open where current_setting('application_name') like 'maint %%';
        return old;
    end $$;
    create trigger note after delete on t for each row execute function note();
    insert into t select g, now() - make_interval(days => g %% 1200), g %% 3 = 0 from generate_series(1, %s) as g;
"""


class Writers:
    """Applications: insert late and new rows, make old rows young again, open and close them, until stopped."""

    def __init__(self, database: Database) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(database, seed)) for seed in range(3)]
        self.errors: list[BaseException] = []
        self.made = 0

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, database: Database, seed: int) -> None:
        chance = random.Random(seed)
        key = 10_000_000 * (seed + 1)
        try:
            with database.connect() as connection:
                while not self._stop.is_set():
                    key += 1
                    some = chance.randrange(1, ROWS)
                    days = timedelta(days=chance.randrange(1200))
                    # Two writers move the same row between partitions: the second tries something else.
                    with suppress(psycopg.errors.SerializationFailure):
                        connection.execute("insert into t values (%s, now() - %s, false)", (key, days))
                        connection.execute("update t set at = now() where id = %s", (some,))
                        connection.execute("update t set at = now() - %s where id = %s", (days, some + 1))
                        connection.execute("update t set open = not open where id = %s", (some + 2,))
                        self.made += 1
        except BaseException as error:  # noqa: BLE001 (given to the test, which raises it)
            self.errors.append(error)


@pytest.mark.parametrize("shape", sorted(TABLES))
def test_nothing_unexpired_goes_while_rows_change_and_move(database: Database, shape: str) -> None:
    with database.connect() as connection:
        connection.execute(TABLES[shape].encode() + (WATCH % ROWS).encode())
        connection.execute("select maint.set_policy('t', '100 days', p_condition => 'not open', p_batch_rows => 40)")
        with Writers(database) as writers:
            for _ in range(3):
                connection.execute("call maint.cleanup('t', p_max_duration => '5 s')")
        assert not writers.errors
        assert writers.made > 10
        connection.execute("call maint.cleanup('t')")
        runs = connection.execute("select stop_reason, cutoff, rows from maint.runs order by run_id").fetchall()
        # Writers may keep a pass busy until its time is up; without them it ends.
        assert {row[0] for row in runs[:-1]} <= {"done", "deadline"}
        assert runs[-1][0] == "done"
        latest = max(row[1] for row in runs)
        assert value(connection, "select count(*) from gone where not (at < %s) or open is not false", latest) == 0
        assert value(connection, "select count(*) from gone") == sum(row[2] for row in runs)
        assert value(connection, "select count(*) from gone") > ROWS / 3
        assert value(connection, "select count(*) from t where at < %s and not open", runs[-1][1]) == 0


def test_rows_that_come_in_behind_the_scan_go_in_the_same_pass(database: Database) -> None:
    with database.connect() as connection, database.connect() as late:
        connection.execute(TABLES["plain"].encode() + (WATCH % ROWS).encode())
        connection.execute("select maint.set_policy('t', '100 days', p_batch_rows => 50)")
        # The first deletion of a row of a known age lets a late, older row in: behind the scan by then.
        connection.execute(
            """
            create function late() returns trigger language plpgsql set search_path = public as $$
            begin
                if old.id = 150 then
                    insert into t values (100000, now() - interval '5000 days', false);
                end if;
                return old;
            end $$;
            create trigger late after delete on t for each row execute function late();
            """
        )
        late.execute("call maint.cleanup('t')")
        assert value(connection, "select count(*) from gone where id = 100000") == 1
        assert value(connection, "select stop_reason from maint.runs") == "done"


def value(connection: psycopg.Connection[Any], statement: str, *values: object) -> Any:
    row = connection.execute(statement.encode(), values or None).fetchone()
    assert row is not None
    return row[0]
