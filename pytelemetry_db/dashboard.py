"""The Grafana dashboard, and the collector file for sql_exporter, made from the registry."""

import json
from importlib import resources
from string import Template

from pytelemetry_db.registry import EXPORTER, METRICS, by_name

__all__ = ["to_collector", "to_dashboard"]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_PICK = 'instance=~"$instance", schema=~"$schema", table=~"$table"'
_HERE = 'instance=~"$instance"'
_OF = "{{schema}}.{{table}}"

# Title, unit, kind, width of 24, and pairs of expression and legend; %s is where the labels are picked.
_PANELS: tuple[tuple[str, str, str, int, tuple[tuple[str, str], ...]], ...] = (
    (
        "Failed last passes",
        "short",
        "stat",
        4,
        (("count(telemetry_cleanup_last_run_success{%t} == 0) or vector(0)", ""),),
    ),
    (
        "Suspended policies",
        "short",
        "stat",
        4,
        (('count(telemetry_retention_state{state="suspended", %t} == 1) or vector(0)', ""),),
    ),
    ("Blocked sessions", "short", "stat", 4, (("telemetry_db_blocked_queries{%h}", ""),)),
    (
        "Critical checks",
        "short",
        "stat",
        4,
        (("count(telemetry_health_status{%h} == 2) or vector(0)", ""),),
    ),
    ("Expired rows", "short", "stat", 4, (("sum(telemetry_cleanup_expired_rows{%t})", ""),)),
    ("Metrics read", "dateTimeFromNow", "stat", 4, (("1000 * telemetry_snapshot_timestamp_seconds{%h}", ""),)),
    (
        "Size and budget",
        "bytes",
        "timeseries",
        12,
        (
            ("telemetry_db_table_size_bytes{%t}", _OF),
            ("telemetry_db_table_size_limit_bytes{%t}", f"{_OF} budget"),
        ),
    ),
    (
        "Age of the oldest row and what is allowed",
        "s",
        "timeseries",
        12,
        (
            ("time() - telemetry_db_oldest_record_timestamp_seconds{%t}", _OF),
            ("telemetry_retention_seconds{%t} + telemetry_retention_grace_seconds{%t}", f"{_OF} keep and grace"),
        ),
    ),
    ("Rows removed by a pass", "short", "timeseries", 12, (("telemetry_cleanup_records_deleted{%t}", _OF),)),
    (
        "Rows removed a second",
        "short",
        "timeseries",
        12,
        (("rate(telemetry_cleanup_deleted_records_total{%t}[$__rate_interval])", _OF),),
    ),
    ("Duration of a pass", "s", "timeseries", 12, (("telemetry_cleanup_duration_seconds{%t}", _OF),)),
    (
        "Passes by how they ended",
        "short",
        "timeseries",
        12,
        (("sum by (outcome) (increase(telemetry_cleanup_runs_total{%t}[1d]))", "{{outcome}}"),),
    ),
    (
        "Debt: how much older than allowed",
        "s",
        "timeseries",
        12,
        (
            ("telemetry_cleanup_overdue_seconds{%t}", _OF),
            ("telemetry_retention_grace_seconds{%t}", f"{_OF} grace"),
        ),
    ),
    (
        "How many times faster than rows expire",
        "short",
        "timeseries",
        12,
        (("telemetry_cleanup_margin_ratio{%t}", _OF),),
    ),
    (
        "Since the last good pass",
        "s",
        "timeseries",
        12,
        (("time() - telemetry_cleanup_last_success_timestamp_seconds{%t}", _OF),),
    ),
    ("Dead rows", "percentunit", "timeseries", 12, (("telemetry_db_table_dead_rows_ratio{%t}", _OF),)),
    ("Rows", "short", "timeseries", 12, (("telemetry_db_table_rows{%t}", _OF),)),
    ("Growth a day", "bytes", "timeseries", 12, (("telemetry_db_table_growth_bytes_per_day{%t}", _OF),)),
    (
        "Partitions: how far ahead they reach",
        "s",
        "timeseries",
        12,
        (
            ("telemetry_partition_runway_seconds{%t}", _OF),
            ("telemetry_partition_runway_limit_seconds{%t}", f"{_OF} limit"),
        ),
    ),
    (
        "Rows in default partitions",
        "short",
        "timeseries",
        12,
        (("telemetry_partition_default_rows{%t}", _OF),),
    ),
    ("Health checks", "short", "timeseries", 12, (("telemetry_health_status{%h}", "{{check}}"),)),
    (
        "Longest wait for a lock",
        "s",
        "timeseries",
        12,
        (("telemetry_db_longest_blocked_seconds{%h}", "longest"),),
    ),
    (
        "Jobs: runs missed in 24 hours",
        "short",
        "timeseries",
        12,
        (("telemetry_job_missed_runs{%h}", "{{job_name}}"),),
    ),
    ("Installed", "short", "table", 12, (("telemetry_maintenance_info{%h}", "{{version}} on {{postgresql}}"),)),
)


