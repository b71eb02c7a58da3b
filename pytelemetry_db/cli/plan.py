"""The command that looks at expired rows, and what they would cost: plan."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.keeps import BatchRows, Keeps, Tables, keeps_of, keeps_of_environment
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["print_plan", "register", "show_plan"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("plan")(accepts(plan))


def plan(
    common: Common,
    tables: Tables = None,
    keep: Keeps = None,
    batch_rows: BatchRows = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Estimate from statistics instead of counting.")] = False,
    json: Json = False,
) -> None:
    """Show what a cleanup would remove now, without removing anything.

    --keep events_seen=5d shows what another keep would remove. Counting reads the expired rows once; --estimate does
    not.
    """
    show_plan(common, tables or [], keeps_of(keep or []), batch_rows=batch_rows, exact=not estimate, json=json)


def show_plan(
    common: Common, tables: list[str], keeps: dict[str, str], *, batch_rows: int | None, exact: bool, json: bool
) -> None:
    """Print the plan."""
    from pytelemetry_db import db, planning

    with open_connection(common, "plan") as connection:
        meant = keeps | keeps_of_environment(connection, common.schema, tables, keeps)
        rows = planning.plan(connection, common.schema, tables, meant, batch_rows=batch_rows, exact=exact)
        output.say(f"{db.where(connection)}, schema {common.schema}: what would go now; nothing is removed")
    print_plan(rows, json=json)
    _next_of_plan(rows, tables, keeps)


def print_plan(rows: "list[db.Row]", *, json: bool = False) -> None:
    """Print plan rows, their statements with --verbose, and what stands in the way."""
    if json:
        output.json_dump({"plan": rows})
        return
    output.table(
        ("table", "keep", "cutoff", "expired", "of about", "batches", "oldest", "state"),
        [
            (
                f"{row['schema_name']}.{row['table_name']}",
                row["keep"],
                row["cutoff"],
                None if row["expired_rows"] is None else f"{'' if row['exact'] else 'about '}{row['expired_rows']:,}",
                row["table_rows"],
                row["batches"],
                row["oldest"],
                row["state"],
            )
            for row in rows
        ],
    )
    _print_bill(rows)
    for row in rows:
        name = f"{row['schema_name']}.{row['table_name']}"
        output.detail(f"{name}: {row['statement']}")
        if row["note"]:
            output.say(f"{output.mark('warning')} {name}: {row['note']}")
        for finding in row["findings"]:
            fix = f". Fix: {finding['fix']}" if finding["fix"] else ""
            if finding["check_id"] == "bill":
                continue
            if finding["level"] == "note":
                output.detail(f"{name}: {finding['detail']}{fix}")
                continue
            mark = output.mark("critical" if finding["level"] == "error" else "warning")
            output.say(f"{mark} {name}: {finding['detail']}{fix}")


def _print_bill(rows: "list[db.Row]") -> None:
    """Print what the passes would cost, of the tables that have something expired."""
    bills = [
        (f"{row['schema_name']}.{row['table_name']}", finding)
        for row in rows
        if row["expired_rows"]
        for finding in row["findings"]
        if finding["check_id"] == "bill"
    ]
    if not bills:
        return
    print()
    output.table(
        ("bill", "work", "at duty", "WAL", "dead rows", "to use again", "back to disk", "basis"),
        [
            (
                name,
                f"{bill['work_s']:,.1f} s",
                f"{bill['elapsed_s']:,.1f} s ({bill['duty']})",
                output.size(bill["wal_bytes"]),
                f"{bill['dead_rows']:,}",
                output.size(bill["reusable_bytes"]),
                output.size(bill["returned_bytes"]),
                bill["basis"],
            )
            for name, bill in bills
        ],
    )


def _next_of_plan(rows: "list[db.Row]", tables: list[str], keeps: dict[str, str]) -> None:
    """What was planned, as the command that does it; unless it cannot be done, or there is nothing to do."""
    if any(row["state"] == "suspended" or any(one["level"] == "error" for one in row["findings"]) for row in rows):
        output.next_step("pytelemetry-db doctor")
    elif all(row["expired_rows"] == 0 for row in rows):
        output.say(f"{output.mark('ok')} nothing is expired")
        output.next_step("pytelemetry-db status")
    else:
        said = [word for table, keep in keeps.items() for word in ("--keep", f"{table}={keep}")]
        output.next_step(shlex.join(["pytelemetry-db", "cleanup", *tables, *said]))
