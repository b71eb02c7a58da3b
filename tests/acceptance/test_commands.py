"""What each command prints, as a person reads it who has never seen it before, and as a program reads it."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import typer
from support import Cli, Database, Result
from support.command import ROOT
from support.passes import Table, until
from support.telemetry import fill, last_runs, make_tables, present, survivors

from pytelemetry_db.cli import app

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00"


class Typist:
    """Types commands at one database, in this process; `process` in one of their own."""

    def __init__(self, cli: Cli, database: Database) -> None:
        self.cli = cli
        self.database = database

    def __call__(self, command: str, env: dict[str, str] | None = None) -> Result:
        return self.cli.here(*command.split(), "--dsn", self.database.dsn, env=env)

    def process(self, command: str) -> Result:
        return self.cli(*command.split(), "--dsn", self.database.dsn)

    def fine(self, command: str, env: dict[str, str] | None = None) -> Result:
        """The same, for commands that must succeed."""
        result = self(command, env)
        assert result.returncode == 0, result
        return result


@pytest.fixture
def types(database: Database, cli: Cli) -> Typist:
    """A person with the three telemetry tables, full of old rows, and their policies."""
    make_tables(database)
    fill(database)
    database.query("select * from maint.apply_profile('telemetry', 'UTC')")
    return Typist(cli, database)


def table_of(text: str) -> list[dict[str, str]]:
    """The first printed table, by column: cells begin where the title begins, or end where it ends."""
    header, *lines = text.partition("\n\n")[0].splitlines()
    found = []
    for line in lines:
        cells = {}
        for title in re.finditer(r"\S+(?: \S+)*", header):
            for cell in re.finditer(r"\S+(?: \S+)*", line):
                if cell.start() == title.start() or cell.end() == title.end():
                    cells[title[0]] = cell[0]
        found.append(cells)
    return found


WIDE = {"COLUMNS": "160"}


def part_of(report: str, title: str) -> str:
    """The table below a title of the text report."""
    return report.partition(f"\n{title}\n")[2].partition("\n\n")[0]


# --- policy ------------------------------------------------------------------------------------------------------


def test_the_life_of_a_policy(types: Typist) -> None:
    """Set, list, show, pause, resume, drop: each says what it did and what to type next."""
    types.fine("policy drop events_seen")
    made = types.fine("policy set events_seen --keep 7d --column created_at --time-zone UTC --grace 2d --batch-rows 50")
    assert made.stdout.splitlines() == [
        "public.events_seen",
        "  time column      created_at",
        "  keep             7 days",
        "  time zone        UTC",
        "  grace            2 days",
        "  remove           auto",
        "  batch rows       50",
        "  strategy         auto",
        "  synchronous commit no",
    ]
    assert made.stderr == "next: pytelemetry-db plan public.events_seen\n"
    changed = types.fine("policy set events_seen --max-size 50GB")
    assert "  max size         50.0 GB" in changed.stdout.splitlines()
    assert "  batch rows       50" in changed.stdout.splitlines()

    listed = types.fine("policy list")
    assert [(row["table"], row["keep"], row["column"], row["state"]) for row in table_of(listed.stdout)] == [
        ("public.agg_1m", "90 days", "window_start_ts", "active"),
        ("public.alerts", "30 days", "created_at", "active"),
        ("public.events_seen", "7 days", "created_at", "active"),
    ]
    assert listed.stderr == "next: pytelemetry-db plan\n"

    paused = types("policy pause events_seen --reason ticket-7")
    assert (paused.returncode, paused.stdout) == (0, "")
    assert paused.stderr == "ok paused events_seen\nnext: pytelemetry-db policy resume events_seen\n"
    reason = r"paused by maint_owner at \S+ \S+: ticket-7"
    assert re.search(rf"^  state detail     {reason}$", types.fine("policy show events_seen").stdout, re.MULTILINE)
    assert re.search(rf"^WARNING public\.events_seen: {reason}$", types.fine("plan").stderr, re.MULTILINE)
    before = types.database.value("select count(*) from events_seen")
    skipped = types.fine("cleanup events_seen")
    assert re.search(rf"^note: run 1, public\.events_seen: {reason}$", skipped.stderr, re.MULTILINE)
    assert types.database.value("select count(*) from events_seen") == before

    assert types.fine("policy resume events_seen").stderr.startswith("ok resumed events_seen\n")
    assert "  state            active" in types.fine("policy show events_seen").stdout.splitlines()
    dropped = types("policy drop events_seen")
    assert (dropped.returncode, dropped.stdout) == (0, "")
    assert dropped.stderr == "ok dropped the policy of events_seen\nnext: pytelemetry-db policy list\n"
    assert [row["table"] for row in table_of(types.fine("policy list").stdout)] == ["public.agg_1m", "public.alerts"]
    # The history stays.
    assert "public.events_seen" in types.fine("report").stdout


def test_no_policy_is_said_where_it_matters(database: Database, cli: Cli) -> None:
    types = Typist(cli, database)
    for command, code in (("policy list", 0), ("doctor", 3)):
        result = types(command)
        assert (result.returncode, result.stdout) == (code, "")
        assert result.stderr.endswith(
            "WARNING no policies: nothing is removed\nnext: pytelemetry-db policy set TABLE --keep 30d\n"
        )
    assert types("report").stderr == "no pass in the last 7d\nnext: pytelemetry-db cleanup\n"


def test_a_policy_without_an_index_is_stored_with_a_warning_and_its_mend(types: Typist) -> None:
    types.database.query("create table slow (at timestamp)")
    result = types.fine("policy set slow --keep 1d")
    assert result.stderr.splitlines() == [
        "note: slow.at has no time zone; its values are read as times in UTC",
        "  try: If its writers use another zone, say p_time_zone => '…' (command line: --time-zone).",
        "warning: no index of public.slow leads with at: every pass reads the whole table",
        "  try: create index concurrently on public.slow (at);",
        "next: pytelemetry-db plan public.slow",
    ]


def test_a_table_that_was_renamed_or_dropped(types: Typist) -> None:
    """Each command says what happened, and the statement that it prints, or the command, decides it."""
    types.database.query("alter table alerts rename to alarms")
    types.database.query("drop table agg_1m")
    renamed = "public.alerts was renamed to public.alarms"
    gone = r"public\.agg_1m \(oid \d+\) does not exist any more"
    plan = types.fine("plan")
    assert {row["table"]: row.get("state") for row in table_of(plan.stdout)} == {
        "public.agg_1m": "suspended",
        "public.alerts": "suspended",
        "public.events_seen": "active",
    }
    assert f"WARNING public.alerts: {renamed}. Fix: select maint.rebind('public.alarms');" in plan.stderr.splitlines()
    assert plan.stderr.splitlines()[-1] == "next: pytelemetry-db doctor"
    doctor = types("doctor")
    assert doctor.returncode == 2
    assert f"FAILED public.alerts: {renamed}\n    fix: select maint.rebind('public.alarms');" in doctor.stdout
    assert re.search(rf"^FAILED public\.agg_1m: {gone}\n    fix: .*drop_policy", doctor.stdout, re.MULTILINE)
    assert doctor.stdout.count("FAILED") == 2
    one = types("doctor public.alerts")
    assert (one.returncode, one.stdout.count("FAILED")) == (2, 1)
    cleaned = types("cleanup")
    assert cleaned.returncode == 2
    assert re.search(rf"^{ISO} public\.alerts: suspended, .*\. {renamed}\. Fix: select", cleaned.stderr, re.MULTILINE)
    assert "could not be counted" not in cleaned.stderr
    assert types.database.value("select count(*) from events_seen") == 172

    bound = types.fine("policy rebind alarms")
    assert bound.stderr.splitlines()[0] == "ok bound to public.alarms (created_at, 30 days)"
    unqualified = types("policy drop agg_1m")
    assert unqualified.returncode == 3
    assert "Name the table with its schema" in unqualified.stderr
    types.fine("policy drop public.agg_1m")
    types.fine("cleanup")


# --- plan --------------------------------------------------------------------------------------------------------


def test_a_plan_shows_what_would_go_and_changes_nothing(types: Typist) -> None:
    before, left = present(types.database), survivors(types.database)
    plan = types.fine("plan")
    shown = {row["table"].removeprefix("public."): row for row in table_of(plan.stdout)}
    assert {name: int(row["expired"]) for name, row in shown.items()} == {
        name: len(before[name] - left[name]) for name in before
    }
    assert {name: int(row["of about"]) for name, row in shown.items()} == {name: len(before[name]) for name in before}
    assert all(re.fullmatch(STAMP, row["cutoff"]) for row in shown.values())
    assert "(from" not in plan.stdout
    bill = {row["bill"].removeprefix("public."): row for row in table_of(plan.stdout.partition("\n\n")[2])}
    assert set(bill) == {name for name, row in shown.items() if row["expired"] != "0"}
    assert {row["back to disk"] for row in bill.values()} == {"0 bytes"}
    assert all(row["basis"] == "no pass yet, by the figures of ordinary rows" for row in bill.values())
    assert plan.stderr.splitlines()[-1] == "next: pytelemetry-db cleanup"
    assert present(types.database) == before
    assert types.database.value("select count(*) from maint.runs") == 0


def test_another_keep_is_tried_and_the_next_command_is_that_one(types: Typist) -> None:
    left = survivors(types.database, 14, 90)
    plan = types.fine("plan events_seen --keep events_seen=2w")
    (row,) = table_of(plan.stdout)
    assert (row["table"], row["keep"]) == ("public.events_seen", "14 days")
    following = plan.stderr.splitlines()[-1]
    assert following == "next: pytelemetry-db cleanup events_seen --keep 'events_seen=2 weeks'"
    words = ["cleanup", "events_seen", "--keep", "events_seen=2 weeks", "--dsn", types.database.dsn]
    assert types.cli.here(*words).returncode == 0
    assert present(types.database)["events_seen"] == left["events_seen"]


def test_a_plan_says_more_when_asked(types: Typist) -> None:
    quiet, verbose = types.fine("plan alerts"), types.fine("plan alerts -v")
    assert "delete from" not in quiet.stderr
    (statement,) = (line for line in verbose.stderr.splitlines() if "delete from" in line)
    assert re.fullmatch(
        r"public\.alerts: delete from public\.alerts where created_at < '[-\d]+ [.:\d]+'::timestamp"
        r" and created_at <> '-infinity'::timestamp and \(\(\(resolved_at IS NOT NULL\)\) is true\)",
        statement,
    )
    (row,) = types.fine("plan alerts -v --json").json["plan"]
    # The statement is the one that is executed: by hand it removes just as many rows.
    with types.database.connect() as connection, connection.transaction(force_rollback=True):
        assert connection.execute(row["statement"].encode()).rowcount == row["expired_rows"] == 20


def test_an_estimate_says_that_it_is_one(types: Typist) -> None:
    # Few rows are counted where an index leads to them.
    counted, *_ = table_of(types.fine("plan events_seen").stdout)
    few, *_ = table_of(types.fine("plan events_seen --estimate").stdout)
    assert few["expired"] == counted["expired"]
    indexes = types.database.query(
        "select indexrelid::regclass::text as name from pg_index where indrelid = 'events_seen'::regclass"
        " and not indisprimary"
    )
    types.database.query(f"drop index {', '.join(index['name'] for index in indexes)}")
    row, *_ = table_of(types.fine("plan events_seen --estimate").stdout)
    assert re.fullmatch(r"about \d+", row["expired"])
    assert 250 < int(row["expired"].split()[1]) < 380
    types.database.query("create table fresh (at timestamptz)")
    types.database.query("insert into fresh select now() - interval '9 days'")
    types.fine("policy set fresh --keep 7d")
    guessed = types.fine("plan fresh --estimate")
    assert "of about" not in table_of(guessed.stdout)[0]
    assert (
        "WARNING public.fresh: it was never analyzed, so the estimate is a guess. Fix: analyze public.fresh;"
        in guessed.stderr.splitlines()
    )
    assert "never analyzed" not in types.fine("plan fresh").stderr


@pytest.mark.parametrize("command", ["plan", "cleanup --dry-run"])
def test_nothing_to_do_is_said(command: str, types: Typist) -> None:
    types.fine("cleanup")
    result = types.fine(command)
    assert [row["expired"] for row in table_of(result.stdout)] == ["0", "0", "0"]
    assert result.stderr.splitlines()[-2:] == ["ok nothing is expired", "next: pytelemetry-db status"]


# --- cleanup -----------------------------------------------------------------------------------------------------


def test_a_cleanup_tells_one_line_per_table_and_sums_up(types: Typist) -> None:
    """In a process of its own, as a scheduler starts it: no terminal, so no bar and no colour."""
    expected = survivors(types.database)
    result = types.process("cleanup")
    assert result.returncode == 0
    assert present(types.database) == expected
    where, *lines, following = result.stderr.splitlines()
    database = types.database
    assert where == (
        f"maint_owner@{database.cluster.host}:{database.cluster.port}/{database.name} (from --dsn), schema maint"
    )
    gone = {"events_seen": 313, "agg_1m": 221, "alerts": 20}
    assert [re.sub(r", \d+\.\d s,", ", … s,", line) for line in map(untimed, lines)] == [
        f"public.{name}: done, {rows} rows in 1 batch, … s, nothing expired is left" for name, rows in gone.items()
    ]
    assert following == "next: pytelemetry-db report"
    assert {
        row["table"]: (row["result"], row["rows"], row["left"], row["keep"]) for row in table_of(result.stdout)
    } == {
        "public.events_seen": ("done", "313", "0", "7 days"),
        "public.agg_1m": ("done", "221", "0", "90 days"),
        "public.alerts": ("done", "20", "0", "30 days"),
    }
    assert "\x1b" not in result.stdout + result.stderr


def untimed(line: str) -> str:
    """The line without the ISO time that it must begin with."""
    assert re.match(rf"{ISO} ", line), line
    return line.split(" ", 1)[1]


def test_only_the_tables_that_were_named_each_once(types: Typist) -> None:
    before, left = present(types.database), survivors(types.database)
    result = types.fine("cleanup agg_1m alerts public.agg_1m --batch-rows 100")
    assert present(types.database) == left | {"events_seen": before["events_seen"]}
    runs = types.database.query("select table_name, batches, largest_batch from maint.runs order by run_id")
    assert [tuple(run.values()) for run in runs] == [("agg_1m", 3, 100), ("alerts", 1, 20)]
    assert [row["table"] for row in table_of(result.stdout)] == ["public.agg_1m", "public.alerts"]


def test_quiet_says_nothing_when_all_is_well(types: Typist) -> None:
    for command in (
        "cleanup -q",
        "cleanup -q --dry-run",
        "plan -q",
        "policy list -q",
        "report -q",
        "doctor -q",
        "status -q",
    ):
        result = types.fine(command)
        assert result.stderr == ""
        assert (result.stdout == "") == (command in ("cleanup -q", "doctor -q"))


def test_quiet_says_why_a_pass_failed_and_the_others_went_on(types: Typist) -> None:
    types.database.query("create table note (event_id uuid references events_seen)")
    types.database.query("create index on note (event_id)")
    types.database.query(
        "insert into note select event_id from events_seen where created_at < now() - interval '19 days'"
    )
    result = types("cleanup -q")
    assert result.returncode == 2
    (reason,) = result.stderr.splitlines()
    assert reason.startswith("warning: run 1, public.events_seen: update or delete on table")
    assert "(SQLSTATE 23503)" in reason
    assert {name: run["stop_reason"] for name, run in last_runs(types.database).items()} == {
        "agg_1m": "done",
        "alerts": "done",
        "events_seen": "failed",
    }
    # Who looks for the reason finds it, wherever he looks first.
    status = types.fine("status")
    shown = {row["table"]: row["result"] for row in table_of(status.stdout.split("\n\n")[1]) if "result" in row}
    assert shown["public.events_seen"] == "failed"
    assert status.stderr == "next: pytelemetry-db report\n"
    assert reason.partition("events_seen: ")[2] in " ".join(types.fine("report").stdout.split())


def test_a_keep_for_one_table_does_not_stop_at_a_table_that_is_gone(types: Typist) -> None:
    """With a keep each table has its own CALL; one whose table was dropped must not keep the others waiting."""
    left = survivors(types.database, 14)
    types.database.query("drop table agg_1m")
    result = types("cleanup -events-retention-days=14")
    assert result.returncode == 2
    assert {name: run["stop_reason"] for name, run in last_runs(types.database).items()} == {
        "agg_1m": "suspended",
        "alerts": "done",
        "events_seen": "done",
    }
    found = {row["event_id"] for row in types.database.query("select event_id::text from events_seen")}
    assert found == left["events_seen"]
    # A variable that stays in a crontab is no reason to fail for a table that is suspended.
    types.database.query("alter table events_seen rename to seen")
    again = types("cleanup", {"EVENTS_RETENTION_DAYS": "7"})
    assert again.returncode == 2
    assert "error" not in again.stderr
    assert last_runs(types.database)["alerts"]["run_id"] > 3


def test_out_of_time_is_0_while_the_backlog_shrinks_and_1_while_it_grows(database: Database, cli: Cli) -> None:
    types, table = Typist(cli, database), Table.make(database, expired=3000)
    for code in (0, 1, 0):
        if code:
            database.query(
                "insert into app.events select 10000 + i, now() - interval '40 days' - make_interval(secs => i)"
                " from generate_series(1, 3000) as i"
            )
        result = types("cleanup --max-duration 600ms")
        assert (result.returncode, table.last_run()["stop_reason"]) == (code, "deadline")
        assert re.search(
            r"deadline, \d+ rows in \d+ batches, .* s, \d+ expired rows are left$", result.stderr, re.MULTILINE
        )


def test_the_time_limit_is_one_for_all_tables_that_were_named(database: Database, cli: Cli) -> None:
    types = Typist(cli, database)
    tables = [Table.make(database, name) for name in ("app.events", "app.alerts")]
    # 1: for the second table there was no time at all, so its backlog does not shrink.
    assert types("cleanup app.events app.alerts --max-duration 1s").returncode == 1
    first, second = (table.last_run() for table in tables)
    assert (first["stop_reason"], second["stop_reason"]) == ("deadline", "deadline")
    assert first["batches"] > 5
    assert second["batches"] <= 1
    assert (second["finished_at"] - first["started_at"]).total_seconds() < 1.9


def test_vacuum_comes_after_the_passes(database: Database, cli: Cli) -> None:
    """Its own statement, for what rows went from; one that has to wait is left out with the server's warning."""
    types = Typist(cli, database)
    Table.make(database, expired=100, slow=0)
    Table.make(database, "app.idle", expired=0, slow=0)
    database.query('create table app."per%cent" (at timestamptz)')
    database.query("""insert into app."per%cent" values (now() - interval '30 days')""")
    database.query("""select maint.set_policy('app."per%cent"', '7 days')""")
    vacuumed = "select relname from pg_stat_user_tables where last_vacuum is not null order by relname"
    assert types("cleanup --dry-run --vacuum").returncode == 0
    assert database.query(vacuumed) == []
    assert types("cleanup --vacuum").returncode == 0
    until(lambda: [row["relname"] for row in database.query(vacuumed)] == ["events", "per%cent"])
    database.query("insert into app.events select 9000, now() - interval '30 days'")
    with database.connect() as other, other.transaction():
        # ANALYZE and index builds hold this one; VACUUM does not wait for it.
        other.execute("lock table app.events in share update exclusive mode")
        done = types("cleanup app.events --vacuum")
    assert done.returncode == 0
    assert 'skipping vacuum of "events" --- lock not available' in done.stderr


