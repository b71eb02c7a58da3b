"""`schedule list` and doctor say how a job stands, `schedule remove` ends what is at work; what is printed helps."""

from __future__ import annotations

from typing import Any

import pytest
from support import Cli, Database, Result
from support.jobs import CronJobs, add_table, apply
from support.passes import Pass, Table, until

FAILED_RUN = """
insert into cron.job_run_details
(jobid, runid, database, username, command, status, return_message, start_time, end_time)
select jobid, nextval('cron.runid_seq'), database, username, command, 'failed', 'no such luck', now(), now()
from cron.job where jobid = %s
"""


def listed(cli: Cli, database: Database) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code and the jobs; text and doctor agree with them."""
    facts = cli.here("schedule", "list", "--json", "--dsn", database.dsn)
    jobs = {job["job_name"]: job for job in facts.json["jobs"]}
    text = cli.here("schedule", "list", "--dsn", database.dsn)
    assert text.returncode == facts.returncode
    for name, job in jobs.items():
        assert any(line.startswith(name) and f" {job['state']} " in line for line in text.stdout.splitlines()), text
        if job["state_fix"]:
            assert f"    fix: {job['state_fix']}" in text.stdout
    return facts.returncode, jobs


def doctor(cli: Cli, database: Database) -> set[str]:
    result = cli.here("doctor", "--json", "--dsn", database.dsn)
    return {f["detail"] for f in result.json["findings"] if f["check_id"] == "job"}


def test_a_job_that_never_comes_is_late(cron: CronJobs, database: Database, cli: Cli) -> None:
    add_table(database, "events")
    apply(cli, database.dsn)
    assert (listed(cli, database)[0], doctor(cli, database)) == (0, set())
    database.query("update maint._job set applied_at = now() - interval '2 hours' where job_name = 'cleanup'")
    code, jobs = listed(cli, database)
    assert code == 1
    assert (jobs["cleanup"]["state"], jobs["cleanup"]["state_fix"]) == ("late", "pytelemetry-db doctor")
    assert 22 <= jobs["cleanup"]["missed_24h"] <= 24
    assert {job["state"] for name, job in jobs.items() if name != "cleanup"} == {"waiting"}
    (detail,) = doctor(cli, database)
    assert detail.startswith("job cleanup is late: nothing came at ")
    [late] = database.query(
        "select status, detail, remediation from maint.health where check_id = 'jobs' and object = 'cleanup'"
    )
    assert (late["status"], late["remediation"]) == ("critical", "pytelemetry-db doctor")
    assert late["detail"].startswith("late: nothing came at ")
    # It comes.
    database.query("call maint.cleanup(p_job => 'cleanup', p_quiet => true)")
    code, jobs = listed(cli, database)
    # In one minute of the hour pg_cron is there first, and ours finds its pass at work.
    assert jobs["cleanup"]["last_outcome"] in ("done", "busy")
    assert (code, jobs["cleanup"]["state"]) == (0, "ok")
    assert doctor(cli, database) == set()


def test_a_job_whose_last_run_failed(cron: CronJobs, database: Database, cli: Cli) -> None:
    apply(cli, database.dsn)
    cron.execute(FAILED_RUN, cron.named()["prune"]["jobid"])
    code, jobs = listed(cli, database)
    assert code == 1
    assert (jobs["prune"]["state"], jobs["prune"]["state_detail"]) == ("failing", "no such luck")
    assert jobs["cleanup"]["state"] == "waiting"


def test_a_record_that_came_from_another_database(cron: CronJobs, database: Database, cli: Cli) -> None:
    apply(cli, database.dsn)
    before = cron.jobs()
    database.query("update maint._job set database_oid = 1")
    code, jobs = listed(cli, database)
    assert (code, {job["state"] for job in jobs.values()}) == (1, {"copied"})
    assert {job["state_fix"] for job in jobs.values()} == {"pytelemetry-db schedule apply"}
    assert apply(cli, database.dsn).stdout == ""
    assert (cron.jobs(), listed(cli, database)[0]) == (before, 0)


@pytest.mark.parametrize("how", ["removed", "orphaned"])
def test_what_works_for_a_job_that_is_gone_stops_at_its_batch(
    how: str, cron: CronJobs, database: Database, cli: Cli
) -> None:
    table = Table.make(database, slow=0.05)
    apply(cli, database.dsn)
    with Pass(database, "p_job => 'cleanup', p_quiet => true") as working:
        until(lambda: table.under_way())
        code, jobs = listed(cli, database)
        assert (code, jobs["cleanup"]["state"]) == (0, "running")
        if how == "removed":
            result: Result = cli.here("schedule", "remove", "--dsn", database.dsn)
            assert result.returncode == 0
            assert f"cleanup: pid {working.pid} is still at work and was asked to stop" in result.stderr
            assert cron.jobs() == []
        else:
            cron.clear()
            database.query("delete from maint._job")
            code, jobs = listed(cli, database)
            assert (code, {name: job["state"] for name, job in jobs.items()}) == (1, {"cleanup": "orphaned"})
            assert str(working.pid) in jobs["cleanup"]["state_detail"]
            database.query(jobs["cleanup"]["state_fix"])
        working.wait()
    assert 0 < table.missing() < table.expired
    table.assert_nothing_half_done(whole_batches=True)
    assert table.last_run()["stop_reason"] == "interrupted"
    assert cli.here("schedule", "list", "--dsn", database.dsn).returncode == 3