def to_dashboard() -> str:
    """Return the dashboard as JSON; Grafana asks for the data source at import."""
    panels: list[dict[str, object]] = []
    x = y = 0
    for number, (title, unit, kind, width, expressions) in enumerate(_PANELS, start=1):
        height = 4 if kind == "stat" else 8
        if x + width > 24:
            x, y = 0, y + (4 if panels and panels[-1]["type"] == "stat" else 8)
        panels.append(
            {
                "id": number,
                "title": title,
                "description": _described(expressions),
                "type": kind,
                "datasource": _SOURCE,
                "gridPos": {"h": height, "w": width, "x": x, "y": y},
                "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
                "options": {},
                "targets": [
                    {
                        "refId": chr(ord("A") + index),
                        "datasource": _SOURCE,
                        "expr": expression.replace("%t", _PICK).replace("%h", _HERE),
                        "legendFormat": legend,
                        **({"instant": True, "format": "table"} if kind == "table" else {}),
                    }
                    for index, (expression, legend) in enumerate(expressions)
                ],
            }
        )
        x += width
    variables: list[dict[str, object]] = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    ]
    for name, scope in (
        ("instance", ""),
        ("schema", 'instance=~"$instance"'),
        ("table", 'instance=~"$instance", schema=~"$schema"'),
    ):
        metric = "telemetry_maintenance_info" if name == "instance" else "telemetry_retention_seconds"
        query = f"label_values({metric}{'{' + scope + '}' if scope else ''}, {name})"
        variables.append(
            {
                "name": name,
                "type": "query",
                "datasource": _SOURCE,
                "query": {"query": query, "refId": name},
                "refresh": 2,
                "includeAll": True,
                "multi": True,
                "allValue": ".*",
                "current": {"text": "All", "value": "$__all"},
            }
        )
    board = {
        "title": "pytelemetry_db",
        "uid": "pytelemetry-db",
        "tags": ["postgresql", "retention"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "time": {"from": "now-7d", "to": "now"},
        "refresh": "1m",
        "templating": {"list": variables},
        "panels": panels,
    }
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def _described(expressions: tuple[tuple[str, str], ...]) -> str:
    known = by_name()
    words = (word for expression, _ in expressions for word in expression.replace("(", " ").split())
    names = dict.fromkeys(word.split("{")[0] for word in words if word.startswith("telemetry_"))
    return " ".join(known[name].help for name in names)


def to_collector(schema: str) -> str:
    """Return a collector file for sql_exporter: the same metrics, with no process of ours.

    Each query reads the one part of the view that its metric is in.
    """
    template = Template(resources.files("pytelemetry_db").joinpath("templates", "collector.txt").read_text("utf-8"))
    lines = [
        "# Made by pytelemetry-db metrics --sql-exporter: do not edit, make it again.",
        "collector_name: pytelemetry_db",
        "min_interval: 1m",
        "metrics:",
    ]
    parts = [
        template.substitute(
            name=metric.name,
            kind=metric.kind,
            help=json.dumps(metric.help),
            keys=json.dumps(metric.labels),
            columns="".join(f"m.labels ->> '{label}' as \"{label}\", " for label in metric.labels),
            schema=schema,
            source=metric.source,
        )
        for metric in METRICS
        if metric.source != EXPORTER
    ]
    return "\n".join(lines) + "\n" + "".join(parts)
