"""Scripts for migration tools: within the tool's transaction they do it, and without one they do nothing at all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import psycopg
import pytest
from lifecycle.snapshot import schemas, snapshot
from support import Cli, Database

from pytelemetry_db import __version__
from upgrade.fixture_release import FixtureRelease

CliOf = Callable[[FixtureRelease], Cli]
SETTINGS = (
    "select current_setting('search_path'), current_setting('lock_timeout'), current_user, current_setting('role')"
)


@pytest.fixture
def script(cli_of: CliOf, first: FixtureRelease) -> str:
    """The upgrade to the next release, without begin and commit."""
    printed = cli_of(first)("sql", "upgrade", "--from", __version__, "--no-transaction")
    assert printed.returncode == 0, printed.stderr
    lines = printed.stdout.splitlines()
    assert "begin;" not in lines
    assert "commit;" not in lines
    return printed.stdout


def psql(database: Database, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["psql", "-X", "-q", "-d", database.dsn, *options]
    return subprocess.run(command, input=script, capture_output=True, text=True)


def test_in_a_callers_transaction(database: Database, script: str, cli_of: CliOf, first: FixtureRelease) -> None:
    """It ends with the caller's commit, and the caller goes on with the settings and the role it had."""
    before = snapshot(database)
    with database.connect() as tool:
        tool.execute("create table public.tool_version (number integer)")
        tool.execute("set search_path = public")
        tool.execute("set lock_timeout = '7s'")
        for end in ("rollback", "commit"):
            tool.execute("begin")
            settings = tool.execute(SETTINGS).fetchall()
            tool.execute(script.encode())
            assert tool.execute(SETTINGS).fetchall() == settings
            tool.execute("insert into tool_version values (1)")
            tool.execute(end.encode())
            assert (snapshot(database) == before) == (end == "rollback")
    assert database.value("select version from maint._installation") == first.version
    assert cli_of(first)("verify", "--deep", "--dsn", database.dsn).returncode == 0


def test_one_string_is_a_transaction_too(database: Database, script: str, first: FixtureRelease) -> None:
    with database.connect() as tool:
        tool.execute(script.encode())
    assert database.value("select version from maint._installation") == first.version


@pytest.mark.parametrize("command", ["install", "upgrade", "uninstall"])
@pytest.mark.parametrize("stops", [True, False])
def test_without_a_transaction_it_is_refused_and_leaves_nothing(
    command: str, stops: bool, database: Database, script: str, cli: Cli
) -> None:
    """Also when psql goes on after an error: then the script ends the connection before it could do a part of it."""
    if command == "upgrade":
        text = script
    else:
        options = ["--schema", "other"] if command == "install" else []
        text = cli("sql", command, "--no-transaction", *options).stdout
        database.query("create schema other")
    before, there = snapshot(database), schemas(database)
    done = psql(database, text, *(["-v", "ON_ERROR_STOP=1"] if stops else []))
    assert done.returncode != 0
    assert "this script has no transaction of its own, and none is open" in done.stderr
    assert "send begin first, or make the script without --no-transaction" in done.stderr
    assert ("terminating connection" in done.stderr) == (not stops)
    assert (snapshot(database), schemas(database)) == (before, there)
    assert database.value("select count(*) from pg_depend where refobjid = to_regnamespace('other')") == 0


def test_statement_by_statement_is_refused_as_well(database: Database, script: str) -> None:
    before = snapshot(database)
    refused = []
    with database.connect() as tool:
        for statement in script.split(";\n\n"):
            try:
                tool.execute(statement.encode())
            except psycopg.Error as error:
                refused.append(type(error).__name__)
                break
    assert refused == ["NoActiveSqlTransaction"]
    assert snapshot(database) == before
