"""How big batches are, how hard a pass works, whose turn it is, and where it begins."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
import pytest
from support import Database
from support.passes import Pass, Table, until

STATE = {"limit": 10000, "target": 200, "duty": 1, "wal": 64 * 2**20, "cost": 0.01}


def after(
    owner: psycopg.Connection[Any],
    *,
    elapsed: float,
    locked: float | None = None,
    deleted: int = 10000,
    wal: int = 0,
    blocked: int = 0,
    fixed: int | None = None,
    **state: object,
) -> dict[str, Any]:
    """The pace after a batch of 10000 rows that took so many ms."""
    found = owner.execute(
        "select maint._next_pace(%s, %s, %s, %s, %s, %s, %s)",
        (json.dumps(STATE | state), fixed, deleted, wal, elapsed if locked is None else locked, elapsed, blocked),
    ).fetchone()
    assert found is not None
    pace: dict[str, Any] = found[0]
    return pace


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        pytest.param({"elapsed": 200}, 7000, 10000, id="as long as it should"),
        pytest.param({"elapsed": 900, "locked": 100}, 15000, 15000, id="a long search for what to remove"),
        pytest.param({"elapsed": 800}, 2000, 2300, id="four times too long"),
        pytest.param({"elapsed": 10, "cost": 0.001}, 40000, 40000, id="much too short"),
        pytest.param({"elapsed": 10, "deleted": 3}, 17000, 17000, id="few rows: no faster than rows went before"),
        pytest.param({"elapsed": 100, "wal": 128 * 2**20}, 5000, 5000, id="twice the WAL"),
        pytest.param({"elapsed": 10, "deleted": 0, "wal": 8192}, 17000, 17000, id="pages that were only tidied up"),
        pytest.param({"elapsed": 100, "blocked": 1, "cost": 0.001}, 7000, 7800, id="somebody waits"),
        pytest.param({"elapsed": 5000, "fixed": 10000}, 10000, 10000, id="fixed"),
        pytest.param({"elapsed": 5, "fixed": 10000, "limit": 2500}, 5000, 5000, id="fixed, after a lock"),
        pytest.param({"elapsed": 10**7, "limit": 1, "deleted": 1}, 1, 1, id="one row that takes hours"),
    ],
)
def test_the_next_batch(owner: psycopg.Connection[Any], given: dict[str, Any], least: int, most: int) -> None:
    assert least <= after(owner, **given)["limit"] <= most


@pytest.mark.parametrize(("duty", "blocked", "wait"), [(1, 0, 0), (0.5, 0, 100), (0.2, 0, 400), (1, 2, 200)])
def test_the_pause_after_a_batch_of_100_ms(
    owner: psycopg.Connection[Any], duty: float, blocked: int, wait: int
) -> None:
    assert after(owner, elapsed=100, duty=duty, blocked=blocked)["wait"] == wait


def test_no_pause_is_so_long_that_the_pass_seems_dead(owner: psycopg.Connection[Any]) -> None:
    assert after(owner, elapsed=60000, duty=0.01)["wait"] == 30000


def test_the_pauses_after_missed_locks_are_random_and_grow(owner: psycopg.Connection[Any]) -> None:
    """Each a quarter shorter or longer: 13 s for nine of them, and two who met the same lock come back apart."""
    ask = "select maint._missed_lock(%s, null, '55P03', 'x') from generate_series(1, 200)"
    for missed, usual in enumerate((200, 400, 800, 1600, 2000, 2000, 2000, 2000, 2000)):
        found = owner.execute(ask, (json.dumps({"missed": missed, "limit": 10}),)).fetchall()
        waits = [row[0]["wait"] for row in found]
        assert 0.75 * usual - 1 <= min(waits) < 0.8 * usual
        assert 1.2 * usual < max(waits) <= 1.25 * usual + 1
        assert abs(sum(waits) / len(waits) - usual) < 0.06 * usual
    last = owner.execute(ask, (json.dumps({"missed": 9, "limit": 10}),)).fetchall()
    assert {row[0]["stop"] for row in last} == {"locked"}


def test_passes_that_wait_for_their_turn_stay_alive(database: Database) -> None:
    """Those of the session itself, and no others."""
    for name in ("app.events", "app.alerts"):
        Table.make(database, name, expired=10, slow=0)
    database.query("call maint.cleanup()")
    with database.connect() as session:
        session.execute(
            "update maint._run set stop_reason = null, finished_at = null, heartbeat_at = now() - interval '50 s',"
            " pid = case table_name when 'events' then pg_backend_pid() else 1 end, backend_start ="
            " (select backend_start from pg_stat_activity where pid = pg_backend_pid())"
        )
        session.execute("select maint._renew_heartbeats()")
        fresh = session.execute(
            "select table_name from maint._run where heartbeat_at > now() - interval '10 s'"
        ).fetchall()
    assert fresh == [("events",)]


@pytest.mark.parametrize(
    ("target", "lock_timeout", "ms"),
    [
        ("200 ms", "50 ms", 200),
        ("50 ms", "10 ms", 50),
        ("10 s", "50 ms", 633),
        ("10 s", "900 ms", 67),
        ("1 s", "5 s", 50),
    ],
)
def test_a_batch_and_its_wait_stay_under_deadlock_timeout(
    owner: psycopg.Connection[Any], target: str, lock_timeout: str, ms: int
) -> None:
    owner.execute(
        "select maint.set_setting('batch_target', %s), maint.set_setting('lock_timeout', %s)", (target, lock_timeout)
    )
    found = owner.execute("select maint._pace(null) ->> 'target'").fetchone()
    assert found == (str(ms),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_target", "49 ms"),
        ("batch_target", "11 s"),
        ("batch_target", "200"),
        ("batch_wal", "0"),
        ("duty", "0"),
        ("duty", "1.1"),
        ("duty", "hard"),
        ("duty", "0.0001"),
        ("sweep_interval", "1 s"),
        ("gate_replica_lag", "much"),
        ("gate_archive_queue", "-1"),
        ("gate_horizon", "5"),
        ("gate_load_query", "select from nowhere"),
        ("gate_load_query", "1; drop table x"),
        ("gate_autovacuum", "maybe"),
        ("gate_unknown", "ajar"),
    ],
)
def test_settings_that_mean_nothing(owner: psycopg.Connection[Any], name: str, value: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused, owner.transaction():
        owner.execute("select maint.set_setting(%s, %s)", (name, value))
    assert refused.value.diag.message_primary == f'setting "{name}" cannot be "{value}"'
    assert "Expected" in (refused.value.diag.message_hint or "")


def test_batches_follow_the_clock(database: Database) -> None:
    """Rows that take 1 ms each: batches of about 200 ms, whatever they began with."""
    table = Table.make(database, expired=3000, slow=0)
    database.query("select maint.set_policy('app.events', p_batch_rows => 0)")
    database.query(
        "create function app.drag() returns trigger language plpgsql set search_path = '' as"
        " $$ begin perform pg_catalog.pg_sleep(0.001); return old; end $$"
    )
    database.query("create trigger drag before delete on app.events for each row execute function app.drag()")
    database.query(
        "insert into maint._watermark (policy_id, shape, ms_per_row) select policy_id, 'another', 1 from maint._policy"
    )
    began = time.monotonic()
    database.query("call maint.cleanup(p_duty => 'full')")
    ms_per_row = (time.monotonic() - began) * 1000 / 3000
    done = table.last_run()
    assert (done["stop_reason"], done["rows"]) == ("done", 3000)
    # The first one knows nothing: 2000 rows.
    assert done["batches"] >= 6
    learned = database.value("select ms_per_row from maint._watermark")
    assert isinstance(learned, float)
    # On a busy machine a row takes longer than it sleeps.
    assert 1 < learned < 3 * ms_per_row
    table.inflow(1000)
    database.query("call maint.cleanup(p_duty => 'full')")
    assert table.last_run()["rows"] == 1000


def test_duty_is_a_share_of_the_time(database: Database) -> None:
    """Ten batches of a tenth of a second or more: one second, and pauses of four, less the one after the last."""
    table = Table.make(database, expired=200, slow=0.1)
    took = {}
    for duty in ("full", "gentle"):
        database.query(f"call maint.cleanup(p_duty => '{duty}')")
        took[duty] = table.last_run()["duration"].total_seconds()
        assert table.last_run()["stop_reason"] == "done"
        table.inflow(200)
    assert took["gentle"] > 4
    # A busy machine may lengthen either.
    assert took["gentle"] > 2 * took["full"]


def test_tables_take_turns(database: Database) -> None:
    """Neither is done in its turn of ten seconds, and each of them gets one; one row of the ledger for each."""
    tables = [Table.make(database, name, expired=4000, slow=0.1) for name in ("app.events", "app.alerts")]
    with Pass(database, "p_max_duration => '14 s', p_duty => 'full'") as running:
        assert running.wait().error is None
    for table in tables:
        (run,) = table.runs()
        assert run["stop_reason"] == "deadline"
        assert run["batches"] >= 20
        table.assert_nothing_half_done(whole_batches=True)
    assert len(running.notices) == 2


def test_a_stop_ends_the_passes_that_wait_for_their_turn(database: Database) -> None:
    tables = [Table.make(database, name, expired=4000, slow=0.1) for name in ("app.events", "app.alerts")]
    with Pass(database, "p_duty => 'full'") as running:
        until(lambda: any(table.under_way() for table in tables))
        until(lambda: all(table.under_way() for table in tables))
        database.query("select maint._request_stop(%s)", running.pid)
        assert running.wait().error is None
    for table in tables:
        (run,) = table.runs()
        assert run["stop_reason"] == "interrupted"
        table.assert_nothing_half_done(whole_batches=True)


def dead_rows(database: Database, rows: int) -> None:
    """That many dead rows, as the server's statistics tell; nothing is vacuumed here."""
    database.query("alter table app.events set (autovacuum_enabled = false)")
    database.query(
        "insert into app.events select 1000000 + i, now() - interval '60 days' from generate_series(1, %s) as i", rows
    )
    database.query("delete from app.events where id > 1000000")
    until(lambda: (database.value("select n_dead_tup from pg_stat_user_tables where relname = 'events'") or 0) >= rows)


