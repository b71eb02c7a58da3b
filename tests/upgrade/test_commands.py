"""What install and upgrade say and do when a version is there already, and with which exit code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lifecycle.snapshot import snapshot
from support import Cli, Database

from pytelemetry_db import __version__, source
from upgrade.fixture_release import FixtureRelease

CliOf = Callable[[FixtureRelease], Cli]


def version(database: Database, schema: str = "maint") -> object:
    return database.value(f"select version from {schema}._installation")


def test_install_on_an_older_version_shows_what_would_change_and_does_nothing(
    database: Database, cli_of: CliOf, first: FixtureRelease
) -> None:
    before = snapshot(database)
    result = cli_of(first)("install", "--dsn", database.dsn)
    assert result.returncode == 1, result.stderr
    assert f"from {__version__} to {first.version}:" in result.stderr
    assert result.stderr.splitlines()[-1] == "next: pytelemetry-db install --upgrade"
    shown = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    for line in (
        ["run", "sql/migrations/0003_add_notes.sql"],
        ["add", "about(maint._note)"],
        ["add", "standing"],
        ["change", "_count_expired(oid, text, bigint)"],
        ["drop", "function pause(regclass, text)"],
        ["drop", "view retention"],
    ):
        line[1] = line[1].replace("0003", f"{source.load().migration + 1:04d}")
        assert line in shown
    assert not any(name in result.stdout for name in ("_schema", "set_policy", "progress"))
    assert snapshot(database) == before
    assert version(database) == __version__


def test_install_with_upgrade_does_it(database: Database, cli_of: CliOf, first: FixtureRelease) -> None:
    result = cli_of(first)("install", "--upgrade", "--dsn", database.dsn)
    assert result.returncode == 0, result.stderr
    assert f"upgraded to pytelemetry_db {first.version} in schema maint" in result.stderr
    assert version(database) == first.version


def test_there_is_nothing_to_upgrade_where_nothing_is_installed(
    empty_database: Database, cli_of: CliOf, first: FixtureRelease
) -> None:
    for options in ([], ["--dry-run"], ["--force"]):
        result = cli_of(first)("upgrade", "--dsn", empty_database.dsn, *options)
        assert result.returncode == 3
        assert result.stdout == ""
        assert 'not installed in schema "maint"' in result.stderr


def test_at_the_same_version_nothing_happens_unless_forced(database: Database, cli: Cli) -> None:
    before = snapshot(database)
    log = "select count(*) from maint._installation_log where action = 'upgrade'"
    for options in ([], ["--dry-run"]):
        result = cli("upgrade", "--dsn", database.dsn, *options)
        assert result.returncode == 0
        assert result.stdout == ""
        assert "already installed" in result.stderr
    assert database.value(log) == 0
    database.query("drop view maint.progress")
    forced = cli("upgrade", "--force", "--dsn", database.dsn)
    assert forced.returncode == 0, forced.stderr
    assert database.value(log) == 1
    assert snapshot(database) == before


def test_a_newer_version_is_left_alone(database: Database, cli: Cli, cli_of: CliOf, second: FixtureRelease) -> None:
    assert cli_of(second)("upgrade", "--dsn", database.dsn).returncode == 0
    before = snapshot(database)
    for command in (["upgrade"], ["upgrade", "--force"], ["upgrade", "--dry-run"], ["install", "--upgrade"]):
        result = cli(*command, "--dsn", database.dsn)
        assert result.returncode == 2
        assert result.stdout == ""
        assert f'schema "maint" is at version {second.version}, this is {__version__}' in result.stderr
        assert f"try: pip install pytelemetry-db=={second.version}" in result.stderr
    assert snapshot(database) == before


def test_the_dry_run_prints_what_sql_upgrade_prints_and_what_is_executed(
    database: Database, cli_of: CliOf, first: FixtureRelease
) -> None:
    command = cli_of(first)
    before = snapshot(database)
    shown = command("upgrade", "--dry-run", "--dsn", database.dsn)
    printed = command("sql", "upgrade", "--from", __version__)
    assert (shown.returncode, printed.returncode) == (0, 0)
    assert shown.stdout == printed.stdout
    assert shown.stderr.splitlines()[-1] == "next: pytelemetry-db upgrade"
    assert snapshot(database) == before
    assert command("upgrade", "--dsn", database.dsn).returncode == 0
    [log] = database.query(
        "select from_version, to_version, script_sha256 as sha256 from maint._installation_log where action = 'upgrade'"
    )
    assert (log["from_version"], log["to_version"]) == (__version__, first.version)
    assert f"\n-- sha256 {log['sha256']}\n" in shown.stdout


def test_every_process_prints_the_same(cli_of: CliOf, second: FixtureRelease) -> None:
    texts = {
        cli_of(second)("sql", "upgrade", "--from", __version__, env={"PYTHONHASHSEED": seed, "TZ": zone}).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(texts) == 1
    assert f"upgrade {__version__} to {second.version}" in texts.pop()


def test_a_script_for_another_version_is_refused_by_name(
    database: Database, cli_of: CliOf, first: FixtureRelease, second: FixtureRelease
) -> None:
    before = snapshot(database)
    command = cli_of(second)
    migrations = source.load().migration
    for start, found in ((first.version, __version__), (__version__, first.version)):
        with database.connect() as connection, pytest.raises(Exception, match=f"is at version {found} ") as refused:
            connection.execute(command("sql", "upgrade", "--from", start).stdout.encode())
        assert f"this script is for {start} (migration {migrations + (start == first.version)})" in str(refused.value)
        assert f"pytelemetry-db sql upgrade --from {found}" in str(refused.value)
        assert snapshot(database) == before
        assert cli_of(first)("upgrade", "--dsn", database.dsn).returncode == 0
        before = snapshot(database)


def test_only_versions_that_were_released_can_be_started_from(cli: Cli, cli_of: CliOf, first: FixtureRelease) -> None:
    unknown = cli_of(first)("sql", "upgrade", "--from", "nosuch")
    assert unknown.returncode == 64
    assert unknown.stdout == ""
    assert '"nosuch" was never released' in unknown.stderr
    assert f"{__version__}, {first.version}" in unknown.stderr
    assert cli("sql", "upgrade").returncode == 64
    assert cli("sql", "upgrade", "--from", first.version).returncode == 64


def test_another_schema_and_another_role(database: Database, cli: Cli, cli_of: CliOf, first: FixtureRelease) -> None:
    """A superuser upgrades for the owner; who is no member of the owner may not."""
    assert cli("install", "--schema", "order", "--dsn", database.dsn).returncode == 0
    stranger = database.cluster.dsn(database.name, user="needs_password", password="needs_password")
    refused = cli_of(first)("upgrade", "--schema", "order", "--dsn", stranger)
    assert refused.returncode == 3
    assert "Traceback" not in refused.stderr
    done = cli_of(first)("upgrade", "--schema", "order", "--dsn", database.cluster.dsn(database.name))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "next: pytelemetry-db verify --schema order"
    assert (version(database, '"order"'), version(database)) == (first.version, __version__)
    assert cli_of(first)("verify", "--schema", "order", "--deep", "--dsn", database.dsn).returncode == 0


def test_data_that_was_kept_goes_on_with_a_newer_version(
    database: Database, cli: Cli, cli_of: CliOf, first: FixtureRelease
) -> None:
    database.query("create table events_seen (id bigint primary key, created_at timestamptz)")
    database.query("create index on events_seen (created_at)")
    database.query("select maint.set_policy('events_seen', '7 days')")
    assert cli("uninstall", "--keep-data", "--yes", "--dsn", database.dsn).returncode == 0
    command = cli_of(first)
    asked = command("install", "--dsn", database.dsn)
    assert asked.returncode == 1, asked.stderr
    assert asked.stderr.splitlines()[-1] == "next: pytelemetry-db install --upgrade"
    done = command("install", "--upgrade", "--dsn", database.dsn)
    assert done.returncode == 0, done.stderr
    assert command("verify", "--deep", "--dsn", database.dsn).returncode == 0
    assert database.value("select keep::text from maint.standing") == "7 days"
