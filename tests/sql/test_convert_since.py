"""What users do to a table between two steps of its conversion, while it is undone, or since: nothing is lost by it."""

from __future__ import annotations

import threading

import psycopg
import pytest
from support import Cli, Cluster, Database, LocalCluster, running
from support.conversions import EVERYTHING, convert, lines, make_counters, one_step, stands_at, until_step
from support.passes import Pass, until
from support.rotations import sql

AHEAD = "localtimestamp::timestamp(0) + interval '8 days'"
MANY_AHEAD = f"insert into agg select 'new', {AHEAD} + make_interval(secs => i), 1 from generate_series(1, 3000) as i"

OUTSIDE = "select min(tableoid::regclass::text) from agg where client = 'new' and tableoid <> 'agg'::regclass"
# Rows move newest first.
WAITING = "select min(at) from agg where client = 'new'"


@pytest.fixture
def counters(database: Database) -> Database:
    make_counters(database)
    return database


@pytest.fixture
def moving(counters: Database) -> Database:
    """A conversion of agg that is being undone, with most of the rows from outside still to be moved."""
    convert(counters, "'agg', '1 day'")
    sql(counters, MANY_AHEAD)
    until_step(counters, "'agg', p_undo => true", "move")
    return counters


def undo(database: Database, table: str = "agg") -> None:
    convert(database, f"'{table}', p_undo => true")
    assert stands_at(database) == "undone"


@pytest.mark.parametrize("statement", ["update agg set n = n + 1", "delete from agg"])
def test_a_row_that_is_written_while_it_moves(moving: Database, statement: str) -> None:
    """The writer waits for the batch, and finds the row where it is then."""
    written: list[int] = []
    child = moving.value(OUTSIDE)
    target = moving.value(f"select at::text from only {child} order by at desc limit 1")

    def write() -> None:
        with moving.connect() as writer:
            written.append(writer.execute(f"{statement} where client = 'new' and at = '{target}'".encode()).rowcount)

    thread = threading.Thread(target=write)
    with moving.connect() as mover:
        mover.autocommit = False
        mover.execute("select maint._convert_move(c, 1000, 200) from maint._conversion as c where c.step = 'move'")
        thread.start()
        until(lambda: moving.query("select from pg_locks where not granted"))
        mover.commit()
    thread.join(30)
    assert written == [1]
    undo(moving)
    left = moving.query("select n from agg where client = 'new' and at = %s::timestamp", target)
    assert left == ([{"n": 2}] if "update" in statement else [])


def test_nobody_waits_while_rows_rest(moving: Database) -> None:
    """Between two batches nothing is locked that a writer needs, for three times as long as the batch took."""
    seen: list[int] = []
    looks = (
        "select (select count(*) from pg_locks as l where l.pid = a.pid and l.granted"
        " and l.relation = 'agg'::regclass and l.mode in ('ShareRowExclusiveLock', 'AccessExclusiveLock')) as locks"
        " from pg_stat_activity as a where a.pid = %s and a.wait_event = 'PgSleep'"
    )
    call = Pass(moving)
    call.statement = "call maint.convert('agg', p_undo => true)"
    with call:
        while call.running:
            seen += [row["locks"] for row in moving.query(looks, call.pid)]
        assert call.wait().error is None
    assert stands_at(moving) == "undone"
    assert len(seen) >= 10
    # The next batch may begin between the two looks of one query.
    assert sum(locks > 0 for locks in seen) <= len(seen) / 5


@pytest.mark.parametrize(
    ("key", "statement"),
    [
        ("text", "update agg set client = 'new', at = ({waiting}) where n = 7"),
        ("text", "update agg set client = 'other', at = (select max(at) from agg where n = 8) where at = ({waiting})"),
        ("citext", "insert into agg select 'NEW', ({waiting}), 1 on conflict (client, at) do update set n = 9"),
    ],
)
def test_a_key_stays_unique_while_rows_move(counters: Database, key: str, statement: str) -> None:
    if key == "citext":
        with counters.superuser() as root:
            root.execute("create extension citext")
        sql(counters, "alter table agg alter client type citext")
    convert(counters, "'agg', '1 day'")
    sql(counters, MANY_AHEAD)
    until_step(counters, "'agg', p_undo => true", "move")
    # In the old table: the guard lets by what is new.
    sql(
        counters,
        f"insert into agg values ('c0', {AHEAD} - interval '1 day', 7), ('other', {AHEAD} + interval '1 hour', 8)",
    )
    with pytest.raises(psycopg.errors.SerializationFailure, match="a row with this key is being moved"):
        sql(counters, statement.format(waiting=WAITING))
    undo(counters)
    assert counters.value("select count(*) from agg") == 3000 + 3000 + 2
    assert (
        counters.query("select proname from pg_proc where pronamespace = 'public'::regnamespace and prosrc ~ 'moved'")
        == []
    )


