"""`schedule apply` makes pg_cron's jobs what the settings and policies say, and touches nothing that is so already."""

from __future__ import annotations

from typing import Any

import pytest
from support import Cli, Database
from support.dumps import run_script
from support.jobs import CronJobs, Job, add_table, apply
from support.passes import until

from pytelemetry_db.source import catalog

DEFAULTS = {"cleanup": "*/5 * * * *", "prune": "47 3 * * *"}


def schedules(cron: CronJobs) -> dict[str, str]:
    return {name: job["schedule"] for name, job in cron.named().items()}


def recorded(database: Database) -> dict[str, tuple[int, str, str]]:
    rows = database.query("select job_name, cron_job_id, schedule, command from maint._job")
    return {row["job_name"]: (row["cron_job_id"], row["schedule"], row["command"]) for row in rows}


def assert_recorded(cron: CronJobs, database: Database) -> None:
    """What is written down is what pg_cron has."""
    jobs = cron.named()
    assert recorded(database) == {name: (job["jobid"], job["schedule"], job["command"]) for name, job in jobs.items()}


def but_for(jobs: dict[str, Job], *names: str) -> dict[str, Job]:
    return {name: job for name, job in jobs.items() if name not in names}


def test_jobs_are_put_in_and_applied_again_nothing_changes(cron: CronJobs, database: Database, cli: Cli) -> None:
    add_table(database, "events")
    first = apply(cli, database.dsn)
    assert schedules(cron) == {**DEFAULTS, "vacuum:public.events": "17 3 * * *"}
    assert first.stdout.count("add ") == 3
    before = cron.jobs()
    for job in before:
        assert (job["username"], job["active"]) == (database.owner, True)
        assert job["jobname"].startswith(f"pytelemetry_db:{database.name}:maint:")
        assert job["command"].endswith(f" /* {job['jobname']} */")
        assert job["database"] == ("postgres" if job["jobname"].endswith(":prune") else database.name)
    assert_recorded(cron, database)
    since = database.query("select job_name, applied_at from maint._job order by job_name")

    again = apply(cli, database.dsn)
    assert again.stdout == ""
    assert "ok nothing to change" in again.stderr
    assert apply(cli, database.dsn, "--dry-run").stdout == ""
    quiet = cli.here("schedule", "apply", "-q", "--dsn", database.dsn)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert cron.jobs() == before
    assert database.query("select job_name, applied_at from maint._job order by job_name") == since


def test_a_changed_schedule_changes_one_job(cron: CronJobs, database: Database, cli: Cli) -> None:
    add_table(database, "events")
    apply(cli, database.dsn)
    before = cron.named()
    assert cli.here("schedule", "set", "vacuum", "5 4 * * *", "--dsn", database.dsn).returncode == 0
    changed = apply(cli, database.dsn)
    assert [line.split()[:2] for line in changed.stdout.splitlines()[1:]] == [["change", "vacuum:public.events"]]
    after = cron.named()
    assert but_for(after, "vacuum:public.events") == but_for(before, "vacuum:public.events")
    assert after["vacuum:public.events"] == before["vacuum:public.events"] | {"schedule": "5 4 * * *"}
    assert_recorded(cron, database)
    database.query("select maint.set_setting('cleanup_max_duration', '3 minutes')")
    apply(cli, database.dsn)
    last = cron.named()
    assert but_for(last, "cleanup") == but_for(after, "cleanup")
    assert last["cleanup"]["jobid"] == after["cleanup"]["jobid"]
    assert "'3 minutes'" in last["cleanup"]["command"]
    assert_recorded(cron, database)


def test_a_job_for_each_policy(cron: CronJobs, database: Database, cli: Cli) -> None:
    database.query(
        "select maint.set_setting('cleanup_jobs', 'per_policy'), maint.set_setting('vacuum_schedule', 'off')"
    )
    add_table(database, "one")
    apply(cli, database.dsn)
    before = cron.named()
    assert before.keys() == {"cleanup:public.one", "prune"}
    add_table(database, "two")
    apply(cli, database.dsn)
    both = cron.named()
    assert both.keys() == {*before, "cleanup:public.two"}
    assert but_for(both, "cleanup:public.two") == before
    database.query("select maint.drop_policy('one')")
    removed = apply(cli, database.dsn)
    assert [line.split()[:2] for line in removed.stdout.splitlines()[1:]] == [
        ["remove", f"pytelemetry_db:{database.name}:maint:cleanup:public.one"]
    ]
    assert cron.named() == but_for(both, "cleanup:public.one")
    assert_recorded(cron, database)
    # Each of them is a statement that works.
    for job in cron.jobs():
        with cron.cluster.connect(job["database"], user=database.owner, password=database.owner) as connection:
            connection.execute(job["command"].encode())


def make_all_changes(database: Database, cli: Cli) -> None:
    """One job is to be added, one changed, one removed, and one stays."""
    database.query(
        "select maint.set_setting('cleanup_jobs', 'per_policy'), maint.set_setting('vacuum_schedule', 'off')"
    )
    add_table(database, "stays")
    add_table(database, "goes")
    apply(cli, database.dsn)
    database.query("select maint.drop_policy('goes'), maint.set_setting('prune_schedule', '1 1 * * *')")
    add_table(database, "comes")


