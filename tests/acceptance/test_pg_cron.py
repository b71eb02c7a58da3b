"""The real launcher runs the jobs that the command applied, and every way in which that can go wrong shows.

pg_cron starts jobs on the minute, so the module sets up all its scenarios at once, on four servers, and the tests then
look at one after the other:

    libpq    jobs in sessions of their own (the default); pg_cron keeps its jobs in database ``here``
    workers  jobs in background workers; pg_cron is in database ``postgres``, like on the two servers below
    broken   its launcher is terminated before the first job is due, and later killed; newer pg_cron starts it
             again at once, so there it is told to launch nothing
    down     is shut down when the first job is due
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from support import Cli, Cluster, Database, LocalCluster, Result
from support.cluster import OWNER
from support.passes import Table, until

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

EVERY_MINUTE = "* * * * *"
MINUTE = 75.0  # seconds within which a job that runs every minute must have come
LEAVER = "leaves_us"
LAUNCHER = "select pid from pg_stat_activity where backend_type = 'pg_cron launcher'"


@dataclass
class Server:
    """One server with pg_cron, and what the tests need of it."""

    cluster: LocalCluster
    cli: Cli
    cron_database: str
    databases: dict[str, Database] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)

    def prepare(self) -> None:
        """A template with our schema in it, and what an ordinary role needs of pg_cron."""
        self.cluster.create_roles()
        with self.cluster.connect() as root:
            root.execute(f"create database ready owner {OWNER}")
            with self.cluster.connect("ready", user=OWNER) as owner:
                owner.execute(render_install(load()).text.encode())
            if self.cron_database != "postgres":
                root.execute(f"create database {self.cron_database} template ready owner {OWNER}")
        until(self.launcher)
        self.cron("create extension pg_cron")
        self.cron(f"grant usage on schema cron to {OWNER}")
        self.cron(f"grant execute on function cron.schedule_in_database to {OWNER}")

    def add(self, name: str, owner: str = OWNER, **table: Any) -> Database:
        """A database with our schema and a table, whose cleanup runs every minute and nothing else."""
        if name != self.cron_database:
            with self.cluster.connect() as root:
                root.execute(f"create database {name} template ready owner {OWNER}")
        made = Database(self.cluster, name)
        made.query("select maint.confirm(p_guard => 'copy', p_reason => 'every test has its own copy')")
        self.tables[name] = Table.make(made, **table)
        for kind, schedule in (("cleanup", EVERY_MINUTE), ("vacuum", "off"), ("prune", "off")):
            made.query("select maint.set_setting(%s, %s)", f"{kind}_schedule", schedule)
        made.query("select maint.set_setting('cleanup_max_duration', '10 minutes')")
        self.databases[name] = Database(self.cluster, name, owner)
        return self.databases[name]

    def command(self, name: str, *words: str, as_superuser: bool = False) -> Result:
        """A command line on one of the databases, as its owner."""
        database = self.databases[name]
        dsn = self.cluster.dsn(name) if as_superuser else database.dsn
        return self.cli.here(*words, "--dsn", dsn, env={"CRON_DSN": self.cron_dsn(database.owner)})

    def cron_dsn(self, user: str) -> str:
        return self.cluster.dsn(self.cron_database, user=user)

    def apply(self, name: str) -> None:
        done = self.command(name, "schedule", "apply")
        assert done.returncode == 0, done.stderr

    def cron(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """A statement in pg_cron's database, as a superuser."""
        with self.cluster.connect(self.cron_database) as root:
            cursor = root.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def launcher(self) -> int | None:
        """The process id of the launcher."""
        with self.cluster.connect() as root:
            found = root.execute(LAUNCHER.encode()).fetchone()
        return None if found is None else int(found[0])

    def calls(self, name: str) -> list[dict[str, Any]]:
        """What the jobs of a database wrote down themselves, oldest first."""
        return self.databases[name].query("select * from maint._call order by call_id")

    def job(self, name: str, job: str = "cleanup") -> dict[str, Any]:
        """One row of the view jobs, as a superuser sees it."""
        with self.cluster.connect(name) as root:
            cursor = root.cursor(row_factory=psycopg.rows.dict_row)
            (row,) = cursor.execute("select * from maint.jobs where job_name = %s", [job]).fetchall()
        return row

    def details(self, name: str) -> list[tuple[Any, ...]]:
        """What pg_cron says of the cleanup of a database: status, message, role, start and end."""
        return self.cron(
            "select status, return_message, username, start_time, end_time from cron.job_run_details"
            " where command like %s order by runid",
            f"%/* pytelemetry_db:{name}:maint:cleanup */",
        )


