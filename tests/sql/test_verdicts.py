"""Each verdict comes from its cause and from nothing else, and goes with it; the debt beside the exact count."""

from __future__ import annotations

from typing import Any

import pytest
from sql.test_samples import sample
from support import Database
from support.passes import Pass, Table, until

JOB = """
    select maint._record_jobs(
        '[{"job_name": "cleanup", "kind": "cleanup", "schedule": "*/5 * * * *", "command": "c", "cron_job_id": 1}]',
        current_user, 'elsewhere', 'GMT'
    )
"""


def row(database: Database) -> dict[str, Any]:
    """The only row of the view retention."""
    (found,) = database.query("select * from maint.retention")
    return found


def verdict(database: Database) -> str:
    found = row(database)["verdict"]
    assert isinstance(found, str)
    return found


@pytest.fixture
def table(database: Database) -> Table:
    """5000 expired rows, on a schedule, and nothing wrong but that its first pass has not come yet."""
    made = Table.make(database, expired=5000, batch_rows=200)
    database.query(JOB)
    return made


def cleanup(table: Table, arguments: str = "p_quiet => true", error: str | None = None) -> None:
    with Pass(table.database, arguments) as running:
        found = running.wait().error
    assert (str(found) if found else None) == error or (error and error in str(found))


def clean(table: Table) -> None:
    """A pass that leaves nothing."""
    table.fast()
    cleanup(table)
    assert verdict(table.database) == "ok"


def test_its_first_pass_has_not_come_yet(table: Table) -> None:
    sample(table.database)
    assert verdict(table.database) == "waiting"
    clean(table)
    found = row(table.database)
    assert (found["expired_rows"], found["expired_method"], found["catch_up_text"]) == (
        0,
        "counted",
        "nothing to catch up",
    )
    assert found["evidence"] is None


def test_nothing_is_known(database: Database) -> None:
    database.query("create table never (at timestamptz)")
    database.query("create index on never (at)")
    database.query("select maint.set_policy('never', '7 days')")
    database.query(JOB)
    assert verdict(database) == "unknown"
    sample(database)
    assert verdict(database) == "ok"


def test_paused(table: Table) -> None:
    clean(table)
    table.database.query("select maint.pause('app.events', 'an audit')")
    found = row(table.database)
    assert found["verdict"] == "paused"
    assert "an audit" in found["evidence"]
    table.database.query("select maint.resume('app.events')")
    sample(table.database)
    assert verdict(table.database) == "ok"


def test_suspended(table: Table) -> None:
    clean(table)
    table.database.query("alter table app.events rename to others")
    found = row(table.database)
    assert found["verdict"] == "suspended"
    assert found["evidence"] == "by binding: app.events was renamed to app.others"
    table.database.query("alter table app.others rename to events")
    assert verdict(table.database) == "ok"


def test_not_scheduled(table: Table) -> None:
    clean(table)
    table.database.query("delete from maint._job")
    assert verdict(table.database) == "ok"
    # Whoever called it does so no more.
    table.database.query("update maint._run set started_at = started_at - interval '27 hours'")
    assert verdict(table.database) == "not scheduled"
    cleanup(table)
    assert verdict(table.database) == "ok"


@pytest.mark.parametrize("change", ["role_name = 'nobody_here'", "database_oid = 1"])
def test_a_job_that_cannot_run_is_no_schedule(table: Table, change: str) -> None:
    clean(table)
    table.database.query(f"update maint._job set {change}")
    found = row(table.database)
    assert found["verdict"] == "not scheduled"
    assert found["evidence"].startswith("job cleanup: ")


def test_scheduler_dead(table: Table) -> None:
    clean(table)
    table.database.query("update maint._job set applied_at = now() - interval '1 hour'")
    found = row(table.database)
    assert found["verdict"] == "scheduler dead"
    assert found["evidence"].startswith("job cleanup; nothing came at ")
    cleanup(table, "p_job => 'cleanup', p_quiet => true")
    table.database.query("update maint._call set started_at = now() - interval '90 s', finished_at = now()")
    assert verdict(table.database) in ("ok", "scheduler dead")
    table.database.query("update maint._job set applied_at = now()")
    assert verdict(table.database) == "ok"


def test_failing_with_its_sqlstate(table: Table) -> None:
    table.database.query(
        "create function app.never() returns trigger language plpgsql set search_path = '' as"
        " $$ begin raise exception 'no' using errcode = 'XX123'; end $$"
    )
    table.database.query("create trigger never before delete on app.events for each row execute function app.never()")
    cleanup(table, error="1 of 1 tables did not finish")
    found = row(table.database)
    assert found["verdict"] == "failing with XX123"
    assert found["evidence"].endswith(": no")
    table.database.query("drop trigger never on app.events")
    clean(table)


