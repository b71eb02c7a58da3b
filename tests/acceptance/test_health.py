"""The health check as the operators' guide documents it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from support import Cli, Database
from support.passes import until
from support.telemetry import fill, make_tables

ROOT = Path(__file__).parents[2]
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SIZE = r"\d+(?:\.\d)? (?:bytes|kB|MB|GB)"
# The guide's lines, in its order, with its labels.
GUIDE = (
    r"ok Database connectivity OK",
    r"ok Connection pool: Open=\d+ InUse=\d+ Idle=\d+ MaxOpen=57",
    rf"ok Table sizes: events_seen={SIZE} agg_1m={SIZE} alerts={SIZE}",
    r"ok Row counts: events_seen=168 agg_1m=180 alerts=41 \(estimated\)",
    rf"ok Oldest event: {TIME} \(age: 167h \(6 d\)\)",
    rf"ok Oldest aggregate: {TIME} \(age: 2148h \(89 d\)\)",
    rf"ok Oldest alerts: {TIME} \(age: 1440h \(60 d\)\)",
    r"ok No long-running queries",
    r"ok No blocked queries",
    r"ok Top 5 indexes:",
    *[rf"  - public\.(?:events_seen|agg_1m|alerts)\.\w+: {SIZE}"] * 5,
    r"ok All tables are well-maintained \(no excessive dead tuples\)",
    r"",
    r"ok Database health check completed successfully",
)


@pytest.fixture
def well(database: Database) -> Database:
    """The documented tables, cleaned and vacuumed, without rows that no policy can remove."""
    make_tables(database)
    fill(database)
    database.query("delete from events_seen where created_at is null or not isfinite(created_at) or created_at > now()")
    database.query("select maint.apply_profile('telemetry')")
    with database.connect() as connection:
        connection.execute("call maint.cleanup()")
        connection.execute("vacuum analyze")
    return database


def lines(text: str) -> list[str]:
    return text.rstrip("\n").split("\n")


@pytest.mark.parametrize("command", [["health"], ["cleanup", "-health-check"]], ids=" ".join)
def test_all_is_well_as_the_guide_shows_it(command: list[str], well: Database, cli: Cli) -> None:
    result = cli(*command, "--dsn", well.dsn)
    found = lines(result.stdout)
    assert len(found) == len(GUIDE), result.stdout
    assert [line for line, wanted in zip(found, GUIDE, strict=True) if not re.fullmatch(wanted, line)] == []
    assert (result.returncode, result.stderr) == (0, "")


def test_make_db_health_is_the_same(well: Database, cli: Cli) -> None:
    # Run from `make test` this is a make within a make, which would tell its directory too.
    command = ["make", "-n", "--no-print-directory", "db-health"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.split()[-2:] == [".venv/bin/pytelemetry-db", "health"]
    # Sizes and counts are the same whichever way they are asked for, and exact when that is asked.
    # Autovacuum would add its maps to a file in between.
    well.query("vacuum analyze")
    exact = cli.here("health", "--exact", "--json", "--dsn", well.dsn).json
    for table in exact["tables"]:
        name = table["table_name"]
        assert table["exact"] is True
        assert table["rows"] == well.value(f"select count(*) from {name}")
        assert table["bytes"] == well.value(f"select pg_total_relation_size('{name}')")


def test_without_our_schema_the_documented_checks_are_made(empty_database: Database, cli: Cli) -> None:
    make_tables(empty_database)
    fill(empty_database)
    empty_database.query("vacuum analyze")
    result = cli("health", "--dsn", empty_database.dsn)
    found = lines(result.stdout)
    assert result.returncode == 3
    assert [re.split(r"[:(]", line)[0].strip() for line in found if not line.startswith("  -")] == [
        "ok Database connectivity OK",
        "ok Connection pool",
        "ok Table sizes",
        "ok Row counts",
        "ok Oldest event",
        "ok Oldest aggregate",
        "ok No long-running queries",
        "ok No blocked queries",
        "ok Top 5 indexes",
        "ok All tables are well-maintained",
        "",
        "ok Database health check completed successfully",
    ]
    assert "not installed" in result.stderr
    assert result.stderr.endswith("next: pytelemetry-db install\n")
    # Dead rows by the documented limit, without anything of ours in the database; autovacuum would take them away.
    empty_database.query("alter table agg_1m set (autovacuum_enabled = false)")
    empty_database.query(
        "insert into agg_1m (client_id, target, window_start_ts) select i, 'x', 'epoch'"
        " from generate_series(1, 1500) as i"
    )
    empty_database.query("delete from agg_1m where target = 'x'")
    command = ("health", "--check", "dead_tuples", "--dsn", empty_database.dsn)
    until(lambda: "WARNING" in cli.here(*command).stdout)
    dead = cli(*command)
    assert lines(dead.stdout)[0] == "WARNING Tables with excessive dead tuples: 1"
    assert "public.agg_1m: 1500 dead rows" in dead.stdout
    assert cli("health", "--check", "horizon", "--dsn", empty_database.dsn).returncode == 3


def test_oldest_rows_that_should_have_gone_are_critical_and_a_cleanup_mends_it(well: Database, cli: Cli) -> None:
    well.query(
        "insert into events_seen (event_id, client_id, ts_ms, created_at)"
        " values (gen_random_uuid(), 'late', 0, localtimestamp - interval '20 days')"
    )
    result = cli("health", "--dsn", well.dsn)
    assert result.returncode == 2
    found = lines(result.stdout)
    at = next(number for number, line in enumerate(found) if "Oldest event" in line)
    assert re.fullmatch(rf"FAILED Oldest event: {TIME} \(age: 480h \(20 d\)\)", found[at])
    assert found[at + 1] == "    run: pytelemetry-db cleanup public.events_seen  -- ROW EXCLUSIVE"
    assert "FAILED Database health check completed with 1 problem" in found
    assert cli("cleanup", "public.events_seen", "--dsn", well.dsn).returncode == 0
    assert cli("health", "--check", "oldest_rows", "--dsn", well.dsn).returncode == 0


def test_nagios_json_and_fail_on(well: Database, cli: Cli) -> None:
    dsn = ("--dsn", well.dsn)
    perfdata = r"'warning'=\d+;;;0 'critical'=\d+;;;0 'unknown'=\d+;;;0"
    fine = cli("health", "--nagios", *dsn)
    assert (fine.returncode, fine.stderr) == (0, "")
    assert re.fullmatch(rf"TELEMETRY OK - all checks are well \| {perfdata}\n", fine.stdout)
    well.query("select maint.pause('alerts', 'a | b')")
    for option, code in (("warning", 1), ("critical", 0), ("never", 0)):
        assert cli.here("health", "--check", "retention", "--fail-on", option, *dsn).returncode == code
    warned = cli("health", "--nagios", *dsn)
    assert warned.returncode == 1
    assert re.fullmatch(
        rf"TELEMETRY WARNING - retention: public\.alerts paused: [^|]*a / b[^|]* \| {perfdata}\n", warned.stdout
    )
    facts = cli("health", "--json", *dsn).json
    assert (facts["schema_version"], facts["installed"], facts["worst"]) == (1, True, "warning")
    [finding] = [one for one in facts["findings"] if one["status"] == "warning"]
    assert (finding["check_id"], finding["object"]) == ("retention", "public.alerts")
    # Silenced, with a reason that stays, and not for ever.
    silenced = cli("health", "ack", finding["fingerprint"], "--reason", "the vendor", "--for", "3d", *dsn)
    assert silenced.returncode == 0, silenced.stderr
    assert cli("health", *dsn).returncode == 0
    [row] = well.query("select * from maint.health where object = 'public.alerts' and check_id = 'retention'")
    assert row["status"] == "skipped"
    assert row["detail"].endswith("(acknowledged by maint_owner: the vendor)")
    well.query("select maint.acknowledge(%s, 'no more', now() - interval '1 s')", finding["fingerprint"])
    assert cli("health", *dsn).returncode == 1
    for bad in (
        ["health", "ack", "nonsense", "--reason", "x"],
        ["health", "ack", finding["fingerprint"], "--reason", " "],
    ):
        assert cli(*bad, *dsn).returncode == 64


def test_doctor_shows_what_the_guide_recommends(well: Database, cli: Cli) -> None:
    found = {(one["check_id"], one["name"]): one for one in cli("doctor", "--json", "--dsn", well.dsn).json["findings"]}
    server = found["documented_settings", None]
    assert (server["level"], server["fix"]) == ("note", None)
    assert "max_connections 60, shared_buffers 64MB, effective_cache_size " in server["detail"]
    for table, vacuum, analyze in (("events_seen", "0.05", "0.02"), ("agg_1m", "0.1", "0.05")):
        finding = found["documented_autovacuum", f"public.{table}"]
        assert finding["fix"] == (
            f"alter table public.{table} set (autovacuum_vacuum_scale_factor = {vacuum},"
            f" autovacuum_analyze_scale_factor = {analyze});"
        )
        well.query(finding["fix"])
    after = cli("doctor", "--json", "--dsn", well.dsn).json["findings"]
    assert [one for one in after if one["check_id"] == "documented_autovacuum"] == []


def test_watch_looks_again_until_interrupted(well: Database, cli: Cli) -> None:
    with cli.start("health", "--watch", "--check", "dead_tuples", "--dsn", well.dsn) as process:
        assert process.stdout is not None
        try:
            seen = [process.stdout.readline() for _ in range(2)]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        finally:
            process.kill()
    assert seen == ["ok All tables are well-maintained (no excessive dead tuples)\n"] * 2


def test_bad_input(well: Database, cli: Cli) -> None:
    unknown = cli("health", "--check", "no_such_check", "--dsn", well.dsn)
    assert (unknown.returncode, unknown.stdout) == (64, "")
    assert 'there is no check "no_such_check"' in unknown.stderr
    assert cli("health", "--fail-on", "sometimes", "--dsn", well.dsn).returncode == 64
    down = ("--dsn", "host=127.0.0.1 port=1 dbname=none user=none")
    assert cli("health", *down).returncode == 2
    nagios = cli("health", "--nagios", *down)
    assert (nagios.returncode, nagios.stdout.count("\n")) == (2, 1)
    assert nagios.stdout.startswith("TELEMETRY CRITICAL - cannot connect")
    assert json.loads(cli("health", "--check", "server", "--json", "--dsn", well.dsn).stdout)["worst"] == "ok"
