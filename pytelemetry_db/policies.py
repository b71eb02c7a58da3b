"""Policies: what to keep of which table, and whether its passes may run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pytelemetry_db import db
from pytelemetry_db.errors import NoPolicy

__all__ = [
    "PolicyChange",
    "confirm",
    "drop_policy",
    "find_policy",
    "list_policies",
    "pause",
    "preflight",
    "rebind",
    "resume",
    "set_policy",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """The arguments of ``set_policy``; what is None keeps its stored value.

    Intervals are PostgreSQL interval texts, ``max_size`` a size such as ``10 GB``; an empty ``condition`` removes it,
    and so does a ``batch_rows`` of 0.
    """

    keep: str | None = None
    column: str | None = None
    condition: str | None = None
    remove: str | None = None
    time_zone: str | None = None
    grace: str | None = None
    max_size: str | None = None
    epoch_unit: str | None = None
    batch_rows: int | None = None
    strategy: str | None = None
    hours: str | None = None
    synchronous_commit: str | None = None
    partition_interval: str | None = None
    premake: int | None = None
    partition_remove: str | None = None
    detached_schema: str | None = None
    detached_keep: str | None = None
    managed_by: str | None = None
    partition_format: str | None = None


def set_policy(connection: db.Connection, schema: str, table: str, change: PolicyChange) -> db.Row:
    """Make or change the policy of a table and return it as it is stored; validated by the server now.

    :raises UsageError: the table, the column, the condition or a value cannot be used; says why and what to do
    """
    values = {f"p_{name}": value for name, value in asdict(change).items()}
    return db.fetch(connection, "set_policy", schema, {"p_table": table, **values})[0]


def list_policies(connection: db.Connection, schema: str) -> list[db.Row]:
    """Return every policy with its state and its last pass, the longest untouched first (view ``retention``)."""
    return db.fetch(connection, "policies", schema)


def find_policy(connection: db.Connection, schema: str, table: str) -> db.Row:
    """Return the policy of one table, by its present or its stored name.

    :raises NoPolicy: when there is none
    """
    rows = list_policies(connection, schema)
    names = {table} | {row["name"] for row in rows if f"{row['schema_name']}.{row['table_name']}" == table}
    found = [row for row in rows if row["name"] in names]
    if not found:
        known = db.fetch(connection, "targets", schema, {"names": [table]})[0]
        found = [row for row in rows if row["name"] == known["name"]]
    if not found:
        raise NoPolicy(f"there is no policy on {table}", next_step=f"pytelemetry-db policy set {table} --keep 30d")
    return found[0]


def drop_policy(connection: db.Connection, schema: str, table: str) -> None:
    """Remove a policy; a running pass stops at its batch boundary, and the ledger keeps its rows."""
    db.fetch(connection, "drop_policy", schema, {"p_table": table})


def pause(connection: db.Connection, schema: str, table: str, reason: str | None) -> None:
    """Stop passes on a table until ``resume``; when this returns, nothing is being deleted there."""
    db.fetch(connection, "pause", schema, {"p_table": table, "reason": reason})


def resume(connection: db.Connection, schema: str, table: str) -> None:
    """Let passes on a table run again."""
    db.fetch(connection, "resume", schema, {"p_table": table})


def rebind(connection: db.Connection, schema: str, table: str) -> db.Row:
    """Bind the suspended policy of a renamed or re-created table to the table of that name; return it."""
    return db.fetch(connection, "rebind", schema, {"p_table": table})[0]


def confirm(connection: db.Connection, schema: str, values: Mapping[str, str | None]) -> None:
    """Decide a guard: ``values`` has ``guard``, ``reason`` and, where the guard concerns one table, ``p_table``."""
    db.fetch(connection, "confirm", schema, {"p_table": None, **values})


def preflight(connection: db.Connection, schema: str, table: str | None) -> list[db.Row]:
    """Return what stands in the way of a pass for the connected role: name, check_id, level, detail, fix."""
    return db.fetch(connection, "preflight", schema, {"p_table": table})
