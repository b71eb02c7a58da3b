"""Exactly the expired rows go: random tables against an oracle in Python that works on true instants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from support import Database

# Clock changes of the last years, as the instant of the change: spring and autumn, an odd half hour, a dropped day.
CHANGES = {
    "Europe/Berlin": (datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),
    "America/New_York": (datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC)),
    "Australia/Lord_Howe": (datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2025, 10, 4, 15, 30, tzinfo=UTC)),
    "Pacific/Apia": (datetime(2011, 12, 30, 10, tzinfo=UTC), datetime(2021, 4, 3, 14, tzinfo=UTC)),
    "America/St_Johns": (datetime(2011, 11, 6, 2, 31, tzinfo=UTC), datetime(2026, 11, 1, 4, 30, tzinfo=UTC)),
    "Asia/Kathmandu": (datetime(2026, 1, 1, tzinfo=UTC),),
    "UTC": (datetime(2026, 6, 1, tzinfo=UTC),),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": 10**6, "ms": 10**3, "us": 1}
FACTOR_NS = 1000
SESSION_ZONES = ("UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin")
STYLES = ("ISO, MDY", "SQL, DMY", "German, DMY", "Postgres, MDY")
# Conditions with what they mean in Python; a NULL is never true.
CONDITIONS: dict[str, Callable[[int | None], bool]] = {
    "": lambda _x: True,
    "x > 2": lambda x: x is not None and x > 2,
    "x is null": lambda x: x is None,
    "not (x > 2)": lambda x: x is not None and x <= 2,
    "x > 1 or x is null -- a comment": lambda x: x is None or x > 1,
    "x % 2 = 0 /* a comment */ and true": lambda x: x is not None and x % 2 == 0,
    "x in (1, 3) or false": lambda x: x in (1, 3),
}
NAMES = ("plain", "Mixed Case", 'quo"te', "semi;colon", "per%cent", "ünïcode", "a" * 63, "select", "new\nline")


@dataclass(frozen=True)
class Case:
    """One table with one policy."""

    kind: str
    zone: str
    target: datetime
    offsets: list[int]
    ties: int
    batch_rows: int
    condition: str
    table: str
    column: str
    session_zone: str
    style: str
    shape: str


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone = draw(st.sampled_from(sorted(CHANGES)))
    around = draw(st.integers(-100, 100))
    return Case(
        kind=draw(
            st.sampled_from(["timestamp", "timestamp", "timestamp", "timestamptz", "date", "s", "ms", "us", "ns"])
        ),
        zone=zone,
        target=draw(st.sampled_from(CHANGES[zone])) + timedelta(minutes=around),
        offsets=draw(st.lists(st.integers(-200, 200) | st.integers(-40_000, 40_000), min_size=1, max_size=25)),
        ties=draw(st.integers(1, 4)),
        batch_rows=draw(st.integers(1, 7)),
        condition=draw(st.sampled_from(sorted(CONDITIONS))),
        table=draw(st.sampled_from(NAMES)),
        column=draw(st.sampled_from(NAMES)),
        session_zone=draw(st.sampled_from(SESSION_ZONES)),
        style=draw(st.sampled_from(STYLES)),
        shape=draw(st.sampled_from(["plain", "generated", "partitioned", "no index"])),
    )


def lowest_wall_clock(cutoff: datetime, zone: ZoneInfo) -> datetime:
    """The lowest wall clock of any instant at or after the cutoff, by looking at every minute of the next 30 hours."""
    walls = [cutoff.astimezone(zone).replace(tzinfo=None)]
    minute = cutoff.replace(second=0, microsecond=0) + timedelta(minutes=1)
    walls += [(minute + timedelta(minutes=n)).astimezone(zone).replace(tzinfo=None) for n in range(30 * 60)]
    return min(walls)


def instants(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The true instants that show this wall clock: none in a missing hour, two in a repeated one."""
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return [instant for instant in both if instant.astimezone(zone).replace(tzinfo=None) == wall]


