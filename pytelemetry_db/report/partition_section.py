"""How far ahead the partitions of each table reach, as a table of text and as strips of a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pytelemetry_db.report.facts import Report
from pytelemetry_db.report.parts import Column, Row, Section, age, count, moment, section
from pytelemetry_db.report.svg import gauge
from pytelemetry_db.visible import one_line

__all__ = ["Runway", "partition_section", "runways"]

# What a strip can show: one and a half times what the policy makes ahead. Half of that is the limit of the alert.
_FULL, _LIMIT = 1.5, 0.5
_STRIPS = 20


@dataclass(frozen=True, slots=True)
class Runway:
    """How far ahead the partitions of one table reach, in words and as a strip."""

    name: str
    said: str
    strip: Markup


def runways(report: Report) -> tuple[list[Runway], int]:
    """Draw a strip for each table whose policy makes partitions ahead, the shortest first; and how many have none."""
    known = sorted((row for row in report.partitions if row["wanted_seconds"]), key=_share)
    return [_runway(row, index) for index, row in enumerate(known[:_STRIPS])], max(0, len(known) - _STRIPS)


def _runway(row: Mapping[str, Any], index: int) -> Runway:
    name, share = one_line(row["name"]), _share(row)
    said = f"{_ahead(row)} of {age(row['wanted_seconds'])}"
    about = f"partitions reach {said} ahead, the limit is {age(row['wanted_seconds'] * _LIMIT)}"
    if row["missing"]:
        about += f", {count(row['missing'])} missing"
    marks = (_LIMIT / _FULL, 1 / _FULL)
    return Runway(name, said, gauge(f"r{index}", name, about, share / _FULL, marks, bad=share <= _LIMIT))


def _share(row: Mapping[str, Any]) -> float:
    """Return the part of what the policy makes ahead that is there; partitions without an end are enough of them."""
    return _FULL if row["runway_seconds"] is None else min(_FULL, row["runway_seconds"] / row["wanted_seconds"])


def _ahead(row: Mapping[str, Any]) -> str:
    return "no end" if row["runway_seconds"] is None else age(row["runway_seconds"])


def partition_section(report: Report, limit: int) -> Section:
    """Return a row for each partitioned table with a policy, with what to run where something is missing."""
    columns = (
        Column("table"),
        Column("interval", 3),
        Column("partitions", 2, right=True),
        Column("covered until", time=True),
        Column("runway", 1, right=True),
        Column("wanted", 6, right=True),
        Column("missing", right=True),
        Column("expired", 4, right=True),
        Column("in default", 5, right=True),
    )
    rows = []
    for row in report.partitions:
        needed = row["partition_interval"] is not None
        short = needed and (row["runway_seconds"] == 0 or row["missing"] > 0)
        said = [
            f"{row['gaps']} gaps, the first from {row['first_gap']}" if row["gaps"] else "",
            f"{row['half_detached']} half detached" if row["half_detached"] else "",
            f"{row['detached']} detached and not dropped yet" if row["detached"] else "",
        ]
        rows.append(
            Row(
                (
                    one_line(row["name"]),
                    row["partition_interval"] or "",
                    count(row["partitions"]),
                    moment(row["covered_until"]),
                    _ahead(row),
                    age(row["wanted_seconds"]) if needed else "",
                    count(row["missing"]) if needed else "",
                    count(row["expired"]),
                    count(row["default_rows"]),
                ),
                one_line("; ".join(text for text in said if text)),
                one_line(f"pytelemetry-db partition rotate {row['name']}") if short else "",
                level="warning" if short or row["gaps"] or row["half_detached"] else "ok",
            )
        )
    return section("partitions", "Partitions", columns, rows, limit, "no table is partitioned")
