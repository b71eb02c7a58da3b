"""Every check of health is seen in every status that it can have, by making the situation for real."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row
from support import Cli, Database
from support.passes import until

from pytelemetry_db.render import render_catalog
from pytelemetry_db.source import catalog

SQL = Path(__file__).parents[2] / "sql" / "functions"
TESTS = Path(__file__).parents[1]
HERE, SERVERS, SQL_TESTS, JOBS, CRON = (
    "sql/test_health_statuses.py",
    "lifecycle/test_health_servers.py",
    "sql/test_health.py",
    "acceptance/test_schedule_states.py",
    "acceptance/test_pg_cron.py",
)
PARTITIONS = "sql/test_partitions.py"
WELL = f"{SQL_TESTS}::test_all_is_well"

# Which test shows which status. "ok" of a check without a place of its own is shown where all is well.
SHOWN: dict[str, dict[str, str]] = {
    "server": {"ok": WELL, "standby": f"{SERVERS}::test_a_replica"},
    "connections": {
        "warning": f"{SERVERS}::test_connections",
        "critical": f"{HERE}::test_connections_that_run_out",
    },
    "table_sizes": dict.fromkeys(("warning", "unknown"), f"{SQL_TESTS}::test_tables"),
    "row_counts": {"unknown": f"{HERE}::test_a_table_that_was_never_counted"},
    "retention": dict.fromkeys(("warning", "unknown", "critical"), f"{SQL_TESTS}::test_retention"),
    "long_queries": {
        "warning": f"{SQL_TESTS}::test_a_long_query_is_canceled",
        "unknown": f"{SQL_TESTS}::test_what_cannot_be_seen_is_unknown",
    },
    "blocked_queries": dict.fromkeys(("warning", "critical"), f"{SQL_TESTS}::test_a_chain_of_four"),
    "dead_tuples": {
        "warning": f"{SQL_TESTS}::test_dead_rows_by_both_rules",
        "unknown": f"{SQL_TESTS}::test_a_crashed_server_has_lost_its_statistics",
    },
    "jobs": {
        "critical": f"{JOBS}::test_a_job_that_never_comes_is_late",
        "launcher": f"{CRON}::test_a_launcher_that_does_nothing_is_found_at_once",
    },
    "passes": {
        "critical": f"{SQL_TESTS}::test_a_failed_pass",
        "warning": f"{HERE}::test_a_pass_that_was_locked_out",
    },
    "installation": {"warning": f"{HERE}::test_our_own_objects"},
    "unexpirable": dict.fromkeys(("warning", "unknown"), f"{HERE}::test_rows_that_no_policy_removes"),
    "time_index": {"warning": f"{SQL_TESTS}::test_indexes"},
    "idle_transactions": dict.fromkeys(
        ("warning", "critical"), f"{SQL_TESTS}::test_an_idle_transaction_that_holds_the_horizon"
    )
    | {"unknown": f"{HERE}::test_sessions_that_cannot_be_seen"},
    "horizon": dict.fromkeys(("warning", "critical"), f"{HERE}::test_the_horizon")
    | {"unknown": f"{SQL_TESTS}::test_what_cannot_be_seen_is_unknown"},
    "autovacuum": {
        "warning": f"{SQL_TESTS}::test_dead_rows_by_both_rules",
        "critical": f"{HERE}::test_autovacuum_that_is_off",
    },
    "statistics": {"warning": f"{SQL_TESTS}::test_a_crashed_server_has_lost_its_statistics"},
    "invalid_indexes": {"warning": f"{SQL_TESTS}::test_indexes"},
    "duplicate_indexes": {"warning": f"{SQL_TESTS}::test_indexes"},
    "unused_indexes": {
        "skipped": f"{SQL_TESTS}::test_indexes",
        "warning": f"{HERE}::test_an_index_that_nobody_uses",
    },
    "bloat": dict.fromkeys(("warning", "unknown"), f"{HERE}::test_bloat"),
    "wraparound": dict.fromkeys(("warning", "critical"), f"{HERE}::test_wraparound"),
    "sequences": dict.fromkeys(("warning", "critical", "unknown"), f"{HERE}::test_sequences"),
    "slots": {
        "warning": f"{HERE}::test_a_slot_that_nobody_reads",
        "critical": f"{HERE}::test_a_slot_that_is_lost",
    },
    "replicas": dict.fromkeys(("warning", "critical"), f"{SERVERS}::test_a_replica_that_is_behind")
    | {"unknown": f"{SERVERS}::test_a_replica_that_is_behind"},
    "archiver": {
        "critical": f"{SERVERS}::test_an_archive_that_fails_and_a_forgotten_prepared_transaction",
    },
    "checksums": {
        "skipped": f"{HERE}::test_checksums_are_off",
        "critical": f"{SERVERS}::test_checksums",
    },
    "prepared": {
        "critical": f"{SERVERS}::test_an_archive_that_fails_and_a_forgotten_prepared_transaction",
    },
    "conversions": dict.fromkeys(
        ("warning", "critical"), "sql/test_convert.py::test_health_tells_of_one_that_was_left"
    ),
    "runway": {
        "critical": f"{PARTITIONS}::test_health_tells_what_is_missing_and_what_lies_in_the_default",
        "warning": f"{HERE}::test_a_short_runway",
    },
    "partition_gaps": {"warning": f"{PARTITIONS}::test_health_tells_what_is_missing_and_what_lies_in_the_default"},
    "default_rows": {
        "warning": f"{PARTITIONS}::test_health_tells_what_is_missing_and_what_lies_in_the_default",
        "critical": "sql/test_rotation_told.py::test_health_tells_of_a_check_that_refuses_rows",
    },
    "half_detached": {"warning": f"{HERE}::test_a_detach_that_was_not_finished"},
}
# Only a server that we do not support could show these.
OUT_OF_REACH = {"server": {"warning", "critical"}}


def test_every_status_of_every_check_has_its_test(database: Database) -> None:
    """What a check can answer, as its source has it, against the tests that show it."""
    checks = {row["check_id"] for row in database.query("select check_id from maint._health_list()")}
    assert checks == set(SHOWN)
    for check in checks:
        source = (SQL / f"_health_{check}.sql").read_text()
        possible = set(re.findall(r"(?:then|else|finding\(|[(]\n)\s*'(warning|critical|unknown|skipped)'", source))
        assert possible - OUT_OF_REACH.get(check, set()) <= set(SHOWN[check]), check
        for shown in SHOWN[check].values():
            path, name = shown.split("::")
            body = (TESTS / path).read_text().split(f"def {name}(")
            assert len(body) == 2, shown
            looks = re.search(rf"""['"]{check}['"]""", body[1].split("\ndef ")[0])
            assert looks or shown == WELL, f"{shown} does not look at {check}"