def is_expired(value: Any, kind: str, cutoff: datetime, zone: ZoneInfo) -> bool:
    """What the oracle says of one time value (None and infinities never get here)."""
    if kind == "timestamptz":
        return bool(value < cutoff)
    if kind == "timestamp":
        shown = instants(value, zone)
        if shown:
            return all(instant < cutoff for instant in shown)
        return bool(value < lowest_wall_clock(cutoff, zone))
    if kind == "date":
        minutes = (datetime(value.year, value.month, value.day) + timedelta(minutes=n) for n in range(24 * 60))
        shown = [instant for wall in minutes for instant in instants(wall, zone)]
        if shown:
            # The last minute of the day is not its last instant.
            return max(shown) + timedelta(minutes=1) <= cutoff
        return bool(value < lowest_wall_clock(cutoff, zone).date())
    since = cutoff - EPOCH
    microseconds = since // timedelta(microseconds=1)
    return bool(value < microseconds * FACTOR_NS if kind == "ns" else value * UNITS[kind] < microseconds)


def value_of(case: Case, offset: float) -> Any:
    instant = case.target + timedelta(minutes=offset)
    if case.kind == "timestamptz":
        return instant
    wall = instant.astimezone(ZoneInfo(case.zone)).replace(tzinfo=None)
    if case.kind == "timestamp":
        # Wall clocks of the missing hour are values too.
        return wall + timedelta(minutes=round(offset) % 3 * 30)
    if case.kind == "date":
        return wall.date()
    microseconds = (instant - EPOCH) // timedelta(microseconds=1)
    return microseconds * FACTOR_NS if case.kind == "ns" else microseconds // UNITS[case.kind]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def create(connection: psycopg.Connection[Any], case: Case) -> None:
    kind = case.kind if case.kind in ("timestamptz", "timestamp", "date") else "bigint"
    table, column = sql.Identifier(case.table), sql.Identifier(case.column)
    connection.execute(sql.SQL("drop table if exists {}").format(table))
    extra = sql.SQL(", double integer generated always as (x * 2) stored" if case.shape == "generated" else "")
    by = sql.SQL("partition by list (x)" if case.shape == "partitioned" else "")
    connection.execute(
        sql.SQL("create table {} (id integer, x integer, {} {} {}) {}").format(table, column, sql.SQL(kind), extra, by)
    )
    if case.shape == "partitioned":
        # Lists under a root, one of them with ranges of its own: sub-partitions.
        connection.execute(sql.SQL("create table odd partition of {} for values in (1, 3)").format(table))
        connection.execute(sql.SQL("create table rest partition of {} default partition by range (id)").format(table))
        connection.execute("create table rest_low partition of rest for values from (minvalue) to (20)")
        connection.execute("create table rest_high partition of rest default")
    if case.shape != "no index":
        connection.execute(sql.SQL("create index on {} ({})").format(table, column))


def fill(connection: psycopg.Connection[Any], case: Case) -> dict[int, tuple[Any, int | None]]:
    rows: list[tuple[Any, int | None]] = []
    # Beside the random ones: the hours around the cutoff, and the seconds around it.
    offsets = [*case.offsets, *range(-126, 127, 14), *(second / 60 for second in range(-2, 4))]
    for number, offset in enumerate(offsets):
        x = (None, 0, 1, 2, 3, 4)[number % 6]
        rows += [(value_of(case, offset), x)] * (case.ties if number % 2 else 1)
    rows += [(None, x) for x in (None, 1, 2, 3)]
    if case.kind in ("timestamptz", "timestamp", "date"):
        rows += [(limit, x) for limit in ("infinity", "-infinity") for x in (None, 1, 2, 3)]
    stored = dict(enumerate(rows))
    statement = sql.SQL("insert into {} (id, {}, x) values (%s, %s, %s)").format(
        *(sql.SQL(quoted(name).replace("%", "%%")) for name in (case.table, case.column))
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(key, value, x) for key, (value, x) in stored.items()])
    return stored


