"""Jobs of pg_cron come along with a copy and are active there: the launcher runs them, and they remove nothing.

One server has a minute job for each of its databases. It is copied in every way; all copies meet the same minute, then
somebody types what `status` says, and all meet the next one.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from psycopg import sql
from support import Cli, Cluster, Database, LocalCluster, Standby
from support.cluster import OWNER
from support.dumps import program
from support.identity import new_identity
from support.passes import until

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

PATIENCE = 100.0  # seconds; pg_cron starts jobs on the minute
WITH_CRON = "shared_preload_libraries = 'pg_cron'\n"
WITHOUT_CRON = "shared_preload_libraries = ''\n"
# Through a connection a job would run where it was made: the host is stored with it.
INSIDE = "cron.use_background_workers = on\nmax_worker_processes = 16\n"
FRESH, FULL = set(range(1, 6)), set(range(1, 26))
SINCE_ALWAYS = "-infinity"


class Backup(LocalCluster):
    """A server made from a base backup, which does not follow the original; its jobs do not run yet."""

    def __init__(self, original: Cluster) -> None:
        self._original = original
        super().__init__(WITHOUT_CRON)

    def _make_data(self) -> None:
        self.run("pg_basebackup", "-D", self.pgdata, "-d", self._original.dsn(), "-N", "--checkpoint=fast")


def configure(server: LocalCluster, settings: str) -> None:
    with (server.pgdata / "postgresql.conf").open("a") as file:
        file.write(settings)


def install(server: Cluster, name: str) -> Database:
    """A database with our schema and nothing to clean."""
    with server.connect() as connection:
        connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
    database = Database(server, name)
    with database.connect() as connection:
        connection.execute(render_install(load()).text.encode())
    return database


def fill(database: Database) -> None:
    """The ids 1 to 5 are fresh, 6 to 25 are expired."""
    database.query("create schema app")
    database.query("create table app.events (id bigint primary key, at timestamptz not null)")
    database.query("create index on app.events (at)")
    database.query(
        "insert into app.events select i, now() - make_interval(days => case when i > 5 then 30 else 0 end)"
        " from generate_series(1, 25) as i"
    )
    database.query("select maint.set_policy('app.events', '7 days')")


def ids(database: Database) -> set[int]:
    return {row["id"] for row in database.query("select id from app.events")}


def ended(database: Database, since: str) -> list[dict[str, Any]]:
    """What pg_cron writes on that very server of the jobs for that database which it started and which are over."""
    return Database(database.cluster, "postgres", "postgres").query(
        "select status, return_message from cron.job_run_details"
        " where database = %s and status in ('succeeded', 'failed') and start_time > %s::timestamptz order by runid",
        database.name,
        since,
    )


def await_jobs(databases: dict[str, Database], since: str) -> dict[str, dict[str, Any]]:
    """Wait until a job that began after a moment is over in every database; the first of each."""
    found: dict[str, dict[str, Any]] = {}

    def all_ended() -> bool:
        for name in databases.keys() - found.keys():
            if rows := ended(databases[name], since):
                found[name] = rows[0]
        return len(found) == len(databases)

    until(all_ended, PATIENCE, every=0.5)
    return found


def restore_all(original: LocalCluster, copy: LocalCluster) -> None:
    """pg_dumpall and psql; only the superuser is there already."""
    dumped = subprocess.run(
        [program(original, "pg_dumpall"), "-d", original.dsn()], cwd="/tmp", capture_output=True, text=True
    )
    assert dumped.returncode == 0, dumped.stderr
    command = [program(original, "psql"), "-X", "-q", "-d", copy.dsn()]
    restored = subprocess.run(command, cwd="/tmp", input=dumped.stdout, capture_output=True, text=True)
    assert re.findall("^.*ERROR.*$", restored.stderr, re.MULTILINE) == ['ERROR:  role "postgres" already exists']


@pytest.fixture
def copies(cluster: Cluster) -> Iterator[dict[str, Database]]:
    """The original and its copies, each full of expired rows and with active jobs, all of them running."""
    with ExitStack() as removal:

        def lend(server: LocalCluster) -> LocalCluster:
            removal.callback(server.remove)
            return server

        original = lend(cluster.another())
        configure(original, INSIDE)
        original.start()
        original.create_roles()
        databases = [install(original, name) for name in ("telemetry", "waits")]
        databases[1].query("select maint.set_setting('on_promotion', 'suspend')")
        with original.connect() as cron:
            cron.execute("create extension pg_cron")
            # A job can only be made for a database that is there.
            cron.execute("create database cloned")
            for name in ("telemetry", "waits", "cloned"):
                cron.execute(
                    "select cron.schedule_in_database(%s, '* * * * *', 'call maint.cleanup()', %s, %s)",
                    (f"clean {name}", name, OWNER),
                )
        # From here until all copies are made no job runs, whatever the time is.
        configure(original, WITHOUT_CRON)
        original.restart()
        with original.connect() as cron:
            cron.execute("delete from cron.job_run_details")
            assert cron.execute("select count(*) from cron.job where active").fetchone() == (3,)
        for database in databases:
            fill(database)

        moved = lend(Backup(original))
        moved.start()
        moved.stop()
        new_identity(moved)
        configure(moved, WITH_CRON)
        restored = lend(cluster.another())
        configure(restored, INSIDE + WITH_CRON)
        restored.start()
        restore_all(original, restored)
        with restored.connect() as cron:
            # Of a minute that began before all was there.
            cron.execute("delete from cron.job_run_details")
        replica = Standby(original)
        lend(replica)
        replica.start()
        with original.connect() as connection:
            connection.execute("drop database cloned")
            connection.execute(f"create database cloned template telemetry owner {OWNER}")
        configure(original, WITH_CRON)
        replica.promote()
        original.restart()
        moved.start()
        yield {
            "original": databases[0],
            "cloned": Database(original, "cloned"),
            "restored": Database(restored, "telemetry"),
            "moved": Database(moved, "telemetry"),
            "waits": Database(replica, "waits"),
            "goes on": Database(replica, "telemetry"),
        }


def test_jobs_that_came_with_a_copy_remove_nothing_before_somebody_confirms(
    copies: dict[str, Database], cli: Cli
) -> None:
    identifier = "select system_identifier from pg_control_system()"
    oid = "select oid from pg_database where datname = current_database()"
    before, here = copies["original"].value(identifier), copies["moved"].value(identifier)
    elsewhere = copies["restored"].value(identifier)
    assert len({before, here, elsewhere}) == 3
    why = {
        "cloned": f"this database (oid {copies['cloned'].value(oid)}) is not the one that was installed in"
        f" (oid {copies['original'].value(oid)}): a restored dump or a copy made from a template",
        "moved": f"this server (system identifier {here}) is not the one that was installed on ({before}):"
        " a restored or upgraded copy",
        "restored": f"this server (system identifier {elsewhere}) is not the one that was installed on ({before}):"
        " a restored or upgraded copy",
        "waits": "the timeline changed from 1 to 2: a failover, or a promoted copy",
    }
    promoted = "the timeline changed from 1 to 2; passes go on"
    jobs = await_jobs(copies, SINCE_ALWAYS)

    assert {name: job["status"] for name, job in jobs.items()} == dict.fromkeys(why, "failed") | {
        "original": "succeeded",
        "goes on": "succeeded",
    }
    assert {name: ids(database) for name, database in copies.items()} == dict.fromkeys(why, FULL) | {
        "original": FRESH,
        "goes on": FRESH,
    }
    for name in ("original", "goes on"):
        (run, *_) = copies[name].query("select stop_reason, rows from maint.runs order by run_id")
        assert run == {"stop_reason": "done", "rows": 20}
    log = "select reason from maint._installation_log where action = 'promotion'"
    assert [row["reason"] for row in copies["goes on"].query(log)] == [promoted]
    for name, reason in why.items():
        assert reason in jobs[name]["return_message"], name
        runs = copies[name].query("select stop_reason, rows, detail, good from maint.runs")
        assert [(run["stop_reason"], run["rows"], run["good"]) for run in runs] == [("suspended", 0, False)] * len(runs)
        assert all(run["detail"].startswith(reason) for run in runs)

    for name in why:
        assert_typing_what_status_says_lifts_it(copies[name], cli)
        assert ids(copies[name]) == FULL
    with closing(copies["original"].connect()) as clock:
        (typed,) = clock.execute("select clock_timestamp()::text").fetchone() or ()
    waiting = {name: copies[name] for name in why}
    jobs = await_jobs(waiting, typed)
    assert {name: job["status"] for name, job in jobs.items()} == dict.fromkeys(why, "succeeded")
    for name in why:
        assert ids(copies[name]) == FRESH
        (run,) = copies[name].query("select stop_reason, rows from maint.runs where good")
        assert run == {"stop_reason": "done", "rows": 20}


def assert_typing_what_status_says_lifts_it(database: Database, cli: Cli) -> None:
    """Whoever types each statement that `status` prints next ends with an active policy."""
    typed: list[str] = []
    while (command := next_of(database, cli)).startswith("select "):
        assert command not in typed
        typed.append(command)
        database.query(command)
    assert typed[0].startswith("select maint.confirm(p_guard => ")
    assert [row["state"] for row in database.query("select state from maint.retention")] == ["active"]


def next_of(database: Database, cli: Cli) -> str:
    """The last line of the status screen, what to type next."""
    shown = cli.here("status", "--dsn", database.dsn)
    assert shown.returncode == 0, shown
    (command,) = re.findall("^next: (.*)$", shown.stderr, re.MULTILINE)
    return str(command)
