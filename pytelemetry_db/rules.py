"""The alert rules for Prometheus, on the metrics of the registry.

Rules carry no numbers of a policy: limits are metrics, so one rule serves all tables.
"""

from dataclasses import dataclass, field
from typing import Literal

from pytelemetry_db import registry

__all__ = ["RULES", "Rule"]

_T = '{schema="public", table="events_seen"}'


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert. ``fires`` and ``quiet`` are series with a constant value, for the generated unit test.

    :param wait: how many minutes the condition has to hold
    :param page: the page in docs/runbooks that says what to do
    """

    name: str
    expr: str
    wait: int
    severity: Literal["warning", "critical"]
    summary: str
    description: str
    page: str
    fires: dict[str, float]
    quiet: dict[str, float]
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The metrics it uses."""
        return registry.names_in(self.expr)


def _state(active: float, suspended: float) -> dict[str, float]:
    return {
        'telemetry_retention_state{schema="public", table="events_seen", state="active"}': active,
        'telemetry_retention_state{schema="public", table="events_seen", state="suspended"}': suspended,
    }


_OF = "{{ $labels.schema }}.{{ $labels.table }}"

_ALERTS: tuple[Rule, ...] = (
    Rule(
        "TelemetryCleanupFailed",
        "telemetry_cleanup_last_run_success == 0",
        5,
        "critical",
        "The last cleanup pass failed",
        f"The last pass on {_OF} failed, was refused, or left more expired rows than it found.",
        "cleanup-failed",
        {f"telemetry_cleanup_last_run_success{_T}": 0},
        {f"telemetry_cleanup_last_run_success{_T}": 1},
    ),
    Rule(
        "TelemetryCleanupLate",
        "(time() - (telemetry_cleanup_last_success_timestamp_seconds or telemetry_retention_created_timestamp_seconds)"
        " > telemetry_retention_late_after_seconds)"
        ' and ignoring (state) (telemetry_retention_state{state="active"} == 1)',
        5,
        "critical",
        "No good cleanup pass for too long",
        f"{_OF} has had no good pass for {{{{ $value | humanizeDuration }}}}.",
        "cleanup-late",
        {
            f"telemetry_cleanup_last_success_timestamp_seconds{_T}": 0,
            f"telemetry_retention_created_timestamp_seconds{_T}": 0,
            f"telemetry_retention_late_after_seconds{_T}": 60,
            **_state(1, 0),
        },
        {
            f"telemetry_cleanup_last_success_timestamp_seconds{_T}": 0,
            f"telemetry_retention_created_timestamp_seconds{_T}": -90000,
            f"telemetry_retention_late_after_seconds{_T}": 90000,
            **_state(1, 0),
            # Late, but paused.
            'telemetry_retention_created_timestamp_seconds{schema="public", table="agg_1m"}': 0,
            'telemetry_retention_late_after_seconds{schema="public", table="agg_1m"}': 60,
            'telemetry_retention_state{schema="public", table="agg_1m", state="active"}': 0,
        },
    ),
    Rule(
        "TelemetryPolicySuspended",
        'telemetry_retention_state{state="suspended"} == 1',
        2,
        "critical",
        "A policy is suspended",
        f"Nothing is removed from {_OF} until somebody has looked.",
        "policy-suspended",
        _state(0, 1),
        _state(1, 0),
    ),
    Rule(
        "TelemetryTableTooLarge",
        "telemetry_db_table_size_bytes > telemetry_db_table_size_limit_bytes",
        15,
        "warning",
        "A table is larger than its size budget",
        f"{_OF} takes {{{{ $value | humanize1024 }}}}B, more than its policy allows.",
        "table-too-large",
        {f"telemetry_db_table_size_bytes{_T}": 200, f"telemetry_db_table_size_limit_bytes{_T}": 100},
        {f"telemetry_db_table_size_bytes{_T}": 100, f"telemetry_db_table_size_limit_bytes{_T}": 100},
    ),
    Rule(
        "TelemetryTableTooLargeSoon",
        "(telemetry_db_table_size_bytes + 7 * telemetry_db_table_growth_bytes_per_day"
        " > telemetry_db_table_size_limit_bytes) unless telemetry_db_table_size_bytes"
        " > telemetry_db_table_size_limit_bytes",
        60,
        "warning",
        "A table will exceed its size budget within a week",
        f"{_OF} will take {{{{ $value | humanize1024 }}}}B in a week, more than its policy allows.",
        "table-too-large",
        {
            f"telemetry_db_table_size_bytes{_T}": 90,
            f"telemetry_db_table_growth_bytes_per_day{_T}": 2,
            f"telemetry_db_table_size_limit_bytes{_T}": 100,
        },
        {
            f"telemetry_db_table_size_bytes{_T}": 90,
            f"telemetry_db_table_growth_bytes_per_day{_T}": 1,
            f"telemetry_db_table_size_limit_bytes{_T}": 100,
        },
    ),
    Rule(
        "TelemetryRetentionBreached",
        "telemetry_cleanup_overdue_seconds > telemetry_retention_grace_seconds",
        30,
        "warning",
        "Rows are older than retention and grace allow",
        f"The oldest expired row of {_OF} should have gone {{{{ $value | humanizeDuration }}}} ago.",
        "retention-breached",
        {f"telemetry_cleanup_overdue_seconds{_T}": 200, f"telemetry_retention_grace_seconds{_T}": 100},
        {f"telemetry_cleanup_overdue_seconds{_T}": 99, f"telemetry_retention_grace_seconds{_T}": 100},
    ),
    Rule(
        "TelemetryDeadTuples",
        "(telemetry_db_table_dead_rows_ratio > telemetry_db_table_dead_rows_ratio_limit)"
        " and (telemetry_db_table_dead_rows > telemetry_db_table_dead_rows_limit)",
        30,
        "warning",
        "Many dead rows",
        f"{{{{ $value | humanizePercentage }}}} of the rows of {_OF} are dead.",
        "dead-tuples",
        {
            f"telemetry_db_table_dead_rows_ratio{_T}": 0.3,
            f"telemetry_db_table_dead_rows_ratio_limit{_T}": 0.2,
            f"telemetry_db_table_dead_rows{_T}": 2000,
            f"telemetry_db_table_dead_rows_limit{_T}": 1000,
        },
        {
            f"telemetry_db_table_dead_rows_ratio{_T}": 0.3,
            f"telemetry_db_table_dead_rows_ratio_limit{_T}": 0.2,
            f"telemetry_db_table_dead_rows{_T}": 200,
            f"telemetry_db_table_dead_rows_limit{_T}": 1000,
        },
    ),
    Rule(
        "TelemetryBlockedQueries",
        "telemetry_db_blocked_queries > 0",
        2,
        "warning",
        "Sessions wait for a lock",
        "{{ $value }} sessions wait for a lock.",
        "blocked-queries",
        {"telemetry_db_blocked_queries": 1},
        {"telemetry_db_blocked_queries": 0},
    ),
    Rule(
        "TelemetryBlockedTooLong",
        "telemetry_db_longest_blocked_seconds > telemetry_db_longest_blocked_limit_seconds",
        2,
        "critical",
        "A session has waited too long for a lock",
        "The longest wait for a lock is {{ $value | humanizeDuration }}.",
        "blocked-queries",
        {"telemetry_db_longest_blocked_seconds": 400, "telemetry_db_longest_blocked_limit_seconds": 300},
        {"telemetry_db_longest_blocked_seconds": 200, "telemetry_db_longest_blocked_limit_seconds": 300},
    ),
    Rule(
        "TelemetryJobUnhealthy",
        "telemetry_job_healthy == 0",
        5,
        "critical",
        "A job in pg_cron does not do what it should",
        "The job {{ $labels.job_name }} failed, was missed or cannot run.",
        "job-unhealthy",
        {'telemetry_job_healthy{job_name="cleanup"}': 0},
        {'telemetry_job_healthy{job_name="cleanup"}': 1},
    ),
    Rule(
        "TelemetrySamplesStale",
        "time() - telemetry_db_last_sample_timestamp_seconds > telemetry_retention_late_after_seconds",
        15,
        "warning",
        "A table has not been measured for long",
        f"The last sample of {_OF} is {{{{ $value | humanizeDuration }}}} old: sizes and ages are old news.",
        "samples-stale",
        {f"telemetry_db_last_sample_timestamp_seconds{_T}": 0, f"telemetry_retention_late_after_seconds{_T}": 60},
        {f"telemetry_db_last_sample_timestamp_seconds{_T}": 0, f"telemetry_retention_late_after_seconds{_T}": 90000},
    ),
    Rule(
        "TelemetryPartitionRunwayShort",
        "telemetry_partition_runway_seconds <= telemetry_partition_runway_limit_seconds",
        15,
        "critical",
        "Partitions end soon",
        f"The partitions of {_OF} end in {{{{ $value | humanizeDuration }}}}: then rows are refused.",
        "partition-runway-short",
        {f"telemetry_partition_runway_seconds{_T}": 100, f"telemetry_partition_runway_limit_seconds{_T}": 100},
        {f"telemetry_partition_runway_seconds{_T}": 101, f"telemetry_partition_runway_limit_seconds{_T}": 100},
    ),
    Rule(
        "TelemetryHealthCritical",
        "telemetry_health_status == 2",
        10,
        "critical",
        "A health check is critical",
        "The check {{ $labels.check }} has a critical finding.",
        "health-critical",
        {'telemetry_health_status{check="slots"}': 2},
        {'telemetry_health_status{check="slots"}': 1},
    ),
    Rule(
        "TelemetryHealthUnknown",
        "telemetry_health_status == 3",
        30,
        "warning",
        "A health check cannot be made",
        "The check {{ $labels.check }} fails, or its role may not see what it needs.",
        "health-critical",
        {'telemetry_health_status{check="slots"}': 3},
        {'telemetry_health_status{check="slots"}': 0},
    ),
    Rule(
        "TelemetryMetricsStale",
        "time() - telemetry_snapshot_timestamp_seconds > 900",
        5,
        "critical",
        "The metrics are old",
        "They were read {{ $value | humanizeDuration }} ago: what writes the text file does not work.",
        "metrics-absent",
        {"telemetry_snapshot_timestamp_seconds": -900},
        {"telemetry_snapshot_timestamp_seconds": 0},
    ),
)


def _absent() -> tuple[Rule, ...]:
    """A rule whose metric is missing never fires: that they are there is watched, too."""
    used = {name for rule in _ALERTS for name in rule.names} | {"telemetry_maintenance_info"}
    return tuple(
        Rule(
            "TelemetryMetricsAbsent",
            f"absent({metric.name})",
            15,
            "critical" if metric.name == "telemetry_maintenance_info" else "warning",
            "A metric is missing",
            f"Nothing is known of {metric.name}: no policy, no sample, no exporter, or no database.",
            "metrics-absent",
            {"up": 1},
            {f"{metric.name}{{some='label'}}": 1},
            {"metric": metric.name},
        )
        for metric in registry.METRICS
        if metric.always and metric.name in used
    )


RULES: tuple[Rule, ...] = (*_ALERTS, *_absent())
