"""A condition is stored as the server's own text for it, or refused with the reason; whatever somebody types."""

from __future__ import annotations

import psycopg
import pytest
from support import Database
from support.cluster import OWNER
from support.policies import Connection, refused, rows, set_policy

COLUMNS = """
create type mood as enum ('ok', 'bad');
create domain positive as integer check (value > 0);
create table t (
    at timestamptz, name text, n integer, m mood, p positive, j jsonb, tags text[], ok boolean, "Odd ""col; --" text
);
create index on t (at);
create table canary (id integer);
insert into canary values (1);
create function vol(text) returns boolean volatile language plpgsql as 'begin return true; end';
create function stab(text) returns boolean stable language plpgsql as 'begin return true; end';
create function imm(text) returns boolean immutable language plpgsql as 'begin return $1 = ''go''; end';
create function same(integer, integer) returns boolean immutable language plpgsql as 'begin return true; end';
create operator === (leftarg = integer, rightarg = integer, function = same);
"""


@pytest.fixture
def table(owner: Connection) -> str:
    owner.execute(COLUMNS.encode())
    return "t"


# Texts that would be another statement, or another predicate, if they were spliced in as typed.
BREAKOUTS = [
    "true) or (true",
    "true\n) or (\ntrue",
    "true) and (false) or (true",
    "true), add column x int, check (true",
    "true), drop column name, check (true",
    "true; drop table canary; --",
    "true); drop table canary; --",
    "true); drop table canary; select (true",
    "true) ; delete from canary; select (true",
    "true) union select (true",
    "true) union all select from canary where (true",
    "true) returning (true",
    "true) limit (1",
    "true) group by (1",
    "true) for update --",
    "true) not valid --",
    "true) no inherit not valid, check (true",
    "true) is true) or ((true",
    "(true",
    "true)",
    ")",
    ";",
    "true;",
    "true as x",
    "true, true",
    "true /* x",
    "true */ /*",
    "true) -- or (true",
    "'",
    "name = '",
    '"',
    "$$",
    "$a$ true $b$",
    "E'\\'",
    "name = E'\\') or (true",
    ":name",
    "name = $1",
    "name = %s",
    "\\d",
    "select true",
    "drop table canary",
    "set_policy('canary', '1 day')",
]


@pytest.mark.parametrize("text", BREAKOUTS)
def test_what_breaks_out_is_refused(owner: Connection, table: str, text: str) -> None:
    columns = rows(owner, "select attname from pg_attribute where attrelid = 't'::regclass order by attnum")
    said = refused(owner, table, "7 days", column="at", condition=text)
    assert said.sqlstate == "22023"
    assert said.message.startswith("the condition cannot be used: ")
    assert said.detail == f"Found: {text}"
    assert "one boolean expression" in said.hint
    assert rows(owner, "select * from maint._policy") == []
    assert rows(owner, "select id from canary") == [{"id": 1}]
    assert rows(owner, "select attname from pg_attribute where attrelid = 't'::regclass order by attnum") == columns
    assert rows(owner, "select relname from pg_class where relnamespace = pg_my_temp_schema()") == []


