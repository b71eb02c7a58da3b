"""The view health: every check meets what it looks for, and what it says mends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
import pytest
from psycopg import errors
from support import Cli, Database
from support.passes import until

TABLE = """
create schema if not exists app;
create table app.events (id bigint primary key, at timestamptz, note text);
create index events_at on app.events (at);
insert into app.events select i, now() - make_interval(hours => i), 'x' from generate_series(1, 100) as i;
select maint.set_policy('app.events', '7 days', 'at');
"""


@pytest.fixture
def managed(database: Database) -> Database:
    """A managed table that is well: cleaned, vacuumed, analyzed."""
    with database.connect() as connection:
        connection.execute(TABLE.encode())
        connection.execute("call maint.cleanup('app.events')")
        connection.execute("vacuum analyze app.events")
    return database


def found(database: Database, check: str) -> list[dict[str, Any]]:
    """The findings of one check, as a superuser that sees everything."""
    with database.superuser() as connection, connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        cursor.execute("select * from maint.health where check_id = %s", [check])
        return cursor.fetchall()


def statuses(database: Database, check: str) -> set[str]:
    return {row["status"] for row in found(database, check)}


def mend(database: Database, check: str, *, status: str = "warning") -> dict[str, Any]:
    """Wait for the finding, run its remediation, and wait until it is gone."""

    def bad() -> list[dict[str, Any]]:
        return [row for row in found(database, check) if row["status"] == status]

    finding = until(bad)[0]
    assert finding["lock_level"] != "manual"
    # A pass as superuser on a table of somebody else is refused.
    ours = "maint." in finding["remediation"]
    with database.connect() if ours else database.superuser() as connection:
        connection.execute(finding["remediation"].encode())
    until(lambda: finding["object"] not in {row["object"] for row in bad()})
    return finding


@contextmanager
def session(database: Database, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """A session that has run these statements; it may be terminated meanwhile."""
    connection = database.connect()
    try:
        for statement in statements:
            connection.execute(statement.encode())
        yield connection
    finally:
        connection.close()


@contextmanager
def waiting(database: Database, *statements: str) -> Iterator[None]:
    """Statements of a session of its own that wait, until it is ended or the block is."""
    connection = database.connect()

    def work() -> None:
        with suppress(psycopg.Error):
            for statement in statements:
                connection.execute(statement.encode())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        connection.cancel()
        thread.join(20)
        connection.close()


def test_all_is_well(managed: Database) -> None:
    rows = managed.query("select * from maint.health")
    assert [row for row in rows if row["status"] not in ("ok", "skipped")] == []
    assert len({row["check_id"] for row in rows}) == 33
    assert len({row["fingerprint"] for row in rows}) >= 28
    assert all(row["detail"] for row in rows)


def test_a_condition_on_the_check_runs_no_other(managed: Database) -> None:
    managed.query(
        "create or replace function maint._health_jobs() returns setof jsonb language plpgsql as"
        " $$ begin raise notice 'it ran'; return; end $$"
    )
    notices: list[str] = []
    with managed.connect() as connection:
        connection.add_notice_handler(lambda one: notices.append(str(one.message_primary)))
        connection.execute("select * from maint.health where check_id = 'horizon'")
        assert notices == []
        connection.execute("select * from maint.health where check_id = 'jobs'")
        assert notices == ["it ran"]


def test_a_check_that_fails_is_unknown_and_stops_no_other(managed: Database) -> None:
    managed.query(
        "create or replace function maint._health_jobs() returns setof jsonb language plpgsql as"
        " $$ begin raise exception 'no such luck' using errcode = '42501'; end $$"
    )
    rows = managed.query("select * from maint.health")
    assert len({row["check_id"] for row in rows}) == 33
    [failed] = [row for row in rows if row["status"] == "unknown"]
    assert failed["check_id"] == "jobs"
    assert failed["detail"] == "the check failed: no such luck (SQLSTATE 42501)"
    assert failed["privileges_missing"] == "no such luck"


@pytest.mark.parametrize("granted", [True, False], ids=["granted", "waiting"])
def test_access_exclusive_on_a_managed_table_stops_nothing(granted: bool, managed: Database, cli: Cli) -> None:
    lock = "lock table app.events in access exclusive mode"
    with ExitStack() as stack:
        if granted:
            stack.enter_context(session(managed, "begin", lock))
        else:
            stack.enter_context(session(managed, "begin", "select 1 from app.events limit 1"))
            stack.enter_context(waiting(managed, "begin", lock))
            until(lambda: managed.query("select 1 from pg_locks where mode = 'AccessExclusiveLock' and not granted"))
        began = time.monotonic()
        rows = managed.query("select * from maint.health")
        assert time.monotonic() - began < 5
        assert [row for row in rows if "failed" in row["detail"]] == []
        began = time.monotonic()
        result = cli.here("health", "--json", "--exact", "--dsn", managed.dsn)
        assert time.monotonic() - began < 12
        unknown = {row["check_id"] for row in result.json["findings"] if row["status"] == "unknown"}
        assert {"oldest_rows", "table_sizes", "row_counts"} <= unknown
        assert all(table["oldest"] is None for table in result.json["tables"])


def test_a_chain_of_four(managed: Database) -> None:
    """An UPDATE, an ALTER that waits for it, and two SELECTs that queue behind the ALTER."""
    with session(managed, "begin", "update app.events set note = 'y' where id = 1") as root, ExitStack() as stack:
        stack.enter_context(waiting(managed, "alter table app.events add column more integer"))
        until(
            lambda: len(found(managed, "blocked_queries")) == 1 and statuses(managed, "blocked_queries") == {"warning"}
        )
        for _ in range(2):
            stack.enter_context(waiting(managed, "select count(*) from app.events"))
        until(lambda: statuses(managed, "blocked_queries") == {"critical"})
        with managed.superuser() as connection:
            tree = connection.execute("select pid, blocked_by, root_pid from maint.blocked_queries").fetchall()
        assert len(tree) == 3
        pid = root.info.backend_pid
        assert {row[2] for row in tree} == {pid}
        (alter,) = [row[0] for row in tree if row[1] == [pid]]
        assert [row[1] for row in tree if row[0] != alter] == [[alter], [alter]]
        finding = mend(managed, "blocked_queries", status="critical")
        assert finding["object"] == f"pid {pid}"
        assert "update app.events" in finding["detail"]


# What the usual tools ask for who blocks whom: a join of pg_locks with itself. By the transaction, as pg-extras has it,
# and also by the relation, whatever the modes of the locks, as PgHero has it.
BY_TRANSACTION = """
select w.pid as blocked, h.pid as blocker
from pg_locks as w
inner join pg_locks as h on h.transactionid = w.transactionid and h.pid <> w.pid
where not w.granted
"""
BY_RELATION = """
select distinct w.pid as blocked, h.pid as blocker
from pg_locks as w
inner join pg_locks as h on
    h.pid <> w.pid
    and (h.transactionid = w.transactionid or h.relation = w.relation and h.locktype = w.locktype)