def test_a_trigger_for_statements_is_not_fired_by_rows_that_move(counters: Database) -> None:
    """It stays with the old table, too, which rows are moved into."""
    sql(
        counters,
        "create table total (n bigint)",
        "insert into total values (0)",
        "create function count_up() returns trigger language plpgsql as"
        " $$ begin update total set n = n + (select count(*) from fresh); return null; end $$",
        "create trigger counted after insert on agg referencing new table as fresh"
        " for each statement execute function count_up()",
        "create rule heard as on insert to agg do also notify heard",
    )
    convert(counters, "'agg', '1 day'")
    sql(counters, "alter table agg disable rule heard", MANY_AHEAD)
    assert counters.value("select n from total") == 3000
    told: list[str] = []
    for _ in range(2):
        for call in (
            "select from maint._convert_plan('agg', null, null, null, true)",
            "call maint.convert('agg', p_undo => true)",
        ):
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused, counters.connect() as one:
                one.execute(call.encode())
            assert "rows came in since, and they cannot be moved back" in str(refused.value)
        told = (refused.value.diag.message_hint or "").splitlines()
        for line in told:
            assert line.partition(" -- ")[2].startswith("and when the undo is done: enable ")
    assert sorted(line.partition(";")[0] for line in told) == [
        "alter table public.agg disable trigger counted",
        "alter table public.agg_old disable rule heard",
        "alter table public.agg_old disable trigger counted",
    ]
    sql(counters, *told)
    undo(counters)
    assert counters.value("select n from total") == 3000
    assert counters.value("select count(*) from agg") == 6000


def test_rows_outside_that_are_gone_need_not_be_moved(counters: Database) -> None:
    plain = lines(counters, "public.agg", plain=True)
    convert(counters, "'agg', '1 day'")
    sql(counters, MANY_AHEAD, "create rule heard as on insert to agg do also notify heard")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="rows came in since"):
        convert(counters, "'agg', p_undo => true")
    sql(counters, "delete from agg where client = 'new'")
    undo(counters)
    assert lines(counters, "public.agg", plain=True) == plain


def test_partitions_are_as_closed_as_the_table(database: Database) -> None:
    """Row security and privileges, also those that changed while the conversion was under way."""
    sql(
        database,
        "create schema app",
        "create table app.users (name text primary key)",
        "create table app.t (tenant text, at timestamptz not null, primary key (tenant, at))",
        "create index on app.t (at)",
        "alter table app.t enable row level security",
        "create policy mine on app.t using"
        " (exists (select from app.users as u where u.name = t.tenant and u.name <> 't.tenant''s'))",
        "grant select, insert on app.t to public",
        "grant usage on schema app to public",
        "grant select on app.users to public",
        "revoke truncate on app.t from maint_owner",
        "select maint.set_policy('app.t', '7 days', 'at')",
    )
    until_step(database, "'app.t', '1 day'", "swap")
    sql(database, "revoke insert on app.t from public", "create policy more on app.t for select using (tenant = 'all')")
    convert(database, "'app.t', '1 day'")
    sql(database, "select maint.set_policy('app.t', '7 days', 'at', p_premake => 12)", "call maint.rotate('app.t')")
    found = database.query(
        "select c.relname, c.relrowsecurity, c.relforcerowsecurity, maint._privileges_text(c.oid) as text,"
        " (select count(*) from pg_policy as p where p.polrelid = c.oid) as policies"
        " from pg_class as c"
        " where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and c.relname ~ '^t'"
    )
    assert len(found) >= 7
    assert {(one["relrowsecurity"], one["relforcerowsecurity"], one["policies"]) for one in found} == {(True, False, 2)}
    assert {one["text"].replace(one["relname"], "t") for one in found} == {
        found[0]["text"].replace(found[0]["relname"], "t")
    }
    assert "INSERT" not in found[0]["text"].replace("INSERT f", "", 1)
    assert "TRUNCATE" not in found[0]["text"]


