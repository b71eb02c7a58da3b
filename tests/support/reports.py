"""A ledger and samples of many policies and many days, written by SQL: what a report is made from."""

from __future__ import annotations

from support.database import Database

WEEK = "date_trunc('week', now(), 'UTC')"
HOSTILE = "<img src=x onerror=alert(1)>"


def fill(database: Database, *, policies: int, days: int, passes_per_day: int = 1, hostile: bool = True) -> None:
    """Make tables with policies, passes and samples up to now; every seventh pass of the second table failed.

    The first table has a hostile name, if wanted, and passes with hostile messages.
    """
    names = [f"metrics_{index:02d}" for index in range(1, policies + 1)]
    if hostile:
        names[0] = HOSTILE
    with database.connect() as connection:
        connection.execute("create schema app")
        for name in names:
            quoted = '"' + name + '"'
            connection.execute(f"create table app.{quoted} (id bigint, at timestamptz)".encode())
            connection.execute(f"create index on app.{quoted} (at)".encode())
            connection.execute(
                "select maint.set_policy(to_regclass(%s), '30 days', p_max_size => '40 GB')", [f"app.{quoted}"]
            )
        connection.execute(
            """
            insert into maint._run (
                policy_id, relation_id, schema_name, table_name, version, epoch, keep, keep_override, cutoff, predicate,
                batch_rows, started_at, deadline, heartbeat_at, finished_at, stop_reason, detail, rows, batches,
                wal_bytes, debt_rows, debt_exact, error_sqlstate, error_message
            )
            select
                p.policy_id, p.relation_id, p.schema_name, p.table_name, 'x', 1, p.keep, false, t.at - p.keep, 'true',
                1000, t.at, t.at + interval '1 hour', t.at + t.took, t.at + t.took,
                case when t.bad then 'failed' else 'done' end,
                case when t.bad then E'=cmd|''/c x''!A1 | **bold** <script>alert(2)</script> \\x1b[31mred' end,
                case when t.bad then 0 else 20000 + (p.policy_id * 7919 + t.n * 104729) %% 9000 end, 20,
                4000000, case when t.bad then 26000 else 0 end, true,
                case when t.bad then '40P01' end, case when t.bad then E'deadlock detected \\u202e@all' end
            from maint._policy as p
            cross join lateral (
                select
                    n,
                    now() - interval '10 min' - make_interval(secs => n * 86400.0 / %(passes)s) as at,
                    make_interval(secs => 20 + (p.policy_id * 31 + n * 17) %% 40) as took,
                    p.policy_id < 2 + (select min(o.policy_id) from maint._policy as o) and n %% 7 = 3 as bad
                from generate_series(0, %(days)s * %(passes)s - 1) as n
            ) as t
            order by t.at
            """,
            {"days": days, "passes": passes_per_day},
        )
        connection.execute(
            """
            insert into maint._sample (
                policy_id, relation_id, at, rows, heap_bytes, index_bytes, toast_bytes, dead_rows, oldest_at, newest_at,
                expired_rows, expired_exact
            )
            select
                p.policy_id, p.relation_id, t.at, 900000 + 2000 * (%(days)s - t.n / 4),
                (10 + p.policy_id) * 600000000 + (%(days)s - t.n / 4)::bigint * 30000000 + (t.n * 7919 %% 100) * 900000,
                3000000000, 0, 30000 + (t.n * 61 + p.policy_id) %% 13 * 16000,
                t.at - interval '30 days' - make_interval(hours => (t.n * 13 + p.policy_id::integer) %% 30), t.at,
                (t.n * 97 + p.policy_id * 13) %% 24 * 1000, true
            from maint._policy as p
            cross join lateral (
                select n, now() - interval '5 min' - make_interval(hours => n * 6) as at
                from generate_series(0, %(days)s * 4 - 1) as n
            ) as t
            """,
            {"days": days},
        )
        connection.execute("analyze maint._run, maint._sample")


def partition(database: Database, tables: int, name: str = "parts") -> None:
    """Make partitioned tables that want four weeks ahead; the first has none of them, the next one week, and so on."""
    with database.connect() as connection:
        connection.execute("create schema if not exists app")
        for index in range(1, tables + 1):
            table = f'app."{name}_{index:02d}"'
            connection.execute(f"create table {table} (at timestamptz not null) partition by range (at)".encode())
            for week in range(min(index, 6)):
                bounds = f"from ({WEEK} + '{week} weeks') to ({WEEK} + '{week + 1} weeks')"
                leaf = f'app."{name}_{index:02d}_{week}"'
                connection.execute(f"create table {leaf} partition of {table} for values {bounds}".encode())
            connection.execute(f"create index on {table} (at)".encode())
            connection.execute(
                "select maint.set_policy(to_regclass(%s), '30 days', p_partition_interval => '1 week', p_premake => 4,"
                " p_time_zone => 'UTC')",
                [table],
            )
