"""The passes of a command: made while progress is shown and signals are heeded, then printed."""

from typing import TYPE_CHECKING

from pytelemetry_db.cli import output

if TYPE_CHECKING:
    from pytelemetry_db import db
    from pytelemetry_db.cleanup import Outcome, Request
    from pytelemetry_db.connection import Source

__all__ = ["make_passes", "print_passes"]

_FINE = ("done", "deadline", "paused", "upgraded", None)


def make_passes(source: "Source", schema: str, request: "Request") -> "tuple[Outcome, int, bool]":
    """Make them; returns what came of it, the exit code, and whether a signal ended it. Errors are told."""
    from pytelemetry_db import cleanup, db
    from pytelemetry_db.cli.progress import Progress
    from pytelemetry_db.interrupts import Interrupts

    with Interrupts() as interrupts, Progress() as progress:
        outcome = cleanup.cleanup(
            lambda purpose: db.connect(source, purpose=purpose),
            schema,
            request,
            interrupts=interrupts,
            on_progress=progress.show,
            on_notice=progress.tell,
        )
    for error in outcome.errors:
        output.fail(error)
    return outcome, interrupts.exit_code if interrupts.count else cleanup.exit_code(outcome), bool(interrupts.count)


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
