"""pg_cron runs a pass: one CALL in its own session, as an ordinary role, in another database than pg_cron's own."""

from __future__ import annotations

import time
from typing import Any

from psycopg import sql
from support import Cluster, Database

PATIENCE = 100.0  # seconds; pg_cron starts jobs on the minute


def test_a_cron_job_of_one_call_cleans_and_a_failure_shows(cluster: Cluster, database: Database) -> None:
    database.query("create table t (at timestamptz)")
    database.query("create index on t (at)")
    database.query("insert into t select now() - make_interval(days => g) from generate_series(0, 19) as g")
    database.query("select maint.set_policy('t', '10 days')")
    with cluster.connect() as cron:
        cron.execute("create extension if not exists pg_cron")
        jobs = {
            "cleans": "call maint.cleanup()",
            "fails": "set statement_timeout = 0; call maint.cleanup()",
        }
        try:
            for name, command in jobs.items():
                cron.execute(
                    "select cron.schedule_in_database(%s, '* * * * *', %s, %s, %s)",
                    (name, command, database.name, database.owner),
                )
            details = await_runs(cron, set(jobs))
        finally:
            cron.execute("select cron.unschedule(jobid) from cron.job where jobname = any(%s)", (list(jobs),))
            # The next test's copy of the template needs the database to itself.
            cron.execute(sql.SQL("alter database {} allow_connections false").format(sql.Identifier(database.name)))
            cron.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (database.name,))
            cron.execute(sql.SQL("alter database {} allow_connections true").format(sql.Identifier(database.name)))
    assert details["cleans"] == ("succeeded", "CALL")
    assert details["fails"][0] == "failed"
    assert "cleanup commits after every batch" in details["fails"][1]
    run = database.query("select stop_reason, rows, role_name, application_name from maint.runs")
    assert [(row["stop_reason"], row["rows"], row["role_name"]) for row in run] == [("done", 10, database.owner)]
    assert run[0]["application_name"] == "pg_cron"


def await_runs(cron: Any, names: set[str]) -> dict[str, tuple[str, str]]:
    until = time.monotonic() + PATIENCE
    while True:
        rows = cron.execute(
            """
            select distinct on (j.jobname) j.jobname, d.status, d.return_message
            from cron.job_run_details as d inner join cron.job as j using (jobid)
            where d.status in ('succeeded', 'failed')
            order by j.jobname, d.runid
            """
        ).fetchall()
        found = {name: (status, message.strip()) for name, status, message in rows}
        if names <= set(found):
            return found
        assert time.monotonic() < until, f"pg_cron ran only {found}"
        time.sleep(0.25)
