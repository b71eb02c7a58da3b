"""Every shell and SQL block of the README and of docs/ runs, page by page, each page on a database of its own.

A page's blocks run in their order. `<!-- before: NAME -->` above a block names what has to have happened (SITUATIONS).
Commands that have a test of their own, because they fetch or build something, are listed in ELSEWHERE.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import Database
from support.command import ROOT
from support.jobs import ELSEWHERE as CRON_ELSEWHERE
from support.jobs import USAGE, CronJobs
from support.partman import PARTMAN_GRANTS, Partman
from support.telemetry import fill, make_tables

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PART = re.compile(r"^<!-- before: (?P<before>[\w ]+) -->$|^```(?P<language>sh|sql)\n(?P<text>.*?)^```$", re.M | re.S)
# What begins a line, and the tests in which it runs.
ELSEWHERE = {
    "pip install": "tests/acceptance/test_wheel.py",
    "make demo": "tests/acceptance/test_demo.py",
    "make test": "the run itself",
    "make bench": "tests/acceptance/test_bench.py",
    "pytelemetry-db package extension": "tests/lifecycle/test_extension.py",
    ".venv/bin/python -m bench.load": "tests/acceptance/test_bench.py",
    "pytelemetry-db metrics --serve": "tests/acceptance/test_metrics.py",
    "make db-": "tests/acceptance/test_operators_guide.py",
    "psql -c 'create extension": "tests/lifecycle/test_extension.py",
}
# These look at a database that is only being set up here, and say by their exit code that it is not well yet.
LOOKS = re.compile(r"pytelemetry-db(| -\S+)* (health|doctor|status|forecast|verify|report|schedule list)\b")


class Reader:
    """Somebody who types what a page says, at a shell with psql, as the owner of the tables."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home
        # What psql is told more for the next block.
        self.elsewhere = ""
        program = home / "bin" / "pytelemetry-db"
        program.parent.mkdir()
        program.write_text(
            f"#!/bin/sh\nexport PYTHONPATH='{ROOT}' PYTHONWARNINGS=error\n"
            f"exec '{sys.executable}' -m pytelemetry_db \"$@\"\n"
        )
        program.chmod(0o755)
        # The variables of the old guide, as they are here.
        self.here = {
            "DB_HOST": database.cluster.host,
            "DB_PORT": str(database.cluster.port),
            "DB_NAME": database.name,
            "DB_USER": database.owner,
            "DB_PASSWORD": database.owner,
        }
        self.environment = {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PGHOST": database.cluster.host,
            "PGPORT": str(database.cluster.port),
            "PGUSER": database.owner,
            "PGPASSWORD": database.owner,
            "PGDATABASE": database.name,
        }

    def types(self, command: str, *, may_warn: bool = False) -> None:
        """One command line; it has to end with 0."""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        allowed = (0, 1, 2, 3) if may_warn else (0,)
        assert done.returncode in allowed, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, command

    def shell(self, text: str) -> None:
        """The lines of a block, without those that run elsewhere; what it exports counts in this block."""
        before = dict(self.environment)
        for line in re.sub(r"\\\n\s*", " ", text).splitlines():
            line = re.sub(r"\s+#.*$|^#.*$", "", line).strip()
            if line.startswith("export "):
                self.environment |= dict(word.split("=", 1) for word in line.split()[1:]) | self.here
            elif line and not line.startswith(tuple(ELSEWHERE)):
                self.types(line, may_warn=bool(LOOKS.match(line)))
        self.environment = before

    def sql(self, text: str) -> None:
        """The statements of a block, one after the other, as psql sends them."""
        (self.home / "block.sql").write_text(text)
        self.types(f"psql -X -q -v ON_ERROR_STOP=1 -f block.sql{self.elsewhere}")
        self.elsewhere = ""


def _tightened(reader: Reader) -> None:
    """A policy that was tightened so much that the next pass is suspended."""
    reader.types("pytelemetry-db cleanup -q")
    reader.database.query(
        "insert into events_seen (event_id, client_id, ts_ms, created_at)"
        " select gen_random_uuid(), 'p', 0, localtimestamp - interval '4 days' from generate_series(1, 2000)"
    )
    reader.database.query("select maint.set_setting('guard_rows', '10')")
    reader.types("pytelemetry-db policy set events_seen --keep 2d")
    with pytest.raises(AssertionError, match="tightened"):
        reader.types("pytelemetry-db cleanup events_seen")


def _copied(reader: Reader) -> None:
    reader.database.query("update maint._home set database_oid = 1")


def _made_again(reader: Reader) -> None:
    for statement in (
        "create table made_again (like events_seen including all)",
        "drop table events_seen",
        "alter table made_again rename to events_seen",
    ):
        reader.database.query(statement)


def _roles(reader: Reader) -> None:
    with reader.database.superuser() as root:
        for role in ("grafana", "oncall", "telemetry"):
            if root.execute("select from pg_roles where rolname = %s", [role]).fetchone() is None:
                root.execute(f"create role {role}".encode())


def _partitioned(reader: Reader) -> None:
    reader.types("pytelemetry-db partition convert agg_1m --interval '1 month'")


def _partman(reader: Reader) -> None:
    """agg_1m as pg_partman keeps it, in months, with its own retention."""
    with reader.database.superuser() as root:
        how = "'1 month'" if Partman(root).is_5 else "'native', 'monthly'"
        root.execute(PARTMAN_GRANTS.format(name=reader.database.name).encode())
    reader.types("pytelemetry-db policy drop agg_1m")
    reader.sql(
        f"""
        alter table agg_1m rename to plain;
        create table agg_1m (client_id text, target text, window_start_ts timestamptz not null)
        partition by range (window_start_ts);
        select partman.create_parent('public.agg_1m', 'window_start_ts', {how});
        update partman.part_config set retention = '90 days', infinite_time_partitions = true;
        """
    )


def _superuser(reader: Reader) -> None:
    _roles(reader)
    reader.elsewhere = " -U postgres -d postgres"


SITUATIONS: dict[str, Callable[[Reader], None]] = {
    "a tightened policy": _tightened,
    "a copy": _copied,
    "a table made again": _made_again,
    "a queue": lambda reader: reader.sql("create schema app; create table app.queue ();"),
    "alerts have a site": lambda reader: reader.sql("alter table alerts add column site_id integer;"),
    "a partitioned table": _partitioned,
    "a set of pg_partman": _partman,
    "roles": _roles,
    "a superuser where pg_cron is": _superuser,
}


def parts(page: Path) -> list[re.Match[str]]:
    return list(PART.finditer(page.read_text()))


@pytest.mark.parametrize("page", [page for page in PAGES if parts(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_says_can_be_typed(empty_database: Database, cron: CronJobs, tmp_path: Path, page: Path) -> None:
    cron.grant(USAGE, CRON_ELSEWHERE)
    make_tables(empty_database)
    fill(empty_database)
    reader = Reader(empty_database, tmp_path)
    if page.name != "README.md":
        reader.types("pytelemetry-db install --profile telemetry")
    for part in parts(page):
        if part["before"]:
            SITUATIONS[part["before"]](reader)
        elif part["language"] == "sh":
            reader.shell(part["text"])
        else:
            reader.sql(part["text"])


def test_what_runs_elsewhere_is_said_somewhere() -> None:
    said = "".join(part["text"] or "" for page in PAGES for part in parts(page))
    assert [command for command in ELSEWHERE if not re.search(f"^{command}", said, re.M)] == []
