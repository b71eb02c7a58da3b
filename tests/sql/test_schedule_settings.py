"""What may be set as a schedule: never what pg_cron does not take or would not run, and what is said of the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import Cli, Cluster, Database
from support.policies import Refusal, listening, refusal
from support.schedules import CHANGES, Schedule, announced, daily, schedules

BERLIN = ZoneInfo("Europe/Berlin")
IN_BERLIN = "create or replace function maint._cron_time_zone() returns text language sql stable return 'Europe/Berlin'"
DEFAULT = "*/5 * * * *"

GOOD = [
    *("* * * * *", DEFAULT, "0 * * * *", "17 3 * * *", "00 03 * * *", "59 23 31 12 *", "*/59 * * * *", "0-0/1 * * * *"),
    *("1-5/2,7,9-11 * * * *", "*,5 * * * *", "0 8-18/5 * * mon-fri", "0 0 29 2 *", "0 0 1-31/30 * *", "0 0 31 1,4 *"),
    *("0 0 * JAN *", "0 0 * jan-mar/2 *", "0 0 * 1,jun,DEC *", "0 0 * Sep THU", "0 0 * * sun", "0 0 * * sun,7"),
    *("0 0 * * 0", "0 0 * * 7", "0 0 * * 5-7", "0 0 * * 0-7", "0 0 * * mon-3", "0 0 * * */7", "0 0 */2 * *"),
    *(" 0\t0  * * * ", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", " @daily\t"),
    *("0," * 149 + "0 * * * *", "* * * * *".ljust(999)),
]
# pg_cron 1.5 and 1.6 brought these.
NEWER = ["1 second", "30 seconds", "59 SECONDS", "0 0 $ * *", "0 0 $ 2 *"]
# pg_cron takes these, for something else than they say, or to never run them.
NONSENSE = [
    *("5-1 * * * *", "0 22-2 * * *", "0 0 * * mon#1", "0 0 * * fri-sun", "0 0 * * 6-1", "0 0 31 2 *", "0 0 30 2 *"),
    *("0 0 31 4,6,9,11 *", "@reboot", "@yearly", "@annually", "*-5 * * * *", "1-3-5 * * * *", "1.5 * * * *"),
    *("*/60 * * * *", "0 */24 * * *", "0 0 * * * *", "0 0 * * * maint", "0 0 * * *;", "0 0 * * *\n", "\n0 0 * * *"),
    *("0 0 1 * mon", "0 0 */2 * mon", "0 0 1 * */2", "007 * * * *", "* " * 300),
]
BAD = [
    *("", " ", "*", "* *", "* * * *", "0 0 * *", "never", "OFF", "off ", "@", "@DAILY", "@Weekly", "@every 5m"),
    *("60 * * * *", "-1 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8"),
    *("*/0 * * * *", "1-5/0 * * * *", "5/2 * * * *", "1,,2 * * * *", ",1 * * * *", "1, * * * *", "? * * * *"),
    *("a * * * *", "jan * * * *", "* * * january *", "* * * monday *", "* * * mon *", "* * * * jan", "* * * * mond"),
    *("* * L * *", "* * 15W * *", "~ * * * *", "٣ * * * *", "0\u00a00 * * *", "0 0 * *\n*", "0\r0 * * *"),
    *("0 seconds", "60 seconds", "30 minutes", "30\u00a0seconds", "30 seconds ago"),
    *(
        "x" * 300,
        "* * * * *".ljust(1000),
        "'; drop schema maint cascade; --",
        "%s $1 %I {0} \\",
        "\x1b[31m",
    ),
]


def set_schedule(connection: psycopg.Connection[Any], text: str | None) -> None:
    connection.execute("select maint.set_setting('cleanup_schedule', %s)", (text,))


def stored(connection: psycopg.Connection[Any]) -> Any:
    return connection.execute("select maint._get_setting('cleanup_schedule')").fetchone()


def refused(connection: psycopg.Connection[Any], text: str | None) -> Refusal:
    return refusal(connection, lambda: set_schedule(connection, text))


# --- against pg_cron ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cron(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """pg_cron's database, as the superuser, in a transaction that is rolled back: no job ever runs."""
    with cluster.connect() as connection:
        connection.execute("create extension if not exists pg_cron")
        with connection.transaction(force_rollback=True):
            yield connection


