import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from support import Cli, Database
from support.command import ROOT

from lifecycle.snapshot import schemas, snapshot
from pytelemetry_db import __version__, apply, db, source
from pytelemetry_db.connection import Options, resolve
from pytelemetry_db.errors import OperationFailed
from pytelemetry_db.render import render_install

LONGEST = "z" * 48


def run_psql(database: Database, script: str) -> subprocess.CompletedProcess[str]:
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.dsn]
    return subprocess.run(command, input=script, capture_output=True, text=True)


def test_install_puts_everything_in_and_says_what_is_next(empty_database: Database, cli: Cli) -> None:
    result = cli("install", "--dsn", empty_database.dsn)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert f"installed pytelemetry_db {__version__} in schema maint" in result.stderr
    assert result.stderr.splitlines()[-1] == "next: pytelemetry-db policy set TABLE --keep 30d"
    [row] = empty_database.query("select version, migration from maint._installation")
    assert row == {"version": __version__, "migration": source.load().migration}
    [log] = empty_database.query("select action, from_version, to_version, script_sha256 from maint._installation_log")
    sha256 = render_install(source.load()).sha256
    assert log == {"action": "install", "from_version": None, "to_version": __version__, "script_sha256": sha256}


def test_installing_again_changes_nothing(database: Database, cli: Cli) -> None:
    before = snapshot(database)
    for options in ([], ["--dry-run"]):
        result = cli("install", "--dsn", database.dsn, *options)
        assert result.returncode == 0
        assert result.stdout == ""
        assert "already installed" in result.stderr
    assert snapshot(database) == before
    assert database.value("select count(*) from maint._installation_log where action = 'install'") == 1


def test_the_dry_run_prints_the_script_and_changes_nothing(empty_database: Database, cli: Cli) -> None:
    options = ("--schema", "tm", "--owner", empty_database.owner)
    shown = cli("install", "--dsn", empty_database.dsn, "--dry-run", *options)
    assert shown.returncode == 0
    assert shown.stdout == cli("sql", "install", *options).stdout
    assert schemas(empty_database) == {"public"}


def test_the_printed_script_is_the_executed_one(cli: Cli) -> None:
    seen: list[bytes] = []
    script = render_install(source.load())

    class Recorder:
        closed = False

        def execute(self, text: bytes) -> None:
            seen.append(text)

    db.execute_script(Recorder(), script)  # type: ignore[arg-type]
    assert seen == [cli("sql", "install").stdout.encode()]


def test_psql_installs_the_same(empty_database: Database, cli: Cli) -> None:
    done = run_psql(empty_database, cli("sql", "install", "--schema", "by_psql").stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert cli("install", "--dsn", empty_database.dsn, "--schema", "by_cli").returncode == 0
    assert snapshot(empty_database, "by_psql") == snapshot(empty_database, "by_cli")


def test_psql_is_told_when_there_is_nothing_to_do(database: Database, cli: Cli) -> None:
    done = run_psql(database, cli("sql", "install").stdout)
    assert done.returncode != 0
    assert f"already installed at {__version__}: nothing to do" in done.stderr


@pytest.mark.parametrize("schema", ["order", "_", LONGEST])
def test_odd_names_of_schemas(schema: str, empty_database: Database, cli: Cli) -> None:
    dsn = ("--dsn", empty_database.dsn, "--schema", schema)
    assert cli("install", *dsn).returncode == 0
    status = cli("status", "--json", *dsn)
    assert status.returncode == 0
    assert (status.json["schema"], status.json["version"]) == (schema, __version__)
    assert status.stderr == f"next: pytelemetry-db policy set TABLE --keep 30d --schema {schema}\n"
    assert cli("uninstall", "--yes", *dsn).returncode == 0
    assert schemas(empty_database) == {"public"}


def test_two_schemas_live_side_by_side(database: Database, cli: Cli) -> None:
    assert cli("install", "--dsn", database.dsn, "--schema", "second").returncode == 0
    assert snapshot(database, "second") == snapshot(database)
    assert cli("uninstall", "--dsn", database.dsn, "--schema", "second", "--yes").returncode == 0
    assert cli("status", "--dsn", database.dsn).returncode == 0


def test_a_schema_that_the_dba_made_is_used(empty_database: Database, cli: Cli) -> None:
    with empty_database.superuser() as connection:
        connection.execute(f"create schema maint authorization {empty_database.owner}".encode())
        connection.execute(f'alter database "{empty_database.name}" owner to postgres'.encode())
        connection.execute(f'revoke create on database "{empty_database.name}" from public'.encode())
    assert cli("install", "--dsn", empty_database.dsn).returncode == 0


def test_a_superuser_installs_for_an_ordinary_role(empty_database: Database, cli: Cli) -> None:
    dsn = empty_database.cluster.dsn(empty_database.name)
    refused = cli("install", "--dsn", dsn)
    assert refused.returncode == 64
    assert "try: pytelemetry-db install --owner ROLE" in refused.stderr
    itself = cli("install", "--dsn", dsn, "--owner", empty_database.cluster.user)
    assert itself.returncode == 64
    assert "a superuser may not own the schema" in itself.stderr
    unknown = cli("install", "--dsn", dsn, "--owner", "nobody_at_all")
    assert unknown.returncode == 64
    assert 'role "nobody_at_all" does not exist' in unknown.stderr
    assert schemas(empty_database) == {"public"}
    assert cli("install", "--dsn", dsn, "--owner", empty_database.owner).returncode == 0
    owners = empty_database.query(
        "select distinct relowner::regrole::text as owner from pg_class where relnamespace = 'maint'::regnamespace"
        " union select proowner::regrole::text from pg_proc where pronamespace = 'maint'::regnamespace"
    )
    assert owners == [{"owner": empty_database.owner}]
    by_hand = run_psql(empty_database, cli("sql", "install", "--schema", "tm").stdout)
    assert by_hand.returncode == 0


def test_twenty_installers_at_once_all_end_well(empty_database: Database) -> None:
    where = resolve(Options(dsn=empty_database.dsn), {}, db.parse_dsn)
    release = source.load()
    start = threading.Barrier(20)

    def install(_: int) -> apply.Done:
        with db.connect(where, purpose="install") as connection:
            start.wait()
            return apply.apply(connection, release, apply.plan_install(connection, release, apply.Request("maint")))

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(install, range(20)))
    assert [result.changed for result in results].count(True) == 1
    assert {result.state.version for result in results} == {__version__}
    assert empty_database.value("select count(*) from maint._installation_log where action = 'install'") == 1


