import pytest
from support import Cli, Database

from lifecycle.snapshot import schemas

DEPENDENTS = {
    "view public.runs_copy": "create view public.runs_copy as select * from maint.runs",
    "materialized view public.m": "create materialized view public.m as select * from maint.runs",
    "table column public.t.run": "create table public.t (run maint._run)",
    "function public.f(maint._policy)": "create function public.f(maint._policy) returns void language sql as ''",
    "table public.d": "create table public.d (x text default maint._schema())",
    "table public.k": "create table public.k (id bigint references maint._run)",
}


def test_uninstall_leaves_nothing_of_ours_and_all_of_yours(database: Database, cli: Cli) -> None:
    database.query("create table public.events_seen (event_id uuid primary key, created_at timestamp)")
    database.query("insert into public.events_seen values (gen_random_uuid(), now())")
    database.query("select maint.set_policy('public.events_seen', '7 days', p_time_zone => 'UTC')")
    result = cli("uninstall", "--dsn", database.dsn, "--yes")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == "next: pytelemetry-db install"
    assert schemas(database) == {"public"}
    assert database.value("select count(*) from public.events_seen") == 1
    assert database.value("select count(*) from pg_description where description ilike '%retention%policy%'") == 0
    assert cli("install", "--dsn", database.dsn).returncode == 0


def test_there_must_be_somebody_to_ask(database: Database, cli: Cli) -> None:
    result = cli("uninstall", "--dsn", database.dsn)
    assert result.returncode == 64
    assert database.name in result.stderr
    assert "maint" in schemas(database)


def test_the_dry_run_prints_the_script_and_changes_nothing(database: Database, cli: Cli) -> None:
    shown = cli("uninstall", "--dsn", database.dsn, "--dry-run")
    assert shown.returncode == 0
    assert shown.stdout == cli("sql", "uninstall").stdout
    assert "maint" in schemas(database)
    with database.connect() as connection:
        connection.execute(shown.stdout.encode())
    assert schemas(database) == {"public"}


def test_where_nothing_is_installed(empty_database: Database, cli: Cli) -> None:
    for options in (["--yes"], ["--dry-run"]):
        result = cli("uninstall", "--dsn", empty_database.dsn, *options)
        assert result.returncode == 3
        assert 'not installed in schema "maint"' in result.stderr


@pytest.mark.parametrize("dependent", DEPENDENTS)
def test_dependents_outside_are_named_and_kept(dependent: str, database: Database, cli: Cli) -> None:
    database.query(DEPENDENTS[dependent])
    for options in (["--yes"], ["--dry-run"]):
        result = cli("uninstall", "--dsn", database.dsn, *options)
        assert result.returncode == 2, result.stderr
        assert result.stdout == ""
        assert dependent in result.stderr
    # The script does not trust the command: the server refuses by itself.
    with database.connect() as connection, pytest.raises(Exception, match="cannot drop"):
        connection.execute(cli("sql", "uninstall").stdout.encode())
    assert "maint" in schemas(database)
    assert cli("status", "--dsn", database.dsn).returncode == 0


def test_something_of_yours_in_our_schema_stops_it(database: Database, cli: Cli) -> None:
    database.query("create table maint.mine (id integer)")
    result = cli("uninstall", "--dsn", database.dsn, "--yes")
    assert result.returncode == 2
    assert "table maint.mine" in result.stderr
    assert cli("status", "--dsn", database.dsn).returncode == 0


def test_another_role_may_not(database: Database, cli: Cli) -> None:
    dsn = database.cluster.dsn(database.name, user="needs_password", password="needs_password")
    assert cli("uninstall", "--dsn", dsn, "--yes").returncode == 3
    assert "maint" in schemas(database)


def test_a_superuser_may(database: Database, cli: Cli) -> None:
    assert cli("uninstall", "--dsn", database.cluster.dsn(database.name), "--yes").returncode == 0
    assert schemas(database) == {"public"}
