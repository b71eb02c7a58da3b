"""Findings of health, and the documented rules that make some where nothing of ours is installed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from pytelemetry_db import db
from pytelemetry_db.errors import NotPermitted, PytelemetryError

__all__ = [
    "DOCUMENTED_RULES",
    "STATUSES",
    "Finding",
    "Status",
    "drifted",
    "late_rows",
    "oldest_row",
    "other_version",
    "told_once",
    "unknown",
]

Status = Literal["ok", "skipped", "warning", "unknown", "critical"]
# From bad to good.
STATUSES: tuple[Status, ...] = ("critical", "unknown", "warning", "skipped", "ok")
_LONG, _DEAD_ROWS = timedelta(minutes=5), 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row of the view ``health``, or of a check that the command itself makes."""

    check_id: str
    status: Status
    detail: str | None
    object: str | None = None
    value: Decimal | None = None
    unit: str | None = None
    threshold: str | None = None
    method: str | None = "exact"
    statistics_age: timedelta | None = None
    remediation: str | None = None
    lock_level: str | None = None
    fingerprint: str | None = None
    privileges_missing: str | None = None
    silent_until: datetime | None = None


def _long_query(row: db.Row) -> Finding | None:
    if row["state"] != "active" or row["running_for"] <= _LONG:
        return None
    detail = f"{row['role_name']} in {row['database_name']} has run for {row['running_for']}: {row['query']}"
    return Finding(check_id="long_queries", status="warning", object=f"pid {row['pid']}", detail=detail)


def _blocked_query(row: db.Row) -> Finding | None:
    detail = (
        f"waits for pid {row['blocked_by']}, at the root pid {row['root_pid']} ({row['root_state']}): {row['query']}"
    )
    return Finding(check_id="blocked_queries", status="warning", object=f"pid {row['pid']}", detail=detail)


def _dead_tuples(row: db.Row) -> Finding | None:
    if (row["dead_rows"] or 0) <= _DEAD_ROWS:
        return None
    return Finding(
        check_id="dead_tuples",
        status="warning",
        object=f"{row['schema_name']}.{row['table_name']}",
        detail=f"{row['dead_rows']} dead rows ({row['percent']} %)",
        method="estimated",
    )


def oldest_row(check: str, name: str, oldest: datetime, late: datetime) -> Finding:
    """Say that the oldest row of a table should have gone: it is older than ``late``."""
    return Finding(
        check_id=check,
        status="critical",
        object=name,
        detail=f"its oldest row, of {oldest.astimezone(UTC).isoformat()}, should have gone",
        value=Decimal(int((datetime.now(UTC) - oldest).total_seconds())),
        unit="s",
        threshold=f"keep and grace: {late.astimezone(UTC).isoformat(timespec='seconds')}",
        remediation=f"pytelemetry-db cleanup {name}",
        lock_level="ROW EXCLUSIVE",
    )


def late_rows(name: str, rows: int) -> Finding:
    """Say that rows are later than tomorrow, so that no policy removes them in their time."""
    count = "more than 1000" if rows > 1000 else str(rows)
    return Finding(
        check_id="unexpirable",
        status="warning",
        object=name,
        detail=f"{count} rows are later than tomorrow, or infinite",
        value=Decimal(rows),
        unit="rows",
        threshold="0",
    )


def other_version(installed: str, ours: str) -> Finding:
    """Say that the database has another version than this command."""
    remedy = (
        "pytelemetry-db upgrade" if _order(installed) < _order(ours) else f"pip install pytelemetry-db=={installed}"
    )
    detail = f"version {installed} is in the database, this command is {ours}"
    return Finding(check_id="installation", status="warning", detail=detail, remediation=remedy, lock_level="none")


def told_once(findings: list[Finding]) -> list[Finding]:
    """Leave out late rows of tables about which the statistics, which know them too, have something to say."""
    said = {one.object for one in findings if one.check_id == "unexpirable" and one.fingerprint and one.status != "ok"}
    return [one for one in findings if one.check_id != "unexpirable" or one.fingerprint or one.object not in said]


def drifted(objects: list[str]) -> Finding:
    """Say that these objects of ours are not as they were installed."""
    named = ", ".join(objects[:3]) + (", …" if len(objects) > 3 else "")
    return Finding(
        check_id="installation",
        status="warning",
        detail=f"{len(objects)} of our objects are not as they were installed: {named}; verify --diff shows how",
        value=Decimal(len(objects)),
        unit="objects",
        threshold="0",
        remediation="pytelemetry-db upgrade --force",
        lock_level="none",
    )


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def unknown(check: str, name: str | None, error: PytelemetryError) -> Finding:
    """Say that a check could not be made, and why."""
    reasons = {"57014": "took longer than its time budget", "55P03": "waited longer than its lock budget"}
    detail = reasons.get(error.sqlstate or "", error.found)
    missing = error.found if isinstance(error, NotPermitted) else None
    return Finding(
        check_id=check, status="unknown", object=name, detail=detail, method=None, privileges_missing=missing
    )


DOCUMENTED_RULES: Mapping[str, Callable[[db.Row], Finding | None]] = {
    "long_queries": _long_query,
    "blocked_queries": _blocked_query,
    "dead_tuples": _dead_tuples,
}