def test_an_installer_that_dies_leaves_nothing(empty_database: Database) -> None:
    script = render_install(source.load()).text
    cut = script.index("\ncommit;")
    waiting = script[:cut] + "\nselect pg_catalog.pg_sleep(60);\n" + script[cut:]
    errors: list[psycopg.Error] = []
    with empty_database.connect() as victim:
        thread = threading.Thread(target=lambda: errors.extend(_error_of(victim, waiting)))
        thread.start()
        give_up = time.monotonic() + 30
        while not empty_database.query(
            "select 1 from pg_stat_activity where pid = %s and wait_event = 'PgSleep'", victim.info.backend_pid
        ):
            assert time.monotonic() < give_up
            time.sleep(0.02)
        with empty_database.superuser() as connection:
            connection.execute("select pg_terminate_backend(%s)", [victim.info.backend_pid])
        thread.join(30)
    assert len(errors) == 1
    assert schemas(empty_database) == {"public"}
    assert empty_database.value("select count(*) from pg_locks where locktype = 'advisory'") == 0


def _error_of(connection: psycopg.Connection[tuple[object, ...]], script: str) -> list[psycopg.Error]:
    try:
        connection.execute(script.encode())
    except psycopg.Error as error:
        return [error]
    return []


def test_a_lock_that_is_not_free_is_tried_again(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds the installation lock: each try ends after lock_timeout, and success comes when it is free."""
    release = source.load()
    quick = render_install(release)
    monkeypatch.setattr(apply, "_PAUSES", (0.1, 0.1, 0.1))
    where = resolve(Options(dsn=empty_database.dsn), {}, db.parse_dsn)
    with empty_database.connect() as blocker, db.connect(where, purpose="install") as connection:
        blocker.execute("select pg_advisory_lock(hashtextextended('pytelemetry_db:maint', 0))")
        timer = threading.Timer(6, blocker.execute, ["select pg_advisory_unlock_all()"])
        timer.start()
        result = apply.apply(connection, release, apply.plan_install(connection, release, apply.Request("maint")))
        timer.join()
    assert result.changed
    assert quick.sha256 == empty_database.value("select script_sha256 from maint._installation_log")


def test_a_syntax_error_names_file_and_line(empty_database: Database) -> None:
    script = render_install(source.load())
    broken = next(item for item in script.statements if item.origin_file == "sql/views/runs.sql")
    text = broken.text.replace("create view", "create vyew")
    line = 1 + text[: text.index("create vyew")].count("\n")
    statements = tuple(type(item)(text, item.origin_file) if item is broken else item for item in script.statements)
    where = resolve(Options(dsn=empty_database.dsn), {}, db.parse_dsn)
    with db.connect(where, purpose="install") as connection:
        with pytest.raises(OperationFailed, match=rf"sql/views/runs\.sql:{line}: syntax error"):
            db.execute_script(connection, type(script)(script.header, statements, script.sha256))
        assert connection.execute("select 1 as one").fetchone() == {"one": 1}
    assert schemas(empty_database) == {"public"}


def test_the_shipped_sources_are_the_repositorys(tmp_path: object) -> None:
    assert source.default_root() == ROOT / "sql"
