"""Partitions: which there are, how far ahead they reach, and what a rotation would do."""

from collections.abc import Sequence

from pytelemetry_db import db, planning

__all__ = ["list_partitions", "list_sets", "plan_rotation"]


def list_sets(connection: db.Connection, schema: str, table: str | None) -> list[db.Row]:
    """Return one row for each partitioned table with a policy, or for the one that was named."""
    return db.fetch(connection, "partition_sets", schema, {"p_table": table})


def list_partitions(connection: db.Connection, schema: str, table: str) -> list[db.Row]:
    """Return the partitions of a table, oldest first and the default last; empty when it has no policy."""
    return db.fetch(connection, "partitions", schema, {"p_table": table})


def plan_rotation(
    connection: db.Connection, schema: str, tables: Sequence[str], *, concurrently: bool = False
) -> list[db.Row]:
    """Return what a rotation would do now, action by action; without tables, of all that are rotated.

    With ``concurrently`` the details tell which partitions are detached so, or why not.

    :raises UsageError: for a table that does not exist, has no policy, or one that says nothing about partitions
    """
    meant: list[str | None] = [*planning.targets(connection, schema, tables, {})]
    values: list[dict[str, object]] = [{"p_table": name, "is_concurrent": concurrently} for name in meant or [None]]
    return [row for params in values for row in db.fetch(connection, "plan_rotation", schema, params)]