def test_behind_many_dead_rows_a_pass_begins_at_the_watermark(database: Database) -> None:
    table = Table.make(database, expired=100, batch_rows=1000, slow=0)
    with database.connect(options="-c default_transaction_isolation=repeatable\\ read") as reader:
        reader.execute("begin")
        reader.execute("select 1")
        database.query("call maint.cleanup()")
        assert (table.last_run()["rows"], table.last_run()["debt_exact"]) == (100, True)
        dead_rows(database, 120000)
        late = "insert into app.events select 2000000, now() - interval '50 days'"
        database.query(late)
        table.inflow(0)
        database.query("call maint.cleanup()")
        missed = table.last_run()
        assert (missed["stop_reason"], missed["rows"], missed["debt_exact"]) == ("done", 0, False)
        # Once a day it looks at the beginning all the same.
        database.query("update maint._watermark set swept_at = swept_at - interval '25 hours'")
        database.query("call maint.cleanup()")
        assert (table.last_run()["stop_reason"], table.last_run()["rows"]) == ("done", 1)
    database.query("vacuum app.events")
    database.query(late)
    until(lambda: database.value("select n_dead_tup from pg_stat_user_tables where relname = 'events'") == 0)
    database.query("call maint.cleanup()")
    assert table.last_run()["rows"] == 1


