"""A set goes to and fro between us and real pg_partman for weeks: no overlap, no gap, no unexpired row lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from support import Database
from support.cluster import OWNER
from support.partman import Partman, bounds

CLOCK = (
    "create or replace function maint._clock() returns timestamptz language sql stable"
    " set search_path = pg_catalog, pg_temp as $$ select {} $$"
)
WEEK = timedelta(days=7)
# Interval, type of the column, unit, how long to keep, weeks of each step, partitions ahead for as long.
CASES = [
    ("12 hours", "timestamp", None, timedelta(days=9), 1, 15),
    ("1 day", "timestamptz", None, timedelta(days=20), 1, 9),
    ("7 days", "bigint", "ms", timedelta(days=30), 1, 2),
    ("1 month", "date", None, timedelta(days=75), 4, 2),
]


@pytest.fixture
def partman(partman_set: Partman) -> Any:
    """pg_partman; our clock may be set, and is as it was afterwards."""
    partman_set.connection.execute("select maint.set_setting('guard_clock', '10 years')")
    yield partman_set
    partman_set.connection.execute("select maint.set_setting('guard_clock', '1 day')")
    partman_set.connection.execute(f"set role {OWNER}".encode())
    partman_set.connection.execute(CLOCK.format("now()").encode())
    partman_set.connection.execute("reset role")


def instant(literal: str, unit: str | None) -> datetime:
    bare = literal.strip("'")
    if unit:
        return datetime.fromtimestamp(int(bare) / 1000, UTC)
    parsed = datetime.fromisoformat(bare.replace("+00", "+00:00"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def their_turn(partman: Partman, now: datetime, keep: timedelta) -> None:
    """Their clock is the server's: it goes by the newest row, and a longer retention stands for the earlier day."""
    if partman.config("public.agg_1m")["retention"] is not None:
        late = datetime.now(UTC) - now + keep
        partman.set("public.agg_1m", retention=f"{late.total_seconds()} seconds")
    partman.set("public.agg_1m", infinite_time_partitions=False)
    partman.connection.execute(f"set role {OWNER}".encode())
    partman.run_maintenance("public.agg_1m")
    partman.connection.execute("reset role")


@pytest.mark.parametrize(
    ("interval", "column", "unit", "keep", "weeks", "premake", "history"),
    [*((*case, False) for case in CASES), (*CASES[1], True), (*CASES[3], True)],
)
def test_weeks_of_changing_hands(
    database: Database,
    partman: Partman,
    interval: str,
    column: str,
    unit: str | None,
    keep: timedelta,
    weeks: int,
    premake: int,
    history: bool,
) -> None:
    steps = 5
    now = datetime.now(UTC).replace(microsecond=0) - WEEK * weeks * steps
    database.query(f"create table agg_1m (at {column} not null, site integer) partition by range (at)")
    partman.connection.execute(f"set role {OWNER}".encode())
    partman.create_parent("public.agg_1m", "at", interval, (now - keep).isoformat(), unit=unit, premake=premake)
    # It goes by the real time where it begins: leave it as it would have been.
    made = bounds(partman.connection, "agg_1m")
    for late in [p for p in made if instant(p.lower, unit) > now + WEEK * weeks * 1.3]:
        partman.connection.execute(f"drop table {late.name}".encode())
    partman.connection.execute("reset role")
    kept = f"{int(keep.total_seconds())} seconds"
    if history:
        lower = {"bigint": "(-9223372036854775808)"}.get(column, "('-infinity')")
        # A converted table's past: from the beginning to the first partition.
        database.query(f"create table history partition of agg_1m for values from {lower} to ({made[0].lower})")
    value = (
        "(extract(epoch from %s::timestamptz) * 1000)::bigint"
        if unit
        else f"(%s::timestamptz at time zone 'UTC')::{column}"
    )
    value = "%s::timestamptz" if column == "timestamptz" else value
    seen: set[str] = set()
    for step in range(steps):
        database.query(CLOCK.format(f"'{now.isoformat()}'::timestamptz"))
        then = bounds(partman.connection, "agg_1m")
        # A row a day since the last step, none of them refused: there is a partition for each.
        days = [now - timedelta(days=d) for d in range(7 * weeks)] if step else [now]
        for at in days:
            database.query(f"insert into agg_1m (at) values ({value})", at)
        young = [p for p in then if instant(p.upper, unit) > now - keep]
        if step % 2 == 0:
            database.query(
                "select maint.adopt('agg_1m', p_keep => %s::text::interval, p_time_zone => 'UTC',"
                " p_detached_keep => '0 s')",
                kept,
            )
            database.query("call maint.rotate('agg_1m', p_quiet => true)")
        else:
            database.query("select maint.hand_back('agg_1m', p_session_time_zone => 'UTC')")
            their_turn(partman, now, keep)
        found = bounds(partman.connection, "agg_1m")
        assert [a.upper for a in found[:-1]] == [b.lower for b in found[1:]]
        assert [p for p in young if p not in found] == []
        assert instant(found[-1].upper, unit) > now + timedelta(days=1)
        seen |= {p.name for p in found}
        now += WEEK * weeks
    gone = {p.name for p in made} - {p.name for p in found}
    # Where the past begins at -infinity it stays as long as it has the set to itself; else what expired went.
    assert gone
    assert len(seen) > len(found)