def taken(cron: psycopg.Connection[Any], text: str) -> bool:
    """Whether pg_cron takes a schedule."""
    try:
        with cron.transaction():
            cron.execute("select cron.unschedule(cron.schedule('a schedule', %s, 'select 1'))", (text,))
    except psycopg.errors.InvalidParameterValue:
        return False
    return True


def cron_version(cron: psycopg.Connection[Any]) -> tuple[int, ...]:
    """Its first two numbers."""
    found = cron.execute("select extversion from pg_extension where extname = 'pg_cron'").fetchone()
    assert found is not None
    return tuple(map(int, re.findall(r"\d+", found[0])[:2]))


@pytest.mark.parametrize("text", GOOD)
def test_what_we_take_pg_cron_takes(owner: psycopg.Connection[Any], cron: psycopg.Connection[Any], text: str) -> None:
    set_schedule(owner, text)
    assert stored(owner) == (text,)
    assert taken(cron, text)


@pytest.mark.parametrize("text", NEWER)
def test_what_newer_versions_take(owner: psycopg.Connection[Any], cron: psycopg.Connection[Any], text: str) -> None:
    """We take it with every version: ours may be in a database that cannot see which one there is."""
    set_schedule(owner, text)
    assert stored(owner) == (text,)
    assert taken(cron, text) == (cron_version(cron) >= ((1, 6) if "$" in text else (1, 5)))


@pytest.mark.parametrize("text", NONSENSE)
def test_what_pg_cron_takes_for_something_else_is_refused(
    owner: psycopg.Connection[Any], cron: psycopg.Connection[Any], text: str
) -> None:
    # Of these, newer versions refuse steps that are too long.
    assert taken(cron, text) == (cron_version(cron) < (1, 6) or text not in ("*/60 * * * *", "0 */24 * * *"))
    check_refused(owner, text)


@pytest.mark.parametrize("text", ["30seconds", "30  seconds", "05 seconds", "30 seconds\n"])
def test_seconds_are_spelled_in_one_way(owner: psycopg.Connection[Any], text: str) -> None:
    check_refused(owner, text)


@pytest.mark.parametrize("text", BAD)
def test_what_pg_cron_does_not_take_is_refused(
    owner: psycopg.Connection[Any], cron: psycopg.Connection[Any], text: str
) -> None:
    assert not taken(cron, text)
    check_refused(owner, text)


def check_refused(owner: psycopg.Connection[Any], text: str) -> None:
    for before in (DEFAULT, "off"):
        set_schedule(owner, before)
        said = refused(owner, text)
        assert stored(owner) == (before,)
        assert said.sqlstate == "22023"
        # What was found: all of it, one of its fields, or how long it is.
        assert "schedule" in said.message
        quoted = re.findall(r'"(.*)"', said.message, re.DOTALL)
        assert quoted[0] in text if quoted else f"{len(text)} bytes" in said.message
        assert said.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("* * * *", 'a schedule cannot be "* * * *"', "Expected five fields (minute, hour, day of month, "),
        ("never", 'a schedule cannot be "never"', "or off."),
        ("60 * * * *", 'the minute of a schedule cannot be "60"', "Numbers go from 0 to 59"),
        ("0 24 * * *", 'the hour of a schedule cannot be "24"', "Numbers go from 0 to 23"),
        ("0 0 0 * *", 'the day of month of a schedule cannot be "0"', "Numbers go from 1 to 31"),
        ("0 0 * foo *", 'the month of a schedule cannot be "foo"', "Numbers go from 1 to 12"),
        ("0 0 * * 1,8", 'the day of week of a schedule cannot be "1,8"', "Numbers go from 0 to 7"),
        ("*/0 * * * *", 'the minute of a schedule cannot be "*/0"', "a step stays within its range"),
        ("5-1 * * * *", 'the minute of a schedule cannot be "5-1"', "ranges upwards"),
        (
            "5/2 * * * *",
            'the minute of a schedule cannot be "5/2"',
            "Expected *, a number from 0 to 59, a range such as",
        ),
        ("0 0 31 2 *", 'the schedule "0 0 31 2 *" never fires', "There is no such day in the next nine years."),
        ("0 0 1 * mon", 'the schedule "0 0 1 * mon" has a day of the month and a day of the week', "Write * for one"),
        ("@yearly", 'pg_cron takes the schedule "@yearly" but may never fire it', "Expected five fields: '0 0 1 1 *'."),
        ("* * * * *".ljust(1000), "a schedule cannot have 1000 bytes", "Expected at most 999"),
        (None, 'setting "cleanup_schedule" cannot be "<NULL>"', "Expected five fields such as '17 3 * * *', or off."),
    ],
)
def test_what_was_found_and_what_was_expected(
    owner: psycopg.Connection[Any], text: str | None, message: str, hint: str
) -> None:
    said = refused(owner, text)
    assert said.message == message
    assert hint in said.hint


