"""What breaks around a pass: its disk is full, its replica stops, its clock is set, its application locks rows.

No row outside the policy goes, the ledger tells it, nothing stays locked, and the next pass finishes.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from support import Cluster, LocalCluster, running
from support.cluster import as_server_account
from support.passes import Pass, Table, until
from support.small_disk import SmallDisk

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), Path("libfaketime.so.1"))

NOISE = "select pg_logical_emit_message(false, 'noise', repeat('x', 9000)) from generate_series(1, 900)"
BUSY = """
create or replace function app.slow_events() returns trigger language plpgsql set search_path = '' as $$
begin
    perform pg_catalog.count(*) from pg_catalog.generate_series(1, 100000);
    return null;
end
$$
"""


def is_up(server: LocalCluster) -> bool:
    """Whether it accepts connections; one that gave up is started again."""
    server.ensure_running()
    try:
        server.connect().close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_disk_is_full_in_mid_pass(cluster: Cluster) -> None:
    """The server cannot write its WAL and goes down; with some space again it comes up, and the pass goes on."""
    assert isinstance(cluster, LocalCluster)
    small = SmallDisk(200, "max_wal_size = 8MB\nmin_wal_size = 2MB\nautovacuum = off\nwal_recycle = off\n")
    with running(small) as database:
        table = Table.make(database, expired=4000)
        with Pass(database) as call:
            until(table.under_way)
            # Others write as well: WAL is what the disk has no place for.
            small.fill(leave=200_000)
            with suppress(psycopg.Error), small.connect("apart") as root:
                root.execute(
                    "select pg_logical_emit_message(false, 'noise', repeat('x', 9000)) from generate_series(1, 900)"
                )
            error = call.wait(90).error
        small.empty()
        until(lambda: is_up(small), 60)
        assert error is not None
        log = small.log.read_text()
        assert "No space left on device" in log
        assert table.count() < table.expired + table.fresh
        until(lambda: table.last_run()["stop_reason"])
        last = table.last_run()
        assert last["stop_reason"] in ("failed", "interrupted"), last
        table.assert_nothing_half_done(whole_batches=True)
        table.fast()
        table.assert_finishes()


@pytest.mark.parametrize("wanted", [None, True], ids=["batches do not wait", "batches wait for the replica"])
def test_a_synchronous_replica_stops_in_mid_pass(cluster: Cluster, wanted: bool | None) -> None:
    """The pass waits for it when it is through, or with every batch: as long as everybody else's commits do."""
    with running(cluster.another("synchronous_standby_names = ''\n")) as database:
        primary = database.cluster
        assert isinstance(primary, LocalCluster)
        table = Table.make(database, expired=1000)
        if wanted is not None:
            database.query(f"select maint.set_policy('app.events', p_synchronous_commit => {wanted})")
        replica = primary.standby()
        try:
            replica.start()
            set_names(primary, "*")
            until(lambda: synchronous(primary) == 1)
            with Pass(database) as call:
                until(table.under_way)
                replica.stop()
                until(lambda: call.waits_for() == "SyncRep", 60)
                gone = table.missing()
                assert gone == table.expired if wanted is None else 0 < gone < table.expired
                replica.start()
                assert call.wait(60).error is None
            assert table.last_run()["stop_reason"] == "done"
            assert (table.missing(), table.count()) == (table.expired, table.fresh)
            table.assert_nothing_half_done()
        finally:
            set_names(primary, "")
            replica.remove()


def set_names(primary: LocalCluster, names: str) -> None:
    """Which replicas a commit waits for."""
    with primary.connect() as root:
        root.execute(f"alter system set synchronous_standby_names = '{names}'".encode())
        root.execute("select pg_reload_conf()")


def synchronous(primary: LocalCluster) -> int:
    """How many replicas commits wait for."""
    with primary.connect() as root:
        found = root.execute("select count(*) from pg_stat_replication where sync_state = 'sync'").fetchone()
    return found[0] if found else 0


class SetClock(LocalCluster):
    """A server whose clock can be set while it runs."""

    def _command(self, program: str, *arguments: object) -> list[str]:
        command = super()._command(program, *arguments)
        if program != "postgres":
            return command
        self.set(0)
        at = len(as_server_account())
        return [
            *command[:at],
            "env",
            f"LD_PRELOAD={FAKETIME}",
            f"FAKETIME_TIMESTAMP_FILE={self.directory / 'clock'}",
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            *command[at:],
        ]

    def set(self, seconds: int) -> None:
        """From now on its clock is that much ahead."""
        (self.directory / "clock").write_text(f"{seconds:+d}\n")


@pytest.mark.parametrize("by", [-20 * 86400, -3600, 3600, 20 * 86400])
def test_the_clock_is_set_in_mid_pass(cluster: Cluster, by: int) -> None:
    """The cutoff of a pass stays what it was; rows that expire by the clock alone are for the guard to judge."""
    server = SetClock("shared_preload_libraries = ''\n")
    with running(server) as database:
        table = Table.make(database, expired=1000)
        # pg_sleep would go on until the clock is where it was.
        database.query(BUSY)
        # These are not expired now, but twenty days later.
        database.query(
            "insert into app.events select 10000 + i, now() - interval '5 days' from generate_series(1, 50) as i"
        )
        with Pass(database) as call:
            until(table.under_way)
            server.set(by)
            shifted = database.value("select clock_timestamp()").timestamp() - time.time()
            assert abs(shifted - by) < 60
            call.wait(60)
        last = table.last_run()
        assert database.value("select count(*) from app.events where id > 10000") == 50
        assert table.count() == 50 + table.fresh + table.expired - last["rows"]
        assert not table.locks()
        until(lambda: table.last_run()["stop_reason"])
        server.set(0)
        with Pass(database) as call:
            call.wait(60)
        assert database.value("select count(*) from app.events where id > 10000") == 50
        if call.error is not None:
            # It has been judged by the clock of the last pass, which was wrong: a person says that it is right now.
            assert "clock" in str(call.error)
            database.query("select maint.confirm('app.events', 'clock', 'it was set back')")
            with Pass(database) as call:
                assert call.wait(60).error is None
        assert table.count() == 50 + table.fresh


def test_a_pass_that_sleeps_until_the_clock_is_where_it_was_is_taken_over(cluster: Cluster) -> None:
    """A sleep ends by the clock, in PostgreSQL; the next pass does not wait for it."""
    with running(SetClock("shared_preload_libraries = ''\n")) as database:
        server = database.cluster
        assert isinstance(server, SetClock)
        table = Table.make(database, expired=400, slow=0)
        database.query("select maint.set_setting('duty', '0.02')")
        with Pass(database) as sleeping:
            until(table.under_way)
            until(lambda: sleeping.waits_for() == "PgSleep")
            server.set(-7200)
            time.sleep(1)
            assert sleeping.running
            assert sleeping.waits_for() == "PgSleep"
            database.query("select maint.set_setting('duty', 'full')")
            with Pass(database) as call:
                assert call.wait(60).error is None
            first, second = table.runs()
            assert (first["stop_reason"], second["stop_reason"]) == ("interrupted", "done")
            assert sleeping.running
        assert table.count() == table.fresh
        table.assert_nothing_half_done()