def found(database: Database, check: str) -> list[dict[str, Any]]:
    """The findings of one check, as a superuser that sees everything."""
    with database.superuser() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from maint.health where check_id = %s", [check]).fetchall()


def of(database: Database, check: str, name: str | None = None) -> dict[str, Any]:
    """The one finding of a check about an object."""
    [finding] = [row for row in found(database, check) if name is None or row["object"] == name]
    return finding


def mend(database: Database, finding: dict[str, Any]) -> None:
    """Run what a finding says, as a superuser, and wait until it is gone."""
    assert finding["lock_level"] != "manual"
    with database.superuser() as connection:
        connection.execute(finding["remediation"].encode())
    problem = ("warning", "critical", "unknown")
    until(
        lambda: (
            finding["object"]
            not in {row["object"] for row in found(database, finding["check_id"]) if row["status"] in problem}
        )
    )


def managed(database: Database, name: str = "events", rows: int = 100) -> None:
    database.query(
        f"create table {name} (id bigint generated always as identity primary key, at timestamptz, note text)"
    )
    database.query(f"create index on {name} (at)")
    database.query(f"insert into {name} (at) select now() - i * interval '1 min' from generate_series(1, {rows}) as i")
    database.query(f"analyze {name}")
    database.query(f"select maint.set_policy('{name}', '7 days', 'at')")


def setting(database: Database, name: str, value: str) -> None:
    database.query("select maint.set_setting(%s, %s)", name, value)


