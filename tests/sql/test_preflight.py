"""What keeps a role from cleaning a table, or slows it, is found beforehand, and the printed SQL really mends it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from support import Cluster, Database
from support.cluster import OWNER
from support.policies import Connection, Refusal, listening, refusal, refused, rows, set_policy

RUNNER = "preflight_runner"
OTHER = "preflight_other"


@pytest.fixture(scope="module", autouse=True)
def roles(cluster: Cluster) -> None:
    """Two ordinary roles: one that runs passes (a member of the owner), one that owns tables."""
    with cluster.connect() as connection:
        for role in (RUNNER, OTHER):
            if not rows(connection, "select from pg_roles where rolname = %s", role):
                connection.execute(f"create role {role}".encode())
        connection.execute(f"grant {OWNER} to {RUNNER}".encode())


@pytest.fixture
def strange(root: Connection) -> Connection:
    """The superuser, in a transaction, with a table of another role that the owner of our schema may not touch."""
    root.execute(
        b"create table t (at timestamptz, ok boolean); create index on t (at); insert into t values ('2020-01-01')"
    )
    root.execute(f"alter table t owner to {OTHER}".encode())
    # The owner of a database may ANALYZE everything in it; take that away.
    root.execute("alter database shared owner to postgres")
    return root


def become(connection: Connection, role: str) -> None:
    connection.execute(f"set local role {role}".encode())


def mend(connection: Connection, said: Refusal) -> None:
    """Run what was printed, as the superuser, and become the runner again."""
    connection.execute("reset role")
    connection.execute(said.hint.encode())
    become(connection, RUNNER)


# --- privileges --------------------------------------------------------------------------------------------------


def test_each_missing_privilege_is_refused_with_the_grant_that_mends_it(strange: Connection) -> None:
    become(strange, RUNNER)
    said = refused(strange, "t", "7 days")
    assert said.sqlstate == "42501"
    assert said.message == f"cannot clean public.t: role {RUNNER} has no DELETE privilege on public.t"
    assert said.hint == f"grant delete on public.t to {RUNNER};"
    # What else is missing is told at once, not one by one.
    assert f"role {RUNNER} has no SELECT privilege on public.t" in said.detail
    assert f"role {RUNNER} may not ANALYZE public.t" in said.detail

    mend(strange, said)
    said = refused(strange, "t", "7 days")
    assert said.hint == f"grant select on public.t to {RUNNER};"

    mend(strange, said)
    said = refused(strange, "t", "7 days")
    assert said.message == f"cannot clean public.t: role {RUNNER} may not ANALYZE public.t"
    assert said.detail == "Nothing else stands in the way."

    mend(strange, said)
    assert set_policy(strange, "t", "7 days")["table_name"] == "t"
    strange.execute("analyze t; delete from t")


def test_the_grant_is_named_also_when_there_is_a_condition(strange: Connection) -> None:
    become(strange, RUNNER)
    said = refused(strange, "t", "7 days", condition="ok")
    assert (said.sqlstate, said.hint) == ("42501", f"grant delete on public.t to {RUNNER};")


def test_an_epoch_column_that_cannot_be_read(strange: Connection) -> None:
    strange.execute("alter table t add ms bigint")
    become(strange, RUNNER)
    said = refused(strange, "t", "7 days", column="ms", epoch_unit="ms")
    assert said.hint == f"grant delete on public.t to {RUNNER};"


def test_select_on_some_columns_is_not_enough(strange: Connection) -> None:
    strange.execute(f"grant delete on t to {RUNNER}; grant select (at) on t to {RUNNER}".encode())
    become(strange, RUNNER)
    assert refused(strange, "t", "7 days").hint == f"grant select on public.t to {RUNNER};"


def test_usage_on_the_schema_of_a_partition(root: Connection) -> None:
    root.execute(
        b"create schema parts; create table t (at timestamptz) partition by range (at);"
        b"create table parts.p1 partition of t for values from ('2020-01-01') to ('2021-01-01')"
    )
    root.execute(f"alter table t owner to {OWNER}; alter table parts.p1 owner to {OWNER}".encode())
    become(root, RUNNER)
    said = refused(root, "t", "7 days")
    assert said.message == f"cannot clean public.t: role {RUNNER} has no USAGE privilege on schema parts"
    mend(root, said)
    assert set_policy(root, "t", "7 days")["table_name"] == "t"


def test_privileges_are_wanted_on_every_leaf(root: Connection) -> None:
    root.execute(
        f"create table t (at timestamptz) partition by range (at); alter table t owner to {OWNER};"
        "create table p1 partition of t for values from ('2020-01-01') to ('2021-01-01');"
        f"create table p2 partition of t for values from ('2021-01-01') to ('2022-01-01');"
        f"alter table p1 owner to {OWNER}; alter table p2 owner to {OTHER}".encode()
    )
    become(root, RUNNER)
    said = refused(root, "t", "7 days")
    assert said.hint == f"grant delete on public.p2 to {RUNNER};"
    mend(root, said)
    said = refused(root, "t", "7 days")
    assert said.hint == f"grant select on public.p2 to {RUNNER};"
    mend(root, said)
    assert set_policy(root, "t", "7 days")["table_name"] == "t"


def test_row_security_is_refused_and_mended(strange: Connection) -> None:
    strange.execute("alter table t enable row level security")
    strange.execute(f"grant select, delete on t to {RUNNER}; grant {OTHER} to {OWNER}".encode())
    become(strange, RUNNER)
    # A member of the owner is not filtered, unless the table forces it.
    assert set_policy(strange, "t", "7 days")["table_name"] == "t"
    strange.execute("reset role")
    strange.execute("alter table t force row level security")
    become(strange, RUNNER)
    said = refused(strange, "t", "8 days")
    assert said.message == f"cannot clean public.t: row security would hide rows of public.t from role {RUNNER}"
    mend(strange, said)
    assert set_policy(strange, "t", "8 days")["table_name"] == "t"


def test_row_security_of_another_owner(strange: Connection) -> None:
    strange.execute("alter table t enable row level security; create policy p on t using (false)")
    strange.execute(f"grant select, delete on t to {RUNNER}; alter database shared owner to {OWNER}".encode())
    become(strange, RUNNER)
    assert "row security would hide rows" in refused(strange, "t", "7 days").message


def test_a_superuser_does_not_clean_somebody_elses_table(strange: Connection) -> None:
    said = refused(strange, "t", "7 days")
    assert said.sqlstate == "22023"
    assert f"role postgres is a superuser and the owner of public.t ({OTHER}) is not" in said.message
    assert said.hint == f"set role {OTHER}; -- then again"
    strange.execute("alter table t owner to postgres")
    assert set_policy(strange, "t", "7 days")["table_name"] == "t"


def test_a_pass_refuses_what_set_policy_would(database: Database) -> None:
    with database.connect() as connection, database.superuser() as root:
        connection.execute(b"create table t (at timestamptz); insert into t values ('2020-01-01')")
        set_policy(connection, "t", "7 days")
        root.execute(f"alter table t owner to {OTHER}".encode())
        with pytest.raises(Exception, match=f"role {OWNER} has no DELETE privilege on public.t"):
            connection.execute("call maint.cleanup()")
        with pytest.raises(Exception, match=r"role postgres is a superuser and the owner"):
            root.execute("call maint.cleanup()")
        assert rows(root, "select count(*) as n from t") == [{"n": 1}]
        findings = rows(connection, "select findings, expired_rows from maint.plan()")[0]
        assert findings["expired_rows"] is None
        assert f"grant select on public.t to {OWNER};" in [item["fix"] for item in findings["findings"]]


# --- what a DELETE sets in motion --------------------------------------------------------------------------------

TRIGGER = """
create table t (at timestamptz); create index on t (at);
create table gone (at timestamptz);
create function note_gone() returns trigger language plpgsql as
    'begin insert into gone values (old.at); return old; end';
