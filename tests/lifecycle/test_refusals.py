"""What install refuses, in one line, leaving everything as it was."""

import pytest
from support import Cli, Database, Result

from lifecycle.snapshot import schemas


def refused(result: Result, code: int, *says: str) -> None:
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    for text in says:
        assert text in result.stderr
    assert "Traceback" not in result.stderr


def test_a_schema_with_something_else_in_it(empty_database: Database, cli: Cli) -> None:
    empty_database.query("create schema maint create table maint.mine (id integer)")
    refused(
        cli("install", "--dsn", empty_database.dsn), 2, 'schema "maint" is not empty and not ours: table maint.mine'
    )
    assert empty_database.value("select count(*) from pg_class where relnamespace = 'maint'::regnamespace") == 1


@pytest.mark.parametrize(
    "trap",
    [
        "create function maint.cleanup() returns void language sql as 'select'",
        "create type maint.trap as enum ('a')",
        "create table maint._installation (version text)",
    ],
)
def test_nothing_that_somebody_else_put_there_is_adopted(trap: str, empty_database: Database, cli: Cli) -> None:
    """The owner's own schema, in which another role may create."""
    empty_database.query("create schema maint")
    with empty_database.superuser() as connection:
        connection.execute(trap.encode())
    result = cli("install", "--dsn", empty_database.dsn)
    assert result.returncode in (2, 3), result.stderr
    assert "Traceback" not in result.stderr
    assert empty_database.value("select to_regprocedure('maint.plan(regclass,interval,integer,boolean)')") is None


def test_another_roles_schema(empty_database: Database, cli: Cli) -> None:
    with empty_database.superuser() as connection:
        connection.execute("create schema maint")
    refused(
        cli("install", "--dsn", empty_database.dsn),
        3,
        'schema "maint" belongs to "postgres", not to "maint_owner"',
    )


def test_no_privilege_to_create(empty_database: Database, cli: Cli) -> None:
    dsn = empty_database.cluster.dsn(empty_database.name, user="needs_password", password="needs_password")
    refused(
        cli("install", "--dsn", dsn),
        3,
        f'"needs_password" may not create schemas in database "{empty_database.name}"',
        f"try: grant create on database {empty_database.name} to needs_password",
    )
    assert schemas(empty_database) == {"public"}


def test_an_owner_of_whom_we_are_no_member(empty_database: Database, cli: Cli) -> None:
    result = cli("install", "--dsn", empty_database.dsn, "--owner", "needs_password")
    refused(result, 3, '"maint_owner" may not install for "needs_password"', "try: grant needs_password to maint_owner")


def test_a_newer_version(database: Database, cli: Cli) -> None:
    database.query("update maint._installation set version = '99.0.0'")
    for command in (
        ["install"],
        ["install", "--dry-run"],
        ["install", "--upgrade"],
        ["upgrade"],
        ["uninstall", "--yes"],
    ):
        result = cli(*command, "--dsn", database.dsn)
        refused(result, 2, 'schema "maint" is at version 99.0.0', "try: pip install pytelemetry-db==99.0.0")
    for script in (["install"], ["upgrade", "--from", "0.1.0"], ["uninstall"]):
        with (
            database.connect() as connection,
            pytest.raises(Exception, match="which is newer than this script"),
        ):
            connection.execute(cli("sql", *script).stdout.encode())
    status = cli("status", "--dsn", database.dsn)
    assert status.returncode == 0
    assert "the database is at 99.0.0" in status.stderr


def test_versions_are_compared_as_numbers(database: Database, cli: Cli) -> None:
    database.query("update maint._installation set version = '0.10.0'")
    with database.connect() as connection, pytest.raises(Exception, match="is newer"):
        connection.execute(cli("sql", "install").stdout.encode())


def test_a_publication_of_all_tables(empty_database: Database, cli: Cli) -> None:
    with empty_database.superuser() as connection:
        connection.execute('create publication "Everything" for all tables')
    refused(
        cli("install", "--dsn", empty_database.dsn),
        2,
        'publication "Everything" would replicate our tables and stop its subscribers',
        "install the same version in schema maint there",
        "--allow-all-tables-publication",
    )
    assert schemas(empty_database) == {"public"}
    assert cli("install", "--dsn", empty_database.dsn, "--allow-all-tables-publication").returncode == 0


def test_a_publication_of_the_schema(empty_database: Database, cli: Cli) -> None:
    empty_database.query("create schema maint")
    with empty_database.superuser() as connection:
        connection.execute("create publication part for tables in schema maint")
    refused(cli("install", "--dsn", empty_database.dsn), 2, "publication part would replicate")


def test_a_session_that_is_read_only(empty_database: Database, cli: Cli) -> None:
    dsn = empty_database.cluster.dsn(
        empty_database.name, user="maint_owner", password="maint_owner", options="-c default_transaction_read_only=on"
    )
    refused(cli("install", "--dsn", dsn), 2, "this transaction is read-only")


def test_a_session_with_other_habits_installs_all_the_same(empty_database: Database, cli: Cli) -> None:
    habits = (
        "-c default_transaction_isolation=serializable -c search_path=public -c check_function_bodies=off"
        " -c standard_conforming_strings=on -c client_min_messages=debug1 -c plpgsql.extra_warnings=all"
    )
    dsn = empty_database.cluster.dsn(empty_database.name, user="maint_owner", password="maint_owner", options=habits)
    result = cli("install", "--dsn", dsn)
    assert result.returncode == 0, result.stderr


def test_the_wrong_password(empty_database: Database, cli: Cli) -> None:
    dsn = empty_database.cluster.dsn(empty_database.name, user="needs_password")
    for command in ("status", "install"):
        refused(cli(command, "--dsn", f"{dsn} password=wrong"), 3, "cannot connect to", "password")
        refused(cli(command, "--dsn", dsn), 3, "no password supplied")


def test_an_unknown_role_and_an_unknown_database(empty_database: Database, cli: Cli) -> None:
    cluster = empty_database.cluster
    refused(cli("status", "--dsn", cluster.dsn(user="nobody_at_all")), 3, 'role "nobody_at_all" does not exist')
    refused(cli("status", "--dsn", cluster.dsn("no_such_db")), 2, 'database "no_such_db" does not exist')
