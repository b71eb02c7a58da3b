"""The report as one page: no script, nothing to fetch, readable by phone, in the dark and on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pytelemetry_db.report.charts import events, lanes, table_charts, total_chart
from pytelemetry_db.report.facts import Report, TableReport
from pytelemetry_db.report.partition_section import runways
from pytelemetry_db.report.parts import Row, Section, age, count, headline, moment, size, standing
from pytelemetry_db.report.sections import sections
from pytelemetry_db.visible import one_line

__all__ = ["render"]

# So that 50 policies and 90 days of passes make a page of less than 300 kB.
_LIMIT, _TABLES = 30, 50
_DETAILS = 12
_EVENTS = 40
_SAMPLES = 15
_MARKS = {"ok": "✓", "warning": "⚠", "critical": "✗", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class _Detail:
    name: str
    summary: str
    charts: list[Markup]
    samples: list[tuple[str, ...]]


def render(report: Report) -> str:
    """Write the page. Its policy allows nothing but its own styles, and every text of others is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = resources.files("pytelemetry_db").joinpath("templates", "report.html").read_text(encoding="utf-8")
    found = events(report)
    strips, without = lanes(report, found)
    details, others = _details(report)
    reach, more_runways = runways(report)
    shown = sections(report, _LIMIT, _TABLES)
    return environment.from_string(text).render(
        report=report,
        where=one_line(report.where),
        begins=moment(report.period.begins_at),
        ends=moment(report.period.at),
        headline=headline(report),
        marks=_MARKS,
        urgent=_urgent(shown),
        sections=shown,
        strips=strips,
        without=without,
        events=[(moment(event.at), event.kind, event.table, event.text) for event in found[-_EVENTS:]],
        more_events=max(0, len(found) - _EVENTS),
        total=total_chart(report),
        runways=reach,
        more_runways=more_runways,
        details=details,
        others=others,
    )


def _urgent(shown: Sequence[Section]) -> list[tuple[Row, str]]:
    """Return the worst rows of all sections, with the title of each."""
    rows = [
        (row, section.title)
        for section in shown
        if section.name in ("findings", "failures", "policies", "jobs")
        for row in section.rows
        if row.level == "critical"
    ]
    return rows[:10]


def _details(report: Report) -> tuple[list[_Detail], list[str]]:
    """Return the tables to look at closely: those that need it, then the largest; and the names of the others."""

    def weight(table: TableReport) -> tuple[bool, bool, int]:
        policy = table.policy
        return (
            policy is None or standing(policy) == "ok",
            not table.failures,
            -((policy or {}).get("total_bytes") or 0),
        )

    made: list[_Detail] = []
    others: list[str] = []
    for table in sorted(report.tables, key=weight):
        charts = table_charts(table, report.period, f"t{len(made)}") if len(made) < _DETAILS else []
        if charts:
            made.append(_Detail(one_line(table.table), _summary(table), charts, _samples(table)))
        else:
            others.append(one_line(table.table))
    return made, others


def _summary(table: TableReport) -> str:
    policy = table.policy
    if policy is None:
        return "it has no policy any more"
    said = f"keeps {policy['keep']} by {policy['time_column']}"
    return one_line("; ".join(part for part in (said, policy["verdict"], policy["evidence"]) if part))


def _samples(table: TableReport) -> list[tuple[str, ...]]:
    every = max(1, -(-len(table.samples) // _SAMPLES))
    shown = [sample for index, sample in enumerate(table.samples) if (len(table.samples) - 1 - index) % every == 0]
    return [
        (
            moment(sample.at)[5:],
            size(sample.total_bytes),
            count(sample.rows),
            "" if sample.dead_ratio is None else f"{sample.dead_ratio:.1%}",
            age((sample.at - sample.oldest_at).total_seconds()) if sample.oldest_at else "",
            count(sample.expired_rows),
        )
        for sample in shown
    ]
