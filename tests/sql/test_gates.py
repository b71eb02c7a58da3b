"""Each gate shuts in its situation, names its cause, and opens again; while it is shut nothing goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from support import Cluster, Database, LocalCluster
from support.cluster import OWNER
from support.passes import Pass, Table, until

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

SETTINGS = """
archive_mode = on
archive_command = 'true'
archive_timeout = 0
max_prepared_transactions = 5
max_replication_slots = 5
wal_level = logical
autovacuum = off
"""
WAL = "select pg_logical_emit_message(false, 'noise', repeat('x', 1000000)) from generate_series(1, 8)"


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[LocalCluster]:
    """A server whose replicas, archiver and slots may suffer."""
    own = cluster.another(SETTINGS)
    try:
        own.start()
        own.create_roles()
        yield own
    finally:
        own.remove()


@pytest.fixture
def table(server: LocalCluster) -> Iterator[Table]:
    """400 expired rows in a fresh database, and an owner who sees what there is to see."""
    with server.connect() as root:
        root.execute(f"create database gates owner {OWNER}")
        root.execute(f"grant pg_monitor to {OWNER}")
    database = Database(server, "gates")
    try:
        with database.connect() as owner:
            owner.execute(render_install(load()).text.encode())
        yield Table.make(database, expired=400, slow=0)
    finally:
        with server.connect() as root:
            root.execute("drop database gates with (force)")


def root(table: Table, *statements: str) -> None:
    """Statements of a superuser, each on its own."""
    with table.database.superuser() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def gate(table: Table, name: str) -> dict[str, Any] | None:
    """One row of the view gates."""
    found = table.database.query("select * from maint.gates where gate = %s", name)
    return found[0] if found else None


def shut(table: Table, name: str) -> bool:
    """Whether it is shut."""
    found = gate(table, name)
    return found is not None and found["state"] == "shut"


def waits_and_goes_on(table: Table, name: str, cause: str, lift: Callable[[], object]) -> None:
    """A pass waits at the gate, says so everywhere, removes nothing meanwhile, and finishes when it opens."""
    until(lambda: shut(table, name))
    stands = gate(table, name)
    assert stands is not None
    assert stands["reading"] == 1
    assert cause in stands["cause"]
    with Pass(table.database, "'app.events'") as running:

        def told() -> str | None:
            rows = table.database.query("select waiting_for from maint.progress")
            return rows[0]["waiting_for"] if rows else None

        until(lambda: (told() or "").startswith("waiting "))
        assert f" s for {name}: " in (told() or "")
        assert cause in (told() or "")
        seen = "select application_name from pg_stat_activity where pid = %s"
        until(lambda: name in str(table.database.value(seen, running.pid)))
        assert running.running
        assert table.count() == table.expired + table.fresh
        lift()
        assert running.wait().error is None
    run = table.last_run()
    assert (run["stop_reason"], run["rows"]) == ("done", table.expired)
    assert not shut(table, name)
    table.assert_nothing_half_done()


def test_the_load_query(table: Table) -> None:
    database = table.database
    database.query("create table app.load (now numeric)")
    database.query("insert into app.load values (1.5)")
    database.query("select maint.set_setting('gate_load_query', '(select l.now from app.load as l)')")
    waits_and_goes_on(
        table, "load_query", "the load query says so", lambda: database.query("update app.load set now = 0.4")
    )
    stands = gate(table, "load_query")
    assert stands is not None
    assert (stands["state"], float(stands["reading"])) == ("open", 0.4)


def test_a_load_query_that_fails_is_unknown(table: Table) -> None:
    database = table.database
    database.query("create table app.load (now numeric)")
    database.query("select maint.set_setting('gate_load_query', '(select count(*) from app.load)')")
    database.query("drop table app.load")
    stands = gate(table, "load_query")
    assert stands is not None
    assert stands["state"] == "unknown"
    assert "does not exist" in stands["cause"]
    database.query("select maint.set_setting('gate_unknown', 'shut')")
    with Pass(database, "'app.events', p_max_duration => '2500 ms'") as running:
        assert running.wait().error is None
    run = table.last_run()
    assert (run["stop_reason"], run["rows"]) == ("gated", 0)
    assert "load_query: the load query failed" in run["detail"]
    assert run["detail"].endswith("cannot be read")
    database.query("select maint.set_setting('gate_unknown', 'open')")
    table.assert_finishes()


@contextmanager
def replica(table: Table) -> Iterator[LocalCluster]:
    own = table.database.cluster.standby()
    try:
        own.start()
        yield own
    finally:
        own.remove()


def test_a_replica_that_is_behind(table: Table) -> None:
    table.database.query("select maint.set_setting('gate_replica_lag', '4 MB')")
    with replica(table) as standby:
        with standby.connect() as there:
            there.execute("select pg_wal_replay_pause()")
        root(table, WAL)

        def resume() -> None:
            with standby.connect() as there:
                there.execute("select pg_wal_replay_resume()")

        waits_and_goes_on(table, "replica_lag", "replica walreceiver", resume)


def test_without_the_right_to_see_a_replica_it_is_unknown(table: Table) -> None:
    with replica(table):
        until(lambda: gate(table, "replica_lag"))
        root(table, f"revoke pg_monitor from {OWNER}")
        stands = gate(table, "replica_lag")
        assert stands is not None
        assert (stands["state"], stands["reading"]) == ("unknown", None)
        table.database.query("call maint.cleanup()")
        assert table.last_run()["stop_reason"] == "done"


def test_a_slot_that_nobody_reads(table: Table) -> None:
    table.database.query("select maint.set_setting('gate_slot_lag', '4 MB')")
    root(table, "select pg_create_physical_replication_slot('forgotten', true)", WAL)
    waits_and_goes_on(
        table,
        "slot_lag",
        "replication slot forgotten (nobody reads it)",
        lambda: root(table, "select pg_drop_replication_slot('forgotten')"),
    )


def test_an_archiver_that_fails(table: Table) -> None:
    table.database.query("select maint.set_setting('gate_archive_queue', '2')")
    root(table, "alter system set archive_command = 'false'", "select pg_reload_conf()")
    for _ in range(5):
        root(table, WAL, "select pg_switch_wal()")

    def mend() -> None:
        root(table, "alter system set archive_command = 'true'", "select pg_reload_conf()")

    waits_and_goes_on(table, "archive_queue", "the archiver", mend)


@contextmanager
def noise(table: Table) -> Iterator[None]:
    """Somebody writes WAL all the time."""
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            root(table, WAL)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_the_rate_of_wal(table: Table) -> None:
    """It is measured between two looks of a pass, so the view has nothing to tell."""
    table.database.query("select maint.set_setting('gate_wal_rate', '2 MB')")
    with Pass(table.database, "'app.events', p_batch_rows => 1, p_duty => '0.01'") as running:
        until(lambda: table.under_way(1))
        with noise(table):
            rows = "select waiting_for from maint.progress where waiting_for like '%% for wal_rate: %%'"
            until(lambda: table.database.query(rows), 30)
            assert "/s of 2 MB/s" in table.database.query(rows)[0]["waiting_for"]
        until(lambda: not table.database.query(rows), 30)
        assert running.running


def test_its_table_is_vacuumed(table: Table) -> None:
    table.database.query("select maint.set_setting('gate_autovacuum', 'on')")
    table.database.query("alter table app.events set (fillfactor = 10)")
    table.database.query("insert into app.events select i, now() from generate_series(10000, 20000) as i")
    with table.database.connect() as other, table.database.connect() as vacuum:
        stop = vacuum.cancel
        thread = threading.Thread(target=_vacuum, args=(vacuum,))
        thread.start()
        seen = "select p.pid from pg_stat_progress_vacuum as p where p.relid = 'app.events'::regclass"
        until(lambda: other.execute(seen.encode()).fetchall())
        with Pass(table.database, "'app.events'") as running:
            rows = "select pid from maint.progress where waiting_for like '%% for autovacuum: %%vacuums app.events%%'"
            until(lambda: table.database.query(rows))
            stop()
            thread.join()
            assert running.wait().error is None
    assert table.last_run()["stop_reason"] == "done"


def _vacuum(connection: Any) -> None:
    """As slowly as it can, until it is cancelled."""
    connection.execute("set vacuum_cost_delay = 100")
    connection.execute("set vacuum_cost_limit = 1")
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("vacuum app.events")


HOLDERS = {
    "session": "pid ",
    "prepared": "prepared transaction 'forgotten'",
    "slot": "replication slot forgotten",
}


@pytest.mark.parametrize("kind", sorted(HOLDERS))
def test_something_holds_the_horizon(table: Table, kind: str) -> None:
    table.database.query("select maint.set_setting('gate_horizon', '1 s')")
    with table.database.superuser() as holder:
        if kind == "slot":
            holder.execute("select pg_create_logical_replication_slot('forgotten', 'test_decoding')")
        else:
            holder.execute("begin isolation level repeatable read")
            holder.execute("create table app.anything (id int)")
            if kind == "prepared":
                holder.execute("prepare transaction 'forgotten'")

        def let_go() -> None:
            statement = {
                "session": "rollback",
                "prepared": "rollback prepared 'forgotten'",
                "slot": "select pg_drop_replication_slot('forgotten')",
            }
            holder.execute(statement[kind].encode())

        if kind != "slot":
            waits_and_goes_on(table, "horizon", HOLDERS[kind], let_go)
            return
        # How long a slot holds it the server does not say: as long as the pass has seen it.
        with Pass(table.database, "'app.events', p_batch_rows => 1, p_duty => '0.01'") as running:
            rows = "select waiting_for from maint.progress where waiting_for like '%% for horizon: replication slot%%'"
            until(lambda: table.database.query(rows), 30)
            let_go()
            until(lambda: not table.database.query(rows), 30)
            assert running.running


def test_at_its_deadline_a_pass_that_waits_ends_as_gated(table: Table, cli: Any) -> None:
    table.database.query("select maint.set_setting('gate_load_query', '7')")
    done = cli.here("cleanup", "--max-duration", "2s", "--dsn", table.database.dsn)
    assert done.returncode == 1
    run = table.last_run()
    assert (run["stop_reason"], run["rows"]) == ("gated", 0)
    assert "for load_query: the load query says so, 7 of 1" in run["detail"]
    assert run["gated"].total_seconds() > 0.5
    assert run["good"] is False
    table.database.query("select maint.set_setting('gate_load_query', 'off')")
    table.assert_finishes()