def test_another_table_takes_the_name_before_the_check(counters: Database) -> None:
    until_step(counters, "'agg', '1 day'", "check")
    sql(counters, "alter table agg rename to bak", "create table agg (client text, at timestamp not null)")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="it was renamed"):
        convert(counters, "'bak', '1 day'")
    assert counters.query("select conname from pg_constraint where conrelid = 'agg'::regclass and contype = 'c'") == []
    undo(counters, "bak")
    assert counters.query("select relname from pg_class where relname ~ '_new$'") == []


@pytest.mark.parametrize("place", ["before", "after"])
def test_indexes_that_were_rebuilt(database: Database, place: str) -> None:
    sql(database, EVERYTHING, "select maint.set_policy('app.t', '7 days', p_column => 'at')")
    before, plain = lines(database), lines(database, plain=True)
    if place == "before":
        until_step(database, "'app.t', '1 day'", "swap")
        sql(database, "reindex table concurrently app.t")
    convert(database, "'app.t', '1 day'")
    if place == "after":
        sql(database, "reindex table concurrently app.t_old")
    assert lines(database) == before
    undo(database, "app.t")
    assert lines(database, plain=True) == plain


def test_names_that_are_alike_when_cut(database: Database) -> None:
    long = "a" * 59
    sql(database, "create schema app")
    for name in (f"{long}one", f"{long}two"):
        sql(
            database,
            f"create table app.{name} (at timestamptz not null, n int)",
            f"create index {name[1:]}x on app.{name} (at)",
            f"create index {name[1:]}y on app.{name} (n)",
            f"select maint.set_policy('app.{name}', '7 days', 'at')",
        )
        for _ in range(2):
            one_step(database, f"'app.{name}', '1 day'")
    for name in (f"{long}one", f"{long}two"):
        convert(database, f"'app.{name}', '1 day'")
    assert {row["step"] for row in database.query("select step from maint.conversions")} == {"done"}
    for name in (f"{long}one", f"{long}two"):
        convert(database, f"'app.{name}', p_undo => true")
    found = database.query("select relname from pg_class where relnamespace = 'app'::regnamespace order by 1")
    assert [row["relname"] for row in found] == sorted(
        [f"{long}{end}" for end in ("one", "two")] + [f"{long[1:]}{end}{x}" for end in ("one", "two") for x in "xy"]
    )


def test_what_was_renamed_since_keeps_its_name(database: Database) -> None:
    sql(database, EVERYTHING, "select maint.set_policy('app.t', '7 days', p_column => 'at')")
    convert(database, "'app.t', '1 day'")
    sql(database, "alter table app.t rename to t2", "alter schema app rename to net")
    undo(database, "net.t2")
    assert database.query("select relkind from pg_class where oid = 'net.t2'::regclass") == [{"relkind": "r"}]
    assert database.value("select to_regclass('net.t')") is None
    assert [
        row["conrelid"]
        for row in database.query(
            "select conrelid::regclass::text from pg_constraint where confrelid = 'net.t2'::regclass"
        )
    ] == ["net.children"]


@pytest.mark.parametrize(
    ("since", "message", "hint"),
    [
        (
            "alter table agg detach partition agg_old",
            "agg_old is no partition of public.agg any more",
            "stays as it is",
        ),
        ("drop table agg_old", "agg_old is no partition of public.agg any more", "stays as it is"),
        (
            "create materialized view seen as select n from agg",
            "view public.seen depends on public.agg",
            "Drop the mat",
        ),
        ("create schema other; alter table agg set schema other", "are in different schemas", "set schema other"),
        (
            "create view seen as select * from {child}",
            "other objects depend on it",
            "view public.seen depends on table",
        ),
    ],
)
def test_an_undo_that_cannot_be_says_so(counters: Database, since: str, message: str, hint: str) -> None:
    convert(counters, "'agg', '1 day'")
    child = counters.value("select max(inhrelid::regclass::text) from pg_inherits where inhparent = 'agg'::regclass")
    sql(counters, *since.format(child=child).split("; "))
    table = "other.agg" if "schema" in since else "agg"
    before = counters.query("select oid, relname, relnamespace from pg_class where relname ~ '^agg' order by 1")
    calls = [f"call maint.convert('{table}', p_undo => true)"]
    if "child" not in since:
        calls.append(f"select from maint._convert_plan('{table}', null, null, null, true)")
    for call in calls:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused, counters.connect() as one:
            one.execute(call.encode())
        assert message in str(refused.value.diag.message_primary)
        assert hint in str(refused.value.diag.message_hint)
        assert "CASCADE" not in str(refused.value.diag.message_hint)
    assert counters.query("select oid, relname, relnamespace from pg_class where relname ~ '^agg' order by 1") == before
    convert(counters, f"'{table}'")
    assert stands_at(counters) == "done"