# Expressions that are well formed, and why they are not taken.
REFUSED = {
    "exists (select from public.canary)": "cannot use subquery",
    "(select true)": "cannot use subquery",
    "n in (select id from public.canary)": "cannot use subquery",
    "count(*) > 1": "aggregate functions are not allowed",
    "max(n) > 1": "aggregate functions are not allowed",
    "sum(n) over () > 1": "window functions are not allowed",
    "generate_series(1, 2) = 1": "set-returning functions are not allowed",
    "unnest(tags) = 'x'": "set-returning functions are not allowed",
    "random() > 0.5": "must be marked IMMUTABLE",
    "now() > at": "must be marked IMMUTABLE",
    "at < now() - interval '1 day'": "must be marked IMMUTABLE",
    "at < current_timestamp": "must be marked IMMUTABLE",
    "current_date > '2024-01-01'": "must be marked IMMUTABLE",
    "clock_timestamp() > at": "must be marked IMMUTABLE",
    "at::date < '2024-01-01'": "must be marked IMMUTABLE",
    "at < '2024-01-01'::timestamp": "must be marked IMMUTABLE",
    "at::text = 'x'": "must be marked IMMUTABLE",
    "current_user = 'x'": "must be marked IMMUTABLE",
    "current_setting('a.b') = 'x'": "must be marked IMMUTABLE",
    "set_config('a', 'b', false) = 'b'": "must be marked IMMUTABLE",
    "pg_sleep(60) is null": "must be marked IMMUTABLE",
    "pg_try_advisory_lock(1)": "must be marked IMMUTABLE",
    "m::text = 'ok'": "must be marked IMMUTABLE",
    "public.vol(name)": "must be marked IMMUTABLE",
    "public.stab(name)": "must be marked IMMUTABLE",
    # Names outside pg_catalog say their schema, so that no search_path decides what they mean.
    "imm(name)": "function imm(text) does not exist",
    "n === 1": "operator does not exist",
    "name::mood = 'ok'": 'type "mood" does not exist',
    "t is not null": 'missing FROM-clause entry for table "t"',
    "t.* is not null": 'missing FROM-clause entry for table "t"',
    "t = t": 'missing FROM-clause entry for table "t"',
    "ctid = '(0,1)'": "system column",
    "xmin::text = '1'": "system column",
    "tableoid is not null": "system columns",
    "other.n = 1": "missing FROM-clause entry",
    "public.t.n = 1": "invalid reference to FROM-clause entry",
    "nosuch": 'column "nosuch" does not exist',
    "n": "must be type boolean",
    "1": "must be type boolean",
    "name": "must be type boolean",
    "'maybe'": "invalid input syntax for type boolean",
    "m = 'nosuch'": "invalid input value for enum",
    "p = 'x'": "invalid input syntax for type integer",
    "1 / 0 = 1": "division by zero",
    "default": "DEFAULT is not allowed",
    "row(1, true)": "must be type boolean",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_expression_that_cannot_be_kept_is_refused(owner: Connection, table: str, text: str) -> None:
    said = refused(owner, table, "7 days", column="at", condition=text)
    assert said.sqlstate == "22023"
    assert said.message.startswith("the condition cannot be used: ")
    assert REFUSED[text] in said.message
    assert rows(owner, "select * from maint._policy") == []


# What is typed, what is stored.
TAKEN = {
    "true": "true",
    "'t'": "true",
    "null": "NULL::boolean",
    "ok": "ok",
    "not ok": "(NOT ok)",
    "ok -- until further notice": "ok",
    "ok /* ) or (true */": "ok",
    "ok\n": "ok",
    "n = 1 or n = 2": "((n = 1) OR (n = 2))",
    "t.n = 1": "(n = 1)",
    "(t).n = 1": "(n = 1)",
    "name = 'a''b'": "(name = 'a''b'::text)",
    "name = $$it's$$": "(name = 'it''s'::text)",
    "name = E'\\') or (true --'": "(name = ''') or (true --'::text)",
    "name = 'true) or (true'": "(name = 'true) or (true'::text)",
    "name in ('a', 'b')": "(name = ANY (ARRAY['a'::text, 'b'::text]))",
    "name is null": "(name IS NULL)",
    "n between 1 and 2": "((n >= 1) AND (n <= 2))",
    "m = 'ok'": "(m = 'ok'::public.mood)",
    "p > 1": "((p)::integer > 1)",
    "j ->> 'a' = 'b'": "((j ->> 'a'::text) = 'b'::text)",
    "tags @> array['x']": "(tags @> ARRAY['x'::text])",
    "lower(name) = 'x'": "(lower(name) = 'x'::text)",
    "pg_catalog.lower(name) = 'x'": "(lower(name) = 'x'::text)",
    "public.imm(name)": "public.imm(name)",
    "n operator(public.===) 1": "(n OPERATOR(public.===) 1)",
    "name collate \"C\" > 'x'": "((name COLLATE \"C\") > 'x'::text)",
    '"Odd ""col; --" = \'x\'': '("Odd ""col; --" = \'x\'::text)',
    "at < '2024-02-03 00:00+00'": "(at < '2024-02-03 00:00:00+00'::timestamp with time zone)",
}


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_stored_is_the_servers_own_text(owner: Connection, table: str, text: str) -> None:
    policy = set_policy(owner, table, "7 days", column="at", condition=text)
    assert policy["condition"] == TAKEN[text]
    # Stored once, stored again: the text means itself.
    assert set_policy(owner, table, condition=policy["condition"])["condition"] == policy["condition"]
    plan = rows(owner, "select statement, expired_rows, note from maint.plan('t')")[0]
    assert plan["statement"].endswith(f" and (({TAKEN[text]}) is true)")
    assert plan["expired_rows"] == 0


def test_only_rows_for_which_the_condition_is_true_expire(owner: Connection, table: str) -> None:
    owner.execute(
        "insert into t (at, ok, n) select now() - interval '1 year', ok, 0 from unnest('{t,f,null}'::bool[]) ok"
    )
    for text, expired in {"ok": 1, "not ok": 1, "ok is null": 1, "ok is not true": 2, "true": 3, "null": 0}.items():
        set_policy(owner, table, "7 days", column="at", condition=text)
        assert rows(owner, "select expired_rows from maint.plan('t')") == [{"expired_rows": expired}], text


def test_a_condition_that_fails_on_a_row_deletes_nothing(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("create table fails (at timestamptz, n integer)")
        connection.execute("insert into fails select now() - interval '1 year', n from generate_series(0, 2) as n")
        set_policy(connection, "fails", "7 days", condition="1 / n = 1")
        with pytest.raises(psycopg.errors.RaiseException, match=r"division by zero \(SQLSTATE 22012\)"):
            connection.execute("call maint.cleanup('fails')")
        run = rows(connection, "select stop_reason, error_sqlstate, rows from maint.runs")
        assert run == [{"stop_reason": "failed", "error_sqlstate": "22012", "rows": 0}]
        assert rows(connection, "select count(*) as n from fails") == [{"n": 3}]


# --- names that resolve differently ------------------------------------------------------------------------------

SHADOWS = """
create function public.lower(text) returns text immutable language sql as $$ select 'shadow' $$;
create function public.lower(varchar) returns text immutable language sql as $$ select 'shadow' $$;
create function public.eq(text, text) returns boolean immutable language sql as 'select true';
create operator public.= (leftarg = text, rightarg = text, function = public.eq);
create domain public.int4 as text;
create function pg_temp.lower(text) returns text immutable language sql as $$ select 'shadow' $$;
create domain pg_temp.text as varchar;
create table pg_temp.canary (id integer);
"""


def test_nothing_shadows_pg_catalog(owner: Connection, table: str) -> None:
    owner.execute(SHADOWS.encode())
    owner.execute("set local search_path = pg_temp, public, pg_catalog")
    owner.execute(b"insert into public.t (at, name, n) values (now() - pg_catalog.interval '1 year', 'X', 1)")
    for text, stored in {
        "lower(name) = 'shadow'": "(lower(name) = 'shadow'::text)",
        "name = 'other'": "(name = 'other'::text)",
        "n::int4 = 2": "(n = 2)",
    }.items():
        assert set_policy(owner, "public.t", "7 days", column="at", condition=text)["condition"] == stored
        assert rows(owner, "select expired_rows from maint.plan('public.t')") == [{"expired_rows": 0}], text


def test_what_is_temporary_is_refused(owner: Connection, table: str) -> None:
    owner.execute(
        b"create domain pg_temp.brief as text; create type pg_temp.feeling as enum ('ok');"
        b"create function pg_temp.f(text) returns boolean immutable language sql as 'select true'"
    )
    for text in ("name::brief = 'x'", "name::pg_temp.brief = 'x'", "pg_temp.f(name)", "'ok'::pg_temp.feeling = 'ok'"):
        said = refused(owner, table, "7 days", column="at", condition=text)
        assert said.sqlstate == "22023", text
        assert "is temporary" in said.message or "IMMUTABLE" in said.message, text


def test_a_temporary_table_of_the_same_name_changes_nothing(owner: Connection, table: str) -> None:
    owner.execute("create temporary table t (at timestamptz, ok text)")
    said = refused(owner, "public.t", "7 days", column="at", condition="ok")
    # Refused rather than parsed against another table.
    assert said.sqlstate == "22023"
    assert 'relation "t" already exists' in said.message
    owner.execute("drop table pg_temp.t")
    assert set_policy(owner, "public.t", "7 days", column="at", condition="ok")["condition"] == "ok"


def test_constants_read_alike_in_every_session(owner: Connection, table: str) -> None:
    owner.execute("alter table t add w interval, add x double precision, add wall timestamp")
    for setting in ("datestyle = 'SQL, DMY'", "timezone = 'Europe/Berlin'", "intervalstyle = sql_standard"):
        owner.execute(f"set local {setting}".encode())
    owner.execute("set local extra_float_digits = -15")
    # Typed as this session reads it; stored as every session reads it.
    for text, stored in {
        "wall < '03/02/2024'": "(wall < '2024-02-03 00:00:00'::timestamp without time zone)",
        "at < '03/02/2024'": "(at < '2024-02-02 23:00:00+00'::timestamp with time zone)",
        "w > interval '-1 2:00'": "(w > '-1 days -02:00:00'::interval)",
        "x = '0.1234567890123456'::float8": "(x = '0.1234567890123456'::double precision)",
    }.items():
        owner.execute("select maint.set_policy('t', '7 days', 'at', %s)", [text])
        assert rows(owner, "select condition from maint.retention") == [{"condition": stored}]


def test_a_special_time_is_the_instant_it_named(owner: Connection, table: str) -> None:
    """'now' and 'today' are constants to the server: they do not move on, and the stored text shows it."""
    stored = set_policy(owner, table, "7 days", column="at", condition="at < 'now'")["condition"]
    assert "now" not in stored
    assert stored.endswith("'::timestamp with time zone)")


# --- whose names: partitions, many policies, sizes ---------------------------------------------------------------


def test_conditions_hold_in_partitions_with_other_column_orders(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            b"create table parts (at timestamptz, ok boolean, n integer) partition by range (at);"
            b"create table leaf (n integer, gone text, ok boolean, at timestamptz); alter table leaf drop column gone;"
            b"alter table parts attach partition leaf for values from ('2000-01-01') to ('2100-01-01');"
            b"insert into parts select now() - interval '1 year', n % 2 = 0, n from generate_series(1, 10) as n"
        )
        set_policy(connection, "parts", "7 days", condition="parts.ok and n < 7")
        connection.execute("call maint.cleanup('parts')")
        assert rows(connection, "select n from parts order by n") == [{"n": n} for n in (1, 3, 5, 7, 8, 9, 10)]


def test_a_whole_row_of_a_partitioned_table_is_refused(owner: Connection) -> None:
    owner.execute("create table parts (at timestamptz, ok boolean) partition by range (at)")
    assert "missing FROM-clause" in refused(owner, "parts", "7 days", condition="parts is not null").message


def test_many_conditions_in_one_transaction(owner: Connection, table: str) -> None:
    for n in range(5):
        assert set_policy(owner, table, "7 days", column="at", condition=f"n = {n}")["condition"] == f"(n = {n})"
    assert rows(owner, "select relname from pg_class where relnamespace = pg_my_temp_schema()") == []


def test_a_long_condition_is_stored_whole(owner: Connection, table: str) -> None:
    text = " or ".join(f"name = 'value number {n}'" for n in range(300))
    stored = set_policy(owner, table, "7 days", column="at", condition=text)["condition"]
    assert stored.count("value number") == 300


def test_without_the_right_to_temporary_tables(root: Connection) -> None:
    root.execute(COLUMNS.encode())
    root.execute(f"alter table t owner to {OWNER}; alter database shared owner to postgres".encode())
    root.execute("revoke temporary on database shared from public")
    root.execute(f"set role {OWNER}".encode())
    said = refused(root, "t", "7 days", column="at", condition="ok")
    assert (said.sqlstate, "temporary tables" in said.message) == ("42501", True)
    # Without a condition no temporary table is needed.
    assert set_policy(root, "t", "7 days", column="at")["condition"] is None
