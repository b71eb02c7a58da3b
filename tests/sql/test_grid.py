"""The grid of partition bounds: what a cell is, in zones that change their clocks, and how bounds are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

INTERVALS = [
    "30 seconds", "7 minutes", "15 minutes", "1 hour", "36 hours", "1 day", "10 days", "7 days",
    "1 mon", "3 mons", "18 mons", "1 year", "10 years", "1 mon 10 days", "1 day 06:00:00",
]  # fmt: skip
# Clock changes at 2:00, at midnight (both ways), by half an hour; a whole day skipped; none.
ZONES = ["America/New_York", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
TIMES = st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def value(connection: psycopg.Connection[Any], statement: str, *values: object) -> Any:
    found = connection.execute(statement.encode(), values).fetchone()
    assert found is not None
    return found[0]


def floor(connection: psycopg.Connection[Any], at: datetime, interval: str, zone: str, origin: object = None) -> Any:
    statement = "select maint._grid_floor(%s, %s::text::interval, %s, %s::timestamptz)"
    return value(connection, statement, at, interval, zone, origin)


def following(connection: psycopg.Connection[Any], bound: datetime, interval: str, zone: str) -> Any:
    return value(connection, "select maint._grid_next(%s, %s::text::interval, %s)", bound, interval, zone)


def test_a_time_lies_in_exactly_one_cell_whose_bounds_do_not_depend_on_it(owner: psycopg.Connection[Any]) -> None:
    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TIMES, st.timedeltas(timedelta(0), timedelta(days=400)), st.sampled_from(INTERVALS), st.sampled_from(ZONES))
    @example(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), timedelta(hours=1), "1 hour", "America/New_York")
    @example(datetime(2011, 12, 29, 12, tzinfo=UTC), timedelta(hours=30), "1 day", "Pacific/Apia")
    @example(datetime(2026, 11, 1, 4, 30, tzinfo=UTC), timedelta(hours=1), "1 day", "America/Havana")
    def check(start: datetime, distance: timedelta, interval: str, zone: str) -> None:
        origin = floor(owner, start, interval, zone)
        assert origin <= start
        assert following(owner, origin, interval, zone) > start
        later = start + distance
        lower = floor(owner, later, interval, zone, origin)
        upper = following(owner, lower, interval, zone)
        assert lower <= later < upper
        # From any bound of the grid the same cells follow.
        assert floor(owner, lower, interval, zone, origin) == lower
        assert floor(owner, upper, interval, zone, origin) == upper
        assert floor(owner, later, interval, zone, lower) == lower
        assert floor(owner, upper - timedelta(microseconds=1), interval, zone, origin) == lower

    check()


@pytest.mark.parametrize("interval", ["1 hour", "1 day", "7 days", "1 mon", "3 mons"])
def test_an_origin_in_the_future_has_the_same_grid(owner: psycopg.Connection[Any], interval: str) -> None:
    at = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)
    for zone in ZONES:
        bounds = [floor(owner, at, interval, zone)]
        for _ in range(8):
            bounds.append(following(owner, bounds[-1], interval, zone))
        assert floor(owner, at, interval, zone, bounds[-1]) == bounds[0]


def test_days_begin_at_midnight_where_there_is_one(owner: psycopg.Connection[Any]) -> None:
    """Cairo went from 24 April 2026 0:00 to 1:00: that day begins at 1:00, and only that one."""
    bound = floor(owner, datetime(2026, 4, 22, 23, 30, tzinfo=UTC), "1 day", "Africa/Cairo")
    walls = []
    for _ in range(4):
        walls.append(value(owner, "select (%s at time zone 'Africa/Cairo')::text", bound))
        bound = following(owner, bound, "1 day", "Africa/Cairo")
    assert walls == ["2026-04-23 00:00:00", "2026-04-24 01:00:00", "2026-04-25 00:00:00", "2026-04-26 00:00:00"]


def test_an_hour_that_comes_twice_is_two_cells_with_two_names(owner: psycopg.Connection[Any]) -> None:
    """Where pg_partman leaves a hole every autumn."""
    bound = floor(owner, datetime(2026, 11, 1, 4, 10, tzinfo=UTC), "1 hour", "America/New_York")
    seen = []
    for _ in range(4):
        name = value(owner, "select maint._partition_name('t', %s, '1 hour', 'America/New_York')", bound)
        seen.append((bound, name))
        bound = following(owner, bound, "1 hour", "America/New_York")
    assert seen == [(datetime(2026, 11, 1, h, tzinfo=UTC), f"t_p20261101_0{h}0000") for h in (4, 5, 6, 7)]


@pytest.mark.parametrize("bad", ["'0'", "'-1 day'", "null"])
def test_a_grid_has_a_positive_interval(owner: psycopg.Connection[Any], bad: str) -> None:
    for call in (f"maint._grid_floor(now(), {bad}, 'UTC')", f"maint._grid_next(now(), {bad}, 'UTC')"):
        with pytest.raises(psycopg.errors.InvalidParameterValue), owner.transaction():
            owner.execute(f"select {call}".encode())


# --- bounds as text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column_type", "unit", "zone", "literal"),
    [
        ("timestamptz", None, "America/New_York", "'2026-11-21 05:00:00+00'"),
        ("timestamp", None, "America/New_York", "'2026-11-21 00:00:00'"),
        ("date", None, "America/New_York", "'2026-11-21'"),
        ("integer", "s", "UTC", "1795237200"),
        ("bigint", "s", "UTC", "'1795237200'"),
        ("bigint", "ms", "UTC", "'1795237200000'"),
        ("bigint", "us", "UTC", "'1795237200000000'"),
        ("bigint", "ns", "UTC", "'1795237200000000000'"),
    ],
)
def test_a_bound_in_the_type_of_the_key(
    owner: psycopg.Connection[Any], column_type: str, unit: str | None, zone: str, literal: str
) -> None:
    """As the server prints it in pg_get_expr, whatever the session says, and back."""
    owner.execute("set timezone = 'Asia/Kolkata'")
    owner.execute("set datestyle = 'SQL, DMY'")
    bound = datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert value(owner, "select maint._bound_literal(%s, %s, %s, %s)", bound, column_type, zone, unit) == literal
    statement = "select maint._bound_time(%s, %s, %s, %s) = %s::timestamptz"
    assert value(owner, statement, literal, column_type, zone, unit, bound)


@pytest.mark.parametrize("column_type", ["timestamptz", "timestamp", "date"])
@pytest.mark.parametrize("bound", ["infinity", "-infinity"])
def test_infinity_stays_what_it_is(owner: psycopg.Connection[Any], column_type: str, bound: str) -> None:
    statement = "select maint._bound_literal(%s, %s, 'Africa/Cairo', null)"
    assert value(owner, statement, bound, column_type) == f"'{bound}'"
    statement = "select maint._bound_time(%s, %s, 'Africa/Cairo', null)::text"
    assert value(owner, statement, f"'{bound}'", column_type) == bound


def test_no_bound_is_no_time(owner: psycopg.Connection[Any]) -> None:
    for bound in ("MINVALUE", "MAXVALUE"):
        assert value(owner, "select maint._bound_time(%s, 'bigint', 'UTC', 'ms')", bound) is None


@pytest.mark.parametrize(
    ("bound", "column_type", "unit", "problem"),
    [
        ("2026-11-21 06:00+00", "date", None, "a date cannot say 2026-11-21 01:00:00"),
        ("2026-11-01 05:30+00", "timestamp", None, "shows 2026-11-01 01:30:00 twice"),
        ("2026-11-21 05:00:00.5+00", "bigint", "s", "an epoch in s cannot say"),
        ("infinity", "bigint", "s", "no bound infinity in a column of type bigint"),
        ("2026-11-21", "unsupported", None, "in a column of type unsupported"),
    ],
)
def test_what_the_type_cannot_say_is_refused(
    owner: psycopg.Connection[Any], bound: str, column_type: str, unit: str | None, problem: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=problem):
        value(owner, "select maint._bound_literal(%s, %s, 'America/New_York', %s)", bound, column_type, unit)