def test_lock_timeouts(table: Table) -> None:
    with table.database.connect() as other, other.transaction():
        other.execute("lock table app.events in access exclusive mode")
        cleanup(table, error="1 of 1 tables did not finish")
        found = row(table.database)
    assert found["verdict"] == "lock timeouts"
    assert "SQLSTATE 55P03" in found["evidence"]
    clean(table)


def test_no_index(table: Table) -> None:
    table.database.query("drop index app.events_at_idx")
    cleanup(table, "p_max_duration => '500 ms', p_quiet => true")
    assert table.last_run()["stop_reason"] == "deadline"
    assert verdict(table.database) == "no index"
    table.database.query("create index on app.events (at)")
    assert verdict(table.database) == "catching up"


def run_out_of_time(table: Table) -> None:
    """A pass of two seconds, each of its DELETEs a tenth of one: on any machine it removes much, and not all."""
    table.database.query(
        "create or replace function app.slow_events() returns trigger language plpgsql set search_path = '' as"
        " $$ begin perform pg_catalog.pg_sleep(0.1); return null; end $$"
    )
    cleanup(table, "p_max_duration => '2 s', p_quiet => true")
    assert table.last_run()["stop_reason"] == "deadline"
    assert table.last_run()["rows"] >= 1000


def test_horizon_held(table: Table) -> None:
    with table.database.connect(application_name="grafana") as holder, holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from app.events")
        run_out_of_time(table)

        def held() -> bool:
            return verdict(table.database) == "horizon held"

        until(held)
        assert "grafana" in row(table.database)["evidence"]
    assert verdict(table.database) == "catching up"


@pytest.fixture
def backlog(table: Table) -> Table:
    """A table whose only pass, two hours ago, ran out of time."""
    run_out_of_time(table)
    table.database.query(
        "update maint._run set started_at = started_at - interval '2 hours', finished_at = finished_at - interval"
        " '2 hours', deadline = deadline - interval '2 hours', heartbeat_at = heartbeat_at - interval '2 hours'"
    )
    table.database.query("update maint._policy set changed_at = changed_at - interval '3 hours'")
    return table


def inflow(table: Table, rows: int) -> None:
    """Two samples, an hour apart, which say that so many rows came."""
    table.database.query("delete from maint._sample")
    table.database.query(
        "insert into maint._sample (policy_id, relation_id, at, inserted)"
        " select policy_id, relation_id, now() - make_interval(hours => i), 10000000000 - i * %s::bigint"
        " from maint._policy, generate_series(0, 1) as i",
        rows,
    )


def test_too_little_time_and_inflow_above_drain(backlog: Table) -> None:
    removed = backlog.last_run()["rows"]
    inflow(backlog, removed * 10)
    found = row(backlog.database)
    assert found["verdict"] == "too little time"
    assert float(found["inflow_per_hour"]) == pytest.approx(removed * 10, rel=0.01)
    assert float(found["drain_per_hour"]) == pytest.approx(removed / 2, rel=0.05)
    assert found["margin"] < 1
    inflow(backlog, 1_000_000_000)
    assert verdict(backlog.database) == "inflow above drain"
    inflow(backlog, 1)
    found = row(backlog.database)
    assert found["verdict"] == "catching up"
    assert found["margin"] > 1
    clean(backlog)


def test_never_and_when(backlog: Table) -> None:
    sample(backlog.database)
    left = backlog.database.value("select count(*) from app.events where at < now() - interval '7 days'")
    assert row(backlog.database)["expired_rows"] == left
    backlog.database.query("update maint._sample set at = now() - interval '1 hour', inserted = 0")
    backlog.database.query(
        "insert into maint._sample (policy_id, relation_id, inserted) select policy_id, relation_id, 100000000 from"
        " maint._policy"
    )
    assert row(backlog.database)["catch_up_text"] == "never"
    backlog.database.query("update maint._sample set inserted = 0")
    found = row(backlog.database)
    hours = left / float(found["drain_per_hour"])
    assert found["catch_up"].total_seconds() == pytest.approx(3600 * hours, rel=0.01)


def test_gated(table: Table) -> None:
    table.database.query("select maint.set_setting('gate_load_query', '2')")
    with Pass(table.database, "p_max_duration => '3 s', p_quiet => true") as running:

        def gated() -> bool:
            return verdict(table.database) == "gated"

        until(gated)
        assert "load_query" in row(table.database)["evidence"]
        running.wait()
    assert verdict(table.database) == "gated"
    table.database.query("select maint.set_setting('gate_load_query', 'off')")
    clean(table)