def test_contradictory_thresholds_are_refused(database: Database) -> None:
    for name, value, other in (
        ("health_connections", "96", "health_connections_critical"),
        ("health_connections_critical", "79", "health_connections"),
        ("health_wraparound_critical", "1000000000", "health_wraparound"),
        ("health_replica_size", "2 GB", "health_replica_size_critical"),
        ("health_replica_size", "off", "health_replica_size_critical"),
        ("health_replica_lag_critical", "59 s", "health_replica_lag"),
    ):
        with pytest.raises(errors.InvalidParameterValue, match=rf'setting "{name}" cannot be "{value}": "{other}" is '):
            setting(database, name, value)
    assert database.query("select * from maint._setting_value where name ~ '^health'") == []
    # The other one first; equal is well: everything is critical then.
    setting(database, "health_replica_size_critical", "off")
    setting(database, "health_replica_size", "2048 MB")
    setting(database, "health_replica_size_critical", "2 GB")
    setting(database, "health_connections", "95")


def test_connections_that_run_out(database: Database) -> None:
    setting(database, "health_connections", "1")
    setting(database, "health_connections_critical", "2")
    with database.connect(), database.connect():
        until(lambda: of(database, "connections")["status"] == "critical")
    finding = of(database, "connections")
    assert (finding["lock_level"], finding["unit"], finding["threshold"]) == ("manual", "%", "1 %")


def test_a_table_that_was_never_counted(database: Database) -> None:
    database.query("create table events (at timestamptz not null)")
    database.query("select maint.set_policy('events', '7 days', 'at')")
    finding = of(database, "row_counts")
    assert (finding["status"], finding["value"]) == ("unknown", None)
    mend(database, finding)


def test_a_pass_that_was_locked_out(database: Database) -> None:
    managed(database)
    database.query("insert into events (at) select now() - interval '30 days' from generate_series(1, 100) as i")
    with database.connect() as holder:
        holder.execute("begin")
        holder.execute("lock table events in access exclusive mode")
        with database.connect() as connection, pytest.raises(errors.RaiseException):
            connection.execute("call maint.cleanup('events')")
    finding = of(database, "passes")
    assert (finding["status"], finding["object"]) == ("warning", "public.events")
    assert "ended as locked" in finding["detail"]
    with database.connect() as connection:
        connection.execute(finding["remediation"].encode())
    assert of(database, "passes")["status"] == "ok"


def test_our_own_objects(database: Database, cli: Cli) -> None:
    look = ("health", "--check", "installation", "--json", "--dsn", database.dsn)
    assert [row["status"] for row in cli.here(*look).json["findings"]] == ["ok"]
    database.query("comment on function maint._schema() is 'x'")
    database.query("create function maint._schema(text) returns text language sql as 'select 1::text'")
    database.query("update maint._installation set server_major = 14")
    fine, drift = cli.here(*look).json["findings"]
    assert (fine["status"], fine["value"], drift["status"]) == ("warning", 14, "warning")
    assert "_schema" in drift["detail"]
    database.query("drop function maint._schema(text)")
    assert fine["remediation"] == drift["remediation"] == "pytelemetry-db upgrade --force"
    assert cli("upgrade", "--force", "--dsn", database.dsn).returncode == 0
    assert [row["status"] for row in cli.here(*look).json["findings"]] == ["ok"]
    database.query("update maint._installation set version = '0.1.9'")
    [_, pending] = cli.here(*look).json["findings"]
    assert (pending["status"], pending["remediation"]) == ("warning", "pytelemetry-db upgrade")


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date", "bigint"])
def test_rows_that_no_policy_removes(kind: str, database: Database, cli: Cli) -> None:
    now = "extract(epoch from now()) * 1000" if kind == "bigint" else "now()"
    late = f"({now}) + 864000000" if kind == "bigint" else "now() + interval '10 days'"
    # Autovacuum would analyze the table while the test wants no statistics.
    database.query(f"create table events (at {kind}) with (autovacuum_enabled = off)")
    database.query("create index on events (at)")
    unit = ", p_epoch_unit => 'ms'" if kind == "bigint" else ""
    database.query(f"select maint.set_policy('events', '7 days', 'at', p_time_zone => 'Europe/Vienna'{unit})")
    step = "i * 3600000" if kind == "bigint" else "make_interval(days => i)"
    database.query(f"insert into events select {now} - {step} from generate_series(1, 150) as i")
    assert of(database, "unexpirable")["status"] == "unknown"
    mend(database, of(database, "unexpirable"))
    for value in ("null", late, *(() if kind == "bigint" else ("'infinity'", "'-infinity'"))):
        database.query(f"insert into events values ({value})")
        database.query("analyze events")
        finding = of(database, "unexpirable")
        # A sample of the rows: 101 bounds stand for 150 rows.
        assert (finding["status"], finding["value"] in (1, 2)) == ("warning", True), value
        if value not in ("null", "'-infinity'"):
            # The command sees them before ANALYZE does, and says it once.
            [same] = cli.here("health", "--check", "unexpirable", "--json", "--dsn", database.dsn).json["findings"]
            assert same["fingerprint"]
        assert finding["lock_level"] == "ROW EXCLUSIVE"
        database.query(finding["remediation"])
        database.query("analyze events")
        assert of(database, "unexpirable")["status"] == "ok"
    assert database.value("select count(*) from events where at is not null") == (152 if kind == "bigint" else 154)
    database.query(f"insert into events values ({late})")
    looked = cli.here(
        "health", "--check", "unexpirable", "--check", "oldest_rows", "--json", "--dsn", database.dsn
    ).json
    assert sorted(one["status"] for one in looked["findings"] if one["check_id"] == "unexpirable") == ["ok", "warning"]
    [table] = looked["tables"]
    assert table["late"] == 1
    assert table["newest"][:10] >= database.value("select (now() - interval '1 day')::date::text")