def on_a_terminal(cli: Cli, *arguments: str) -> tuple[int, str]:
    """Run a command with a pseudo-terminal for its input and outputs; its exit code and what it showed."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytelemetry_db", *arguments],
        env=cli.environment({"TERM": "xterm"}),
        stdin=there,
        stdout=there,
        stderr=there,
    )
    os.close(there)
    shown = b""
    with os.fdopen(here, "rb", buffering=0) as terminal:
        # The end of the other side is an error on Linux, and an empty read elsewhere.
        while chunk := read(terminal):
            shown += chunk
    return process.wait(30), shown.decode()


def read(terminal: Any) -> bytes:
    try:
        return bytes(terminal.read(65536))
    except OSError:
        return b""


def test_a_terminal_gets_a_bar_that_tells_the_truth(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=3000)
    code, shown = on_a_terminal(cli, "cleanup", "--max-duration", "1200ms", "--dsn", database.dsn)
    assert code == 0
    bars = re.findall(r"app\.events  \[(#*)-*\]  (\d+)/(\d+)", shown)
    assert len(bars) >= 2
    positions = [int(position) for _, position, _ in bars]
    assert positions == sorted(positions)
    assert {total for *_, total in bars} == {"3000"}
    # It was stopped half way, and so is the bar.
    assert positions[-1] <= table.last_run()["rows"] < 3000
    assert re.search(r"^app\.events: deadline, \d+ rows in \d+ batches", shown, re.MULTILINE)
    assert re.search(r"^next: pytelemetry-db report", shown, re.MULTILINE)
    code, shown = on_a_terminal(cli, "cleanup", "-q", "--max-duration", "600ms", "--dsn", database.dsn)
    assert code == 0
    assert "#" not in shown
    assert shown == ""


def test_a_terminal_gets_signs_and_a_pipe_words(types: Typist) -> None:
    code, shown = on_a_terminal(types.cli, "status", "--dsn", types.database.dsn)
    assert code == 0
    assert shown.startswith("✓ maint_owner@")
    assert types.fine("status").stdout.startswith("ok maint_owner@")


# --- report ------------------------------------------------------------------------------------------------------


def test_a_report_shows_passes_and_their_sums(types: Typist) -> None:
    types.fine("cleanup")
    types.fine("cleanup events_seen --keep events_seen=8d")
    types.database.query("update maint._run set started_at = started_at - interval '2 days' where run_id = 1")
    result = types.fine("report", WIDE)
    *passes, _ = table_of(part_of(result.stdout, "PASSES, NEWEST LAST"))
    assert [(row["run"], row["table"], row["result"], row["rows"]) for row in passes] == [
        ("1", "public.events_seen", "done", "313"),
        ("2", "public.agg_1m", "done", "221"),
        ("3", "public.alerts", "done", "20"),
        ("4", "public.events_seen", "done", "0"),
    ]
    assert "\n    keep 8 days (this pass only)\n" in result.stdout
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", row["started"]) for row in passes)
    sums = table_of(part_of(result.stdout, "REMOVED, BY TABLE"))
    (seen,) = (row for row in sums if row["table"] == "public.events_seen")
    assert (seen["passes"], seen["rows"], seen["rows before"], seen["ended"]) == ("2", "313", "0", "2 done")
    assert re.fullmatch(r"[\d.]+ kB", seen["WAL"])
    assert result.stderr == "next: pytelemetry-db status\n"

    facts = types.fine("report --since 1d --json").json
    assert (facts["schema_version"], facts["since"]) == (1, "1d")
    assert [run["run_id"] for run in facts["runs"]] == [2, 3, 4]
    assert {table["table_name"]: (table["passes"], table["rows"]) for table in facts["tables"]} == {
        "agg_1m": (1, 221),
        "alerts": (1, 20),
        "events_seen": (1, 0),
    }
    assert types.fine("report --since 0d").stderr.startswith("no pass in the last 0d\n")


def test_a_pass_that_died_is_in_the_report_with_its_reason(database: Database, cli: Cli) -> None:
    table, types = Table.make(database), Typist(cli, database)
    with cli.start("cleanup", "--dsn", database.dsn) as process, database.superuser() as superuser:
        until(lambda: table.under_way(2))
        superuser.execute("select pg_terminate_backend(%s)", [table.last_run()["pid"]])
        _, stderr = process.communicate(timeout=60)
    # Whoever started it is told so.
    assert process.returncode == 1, stderr
    assert "Traceback" not in stderr
    assert re.search(r"^warning: run 1, app\.events: .*(session ended|terminating connection)", stderr, re.MULTILINE)
    until(lambda: table.last_run()["stop_reason"] == "interrupted", 5)
    report = types.fine("report", WIDE).stdout
    row, *_ = table_of(part_of(report, "PASSES, NEWEST LAST"))
    gone = table.missing()
    assert (row["result"], int(row["rows"])) == ("interrupted", gone)
    assert "left" not in row
    assert "\n    its session ended without finishing it" in part_of(report, "PASSES, NEWEST LAST")
    assert types.fine("report --json").json["runs"][0]["stop_reason"] == "interrupted"
    assert table_of(types.fine("policy list").stdout)[0]["result"] == "interrupted"
    # The next pass goes on, and finds it out for good.
    types.fine("cleanup --max-duration 300ms")
    report = types.fine("report", WIDE).stdout
    assert "\n    its session ended without finishing it; found by the next pass\n" in report
    assert table.missing() > gone


def test_a_pass_at_work_is_in_the_report(database: Database, cli: Cli) -> None:
    table, types = Table.make(database), Typist(cli, database)
    with cli.start("cleanup", "--dsn", database.dsn) as process:
        until(lambda: table.under_way(2))
        report = types.fine("report", WIDE).stdout
        assert table_of(part_of(report, "PASSES, NEWEST LAST"))[0]["result"] == "running"
        assert table_of(part_of(report, "REMOVED, BY TABLE"))[0]["ended"] == "1 running"
        types.fine("policy pause app.events")
        process.communicate(timeout=60)
    assert process.returncode == 0


# --- doctor and status -------------------------------------------------------------------------------------------


def test_doctor_goes_from_0_over_1_to_2_and_back(types: Typist) -> None:
    healthy = types("doctor")
    assert (healthy.returncode, healthy.stdout) == (0, "")
    assert "ok nothing stands in the way" in healthy.stderr.splitlines()
    with types.database.superuser() as superuser:
        # 1: it would be slow.
        superuser.execute("drop index idx_agg_1m_window")
        slow = types("doctor")
        assert slow.returncode == 1
        assert slow.stdout.startswith("WARNING public.agg_1m: no index of public.agg_1m leads with window_start_ts")
        # 2: it could not run; the other table's finding stays.
        superuser.execute("alter table alerts owner to postgres")
        broken = types("doctor")
        assert broken.returncode == 2
        assert "FAILED public.alerts: role maint_owner has no DELETE privilege on public.alerts" in broken.stdout
        assert types("doctor agg_1m").returncode == 1
        assert types("doctor events_seen").returncode == 0
        facts = types("doctor --json").json
        assert facts["schema_version"] == 1
        assert facts["policies"] == ["public.agg_1m", "public.alerts", "public.events_seen"]
        found = [row for row in facts["findings"] if row["level"] != "note"]
        assert {(row["name"], row["check_id"], row["level"]) for row in found} == {
            ("public.agg_1m", "index", "warning"),
            ("public.alerts", "privilege", "error"),
        }
        # What is printed as the fix is SQL, and mends it.
        for line in (*slow.stdout.splitlines(), *broken.stdout.splitlines()):
            if line.startswith("    fix: "):
                superuser.execute(
                    line.removeprefix("    fix: ")
                    .replace("concurrently on", "concurrently if not exists i on")
                    .encode()
                )
    assert types("doctor").returncode == 0


def test_status_says_how_things_stand_and_what_is_next(types: Typist) -> None:
    assert types.fine("status").stderr == "next: pytelemetry-db plan\n"
    types.fine("cleanup")
    status = types.fine("status")
    rows = table_of(status.stdout.split("\n\n")[1])
    assert [(row["table"], row["result"], row["removed"], row["debt"]) for row in rows] == [
        ("public.agg_1m", "done", "221", "0"),
        ("public.alerts", "done", "20", "0"),
        ("public.events_seen", "done", "313", "0"),
    ]
    assert status.stderr == "next: pytelemetry-db report\n"
    facts = types.fine("status --json").json
    assert (facts["schema_version"], facts["next"], len(facts["policies"])) == (1, "pytelemetry-db report", 3)


# --- all of them -------------------------------------------------------------------------------------------------

FACTS = [
    ("status", "policies"),
    ("policy list", "policies"),
    ("policy show alerts", "policy"),
    ("policy set alerts", "policy"),
    ("plan", "plan"),
    ("cleanup --dry-run", "plan"),
    ("doctor", "findings"),
    ("cleanup", "passes"),
    ("report", "runs"),
]


def test_json_is_all_of_stdout_and_has_a_version(types: Typist) -> None:
    """Talk is on the other channel; `cleanup` goes through a real pipe."""
    for command, key in FACTS:
        result = (types.process if command == "cleanup" else types)(f"{command} --json")
        assert result.returncode == 0, result
        facts = json.loads(result.stdout)
        assert facts["schema_version"] == 1
        assert facts[key] or key == "findings"
        assert result.stderr.splitlines()[-1].startswith("next: ")
    one = types("policy show alerts --json").json["policy"]
    assert (one["condition"], one["keep"], one["batch_rows"]) == ("(resolved_at IS NOT NULL)", "30 days", None)
    (run, *_) = types("report --json").json["runs"]
    assert (run["rows"], run["keep_override"], run["error_message"]) == (313, False, None)
    assert re.fullmatch(r"[-\d]+T[.:\d]+\+00:00", run["started_at"])
    assert isinstance(run["duration"], float)


def test_what_to_type_next_is_about_the_same_schema(database: Database, cli: Cli) -> None:
    types = Typist(cli, database)
    make_tables(database)
    assert types.fine("install --schema tm --profile telemetry").stderr.endswith(
        "next: pytelemetry-db plan --schema tm\n"
    )
    for command in (
        "plan",
        "cleanup",
        "report",
        "doctor",
        "policy list",
        "policy show alerts",
        "status",
        "policy pause alerts",
    ):
        following = types.fine(f"{command} --schema tm").stderr.splitlines()[-1]
        assert following.startswith("next: pytelemetry-db ")
        assert following.endswith(" --schema tm")
        assert following.count("--schema") == 1


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, sub in getattr(command, "commands", {}).items():
        yield from commands(sub, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "itself")
def test_help_gives_every_option_a_meaning(path: tuple[str, ...], cli: Cli) -> None:
    shown = cli.here(*path, "--help").stdout
    entries = re.split(r"\n  (?=-)", shown.split("Options:")[1])[1:]
    meanings = {}
    for entry in entries:
        names, _, meaning = re.sub(r"\n {3,}", " ", entry.split("\n\n")[0]).partition("  ")
        meanings[names.split()[0].rstrip(",")] = (names, meaning.strip())
    options = [one for one in COMMANDS[path].params if one.param_type_name == "option"]
    for option in options:
        names, meaning = next(
            found for found in meanings.values() if set(option.opts) & set(re.split(r"[ ,]+", found[0]))
        )
        # More than its default, and a sentence.
        said = re.sub(r"\[((env|default): .*?|required)\]", "", meaning).strip()
        assert said.endswith("."), (option.opts, meaning)
        if not option.is_flag:
            assert re.search(r" [A-Z=]+$", names), names
    assert len(meanings) == len(options) + 1  # and -h


def test_help_is_there_at_once(cli: Cli) -> None:
    """It imports no driver, and takes little more than Typer; in CPU time, because others may be at work here."""
    here: dict[str, Any] = {"cwd": ROOT, "env": cli.environment(), "check": True}
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytelemetry_db", "--help"], capture_output=True, text=True, **here
    )
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"psycopg", "pytelemetry_db.db", "jinja2", "prometheus_client"}
    taken: dict[tuple[str, ...], list[float]] = {("-m", "pytelemetry_db", "--help"): [], ("-c", "import typer"): []}
    for _ in range(5):
        for arguments, times in taken.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, **here)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    ours, typers = (statistics.median(times) for times in taken.values())
    assert ours < 3 * typers, taken


def test_the_password_is_nowhere(types: Typist) -> None:
    """Not in what is printed, in the ledger, nor in the log file."""
    secret = "s3cret-of-nobody"
    log = types.cli.home / "log"
    dsn = f"{types.database.dsn} password={secret}"
    for command in ("plan -v", "cleanup -v", "status --json"):
        result = types.cli(*command.split(), "--log-file", log, "--dsn", dsn)
        assert result.returncode == 0, result.stderr
        assert secret not in result.stdout + result.stderr
    assert secret not in log.read_text()
    with psycopg.connect(types.database.dsn) as connection:
        stored = connection.execute("select string_agg(r::text, ' ') from maint._run as r").fetchone()
    assert stored is not None
    assert secret not in stored[0]
