"""Holds: rows that stay although they are expired."""

from pytelemetry_db import db

__all__ = ["add_hold", "list_holds", "release_hold"]


def add_hold(
    connection: db.Connection, schema: str, table: str, *, condition: str | None, reason: str, expires: str | None
) -> int:
    """Keep the rows of a table for which the condition is not false, and return the number of the hold.

    It binds when this returns: also a running pass takes none of these rows any more.

    :raises UsageError: the table, the condition, the reason or the time cannot be used; then nothing was changed
    """
    values = {"p_table": table, "p_condition": condition, "p_reason": reason, "p_expires": expires}
    found = db.fetch(connection, "add_hold", schema, values)[0]["hold_id"]
    return int(found)


def list_holds(connection: db.Connection, schema: str) -> list[db.Row]:
    """Return every hold, also those that ended (view ``holds``)."""
    return db.fetch(connection, "holds", schema)


def release_hold(connection: db.Connection, schema: str, hold_id: int, reason: str) -> None:
    """End a hold; from the next pass on its rows are judged by the policy alone."""
    db.fetch(connection, "release_hold", schema, {"p_hold_id": hold_id, "p_reason": reason})
