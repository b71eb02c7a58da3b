"""What keeps pg_cron from running a job, as doctor finds it on a server of its own; the SQL it prints mends it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from psycopg import sql
from support import Cli, Cluster, Database, LocalCluster
from support.cluster import OWNER
from support.jobs import add_table, apply, cron_jobs, install
from support.passes import until

from pytelemetry_db import db
from pytelemetry_db.connection import Options, resolve

GROUP = "owning_group"
# pg_cron 1.4 does not have this setting; a later one is made to say so by its own words.
LAUNCHES_NOTHING = """
create or replace view pg_catalog.pg_settings as
select s.* from pg_show_all_settings() as s
union all
select
    'cron.launch_active_jobs', 'off', unit, category, short_desc, extra_desc, context, vartype, source, min_val,
    max_val, enumvals, boot_val, reset_val, sourcefile, sourceline, pending_restart
from pg_show_all_settings()
where name = 'cron.log_run'
"""


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[LocalCluster]:
    """A server on which pg_cron keeps its jobs in postgres, with our schema there and in another database."""
    server = cluster.another()
    try:
        server.start()
        server.create_roles()
        with server.connect() as root:
            root.execute(f"grant create on database postgres to {OWNER}")
            root.execute(f"grant create on schema public to {OWNER}")
        assert Cli(server.directory).here("install", "--dsn", Database(server, "postgres").dsn).returncode == 0
        database = install(server, "telemetry")
        for place in (database, Database(server, "postgres")):
            add_table(place, "events")
        yield server
    finally:
        server.remove()


@pytest.fixture
def well(server: LocalCluster) -> Iterator[LocalCluster]:
    """The same, with pg_cron, and as it was when the test is over."""
    with server.connect() as root:
        root.execute("create extension if not exists pg_cron")
    yield server
    with server.connect() as root:
        root.execute("alter system reset all")
    server.restart()


def found(cli: Cli, dsn: str) -> dict[str, dict[str, Any]]:
    """What doctor says of pg_cron beyond notes, by check."""
    result = cli.here("doctor", "--json", "--dsn", dsn)
    assert result.returncode in (0, 1, 2, 3), result
    findings = [f for f in result.json["findings"] if f["check_id"].startswith(("pg_cron", "cron_", "job"))]
    bad = [finding for finding in findings if finding["level"] != "note"]
    assert result.returncode == 2 or "error" not in {finding["level"] for finding in bad}
    assert len({finding["detail"] for finding in findings}) == len(findings)
    return {finding["check_id"]: finding for finding in bad}


def roots(server: Cluster) -> tuple[str, str]:
    """The superuser in pg_cron's database and in the other one."""
    return server.dsn(), server.dsn("telemetry")


def owners(server: Cluster) -> tuple[str, str]:
    return Database(server, "postgres").dsn, Database(server, "telemetry").dsn


def assert_well(server: Cluster, cli: Cli) -> None:
    until(lambda: launchers(server) == 1)
    for dsn in roots(server):
        assert found(cli, dsn) == {}


def launchers(server: Cluster) -> int:
    with server.connect() as root:
        rows = root.execute("select from pg_stat_activity where backend_type = 'pg_cron launcher'").fetchall()
    return len(rows)


def mend(server: LocalCluster, fixes: list[str]) -> None:
    """Run what doctor says, and restart when it says so."""
    with server.connect() as root:
        for fix in fixes:
            root.execute(fix.encode())
    if any("then restart" in fix for fix in fixes):
        server.restart()


def test_before_there_is_pg_cron(server: LocalCluster, cluster: Cluster, cli: Cli) -> None:
    here = Database(server, "telemetry")
    with server.connect() as root:
        root.execute("drop extension if exists pg_cron")
    for command in ("apply", "apply --dry-run", "remove"):
        result = cli.here("schedule", *command.split(), "--dsn", here.dsn)
        assert (result.returncode, result.stdout) == (3, ""), result
        assert result.stderr.count("error: ") == 1
        assert "pg_cron is not in database postgres, nor in telemetry" in result.stderr
        assert "schedule emit" in result.stderr
    with cluster.connect() as other:
        other.execute("create extension if not exists pg_cron")
    elsewhere = cli.here("schedule", "apply", "--dsn", here.dsn, "--cron-dsn", cluster.dsn())
    assert (elsewhere.returncode, elsewhere.stdout) == (64, "")
    assert "--cron-dsn leads to another server (the one that the jobs work on)" in elsewhere.stderr
    with cluster.connect() as other:
        assert other.execute("select from cron.job where command ~ 'telemetry'").fetchall() == []
    assert here.query("select * from maint._job") == []