@dataclass(frozen=True)
class Stage:
    """The servers; ``due`` is when the first jobs were due."""

    libpq: Server
    workers: Server
    broken: Server
    down: Server
    due: datetime


@pytest.fixture(scope="module")
def stage(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    cli = Cli(tmp_path_factory.mktemp("home"))
    servers: list[Server] = []
    try:
        for settings, cron_database in (
            ("cron.database_name = 'here'", "here"),
            ("cron.use_background_workers = on\nmax_worker_processes = 40", "postgres"),
            ("", "postgres"),
            ("", "postgres"),
        ):
            servers.append(Server(cluster.another(f"{settings}\n"), cli, cron_database))
            # In this thread: the server ends with the thread that started it.
            servers[-1].cluster.start()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Server.prepare, servers))
            list(pool.map(lambda work: work(), [lambda s=s, f=f: f(s) for s, f in zip(servers, FILLED, strict=True)]))
        libpq, workers, broken, down = servers
        # Everything is to be due at the same minute.
        until(lambda: seconds_left(down) > 15)
        for server in servers:
            for name in server.databases.keys() - {"by_hand"}:
                server.apply(name)
        ((due,),) = down.cron("select date_trunc('minute', now()) + interval '1 minute'")
        assert seconds_left(down) > 5
        down.cluster.stop()
        if can_launch_nothing(broken):
            broken.cron("alter system set cron.launch_active_jobs = off")
            broken.cron("select pg_reload_conf()")
        else:
            broken.cron("select pg_terminate_backend(pid) from (" + LAUNCHER + ") as launcher")
        yield Stage(libpq, workers, broken, down, due)
    finally:
        for server in servers:
            server.cluster.remove()


def can_launch_nothing(server: Server) -> bool:
    """Whether this pg_cron has a setting for it, which is since 1.6."""
    return bool(server.cron("select name from pg_settings where name = 'cron.launch_active_jobs'"))


def seconds_left(server: Server) -> float:
    """Until the next full minute."""
    ((second,),) = server.cron("select extract(second from clock_timestamp())")
    return 60 - float(second)


BY_HAND = {"cleans": "call maint.cleanup()", "fails": "set statement_timeout = 0; call maint.cleanup()"}


def fill_libpq(server: Server) -> None:
    server.add("here", expired=6000, slow=0.3)
    agrees = server.add("agrees", expired=300, batch_rows=100, slow=0)
    agrees.query("select maint.set_setting('vacuum_schedule', %s)", EVERY_MINUTE)
    agrees.query("select maint.set_setting('prune_schedule', %s)", EVERY_MINUTE)
    agrees.query("select maint.set_setting('cron_history_keep_count', '40')")
    server.add("removed", expired=6000, slow=0.3)
    server.add("takes_long", expired=1000, batch_rows=10, slow=1.3)
    # A pass of more than two minutes, in batches of a second: neither size nor speed is adapted to it.
    server.add("by_hand", expired=100, slow=0)
    for job, command in BY_HAND.items():
        server.cron("select cron.schedule_in_database(%s, '* * * * *', %s, 'by_hand', %s)", job, command, OWNER)


def fill_workers(server: Server) -> None:
    server.add("agrees", expired=300, batch_rows=100, slow=0)
    server.add("removed", expired=6000, slow=0.3)


def fill_one(server: Server) -> None:
    server.add("app", expired=300, batch_rows=100, slow=0)


