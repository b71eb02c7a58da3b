"""Names and bounds beside real pg_partman: every partition that it makes is the one that we would make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from support import Database
from support.partman import Bounds, Partman, bounds

TYPES = {
    "timestamptz": ("timestamptz", None),
    "timestamp": ("timestamp", None),
    "date": ("date", None),
    "integer": ("integer", "s"),
    "bigint": ("bigint", "ms"),
    "bigint us": ("bigint", "us"),
    "bigint ns": ("bigint", "ns"),
}
# How far back a set begins: few partitions, and starts in the middle of a month, quarter, year, leap year.
INTERVALS = {
    "30 seconds": timedelta(minutes=2),
    "7 minutes": timedelta(minutes=40),
    "15 minutes": timedelta(hours=1),
    "30 minutes": timedelta(hours=2),
    "1 hour": timedelta(hours=3),
    "7 hours": timedelta(days=1),
    "1 day": timedelta(days=3),
    "36 hours": timedelta(days=5),
    "1 week": timedelta(days=17),
    "10 days": timedelta(days=33),
    "1 month": timedelta(days=70),
    "3 months": timedelta(days=400),
    "18 months": timedelta(days=1500),
    "1 year": timedelta(days=1200),
    "10 years": timedelta(days=9000),
}
DAYS = ("day", "week", "month", "year")
# What version 4 calls by words has formats of its own; version 5 has truncation for the same bounds.
WORDS = {"weekly": ("7 days", "week"), "quarterly": ("3 months", "quarter"), "monthly": ("1 month", "month")}


@pytest.fixture
def partman(root: psycopg.Connection[Any]) -> Partman:
    return Partman(root)


def ours(
    partman: Partman, table: str, interval: str, column: tuple[str, str | None], found: list[Bounds]
) -> list[Bounds]:
    """The partitions we would make from the first of `found` on, as many."""
    kind, unit = column
    statement = """
        with recursive cell (lower, n) as (
            select maint._bound_time(%(first)s, %(kind)s, 'UTC', %(unit)s), 1
            union all
            select maint._grid_next(lower, %(interval)s::interval, 'UTC'), n + 1 from cell where n < %(count)s
        )
        select
            maint._partition_name(%(table)s, lower, %(interval)s::interval, 'UTC', %(format)s),
            maint._bound_literal(lower, %(kind)s, 'UTC', %(unit)s),
            maint._bound_literal(maint._grid_next(lower, %(interval)s::interval, 'UTC'), %(kind)s, 'UTC', %(unit)s)
        from cell order by n
    """
    # Ours is the format of version 5; only another one would be stored in a policy.
    stored = None if partman.is_5 else partman.config(f"public.{table}")["datetime_string"]
    values = {"first": found[0].lower, "kind": kind, "unit": unit, "interval": interval, "count": len(found)}
    rows = partman.connection.execute(statement.encode(), {**values, "table": table, "format": stored}).fetchall()
    return [Bounds(*row) for row in rows]


def make(partman: Partman, table: str, interval: str, kind: str, start: str, **more: object) -> list[Bounds]:
    declared, unit = TYPES[kind]
    partman.connection.execute(f'create table "{table}" (at {declared} not null) partition by range (at)'.encode())
    partman.create_parent(f"public.{table}", "at", interval, start, unit=unit, **more)
    return bounds(partman.connection, f'public."{table}"')


CASES = [
    (interval, kind)
    for interval in INTERVALS
    for kind, (declared, _) in TYPES.items()
    # A date has no cells shorter than a day; 2038 is the end of an integer's seconds.
    if not (declared == "date" and not interval.split()[1].startswith(DAYS))
    and not (declared == "integer" and interval == "10 years")
]


@pytest.mark.parametrize(("interval", "kind"), CASES)
def test_names_and_bounds_are_those_of_pg_partman(partman: Partman, interval: str, kind: str) -> None:
    declared, unit = TYPES[kind]
    now = datetime.now(UTC)
    if unit == "us" and not partman.is_5:
        with pytest.raises(psycopg.errors.RaiseException, match="microseconds"):
            make(partman, "agg_1m", interval, kind, now.isoformat())
        return
    for table, start in (("agg_1m", now - INTERVALS[interval]), ("older", now - INTERVALS[interval] * 1.7)):
        found = make(partman, table, interval, kind, start.isoformat())
        assert len(found) >= 2
        assert found == ours(partman, table, interval, TYPES[kind], found)
        # Without an origin the cell of the first time is theirs too.
        statement = "select maint._bound_literal(maint._grid_floor(%s, %s::text::interval, 'UTC'), %s, 'UTC', %s)"
        first = partman.value(statement, start, interval, declared, unit)
        assert first in [partition.lower for partition in found]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("kind", ["timestamptz", "date", "bigint"])
def test_calendar_weeks_and_quarters_go_on_from_a_bound(partman: Partman, word: str, kind: str) -> None:
    """Version 4 by its words, with its formats (2026w47, 2026q4); version 5 by truncation."""
    interval, trunc = WORDS[word]
    start = (datetime.now(UTC) - timedelta(days=200 if word == "quarterly" else 40)).isoformat()
    if partman.is_5:
        found = make(partman, "agg_1m", interval, kind, start, trunc=trunc)
    else:
        found = make(partman, "agg_1m", word, kind, start)
    assert len(found) >= 2
    assert found == ours(partman, "agg_1m", interval, TYPES[kind], found)
    if not partman.is_5:
        assert partman.config("public.agg_1m")["datetime_string"] != "YYYYMMDD"


@pytest.mark.parametrize("table", ["a" * 54, "a" * 55, "a" * 60, "ü" * 30, "a" + "ü" * 30, "日本" * 9 + "ü"])
def test_long_names_are_cut_like_theirs(partman: Partman, table: str) -> None:
    found = make(partman, table, "1 day", "timestamptz", (datetime.now(UTC) - timedelta(days=1)).isoformat())
    expected = ours(partman, table, "1 day", TYPES["timestamptz"], found)
    assert all(len(partition.name.encode()) <= 63 for partition in expected)
    if partman.is_5:
        assert found == expected
    else:
        # Version 4 counts characters and not bytes: its cut names differ, its bounds do not.
        assert [(p.lower, p.upper) for p in found] == [(p.lower, p.upper) for p in expected]


def test_hours_in_utc_have_no_hole_where_clocks_change(shared: Database) -> None:
    """What pg_partman loses in a session of New York, our names tell apart."""
    names = shared.query(
        "select maint._partition_name('t', h, '1 hour', 'America/New_York') as name"
        " from generate_series('2026-11-01 00:00+00'::timestamptz, '2026-11-02 00:00+00', '1 hour') as h"
    )
    assert len({row["name"] for row in names}) == 25
