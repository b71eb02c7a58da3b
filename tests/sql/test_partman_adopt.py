"""Sets change hands: adopt and hand_back beside real pg_partman, as an ordinary owner, with no DDL on the set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from support import Cli, Database
from support.cluster import OWNER
from support.partman import Partman, bounds


@pytest.fixture
def partman(partman_set: Partman) -> Partman:
    return partman_set


@pytest.fixture
def database(shared: Database) -> Database:
    return shared


def make(
    database: Database,
    partman: Partman,
    interval: str = "1 day",
    start: timedelta = timedelta(days=12),
    column: str = "at timestamptz",
    **more: object,
) -> None:
    """A set of pg_partman's called public.agg_1m, which belongs to the owner."""
    database.query(f"create table agg_1m ({column} not null, site integer) partition by range (at)")
    begin = (datetime.now(UTC) - start).isoformat()
    partman.connection.execute(f"set role {OWNER}".encode())
    partman.create_parent("public.agg_1m", "at", interval, begin, premake=2, **more)
    partman.connection.execute("reset role")


def told(database: Database, call: str, *values: object) -> dict[str, tuple[str, str | None]]:
    """What adopt or hand_back said, by aspect."""
    with database.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row).execute(f"select * from maint.{call}".encode(), values)
        return {row["aspect"]: (row["value"], row["remark"]) for row in cursor}


def policy(database: Database) -> dict[str, Any]:
    (row,) = database.query(
        "select keep::text as keep, partition_interval::text as partition_interval, premake, partition_remove,"
        " detached_schema, detached_keep::text as detached_keep, managed_by, partition_format, time_zone,"
        " time_column, epoch_unit from maint._policy"
    )
    return row


def snapshot(partman: Partman) -> list[tuple[Any, ...]]:
    """Every relation of the set as the catalog has it: adopting and handing back change nothing."""
    return partman.connection.execute(
        "select c.oid, c.xmin::text, c.relname, c.relacl::text, c.relowner, pg_get_expr(c.relpartbound, c.oid)"
        " from pg_class as c where c.relname like 'agg_1m%' order by c.oid"
    ).fetchall()


# --- adopt -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"retention": "30 days"}, {"keep": "30 days", "partition_remove": "detach", "detached_keep": "100 years"}),
        (
            {"retention": "3 months", "retention_keep_table": False},
            {"keep": "3 mons", "partition_remove": "drop", "detached_keep": "7 days"},
        ),
        (
            {"retention": "30 days", "retention_schema": "attic", "retention_keep_table": False, "premake": 9},
            {"partition_remove": "move", "detached_schema": "attic", "premake": 9},
        ),
    ],
)
def test_their_configuration_becomes_a_policy(
    database: Database, partman: Partman, columns: dict[str, Any], expected: dict[str, Any]
) -> None:
    database.query("create schema if not exists attic")
    make(database, partman)
    partman.set("public.agg_1m", **columns)
    before = snapshot(partman)
    said = told(database, "adopt('agg_1m')")
    row = policy(database)
    assert row.items() >= {**expected, "partition_interval": "1 day", "managed_by": "us", "time_column": "at"}.items()
    assert partman.config("public.agg_1m")["automatic_maintenance"] == "off"
    assert said["automatic_maintenance"][0] == "off"
    assert snapshot(partman) == before


@pytest.mark.parametrize(
    ("column", "epoch", "unit"), [("at integer", "s", "s"), ("at bigint", "ms", "ms"), ("at bigint", "ns", "ns")]
)
def test_epochs_keep_their_unit(database: Database, partman: Partman, column: str, epoch: str, unit: str) -> None:
    make(database, partman, column=column, unit=epoch)
    told(database, "adopt('agg_1m', p_keep => '5 days')")
    assert policy(database)["epoch_unit"] == unit


