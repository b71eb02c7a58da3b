"""What a pass would do now, computed by the server without doing it."""

from collections.abc import Mapping, Sequence

from pytelemetry_db import db
from pytelemetry_db.errors import UsageError

__all__ = ["plan", "targets"]


def targets(
    connection: db.Connection, schema: str, tables: Sequence[str], keeps: Mapping[str, str]
) -> dict[str, str | None]:
    """Return the tables that are meant, each once and with the keep that was said for it; empty: simply all.

    Names are as they were typed; those returned are qualified. Without ``tables`` a keep means: all that have a policy.

    :raises UsageError: for a table that does not exist, two keeps for one table, a keep for a table that is not meant
    """
    wanted = [*tables, *keeps]
    names = {row["given"]: row["name"] for row in db.fetch(connection, "targets", schema, {"names": wanted})}
    said: dict[str, str] = {}
    for table, keep in keeps.items():
        if said.setdefault(names[table], keep) != keep:
            raise UsageError(f"two keeps for {names[table]}: {said[names[table]]} and {keep}", next_step="say one")
    meant = dict.fromkeys(names[table] for table in tables)
    if keeps and not tables:
        meant = dict.fromkeys([*(row["name"] for row in db.fetch(connection, "all_targets", schema)), *said])
    for name in said:
        if name not in meant:
            raise UsageError(
                f"a keep for {name}, which is not among the tables that were named",
                next_step="name it as well, or leave its keep out",
            )
    return {name: said.get(name) for name in meant}


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
    meant = targets(connection, schema, tables, keeps or {})
    if not meant:
        return db.fetch(connection, "plan", schema, {"p_table": None, "keep": None, **wanted})
    return [
        row
        for name, keep in meant.items()
        for row in db.fetch(connection, "plan", schema, {"p_table": name, "keep": keep, **wanted})
    ]
