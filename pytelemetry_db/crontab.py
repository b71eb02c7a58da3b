"""Cron expressions as schedulers outside the database want them: checked, plain, and in systemd's words.

The same rules as for schedules inside the database, so that one of them works everywhere: what would never run is
refused, and so is a day of the month beside a day of the week, which cron takes for *either* and systemd for *both*.
"""

import re
from dataclasses import dataclass

from pytelemetry_db.errors import UsageError

__all__ = ["Expression", "parse"]

_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_PART = re.compile(
    r"(?:(?P<all>\*)|(?P<first>[a-z]{3}|\d{1,2})(?:-(?P<last>[a-z]{3}|\d{1,2}))?)(?:/(?P<step>\d{1,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: the values of each field, in order; None where the field is free."""

    minutes: tuple[int, ...] | None
    hours: tuple[int, ...] | None
    days: tuple[int, ...] | None
    months: tuple[int, ...] | None
    weekdays: tuple[int, ...] | None

    @property
    def cron(self) -> str:
        """Five fields of numbers, lists and ``*``: what every cron and Kubernetes read alike."""
        fields = (self.minutes, self.hours, self.days, self.months, self.weekdays)
        return " ".join("*" if values is None else ",".join(map(str, values)) for values in fields)

    def on_calendar(self, time_zone: str | None = None) -> str:
        """Write it for ``OnCalendar=``, in systemd's normal form as far as that has lists."""
        weekdays = "" if self.weekdays is None else ",".join(_DAYS[day].title() for day in _monday_first(self.weekdays))
        date = f"*-{_two(self.months)}-{_two(self.days)}"
        words = (weekdays, date, f"{_two(self.hours)}:{_two(self.minutes)}:00", time_zone or "")
        return " ".join(word for word in words if word)


def parse(text: str, option: str) -> Expression:
    """Check a cron expression.

    :param option: how the user knows it, for the error
    :raises UsageError: for what is none, or would never run
    """
    fields = _WORDS.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise UsageError(
            f'{option}: "{text}" is not a cron expression',
            "five fields: minute, hour, day of month, month, day of week",
            f"{option}'0 2 * * *'" if option.endswith("=") else None,
        )
    minutes, hours, days, months, weekdays = (
        _field(field, *known, option=option) for field, known in zip(fields, _FIELDS, strict=True)
    )
    if days is not None and weekdays is not None:
        raise UsageError(
            f'{option}: "{text}" has a day of the month and a day of the week',
            "* for one of them: cron means either of the two, systemd both",
        )
    if days is not None and not any(day <= _LONGEST[month - 1] for day in days for month in months or range(1, 13)):
        raise UsageError(f'{option}: "{text}" never runs', "a day that the month has")
    if weekdays is not None:
        weekdays = tuple(sorted({day % 7 for day in weekdays}))
    return Expression(minutes, hours, days, months, weekdays)


def _field(text: str, name: str, low: int, high: int, names: tuple[str, ...], *, option: str) -> tuple[int, ...] | None:
    if text == "*":
        return None
    values: set[int] = set()
    for part in text.lower().split(","):
        found = _PART.fullmatch(part)
        if found is None or (found["first"] and not found["last"] and found["step"]):
            raise UsageError(f'{option}: the {name} cannot be "{text}"', f"*, {low} to {high}, a range, a list, or */5")
        first, last = (low, high) if found["all"] else (found["first"], found["last"] or found["first"])
        start, end = _number(first, low, names), _number(last, low, names)
        step = int(found["step"] or 1)
        if start is None or end is None or not low <= start <= end <= high or not 1 <= step <= max(end - start, 1):
            raise UsageError(f'{option}: the {name} cannot be "{text}"', f"{low} to {high}, ranges upwards")
        values.update(range(start, end + 1, step))
    return tuple(sorted(values))


def _number(word: str | int, low: int, names: tuple[str, ...]) -> int | None:
    if isinstance(word, int):
        return word
    if word.isdecimal():
        return int(word)
    return names.index(word) + low if word in names else None


def _two(values: tuple[int, ...] | None) -> str:
    return "*" if values is None else ",".join(f"{value:02d}" for value in values)


def _monday_first(days: tuple[int, ...]) -> list[int]:
    return sorted(days, key=lambda day: (day - 1) % 7)