def test_exactly_the_expired_rows_go(database: Database) -> None:
    with database.connect(client_encoding="UTF8") as connection, database.connect(client_encoding="UTF8") as session:

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False)
        @given(cases())
        def check(case: Case) -> None:
            check_case(connection, session, case)

        check()


def check_case(connection: psycopg.Connection[Any], session: psycopg.Connection[Any], case: Case) -> None:
    # Also after a case that failed half way.
    connection.execute("delete from maint._policy")
    create(connection, case)
    stored = fill(connection, case)
    keep = datetime.now(UTC) - case.target
    table = quoted(case.table)
    connection.execute(
        "select maint.set_policy(%s::regclass, %s, %s, %s, p_time_zone => %s, p_epoch_unit => %s, p_batch_rows => %s)",
        (
            table,
            f"{int(keep.total_seconds())} s",
            case.column,
            case.condition or None,
            case.zone,
            case.kind if case.kind in ("s", "ms", "us", "ns") else None,
            case.batch_rows,
        ),
    )
    # A session of somebody else, with another zone and another way to write dates.
    session.execute(
        "select set_config('timezone', %s, false), set_config('datestyle', %s, false)", (case.session_zone, case.style)
    )
    planned = session.execute(
        "select expired_rows, (extract(epoch from cutoff) * 1e6)::bigint from maint.plan(%s::regclass)", (table,)
    ).fetchone()
    session.execute("call maint.cleanup(%s::regclass, p_duty => 'full')", (table,))
    run = connection.execute(
        "select cutoff, rows, largest_batch, stop_reason, debt_rows from maint.runs order by run_id desc limit 1"
    ).fetchone()
    assert run is not None
    assert planned is not None
    cutoff, rows, largest, reason, debt = run
    left = {row[0] for row in connection.execute(sql.SQL("select id from {}").format(sql.Identifier(case.table)))}
    expired = expired_by(case, stored, cutoff)
    assert left == set(stored) - expired
    assert (rows, reason, debt) == (len(expired), "done", 0)
    assert planned[0] == len(expired_by(case, stored, EPOCH + timedelta(microseconds=planned[1])))
    assert largest <= case.batch_rows * 1.5
    connection.execute(sql.SQL("drop table {}").format(sql.Identifier(case.table)))


def expired_by(case: Case, stored: dict[int, tuple[Any, int | None]], cutoff: datetime) -> set[int]:
    """The ids that the oracle calls expired."""
    is_true = CONDITIONS[case.condition]
    return {
        key
        for key, (value, x) in stored.items()
        if value is not None
        and not isinstance(value, str)
        and is_expired(value, case.kind, cutoff, ZoneInfo(case.zone))
        and is_true(x)
    }


def test_months_are_counted_in_the_zone_and_days_are_24_hours(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("set timezone = 'Asia/Tokyo'")

        @settings(max_examples=200, deadline=None)
        @given(
            now=st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
            zone=st.sampled_from(sorted(CHANGES)),
            months=st.integers(0, 40),
            days=st.integers(0, 400),
            seconds=st.integers(0, 10**6),
        )
        def check(now: datetime, zone: str, months: int, days: int, seconds: int) -> None:
            found = connection.execute(
                "select maint._cutoff(make_interval(months => %s, days => %s, secs => %s), %s, %s)",
                (months, days, seconds, zone, now),
            ).fetchone()
            assert found is not None
            rest = timedelta(days=days, seconds=seconds)
            if months == 0:
                assert found[0] == now - rest
                return
            wall = _months_before(now.astimezone(ZoneInfo(zone)).replace(tzinfo=None), months)
            readings = {wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) - rest for fold in (0, 1)}
            assert found[0] in readings

        check()


def _months_before(wall: datetime, months: int) -> datetime:
    total = wall.year * 12 + wall.month - 1 - months
    year, month = divmod(total, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return wall.replace(year=year, month=month + 1, day=min(wall.day, last))
