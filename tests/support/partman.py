"""Real pg_partman beside ours: whichever version the server brings, 4.7 or 5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import psycopg

from support.cluster import OWNER

SCHEMA = "partman"
EPOCHS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# What an ordinary role needs to keep a set; {name} is the database's.
PARTMAN_GRANTS = f"""
grant all on schema {SCHEMA} to {OWNER};
grant select, insert, update, delete on all tables in schema {SCHEMA} to {OWNER};
grant execute on all routines in schema {SCHEMA} to {OWNER};
grant create, temporary on database "{{name}}" to {OWNER};
"""
RANGE = re.compile(r"FROM \((.+)\) TO \((.+)\)")


@dataclass(frozen=True)
class Bounds:
    """A partition as the catalog has it, its bounds as the server prints them."""

    name: str
    lower: str
    upper: str


class Partman:
    """The extension in a schema of its own, driven as the superuser of one database."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create schema if not exists {SCHEMA}")
        connection.execute(f"create extension if not exists pg_partman schema {SCHEMA}")
        self.version = tuple(
            int(part)
            for part in self.value("select extversion from pg_extension where extname = 'pg_partman'").split(".")
        )

    @property
    def is_5(self) -> bool:
        """Version 5 and later: other argument names, other names of partitions."""
        return self.version >= (5,)

    def value(self, statement: str, *values: object) -> Any:
        """The first column of the first row."""
        row = self.connection.execute(statement.encode(), values or None).fetchone()
        return row[0] if row else None

    def create_parent(self, table: str, column: str, interval: str, start: str | None, **more: object) -> None:
        """`create_parent`, with `unit` for an epoch and `trunc` for p_date_trunc_interval."""
        arguments: dict[str, object] = {
            "p_parent_table": table,
            "p_control": column,
            "p_interval": interval,
            "p_type": "range" if self.is_5 else "native",
            "p_premake": more.get("premake", 1),
            "p_start_partition": start,
            "p_epoch": EPOCHS.get(str(more.get("unit")), "none"),
            "p_date_trunc_interval": more.get("trunc"),
        }
        if self.is_5:
            arguments["p_default_table"] = more.get("default", False)
        names = ", ".join(f"{name} => %({name})s" for name in arguments)
        self.connection.execute(f"select {SCHEMA}.create_parent({names})".encode(), arguments)
        if not self.is_5 and not more.get("default", False):
            schema, name = table.split(".")
            self.connection.execute(f'drop table if exists {schema}."{name}_default"'.encode())

    def config(self, table: str) -> dict[str, Any]:
        """The row of `part_config`; empty without one."""
        row = self.value(f"select to_jsonb(c) from {SCHEMA}.part_config as c where parent_table = %s", table)
        return row or {}

    def set(self, table: str, **columns: object) -> None:
        """Change columns of the row of `part_config`."""
        changes = ", ".join(f"{column} = %({column})s" for column in columns)
        statement = f"update {SCHEMA}.part_config set {changes} where parent_table = %(parent_table)s"
        assert self.connection.execute(statement.encode(), {**columns, "parent_table": table}).rowcount == 1

    def run_maintenance(self, table: str) -> None:
        """Run theirs for one set, in a session in UTC; version 5.5 only warns of a set that failed, we raise."""
        warnings: list[str] = []

        def note(diagnostic: psycopg.errors.Diagnostic) -> None:
            if diagnostic.severity_nonlocalized == "WARNING":
                warnings.append(diagnostic.message_primary or "")

        self.connection.add_notice_handler(note)
        try:
            self.connection.execute(f"select {SCHEMA}.run_maintenance(p_parent_table => %s)".encode(), [table])
        finally:
            self.connection.remove_notice_handler(note)
            # Version 4 leaves its search_path behind.
            self.connection.execute("reset search_path")
        assert warnings == []


def bounds(connection: psycopg.Connection[Any], table: str) -> list[Bounds]:
    """The partitions of a table with their bounds in UTC, in the order of the bounds; a default is left out."""
    connection.execute("set timezone = 'UTC'")
    rows = connection.execute(
        "select c.relname, pg_get_expr(c.relpartbound, c.oid) from pg_inherits as i"
        " join pg_class as c on c.oid = i.inhrelid where i.inhparent = %s::regclass",
        [table],
    ).fetchall()
    found = [Bounds(name, *match.groups()) for name, text in rows if (match := RANGE.search(text))]

    def order(partition: Bounds) -> tuple[int, str]:
        bare = partition.lower.strip("'")
        return (0 if bare in ("-infinity", "MINVALUE") else 1, bare.zfill(30) if bare.isdigit() else bare)

    return sorted(found, key=order)