@pytest.mark.parametrize("column", ["timestamptz", "timestamp", "date"])
def test_a_converted_table_changes_hands_until_its_past_has_gone(
    database: Database, partman: Partman, column: str
) -> None:
    keep = timedelta(days=20)
    value = "%s::timestamptz" if column == "timestamptz" else f"(%s::timestamptz at time zone 'UTC')::{column}"
    database.query(f"create table agg_1m (at {column} not null, site integer)")
    database.query("create index on agg_1m (at)")
    now = datetime.now(UTC).replace(microsecond=0)
    for days in range(30):
        database.query(f"insert into agg_1m (at) values ({value})", now - timedelta(days=days))
    database.query(
        "select maint.set_policy('agg_1m', '20 days', p_time_zone => 'UTC', p_detached_keep => '0 s', p_premake => 9)"
    )
    database.query("call maint.convert('agg_1m', '1 day', p_quiet => true)")
    [past, *_] = bounds(partman.connection, "agg_1m")
    assert database.value("select count(*) from only " + past.name) == 30
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="agg_1m_old begins at -infinity and holds"):
        database.query("select maint.hand_back('agg_1m', p_session_time_zone => 'UTC')")
    now += WEEK
    written = [now - WEEK - timedelta(days=days) for days in range(30)]
    for step in range(8):
        database.query(CLOCK.format(f"'{now.isoformat()}'::timestamptz"))
        for at in [now - timedelta(days=days) for days in range(7)]:
            database.query(f"insert into agg_1m (at) values ({value})", at)
            written.append(at)
        before = bounds(partman.connection, "agg_1m")
        young = [p for p in before if instant(p.upper, None) > now - keep]
        if step % 2 == 0:
            if step:
                database.query(
                    "select maint.adopt('agg_1m', p_keep => '20 days', p_time_zone => 'UTC', p_detached_keep => '0 s')"
                )
            database.query("call maint.rotate('agg_1m', p_quiet => true)")
        else:
            told = database.query("select * from maint.hand_back('agg_1m', p_session_time_zone => 'UTC')")
            (retention,) = (row for row in told if row["aspect"] == "retention")
            # While the past is there it would drop it by its lower bound, with rows that are young.
            has_past = past in before
            assert (partman.config("public.agg_1m")["retention"] is None) == has_past
            assert (past.name in (retention["remark"] or "")) == has_past
            their_turn(partman, now, keep)
        found = bounds(partman.connection, "agg_1m")
        assert [a.upper for a in found[:-1]] == [b.lower for b in found[1:]]
        assert [p for p in young if p not in found] == []
        # Nobody drops it before it is expired, and then we do; theirs has nothing to remove anything by meanwhile.
        assert (past in found) == (past in before and (step % 2 == 1 or instant(past.upper, None) > now - keep))
        young_rows = "select count(*) from agg_1m where at >= " + value
        edge = (now - keep + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        assert database.value(young_rows, edge) == len([at for at in written if at >= edge])
        now += WEEK
    assert past not in found


# --- driving -----------------------------------------------------------------------------------------------------


def runs(database: Database) -> dict[str, Any]:
    return database.query(
        "select stop_reason, partitions_made, partitions_removed, error_message from maint._run"
        " order by run_id desc limit 1"
    )[0]


def driven(database: Database, partman: Partman, start: timedelta) -> None:
    database.query("create table agg_1m (at timestamptz not null) partition by range (at)")
    partman.connection.execute(f"set role {OWNER}".encode())
    partman.create_parent("public.agg_1m", "at", "1 day", (datetime.now(UTC) - start).isoformat(), premake=3)
    partman.connection.execute("reset role")
    database.query(
        "select maint.set_policy('agg_1m', '5 days', p_partition_interval => '1 day', p_managed_by => 'drive',"
        " p_time_zone => 'UTC')"
    )


def test_driving_is_one_call_of_theirs_with_true_results(database: Database, partman: Partman) -> None:
    driven(database, partman, timedelta(days=9))
    partman.set("public.agg_1m", retention="5 days", retention_keep_table=False, infinite_time_partitions=True)
    database.query(f"drop table {bounds(partman.connection, 'agg_1m')[-1].name}")
    before = {p.name for p in bounds(partman.connection, "agg_1m")}
    with database.connect() as connection:
        connection.execute("set search_path = public, pg_catalog")
        connection.execute("call maint.rotate('agg_1m', p_quiet => true)")
        assert connection.execute("show search_path").fetchone() == ("public, pg_catalog",)
    row = runs(database)
    after = {p.name for p in bounds(partman.connection, "agg_1m")}
    assert row["stop_reason"] == "done"
    assert (row["partitions_made"], row["partitions_removed"]) == (len(after - before), len(before - after))
    assert min(row["partitions_made"], row["partitions_removed"]) > 0


@pytest.mark.parametrize("kept", ["a condition", "a hold", "a wide partition"])
def test_driven_they_remove_nothing_that_must_stay(database: Database, partman: Partman, kept: str) -> None:
    """Their retention knows neither; partitions are made all the same, and it has its retention afterwards."""
    driven(database, partman, timedelta(days=9))
    if kept == "a hold":
        database.query("select maint.add_hold('agg_1m', p_reason => 'a case')")
    partman.set("public.agg_1m", retention="5 days", retention_keep_table=False, infinite_time_partitions=True)
    if kept == "a condition":
        database.query("select maint.set_policy('agg_1m', p_condition => 'at is not null')")
    elif kept == "a wide partition":
        first = bounds(partman.connection, "agg_1m")[0]
        database.query(
            f"create table agg_1m_wide partition of agg_1m for values from ('2020-01-01 00:00+00') to ({first.lower})"
        )
    database.query(f"drop table {bounds(partman.connection, 'agg_1m')[-1].name}")
    database.query("insert into agg_1m select now() - interval '8 days' from generate_series(1, 5)")
    before = {p.name for p in bounds(partman.connection, "agg_1m")}
    database.query("call maint.rotate('agg_1m', p_quiet => true)")
    after = {p.name for p in bounds(partman.connection, "agg_1m")}
    assert before < after
    assert database.value("select count(*) from agg_1m") == 5
    row = database.query("select stop_reason, detail, partitions_removed from maint._run order by run_id desc limit 1")
    assert (row[0]["stop_reason"], row[0]["partitions_removed"]) == ("done", 0)
    assert row[0]["detail"].startswith("it removed nothing: ")
    assert partman.value("select retention from partman.part_config where parent_table = 'public.agg_1m'") == "5 days"


def test_a_hold_that_they_would_not_keep_is_refused(database: Database, partman: Partman) -> None:
    driven(database, partman, timedelta(days=9))
    partman.set("public.agg_1m", retention="5 days", retention_keep_table=False)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="knows no holds") as refused:
        database.query("select maint.add_hold('agg_1m', p_reason => 'a case')")
    database.query((refused.value.diag.message_hint or "").partition(" -- ")[0])
    database.query("select maint.add_hold('agg_1m', p_reason => 'a case')")
    assert database.value("select count(*) from maint.holds where table_name = 'agg_1m'") == 1