def test_neither_policy_nor_installation_go_while_it_is_half_way(counters: Database, cli: Cli) -> None:
    until_step(counters, "'agg', '1 day'", "validate")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="a conversion of agg is under way"):
        counters.query("select maint.drop_policy('agg')")
    for how in ([], ["--keep-data"]):
        refused = cli.here("uninstall", "--yes", *how, "--dsn", counters.dsn)
        assert refused.returncode == 2
        assert "error: a conversion of public.agg is not done" in refused.stderr
    undo(counters)
    assert cli.here("uninstall", "--yes", "--dsn", counters.dsn).returncode == 0
    assert counters.query("select relname from pg_class where relname ~ '^agg_new'") == []


def test_a_policy_that_was_made_again_comes_along(counters: Database) -> None:
    convert(counters, "'agg', '1 day'")
    counters.query("select maint.drop_policy('agg')")
    convert(counters, "'agg', p_undo => true")
    counters.query("select maint.set_policy('agg', '30 days')")
    convert(counters, "'agg', '1 day'")
    counters.query("select maint.drop_policy('agg')")
    counters.query("select maint.set_policy('agg', '30 days')")
    convert(counters, "'agg', p_undo => true")
    assert counters.query("select relation_id::regclass::text as name, partition_interval from maint._policy") == [
        {"name": "agg", "partition_interval": None}
    ]


def test_two_at_once_are_told(counters: Database) -> None:
    until_step(counters, "'agg', '1 day'", "validate")
    with counters.connect() as other, other.transaction():
        other.execute("select from maint._conversion for update")
        with pytest.raises(psycopg.errors.LockNotAvailable, match="another session is at this conversion"):
            convert(counters, "'agg', '1 day'")


def test_rows_that_are_too_late_are_named(counters: Database) -> None:
    until_step(counters, "'agg', '1 day'", "check")
    sql(counters, "insert into agg values ('late', 'infinity', 1)")
    one_step(counters, "'agg', '1 day'")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused:
        convert(counters, "'agg', '1 day'")
    assert "select * from public.agg where at >= " in str(refused.value.diag.message_hint)
    sql(counters, "delete from agg where at = 'infinity'")
    convert(counters, "'agg', '1 day'")


def test_a_table_of_others_may_be_referenced(counters: Database) -> None:
    """Its owner granted REFERENCES and no more: nothing stops half-way for that, there or back, empty or not."""
    with counters.superuser() as root:
        root.execute("create table sites (client text primary key)")
        root.execute("insert into sites select distinct client from agg union select 'new'")
        root.execute(f"grant references on sites to {counters.owner}".encode())
    sql(counters, "alter table agg add foreign key (client) references sites")
    before = lines(counters, "public.agg")
    convert(counters, "'agg', '1 day'")
    undo(counters)
    assert lines(counters, "public.agg") == before
    convert(counters, "'agg', '1 day'")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        sql(counters, f"insert into agg values ('nowhere', {AHEAD}, 1)")
    sql(counters, MANY_AHEAD)
    undo(counters)
    assert counters.value("select count(*) from agg") == 6000
    assert lines(counters, "public.agg") == before


SLOW = "autovacuum = on\nautovacuum_naptime = 1\ndeadlock_timeout = 100\n"
AT_WORK = "select pid from pg_stat_activity where query ~ '^autovacuum: VACUUM"