def test_names_that_are_not_ours_go_on(database: Database, partman: Partman) -> None:
    make(database, partman, "1 month", timedelta(days=70))
    told(database, "adopt('agg_1m', p_keep => '1 year')")
    assert policy(database)["partition_format"] == (None if partman.is_5 else "YYYY_MM")


def test_the_zone_of_a_set_is_found_by_its_bounds(database: Database, partman: Partman) -> None:
    partman.connection.execute("set timezone = 'America/New_York'")
    make(database, partman, "1 month", timedelta(days=400))
    partman.connection.execute("set timezone = 'UTC'")
    assert told(database, "adopt('agg_1m', p_keep => '1 year')")["time_zone"][1] is not None
    assert "longer or shorter" in str(told(database, "adopt('agg_1m', p_time_zone => 'UTC')")["time_zone"][1])
    assert told(database, "adopt('agg_1m', p_time_zone => 'America/New_York')")["time_zone"] == (
        "America/New_York",
        None,
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("delete from partman.part_config", "is not a set of pg_partman's"),
        ("update partman.part_config set undo_in_progress = true", "about to undo"),
        ("update partman.part_config set control = 'site'", "is partitioned by at, and pg_partman goes by site"),
        ("update partman.part_config set retention = '90'", 'keep cannot be "00:01:30"|keep cannot be'),
        (None, "a policy needs to know how long"),
    ],
)
def test_what_cannot_be_adopted_changes_nothing(
    database: Database, partman: Partman, change: str | None, problem: str
) -> None:
    make(database, partman)
    if change:
        partman.connection.execute(change.encode())
    before = partman.config("public.agg_1m")
    if "retention" in (change or ""):
        # A bare number is seconds to pg_partman: 90 of them are more than a minute, one is not.
        partman.set("public.agg_1m", retention="30")
        before["retention"] = "30"
    with pytest.raises(psycopg.Error, match=problem):
        told(database, "adopt('agg_1m')")
    assert partman.config("public.agg_1m") == before
    assert database.value("select count(*) from maint._policy") == 0


def test_who_may_not_see_their_configuration_is_told_what_to_grant(database: Database, partman: Partman) -> None:
    make(database, partman)
    partman.connection.execute(f"revoke all on partman.part_config from {OWNER}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        told(database, "adopt('agg_1m', '30 days')")
    assert f"grant select, insert, update on partman.part_config to {OWNER}" in str(caught.value.diag.message_hint)


def test_two_never_own_a_set(database: Database, partman: Partman) -> None:
    make(database, partman)
    statement = "select maint.set_policy('agg_1m', '30 days', p_partition_interval => '1 day')"
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="two must not both"):
        database.query(statement)
    database.query(statement.replace("'1 day')", "'1 day', p_managed_by => 'observe')"))
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="two must not both"):
        database.query("select maint.set_policy('agg_1m', p_managed_by => 'us')")
    told(database, "adopt('agg_1m')")
    assert policy(database)["managed_by"] == "us"


