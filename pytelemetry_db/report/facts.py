"""The facts of a report, as plain values. Nothing here does anything but add up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

__all__ = ["BAD", "Failure", "Missing", "Pass", "Period", "Report", "Sample", "TableReport"]

# How a pass ends when somebody should look.
BAD = ("failed", "locked", "suspended", "interrupted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From ``begins_at`` to ``at``, the server's clock; ``before_at`` is where the period before it began."""

    since: str
    at: datetime
    begins_at: datetime
    before_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One row of the view ``runs``. ``stop_reason`` is None while it runs."""

    run_id: int
    schema_name: str
    table_name: str
    started_at: datetime
    finished_at: datetime | None
    duration: timedelta
    stop_reason: str | None
    rows: int
    batches: int
    debt_rows: int | None
    debt_exact: bool | None
    keep: str
    keep_override: bool
    cutoff: datetime
    largest_batch: int
    longest_batch: timedelta
    wal_bytes: Decimal
    analyzed: bool
    error_sqlstate: str | None
    error_message: str | None
    error_context: str | None
    detail: str | None
    role_name: str
    pid: int
    version: str
    kind: str
    partitions_made: int | None
    partitions_removed: int | None

    @property
    def table(self) -> str:
        """The table, for people."""
        return f"{self.schema_name}.{self.table_name}"

    @property
    def why(self) -> str:
        """What there is to say about its end; empty when it was ordinary."""
        error = f"{self.error_message} (SQLSTATE {self.error_sqlstate})" if self.error_message else None
        moved = [
            f"{number} partition{'s' if number != 1 else ''} {did}"
            for number, did in ((self.partitions_made, "made"), (self.partitions_removed, "removed"))
            if number
        ]
        return ". ".join(part for part in (error, self.detail, ", ".join(moved)) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement of a table; None where it was not possible."""

    at: datetime
    total_bytes: int | None
    rows: int | None
    dead_rows: int | None
    oldest_at: datetime | None
    expired_rows: int | None

    @property
    def dead_ratio(self) -> float | None:
        """The share of the rows that is dead."""
        if self.dead_rows is None or self.rows is None or self.dead_rows + self.rows <= 0:
            return None
        return self.dead_rows / (self.dead_rows + max(self.rows, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Passes of one table that ended in the same way when they should not have."""

    stop_reason: str
    sqlstate: str | None
    message: str
    passes: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """A table that has a policy or had passes. ``policy``, ``growth`` and ``before`` are rows, or None without one."""

    schema_name: str
    table_name: str
    runs: tuple[Pass, ...] = ()
    policy: Mapping[str, Any] | None = None
    growth: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    samples: tuple[Sample, ...] = ()

    @property
    def table(self) -> str:
        """The table, for people."""
        return f"{self.schema_name}.{self.table_name}"

    @property
    def rows(self) -> int:
        """Rows that its passes removed."""
        return sum(run.rows for run in self.runs)

    @property
    def seconds(self) -> float:
        """Time that its passes took."""
        return sum(run.duration.total_seconds() for run in self.runs)

    @property
    def rows_per_second(self) -> float | None:
        """Rows removed in a second of a pass."""
        return round(self.rows / self.seconds, 1) if self.seconds > 0 and self.rows else None

    @property
    def stop_reasons(self) -> dict[str, int]:
        """How its passes ended, the most frequent end first."""
        return dict(Counter(run.stop_reason or "running" for run in self.runs).most_common())

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What went wrong, the newest last."""
        found: dict[tuple[str, str | None, str], list[Pass]] = {}
        for run in self.runs:
            if run.stop_reason in BAD:
                message = run.error_message or run.detail or ""
                found.setdefault((run.stop_reason, run.error_sqlstate, message), []).append(run)
        ordered = sorted(found.items(), key=lambda item: item[1][-1].started_at)
        return tuple(
            Failure(stop_reason=how, sqlstate=code, message=message, passes=len(runs), last_at=runs[-1].started_at)
            for (how, code, message), runs in ordered
        )

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON; the passes are a list of their own."""
        last = self.runs[-1] if self.runs else None
        return {
            "schema_name": self.schema_name,
            "table_name": self.table_name,
            "passes": len(self.runs),
            "rows": self.rows,
            "batches": sum(run.batches for run in self.runs),
            "wal_bytes": int(sum(run.wal_bytes for run in self.runs)),
            "seconds": round(self.seconds, 3),
            "rows_per_second": self.rows_per_second,
            "stop_reasons": self.stop_reasons,
            "failures": [asdict(failure) for failure in self.failures],
            "last_started_at": last.started_at if last else None,
            "last_stop_reason": last.stop_reason if last else None,
            "debt_rows": last.debt_rows if last else None,
            "before": _without_name(self.before),
            "policy": _without_name(self.policy),
            "growth": _without_name(self.growth),
            "samples": [asdict(sample) | {"dead_ratio": sample.dead_ratio} for sample in self.samples],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A part that could not be read, and why."""

    section: str
    reason: str
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it. ``total`` is the growth of all tables together, None when it was not asked for."""

    where: str
    version: str
    server_version: str
    period: Period
    tables: tuple[TableReport, ...]
    runs: tuple[Pass, ...]
    total: Mapping[str, Any] | None
    partitions: tuple[Mapping[str, Any], ...]
    jobs: tuple[Mapping[str, Any], ...]
    findings: tuple[Mapping[str, Any], ...]
    changes: tuple[Mapping[str, Any], ...]
    missing: tuple[Missing, ...]

    @property
    def troubles(self) -> tuple[Mapping[str, Any], ...]:
        """The findings that ask for somebody, worst first."""
        order = ("critical", "unknown", "warning")
        return tuple(
            sorted((row for row in self.findings if row["status"] in order), key=lambda row: order.index(row["status"]))
        )

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON; its form is docs/report.schema.json."""
        return {
            "since": self.period.since,
            "at": self.period.at,
            "begins_at": self.period.begins_at,
            "before_at": self.period.before_at,
            "where": self.where,
            "version": self.version,
            "server_version": self.server_version,
            "tables": [table.as_dict() for table in self.tables],
            "growth": _without_name(self.total),
            "partitions": [dict(row) for row in self.partitions],
            "jobs": [dict(row) for row in self.jobs],
            "findings": [dict(row) for row in self.findings],
            "changes": [dict(row) for row in self.changes],
            "runs": [asdict(run) for run in self.runs],
            "missing": [asdict(part) for part in self.missing],
        }


def _without_name(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    names = ("scope", "schema_name", "table_name")
    return None if row is None else {name: value for name, value in row.items() if name not in names}