def test_sessions_that_cannot_be_seen(database: Database) -> None:
    with database.superuser():
        [row] = database.query("select * from maint.health where check_id = %s", "idle_transactions")
    assert (row["status"], row["privileges_missing"]) == ("unknown", "pg_read_all_stats")


def test_the_horizon(database: Database) -> None:
    managed(database)
    setting(database, "health_horizon", "50 ms")
    with suppress(errors.AdminShutdown), database.connect() as holder:
        holder.execute("begin isolation level repeatable read")
        holder.execute("select 1")
        name = f"pid {holder.info.backend_pid} "

        def status() -> str | None:
            return next(
                (row["status"] for row in found(database, "horizon") if (row["object"] or "").startswith(name)), None
            )

        setting(database, "health_horizon", "1 s")
        until(lambda: status() == "warning")
        setting(database, "health_horizon", "10 ms")
        until(lambda: status() == "critical")
        [finding] = [row for row in found(database, "horizon") if (row["object"] or "").startswith(name)]
        mend(database, finding)


def test_autovacuum_that_is_off(database: Database) -> None:
    with database.superuser() as connection:
        connection.execute("alter system set autovacuum = off")
        connection.execute("select pg_reload_conf()")
        try:
            until(lambda: [row["status"] for row in found(database, "autovacuum")] == ["critical"])
            finding = of(database, "autovacuum")
            connection.execute(finding["remediation"].encode())
            connection.execute("select pg_reload_conf()")
            until(lambda: [row["status"] for row in found(database, "autovacuum")] == ["ok"])
        finally:
            connection.execute("alter system reset autovacuum")
            connection.execute("select pg_reload_conf()")


def test_an_index_that_nobody_uses(database: Database) -> None:
    managed(database)
    setting(database, "health_index_size", "8 kB")
    database.query("create index events_note on events (note, id)")
    database.query("create table parts (at timestamptz, note text) partition by range (at)")
    database.query("create table parts_1 partition of parts for values from ('2020-01-01') to ('2030-01-01')")
    database.query("insert into parts values ('2025-01-01', 'x')")
    database.query("create index parts_note on parts (note)")
    with database.superuser() as connection:
        connection.execute("select pg_stat_reset()")
    setting(database, "health_index_unused", "1 ms")
    until(lambda: {row["status"] for row in found(database, "unused_indexes")} == {"warning"})
    assert {row["object"] for row in found(database, "unused_indexes")} == {"public.events_note", "public.parts_note"}
    for name, lock in (("public.events_note", "SHARE UPDATE EXCLUSIVE"), ("public.parts_note", "ACCESS EXCLUSIVE")):
        finding = of(database, "unused_indexes", name)
        assert finding["lock_level"] == lock
        mend(database, finding)


