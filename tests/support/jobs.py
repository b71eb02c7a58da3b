"""Jobs of pg_cron as its own table has them, and the grants that let an ordinary role make some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load
from support.cluster import OWNER, Cluster
from support.command import Cli, Result
from support.database import Database

USAGE = "usage on schema cron"
ELSEWHERE = "execute on function cron.schedule_in_database"
RARELY = "0 0 1 1 *"

Job = dict[str, Any]


class CronJobs:
    """The superuser's view of the database in which pg_cron keeps its jobs."""

    def __init__(self, cluster: Cluster, connection: psycopg.Connection[Any]) -> None:
        self.cluster = cluster
        self.connection = connection
        self.before = {job["jobid"] for job in self.all()}

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run something as the superuser."""
        cursor = self.connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description is not None else []

    def all(self) -> list[Job]:
        """Every row of cron.job."""
        cursor = self.connection.cursor(row_factory=dict_row)
        return cursor.execute("select * from cron.job order by jobid").fetchall()

    def jobs(self) -> list[Job]:
        """The rows that were made since."""
        return [job for job in self.all() if job["jobid"] not in self.before]

    def named(self) -> dict[str, Job]:
        """The same by the job's own part of the name; of one database, schema and role."""
        found = {job["jobname"].split(":", 3)[-1]: job for job in self.jobs()}
        assert len(found) == len(self.jobs())
        return found

    def grant(self, *rights: str, role: str = OWNER) -> None:
        for right in rights:
            self.execute(f"grant {right} to {role}")

    def revoke(self, *rights: str, role: str = OWNER) -> None:
        for right in rights:
            self.execute(f"revoke {right} from {role}")

    def clear(self) -> None:
        """Take out what was made since."""
        self.execute("select cron.unschedule(jobid) from cron.job where jobid <> all (%s)", list(self.before))


@contextmanager
def cron_jobs(cluster: Cluster) -> Iterator[CronJobs]:
    """pg_cron of a server, with the owner's role allowed to use it; afterwards nothing of that is left."""
    with cluster.connect() as connection:
        connection.execute("create extension if not exists pg_cron")
        cron = CronJobs(cluster, connection)
        cron.grant(USAGE, ELSEWHERE)
        try:
            yield cron
        finally:
            cron.clear()
            cron.revoke(USAGE, ELSEWHERE)


def install(cluster: Cluster, name: str, schema: str = "maint") -> Database:
    """A database of the owner's, whatever its name, with our schema."""
    with cluster.connect() as connection:
        connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
    database = Database(cluster, name)
    with database.connect() as connection:
        connection.execute(render_install(load(), schema).text.encode())
    return database


def add_table(database: Database, name: str, schema: str = "maint") -> None:
    """A table with a policy."""
    database.query(f"create table {name} (at timestamptz not null)")
    database.query(f"create index on {name} (at)")
    with database.connect() as connection:
        connection.execute(f"select {schema}.set_policy(%s, '7 days')".encode(), [name])


def apply(cli: Cli, dsn: str, *options: object) -> Result:
    """`schedule apply`, which has to succeed."""
    result = cli.here("schedule", "apply", *options, "--dsn", dsn)
    assert result.returncode == 0, result
    return result
