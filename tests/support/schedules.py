"""Schedules as hypothesis draws them, each with what it means, and zones that change their clocks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
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
    """One field as it is written, and the values that it means."""

    text: str
    values: frozenset[int]


@dataclass(frozen=True)
class Schedule:
    """Five fields; one of the two for days is a star."""

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
def schedules(draw: st.DrawFn, days: bool = True) -> Schedule:
    """Any schedule that may be; without `days` one that fires on each day."""
    by_weekday = draw(st.booleans())
    last_day = st.just(Field("$", frozenset()))
    return Schedule(
        draw(fields(0, 59) | star(0, 59)),
        draw(fields(0, 23) | star(0, 23)),
        draw(fields(1, 31) | last_day if days and not by_weekday else star(1, 31)),
        draw(star(1, 12) | fields(1, 12, MONTHS) if days else star(1, 12)),
        draw(fields(0, 7, WEEKDAYS) if days and by_weekday else star(0, 7)),
    )


def one(text: str, low: int, high: int) -> Field:
    """A star or a number."""
    return Field(text, frozenset(range(low, high + 1) if text == "*" else [int(text)]))


def daily(hour: int, minute: int) -> Schedule:
    """Once on each day."""
    return Schedule(one(str(minute), 0, 59), one(str(hour), 0, 23), one("*", 1, 31), one("*", 1, 12), one("*", 0, 7))


def yearly(day: int, month: int) -> Schedule:
    """At midnight of one day."""
    return replace(daily(0, 0), day=one(str(day), 1, 31), month=one(str(month), 1, 12))


@cache
def days_with_changes(zone: str, start: datetime) -> list[tuple[date, Counter[datetime]]]:
    """The days of a year on which the clock changes, with how often each minute comes."""
    tz = ZoneInfo(zone)
    first = start.astimezone(tz).date()
    found = []
    for day in (first + timedelta(days=n) for n in range(367)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        if len({(noon + timedelta(hours=n)).astimezone(tz).utcoffset() for n in (-40, 40)}) > 1:
            walls = ((noon + timedelta(minutes=n)).astimezone(tz) for n in range(-40 * 60, 40 * 60))
            found.append((day, Counter(wall.replace(tzinfo=None) for wall in walls if wall.date() == day)))
    return found


def announced(schedule: Schedule, zone: str, start: datetime) -> list[str]:
    """What should be said of a schedule: its runs in the next year that do not come, or come twice."""
    texts = []
    for day, times in days_with_changes(zone, start):
        midnight = datetime(day.year, day.month, day.day)
        for wall in (midnight + timedelta(minutes=n) for n in range(24 * 60)):
            if times[wall] != 1 and schedule.fires(wall):
                said = "comes twice: two runs" if times[wall] else "does not exist: no run that day at that time"
                texts.append(f"{wall:%Y-%m-%d %H:%M} in {zone} {said}")
    return texts if len(schedule.hour.values) < 24 else []
