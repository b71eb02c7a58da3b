"""The view health on servers of their own: a replica, an archive that fails, prepared transactions, many tables."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row
from support import Cli, Cluster, Database
from support.passes import until

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

BAD = """
max_prepared_transactions = 5
archive_mode = on
archive_command = 'false'
"""


def rows(connection: psycopg.Connection[Any], check: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from maint.health where check_id = %s", [check]).fetchall()


def test_an_archive_that_fails_and_a_forgotten_prepared_transaction(cluster: Cluster) -> None:
    server = cluster.another(BAD)
    try:
        server.start()
        server.create_roles()
        with server.connect() as superuser:
            superuser.execute("create database health owner maint_owner")
        with server.connect("health", user="maint_owner") as owner:
            owner.execute(render_install(load()).text.encode())
            owner.execute("select maint.set_setting('health_long', '1 ms')")
        with server.connect("health") as superuser:
            assert [row["status"] for row in rows(superuser, "prepared")] == ["ok"]
            assert [row["status"] for row in rows(superuser, "archiver")] == ["ok"]
            superuser.execute("create table kept (id integer)")
            superuser.execute("begin")
            superuser.execute("insert into kept values (1)")
            superuser.execute("prepare transaction 'it''s forgotten'")
            superuser.execute("select pg_switch_wal()")
            [prepared] = rows(superuser, "prepared")
            assert (prepared["status"], prepared["object"]) == ("critical", "it's forgotten")
            superuser.execute(prepared["remediation"].encode())
            assert [row["status"] for row in rows(superuser, "prepared")] == ["ok"]
            until(lambda: [row["status"] for row in rows(superuser, "archiver")] == ["critical"], 60)
            superuser.execute("alter system set archive_command = 'true'")
            superuser.execute("select pg_reload_conf()")
            until(lambda: [row["status"] for row in rows(superuser, "archiver")] == ["ok"], 90)
    finally:
        server.remove()


def test_a_replica(database: Database, cli: Cli) -> None:
    standby = database.cluster.standby()
    try:
        standby.start()
        with database.superuser() as primary:
            until(lambda: [row["status"] for row in rows(primary, "replicas")] == ["ok"])
            assert rows(primary, "replicas")[0]["object"] == "walreceiver"
        with standby.connect(database.name) as replica:
            until(lambda: replica.execute("select true from maint._home where database_oid <> 0").fetchall())
            found = replica.cursor(row_factory=dict_row).execute("select * from maint.health").fetchall()
            assert [row for row in found if row["status"] not in ("ok", "skipped")] == []
            assert "a standby" in next(row["detail"] for row in found if row["check_id"] == "server")
        result = cli("health", "--dsn", standby.dsn(database.name))
        assert result.returncode == 0, result.stdout
    finally:
        standby.remove()


def test_a_replica_that_is_behind(database: Database, cli: Cli) -> None:
    """Behind because of a delay, then because its replay is paused; what a reader may not see is unknown."""
    standby = database.cluster.standby()
    try:
        with (standby.pgdata / "postgresql.conf").open("a") as settings:
            settings.write("\nrecovery_min_apply_delay = '1h'\n")
        standby.start()
        with database.superuser() as primary:
            until(lambda: [row["status"] for row in rows(primary, "replicas")] == ["ok"])
            database.query("select maint.set_setting('health_replica_size', '1 kB')")
            database.query("create table written as select i from generate_series(1, 1000) as i")
            until(lambda: [row["status"] for row in rows(primary, "replicas")] == ["warning"])
            assert rows(primary, "replicas")[0]["lock_level"] == "manual"
            database.query("select maint.set_setting('health_replica_size_critical', '2 kB')")
            assert [row["status"] for row in rows(primary, "replicas")] == ["critical"]
            [hidden] = database.query("select * from maint.health where check_id = 'replicas'")
            assert (hidden["status"], hidden["privileges_missing"]) == ("unknown", "pg_read_all_stats")
            database.query("select maint.set_setting('health_replica_lag', '1 s')")
            with standby.connect() as replica:
                replica.execute("alter system set recovery_min_apply_delay = 0")
                replica.execute("select pg_reload_conf()")
                until(lambda: [row["status"] for row in rows(primary, "replicas")] == ["ok"])
                replica.execute("select pg_wal_replay_pause()")
            database.query("create table written_later as select i from generate_series(1, 1000) as i")
            with standby.connect(database.name) as replica:
                until(lambda: [row["status"] for row in rows(replica, "replicas")] == ["warning"])
                [late] = rows(replica, "replicas")
                assert (late["object"], late["remediation"]) == ("this standby", "select pg_wal_replay_resume();")
                assert cli("health", "--check", "replicas", "--dsn", standby.dsn(database.name)).returncode == 1
                replica.execute(late["remediation"].encode())
                until(lambda: [row["status"] for row in rows(replica, "replicas")] == ["ok"])
    finally:
        standby.remove()


def test_checksums(database: Database) -> None:
    """A page that was damaged on disk; where checksums are off, nobody looks."""
    server = database.cluster.another()
    try:
        # initdb of PostgreSQL 18 and later does it itself.
        if database.cluster.version < 180000:
            server.run("pg_checksums", "--enable", "-D", server.pgdata)
        server.start()
        server.create_roles()
        with server.connect() as superuser:
            superuser.execute("create database health owner maint_owner")
        with server.connect("health", user="maint_owner") as owner:
            owner.execute(render_install(load()).text.encode())
            owner.execute("create table damaged as select i from generate_series(1, 1000) as i")
        with server.connect("health") as superuser:
            assert [row["status"] for row in rows(superuser, "checksums")] == ["ok"]
            [path] = superuser.execute("select pg_relation_filepath('damaged')").fetchone() or [""]
        server.stop()
        with (server.pgdata / path).open("r+b") as file:
            file.seek(4000)
            file.write(b"damaged")
        server.start()
        with server.connect("health") as superuser:
            with pytest.raises(errors.DataCorrupted):
                superuser.execute("select count(*) from damaged")
            until(lambda: [row["status"] for row in rows(superuser, "checksums")] == ["critical"])
            assert rows(superuser, "checksums")[0]["value"] == 1
            superuser.execute("select pg_stat_reset()")
    finally:
        server.remove()


def test_a_prepared_transaction_that_blocks(database: Database) -> None:
    server = database.cluster.another("max_prepared_transactions = 5\n")
    try:
        server.start()
        server.create_roles()
        with server.connect() as superuser:
            superuser.execute("create database health owner maint_owner")
        with server.connect("health", user="maint_owner") as owner:
            owner.execute(render_install(load()).text.encode())
            owner.execute("create table kept as select 1 as id")
            for name in ("blocks", "does not"):
                owner.execute("begin")
                owner.execute("update kept set id = 2" if name == "blocks" else "create table other (id integer)")
                owner.execute(f"prepare transaction '{name}'")
        with server.connect("health") as superuser, server.connect("health") as blocked:
            thread = threading.Thread(target=blocked.execute, args=["update kept set id = 3"])
            thread.start()
            until(lambda: [row["status"] for row in rows(superuser, "blocked_queries")] == ["warning"])
            [finding] = rows(superuser, "blocked_queries")
            assert (finding["object"], finding["remediation"]) == ("pid 0", "rollback prepared 'blocks';")
            superuser.execute(finding["remediation"].encode())
            thread.join(20)
            assert [row["status"] for row in rows(superuser, "blocked_queries")] == ["ok"]
    finally:
        server.remove()


def test_no_permission_on_one_table_of_two(database: Database, cli: Cli) -> None:
    for name in ("mine", "foreign_one"):
        database.query(f"create table {name} (at timestamptz not null)")
        database.query(f"create index on {name} (at)")
        database.query(f"insert into {name} values (now())")
        database.query(f"analyze {name}")
        database.query(f"select maint.set_policy('{name}', '7 days')")
    with database.superuser() as superuser:
        superuser.execute("alter table foreign_one owner to needs_password")
    result = cli("health", "--json", "--dsn", database.dsn)
    found = {(row["check_id"], row["object"]): row for row in result.json["findings"]}
    refused = found["oldest_rows", "public.foreign_one"]
    assert refused["status"] == "unknown"
    assert "permission denied" in refused["privileges_missing"]
    tables = {table["table_name"]: table["oldest"] for table in result.json["tables"]}
    assert tables["foreign_one"] is None
    assert tables["mine"] is not None


def test_connections(database: Database) -> None:
    with database.superuser() as superuser:
        assert [row["status"] for row in rows(superuser, "connections")] == ["ok"]
        database.query("select maint.set_setting('health_connections', '1')")
        with database.connect():
            assert [row["status"] for row in rows(superuser, "connections")] == ["warning"]


def test_a_thousand_tables_take_few_locks(database: Database) -> None:
    database.query("create table many (id bigint, at timestamptz not null) partition by range (at)")
    database.query("create index on many (at)")
    for first in range(0, 500, 250):
        database.query(
            f"""
            do $$
            begin
                for i in {first}..{first + 249} loop
                    execute format(
                        'create table many_%s partition of many for values from (%L) to (%L)', i,
                        timestamptz '2020-01-01' + i * interval '1 day', timestamptz '2020-01-02' + i * interval '1 day'
                    );
                    execute format('create table other_%s (id bigint primary key, at timestamptz)', i);
                end loop;
            end $$
            """
        )
    database.query("select maint.set_policy('many', '7 days', 'at')")
    with database.connect() as connection:
        connection.execute("select * from maint.health")
        with connection.transaction():
            began = time.monotonic()
            connection.execute("select * from maint.health")
            took = time.monotonic() - began
            [locks] = connection.execute("select count(*) from pg_locks where pid = pg_backend_pid()").fetchone() or [0]
        assert locks < 100
        # Far less on a machine of its own; here others are at work.
        assert took < 5
        [tables] = connection.execute("select count(*) from maint.tables where table_name = 'many'").fetchone() or [0]
        assert tables == 1
