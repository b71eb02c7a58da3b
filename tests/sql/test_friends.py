"""Foreign keys and friends: handled exactly, told, or refused. What is left is what a plain SELECT said before."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support import Database
from support.passes import Pass, Table, until
from support.policies import Connection, listening, refused, rows, set_policy

# 60 expired rows, 20 fresh ones and two that never expire; small batches, so that a pass has several.
FILL = """
insert into t (id, at) select i, now() - interval '30 days' - make_interval(mins => i) from generate_series(1, 60) as i;
insert into t (id, at) select i, now() - make_interval(mins => i) from generate_series(61, 80) as i;
insert into t (id, at) values (81, null), (82, 'infinity');
"""
PLAIN = "create table t (id bigint primary key, at timestamptz); create index on t (at);"
UNEXPIRED = "(at < now() - interval '7 days') is not true"
BOTH = pytest.mark.parametrize("strategy", ["range", "pages"])
Finding = tuple[str, str]


def ids(connection: Connection, table: str = "t", where: str = "true", column: str = "id") -> list[Any]:
    return [row[column] for row in rows(connection, f"select {column} from {table} where {where} order by 1")]


def findings(connection: Connection, level: str) -> list[Finding]:
    """What the plan says of the table, of one level."""
    (plan,) = rows(connection, "select findings from maint.plan('t')")
    ours = ("foreign_key", "foreign_key_hold", "delete_trigger", "unlogged", "publication")
    return [
        (one["detail"], one["fix"]) for one in plan["findings"] if one["level"] == level and one["check_id"] in ours
    ]


def last_run(connection: Connection) -> dict[str, Any]:
    return rows(connection, "select * from maint.runs order by run_id desc limit 1")[0]


def cleaned(connection: Connection, *, strategy: str = "auto", **arguments: object) -> list[tuple[str, str]]:
    """Set the policy, run a pass that must end as done, compare with the oracle; returns the NOTICEs of set_policy."""
    expected = ids(connection, where=UNEXPIRED)
    expired = len(ids(connection)) - len(expected)
    with listening(connection) as told:
        set_policy(connection, "t", "7 days", batch_rows=7, strategy=strategy, **arguments)
    notices = told.of("NOTICE")
    assert [message for message, _ in notices] == [detail for detail, _ in findings(connection, "note")]
    connection.execute("call maint.cleanup(p_duty => 'full')")
    assert ids(connection) == expected
    run = last_run(connection)
    assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", expired, 0)
    return notices


# --- foreign keys ------------------------------------------------------------------------------------------------


def child(action: str, column: str = "t_id bigint") -> str:
    """A table of which every third row of ours has two references, and a row that has none."""
    return (
        f"create table child (n bigint primary key, {column} references t {action});"
        "create index on child (t_id);"
        "insert into child select i, (i / 2) * 3 + 3 from generate_series(0, 51) as i;"
        "insert into child values (99, null)"
    )


@BOTH
def test_cascade_takes_the_referencing_rows_and_no_others(database: Database, strategy: str) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL + child("on delete cascade")).encode())
        expected = ids(connection, "child left join t on t.id = t_id", f"t_id is null or {UNEXPIRED}", "n")
        ((message, _),) = cleaned(connection, strategy=strategy)
        assert message == (
            "foreign key child_t_id_fkey deletes the rows of public.child that reference a deleted row,"
            " expired or not; they are not counted"
        )
        assert ids(connection, "child", column="n") == expected
        assert 0 < len(expected) < 53


@pytest.mark.parametrize(
    ("action", "column", "becomes"),
    [("on delete set null", "t_id bigint", None), ("on delete set default", "t_id bigint default 70", 70)],
)
def test_set_null_and_set_default(database: Database, action: str, column: str, becomes: int | None) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL + child(action, column)).encode())
        before = rows(
            connection, "select n, t_id, at < now() - interval '7 days' as gone from child left join t on id = t_id"
        )
        ((message, _),) = cleaned(connection)
        word = action.removeprefix("on delete set ")
        assert message.endswith(f"sets the rows of public.child that reference a deleted row to {word}")
        after = {row["n"]: row["t_id"] for row in rows(connection, "select n, t_id from child")}
        assert after == {row["n"]: becomes if row["gone"] else row["t_id"] for row in before}


@pytest.mark.parametrize(
    ("action", "column"),
    [
        ("on delete no action", "t_id bigint"),
        ("on delete restrict", "t_id bigint"),
        ("on delete no action deferrable initially deferred", "t_id bigint"),
        ("on delete set null", "t_id bigint not null"),
    ],
)
def test_a_referenced_row_ends_the_pass_and_is_told_beforehand(database: Database, action: str, column: str) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL).encode())
        connection.execute(
            f"create table child ({column} references t {action}); create index on child (t_id);"
            "insert into child values (30)".encode()
        )
        before, unexpired = ids(connection), ids(connection, where=UNEXPIRED)
        with listening(connection) as told:
            set_policy(connection, "t", "7 days", batch_rows=7)
        assert told.of("NOTICE") == [
            (
                "foreign key child_t_id_fkey: a row that public.child references cannot go;"
                " a batch that meets one fails, and the pass with it",
                "Give public.child a policy with a shorter keep, or a foreign key that deletes its rows too.",
            )
        ]
        with pytest.raises(Exception, match=r"did not finish: public\.t: failed"):
            connection.execute("call maint.cleanup(p_duty => 'full')")
        run = last_run(connection)
        assert run["stop_reason"] == "failed"
        # PostgreSQL 18 tells restrict apart from no action.
        restricted = "23001" if database.cluster.version >= 180000 and "restrict" in action else "23503"
        assert run["error_sqlstate"] == ("23502" if "null" in action else restricted)
        left = ids(connection)
        # Only expired rows went, as many as the ledger says, and the batch of the referenced one not at all.
        assert set(before) - set(left) <= set(before) - set(unexpired)
        assert len(before) - len(left) == run["rows"] < 60
        assert 30 in left
        # What was told to do: the reference goes first, and then everything does.
        connection.execute("delete from child")
        connection.execute("call maint.cleanup(p_duty => 'full')")
        assert ids(connection) == unexpired


def test_references_that_nobody_makes_are_in_nobodys_way(database: Database) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL).encode())
        connection.execute(b"create table child (t_id bigint references t); create index on child (t_id)")
        connection.execute("insert into child values (70), (null)")
        cleaned(connection)
        assert ids(connection, "child", column="t_id") == [70, None]


CYCLE = (
    PLAIN + "create table a (id bigint primary key, t_id bigint references t on delete cascade);"
    "create index on a (t_id); alter table t add a_id bigint references a on delete {0}; create index on t (a_id);"
)


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (PLAIN + "alter table t add parent bigint references t on delete {0}; create index on t (parent);", "parent"),
        (CYCLE, "a_id"),
    ],
)
def test_a_cascade_that_comes_back_is_refused_because_fresh_rows_would_go(
    database: Database, make: str, key: str
) -> None:
    with database.connect() as connection:
        connection.execute((make.format("cascade") + FILL).encode())
        said = refused(connection, "t", "7 days")
        assert said.message == (
            f"cannot clean public.t: foreign key t_{key}_fkey of public.t deletes what references a deleted row,"
            " and would take rows that are not expired"
        )
        connection.execute(said.hint.encode())
        cleaned(connection)


def test_a_table_that_references_itself_with_set_null(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(PLAIN.encode() + FILL.encode())
        connection.execute(
            b"alter table t add parent bigint references t on delete set null; create index on t (parent);"
            b"update t set parent = id - 50 where id > 50"
        )
        fresh = rows(
            connection, "select id, case when id > 110 then parent end as parent from t where id > 60 order by id"
        )
        cleaned(connection)
        assert rows(connection, "select id, parent from t order by id") == fresh


def test_a_cascade_from_partitions_to_partitions(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            b"create table t (id bigint primary key, at timestamptz) partition by range (id);"
            b"create table t1 partition of t for values from (-10) to (40);"
            b"create table t2 partition of t default; create index on t (at);"
            b"create table c (n bigint, t_id bigint references t on delete cascade) partition by list (n);"
            b"create table c1 partition of c for values in (1); create table c2 partition of c default;"
            b"create index on c (t_id)"
        )
        connection.execute(FILL.encode() + b"insert into c select id % 2, id from t")
        expected = ids(connection, "c join t on id = t_id", UNEXPIRED, "t_id")
        assert len(cleaned(connection)) == 1
        assert ids(connection, "c", column="t_id") == expected


def test_a_trigger_behind_a_cascade_counts_like_one_of_the_table(database: Database) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL + child("on delete cascade")).encode())
        connection.execute(
            b"create table gone (n bigint);"
            b"create function note() returns trigger language plpgsql as"
            b" 'begin insert into gone values (old.n); return old; end';"
            b"create trigger watch after delete on child for each row execute function note()"
        )
        said = refused(connection, "t", "7 days")
        assert "delete trigger watch of public.child calls public.note()" in said.message
        connection.execute(said.hint.encode())
        before = ids(connection, "child", column="n")
        cleaned(connection)
        assert ids(connection, "gone", column="n") == sorted(set(before) - set(ids(connection, "child", column="n")))


def test_a_held_row_does_not_go_with_its_parent(database: Database) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL + child("on delete cascade")).encode())
        connection.execute("select maint.add_hold('child', 'n = 1', 'the court asked')")
        said = refused(connection, "t", "7 days")
        assert said.message == (
            "cannot clean public.t: rows of public.child are deleted with the rows they reference,"
            " and that table has holds"
        )
        connection.execute("select maint.release_hold(1, 'the court has seen it')")
        cleaned(connection)


def test_a_hold_in_mid_pass_binds_the_parents_pass_too(database: Database) -> None:
    table = Table.make(database, expired=400, batch_rows=20, slow=0.05)
    with database.connect() as connection:
        connection.execute(b"create table child (id bigint references app.events on delete cascade)")
        connection.execute(b"create index on child (id); insert into child select id from app.events")
        with Pass(database, "'app.events'") as under_way:
            until(table.under_way)
            connection.execute("select maint.add_hold('child', p_reason => 'the court asked')")
            held = ids(connection, "child")
            until(lambda: not under_way.running)
        assert table.last_run()["stop_reason"] == "interrupted"
        with pytest.raises(Exception, match="and that table has holds"):
            connection.execute("call maint.cleanup('app.events')")
        assert ids(connection, "child") == held
        assert 50 < len(held) < 450


# --- triggers and rules ------------------------------------------------------------------------------------------


def trigger(body: str, when: str = "before delete on t for each row") -> bytes:
    return (
        f"create function f() returns trigger language plpgsql set search_path = public as $$ begin {body} end $$;"
        f"create trigger watch {when} execute function f()"
    ).encode()


@pytest.mark.parametrize(("strategy", "ties"), [("range", False), ("range", True), ("pages", True)])
def test_rows_that_a_trigger_keeps_stay_and_the_pass_ends(database: Database, strategy: str, ties: bool) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL).encode())
        if ties:
            connection.execute("update t set at = now() - interval '30 days' where id <= 60")
        connection.execute(trigger("if old.id % 2 = 0 then return null; end if; return old;"))
        expected = ids(connection, where=f"id % 2 = 0 or {UNEXPIRED}")
        with listening(connection) as told:
            set_policy(connection, "t", "7 days", batch_rows=7, strategy=strategy)
            connection.execute("call maint.cleanup(p_duty => 'full')")
        assert ids(connection) == expected
        run = last_run(connection)
        assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", 30, 30)
        first, last = (message for message, _ in told.of("NOTICE"))
        assert first.startswith("trigger watch of public.t runs before each delete: rows that it keeps stay")
        # What stays is told.
        assert re.search(r"public\.t: done, 30 rows .* 30 .*", last)


@BOTH
def test_a_trigger_that_marks_instead_of_deleting(database: Database, strategy: str) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL).encode())
        connection.execute(b"alter table t add deleted boolean not null default false")
        connection.execute(trigger("update t set deleted = true where id = old.id; return null;"))
        before, expired = ids(connection), ids(connection, where="at < now() - interval '7 days'")
        set_policy(connection, "t", "7 days", batch_rows=40, strategy=strategy)
        connection.execute("call maint.cleanup(p_duty => 'full')")
        assert (last_run(connection)["stop_reason"], last_run(connection)["rows"]) == ("done", 0)
        assert ids(connection) == before
        assert ids(connection, where="deleted") == expired


@pytest.mark.parametrize(
    ("strategy", "when"), [("range", "after delete on t for each row"), ("pages", "before delete on t for each row")]
)
def test_late_rows_from_a_trigger_go_in_the_same_pass(database: Database, strategy: str, when: str) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL).encode())
        # Each of the 60 leaves one expired row behind the scan; those leave none.
        connection.execute(
            trigger(
                "if old.id <= 60 then insert into t values (old.id + 1000, old.at - interval '1 day'); end if;"
                " return old;",
                when,
            )
        )
        expected = ids(connection, where=UNEXPIRED)
        set_policy(connection, "t", "7 days", batch_rows=7, strategy=strategy)
        connection.execute("call maint.cleanup(p_duty => 'full')")
        run = last_run(connection)
        assert (run["stop_reason"], run["rows"], run["debt_rows"]) == ("done", 120, 0)
        assert ids(connection) == expected


@BOTH
def test_a_trigger_that_always_inserts_ends_at_the_deadline(database: Database, strategy: str) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL + "create sequence s start 1000;").encode())
        connection.execute(trigger("insert into t values (nextval('s'), old.at); return old;"))
        expected = ids(connection, where=UNEXPIRED)
        set_policy(connection, "t", "7 days", batch_rows=7, strategy=strategy)
        connection.execute("call maint.cleanup(p_max_duration => '1 s', p_duty => 'full')")
        run = last_run(connection)
        assert (run["stop_reason"], run["debt_rows"]) == ("deadline", 60)
        assert run["rows"] > 60
        assert ids(connection, where=UNEXPIRED) == expected


def test_a_statement_trigger_sees_each_batch_and_a_disabled_one_none(database: Database) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL + "create table seen (n bigint);").encode())
        connection.execute(
            trigger("insert into seen select count(*) from gone; return null;",
                    "after delete on t referencing old table as gone for each statement")
        )  # fmt: skip
        assert cleaned(connection) == []
        assert sum(ids(connection, "seen", column="n")) == 60
        connection.execute("delete from seen; alter table t disable trigger watch")
        connection.execute("update t set at = now() - interval '30 days' where id < 70")
        connection.execute("call maint.cleanup(p_duty => 'full')")
        assert (last_run(connection)["rows"], ids(connection, "seen", column="n")) == (9, [])


def test_a_rule_is_refused_and_one_that_is_off_is_none(database: Database) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN + FILL + "create rule kept as on delete to t do instead nothing").encode())
        assert "rule kept of public.t makes another statement of a DELETE" in refused(connection, "t", "7 days").message
        connection.execute("alter table t disable rule kept")
        cleaned(connection)


# --- kinds of tables ---------------------------------------------------------------------------------------------


def test_a_generated_time_column(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            b"create table t (id bigint primary key, ms bigint, at timestamptz generated always as"
            b" (to_timestamp(ms / 1000.0)) stored); create index on t (at);"
            b"insert into t (id, ms) select i, (extract(epoch from now()) - i * 86400) * 1000"
            b" from generate_series(1, 30) as i"
        )
        connection.execute("insert into t (id, ms) values (31, null)")
        cleaned(connection)
        assert ids(connection) == [1, 2, 3, 4, 5, 6, 31]


def test_an_unlogged_table_is_cleaned_and_told(database: Database) -> None:
    with database.connect() as connection:
        connection.execute((PLAIN.replace("create table", "create unlogged table") + FILL).encode())
        assert cleaned(connection) == [
            (
                "public.t is unlogged: a crash empties it, expired or not, and standbys have none of it",
                "alter table public.t set logged; -- writes all of it to the WAL",
            )
        ]


def test_forced_row_security_hides_nothing_from_the_oracle(database: Database) -> None:
    with database.connect() as connection, database.superuser() as root:
        connection.execute((PLAIN + FILL).encode())
        connection.execute(b"create policy a_few on t using (id > 30); alter table t enable row level security")
        # The owner is not filtered; forced, it would be, and is refused.
        cleaned(connection)
        root.execute("insert into t select i, now() - interval '30 days' from generate_series(1, 60) as i")
        connection.execute("alter table t force row level security")
        with pytest.raises(Exception, match="row security would hide rows"):
            connection.execute("call maint.cleanup()")
        assert rows(root, "select count(*) as n from t") == [{"n": 82}]


@pytest.mark.parametrize("identity", ["default", "full", "using index u"])
def test_a_published_table_with_an_identity_is_cleaned(database: Database, identity: str) -> None:
    with database.connect() as connection, database.superuser() as root:
        connection.execute((PLAIN + FILL + "alter table t add k bigint generated always as identity;").encode())
        connection.execute(f"create unique index u on t (k); alter table t replica identity {identity}".encode())
        root.execute(b"create publication feed for table t")
        cleaned(connection)
        assert [detail for detail, _ in findings(connection, "warning")] == [
            "publication feed carries the deletes of public.t to its subscribers"
        ]


@pytest.mark.parametrize(
    ("make", "publish", "why"),
    [
        ("alter table t replica identity using index u; drop index u", "table t", "has no replica identity"),
        ("alter table t drop constraint t_pkey, add primary key (id) deferrable", "table t", "has no replica identity"),
        ("select", "table t where (k > 0)", "by columns outside its replica identity"),
        ("select", "table t (at, k)", "by columns outside its replica identity"),
        ("alter table t replica identity full", "table t (id)", "by columns outside its replica identity"),
        ("select", "table t where (id > 0)", None),
        ("alter table t replica identity full", "table t where (k > 0)", None),
        ("select", "table t (id, k)", None),
    ],
)
def test_what_a_publication_needs_of_a_delete(database: Database, make: str, publish: str, why: str | None) -> None:
    with database.connect() as connection, database.superuser() as root:
        connection.execute((PLAIN + FILL + "alter table t add k bigint generated always as identity;").encode())
        connection.execute(f"create unique index u on t (k); {make}".encode())
        root.execute(f"create publication feed for {publish}".encode())
        if why is not None:
            said = refused(connection, "t", "7 days")
            assert why in said.message
            with pytest.raises(Exception, match="cannot delete from table"):
                connection.execute("delete from t")
            root.execute(said.hint.encode())
        cleaned(connection)


def test_a_publication_by_the_root_asks_for_the_identity_of_the_leaves(database: Database) -> None:
    with database.connect() as connection, database.superuser() as root:
        connection.execute(
            b"create table t (id bigint, at timestamptz) partition by range (id);"
            b"create table t1 partition of t default; create index on t (at)"
        )
        connection.execute(FILL.encode())
        root.execute(b"create publication feed for table t with (publish_via_partition_root)")
        said = refused(connection, "t", "7 days")
        assert (
            "carries the deletes of public.t1 to its subscribers, and the table has no replica identity" in said.message
        )
        connection.execute(b"alter table t1 replica identity full")
        cleaned(connection)
