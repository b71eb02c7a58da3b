"""Every metric there is: the view ``metrics``, the server, the rules, the dashboard and the documentation follow it.

A metric of one table has the labels ``schema`` and ``table``; there is none of a partition. To add one: a row in one of
the views ``_metrics_*``, and a line here.
"""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["CHEAP", "DEAR", "METRICS", "Metric", "by_name", "names_in"]

# Sources of the view; those that cost more than a few milliseconds are read less often.
CHEAP = ("policies", "ledger", "retention", "samples", "server", "jobs")
DEAR = ("forecast", "health", "partitions")
EXPORTER = "exporter"
_TABLE = ("schema", "table")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``source`` is the part of the view it comes from, or ``exporter``; ``unit`` is Grafana's.

    ``always`` says that it is there whenever its source is healthy and there is a policy: its absence is an alert.
    """

    name: str
    kind: Literal["gauge", "counter"]
    source: str
    labels: tuple[str, ...]
    unit: str
    help: str
    always: bool = False


def _table(name: str, source: str, unit: str, text: str, *, always: bool = False, more: tuple[str, ...] = ()) -> Metric:
    return Metric(name, "counter" if name.endswith("_total") else "gauge", source, (*_TABLE, *more), unit, text, always)


def _other(name: str, source: str, unit: str, text: str, *labels: str, always: bool = False) -> Metric:
    return Metric(name, "counter" if name.endswith("_total") else "gauge", source, labels, unit, text, always)


METRICS: tuple[Metric, ...] = (
    _table("telemetry_cleanup_duration_seconds", "ledger", "s", "How long the last finished pass took."),
    _table("telemetry_cleanup_records_deleted", "ledger", "short", "Rows that the last finished pass removed."),
    _table("telemetry_cleanup_last_run_timestamp_seconds", "ledger", "dateTimeFromNow", "End of the last pass."),
    _table(
        "telemetry_cleanup_last_run_success",
        "ledger",
        "short",
        "Whether the last finished pass was good: 1, or 0 when it failed, was refused, or left more than it found.",
        always=True,
    ),
    _table(
        "telemetry_cleanup_last_success_timestamp_seconds",
        "retention",
        "dateTimeFromNow",
        "End of the last good pass; absent before the first.",
    ),
    _table(
        "telemetry_cleanup_deleted_records_total",
        "ledger",
        "short",
        "Rows removed by all passes, also those that are not in the ledger any more.",
    ),
    _table("telemetry_cleanup_runs_total", "ledger", "short", "Finished passes by how they ended.", more=("outcome",)),
    _table("telemetry_cleanup_expired_rows", "retention", "short", "Expired rows still there: the debt."),
    _table("telemetry_cleanup_expired_bytes", "retention", "bytes", "About what the expired rows take."),
    _table(
        "telemetry_cleanup_overdue_seconds",
        "retention",
        "s",
        "How much older than the policy allows the oldest expired row is.",
    ),
    _table(
        "telemetry_cleanup_margin_ratio",
        "retention",
        "short",
        "How many times faster passes remove rows than rows expire; below 1 they never catch up.",
    ),
    _table(
        "telemetry_retention_state",
        "retention",
        "short",
        "1 for the state the policy is in: active, paused or suspended.",
        always=True,
        more=("state",),
    ),
    _table("telemetry_retention_seconds", "policies", "s", "How long the policy keeps rows.", always=True),
    _table("telemetry_retention_grace_seconds", "policies", "s", "How much longer they may stay.", always=True),
    _table(
        "telemetry_retention_late_after_seconds",
        "policies",
        "s",
        "Without a good pass for so long, the policy is late: twice the grace, which counts as an hour at least.",
        always=True,
    ),
    _table("telemetry_retention_created_timestamp_seconds", "policies", "dateTimeFromNow", "When the policy was made."),
    _table(
        "telemetry_db_table_size_bytes",
        "samples",
        "bytes",
        "Table, TOAST and indexes with all partitions, at the last sample.",
        always=True,
    ),
    _table("telemetry_db_table_size_limit_bytes", "policies", "bytes", "The size budget of the policy, if it has one."),
    _table("telemetry_db_table_rows", "samples", "short", "Estimated rows with all partitions, at the last sample."),
    _table(
        "telemetry_db_oldest_record_age_seconds",
        "samples",
        "s",
        "Age, now, of the row that was the oldest at the last sample.",
    ),
    _table(
        "telemetry_db_oldest_record_timestamp_seconds",
        "samples",
        "dateTimeFromNow",
        "Time of the row that was the oldest at the last sample.",
    ),
    _table("telemetry_db_last_sample_timestamp_seconds", "samples", "dateTimeFromNow", "When it was last measured."),
    _table("telemetry_db_table_dead_rows", "samples", "short", "Dead rows at the last sample, by the statistics."),
    _table("telemetry_db_table_dead_rows_ratio", "samples", "percentunit", "Dead rows as a share of all rows, 0 to 1."),
    _table("telemetry_db_table_dead_rows_limit", "policies", "short", "The setting health_dead_rows."),
    _table("telemetry_db_table_dead_rows_ratio_limit", "policies", "percentunit", "The setting health_dead_percent."),
    _table(
        "telemetry_db_table_growth_bytes_per_day",
        "forecast",
        "bytes",
        "Growth per day over eight weeks; absent without two weeks of samples.",
    ),
    _table(
        "telemetry_partition_runway_seconds",
        "partitions",
        "s",
        "How far from now the partitions reach without a gap; 0 when not even now is covered.",
    ),
    _table(
        "telemetry_partition_runway_limit_seconds",
        "partitions",
        "s",
        "Half of what the policy makes ahead: a shorter runway is an alert.",
    ),
    _table("telemetry_partition_premake", "partitions", "short", "How many partitions ahead the policy wants."),
    _table("telemetry_partitions", "partitions", "short", "Partitions, without the default."),
    _table("telemetry_partitions_missing", "partitions", "short", "Partitions that should be there and are not."),
    _table(
        "telemetry_partition_default_rows",
        "partitions",
        "short",
        "About how many rows are in the default partition, if there is one.",
    ),
    _other("telemetry_db_blocked_queries", "server", "short", "Sessions that wait for a lock.", always=True),
    _other("telemetry_db_longest_blocked_seconds", "server", "s", "How long the longest of them has waited."),
    _other("telemetry_db_longest_blocked_limit_seconds", "policies", "s", "The setting health_long."),
    _other(
        "telemetry_job_healthy", "jobs", "short", "Whether the job in pg_cron does what it should: 1 or 0.", "job_name"
    ),
    _other("telemetry_job_missed_runs", "jobs", "short", "Runs that the job missed in the last 24 hours.", "job_name"),
    _other(
        "telemetry_job_last_start_timestamp_seconds", "jobs", "dateTimeFromNow", "When the job last began.", "job_name"
    ),
    _other(
        "telemetry_health_status",
        "health",
        "short",
        "The worst finding of each check: 0 fine or acknowledged, 1 warning, 2 critical, 3 unknown.",
        "check",
        always=True,
    ),
    _other("telemetry_health_last_run_timestamp_seconds", "health", "dateTimeFromNow", "When the checks were made."),
    _other(
        "telemetry_maintenance_info",
        "policies",
        "short",
        "Always 1; the labels say which release is installed on which server.",
        "version",
        "migration",
        "postgresql",
        always=True,
    ),
    _other("telemetry_snapshot_timestamp_seconds", "policies", "dateTimeFromNow", "When the metrics were read."),
    _other("telemetry_exporter_refreshes_total", EXPORTER, "short", "How often metrics --serve read the database."),
    _other("telemetry_exporter_refresh_seconds", EXPORTER, "s", "How long it took the last time."),
)


def by_name() -> dict[str, Metric]:
    """Return all metrics by their names."""
    return {metric.name: metric for metric in METRICS}


def names_in(expression: str) -> set[str]:
    """Return the names of ours that a PromQL expression uses."""
    return set(re.findall(r"\btelemetry_[a-z_]+\b", expression))
