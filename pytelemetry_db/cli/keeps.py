"""What plan and cleanup are told in the same words: tables, keeps and the size of batches."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["BatchRows", "Keeps", "Tables", "keeps_of", "keeps_of_environment"]

Tables = Annotated[
    list[str] | None, typer.Argument(metavar="TABLE", help="Only these tables. [default: all that have a policy]")
]
Keeps = Annotated[
    list[str] | None,
    typer.Option(
        "--keep", metavar="TABLE=DURATION", help="A keep for this time only, such as events_seen=5d; repeatable."
    ),
]
BatchRows = Annotated[
    int | None,
    typer.Option("--batch-rows", metavar="N", help="A fixed number of rows in a batch. [default: as the policy says]"),
]

_DAYS = {"events_seen": "EVENTS_RETENTION_DAYS", "agg_1m": "AGG_RETENTION_DAYS"}


def keeps_of(pairs: list[str], days: dict[str, int | None] | None = None) -> dict[str, str]:
    """Keeps by table, as intervals, from TABLE=DURATION and from numbers of days.

    :raises UsageError: for anything else, and for two keeps of one table
    """
    from pytelemetry_db import durations

    keeps = {table: f"{number} days" for table, number in (days or {}).items() if number is not None}
    for pair in pairs:
        table, equals, value = pair.rpartition("=")
        if not equals or not table:
            raise UsageError(f'--keep: found "{pair}"', "TABLE=DURATION, such as events_seen=7d")
        keep = durations.to_interval(value, f"--keep {table}=")
        if keeps.setdefault(table, keep) != keep:
            raise UsageError(f"two keeps for {table}: {keeps[table]} and {keep}", next_step="say one")
    return keeps


def keeps_of_environment(
    connection: "db.Connection", schema: str, tables: list[str], said: dict[str, str]
) -> dict[str, str]:
    """EVENTS_RETENTION_DAYS and AGG_RETENTION_DAYS, for tables that have a policy and are meant now."""
    from pytelemetry_db import policies

    found: dict[str, str] = {}
    wanted = {name: os.environ[variable] for name, variable in _DAYS.items() if os.environ.get(variable)}
    if not wanted:
        return found
    for row in policies.list_policies(connection, schema):
        name = row["table_name"]
        if row["state"] == "suspended" or name not in wanted or {name, row["name"]} & set(said):
            continue
        if not tables or {name, row["name"]} & set(tables):
            if not wanted[name].isdecimal():
                raise UsageError(f'{_DAYS[name]}: found "{wanted[name]}"', "a whole number of days")
            found[row["name"]] = f"{wanted[name]} days"
            output.note(f"{_DAYS[name]}={wanted[name]}: keep of {row['name']} for this pass")
    return found
