"""What happened: the passes of the run ledger."""

from pytelemetry_db import db

__all__ = ["runs", "summary"]


def runs(connection: db.Connection, schema: str, since: str) -> list[db.Row]:
    """Return the passes that began within the interval ``since``, oldest first (view ``runs``)."""
    return db.fetch(connection, "runs", schema, {"since": since})


def summary(rows: list[db.Row]) -> list[db.Row]:
    """Add the passes up by table: passes, rows, batches, WAL bytes, and the result of the last one."""
    tables: dict[tuple[str, str], db.Row] = {}
    for row in rows:
        key = (row["schema_name"], row["table_name"])
        total = tables.setdefault(
            key,
            {"schema_name": key[0], "table_name": key[1], "passes": 0, "rows": 0, "batches": 0, "wal_bytes": 0},
        )
        total["passes"] += 1
        for name in ("rows", "batches", "wal_bytes"):
            total[name] += int(row[name])
        total |= {
            "last_started_at": row["started_at"],
            "last_stop_reason": row["stop_reason"],
            "debt_rows": row["debt_rows"],
        }
    return list(tables.values())
