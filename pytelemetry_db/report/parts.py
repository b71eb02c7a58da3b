"""What documents are made of: sections, and how numbers and times are written in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pytelemetry_db.durations import format_bytes, format_count, format_duration
from pytelemetry_db.report.facts import BAD, Report

__all__ = [
    "Column",
    "Level",
    "Row",
    "Section",
    "age",
    "count",
    "headline",
    "moment",
    "section",
    "size",
    "standing",
]

Level = Literal["ok", "warning", "critical", "unknown"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Those with the highest ``rank`` go first where there is no room; 0 stays. A ``time`` is not broken."""

    title: str
    rank: int = 0
    right: bool = False
    time: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells, and what there is to say about them in a sentence; ``code`` is what to run."""

    cells: tuple[str, ...]
    text: str = ""
    code: str = ""
    level: Level = "ok"


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table. ``more`` rows were left out; ``empty`` is said when there is none."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    more: int = 0


def headline(report: Report) -> tuple[tuple[str, str, Level], ...]:
    """Return the few numbers that come first: a name, what it is, and how bad."""
    failed = sum(run.stop_reason in BAD for run in report.runs)
    rows, before = sum(table.rows for table in report.tables), _before(report, "rows")
    policies = [table.policy for table in report.tables if table.policy]
    known = [policy["expired_rows"] for policy in policies if policy["expired_rows"] is not None]
    attention = sum(standing(policy) != "ok" for policy in policies)
    unknown = len(policies) - len(known)
    debt = f"{count(sum(known))} rows" if known or not unknown else "unknown"
    if known and unknown:
        debt += f", {unknown} unknown"
    statuses = [row["status"] for row in report.troubles]
    worst: dict[str, Level] = {"critical": "critical", "unknown": "unknown", "warning": "warning"}
    found = [
        ("passes", f"{count(len(report.runs))} (before: {count(_before(report, 'passes'))})", "ok"),
        ("failed", f"{count(failed)} (before: {count(_before(report, 'failures'))})", "critical" if failed else "ok"),
        ("rows removed", f"{count(rows)} (before: {count(before)})", "ok"),
        ("debt", debt, "unknown" if unknown else "ok"),
        ("policies", f"{len(policies)}, {attention} to look at", "warning" if attention else "ok"),
    ]
    if not any(part.section == "findings" for part in report.missing):
        said = ", ".join(f"{statuses.count(name)} {name}" for name in worst if name in statuses) or "none"
        found.append(("findings", said, worst[statuses[0]] if statuses else "ok"))
    return tuple(found)  # type: ignore[arg-type]


def moment(value: datetime | None) -> str:
    """Write a time to the minute, in UTC."""
    return "" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"


def count(value: float | None) -> str:
    """Write a number for people; nothing for None."""
    return "" if value is None else format_count(round(value))


def size(value: float | None) -> str:
    """Write bytes for people; nothing for None."""
    return "" if value is None else format_bytes(round(value))


def age(seconds: float | None) -> str:
    """Write a time span for people; nothing for None."""
    return "" if seconds is None else format_duration(seconds) if seconds else "0"


def section(
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    limit: int,
    empty: str,
    *,
    newest: bool = False,
) -> Section:
    """Make a section of the first rows, or the newest of what is in order of time."""
    shown = tuple(rows[-limit:] if newest else rows[:limit])
    return Section(name, title, tuple(columns), shown, empty, len(rows) - len(shown))


def standing(policy: Mapping[str, Any]) -> Level:
    """Say how bad it is what a policy's row says."""
    if policy["state"] == "suspended":
        return "critical"
    return (
        "ok"
        if policy["verdict"] in ("ok", "catching up", "waiting", None)
        else "unknown"
        if policy["verdict"] == "unknown"
        else "warning"
    )


def _before(report: Report, name: str) -> int:
    return sum(int(table.before[name]) for table in report.tables if table.before)