def fill_down(server: Server) -> None:
    """A job whose role will be dropped is here, because that may end the launcher and all that it waits for."""
    with server.cluster.connect() as root:
        root.execute(f"create role {LEAVER} login in role {OWNER}")
    server.cron(f"grant usage on schema cron to {LEAVER}")
    server.cron(f"grant execute on function cron.schedule_in_database to {LEAVER}")
    fill_one(server)
    server.add("left_by_its_role", LEAVER, expired=100, slow=0)


FILLED = (fill_libpq, fill_workers, fill_one, fill_down)


def in_state(server: Server, name: str, state: str, seconds: float = 20) -> dict[str, Any]:
    """The row of the view jobs, once it is in that state."""
    until(lambda: server.job(name)["state"] == state, seconds)
    return server.job(name)


def states(server: Server, name: str) -> set[tuple[str, str]]:
    """What `schedule list` says of the jobs of a database: job and state."""
    listed = server.command(name, "schedule", "list", "--json")
    return {(job["job_name"], job["state"]) for job in listed.json["jobs"]}


def finished(server: Server, name: str) -> list[dict[str, Any]]:
    return [call for call in server.calls(name) if call["finished_at"]]


def test_a_launcher_that_does_nothing_is_found_at_once(stage: Stage) -> None:
    told = "cron.launch_active_jobs is off"
    if not can_launch_nothing(stage.broken):
        until(lambda: stage.broken.launcher() is None)
        told = "the launcher of pg_cron is not running"
    found = stage.broken.command("app", "doctor", as_superuser=True)
    assert found.returncode == 2
    assert f"FAILED {told}: no job runs" in found.stdout.splitlines()
    # An ordinary role may not see it, and is not alarmed.
    found = stage.broken.command("app", "doctor")
    assert "no job runs" not in found.stdout
    # health says it before any job is late.
    with stage.broken.cluster.connect("app") as superuser:
        said = superuser.execute("select status, detail from maint.health where check_id = 'jobs'").fetchall()
    assert {status for status, _ in said} == {"critical"}
    assert all(told in detail for _, detail in said)


@pytest.mark.parametrize("mode", ["libpq", "workers"])
def test_removing_a_job_in_mid_run_stops_its_pass_at_a_batch(mode: str, stage: Stage) -> None:
    server: Server = getattr(stage, mode)
    table = server.tables["removed"]
    until(lambda: server.calls("removed") and table.under_way(), MINUTE)
    removed = server.command("removed", "schedule", "remove")
    assert removed.returncode == 0, removed.stderr
    assert "is still at work and was asked to stop" in removed.stderr
    until(lambda: table.last_run()["stop_reason"] is not None)
    assert table.last_run()["stop_reason"] == "interrupted"
    assert 0 < table.count() - table.fresh < table.expired
    table.assert_nothing_half_done(whole_batches=True)
    assert server.cron("select jobid from cron.job where database = 'removed'") == []
    assert states(server, "removed") == set()


@pytest.mark.parametrize("mode", ["libpq", "workers"])
def test_expired_rows_go_and_everything_agrees(mode: str, stage: Stage) -> None:
    server: Server = getattr(stage, mode)
    first = until(lambda: finished(server, "agrees"), MINUTE)[0]
    table = server.tables["agrees"]
    assert table.count() == table.fresh
    table.assert_nothing_half_done()
    (run,) = [run for run in table.runs() if run["pid"] == first["pid"]]
    assert (first["outcome"], first["rows"], first["passes"]) == ("done", 300, 1)
    assert (run["stop_reason"], run["rows"], run["role_name"]) == ("done", 300, OWNER)
    # With background workers pg_cron 1.4 looks at nothing else while a job is at work, which the test before ended.
    detail = until(lambda: [row for row in server.details("agrees") if row[0] == "succeeded" and row[4]])[0]
    assert detail[2] == OWNER
    # Its launcher looks at each job in turn, so it is later than the job itself, also with its start.
    assert abs(detail[3] - first["started_at"]) < timedelta(seconds=5)
    assert first["finished_at"] <= detail[4]
    job = server.job("agrees")
    assert job["state"] in ("ok", "running")
    assert job["last_outcome"] in ("done", None)
    assert (job["role_name"], job["cron_database"], job["schedule"]) == (OWNER, server.cron_database, EVERY_MINUTE)
    assert ("cleanup", job["state"]) in states(server, "agrees")
    assert server.command("agrees", "schedule", "apply").stdout == ""


