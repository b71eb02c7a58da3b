"""The command that tells what happened: report."""

from typing import TYPE_CHECKING, Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Common, Json, accepts, open_connection

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["print_passes", "print_report", "register"]

_FINE = ("done", "deadline", "paused", "upgraded", None)


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("report")(accepts(report))


def report(
    common: Common,
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="How far back to look.")] = "7d",
    json: Json = False,
) -> None:
    """Show the passes since a while ago: what was removed, how each ended, what is left."""
    from pytelemetry_db import durations
    from pytelemetry_db import report as ledger

    span = durations.to_interval(since, "--since")
    with open_connection(common, "report") as connection:
        rows = ledger.runs(connection, common.schema, span)
    print_report(rows, since, json=json)


def print_report(rows: "list[db.Row]", since: str, *, json: bool = False) -> None:
    """Print the passes and their sums."""
    from pytelemetry_db import durations
    from pytelemetry_db import report as ledger

    totals = ledger.summary(rows)
    if json:
        output.json_dump({"since": since, "tables": totals, "runs": rows})
        output.next_step("pytelemetry-db status")
        return
    if not rows:
        output.say(f"no pass in the last {since}")
        output.next_step("pytelemetry-db cleanup")
        return
    print_passes(rows)
    output.line()
    output.table(
        ("table", "passes", "rows", "batches", "WAL", "last", "left"),
        [
            (
                f"{row['schema_name']}.{row['table_name']}",
                row["passes"],
                row["rows"],
                row["batches"],
                durations.format_bytes(row["wal_bytes"]),
                row["last_stop_reason"] or "running",
                row["debt_rows"],
            )
            for row in totals
        ],
    )
    output.next_step("pytelemetry-db status")


def print_passes(rows: "list[db.Row]") -> None:
    """Print one line per pass, and below them what went wrong."""
    from pytelemetry_db import durations

    output.table(
        ("run", "table", "started", "took", "result", "rows", "batches", "left", "keep"),
        [
            (
                row["run_id"],
                f"{row['schema_name']}.{row['table_name']}",
                row["started_at"],
                durations.format_duration(row["duration"]),
                row["stop_reason"] or "running",
                row["rows"],
                row["batches"],
                row["debt_rows"],
                row["keep"] + (" (this pass only)" if row["keep_override"] else ""),
            )
            for row in rows
        ],
    )
    for row in rows:
        error = f"{row['error_message']} (SQLSTATE {row['error_sqlstate']})" if row["error_message"] else None
        if text := ". ".join(part for part in (error, row["detail"]) if part):
            # Also with --quiet: whoever reads the mail of a failed job must not have to ask for the reason.
            tell = output.note if row["stop_reason"] in _FINE else output.warn
            tell(f"run {row['run_id']}, {row['schema_name']}.{row['table_name']}: {text}")