def test_bloat(database: Database) -> None:
    managed(database, rows=20000)
    setting(database, "health_bloat_size", "100 kB")
    assert [row["status"] for row in found(database, "bloat")] == ["ok"]
    database.query("delete from events where id % 10 <> 0")
    database.query("vacuum analyze events")
    finding = of(database, "bloat")
    assert (finding["status"], finding["object"], finding["lock_level"]) == (
        "warning",
        "public.events",
        "ACCESS EXCLUSIVE",
    )
    # Nine of ten rows are gone, and statistics are estimates.
    assert 80 < finding["value"] < 95
    before = database.value("select pg_relation_size('events')")
    mend(database, finding)
    assert database.value("select pg_relation_size('events')") < before / 5
    # A reader of the view that may not read the table sees no statistics of its columns.
    database.query("create table secret (at timestamptz, note text)")
    database.query("create index on secret (at)")
    database.query("insert into secret select now(), 'x' from generate_series(1, 10000)")
    database.query("vacuum analyze secret")
    database.query("select maint.set_policy('secret', '7 days', 'at')")
    with database.superuser() as superuser:
        superuser.execute("alter table secret owner to postgres")
    [hidden] = database.query("select * from maint.health where check_id = 'bloat'")
    assert (hidden["status"], hidden["object"]) == ("unknown", "public.secret")


def test_wraparound(database: Database) -> None:
    assert [(row["status"], row["object"]) for row in found(database, "wraparound")] == [
        ("ok", "multixact IDs"),
        ("ok", "transaction IDs"),
    ]
    managed(database)
    database.query("do $$ begin for i in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$")
    setting(database, "health_wraparound", "4000")
    finding = of(database, "wraparound", "transaction IDs")
    assert finding["status"] == "warning"
    setting(database, "health_wraparound_critical", "4500")
    assert of(database, "wraparound", "transaction IDs")["status"] == "critical"
    # One table after the other, each named by the finding, until all are young.
    with database.superuser() as connection:
        for _ in range(500):
            finding = of(database, "wraparound", "transaction IDs")
            if finding["status"] == "ok":
                break
            assert finding["lock_level"] == "SHARE UPDATE EXCLUSIVE"
            connection.execute(finding["remediation"].encode())
        else:
            pytest.fail("still not young")
    assert finding["value"] < 4000


def test_sequences(database: Database) -> None:
    database.query("create table small (id smallserial primary key, n smallint generated by default as identity)")
    database.query("create sequence alone as smallint")
    for name in ("small_id_seq", "small_n_seq", "alone"):
        database.query(f"select setval('{name}', 29000)")
        assert of(database, "sequences", f"public.{name}")["status"] == "warning"
        database.query(f"select setval('{name}', 32000)")
        finding = of(database, "sequences", f"public.{name}")
        assert (finding["status"], finding["lock_level"]) == ("critical", "ACCESS EXCLUSIVE")
        mend(database, finding)
        assert database.value(f"select nextval('{name}')") == 32001
    database.query("insert into small select from generate_series(1, 1000)")
    assert database.value("select max(id) > 32767 and max(n) > 32767 from small") is True
    with database.superuser() as superuser:
        superuser.execute("create sequence hidden")
    [row] = database.query("select * from maint.health where check_id = 'sequences'")
    assert (row["status"], row["privileges_missing"]) == ("unknown", "SELECT on public.hidden")
    with database.superuser() as superuser:
        superuser.execute(row["remediation"].encode())
        superuser.execute("select nextval('hidden')")
    assert [one["status"] for one in database.query("select * from maint.health where check_id = 'sequences'")] == [
        "ok"
    ]


def test_a_slot_that_nobody_reads(database: Database) -> None:
    database.query("create table written (note text)")
    with database.superuser() as connection:
        connection.execute("select pg_create_physical_replication_slot('forgotten', true)")
        try:
            assert of(database, "slots", "forgotten")["status"] == "ok"
            setting(database, "health_slot_size", "1 MB")
            database.query("insert into written select repeat('x', 500) from generate_series(1, 4000)")
            finding = of(database, "slots", "forgotten")
            assert finding["status"] == "warning"
            assert finding["value"] > 1024**2
            mend(database, finding)
            assert found(database, "slots")[0]["object"] is None
        finally:
            with suppress(errors.UndefinedObject):
                connection.execute("select pg_drop_replication_slot('forgotten')")


def test_a_slot_that_is_lost(database: Database) -> None:
    with database.superuser() as connection:
        connection.execute("select pg_create_physical_replication_slot('lost', true)")
        connection.execute("alter system set max_slot_wal_keep_size = '1 MB'")
        connection.execute("select pg_reload_conf()")
        try:
            for _ in range(3):
                connection.execute("select pg_switch_wal()")
                connection.execute("create table if not exists written (id integer)")
                connection.execute("insert into written values (1)")
            connection.execute("checkpoint")
            until(lambda: of(database, "slots", "lost")["status"] == "critical")
            mend(database, of(database, "slots", "lost"))
        finally:
            with suppress(errors.UndefinedObject):
                connection.execute("select pg_drop_replication_slot('lost')")
            connection.execute("alter system reset max_slot_wal_keep_size")
            connection.execute("select pg_reload_conf()")


