"""Partitions one by one: what a new one gets, what stops an old one from going, what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from support import Cli, Database
from support.cluster import OWNER
from support.policies import Connection, refused, rows, set_policy


def run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement.encode())


def rotate(connection: Connection, table: str = "app.t") -> dict[str, Any]:
    """One rotation; returns its row of the ledger, whatever became of it."""
    failed = False
    try:
        connection.execute(f"call maint.rotate('{table}')".encode())
    except psycopg.errors.RaiseException:
        failed = True
    last = rows(connection, "select * from maint._run where kind = 'rotation' order by run_id desc limit 1")[0]
    assert failed == (last["stop_reason"] in ("failed", "locked", "suspended"))
    return last


def partitions(connection: Connection, table: str = "app.t") -> list[str]:
    """Names of the partitions, oldest first, without the default."""
    found = rows(connection, f"select * from maint._partitions_of('{table}'::regclass)")
    return [row["table_name"] for row in found if not row["is_default"]]


def exists(connection: Connection, table: str) -> bool:
    return rows(connection, f"select to_regclass('{table}') is not null as found")[0]["found"] is True


@pytest.fixture
def here(database: Database) -> Iterator[Connection]:
    """A connection of the owner, with a set of old and present partitions in `app.t`; its policy keeps 30 days."""
    with database.connect() as connection:
        run(
            connection,
            "create schema app",
            "create table app.t (id bigint generated always as identity, at timestamptz not null, n int, note text)"
            " partition by range (at)",
            "create index on app.t (at)",
            "create table app.a partition of app.t for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')",
            "create table app.b partition of app.t for values from ('2020-02-01 00:00+00') to ('2020-03-01 00:00+00')",
            "insert into app.t (at, n) select '2020-01-05 00:00+00'::timestamptz + i * interval '1 hour', i"
            " from generate_series(1, 1000) as i",
            "analyze app.t",
        )
        set_policy(connection, "app.t", "30 days", partition_interval="1 month", premake=2, time_zone="UTC")
        yield connection


# A reader, a writer, and an owner in which the schema's owner is a member.
PART_ROLES = ("part_reader", '"part ""Writer"', '"part ""Owner; drop"')


def test_a_new_partition_is_like_its_siblings(database: Database) -> None:
    with database.superuser() as root:
        run(root, *(f"create role {role}" for role in PART_ROLES), f"grant {PART_ROLES[2]} to {OWNER}")
    try:
        with database.connect() as connection:
            run(
                connection,
                "create schema app",
                "create table app.other (id int primary key)",
                "insert into app.other values (1)",
                "create table app.t (id bigint generated always as identity, at timestamptz not null,"
                " n int default 7 check (n > 0), twice int generated always as (n * 2) stored,"
                " other int references app.other, note text) partition by range (at)",
                "alter table app.t add primary key (id, at)",
                "create index t_note on app.t (note) where note is not null",
                "create table app.s (like app.t including all excluding identity excluding indexes)"
                " with (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false)",
                "create unique index s_id on app.s (id)",
                'create index "s Odd USING" on app.s using brin (at)',
                "alter table app.s alter column n set statistics 500, alter column n set (n_distinct = 5)",
                "alter table app.t attach partition app.s for values from ('2020-01-01 00:00+00') to (now())",
                "alter table app.s replica identity full",
                "grant select on app.s to part_reader",
                f"grant insert (at, n), select on app.s to {PART_ROLES[1]} with grant option",
                "alter table app.s enable row level security",
                "create policy mine on app.s for select to part_reader using (n > 3)",
                "alter default privileges in schema app grant all on tables to public",
                f"grant create, usage on schema app to {PART_ROLES[2]}",
                f"grant references on app.other to {PART_ROLES[2]}",
                f"alter table app.t owner to {PART_ROLES[2]}",
                f"alter table app.s owner to {PART_ROLES[2]}",
            )
            set_policy(connection, "app.t", "30 years", partition_interval="1 month", premake=1, time_zone="UTC")
            last = rotate(connection)
            assert (last["stop_reason"], last["error_message"]) == ("done", None)
            assert len(partitions(connection)) == 3
            new = partitions(connection)[-1]
            facts = """
                select
                    array(
                        select regexp_replace(pg_get_indexdef(x.indexrelid), '^.* USING ', '') || x.indisunique
                            || x.indisprimary
                        from pg_index as x where x.indrelid = c.oid order by 1
                    ) as indexes,
                    array(
                        select pg_get_constraintdef(k.oid)
                        from pg_constraint as k where k.conrelid = c.oid and k.contype <> 'n' order by 1
                    ) as constraints,
                    array(
                        select row(
                            a.attname, a.attstattarget, a.attoptions, a.attgenerated, a.attidentity, a.attnotnull,
                            a.attacl, pg_get_expr(d.adbin, d.adrelid)
                        )::text
                        from pg_attribute as a
                        left join pg_attrdef as d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
                        where a.attrelid = c.oid and a.attnum > 0 order by a.attnum
                    ) as columns,
                    array(select x::text from unnest(c.relacl) as x order by 1) as acl,
                    array(
                        select row(p.polname, p.polcmd, p.polroles, pg_get_expr(p.polqual, p.polrelid))::text
                        from pg_policy as p where p.polrelid = c.oid
                    ) as policies,
                    c.reloptions, t.reloptions as toast_options, c.relreplident, c.relowner, c.relrowsecurity,
                    c.relpersistence
                from pg_class as c left join pg_class as t on t.oid = c.reltoastrelid
                where c.oid = %s::regclass
            """
            (model,) = rows(connection, facts, "app.s")
            (made,) = rows(connection, facts, f"app.{new}")
            assert made == model
            run(connection, "insert into app.t (at, n) values (now() + interval '1 month', 3)")
            (stored,) = rows(connection, "select tableoid::regclass::text as where, id, twice from app.t")
            assert stored["where"].startswith("app.t_p")
            assert (stored["id"], stored["twice"]) == (1, 6)
    finally:
        with database.superuser() as root:
            run(root, f"drop owned by {', '.join(PART_ROLES)}", f"drop role {', '.join(PART_ROLES)}")


def test_what_is_made_detached_and_dropped_is_in_the_ledger(here: Connection) -> None:
    last = rotate(here)
    assert (last["stop_reason"], last["partitions_removed"], last["rows"]) == ("done", 2, 1000)
    assert not exists(here, "app.a")
    assert not exists(here, "app.b")
    ledger = rows(here, "select *, dropped_at >= detached_at as went from maint._detached order by detached_id")
    assert [(row["table_name"], row["went"], row["dropped_by_run"]) for row in ledger] == [
        ("a", True, last["run_id"]),
        ("b", True, last["run_id"]),
    ]


def test_detached_ones_stay_until_their_time_has_come(here: Connection) -> None:
    run(here, "create schema attic", "create table attic.a ()")
    set_policy(here, "app.t", partition_remove="move", detached_schema="attic", detached_keep="1 day")
    assert rotate(here)["partitions_removed"] == 2
    assert rows(here, "select table_name from maint._detached order by 1") == [
        {"table_name": "a_1"},
        {"table_name": "b"},
    ]
    assert rows(here, "select count(*) from attic.a_1") == [{"count": 647}]
    run(here, "update maint._detached set drop_after = now() where table_name = 'b'")
    here.execute("select maint.add_hold('app.t', p_condition => 'n = 900', p_reason => 'a case')")
    assert rotate(here)["stop_reason"] == "done"
    assert exists(here, "attic.b"), "the hold covers what is detached too"
    here.execute("select maint.release_hold((select hold_id from maint._hold), 'over')")
    # Somebody has use for the other one: it is not ours any more.
    run(here, "update maint._detached set drop_after = now()", "alter table attic.a_1 rename to mine")
    assert rotate(here)["stop_reason"] == "done"
    assert [exists(here, name) for name in ("attic.b", "attic.mine", "attic.a")] == [False, True, True]
    assert rows(here, "select dropped_by_run is null as ours from maint._detached order by detached_id") == [
        {"ours": True},
        {"ours": False},
    ]


CONDITIONS = {
    "condition": ["select maint.set_policy('app.t', p_condition => 'n < 900')"],
    "hold": ["select maint.add_hold('app.t', p_condition => 'n = 900', p_reason => 'a case')"],
    "delete": ["select maint.set_policy('app.t', p_remove => 'delete')"],
    "trigger": [
        "create function app.f() returns trigger language plpgsql set search_path = '' as $$ begin return old; end $$",
        "create trigger f before delete on app.t for each row execute function app.f()",
    ],
    "foreign key": [
        "create unique index on app.t (id, at)",
        "create table app.points (id bigint, at timestamptz, foreign key (id, at) references app.t (id, at))",
    ],
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_what_knows_more_than_time_has_rows_deleted_first(case: str, here: Connection) -> None:
    run(here, *CONDITIONS[case])
    (rule,) = rows(here, "select r.* from maint._policy as p, maint._removal_rule(p) as r")
    assert rule["rule"] in ("rows", "empty")
    assert rule["reason"]
    assert rule["fix"]
    before = rotate(here)
    assert (before["stop_reason"], before["partitions_removed"]) == ("done", 1 if case in ("condition", "hold") else 0)
    assert rows(here, "select count(*) from app.t where n <= 1000") == [
        {"count": 353 if case in ("condition", "hold") else 1000}
    ]


def test_cleanup_removes_whole_partitions_and_the_rows_of_the_default(here: Connection) -> None:
    run(
        here,
        "create table app.rest partition of app.t default",
        "insert into app.t (at, n) select '2019-01-05 00:00+00', i from generate_series(1, 100) as i",
        "insert into app.t (at, n) select now(), i from generate_series(1, 10) as i",
    )
    here.execute("call maint.cleanup('app.t')")
    (last,) = rows(here, "select * from maint.runs")
    assert (last["stop_reason"], last["rows"], last["debt_rows"]) == ("done", 1100, 0)
    assert partitions(here) == ["b"], "the last one stays"


def test_rows_of_a_new_range_move_out_of_the_default(here: Connection) -> None:
    run(
        here,
        "create table app.rest partition of app.t default",
        "insert into app.t (at, n) select now(), i from generate_series(1, 500) as i",
    )
    last = rotate(here)
    assert (last["stop_reason"], last["error_message"]) == ("done", None)
    assert rows(here, "select count(*) from app.rest") == [{"count": 0}]
    (found,) = rows(
        here, "select count(distinct n), min(tableoid::regclass::text) like 'app.t_p%%' as moved from app.t"
    )
    assert found == {"count": 500, "moved": True}


WATCHERS = {
    "foreign key": (
        "alter table app.t add primary key (id, at)",
        "create table app.note (id bigint, at timestamptz, foreign key (id, at) references app.t on delete cascade)",
        "insert into app.note select id, at from app.t",
    ),
    "trigger": (
        "create function app.seen() returns trigger language plpgsql set search_path = '' as"
        " $$ begin raise exception 'deleted'; end $$",
        "create trigger seen after delete on app.t for each row execute function app.seen()",
    ),
}


@pytest.mark.parametrize("watcher", WATCHERS)
def test_rows_whose_deletion_somebody_would_see_do_not_move(here: Connection, watcher: str) -> None:
    """A cascade would delete what references them, although they are only moved."""
    run(
        here,
        "create table app.rest partition of app.t default",
        "insert into app.t (at, n) select now(), i from generate_series(1, 50) as i",
        *WATCHERS[watcher],
    )
    last = rotate(here)
    assert last["stop_reason"] == "failed"
    assert "are in the default partition app.rest and cannot move: " in last["error_message"]
    assert watcher in last["error_message"]
    assert rows(here, "select count(*) from app.rest") == [{"count": 50}]
    if watcher == "foreign key":
        assert rows(here, "select count(*) from app.note") == [{"count": 1050}]


def test_a_big_default_is_proven_empty_before_anything_is_attached(here: Connection) -> None:
    run(
        here,
        "create table app.rest partition of app.t default",
        "insert into app.t (at, n, note) select '2015-01-01 00:00+00', i, repeat('x', 1000)"
        " from generate_series(1, 10000) as i",
    )
    # The present cell is made without it: a CHECK would refuse what is written now.
    assert rotate(here)["stop_reason"] == "done"
    set_policy(here, "app.t", premake=5)
    here.execute("select set_config('client_min_messages', 'debug1', false)")
    told: list[str] = []
    here.add_notice_handler(lambda note: told.append(note.message_primary or ""))
    last = rotate(here)
    assert (last["stop_reason"], last["partitions_made"]) == ("done", 3)
    assert sum("implied by existing constraints" in line and '"rest"' in line for line in told) == 3, told
    assert rows(here, "select conname from pg_constraint where conname ~ 'no_rows'") == []


def test_a_proof_that_a_killed_pass_left_goes(here: Connection) -> None:
    run(
        here,
        "create table app.rest partition of app.t default",
        "alter table app.rest add constraint pytelemetry_db_no_rows check (at < '2030-01-01 00:00+00') not valid",
    )
    assert rotate(here)["stop_reason"] == "done"
    assert rows(here, "select conname from pg_constraint where conname ~ 'no_rows'") == []


def test_a_reader_of_the_table_keeps_writers_waiting_no_longer_than_a_lock_timeout(
    here: Connection, database: Database
) -> None:
    with database.connect() as reader, database.connect() as writer:
        reader.autocommit = False
        reader.execute("select count(*) from app.t")
        writer.execute("set statement_timeout = '2s'")
        slowest = 0.0
        with ThreadPoolExecutor(1) as pool:
            going = pool.submit(rotate, here)
            while not going.done():
                begun = time.monotonic()
                writer.execute("insert into app.t (at, n) values ('2020-01-20 00:00+00', 1)")
                slowest = max(slowest, time.monotonic() - begun)
            last = going.result()
        assert (last["stop_reason"], last["partitions_removed"]) == ("locked", 0)
        assert last["partitions_made"] >= 3, "what is made needs no lock that a reader has"
        assert slowest < 1
        reader.rollback()
    assert rotate(here)["partitions_removed"] == 2


REFUSED = {
    "plain": ("create table app.x (at timestamptz not null)", "1 day", "app.x is not partitioned"),
    "list": ("create table app.x (at timestamptz not null) partition by list (at)", "1 day", "by list, not by range"),
    "hash": ("create table app.x (at timestamptz not null) partition by hash (at)", "1 day", "by hash, not by range"),
    "two": ("create table app.x (at timestamptz not null, n int) partition by range (at, n)", "1 day", "by 2 columns"),
    "expression": (
        "create table app.x (at timestamptz not null) partition by range ((at at time zone 'UTC'))",
        "1 day",
        "by an expression",
    ),
    "other column": (
        "create table app.x (at timestamptz not null, n int) partition by range (n)",
        "1 day",
        "is partitioned by n, and the policy goes by at",
    ),
    "hours of a date": ("create table app.x (at date not null) partition by range (at)", "6 hours", "is a date"),
    "partitions of partitions": (
        "create table app.x (at timestamptz not null, n int) partition by range (at);"
        "create table app.y partition of app.x for values from ('2020-01-01') to ('2020-02-01') partition by list (n)",
        "1 month",
        "app.y of app.x is partitioned itself",
    ),
    "mixed": (
        "create table app.x (at timestamptz not null) partition by range (at)",
        "1 month 1 day",
        'partition_interval cannot be "1 mon 1 day"',
    ),
    "negative": (
        "create table app.x (at timestamptz not null) partition by range (at)",
        "-1 day",
        'partition_interval cannot be "-1 days"',
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_rotated_is_refused(case: str, owner: Connection) -> None:
    statement, interval, message = REFUSED[case]
    owner.execute("create schema app")
    owner.execute(statement.encode())
    said = refused(owner, "app.x", "30 days", column="at", partition_interval=interval)
    assert message in said.message
    assert said.hint


def test_missing_rights_are_told_before_anything_is_done(here: Connection, database: Database) -> None:
    with database.superuser() as root:
        run(root, "create role part_owner", "alter table app.b owner to part_owner")
    try:
        last = rotate(here)
        assert (last["stop_reason"], last["partitions_made"]) == ("failed", 0)
        assert "is not a member of part_owner, which owns app.b" in last["error_message"]
        assert "grant part_owner to" in last["detail"]
    finally:
        with database.superuser() as root:
            run(root, "drop owned by part_owner", "drop role part_owner")


def test_the_commands_say_what_would_be_done_and_do_it(here: Connection, database: Database, cli: Cli) -> None:
    planned = cli.here("partition", "rotate", "app.t", "--dry-run", "--dsn", database.dsn, "--json")
    assert planned.returncode == 0, planned.stderr
    actions = [row["action"] for row in planned.json["actions"]]
    assert exists(here, "app.a"), "a dry run changes nothing"
    shown = cli.here("partition", "rotate", "--dry-run", "--dsn", database.dsn)
    assert shown.stdout.count("create") == actions.count("create")
    done = cli.here("partition", "rotate", "--dsn", database.dsn, "--json")
    assert done.returncode == 0, done.stderr
    (made,) = done.json["passes"]
    assert (made["stop_reason"], made["partitions_removed"]) == ("done", 2)
    assert made["partitions_made"] == actions.count("create") >= 3
    assert actions.count("detach") == 2
    listed = cli.here("partition", "list", "app.t", "--dsn", database.dsn, "--json")
    (found,) = listed.json["sets"]
    assert (found["missing"], found["gaps"], found["expired"], found["detached"]) == (0, 0, 0, 0)
    assert [part["state"] for part in listed.json["partitions"]][-3:] == ["present", "ahead", "ahead"]


def test_health_tells_what_is_missing_and_what_lies_in_the_default(here: Connection) -> None:
    def found() -> dict[str, str]:
        checks = ["runway", "partition_gaps", "default_rows", "half_detached"]
        told = rows(here, "select check_id, status from maint.health where check_id = any(%s)", checks)
        return {row["check_id"]: row["status"] for row in told}

    run(
        here,
        "create table app.rest partition of app.t default",
        "create table app.late partition of app.t for values from ('2999-01-01 00:00+00') to ('2999-02-01 00:00+00')",
        "insert into app.t (at, n) values ('2018-01-01 00:00+00', 1)",
        "analyze app.t",
    )
    before = {"runway": "critical", "partition_gaps": "warning", "default_rows": "warning", "half_detached": "ok"}
    assert found() == before
    assert rotate(here)["stop_reason"] == "done"
    here.execute("call maint.cleanup('app.t')")
    run(here, "vacuum analyze app.rest")
    assert set(found().values()) == {"ok"}


def test_a_rotation_hides_no_cleanup_and_a_cleanup_no_rotation(here: Connection) -> None:
    """Each comes on a schedule of its own; what one of them did is no proof of the other."""
    set_policy(here, "app.t", condition="n <= 500")
    run(here, "create table app.rest partition of app.t default")
    run(here, "insert into app.t (at, n) select '2019-01-05 00:00+00', i from generate_series(1, 100) as i")

    def told() -> tuple[Any, ...]:
        (policy,) = rows(here, "select last_good_at is not null as good from maint.retention")
        found = rows(here, "select status, remediation from maint.health where check_id = 'passes'")
        success = rows(here, "select value from maint.metrics where name = 'telemetry_cleanup_last_run_success'")
        return policy["good"], found[0]["status"], found[0]["remediation"], [row["value"] for row in success]

    assert rotate(here)["stop_reason"] == "done"
    assert told() == (False, "ok", None, [])
    here.execute("call maint.cleanup('app.t')")
    assert told() == (True, "ok", None, [1])
    # More rows than it moves are where a partition is due.
    run(
        here,
        f"drop table app.{partitions(here)[-1]}",
        "insert into app.t (at, n) select date_trunc('month', now(), 'UTC') + interval '2 months 1 day', i"
        " from generate_series(1, 50001) as i",
    )
    assert rotate(here)["stop_reason"] == "failed"
    here.execute("call maint.cleanup('app.t')")
    good, status, remediation, success = told()
    assert (good, status, remediation, success) == (True, "critical", "call maint.rotate('app.t');", [1])


def test_infinite_bounds_are_listed(here: Connection, database: Database, cli: Cli) -> None:
    """As a converted table has them; no client holds such a time."""
    run(
        here,
        "drop table app.a",
        "create table app.a partition of app.t for values from ('-infinity') to ('2020-02-01 00:00+00')",
        "create table app.z partition of app.t for values from ('2020-03-01 00:00+00') to ('infinity')",
    )
    listed = cli.here("partition", "list", "app.t", "--dsn", database.dsn)
    assert listed.returncode == 0, listed.stderr
    assert "-infinity" in listed.stdout
    facts = cli.here("partition", "list", "app.t", "--dsn", database.dsn, "--json").json
    assert [part["lower_at"] is None for part in facts["partitions"]] == [True, False, False]
    assert [part["upper_at"] is None for part in facts["partitions"]] == [False, False, True]
    assert facts["sets"][0]["covered_until"] is None
