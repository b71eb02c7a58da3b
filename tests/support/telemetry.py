"""The first users' tables, with rows on both sides of each cutoff, and an independent count of what stays."""

from __future__ import annotations

from typing import Any

from support.command import ROOT
from support.database import Database

# Every row is half an hour away from any cutoff of whole days, so that what is expired stays so while a test runs.
FILL = """
    truncate events_seen, agg_1m, alerts;
    insert into events_seen (event_id, client_id, ts_ms, created_at)
    select gen_random_uuid(), 'probe', 0, t.at
    from (
        select localtimestamp - make_interval(hours => h, mins => 30) as at from generate_series(0, 24 * 20) as h
        union all values (null), ('infinity'), ('-infinity'), (localtimestamp + interval '10 years')
    ) as t;
    insert into agg_1m (client_id, target, window_start_ts)
    select 'probe', 'target', localtimestamp - make_interval(hours => 12 * i, mins => 30)
    from generate_series(0, 2 * 200) as i;
    insert into alerts (client_id, target, alert_type, severity, window_start_ts, created_at, resolved_at)
    select
        'probe', 'target', 'dns_failure', 'critical', t.at, t.at,
        case when t.d % 3 <> 0 then t.at + interval '1 min' end
    from (
        select d, localtimestamp - make_interval(days => d, mins => 30) as at from generate_series(0, 60) as d
    ) as t;
    analyze events_seen, agg_1m, alerts;
"""

# The key of a row, its time, and whether its policy lets it go at all.
_READ = {
    "events_seen": "select event_id::text as id, created_at as at, true as may from events_seen",
    "agg_1m": "select window_start_ts::text as id, window_start_ts as at, true as may from agg_1m",
    "alerts": "select id, created_at as at, resolved_at is not null as may from alerts",
}


def make_tables(database: Database) -> None:
    """Make the three tables and their indexes."""
    with database.connect() as connection:
        for name in ("create_tables", "create_indexes"):
            connection.execute((ROOT / "sql" / "demo" / f"{name}.sql").read_bytes())


def fill(database: Database) -> None:
    """Empty the three tables and fill them anew."""
    with database.connect(options="-c timezone=UTC") as connection:
        connection.execute(FILL.encode())


def present(database: Database) -> dict[str, set[Any]]:
    """The keys of the rows of each table that are there now."""
    return {name: {row["id"] for row in _rows(database, name)} for name in _READ}


def survivors(database: Database, events: float = 7, aggregates: float = 90, alerts: float = 30) -> dict[str, set[Any]]:
    """The keys of the rows of each table that must outlive a cleanup with these keeps, in days.

    Judged here and not by the server: older than the keep goes; without a time, at an infinite time or open stays.
    """
    now = database.value("select extract(epoch from now())::float8")
    keeps = {"events_seen": events, "agg_1m": aggregates, "alerts": alerts}
    return {
        name: {
            row["id"]
            for row in _rows(database, name)
            if row["at"] is None or row["at"] == float("-inf") or now - row["at"] <= days * 86400 or not row["may"]
        }
        for name, days in keeps.items()
    }


def _rows(database: Database, name: str) -> list[dict[str, Any]]:
    return database.query(f"select id, extract(epoch from at)::float8 as at, may from ({_READ[name]}) as r")


def last_runs(database: Database) -> dict[str, dict[str, Any]]:
    """The newest pass of each table, from the view runs."""
    rows = database.query("select distinct on (table_name) * from maint.runs order by table_name, run_id desc")
    return {row["table_name"]: row for row in rows}
