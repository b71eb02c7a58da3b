"""Each guard acts in its situation and only there; a confirmation counts once; the audit shows who decided."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest
from support import Cli, Database
from support.passes import Pass

CLOCK = (
    "create or replace function maint._clock() returns timestamptz language sql stable"
    " set search_path = pg_catalog, pg_temp as $$ select now() + interval '{}' $$"
)


def _sql(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _shift(database: Database, by: str) -> None:
    """From now on the clock that policies go by is that much ahead."""
    _sql(database, CLOCK.format(by))


def _table(database: Database, *, rows: int = 3000, days: int = 20, keep: str = "10 days", low: int = 100) -> None:
    """A table with rows evenly over the last days, and a policy that is through with its first pass."""
    _sql(
        database,
        "create table t (id bigint primary key, at timestamptz not null, kind text)",
        f"insert into t select i, now() - make_interval(secs => 86400.0 * {days} * i / {rows}), 'a'"
        f" from generate_series(1, {rows}) as i",
        "create index on t (at)",
        "analyze t",
        f"select maint.set_setting('guard_rows', '{low}')",
        "select maint.set_setting('duty', 'full')",
        f"select maint.set_policy('t', '{keep}')",
        "call maint.cleanup()",
    )


def _count(database: Database) -> int:
    found = database.value("select count(*) from t")
    assert isinstance(found, int)
    return found


def _pass(database: Database) -> str | None:
    """One pass; the guard that suspended it."""
    with Pass(database, "p_quiet => true") as call:
        error = call.wait().error
    last = database.query("select stop_reason, rows from maint.runs order by run_id desc limit 1")[0]
    if error is None:
        assert last["stop_reason"] == "done"
        return None
    assert (last["stop_reason"], last["rows"]) == ("suspended", 0), error
    found = database.value("select guard from maint._suspended")
    assert isinstance(found, str)
    return found


def _confirm(database: Database, guard: str) -> None:
    _sql(database, f"select maint.confirm('t', '{guard}', 'it is right')")


def test_a_new_policy_announces_its_backlog(database: Database) -> None:
    _table(database, days=200)
    assert _count(database) == 149
    assert database.value("select count(*) from maint.runs where stop_reason = 'done'") == 1


def test_a_tightened_policy_waits_and_is_confirmed_once(database: Database, cli: Cli) -> None:
    _table(database)
    before = _count(database)
    _sql(database, "select maint.set_policy('t', '10 minutes')")
    assert _pass(database) == "tightened"
    assert _count(database) == before
    # Shown wherever one looks.
    (state,) = database.query("select state, state_detail, state_fix from maint.retention")
    assert state["state"] == "suspended"
    assert "its keep is 00:10:00 now and was 10 days" in state["state_detail"]
    assert state["state_fix"] == "select maint.confirm('public.t', 'tightened', '…');"
    (plan,) = database.query("select state, note, findings from maint.plan('t')")
    assert plan["state"] == "suspended"
    assert "guard tightened" in str(plan["findings"])
    assert "suspended" in cli.here("status", "--dsn", database.dsn).stdout
    assert cli.here("cleanup", "--dsn", database.dsn).returncode == 2
    since = database.value("select since from maint._suspended")
    assert _pass(database) == "tightened"
    assert database.value("select since from maint._suspended") == since
    # One command decides it, and the audit has it.
    assert (
        cli.here("confirm", "t", "--guard", "tightened", "--reason", "so be it", "--dsn", database.dsn).returncode == 0
    )
    assert _pass(database) is None
    assert _count(database) == 1 or _count(database) < 5
    assert database.query("select * from maint._suspended") == []
    (entry,) = database.query(
        "select session_role, action, object, table_name, after ->> 'reason' as reason from maint.audit"
        " where object = 'confirmation' and after ->> 'reason' = 'so be it'"
    )
    assert entry == {
        "session_role": "maint_owner",
        "action": "insert",
        "object": "confirmation",
        "table_name": "public.t",
        "reason": "so be it",
    }


def test_a_policy_that_is_loosened_again_goes_on_by_itself(database: Database) -> None:
    _table(database)
    _sql(database, "select maint.set_policy('t', '1 hour')")
    assert _pass(database) == "tightened"
    _sql(database, "select maint.set_policy('t', '10 days')")
    assert _pass(database) is None
    assert database.value("select state from maint.retention") == "active"


def test_a_little_tighter_is_no_matter(database: Database) -> None:
    _table(database, rows=4000, low=10)
    _sql(database, "select maint.set_policy('t', '9 days 20 hours')")
    assert _pass(database) is None


@pytest.mark.parametrize("change", ["p_condition => ''", "p_condition => 'id > 0'"])
def test_another_condition_is_a_change(database: Database, change: str) -> None:
    _table(database)
    _sql(
        database,
        "select maint.drop_policy('public.t')",
        "insert into t select 10000 + i, now() - interval '30 days', 'keep' from generate_series(1, 1000) as i",
        "analyze t",
        "select maint.set_policy('t', '10 days', p_condition => 'kind = ''a''')",
        "call maint.cleanup()",
    )
    before = _count(database)
    assert before > 2000
    _sql(database, f"select maint.set_policy('t', {change})")
    assert _pass(database) == "tightened"
    assert _count(database) == before


def test_rows_that_came_from_nowhere(database: Database) -> None:
    _table(database)
    for _ in range(6):
        assert _pass(database) is None
    _sql(database, "insert into t select 10000 + i, now() - interval '20 days', 'a' from generate_series(1, 5000) as i")
    assert _pass(database) == "share"
    _confirm(database, "share")
    assert _pass(database) is None
    # Once: the next surprise is asked for again.
    _sql(
        database,
        "delete from maint._run where rows > 0",
        "insert into t select 20000 + i, now() - interval '20 days', 'a' from generate_series(1, 600) as i",
        "analyze t",
    )
    assert _pass(database) == "usual"


def test_a_clock_that_jumps_ahead(database: Database) -> None:
    _table(database)
    before = _count(database)
    _shift(database, "9 days")
    assert _pass(database) == "clock"
    assert "it jumped" in str(database.value("select state_detail from maint.retention"))
    # Rows that are written by the wrong clock do not make it right.
    _sql(database, "insert into t select 10000 + i, maint._clock(), 'a' from generate_series(1, 100) as i")
    assert _pass(database) == "clock"
    assert _count(database) == before + 100
    _shift(database, "0 days")
    assert _pass(database) is None
    assert _count(database) == before + 100


def test_a_clock_that_goes_back(database: Database) -> None:
    _table(database)
    _sql(database, "insert into t select 10000 + i, now() - interval '80 days', 'a' from generate_series(1, 50) as i")
    _shift(database, "-40 days")
    assert _pass(database) == "clock"
    assert "it went back" in str(database.value("select state_detail from maint.retention"))
    _confirm(database, "clock")
    assert _pass(database) is None


def test_a_source_that_stopped_keeps_its_last_rows(database: Database) -> None:
    _table(database, keep="5 days", days=20)
    _sql(database, "select maint.set_setting('guard_clock', '3 days')")
    _sql(database, "delete from t where at > now() - interval '2 days'")
    for day in range(1, 6):
        _shift(database, f"{day} days")
        # The clock is not what is looked at here: each pass follows the last one by a day.
        found = _pass(database)
        if found:
            break
    assert (found, day) == ("source", 3) or (found, day) == ("source", 4)
    left = _count(database)
    assert left > 0
    # A new row, and all is well again.
    _sql(database, "insert into t values (99999, maint._clock(), 'a')")
    assert _pass(database) is None
    assert _count(database) == 1


def test_a_keep_for_one_pass_was_asked_for(database: Database) -> None:
    _table(database)
    with Pass(database, "'t', p_keep => '1 hour', p_yes => true") as call:
        assert call.wait().error is None
    assert _count(database) < 20


def test_a_confirmation_of_nothing_changes_nothing(database: Database, cli: Cli) -> None:
    _table(database)
    before = database.query("select * from maint._allowance")
    for arguments, message in (
        (("t", "--guard", "share"), "nothing on public.t waits for a confirmation"),
        (("nowhere", "--guard", "share"), "nowhere"),
    ):
        run = cli.here("confirm", *arguments, "--reason", "x", "--dsn", database.dsn)
        assert run.returncode == 64
        assert message in run.stderr
    _sql(database, "select maint.set_policy('t', '10 minutes')")
    assert _pass(database) == "tightened"
    for said, message in (
        ("'t', 'share', 'x'", 'p_guard is "share", but what waits on public.t is "tightened"'),
        ("'t', 'tightened', ' '", "a confirmation needs a reason"),
    ):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
            database.query(f"select maint.confirm({said})")
    assert len(database.query("select * from maint._allowance")) == len(before) + 1
    assert _pass(database) == "tightened"


def _traffic(database: Database, seed: int, days: int, hours: int) -> list[tuple[int, str | None]]:
    """Days of traffic with nights, weekends, bursts and outages of the cleanup; the guard of each pass."""
    dice = random.Random(seed)
    found: list[tuple[int, str | None]] = []
    number = 100_000
    for hour in range(0, 24 * days, hours):
        _shift(database, f"{hour} hours")
        day, of_day = divmod(hour, 24)
        factor = (0.2 if of_day < 6 else 1.0) * (0.3 if day % 7 >= 5 else 1.0)
        factor *= 8 if dice.random() < 0.03 else dice.uniform(0.7, 1.3)
        rows = int(40 * hours * factor)
        _sql(
            database,
            f"insert into t select {number} + i, maint._clock() - {hours} * random() * interval '1 hour', 'a'"
            f" from generate_series(1, {rows}) as i",
        )
        number += rows
        if 30 <= day < 33 or dice.random() < 0.02:
            # The cleanup did not run.
            continue
        found.append((day, _pass(database)))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_months_of_traffic_without_a_false_alarm(database: Database, seed: int, record_property: Any) -> None:
    _table(database, rows=5000, days=10, keep="7 days", low=50)
    found = _traffic(database, seed, days=60, hours=12)
    alarms = [entry for entry in found if entry[1]]
    record_property("false_alarms", f"{len(alarms)} of {len(found)} passes")
    assert len(found) > 90
    assert alarms == []
    # And the guards are awake.
    _sql(database, "select maint.set_policy('t', '1 hour')")
    assert _pass(database) == "tightened"


@pytest.mark.parametrize("guard", ["tightened", "clock"])
def test_a_rotation_that_removes_nothing_makes_no_guard_blind(database: Database, guard: str) -> None:
    """It comes every hour and asks no guard as long as it only makes partitions."""
    _sql(
        database,
        "create table t (id bigint, at timestamptz not null) partition by range (at)",
        "create table t_old partition of t for values from ('2020-01-01 00:00+00') to"
        " (date_trunc('month', now(), 'UTC') + interval '1 month')",
        "insert into t select i, now() - i * interval '1 hour' from generate_series(1, 3000) as i",
        "create index on t (at)",
        "analyze t",
        "select maint.set_setting('guard_rows', '100')",
        "select maint.set_setting('duty', 'full')",
        "select maint.set_policy('t', '100 days', p_remove => 'delete', p_partition_interval => '1 month',"
        " p_time_zone => 'UTC')",
        "call maint.cleanup()",
    )
    before = _count(database)
    assert before == 2399
    if guard == "tightened":
        _sql(database, "select maint.set_policy('t', '20 days')")
    else:
        _shift(database, "90 days")
    _sql(database, "call maint.rotate('t', p_quiet => true)")
    made = database.query("select stop_reason, partitions_made from maint._run order by run_id desc limit 1")[0]
    assert made["stop_reason"] == "done"
    assert made["partitions_made"] >= 4
    assert _pass(database) == guard
    assert _count(database) == before