def test_a_condition_has_no_watermark(database: Database) -> None:
    """A row may become expired long after its time."""
    table = Table.make(database, expired=100, batch_rows=1000, slow=0)
    database.query("select maint.set_policy('app.events', p_condition => 'id > 50')")
    dead_rows(database, 120000)
    database.query("call maint.cleanup()")
    assert table.last_run()["rows"] == 50
    database.query("update app.events set id = id + 5000000 where id <= 50")
    database.query("call maint.cleanup()")
    assert table.last_run()["rows"] == 50


def test_by_pages_a_pass_goes_on_where_the_last_one_stopped(database: Database) -> None:
    table = Table.make(database, expired=4000, batch_rows=100, slow=0.05)
    database.query("select maint.set_policy('app.events', p_strategy => 'pages')")
    database.query("call maint.cleanup(p_max_duration => '1 s', p_duty => 'full')")
    assert table.last_run()["stop_reason"] == "deadline"
    stopped = database.value("select leaf_page from maint._watermark")
    assert isinstance(stopped, int)
    assert stopped > 1
    table.fast()
    (state,) = database.query("select maint._first_state(p, null, null) as found from maint._policy as p")
    assert (state["found"]["resume_page"], state["found"]["partial"]) == (stopped, True)
    table.assert_finishes()
    assert database.value("select leaf_page from maint._watermark") is None


def test_a_policy_that_changes_or_goes_takes_its_watermark_along(database: Database) -> None:
    Table.make(database, expired=100, batch_rows=1000, slow=0)
    database.query("call maint.cleanup()")
    valid = "select (maint._watermark_of(p)).after is not null from maint._policy as p"
    assert database.value(valid) is True
    database.query("alter table app.events add other timestamptz")
    database.query("select maint.set_policy('app.events', p_column => 'other')")
    assert database.value(valid) is not True
    database.query("select maint.drop_policy('app.events')")
    assert database.value("select count(*) from maint._watermark") == 0


