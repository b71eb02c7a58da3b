"""Faults of pg_partman 5.5 with time ranges, each as what our rotation does instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors
from support import Database
from support.partman import Partman, bounds

CLOCK = (
    "create or replace function maint._clock() returns timestamptz language sql stable"
    " set search_path = pg_catalog, pg_temp as $$ select {} $$"
)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def site(shared: Database, partman_set: Partman) -> Iterator[Database]:
    """The module's database, where it is noon on 24 November 2026 until a test says otherwise."""
    set_clock(shared, NOW)
    yield shared
    shared.query(CLOCK.format("now()"))


def set_clock(database: Database, at: datetime) -> None:
    database.query(CLOCK.format(f"'{at.isoformat()}'::timestamptz"))


def make(database: Database, column: str = "at timestamptz", by: str = "at") -> None:
    database.query(f"create table t ({column} not null, site integer) partition by range ({by})")


def part(database: Database, name: str, lower: str, upper: str) -> None:
    database.query(f"create table {name} partition of t for values from ({lower}) to ({upper})")


def policy(database: Database, keep: str, interval: str, zone: str = "UTC", **more: object) -> None:
    given = {"p_keep": keep, "p_partition_interval": interval, "p_time_zone": zone, **more}
    arguments = ", ".join(f"{name} => %s" for name in given)
    database.query(f"select maint.set_policy('t', {arguments})", *given.values())


def rotate(database: Database, zone: str = "UTC") -> list[tuple[str, str, str]]:
    """Rotate in a session with another zone, and return the partitions: name, lower, upper."""
    with database.connect() as connection:
        connection.execute(f"set timezone = '{zone}'".encode())
        connection.execute("call maint.rotate('t', p_quiet => true)")
        return [(p.name, p.lower.strip("'"), p.upper.strip("'")) for p in bounds(connection, "t")]


def contiguous(found: list[tuple[str, str, str]]) -> bool:
    return [upper for _, _, upper in found[:-1]] == [lower for _, lower, _ in found[1:]]


def test_a_history_that_is_longer_than_the_interval_stays_while_it_has_live_rows(site: Database) -> None:
    """7.1 a: they drop [2020-01-01, 2026-11-20) of a daily set with a row of four days ago."""
    make(site)
    part(site, "history", "'2020-01-01'", "'2026-11-20'")
    part(site, "t_p20261120", "'2026-11-20'", "'2026-11-21'")
    site.query("insert into t values ('2026-11-19 12:00+00')")
    policy(site, "30 days", "1 day")
    assert rotate(site)[0] == ("history", "2020-01-01 00:00:00+00", "2026-11-20 00:00:00+00")
    for days in range(4, 44, 4):
        set_clock(site, NOW + timedelta(days=days))
        site.query("insert into t values (%s)", NOW + timedelta(days=days - 2))
        found = rotate(site)
    assert "history" not in [name for name, _, _ in found]
    assert contiguous(found)


def test_b_a_shorter_interval_drops_nothing_that_is_young(site: Database) -> None:
    """7.1 a: after a change from months to days they drop a month with a row of 24 days ago."""
    make(site)
    part(site, "t_p20261001", "'2026-10-01'", "'2026-11-01'")
    part(site, "t_p20261101", "'2026-11-01'", "'2026-12-01'")
    site.query("insert into t values ('2026-10-31 12:00+00')")
    policy(site, "40 days", "1 month")
    rotate(site)
    policy(site, "40 days", "1 day")
    found = rotate(site)
    assert "t_p20261001" in [name for name, _, _ in found]
    assert site.value("select count(*) from t") == 1
    assert contiguous(found)


def test_c_dates_move_out_of_the_default(site: Database) -> None:
    """7.1 b: theirs compares text, and fails for a date column."""
    make(site, "at date")
    site.query("create table t_default partition of t default")
    part(site, "t_p20261123", "'2026-11-23'", "'2026-11-24'")
    site.query("insert into t select '2026-11-26'::date from generate_series(1, 10)")
    policy(site, "30 days", "1 day")
    assert contiguous(rotate(site))
    assert site.value("select count(*) from only t_default") == 0
    assert site.value("select count(*) from t_p20261126") == 10


def test_d_the_hour_that_comes_twice_has_two_partitions(site: Database) -> None:
    """7.1 d: theirs leaves 6 to 7 o'clock of UTC out, every autumn."""
    set_clock(site, datetime(2026, 11, 1, 3, 30, tzinfo=UTC))
    make(site)
    policy(site, "30 days", "1 hour", "America/New_York", p_premake=6)
    found = rotate(site, "America/New_York")
    assert contiguous(found)
    hours = [lower for _, lower, _ in found]
    assert {f"2026-11-01 0{hour}:00:00+00" for hour in (4, 5, 6, 7)} <= set(hours)


