"""Held rows stay: from the moment add_hold returns, in mid-pass too, until the hold is released or expires."""

from __future__ import annotations

import time

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import Cli, Database
from support.passes import Pass, Table, until


def _sql(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _clean(database: Database) -> dict[str, object]:
    with Pass(database, "p_quiet => true") as call:
        error = call.wait().error
    assert error is None
    return database.query("select * from maint.runs order by run_id desc limit 1")[0]


@pytest.fixture
def t(database: Database) -> Database:
    _sql(
        database,
        "create table t (id integer primary key, at timestamptz, site integer)",
        "create index on t (at)",
        "insert into t select i, now() - make_interval(days => i), nullif(i % 10, 0) from generate_series(1, 100) as i",
        "select maint.set_policy('t', '10 days 1 hour')",
    )
    return database


def _left(database: Database) -> set[int]:
    return {row["id"] for row in database.query("select id from t")}


def test_held_rows_stay_and_unknown_ones_too(t: Database) -> None:
    hold = t.value("select maint.add_hold('t', 'site = 3', 'case 17')")
    (plan,) = t.query("select expired_rows, findings, statement from maint.plan('t', p_exact => true)")
    assert plan["statement"].endswith(" and (((site = 3)) is false)")
    assert plan["expired_rows"] == 72
    assert "holds keep 18 expired rows" in str(plan["findings"])
    assert _clean(t)["rows"] == 72
    held = {i for i in range(11, 101) if i % 10 in (0, 3)}
    assert _left(t) == set(range(1, 11)) | held
    _sql(t, f"select maint.release_hold({hold}, 'closed')")
    assert _clean(t)["rows"] == 18
    assert _left(t) == set(range(1, 11))


@pytest.mark.parametrize("condition", ["null", "'true'", "'id = id'", "'1 = 1'", "'null'"])
@pytest.mark.parametrize("strategy", ["range", "pages"])
def test_a_hold_that_covers_everything(t: Database, condition: str, strategy: str) -> None:
    _sql(t, f"select maint.set_policy('t', p_strategy => '{strategy}')")
    hold = t.value(f"select maint.add_hold('t', {condition}, 'all of it')")
    run = _clean(t)
    assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", 0, 0)
    assert len(_left(t)) == 100
    _sql(t, f"select maint.release_hold({hold}, 'enough')")
    assert _clean(t)["rows"] == 90


def test_an_expired_hold_does_not_count(t: Database) -> None:
    _sql(t, "select maint.add_hold('t', null, 'for a moment', now() + interval '1 second')")
    assert _clean(t)["rows"] == 0
    until(lambda: t.value("select state from maint.holds") == "expired")
    assert _clean(t)["rows"] == 90


def test_a_hold_follows_its_table_and_its_name(t: Database) -> None:
    _sql(
        t,
        "select maint.add_hold('t', 'site = 3', 'case 17')",
        "alter table t rename to u",
        "select maint.rebind('u')",
    )
    assert _clean(t)["rows"] == 72
    _sql(t, "create table t (like u including all)", "insert into t values (1, now() - interval '1 year', 3)")
    _sql(t, "select maint.set_policy('t', '10 days')", "call maint.cleanup('t')")
    assert t.value("select count(*) from t") == 1


def test_a_hold_before_the_policy(database: Database) -> None:
    _sql(
        database,
        "create table t (id integer, at timestamptz)",
        "insert into t values (1, now() - interval '1 year'), (2, now() - interval '1 year')",
        "select maint.add_hold('t', 'id = 1', 'early')",
        "select maint.set_policy('t', '10 days')",
        "call maint.cleanup()",
    )
    assert _left(database) == {1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'t', 'nothing = 1', 'x'", "the condition cannot be used: column .nothing. does not exist"),
        ("'t', 'true) or (true', 'x'", "the condition cannot be used"),
        ("'t', 'at < now()', 'x'", "the condition cannot be used"),
        ("'t', 'id = 1', ' '", "a hold needs a reason"),
        ("'t', 'id = 1'", "a hold needs a reason"),
        ("'t', 'id = 1', 'x', now() - interval '1 day'", "would have expired already"),
        ("null, 'id = 1', 'x'", "no table was named"),
        ("'pg_class', null, 'x'", "is a system table"),
    ],
)
def test_bad_holds_change_nothing(t: Database, arguments: str, message: str) -> None:
    epoch = t.value("select epoch from maint._policy")
    with pytest.raises(psycopg.Error, match=message):
        t.query(f"select maint.add_hold({arguments})")
    assert t.query("select * from maint.holds") == []
    assert t.value("select epoch from maint._policy") == epoch


