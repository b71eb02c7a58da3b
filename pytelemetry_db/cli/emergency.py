"""``cleanup --emergency``: the truth about a disk that fills, the keeps that are allowed, and the passes."""

import sys
from typing import TYPE_CHECKING

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, confirm_or_stop, open_connection
from pytelemetry_db.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytelemetry_db.emergency import Table

__all__ = ["run_emergency"]


def run_emergency(
    common: Common,
    tables: list[str],
    keeps: dict[str, str],
    *,
    dry_run: bool,
    yes: bool,
    json: bool,
    clean: "Callable[[str, dict[str, str]], int]",
) -> int:
    """Say what is so, ask for keeps, clean one table after the other with ``clean``, say what came of it.

    :raises UsageError: with nobody to ask, and no --yes
    """
    from pytelemetry_db import emergency

    with open_connection(common, "emergency") as connection:
        if not keeps and not yes and not dry_run:
            keeps = _ask(emergency.look(connection, common.schema, tables, {}))
        found = emergency.look(connection, common.schema, tables, keeps)
        before = emergency.disk(connection, common.schema)
    if json and dry_run:
        output.json_dump({"emergency": [_facts(table) for table in found], "disk": before})
        return 0
    _tell(found, before)
    if dry_run:
        return 0
    confirm_or_stop("Remove these rows now, in this order?", yes=yes)
    codes = [clean(table.name, {name: keep for name, keep in keeps.items() if _same(name, table)}) for table in found]
    with open_connection(common, "emergency") as connection:
        after = emergency.disk(connection, common.schema)
        left = emergency.look(connection, common.schema, tables, keeps)
    returned = before["database_bytes"] - after["database_bytes"]
    if returned > 0:
        output.say(f"{output.mark('ok')} {output.size(returned)} were given back to the disk")
    else:
        output.say(
            f"{output.mark('warning')} nothing was given back to the disk: the rows are gone, and their room inside the"
            " files is for new rows. What gives it back:"
        )
    for table in left:
        for way in table.ways:
            output.say(f"  {way.statement}")
    return max(codes, default=0)


def _same(name: str, table: "Table") -> bool:
    return name in (table.name, table.name.rpartition(".")[2])


def _ask(found: "list[Table]") -> dict[str, str]:
    """Ask for the shortest keep of each table; an empty answer leaves the policy's."""
    from pytelemetry_db import durations

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "--emergency has nobody to ask for the shortest keep of each table",
            "--keep TABLE=DURATION for each table that may keep less, and --yes",
            next_step="pytelemetry-db cleanup --emergency --dry-run",
        )
    keeps = {}
    for table in found:
        size = output.size(table.total_bytes)
        question = f"{table.name} ({size}) keeps {table.keep}; the shortest that is allowed now (Enter: the same)"
        answer = typer.prompt(question, default="", show_default=False, err=True).strip()
        if answer:
            keeps[table.name] = durations.to_interval(answer, f"keep of {table.name}")
    return keeps


def _tell(found: "list[Table]", disk: dict[str, object]) -> None:
    output.say(
        f"{output.mark('warning')} a DELETE gives nothing back to the disk, and writes WAL first: it makes room"
        " inside the files, for new rows. VACUUM follows each table, and shortens a file only where its end is empty."
    )
    for cause in (disk["slot"], disk["archiver"]):
        if cause:
            output.say(f"{output.mark('critical')} {cause}: look at that first, no DELETE mends it")
    output.table(
        ("table", "size", "expired", "WAL to write", "to use again"),
        [
            (
                table.name,
                output.size(table.total_bytes),
                f"about {table.expired_rows:,}",
                output.size(table.wal_bytes),
                output.size(table.reusable_bytes),
            )
            for table in found
        ],
    )
    print()
    output.table(
        ("what gives space back, after the passes", "needs free", "gives back", "lock"),
        [
            (way.statement, output.size(way.room_bytes), output.size(way.returned_bytes), way.lock)
            for table in found
            for way in table.ways
        ],
    )


def _facts(table: "Table") -> dict[str, object]:
    return {
        "table": table.name,
        "keep": table.keep,
        "total_bytes": table.total_bytes,
        "expired_rows": table.expired_rows,
        "bill": table.bill,
        "ways": [
            {
                "statement": way.statement,
                "room_bytes": way.room_bytes,
                "returned_bytes": way.returned_bytes,
                "lock": way.lock,
            }
            for way in table.ways
        ],
    }
