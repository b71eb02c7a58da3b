"""A disk that fills: what a cleanup can do about it, what it cannot, and what would.

A DELETE gives nothing back to the file system, and writes WAL on the same disk as a rule. Here are the facts for a
person who has to decide, and the order in which to work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytelemetry_db import db, planning

__all__ = ["Table", "Way", "disk", "look", "ways"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A statement that gives bytes back to the disk: the room it needs, what it returns, the lock it takes."""

    statement: str
    room_bytes: int
    returned_bytes: int
    lock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a policy: its size, the bill of a pass over it (from the plan), and what gives space back."""

    name: str
    keep: str
    total_bytes: int
    expired_rows: int
    bill: Mapping[str, Any]
    ways: tuple[Way, ...]

    @property
    def reusable_bytes(self) -> int:
        """Bytes that new rows can use after the pass and VACUUM."""
        return int(self.bill["reusable_bytes"])

    @property
    def wal_bytes(self) -> int:
        """Bytes of WAL that the pass will write."""
        return int(self.bill["wal_bytes"])


def disk(connection: db.Connection, schema: str) -> db.Row:
    """Return the size of the database, and what keeps WAL: ``database_bytes``, ``slot``, ``archiver``."""
    (row,) = db.fetch(connection, "disk", schema)
    return row


def look(connection: db.Connection, schema: str, tables: Sequence[str], keeps: Mapping[str, str]) -> list[Table]:
    """Return the tables in the order in which to clean them: most room for each byte of WAL first.

    :param keeps: by table, a keep to try; the others are planned with their policy's
    :raises NoPolicy: when a table, or the whole database, has none
    """
    plans = {
        (row["schema_name"], row["table_name"]): row
        for row in planning.plan(connection, schema, tables, keeps, exact=False)
    }
    found = []
    for row in db.fetch(connection, "emergency", schema, {"names": list(tables)}):
        plan = plans.get((row["schema_name"], row["table_name"]))
        bill = next((one for one in plan["findings"] if one["check_id"] == "bill"), None) if plan else None
        if plan is None or bill is None:
            continue
        found.append(
            Table(
                name=row["name"],
                keep=row["keep"],
                total_bytes=row["total_bytes"],
                expired_rows=plan["expired_rows"],
                bill=bill,
                ways=tuple(ways(row, plan["expired_rows"])),
            )
        )
    return sorted(found, key=lambda table: table.reusable_bytes / max(table.wal_bytes, 1), reverse=True)


def ways(row: db.Row, expired_rows: int) -> Iterator[Way]:
    """Yield what would give space of a table back to the disk once its expired rows are gone."""
    if row["partitioned"]:
        for partition in row["partitions"][:3]:
            yield Way(
                statement=partition["statement"],
                room_bytes=0,
                returned_bytes=partition["bytes"],
                lock="ACCESS EXCLUSIVE on the whole table, for a moment",
            )
        return
    present = row["table_rows"] + row["dead_rows"]
    live = max(0.0, (row["table_rows"] - expired_rows) / present) if present else 1.0
    for index in (row["indexes"] or [])[:3]:
        yield Way(
            statement=index["statement"],
            room_bytes=int(index["bytes"] * live),
            returned_bytes=int(index["bytes"] * (1 - live)),
            lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
        )
    yield Way(
        statement=row["rewrite"],
        room_bytes=int(row["total_bytes"] * live),
        returned_bytes=int(row["total_bytes"] * (1 - live)),
        lock="ACCESS EXCLUSIVE: nobody reads or writes meanwhile",
    )