def test_adopting_waits_for_their_maintenance(database: Database, partman: Partman) -> None:
    make(database, partman)
    with partman.connection.transaction():
        partman.connection.execute("select pg_advisory_xact_lock(hashtext('pg_partman run_maintenance'))")
        with database.connect() as connection:
            connection.execute("alter function maint.adopt set lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable, match="is at work"):
                connection.execute("select maint.adopt('agg_1m', '30 days')")
            connection.execute("alter function maint.adopt set lock_timeout = '30s'")
    assert partman.config("public.agg_1m")["automatic_maintenance"] == "on"


# --- hand_back ---------------------------------------------------------------------------------------------------


def test_a_policy_becomes_their_configuration(database: Database, partman: Partman) -> None:
    make(database, partman)
    partman.connection.execute("delete from partman.part_config")
    database.query("select maint.set_policy('agg_1m', '9 days', p_partition_interval => '1 day', p_time_zone => 'UTC')")
    before = snapshot(partman)
    told(database, "hand_back('agg_1m')")
    config = partman.config("public.agg_1m")
    expected = {
        "control": "at", "partition_interval": "1 day", "premake": 4, "retention": "9 days", "epoch": "none",
        "retention_keep_table": False, "automatic_maintenance": "on", "infinite_time_partitions": True,
        "partition_type": "range" if partman.is_5 else "native",
        "datetime_string": "YYYYMMDD" if partman.is_5 else "YYYY_MM_DD",
    }  # fmt: skip
    assert config.items() >= expected.items()
    assert policy(database)["managed_by"] == "observe"
    assert snapshot(partman) == before
    partman.run_maintenance("public.agg_1m")
    found = bounds(partman.connection, "agg_1m")
    assert [a.upper for a in found[:-1]] == [b.lower for b in found[1:]]
    assert found[0].lower.strip("'") >= f"{datetime.now(UTC) - timedelta(days=11):%Y-%m-%d}"


def test_a_row_that_they_had_keeps_its_other_columns(database: Database, partman: Partman) -> None:
    make(database, partman)
    partman.set("public.agg_1m", retention="30 days", retention_keep_index=False, premake=7)
    before = partman.config("public.agg_1m")
    told(database, "adopt('agg_1m', p_time_zone => 'UTC')")
    told(database, "hand_back('agg_1m', p_drop_policy => true)")
    after = partman.config("public.agg_1m")
    assert after == {**before, "infinite_time_partitions": True}
    assert database.value("select count(*) from maint._policy") == 0


def test_version_4_goes_by_names(database: Database, partman: Partman) -> None:
    make(database, partman)
    told(database, "adopt('agg_1m', p_keep => '9 days', p_time_zone => 'UTC')")
    name = bounds(partman.connection, "agg_1m")[3].name
    database.query(f"alter table {name} rename to agg_1m_plain")
    if partman.is_5:
        told(database, "hand_back('agg_1m')")
        partman.run_maintenance("public.agg_1m")
    else:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="goes by the names"):
            told(database, "hand_back('agg_1m')")


PARTS = {
    "begins at -infinity": ("-infinity", "2026-01-01"),
    "is longer than 1 day": ("2020-01-01", "2026-01-01"),
}


@pytest.mark.parametrize("reason", PARTS)
def test_where_their_retention_would_take_live_rows_they_get_none(
    database: Database, partman: Partman, reason: str
) -> None:
    make(database, partman)
    lower, upper = PARTS[reason]
    database.query(f"create table history partition of agg_1m for values from ('{lower}') to ('{upper}')")
    told(database, "adopt('agg_1m', p_keep => '9 days', p_time_zone => 'UTC')")
    value, remark = told(database, "hand_back('agg_1m')")["retention"]
    assert value == "none"
    assert reason in str(remark)
    assert partman.config("public.agg_1m")["retention"] is None
    partman.run_maintenance("public.agg_1m")
    assert "history" in [partition.name for partition in bounds(partman.connection, "agg_1m")]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("select maint.set_policy('agg_1m', p_condition => 'site > 3')", "no condition"),
        ("select maint.add_hold('agg_1m', 'site = 3', 'a case')", "no holds"),
        ("select maint.pause('agg_1m', 'until monday')", "is paused"),
    ],
)
def test_what_their_retention_does_not_know_they_get_none(
    database: Database, partman: Partman, statement: str, reason: str
) -> None:
    make(database, partman)
    told(database, "adopt('agg_1m', p_keep => '9 days', p_time_zone => 'UTC')")
    database.query(statement)
    value, remark = told(database, "hand_back('agg_1m')")["retention"]
    assert (value, reason in str(remark)) == ("none", True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("create table x partition of agg_1m for values from (minvalue) to ('2020-01-01')", "cannot read the bounds"),
        ("create table x partition of agg_1m for values from ('2040-01-01') to ('2041-01-01')", "not as long as 1 day"),
        ("create table {next} (i integer)", "the name agg_1m_p.* is taken"),
        (
            'alter table agg_1m rename to "agg.1m"; select maint.rebind(\'"agg.1m"\')',
            "has a period or an apostrophe in its name",
        ),
        (
            "alter table agg_1m rename to \"agg'1m\"; select maint.rebind('\"agg''1m\"')",
            "has a period or an apostrophe in its name",
        ),
    ],
)
def test_what_they_could_not_go_on_with_is_refused(
    database: Database, partman: Partman, change: str, problem: str
) -> None:
    make(database, partman)
    told(database, "adopt('agg_1m', p_keep => '9 days', p_time_zone => 'UTC')")
    newest = bounds(partman.connection, "agg_1m")[-1]
    following = database.value(
        "select maint._partition_name('agg_1m', %s::timestamptz, '1 day', 'UTC', %s)",
        newest.upper.strip("'"),
        policy(database)["partition_format"],
    )
    for part in change.format(next=following).split("; "):
        database.query(part)
    table = database.value("select quote_ident(schema_name) || '.' || quote_ident(table_name) from maint._policy")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=problem):
        told(database, "hand_back('{}')".format(str(table).replace("'", "''")))
    assert partman.config("public.agg_1m")["automatic_maintenance"] == "off"
    assert policy(database)["managed_by"] == "us"


