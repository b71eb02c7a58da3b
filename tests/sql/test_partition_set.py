"""What a pass remembers of a table's partitions holds as long as nobody changes them, and no longer."""

from __future__ import annotations

import pytest
from support import Database
from support.rotations import last_run, sql

VERSION = "select maint._set_version(p) from maint._policy as p"
EARLIER = 12


@pytest.fixture
def table(database: Database) -> Database:
    """app.t with a partition of this time, made first, and twelve days of last year, made in their order after it."""
    sql(
        database,
        "create schema app",
        "create table app.t (n bigint, at timestamptz not null) partition by range (at)",
        "create table app.newest partition of app.t for values from ('2025-03-01 00:00+00') to ('2025-03-02 00:00+00')",
        *(
            f"create table app.day_{day} partition of app.t"
            f" for values from ('2025-02-{day:02} 00:00+00') to ('2025-02-{day + 1:02} 00:00+00')"
            for day in range(1, EARLIER + 1)
        ),
        "select maint.set_policy('app.t', '7 days', p_time_zone => 'UTC', p_partition_interval => '1 day')",
    )
    return database


def partitions(database: Database) -> set[str]:
    found = database.query(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'app.t'::regclass"
    )
    return {row["name"] for row in found}


@pytest.mark.parametrize(
    "change",
    [
        "alter table app.t detach partition app.day_3",
        "alter table app.t detach partition app.day_3 concurrently",
        "drop table app.day_3",
        "create table app.other partition of app.t default",
        # The same table at another place.
        "begin; alter table app.t detach partition app.day_3; alter table app.t attach partition app.day_3"
        " for values from ('2024-02-01') to ('2024-03-01'); commit",
    ],
    ids=["detached", "concurrently", "dropped", "default", "moved"],
)
def test_every_change_of_the_set_is_seen(table: Database, change: str) -> None:
    before = table.value(VERSION)
    with table.connect() as connection:
        connection.execute(change.encode())
    assert table.value(VERSION) != before


def test_half_a_detach_is_seen(table: Database) -> None:
    before = table.value(VERSION)
    with table.connect() as reader, table.connect() as detaching:
        reader.execute("begin")
        reader.execute("select count(*) from app.t")
        detaching.execute("set statement_timeout = '500ms'")
        with pytest.raises(Exception, match="statement timeout"):
            detaching.execute("alter table app.t detach partition app.day_3 concurrently")
        assert table.value("select inhdetachpending from pg_inherits where inhrelid = 'app.day_3'::regclass") is True
        assert table.value(VERSION) != before


def test_what_is_no_change_of_the_set_is_none(table: Database) -> None:
    before = table.value(VERSION)
    sql(
        table,
        "insert into app.t values (1, '2025-02-03')",
        "alter table app.day_3 rename to day_three",
        "analyze app.t",
        "create table app.apart (like app.t)",
    )
    with table.superuser() as superuser:
        superuser.execute("vacuum full pg_inherits")
        superuser.execute("vacuum freeze pg_inherits")
    assert table.value(VERSION) == before


def test_the_last_one_stays_though_it_was_made_first(table: Database) -> None:
    # A cleanup removes whole partitions and makes none. More than those that are looked at first were made later.
    with table.connect() as connection:
        connection.execute("call maint.cleanup('app.t')")
    assert partitions(table) == {"app.newest"}


def test_all_expired_ones_go_once_others_are_made(table: Database) -> None:
    with table.connect() as connection:
        connection.execute("call maint.rotate('app.t')")
    left = partitions(table)
    assert not left & {"app.newest", *(f"app.day_{day}" for day in range(1, EARLIER + 1))}
    assert len(left) >= 2
    assert (last_run(table)["stop_reason"], last_run(table)["partitions_removed"]) == ("done", EARLIER + 1)