def test_the_dry_run_prints_what_is_executed(
    cron: CronJobs, database: Database, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all_changes(database, cli)
    before, written = cron.jobs(), recorded(database)
    shown = apply(cli, database.dsn, "--dry-run").stdout
    assert (cron.jobs(), recorded(database)) == (before, written)

    executed: list[str] = []
    from pytelemetry_db import db

    execute = db.execute_script

    def listen(connection: Any, script: Any) -> None:
        executed.append(script.text)
        execute(connection, script)

    monkeypatch.setattr(db, "execute_script", listen)
    apply(cli, database.dsn)
    assert executed == [shown]
    by_command = cron.named()
    assert by_command.keys() == {"cleanup:public.stays", "cleanup:public.comes", "prune"}
    assert_recorded(cron, database)


def test_psql_does_the_same_with_what_is_printed(cron: CronJobs, database: Database, cli: Cli) -> None:
    make_all_changes(database, cli)
    before = cron.named()
    shown = apply(cli, database.dsn, "--dry-run").stdout
    done = run_script(cron.cluster.dsn(user=database.owner, password=database.owner), shown)
    assert (done.returncode, done.stderr) == (0, "")
    after = cron.named()
    assert after.keys() == {"cleanup:public.stays", "cleanup:public.comes", "prune"}
    assert after["cleanup:public.stays"] == before["cleanup:public.stays"]
    assert after["prune"] == before["prune"] | {"schedule": "1 1 * * *"}
    assert apply(cli, database.dsn).stdout == ""
    assert cron.named() == after
    assert_recorded(cron, database)


def test_what_somebody_changed_in_pg_cron_is_set_right(cron: CronJobs, database: Database, cli: Cli) -> None:
    apply(cli, database.dsn)
    before = cron.named()
    altered = {
        "schedule := '1 1 1 1 *'": "cleanup",
        "command := 'select 1 ' || substring(command from '/[*].*')": "cleanup",
        "database := 'template1'": "prune",
    }
    for change, name in altered.items():
        cron.execute(
            f"select cron.alter_job(jobid, {change}) from cron.job where jobid = {cron.named()[name]['jobid']}"
        )
        assert cron.named() != before
        apply(cli, database.dsn)
        fixed = cron.named()
        assert {name: job | {"jobid": 0} for name, job in fixed.items()} == {
            name: job | {"jobid": 0} for name, job in before.items()
        }
        assert apply(cli, database.dsn).stdout == ""
        assert_recorded(cron, database)


def test_what_is_switched_off_stays_off_until_activated(cron: CronJobs, database: Database, cli: Cli) -> None:
    apply(cli, database.dsn)
    before = cron.named()
    cron.execute(f"select cron.alter_job({before['cleanup']['jobid']}, active := false)")
    # A change of its schedule does not switch it on either.
    for schedule in ("*/5 * * * *", "*/7 * * * *"):
        database.query("select maint.set_setting('cleanup_schedule', %s)", schedule)
        told = apply(cli, database.dsn)
        found = cron.named()["cleanup"]
        assert (found["active"], found["schedule"]) == (False, schedule)
        assert "was switched off and stays so; schedule apply --activate switches it on" in told.stderr
    listed = cli.here("schedule", "list", "--json", "--dsn", database.dsn)
    states = {job["job_name"]: (job["state"], job["state_fix"]) for job in listed.json["jobs"]}
    assert (listed.returncode, states["cleanup"]) == (1, ("inactive", "pytelemetry-db schedule apply --activate"))
    apply(cli, database.dsn, "--activate")
    assert cron.named()["cleanup"]["active"] is True
    assert cron.named()["prune"] == before["prune"]
    assert_recorded(cron, database)
    assert apply(cli, database.dsn, "--activate").stdout == ""


def test_two_at_once_end_as_one_would(cron: CronJobs, database: Database, cli: Cli) -> None:
    make_all_changes(database, cli)
    cron.execute(
        "select cron.alter_job(jobid, active := false) from cron.job where jobname like '%:cleanup:public.stays'"
    )
    commands = [cli.start("schedule", "apply", "--activate", "--dsn", database.dsn) for _ in range(3)]
    results = [(*command.communicate(timeout=60), command.returncode) for command in commands]
    assert [code for *_, code in results] == [0, 0, 0], results
    assert cron.named().keys() == {"cleanup:public.stays", "cleanup:public.comes", "prune"}
    assert all(job["active"] for job in cron.jobs())
    assert_recorded(cron, database)
    assert apply(cli, database.dsn, "--activate").stdout == ""


def test_one_waits_until_the_other_is_done(cron: CronJobs, database: Database, cli: Cli) -> None:
    make_all_changes(database, cli)
    removed = cron.named()["cleanup:public.goes"]["jobid"]
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with cron.cluster.connect() as other:
        other.execute(catalog("lock_jobs").encode())
        # A look is no change, and waits for nobody.
        assert apply(cli, database.dsn, "--dry-run").stdout != ""
        with cli.start("schedule", "apply", "--dsn", database.dsn) as second:
            until(lambda: cron.execute(waiting) == [(1,)])
            other.execute("select cron.unschedule(%s)", [removed])
            other.close()
            told, errors = second.communicate(timeout=60)
    assert second.returncode == 0, errors
    assert {line.split()[0] for line in told.splitlines()[1:]} == {"add", "change"}
    assert_recorded(cron, database)


def test_activating_is_enough_where_more_was_changed(cron: CronJobs, database: Database, cli: Cli) -> None:
    apply(cli, database.dsn)
    cron.execute(f"select cron.alter_job({cron.named()['cleanup']['jobid']}, active := false)")
    database.query("select maint.set_setting('cleanup_schedule', '*/9 * * * *')")
    apply(cli, database.dsn, "--activate")
    found = cron.named()["cleanup"]
    assert (found["active"], found["schedule"]) == (True, "*/9 * * * *")
    assert_recorded(cron, database)