where not w.granted
"""


def test_the_blocking_tree_where_the_usual_queries_are_wrong(managed: Database) -> None:
    """An UPDATE, an ALTER that waits for it, and a SELECT that waits for the ALTER and not for the UPDATE."""
    with (
        session(managed, "begin", "update app.events set note = 'y' where id = 1") as root,
        ExitStack() as stack,
    ):
        stack.enter_context(waiting(managed, "alter table app.events add column more integer"))
        until(lambda: len(managed.query("select 1 from maint.blocked_queries")) == 1)
        stack.enter_context(waiting(managed, "select count(*) from app.events"))
        until(lambda: len(managed.query("select 1 from maint.blocked_queries")) == 2)
        pid = root.info.backend_pid
        with managed.superuser() as connection:
            ours = connection.execute("select pid, unnest(blocked_by), root_pid from maint.blocked_queries").fetchall()
            (alter,) = [one for one, blocker, _ in ours if blocker == pid]
            (reader,) = [one for one, _, _ in ours if one != alter]
            truth = {(alter, pid), (reader, alter)}
            assert {(one, blocker) for one, blocker, _ in ours} == truth
            assert {root_pid for _, _, root_pid in ours} == {pid}
            # Blind for locks on tables.
            assert connection.execute(BY_TRANSACTION.encode()).fetchall() == []
            # Blames everybody who has, or wants, any lock on the table.
            blamed = set(connection.execute(BY_RELATION.encode()).fetchall())
            assert blamed > truth
            assert {(reader, pid), (alter, reader)} <= blamed - truth
        # The truth: what ends the wait of the ALTER is the end of the UPDATE, and it lets the SELECT go, too.
        root.execute("rollback")
        until(lambda: managed.query("select 1 from maint.blocked_queries") == [])


def test_a_long_query_is_canceled(managed: Database) -> None:
    managed.query("select maint.set_setting('health_long', '200 ms')")
    with waiting(managed, "select pg_sleep(60)"):
        finding = mend(managed, "long_queries")
        assert "pg_sleep" in finding["detail"]


def test_an_idle_transaction_that_holds_the_horizon(managed: Database) -> None:
    managed.query("select maint.set_setting('health_long', '1 s')")
    managed.query("select maint.set_setting('health_horizon', '100 ms')")
    with session(managed, "begin isolation level repeatable read", "select 1 from app.events limit 1") as held:
        name = f"pid {held.info.backend_pid}"
        until(lambda: statuses(managed, "idle_transactions") == {"warning"})
        holders = [row for row in found(managed, "horizon") if (row["object"] or "").startswith(name)]
        assert [row["status"] for row in holders] in (["warning"], ["critical"])
        until(lambda: statuses(managed, "idle_transactions") == {"critical"})
        finding = mend(managed, "idle_transactions", status="critical")
        assert finding["object"] == name
        assert not [row for row in found(managed, "horizon") if (row["object"] or "").startswith(name)]


def test_what_cannot_be_seen_is_unknown(managed: Database) -> None:
    """The owner may not see a superuser's session; with the grant that is advised it may."""
    with managed.superuser():
        rows = managed.query("select * from maint.health where check_id in ('long_queries', 'horizon')")
        assert {row["status"] for row in rows} == {"unknown"}
        assert {row["privileges_missing"] for row in rows} == {"pg_read_all_stats"}
        with managed.superuser() as connection:
            connection.execute(rows[0]["remediation"].encode())
            try:
                seen = managed.query("select * from maint.health where check_id in ('long_queries', 'horizon')")
                assert {row["status"] for row in seen} == {"ok"}
            finally:
                connection.execute("revoke pg_read_all_stats from maint_owner")


