"""The cleanup lines of the first users' operators' guide do what that guide says; only the program's name is new.

Each text below stands in the guide as it stands here. Replaced are the program's name and what a guide can only
invent: where the server is, the name of the database, of the role, and its password. The password is really asked for.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import Cluster, Database, Result
from support.cluster import PASSWORD_ROLE
from support.command import ROOT
from support.telemetry import fill, last_runs, make_tables, present, survivors

PROGRAMS = (
    "./bin/cleanup",
    "/app/bin/cleanup",
    "/opt/telemetry/scripts/daily-cleanup.sh",
    "/path/to/Distributed-Telemetry-Platform/scripts/daily-cleanup.sh",
)
SETTING = re.compile(r"(?P<name>(?:DB_|-db-)(?P<what>HOST|PORT|NAME|USER|PASSWORD)[= ])[\w.-]+", re.IGNORECASE)
STANDARD = (7.0, 90.0)


@dataclass
class Operator:
    """A person at a shell, on a machine from which the database can be reached."""

    database: Database
    bin: Path
    home: Path

    @property
    def where(self) -> dict[str, str]:
        """The five settings of the guide, as they are here."""
        return {
            "HOST": self.database.cluster.host,
            "PORT": str(self.database.cluster.port),
            "NAME": self.database.name,
            "USER": PASSWORD_ROLE,
            "PASSWORD": PASSWORD_ROLE,
        }

    def types(self, text: str, environment: Mapping[str, str] | None = None) -> Result:
        """Run a text of the guide in a shell; what it does not say about the database is in the environment."""
        for program in PROGRAMS:
            text = text.replace(program, "pytelemetry-db cleanup")
        text = SETTING.sub(lambda found: found["name"] + self.where[found["what"].upper()], text)
        said = {found["what"].upper() for found in SETTING.finditer(text)}
        settings = {f"DB_{name}": value for name, value in self.where.items() if not said or name in ("PORT", "NAME")}
        done = subprocess.run(
            ["/bin/sh", "-c", text],
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.home)}
            | settings
            | dict(environment or {}),
            cwd=self.home,
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def runs_unit(self, unit: str) -> Result:
        """Run ExecStart of a systemd service as systemd does: without a shell, with this environment and no other."""
        settings = dict(re.findall(r'^Environment="(\w+)=(.*)"$', unit, re.MULTILINE))
        (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        here = {f"DB_{name}": value for name, value in self.where.items()}
        assert here.keys() < settings.keys()
        return self.types(f"exec {command}", settings | here)


@pytest.fixture(scope="module")
def operator(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """One database, installed and given its policies by the command line itself."""
    name, home = "telemetry_guide", tmp_path_factory.mktemp("home")
    program = home / "bin" / "pytelemetry-db"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nexport PYTHONPATH='{ROOT}' PYTHONWARNINGS=error\n"
        f"exec '{sys.executable}' -m pytelemetry_db \"$@\"\n"
    )
    program.chmod(0o755)
    with cluster.connect() as connection:
        connection.execute(f"create database {name} owner {PASSWORD_ROLE}")
    operator = Operator(Database(cluster, name, PASSWORD_ROLE), program.parent, home)
    try:
        make_tables(operator.database)
        fill(operator.database)
        installed = operator.types("pytelemetry-db install --profile telemetry")
        assert installed.returncode == 0, installed.stderr
        yield operator
    finally:
        with cluster.connect() as connection:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def full(operator: Operator) -> Operator:
    """The operator, with tables full of old rows and an empty ledger."""
    fill(operator.database)
    operator.database.query("delete from maint._run")
    return operator


def assert_cleaned(operator: Operator, expected: dict[str, set[Any]], keeps: tuple[float, float]) -> None:
    """Exactly the rows that were expected are left, the tables were analyzed, the policy is as it was."""
    assert present(operator.database) == expected
    runs = last_runs(operator.database)
    assert {name: run["stop_reason"] for name, run in runs.items()} == dict.fromkeys(expected, "done")
    for table, days, standard in zip(("events_seen", "agg_1m"), keeps, STANDARD, strict=True):
        assert (runs[table]["keep"].days, runs[table]["analyzed"]) == (days, True)
        stored = operator.database.value("select keep from maint.retention where table_name = %s", table)
        assert stored.days == standard
    counted = {
        name: int(operator.database.value(f"select reltuples from pg_class where oid = '{name}'::regclass"))
        for name in expected
    }
    assert counted == {name: len(rows) for name, rows in expected.items()}


# --- preview -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["./bin/cleanup -dry-run", "make db-cleanup"])
def test_a_dry_run_deletes_nothing_and_says_what_would_go(full: Operator, text: str) -> None:
    before, left = present(full.database), survivors(full.database)
    result = full.types(as_make(text, full))
    assert result.returncode == 0, result.stderr
    assert present(full.database) == before
    assert full.database.value("select count(*) from maint.runs") == 0
    # table, keep (two words), cutoff (two words), expired
    plan, _, bill = result.stdout.partition("\n\n")
    lines = [line.split() for line in plan.splitlines()[1:]]
    assert len(bill.splitlines()) == 1 + len(lines)
    told = {line[0].removeprefix("public."): int(line[5]) for line in lines}
    assert told == {name: len(before[name] - left[name]) for name in before}
    assert all(told.values())
    assert f"/{full.database.name}, schema maint: what would go now; nothing is removed" in result.stderr


def as_make(text: str, operator: Operator) -> str:
    """`make db-cleanup` in the repository, with our program and without making a virtual environment first."""
    return text.replace("make ", f"make -s -C '{ROOT}' -o .venv/.run BIN='{operator.bin}' ")


# --- removing ----------------------------------------------------------------------------------------------------

CUSTOM = """
# Keep events for 14 days and aggregates for 180 days
./bin/cleanup -events-retention-days=14 -agg-retention-days=180
"""
ENVIRONMENT = """
export DB_HOST=postgres.example.com
export DB_USER=telemetry_user
export DB_PASSWORD=secure_password
./bin/cleanup
"""
FLAGS = (
    "./bin/cleanup -db-host prod-db.internal -db-port 5432 -db-name telemetry -db-user telemetry_admin"
    " -db-password secret"
)


@pytest.mark.parametrize(
    ("text", "keeps"),
    [
        pytest.param("./bin/cleanup", STANDARD, id="defaults"),
        pytest.param("make db-cleanup-force", STANDARD, id="make"),
        pytest.param(CUSTOM, (14, 180), id="custom retention periods"),
        pytest.param(ENVIRONMENT, STANDARD, id="environment variables"),
        pytest.param(FLAGS, STANDARD, id="flags with a space"),
        pytest.param(f"{FLAGS} -events-retention-days 14", (14, 90), id="days with a space"),
    ],
)
def test_a_cleanup_removes_what_the_guide_says(full: Operator, text: str, keeps: tuple[float, float]) -> None:
    expected = survivors(full.database, *keeps)
    result = full.types(as_make(text, full))
    assert result.returncode == 0, result.stderr
    assert_cleaned(full, expected, keeps)
    where = full.where
    at = f"{where['USER']}@{where['HOST']}:{where['PORT']}/{where['NAME']} (from --db-* and DB_*), schema maint"
    assert at in result.stderr.splitlines()
    assert ("warning: --db-password can be read by everybody in ps" in result.stderr) == ("-db-password" in text)
    assert " secret" not in result.stderr


PRODUCTION = """
./bin/cleanup \\
  -db-host=prod-db.internal \\
  -db-user=telemetry_admin \\
  -db-password=secret \\
  -events-retention-days=3 \\
  -agg-retention-days=30
