"""What the plan of a rotation, health and the end of a policy tell before somebody has to find out."""

from __future__ import annotations

from typing import Any

import pytest
from support import Cli, Database
from support.passes import until
from support.rotations import last_run, make_sets, rotation, sql


@pytest.fixture
def sets(database: Database) -> Database:
    make_sets(database)
    return database


def plan(database: Database, action: str) -> list[dict[str, Any]]:
    return database.query("select * from maint.plan_rotation('app.t') where action = %s", action)


def told(database: Database, check: str) -> list[dict[str, Any]]:
    return database.query("select * from maint.health where check_id = %s and status <> 'ok'", check)


def test_the_plan_names_what_keeps_a_partition_from_being_dropped(sets: Database) -> None:
    sql(
        sets,
        "create view app.old as select n from app.a",
        "create materialized view app.older as select n from app.a",
        "create view app.all_of_it as select n from app.t",
    )
    used, free = plan(sets, "detach")
    assert used["detail"] == "expired; it cannot be dropped as long as it is used by app.old, app.older"
    assert free["detail"] == "expired"
    with rotation(sets) as call:
        assert "did not finish" in str(call.wait().error)
    run = last_run(sets)
    assert (run["stop_reason"], run["error_sqlstate"]) == ("failed", "2BP01")
    (used,) = plan(sets, "drop")
    assert used["partition_name"] == "a"
    assert used["detail"].endswith("; it cannot be dropped as long as it is used by app.old, app.older")
    sql(sets, "drop view app.old", "drop materialized view app.older")
    assert plan(sets, "drop")[0]["detail"].startswith("detached at ")
    sql(sets, "call maint.rotate('app.t')")
    assert sets.value("select to_regclass('app.a')") is None


def test_what_is_detached_to_stay_may_be_used(sets: Database) -> None:
    sql(sets, "select maint.set_policy('app.t', p_partition_remove => 'detach')", "create view app.old as table app.a")
    assert [row["detail"] for row in plan(sets, "detach")] == ["expired; it stays for 7 days"] * 2


def test_the_plan_gives_a_new_partition_the_name_that_it_will_have(sets: Database) -> None:
    first = plan(sets, "create")[0]["partition_name"]
    sql(sets, f"create table app.{first} (somebodys int)")
    planned = [row["partition_name"] for row in plan(sets, "create")]
    assert planned[0] == f"{first}_1"
    sql(sets, "call maint.rotate('app.t')")
    made = sets.query("select partition_name from maint.partitions where table_name = 't' and not is_default")
    assert {row["partition_name"] for row in made} == set(planned)


def test_health_tells_of_a_check_that_refuses_rows(sets: Database) -> None:
    """Left by a pass that was killed; the pass that needs it is none of health's business."""
    sql(
        sets,
        "vacuum analyze app.rest",
        "alter table app.rest add constraint pytelemetry_db_no_rows check (at < '2100-01-01 00:00+00') not valid",
    )
    (found,) = [row for row in told(sets, "default_rows") if row["status"] == "critical"]
    assert found["object"] == "app.t"
    assert found["detail"] == (
        "a pass that was killed left the CHECK pytelemetry_db_no_rows on its default partition rest:"
        " rows of partitions to come are refused"
    )
    assert found["remediation"] == "call maint.rotate('app.t');"
    with sets.connect() as holder:
        holder.execute("begin; lock table app.t in share update exclusive mode")
        with rotation(sets) as call:
            until(lambda: sets.query("select pid from maint.progress where table_name = 't'"))
            assert [row["status"] for row in told(sets, "default_rows")] == ["warning"]
            holder.execute("rollback")
            assert call.wait().error is None
    assert [row for row in told(sets, "default_rows") if row["status"] == "critical"] == []
    assert sets.query("select conname from pg_constraint where conname = 'pytelemetry_db_no_rows'") == []


def test_who_drops_a_policy_is_told_what_nobody_drops_any_more(sets: Database, cli: Cli) -> None:
    sql(sets, "select maint.set_policy('app.t', p_partition_remove => 'detach')", "call maint.rotate('app.t')")
    assert sets.value("select count(*) from maint._detached where dropped_at is null") == 2
    done = cli("policy", "drop", "app.t", "--dsn", sets.dsn)
    assert done.returncode == 0
    assert "2 detached partitions stay, and no pass drops them any more: app.a, app.b" in done.stderr
    assert sets.value("select count(*) from app.a") > 0