def test_a_session_that_outlives_its_job_is_shown_with_what_stops_it(stage: Stage) -> None:
    server, table = stage.libpq, stage.libpq.tables["here"]
    until(lambda: server.calls("here") and table.under_way(), MINUTE)
    server.cron("select cron.unschedule(jobid) from cron.job where command like '%/* pytelemetry_db:here:%'")
    job = in_state(server, "here", "orphaned")
    pid = server.calls("here")[-1]["pid"]
    assert job["state_detail"].startswith(f"it is not in pg_cron any more, and pid {pid} still works for it since ")
    assert ("cleanup", "orphaned") in states(server, "here")
    # pg_cron says that it cancelled it; it goes on committing.
    gone = table.missing()
    until(lambda: table.missing() > gone)
    server.databases["here"].query(job["state_fix"])
    until(lambda: table.last_run()["stop_reason"] is not None)
    assert (table.last_run()["stop_reason"], table.last_run()["detail"]) == ("interrupted", "asked to stop")
    table.assert_nothing_half_done(whole_batches=True)
    in_state(server, "here", "removed")
    applied = server.command("here", "schedule", "apply")
    assert applied.returncode == 0, applied.stderr
    assert server.job("here")["state"] in ("ok", "waiting", "running")
    server.command("here", "schedule", "remove")


def test_vacuum_and_prune_do_what_they_say(stage: Stage) -> None:
    server, database = stage.libpq, stage.libpq.databases["agrees"]
    vacuumed = "select last_vacuum from pg_stat_user_tables where relname = 'events'"
    until(lambda: database.value(vacuumed), MINUTE)
    assert server.job("agrees", "vacuum:app.events")["last_finished_at"] is not None
    # Old rows of ours, and as many of a job of somebody else's.
    marked = "like '%/* pytelemetry_db:agrees:maint:%'"
    server.cron(
        "insert into cron.job_run_details (jobid, runid, database, username, command, status, end_time)"
        " select 1000 + g % 2, nextval('cron.runid_seq'), 'agrees', 'maint_owner',"
        " case when g % 2 = 0 then 'call m.c() /* pytelemetry_db:agrees:maint:cleanup */' else 'select 1' end,"
        " 'succeeded', now() - make_interval(days => g % 20) from generate_series(1, 2000) as g"
    )
    foreign = "select count(*) from cron.job_run_details where command = 'select 1'"
    ours = f"select count(*) from cron.job_run_details where command {marked}"
    ((before,),) = server.cron(ours)
    assert before > 1000
    until(lambda: server.cron(ours)[0][0] < 60, MINUTE)
    assert server.cron(foreign) == [(1000,)]
    left = server.cron(
        f"select min(end_time) > now() - interval '8 days' from cron.job_run_details where command {marked}"
    )
    assert left == [(True,)]


def test_downtime_shows_as_missed_and_nothing_queues(stage: Stage) -> None:
    server = stage.down
    until(lambda: stage.libpq.cron("select now() > %s + interval '5 seconds'", stage.due)[0][0], MINUTE)
    server.cluster.start()
    calls = until(lambda: finished(server, "app"), MINUTE)
    table = server.tables["app"]
    assert (calls[0]["outcome"], calls[0]["rows"]) == ("done", 300)
    assert calls[0]["started_at"] > stage.due
    assert table.count() == table.fresh
    until(lambda: server.job("app")["missed_24h"] >= 1, 2 * MINUTE)
    job = server.job("app")
    assert job["state"] in ("ok", "running")
    # One call for each time since, and not one more for what was missed.
    assert len(server.calls("app")) + job["missed_24h"] <= job["expected_24h"] + 2