"""


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        (PRODUCTION, {}),
        ("./bin/cleanup", {"EVENTS_RETENTION_DAYS": "3", "AGG_RETENTION_DAYS": "30"}),
    ],
    ids=["flags", "environment"],
)
def test_keeping_less_than_the_policy_needs_a_yes(full: Operator, text: str, environment: dict[str, str]) -> None:
    before, expected = present(full.database), survivors(full.database, 3, 30)
    refused = full.types(text, environment)
    assert refused.returncode == 64
    assert refused.stdout == ""
    *_, error, hint = refused.stderr.splitlines()
    assert error == "error: keep 3 days is shorter than the 7 days of the policy on public.events_seen"
    assert hint.endswith("(command line: --yes).")
    assert present(full.database) == before
    assert full.database.value("select count(*) from maint.runs") == 0

    agreed = full.types(f"{text.rstrip()} --yes", environment)
    assert agreed.returncode == 0, agreed.stderr
    assert_cleaned(full, expected, (3, 30))
    # What was done beside the policy is on record, and was for once only: the next pass follows the policy again.
    runs = last_runs(full.database)
    assert {name: run["keep_override"] for name, run in runs.items()} == {
        "events_seen": True,
        "agg_1m": True,
        "alerts": False,
    }
    assert full.types("pytelemetry-db report").stdout.count("(this pass only)") == 2
    assert full.types("./bin/cleanup").returncode == 0
    after = last_runs(full.database)
    assert [(after[name]["keep"].days, after[name]["keep_override"]) for name in ("events_seen", "agg_1m")] == [
        (7, False),
        (90, False),
    ]


def test_a_dry_run_may_try_a_shorter_keep(full: Operator) -> None:
    before, left = present(full.database), survivors(full.database, 3, 30)
    result = full.types(f"{PRODUCTION.rstrip()} -dry-run")
    assert result.returncode == 0, result.stderr
    for table in ("events_seen", "agg_1m"):
        assert re.search(rf"^public\.{table} .* {len(before[table] - left[table])} ", result.stdout, re.MULTILINE)
    assert present(full.database) == before


# --- schedulers --------------------------------------------------------------------------------------------------

CRONTAB = (
    "0 2 * * * /path/to/Distributed-Telemetry-Platform/scripts/daily-cleanup.sh >> /var/log/telemetry-cleanup.log 2>&1"
)
CRON_EXPORTS = """
export DB_HOST=localhost
export DB_PORT=5432
export DB_NAME=telemetry
export DB_USER=telemetry
export DB_PASSWORD=telemetry
export EVENTS_RETENTION_DAYS=7
export AGG_RETENTION_DAYS=90
export LOG_FILE=/var/log/telemetry-cleanup.log
"""
UNIT = """
[Service]
Type=oneshot
User=telemetry
Environment="DB_HOST=localhost"
Environment="DB_PORT=5432"
Environment="DB_NAME=telemetry"
Environment="DB_USER=telemetry"
Environment="DB_PASSWORD=telemetry"
Environment="EVENTS_RETENTION_DAYS=7"
Environment="AGG_RETENTION_DAYS=90"
ExecStart=/opt/telemetry/scripts/daily-cleanup.sh
StandardOutput=journal
StandardError=journal
"""
CONTAINER = ["/app/bin/cleanup", "-events-retention-days=7", "-agg-retention-days=90"]


def test_the_crontab_line_cleans_and_logs_every_line_once(full: Operator) -> None:
    """Cron's shell, with the log file both as a variable and as a redirection, as the guide has it."""
    expected = survivors(full.database)
    log = full.home / "telemetry-cleanup.log"
    log.write_text("2024-12-16T02:00:00+00:00 of yesterday\n")
    minute_hour_day_month_weekday, command = CRONTAB[:9], CRONTAB[10:]
    assert minute_hour_day_month_weekday == "0 2 * * *"
    result = full.types(f"{CRON_EXPORTS}{command}".replace("/var/log/telemetry-cleanup.log", str(log)))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert_cleaned(full, expected, STANDARD)
    lines = log.read_text().splitlines()
    assert lines[0].endswith("of yesterday")
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 ", line) for line in lines)
    assert all(line.isascii() and "\x1b" not in line for line in lines)
    for table in expected:
        assert sum(f" public.{table}: done, " in line for line in lines) == 1
    assert lines[-1].endswith(" next: pytelemetry-db report")


