"""uninstall takes out all of ours and nothing of yours, and says before what else would go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors
from support import Cli, Cluster, Database
from support.cluster import OWNER
from support.dumps import run_script
from support.passes import Pass, Table, until

from lifecycle.snapshot import schemas, snapshot
from pytelemetry_db import __version__, apply, db, source
from pytelemetry_db.connection import Options, resolve
from pytelemetry_db.errors import Refused
from pytelemetry_db.render import render_uninstall

# What depends on ours, by the name under which it is refused and dropped.
DEPENDENTS = {
    "view public.runs_copy": "create view public.runs_copy as select * from maint.runs",
    "materialized view public.m": "create materialized view public.m as select * from maint.runs",
    "view maint.mine": "create view maint.mine as select * from maint.runs",
    "table column public.t.run": "create table public.t (id integer, run maint._run)",
    "function public.f(maint._policy)": "create function public.f(maint._policy) returns void language sql as ''",
    "default value for public.d.x": "create table public.d (x text default maint._schema())",
    "table constraint k_id_fkey on public.k": "create table public.k (id bigint references maint._run)",
    "table column public.g.key": "create table public.g"
    " (id oid, key bigint generated always as (maint._table_key(id)) stored)",
    "index public.i": "create table public.h (id oid); create index i on public.h (maint._table_key(id))",
    "policy p on public.s": "create table public.s (x text); create policy p on public.s using (x = maint._schema())",
}

# Everything in the catalogs that installing may leave behind. Schemas of temporary tables come and go by themselves.
CATALOGS = """
select 'schema', n.oid, concat_ws(' ', n.nspname, n.nspowner, n.nspacl) from pg_namespace as n
where n.nspname !~ '^pg_(toast_)?temp_'
union all
select 'relation', c.oid, concat_ws(' ', c.relname, c.relnamespace, c.relkind, c.relacl) from pg_class as c
where c.relpersistence <> 't'
union all
select 'routine', p.oid, concat_ws(' ', p.proname, p.pronamespace, p.proacl) from pg_proc as p
union all
select 'type', t.oid, concat_ws(' ', t.typname, t.typnamespace) from pg_type as t
union all
select 'dependency', d.objid, d::text from pg_depend as d
where not exists (
    select from pg_namespace as n
    where d.classid = 'pg_namespace'::regclass and n.oid = d.objid and n.nspname ~ '^pg_(toast_)?temp_'
)
union all
select 'shared dependency', d.objid, d::text from pg_shdepend as d
where d.dbid = (select oid from pg_database where datname = current_database())
union all
select 'comment', d.objoid, d::text from pg_description as d
union all
select 'default privileges', a.oid, a::text from pg_default_acl as a
union all
select 'constraint', k.oid, k.conname from pg_constraint as k
union all
select 'trigger', t.oid, t.tgname from pg_trigger as t
union all
select 'sequence', s.seqrelid, null from pg_sequence as s
union all
select 'large object', l.oid, null from pg_largeobject_metadata as l
union all
select 'setting', s.setdatabase, s::text from pg_db_role_setting as s
"""


def catalogs(database: Database) -> set[tuple[Any, ...]]:
    with database.superuser() as connection:
        rows = connection.execute(CATALOGS.encode()).fetchall()
    assert len(rows) > 5000
    return set(rows)


@pytest.fixture(scope="module")
def shared(installed_server: Any, cluster: Cluster) -> Iterator[Database]:
    """A database with the schema installed, for as long as this module runs."""
    name = "to_uninstall"
    with cluster.connect() as connection:
        connection.execute(f'create database {name} template "{installed_server.template_dbname}" owner {OWNER}')
    yield Database(cluster, name)
    with cluster.connect() as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def owner(shared: Database) -> Iterator[db.Connection]:
    """The owner's connection to it, in a transaction that is rolled back."""
    where = resolve(Options(dsn=shared.dsn), {}, db.parse_dsn)
    with db.connect(where, purpose="uninstall") as connection, connection.transaction(force_rollback=True):
        yield connection


