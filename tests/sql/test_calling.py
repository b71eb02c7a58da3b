"""Where and how cleanup may be called: alone, as its own statement, whatever the session's settings are."""

from __future__ import annotations

import psycopg
import pytest
from support import Cli, Database
from support.passes import Pass, Table

SEND_IT_ALONE = "Send the CALL alone, as its own statement. A pg_cron command is exactly one CALL."


@pytest.fixture
def table(database: Database) -> Table:
    return Table.make(database, expired=100, slow=0)


WRONG_PLACES = [
    pytest.param(["begin", "call maint.cleanup()"], id="in a transaction"),
    pytest.param(["begin", "savepoint s", "call maint.cleanup()"], id="after a savepoint"),
    pytest.param(["set work_mem = '8MB'; call maint.cleanup()"], id="beside SET in one string"),
    pytest.param(["call maint.cleanup(); select 1"], id="before another statement in one string"),
    pytest.param(["begin; call maint.cleanup(); commit"], id="a transaction in one string"),
    pytest.param(["select app.clean()"], id="from a function"),
    pytest.param(["call app.clean_atomic()"], id="from a procedure with a SET clause"),
    pytest.param(["do $$ begin execute 'call maint.cleanup()'; end $$"], id="through EXECUTE"),
    pytest.param(["begin", "do $$ begin call maint.cleanup(); end $$"], id="from DO in a transaction"),
    pytest.param(
        ["do $$ begin call maint.cleanup(); exception when sqlstate '22012' then null; end $$"],
        id="in a block with EXCEPTION",
    ),
]


@pytest.mark.parametrize("statements", WRONG_PLACES)
def test_where_it_cannot_commit_it_says_what_to_do(table: Table, statements: list[str]) -> None:
    with table.database.connect() as connection:
        connection.execute(
            "create function app.clean() returns void language plpgsql as $$ begin call maint.cleanup(); end $$"
        )
        connection.execute(
            "create procedure app.clean_atomic() language plpgsql set work_mem = '8MB'"
            " as $$ begin call maint.cleanup(); end $$"
        )
        for statement in statements[:-1]:
            connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.InvalidTransactionTermination) as refused:
            connection.execute(statements[-1].encode())
        connection.rollback()
    diag = refused.value.diag
    assert diag.message_primary is not None
    assert diag.message_primary.startswith("cleanup commits after every batch, so it cannot run inside a transaction")
    assert diag.message_hint == SEND_IT_ALONE
    assert table.missing() == 0
    assert table.runs() == []
    table.assert_finishes()


RIGHT_PLACES = [
    pytest.param("call maint.cleanup()", id="alone"),
    pytest.param("call maint.cleanup();  -- every night", id="alone with a comment"),
    pytest.param("do $$ begin call maint.cleanup(); end $$", id="from DO"),
    pytest.param("call app.nightly()", id="from a procedure"),
]


@pytest.mark.parametrize("statement", RIGHT_PLACES)
def test_where_it_can_commit_it_works(table: Table, statement: str) -> None:
    with table.database.connect() as connection:
        connection.execute("create procedure app.nightly() language plpgsql as $$ begin call maint.cleanup(); end $$")
        connection.execute(statement.encode())
    assert (table.last_run()["stop_reason"], table.missing()) == ("done", 100)


def test_a_prepared_call_works(table: Table) -> None:
    with table.database.connect() as connection:
        connection.execute("call maint.cleanup(p_batch_rows => %s)", [20], prepare=True)
    assert (table.last_run()["batches"], table.missing()) == (5, 100)


