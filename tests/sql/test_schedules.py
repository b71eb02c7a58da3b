"""When a schedule fires: against cronsim in UTC, and against every minute of the clock in zones that change theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from cronsim import CronSim, CronSimError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.policies import listening

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MINUTE = timedelta(minutes=1)
# How far our functions look: further than from one 29th of February to the next.
HORIZON = timedelta(days=3285)
# Instants of clock changes: an hour, half an hour, two hours, at midnight and onto it, and a day that was left out.
CHANGES = {
    "Europe/Berlin": (datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)),
    "America/New_York": (datetime(2025, 3, 9, 7, tzinfo=UTC), datetime(2025, 11, 2, 6, tzinfo=UTC)),
    "Australia/Lord_Howe": (datetime(2025, 4, 5, 15, tzinfo=UTC), datetime(2025, 10, 4, 15, 30, tzinfo=UTC)),
    "Antarctica/Troll": (datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)),
    "America/Santiago": (datetime(2025, 4, 6, 3, tzinfo=UTC), datetime(2025, 9, 7, 4, tzinfo=UTC)),
    "America/Havana": (datetime(2025, 3, 9, 5, tzinfo=UTC), datetime(2025, 11, 2, 5, tzinfo=UTC)),
    "Atlantic/Azores": (datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)),
    "Pacific/Apia": (datetime(2011, 12, 30, 10, tzinfo=UTC),),
    "Asia/Kathmandu": (datetime(2025, 6, 1, tzinfo=UTC),),
}


@dataclass(frozen=True)
class Field:
    """One field as it is written, and the values that it means; `free` when it is nothing but a star."""

    text: str
    values: frozenset[int]

    @property
    def free(self) -> bool:
        return self.text == "*"


@dataclass(frozen=True)
class Schedule:
    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field

    def __str__(self) -> str:
        return " ".join(f.text for f in (self.minute, self.hour, self.day, self.month, self.weekday))

    def names_day(self, day: date) -> bool:
        """Whether it may fire on this day. One of its two fields of days is a star: both have to be true."""
        last = (day + timedelta(days=1)).day == 1
        return (
            day.month in self.month.values
            and day.isoweekday() % 7 in {value % 7 for value in self.weekday.values}
            and (last if self.day.text == "$" else day.day in self.day.values)
        )

    def fires(self, wall: datetime) -> bool:
        """Whether it fires in this minute of the wall clock, as pg_cron decides it."""
        return wall.minute in self.minute.values and wall.hour in self.hour.values and self.names_day(wall.date())


@st.composite
def fields(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...] = ()) -> Field:
    texts: list[str] = []
    values: set[int] = set()

    def spell(value: int) -> str:
        spellings = [str(value), f"{value:02}"]
        if value - low < len(names):
            name = names[value - low]
            spellings += [name, name.title(), name.upper()]
        return draw(st.sampled_from(spellings))

    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["value", "range", "range/step", "*/step"]))
        first = low if kind == "*/step" else draw(st.integers(low, high - (kind == "range/step")))
        last = first
        if kind != "value":
            last = high if kind == "*/step" else draw(st.integers(first + (kind == "range/step"), high))
        text = {"value": spell(first), "*/step": "*"}.get(kind) or f"{spell(first)}-{spell(last)}"
        step = draw(st.integers(1, last - first)) if "step" in kind else 1
        texts.append(text + (f"/{step}" if "step" in kind else ""))
        values |= set(range(first, last + 1, step))
    return Field(",".join(texts), frozenset(values))


def star(low: int, high: int) -> st.SearchStrategy[Field]:
    return st.just(Field("*", frozenset(range(low, high + 1))))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    by_weekday = draw(st.booleans())
    last_day = st.just(Field("$", frozenset()))
    return Schedule(
        draw(fields(0, 59) | star(0, 59)),
        draw(fields(0, 23) | star(0, 23)),
        draw(star(1, 31) if by_weekday else fields(1, 31) | last_day),
        draw(star(1, 12) | fields(1, 12, MONTHS)),
        draw(fields(0, 7, WEEKDAYS) if by_weekday else star(0, 7)),
    )


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
    impossible, compared = 0, 0

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schedules(), st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))
    def check(schedule: Schedule, start: datetime) -> None:
        nonlocal impossible, compared
        start = start.replace(microsecond=0)
        # The last day is L there. It looks beyond the start, we look at the start as well.
        text = str(schedule).replace("$", "L")
        try:
            theirs = CronSim(text, start - timedelta(seconds=1))
            before = CronSim(text, start + timedelta(seconds=1), reverse=True)
        except CronSimError:
            impossible += 1
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
        compared += len(near)

    check()
    assert compared > 300


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
def clock(zone: str, change: datetime) -> list[tuple[datetime, datetime]]:
    """Every minute around a change: the instant, and what the wall clock shows."""
    minutes = [change + timedelta(minutes=n) for n in range(-40 * 60, 40 * 60)]
    return [(at, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for at in minutes]


def test_fire_times_are_the_minutes_in_which_the_wall_clock_matches(owner: psycopg.Connection[Any]) -> None:
    skipped, repeated = 0, 0

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schedules(), st.sampled_from([(zone, at) for zone, ats in CHANGES.items() for at in ats]), st.data())
    def check(schedule: Schedule, where: tuple[str, datetime], data: st.DataObject) -> None:
        nonlocal skipped, repeated
        zone, change = where
        shown = clock(zone, change)
        expected = [(at, wall) for at, wall in shown if schedule.fires(wall)]
        found = fires(owner, str(schedule), zone, shown[0][0], shown[-1][0])
        assert found == [at for at, _ in expected]
        walls = {wall for _, wall in expected}
        repeated += len(expected) > len(walls)
        there = {wall for _, wall in shown}
        naive = (min(there) + timedelta(minutes=n) for n in range((max(there) - min(there)) // MINUTE))
        skipped += any(schedule.fires(wall) for wall in naive if wall not in there)
        at = data.draw(st.sampled_from(shown[len(shown) // 2 :]))[0]
        before = [fired for fired, _ in expected if fired <= at]
        if before:
            assert value(owner, "select maint._last_fire(%s, %s, %s)", str(schedule), zone, at) == before[-1]

    check()
    # It was about clock changes.
    assert skipped > 5
    assert repeated > 5


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


# --- what is said of clock changes -------------------------------------------------------------------------------


def days_with_changes(zone: str, start: datetime) -> Iterator[tuple[date, Counter[datetime]]]:
    """The days of a year on which the clock changes, with how often each minute comes."""
    tz = ZoneInfo(zone)
    first = start.astimezone(tz).date()
    for day in (first + timedelta(days=n) for n in range(367)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        offsets = {(noon + timedelta(hours=n)).astimezone(tz).utcoffset() for n in (-40, 40)}
        if len(offsets) > 1:
            walls = ((noon + timedelta(minutes=n)).astimezone(tz) for n in range(-40 * 60, 40 * 60))
            yield day, Counter(wall.replace(tzinfo=None) for wall in walls if wall.date() == day)


def announced(schedule: Schedule, zone: str, start: datetime) -> list[str]:
    """The warnings that a schedule should get."""
    texts = []
    for day, times in days_with_changes(zone, start):
        midnight = datetime(day.year, day.month, day.day)
        for wall in (midnight + timedelta(minutes=n) for n in range(24 * 60)):
            if times[wall] != 1 and schedule.fires(wall):
                said = "comes twice: two runs" if times[wall] else "does not exist: no run that day at that time"
                texts.append(f"{wall:%Y-%m-%d %H:%M} in {zone} {said}")
    return texts if len(schedule.hour.values) < 24 else []


def test_skipped_and_doubled_runs_of_the_next_year_are_told(owner: psycopg.Connection[Any]) -> None:
    start = datetime(2025, 1, 10, 12, tzinfo=UTC)
    warned = 0

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(schedules(), st.sampled_from([zone for zone in CHANGES if zone != "Pacific/Apia"]))
    def check(schedule: Schedule, zone: str) -> None:
        nonlocal warned
        found = owner.execute("select detail from maint._clock_changes(%s, %s, %s)", (str(schedule), zone, start))
        expected = announced(schedule, zone, start)
        assert [detail for (detail,) in found] == expected[:10]
        warned += bool(expected)

    check()
    assert warned > 3


def one(text: str, low: int, high: int) -> Field:
    return Field(text, frozenset(range(low, high + 1) if text == "*" else [int(text)]))


def test_set_setting_shows_the_next_times_and_what_clock_changes_do(owner: psycopg.Connection[Any]) -> None:
    zone = ZoneInfo("Europe/Berlin")
    owner.execute(
        "create or replace function maint._cron_time_zone() returns text language sql stable return 'Europe/Berlin'"
    )
    nightly = Schedule(one("30", 0, 59), one("2", 0, 23), one("*", 1, 31), one("*", 1, 12), one("*", 0, 7))
    now = value(owner, "select now()")
    first = now.astimezone(UTC).replace(second=0, microsecond=0)
    minutes = (first + timedelta(minutes=n) for n in range(7 * 24 * 60))
    expected = [at for at in minutes if at >= now and nightly.fires(at.astimezone(zone).replace(tzinfo=None))][:5]
    for session in ("Asia/Kolkata", "Europe/Berlin"):
        owner.execute("select set_config('timezone', %s, true)", (session,))
        with listening(owner) as told:
            owner.execute("select maint.set_setting('cleanup_schedule', %s)", (str(nightly),))
        here = [at.astimezone(ZoneInfo(session)).strftime("%Y-%m-%d %H:%M:%S +05:30") for at in expected]
        there = [at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S Europe/Berlin") for at in expected]
        texts = [f"{a} ({b})" if session == "Asia/Kolkata" else a for a, b in zip(there, here, strict=True)]
        assert told.of("NOTICE") == [
            (
                f"cleanup_schedule: next at {', '.join(texts)}",
                "pytelemetry-db schedule apply puts it into pg_cron.",
            )
        ]
        warnings = [message for message, _ in told.of("WARNING")]
        assert warnings == [f"cleanup_schedule: {text}" for text in announced(nightly, "Europe/Berlin", now)]
        assert {"does not exist", "comes twice"} <= {
            word for word in ("does not exist", "comes twice") if word in str(warnings)
        }
    assert value(owner, "select maint._get_setting('cleanup_schedule')") == "30 2 * * *"