def test_dead_rows_by_both_rules(managed: Database) -> None:
    managed.query("alter table app.events set (autovacuum_enabled = off)")
    assert statuses(managed, "autovacuum") == {"warning"}
    managed.query("insert into app.events select i, now(), 'x' from generate_series(1000, 9999) as i")
    managed.query("delete from app.events where id between 1000 and 2499")
    assert statuses(managed, "dead_tuples") == {"ok"}
    managed.query("select maint.set_setting('health_dead_rule', 'either')")
    until(lambda: statuses(managed, "dead_tuples") == {"warning"})
    managed.query("select maint.set_setting('health_dead_rule', 'both')")
    managed.query("delete from app.events where id between 2500 and 6999")
    finding = mend(managed, "dead_tuples")
    assert (finding["object"], finding["value"]) == ("app.events", 6000)
    mend(managed, "autovacuum")


def test_indexes(managed: Database) -> None:
    managed.query("select maint.set_setting('health_index_size', '8 kB')")
    managed.query("create index events_again on app.events (at)")
    assert mend(managed, "duplicate_indexes")["object"] == "app.events_again"
    with managed.connect() as connection, pytest.raises(errors.UniqueViolation):
        connection.execute("create unique index concurrently events_note on app.events (note)")
    assert mend(managed, "invalid_indexes")["object"] == "app.events_note"
    managed.query("drop index app.events_at")
    assert mend(managed, "time_index")["object"] == "app.events"
    managed.query("create index events_note on app.events (note)")
    [unused] = found(managed, "unused_indexes")
    # A fresh server has no 30 days of statistics: no verdict.
    assert (unused["status"], unused["object"], unused["remediation"]) == ("skipped", "app.events_note", None)