def test_a_partition_from_the_beginning_that_holds_the_present_is_refused(database: Database, partman: Partman) -> None:
    """Their maintenance adds intervals to -infinity until it reaches the newest row: never."""
    database.query("create table agg_1m (at timestamptz not null) partition by range (at)")
    database.query("create table history partition of agg_1m for values from ('-infinity') to ('2100-01-01')")
    database.query("create table later partition of agg_1m for values from ('2100-01-01') to ('2100-01-02')")
    database.query("select maint.set_policy('agg_1m', '9 days', p_partition_interval => '1 day')")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="count from there for ever"):
        told(database, "hand_back('agg_1m')")


def test_another_zone_of_their_sessions_is_refused_where_bounds_would_part(
    database: Database, partman: Partman
) -> None:
    """A month of New York from March to April is an hour shorter than one of UTC."""
    database.query("create table agg_1m (at timestamptz not null) partition by range (at)")
    for month in (2, 3):
        database.query(
            f"create table agg_1m_p21260{month}01 partition of agg_1m for values"
            f" from ('2126-0{month}-01 America/New_York') to ('2126-0{month + 1}-01 America/New_York')"
        )
    database.query(
        "select maint.set_policy('agg_1m', '1 year', p_partition_interval => '1 month',"
        " p_time_zone => 'America/New_York')"
    )
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="in the time zone UTC") as caught:
        told(database, "hand_back('agg_1m', p_session_time_zone => 'UTC')")
    assert "p_session_time_zone" in str(caught.value.diag.message_hint)
    said = told(database, "hand_back('agg_1m', p_session_time_zone => 'America/New_York')")
    assert said["retention"][0] == "1 year 1 day"


# --- the commands ------------------------------------------------------------------------------------------------


def test_there_and_back_by_the_command_line(database: Database, partman: Partman, cli: Cli) -> None:
    make(database, partman)
    adopted = cli.here("partition", "adopt", "agg_1m", "--keep", "9d", "--time-zone", "UTC", "--dsn", database.dsn)
    assert adopted.returncode == 0
    assert "automatic_maintenance  off" in adopted.stdout
    assert "agg_1m is ours now" in adopted.stderr
    back = cli.here(
        *("partition", "hand-back", "agg_1m", "--drop-policy", "--session-time-zone", "UTC"),
        *("--json", "--dsn", database.dsn),
    )
    assert back.returncode == 0
    aspects = {row["aspect"]: row["value"] for row in back.json["aspects"]}
    assert aspects.items() >= {"retention": "9 days", "policy": "dropped", "automatic_maintenance": "on"}.items()
    again = cli.here("partition", "hand-back", "agg_1m", "--dsn", database.dsn)
    assert again.returncode != 0
    assert "no policy" in again.stderr
