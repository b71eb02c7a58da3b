"""What a pass would do now, computed by the server without doing it."""

from collections.abc import Mapping, Sequence

from pytelemetry_db import db

__all__ = ["plan", "qualified", "qualified_keeps"]


def qualified(connection: db.Connection, schema: str, names: Sequence[str]) -> dict[str, str]:
    """Map table names as they were typed to their schema-qualified, quoted names.

    :raises UsageError: for a table that does not exist
    """
    return {row["given"]: row["name"] for row in db.fetch(connection, "targets", schema, {"names": list(names)})}


def qualified_keeps(connection: db.Connection, schema: str, keeps: Mapping[str, str]) -> dict[str, str]:
    """Return ``keeps`` with schema-qualified table names as keys."""
    names = qualified(connection, schema, list(keeps)) if keeps else {}
    return {names[table]: keep for table, keep in keeps.items()}


def plan(
    connection: db.Connection,
    schema: str,
    tables: Sequence[str] = (),
    keeps: Mapping[str, str] | None = None,
    *,
    batch_rows: int | None = None,
    exact: bool = True,
) -> list[db.Row]:
    """Return one row per policy, or per table named: rows that would go, cutoff, statement, findings.

    :param keeps: by table, a keep to try instead of the stored one
    :param exact: count rows; False estimates them from statistics
    :raises NoPolicy: when a table, or the whole database, has none
    """
    wanted = {"batch_rows": batch_rows, "exact": exact}
    keeps_of = qualified_keeps(connection, schema, keeps or {})
    if not tables and not keeps_of:
        return db.fetch(connection, "plan", schema, {"p_table": None, "keep": None, **wanted})
    names: list[str] = list(qualified(connection, schema, tables).values())
    if not names:
        names = [row["name"] for row in db.fetch(connection, "policies", schema)]
        names += [name for name in keeps_of if name not in names]
    return [
        row
        for name in names
        for row in db.fetch(connection, "plan", schema, {"p_table": name, "keep": keeps_of.get(name), **wanted})
    ]