def test_off_is_taken_in_silence(owner: psycopg.Connection[Any]) -> None:
    for name in ("cleanup", "vacuum", "prune"):
        with listening(owner) as told:
            owner.execute("select maint.set_setting(%s, 'off')", (f"{name}_schedule",))
        assert told.lines == []
    assert owner.execute("select count(*) from maint._wanted_jobs(current_user)").fetchone() == (0,)


def test_the_zone_is_that_of_pg_cron_or_of_the_last_jobs(owner: psycopg.Connection[Any]) -> None:
    seen = owner.execute("select setting from pg_settings where name = 'cron.timezone'").fetchone()
    for recorded in (None, "Australia/Lord_Howe"):
        if recorded:
            job = '[{"job_name": "j", "kind": "prune", "schedule": "0 0 * * *", "command": "c", "cron_job_id": 1}]'
            owner.execute("select maint._record_jobs(%s, current_user, 'postgres', %s)", (job, recorded))
        found = owner.execute("select maint._cron_time_zone()").fetchone()
        assert found == (seen[0] if seen else recorded or "GMT",)


# --- what is said of clock changes -------------------------------------------------------------------------------


def test_skipped_and_doubled_runs_of_the_next_year_are_told(owner: psycopg.Connection[Any]) -> None:
    start = datetime(2025, 1, 10, 12, tzinfo=UTC)
    warned = 0

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schedules() | schedules(days=False), st.sampled_from([zone for zone in CHANGES if zone != "Pacific/Apia"]))
    @example(daily(2, 30), "Europe/Berlin")
    @example(daily(0, 30), "Atlantic/Azores")
    @example(daily(1, 45), "Australia/Lord_Howe")
    def check(schedule: Schedule, zone: str) -> None:
        nonlocal warned
        found = owner.execute("select detail from maint._clock_changes(%s, %s, %s)", (str(schedule), zone, start))
        expected = announced(schedule, zone, start)
        assert [detail for (detail,) in found] == expected[:10]
        warned += bool(expected)

    check()
    assert warned >= 3


