"""The passes of a command, printed: one line each, and why."""

from typing import TYPE_CHECKING

from pytelemetry_db.cli import output

if TYPE_CHECKING:
    from pytelemetry_db import db

__all__ = ["print_passes"]

_FINE = ("done", "deadline", "paused", "upgraded", None)


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
