"""What others built on our objects, or put beside them: it stays, or stops the upgrade by name; never goes silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from lifecycle.snapshot import snapshot
from support import Cli, Database

from pytelemetry_db import __version__
from upgrade.fixture_release import FixtureRelease

CliOf = Callable[[FixtureRelease], Cli]

# Each uses something that the next release has no more; what the message must name.
USES = {
    "create view public.mine as select table_name from maint.retention": ("view public.mine", "view maint.retention"),
    "create view maint.mine as select table_name from maint.retention": ("view maint.mine", "view maint.retention"),
    "create view public.mine as select maint._pause_text(p) from maint._policy as p": (
        "view public.mine",
        "function maint._pause_text(maint._policy)",
    ),
    "create table public.mine (at text default maint.pause(null)::text)": (
        "default value for column at of table public.mine",
        "function maint.pause(regclass,text)",
    ),
}


@pytest.mark.parametrize("statement", USES)
def test_what_uses_an_object_that_goes_stops_the_upgrade_and_is_named(
    statement: str, database: Database, cli_of: CliOf, first: FixtureRelease
) -> None:
    database.query(statement)
    before = snapshot(database)
    result = cli_of(first)("upgrade", "--dsn", database.dsn)
    assert result.returncode == 2, result.stderr
    for named in USES[statement]:
        assert named in result.stderr
    assert "_aside_" not in result.stderr
    assert "try: change or drop what depends on it, then upgrade again" in result.stderr
    assert snapshot(database) == before
    assert database.value("select version from maint._installation") == __version__
    assert database.value("select count(*) from maint.retention") == 0


def test_what_uses_an_object_that_a_migration_drops_stops_the_upgrade_and_is_named(
    database: Database, cli_of: CliOf, first: FixtureRelease, second: FixtureRelease
) -> None:
    database.query("create view public.mine as select pid from maint.progress")
    before = snapshot(database)
    result = cli_of(second)("upgrade", "--dsn", database.dsn)
    assert result.returncode == 2, result.stderr
    assert "view public.mine depends on view maint.progress" in result.stderr
    assert "try: change or drop what depends on it" in result.stderr
    assert snapshot(database) == before
    # The release before it leaves that view alone.
    assert cli_of(first)("upgrade", "--dsn", database.dsn).returncode == 0


@pytest.mark.parametrize(
    "statement",
    [
        "create view maint.standing as select 1 as one",
        "create function maint._do_batch(bigint, jsonb) returns jsonb language sql as 'select $2'",
        "create procedure maint._next_transaction(text, integer) language sql as ''",
    ],
)
def test_a_name_that_the_release_needs_is_not_taken_from_you(
    statement: str, database: Database, cli_of: CliOf, first: FixtureRelease
) -> None:
    database.query(statement)
    before = snapshot(database)
    result = cli_of(first)("upgrade", "--dsn", database.dsn)
    assert result.returncode == 2, result.stderr
    name = statement.split()[2].partition("(")[0]
    assert f"{statement.split()[1]} {name}" in result.stderr
    assert "is not ours" in result.stderr
    assert snapshot(database) == before


@pytest.fixture
def reader(database: Database) -> Iterator[str]:
    with database.superuser() as superuser:
        superuser.execute("create role watcher")
        yield "watcher"
        superuser.execute("drop owned by watcher")
        superuser.execute("drop role watcher")


def test_your_own_objects_in_our_schema_outlive_two_upgrades(
    database: Database, cli_of: CliOf, first: FixtureRelease, second: FixtureRelease, reader: str
) -> None:
    """They differ from upgrade to upgrade, too: the reader is granted every view that is in the schema."""
    for statement in (
        "create table maint.mine_too (id integer primary key)",
        "insert into maint.mine_too values (1)",
        "create view maint.mine as select * from maint.mine_too",
        "create function maint.plan(text) returns text language sql as 'select $1'",
        "create function maint.pause(integer) returns integer language sql as 'select $1'",
    ):
        database.query(statement)
    for release in (first, second):
        done = cli_of(release)("upgrade", "--dsn", database.dsn, "--reader-role", reader)
        assert done.returncode == 0, done.stderr
        assert "mine" not in done.stdout
        assert database.value("select id from maint.mine") == 1
        assert database.value("select maint.plan('x'::text)") == "x"
        assert database.value("select maint.pause(1)") == 1
        recorded = database.query("select distinct identity from maint._object where kind in ('view', 'function')")
        assert {"mine", "plan(text)", "pause(integer)"}.isdisjoint(row["identity"] for row in recorded)


def test_an_object_of_another_role_in_our_schema_stops_the_upgrade(
    database: Database, cli_of: CliOf, first: FixtureRelease
) -> None:
    with database.superuser() as superuser:
        superuser.execute("create table maint.foreign_one (id integer)")
    before = snapshot(database)
    result = cli_of(first)("upgrade", "--dsn", database.dsn)
    assert result.returncode == 2, result.stderr
    assert "table maint.foreign_one" in result.stderr
    assert f"try: give it to {database.owner}, or move it out of the schema" in result.stderr
    assert snapshot(database) == before


def test_without_a_record_the_same_version_makes_a_new_one_first(
    database: Database, cli: Cli, cli_of: CliOf, first: FixtureRelease
) -> None:
    """What the next version has no more could not be told from what is yours."""
    before = snapshot(database)
    database.query("delete from maint._object")
    refused = cli_of(first)("upgrade", "--dsn", database.dsn)
    assert refused.returncode == 2
    assert f"there is no record of what version {__version__} put into schema" in refused.stderr
    assert f"(pip install pytelemetry-db=={__version__}): pytelemetry-db upgrade --force" in refused.stderr
    assert snapshot(database) == before
    assert cli("upgrade", "--force", "--dsn", database.dsn).returncode == 0
    assert cli("verify", "--dsn", database.dsn).returncode == 0
    assert cli_of(first)("upgrade", "--dsn", database.dsn).returncode == 0


def test_a_function_of_ours_that_somebody_changed_is_written_anew(
    database: Database, cli_of: CliOf, first: FixtureRelease
) -> None:
    database.query("create or replace function maint._schema() returns name language sql as 'select null::name'")
    assert cli_of(first)("upgrade", "--dsn", database.dsn).returncode == 0
    assert database.value("select maint._schema()") == "maint"
    with database.connect() as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("select * from maint.retention")