def test_the_owner_of_a_job_was_dropped(stage: Stage) -> None:
    server, name = stage.down, "left_by_its_role"
    assert until(lambda: finished(server, name), MINUTE)[0]["role_name"] == LEAVER
    server.cron(f"drop owned by {LEAVER}")
    server.cron(f"drop role {LEAVER}")
    job = server.job(name)
    assert job["state"] == "owner dropped"
    owner = Database(server.cluster, name)
    found = server.cli.here("doctor", "--dsn", owner.dsn)
    assert f"job cleanup is owner dropped: role {LEAVER} does not exist any more" in found.stdout
    assert job["state_fix"].endswith("; -- in database postgres")
    server.cron(job["state_fix"])
    assert server.cron("select jobid from cron.job where username = %s", LEAVER) == []
    server.databases[name] = owner
    server.apply(name)
    assert server.job(name)["role_name"] == OWNER
    assert server.job(name)["state"] in ("ok", "waiting")


def test_after_a_restart_and_after_a_kill_the_launcher_goes_on(stage: Stage) -> None:
    server = stage.broken
    late = in_state(server, "app", "late", 3 * MINUTE)
    assert late["state_detail"].startswith("nothing came at ")
    assert server.calls("app") == []
    if can_launch_nothing(server):
        server.cron("alter system reset cron.launch_active_jobs")
    server.cluster.restart()
    launcher = until(server.launcher)
    assert launcher is not None
    server.cluster.kill_backend(launcher)
    until(lambda: server.launcher() not in (None, launcher), MINUTE)
    assert until(lambda: finished(server, "app"), MINUTE)[0]["rows"] == 300
    job = server.job("app")
    assert job["state"] in ("ok", "running")
    assert job["missed_24h"] >= 1
    assert "launcher" not in server.command("app", "doctor", as_superuser=True).stdout


def test_calls_that_queue_up_behind_a_long_pass_return_at_once(stage: Stage) -> None:
    server, table = stage.libpq, stage.libpq.tables["takes_long"]
    until(lambda: len(finished(server, "takes_long")) > 1, 4 * MINUTE)
    long, *queued = server.calls("takes_long")
    lasted = long["finished_at"] - long["started_at"]
    assert (long["outcome"], long["rows"]) == ("done", table.expired)
    assert lasted.total_seconds() > 120
    assert queued[0]["outcome"] == "piled_up"
    assert (queued[0]["finished_at"] - queued[0]["started_at"]).total_seconds() < 1
    until(lambda: server.job("takes_long")["overlapped_24h"] >= 1, 2 * MINUTE)
    job = server.job("takes_long")
    assert job["piled_up_24h"] >= 1
    # The next one that comes at its time works again.
    following = until(
        lambda: [call for call in finished(server, "takes_long")[1:] if call["outcome"] == "done"], MINUTE
    )
    assert following[0]["rows"] == 0
    runs = [(run["started_at"], run["finished_at"]) for run in table.runs() if run["finished_at"]]
    assert all(one[1] <= other[0] for one, other in pairwise(sorted(runs)))
    assert table.count() == table.fresh


def test_a_job_written_by_hand_is_one_call(stage: Stage) -> None:
    server = stage.libpq

    def told(job: str) -> tuple[str, str]:
        found = until(
            lambda: server.cron(
                "select status, return_message from cron.job_run_details"
                " where command = %s and status in ('succeeded', 'failed') order by runid limit 1",
                BY_HAND[job],
            ),
            MINUTE,
        )
        return found[0]

    assert told("cleans") == ("succeeded", "CALL")
    status, message = told("fails")
    assert status == "failed"
    assert "cleanup commits after every batch" in message
    run = server.tables["by_hand"].runs()[0]
    assert (run["stop_reason"], run["rows"], run["role_name"], run["application_name"]) == (
        "done",
        100,
        OWNER,
        "pg_cron",
    )