def test_tables(managed: Database) -> None:
    managed.query("create table app.fresh (at timestamptz not null)")
    managed.query("create index on app.fresh (at)")
    managed.query("select maint.set_policy('app.fresh', '7 days', 'at')")
    assert statuses(managed, "table_sizes") == {"ok", "unknown"}
    mend(managed, "table_sizes", status="unknown")
    assert statuses(managed, "row_counts") == {"ok"}
    managed.query("insert into app.events values (0, null, 'never')")
    managed.query("analyze app.events")
    assert [
        (row["status"], row["value"]) for row in found(managed, "unexpirable") if row["object"] == "app.events"
    ] == [("warning", 1)]
    managed.query("select maint.set_policy('app.events', p_max_size => '8 kB')")
    assert statuses(managed, "table_sizes") == {"ok", "warning"}


def test_retention(managed: Database) -> None:
    assert statuses(managed, "retention") == {"ok"}
    managed.query("select maint.pause('app.events', 'x')")
    mend(managed, "retention")
    managed.query(
        "update maint._run set started_at = started_at - interval '26 h', finished_at = finished_at - interval '26 h'"
    )
    late = mend(managed, "retention")
    assert late["remediation"] == "call maint.cleanup('app.events');"
    managed.query("delete from maint._run")
    assert statuses(managed, "retention") == {"unknown"}
    managed.query("update maint._policy set created_at = created_at - interval '3 days'")
    assert statuses(managed, "retention") == {"critical"}
    managed.query("alter table app.events rename to renamed")
    suspended = mend(managed, "retention", status="critical")
    assert suspended["remediation"] == "select maint.rebind('app.renamed');"


def test_a_failed_pass(managed: Database) -> None:
    managed.query("create table app.keeps (id bigint references app.events)")
    managed.query("insert into app.events values (0, now() - interval '30 days', 'kept')")
    managed.query("insert into app.keeps values (0)")
    with managed.connect() as connection, pytest.raises(errors.RaiseException):
        connection.execute("call maint.cleanup('app.events')")
    [finding] = found(managed, "passes")
    assert (finding["status"], finding["object"]) == ("critical", "app.events")
    assert "23503" in finding["detail"]
    managed.query("drop table app.keeps")
    mend(managed, "passes", status="critical")


def test_sequences(managed: Database) -> None:
    managed.query("create table app.small (id smallserial)")
    managed.query("select setval('app.small_id_seq', 29000)")
    assert [(row["status"], row["object"]) for row in found(managed, "sequences")] == [("warning", "app.small_id_seq")]
    managed.query("select setval('app.small_id_seq', 32000)")
    assert statuses(managed, "sequences") == {"critical"}


def test_a_slot_that_nobody_reads(managed: Database) -> None:
    with managed.superuser() as connection:
        connection.execute("select pg_create_physical_replication_slot('health_test', true)")
        try:
            assert [(row["status"], row["object"]) for row in found(managed, "slots")] == [("ok", "health_test")]
        finally:
            connection.execute("select pg_drop_replication_slot('health_test')")


def test_a_crashed_server_has_lost_its_statistics(managed: Database) -> None:
    assert statuses(managed, "statistics") == {"ok"}
    managed.cluster.crash()
    managed.cluster.start()
    assert "app.events" in {row["object"] for row in found(managed, "statistics") if row["status"] == "warning"}
    assert {row["object"] for row in found(managed, "dead_tuples") if row["status"] == "unknown"} >= {"app.events"}
    with managed.superuser() as connection:
        connection.execute("analyze")
    until(lambda: statuses(managed, "statistics") == {"ok"})
    assert statuses(managed, "dead_tuples") == {"ok"}