def test_no_alarm_where_all_is_well(well: LocalCluster, cli: Cli) -> None:
    assert_well(well, cli)
    with cron_jobs(well):
        for dsn in owners(well):
            assert found(cli, dsn) == {}
            apply(cli, dsn)
            assert found(cli, dsn) == {}
        assert_well(well, cli)
        for dsn in owners(well):
            assert cli.here("schedule", "remove", "--dsn", dsn).returncode == 0


def test_the_library_is_not_loaded(well: LocalCluster, cli: Cli) -> None:
    mend(well, ["alter system set shared_preload_libraries = 'auto_explain', 'plpgsql_check'; -- then restart"])
    here, there = roots(well)
    missing = found(cli, here)
    assert missing.keys() == {"cron_library"}
    assert (missing["cron_library"]["level"], missing["cron_library"]["fix"]) == (
        "error",
        "alter system set shared_preload_libraries = 'auto_explain', 'plpgsql_check', 'pg_cron'; -- then restart",
    )
    assert found(cli, there) == {}
    note = cli.here("doctor", "--dsn", there).stderr
    assert "pg_cron can be had on this server but is not loaded: passes need a scheduler outside" in note
    printed = cli.here("doctor", "--sql", "--dsn", here).stdout
    assert missing["cron_library"]["fix"] in printed.splitlines()
    mend(well, [missing["cron_library"]["fix"]])
    assert_well(well, cli)


@contextmanager
def without_launcher(server: LocalCluster) -> Iterator[None]:
    """It is ended, and ended again: newer versions start it anew after a second, 1.4 does not."""
    over = threading.Event()

    def end() -> None:
        with server.connect() as root:
            while not over.wait(0.005):
                root.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'pg_cron launcher'"
                )

    thread = threading.Thread(target=end)
    thread.start()
    try:
        until(lambda: launchers(server) == 0)
        yield
    finally:
        over.set()
        thread.join()


def test_the_launcher_ended(well: LocalCluster, cli: Cli) -> None:
    until(lambda: launchers(well) == 1)
    with without_launcher(well):
        for dsn in roots(well):
            dead = until(partial(found, cli, dsn))
            assert dead.keys() == {"cron_launcher"}
            assert dead["cron_launcher"]["level"] == "error"
            assert dead["cron_launcher"]["fix"].startswith("restart the server")
            printed = until(partial(restarts, cli, dsn))
            assert printed == 1
        # Who may not see other sessions is not told that there is none.
        for dsn in owners(well):
            assert "cron_launcher" not in found(cli, dsn)
        with well.connect() as root:
            root.execute(f"grant pg_monitor to {OWNER}")
        until(lambda: "cron_launcher" in found(cli, owners(well)[1]))
    well.restart()
    assert_well(well, cli)
    with well.connect() as root:
        root.execute(f"revoke pg_monitor from {OWNER}")


def restarts(cli: Cli, dsn: str) -> int:
    """How often doctor's SQL says that the server has to be restarted."""
    return cli.here("doctor", "--sql", "--dsn", dsn).stdout.count("\n-- restart the server")


def test_jobs_are_switched_off_for_the_whole_server(well: LocalCluster) -> None:
    def off() -> list[db.Row]:
        with db.connect(resolve(Options(dsn=well.dsn("telemetry")), {}, db.parse_dsn), purpose="doctor") as connection:
            return [row for row in db.fetch(connection, "doctor_cron", "maint") if row["level"] != "note"]

    def run(*statements: str) -> None:
        with well.connect("telemetry", options="-c allow_system_table_mods=on") as root:
            for statement in statements:
                root.execute(statement.encode())

    with well.connect() as root:
        known = root.execute("select from pg_settings where name = 'cron.launch_active_jobs'").fetchone()
    assert off() == []
    if known is None:
        run(LAUNCHES_NOTHING)
    else:
        run("alter system set cron.launch_active_jobs = off", "select pg_reload_conf()")
    (found,) = until(off)
    assert (found["check_id"], found["level"], found["fix"]) == (
        "cron_active",
        "error",
        "alter system set cron.launch_active_jobs = on; -- then select pg_reload_conf()",
    )
    if known is None:
        run("create or replace view pg_catalog.pg_settings as select s.* from pg_show_all_settings() as s")
    else:
        run(found["fix"], "select pg_reload_conf()")
    until(lambda: not off())


