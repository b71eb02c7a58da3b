"""A plain table becomes a partitioned one while it is written, and back, and nothing of it gets lost."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from support import Cli, Database
from support.conversions import EVERYTHING, convert, lines, make_counters, stands_at, until_step
from support.passes import Pass, Table, until
from support.rotations import sql


@pytest.fixture
def everything(database: Database) -> Database:
    """A table that has everything a table can have, and a policy."""
    sql(database, EVERYTHING, "select maint.set_policy('app.t', '7 days', p_column => 'at')")
    with database.superuser() as root:
        root.execute(
            "create publication p for table app.t (id, at, note) where (id > 5) with (publish_via_partition_root)"
        )
        root.execute("alter publication p owner to maint_owner")
    return database


def test_all_of_it_is_carried_over_and_back(everything: Database) -> None:
    before, plain = lines(everything), lines(everything, plain=True)
    rows = everything.query("select * from app.t order by id")
    notices = convert(everything, "'app.t', '1 day'")
    assert notices[-1] == "app.t: keys is done"
    assert lines(everything) == before
    assert everything.query("select * from app.t order by id") == rows
    convert(everything, "'app.t', p_undo => true")
    assert lines(everything, plain=True) == plain


@pytest.fixture
def counters(database: Database) -> Database:
    make_counters(database)
    return database


def test_rows_that_came_in_since_are_moved_back(counters: Database) -> None:
    plain = lines(counters, "public.agg", plain=True)
    convert(counters, "'agg', '1 day'")
    sql(
        counters,
        "insert into agg select 'new', localtimestamp + interval '8 days' + make_interval(secs => i), 1"
        " from generate_series(1, 5000) as i",
    )
    rows = counters.query("select * from agg order by 1, 2")
    notices = convert(counters, "'agg', p_undo => true")
    assert "public.agg: open is done" in notices
    assert lines(counters, "public.agg", plain=True) == plain
    assert counters.query("select * from agg order by 1, 2") == rows
    assert counters.query("select step, moved_rows from maint.conversions") == [{"step": "undone", "moved_rows": 5000}]


def _kill_in_mid_step(database: Database, arguments: str, blocker: str) -> None:
    """SIGKILL the backend while it waits, in the middle of its step, for what `blocker` holds."""
    sql(database, "select maint.set_setting('lock_timeout', '1 minute')")
    with database.superuser() as holder:
        holder.execute("begin")
        holder.execute(blocker.encode())
        call = Pass(database)
        call.statement = f"call maint.convert({arguments})"
        with call:
            until(lambda: database.value("select true from pg_locks where not granted and pid = %s", call.pid))
            database.cluster.kill_backend(call.pid)
            assert call.wait().error is not None
        holder.close()
    sql(database, "select maint.set_setting('lock_timeout', '50 ms')")


def _but_numbers(found: list[str]) -> list[str]:
    """Without the last numbers of sequences, which skip some when the server crashes."""
    return [re.sub(r" last \d+", "", line) for line in found]


@pytest.mark.parametrize(
    ("step", "blocker"),
    [
        ("build", "lock table app.sites in row exclusive mode"),
        ("check", "lock table app.t in access share mode"),
        ("validate", "lock table app.t in share update exclusive mode"),
        ("swap", "comment on view app.v is 'a view'"),
        ("keys", "lock table app.children in share update exclusive mode"),
        ("undo", "comment on view app.v is 'a view'"),
    ],
)
def test_killed_in_a_step(everything: Database, step: str, blocker: str) -> None:
    before, plain = _but_numbers(lines(everything)), _but_numbers(lines(everything, plain=True))
    rows = everything.query("select * from app.t order by id")
    if step == "undo":
        convert(everything, "'app.t', '1 day'")
        _kill_in_mid_step(everything, "'app.t', p_undo => true", blocker)
    else:
        if step != "build":
            until_step(everything, "'app.t', '1 day'", step)
        _kill_in_mid_step(everything, "'app.t', '1 day'", blocker)
        assert stands_at(everything) == step
        convert(everything, "'app.t', '1 day'")
        assert _but_numbers(lines(everything)) == before
        assert everything.query("select * from app.t order by id") == rows
    convert(everything, "'app.t', p_undo => true")
    assert _but_numbers(lines(everything, plain=True)) == plain
    assert everything.query("select * from app.t order by id") == rows


MANY_AHEAD = (
    "insert into agg select 'new', localtimestamp + interval '8 days' + make_interval(secs => i), 1"
    " from generate_series(1, 5000) as i"
)


@pytest.mark.parametrize(
    ("step", "blocker"),
    [
        ("open", "lock table agg_old in access share mode"),
        ("move", "select from only {last} order by at desc offset 100 limit 1 for update"),
        ("close", "lock table {last} in access share mode"),
    ],
)
def test_killed_while_rows_move_back(counters: Database, step: str, blocker: str) -> None:
    plain = lines(counters, "public.agg", plain=True)
    convert(counters, "'agg', '1 day'")
    sql(counters, MANY_AHEAD)
    last = counters.value("select tableoid::regclass::text from agg where client = 'new' limit 1")
    rows = counters.query("select * from agg order by 1, 2")
    until_step(counters, "'agg', p_undo => true", step)
    _kill_in_mid_step(counters, "'agg', p_undo => true", blocker.format(last=last))
    assert stands_at(counters) == step
    assert counters.query("select * from agg order by 1, 2") == rows
    convert(counters, "'agg', p_undo => true")
    assert lines(counters, "public.agg", plain=True) == plain
    assert counters.query("select * from agg order by 1, 2") == rows


@pytest.mark.parametrize("step", ["check", "validate", "swap"])
def test_undone_before_the_swap(everything: Database, step: str) -> None:
    plain = lines(everything, plain=True)
    until_step(everything, "'app.t', '1 day'", step)
    convert(everything, "'app.t', p_undo => true")
    assert lines(everything, plain=True) == plain
    convert(everything, "'app.t', '1 day'")


class Writers:
    """Threads that count up: what they were told is done, and how long they waited for it at most."""

    def __init__(self, database: Database, count: int = 3) -> None:
        self.done: Counter[tuple[str, str]] = Counter()
        self.longest = 0.0
        self.sent_again = 0
        self.errors: list[psycopg.Error] = []
        self.ahead = False
        self._database = database
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=[i], daemon=True) for i in range(count)]

    def _work(self, number: int) -> None:
        try:
            with self._database.connect() as connection:
                for i in range(10**9):
                    if self._stop.is_set():
                        return
                    days = 8 if self.ahead and i % 2 else 0
                    self._count_up(connection, f"w{(number + i) % 4}", i % 5, days)
        except psycopg.Error as error:
            self.errors.append(error)

    def _count_up(self, connection: psycopg.Connection[Any], client: str, minute: int, days: int) -> None:
        while True:
            begun = time.monotonic()
            try:
                found = connection.execute(
                    "insert into agg as a (client, at, n) values (%s, date_trunc('day', localtimestamp)"
                    " + make_interval(mins => %s, days => %s), 1)"
                    " on conflict (client, at) do update set n = a.n + 1 returning at::text",
                    [client, minute, days],
                ).fetchone()
            except psycopg.errors.SerializationFailure:
                self.sent_again += 1
                continue
            break
        assert found is not None
        with self._lock:
            self.longest = max(self.longest, time.monotonic() - begun)
            self.done[client, found[0]] += 1

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        self.go_on(50)
        return self

    def go_on(self, count: int) -> None:
        """Wait until so many more are done."""
        done = sum(self.done.values())
        until(lambda: self.errors or sum(self.done.values()) >= done + count)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


def test_nothing_that_is_written_meanwhile_gets_lost(counters: Database) -> None:
    before = counters.value("select sum(n) from agg")
    with Writers(counters) as writers:
        convert(counters, "'agg', '1 day'")
        assert stands_at(counters) == "done"
        writers.ahead = True
        writers.go_on(300)
        sql(counters, MANY_AHEAD.replace("8 days", "9 days"))
        convert(counters, "'agg', p_undo => true")
        writers.go_on(100)
    assert writers.errors == []
    found = counters.query("select client, at::text, n from agg where client like 'w%%'")
    assert {(row["client"], row["at"]): row["n"] for row in found} == dict(writers.done)
    assert counters.value("select sum(n) from agg") == before + 5000 + sum(writers.done.values())
    assert counters.query("select relname from pg_class where relname ~ '^agg_' and relkind in ('r', 'p')") == []
    assert counters.query("select proname from pg_proc where pronamespace = 'public'::regnamespace") == []


@contextmanager
def _reader(database: Database) -> Iterator[None]:
    with database.connect() as connection, connection.transaction():
        connection.execute("select from agg limit 1")
        yield


def test_writers_do_not_wait_behind_us_for_a_long_reader(counters: Database) -> None:
    until_step(counters, "'agg', '1 day'", "swap")
    with Writers(counters) as writers:
        call = Pass(counters)
        call.statement = "call maint.convert('agg', '1 day')"
        with call:
            with _reader(counters):
                until(lambda: call.running and counters.value("select tries from maint.conversions") >= 3, 60)
                time.sleep(1.5)
                assert call.running
                assert stands_at(counters) == "swap"
            assert call.wait().error is None
    assert writers.errors == []
    # Without lock_timeout they would have waited for as long as the reader was there.
    assert writers.longest < 0.8
    assert stands_at(counters) == "done"


def test_cleanup_goes_on_with_the_partitions(counters: Database) -> None:
    sql(
        counters,
        "update agg set at = at - interval '40 days' where client <> 'c0'",
        "select maint.add_hold('agg', $$client = 'c1'$$, 'case 17')",
        "analyze agg",
    )
    held = counters.value("select count(*) from agg where client = 'c1'")
    convert(counters, "'agg', '1 day'")
    (policy,) = counters.query(
        "select p.relation_id = 'agg'::regclass as bound, p.partition_interval::text as every,"
        " h.relation_id = 'agg'::regclass as held from maint._policy as p cross join maint._hold as h"
    )
    assert policy == {"bound": True, "every": "1 day", "held": True}
    with Pass(counters, "'agg'") as call:
        assert call.wait().error is None
    expired = "from agg where at < localtimestamp - interval '30 days'"
    assert counters.query(f"select client, count(*) {expired} group by 1") == [{"client": "c1", "count": held}]
    convert(counters, "'agg', p_undo => true")
    assert counters.value("select relation_id = 'agg'::regclass from maint._hold") is True
    sql(counters, "select maint.release_hold(1, 'closed')")
    with Pass(counters, "'agg'") as call:
        assert call.wait().error is None
    assert counters.value(f"select count(*) {expired}") == 0


def test_a_pass_that_is_under_way_stops(database: Database) -> None:
    table = Table.make(database, expired=1000)
    sql(database, "alter table app.events drop constraint events_pkey, add primary key (id, at)")
    with Pass(database, "'app.events'") as call:
        until(table.under_way)
        convert(database, "'app.events', '1 month'")
        assert call.wait().error is None
    last = table.last_run()
    assert last["stop_reason"] == "interrupted"
    assert last["detail"] == "the policy was changed; the next pass follows the new one"
    table.fast()
    table.assert_finishes()


REFUSED = {
    "the primary key t_pkey of app.t does not contain at": "alter table app.children drop constraint children_t|"
    " drop view app.grouped| alter table app.t drop constraint t_pkey, add constraint t_pkey primary key (id)",
    "the unique index t_x of app.t does not contain at": "create unique index t_x on app.t (id)",
    "column at of app.t may be null": "alter table app.children drop constraint children_t|"
    " drop view app.grouped| alter table app.t drop constraint t_pkey, alter at drop not null",
    "is deferrable": "alter table app.t add constraint t_u unique (value, at) deferrable",
    "the exclusion constraint t_x of app.t": "alter table app.t add constraint t_x exclude (id with =)",
    "takes part in table inheritance": "create table app.t2 () inherits (app.t)",
    "is unlogged": "alter table app.children drop constraint children_t|"
    " alter table app.t drop constraint t_site| alter table app.t set unlogged",
    "constraint c of app.t is not validated": "alter table app.t add constraint c check (value > 1) not valid",
    "foreign key t_site of app.t is not enforced everywhere": "root: alter table app.t disable trigger all",
    "foreign key children_t of app.children is not enforced everywhere": "root: alter table app.children"
    " disable trigger all",
    "constraint c of app.t is of the whole row": "alter table app.t add constraint c check (t is distinct from null)",
    "constraint c of app.t is NO INHERIT": "alter table app.t add constraint c check (value > 0) no inherit",
    "foreign key children_t of app.children is not validated": "alter table app.children drop constraint children_t,"
    " add constraint children_t foreign key (t_id, t_at) references app.t not valid",
    "foreign key k of app.t references the table itself": "alter table app.t"
    " add constraint k foreign key (id, at) references app.t",
    "constraint trigger": "create constraint trigger c after insert on app.t for each row execute function app.seen()",
    "view app.m depends on app.t": "create materialized view app.m as select id from app.t",
    "function app.f(app.t) depends on app.t": "create function app.f(app.t) returns integer language sql as 'select 1'",
    "function app.g() depends on app.t": "create function app.g() returns bigint language sql"
    " begin atomic select max(id) from app.t; end",
    "table app.x depends on app.t": "create table app.x (x app.t)",
    "policy p on table app.sites depends on app.t": "create policy p on app.sites"
    " using (id in (select site_id from app.t))",
    "uses transition tables": "create trigger tt after insert on app.t referencing new table as n"
    " for each row execute function app.seen()",
    "default value for column n of table app.o depends on app.t": "create table app.o"
    " (n bigint default nextval('app.t_id_seq'))",
    "column at of app.t has no default and is filled by a trigger": "create function app.fill() returns trigger"
    " language plpgsql as 'begin new.at := coalesce(new.at, now()); return new; end'|"
    " create trigger fill before insert on app.t for each row execute function app.fill()",
    "publication q would publish the partitions": "create publication q for table app.t",
    "publication r would publish the partitions": "root: create publication r for all tables",
    "publication s has to be changed, and only its owner may": "root: create publication s for table app.t"
    " with (publish_via_partition_root = true)",
    "app.t has an access method of its own": "root: create access method other type table"
    " handler heap_tableam_handler| alter table app.t set access method other",
    "app.t is a table of a type": "create type app.row as (id bigint, at timestamptz, site_id integer,"
    ' serial_no bigint, ticket bigint, value double precision, twice double precision, note text collate "C")|'
    " alter table app.t of app.row",
    "of_mine depends on app.t": "create temporary view of_mine as select id from app.t",
    "trigger secret of app.t has to be made again, and role maint_owner may not": "root: create function app.secret()"
    " returns trigger language plpgsql as 'begin return null; end'| root: create trigger secret after insert on app.t"
    " for each statement execute function app.secret()| root: revoke execute on function app.secret() from public",
}


@pytest.mark.parametrize("reason", list(REFUSED))
def test_what_cannot_be_carried_over_is_refused(root: psycopg.Connection[Any], reason: str) -> None:
    root.execute("set local role maint_owner")
    root.execute(EVERYTHING.encode())
    root.execute("select maint.set_policy('app.t', '7 days', p_column => 'at')")
    root.execute("select from maint._convert_plan('app.t', '1 day', null, null, false)")
    root.execute("reset role")
    for statement in REFUSED[reason].split("| "):
        root.execute(f"set local role {'none' if statement.startswith('root: ') else 'maint_owner'}".encode())
        root.execute(statement.removeprefix("root: ").encode())
    root.execute("set local role maint_owner")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused:
        root.execute("select from maint._convert_plan('app.t', '1 day', null, null, false)")
    assert reason in str(refused.value.diag.message_primary)
    assert refused.value.diag.message_hint


def test_rotation_goes_on_where_the_conversion_ended(everything: Database) -> None:
    convert(everything, "'app.t', '1 day', p_premake => 2")
    sql(everything, "select maint.set_policy('app.t', p_premake => 12)")
    call = Pass(everything)
    call.statement = "call maint.rotate('app.t')"
    with call:
        assert call.wait().error is None
    bounds = everything.query(
        "select p.lower_at::text, p.upper_at::text from maint.partitions as p where p.table_name = 't'"
        " order by p.upper_at"
    )
    assert len(bounds) > 5
    assert all(one["upper_at"] == other["lower_at"] for one, other in pairwise(bounds))
    names = everything.query(
        "select i.inhrelid::regclass::text as name from pg_inherits as i where i.inhparent = 'app.t'::regclass"
        " and i.inhrelid <> 'app.t_old'::regclass"
    )
    alike = [
        [re.sub(r"\b(app\.)?\"?t_p\w+", "…", line) for line in lines(everything, row["name"]) if "privilege" in line]
        for row in names
    ]
    assert alike == alike[:1] * len(names)


def test_health_tells_of_one_that_was_left(everything: Database) -> None:
    until_step(everything, "'app.t', '1 day'", "swap")
    found = "select status, object, remediation from maint.health where check_id = 'conversions'"
    assert everything.query(found)[0]["status"] == "ok"
    sql(everything, "update maint._conversion set changed_at = changed_at - interval '10 minutes'")
    assert everything.query(found) == [
        {"status": "warning", "object": "app.t", "remediation": "call maint.convert('app.t');"}
    ]
    sql(everything, "update maint._conversion set boundary = now() + interval '1 day'")
    assert everything.query(found)[0]["status"] == "critical"


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date", "integer", "bigint"])
def test_every_kind_of_time(database: Database, kind: str) -> None:
    value = {"integer": "extract(epoch from {})::integer", "bigint": "(extract(epoch from {}) * 1000)::bigint"}.get(
        kind, "({})::" + kind
    )
    unit = {"integer": "p_epoch_unit => 's', ", "bigint": "p_epoch_unit => 'ms', "}.get(kind, "")
    sql(
        database,
        f"create table e (id integer, at {kind} not null, primary key (id, at))",
        f"insert into e select i, {value.format('now() - make_interval(days => i)')} from generate_series(1, 50) as i",
        "create index on e (at)",
        f"select maint.set_policy('e', '7 days', p_column => 'at', {unit} p_time_zone => 'Europe/Berlin')",
    )
    convert(database, "'e', '1 week'")
    sql(
        database,
        f"insert into e select i, {value.format('now() + interval $$15 days$$')} from generate_series(1, 3) as i",
    )
    assert database.value("select count(*) from e") == 53
    assert database.value("select count(*) from e_old") == 50
    convert(database, "'e', p_undo => true")
    assert database.value("select count(*) from only e") == 53


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'agg'", "a conversion needs the interval"),
        ("'agg', '3 seconds'", "the interval of partitions cannot be"),
        ("'agg', '1 month 3 days'", "the interval of partitions cannot be"),
        ("'agg', '1 day', p_premake => 501", "premake cannot be 501"),
        ("'agg', '1 day', p_boundary => now() + interval '10 days'", "is not where a partition of 1 day begins"),
        ("'agg', '1 day', p_boundary => date_trunc('day', now())", "rows may come after"),
        ("'agg', p_undo => true", "there is no conversion of public.agg to undo"),
        ("'pg_class', '1 day'", "there is no policy on pg_catalog.pg_class"),
    ],
)
def test_bad_arguments(counters: Database, arguments: str, message: str) -> None:
    with pytest.raises(psycopg.Error, match=message):
        convert(counters, arguments)
    assert counters.query("select * from maint.conversions") == []


def test_a_superuser_neither_converts_nor_undoes_what_others_own(counters: Database) -> None:
    with counters.superuser() as root:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="would run as superuser"):
            root.execute("call maint.convert('agg', '1 day')")
        convert(counters, "'agg', '1 day'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="would run as superuser"):
            root.execute("call maint.convert('agg', p_undo => true)")
    assert counters.value("select step from maint.conversions") == "done"


def test_it_is_told_from_the_command_line(counters: Database, cli: Cli) -> None:
    dry = cli.here("partition", "convert", "agg", "--interval", "1 day", "--dry-run", "--dsn", counters.dsn)
    assert dry.returncode == 0, dry
    assert [line.split()[0] for line in dry.stdout.splitlines()] == [
        "step",
        "build",
        "check",
        "validate",
        "swap",
        "keys",
    ]
    assert counters.query("select * from maint.conversions") == []
    done = cli.here("partition", "convert", "agg", "--interval", "1 day", "--json", "--dsn", counters.dsn)
    assert done.returncode == 0, done
    assert '"step": "done"' in done.stdout
    again = cli.here("partition", "convert", "agg", "--interval", "1 day", "--dsn", counters.dsn)
    assert again.returncode == 2
    assert "is partitioned already" in again.stderr
    undo = cli.here("partition", "convert", "agg", "--undo", "--dry-run", "--dsn", counters.dsn)
    assert "agg_old becomes public.agg again" in undo.stdout
    undone = cli.here("partition", "convert", "agg", "--undo", "--dsn", counters.dsn)
    assert undone.returncode == 0, undone
    assert "is a plain table again" in undone.stderr