@pytest.mark.parametrize(
    ("hours", "zone", "now", "is_open"),
    [
        (None, "UTC", "2026-07-01 12:00+00", True),
        ("22:00-06:00", "UTC", "2026-07-01 21:59:59+00", False),
        ("22:00-06:00", "UTC", "2026-07-01 22:00+00", True),
        ("22:00-06:00", "UTC", "2026-07-01 05:59:59+00", True),
        ("22:00-06:00", "UTC", "2026-07-01 06:00+00", False),
        ("22:00-06:00", "Europe/Berlin", "2026-07-01 20:00+00", True),
        ("22:00-06:00", "Europe/Berlin", "2026-01-01 20:00+00", False),
        ("09:30-17:00", "UTC", "2026-07-01 09:29+00", False),
        ("09:30-17:00", "UTC", "2026-07-01 16:59+00", True),
        ("00:00-23:59", "UTC", "2026-07-01 00:00+00", True),
        ("24:00-06:00", "UTC", "2026-07-01 00:00+00", None),
        ("6-8", "UTC", "2026-07-01 00:00+00", None),
        ("06:00-06:00", "UTC", "2026-07-01 00:00+00", None),
    ],
)
def test_hours(owner: psycopg.Connection[Any], hours: str | None, zone: str, now: str, is_open: bool | None) -> None:
    assert owner.execute("select maint._is_open(%s, %s, %s::timestamptz)", (hours, zone, now)).fetchone() == (is_open,)


def hours_without(database: Database) -> str:
    """Hours of a policy to which the present one does not belong."""
    found = database.value(
        "select to_char(localtime + interval '2 hours', 'HH24:MI')"
        " || '-' || to_char(localtime + interval '3 hours', 'HH24:MI')"
    )
    assert isinstance(found, str)
    return found


def test_outside_of_its_hours_a_policy_is_left_alone(database: Database) -> None:
    table = Table.make(database, expired=100, slow=0)
    database.query("select maint.set_policy('app.events', p_time_zone => current_setting('timezone'))")
    hours = hours_without(database)
    database.query("select maint.set_policy('app.events', p_hours => %s)", hours)
    with Pass(database) as running:
        assert running.wait().error is None
    assert running.notices[0].startswith(f"app.events: not now, its hours are {hours} in ")
    assert (table.count(), table.runs()) == (150, [])
    database.query("select maint.set_policy('app.events', p_hours => '')")
    table.assert_finishes()


def test_a_pass_ends_with_its_hours(database: Database) -> None:
    table = Table.make(database, expired=4000, slow=0.05)
    database.query("select maint.set_policy('app.events', p_time_zone => current_setting('timezone'))")
    with Pass(database) as running:
        until(lambda: table.under_way())
        # As if they had just ended: set_policy would end the pass by itself.
        database.query("update maint._policy set hours = %s", hours_without(database))
        assert running.wait().error is None
    last = table.last_run()
    assert last["stop_reason"] == "deadline"
    assert last["detail"].startswith("its hours are over: ")
    table.assert_nothing_half_done(whole_batches=True)


@pytest.mark.parametrize(("wanted", "found"), [(None, "off"), (False, "off"), (True, "on")])
def test_synchronous_commit_is_the_policys_choice(database: Database, wanted: bool | None, found: str) -> None:
    Table.make(database, expired=100, slow=0)
    database.query("create table app.seen (setting text)")
    database.query(
        "create function app.see() returns trigger language plpgsql set search_path = '' as $$ begin"
        " insert into app.seen values (pg_catalog.current_setting('synchronous_commit')); return null; end $$"
    )
    database.query("create trigger see after delete on app.events for each statement execute function app.see()")
    database.query("select maint.set_policy('app.events', p_synchronous_commit => %s)", wanted)
    database.query("call maint.cleanup()")
    assert {row["setting"] for row in database.query("select setting from app.seen")} == {found}


def test_autovacuum_that_comes_too_seldom_is_told_with_what_it_should_be(database: Database) -> None:
    table = Table.make(database, expired=3000, fresh=90000, batch_rows=5000, slow=0)
    advice = "select f from maint._policy as p, jsonb_array_elements(maint._autovacuum_findings(p)) as f"
    assert database.query(advice) == []
    database.query("call maint.cleanup()")
    assert table.last_run()["rows"] == 3000
    ((found,),) = (row.values() for row in database.query(advice))
    assert found["level"] == "note"
    assert found["detail"].startswith(
        "autovacuum comes after about 18650 dead rows, and passes remove about 3000 a day"
    )
    assert found["fix"].endswith("set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1500);")
    database.query(found["fix"])
    assert database.query(advice) == []
