"""Somebody notices when nothing goes any more: `status --max-age` fails, and says since when, why, and what to type."""

from __future__ import annotations

import re
import shlex

import psycopg
import pytest
from support import Cli, Database, Result
from support.passes import Table
from support.releases import released

# With 20 rows in each batch, and 20 ms for each, at most 1,020 rows go in 1 s.
DRAIN_AT_MOST = 1020
TRIGGER = "create function app.{0}() returns trigger language plpgsql set search_path = '' as $$ begin {1} end $$"
ON = "create trigger {0} before delete on app.{1} for each row execute function app.{0}()"
STATES = ("good", "made", "never", "stopped", "paused", "renamed", "failed", "kept", "longer")
# Since when, why, and what to type, for each policy that is late.
LATE = {
    "app.failed": (
        r"since [-\d]+ [:\d]+\+00:00; last pass .* failed, left: 3 expired rows; no \(SQLSTATE P0001\)",
        "report",
    ),
    "app.kept": (r"since its policy was made, .*; last pass .* done, left: 3 expired rows", "doctor"),
    "app.longer": (
        r"since its policy was made, .*; last pass .* done, left: nothing expired; made with a keep of 60 days",
        "cleanup app.longer",
    ),
    "app.never": (r"since its policy was made, .*; never cleaned", "cleanup app.never"),
    "app.paused": (
        r"since [-\d]+ .*; paused by maint_owner at .*: an audit; last pass .* paused, left: 3 expired rows",
        "policy resume app.paused",
    ),
    "app.renamed": (
        r"since .*; suspended: app\.renamed was renamed to app\.other; last pass .* suspended, left: unknown",
        "select maint.rebind('app.other');",
    ),
    "app.stopped": (r"since [-\d]+ .*; last pass .* done, left: nothing expired", "cleanup app.stopped"),
}


def age(database: Database, hours: int, policy_days: int = 3) -> None:
    """What was done until now was done that much earlier, and the policies are some days old."""
    with database.superuser() as superuser:
        superuser.execute(
            "update maint._run set started_at = started_at - make_interval(hours => %(h)s),"
            " finished_at = finished_at - make_interval(hours => %(h)s),"
            " heartbeat_at = heartbeat_at - make_interval(hours => %(h)s)",
            {"h": hours},
        )
        superuser.execute("update maint._policy set created_at = now() - make_interval(days => %s)", [policy_days])


def insert(database: Database, *names: str) -> None:
    for name in names:
        database.query(
            f"insert into app.{name} select now() - make_interval(days => 10 + i) from generate_series(1, 3) as i"
        )


def make_states(database: Database) -> None:
    """Policies three days old, each in a state of its own, and one that was made just now."""
    database.query("create schema app")
    for name in STATES:
        database.query(f"create table app.{name} (at timestamptz not null)")
        database.query(f"create index on app.{name} (at)")
    insert(database, *STATES)
    for name in STATES:
        if name != "made":
            database.query(f"select maint.set_policy('app.{name}', '7 days')")
    for name in ("stopped", "paused", "renamed", "failed"):
        database.query(f"call maint.cleanup('app.{name}')")
    age(database, 30)
    database.query("select maint.set_policy('app.made', '7 days')")

    insert(database, "paused", "renamed", "failed")
    database.query("select maint.pause('app.paused', 'an audit')")
    database.query(TRIGGER.format("keep", "return null;"))
    database.query(ON.format("keep", "kept"))
    database.query(TRIGGER.format("refuse", "raise exception 'no';"))
    database.query(ON.format("refuse", "failed"))
    database.query("alter table app.renamed rename to other")
    for arguments in ("'app.good'", "'app.paused'", "'app.kept'", "'app.longer', p_keep => '60 days'"):
        database.query(f"call maint.cleanup({arguments})")
    for name in ("other", "failed"):
        with pytest.raises(psycopg.errors.RaiseException, match="1 of 1 tables did not finish"):
            database.query(f"call maint.cleanup('app.{name}')")


def late_lines(result: Result) -> dict[str, tuple[str, str]]:
    """Of each policy that is late: what is said of it, and what to type."""
    found = re.findall(r"^FAILED (\S+): no good pass (.*); try (.*)$", result.stdout, re.MULTILINE)
    return {table: (why, command) for table, why, command in found}


def assert_late(result: Result) -> None:
    """Exactly those that had no good pass for 26 hours are named, each with its reason."""
    assert result.returncode == 2, result
    lines = late_lines(result)
    assert lines.keys() == LATE.keys()
    for table, (why, command) in LATE.items():
        assert re.fullmatch(why, lines[table][0]), lines[table]
        assert lines[table][1].removeprefix("pytelemetry-db ") == command


def test_inflow_of_twice_the_drain_for_three_passes_makes_it_fail(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=2000)

    def run(command: str) -> Result:
        return cli.here(*command.split(), "--dsn", database.dsn)

    assert run("cleanup -q --max-duration 1s").returncode == 0
    age(database, 27)
    assert run("status --max-age 26h").returncode == 2
    assert run("status --max-age 28h").returncode == 0
    for _ in range(3):
        table.inflow(2 * DRAIN_AT_MOST)
        assert run("cleanup -q --max-duration 1s").returncode == 1
    failed = run("status --max-age 26h")
    assert failed.returncode == 2
    ((why, command),) = late_lines(failed).values()
    assert re.fullmatch(r"since .*; last pass .* deadline, left: \d,\d{3} expired rows", why)
    assert command == "pytelemetry-db cleanup app.events"
    assert failed.stderr == f"next: {command}\n"

    table.inflow(10)
    assert run("cleanup -q --max-duration 1s").returncode == 0
    assert table.last_run()["rows"] >= 20
    fine = run("status --max-age 26h")
    assert fine.returncode == 0
    assert fine.stdout.splitlines()[-1] == "ok no policy was without a good pass for 26h"
    assert run("status -q --max-age 26h") == Result(0, "", "")