def test_set_setting_shows_the_next_times_and_what_clock_changes_do(owner: psycopg.Connection[Any]) -> None:
    owner.execute(IN_BERLIN)
    nightly = daily(2, 30)
    now = owner.execute("select now()").fetchone()
    assert now is not None
    first = now[0].astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    minutes = (first + timedelta(minutes=n) for n in range(7 * 24 * 60))
    expected = [at for at in minutes if nightly.fires(at.astimezone(BERLIN).replace(tzinfo=None))][:5]
    there = [at.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S Europe/Berlin") for at in expected]
    here = [at.astimezone(ZoneInfo("Asia/Kolkata")).strftime("%Y-%m-%d %H:%M:%S +05:30") for at in expected]
    both = [f"{one} ({other})" for one, other in zip(there, here, strict=True)]
    for session, texts in (("Asia/Kolkata", both), ("Europe/Berlin", there)):
        owner.execute("select set_config('timezone', %s, true)", (session,))
        with listening(owner) as told:
            set_schedule(owner, str(nightly))
        said = f"cleanup_schedule: next at {', '.join(texts)}"
        assert told.of("NOTICE") == [(said, "pytelemetry-db schedule apply puts it into pg_cron.")]
        warnings = [message for message, _ in told.of("WARNING")]
        assert warnings == [f"cleanup_schedule: {text}" for text in announced(nightly, "Europe/Berlin", now[0])]
        assert any("does not exist" in text for text in warnings)
        assert any("comes twice" in text for text in warnings)
    assert stored(owner) == ("30 2 * * *",)


# --- by the command line -----------------------------------------------------------------------------------------


def test_schedule_set_shows_five_times_in_both_zones(cli: Cli, database: Database) -> None:
    database.query(f"alter database {database.name} set timezone = 'America/New_York'")
    database.query(IN_BERLIN)
    before = datetime.now(UTC)
    done = cli("schedule", "set", "cleanup", "30 2 * * *", "--dsn", database.dsn)
    assert (done.returncode, done.stdout) == (0, "")
    times = re.findall(r"(\S+ \S+) Europe/Berlin \((\S+ \S+) (-0[45]):00\)", done.stderr)
    there = [datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC) for text, _, _ in times]
    here = [datetime.fromisoformat(f"{text}{offset}:00").astimezone(UTC) for _, text, offset in times]
    assert there == here
    minutes = (before.replace(second=0, microsecond=0) + timedelta(minutes=n) for n in range(1, 7 * 24 * 60))
    nightly = daily(2, 30)
    assert there == [at for at in minutes if nightly.fires(at.astimezone(BERLIN).replace(tzinfo=None))][:5]
    for text in announced(nightly, "Europe/Berlin", before):
        assert f"cleanup_schedule: {text}" in done.stderr
    assert "next: pytelemetry-db schedule apply" in done.stderr
    assert database.value("select maint._get_setting('cleanup_schedule')") == "30 2 * * *"

    done = cli("schedule", "set", "cleanup", "off", "--dsn", database.dsn)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "next: pytelemetry-db schedule apply\n")


@pytest.mark.parametrize(
    ("job", "text", "found", "expected"),
    [
        ("cleanup", "5-1 * * * *", 'the minute of a schedule cannot be "5-1"', "Numbers go from 0 to 59"),
        ("vacuum", "0 0 31 2 *", 'the schedule "0 0 31 2 *" never fires', "There is no such day"),
        ("prune", "0 0 * *\n*", 'a schedule cannot be "0 0 * * *"', "Expected five fields"),
        ("cleanup", "", 'a schedule cannot be ""', "Expected five fields"),
        ("analyze", "0 0 * * *", 'there is no job "analyze"', "one of cleanup, rotation, vacuum, prune"),
    ],
)
def test_wrong_usage_is_one_line_and_64(
    cli: Cli, shared: Database, job: str, text: str, found: str, expected: str
) -> None:
    done = cli.here("schedule", "set", job, text, "--dsn", shared.dsn)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.splitlines()[0].startswith(f"error: {found}")
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_a_schedule_that_this_pg_cron_does_not_know_says_so(cli: Cli, cluster: Cluster, database: Database) -> None:
    with cluster.connect() as cron:
        cron.execute("create extension if not exists pg_cron")
        version = cron.execute("select extversion from pg_extension where extname = 'pg_cron'").fetchone()
    assert version is not None
    # set_setting takes it, because pg_cron may be in a database that it cannot see.
    database.query("select maint.set_setting('cleanup_schedule', '30 seconds')")
    done = cli("schedule", "apply", "--dsn", cluster.dsn(database.name))
    try:
        if version[0].startswith("1.4"):
            assert done.returncode == 64
            assert f"error: pg_cron {version[0]}: invalid schedule: 30 seconds" in done.stderr
            assert "'30 seconds' needs pg_cron 1.5, $ for the last day of a month 1.6" in done.stderr
            assert "try: pytelemetry-db schedule set" in done.stderr
            assert database.value("select count(*) from maint.jobs") == 0
        else:
            assert done.returncode == 0, done.stderr
            assert database.value("select schedule from maint._job where kind = 'cleanup'") == "30 seconds"
    finally:
        cli("schedule", "remove", "--dsn", cluster.dsn(database.name))