@pytest.fixture
def traffic(database: Database) -> Database:
    """30 days of rows with days and nights, up to an hour ago, analyzed; then the rows of the last hour."""
    with database.connect() as connection:
        for statement in (
            "create table traffic (at timestamptz)",
            "create index on traffic (at)",
            "insert into traffic select t.at + random() * interval '1 minute' from generate_series("
            " now() - interval '30 days', now() - interval '61 minutes', interval '1 minute') as t (at),"
            " generate_series(1, (4 + 3 * sin(extract(epoch from t.at) * 2 * pi() / 86400))::integer)",
            "select pg_stat_force_next_flush()",
            "analyze traffic",
            "select maint.set_policy('traffic', '20 days')",
        ):
            connection.execute(statement.encode())
    return database


EXACT = "select count(*) from traffic where at < now() - interval '20 days'"


def test_debt_right_after_analyze_and_after_an_hour_of_inflow(traffic: Database) -> None:
    traffic.query("analyze traffic")
    found, exact = row(traffic), traffic.value(EXACT)
    assert found["expired_method"] == "estimated"
    assert found["expired_rows"] == pytest.approx(exact, rel=0.05)
    assert float(found["expired_accuracy"]) <= 0.05
    hour = "insert into traffic select now() - make_interval(secs => i * 10) from generate_series(1, 360) as i"
    traffic.query(hour)
    assert row(traffic)["expired_rows"] == pytest.approx(exact, rel=0.05)


def test_debt_an_hour_after_a_pass(traffic: Database) -> None:
    """What the pass left has grown for an hour since; then part of it goes."""
    traffic.query("call maint.cleanup('traffic', p_keep => '20 days 3 hours', p_quiet => true)")
    exact = traffic.value(EXACT)
    assert exact > 100
    sample(traffic)
    assert row(traffic)["expired_rows"] == pytest.approx(exact, abs=2)
    traffic.query("delete from maint._sample")
    # An hour goes by: the same as a keep that was an hour longer when the sample was made.
    traffic.query("update maint._policy set keep = keep + interval '1 hour'")
    sample(traffic)
    traffic.query("update maint._policy set keep = keep - interval '1 hour'")
    found = row(traffic)
    assert found["expired_method"] == "estimated"
    assert found["expired_rows"] == pytest.approx(exact, rel=0.2)
    assert abs(found["expired_rows"] - exact) <= float(found["expired_accuracy"]) * found["expired_rows"] + 2
    traffic.query("call maint.cleanup('traffic', p_keep => '20 days 2 hours', p_quiet => true)")
    assert row(traffic)["expired_rows"] == pytest.approx(traffic.value(EXACT), rel=0.2)


def test_a_debt_too_uncertain_is_unknown(traffic: Database) -> None:
    """One part in a thousand, between two bounds of the histogram."""
    traffic.query("select maint.set_policy('traffic', '29 days 23 hours')")
    found = row(traffic)
    assert (found["expired_rows"], found["expired_method"], found["expired_accuracy"]) == (None, "unknown", None)
    sample(traffic)
    assert row(traffic)["expired_method"] == "counted"


def test_debt_after_a_big_pass_and_a_vacuum(traffic: Database) -> None:
    """Histogram and number of rows are of two moments then."""
    traffic.query("call maint.cleanup('traffic', p_keep => '25 days', p_quiet => true)")
    traffic.query("vacuum traffic")
    exact = traffic.value(EXACT)
    # A session tells the server's statistics what it did when it ends, which its client does not wait for.
    until(lambda: row(traffic)["expired_rows"] == pytest.approx(exact, rel=0.05))
    traffic.query("select maint.set_setting('analyze_percent', '100')")
    traffic.query("call maint.cleanup('traffic', p_keep => '22 days', p_quiet => true)")
    until(lambda: row(traffic)["expired_rows"] == pytest.approx(traffic.value(EXACT), rel=0.1))
    traffic.query("vacuum traffic")
    # VACUUM looks at the pages that changed, and takes the pages emptied before for as full as all together were.
    until(lambda: row(traffic)["expired_rows"] == pytest.approx(traffic.value(EXACT), rel=0.25))


def test_a_column_of_another_type_spoils_nothing(traffic: Database) -> None:
    traffic.query("create table other (at timestamptz)")
    traffic.query("create index on other (at)")
    traffic.query("select maint.set_policy('other', '7 days')")
    sample(traffic)
    traffic.query("alter table traffic alter at type text using 'about ' || at")
    traffic.query("analyze traffic")
    rows = {row["table_name"]: row for row in traffic.query("select * from maint.retention")}
    assert (rows["traffic"]["verdict"], rows["traffic"]["expired_rows"]) == ("suspended", None)
    assert rows["other"]["expired_rows"] == 0