def test_background_workers(well: LocalCluster, cli: Cli) -> None:
    workers = "alter system set cron.use_background_workers = on"
    alone = "alter system set cron.use_background_workers = off; -- then restart"
    with well.connect() as root:
        ((version,),) = root.execute("select extversion from pg_extension where extname = 'pg_cron'").fetchall()
    is_old = version.startswith(("1.2", "1.3", "1.4"))
    mend(well, [workers, "alter system set cron.max_running_jobs = 7; -- then restart"])
    for dsn in roots(well):
        result = cli.here("doctor", "--json", "--dsn", dsn).json["findings"]
        said = {f["detail"]: f["fix"] for f in result if f["check_id"] == "cron_workers"}
        (few,) = [detail for detail in said if "cron.max_running_jobs is 7 and max_worker_processes 8" in detail]
        assert said[few] == "alter system set max_worker_processes = 15; -- then restart"
        old = said.keys() - {few}
        assert [detail.split(" with ")[0] for detail in old] == ([f"pg_cron {version}"] if is_old else [])
        assert {said[detail] for detail in old} <= {alone}
    mend(well, [said[few]])
    remaining = found(cli, well.dsn("telemetry"))
    assert [(name, finding["fix"]) for name, finding in remaining.items()] == [("cron_workers", alone)][: int(is_old)]
    with well.connect() as root:
        root.execute("alter system reset cron.max_running_jobs")
    mend(well, [alone])
    assert_well(well, cli)


def test_more_jobs_than_connections(well: LocalCluster, cli: Cli) -> None:
    mend(well, ["alter system set cron.max_running_jobs = 55; -- then restart", "alter system set cron.log_run = off"])
    many = found(cli, well.dsn("telemetry"))
    assert many.keys() == {"cron_connections"}
    assert "cron.log_run is off" in cli.here("doctor", "--dsn", well.dsn("telemetry")).stderr
    with well.connect() as root:
        root.execute("alter system reset cron.log_run")
    mend(well, [many["cron_connections"]["fix"]])
    assert_well(well, cli)


def test_the_role_of_a_job_may_not_log_in(well: LocalCluster, cli: Cli) -> None:
    root_dsn = well.dsn("grouped")
    with cron_jobs(well) as cron:
        cron.execute(f"create role {GROUP} nologin")
        cron.execute(f"grant {GROUP} to {OWNER}")
        cron.execute(f"create database grouped owner {GROUP}")
        try:
            as_group = well.dsn("grouped", user=OWNER, password=OWNER, options=f"-c role={GROUP}")
            assert cli.here("install", "--dsn", as_group).returncode == 0
            assert found(cli, as_group)["cron_login"]["fix"] == f"alter role {GROUP} login;"
            refused = cli.here("schedule", "apply", "--dsn", root_dsn)
            assert refused.returncode == 2
            assert f'role "{GROUP}" can not log in' in refused.stderr
            assert cron.jobs() == []
            cron.execute(f"alter role {GROUP} login")
            apply(cli, root_dsn)
            assert {job["username"] for job in cron.jobs()} == {GROUP}
            cron.execute(f"alter role {GROUP} nologin")
            for dsn in (root_dsn, as_group):
                # Whichever way pg_cron works: background workers need that right, too.
                missed = found(cli, dsn)
                assert missed.keys() == {"cron_login"}
                assert missed["cron_login"]["detail"].startswith(f"role {GROUP} may not log in")
            cron.execute(missed["cron_login"]["fix"])
            assert found(cli, root_dsn) == {}
            assert apply(cli, root_dsn).stdout == ""
        finally:
            cron.clear()
            cron.execute("drop database grouped with (force)")
            cron.execute(f"drop role {GROUP}")


def test_the_role_of_a_job_is_gone(well: LocalCluster, cli: Cli) -> None:
    role = "leaves soon"
    with cron_jobs(well) as cron:
        cron.connection.execute(sql.SQL("create role {} login superuser").format(sql.Identifier(role)))
        here = Database(well, "telemetry")
        here.query("select maint.set_setting('vacuum_schedule', 'off')")
        apply(cli, here.dsn)
        cron.execute("update cron.job set username = %s", role)
        here.query("update maint._job set role_name = %s", role)
        assert found(cli, here.dsn) == {}
        cron.connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))
        gone = found(cli, here.dsn)
        assert gone["job"]["detail"].startswith(("job cleanup is owner dropped", "job prune is owner dropped"))
        result = cli.here("doctor", "--sql", "--dsn", here.dsn)
        fixes = [line for line in result.stdout.splitlines() if line.startswith("select cron.unschedule(")]
        assert len(fixes) == 2
        for fix in fixes:
            cron.execute(fix)
        apply(cli, here.dsn)
        assert found(cli, here.dsn) == {}
        assert cli.here("schedule", "list", "--dsn", here.dsn).returncode == 0
        assert cli.here("schedule", "remove", "--dsn", here.dsn).returncode == 0
