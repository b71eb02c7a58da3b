"""A reader sees the views, an operator also plans, cleans, pauses and resumes; neither decides what is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import dict_row
from support import Cli, Cluster, Database
from support.cluster import OWNER
from support.passes import Pass, until

from lifecycle.snapshot import schemas
from pytelemetry_db import __version__, source
from pytelemetry_db.model import Roles, Version
from pytelemetry_db.render import render_upgrade

READER, OPERATOR, APP = "maint_reader", "maint_operator", "app_owner"

# Functions behind the views: they run as whoever reads, and tell nothing but what the views do.
BEHIND_VIEWS = {
    *(
        "_clock",
        "_gate_readings",
        "_job_states",
        "_partition_rows",
        "_partition_sets",
        "_pause_text",
        "_run_alive",
        "_standings",
        "_suspensions",
        "_horizon_holders",
        "_schema",
    ),
    *("_blocked_queries", "_connections", "_dead_tuples", "_largest_indexes", "_long_queries", "_tables"),
}

# Which release is here: the command line asks before anything else.
VERSION = "select version, migration, has_code, server_major from maint._installation"

DECIDES = [
    "acknowledge",
    "add_hold",
    "adopt",
    "apply_profile",
    "confirm",
    "drop_policy",
    "hand_back",
    "rebind",
    "release_hold",
    "set_policy",
    "set_setting",
]

SETUP = """
create schema app authorization app_owner;
grant usage on schema app to maint_owner, maint_operator;
set role app_owner;
create table app.active (id bigint primary key, at timestamptz not null);
create index on app.active (at);
create table app.paused (like app.active including all);
create table app.renamed (like app.active including all);
create table app.foreign (like app.active including all);
insert into app.active select i, now() - make_interval(days => i) from generate_series(1, 30) as i;
set role maint_owner;
select maint.set_policy(t, '7 days')
from unnest(array['app.active', 'app.paused', 'app.renamed', 'app.foreign']::regclass[]) as t;
select maint.pause('app.paused', 'until monday');
set role app_owner;
alter table app.renamed rename to other;
reset role;
"""


@pytest.fixture(scope="module")
def opened(installed_server: Any, cluster: Cluster) -> Iterator[Database]:
    """A database that was opened to both roles; tables belong to a third one. Gone with the roles after the module."""
    name = "opened"
    with cluster.connect() as connection:
        for role in (READER, OPERATOR):
            connection.execute(f"create role {role} login")
        connection.execute(f"create role {APP}")
        connection.execute(f"grant {APP} to {OWNER}")
        connection.execute(f'create database {name} template "{installed_server.template_dbname}" owner {OWNER}')
    database = Database(cluster, name)
    release = source.load()
    script = render_upgrade(
        release, Version(release.version, release.migration), roles=Roles(reader=READER, operator=OPERATOR)
    )
    with database.connect() as connection:
        connection.execute(script.text.encode())
        connection.execute("select maint.confirm(p_guard => 'copy', p_reason => 'a copy for the tests of one module')")
    with database.superuser() as connection:
        connection.execute(SETUP.encode())
        for table in ("active", "paused", "other"):
            if cluster.version >= 170000:
                connection.execute(f"grant select, delete, maintain on app.{table} to {OPERATOR}".encode())
        if cluster.version < 170000:
            # ANALYZE has no privilege of its own there: only the owner may.
            connection.execute(f"grant {APP} to {OPERATOR}".encode())
    yield database
    with cluster.connect() as connection:
        connection.execute(f"drop database {name} with (force)")
        for role in (READER, OPERATOR, APP):
            connection.execute(f"drop role {role}")


def connected(database: Database, role: str) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(
        database.cluster.dsn(database.name, user=role),
        autocommit=True,
        row_factory=dict_row,
    )


@pytest.fixture
def reader(opened: Database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with connected(opened, READER) as connection:
        yield connection


@pytest.fixture
def operator(opened: Database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with connected(opened, OPERATOR) as connection:
        yield connection


@pytest.fixture
def as_reader(opened: Database) -> tuple[str, str]:
    return "--dsn", opened.cluster.dsn(opened.name, user=READER)


@pytest.fixture
def as_operator(opened: Database) -> tuple[str, str]:
    return "--dsn", opened.cluster.dsn(opened.name, user=OPERATOR)


def denied(connection: psycopg.Connection[Any], statement: str) -> bool:
    """Whether the server refuses the statement for want of a privilege; any other end is an error of the test."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.encode())
    except errors.InsufficientPrivilege:
        return True
    return False