def test_uninstall_leaves_nothing_of_ours_and_all_of_yours(empty_database: Database, cli: Cli) -> None:
    dsn = ("--dsn", empty_database.dsn)
    with empty_database.connect() as connection:
        connection.execute("create table public.events_seen (event_id bigint primary key, created_at timestamp)")
        connection.execute("create index on public.events_seen (created_at)")
        connection.execute(
            "insert into public.events_seen select i, now() - make_interval(days => i) from generate_series(1, 20) as i"
        )
    before = catalogs(empty_database)
    assert cli("install", "--reader-role", "needs_password", "--profile", "telemetry", *dsn).returncode == 0
    empty_database.query("select maint.set_policy('public.events_seen', p_condition => 'event_id > 0')")
    assert cli("cleanup", *dsn).returncode == 0
    assert empty_database.value("select count(*) from public.events_seen") in (6, 7)
    result = cli("uninstall", "--yes", *dsn)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert result.stderr.splitlines()[-2:] == [
        f"ok removed schema maint from maint_owner@{empty_database.cluster.host}:5432/{empty_database.name}",
        "next: pytelemetry-db install",
    ]
    assert catalogs(empty_database) == before
    assert empty_database.value("select count(*) from public.events_seen") in (6, 7)
    assert cli("install", *dsn).returncode == 0
    # The printed script does the same in psql.
    done = run_script(empty_database.dsn, cli("sql", "uninstall").stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert catalogs(empty_database) == before


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
def test_what_depends_on_ours_is_named_and_kept(dependent: str, owner: db.Connection) -> None:
    owner.execute(DEPENDENTS[dependent].encode())
    release = source.load()
    with pytest.raises(Refused) as refused:
        apply.plan_uninstall(owner, release, "maint")
    named = refused.value.found.partition(": ")[2].split(", ")
    assert named == (["default value for public.g.key"] if "public.g." in dependent else []) + [dependent]
    # The script does not trust the command: the server refuses by itself.
    with pytest.raises(errors.DependentObjectsStillExist), owner.transaction():
        owner.execute(render_uninstall(release, transaction=False).text.encode())


def test_the_command_refuses_and_says_how_to_go_on(database: Database, cli: Cli) -> None:
    with database.connect() as connection:
        connection.execute(DEPENDENTS["view public.runs_copy"].encode())
        connection.execute("create view public.second as select * from public.runs_copy")
    for options in (["--yes"], ["--dry-run"], ["--keep-data", "--yes"]):
        result = cli("uninstall", "--dsn", database.dsn, *options)
        assert (result.returncode, result.stdout) == (2, ""), result
        assert '2 other objects depend on schema "maint": view public.runs_copy, view public.second' in result.stderr
        assert "uninstall --cascade drops them too" in result.stderr
    assert cli("verify", "--dsn", database.dsn).returncode == 0


# What there is in the schema public: relations with their columns, functions, defaults, constraints, policies.
YOURS = """
select i.type || ' ' || i.identity
from (
    select 'pg_class'::regclass::oid as class_id, c.oid, 0 as part from pg_class as c
    where c.relnamespace = 'public'::regnamespace
    union all
    select 'pg_class'::regclass, a.attrelid, a.attnum from pg_attribute as a
    inner join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    union all
    select 'pg_proc'::regclass, p.oid, 0 from pg_proc as p where p.pronamespace = 'public'::regnamespace
    union all
    select 'pg_attrdef'::regclass, d.oid, 0 from pg_attrdef as d inner join pg_class as c on c.oid = d.adrelid
    where c.relnamespace = 'public'::regnamespace
    union all
    select 'pg_constraint'::regclass, k.oid, 0 from pg_constraint as k where k.connamespace = 'public'::regnamespace
    union all
    select 'pg_policy'::regclass, p.oid, 0 from pg_policy as p
) as o
cross join lateral pg_identify_object(o.class_id, o.oid, o.part) as i
"""


def test_cascade_says_what_goes_and_drops_just_that(database: Database, cli: Cli) -> None:
    with database.connect() as connection:
        for statement in DEPENDENTS.values():
            connection.execute(statement.encode())
        connection.execute("create view public.second as select * from public.runs_copy")
        connection.execute("create view public.stays as select id from public.t")
        connection.execute("insert into public.t (id) values (1)")
        before = {row[0] for row in connection.execute(YOURS.encode()).fetchall()}
    shown = cli("uninstall", "--cascade", "--dry-run", "--dsn", database.dsn)
    assert shown.returncode == 0, shown.stderr
    result = cli("uninstall", "--cascade", "--yes", "--dsn", database.dsn)
    assert result.returncode == 0, result.stderr
    suffix = " depends on ours and goes, too"
    told = [
        {
            line.removeprefix("warning: ").removesuffix(suffix)
            for line in talk.stderr.splitlines()
            if line.endswith(suffix)
        }
        for talk in (shown, result)
    ]
    assert told[0] == told[1]
    with database.connect() as connection:
        after = {row[0] for row in connection.execute(YOURS.encode()).fetchall()}
        assert connection.execute("select * from public.stays").fetchall() == [(1,)]
    assert after < before
    assert before - after == told[0] - {"view maint.mine"}
    assert told[0] >= {*DEPENDENTS, "view public.second"}
    assert schemas(database) == {"public"}


def test_something_of_yours_in_our_schema_stops_it(database: Database, cli: Cli) -> None:
    database.query("create table maint.mine (id integer)")
    for options in ([], ["--cascade"]):
        result = cli("uninstall", "--yes", *options, "--dsn", database.dsn)
        assert result.returncode == 2
        assert "table maint.mine" in result.stderr
    assert cli("status", "--dsn", database.dsn).returncode == 0


def data(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of our tables, but for what says which code is here."""
    tables = database.query(
        "select relname from pg_class where relnamespace = 'maint'::regnamespace and relkind = 'r'"
        " and relname not in ('_installation', '_object')"
    )
    return {row["relname"]: database.query(f"select * from maint.{row['relname']} order by 1") for row in tables}


def test_kept_data_is_all_there_after_installing_again(database: Database, cli: Cli) -> None:
    dsn = ("--dsn", database.dsn)
    assert cli("upgrade", "--operator-role", "needs_password", *dsn).returncode == 0
    table = Table.make(database, expired=60, slow=0)
    database.query("call maint.cleanup()")
    database.query("select maint.set_setting('analyze_percent', '7')")
    database.query(f"select maint.pause('{table.name}', 'enough')")
    # This view reads a table, which stays.
    database.query("create view public.mine as select * from maint._run")
    code, before = snapshot(database), data(database)
    kept = cli("uninstall", "--keep-data", "--yes", *dsn)
    assert kept.returncode == 0, kept.stderr
    assert "removed the code in schema maint" in kept.stderr
    only = f'only the data of pytelemetry_db {__version__} is in schema "maint" (uninstalled with --keep-data)'
    for command in (
        ["plan"],
        ["cleanup"],
        ["report"],
        ["verify"],
        ["verify", "--deep"],
        ["policy", "list"],
        ["policy", "set", table.name, "--keep", "1d"],
        ["policy", "resume", table.name],
        ["confirm", "--guard", "copy", "--reason", "x"],
    ):
        result = cli(*command, *dsn)
        assert (result.returncode, result.stdout) == (3, ""), result
        assert only in result.stderr, result
        assert "try: pytelemetry-db install" in result.stderr
    status = cli("status", *dsn)
    assert status.returncode == 3
    assert "UNKNOWN only its data is here: uninstalled with --keep-data" in status.stdout
    assert status.stderr == "next: pytelemetry-db install\n"
    by_hand = run_script(database.dsn, cli("sql", "install").stdout)
    assert by_hand.returncode != 0
    assert f'schema "maint" holds the data of version {__version__} without its code' in by_hand.stderr
    assert f"pytelemetry-db sql upgrade --from {__version__}" in by_hand.stderr
    now = data(database)
    assert now["_installation_log"][-1]["action"] == "uninstall, data kept"
    for command in (["install"], ["upgrade"]):
        again = cli(*command, *dsn)
        assert again.returncode == 0, again.stderr
        assert snapshot(database) == code
        now = data(database)
        added = now["_installation_log"][len(before["_installation_log"]) :]
        assert [row["action"] for row in added][:2] == ["uninstall, data kept", "upgrade"]
        assert now | {"_installation_log": now["_installation_log"][: -len(added)]} == before
        for depth in ([], ["--deep"]):
            assert cli("verify", *depth, *dsn).returncode == 0
        assert cli("uninstall", "--keep-data", "--yes", *dsn).returncode == 0
    done = run_script(database.dsn, cli("sql", "upgrade", "--from", __version__).stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert snapshot(database) == code
    assert cli("uninstall", "--keep-data", "--yes", *dsn).returncode == 0
    database.query("drop view public.mine")
    assert cli("uninstall", "--yes", *dsn).returncode == 0
    assert "maint" not in schemas(database)


@pytest.mark.parametrize("keep_data", [True, False])
def test_in_mid_pass_it_waits_for_the_batch(keep_data: bool, database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=2000, slow=0.1)
    with Pass(database, f"'{table.name}'") as working:
        until(lambda: table.under_way())
        result = cli("uninstall", "--yes", *(["--keep-data"] if keep_data else []), "--dsn", database.dsn)
        assert result.returncode == 0, result.stderr
        working.wait()
    assert working.error is not None
    assert working.error.diag.message_primary == (
        "pytelemetry_db was uninstalled, only its data is here"
        if keep_data
        else 'relation "maint._installation" does not exist'
    )
    until(lambda: not table.locks())
    assert 0 < table.missing() < table.expired
    assert table.missing() % table.batch_rows == 0
    assert database.value(f"select count(*) from {table.name} where at > now() - interval '7 days'") == table.fresh
    if keep_data:
        assert database.query("select stop_reason, detail, rows from maint._run") == [
            {"stop_reason": "interrupted", "detail": "uninstalled", "rows": table.missing()}
        ]
        assert cli("install", "--dsn", database.dsn).returncode == 0
        database.query(f"alter table {table.name} disable trigger slow")
        table.assert_nothing_half_done(whole_batches=True)
        table.assert_finishes()


def test_another_role_may_not(database: Database, cli: Cli) -> None:
    dsn = database.cluster.dsn(database.name, user="needs_password", password="needs_password")
    assert cli("uninstall", "--dsn", dsn, "--yes").returncode == 3
    for option in ([], ["--keep-data"]):
        done = run_script(dsn, cli("sql", "uninstall", *option).stdout)
        assert done.returncode != 0
        assert 'schema "maint" belongs to "maint_owner": "needs_password" may not uninstall it' in done.stderr
    assert "maint" in schemas(database)


def test_a_superuser_may(database: Database, cli: Cli) -> None:
    assert cli("uninstall", "--dsn", database.cluster.dsn(database.name), "--yes").returncode == 0
    assert schemas(database) == {"public"}


SCHEMA = "cron_here"
RARELY = "0 0 1 1 *"
OTHERS = {
    "another schema": f"call {SCHEMA}2.cleanup()",
    "something else": "vacuum",
    "only talks of it": f"select 'call {SCHEMA}.cleanup()'",
}


@pytest.fixture
def cron(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's connection to the database in which pg_cron keeps its jobs; nothing of ours stays in it."""
    with cluster.connect() as connection:
        connection.execute("create extension if not exists pg_cron")
        jobs = {row[0] for row in connection.execute("select jobid from cron.job").fetchall()}
        connection.execute(f"grant create on database postgres to {OWNER}")
        connection.execute(f"grant usage on schema cron to {OWNER}")
        try:
            yield connection
        finally:
            connection.execute("select cron.unschedule(jobid) from cron.job where jobid <> all (%s)", [list(jobs)])
            connection.execute(f"revoke usage on schema cron from {OWNER}")
            connection.execute(f"drop schema if exists {SCHEMA} cascade")
            connection.execute(f"revoke create on database postgres from {OWNER}")


def job_names(connection: psycopg.Connection[Any]) -> set[str]:
    return {row[0] for row in connection.execute("select jobname from cron.job").fetchall()}


def schedule(connection: psycopg.Connection[Any], jobs: dict[str, str]) -> None:
    for name, command in jobs.items():
        connection.execute("select cron.schedule(%s, %s, %s)", [name, RARELY, command])


def test_jobs_of_pg_cron_go_first(cron: psycopg.Connection[Any], cluster: Cluster, cli: Cli) -> None:
    """A role sees its own jobs, a superuser all."""
    here = Database(cluster, "postgres")
    before = job_names(cron)
    ours = {
        f"pytelemetry_db:postgres:{SCHEMA}:cleanup": "select 1",
        "by the owner": f"call {SCHEMA}.cleanup(p_max_duration => '8 minutes')",
    }
    by_the_dba = {"by the dba": f'\n CALL "{SCHEMA}" . cleanup()'}
    schedule(cron, OTHERS | by_the_dba)
    cron.execute(
        "select cron.schedule_in_database('another database', %s, %s, 'template1')",
        [RARELY, f"call {SCHEMA}.cleanup()"],
    )
    others = {*OTHERS, "another database"}
    with here.connect() as connection:
        schedule(connection, ours)
    assert job_names(cron) - before == {*ours, *by_the_dba, *others}
    assert cli("install", "--schema", SCHEMA, "--dsn", here.dsn).returncode == 0
    removed = cli("uninstall", "--yes", "--schema", SCHEMA, "--dsn", here.dsn)
    assert removed.returncode == 0, removed.stderr
    assert "cron" not in removed.stderr.replace(SCHEMA, "")
    assert job_names(cron) - before == {*by_the_dba, *others}
    with here.connect() as connection:
        schedule(connection, ours)
    assert cli("install", "--schema", SCHEMA, "--dsn", here.dsn).returncode == 0
    done = run_script(cluster.dsn(), cli("sql", "uninstall", "--schema", SCHEMA).stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert job_names(cron) - before == others
    assert SCHEMA not in schemas(here)


def test_a_refused_removal_keeps_the_jobs(cron: psycopg.Connection[Any], cluster: Cluster, cli: Cli) -> None:
    here = Database(cluster, "postgres")
    assert cli("install", "--schema", SCHEMA, "--dsn", here.dsn).returncode == 0
    here.query(f"create table {SCHEMA}.mine (id integer)")
    with here.connect() as connection:
        schedule(connection, {"stays": f"call {SCHEMA}.cleanup()"})
    assert cli("uninstall", "--yes", "--schema", SCHEMA, "--dsn", here.dsn).returncode == 2
    assert "stays" in job_names(cron)


def schedule_for(cron: psycopg.Connection[Any], database: Database) -> None:
    for name, command in {**OTHERS, "calls us": "call maint.cleanup()"}.items():
        cron.execute(
            "select cron.schedule_in_database(%s, %s, %s, %s, %s)", [name, RARELY, command, database.name, OWNER]
        )
    schedule(cron, {"calls another": "call maint.cleanup()"})


def test_jobs_in_another_database_go_first(cron: psycopg.Connection[Any], database: Database, cli: Cli) -> None:
    before = job_names(cron)
    schedule_for(cron, database)
    applied = cli("schedule", "apply", "--dsn", database.cluster.dsn(database.name))
    assert applied.returncode == 0, applied.stderr
    ours = {f"pytelemetry_db:{database.name}:maint:{job}" for job in ("cleanup", "prune")}
    assert job_names(cron) - before == {*OTHERS, "calls us", "calls another", *ours}
    asked = cli("uninstall", "--dry-run", "--dsn", database.cluster.dsn(database.name))
    assert {line.split(": ")[1] for line in asked.stderr.splitlines() if " of pg_cron goes: " in line} == {
        "calls us",
        *ours,
    }
    assert job_names(cron) - before == {*OTHERS, "calls us", "calls another", *ours}
    removed = cli("uninstall", "--yes", "--dsn", database.dsn)
    assert removed.returncode == 0, removed.stderr
    assert job_names(cron) - before == {*OTHERS, "calls another"}


def test_jobs_in_another_database_that_we_may_not_touch_are_removed_by_the_statement_that_is_named(
    cron: psycopg.Connection[Any], database: Database, cli: Cli
) -> None:
    before = job_names(cron)
    schedule_for(cron, database)
    cron.execute(f"revoke usage on schema cron from {OWNER}".encode())
    removed = cli("uninstall", "--yes", "--dsn", database.dsn)
    assert removed.returncode == 0, removed.stderr
    [line] = [line for line in removed.stderr.splitlines() if "pg_cron" in line]
    told, statement = line.split(" run: ")
    assert told == "warning: pg_cron keeps its jobs in database postgres; there,"
    assert job_names(cron) - before == {*OTHERS, "calls us", "calls another"}
    cron.execute(statement.encode())
    assert job_names(cron) - before == {*OTHERS, "calls another"}