def test_e_the_zone_of_the_session_changes_nothing(site: Database) -> None:
    """7.1 e: theirs overlaps with retention, and months drift without."""
    make(site)
    policy(site, "1 year", "1 month", "America/New_York", p_premake=3)
    rotate(site, "America/New_York")
    for months in range(1, 6):
        set_clock(site, NOW + timedelta(days=30 * months))
        site.query(
            "insert into t select generate_series(%s::timestamptz - interval '29 days', %s, '1 day')",
            *[NOW + timedelta(days=30 * months)] * 2,
        )
        found = rotate(site, ["UTC", "Asia/Kolkata", "America/New_York"][months % 3])
    assert contiguous(found)
    walls = site.query(
        "select distinct to_char(lower_at at time zone 'America/New_York', 'DD HH24:MI') as wall from maint.partitions"
    )
    assert [row["wall"] for row in walls] == ["01 00:00"]


def test_f_an_interval_that_divides_nothing_goes_on(site: Database) -> None:
    """7.1 f: with retention theirs overlaps on every run."""
    make(site)
    policy(site, "2 hours", "7 minutes")
    rotate(site)
    for step in range(1, 4):
        at = NOW + timedelta(minutes=20 * step)
        set_clock(site, at)
        site.query(
            "insert into t select generate_series(%s::timestamptz - interval '19 minutes', %s, '1 minute')", at, at
        )
        found = rotate(site)
        assert contiguous(found)
        assert found[-1][2] > f"{at + timedelta(minutes=28):%Y-%m-%d %H:%M}"


def test_g_epochs_have_an_end(site: Database) -> None:
    """7.1 g: theirs takes the end of an epoch partition for its beginning."""
    make(site, "at bigint")
    policy(site, "30 days", "1 day", p_column="at", p_epoch_unit="ms", p_premake=4)
    found = rotate(site)
    assert contiguous(found)
    day = 86400000
    assert [int(upper) - int(lower) for _, lower, upper in found] == [day] * len(found)
    assert int(found[-1][2]) == (int(NOW.timestamp()) // 86400 + 5) * day


def test_h_a_partition_without_a_beginning_is_no_obstacle(site: Database) -> None:
    """7.1 h: theirs reads "MINVALUE" as a time, and every call fails."""
    make(site)
    part(site, "t_old", "minvalue", "'2026-11-23'")
    policy(site, "30 days", "1 day")
    found = rotate(site)
    assert found[0] == ("t_old", "MINVALUE", "2026-11-23 00:00:00+00")
    assert contiguous(found)


def test_i_a_name_that_is_taken_is_no_hole(site: Database) -> None:
    """7.1 i: theirs skips a partition whose name another table has, and says nothing."""
    site.query("create table t_p20261125 (i integer)")
    make(site)
    part(site, "t_p20261124", "'2026-11-24'", "'2026-11-25'")
    policy(site, "30 days", "1 day")
    found = rotate(site)
    assert contiguous(found)
    (name,) = [name for name, lower, _ in found if lower == "2026-11-25 00:00:00+00"]
    assert name not in ("t_p20261125", "t_p20261126")
    assert site.value("select relkind::text from pg_class where relname = 't_p20261125' and not relispartition") == "r"


def test_j_keys_of_two_columns_are_refused(site: Database) -> None:
    """7.1 j: theirs misreads the bounds."""
    make(site, by="at, site")
    with pytest.raises(errors.InvalidParameterValue, match="partitioned by 2 columns"):
        policy(site, "30 days", "1 day")


def test_k_one_set_that_fails_is_a_failure(site: Database) -> None:
    """Section 4.4: theirs warns, and its call succeeds."""
    make(site)
    site.query("create table fine (at timestamptz not null) partition by range (at)")
    site.query("select maint.set_policy('fine', '30 days', p_partition_interval => '1 day')")
    policy(site, "30 days", "1 day")
    site.query("alter table t rename column at to other")
    with pytest.raises(psycopg.Error, match="of 2 tables did not finish"):
        site.query("call maint.rotate(p_quiet => true)")
    with site.connect() as connection:
        assert len(bounds(connection, "fine")) > 1


def test_theirs_does_what_we_do_not(site: Database, partman_set: Partman) -> None:
    """7.1 a in the extension itself: what keeps us from giving such a set a retention."""
    site.query(CLOCK.format("now()"))
    make(site)
    partman_set.create_parent("public.t", "at", "1 day", (datetime.now(UTC) - timedelta(days=2)).isoformat())
    first = bounds(partman_set.connection, "t")[0].lower
    part(site, "history", "'2020-01-01'", first)
    site.query(f"insert into t values ({first}::timestamptz - interval '1 hour')")
    partman_set.set("public.t", retention="30 days", retention_keep_table=False)
    partman_set.connection.execute("select partman.drop_partition_time('public.t')")
    partman_set.connection.execute("reset search_path")
    lost: Any = site.value("select count(*) from t")
    assert lost == 0
