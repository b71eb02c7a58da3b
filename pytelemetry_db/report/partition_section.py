"""How far ahead the partitions of each table reach, as a table of text."""

from pytelemetry_db.report.facts import Report
from pytelemetry_db.report.parts import Column, Row, Section, count, moment, section
from pytelemetry_db.visible import one_line

__all__ = ["partition_section"]


def partition_section(report: Report, limit: int) -> Section:
    """Return a row for each partitioned table with a policy, with what to run where something is missing."""
    columns = (
        Column("table"),
        Column("interval", 3),
        Column("partitions", 2, right=True),
        Column("covered until", time=True),
        Column("runway", 1),
        Column("missing", right=True),
        Column("expired", 4, right=True),
        Column("in default", 5, right=True),
    )
    rows = []
    for row in report.partitions:
        needed = row["partition_interval"] is not None
        short = needed and ((row["covered_until"] is None and row["runway"] is None) or row["missing"] > 0)
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
                    row["runway"] or "",
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
