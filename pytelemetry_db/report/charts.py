"""Which charts a report has, and what they show."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

from markupsafe import Markup

from pytelemetry_db.report.facts import BAD, Pass, Period, Report, Sample, TableReport
from pytelemetry_db.report.parts import age, count, moment, size
from pytelemetry_db.report.svg import Band, Bars, Chart, Level, Line, Point, lane
from pytelemetry_db.visible import one_line

__all__ = ["DEAD_LIMIT", "Event", "events", "lanes", "table_charts", "total_chart"]

# The documented limit of dead rows.
DEAD_LIMIT = 0.2
_BARS = 45
_LANES = 20


@dataclass(frozen=True, slots=True)
class Event:
    """Something on the timeline that is not an ordinary pass."""

    at: datetime
    kind: str
    table: str
    text: str


def table_charts(table: TableReport, period: Period, name: str) -> list[Markup]:
    """Draw what is known of a table; a chart needs two points."""
    return [chart.render(f"{name}{index}") for index, chart in enumerate(_of_table(table, period))]


def total_chart(report: Report) -> Markup | None:
    """Draw the growth of all tables together; None where there are no two samples of each."""
    with_samples = [table.samples for table in report.tables if len(table.samples) > 1]
    if report.total is None or report.total["bytes"] is None or len(with_samples) < 2:
        return None
    steps = sorted({sample.at for samples in with_samples for sample in samples})
    # The last known size of each table; before its first sample a table has no size, and the sum none.
    begins_at = max(samples[0].at for samples in with_samples)
    last: list[float] = [0.0] * len(with_samples)
    places = [0] * len(with_samples)
    points: list[Point] = []
    for at in steps:
        for index, samples in enumerate(with_samples):
            while places[index] < len(samples) and samples[places[index]].at <= at:
                last[index] = float(samples[places[index]].total_bytes or last[index])
                places[index] += 1
        if at >= begins_at:
            points.append((at, sum(last)))
    chart = _size(_thin(points, 60), report.total, "capacity", "All tables together", report.period)
    return None if chart is None else chart.render("all")


def events(report: Report) -> list[Event]:
    """Return what went wrong, what was decided and when dead rows went, in order of time."""
    found = [
        Event(run.started_at, run.stop_reason or "", one_line(run.table), one_line(run.why))
        for run in report.runs
        if run.stop_reason in BAD or run.stop_reason == "gated"
    ]
    found += [
        Event(row["at"], "decision", one_line(row["table_name"] or ""), one_line(f"{row['object']}: {row['action']}"))
        for row in report.changes
    ]
    for table in report.tables:
        found += [Event(at, "vacuum", one_line(table.table), text) for at, text in _vacuums(table, report.period)]
    return sorted(found, key=lambda event: event.at)


def lanes(report: Report, found: Sequence[Event]) -> tuple[list[tuple[str, Markup]], int]:
    """Draw a strip for each table, and one for decisions about none; returns how many tables have none, too."""
    period = report.period
    span = max((period.at - period.begins_at).total_seconds(), 1.0)

    def place(at: datetime) -> float:
        return (at - period.begins_at).total_seconds() / span

    drawn = []
    shown = [table for table in report.tables if table.runs or table.samples]
    for table in shown[:_LANES]:
        name = one_line(table.table)
        own = [event for event in found if event.table == name]
        bad = [event for event in own if event.kind not in ("decision", "vacuum")]
        vacuums = [event for event in own if event.kind == "vacuum"]
        decided = [event for event in own if event.kind == "decision"]
        title = (
            f"{name}: {len(table.runs)} passes, {len(bad)} incidents, {len(vacuums)} vacuums, {len(decided)} changes"
        )
        marks = (
            ("p", [(place(run.started_at), 12) for run in table.runs if run.stop_reason not in BAD]),
            ("v", [(place(event.at), 16) for event in vacuums]),
            ("d", [(place(event.at), 22) for event in decided]),
            ("i", [(place(event.at), 30) for event in bad]),
        )
        drawn.append((name, lane(title, marks)))
    others = [event for event in found if event.kind == "decision" and event.table not in {name for name, _ in drawn}]
    if others:
        marks_of_others = [("d", [(place(event.at), 22) for event in others])]
        drawn.append(("other changes", lane(f"{len(others)} other changes", marks_of_others)))
    return drawn, max(0, len(shown) - _LANES)


def _of_table(table: TableReport, period: Period) -> Iterator[Chart]:
    policy: dict[str, Any] = dict(table.policy or {})
    samples = table.samples
    sizes = [(sample.at, float(sample.total_bytes)) for sample in samples if sample.total_bytes is not None]
    if chart := _size(sizes, {"limit_bytes": policy.get("max_size"), **(table.growth or {})}, "budget", "Size", period):
        yield chart
    ages = [(sample.at, (sample.at - sample.oldest_at).total_seconds()) for sample in samples if sample.oldest_at]
    limit = policy.get("limit_seconds")
    limits = () if limit is None else (Level(float(limit), "keep and grace"),)
    if len(ages) > 1:
        said = f"now {age(ages[-1][1])}" + ("" if limit is None else f", policy and grace {age(float(limit))}")
        yield _over(period, "Age of the oldest row", said, (Line(ages), *limits), age, "seconds")
    yield from _passes(table.runs, period)
    debt = [(sample.at, float(sample.expired_rows)) for sample in samples if sample.expired_rows is not None]
    if len(debt) < 2:
        debt = [(run.started_at, float(run.debt_rows)) for run in table.runs if run.debt_rows is not None]
        debt = _thin(debt, 60)
    if len(debt) > 1:
        said = f"expired rows still there: now {count(debt[-1][1])}, at most {count(max(value for _, value in debt))}"
        yield _over(period, "Debt", said, (Line(debt),), count)
    dead = [(sample.at, sample.dead_ratio) for sample in samples if sample.dead_ratio is not None]
    if len(dead) > 1:
        points = [(at, ratio * 100) for at, ratio in dead if ratio is not None]
        parts = (Line(points), Level(DEAD_LIMIT * 100, "20 %"))
        said = f"now {points[-1][1]:.1f} %, at most {max(value for _, value in points):.1f} %"
        yield _over(period, "Dead rows", said, parts, lambda value: f"{value:.0f} %")


def _over(
    period: Period,
    title: str,
    description: str,
    parts: tuple[Line | Band | Bars | Level, ...],
    write: Callable[[float], str],
    unit: Literal["count", "seconds"] = "count",
) -> Chart:
    return Chart(
        title=title,
        description=description,
        begins_at=period.begins_at,
        ends_at=period.at,
        parts=parts,
        write=write,
        unit=unit,
    )


def _size(
    points: Sequence[Point], growth: Mapping[str, Any], limit_name: str, title: str, period: Period
) -> Chart | None:
    """Draw sizes, the limit, and what is expected of as much time again as a third of the period."""
    if len(points) < 2:
        return None
    parts: list[Line | Band | Bars | Level] = []
    at, now = points[-1]
    ends_at, said = period.at, f"from {size(points[0][1])} to {size(now)}"
    if growth.get("growth_per_day") is not None:
        ends_at = period.at + (period.at - period.begins_at) / 3
        days = (ends_at - at).total_seconds() / 86400
        low, middle, high = (
            max(0.0, now + float(growth[name]) * days) for name in ("growth_low", "growth_per_day", "growth_high")
        )
        parts += [
            Band([(at, now), (ends_at, low)], [(at, now), (ends_at, high)]),
            Line([(at, now), (ends_at, middle)], "expected"),
        ]
        said += f"; expected by {moment(ends_at)[:10]}: {size(middle)}, between {size(low)} and {size(high)}"
    parts.append(Line(points))
    if growth.get("limit_bytes") is not None:
        limit = float(growth["limit_bytes"])
        said += f"; {limit_name} {size(limit)}"
        # A limit far above would flatten the line that it is for: then it is named, not drawn.
        if limit < 4 * max(now, 1.0):
            parts.append(Level(limit, limit_name))
    return Chart(
        title=title,
        description=said,
        begins_at=period.begins_at,
        ends_at=ends_at,
        parts=tuple(parts),
        write=size,
        unit="bytes",
        now=period.at if ends_at > period.at else None,
    )


def _passes(runs: Sequence[Pass], period: Period) -> Iterator[Chart]:
    """Draw rows and time of the passes: each as it is when there are few, in steps of time when there are many."""
    if not runs:
        return
    step = max((period.at - period.begins_at) / _BARS, timedelta(seconds=1))
    rows: dict[int, float] = {}
    took: dict[int, float] = {}
    bad: set[int] = set()
    for run in runs:
        index = int((run.started_at - period.begins_at) / step)
        rows[index] = rows.get(index, 0.0) + run.rows
        took[index] = max(took.get(index, 0.0), run.duration.total_seconds())
        if run.stop_reason in BAD:
            bad.add(index)

    def bars(values: dict[int, float]) -> Bars:
        points = [(period.begins_at + index * step, value) for index, value in sorted(values.items())]
        # A failed pass must be seen also when it did nothing.
        least = max(values.values()) * 0.04 or 1.0
        return Bars(
            points,
            step,
            [(period.begins_at + index * step, max(values[index], least)) for index in sorted(bad)],
        )

    failed = f", {sum(run.stop_reason in BAD for run in runs)} failed" if bad else ""
    yield _over(
        period,
        "Rows removed",
        f"{count(sum(rows.values()))} rows by {len(runs)} passes{failed}",
        (bars(rows),),
        count,
    )
    yield _over(
        period, "Time of the longest pass", f"at most {age(max(took.values()))}{failed}", (bars(took),), age, "seconds"
    )


def _vacuums(table: TableReport, period: Period) -> Iterator[tuple[datetime, str]]:
    """Say when dead rows went: the server only knows the last VACUUM, so the others are seen in the samples."""
    last = (table.policy or {}).get("last_vacuum")
    for one, other in pairwise(table.samples):
        if _fell(one, other) and not (last and one.at <= last <= other.at):
            text = f"dead rows fell from {count(one.dead_rows)} to {count(other.dead_rows)} since {moment(one.at)}"
            yield other.at, text
    if last and last >= period.begins_at:
        yield last, "the last VACUUM that the server knows of"


def _fell(one: Sample, other: Sample) -> bool:
    return (one.dead_rows or 0) >= 1000 and other.dead_rows is not None and other.dead_rows * 2 <= (one.dead_rows or 0)


def _thin(points: Sequence[Point], most: int) -> list[Point]:
    """Return as many of the points at the same distance from each other, and the last one."""
    every = max(1, -(-len(points) // most))
    return [point for index, point in enumerate(points) if (len(points) - 1 - index) % every == 0]