def calls(database: Database) -> dict[str, str]:
    """A call of every routine of ours, with nulls: whether it may be called is decided before it runs."""
    rows = database.query(
        """
        select p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as name,
            format(
                case p.prokind when 'p' then 'call maint.%%I(%%s)' else 'select maint.%%I(%%s)' end, p.proname,
                (
                    select string_agg('null::' || format_type(a.type, null), ', ' order by a.position)
                    from unnest(p.proargtypes) with ordinality as a (type, position)
                )
            ) as statement
        from pg_proc as p where p.pronamespace = 'maint'::regnamespace order by 1
        """.replace("%%", "%")
    )
    return {row["name"]: row["statement"] for row in rows}


def relations(database: Database, kind: str) -> set[str]:
    rows = database.query(
        f"select relname from pg_class where relnamespace = 'maint'::regnamespace and relkind = '{kind}'"
    )
    return {row["relname"] for row in rows}


def still(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the values that move with the clock; whether there are any stays."""
    moving = {"expired_at", "over_policy", "drain_per_hour", "margin", "catch_up"}
    return {name: value is not None if name in moving else value for name, value in row.items()}


def test_a_reader_sees_every_view_as_it_is(opened: Database, reader: psycopg.Connection[dict[str, Any]]) -> None:
    opened.query("call maint.cleanup('app.active')")
    views = {name for name in relations(opened, "v") if not name.startswith("_")}
    assert views >= {"retention", "runs", "progress"}
    # What they show is the server, and moves while one looks.
    moving = {"health", "connections", "long_queries", "blocked_queries", "tables", "dead_tuples", "largest_indexes"}
    moving |= {"metrics"}
    for view in moving:
        reader.execute(f"select * from maint.{view}".encode())
    checks = reader.execute("select * from maint.health").fetchall()
    assert {row["check_id"] for row in checks} == {
        row["check_id"] for row in opened.query("select check_id from maint.health")
    }
    assert [row for row in checks if "check failed" in row["detail"]] == []
    for view in views - moving:
        statement = f"select * from maint.{view} order by 1, 2, 3"
        seen, there = reader.execute(statement.encode()).fetchall(), opened.query(statement)
        assert [still(row) for row in seen] == [still(row) for row in there], view
    states = {
        row["table_name"]: (row["state"], row["state_detail"], row["state_fix"])
        for row in reader.execute("select * from maint.retention").fetchall()
    }
    assert states["active"] == ("active", None, None)
    assert states["paused"][0] == "paused"
    assert states["paused"][1].startswith(f"paused by {opened.cluster.user} at ")
    assert states["paused"][1].endswith(": until monday")
    assert states["renamed"] == (
        "suspended",
        "app.renamed was renamed to app.other",
        "select maint.rebind('app.other');",
    )


def test_a_reader_sees_a_pass_at_work(opened: Database, reader: psycopg.Connection[dict[str, Any]]) -> None:
    with opened.superuser() as connection:
        connection.execute(
            "insert into app.active select 100 + i, now() - interval '30 days' from generate_series(1, 9) as i"
        )
        connection.execute("begin; lock table app.active in exclusive mode")
        try:
            with Pass(opened, "'app.active'") as working:
                statement = b"select run_id, table_name, rows, role_name, pid, deadline from maint.progress"
                [seen] = until(lambda: reader.execute(statement).fetchall())
                assert (seen["table_name"], seen["rows"], seen["role_name"]) == ("active", 0, OWNER)
                assert seen["pid"] == working.pid
                assert seen == opened.query(statement.decode())[0]
                running = reader.execute("select stop_reason from maint.runs where run_id = %s", [seen["run_id"]])
                assert running.fetchall() == [{"stop_reason": None}]
                connection.execute("rollback")
                assert working.wait().error is None
        finally:
            connection.execute("rollback")
    assert reader.execute("select * from maint.progress").fetchall() == []


def test_a_reader_can_do_nothing_else(opened: Database, reader: psycopg.Connection[dict[str, Any]]) -> None:
    routines = calls(opened)
    assert len(routines) > 80
    open_to_reader = {name.partition("(")[0] for name, statement in routines.items() if not denied(reader, statement)}
    assert {name for name in open_to_reader if not name.startswith("_health_")} == BEHIND_VIEWS
    assert reader.execute(VERSION.encode()).fetchall() == opened.query(VERSION)
    for view in relations(opened, "v"):
        assert denied(reader, f"table maint.{view}") == view.startswith("_"), view
    for table in relations(opened, "r"):
        for statement in (f"table maint.{table}", f"delete from maint.{table}", f"lock maint.{table}"):
            assert denied(reader, statement), statement
    for sequence in relations(opened, "S"):
        assert denied(reader, f"select nextval('maint.{sequence}')")
    assert denied(reader, "create table maint.mine (id integer)")
    version = {"version", "migration", "has_code", "server_major"}
    assert {(name, privilege) for name, privilege in granted(opened, READER) if "(" not in name} == {
        ("maint", "USAGE"),
        *((view, "SELECT") for view in relations(opened, "v") if not view.startswith("_")),
        *((f"_installation.{column}", "SELECT") for column in version),
    }


def granted(database: Database, role: str) -> set[tuple[str, str]]:
    """What the role itself was given on the schema and on what is in it."""
    rows = database.query(
        """
        select c.relname as name, g.privilege_type as privilege
        from pg_class as c cross join lateral aclexplode(c.relacl) as g
        where c.relnamespace = 'maint'::regnamespace and g.grantee = %s::regrole
        union all
        select c.relname || '.' || a.attname, g.privilege_type
        from pg_class as c inner join pg_attribute as a on a.attrelid = c.oid
        cross join lateral aclexplode(a.attacl) as g
        where c.relnamespace = 'maint'::regnamespace and g.grantee = %s::regrole
        union all
        select p.oid::regprocedure::text, g.privilege_type
        from pg_proc as p cross join lateral aclexplode(p.proacl) as g
        where p.pronamespace = 'maint'::regnamespace and g.grantee = %s::regrole
        union all
        select n.nspname, g.privilege_type
        from pg_namespace as n cross join lateral aclexplode(n.nspacl) as g
        where n.nspname = 'maint' and g.grantee = %s::regrole
        """,
        *[role] * 4,
    )
    return {(row["name"], row["privilege"]) for row in rows}


def test_the_command_serves_a_reader_and_says_what_it_may_not(as_reader: tuple[str, str], cli: Cli) -> None:
    status = cli("status", *as_reader)
    assert status.returncode == 0, status.stderr
    assert f"pytelemetry_db {__version__}" in status.stdout
    assert "app.paused paused: paused by " in status.stdout
    for command in (["report"], ["policy", "list"], ["policy", "show", "app.paused"]):
        result = cli(*command, *as_reader)
        assert result.returncode == 0, result
        assert "app." in result.stdout
    for command, what in (
        (["plan"], "table _policy"),
        (["cleanup"], "table _policy"),
        (["policy", "pause", "app.active"], "function pause"),
        (["policy", "set", "app.active", "--keep", "1d"], "function set_policy"),
        (["confirm", "--guard", "copy", "--reason", "x"], "function confirm"),
        (["verify"], "table _object"),
    ):
        result = cli(*command, *as_reader)
        assert (result.returncode, result.stdout) == (3, ""), result
        assert f"permission denied for {what}" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [["verify", "--deep"], ["upgrade", "--force"], ["uninstall", "--yes"]])
@pytest.mark.parametrize("role", [READER, OPERATOR])
def test_neither_role_changes_the_installation(role: str, command: list[str], opened: Database, cli: Cli) -> None:
    result = cli(*command, "--dsn", opened.cluster.dsn(opened.name, user=role))
    assert (result.returncode, result.stdout) == (3, ""), result
    assert "may not" in result.stderr or "permission denied" in result.stderr
    assert "maint" in schemas(opened)


def test_an_operator_plans_cleans_pauses_and_resumes(
    opened: Database, operator: psycopg.Connection[dict[str, Any]]
) -> None:
    with opened.superuser() as connection:
        connection.execute(
            "insert into app.active select 200 + i, now() - interval '30 days' from generate_series(1, 500) as i"
        )
        connection.execute("analyze app.active")
    planned = {row["table_name"]: row for row in operator.execute("select * from maint.plan()").fetchall()}
    assert planned["active"]["expired_rows"] >= 500
    assert [one for one in planned["active"]["findings"] if one["level"] != "note"] == []
    # What an operator may not clean, the plan says with the grant that changes it.
    fixes = [finding["fix"] for finding in planned["foreign"]["findings"] if finding["check_id"] == "privilege"]
    assert bool(fixes) == (opened.cluster.version >= 170000)
    operator.execute("call maint.cleanup('app.active')")
    [run] = operator.execute("select * from maint.runs order by run_id desc limit 1").fetchall()
    assert (run["stop_reason"], run["role_name"], run["debt_rows"], run["analyzed"]) == ("done", OPERATOR, 0, True)
    assert run["rows"] == planned["active"]["expired_rows"]
    operator.execute("select maint.pause('app.active', 'by the operator')")
    [paused] = operator.execute("select * from maint.retention where table_name = 'active'").fetchall()
    assert paused["state"] == "paused"
    assert f"paused by {OPERATOR} at " in paused["state_detail"]
    assert paused["changed_by"] == OPERATOR
    operator.execute("call maint.cleanup('app.active')")
    [run] = operator.execute("select * from maint.runs order by run_id desc limit 1").fetchall()
    assert run["stop_reason"] == "paused"
    operator.execute("select maint.resume('app.active')")
    assert operator.execute("select state from maint.retention where table_name = 'active'").fetchall() == [
        {"state": "active"}
    ]


def test_an_operator_stops_a_pass_of_the_owner(opened: Database, operator: psycopg.Connection[dict[str, Any]]) -> None:
    with opened.superuser() as connection:
        connection.execute(
            "insert into app.active select 900 + i, now() - interval '30 days' from generate_series(1, 9) as i"
        )
        connection.execute("begin; lock table app.active in exclusive mode")
        try:
            with Pass(opened, "'app.active'") as working:
                until(lambda: operator.execute("select 1 from maint.progress").fetchall())
                operator.execute("select maint.pause('app.active', 'stop')")
                assert working.wait().error is None
        finally:
            connection.execute("rollback")
    [run] = operator.execute("select * from maint.runs order by run_id desc limit 1").fetchall()
    assert (run["stop_reason"], run["rows"], run["role_name"]) == ("paused", 0, OWNER)
    operator.execute("select maint.resume('app.active')")


def test_an_operator_decides_nothing(opened: Database, operator: psycopg.Connection[dict[str, Any]]) -> None:
    routines = calls(opened)
    for name, statement in routines.items():
        if name.partition("(")[0] in DECIDES:
            assert denied(operator, statement), statement
    before = opened.query("select * from maint._policy order by 1")
    for statement in (
        "update maint._policy set keep = '1 minute'",
        "update maint._policy set condition = 'true'",
        "update maint._policy set relation_id = 'app.foreign'::regclass",
        "insert into maint._policy overriding system value select (p).* from maint._policy as p limit 1",
        "delete from maint._policy",
        "truncate maint._policy",
        "select maint._store_policy(p) from maint._policy as p",
        "update maint._home set database_oid = 1",
        "update maint._setting set default_value = '1'",
        "insert into maint._setting_value values ('lock_timeout', '1 s')",
        "update maint._installation set version = '9.9.9'",
        "delete from maint._object",
        "delete from maint._installation_log",
        "insert into maint._installation_log (action, role_name) values ('confirm copy', 'somebody')",
        "create function maint._cutoff(interval, text, text) returns void language sql as ''",
        "drop view maint.runs",
    ):
        assert denied(operator, statement), statement
    assert opened.query("select * from maint._policy order by 1") == before


def test_an_operator_writes_nothing_that_guards_look_at(
    opened: Database, operator: psycopg.Connection[dict[str, Any]]
) -> None:
    """Holds, confirmations and the audit: not by hand, and not through what an operator may call."""
    with opened.superuser() as superuser:
        superuser.execute("insert into app.active values (4711, now() - interval '30 days')")
    opened.query("select maint.add_hold('app.active', 'id = 4711', 'a case')")
    tables = {"_audit": "action", "_hold": "condition", "_allowance": "reason", "_used": "run_id"}
    try:
        for table, column in tables.items():
            for statement in (
                # A pass writes down what it used up, so that nothing counts twice: that alone may come.
                *([] if table == "_used" else [f"insert into maint.{table} ({column}) values (null)"]),
                f"update maint.{table} set {column} = {column}",
                f"delete from maint.{table}",
                f"truncate maint.{table}",
                f"alter table maint.{table} disable trigger all",
                f"drop table maint.{table}",
            ):
                assert denied(operator, statement), statement
        assert denied(operator, "set session_replication_role = replica")
        operator.execute("call maint.cleanup('app.active')")
        assert opened.value("select count(*) from app.active where id = 4711") == 1
    finally:
        opened.query("select maint.release_hold(hold_id, 'closed') from maint.holds")


def test_an_operator_lifts_no_suspension(opened: Database, operator: psycopg.Connection[dict[str, Any]]) -> None:
    """Its passes write what a guard found; taking that away changes nothing, because every pass judges again."""
    with opened.superuser() as superuser:
        superuser.execute(
            "create table app.guarded (like app.active including all);"
            "insert into app.guarded select i, now() - make_interval(hours => i) from generate_series(1, 400) as i;"
            f"alter table app.guarded owner to {APP}; analyze app.guarded;"
            f"grant select, delete on app.guarded to {OPERATOR};"
            + (f"grant maintain on app.guarded to {OPERATOR}" if superuser.info.server_version >= 170000 else "")
        )
    opened.query("select maint.set_setting('guard_rows', '10')")
    opened.query("select maint.set_policy('app.guarded', '300 days')")
    try:
        opened.query("call maint.cleanup('app.guarded')")
        opened.query("select maint.set_policy('app.guarded', '1 day')")
        for _ in range(2):
            with pytest.raises(psycopg.errors.RaiseException, match=r"app\.guarded: suspended"):
                operator.execute("call maint.cleanup('app.guarded')")
            assert opened.value("select count(*) from app.guarded") == 400
            operator.execute("delete from maint._suspended")
    finally:
        opened.query("select maint.drop_policy('app.guarded')")
        opened.query("select maint.set_setting('guard_rows', '10000')")


def test_an_operator_measures(opened: Database, operator: psycopg.Connection[dict[str, Any]], cli: Cli) -> None:
    """What cannot be read is a warning, and the others are measured."""
    before = opened.value("select count(*) from maint._sample")
    operator.execute("call maint.sample('app.active')")
    assert opened.value("select count(*) from maint._sample") == before + 1
    result = cli("sample", "-q", "--dsn", opened.cluster.dsn(opened.name, user=OPERATOR))
    assert result.returncode == 1
    assert "app.renamed was renamed to app.other" in result.stderr
    assert opened.value("select count(*) from maint._sample") > before + 2


def test_an_operator_cannot_make_the_owners_pass_delete_something_else(
    opened: Database, operator: psycopg.Connection[dict[str, Any]]
) -> None:
    """A pass executes the predicate of its own ledger row, as whoever runs it."""
    with opened.superuser() as connection:
        connection.execute(
            "insert into app.active select 950 + i, now() - interval '30 days' from generate_series(1, 9) as i"
        )
        connection.execute("begin; lock table app.active in exclusive mode")
        try:
            with Pass(opened, "'app.active'") as working:
                [seen] = until(lambda: operator.execute("select run_id from maint.progress").fetchall())
                for statement in (
                    "update maint._run set predicate = 'true'",
                    "update maint._run set relation_id = 'app.foreign'::regclass",
                    "update maint._run set policy_id = 2",
                    "update maint._run set kind = 'rotation'",
                    f"with gone as (delete from maint._run where run_id = {seen['run_id']} returning *)"
                    " insert into maint._run overriding system value select * from gone",
                    "update maint._run set run_id = default",
                ):
                    assert denied(operator, statement), statement
                connection.execute("rollback")
                assert working.wait().error is None
        finally:
            connection.execute("rollback")
    [run] = opened.query("select * from maint.runs order by run_id desc limit 1")
    assert (run["stop_reason"], run["rows"]) == ("done", run["rows_before"])


def test_the_command_serves_an_operator_and_says_what_it_may_not(as_operator: tuple[str, str], cli: Cli) -> None:
    for command in (
        ["status"],
        ["plan", "app.active"],
        ["cleanup", "app.active"],
        ["report"],
        ["policy", "list"],
        ["policy", "pause", "app.active"],
        ["policy", "resume", "app.active"],
        ["verify"],
        ["doctor", "app.active"],
    ):
        result = cli(*command, *as_operator)
        assert result.returncode == 0, result
        assert "member" not in result.stdout
    for command, what in (
        (["policy", "set", "app.active", "--keep", "1d"], "function set_policy"),
        (["policy", "drop", "app.active"], "function drop_policy"),
        (["policy", "rebind", "app.other"], "function rebind"),
        (["confirm", "--guard", "copy", "--reason", "x"], "function confirm"),
    ):
        result = cli(*command, *as_operator)
        assert (result.returncode, result.stdout) == (3, ""), result
        assert f"permission denied for {what}" in result.stderr


def test_other_roles_take_the_place_of_the_old_ones(database: Database, opened: Database, cli: Cli) -> None:
    dsn = ("--dsn", database.dsn)
    roles_before = database.query("select * from pg_roles order by rolname")
    nobody: set[tuple[str, str]] = set()
    given = cli("upgrade", "--reader-role", READER, "--operator-role", OPERATOR, *dsn)
    assert given.returncode == 0, given.stderr
    assert granted(database, READER) == granted(opened, READER)
    assert granted(database, OPERATOR) == granted(opened, OPERATOR)
    # Not said: stays. Said: takes the place.
    assert cli("upgrade", "--operator-role", READER, "--reader-role", APP, *dsn).returncode == 0
    assert granted(database, READER) == granted(opened, OPERATOR)
    assert granted(database, APP) == granted(opened, READER)
    assert granted(database, OPERATOR) == nobody
    assert cli("upgrade", "--force", *dsn).returncode == 0
    assert granted(database, APP) == granted(opened, READER)
    taken = cli("upgrade", "--operator-role", "none", "--reader-role", "none", *dsn)
    assert taken.returncode == 0, taken.stderr
    for role in (READER, OPERATOR, APP):
        assert granted(database, role) == nobody
    assert database.query("select reader_role, operator_role from maint._installation") == [
        {"reader_role": None, "operator_role": None}
    ]
    for deep in ([], ["--deep"]):
        assert cli("verify", *deep, *dsn).returncode == 0
    assert database.query("select * from pg_roles order by rolname") == roles_before


def test_public_has_nothing(opened: Database) -> None:
    """The rights of two roles open nothing to anybody else."""
    rows = opened.query(
        """
        select n.nspname::text as name from pg_namespace as n cross join lateral aclexplode(n.nspacl) as g
        where n.nspname = 'maint' and g.grantee = 0
        union all
        select c.relname from pg_class as c cross join lateral aclexplode(c.relacl) as g
        where c.relnamespace = 'maint'::regnamespace and g.grantee = 0
        union all
        select c.relname from pg_class as c inner join pg_attribute as a on a.attrelid = c.oid
        cross join lateral aclexplode(a.attacl) as g where c.relnamespace = 'maint'::regnamespace and g.grantee = 0
        union all
        select p.proname from pg_proc as p
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as g
        where p.pronamespace = 'maint'::regnamespace and g.grantee = 0
        """
    )
    assert rows == []
    with opened.connect(user="needs_password", password="needs_password") as stranger:
        for statement in ("table maint.runs", "select maint._schema()", "call maint.cleanup()"):
            assert denied(stranger, statement)


def test_roles_are_neither_made_nor_dropped(empty_database: Database, opened: Database, cli: Cli) -> None:
    dsn = ("--dsn", empty_database.dsn)
    before = empty_database.query("select * from pg_roles order by rolname")
    for option in ("--reader-role", "--operator-role"):
        for command in (["install"], ["sql", "install"]):
            asked = cli(*command, option, "no_such_role", *(dsn if command == ["install"] else ()))
            if command == ["install"]:
                assert (asked.returncode, asked.stdout) == (64, "")
                assert 'role "no_such_role" does not exist' in asked.stderr
                assert "try: create role no_such_role nologin" in asked.stderr
            else:
                with (
                    empty_database.connect() as connection,
                    pytest.raises(errors.UndefinedObject, match="no_such_role"),
                ):
                    connection.execute(asked.stdout.encode())
        itself = cli("install", option, OWNER, *dsn)
        assert (itself.returncode, itself.stdout) == (64, "")
        assert f'role "{OWNER}" owns the schema and may do everything' in itself.stderr
    assert schemas(empty_database) == {"public"}
    roles = ("--reader-role", READER, "--operator-role", OPERATOR)
    with empty_database.connect() as connection:
        connection.execute(cli("sql", "install", *roles).stdout.encode())
    assert granted(empty_database, READER) == granted(opened, READER)
    assert granted(empty_database, OPERATOR) == granted(opened, OPERATOR)
    assert cli("uninstall", "--yes", *dsn).returncode == 0
    assert empty_database.query("select * from pg_roles order by rolname") == before
    left = empty_database.query(
        sql.SQL(
            "select * from pg_shdepend where dbid = (select oid from pg_database where datname = current_database())"
            " and refobjid in ({}::regrole, {}::regrole)"
        )
        .format(READER, OPERATOR)
        .as_string()
    )
    assert left == []


def test_a_role_that_was_dropped_since_is_no_trouble(database: Database, cli: Cli) -> None:
    with database.superuser() as connection:
        connection.execute("create role short_lived")
        try:
            assert cli("upgrade", "--reader-role", "short_lived", "--dsn", database.dsn).returncode == 0
            connection.execute("drop owned by short_lived")
        finally:
            connection.execute("drop role short_lived")
    quick = cli("verify", "--dsn", database.dsn)
    assert quick.returncode == 1
    assert "changed view runs: grants" in quick.stdout
    assert cli("verify", "--deep", "--dsn", database.dsn).returncode == 0
    assert cli("upgrade", "--force", "--dsn", database.dsn).returncode == 0
    for deep in ([], ["--deep"]):
        assert cli("verify", *deep, "--dsn", database.dsn).returncode == 0