create trigger watch before delete on t for each row execute function note_gone();
"""


def test_a_delete_trigger_without_a_search_path_is_refused_and_mended(owner: Connection) -> None:
    owner.execute(TRIGGER.encode())
    said = refused(owner, "t", "7 days")
    assert said.message.startswith(
        "cannot clean public.t: delete trigger watch calls public.note_gone(), which has no search_path of its own"
    )
    assert said.hint == "alter function public.note_gone() set search_path = public, pg_temp;"
    owner.execute(said.hint.encode())
    assert set_policy(owner, "t", "7 days")["table_name"] == "t"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("alter table t disable trigger watch", None),
        ("alter table t enable replica trigger watch", None),
        ("alter table t enable always trigger watch", "watch"),
        ("drop trigger watch on t; create trigger up before update on t for each row execute function note_gone()",
         None),
        ("create trigger each after delete on t for each statement execute function note_gone();"
         "drop trigger watch on t", "each"),
        ("create trigger twice after insert or delete on t execute function note_gone(); drop trigger watch on t",
         "twice"),
        ("alter function note_gone() set work_mem = '1MB'", "watch"),
        ("alter function note_gone() set search_path = public", None),
        ("alter function note_gone() set search_path = ''", None),
    ],
)  # fmt: skip
def test_only_triggers_that_fire_on_delete_count(owner: Connection, change: str, expected: str | None) -> None:
    owner.execute(TRIGGER.encode() + change.encode())
    if expected is None:
        assert set_policy(owner, "t", "7 days")["table_name"] == "t"
    else:
        assert f"delete trigger {expected} calls" in refused(owner, "t", "7 days").message


def test_a_trigger_of_a_partition_counts(owner: Connection) -> None:
    owner.execute(TRIGGER.replace("create table t (at timestamptz);", PARTITIONED).encode())
    assert "delete trigger watch" in refused(owner, "t", "7 days").message


PARTITIONED = (
    "create table t (at timestamptz) partition by range (at);"
    "create table t1 partition of t for values from ('2000-01-01') to ('2100-01-01');"
)


@pytest.mark.parametrize("what", ["instead nothing", "also insert into gone values (old.at)"])
def test_a_rule_on_delete_is_refused_and_mended(owner: Connection, what: str) -> None:
    owner.execute(
        b"create table t (at timestamptz); create table gone (at timestamptz);"
        + f"create rule kept as on delete to t do {what}".encode()
    )
    said = refused(owner, "t", "7 days")
    assert "rule kept of public.t makes another statement of a DELETE" in said.message
    owner.execute(said.hint.encode())
    assert set_policy(owner, "t", "7 days")["table_name"] == "t"


def warned(connection: Connection, work: Callable[[], object]) -> list[tuple[str, str]]:
    with listening(connection) as told:
        work()
    return told.of("WARNING")


CHILD = """
create table t (id bigint primary key, at timestamptz); create index on t (at);
create table child (n integer, "T id" bigint references t);
"""


def test_an_unindexed_foreign_key_of_a_small_table_is_a_warning(owner: Connection) -> None:
    owner.execute(CHILD.encode())
    warnings = warned(owner, lambda: set_policy(owner, "t", "7 days"))
    assert warnings == [
        (
            'foreign key "child_T id_fkey" of public.child has no index on ("T id"):'
            " every deleted row would scan that table",
            'create index concurrently on public.child ("T id");',
        )
    ]


def test_an_unindexed_foreign_key_of_a_large_table_is_refused_until_it_has_its_index(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(CHILD.encode())
        # 9 MB without a row that has a parent: width is what counts.
        connection.execute(b"alter table child add filler text; alter table child alter filler set storage plain")
        connection.execute("insert into child select n, null, repeat('x', 4000) from generate_series(1, 2300) as n")
        said = refused(connection, "t", "7 days")
        assert "every deleted row would scan that table" in said.message
        connection.execute(said.hint.encode())
        assert warned(connection, lambda: set_policy(connection, "t", "7 days")) == []


@pytest.mark.parametrize(
    ("index", "serves"),
    [
        ('create index on child ("T id", n)', True),
        ('create index on child (n, "T id")', False),
        ('create index on child ("T id") where n > 0', False),
        ('create unique index on child ("T id")', True),
    ],
)
def test_which_index_serves_a_foreign_key(owner: Connection, index: str, serves: bool) -> None:
    owner.execute(CHILD.encode() + index.encode())
    assert bool(warned(owner, lambda: set_policy(owner, "t", "7 days"))) is not serves


def test_a_foreign_key_of_two_columns_in_any_order(owner: Connection) -> None:
    owner.execute(
        b"create table t (a int, b int, at timestamptz, primary key (a, b)); create index on t (at);"
        b"create table child (x int, y int, z int, foreign key (x, y) references t); create index on child (y, x, z)"
    )
    assert warned(owner, lambda: set_policy(owner, "t", "7 days")) == []


def test_a_foreign_key_of_a_partitioned_table(owner: Connection) -> None:
    owner.execute(
        b"create table t (id bigint primary key, at timestamptz); create index on t (at);"
        b"create table child (id bigint references t, at date) partition by range (at);"
        b"create table child1 partition of child for values from ('2020-01-01') to ('2021-01-01')"
    )
    said = refused(owner, "t", "7 days")
    # CONCURRENTLY is not allowed on a partitioned table.
    assert said.hint == "create index on public.child (id);"
    owner.execute(said.hint.encode())
    assert set_policy(owner, "t", "7 days")["table_name"] == "t"


# --- publications ------------------------------------------------------------------------------------------------


def test_a_publication_that_carries_deletes_is_a_warning(owner: Connection) -> None:
    owner.execute(b"create table t (id bigint primary key, at timestamptz); create index on t (at)")
    owner.execute("create publication feed for table t")
    warnings = warned(owner, lambda: set_policy(owner, "t", "7 days"))
    assert [message for message, _ in warnings] == [
        "publication feed carries the deletes of public.t to its subscribers"
    ]
    owner.execute(warnings[0][1].encode())
    assert warned(owner, lambda: set_policy(owner, "t", "8 days")) == []


@pytest.mark.parametrize(
    ("identity", "refuses"), [("default", True), ("nothing", True), ("full", False), ("using index u", False)]
)
def test_a_published_table_without_replica_identity_is_refused(owner: Connection, identity: str, refuses: bool) -> None:
    owner.execute(b"create table t (id bigint not null, at timestamptz); create index on t (at)")
    owner.execute("create unique index u on t (id)")
    owner.execute(f"alter table t replica identity {identity}; create publication feed for table t".encode())
    if not refuses:
        assert len(warned(owner, lambda: set_policy(owner, "t", "7 days"))) == 1
        return
    said = refused(owner, "t", "7 days")
    assert "the table has no replica identity: DELETE would fail" in said.message
    owner.execute("insert into t values (1, '2020-01-01')")
    with pytest.raises(Exception, match="does not have a replica identity"), owner.transaction():
        owner.execute("delete from t")
    owner.execute(said.hint.encode())
    assert set_policy(owner, "t", "7 days")["table_name"] == "t"
    owner.execute("delete from t")


# --- the index ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "serves"),
    [
        ("select", False),
        ("create index on t (at)", True),
        ("create index on t (at desc nulls last, id)", True),
        ("create index on t (id, at)", False),
        ("create index on t (at) where id > 0", False),
        ("create index on t (at) include (id)", True),
        ("create index on t using brin (at)", False),
        ("create index on t using hash (at)", False),
        ("create index on t ((at + interval '1 day'))", False),
        ("create unique index on t (at, id)", True),
    ],
)
def test_which_index_serves_a_pass(owner: Connection, index: str, serves: bool) -> None:
    owner.execute(b"create table t (id bigint, at timestamp);" + index.encode())
    warnings = warned(owner, lambda: set_policy(owner, "t", "7 days", time_zone="UTC"))
    assert warnings == (
        []
        if serves
        else [
            (
                "no index of public.t leads with at: every pass reads the whole table",
                "create index concurrently on public.t (at);",
            )
        ]
    )


def test_the_index_that_is_proposed_can_be_made_and_serves(database: Database) -> None:
    table, column = '"Odd ""T"" ' + "x" * 50 + '"', '"when; --"'
    with database.connect() as connection:
        connection.execute(f"create table {table} ({column} timestamptz)".encode())
        ((message, hint),) = warned(connection, lambda: set_policy(connection, table, "7 days"))
        assert message.endswith("every pass reads the whole table")
        connection.execute(hint.encode())
        assert warned(connection, lambda: set_policy(connection, table, "8 days")) == []


def test_partitions_without_an_index_are_one_warning(owner: Connection) -> None:
    owner.execute(b"create table t (at timestamp) partition by range (at)")
    for year in (2024, 2025, 2026):
        owner.execute(
            f"create table t_{year} partition of t for values from ('{year}-01-01') to ('{year + 1}-01-01')".encode()
        )
    owner.execute(b"create index on t_2025 (at)")
    assert warned(owner, lambda: set_policy(owner, "t", "7 days", time_zone="UTC")) == [
        (
            "no index of 2 partitions leads with at, public.t_2024 and others: every pass reads them whole",
            "create index concurrently on public.t_2024 (at); -- and so on each",
        )
    ]


def test_an_invalid_index_does_not_serve(database: Database) -> None:
    with database.connect() as connection, database.superuser() as root:
        connection.execute(b"create table t (at timestamptz); create index i on t (at)")
        root.execute("update pg_index set indisvalid = false where indexrelid = 'i'::regclass")
        assert len(warned(connection, lambda: set_policy(connection, "t", "7 days"))) == 1


def test_each_leaf_wants_its_index(owner: Connection) -> None:
    owner.execute(PARTITIONED.encode())
    owner.execute("create table t2 partition of t for values from ('1900-01-01') to ('2000-01-01')")
    owner.execute("create index on t2 (at)")
    warnings = warned(owner, lambda: set_policy(owner, "t", "7 days"))
    assert [hint for _, hint in warnings] == ["create index concurrently on public.t1 (at);"]


# --- who may ----------------------------------------------------------------------------------------------------

CALLS = [
    "select maint.set_policy('t', '1 minute')",
    "select maint.drop_policy('t')",
    "select maint.pause('t')",
    "select maint.resume('t')",
    "select maint.rebind('t')",
    "select maint.confirm(p_guard => 'copy', p_reason => 'x')",
    "select maint.apply_profile('telemetry')",
    "select maint.set_setting('on_promotion', 'continue')",
    "select * from maint.plan()",
    "call maint.cleanup()",
    "select * from maint.retention",
    "select * from maint.runs",
    "select * from maint.progress",
    "select * from maint._policy",
    "update maint._policy set keep = '1 minute'",
    "delete from maint._run",
    "insert into maint._stop_request (pid) values (1)",
    "update maint._installation set version = '9'",
    "select maint._request_stop(1)",
    "select maint._delete_rows('public.t'::regclass, 'public.t', 'true', 'ctid')",
    "create table maint.planted (id integer)",
]


@pytest.mark.parametrize("usage", [False, True], ids=["no grant", "usage on the schema"])
def test_other_roles_can_do_nothing(root: Connection, usage: bool) -> None:
    root.execute(b"create table t (at timestamptz); grant all on t to public")
    if usage:
        root.execute(f"grant usage on schema maint to {OTHER}".encode())
    become(root, OTHER)
    allowed = [
        call for call in CALLS if refusal(root, functools.partial(root.execute, call.encode())).sqlstate != "42501"
    ]
    assert allowed == []


def test_a_member_of_the_owner_may(root: Connection) -> None:
    root.execute(b"create table t (at timestamptz); grant select, delete on t to public")
    root.execute(f"alter table t owner to {OWNER}".encode())
    become(root, RUNNER)
    assert set_policy(root, "t", "7 days")["created_by"] == "postgres"


def test_a_second_installation_with_a_policy_on_the_table_is_refused(database: Database) -> None:
    from pytelemetry_db.render import render_install
    from pytelemetry_db.source import load

    with database.connect() as connection:
        connection.execute(render_install(load(), "second").text.encode())
        connection.execute(b"create table t (at timestamptz); create index on t (at)")
        set_policy(connection, "t", "7 days")
        with pytest.raises(Exception, match="the installation in schema maint has, or may have, a policy") as caught:
            connection.execute("select second.set_policy('t', '1 day')")
        assert caught.value.diag.message_hint == "select maint.drop_policy('public.t');"  # type: ignore[attr-defined]
        connection.execute(caught.value.diag.message_hint.encode())  # type: ignore[attr-defined]
        connection.execute("select second.set_policy('t', '1 day')")