def test_each_late_policy_is_one_line_with_its_reason(database: Database, cli: Cli) -> None:
    make_states(database)
    reader = "max_age_reader"
    with database.superuser() as superuser:
        superuser.execute(f"create role {reader} login")
        try:
            let_in = cli.here("upgrade", "--force", "--reader-role", reader, "--dsn", database.dsn)
            assert let_in.returncode == 0, let_in
            for dsn in (database.dsn, database.cluster.dsn(database.name, user=reader)):
                assert_late(cli.here("status", "--max-age", "26h", "--dsn", dsn))
        finally:
            superuser.execute(f"drop owned by {reader}")
            superuser.execute(f"drop role {reader}")
    shown = cli.here("status", "--max-age", "26h", "--dsn", database.dsn).stdout
    quiet = cli("status", "--max-age", "26h", "-q", "--dsn", database.dsn)
    assert_late(quiet)
    assert (len(quiet.stdout.splitlines()), quiet.stderr) == (len(LATE), "")
    assert shown.endswith(quiet.stdout)
    assert "public" not in shown
    assert "app.made" in shown

    facts = cli.here("status", "--max-age", "26h", "--json", "--dsn", database.dsn)
    assert (facts.returncode, facts.json["max_age"], sorted(facts.json["late"])) == (2, "26 hours", sorted(LATE))
    policies = {f"app.{policy['table_name']}": policy for policy in facts.json["policies"]}
    assert {name for name, policy in policies.items() if policy["late"]} == LATE.keys()
    assert policies["app.never"]["remedy"] == "pytelemetry-db cleanup app.never"
    assert policies["app.never"]["lateness"].endswith("; never cleaned")
    assert policies["app.good"]["last_good_at"] is not None
    assert "max_age" not in cli.here("status", "--json", "--dsn", database.dsn).json
    assert cli.here("status", "--dsn", database.dsn).returncode == 0


def test_what_is_printed_to_type_leads_to_good_passes(database: Database, cli: Cli) -> None:
    make_states(database)
    for _, command in late_lines(cli.here("status", "--max-age", "26h", "--dsn", database.dsn)).values():
        if command.startswith("pytelemetry-db "):
            typed = cli.here(*shlex.split(command)[1:], "--dsn", database.dsn)
            assert typed.returncode in (0, 1), typed
        else:
            database.query(command)
    cleaned = cli.here("cleanup", "--dsn", database.dsn)
    assert cleaned.returncode == 2
    left = late_lines(cli.here("status", "--max-age", "26h", "--dsn", database.dsn))
    # These need a person; what was printed shows why.
    assert left.keys() == {"app.failed", "app.kept"}


def test_it_works_on_a_standby(database: Database, cli: Cli) -> None:
    Table.make(database, expired=10, slow=0)
    database.query("call maint.cleanup()")
    age(database, 27)
    replica = database.cluster.standby()
    try:
        replica.start()
        dsn = Database(replica, database.name).dsn
        assert cli.here("status", "--max-age", "28h", "--dsn", dsn).returncode == 0
        late = cli.here("status", "--max-age", "26h", "--dsn", dsn)
        ((_, command),) = late_lines(late).values()
        assert (late.returncode, command) == (2, "on the primary: pytelemetry-db cleanup app.events")
    finally:
        replica.remove()


def test_without_a_policy_or_an_installation_nobody_knows(
    empty_database: Database, database: Database, cli: Cli
) -> None:
    for options in ([], ["-q"], ["--json"]):
        for dsn in (empty_database.dsn, database.dsn):
            assert cli.here("status", "--max-age", "26h", *options, "--dsn", dsn).returncode == 3
    nothing = cli.here("status", "--max-age", "26h", "-q", "--dsn", database.dsn)
    assert "WARNING no policies: nothing is removed" in nothing.stdout
    assert cli.here("status", "--dsn", database.dsn).returncode == 0


def test_a_bad_duration_is_wrong_usage(database: Database, cli: Cli) -> None:
    database.query("create table t (at timestamptz)")
    database.query("select maint.set_policy('t', '7 days')")
    for text, says in (
        ("26", "26h is hours"),
        ("5m", "minutes or months?"),
        ("-1h", "is negative"),
        ("", "is empty"),
        ("soon", "is not a duration"),
        ("9999999y", "out of range"),
    ):
        result = cli.here("status", "--max-age", text, "--dsn", database.dsn)
        assert (result.returncode, result.stdout) == (64, "")
        assert says in result.stderr


def test_a_release_that_does_not_know_good_passes_says_so_and_still_works(empty_database: Database, cli: Cli) -> None:
    with empty_database.connect() as connection:
        connection.execute(released()["0.1.0"].encode())
    empty_database.query("create table t (at timestamptz)")
    empty_database.query("insert into t values (now() - interval '9 days')")
    empty_database.query("select maint.set_policy('t', '7 days')")
    dsn = empty_database.dsn
    unknown = cli.here("status", "--max-age", "26h", "--dsn", dsn)
    assert unknown.returncode == 3
    assert "pytelemetry_db 0.1.0 does not say which passes were good\n  try: pytelemetry-db upgrade" in unknown.stderr
    for command in ("status", "cleanup", "policy list"):
        assert cli.here(*command.split(), "--dsn", dsn).returncode == 0
    assert cli.here("upgrade", "--dsn", dsn).returncode == 0
    assert cli.here("status", "--max-age", "26h", "--dsn", dsn).returncode == 0