SETTINGS = [
    pytest.param({"default_transaction_isolation": "serializable"}, id="serializable"),
    pytest.param({"default_transaction_isolation": "repeatable read"}, id="repeatable read"),
    pytest.param({"default_transaction_read_only": "on"}, id="read only"),
    pytest.param({"default_transaction_deferrable": "on"}, id="deferrable"),
    pytest.param({"row_security": "off"}, id="row security off"),
    pytest.param({"lock_timeout": "1ms"}, id="lock_timeout"),
    pytest.param({"DateStyle": "German, DMY", "IntervalStyle": "iso_8601"}, id="styles"),
    pytest.param({"TimeZone": "Pacific/Kiritimati"}, id="time zone"),
    pytest.param({"standard_conforming_strings": "off", "quote_all_identifiers": "on"}, id="quoting"),
    pytest.param({"plpgsql.variable_conflict": "use_column"}, id="variable conflict"),
    pytest.param({"plpgsql.extra_errors": "all", "plpgsql.check_asserts": "on"}, id="extra errors"),
    pytest.param({"jit": "on", "jit_above_cost": "0"}, id="jit"),
    pytest.param(
        {"enable_seqscan": "off", "enable_indexscan": "off", "enable_tidscan": "off", "jit": "off"}, id="no scans"
    ),
    pytest.param({"search_path": ""}, id="no search path"),
    pytest.param({"client_min_messages": "error"}, id="quiet client"),
    pytest.param({"track_activities": "off"}, id="no activity tracking"),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_role_with_settings_of_its_own_cleans_as_well(table: Table, settings: dict[str, str], cli: Cli) -> None:
    """Set for the role and database, as a DBA would; the second pass meets the ledger of the first."""
    database = table.database
    role = f"alter role {database.owner} in database {database.name}"
    with database.superuser() as superuser:
        for name, value in settings.items():
            superuser.execute(f"{role} set {name} = '{value}'".encode())
        with Pass(database) as one:
            error = one.wait().error
        by_command = cli("cleanup", "--json", "--dsn", database.dsn)
        superuser.execute(f"{role} reset all".encode())
    assert error is None
    assert by_command.returncode == 0, by_command.stderr
    assert [(run["stop_reason"], run["rows"]) for run in table.runs()] == [("done", 100), ("done", 0)]
    table.assert_nothing_half_done()


def test_each_batch_is_read_committed_whatever_the_default(table: Table) -> None:
    """A trigger looks at the transaction it fires in."""
    database = table.database
    database.query(
        "create function app.look() returns trigger language plpgsql set search_path = '' as $$ begin"
        " raise notice 'level %, path %, row security %, jit %', pg_catalog.current_setting('transaction_isolation'),"
        " pg_catalog.current_setting('search_path'), pg_catalog.current_setting('row_security'),"
        " pg_catalog.current_setting('jit');"
        " return null; end $$"
    )
    database.query("create trigger look after delete on app.events execute function app.look()")
    with Pass(database, options="-c default_transaction_isolation=serializable -c row_security=on -c jit=on") as one:
        assert one.wait().error is None
    seen = {note for note in one.notices if note.startswith("level")}
    assert seen == {'level read committed, path "", row security off, jit off'}


def test_a_hostile_search_path_changes_nothing(table: Table) -> None:
    """Everything that a pass could name by accident exists in a schema before pg_catalog, and raises or lies."""
    database = table.database
    with database.connect() as connection:
        for statement in (
            "create schema evil",
            "create function evil.trap() returns boolean language plpgsql as $$ begin raise 'trapped'; end $$",
            "create domain evil.text as pg_catalog.text check (value is null or evil.trap())",
            "create domain evil.jsonb as pg_catalog.jsonb check (value is null or evil.trap())",
            "create domain evil.timestamptz as pg_catalog.timestamptz check (value is null or evil.trap())",
            "create domain evil.int4 as pg_catalog.int4 check (value is null or evil.trap())",
            "create domain evil.int8 as pg_catalog.int8 check (value is null or evil.trap())",
            "create domain evil.bool as pg_catalog.bool check (value is null or evil.trap())",
            "create domain evil.interval as pg_catalog.interval check (value is null or evil.trap())",
            "create domain evil.record as pg_catalog.int4 check (value is null or evil.trap())",
            "create function evil.now() returns timestamptz language sql as $$ select 'infinity'::timestamptz $$",
            "create function evil.clock_timestamp() returns timestamptz language sql as $$ select now() $$",
            "create function evil.pg_is_in_recovery() returns boolean language sql as $$ select evil.trap() $$",
            "create function evil.pg_sleep(float8) returns void language sql as $$ select evil.trap() $$",
            "create function evil.pg_backend_pid() returns int language sql as $$ select evil.trap()::int $$",
            "create function evil.current_setting(text, bool) returns text language sql"
            " as $$ select evil.trap()::text $$",
            "create function evil.format(text, variadic text[]) returns text language sql"
            " as $$ select evil.trap()::text $$",
            "create function evil.format(text, int) returns text language sql as $$ select evil.trap()::text $$",
            "create function evil.lies(pg_catalog.text, pg_catalog.text) returns boolean language sql"
            " as $$ select evil.trap() $$",
            "create function evil.lies(pg_catalog.timestamptz, pg_catalog.timestamptz) returns boolean language sql"
            " as $$ select evil.trap() $$",
            "create function evil.lies(pg_catalog.int4, pg_catalog.int4) returns boolean language sql"
            " as $$ select evil.trap() $$",
            "create function evil.lies(pg_catalog.jsonb, pg_catalog.text) returns boolean language sql"
            " as $$ select evil.trap() $$",
            *(
                f"create operator evil.{operator} (function = evil.lies, leftarg = {left}, rightarg = {right})"
                for operator, left, right in (
                    ("=", "pg_catalog.text", "pg_catalog.text"),
                    ("<", "pg_catalog.timestamptz", "pg_catalog.timestamptz"),
                    (">", "pg_catalog.timestamptz", "pg_catalog.timestamptz"),
                    (">", "pg_catalog.int4", "pg_catalog.int4"),
                    ("-", "pg_catalog.int4", "pg_catalog.int4"),
                    ("?", "pg_catalog.jsonb", "pg_catalog.text"),
                    ("->>", "pg_catalog.jsonb", "pg_catalog.text"),
                )
            ),
        ):
            connection.execute(statement.encode())
        connection.execute("set search_path = evil, pg_catalog, app")
        connection.execute("call maint.cleanup(p_batch_rows => 30)")
        with pytest.raises(psycopg.errors.RaiseException, match="trapped"):
            connection.execute("select 'x'::text")
    assert (table.last_run()["stop_reason"], table.missing()) == ("done", 100)


def test_a_table_is_named_as_the_caller_means_it(table: Table) -> None:
    """p_table is resolved by the caller's path, before the pass pins its own."""
    with table.database.connect() as connection:
        connection.execute("set search_path = app")
        connection.execute("call maint.cleanup('events')")
        assert connection.execute("show search_path").fetchone() == ("app",)
    assert table.missing() == 100


def test_temporary_objects_of_the_session_are_not_met(table: Table) -> None:
    with table.database.connect() as connection:
        connection.execute("create temporary table _run (run_id int)")
        connection.execute("create temporary table events (id int, at timestamptz)")
        connection.execute("insert into events values (1, now() - interval '1 year')")
        connection.execute("create temporary table pg_class (oid int)")
        connection.execute("call maint.cleanup()")
        assert connection.execute("select count(*) from events").fetchone() == (1,)
    assert table.missing() == 100


def test_a_statement_timeout_ends_a_pass_in_order(database: Database, cli: Cli) -> None:
    """It counts over the whole CALL; the pass is over at 80 % of it, as `deadline`, and not cancelled."""
    table = Table.make(database, expired=10000)
    with database.superuser() as superuser:
        superuser.execute(f"alter role {database.owner} in database {database.name} set statement_timeout = '4 s'")
    with Pass(database) as one:
        assert one.wait().error is None
    last = table.last_run()
    assert last["stop_reason"] == "deadline"
    assert 2.2 <= last["duration"].total_seconds() <= 4
    assert last["debt_rows"] == table.count() - table.fresh > 0
    table.assert_nothing_half_done(whole_batches=True)
    note = database.value("select note from maint.plan()")
    assert "statement_timeout is 4000 ms" in note
    assert "80 %" in note
    assert note in cli("plan", "--dsn", database.dsn).stderr
    # A backlog that shrinks is no failure.
    assert cli("cleanup", "--dsn", database.dsn).returncode == 0
    assert table.last_run()["stop_reason"] == "deadline"


def test_a_deadline_ends_all_tables(database: Database) -> None:
    first = Table.make(database, "app.events")
    second = Table.make(database, "app.alerts")
    with Pass(database, "p_max_duration => '300 ms'") as one:
        assert one.wait().error is None
    assert [first.last_run()["stop_reason"], second.last_run()["stop_reason"]] == ["deadline", "deadline"]
    for table in (first, second):
        table.assert_nothing_half_done(whole_batches=True)


def test_the_table_that_waited_longest_comes_first(database: Database) -> None:
    tables = [Table.make(database, name, expired=1, slow=0) for name in ("app.events", "app.alerts", "app.traces")]
    for name in ("app.traces", "app.events"):
        database.query(f"call maint.cleanup('{name}', p_quiet => true)")
    database.query("call maint.cleanup(p_quiet => true)")
    last = sorted((run["started_at"], run["table_name"]) for table in tables for run in table.runs())[-3:]
    assert [name for _, name in last] == ["alerts", "traces", "events"]
