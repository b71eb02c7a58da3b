"""The release as an extension: the same objects, updated by ALTER EXTENSION, dumped and restored with its data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from support import Cli, Database
from support.cluster import OWNER, LocalCluster
from support.command import ROOT
from support.extension_server import extension_server
from support.releases import released
from upgrade import fixture_release

from lifecycle.snapshot import snapshot
from pytelemetry_db import __version__

# Not on the server of the run, but on one of the same version.
pytestmark = pytest.mark.server

TABLE = """
create table events (at timestamptz);
create index on events (at);
insert into events select now() - make_interval(days => n) from generate_series(1, 20) as n;
select maint.set_policy('events', '7 days'), maint.set_setting('analyze_percent', '7');
"""


@pytest.fixture(scope="module")
def directory_and_server() -> Iterator[tuple[LocalCluster, Path]]:
    with extension_server() as both:
        yield both


@pytest.fixture(scope="module")
def server(directory_and_server: tuple[LocalCluster, Path], tmp_path_factory: pytest.TempPathFactory) -> LocalCluster:
    cluster, directory = directory_and_server
    written = Cli(tmp_path_factory.mktemp("home"))("package", "extension", directory)
    assert written.returncode == 0, written.stderr
    assert written.stdout.split() == [
        str(directory / "pytelemetry_db.control"),
        str(directory / f"pytelemetry_db--{__version__}.sql"),
        *(str(directory / f"pytelemetry_db--{old}--{__version__}.sql") for old in released() if old != __version__),
    ]
    return cluster


def make(server: LocalCluster, name: str) -> Database:
    with server.connect() as connection:
        connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
    return Database(server, name)


@pytest.fixture
def plain(server: LocalCluster) -> Iterator[Database]:
    """A database with nothing in it."""
    yield make(server, "plain")
    drop(server, "plain")


@pytest.fixture
def extended(server: LocalCluster) -> Iterator[Database]:
    """A database with the extension, made by its owner."""
    database = make(server, "extended")
    database.query("create extension pytelemetry_db")
    yield database
    drop(server, "extended")


def drop(server: LocalCluster, name: str) -> None:
    with server.connect() as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_its_catalog_equals_the_plain_installation(extended: Database, plain: Database, cli: Cli) -> None:
    assert cli("install", "--dsn", plain.dsn).returncode == 0
    assert snapshot(extended) == snapshot(plain)
    for depth in ([], ["--deep"]):
        verified = cli("verify", *depth, "--dsn", extended.dsn)
        assert (verified.returncode, verified.stdout) == (0, ""), verified
    owners = extended.query(
        "select distinct relowner::regrole::text as owner from pg_class where relnamespace = 'maint'::regnamespace"
        " union select proowner::regrole::text from pg_proc where pronamespace = 'maint'::regnamespace"
        " union select nspowner::regrole::text from pg_namespace where nspname = 'maint'"
    )
    assert owners == [{"owner": OWNER}]


def test_it_works_like_the_plain_installation(extended: Database, cli: Cli) -> None:
    with extended.connect() as connection:
        connection.execute(TABLE.encode())
    cleaned = cli("cleanup", "--dsn", extended.dsn)
    assert cleaned.returncode == 0, cleaned.stderr
    assert extended.value("select count(*) from events") == 6
    assert cli("status", "--dsn", extended.dsn).returncode == 0


def test_its_data_goes_into_a_dump_and_its_code_does_not(
    server: LocalCluster, extended: Database, plain: Database, cli: Cli
) -> None:
    with extended.connect() as connection:
        connection.execute(TABLE.encode())
    assert cli("cleanup", "--dsn", extended.dsn).returncode == 0
    dump = dumped(server, extended)
    assert "CREATE EXTENSION IF NOT EXISTS pytelemetry_db WITH SCHEMA maint" in dump
    assert "CREATE FUNCTION" not in dump
    # Whoever restores is a superuser, and says once for the database who is to own everything.
    with server.connect() as connection:
        connection.execute(f"alter database plain set pytelemetry_db.owner = '{OWNER}'")
    restored = psql(server, plain, dump)
    assert restored.returncode == 0, restored.stderr
    for table in ("_policy", "_run", "_setting_value", "_home"):
        rows = f"select * from maint.{table} order by 1"
        assert plain.query(rows) == extended.query(rows), table
    assert cli("verify", "--deep", "--dsn", plain.dsn).returncode == 0
    # A copy, like any other.
    assert [row["state"] for row in plain.query("select state from maint.retention")] == ["suspended"]
    assert cli("confirm", "--guard", "copy", "--reason", "moved", "--dsn", plain.dsn).returncode == 0
    assert cli("policy", "rebind", "events", "--dsn", plain.dsn).returncode == 0
    with plain.connect() as connection:
        connection.execute("create table more (at timestamptz)")
        connection.execute("select maint.set_policy('more', '1 day')")
    assert cli("cleanup", "--dsn", plain.dsn).returncode == 0
    assert plain.value("select count(*) from maint._run") == 3


def dumped(server: LocalCluster, database: Database) -> str:
    command = server._command("pg_dump", "-h", server.host, "-U", server.user, database.name)
    done = subprocess.run(command, cwd="/tmp", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def psql(server: LocalCluster, database: Database, text: str) -> subprocess.CompletedProcess[str]:
    command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-U", server.user, database.name]
    return subprocess.run(command, cwd="/tmp", input=text, capture_output=True, text=True)


def test_the_two_ways_exclude_each_other(extended: Database, plain: Database, cli: Cli) -> None:
    for command in (["install"], ["upgrade"], ["upgrade", "--force"], ["uninstall", "--yes"]):
        result = cli(*command, "--dsn", extended.dsn)
        assert result.returncode == 2
        assert 'schema "maint" belongs to the extension pytelemetry_db' in result.stderr
    for script in (["install"], ["upgrade", "--from", __version__], ["uninstall"]):
        with extended.connect() as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(cli("sql", *script).stdout.encode())
        assert refused.value.diag.message_primary == 'schema "maint" belongs to the extension pytelemetry_db'
    assert cli("install", "--dsn", plain.dsn).returncode == 0
    before = snapshot(plain)
    with plain.connect() as connection, pytest.raises(psycopg.Error, match='schema "maint" is not empty') as refused:
        connection.execute("create extension pytelemetry_db")
    assert refused.value.diag.message_hint == "A plain installation is upgraded with: pytelemetry-db upgrade."
    assert snapshot(plain) == before


def test_alter_extension_updates_it_directly_and_step_by_step(
    directory_and_server: tuple[LocalCluster, Path],
    server: LocalCluster,
    extended: Database,
    plain: Database,
    tmp_path: Path,
) -> None:
    """Rows and grants stay, what the new release has no more is gone, and the catalog is that of a fresh one."""
    _, directory = directory_and_server
    first = fixture_release.first(tmp_path / "first")
    second = fixture_release.second(first, tmp_path / "second")
    control = (directory / "pytelemetry_db.control").read_text()
    try:
        for release in (first, second):
            assert Cli(tmp_path, release.root)("package", "extension", directory).returncode == 0
        with extended.connect() as connection:
            connection.execute(TABLE.encode())
            connection.execute("call maint.cleanup()")
            connection.execute("grant select on maint.runs to needs_password")
            connection.execute("create view mine as select rows from maint.runs")
        with extended.superuser() as root:
            # Also by a superuser, whom nothing of it may belong to.
            root.execute(f"alter extension pytelemetry_db update to '{first.version}'")
        extended.query("alter extension pytelemetry_db update")
        plain.query(f"create extension pytelemetry_db version '{__version__}'")
        plain.query(f"alter extension pytelemetry_db update to '{second.version}'")
        plain.query("grant select on maint.runs to needs_password")
        assert snapshot(extended) == snapshot(plain)
        for database in (extended, plain):
            verified = Cli(tmp_path, second.root)("verify", "--deep", "--dsn", database.dsn)
            assert verified.stdout.splitlines() == ["WARNING changed view runs: grants"], verified
            version = "select extversion from pg_extension where extname = 'pytelemetry_db'"
            assert database.value(version) == second.version
        assert extended.value("select rows from mine") == 14
        # Everything in the schema is the extension's, and nothing more.
        loose = (
            "select pg_describe_object(d.classid, d.objid, 0) as object from pg_depend as d"
            " where d.refclassid = 'pg_namespace'::regclass and d.refobjid = 'maint'::regnamespace and d.deptype = 'n'"
            " and d.classid <> 'pg_extension'::regclass and not exists (select from pg_depend as e"
            " where e.classid = d.classid and e.objid = d.objid and e.deptype = 'e')"
        )
        assert extended.query(loose) == []
    finally:
        (directory / "pytelemetry_db.control").write_text(control)


def test_a_superuser_says_who_is_to_own_it(server: LocalCluster, plain: Database) -> None:
    with plain.superuser() as connection:
        with pytest.raises(psycopg.Error, match="a superuser may not own the schema"):
            connection.execute("create extension pytelemetry_db")
        connection.execute(f"set pytelemetry_db.owner = '{OWNER}'")
        connection.execute("create extension pytelemetry_db")
        assert connection.execute("select current_user").fetchone() == ("postgres",)
    assert plain.value("select nspowner::regrole::text from pg_namespace where nspname = 'maint'") == OWNER
    plain.query("select * from maint.runs")


def test_drop_extension_leaves_nothing(server: LocalCluster, extended: Database) -> None:
    extended.query("drop extension pytelemetry_db")
    assert extended.value("select count(*) from pg_class where relname in ('_policy', 'runs')") == 0


def test_the_scripts_cannot_be_run_by_hand(server: LocalCluster, plain: Database, cli: Cli, tmp_path: Path) -> None:
    assert cli("package", "extension", tmp_path).returncode == 0
    text = (tmp_path / f"pytelemetry_db--{__version__}.sql").read_text()
    done = psql(server, plain, text)
    assert 'Use "create extension pytelemetry_db" to load this file.' in done.stdout
    assert plain.value("select to_regnamespace('maint') is null")


def test_where_there_is_no_directory(cli: Cli, tmp_path: Path) -> None:
    result = cli("package", "extension", tmp_path / "nowhere")
    assert (result.returncode, result.stdout) == (64, "")
    assert "nowhere is not a directory" in result.stderr


def test_nothing_of_it_is_in_the_repository() -> None:
    assert list(ROOT.glob("pytelemetry_db/**/*.control")) == []