def test_checksums_are_off(database: Database) -> None:
    # initdb of PostgreSQL 18 and later switches them on.
    off = database.value("show data_checksums") == "off"
    assert off == (database.cluster.version < 180000)
    assert of(database, "checksums")["status"] == ("skipped" if off else "ok")


def partitioned(database: Database) -> None:
    """A table with a partition for each of seven weeks: this one, two before and four after it."""
    for statement in (
        "create table parts (at timestamptz not null) partition by range (at)",
        "create index on parts (at)",
        *(
            f"create table parts_{n} partition of parts for values"
            f" from (date_trunc('week', now(), 'UTC') + interval '{n - 2} weeks')"
            f" to (date_trunc('week', now(), 'UTC') + interval '{n - 1} weeks')"
            for n in range(7)
        ),
        "select maint.set_policy('parts', '30 days', p_partition_interval => '1 week', p_premake => 4,"
        " p_time_zone => 'UTC')",
    ):
        database.query(statement)


def test_a_short_runway(database: Database) -> None:
    partitioned(database)
    assert of(database, "runway")["status"] == "ok"
    for n in (6, 5, 4):
        database.query(f"drop table parts_{n}")
    finding = of(database, "runway", "public.parts")
    assert (finding["status"], finding["value"]) == ("warning", 3)
    # As the owner: a superuser makes no pass on tables of others.
    database.query(finding["remediation"])
    assert of(database, "runway")["status"] == "ok"


def test_a_detach_that_was_not_finished(database: Database) -> None:
    """DETACH CONCURRENTLY waits for a reader in its second transaction, and is cancelled there."""
    partitioned(database)
    with database.connect() as reader, database.connect() as detacher:
        reader.execute("begin")
        reader.execute("select count(*) from parts")
        with ThreadPoolExecutor(1) as pool:
            detached = pool.submit(detacher.execute, "alter table parts detach partition parts_0 concurrently")
            until(lambda: database.value("select true from pg_inherits where inhdetachpending"))
            detacher.cancel()
            with pytest.raises(psycopg.errors.QueryCanceled):
                detached.result()
        reader.execute("rollback")
    finding = of(database, "half_detached", "public.parts_0")
    assert (finding["status"], finding["lock_level"]) == ("warning", "ACCESS EXCLUSIVE")
    mend(database, finding)
    assert database.value("select count(*) from pg_inherits where inhparent = 'parts'::regclass") == 6


def pages_read(connection: psycopg.Connection[Any], statement: str) -> int:
    """How many pages a statement looks at."""
    [[plan]] = connection.execute(f"explain (analyze, buffers, format json) {statement}".encode()).fetchall()
    return int(plan[0]["Plan"]["Shared Hit Blocks"]) + int(plan[0]["Plan"]["Shared Read Blocks"])


def test_the_oldest_row_is_found_behind_many_dead_ones(database: Database, cli: Cli) -> None:
    """A session holds the horizon, so that no dead entry can go: a naive probe walks over all of them."""
    managed(database)
    database.query(
        "insert into events (at) select now() - interval '30 days' - i * interval '1 s'"
        " from generate_series(1, 120000) as i"
    )
    with database.connect() as holder, database.connect() as owner:
        holder.execute("begin isolation level repeatable read")
        holder.execute("select 1")
        owner.execute("call maint.cleanup('events', p_duty => 'full', p_quiet => true)")
        until(lambda: database.value("select dead_rows >= 100000 from maint.tables where table_name = 'events'"))
        text = render_catalog(catalog("health_managed"), "maint").replace("%%", "%")
        [probe] = [row["oldest"] for row in database.query(text)]
        naive = "select (select t.at from events as t order by t.at limit 1)"
        many, few = pages_read(owner, naive), pages_read(owner, probe)
        assert few < 30 < 1000 < many
        [table] = cli.here("health", "--check", "oldest_rows", "--json", "--dsn", database.dsn).json["tables"]
        assert (
            table["oldest"]
            == database.value("select to_char(min(at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') from events")
            + "+00:00"
        )