def test_bad_releases_change_nothing(t: Database) -> None:
    hold = t.value("select maint.add_hold('t', 'id = 1', 'x')")
    for arguments, message in (("4711, 'x'", "there is no hold 4711"), (f"{hold}", "needs a reason")):
        with pytest.raises(psycopg.Error, match=message):
            t.query(f"select maint.release_hold({arguments})")
    assert t.value("select state from maint.holds") == "active"
    _sql(t, f"select maint.release_hold({hold}, 'done')")
    with pytest.raises(psycopg.Error, match="was released by"):
        t.query(f"select maint.release_hold({hold}, 'again')")


def test_the_command_line(t: Database, cli: Cli) -> None:
    run = cli.here("hold", "add", "t", "--condition", "site = 3", "--reason", "case 17", "--dsn", t.dsn)
    assert (run.returncode, "hold 1 keeps rows of t" in run.stderr) == (0, True)
    assert "case 17" in cli.here("hold", "list", "--dsn", t.dsn).stdout
    assert "site = 3" in cli.here("hold", "list", "--json", "--dsn", t.dsn).stdout
    assert cli.here("hold", "add", "t", "--condition", "no = 3", "--reason", "x", "--dsn", t.dsn).returncode == 64
    assert cli.here("hold", "add", "t", "--dsn", t.dsn).returncode == 64
    assert cli.here("hold", "release", "1", "--reason", "closed", "--dsn", t.dsn).returncode == 0
    assert cli.here("hold", "release", "1", "--reason", "closed", "--dsn", t.dsn).returncode == 64
    assert t.value("select state from maint.holds") == "released"


def test_the_audit_has_every_decision(t: Database) -> None:
    _sql(
        t,
        "select maint.pause('t', 'lunch')",
        "select maint.resume('t')",
        "select maint.add_hold('t', 'id = 1', 'x')",
        "select maint.release_hold(1, 'y')",
        "select maint.set_setting('guard_share', '60')",
        "select maint.set_policy('t', '20 days')",
        "select maint.drop_policy('public.t')",
    )
    found = t.query("select object, action, table_name, before, after, session_role from maint.audit order by at")
    seen = [(row["object"], row["action"]) for row in found if row["object"] != "home"]
    assert seen == [
        ("policy", "insert"),
        ("confirmation", "insert"),
        ("policy", "update"),
        ("policy", "update"),
        ("hold", "insert"),
        ("hold", "update"),
        ("setting", "insert"),
        ("policy", "update"),
        ("confirmation", "insert"),
        ("policy", "delete"),
    ]
    kept = [row for row in found if row["object"] == "policy"]
    assert (kept[1]["before"]["pause_reason"], kept[1]["after"]["pause_reason"]) == (None, "lunch")
    assert kept[-1]["before"]["keep"] == "20 days"
    assert {row["session_role"] for row in found if row["object"] != "home"} == {"maint_owner"}
    # A pass prunes it by its own keep only.
    _sql(t, "update maint._audit set at = now() - interval '2 years'", "select maint._prune_runs()")
    assert len(t.query("select * from maint.audit")) == len(found)
    _sql(t, "select maint.set_setting('keep_audit', '365 days')", "select maint._prune_runs()")
    assert len(t.query("select * from maint.audit")) == 1


@given(delay=st.floats(0, 0.6), modulus=st.integers(2, 7))
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hold_in_mid_pass_binds_when_it_returns(database: Database, delay: float, modulus: int) -> None:
    database.query("drop schema if exists app cascade")
    for row in database.query("select format('%I.%I', schema_name, table_name) as name from maint._policy"):
        database.query("select maint.drop_policy(%s)", row["name"])
    database.query("select maint.release_hold(hold_id, 'next example') from maint.holds where state = 'active'")
    table = Table.make(database, expired=400, batch_rows=20, slow=0.01)
    held = f"id % {modulus} = 0"
    with Pass(database, "'app.events', p_quiet => true") as call:
        time.sleep(delay)
        # The pass may be over by now: then nothing is left to be held.
        database.query(f"select maint.add_hold('app.events', '{held}', 'mid-pass')")
        at_return = database.value(f"select count(*) from app.events where {held}")
        call.wait()
    assert database.value(f"select count(*) from app.events where {held}") == at_return
    table.fast()
    with Pass(database, "'app.events', p_quiet => true") as call:
        assert call.wait().error is None
    assert database.value(f"select count(*) from app.events where {held}") == at_return
    assert database.value(f"select count(*) from app.events where not ({held}) and at < now() - interval '7 days'") == 0
