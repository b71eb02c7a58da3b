"""Durations and sizes as people type and read them."""

import re
from datetime import timedelta

from pytelemetry_db.errors import UsageError

__all__ = ["format_bytes", "format_count", "format_duration", "to_interval", "to_seconds"]

_EXAMPLES = "write 30s, 10min, 6h, 7d, 2w, 3mon, 1y or a PostgreSQL interval such as '1 day 12 hours'"
_PART = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]+)\s*,?", re.IGNORECASE | re.ASCII)
_CLOCK = re.compile(r"\s*(?P<clock>\d+:\d\d(?::\d\d(?:\.\d+)?)?)\s*$", re.ASCII)
_ISO = re.compile(
    r"P(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
    re.IGNORECASE | re.ASCII,
)

_UNITS = {
    "microseconds": "us usec usecs microsecond microseconds",
    "milliseconds": "ms msec msecs millisecond milliseconds",
    "seconds": "s sec secs second seconds",
    "minutes": "min mins minute minutes",
    "hours": "h hr hrs hour hours",
    "days": "d day days",
    "weeks": "w week weeks",
    "months": "mon mons month months",
    "years": "y yr yrs year years",
}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}


def to_interval(text: str, option: str) -> str:
    """Return ``text`` as an unambiguous PostgreSQL interval, for example ``7d`` as ``7 days``.

    :param option: how the user knows the value (``--keep``, ``--keep events_seen=``), for the error
    :raises UsageError: for a bare number, a bare ``m``, a negative or empty value, an unknown unit
    """
    value, joined = text.strip(), option if option.endswith("=") else f"{option} "
    option = option.removesuffix("=")
    if not value:
        raise UsageError(f"{option} is empty", _EXAMPLES)
    if value.startswith("-") or re.search(r"\bago\b|\s-\d", value):
        raise UsageError(f'{option}: "{value}" is negative', _EXAMPLES)
    if re.fullmatch(r"0+(\.0+)?", value):
        raise UsageError(f'{option}: "{value}" has no unit', _EXAMPLES)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise UsageError(f'{option}: "{value}" of what?', f"{value}d is days, {value}h is hours", f"{joined}{value}d")
    if _ISO.fullmatch(value):
        return value.upper()
    return _parts(value, option)


def to_seconds(text: str, option: str) -> int:
    """Return ``text`` as whole seconds, for schedulers that count in them.

    :param option: how the user knows the value, for the error
    :raises UsageError: as ``to_interval``, and for months, years, and anything shorter than a second
    """
    words = to_interval(text, option).split()
    if len(words) % 2 or any(unit not in _SECONDS for unit in words[1::2]):
        raise UsageError(f'{option}: "{text}" has no fixed length in seconds', "such as 50min, 6h or 7d")
    return round(sum(float(number) * _SECONDS[unit] for number, unit in zip(words[::2], words[1::2], strict=True)))


def _parts(value: str, option: str) -> str:
    found: list[str] = []
    position = 0
    while position < len(value):
        if clock := _CLOCK.match(value, position):
            found.append(clock["clock"])
            break
        part = _PART.match(value, position)
        if part is None:
            raise UsageError(f'{option}: "{value}" is not a duration', _EXAMPLES)
        number, unit = part["number"], part["unit"].lower()
        if unit == "m":
            raise UsageError(
                f'{option}: "{value}" is ambiguous', f"{number}m: minutes or months? write {number}min or {number}mon"
            )
        if unit not in _UNIT_OF:
            raise UsageError(f'{option}: "{value}" has the unknown unit "{part["unit"]}"', _EXAMPLES)
        found.append(f"{number} {_UNIT_OF[unit]}")
        position = part.end()
    return " ".join(found)


def format_duration(value: timedelta | float) -> str:
    """Write a time span with its two largest units: ``350ms``, ``4.2s``, ``3min 05s``, ``7d 02h``."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s".replace(".0s", "s")
    whole = round(seconds)
    for size, unit, small, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size}{unit}" + (f" {rest:02d}{name}" if rest else "")
    return f"{whole}s"


def format_bytes(value: int) -> str:
    """Write a size in units of 1024, as PostgreSQL does: ``812 bytes``, ``1.2 GB``."""
    if abs(value) < 1024:
        return f"{value} bytes"
    size = float(value)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1024
        if abs(size) < 999.5:
            return f"{size:.1f} {unit}" if abs(size) < 99.95 else f"{size:.0f} {unit}"
    return f"{size / 1024:.1f} PB"


def format_count(value: int) -> str:
    """Write a number with thousands separated: ``1,250,000``."""
    return f"{value:,}"
