"""Rotation under random policies, clocks and zones: nothing that must stay ever goes, and no gap appears."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import Cluster, Database
from support.cluster import OWNER
from support.policies import Connection, rows, set_policy

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]
INTERVALS = ["1 hour", "6 hours", "1 day", "7 days", "1 month", "3 months", "1 year"]
UNITS = {"bigint": ("ms", 1000), "integer": ("s", 1)}
EPOCH = datetime(1970, 1, 1)


@pytest.fixture(scope="module")
def clocked(installed_server: Any, cluster: Cluster) -> Iterator[Connection]:
    """A database whose clock is the setting test.clock, and guards that let everything pass."""
    name = "clocked"
    with cluster.connect() as connection:
        connection.execute(f'create database {name} template "{installed_server.template_dbname}" owner {OWNER}')
    with Database(cluster, name).connect() as connection:
        for statement in (
            "select maint.confirm(p_guard => 'copy', p_reason => 'a copy for the tests of one module')",
            "create or replace function maint._clock() returns timestamptz language sql stable"
            " set search_path = pg_catalog, pg_temp"
            " as $$ select coalesce(nullif(current_setting('test.clock', true), '')::timestamptz, now()) $$",
            "select maint.set_setting('guard_rows', '1000000000'), maint.set_setting('guard_clock', '100 years')",
            "create schema app",
        ):
            connection.execute(statement.encode())
        yield connection
    with cluster.connect() as connection:
        connection.execute(f"drop database {name} with (force)")


def literal(at: datetime, kind: str) -> str:
    """A time on the line of the bounds in the type of the key."""
    if kind in UNITS:
        return str(int((at - EPOCH).total_seconds()) * UNITS[kind][1])
    return f"'{at.isoformat(sep=' ')}{'+00' if kind == 'timestamptz' else ''}'" if kind != "date" else f"'{at.date()}'"


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["timestamptz", "timestamptz", "timestamp", "date", "bigint", "integer"]))
    zone = draw(st.sampled_from(ZONES))
    interval = draw(st.sampled_from(INTERVALS if kind != "date" else INTERVALS[2:]))
    # Around the days on which clocks change, among others.
    day = draw(st.sampled_from(["2025-03-30", "2025-10-26", "2024-02-29", "2025-11-02", "2026-01-01", "2025-06-15"]))
    clock = datetime.fromisoformat(day) + timedelta(minutes=draw(st.integers(-3000, 3000)))
    span = {"1 hour": [1, 2, 5], "6 hours": [1, 6, 24], "1 day": [1, 24, 50]}.get(interval, [24, 24 * 7, 24 * 31])
    widths = draw(st.lists(st.sampled_from(span), min_size=1, max_size=4))
    start = clock - timedelta(hours=draw(st.integers(0, 2 * sum(widths))))
    start = datetime(start.year, start.month, start.day) if kind == "date" else start.replace(minute=0)
    bounds = [start]
    for width in widths:
        bounds.append(bounds[-1] + timedelta(hours=max(width, 24) if kind == "date" else width))
    return {
        "kind": kind,
        "zone": zone,
        "interval": interval,
        "clock": clock,
        "keep": draw(st.sampled_from(["1 day", "36 hours", "8 days", "1 month", "1 year"])),
        "bounds": bounds,
        "left_out": draw(st.sets(st.integers(0, 3), max_size=2)),
        "endless": draw(st.booleans()),
        "default": draw(st.booleans()),
        "premake": draw(st.integers(0, 3)),
        "says": draw(st.sampled_from([None, None, "condition", "hold"])),
        "steps": draw(st.lists(st.integers(1, 4 * span[-1]), min_size=1, max_size=2)),
        "fractions": draw(st.lists(st.floats(0, 0.999), min_size=1, max_size=5)),
    }


def make(connection: Connection, case: dict[str, Any]) -> None:
    kind = case["kind"]
    statements = [
        "drop table if exists app.t cascade",
        "truncate maint._policy, maint._hold, maint._detached, maint._suspended",
        f"create table app.t (at {kind} not null, n int not null) partition by range (at)",
    ]
    pairs = list(zip(case["bounds"], case["bounds"][1:], strict=False))
    made = [number for number in range(len(pairs)) if number not in case["left_out"]] or [0]
    for number in made:
        low, high = (literal(bound, kind) for bound in pairs[number])
        low = "minvalue" if number == 0 and case["endless"] else low
        statements.append(f"create table app.p{number} partition of app.t for values from ({low}) to ({high})")
        for place, fraction in enumerate(case["fractions"]):
            at = pairs[number][0] + (pairs[number][1] - pairs[number][0]) * fraction
            statements.append(f"insert into app.p{number} values ({literal(at.replace(microsecond=0), kind)}, {place})")
    if case["endless"] and 0 in made and kind not in UNITS:
        statements.append("insert into app.p0 values ('-infinity', 9)")
    if case["default"]:
        statements.append("create table app.d partition of app.t default")
        free = literal(case["bounds"][-1] + timedelta(days=3), kind)
        statements += [f"insert into app.d values ({free}, {n})" for n in (1, 2)]
    for statement in statements:
        connection.execute(statement.encode())


@given(case=cases())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_must_stay_goes_and_no_gap_appears(case: dict[str, Any], clocked: Connection) -> None:
    make(clocked, case)
    now = case["clock"].replace(tzinfo=ZoneInfo("UTC"))
    clocked.execute("select set_config('test.clock', %s, false)", [now.isoformat()])
    unit = {"epoch_unit": UNITS[case["kind"]][0]} if case["kind"] in UNITS else {}
    set_policy(
        clocked,
        "app.t",
        case["keep"],
        time_zone=case["zone"],
        partition_interval=case["interval"],
        premake=case["premake"],
        column="at",
        **unit,
    )
    held = "true"
    if case["says"] == "condition":
        set_policy(clocked, "app.t", condition="n < 3")
        held = "n < 3"
    elif case["says"] == "hold":
        clocked.execute("select maint.add_hold('app.t', p_condition => 'n = 0', p_reason => 'a case')")
        held = "n <> 0"
    for hours in [0, *case["steps"]]:
        now += timedelta(hours=hours)
        clocked.execute("select set_config('test.clock', %s, false)", [now.isoformat()])
        (said,) = rows(
            clocked,
            "select maint._predicate(p.time_column, p.time_type, maint._cutoff_literal(maint._cutoff(p.keep,"
            " p.time_zone, maint._clock()), p.time_type, p.epoch_unit, p.time_zone), null) as expired"
            " from maint._policy as p",
        )
        stay = (
            "select at::text as at, n, count(*) from app.t"
            f" where ({said['expired']} and {held}) is not true group by 1, 2"
        )
        before = rows(clocked, stay + " order by 1, 2")
        clocked.execute(
            "select maint._allow(policy_id, array['clock', 'tightened', 'source', 'share', 'usual'], 'a leap in time')"
            " from maint._policy"
        )
        clocked.execute("call maint.rotate('app.t', p_quiet => true)")
        assert rows(clocked, stay + " order by 1, 2") == before
        check = """
            select
                (select count(*) from maint._detached where dropped_at is null) as left_over,
                (
                    select count(*)
                    from maint._rotation_actions(p, maint._cutoff_of(p, p.keep, maint._clock())) as a
                    where a.action = 'create'
                ) as missing,
                (
                    select range_agg(tstzrange(o.lower_at, o.upper_at))
                        @> tstzrange(f.now_at, f.now_at + p.premake * p.partition_interval)
                    from maint._partitions_of(p.relation_id, p.time_type, f.zone, p.epoch_unit) as o
                    where not o.is_default
                ) as is_covered,
                -- What the pass noted for the next one is what a new look finds.
                (
                    select
                        maint._partition_set(p, maint._clock(), k.cutoff) - 'since'
                        = maint._list_set(p, g.zone, g.cutoff_at) - 'since'
                    from maint._cutoff(p.keep, p.time_zone, maint._clock()) as k (cutoff),
                        maint._rotation_frame(p, maint._clock(), k.cutoff) as g
                ) as is_as_noted
            from maint._policy as p, maint._rotation_frame(p, maint._clock(), maint._clock()) as f
        """
        assert rows(clocked, check) == [{"left_over": 0, "missing": 0, "is_covered": True, "is_as_noted": True}]
    if case["says"] is None:
        # What is expired is gone, but for the last partition and what rows keep.
        (found,) = rows(
            clocked,
            "select count(*) as expired from maint._policy as p, maint._rotation_actions(p, maint._cutoff_of(p, p.keep,"
            " maint._clock())) as a where a.action in ('detach', 'finalize', 'drop')",
        )
        # A time before all others is never expired.
        (endless,) = rows(clocked, "select count(*) from app.t where at::text = '-infinity'")
        assert found["expired"] <= endless["count"]


def test_the_last_error_of_one_table_does_not_stop_the_others(clocked: Connection) -> None:
    clocked.execute("select set_config('test.clock', '', false)")
    clocked.execute("truncate maint._policy, maint._hold, maint._detached, maint._suspended")
    for name in ("broken", "fine"):
        clocked.execute(f"create table app.{name} (at timestamptz not null) partition by range (at)".encode())
        clocked.execute(
            f"create table app.{name}_old partition of app.{name}"
            " for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')".encode()
        )
        set_policy(clocked, f"app.{name}", "30 days", partition_interval="1 month", premake=0, time_zone="UTC")
    clocked.execute("create view app.uses as select * from app.broken_old")
    with pytest.raises(
        psycopg.errors.RaiseException, match=r"^rotate: 1 of 2 tables did not finish: app\.broken: failed"
    ):
        clocked.execute("call maint.rotate()")
    found = rows(
        clocked,
        "select table_name, stop_reason, error_sqlstate, partitions_made > 0 as made from maint.runs"
        " where kind = 'rotation' and table_name in ('broken', 'fine') order by run_id",
    )
    assert [tuple(row.values()) for row in found] == [("broken", "failed", "2BP01", True), ("fine", "done", None, True)]
    # It is detached already, and every pass tries again to drop it.
    assert rows(clocked, "select count(*) from maint._detached where dropped_at is null") == [{"count": 1}]