def test_the_log_file_is_written_beside_what_is_shown(full: Operator) -> None:
    log = full.home / "beside.log"
    result = full.types("./bin/cleanup", {"LOG_FILE": str(log)})
    assert result.returncode == 0, result.stderr
    logged = [line.split(" ", 1)[1] for line in log.read_text().splitlines()]
    shown = [re.sub(r"^\d{4}-\d\d-\d\dT\S+ ", "", line) for line in result.stderr.splitlines()]
    assert [line for line in shown if line not in logged] == []
    assert [line for line in result.stdout.splitlines() if line not in logged] == []


def test_the_systemd_service_cleans(full: Operator) -> None:
    expected = survivors(full.database)
    result = full.runs_unit(UNIT)
    assert result.returncode == 0, result.stderr
    assert_cleaned(full, expected, STANDARD)
    for table, days in (("events_seen", 7), ("agg_1m", 90)):
        assert f"={days}: keep of public.{table} for this pass" in result.stderr


def test_the_kubernetes_job_cleans_and_a_second_pod_finds_nothing_to_do(full: Operator) -> None:
    expected = survivors(full.database)
    result = full.types(" ".join(CONTAINER))
    assert result.returncode == 0, result.stderr
    assert_cleaned(full, expected, STANDARD)
    again = full.types(" ".join(CONTAINER))
    assert again.returncode == 0, again.stderr
    assert present(full.database) == expected
    assert {run["rows"] for run in last_runs(full.database).values()} == {0}


def test_a_failed_cleanup_is_seen_by_every_scheduler(full: Operator) -> None:
    """The exit code is not 0 and the reason is on stderr, also with -q: alert on failures, says the guide."""
    full.database.query("create table keeps_event (event_id uuid references events_seen)")
    full.database.query("create index on keeps_event (event_id)")
    full.database.query("insert into keeps_event select event_id from events_seen where created_at is not null")
    try:
        result = full.types("./bin/cleanup -q")
    finally:
        full.database.query("drop table keeps_event")
    assert result.returncode == 2
    assert re.search(
        r"^warning: run \d+, public\.events_seen: .*violates foreign key .*23503", result.stderr, re.MULTILINE
    )
    # The others were cleaned all the same.
    left = survivors(full.database)
    assert {name: present(full.database)[name] == left[name] for name in left} == {
        "events_seen": False,
        "agg_1m": True,
        "alerts": True,
    }


def test_the_password_of_the_environment_is_really_used(full: Operator) -> None:
    before = present(full.database)
    result = full.types("./bin/cleanup", {"DB_PASSWORD": "wrong"})
    assert result.returncode == 3
    assert result.stdout == ""
    assert "password authentication failed" in result.stderr
    assert present(full.database) == before
