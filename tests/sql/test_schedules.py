"""When a schedule fires: against cronsim in UTC, and against every minute of the clock in zones that change theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from cronsim import CronSim, CronSimError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.schedules import CHANGES, Schedule, daily, schedules, yearly

MINUTE = timedelta(minutes=1)
# How far our functions look: further than from one 29th of February to the next.
HORIZON = timedelta(days=3285)


def value(connection: psycopg.Connection[Any], statement: str, *values: object) -> Any:
    found = connection.execute(statement.encode(), values).fetchone()
    assert found is not None
    return found[0]


def fires(connection: psycopg.Connection[Any], *arguments: object) -> list[datetime]:
    """What `_fires` says of a schedule, a zone, a start, an end and a limit."""
    five = [*arguments, None, None][:5]
    statement = "select f from maint._fires(%s, %s, %s, %s, %s) with ordinality as f (f, n) order by n"
    return [at for (at,) in connection.execute(statement, five)]


# --- in UTC ------------------------------------------------------------------------------------------------------


def test_fire_times_are_those_of_cronsim(owner: psycopg.Connection[Any]) -> None:
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schedules(), st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))
    @example(yearly(29, 2), datetime(2096, 3, 1, tzinfo=UTC))
    @example(yearly(29, 2), datetime(2104, 2, 28, tzinfo=UTC))
    @example(yearly(31, 2), datetime(2028, 1, 1, tzinfo=UTC))
    def check(schedule: Schedule, start: datetime) -> None:
        start = start.replace(microsecond=0)
        # The last day is L there. It looks beyond the start, we look at the start as well.
        text = str(schedule).replace("$", "L")
        try:
            theirs = CronSim(text, start - timedelta(seconds=1))
            before = CronSim(text, start + timedelta(seconds=1), reverse=True)
        except CronSimError:
            assert fires(owner, str(schedule), "UTC", start, None, 1) == []
            return
        expected = [next(theirs) for _ in range(5)]
        near = list(takewhile(lambda at: at <= start + HORIZON, expected))
        assert fires(owner, str(schedule), "UTC", start, None, 5)[: len(near)] == near
        if near:
            assert fires(owner, str(schedule), "UTC", start, near[-1]) == near
        last = next(before)
        if last >= start - HORIZON:
            assert value(owner, "select maint._last_fire(%s, 'UTC', %s)", str(schedule), start) == last

    check()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 7"),
        ("@monthly", "0 0 1 * *"),
        ("  0\t4  * *\t mon ", "0 4 * * 1"),
    ],
)
def test_another_spelling_of_five_fields(owner: psycopg.Connection[Any], text: str, same: str) -> None:
    start = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
    theirs = CronSim(same, start)
    assert fires(owner, text, "UTC", start, None, 7) == [next(theirs) for _ in range(7)]


def test_seconds_count_from_now_on(owner: psycopg.Connection[Any]) -> None:
    start = datetime(2026, 1, 31, 12, 30, 7, tzinfo=UTC)
    for text, seconds in (("1 second", 1), ("30 seconds", 30), (" 59 Seconds\t", 59)):
        step = timedelta(seconds=seconds)
        assert fires(owner, text, "UTC", start, None, 3) == [start + step * n for n in (1, 2, 3)]
        assert fires(owner, text, "UTC", start, start + 2 * step) == [start + step, start + 2 * step]
        assert value(owner, "select maint._last_fire(%s, 'UTC', %s)", text, start) == start - step


# --- in zones that change their clocks -----------------------------------------------------------------------------


@cache
def clock(zone: str, change: datetime) -> tuple[list[tuple[datetime, datetime]], list[datetime]]:
    """Every minute around a change, as instant and as the wall clock shows it, and what the clock left out."""
    minutes = [change + MINUTE * n for n in range(-40 * 60, 40 * 60)]
    shown = [(at, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for at in minutes]
    there = {wall for _, wall in shown}
    first, last = min(there), max(there)
    return shown, [first + MINUTE * n for n in range((last - first) // MINUTE) if first + MINUTE * n not in there]


def test_fire_times_are_the_minutes_in_which_the_wall_clock_matches(owner: psycopg.Connection[Any]) -> None:
    skipped, repeated = 0, 0
    places = [(zone, at) for zone, ats in CHANGES.items() for at in ats]

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schedules() | schedules(days=False), st.sampled_from(places), st.integers(0, 39 * 60))
    @example(daily(2, 15), ("Europe/Berlin", CHANGES["Europe/Berlin"][0]), 0)
    @example(daily(0, 0), ("Atlantic/Azores", CHANGES["Atlantic/Azores"][1]), 60)
    def check(schedule: Schedule, where: tuple[str, datetime], later: int) -> None:
        nonlocal skipped, repeated
        zone, change = where
        shown, missing = clock(zone, change)
        expected = [(at, wall) for at, wall in shown if schedule.fires(wall)]
        assert fires(owner, str(schedule), zone, shown[0][0], shown[-1][0]) == [at for at, _ in expected]
        now = change + MINUTE * later
        before = [at for at, _ in expected if at <= now]
        if before:
            assert value(owner, "select maint._last_fire(%s, %s, %s)", str(schedule), zone, now) == before[-1]
        repeated += len(expected) > len({wall for _, wall in expected})
        skipped += any(map(schedule.fires, missing))

    check()
    # It was about clock changes.
    assert skipped > 0
    assert repeated > 0


@pytest.mark.parametrize(
    ("zone", "text", "day", "expected"),
    [
        # 02:00 to 03:00 does not exist, and half a year later comes twice.
        ("Europe/Berlin", "30 2 * * *", "2025-03-30", []),
        ("Europe/Berlin", "30 1,3 * * *", "2025-03-30", ["00:30", "01:30"]),
        ("Europe/Berlin", "30 2 * * *", "2025-10-26", ["00:30", "01:30"]),
        ("America/New_York", "59 1 * * *", "2025-11-02", ["05:59", "06:59"]),
        # Half an hour, and the hour itself stays.
        ("Australia/Lord_Howe", "15,45 2 * * *", "2025-10-05", ["15:45"]),
        ("Australia/Lord_Howe", "15,45 1 * * *", "2025-04-06", ["14:15", "14:45", "15:15"]),
        # Midnight comes twice on the same day, and not at all.
        ("Atlantic/Azores", "0 0 * * *", "2025-10-26", ["00:00", "01:00"]),
        ("Atlantic/Azores", "0 0 * * *", "2025-03-30", []),
        ("America/Havana", "30 0 * * *", "2025-11-02", ["04:30", "05:30"]),
        # A day that was left out.
        ("Pacific/Apia", "0 * * * *", "2011-12-30", []),
    ],
)
def test_one_day_with_a_clock_change(
    owner: psycopg.Connection[Any], zone: str, text: str, day: str, expected: list[str]
) -> None:
    found = owner.execute(
        "select to_char(f at time zone 'UTC', 'HH24:MI') from maint._fires_on(%s, %s, %s) as f", (text, zone, day)
    )
    assert [at for (at,) in found] == expected
