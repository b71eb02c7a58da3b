"""The passes of a report as one table of comma-separated values (RFC 4180), for spreadsheets."""

import csv
import io
from datetime import UTC, datetime, timedelta

from pytelemetry_db.report.facts import Pass, Report
from pytelemetry_db.visible import one_line

__all__ = ["COLUMNS", "render"]

COLUMNS = (
    "run_id",
    "schema_name",
    "table_name",
    "started_at",
    "finished_at",
    "duration",
    "stop_reason",
    "rows",
    "batches",
    "debt_rows",
    "debt_exact",
    "keep",
    "keep_override",
    "cutoff",
    "wal_bytes",
    "error_sqlstate",
    "error_message",
    "detail",
    "role_name",
    "version",
    "kind",
    "partitions_made",
    "partitions_removed",
)
# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA = tuple("=+-@|%\t\r")


def render(report: Report) -> str:
    """Write one line per pass, oldest first; the duration in seconds, times in ISO 8601 with UTC."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(run, name) for name in COLUMNS] for run in report.runs)
    return stream.getvalue()


def _cell(run: Pass, name: str) -> str:
    value = getattr(run, name)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.3f}"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = one_line(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