def test_what_they_do_not_do_is_a_failure(database: Database, partman: Partman) -> None:
    """Theirs succeeds and does nothing: by default it makes partitions only after newer rows."""
    driven(database, partman, timedelta(days=9))
    for late in bounds(partman.connection, "agg_1m")[-4:]:
        database.query(f"drop table {late.name}")
    with pytest.raises(psycopg.errors.RaiseException, match="counts from the newest row"):
        database.query("call maint.rotate('agg_1m', p_quiet => true)")
    assert runs(database)["stop_reason"] == "failed"


def test_their_failure_is_ours(database: Database, partman: Partman) -> None:
    """5.5 warns and reports success; a row in the way of a new partition is enough."""
    driven(database, partman, timedelta(days=3))
    newest = bounds(partman.connection, "agg_1m")[-1]
    database.query(f"drop table {newest.name}")
    database.query("create table agg_1m_default partition of agg_1m default")
    database.query(f"insert into agg_1m values ({newest.lower})")
    partman.set("public.agg_1m", infinite_time_partitions=True, ignore_default_data=True)
    with pytest.raises(psycopg.errors.RaiseException, match="rotate: 1 of 1 tables did not finish"):
        database.query("call maint.rotate('agg_1m', p_quiet => true)")
    assert runs(database)["stop_reason"] == "failed"


def test_rows_of_a_set_that_is_only_observed_are_theirs_to_remove(database: Database, partman: Partman) -> None:
    driven(database, partman, timedelta(days=9))
    database.query("select maint.set_policy('agg_1m', p_managed_by => 'observe')")
    database.query("insert into agg_1m select now() - interval '7 days' from generate_series(1, 5)")
    database.query("call maint.cleanup('agg_1m', p_quiet => true)")
    assert database.value("select count(*) from agg_1m") == 5
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="only observes"):
        database.query("call maint.rotate('agg_1m')")
    database.query("select maint.set_policy('agg_1m', p_remove => 'delete')")
    database.query("call maint.cleanup('agg_1m', p_quiet => true)")
    assert database.value("select count(*) from agg_1m") == 0


@pytest.fixture
def database(shared: Database) -> Database:
    return shared