@pytest.mark.parametrize("at", ["build", "check", "validate", "keys", "undo", "move"])
def test_autovacuum_gives_way(cluster: Cluster, at: str) -> None:
    assert isinstance(cluster, LocalCluster)
    with running(cluster.another(SLOW)) as own, own.superuser() as root:
        make_counters(own)
        busy = "agg"
        if at == "build":
            busy = "agg_sites"
            sql(
                own,
                "create table agg_sites (client text primary key, n bigint)",
                "insert into agg_sites select 'c' || i, 0 from generate_series(0, 3000) as i",
                "alter table agg add foreign key (client) references agg_sites",
            )
        if at == "keys":
            busy = "agg_notes"
            sql(
                own,
                "create table agg_notes (client text, at timestamp, n bigint, foreign key (client, at) references agg)",
                "insert into agg_notes select client, at, 0 from agg",
            )
        sql(own, f"alter table {busy} set (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)")
        arguments = "'agg', '1 day'"
        if at == "move":
            convert(own, arguments)
            sql(own, MANY_AHEAD)
        if at in ("undo", "move"):
            arguments = "'agg', p_undo => true"
        if at != "build":
            until_step(own, "'agg', '1 day'" if at == "undo" else arguments, "validate" if at == "undo" else at)
        sql(own, f"update {busy} set n = n + 1", f"update {busy} set n = n + 1")
        until(lambda: root.execute(f"{AT_WORK}.*{busy}'".encode()).fetchall(), 60)
        one = Pass(own)
        one.statement = f"call maint.convert({arguments}, p_max_duration => '20 s')"
        with one:
            assert one.wait().error is None, own.query("select * from maint.conversions")


def test_tablespaces_stay_what_they_are(cluster: Cluster) -> None:
    """Of an index with a constraint and of one without; the table itself stays where it is by default."""
    with running(cluster.another()) as own:
        make_counters(own)
        with own.superuser() as root:
            root.execute("set allow_in_place_tablespaces = on")
            for name in ("keys", "others"):
                root.execute(f"create tablespace {name} location ''".encode())
                root.execute(f"grant create on tablespace {name} to {own.owner}".encode())
        sql(own, "alter index agg_pkey set tablespace keys", "alter index agg_at_idx set tablespace others")
        before = own.query(PLACES)
        assert [row["spcname"] for row in before] == [None, "others", "keys"]
        convert(own, "'agg', '1 day'")
        assert own.query(PLACES) == before
        made = own.query(
            "select t.spcname, count(*) > 1 as several from pg_inherits as h join pg_class as c on c.oid = h.inhrelid"
            " left join pg_tablespace as t on t.oid = c.reltablespace group by t.spcname order by t.spcname nulls first"
        )
        assert made == [{"spcname": name, "several": True} for name in (None, "keys", "others")]
        undo(own)
        assert own.query(PLACES) == before


PLACES = """
    select c.relname, t.spcname from pg_class as c left join pg_tablespace as t on t.oid = c.reltablespace
    where c.relname in ('agg', 'agg_at_idx', 'agg_pkey') order by c.relname
"""


def made_of(database: Database) -> list[str]:
    """What agg is made of, and the storage options of it or of all its partitions."""
    options = """
        select distinct c.reloptions, t.reloptions as toast
        from pg_class as c left join pg_class as t on t.oid = c.reltoastrelid
        where c.relkind = 'r' and (c.oid = 'agg'::regclass
            or c.oid in (select inhrelid from pg_inherits where inhparent = 'agg'::regclass))
    """
    return [*lines(database, "public.agg"), *map(str, database.query(options))]


@pytest.mark.parametrize(
    "change",
    [
        "alter table agg add column more int",
        "alter table agg alter n set statistics 500",
        "alter table agg alter n set (n_distinct = 5)",
        "alter table agg alter client set storage external",
        "alter table agg set (fillfactor = 70)",
        "alter table agg set (toast.autovacuum_enabled = false)",
        "alter index agg_pkey set (fillfactor = 70)",
        "create index on agg (n)",
        "create statistics together on client, n from agg",
        "comment on table agg is 'a remark'",
        "comment on column agg.n is 'a remark'",
        "comment on index agg_pkey is 'a remark'",
        "comment on constraint agg_pkey on agg is 'a remark'",
    ],
)
def test_what_changes_after_the_copy_was_built_is_not_lost(change: str, database: Database) -> None:
    """The swap is refused, and after an undo the conversion takes it along."""
    make_counters(database)
    original = made_of(database)
    until_step(database, "'agg', '1 month'", "swap")
    sql(database, change)
    with pytest.raises(
        psycopg.errors.ObjectNotInPrerequisiteState, match="is not what it was when its conversion began"
    ):
        convert(database, "'agg', '1 month'")
    assert stands_at(database) == "swap"
    undo(database)
    changed = made_of(database)
    assert changed != original
    convert(database, "'agg', '1 month'")
    assert database.value("select relkind from pg_class where oid = 'agg'::regclass") == "p"
    assert made_of(database) == changed
